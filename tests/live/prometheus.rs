//! A real Prometheus that scrapes the bot: it reads every line, finds every series that is documented, and takes the
//! rules, the scrape configuration and every query of the dashboard that stand in `docs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use sandbox::catalogue::Song;
use sandbox::run::chat::GuildIds;
use sandbox::run::look;
use sandbox::run::stage::Stage;
use sandbox::run::typed::Typed;
use sandbox::scenario::GuildSpec;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use super::ask::{get, until};
use super::{SEED, block_on, free_port, program};

/// Series that are not there when everything goes well, and why.
const EXCUSED: [(&str, &str); 1] = [("ostinato_gateway_malformed_total", "the stand-in sends no nonsense")];

/// When each alert fires.
const ALERTS: &str = include_str!("alerts.yml");

/// Longest time that a command may take, ms.
const ANSWER_MS: u64 = 8_000;

/// The programs, if the distribution has them on `PATH`.
fn tools() -> Option<(PathBuf, PathBuf)> {
    let path = std::env::var_os("PATH")?;
    let find = |name: &str| {
        let mut all = std::env::split_paths(&path).map(|folder| folder.join(name));
        all.find(|program| program.is_file())
    };
    Some((find("prometheus")?, find("promtool")?))
}

fn docs(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// A Prometheus of its own with the rules and the scrape configuration of `docs`, made quick.
struct Prometheus {
    port: u16,
    _folder: tempfile::TempDir,
    _process: Child,
}

impl Prometheus {
    /// Starts it in front of a bot that serves its metrics on `metrics`.
    async fn start((server, promtool): &(PathBuf, PathBuf), metrics: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        let given = docs("alerts/prometheus.yml");
        let ours = given
            .replace("127.0.0.1:3052", &format!("127.0.0.1:{metrics}"))
            .replace("_interval: 15s", "_interval: 250ms");
        assert!(
            ours.contains(&format!(":{metrics}")) && ours.contains("250ms"),
            "the example has another port or pace: {given}"
        );
        std::fs::write(&config, ours).unwrap();
        std::fs::write(folder.path().join("ostinato.yml"), docs("alerts/ostinato.yml")).unwrap();
        check(promtool, &["check", "rules", "ostinato.yml"], folder.path()).await;
        check(promtool, &["check", "config", "prometheus.yml"], folder.path()).await;
        std::fs::write(folder.path().join("alerts.yml"), ALERTS).unwrap();
        check(promtool, &["test", "rules", "alerts.yml"], folder.path()).await;
        let port = free_port();
        let process = Command::new(server)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=error")
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            port,
            _folder: folder,
            _process: process,
        }
    }

    /// What its interface answers, which must be a success.
    async fn api(&self, path: &str) -> Value {
        let (code, answer) = get(self.port, path).await.unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let answer: Value = serde_json::from_str(body).unwrap();
        assert_eq!((code, &answer["status"]), (200, &"success".into()), "{path}: {answer}");
        answer["data"].clone()
    }

    /// What a query gives.
    async fn query(&self, query: &str) -> Vec<Value> {
        let data = self.api(&format!("/api/v1/query?query={}", encoded(query))).await;
        data["result"].as_array().cloned().unwrap_or_default()
    }

    /// Every name that has a value.
    async fn names(&self) -> BTreeSet<String> {
        let names = self.api("/api/v1/label/__name__/values").await;
        serde_json::from_value(names).unwrap()
    }
}

async fn check(promtool: &Path, arguments: &[&str], folder: &Path) {
    let done = Command::new(promtool)
        .args(arguments)
        .current_dir(folder)
        .output()
        .await
        .unwrap();
    assert!(
        done.status.success(),
        "promtool {arguments:?}: {}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

/// A text as part of an address.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// The names that each documented series has, and its kind.
fn documented() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in docs("metrics.md").lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.split('|').map(|cell| cell.trim().trim_matches('`'));
        let (name, kind) = (cells.nth(1).unwrap(), cells.next().unwrap());
        if kind == "histogram" {
            for end in ["bucket", "sum", "count"] {
                found.insert(format!("{name}_{end}"), kind.to_owned());
            }
        } else {
            found.insert(name.to_owned(), kind.to_owned());
        }
    }
    assert!(found.len() > 40, "{found:?}");
    found
}

