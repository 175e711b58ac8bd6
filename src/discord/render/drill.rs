//! What whoever orders a fault reads.

use ostinato_actors::chronicle::{Cause, Death, Ordered};

use super::message::{Card, Message};
use super::text::{number, safe, span};
use crate::config::{NotAllowed, Reach};
use crate::discord::commands::DrillFault;
use crate::discord::drill::{Drilled, NoDrill, View};

/// Longest quotation, characters.
const QUOTE: usize = 100;
/// Most deaths that are named of one fault.
const DEATHS: usize = 3;

/// Puts what came of an order into words.
pub(super) fn words(drilled: &Drilled) -> Message {
    match drilled {
        Drilled::Ordered { fault, reference } => Message::plain(format!(
            "Ordered: {}. It happens now; `/chaos status` shows what came of it. Reference {reference}.",
            ordered(*fault)
        )),
        Drilled::Refused(why) => Message::plain(refused(*why)),
        Drilled::Status(view) => status(view),
    }
}

fn ordered(fault: DrillFault) -> String {
    let seconds = |for_s: u32| format!("for {} s", number(for_s));
    match fault {
        DrillFault::Panic => "a panic, before anything is changed".into(),
        DrillFault::Poison => "poison, a panic in the midst of a change".into(),
        DrillFault::Block { ms } => format!("a block of this server's thread for {}", span(ms.into())),
        DrillFault::StoreSlow { ms, for_s } => {
            format!("saving takes {} longer, {}", span(ms.into()), seconds(for_s))
        }
        DrillFault::StoreFull { for_s } => format!("nothing can be saved, {}", seconds(for_s)),
    }
}

fn refused(why: NoDrill) -> String {
    match why {
        NoDrill::Stranger => {
            "Only who runs this bot may order faults: the owner of its application, or a member of its \
                              team."
                .into()
        }
        NoDrill::OwnersUnknown => {
            "Discord does not say right now who runs this bot, so nothing was done. Repeat the command in a moment."
                .into()
        }
        NoDrill::NotAllowed {
            guild,
            why: NotAllowed::NotNamed,
        } => format!(
            "No fault may be ordered in this server. To allow it, add `{guild}` to `chaos.guild_allowlist` and start me \
             again."
        ),
        NoDrill::NotAllowed {
            why: NotAllowed::Shared,
            ..
        } => "Other servers would feel that too: they share the thread and the storage. It needs \
                            `chaos.guild_allowlist` to be `*`."
            .into(),
        NoDrill::Asleep => "This server's music sleeps, so nothing could fail. Wake it with /queue and repeat the \
                            command."
            .into(),
        NoDrill::Away => "Nobody answers for this server's music right now. Repeat the command in a moment.".into(),
        NoDrill::Late => "It arrived too late and was not done. Repeat the command.".into(),
    }
}

fn status(view: &View) -> Message {
    let reach = match view.reach {
        Reach::Nowhere => format!(
            "Faults by order are switched on, but none may be ordered here: `chaos.guild_allowlist` does not name `{}`.",
            view.guild
        ),
        Reach::Here => "Panic and poison may be ordered here. What other servers would feel too needs \
                        `chaos.guild_allowlist` to be `*`."
            .into(),
        Reach::Everywhere => "Every fault may be ordered here.".into(),
    };
    let mut lines = vec![reach, String::new()];
    if view.last.is_empty() {
        lines.push("None was ordered here lately.".into());
    }
    for (drill, deaths) in &view.last {
        lines.push(line(drill));
        lines.extend(deaths.iter().take(DEATHS).map(|death| died(death)));
        if deaths.len() > DEATHS {
            lines.push(format!("  and {} more deaths", number(deaths.len() - DEATHS)));
        }
    }
    Message::of(Card {
        title: Some("Faults by order".into()),
        text: lines.join("\n"),
        footer: Some("Newest first; the log has all of them".into()),
        ..Card::default()
    })
}

fn line(drill: &Ordered) -> String {
    let fault = drill.fault.as_deref().unwrap_or_default();
    // Who orders from Discord is known by an id; elsewhere people say who they are.
    let who = match drill.who.parse::<u64>() {
        Ok(user) => format!("<@{user}>"),
        Err(_) if drill.who.is_empty() => "nobody named".into(),
        Err(_) => safe(&drill.who, QUOTE),
    };
    let (mark, outcome) = if drill.is_done() {
        ("✓", String::new())
    } else {
        ("✗", format!(" · {}", safe(&drill.outcome, QUOTE)))
    };
    format!(
        "{mark} **{}** {} by {who}{outcome} · reference {}",
        safe(fault, QUOTE),
        stamp(drill.at_ms),
        drill.reference
    )
}

fn died(death: &Death) -> String {
    let how = match death.cause {
        Cause::Decide => "died before anything was changed",
        Cause::Apply => "died in the midst of a change",
        Cause::Gone => "was gone without a word",
        Cause::NoValue => "could not start",
    };
    format!("  {how} {} · reference {}", stamp(death.at_ms), death.reference)
}

fn stamp(at_ms: u64) -> String {
    format!("<t:{}:R>", at_ms / 1_000)
}
