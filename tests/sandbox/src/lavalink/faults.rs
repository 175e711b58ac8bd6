//! What can be broken in a running node, and mended.

use std::sync::atomic::Ordering;

use tokio_tungstenite::tungstenite::Message;

use super::server::{Cut, LavalinkNode, lock};

impl LavalinkNode {
    /// The process dies: connections are reset, memory is gone, nothing is accepted.
    pub fn kill(&self) {
        self.0.down.store(true, Ordering::SeqCst);
        self.cut(Cut::Reset);
        let now = self.0.now();
        self.0.with_core(|core| core.die(now));
    }

    /// The process is told to end: websockets are closed with 1001, memory is gone, nothing is accepted.
    pub fn shut_down(&self) {
        self.0.down.store(true, Ordering::SeqCst);
        self.cut(Cut::GoingAway);
        let now = self.0.now();
        self.0.with_core(|core| core.die(now));
    }

    /// It is started again, with nothing in memory.
    pub fn restart(&self) {
        self.0.down.store(false, Ordering::SeqCst);
    }

    /// Whether it accepts nothing since [`Self::kill`] or [`Self::shut_down`].
    pub fn is_down(&self) -> bool {
        self.0.down.load(Ordering::SeqCst)
    }

    /// Whether it reads and writes nothing since [`Self::freeze`].
    pub fn is_frozen(&self) -> bool {
        *self.0.frozen.borrow()
    }

    /// Every connection is dropped without a farewell; sessions stay as they were set up.
    pub fn abort(&self) {
        self.cut(Cut::Reset);
    }

    /// Reads and writes nothing until it is thawed; connections stay open.
    pub fn freeze(&self, frozen: bool) {
        self.0.frozen.send_replace(frozen);
    }

    /// Every second REST answer and some websocket messages make no sense while this is on.
    pub fn garbage(&self, on: bool) {
        self.0.garbage.store(on, Ordering::SeqCst);
        if on {
            let sockets: Vec<_> = lock(&self.0.sockets).values().cloned().collect();
            for socket in sockets {
                let _ = socket.send(Message::text("{\"op\":\"event\",\"type\":"));
                let _ = socket.send(Message::text("not even JSON"));
                let _ = socket.send(Message::text("{\"op\":\"surprise\",\"guildId\":\"1\"}"));
            }
        }
    }

    /// REST requests are taken and never answered while this is on.
    pub fn mute_rest(&self, on: bool) {
        self.0.mute_rest.store(on, Ordering::SeqCst);
    }

    /// Connections are accepted and websockets never upgraded while this is on.
    pub fn never_upgrade(&self, on: bool) {
        self.0.never_upgrade.store(on, Ordering::SeqCst);
    }

    /// Look-ups take this much longer, ms.
    pub fn slow_loads(&self, ms: u64) {
        self.0.slow_loads_ms.store(ms, Ordering::SeqCst);
    }

    /// Requests that want a new voice connection are never answered while this is on, nor are later ones of the same
    /// player until it was deleted.
    pub fn hang_voice(&self, on: bool) {
        self.0.with_core(|core| core.hang_voice(on));
    }

    /// The voice server closes the connection of `guild`'s player with `code`.
    pub fn close_voice(&self, guild: u64, code: u16) {
        let now = self.0.now();
        self.0.with_core(|core| {
            for id in core.sessions_with(guild) {
                core.close_voice(now, &id, guild, code);
            }
        });
    }

    /// The voice server of `guild`'s player vanishes: it is not heard any more, and nothing is reported.
    pub fn lose_voice(&self, guild: u64) {
        let now = self.0.now();
        self.0.with_core(|core| core.lose_voice(now, guild));
    }

    /// When `guild`'s player next gives its voice connection up, by DELETE or by new voice data, nothing is said of it
    /// and the old connection lives on.
    pub fn lose_race(&self, guild: u64) {
        self.0.with_core(|core| core.lose_race(guild));
    }

    /// The close of a discarded voice connection is reported for `guild`, whose player may be well.
    pub fn close_zombie(&self, guild: u64, code: u16) {
        let now = self.0.now();
        self.0.with_core(|core| core.close_zombie(now, guild, code));
    }

    /// Sessions that wait for their client are gone, as if their time had run out.
    pub fn expire_sessions(&self) {
        let now = self.0.now();
        self.0.with_core(|core| core.expire_paused(now));
    }

    /// `guild`'s track goes dry where it is: it is reported as stuck after 10 s, and never ends by itself.
    pub fn stick(&self, guild: u64) {
        let now = self.0.now();
        self.0.with_core(|core| core.stick(now, guild));
    }

    fn cut(&self, cut: Cut) {
        self.0.cut.send_replace(Some(cut));
    }
}
