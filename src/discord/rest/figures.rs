//! What the executors sent and how it was answered, for the metrics.

use std::time::Duration;

use reqwest::StatusCode;

use super::answer::Scope;
use crate::figures::{Count, Histogram, Spread, WAITS};

/// What requests are about, whatever place they name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// First callbacks to interactions.
    Callback,
    /// What follows the first callback.
    Answer,
    /// Messages of the bot's own, cards among them.
    Message,
    /// Questions about channels, guilds, members and seats.
    Place,
    /// Speaking on stages.
    Stage,
    /// The list of commands.
    Commands,
    /// What a start asks for.
    Start,
}

const FAMILIES: [&str; 7] = ["callback", "answer", "message", "place", "stage", "commands", "start"];

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Success,
    Limited,
    Refused,
    Server,
    Other,
    /// No answer came.
    Lost,
}

const ENDINGS: [&str; 6] = ["2xx", "429", "4xx", "5xx", "other", "none"];

const SCOPES: [&str; 3] = ["user", "global", "shared"];

impl Ending {
    fn of(status: Option<StatusCode>) -> Self {
        match status {
            None => Self::Lost,
            Some(StatusCode::TOO_MANY_REQUESTS) => Self::Limited,
            Some(status) if status.is_success() => Self::Success,
            Some(status) if status.is_client_error() => Self::Refused,
            Some(status) if status.is_server_error() => Self::Server,
            Some(_) => Self::Other,
        }
    }
}

/// Figures of one family.
#[derive(Debug)]
struct OfFamily {
    endings: [Count; ENDINGS.len()],
    time: Histogram,
    retries: Count,
    unsent: Count,
}

impl Default for OfFamily {
    fn default() -> Self {
        Self {
            endings: Default::default(),
            time: Histogram::of_time(WAITS),
            retries: Count::default(),
            unsent: Count::default(),
        }
    }
}

/// Figures of all executors of a process since the start.
#[derive(Debug, Default)]
pub struct RestFigures {
    families: [OfFamily; FAMILIES.len()],
    limited: [Count; SCOPES.len()],
}

impl RestFigures {
    fn of(&self, family: Family) -> Option<&OfFamily> {
        self.families.get(family as usize)
    }

    /// An attempt was sent and has ended after `time`; `status` and `scope` as far as there was an answer.
    pub(super) fn sent(&self, family: Family, answer: Option<(StatusCode, Scope)>, time: Duration) {
        let Some(of) = self.of(family) else { return };
        of.time.took(time);
        let ending = Ending::of(answer.map(|(status, _)| status));
        if let Some(count) = of.endings.get(ending as usize) {
            count.one();
        }
        if let (Ending::Limited, Some((_, scope))) = (ending, answer)
            && let Some(count) = self.limited.get(scope as usize)
        {
            count.one();
        }
    }

    /// A request is sent again.
    pub(super) fn again(&self, family: Family) {
        if let Some(of) = self.of(family) {
            of.retries.one();
        }
    }

    /// A request was given up before it was sent.
    pub(super) fn unsent(&self, family: Family) {
        if let Some(of) = self.of(family) {
            of.unsent.one();
        }
    }

    fn families(&self) -> impl Iterator<Item = (&'static str, &OfFamily)> {
        FAMILIES.into_iter().zip(&self.families)
    }

    /// Attempts by family and by how they ended.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let each = |(family, of): (_, &OfFamily)| {
            let counts: Vec<_> = of.endings.iter().map(Count::get).collect();
            ENDINGS
                .into_iter()
                .zip(counts)
                .map(move |(ending, count)| (family, ending, count))
        };
        self.families().flat_map(each)
    }

    /// How long attempts took, by family.
    pub fn times(&self) -> impl Iterator<Item = (&'static str, Spread)> {
        self.families()
            .filter_map(|(family, of)| Some((family, of.time.read()?)))
    }

    /// Requests that were sent again, by family.
    pub fn retries(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.families().map(|(family, of)| (family, of.retries.get()))
    }

    /// Requests that were given up unsent, by family.
    pub fn not_sent(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.families().map(|(family, of)| (family, of.unsent.get()))
    }

    /// Answers of 429, by whose limit they are about.
    pub fn limited(&self) -> impl Iterator<Item = (&'static str, u64)> {
        SCOPES.into_iter().zip(self.limited.iter().map(Count::get))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_where_they_belong() {
        let figures = RestFigures::default();
        let some = Duration::from_millis(3);
        figures.sent(Family::Callback, Some((StatusCode::NO_CONTENT, Scope::User)), some);
        figures.sent(
            Family::Start,
            Some((StatusCode::TOO_MANY_REQUESTS, Scope::Global)),
            some,
        );
        figures.sent(Family::Start, Some((StatusCode::BAD_GATEWAY, Scope::User)), some);
        figures.sent(Family::Start, Some((StatusCode::FORBIDDEN, Scope::User)), some);
        figures.sent(Family::Start, None, some);
        figures.again(Family::Start);
        figures.unsent(Family::Stage);
        let counted: Vec<_> = figures.requests().filter(|(_, _, count)| *count > 0).collect();
        let expected = [
            ("callback", "2xx", 1),
            ("start", "429", 1),
            ("start", "4xx", 1),
            ("start", "5xx", 1),
            ("start", "none", 1),
        ];
        assert_eq!(counted, expected);
        let times: Vec<_> = figures.times().map(|(family, spread)| (family, spread.count)).collect();
        assert_eq!(times, [("callback", 1), ("start", 4)]);
        assert!(figures.limited().eq([("user", 0), ("global", 1), ("shared", 0)]));
        assert!(figures.retries().any(|retry| retry == ("start", 1)));
        assert!(figures.not_sent().any(|unsent| unsent == ("stage", 1)));
    }
}
