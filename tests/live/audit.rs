//! What was reported outlives the process, also one that is killed.

use std::time::Duration;

use sandbox::run::chat::GuildIds;
use serde_json::{Value, json};

use super::ask::{data, order, until, until_data};
use super::operator::playing;
use super::{block_on, program};

/// Deaths before the kill.
const DEATHS: usize = 12;

fn references(list: &Value) -> Vec<String> {
    let all = list.as_array().unwrap().iter();
    let mut all: Vec<String> = all.map(|one| one["reference"].as_str().unwrap().to_owned()).collect();
    all.sort_unstable();
    all
}

/// The guilds die one after the other, by order.
async fn die(guilds: &[GuildIds], port: u16) {
    for number in 0..DEATHS {
        let guild = &guilds[number % 2];
        let path = format!("/guilds/{}", guild.id);
        let before = data(port, &path).await.1["incarnation"].clone();
        let fault = format!("/control/guilds/{}/fault", guild.id);
        let (code, _) = order(port, &fault, r#"{"kind":"panic","who":"eve","why":"a test"}"#).await;
        assert_eq!(code, 200);
        until_data(port, &path, |now| {
            now["incarnation"] != before && now["phase"] == "live"
        })
        .await;
        if number % 2 == 1 {
            // Five deaths within a minute would park it; an ordered restart forgets them.
            for guild in guilds {
                let path = format!("/control/guilds/{}/restart", guild.id);
                assert_eq!(order(port, &path, "{}").await.0, 200);
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

#[test]
fn p16_deaths_and_orders_before_a_kill_9_are_shown_after_it_each_once() {
    block_on(async {
        let (stage, guilds, port) = playing(&["Harbour", "Attic"], 0).await;
        die(&guilds, port).await;
        let (_, seen) = data(port, "/events").await;
        assert_eq!(seen["deaths"].as_array().map(Vec::len), Some(DEATHS));
        assert!(
            seen["deaths"]
                .as_array()
                .unwrap()
                .iter()
                .all(|death| death["earlier"] == false)
        );
        let metrics = stage.bot.lock().await.ports().metrics;
        let stored = seen["deaths"].as_array().unwrap().len() * 2 + seen["orders"].as_array().unwrap().len();
        let line = format!("ostinato_audit_entries_total{{outcome=\"stored\"}} {stored}.0\n");
        until(metrics, "/metrics", |_, text| text.contains(&line)).await;
        stage.kill9().await;
        stage.raise().await.unwrap();
        let port = stage.bot.lock().await.ports().status;
        let again = until_data(port, "/events", |now| now["deaths"] != json!([])).await;
        for kind in ["deaths", "dead_letters", "orders"] {
            assert_eq!(references(&again[kind]), references(&seen[kind]), "{kind}");
            assert!(
                again[kind].as_array().unwrap().iter().all(|one| one["earlier"] == true),
                "{kind}"
            );
        }
        let harbour = guilds[0].id;
        let last = data(port, &format!("/guilds/{harbour}")).await.1["last_death"].clone();
        assert!(
            references(&seen["deaths"]).contains(&last["reference"].as_str().unwrap().to_owned()),
            "{last}"
        );
        let (_, page) = data(port, &format!("/events?guild={harbour}&kind=death&limit=2")).await;
        let id = page["audit"][1]["id"].as_str().unwrap();
        assert_eq!(page["audit"][0]["reference"], last["reference"]);
        let (_, older) = data(port, &format!("/events?guild={harbour}&kind=death&before={id}")).await;
        assert_eq!(older["audit"].as_array().map(Vec::len), Some(DEATHS / 2 - 2));
        assert_eq!(data(port, "/events?kind=birth").await.0, 400);
        let folder = stage.bot.lock().await.log_path();
        let shown = tokio::process::Command::new(program())
            .args(["replay", "--audit"])
            .arg(folder.parent().unwrap().join("data"))
            .env_clear()
            .output()
            .await
            .unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert_eq!(shown.matches("  death ").count(), DEATHS, "{shown}");
        println!("p16: {DEATHS} deaths, kill -9: {DEATHS} at /events, in the store and in the replay, each once");
        stage.terminate().await.unwrap();
    });
}
