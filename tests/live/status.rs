//! What the bot tells of itself, over real sockets: that it lives, what it lacks, and its metrics.

use std::time::Duration;

use sandbox::run::stage::Stage;
use sandbox::scenario::GatewayFault;
use serde_json::Value;

use crate::ask::{data, order, until, until_data};
use crate::operator::playing;
use crate::{SEED, block_on, program};

#[test]
fn the_bot_says_what_it_lacks_and_when_it_has_it_again() {
    block_on(async {
        let nodes = ["n1".to_owned(), "n2".to_owned()];
        let stage = Stage::prepare(program(), &nodes, SEED, serde_json::json!({}))
            .await
            .unwrap();
        stage.raise().await.unwrap();
        let ports = stage.bot.lock().await.ports();
        until(ports.status, "/live", |code, _| code == 200).await;
        let body = until(ports.status, "/ready", |code, body| {
            code == 200 && !body.contains("registered yet")
        })
        .await;
        assert!(
            body.contains("\"missing\":[]") && body.contains("\"notes\":[]"),
            "{body}"
        );

        let node = stage.at.node("n1").unwrap();
        node.kill();
        until(ports.status, "/ready", |code, body| {
            code == 200 && body.contains("audio node n1")
        })
        .await;
        stage.at.node("n2").unwrap().kill();
        until(ports.status, "/ready", |code, body| {
            code == 503 && body.contains("audio node n2")
        })
        .await;
        until(ports.metrics, "/metrics", |_, body| {
            body.contains("ostinato_ready 0.0") && body.contains("ostinato_node_up{node=\"n2\",shard=\"0\"} 0.0")
        })
        .await;
        node.restart();
        until(ports.status, "/ready", |code, _| code == 200).await;

        stage.at.chat.break_gateway(GatewayFault::Away, None, Some(1_500));
        until(ports.status, "/ready", |code, body| {
            code == 503 && body.contains("shard 0: ")
        })
        .await;
        until(ports.status, "/ready", |code, _| code == 200).await;
        let metrics = until(ports.metrics, "/metrics", |_, body| body.contains("ostinato_ready 1.0")).await;
        for line in [
            "ostinato_gateway_shard_up{shard=\"0\"} 1.0",
            "ostinato_gateway_resumes_total{shard=\"0\"} ",
            "ostinato_gateway_shard_state{shard=\"0\",state=\"active\"} 1.0",
            "process_cpu_seconds_total ",
            "# EOF",
        ] {
            assert!(metrics.contains(line), "{line} in {metrics}");
        }
        stage.terminate().await.unwrap();
    });
}

#[test]
fn a_bot_that_is_killed_knows_its_guilds_again_although_discord_tells_of_none() {
    block_on(async {
        let (stage, guilds, port) = playing(&["Harbour"], 2).await;
        let names = |status: &Value| -> Vec<String> {
            let guilds = status["guilds"].as_array().unwrap().iter();
            guilds.map(|guild| guild["name"].as_str().unwrap().to_owned()).collect()
        };
        let before = until_data(port, "/status", |status| status["guildCount"] == 3).await;
        // A side checkpoint goes by: what Discord said of them is not told again.
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        stage.kill9().await;
        stage.start_bot().await.unwrap();
        let ports = stage.bot.lock().await.ports();
        until(ports.metrics, "/metrics", |_, body| {
            body.contains("ostinato_gateway_shard_state{shard=\"0\",state=\"active\"} 1.0")
        })
        .await;
        let metrics = until(ports.metrics, "/metrics", |_, body| body.contains("# EOF")).await;
        assert!(
            metrics.contains("ostinato_gateway_identifies_total{shard=\"0\"} 0"),
            "{metrics}"
        );
        let (_, after) = data(ports.status, "/status").await;
        assert_eq!(
            (&after["guildCount"], names(&after)),
            (&before["guildCount"], names(&before))
        );
        let told = |status: &Value| status["guilds"].as_array().unwrap()[1].clone();
        assert_eq!(told(&after)["memberCount"], told(&before)["memberCount"]);
        assert_eq!(told(&after)["icon"], told(&before)["icon"]);

        let asleep = after["guilds"].as_array().unwrap().iter();
        let asleep = asleep
            .map(|guild| guild["id"].as_str().unwrap())
            .find(|id| **id != guilds[0].id.to_string());
        let path = format!("/control/guilds/{}/park", asleep.unwrap());
        let (code, said) = order(ports.status, &path, r#"{"actor":"olga"}"#).await;
        assert_eq!(code, 200, "{said}");
        stage.terminate().await.unwrap();
    });
}
