//! Requests to Discord, by what they are about: callback (first callbacks to interactions), answer (what follows them),
//! message, place (channels, guilds, members), stage, commands and start.

use super::super::facts::{Facts, Inside};
use super::table::{Series, Spreads, Values, counter, flag, gauge, histogram, whole};
use crate::discord::rest::{Closed, RestFigures};

pub(super) const SERIES: &[Series] = &[
    counter(
        "ostinato_rest_requests",
        "Attempts of requests to Discord, by family (callback, answer, message, place, stage, commands, start) and status; \
         `none` is no answer.",
        requests,
    )
    .by(&["family", "status"]),
    histogram(
        "ostinato_rest_request",
        "How long attempts of requests to Discord took.",
        |facts| {
            let Some(Inside { rest, .. }) = facts.inside() else {
                return Spreads::new();
            };
            let all = rest.times();
            all.map(|(family, spread)| (vec![("family", family.to_owned())], spread))
                .collect()
        },
    )
    .in_unit("seconds")
    .by(&["family"]),
    counter(
        "ostinato_rest_retries",
        "Requests to Discord that were sent again.",
        |facts| by(facts, "family", RestFigures::retries),
    )
    .by(&["family"]),
    counter(
        "ostinato_rest_unsent",
        "Requests that were given up before they were sent: no permit or no turn in time, or Discord would refuse them.",
        |facts| by(facts, "family", RestFigures::not_sent),
    )
    .by(&["family"]),
    counter(
        "ostinato_rest_limited",
        "Answers of 429. `scope` is user (this bot's bucket), global (all of the bot) or shared (the place's own, harmless).",
        |facts| by(facts, "scope", RestFigures::limited),
    )
    .by(&["scope"]),
    gauge(
        "ostinato_rest_closed",
        "1 while nothing but callbacks is sent to Discord because of `why`: invalid (too many invalid requests) or \
         unauthorized (the token was refused).",
        |facts| {
            let Some(Inside { permits, .. }) = facts.inside() else {
                return Values::new();
            };
            let now = permits.closed();
            let all = [("invalid", Closed::Invalid), ("unauthorized", Closed::Unauthorized)];
            all.map(|(why, closed)| (vec![("why", why.to_owned())], flag(now == Some(closed))))
                .into()
        },
    )
    .by(&["why"]),
];

fn requests(facts: &Facts) -> Values {
    let Some(Inside { rest, .. }) = facts.inside() else {
        return Values::new();
    };
    let all = rest.requests();
    all.map(|(family, status, count)| {
        let labels = vec![("family", family.to_owned()), ("status", status.to_owned())];
        (labels, whole(count))
    })
    .collect()
}

fn by<'a, I: Iterator<Item = (&'static str, u64)>>(
    facts: &'a Facts,
    label: &'static str,
    read: impl FnOnce(&'a RestFigures) -> I,
) -> Values {
    let Some(Inside { rest, .. }) = facts.inside() else {
        return Values::new();
    };
    let all = read(rest);
    all.map(|(name, count)| (vec![(label, name.to_owned())], whole(count)))
        .collect()
}
