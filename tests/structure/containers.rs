//! The container files, read as an engine reads them. No engine builds them here.

use std::path::Path;

use ostinato::config;
use serde_json::Value;

/// What is wrong with `compose.yaml` and the `Dockerfile`.
pub(crate) fn wrong(root: &Path) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let compose: Value = serde_saphyr::from_str(&read("compose.yaml")).unwrap();
    let mut found = compose_faults(&compose);
    found.extend(dockerfile_faults(&read("Dockerfile"), &read("Cargo.toml")));
    found
}

fn compose_faults(compose: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let bot = &compose["services"]["bot"];
    let set = bot["environment"].as_object().into_iter().flatten();
    for (name, _) in set {
        if !config::keys().any(|key| key.env == name) {
            found.push(format!("compose.yaml: {name} is not a key"));
        }
    }
    if bot["env_file"][0]["path"] != ".env" {
        found.push("compose.yaml: the bot does not read .env".into());
    }
    let mounts: Vec<&str> = bot["volumes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !mounts.iter().any(|mount| mount.starts_with("./config.yml:")) {
        found.push("compose.yaml: config.yml is not mounted".into());
    }
    if bot["stop_grace_period"].as_str().is_none() {
        found.push("compose.yaml: the bot needs a stop_grace_period longer than drain_s".into());
    }
    for (name, service) in compose["services"].as_object().into_iter().flatten() {
        if service["ports"]
            .as_array()
            .is_some_and(|ports| ports.iter().any(|port| !text(port).starts_with("127.0.0.1:")))
        {
            found.push(format!("compose.yaml: {name} is open to more than this machine"));
        }
    }
    found
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn dockerfile_faults(dockerfile: &str, manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines = |word: &str| {
        dockerfile
            .lines()
            .filter_map(|line| line.strip_prefix(word))
            .map(str::trim)
            .collect::<Vec<_>>()
    };
    let stages = lines("FROM ");
    if stages.len() < 2 {
        found.push("Dockerfile: the compiler belongs into a stage of its own".into());
    }
    let needed = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \""));
    let needed = needed.map(|rest| rest.trim_end_matches('"')).unwrap_or_default();
    if !stages
        .first()
        .is_some_and(|stage| stage.starts_with(&format!("rust:{needed}")))
    {
        found.push(format!(
            "Dockerfile: the first stage is not rust:{needed}, the version that Cargo.toml asks for"
        ));
    }
    match lines("USER ").last() {
        Some(user) if !matches!(*user, "root" | "0") => {}
        Some(_) | None => found.push("Dockerfile: the bot runs as root".into()),
    }
    found
}
