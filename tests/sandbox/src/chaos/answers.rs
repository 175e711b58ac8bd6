//! What became of each command, told from what its user could read.

use crate::discord::{Answer, InteractionHandle};

/// What became of an accepted command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// It was done.
    Applied,
    /// It was not done, and its user was told why.
    Refused,
    /// A fault hit it, and its user was given a reference.
    DeadLettered,
    /// Its user waits still.
    Held,
    /// Its user reads something that is none of these, or what was there was taken away.
    Unknown,
}

/// How an answer begins by which a command was not done.
const REFUSALS: [&str; 23] = [
    "That needs you in a voice channel",
    "The music is in <#",
    "I am in no voice channel",
    "Nothing is playing",
    "The queue is empty. Add",
    "I am in <#",
    "The music is paused already",
    "The music is not paused",
    "Nobody paused the music",
    "The queue is full",
    "Nothing was found",
    "The source could not load",
    "The search took too long",
    "No audio server can be reached right now",
    "That is behind the end",
    "There is no place",
    "There is nothing to shuffle",
    "It took too long",
    "It arrived too late",
    "Too many commands came at once",
    "The music of this server is being repaired",
    "I am restarting",
    "What is saved of this server",
];

/// The same, where a number comes first.
const PENDING: &str = "wait for an answer already";

/// What is said of a command that killed its guild.
const FAULT: &str = "A fault hit this command, and it was not done. Reference ";

/// Words of which an answer to a command has one when it was done.
fn signs(command: &str) -> &'static [&'static str] {
    match command {
        "connect" => &["Joined"],
        "play" => &["Added ", "Now playing: "],
        "skip" => &["Skipped "],
        "pause" => &["Paused "],
        "resume" => &[" goes on"],
        "seek" => &[" goes on at ", " plays from its start"],
        "volume" => &["The volume is"],
        "loop" => &["repeat"],
        "remove" => &["Removed "],
        "move" => &["Moved "],
        "shuffle" => &["Shuffled "],
        "clear" => &["Dropped "],
        // They show something, whatever there is.
        "nowplaying" | "queue" => &[""],
        _ => &[],
    }
}

/// What an answer says became of a command.
pub(super) fn became(command: &str, text: &str) -> Became {
    let is_refusal = REFUSALS.iter().any(|begin| text.starts_with(begin)) || text.contains(PENDING);
    if text.starts_with(FAULT) {
        Became::DeadLettered
    } else if is_refusal {
        Became::Refused
    } else if !text.is_empty() && signs(command).iter().any(|sign| text.contains(sign)) {
        Became::Applied
    } else {
        Became::Unknown
    }
}

/// Whether somebody has read two answers to one command: two messages that stand, or one whose words became others. An
/// answer that was taken back before the next one came is none.
pub(super) fn is_twice(answers: &[Answer], standing: usize) -> bool {
    let mut said: Vec<&Answer> = answers.iter().filter(|answer| !answer.text.is_empty()).collect();
    said.dedup_by(|one, other| one.message == other.message && one.text == other.text);
    let changed = said.iter().enumerate().any(|(at, one)| {
        let rest = said.iter().skip(at + 1);
        rest.into_iter().any(|other| other.message == one.message)
    });
    changed || standing > 1
}

/// One command, in the end.
#[derive(Clone, Debug)]
pub(super) struct Command {
    /// What was typed.
    pub(super) name: String,
    /// What its user reads.
    pub(super) text: String,
    /// What became of it.
    pub(super) became: Became,
    /// Whether two answers could be read.
    pub(super) twice: bool,
    /// When it was typed, ms of the run.
    pub(super) at_ms: u64,
}

/// Reads one command; `None` if it never got a first callback.
pub(super) async fn read(said: &InteractionHandle) -> Option<Command> {
    said.first(std::time::Duration::ZERO).await?;
    let name = said.command();
    let standing: Vec<Answer> = said.standing().into_iter().filter(|it| !it.text.is_empty()).collect();
    let became = match standing.last() {
        Some(answer) => became(&name, &answer.text),
        None if said.answers().is_empty() && said.deletes().is_empty() => Became::Held,
        None => Became::Unknown,
    };
    Some(Command {
        twice: is_twice(&said.answers(), standing.len()),
        text: standing.last().map(|answer| answer.text.clone()).unwrap_or_default(),
        at_ms: said.said_at_ms(),
        name,
        became,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discord::{AnswerHow, SeenBy};

    fn answer(message: u64, text: &str) -> Answer {
        Answer {
            at_ms: 0,
            after_ms: 0,
            how: AnswerHow::Callback,
            message,
            seen_by: SeenBy::All,
            text: text.into(),
            body: serde_json::Value::Null,
        }
    }

    #[test]
    fn an_answer_says_whether_its_command_was_done() {
        for (command, text, expected) in [
            ("pause", "Paused **Tune**. /resume goes on.", Became::Applied),
            (
                "pause",
                "The music is paused already. /resume goes on.",
                Became::Refused,
            ),
            ("resume", "**Tune** goes on.", Became::Applied),
            (
                "play",
                "Nothing was found for \"Added by\". Try other words.",
                Became::Refused,
            ),
            ("play", "Added **Tune** · place 3.\nNot saved yet: …", Became::Applied),
            (
                "skip",
                "A fault hit this command, and it was not done. Reference K7.",
                Became::DeadLettered,
            ),
            (
                "skip",
                "The music of this server is being repaired; its queue is kept. Reference K7.",
                Became::Refused,
            ),
            (
                "queue",
                "The queue is empty. Add something with /play.",
                Became::Refused,
            ),
            ("queue", "Now playing Tune", Became::Applied),
            (
                "volume",
                "16 commands wait for an answer already. Repeat the command in a moment.",
                Became::Refused,
            ),
            ("skip", "What nobody has ever said", Became::Unknown),
            ("queue", "", Became::Unknown),
        ] {
            assert_eq!(became(command, text), expected, "{command}: {text}");
        }
    }

    #[test]
    fn two_answers_are_two_messages_or_other_words_in_one() {
        let (one, same, other) = (answer(1, "a"), answer(1, "a"), answer(1, "b"));
        assert!(
            !is_twice(&[answer(1, ""), one.clone(), same], 1),
            "said again, the same"
        );
        assert!(is_twice(&[one.clone(), other], 1), "what was read has changed");
        assert!(is_twice(&[one.clone(), answer(2, "b")], 2), "two messages stand");
        assert!(!is_twice(&[one, answer(2, "b")], 1), "the first was taken back");
    }
}
