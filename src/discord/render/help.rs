//! What `/help` shows, from the command table.

use super::message::{Card, Message};
use crate::discord::commands::{COMMANDS, CommandSpec};

/// All commands.
pub(super) fn all() -> Message {
    let lines: Vec<String> = COMMANDS
        .iter()
        .map(|spec| format!("`{}` {}", spec.usage(), spec.description))
        .collect();
    Message::of(Card {
        title: Some("Commands".into()),
        text: lines.join("\n"),
        footer: Some("/help with a command's name explains it".into()),
        ..Card::default()
    })
}

/// One command with its options.
pub(super) fn one(spec: &CommandSpec) -> Message {
    let mut lines = vec![format!("{}. {}", spec.description, spec.help)];
    for option in spec.options {
        let needed = if option.required { "" } else { " (may be left out)" };
        lines.push(format!(
            "`{}` {}: {}{needed}",
            option.name,
            option.description,
            option.takes()
        ));
    }
    lines.push(format!(
        "Who may: {}. Who sees the answer: {}.",
        spec.rights.words(),
        spec.visibility.word()
    ));
    Message::of(Card {
        title: Some(spec.usage()),
        text: lines.join("\n"),
        footer: Some(format!("Works {}", spec.scope.words())),
        ..Card::default()
    })
}
