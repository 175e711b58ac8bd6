//! Answers that no stand-in gives: of proxies, of strangers, of nodes out of their mind.

use std::time::Duration;

use ostinato_actors::ports::PortErrorKind;
use ostinato_machine::ids::{Hidden, NodeId, UserId};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::rest::Rest;
use super::super::{LavalinkSettings, NodeSettings};
use super::stage::act;

/// Something that answers every request with `answer` and hangs up.
async fn someone(answer: Vec<u8>) -> Rest {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4_096];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    let node = NodeSettings {
        id: NodeId::new("n1"),
        host: "127.0.0.1".into(),
        port,
        password: Hidden::new("pw"),
        https: false,
    };
    let mut settings = LavalinkSettings::new(vec![node.clone()], UserId(1));
    settings.body_bytes = 10_000;
    settings.load = Duration::from_secs(5);
    Rest::new(reqwest::Client::new(), settings.into(), node)
}

fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into()
}

async fn load(answer: Vec<u8>) -> PortErrorKind {
    someone(answer).await.load("x").await.unwrap_err().kind
}

#[test]
fn what_is_no_answer_of_a_node_is_told_apart() {
    act(|| async {
        assert_eq!(load(answer("200 OK", "<html>")).await, PortErrorKind::Malformed);
        assert_eq!(load(answer("200 OK", "{\"loadType\":")).await, PortErrorKind::Malformed);
        assert_eq!(load(answer("204 No Content", "")).await, PortErrorKind::Malformed);
        assert_eq!(
            load(answer("503 Service Unavailable", "")).await,
            PortErrorKind::Unreachable
        );
        assert_eq!(
            load(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{".to_vec()).await,
            PortErrorKind::Unreachable
        );
        assert_eq!(load(Vec::new()).await, PortErrorKind::Unreachable);
    });
}

#[test]
fn an_answer_beyond_the_bound_is_not_read_to_its_end() {
    act(|| async {
        let endless = [answer("200 OK", "").as_slice(), &vec![b' '; 1_000_000]].concat();
        let endless = String::from_utf8(endless).unwrap().replace("Content-Length: 0\r\n", "");
        let rest = someone(endless.into_bytes()).await;
        let error = rest.load("x").await.unwrap_err();
        assert_eq!(
            (error.kind, error.message.contains("10000 bytes")),
            (PortErrorKind::Malformed, true)
        );
    });
}

#[test]
fn players_that_make_no_sense_do_not_hide_the_others() {
    act(|| async {
        let body = r#"[{"guildId":"x"},{"guildId":"7","track":null,"state":null,"voice":null,"volume":null},5]"#;
        let players = someone(answer("200 OK", body)).await.players("s").await.unwrap();
        assert_eq!(players.iter().map(|player| player.guild_id.0).collect::<Vec<_>>(), [7]);
    });
}

#[test]
fn a_node_that_does_not_switch_resuming_on_is_not_trusted() {
    act(|| async {
        let rest = someone(answer("200 OK", r#"{"resuming":false,"timeout":60}"#)).await;
        assert_eq!(
            rest.enable_resuming("s").await.unwrap_err().kind,
            PortErrorKind::Malformed
        );
    });
}

#[test]
fn no_error_shows_an_address_or_a_password() {
    act(|| async {
        let error = someone(Vec::new()).await.load("secret words").await.unwrap_err();
        let said = error.to_string();
        assert!(
            !said.contains("127.0.0.1") && !said.contains("secret") && !said.contains("pw"),
            "{said}"
        );
    });
}
