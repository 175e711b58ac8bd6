//! How long people wait for their first answer, for the metrics: who asked, what they were told, and who was told
//! nothing in time.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::ports::{PortError, PortErrorKind};
use tokio::time::Instant;

use super::commands::COMMANDS;
use super::interaction::Data;
use crate::figures::{Count, Histogram, Spread, WAITS};

/// What the first answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// What was asked for.
    Answered,
    /// Why it is not done.
    Refused,
    /// That the bot is at work.
    Deferred,
}

const OUTCOMES: [&str; 3] = ["answered", "refused", "deferred"];

/// Why somebody got no first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Miss {
    /// It was there when Discord took none any more.
    Late,
    /// None was there.
    Silent,
    /// Too many were on their way.
    Full,
}

const MISSES: [&str; 3] = ["late", "silent", "full"];

/// Who asks, besides slash commands.
const OTHERS: [&str; 4] = ["button", "completion", "message", "other"];

/// Discord waits for the first callback so long.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often those who wait are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Most that are measured at once on an arbiter; what comes beyond is answered but not measured.
const MOST: usize = 4_096;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// A slash command, by its place in the table.
    Command(usize),
    /// A button.
    Button,
    /// Somebody who types an option.
    Completion,
    /// A command in a message.
    Message,
    /// What this release does not know.
    Other,
}

impl Asker {
    /// Who asks with these data.
    pub(super) fn of(data: &Data) -> Self {
        match data {
            Data::Command { name, .. } => COMMANDS
                .iter()
                .position(|spec| spec.name == &**name)
                .map_or(Self::Other, Self::Command),
            Data::Component { .. } => Self::Button,
            Data::Complete { .. } => Self::Completion,
            Data::Other(_) => Self::Other,
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Command(place) => place,
            Self::Button => COMMANDS.len(),
            Self::Completion => COMMANDS.len() + 1,
            Self::Message => COMMANDS.len() + 2,
            Self::Other => COMMANDS.len() + 3,
        }
    }
}

/// Figures of one who asks.
#[derive(Debug)]
struct OfAsker {
    first: [Histogram; OUTCOMES.len()],
    missed: [Count; MISSES.len()],
}

/// Figures of all answers of a process since the start.
#[derive(Debug)]
pub struct AnswerFigures(Vec<OfAsker>);

impl Default for AnswerFigures {
    fn default() -> Self {
        let of = |_| OfAsker {
            first: std::array::from_fn(|_| Histogram::of_time(WAITS)),
            missed: Default::default(),
        };
        Self((0..COMMANDS.len() + OTHERS.len()).map(of).collect())
    }
}

impl AnswerFigures {
    fn took(&self, asker: Asker, outcome: Outcome, time: Duration) {
        let of = self.0.get(asker.place());
        if let Some(histogram) = of.and_then(|of| of.first.get(outcome as usize)) {
            histogram.took(time);
        }
    }

    fn miss(&self, asker: Asker, why: Miss) {
        let of = self.0.get(asker.place());
        if let Some(count) = of.and_then(|of| of.missed.get(why as usize)) {
            count.one();
        }
    }

    fn askers(&self) -> impl Iterator<Item = (&'static str, &OfAsker)> {
        let names = COMMANDS.iter().map(|spec| spec.name).chain(OTHERS);
        names.zip(&self.0)
    }

    /// How long first answers took, by who asked and what was told.
    pub fn first(&self) -> impl Iterator<Item = (&'static str, &'static str, Spread)> {
        let each = |(name, of): (_, &OfAsker)| {
            let all = OUTCOMES.into_iter().zip(&of.first);
            let read = all.filter_map(|(outcome, histogram)| Some((name, outcome, histogram.read()?)));
            read.collect::<Vec<_>>()
        };
        self.askers().flat_map(each)
    }

    /// How many got no first answer, by who asked and why. Those of whom there are none are told too: what is counted from
    /// its first one on hides that one from whoever asks for the increase.
    pub fn missed(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let each = |(name, of): (_, &OfAsker)| {
            let all = MISSES.into_iter().zip(&of.missed);
            all.map(|(why, count)| (name, why, count.get())).collect::<Vec<_>>()
        };
        self.askers().flat_map(each)
    }
}

/// Those who wait for a first answer on one arbiter.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    figures: Arc<AnswerFigures>,
    open: RefCell<HashMap<u64, (Asker, Instant)>>,
    is_watched: Cell<bool>,
}

impl Waiting {
    pub(super) fn new(figures: Arc<AnswerFigures>) -> Self {
        Self {
            figures,
            ..Self::default()
        }
    }

