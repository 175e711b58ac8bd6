//! Answers about faults by order, each with words that must be in it.

use std::sync::Arc;

use ostinato_actors::chronicle::{Cause, DONE, Death, Ordered};
use ostinato_machine::ids::{GuildId, ShardId};

use super::*;
use crate::config::{NotAllowed, Reach};
use crate::discord::commands::DrillFault;
use crate::discord::drill::{Drilled, NoDrill, View};

/// Every refusal.
pub(super) fn refusals() -> Vec<(NoDrill, Vec<&'static str>)> {
    let not = |why| NoDrill::NotAllowed {
        guild: GuildId(77),
        why,
    };
    vec![
        (NoDrill::Stranger, vec!["the owner of its application", "its team"]),
        (NoDrill::OwnersUnknown, vec!["who runs this bot", "in a moment"]),
        (not(NotAllowed::NotNamed), vec!["add `77` to `chaos.guild_allowlist`"]),
        (
            not(NotAllowed::Shared),
            vec!["Other servers", "`chaos.guild_allowlist` to be `*`"],
        ),
        (NoDrill::Asleep, vec!["sleeps", "/queue"]),
        (NoDrill::Away, vec!["Nobody answers", "in a moment"]),
        (NoDrill::Late, vec!["too late", "Repeat"]),
    ]
}

pub(super) fn locals() -> Vec<(Local, Vec<&'static str>)> {
    let of = |drilled| Local::Drill(Box::new(drilled));
    let ordered = |fault| {
        of(Drilled::Ordered {
            fault,
            reference: "k3w7dvn".into(),
        })
    };
    let status = |reach, last| {
        let guild = GuildId(77);
        of(Drilled::Status(View { guild, reach, last }))
    };
    let mut all = vec![
        (
            ordered(DrillFault::Panic),
            vec!["a panic", "/chaos status", "Reference k3w7dvn"],
        ),
        (ordered(DrillFault::Poison), vec!["poison"]),
        (ordered(DrillFault::Block { ms: 2_000 }), vec!["thread for 2.0 s"]),
        (
            ordered(DrillFault::StoreSlow { ms: 50, for_s: 600 }),
            vec!["50 ms longer", "for 600 s"],
        ),
        (ordered(DrillFault::StoreFull { for_s: 3 }), vec!["be saved", "for 3 s"]),
        (
            status(Reach::Nowhere, vec![]),
            vec!["does not name `77`", "None was ordered here"],
        ),
        (
            status(Reach::Here, vec![]),
            vec!["Panic and poison may", "`chaos.guild_allowlist` to be `*`"],
        ),
        (
            status(Reach::Everywhere, drills()),
            vec![
                "Every fault may be ordered here",
                "✓ **panic** <t:9:R> by <@44> · reference o9",
                "  died before anything was changed <t:9:R> · reference d9",
                "  and 1 more deaths",
                "✗ **store full for 3 s** <t:8:R> by Ann · not done (why \\*not\\*) · reference o8",
                "✓ **panic** <t:7:R> by nobody named · reference o7",
            ],
        ),
    ];
    let refused = refusals().into_iter();
    all.extend(refused.map(|(why, facts)| (of(Drilled::Refused(why)), facts)));
    all
}

fn drills() -> Vec<(Arc<Ordered>, Vec<Arc<Death>>)> {
    let order = |second: u64, who: &str, fault: &str, outcome: &str| {
        Arc::new(Ordered {
            at_ms: second * 1_000,
            who: who.into(),
            why: String::new(),
            what: String::new(),
            reference: format!("o{second}").into(),
            outcome: outcome.into(),
            guild: Some(GuildId(77)),
            fault: Some(fault.into()),
        })
    };
    let death = Arc::new(Death {
        at_ms: 9_000,
        guild: GuildId(77),
        shard: ShardId(0),
        incarnation: 1,
        cause: Cause::Decide,
        place: "a.rs:1".into(),
        input: "fault".into(),
        reference: "d9".into(),
        kept: true,
        before: Vec::new(),
    });
    vec![
        (order(9, "44", "panic", DONE), vec![death; 4]),
        (
            order(8, "Ann", "store full for 3 s", "not done (why *not*)"),
            Vec::new(),
        ),
        (order(7, "", "panic", DONE), Vec::new()),
    ]
}

#[test]
fn a_refusal_of_a_fault_is_one_plain_line() {
    for (why, _) in refusals() {
        let message = local(&Local::Drill(Box::new(Drilled::Refused(why))));
        assert!(message.card.is_none() && !message.text.contains('\n'), "{why:?}");
    }
}
