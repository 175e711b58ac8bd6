//! `ostinato replay` on a store that real commands have written: while the bot runs, after it was killed, on a copy, and
//! on a copy that is damaged.

use std::path::Path;

use sandbox::catalogue::Song;
use sandbox::run::chat::GuildIds;
use sandbox::run::look;
use sandbox::run::stage::Stage;
use sandbox::run::typed::Typed;
use sandbox::scenario::GuildSpec;
use serde_json::{Value, json};

use crate::ask;
use crate::{SEED, block_on, program};

/// What the program has said.
struct Said {
    code: Option<i32>,
    out: String,
    error: String,
}

async fn replay(store: &Path, arguments: &[&str]) -> Said {
    let ended = tokio::process::Command::new(program())
        .arg("replay")
        .arg(store)
        .args(arguments)
        .current_dir(store)
        .env_clear()
        .output()
        .await
        .unwrap();
    Said {
        code: ended.status.code(),
        out: String::from_utf8(ended.stdout).unwrap(),
        error: String::from_utf8(ended.stderr).unwrap(),
    }
}

async fn object(store: &Path, guild: &str) -> Value {
    let said = replay(store, &["--guild", guild, "--json"]).await;
    assert_eq!((said.code, said.error.as_str()), (Some(0), ""), "{}", said.out);
    serde_json::from_str(&said.out).unwrap()
}

fn copy(store: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for name in ["guilds.db", "guilds.db-wal"] {
        if store.join(name).exists() {
            std::fs::copy(store.join(name), to.join(name)).unwrap();
        }
    }
}

