//! The servers over real sockets, and the table of series.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

use super::metrics::{Kind, all, markdown, text};
use super::*;
use crate::config::{Sources, read};

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn config(status: u16, metrics: u16) -> Config {
    config_with(status, metrics, &[])
}

fn config_with(status: u16, metrics: u16, more: &[(&str, &str)]) -> Config {
    let (status, metrics) = (status.to_string(), metrics.to_string());
    let mut environment = vec![
        ("DISCORD_TOKEN", "token"),
        ("LAVALINK_HOST", "127.0.0.1"),
        ("LAVALINK_PASSWORD", "password"),
        ("STATUS_API_PORT", status.as_str()),
        ("METRICS_PORT", metrics.as_str()),
        ("METRICS_KEY", "very secret key"),
    ];
    environment.extend_from_slice(more);
    Config::from_reading(read(&Sources::of("", &environment))).unwrap()
}

/// Asks until somebody answers: status code and everything that came.
fn get(port: u16, path: &str) -> (u16, String) {
    for _ in 0..500 {
        if let Some(answer) = ask(port, path) {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("nobody answers at {port}{path}");
}

fn ask(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let code = text.split(' ').nth(1)?.parse().ok()?;
    Some((code, text))
}

#[test]
fn a_process_lives_before_it_is_ready_and_says_what_is_missing() {
    let facts = Arc::new(Facts::default());
    let (status, metrics) = (free_port(), free_port());
    let servers = Servers::start(&config(status, metrics), &facts, &Steer::nowhere()).unwrap();
    let (code, body) = get(status, "/live");
    assert_eq!((code, body.contains("\"live\":true")), (200, true), "{body}");
    let own = config(status, metrics).status_api();
    assert_eq!(lives(&own), Ok(()));
    assert!(lives(&config(free_port(), metrics).status_api()).is_err());
    let (code, body) = get(status, "/ready");
    assert_eq!(code, 503);
    assert!(body.contains("Discord has not answered yet"), "{body}");
    facts.stop();
    let (_, body) = get(status, "/ready");
    assert!(body.contains("the process is stopping"), "{body}");
    let (code, body) = get(metrics, "/metrics");
    assert_eq!(code, 200);
    assert!(
        body.contains("\nostinato_ready 0") && body.ends_with("# EOF\n"),
        "{body}"
    );
    let (code, body) = get(status, "/metrics");
    assert_eq!((code, body.contains("there is /live, /ready")), (404, true), "{body}");
    drop(servers);
    assert!(
        std::net::TcpListener::bind(("127.0.0.1", status)).is_ok(),
        "its port is free again"
    );
}

#[test]
fn who_is_refused_at_the_door_is_counted_for_the_audit_and_who_is_let_in_is_not() {
    let facts = Arc::new(Facts::default());
    let status = free_port();
    let servers = Servers::start(&config(status, free_port()), &facts, &Steer::nowhere()).unwrap();
    assert_eq!(get(status, "/openapi.json").0, 200);
    assert!(facts.knocks.take().is_empty());
    for _ in 0..3 {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", status)).unwrap();
        let head =
            "POST /control/process/drain HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close";
        write!(stream, "{head}\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.contains(" 403 "), "{text}");
    }
    let told = facts.knocks.take();
    let told: Vec<_> = told
        .iter()
        .map(|barred| (&*barred.why, &*barred.scope, barred.calls))
        .collect();
    assert_eq!(told, [("this name is not this machine's", "control", 3)]);
    drop(servers);
}

/// Orders with this body: everything that came.
fn order(port: u16, path: &str, body: &str) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_is_asked_wrongly_is_told_with_what_would_be_right() {
    let port = free_port();
    let facts = Arc::new(Facts::default());
    let servers = Servers::start(&config(port, free_port()), &facts, &Steer::nowhere()).unwrap();
    let (code, body) = get(port, "/guilds?phse=parked");
    assert!(
        code == 400 && body.contains("`phse`") && body.contains("phase"),
        "{body}"
    );
    let (code, body) = get(port, "/guilds?playing=yes");
    assert!(code == 400 && body.contains("neither true nor false"), "{body}");
    let park = "/control/guilds/1/park";
    for (path, body, status, said) in [
        (park, "[]", 400, "it is no JSON object"),
        (park, "{", 400, "it is no JSON object"),
        ("/control/log", "{}", 400, "\"field\":\"filter\""),
        ("/control/guilds/1/prak", "{}", 404, "/control/guilds/{guild}/park"),
        (park, &"a".repeat(BODY + 1), 413, "application/problem+json"),
    ] {
        let answer = order(port, path, body);
        let start = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&start) && answer.contains(said), "{path}: {answer}");
    }
    drop(servers);
}

#[test]
fn a_fault_that_other_guilds_feel_is_ordered_only_where_all_may_fail() {
    let full = ("/control/store/fault", r#"{"full":true,"for_ms":60000}"#);
    let block = ("/control/guilds/5/fault", r#"{"kind":"block","ms":1}"#);
    for (list, status_of_full, status_of_block) in [("5", 403, 403), ("*", 200, 503)] {
        let (facts, steer, port) = (Arc::default(), Steer::nowhere(), free_port());
        let chaos = [("CHAOS_ENABLED", "true"), ("CHAOS_GUILD_ALLOWLIST", list)];
        let servers = Servers::start(&config_with(port, free_port(), &chaos), &facts, &steer).unwrap();
        assert_eq!(get(port, "/live").0, 200);
        let told = order(port, full.0, full.1);
        assert!(told.starts_with(&format!("HTTP/1.1 {status_of_full} ")), "{told}");
        assert_eq!(steer.store().strike().is_err(), list == "*");
        let told = order(port, block.0, block.1);
        assert!(told.starts_with(&format!("HTTP/1.1 {status_of_block} ")), "{told}");
        drop(servers);
    }
}

#[test]
fn a_port_that_is_taken_is_tried_again_until_it_is_free() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let servers = Servers::start(
        &config(port, free_port()),
        &Arc::new(Facts::default()),
        &Steer::nowhere(),
    )
    .unwrap();
    drop(taken);
    assert_eq!(get(port, "/live").0, 200);
    drop(servers);
}

#[test]
fn the_table_of_series_keeps_to_the_conventions_and_the_text_has_each() {
    let mut names = BTreeSet::new();
    for series in all() {
        let served = series.served();
        assert!(names.insert(served.clone()), "{served} is there twice");
        let ours = served.starts_with("ostinato_") || served.starts_with("process_");
        assert!(
            ours && served.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'),
            "{served}"
        );
        assert!(series.help.ends_with('.'), "{served}");
        assert_eq!(series.kind == Kind::Counter, served.ends_with("_total"), "{served}");
        assert!(
            series
                .labels
                .iter()
                .all(|label| *label != "guild" && *label != "user" && *label != "le"),
            "{served}"
        );
        let reserved = ["_total", "_bucket", "_sum", "_count", "_info"];
        let is_info = series.name == "ostinato_build_info";
        assert!(
            is_info || !reserved.iter().any(|end| series.name.ends_with(end)),
            "{served} ends in a word of the format's own"
        );
        assert!(markdown().contains(&format!("`{served}`")));
    }
    let text = text(&Arc::new(Facts::default()));
    for series in all() {
        let unit = series.unit.map_or_else(String::new, |unit| format!("_{unit}"));
        let named = format!("# TYPE {}{unit} ", series.name);
        assert!(text.contains(&named), "{named} in {text}");
    }
}
