//! What `/help` shows, from the command table.

use super::message::{Card, Message};
use crate::discord::commands::{CommandSpec, Table};

/// One command, one family, or all that there are.
pub(super) fn of(command: Option<&str>, table: Table) -> Message {
    let Some(name) = command else {
        return list("Commands".into(), table.specs());
    };
    match table.find(name) {
        Some(spec) => one(spec),
        None => list(format!("/{name}"), table.family(name)),
    }
}

fn list(title: String, specs: impl Iterator<Item = &'static CommandSpec>) -> Message {
    let lines: Vec<String> = specs
        .map(|spec| format!("`{}` {}", spec.usage(), spec.description))
        .collect();
    Message::of(Card {
        title: Some(title),
        text: lines.join("\n"),
        footer: Some("/help with a command's name explains it".into()),
        ..Card::default()
    })
}

/// One command with its options.
fn one(spec: &CommandSpec) -> Message {
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
