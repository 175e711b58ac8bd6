//! What the dashboard and the alert rules ask for: every name is a series that is served, every runbook is written.

use std::collections::BTreeSet;
use std::path::Path;

use ostinato::http::metrics;
use serde_json::Value;

/// Where the rules are.
pub(crate) const RULES: &str = "docs/alerts/ostinato.yml";

/// The dashboard.
const DASHBOARD: &str = "docs/grafana/ostinato.json";

/// Series of Prometheus' own.
const ITS_OWN: [&str; 1] = ["up"];

/// Words of the language that are neither functions nor series.
const WORDS: [&str; 13] = [
    "and",
    "bool",
    "by",
    "group_left",
    "group_right",
    "ignoring",
    "inf",
    "nan",
    "offset",
    "on",
    "or",
    "unless",
    "without",
];

/// Words behind which labels stand in parentheses.
const GROUPING: [&str; 6] = ["by", "group_left", "group_right", "ignoring", "on", "without"];

/// What is wrong with the queries and the runbooks.
pub(crate) fn wrong(root: &Path) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let rules: Value = serde_saphyr::from_str(&read(RULES)).unwrap();
    let dashboard: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let served: BTreeSet<String> = metrics::all().flat_map(metrics::Series::names).collect();
    let mut found = Vec::new();
    let all = queries(&rules).into_iter().map(|query| (RULES, query));
    for (file, query) in all.chain(queries(&dashboard).into_iter().map(|query| (DASHBOARD, query))) {
        for name in series(&query) {
            if !served.contains(&name) && !ITS_OWN.contains(&name.as_str()) {
                found.push(format!("{file}: {name} is no series: {query}"));
            }
        }
    }
    found.extend(runbooks(&rules, &read("docs/operations.md")));
    found
}

/// Every expression of a document, and what Grafana asks for its variables.
fn queries(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match document {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == "expr" || (name == "query" && text.contains('(')) => {
                        found.push(text.to_owned())
                    }
                    Some(_) => {}
                    None => found.extend(queries(value)),
                }
            }
        }
        Value::Array(all) => found.extend(all.iter().flat_map(queries)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

/// The names of series in an expression.
fn series(query: &str) -> BTreeSet<String> {
    // Grafana's own function has a label as its second argument.
    let query = match query.strip_prefix("label_values(") {
        Some(rest) => rest.rsplit_once(',').map_or(rest, |(series, _)| series),
        None => query,
    };
    let plain = without_selectors(query);
    let mut found = BTreeSet::new();
    let mut rest = plain.as_str();
    let mut behind_grouping = false;
    while let Some(next) = rest.chars().next() {
        if next.is_ascii_alphabetic() || matches!(next, '_' | ':') {
            let end = rest.find(|sign: char| !is_of_name(sign)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let is_word = WORDS.contains(&word.to_lowercase().as_str());
            behind_grouping = GROUPING.contains(&word);
            if !is_word && !is_called(after.trim_start()) {
                found.insert(word.to_owned());
            }
            rest = after;
        } else if next.is_ascii_digit() || next == '$' {
            // A number or a duration, or a variable of Grafana's.
            let more = |sign: char| !(is_of_name(sign) || matches!(sign, '.' | '$'));
            rest = rest.get(rest.find(more).unwrap_or(rest.len())..).unwrap_or_default();
        } else if next == '(' && behind_grouping {
            behind_grouping = false;
            rest = rest.split_once(')').map_or("", |(_, after)| after);
        } else {
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    found
}

/// Whether what stands before `after` is a function or an aggregation.
fn is_called(after: &str) -> bool {
    let next = after.split(|sign| !is_of_name(sign)).next();
    after.starts_with('(') || matches!(next, Some("by" | "without"))
}

const fn is_of_name(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || matches!(sign, '_' | ':')
}

/// An expression without what stands in quotes, braces and brackets.
fn without_selectors(query: &str) -> String {
    let mut kept = String::new();
    let (mut depth, mut quoted) = (0_u32, false);
    for sign in query.chars() {
        match sign {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth = depth.saturating_sub(1),
            _ if depth == 0 && !quoted => kept.push(sign),
            _ => {}
        }
    }
    kept
}

/// Alerts whose runbook is not written.
fn runbooks(rules: &Value, operations: &str) -> Vec<String> {
    let anchors: BTreeSet<String> = operations
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#').trim()))
        .collect();
    let groups = rules["groups"].as_array().into_iter().flatten();
    let all = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten());
    let faults = all.filter_map(|rule| {
        let runbook = rule["annotations"]["runbook"].as_str().unwrap_or_default();
        let is_written = runbook
            .strip_prefix("docs/operations.md#")
            .is_some_and(|place| anchors.contains(place));
        (!is_written).then(|| format!("{RULES}: {}: the runbook {runbook:?} is not written", rule["alert"]))
    });
    faults.collect()
}

/// The anchor that a heading has on a page.
fn anchor(heading: &str) -> String {
    let kept = heading
        .chars()
        .filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn names_of_series_are_found_in_every_kind_of_expression() {
    let table: [(&str, &[&str]); 8] = [
        ("up{job=\"a(b\"} == 0", &["up"]),
        ("sum by (le, job) (rate(a_bucket{x=~\"b|c\"}[5m])) > 1.5", &["a_bucket"]),
        ("sum(a) by (job) / on (job) group_left (x) b", &["a", "b"]),
        (
            "histogram_quantile(0.99, rate(a_bucket[$__rate_interval]))",
            &["a_bucket"],
        ),
        ("a offset 5m and b > 1e3 unless c", &["a", "b", "c"]),
        ("label_values(a{job=~\"$job\"}, instance)", &["a"]),
        ("time() - min(a{job=\"$job\"})", &["a"]),
        ("a > 0.01 * sum(b)", &["a", "b"]),
    ];
    for (query, expected) in table {
        let found: Vec<String> = series(query).into_iter().collect();
        assert_eq!(found, expected, "{query}");
    }
    assert_eq!(anchor("Answers are slow, or missing"), "answers-are-slow-or-missing");
}
