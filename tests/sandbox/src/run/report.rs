//! What came of a run, for people and for machines.

use std::fmt::Write as _;

use super::{Outcome, Run};

/// A line for each scenario; failures with file, line, step, what was expected and seen, and the bot's last words.
pub fn human(outcome: &Outcome) -> String {
    let Some(failure) = &outcome.failure else {
        return format!("ok    {:>6} ms  {}", outcome.took_ms, outcome.name);
    };
    let mut text = format!("FAIL  {:>6} ms  {}\n", outcome.took_ms, outcome.name);
    let _ = writeln!(
        text,
        "      {}:{}: {}",
        outcome.file.display(),
        failure.line,
        failure.step
    );
    let _ = write!(text, "      {}", failure.why);
    if !failure.log.is_empty() {
        let _ = write!(text, "\n      the bot's last lines:");
        for line in &failure.log {
            let _ = write!(text, "\n        {line}");
        }
    }
    text
}

/// One object.
pub fn json(run: &Run) -> serde_json::Value {
    let failures: Vec<serde_json::Value> = run
        .outcomes
        .iter()
        .filter_map(|outcome| {
            let failure = outcome.failure.as_ref()?;
            Some(
                serde_json::json!({ "file": outcome.file, "name": outcome.name, "line": failure.line,
                "step": failure.step, "why": failure.why }),
            )
        })
        .collect();
    serde_json::json!({
        "passed": run.passed(),
        "failed": run.failed(),
        "skipped": 0,
        "violations": run.violations.len(),
        "races": run.races,
        "seed": run.seed,
        "failures": failures,
        "violation_list": run.violations,
        "notes": run.notes,
    })
}
