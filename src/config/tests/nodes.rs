//! Nodes, addresses and secrets.

use super::*;

#[test]
fn nodes_come_from_one_place_by_rank() {
    let yaml = "lavalink_nodes:\n  - { name: y1, host: localhost, password: yyyyy }\n  - { host: '::1', password: yyyyy, port: 99 }\n";
    let json = (
        "LAVALINK_NODES",
        r#"[{"name":"j","host":"127.0.0.1","password":"jjjjj","https":false}]"#,
    );
    let names = |yaml: &str, environment: &[(&str, &str)]| -> Vec<String> {
        let config = Config::from_reading(reading(yaml, environment)).unwrap();
        config.nodes.iter().map(ToString::to_string).collect()
    };
    assert_eq!(names(yaml, &[TOKEN, HOST, PASSWORD, json]), ["j http://127.0.0.1:2333"]);
    assert_eq!(names(yaml, &[TOKEN, HOST, PASSWORD]), ["main http://127.0.0.1:2333"]);
    assert_eq!(
        names(yaml, &[TOKEN]),
        ["y1 http://localhost:2333", "node2 http://[::1]:99"]
    );
}

#[test]
fn every_fault_of_a_node_list_is_told() {
    let json = r#"[{"host":"a b","password":"p"},{"name":"x","host":"localhost","pasword":"p"},5,
                   {"name":"z","host":"localhost","password":"p","port":0},
                   {"name":"w","host":"localhost","password":"p"},{"name":"w","host":"localhost","password":"p"}]"#;
    let reading = reading("", &[TOKEN, ("LAVALINK_NODES", json)]);
    assert_eq!(
        keys_of(&reading),
        [
            "lavalink_nodes[0].host",
            "lavalink_nodes[1].pasword",
            "lavalink_nodes[1].password",
            "lavalink_nodes[2]",
            "lavalink_nodes[3].port",
            "lavalink_nodes[5]",
        ]
    );
    assert_eq!(reading.problems[1].fix, "did you mean `password`?");
}

#[test]
fn a_node_list_that_is_no_list_is_refused_without_showing_it() {
    for json in ["[{\"password\":\"hunter2\"", "{\"password\":\"hunter2\"}", "hunter2"] {
        let problem = only_problem(&reading("", &[TOKEN, ("LAVALINK_NODES", json)]));
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }
}

#[test]
fn one_node_needs_host_and_password_together() {
    let problem = only_problem(&reading("", &[TOKEN, PASSWORD]));
    assert_eq!(problem.problem, "LAVALINK_PASSWORD is set, but LAVALINK_HOST is not");
    let problem = only_problem(&reading("", &[TOKEN, HOST]));
    assert_eq!(problem.problem, "LAVALINK_HOST is set, but LAVALINK_PASSWORD is not");
    let problem = only_problem(&reading("", &[TOKEN, PASSWORD, ("LAVALINK_HOST", "node:2333")]));
    assert!(problem.problem.contains("has a port in it"), "{problem}");
}

#[test]
fn secrets_leave_this_machine_encrypted_or_by_explicit_will() {
    let far = [
        TOKEN,
        PASSWORD,
        ("LAVALINK_HOST", "node.example"),
        ("DISCORD_API_BASE_URL", "http://proxy.example"),
    ];
    let refused = reading("", &far);
    assert_eq!(keys_of(&refused), ["discord.api_base_url", "lavalink_nodes, main"]);
    assert!(
        refused
            .problems
            .iter()
            .all(|problem| problem.fix.contains("ALLOW_PLAINTEXT=true"))
    );
    let mut willed = far.to_vec();
    willed.push(("ALLOW_PLAINTEXT", "true"));
    assert_eq!(keys_of(&reading("", &willed)), <[&str; 0]>::default());
    let config = config("", &[("DISCORD_API_BASE_URL", "http://localhost:8080/")]);
    assert_eq!(config.api_base_url(), "http://localhost:8080");
    assert!(config.may_be_plain("[::1]") && !config.may_be_plain("127.0.0.1.example.org"));
}

#[test]
fn addresses_name_no_version_no_user_and_no_query() {
    for bad in [
        "https://discord.com/api/v10",
        "https://me@discord.com",
        "https://discord.com/?a=b",
        "ftp://discord.com",
    ] {
        let reading = with_needs("", &[("DISCORD_API_BASE_URL", bad)]);
        assert_eq!(only_problem(&reading).key, "discord.api_base_url", "{bad}");
    }
}

#[test]
fn no_secret_is_ever_shown() {
    let config = config("status_api: { key: very-secret-key }", &[]);
    let shown = [
        format!("{config:?}"),
        table(&config.reading),
        json(&config.reading).to_string(),
    ]
    .concat();
    for secret in ["very-secret-token", "very-secret-password", "very-secret-key"] {
        assert!(!shown.contains(secret), "{secret}");
    }
    assert!(shown.contains("***"));
    let refused = with_needs(
        "metrics: { key: [very-secret-key] }",
        &[("DISCORD_TOKEN", "Bot very-secret-token\u{e9}")],
    );
    let told = Problems(refused.problems).to_string();
    assert!(
        told.contains("discord.token") && told.contains("metrics.key") && !told.contains("very-secret"),
        "{told}"
    );
}

#[test]
fn secrets_compare_whole() {
    let secret = Secret::new("abcabc");
    assert!(secret.matches("abcabc"));
    for other in ["", "abc", "abcabcabc", "abcabd", "xbcabc", "abcabc\0"] {
        assert!(!secret.matches(other), "{other}");
    }
    assert!(!Secret::new("").matches(""));
}

#[test]
fn a_number_as_password_is_not_guessed() {
    let problem = only_problem(&reading(
        "lavalink_nodes: [{ host: localhost, password: 0123 }]",
        &[TOKEN],
    ));
    assert_eq!(
        (problem.key.as_str(), problem.fix.as_str()),
        ("lavalink_nodes[0].password", "put it in quotes")
    );
}
