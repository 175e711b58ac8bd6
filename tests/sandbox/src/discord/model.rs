//! What a run asks the stand-in to be: the configuration, the guilds, ids and rights.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// First millisecond of a snowflake's clock, in Unix time.
const EPOCH_MS: u64 = 1_420_070_400_000;

/// Rights, as bits of Discord's permission set.
pub mod rights {
    /// Everything is allowed.
    pub const ADMINISTRATOR: u64 = 1 << 3;
    /// The guild's settings may be changed.
    pub const MANAGE_GUILD: u64 = 1 << 5;
    /// A channel is seen.
    pub const VIEW_CHANNEL: u64 = 1 << 10;
    /// Messages may be written.
    pub const SEND_MESSAGES: u64 = 1 << 11;
    /// Messages of others may be deleted.
    pub const MANAGE_MESSAGES: u64 = 1 << 13;
    /// Links and embeds are shown.
    pub const EMBED_LINKS: u64 = 1 << 14;
    /// Older messages are seen.
    pub const READ_MESSAGE_HISTORY: u64 = 1 << 16;
    /// A voice channel may be entered.
    pub const CONNECT: u64 = 1 << 20;
    /// Sound may be sent.
    pub const SPEAK: u64 = 1 << 21;
    /// Muting others; on a stage, letting itself and others speak.
    pub const MUTE_MEMBERS: u64 = 1 << 22;
    /// Others may be moved; a full channel may be entered.
    pub const MOVE_MEMBERS: u64 = 1 << 24;
    /// Slash commands may be used.
    pub const USE_APPLICATION_COMMANDS: u64 = 1 << 31;
    /// What every member has when nothing else is said.
    pub const EVERYONE: u64 =
        VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | READ_MESSAGE_HISTORY | CONNECT | SPEAK | USE_APPLICATION_COMMANDS;
    /// What the bot is invited with when nothing else is said.
    pub const INVITED: u64 = VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | READ_MESSAGE_HISTORY | CONNECT | SPEAK;
}

/// How a stand-in is started.
#[derive(Clone, Debug)]
pub struct DiscordConfig {
    /// The bot's token, without `Bot `.
    pub token: String,
    /// How many shards `/gateway/bot` recommends; guilds are spread over so many.
    pub shards: u32,
    /// How many shards may identify within 5 s.
    pub max_concurrency: u32,
    /// IDENTIFYs that are left for the day.
    pub session_starts: u32,
    /// Heartbeat interval told in HELLO.
    pub heartbeat_interval_ms: u64,
    /// How long a session without a socket can be resumed.
    pub resume_window_ms: u64,
    /// How long an interaction waits for its first callback.
    pub callback_within_ms: u64,
    /// How long an interaction's token is good for after that.
    pub token_life_ms: u64,
    /// Whether the application was granted the privileged message content intent.
    pub content_intent: bool,
    /// Discord's own OpenAPI document. Without it requests are not validated, and that is said.
    pub openapi: Option<PathBuf>,
    /// Seed of tokens and session ids.
    pub seed: u64,
    /// Where the run's clock starts.
    pub origin: Instant,
}

impl Default for DiscordConfig {
    fn default() -> Self {
        Self {
            token: "MTA.stand-in.token".into(),
            shards: 1,
            max_concurrency: 16,
            session_starts: 1_000,
            heartbeat_interval_ms: 41_250,
            resume_window_ms: 180_000,
            callback_within_ms: 3_000,
            token_life_ms: 900_000,
            content_intent: false,
            openapi: None,
            seed: 0,
            origin: Instant::now(),
        }
    }
}

/// A voice channel to be made.
#[derive(Clone, Debug, Default)]
pub struct VoiceSpec {
    /// Its name.
    pub name: String,
    /// How many fit; 0 is no limit.
    pub user_limit: u32,
    /// Whether it is a stage, on which a bot is an audience until it unsuppresses itself.
    pub stage: bool,
}

/// A member to be made.
#[derive(Clone, Debug, Default)]
pub struct MemberSpec {
    /// The user's name, unique in the guild.
    pub name: String,
    /// Whether it is another bot.
    pub bot: bool,
    /// Names of the guild's roles that it has.
    pub roles: Vec<String>,
    /// An existing user that joins under this name; a new one if `None`.
    pub user: Option<u64>,
}

/// A role to be made.
#[derive(Clone, Debug, Default)]
pub struct RoleSpec {
    /// Its name.
    pub name: String,
    /// Its rights on top of everyone's, see [`rights`].
    pub permissions: u64,
}

/// A guild to be made.
#[derive(Clone, Debug, Default)]
pub struct GuildSpec {
    /// Its name.
    pub name: String,
    /// Names of its text channels.
    pub text: Vec<String>,
    /// Its voice channels.
    pub voice: Vec<VoiceSpec>,
    /// Its members apart from the bot and the owner.
    pub members: Vec<MemberSpec>,
    /// Its roles apart from everyone's and the bot's.
    pub roles: Vec<RoleSpec>,
    /// The shard that it falls on; spread evenly if `None`.
    pub shard: Option<u32>,
}