/// Every query of the dashboard, as Grafana sends it.
fn dashboard() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&docs("grafana/ostinato.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let filled = |query: &str| {
        query
            .replace("$job", ".*")
            .replace("$instance", ".*")
            .replace("$__rate_interval", "1m")
    };
    targets.map(|target| filled(target["expr"].as_str().unwrap())).collect()
}

/// What listeners do, so that everything has been measured once.
async fn listen(stage: &Stage, guild: &GuildIds) {
    let ann = guild.member("ann");
    stage.at.chat.seat(guild.id, ann, Some(guild.voice("Lounge")));
    let text = guild.text("music");
    for typed in [
        "/play query:Long tune",
        "/volume level:50",
        "/remove index:40",
        "!nowplaying",
        "/skip",
    ] {
        let answer = look::ask(stage, guild, text, ann, &Typed::read(typed), ANSWER_MS).await;
        assert!(matches!(answer, Ok(Some(_))), "{typed}: {answer:?}");
    }
    let typed = Typed::read("/play query:Long");
    let offered = stage.at.chat.complete(guild.id, text, ann, &typed).unwrap();
    assert!(offered.first(Duration::from_secs(3)).await.is_some());
}

#[test]
fn prometheus_reads_every_series_and_takes_the_rules_and_the_dashboard() {
    let Some(tools) = tools() else {
        println!(
            "SKIPPED: no prometheus and promtool on PATH; no real Prometheus has scraped the bot, nor read the rules"
        );
        return;
    };
    block_on(async {
        let stage = Stage::prepare(program(), &["n1".to_owned()], SEED, serde_json::json!({}))
            .await
            .unwrap();
        let guild = stage.at.add_guild(
            "Guild",
            &GuildSpec {
                text: vec!["music".into()],
                voice: vec!["Lounge".into()],
                members: vec!["ann".into()],
            },
        );
        for (id, title) in [("one", "Long tune one"), ("two", "Long tune two")] {
            stage.at.catalogue().add(Song::new(id, title, 120_000));
        }
        stage.raise().await.unwrap();
        let metrics = stage.bot.lock().await.ports().metrics;
        let prometheus = Prometheus::start(&tools, metrics).await;
        until(prometheus.port, "/-/ready", |code, _| code == 200).await;
        listen(&stage, &guild).await;
        everything_is_there(&prometheus).await;
        what_was_done_is_told(&prometheus).await;
        everything_is_understood(&prometheus).await;
        let (_, body) = get(metrics, "/metrics").await.unwrap();
        is_accepted(&tools.1, body.split_once("\r\n\r\n").unwrap().1).await;
        stage.terminate().await.unwrap();
    });
}

