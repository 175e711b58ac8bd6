//! Which voice states Discord has given out and still holds.
//!
//! The Discord stand-in writes, the Lavalink stand-in reads: a player sounds only with a voice state that was issued
//! to this bot for this guild and is still held. A new voice connection for the same guild closes the older one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// What a voice connection is opened with: the two halves that Discord sends and the channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The voice session of the voice state.
    pub session_id: String,
    /// The token of the voice server update.
    pub token: String,
    /// The endpoint of the voice server update, `host:port`.
    pub endpoint: String,
    /// The channel that the user is in.
    pub channel_id: u64,
}

/// The registry. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Voices {
    inner: Arc<Mutex<HashMap<(u64, u64), Held>>>,
    changed: Arc<watch::Sender<u64>>,
}

#[derive(Debug)]
struct Held {
    grant: Grant,
    /// The connection that holds the voice session now; a newer one closes it.
    connection: Option<u64>,
}

impl Default for Voices {
    fn default() -> Self {
        Self {
            inner: Arc::default(),
            changed: Arc::new(watch::channel(0).0),
        }
    }
}

impl Voices {
    fn lock(&self) -> MutexGuard<'_, HashMap<(u64, u64), Held>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// Discord gives `user` this voice state in `guild`; an older grant ends.
    pub fn issue(&self, guild: u64, user: u64, grant: Grant) {
        self.lock().insert(
            (guild, user),
            Held {
                grant,
                connection: None,
            },
        );
        self.tell();
    }

    /// Discord takes the voice state away (left, kicked, gateway session gone).
    pub fn revoke(&self, guild: u64, user: u64) {
        self.lock().remove(&(guild, user));
        self.tell();
    }

    /// Whether Discord holds exactly this voice state for `user` in `guild`.
    pub fn holds(&self, guild: u64, user: u64, grant: &Grant) -> bool {
        self.lock().get(&(guild, user)).is_some_and(|held| held.grant == *grant)
    }

    /// Opens the voice connection `connection` with `grant`; the one that held it before is closed and returned.
    /// `None` if Discord does not hold this grant: it would answer with close code 4006 or 4004.
    pub fn connect(&self, guild: u64, user: u64, grant: &Grant, connection: u64) -> Option<Option<u64>> {
        let older = {
            let mut inner = self.lock();
            let held = inner.get_mut(&(guild, user)).filter(|held| held.grant == *grant)?;
            held.connection.replace(connection)
        };
        self.tell();
        Some(older.filter(|old| *old != connection))
    }

    /// Whether `connection` is the voice connection that Discord listens to for `user` in `guild`.
    pub fn is_live(&self, guild: u64, user: u64, connection: u64) -> bool {
        self.lock()
            .get(&(guild, user))
            .is_some_and(|held| held.connection == Some(connection))
    }

    /// Wakes whenever something here changed; the value rises.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}
