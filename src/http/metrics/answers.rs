//! Answers: how long people wait for the first one, and who got none.

use super::super::facts::{Facts, Inside};
use super::table::{Series, Spreads, Values, counter, histogram, whole};

pub(super) const SERIES: &[Series] = &[
    histogram(
        "ostinato_first_answer",
        "From the arrival of a command until Discord had its first answer. `command` is that of a slash command, `button`, \
         `completion`, `message` for all commands in messages, or `other`; `outcome` is answered, refused or deferred.",
        |facts| {
            let Some(Inside { answers, .. }) = facts.inside() else {
                return Spreads::new();
            };
            let all = answers.first();
            all.map(|(command, outcome, spread)| (labels("outcome", command, outcome), spread))
                .collect()
        },
    )
    .in_unit("seconds")
    .by(&["command", "outcome"]),
    counter(
        "ostinato_missed_answers",
        "Commands without a first answer in time. `why` is late (it was there when Discord took none any more), silent (none \
         within 3 s, also where another process had answered) or full (too many were on their way).",
        missed,
    )
    .by(&["command", "why"]),
];

fn missed(facts: &Facts) -> Values {
    let Some(Inside { answers, .. }) = facts.inside() else {
        return Values::new();
    };
    let all = answers.missed();
    all.map(|(command, why, count)| (labels("why", command, why), whole(count)))
        .collect()
}

fn labels(second: &'static str, command: &str, value: &str) -> Vec<(&'static str, String)> {
    vec![("command", command.to_owned()), (second, value.to_owned())]
}