/// The ids that a made guild and its parts got, by name.
#[derive(Clone, Debug, Default)]
pub struct GuildIds {
    /// The guild.
    pub id: u64,
    /// Text channels.
    pub text: BTreeMap<String, u64>,
    /// Voice channels.
    pub voice: BTreeMap<String, u64>,
    /// Members.
    pub members: BTreeMap<String, u64>,
    /// Roles.
    pub roles: BTreeMap<String, u64>,
}

/// Where somebody is in voice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiceView {
    /// The channel.
    pub channel: u64,
    /// Whether it may not be heard there: an audience member of a stage, or without the right to speak.
    pub suppressed: bool,
    /// Whether it deafened itself.
    pub self_deaf: bool,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct RequestRecord {
    /// When, on the run's clock.
    pub at_ms: u64,
    /// Discord's name of the operation; empty for an unknown one.
    pub operation: &'static str,
    /// `GET`, `POST` …
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// The guild that it is about, if it is about one.
    pub guild: Option<u64>,
    /// The body, `null` if there was none.
    pub body: serde_json::Value,
    /// The answer's status; 0 if the connection was dropped.
    pub status: u16,
}

/// What happened at the gateway and to the commands, for reports.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct DiscordSummary {
    /// IDENTIFYs that got a session.
    pub identifies: u64,
    /// RESUMEs that were answered RESUMED, by the path of the socket that they came on.
    pub resumes: BTreeMap<String, u64>,
    /// RESUMEs that were refused.
    pub resumes_refused: u64,
    /// When each RESUMED was sent, on the run's clock, in ms.
    pub resumed_at_ms: Vec<u64>,
    /// When the gateway's port was opened again after an injected absence, on the run's clock, in ms.
    pub gateway_back_at_ms: Vec<u64>,
    /// Interactions that users made.
    pub interactions_sent: u64,
    /// Those among them for which the bot had no session at all.
    pub interactions_undelivered: u64,
    /// Those with a first callback in time.
    pub interactions_answered: u64,
    /// Those with an answer that the user could read.
    pub interactions_read: u64,
    /// Those whose first callback came too late.
    pub interactions_late: u64,
    /// Those that were given a second first callback.
    pub answered_twice: u64,
    /// Requests answered 429 because a limit was exceeded (injected ones excluded).
    pub limited: u64,
}

/// Gives out snowflakes: the present time in the upper bits, never the same twice.
#[derive(Debug, Default)]
pub(super) struct Snowflakes {
    last: u64,
    guilds: u64,
}

/// Milliseconds of Unix time.
pub(super) fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl Snowflakes {
    /// An id made now.
    pub(super) fn next(&mut self) -> u64 {
        let now = unix_ms().saturating_sub(EPOCH_MS) << 22;
        self.last = now.max(self.last + 1);
        self.last
    }

    /// An id of a guild made some time ago that falls on `shard` of `shards`; spread evenly if it is `None`.
    pub(super) fn guild(&mut self, shard: Option<u32>, shards: u32) -> u64 {
        let shards = u64::from(shards.max(1));
        self.guilds += 1;
        let shard = shard.map_or(self.guilds, u64::from) % shards;
        let day_ms = 86_400_000;
        let then = unix_ms().saturating_sub(EPOCH_MS + day_ms) / shards * shards + shard;
        (then << 22) | (self.guilds & 0x3f_ffff)
    }
}

/// `ms` of Unix time as Discord writes it.
pub(super) fn iso(ms: u64) -> String {
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    // Days to a civil date, counted in eras of 400 years that start on 1 March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 {
        month_shifted + 3
    } else {
        month_shifted - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}000+00:00",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000
    )
}

/// When the snowflake `id` was made, in ms of Unix time.
pub(super) const fn made_at(id: u64) -> u64 {
    (id >> 22) + EPOCH_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_the_present_time_and_never_comes_twice() {
        let mut ids = Snowflakes::default();
        let before = unix_ms();
        let made: Vec<u64> = (0..5_000).map(|_| ids.next()).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made_at(made[0]) >= before && made_at(made[0]) <= unix_ms());
    }

    #[test]
    fn a_guild_falls_on_the_shard_that_was_asked_for() {
        let mut ids = Snowflakes::default();
        for shard in [0, 3, 3, 1] {
            assert_eq!((ids.guild(Some(shard), 4) >> 22) % 4, u64::from(shard));
        }
        let spread: std::collections::BTreeSet<u64> = (0..4).map(|_| (ids.guild(None, 4) >> 22) % 4).collect();
        assert_eq!(spread.len(), 4, "spread over all shards");
    }

    #[test]
    fn a_time_is_written_as_discord_writes_it() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(iso(1_709_210_096_789), "2024-02-29T12:34:56.789000+00:00");
    }
}
