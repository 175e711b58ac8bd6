//! The operator's seat on the real bot: what it shows is so, and what it orders happens to whom it names alone.

use std::time::{Duration, Instant};

use sandbox::catalogue::Song;
use sandbox::run::chat::GuildIds;
use sandbox::run::look;
use sandbox::run::stage::Stage;
use sandbox::run::typed::Typed;
use sandbox::scenario::GuildSpec;
use serde_json::{Value, json};

use super::ask::{data, order, until_data};
use super::{SEED, block_on, program};

/// Longest time that a command may take, ms.
const ANSWER_MS: u64 = 8_000;

/// A stage on which faults may be ordered, with a guild for each name; in each, ann hears a long track.
pub(crate) async fn playing(names: &[&str], idle: usize) -> (Stage, Vec<GuildIds>, u16) {
    playing_on(1, names, idle).await
}

/// The same on so many shards.
pub(crate) async fn playing_on(shards: u32, names: &[&str], idle: usize) -> (Stage, Vec<GuildIds>, u16) {
    let nodes = ["n1".to_owned(), "n2".to_owned()];
    let config = json!({ "chaos.enabled": true, "chaos.guild_allowlist": "*" });
    let stage = Stage::prepare(program(), &nodes, SEED, config).await.unwrap();
    let spec = GuildSpec {
        text: vec!["music".into()],
        voice: vec!["Lounge".into()],
        members: vec!["ann".into()],
    };
    stage.at.catalogue().add(Song::new("long", "Long Song", 3_600_000));
    let guilds: Vec<GuildIds> = names.iter().map(|name| stage.at.add_guild(name, &spec)).collect();
    for number in 0..idle {
        stage.at.add_guild(&format!("Idle {number}"), &spec);
    }
    stage.at.chat.recommend_shards(shards);
    stage.raise().await.unwrap();
    let port = stage.bot.lock().await.ports().status;
    until_data(port, "/actors", |tree| tree["guilds"] == json!(names.len() + idle)).await;
    for guild in &guilds {
        stage
            .at
            .chat
            .seat(guild.id, guild.member("ann"), Some(guild.voice("Lounge")));
        say(&stage, guild, "/play query:Long Song").await;
    }
    until_data(port, "/actors", |tree| tree["playing"] == json!(names.len())).await;
    (stage, guilds, port)
}

/// Ann types a command; its final answer.
pub(crate) async fn say(stage: &Stage, guild: &GuildIds, text: &str) -> String {
    let typed = Typed::read(text);
    let answer = look::ask(
        stage,
        guild,
        guild.text("music"),
        guild.member("ann"),
        &typed,
        ANSWER_MS,
    )
    .await;
    answer.unwrap().unwrap_or_else(|| panic!("{text} is not answered")).text
}

/// The bot's word on a guild.
pub(crate) async fn looked(port: u16, guild: &GuildIds) -> Value {
    data(port, &format!("/guilds/{}", guild.id)).await.1
}

/// Waits until the guild lives in another incarnation.
async fn reborn(port: u16, guild: &GuildIds, before: &Value) -> Value {
    let path = format!("/guilds/{}", guild.id);
    until_data(port, &path, |now| {
        now["phase"] == "live" && now["incarnation"] != *before
    })
    .await
}

/// Longest silence of a guild since it first sounded, ms.
fn gap_ms(stage: &Stage, guild: &GuildIds) -> u64 {
    stage.at.sound.report(guild.id, stage.at.now()).longest_gap_ms
}