    /// Somebody asks.
    pub(super) fn came(self: &Rc<Self>, id: u64, asker: Asker) {
        let mut open = self.open.borrow_mut();
        if open.len() < MOST {
            open.insert(id, (asker, Instant::now()));
        }
        drop(open);
        if !self.is_watched.replace(true) {
            let waiting = Rc::clone(self);
            // Lives as long as somebody waits, not longer.
            tokio::task::spawn_local(async move {
                while !waiting.open.borrow().is_empty() {
                    tokio::time::sleep(LOOK).await;
                    waiting.look(Instant::now());
                }
                waiting.is_watched.set(false);
            });
        }
    }

    /// There is an answer, but Discord takes none any more.
    pub(super) fn late(&self, id: u64) {
        self.miss(id, Miss::Late);
    }

    /// Too many answers were on their way.
    pub(super) fn full(&self, id: u64) {
        self.miss(id, Miss::Full);
    }

    fn miss(&self, id: u64, why: Miss) {
        if let Some((asker, _)) = self.open.borrow_mut().remove(&id) {
            self.figures.miss(asker, why);
        }
    }

    /// Counts those off who have waited longer than Discord does.
    fn look(&self, now: Instant) {
        self.open.borrow_mut().retain(|_, (asker, since)| {
            let waits = now.saturating_duration_since(*since) < PATIENCE;
            if !waits {
                self.figures.miss(*asker, Miss::Silent);
            }
            waits
        });
    }
}

/// A first answer on its way.
#[derive(Debug)]
pub(super) struct Told {
    waiting: Rc<Waiting>,
    id: u64,
    outcome: Outcome,
}

impl Told {
    pub(super) fn new(waiting: &Rc<Waiting>, id: u64, outcome: Outcome) -> Self {
        Self {
            waiting: Rc::clone(waiting),
            id,
            outcome,
        }
    }

    /// It has arrived, or it has not. One that failed may be tried again: whoever asked goes on waiting. Nobody waits for
    /// what another process has answered.
    pub(super) fn ended(self, error: Option<&PortError>) {
        let arrived = error.is_none();
        if !arrived && error.is_some_and(|error| error.kind != PortErrorKind::Gone) {
            return;
        }
        let asked = self.waiting.open.borrow_mut().remove(&self.id);
        if let Some((asker, since)) = asked.filter(|_| arrived) {
            self.waiting.figures.took(asker, self.outcome, since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(name: &str) -> Asker {
        Asker::of(&Data::Command {
            name: name.into(),
            options: Vec::new(),
        })
    }

    fn firsts(figures: &AnswerFigures) -> Vec<(&'static str, &'static str, u64)> {
        let all = figures.first();
        all.map(|(name, outcome, spread)| (name, outcome, spread.count))
            .collect()
    }

    #[tokio::test]
    async fn whoever_asks_is_counted_once_by_the_first_answer_or_by_its_absence() {
        tokio::task::LocalSet::new()
            .run_until(async {
                let figures = Arc::new(AnswerFigures::default());
                let waiting = Rc::new(Waiting::new(Arc::clone(&figures)));
                let told = |id, outcome| Told::new(&waiting, id, outcome);
                let failure = |kind| PortError::new(kind, "");
                waiting.came(1, command("skip"));
                waiting.came(2, command("no such command"));
                waiting.came(3, Asker::Message);
                waiting.came(4, Asker::Button);
                waiting.came(5, Asker::Completion);
                waiting.came(6, command("play"));
                told(1, Outcome::Deferred).ended(None);
                told(1, Outcome::Answered).ended(None);
                told(2, Outcome::Refused).ended(Some(&failure(PortErrorKind::Timeout)));
                told(2, Outcome::Refused).ended(None);
                // Another process has answered it.
                told(6, Outcome::Answered).ended(Some(&failure(PortErrorKind::Gone)));
                waiting.late(4);
                waiting.full(5);
                waiting.look(Instant::now());
                assert_eq!(
                    waiting.open.borrow().len(),
                    1,
                    "who has not waited long enough goes on waiting"
                );
                waiting.look(Instant::now() + PATIENCE);
                told(3, Outcome::Answered).ended(None);
                assert_eq!(firsts(&figures), [("skip", "deferred", 1), ("other", "refused", 1)]);
                let missed: Vec<_> = figures.missed().filter(|(_, _, count)| *count > 0).collect();
                let expected = [
                    ("button", "late", 1),
                    ("completion", "full", 1),
                    ("message", "silent", 1),
                ];
                assert_eq!(missed, expected);
            })
            .await;
    }
}
