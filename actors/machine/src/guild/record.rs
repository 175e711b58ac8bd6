//! The unit of the journal.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use super::event::Event;
use super::{Answer, Say, Stage, To};
use crate::ids::CauseId;

/// Version of the records that this release writes.
pub const RECORD_VERSION: u8 = 1;

/// What one input changed, kept for ever. Written as self-describing JSON so that two releases and people can read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the format; a reader refuses a guild with a newer one.
    pub v: u8,
    /// Ownership epoch under which it was written.
    pub epoch: u64,
    /// Revision of the guild after it: one more than before (L7).
    pub revision: u64,
    /// Wall-clock ms of the input.
    pub at_ms: u64,
    /// Who caused it (L8).
    pub cause: CauseId,
    /// What changed, in order. Kept events only.
    pub events: Vec<Event>,
    /// What was answered with it. Words, not state: nothing is restored from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "known")]
    pub said: Vec<Said>,
}

/// A final answer, kept beside the change that it tells of: a process that dies before it has left says nothing more, and
/// the next one says it when the gateway replays what was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Id of what is answered: an interaction or a message.
    pub id: u64,
    /// Wall-clock ms of the answer.
    pub at_ms: u64,
    /// The words.
    pub say: Say,
}

impl Said {
    /// The final answers among `answers`, given at `at_ms`.
    pub fn of(answers: &[Answer], at_ms: u64) -> impl Iterator<Item = Self> {
        answers
            .iter()
            .filter_map(move |answer| match (&answer.to, answer.stage) {
                (To::Reply(reply), Stage::Final) => Some(Self {
                    id: reply.id,
                    at_ms,
                    say: answer.say.clone(),
                }),
                (To::Reply(_), Stage::Working) | (To::Channel(_), _) => None,
            })
    }
}

/// Words of another release that this one does not know are left out: nobody is refused for them.
fn known<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Said>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Known(Box<Said>),
        Unknown(IgnoredAny),
    }
    let all = Vec::<Read>::deserialize(from)?.into_iter();
    Ok(all
        .filter_map(|read| match read {
            Read::Known(said) => Some(*said),
            Read::Unknown(_) => None,
        })
        .collect())
}

/// A guild's kept state at one revision, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Version of the format; a reader refuses a guild with a newer one.
    pub v: u8,
    /// Revision that it holds.
    pub revision: u64,
    /// The kept state.
    pub kept: super::Kept,
    /// Answers that belong to it and may not have reached anybody yet; see [`Record::said`].
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "known")]
    pub said: Vec<Said>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guild::Refusal;

    #[test]
    fn words_of_another_release_are_left_out_and_the_record_is_read() {
        let said = Said {
            id: 5,
            at_ms: 7,
            say: Say::Refused(Refusal::NothingPlaying),
        };
        let record = Record {
            v: RECORD_VERSION,
            epoch: 1,
            revision: 3,
            at_ms: 7,
            cause: CauseId::Interaction(5),
            events: vec![Event::Heard],
            said: vec![said.clone()],
        };
        let mut written = serde_json::to_value(&record).expect("it is written");
        assert_eq!(
            serde_json::from_value::<Record>(written.clone()).expect("it is read"),
            record
        );
        written["said"] = serde_json::json!([{ "id": 4, "at_ms": 7, "say": { "sung": 1 } }, said]);
        assert_eq!(serde_json::from_value::<Record>(written).expect("it is read"), record);
    }
}
