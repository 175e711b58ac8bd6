//! Interactions: what a user did, what came back, who sees it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::DiscordStandIn;
use super::state::{Shared, State};

/// Who sees an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenBy {
    /// Everybody in the channel.
    All,
    /// Only who asked.
    Caller,
}

/// The first callback of an interaction.
#[derive(Clone, Debug)]
pub struct FirstCallback {
    /// When it came, on the run's clock.
    pub at_ms: u64,
    /// How long after the user acted.
    pub after_ms: u64,
    /// Discord's number: 4 a message, 5 a deferral, 6 a deferred update, 7 an update, 8 choices.
    pub kind: u64,
    /// Who sees it.
    pub seen_by: SeenBy,
    /// Its text; empty for a deferral.
    pub text: String,
    /// What is offered to somebody who types, as (name, value).
    pub choices: Vec<(String, String)>,
}

/// How an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerHow {
    /// As the first callback.
    Callback,
    /// As an edit of the original, or as the follow-up that fills a deferral.
    Edit,
    /// As a message of its own.
    FollowUp,
    /// As an edit of such a message.
    FollowUpEdit,
    /// As a message that refers to the one that was written.
    Reply,
}

/// Something that the user could read.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When it came, on the run's clock.
    pub at_ms: u64,
    /// How long after the user acted.
    pub after_ms: u64,
    /// How it came.
    pub how: AnswerHow,
    /// The message.
    pub message: u64,
    /// Who sees it.
    pub seen_by: SeenBy,
    /// Content and all texts of embeds, joined by line breaks.
    pub text: String,
    /// The body, as it was sent.
    pub body: Value,
}

/// What became of `@original`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Original {
    /// Nothing was answered yet.
    None,
    /// "The application is thinking".
    Thinking(u64),
    /// A message.
    Shown(u64),
    /// It was deleted.
    Deleted,
}

/// An interaction as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Interaction {
    pub(super) id: u64,
    pub(super) token: String,
    pub(super) name: String,
    pub(super) guild: u64,
    pub(super) channel: u64,
    pub(super) user: u64,
    /// The message whose component was used.
    pub(super) on: Option<u64>,
    /// Somebody types an option and wants to be offered values of it.
    pub(super) completes: bool,
    /// It is no interaction but a message that a user wrote; its id is the message's.
    pub(super) written: bool,
    pub(super) made_ms: u64,
    /// The session that it went to, and how often that had changed sockets.
    pub(super) went_to: Option<(String, u64)>,
    /// Whether a fault was injected into one of its requests.
    pub(super) faulted: bool,
    pub(super) first: Option<FirstCallback>,
    pub(super) original: Original,
    pub(super) answers: Vec<Answer>,
    /// Deleted messages and when.
    pub(super) deleted: Vec<(u64, u64)>,
    /// How many callbacks were tried.
    pub(super) callbacks: u32,
    pub(super) late: bool,
}

impl State {
    /// Whether the bot cannot know what became of its requests for this interaction, or of the interaction itself:
    /// it lost a socket or was restarted since, or a fault hit a request.
    pub(super) fn disturbed(&self, interaction: &Interaction) -> bool {
        let same = interaction.went_to.as_ref().is_some_and(|(session, generation)| {
            self.sessions
                .get(session)
                .is_some_and(|session| session.generation == *generation && session.socket.is_some())
        });
        interaction.faulted || !same
    }
}

/// What a user did, to wait for what comes back. Cloning shares it.
#[derive(Clone)]
pub struct InteractionHandle {
    pub(super) shared: Arc<Shared>,
    pub(super) id: u64,
    pub(super) said_at_ms: u64,
}

impl std::fmt::Debug for InteractionHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InteractionHandle")
            .field("id", &self.id)
            .field("said_at_ms", &self.said_at_ms)
            .finish_non_exhaustive()
    }
}

impl InteractionHandle {
    /// Its id.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// The command that was used, with its subcommands.
    pub fn command(&self) -> String {
        Self::look(&self.shared.lock(), self.id, |it| Some(it.name.clone())).unwrap_or_default()
    }

    /// When the user acted, on the run's clock.
    pub const fn said_at_ms(&self) -> u64 {
        self.said_at_ms
    }

    fn look<T>(state: &State, id: u64, look: impl FnOnce(&Interaction) -> Option<T>) -> Option<T> {
        state.interactions.get(&id).and_then(look)
    }

    /// Waits for the first callback, at most for `within`.
    pub async fn first(&self, within: Duration) -> Option<FirstCallback> {
        let look = |state: &State| Self::look(state, self.id, |it| it.first.clone());
        self.shared.wait_for(within, look).await
    }

    /// Waits for something that the user can read, at most for `within`: the first such answer.
    pub async fn answer(&self, within: Duration) -> Option<Answer> {
        self.answer_where(within, |_| true).await
    }

    /// Waits for an answer that `fits`, at most for `within`.
    pub async fn answer_where(&self, within: Duration, mut fits: impl FnMut(&Answer) -> bool) -> Option<Answer> {
        let look = |state: &State| {
            Self::look(state, self.id, |it| {
                it.answers.iter().find(|answer| fits(answer)).cloned()
            })
        };
        self.shared.wait_for(within, look).await
    }

    /// Waits until the bot deletes one of its answers; the message and when.
    pub async fn deleted(&self, within: Duration) -> Option<(u64, u64)> {
        let look = |state: &State| Self::look(state, self.id, |it| it.deleted.first().copied());
        self.shared.wait_for(within, look).await
    }

    /// All answers so far, edits included, in order.
    pub fn answers(&self) -> Vec<Answer> {
        let answers = Self::look(&self.shared.lock(), self.id, |it| Some(it.answers.clone()));
        answers.unwrap_or_default()
    }

    /// The messages that were deleted so far, and when.
    pub fn deletes(&self) -> Vec<(u64, u64)> {
        let deleted = Self::look(&self.shared.lock(), self.id, |it| Some(it.deleted.clone()));
        deleted.unwrap_or_default()
    }

    /// What the user reads now: the newest text of each message that is not deleted.
    pub fn standing(&self) -> Vec<Answer> {
        let mut newest: Vec<Answer> = Vec::new();
        let deleted: Vec<u64> = self.deletes().into_iter().map(|(message, _)| message).collect();
        for answer in self.answers() {
            newest.retain(|older| older.message != answer.message);
            if !deleted.contains(&answer.message) {
                newest.push(answer);
            }
        }
        newest
    }

    /// How many first callbacks the bot tried; more than one was an answer given twice.
    pub fn callbacks(&self) -> u32 {
        Self::look(&self.shared.lock(), self.id, |it| Some(it.callbacks)).unwrap_or(0)
    }
}

impl DiscordStandIn {
    /// All commands that users typed and buttons that they pressed, in order; what only completes a word is none.
    pub fn interactions(&self) -> Vec<InteractionHandle> {
        let state = self.0.lock();
        let all = state.interactions.values().filter(|it| !it.completes);
        let mut all: Vec<InteractionHandle> = all
            .map(|it| InteractionHandle {
                shared: Arc::clone(&self.0),
                id: it.id,
                said_at_ms: it.made_ms,
            })
            .collect();
        all.sort_by_key(|it| (it.said_at_ms, it.id));
        all
    }
}