#[test]
fn p13_an_operator_restarts_a_guild_that_plays_and_nobody_hears_it() {
    block_on(async {
        let (stage, guilds, port) = playing(&["Harbour", "Attic"], 0).await;
        let harbour = &guilds[0];
        let path = format!("/control/guilds/{}/restart", harbour.id);
        let mut took = Vec::new();
        for round in 0..20 {
            let before = looked(port, harbour).await["incarnation"].clone();
            let began = Instant::now();
            let (code, done) = order(port, &path, r#"{"who":"eve","why":"a test"}"#).await;
            assert_eq!((code, &done["ok"]), (200, &json!(true)), "{done}");
            reborn(port, harbour, &before).await;
            took.push(began.elapsed());
            assert!(
                say(&stage, harbour, &format!("/volume level:{}", 40 + round))
                    .await
                    .contains("4")
                    || round >= 10
            );
            // The door lets ten orders a second through.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        took.sort_unstable();
        println!(
            "p13: 20 ordered restarts of the real bot: back in {:?} (median), {:?} at most",
            took[10], took[19]
        );
        assert_eq!(looked(port, harbour).await["restarts"], 0);
        assert_eq!((gap_ms(&stage, harbour), gap_ms(&stage, &guilds[1])), (0, 0));
        let (_, events) = data(port, "/events").await;
        assert_eq!(events["orders"].as_array().map(Vec::len), Some(20));
        assert_eq!(
            (&events["orders"][0]["who"], &events["orders"][0]["why"]),
            (&json!("eve"), &json!("a test"))
        );
        assert_eq!(events["deaths"], json!([]));
        stage.terminate().await.unwrap();
    });
}

#[test]
fn p1_p16_an_ordered_panic_is_one_guilds_alone_and_is_seen_once() {
    block_on(async {
        let (stage, guilds, port) = playing(&["Harbour", "Attic"], 0).await;
        let (harbour, attic) = (&guilds[0], &guilds[1]);
        let fault = format!("/control/guilds/{}/fault", harbour.id);
        for (kind, kept) in [("panic", true), ("poison", false)] {
            let before = looked(port, harbour).await["incarnation"].clone();
            let attics = looked(port, attic).await["incarnation"].clone();
            assert_eq!(order(port, &fault, &format!(r#"{{"kind":"{kind}"}}"#)).await.0, 200);
            reborn(port, harbour, &before).await;
            assert!(say(&stage, harbour, "/queue").await.contains("Long Song"));
            assert_eq!(looked(port, attic).await["incarnation"], attics);
            let death = looked(port, harbour).await["last_death"].clone();
            assert_eq!(
                (&death["kept"], &death["input"]),
                (&json!(kept), &json!("(fault)")),
                "{death}"
            );
            assert!(
                death["place"]
                    .as_str()
                    .is_some_and(|place| place.contains("faults.rs:")),
                "{death}"
            );
            let log = stage.bot.lock().await.log_tail(2_000).join("\n");
            let reference = death["reference"].as_str().unwrap();
            let told = log
                .lines()
                .filter(|line| line.contains("a guild died") && line.contains(reference))
                .count();
            assert_eq!(told, 1, "{reference} in the log");
        }
        let (_, events) = data(port, "/events").await;
        let counts = ["deaths", "dead_letters"].map(|of| events[of].as_array().map(Vec::len));
        assert_eq!(counts, [Some(2), Some(2)]);
        assert_eq!(
            (gap_ms(&stage, harbour), gap_ms(&stage, attic)),
            (0, 0),
            "nobody hears it"
        );
        stage.terminate().await.unwrap();
    });
}

#[test]
fn an_operator_parks_drains_and_steers() {
    block_on(async {
        let (stage, guilds, port) = playing(&["Harbour", "Attic"], 3).await;
        let harbour = &guilds[0];
        let path = format!("/control/guilds/{}", harbour.id);
        let (_, parked) = order(port, &format!("{path}/park"), "{}").await;
        let reference = parked["reference"].as_str().unwrap().to_owned();
        let told = say(&stage, harbour, "/skip").await;
        assert!(told.contains(&reference), "{told}");
        stage.at.chat.rename(harbour.id, "Port");
        until_data(port, &format!("/guilds/{}", harbour.id), |now| now["name"] == "Port").await;
        let now = looked(port, harbour).await;
        assert_eq!(now["silent"], Value::Null, "its player sounds on");
        let unsure = now["unsure"].as_str().unwrap_or_default();
        assert!(unsure.starts_with("it is parked; its player may sound on"), "{now}");
        assert_eq!(
            now["lately"].as_array().unwrap().last().unwrap()["why"],
            unsure,
            "{now}"
        );
        assert_eq!(order(port, &format!("{path}/park"), "{}").await.0, 409);
        let (_, page) = data(port, "/guilds?phase=parked").await;
        assert_eq!(
            (&page["total"], &page["guilds"][0]["name"]),
            (&json!(1), &json!("Port"))
        );
        assert_eq!(order(port, &format!("{path}/release"), "{}").await.0, 200);
        until_data(port, &format!("/guilds/{}", harbour.id), |now| now["phase"] == "live").await;
        assert!(
            say(&stage, harbour, "/queue").await.contains("Long Song"),
            "the queue is kept"
        );

        assert_eq!(order(port, "/control/nodes/n1/drain", "{}").await.0, 200);
        let away = |tree: &Value| tree["nodes"][0]["guilds"] == 0 && tree["nodes"][0]["drained"] == true;
        until_data(port, "/actors", away).await;
        assert_eq!(order(port, "/control/nodes/n1/undrain", "{}").await.0, 200);
        let attic = format!("/control/guilds/{}/move", guilds[1].id);
        assert_eq!(order(port, &attic, r#"{"node":"n1"}"#).await.0, 200);
        until_data(port, &format!("/guilds/{}", guilds[1].id), |now| {
            now["node"] == "n1" && now["silent"].is_null()
        })
        .await;
        for (what, body) in [("actor", "{}"), ("resume", r#"{"how":"resume"}"#)] {
            assert_eq!(order(port, "/control/shards/0/restart", body).await.0, 200, "{what}");
            until_data(port, "/actors", |tree| {
                tree["shards"][0]["served"] == true && tree["shards"][0]["connected"] == true
            })
            .await;
            assert!(say(&stage, harbour, "/queue").await.contains("Long Song"), "{what}");
        }
        assert_eq!(stage.at.chat.identifies(), 1, "a new connection resumes the session");
        assert_eq!(order(port, "/control/nodes/n2/reconnect", "{}").await.0, 200);
        assert_eq!(order(port, "/control/log", r#"{"filter":"debug"}"#).await.0, 200);
        let (code, problem) = order(port, &format!("{path}/restart"), r#"{"cold":"yes"}"#).await;
        assert_eq!((code, &problem["field"]), (400, &json!("cold")));
        let (_, page) = data(port, "/guilds?text=idle&limit=2").await;
        assert_eq!(
            (&page["total"], page["guilds"].as_array().map(Vec::len)),
            (&json!(3), Some(2))
        );
        a_panel_reads_what_is_so(port).await;

        assert_eq!(order(port, "/control/restart", r#"{"actor":"panel"}"#).await.0, 200);
        let code = stage.bot.lock().await.wait().await.unwrap();
        assert_eq!(code, 75, "whoever started it is to start it again");
    });
}

/// What a panel reads of the status.
const FIELDS: [&str; 46] = [
    "updatedAt",
    "healthScore",
    "guildCount",
    "guildIds",
    "knownGuildIds",
    "guilds",
    "servers",
    "players",
    "activePlayers",
    "listeners",
    "currentListeners",
    "activeListeners",
    "queueTracks",
    "queueLength",
    "voiceConnections",
    "activeVoice",
    "connectedVoiceChannels",
    "listeners24h",
    "listenerPeak24h",
    "totalStreams",
    "streams",
    "streamCount",
    "uptimeSeconds",
    "uptime",
    "uptimePercent",
    "uptimePercentage",
    "uptime_percent",
    "latency",
    "averageLatency",
    "latencyMs",
    "latencyBest",
    "latencyP95",
    "loopLagMs",
    "shardsOnline",
    "shardsTotal",
    "shardCount",
    "shards",
    "incidents24h",
    "incidents",
    "incidentsTotal",
    "commands24h",
    "commandCount24h",
    "commandsTotal",
    "commands",
    "commandReference",
    "commandCategories",
];

/// Every field that a panel reads is there, and what can be checked is true.
async fn a_panel_reads_what_is_so(port: u16) {
    let (_, status) = data(port, "/status").await;
    let missing: Vec<_> = FIELDS
        .into_iter()
        .filter(|field| status.get(field).is_none_or(Value::is_null))
        .collect();
    assert_eq!(missing, [""; 0]);
    // A guild that was released has left its channel.
    assert_eq!(
        (&status["guildCount"], &status["voiceConnections"]),
        (&json!(5), &json!(1))
    );
    assert_eq!(
        (&status["shardsOnline"], &status["shardsTotal"]),
        (&json!(1), &json!(1))
    );
    assert!(
        status["commandsTotal"].as_u64().is_some_and(|commands| commands >= 5),
        "{status}"
    );
    assert!(
        status["healthScore"].as_f64().is_some_and(|score| score >= 50.0),
        "{status}"
    );
    let guilds = status["guilds"].as_array().unwrap();
    let harbour = guilds.iter().find(|guild| guild["name"] == "Port").unwrap();
    // Ann, the observer, the owner and the bot; the stand-in's pictures are named by the guild.
    let id = harbour["id"].as_str().unwrap();
    let icon = format!(
        "https://cdn.discordapp.com/icons/{id}/{:032x}.png",
        id.parse::<u64>().unwrap()
    );
    assert_eq!((&harbour["memberCount"], &harbour["icon"]), (&json!(4), &json!(icon)));
    let regions = |list: &str, field: &str| -> Vec<_> {
        let all = status[list].as_array().unwrap().iter();
        all.map(|one| one[field].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(regions("nodes", "region"), ["region of n1", "region of n2"]);
    for one in status["playersDetail"].as_array().unwrap() {
        let node = one["nodeName"].as_str().unwrap();
        assert_eq!(one["nodeRegion"], format!("region of {node}"));
        assert!(one["textChannelId"].is_string(), "{one}");
        assert!(one["currentTrack"]["identifier"].is_string(), "{one}");
    }
    let (_, document) = data(port, "/openapi.json").await;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let plain = !path.contains('{') && path != "/stream" && path != "/" && !path.contains("console");
        if operations.get("get").is_some() && plain {
            assert_eq!(data(port, path).await.0, 200, "{path}");
        }
    }
}

#[test]
fn p11_a_stuck_thread_is_reported_within_5_s_and_ends_the_process_within_30_s_with_71() {
    block_on(async {
        let (stage, guilds, port) = playing(&["Harbour"], 0).await;
        let began = Instant::now();
        let fault = format!("/control/guilds/{}/fault", guilds[0].id);
        let (code, ordered) = order(port, &fault, r#"{"kind":"block","ms":60000}"#).await;
        assert_eq!(code, 200);
        let told = async {
            while !stage
                .bot
                .lock()
                .await
                .log_tail(50)
                .join("\n")
                .contains("a thread of shards hangs; its guilds wait")
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), told)
            .await
            .expect("it is reported");
        let reported = began.elapsed();
        let (_, tree) = data(port, "/actors").await;
        assert_eq!(tree["stuck_arbiters"], json!([0]), "the other thread still answers");
        let code = stage.bot.lock().await.wait().await.unwrap();
        let left = began.elapsed();
        println!("p11: a blocked thread: reported after {reported:.1?}, left after {left:.1?} with {code}");
        assert_eq!(code, 71);
        assert!(reported <= Duration::from_secs(6) && left <= Duration::from_secs(32));
        // The next process goes on with the same data, and nothing was silent meanwhile.
        stage.start_bot().await.unwrap();
        let port = stage.bot.lock().await.ports().status;
        until_data(port, "/actors", |tree| tree["playing"] == 1).await;
        assert_eq!(gap_ms(&stage, &guilds[0]), 0);
        let events = until_data(port, "/events", |now| now["orders"] != json!([])).await;
        assert_eq!(
            events["orders"][0]["reference"], ordered["reference"],
            "the order that blocked the thread is known"
        );
        stage.terminate().await.unwrap();
    });
}