/// Waits until the bot is up and every documented series has a value.
async fn everything_is_there(prometheus: &Prometheus) {
    let excused = |name: &String| EXCUSED.iter().any(|(excused, _)| excused == name);
    let due: BTreeSet<String> = documented().into_keys().filter(|name| !excused(name)).collect();
    let mut missing: Vec<String> = Vec::new();
    for _ in 0..600 {
        let there = prometheus.names().await;
        missing = due.difference(&there).cloned().collect();
        if missing.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(missing.is_empty(), "not there: {missing:?}");
    let up = prometheus.query("up").await;
    assert_eq!(up.len(), 1);
    assert_eq!(up[0]["value"][1], "1");
    for (name, why) in EXCUSED {
        println!("excused: {name}: {why}");
    }
    println!("{} documented names are there", due.len());
}

/// Each command of [`listen`] had one first answer, and the wrong one was refused.
async fn what_was_done_is_told(prometheus: &Prometheus) {
    let first = "ostinato_first_answer_seconds_count";
    let mut told = BTreeMap::new();
    for one in prometheus.query(&format!("sum by (command) ({first})")).await {
        let command = one["metric"]["command"].as_str().unwrap().to_owned();
        told.insert(command, one["value"][1].as_str().unwrap().to_owned());
    }
    let done = ["completion", "message", "play", "remove", "skip", "volume"];
    let expected: BTreeMap<String, String> = done.map(|command| (command.to_owned(), "1".to_owned())).into();
    assert_eq!(told, expected);
    let refused = format!("{first}{{command=\"remove\", outcome=\"refused\"}}");
    assert_eq!(prometheus.query(&refused).await.len(), 1);
    assert_eq!(
        prometheus.query("sum(ostinato_missed_answers_total) == 0").await.len(),
        1
    );
    inputs_are_accounted_for(prometheus).await;
}

/// Whether a query has an answer within ten seconds: a rate has none before the second reading of a series.
async fn has_an_answer(prometheus: &Prometheus, query: &str) -> bool {
    for _ in 0..100 {
        if !prometheus.query(query).await.is_empty() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    false
}

/// What was accepted is closed or waits, but for the moment between the reading of two counts.
async fn inputs_are_accounted_for(prometheus: &Prometheus) {
    let of = |outcomes: &str| format!("sum(ostinato_inputs_total{{outcome=~\"{outcomes}\"}})");
    let (accepted, closed) = (of("accepted"), of("applied|refused|dead_lettered"));
    let all = format!("{accepted} - {closed} - sum(ostinato_inputs_held) == 0");
    for _ in 0..50 {
        if !prometheus.query(&all).await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("inputs are not accounted for: {all}");
}

/// No scrape failed, no kind was misread, every rule and every query of the dashboard can be evaluated.
async fn everything_is_understood(prometheus: &Prometheus) {
    let targets = prometheus.api("/api/v1/targets").await;
    for target in targets["activeTargets"].as_array().unwrap() {
        assert_eq!(target["health"], "up");
        assert_eq!(target["lastError"], "");
    }
    let told = prometheus.api("/api/v1/metadata").await;
    for (name, kind) in documented() {
        let family = name.trim_end_matches("_total").trim_end_matches("_bucket");
        let family = family.trim_end_matches("_sum").trim_end_matches("_count");
        assert_eq!(told[family][0]["type"], *kind, "{name}");
    }
    let rules = prometheus.api("/api/v1/rules").await;
    let groups = rules["groups"].as_array().unwrap().iter();
    let rules: Vec<&Value> = groups.flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert!(!rules.is_empty());
    for rule in &rules {
        assert_ne!(rule["health"], "err", "{rule}");
        let name = rule["name"].as_str().unwrap();
        assert!(
            ALERTS.contains(&format!("- name: {name}\n")),
            "{name} has no case in alerts.yml"
        );
    }
    let queries = dashboard();
    for query in &queries {
        let is_failures = query.contains("outcome!=\"done\"");
        let may_be_empty = is_failures || EXCUSED.iter().any(|(name, _)| query.contains(name));
        assert!(may_be_empty || has_an_answer(prometheus, query).await, "{query}");
    }
    println!("{} rules and {} queries are taken", rules.len(), queries.len());
    for name in ["scrape_duration_seconds", "scrape_samples_scraped"] {
        let value = prometheus.query(&format!("max_over_time({name}[1m])")).await;
        println!("{name}: at most {}", value[0]["value"][1]);
    }
}

/// What the linter of Prometheus says. It reads the older text format, in which the help of a counter stands under the
/// name with `_total`; but for that it has nothing to say.
async fn is_accepted(promtool: &Path, text: &str) {
    let mut lint = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = lint.stdin.take().unwrap();
    input.write_all(text.as_bytes()).await.unwrap();
    drop(input);
    let done = lint.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    let known = |line: &&str| !line.is_empty() && !line.ends_with("_total no help text");
    let faults: Vec<&str> = said.lines().filter(known).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