/// The words of the format: where they begin in the file.
fn formats(store: &Path) -> (Vec<u8>, Vec<usize>) {
    let (bytes, sign) = (std::fs::read(store.join("guilds.db")).unwrap(), br#""v":1,"#);
    let last = bytes.len().saturating_sub(sign.len());
    let places = (0..last).filter(|at| bytes[*at..].starts_with(sign)).collect();
    (bytes, places)
}

/// A copy whose records are of a release that is not there yet. What the log beside the file has is in the file after a
/// second, too.
fn damaged(store: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    let (mut bytes, places) = formats(store);
    places.iter().for_each(|at| bytes[at + 4] = b'9');
    std::fs::write(to.join("guilds.db"), bytes).unwrap();
}

fn spec() -> GuildSpec {
    GuildSpec {
        text: vec!["music".into()],
        voice: vec!["Lounge".into()],
        members: vec!["ann".into()],
    }
}

/// Adds a track whose title would colour a terminal. Tells its page.
fn song(stage: &Stage) -> String {
    let song = Song::new("one", "Tune\u{1b}[31m One", 120_000);
    let uri = song.uri();
    stage.at.catalogue().add(song);
    uri
}

/// The running bot has the hash that its journal has for the same revision. Its own card is written meanwhile, perhaps.
async fn live_equals_stored(stage: &Stage, data: &Path, guild: &str) {
    let port = stage.bot.lock().await.ports().status;
    for _ in 0..100 {
        let (code, answer) = ask::get(port, &format!("/guilds/{guild}")).await.unwrap();
        assert_eq!(code, 200, "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let live: Value = serde_json::from_str(body).unwrap();
        let stored = object(data, guild).await;
        if live["state"]["revision"] == stored["state"]["revision"] {
            assert_eq!(live["state"]["hash"], stored["state"]["hash"], "{live:#} {stored:#}");
            assert_eq!(live["state"]["hash"].as_str().unwrap().len(), 16);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("its revision never rests");
}

/// What real commands do is recorded for two seconds, and replayed with the same hashes.
async fn recorded(stage: &Stage, ids: &GuildIds, ann: u64, uri: &str) {
    let port = stage.bot.lock().await.ports().status;
    let path = format!("/control/guilds/{}/record", ids.id);
    let (code, problem) = ask::order(port, &path, &json!({ "for_s": 0 }).to_string()).await;
    assert_eq!(code, 400, "{problem}");
    let order = json!({ "for_s": 2, "who": "Ops", "why": "to see" });
    let (code, told) = ask::order(port, &path, &order.to_string()).await;
    assert_eq!(code, 200, "{told}");
    let (code, _) = ask::order(port, &path, &order.to_string()).await;
    assert_eq!(code, 409, "it is recorded already");
    for text in [
        "/resume",
        "/volume level:35",
        "/play query:words of a listener",
        &format!("/play query:{uri}"),
        "/skip",
    ] {
        let typed = Typed::read(text);
        let answer = look::ask(stage, ids, ids.first_text, ann, &typed, 10_000).await;
        assert!(answer.unwrap().is_some(), "{text}");
    }
    let file = stage
        .bot
        .lock()
        .await
        .log_path()
        .with_file_name(told["file"].as_str().unwrap());
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let text = loop {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        if text.contains("\n{\"end\":") {
            break text;
        }
        assert!(std::time::Instant::now() < until, "{}: {text}", file.display());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    for secret in ["words of a listener", uri, "token\":\"aW"] {
        assert!(!text.contains(secret), "{secret}");
    }
    let ended = tokio::process::Command::new(program())
        .arg("replay")
        .arg(&file)
        .env_clear()
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    println!("{said}");
    assert_eq!(ended.status.code(), Some(0), "{said}");
    assert!(said.contains("then the time is over; differences: 0"), "{said}");
    assert!(said.contains("  skip  interaction "), "{said}");
}

#[test]
fn what_real_commands_have_written_is_replayed_and_damage_is_told() {
    block_on(async {
        let stage = Stage::prepare(program(), &["n1".to_owned()], SEED, serde_json::json!({}))
            .await
            .unwrap();
        let uri = song(&stage);
        let ids = stage.at.add_guild("Guild", &spec());
        let folder = stage.bot.lock().await.log_path().with_file_name("");
        let (data, guild) = (folder.join("data"), ids.id.to_string());
        stage.raise().await.unwrap();
        let ann = ids.member("ann");
        stage.at.chat.seat(ids.id, ann, Some(ids.first_voice));
        for text in ["/connect", &format!("/play query:{uri}"), "/pause", "/volume level:40"] {
            let typed = Typed::read(text);
            let answer = look::ask(&stage, &ids, ids.first_text, ann, &typed, 10_000).await;
            assert!(answer.unwrap().is_some(), "{text}");
        }

        let list = replay(&data, &[]).await;
        assert_eq!(list.code, Some(0), "{}", list.error);
        assert!(list.out.contains(&guild), "{}", list.out);
        let running = object(&data, &guild).await;
        let state = &running["state"]["wants"];
        assert_eq!(
            (&state["volume"], &state["paused"]),
            (&40.into(), &"by a user".into()),
            "{running:#}"
        );
        let said = replay(&data, &["--guild", &guild]).await;
        println!("{}", said.out);
        assert!(said.out.contains(r#""Tune\u{1b}[31m One""#), "{}", said.out);
        assert!(!said.out.contains(&uri) && !said.out.contains('\u{1b}'), "{}", said.out);
        assert!(said.out.contains("token ***"), "{}", said.out);

        live_equals_stored(&stage, &data, &guild).await;
        recorded(&stage, &ids, ann, &uri).await;

        stage.kill9().await;
        let killed = object(&data, &guild).await;
        let both = |of: &Value| of["records"].as_array().unwrap().clone();
        let (before, after) = (both(&running), both(&killed));
        assert!(!before.is_empty() && after.starts_with(&before), "{killed:#}");
        let copied = folder.join("copied");
        copy(&data, &copied);
        let copied = object(&copied, &guild).await;
        assert_eq!(copied["state"], killed["state"]);

        stage.start_bot().await.unwrap();
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while formats(&data).1.is_empty() || !stage.at.chat.is_ready().await {
            stage.alive().await.unwrap();
            assert!(std::time::Instant::now() < until);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        stage.terminate().await.unwrap();
        let worse = folder.join("damaged");
        damaged(&data, &worse);
        let said = replay(&worse, &["--guild", &guild]).await;
        assert_eq!(said.code, Some(1), "{}", said.out);
        assert!(
            said.error.contains("written by a newer release (version 9"),
            "{}",
            said.error
        );
        assert_eq!(replay(&data, &["--guild", "7"]).await.code, Some(1));
        assert_eq!(replay(&data, &["--guild", "x"]).await.code, Some(2));
    });
}
