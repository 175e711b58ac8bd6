//! What a close code means.

/// What follows a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The session can be resumed.
    Resume,
    /// The session is gone: a new one.
    Identify,
    /// An intent is not granted: a new session without it.
    Unprivileged,
    /// Discord refuses for good; what an operator must do.
    Fatal(&'static str),
}

pub(super) fn verdict(code: u16) -> Verdict {
    match code {
        4004 => Verdict::Fatal(
            "the token is refused: set DISCORD_TOKEN to the bot's present token (Developer Portal, Bot, Reset Token)",
        ),
        4010 => Verdict::Fatal(
            "the shard number does not fit the shard count: start with the count that GET /gateway/bot recommends",
        ),
        4011 => Verdict::Fatal(
            "the bot is in too many guilds for this shard count: start with the count that GET /gateway/bot recommends",
        ),
        4012 => Verdict::Fatal("Discord no longer speaks this gateway version: upgrade Ostinato"),
        4013 => Verdict::Fatal("the intents make no sense to Discord: take back changes to them, or upgrade Ostinato"),
        4014 => Verdict::Unprivileged,
        4006 | 4007 | 4009 => Verdict::Identify,
        _ => Verdict::Resume,
    }
}
