//! What is true of every guild at every time, and the names of what it is doing.

use super::*;

/// L6, and what is always true of a guild.
pub(super) fn check(g: &Guild, now: u64) {
    let (kept, passing, limits) = (&g.kept, &g.passing, &g.limits);
    assert!(
        kept.queue.len() <= limits.queue && kept.history.len() <= limits.history,
        "L6"
    );
    assert!(
        kept.pending.len() <= limits.pending && kept.causes.len() <= 2 * 256,
        "L6"
    );
    assert!(passing.tickets.len() <= kept.pending.len() + 2, "L6");
    autoplay(g);
    let seats = passing.seats.as_ref();
    assert!(seats.is_none_or(|seats| seats.len() <= limits.seats), "L6");
    let lengths = kept.queue.iter().filter_map(|entry| entry.track.length_ms);
    assert_eq!(kept.queue_ms, lengths.sum::<u64>(), "the sum is kept");
    let live = kept
        .queue
        .iter()
        .filter(|entry| entry.track.length_ms.is_none())
        .count();
    assert_eq!(kept.queue_live as usize, live);
    let current = kept.current.as_ref();
    let mut ids: Vec<_> = kept
        .queue
        .iter()
        .map(|entry| entry.id)
        .chain(current.map(|c| c.entry.id))
        .collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count, "an entry is in one place");
    let held = kept.hold_until_ms.is_some();
    assert!(
        current.is_some() || kept.queue.is_empty() || held,
        "a queue plays, or is held"
    );
    assert!(current.is_none() || !held, "what plays is not held");
    assert!(
        !kept.paused_by_user || current.is_some() || held,
        "silence is not paused"
    );
    match kept.channel {
        None => {
            assert_eq!(
                (kept.leave_at_ms, kept.paused_alone, kept.suppressed),
                (None, false, false),
                "out of voice nobody is alone"
            );
            assert_eq!(passing.placed, None, "out of voice there is no player");
        }
        Some(channel) => {
            let idle = current.is_none() && !held;
            assert!(!idle || kept.leave_at_ms.is_some(), "an idle bot leaves");
            if let Some(seats) = seats.filter(|seats| seats.len() < limits.seats) {
                let alone = !seats.iter().any(|(_, at)| *at == channel);
                assert_eq!(kept.paused_alone, alone, "alone is silent, and only alone");
                assert!(!alone || kept.leave_at_ms.is_some(), "a bot that nobody hears leaves");
            }
        }
    }
    let run = g.position(now + 1_000) - g.position(now);
    assert!(
        run <= 1_000 && (!g.paused() || run == 0),
        "time is position only while it sounds"
    );
    wake_ends(g, now);
}

fn autoplay(g: &Guild) {
    let Some(auto) = &g.kept.autoplay else { return };
    assert!(auto.against.len() <= 16 && auto.memory.len() <= 50, "L6");
    let waits = auto.awaited_ms.is_some();
    assert!(auto.on || (auto.next.is_none() && !waits), "off is off");
    let silent = g.kept.current.is_none() && g.kept.channel.is_some();
    assert!(!waits || silent, "only silence waits for autoplay");
}

/// Waking does not spin: due times are worked off.
fn wake_ends(g: &Guild, now: u64) {
    let due = |g: &Guild| wants(g).wake_at_ms.is_some_and(|at| at <= now);
    if !due(g) {
        return;
    }
    let mut g = g.clone();
    for _ in 0..6 {
        let i = Stamped {
            at_ms: now,
            seed: 1,
            cause: CauseId::Internal,
            input: Input::Wake,
        };
        let decision = decide(&g, &i);
        apply_all(&mut g, &i, &decision).expect("applied");
        if !due(&g) {
            return;
        }
    }
    panic!("waking spins: {:?}", wants(&g));
}

/// What an input goes by in the table of visited pairs.
pub(super) fn name(input: &Input) -> &'static str {
    match input {
        Input::Command { command, .. } => command_name(command),
        Input::Restored(_) => "restored",
        Input::Seat(_) => "seat",
        Input::Seats(_) => "seats",
        Input::OwnVoice { channel: Some(_), .. } => "in voice",
        Input::OwnVoice { channel: None, .. } => "out of voice",
        Input::VoiceServer { endpoint: Some(_), .. } => "voice server",
        Input::VoiceServer { endpoint: None, .. } => "no voice server",
        Input::ChannelGone { .. } => "channel gone",
        Input::GuildGone => "guild gone",
        Input::VoiceLost => "voice lost",
        Input::Placed { node: Some(_), .. } => "placed",
        Input::Placed { node: None, .. } => "no node",
        Input::Player { report, .. } => match report {
            Report::Whole(_) => "whole",
            Report::Update { .. } => "update",
            Report::Started { .. } => "started",
            Report::Ended { .. } => "ended",
            Report::Failed { .. } => "failed",
            Report::Stuck { .. } => "stuck",
            Report::VoiceClosed { .. } => "closed",
            Report::Refused { .. } => "refused",
            Report::Missing => "missing",
        },
        Input::Done { .. } => "done",
        Input::Card(_) => "card",
        Input::Expired { .. } => "expired",
        Input::Wake => "wake",
        Input::Fault(_) => "fault",
    }
}

/// Every name of [`phase`].
pub(super) const PHASES: [&str; 11] = [
    "absent", "kept", "joining", "idle", "held", "homeless", "loading", "failing", "paused", "alone", "playing",
];

/// What the guild is doing.
pub(super) fn phase(g: &Guild) -> &'static str {
    let (kept, passing) = (&g.kept, &g.passing);
    match (kept.channel, &kept.current) {
        (None, None) if kept.queue.is_empty() => "absent",
        (None, _) => "kept",
        (Some(_), _) if passing.voice.is_none() => "joining",
        (Some(_), None) if kept.hold_until_ms.is_some() => "held",
        (Some(_), None) => "idle",
        (Some(_), Some(_)) if passing.placed.is_none() => "homeless",
        (Some(_), Some(_)) if kept.paused_alone => "alone",
        (Some(_), Some(_)) if kept.paused_by_user => "paused",
        (Some(_), Some(_)) if !g.audible() => "loading",
        (Some(_), Some(_)) if passing.failing.is_some() => "failing",
        (Some(_), Some(_)) => "playing",
    }
}
