//! `PATCH /v4/sessions/{s}/players/{g}`: what it does, in which order.

use serde_json::{Value, json};

use super::core::Core;
use super::link::Dial;
use super::player::Player;
use super::playing::Playing;
use super::reply::{Answer, Problem, Reply};
use super::update::Update;
use super::voice::MediaFound;
use super::{DecodeError, TrackData, filters};

impl Core {
    /// Works a PATCH off: body, then session, then contents; a bad track is found last.
    pub(super) fn patch(
        &mut self,
        now: u64,
        id: &str,
        guild: u64,
        no_replace: bool,
        body: &Value,
    ) -> Result<Answer, Problem> {
        let update = Update::read(body)?;
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.socket.is_some()) else {
            return Err(Problem::no_session());
        };
        update.check(&self.config.disabled_filters)?;
        session.players.entry(guild).or_insert_with(|| Player::new(guild, now));
        if let Some(voice) = &update.voice {
            let dial = self.dial(now, id, guild, voice);
            self.account(now, id, guild);
            match dial? {
                Dial::Done => {}
                Dial::Waits(at) => return Ok(Answer::Later(at)),
                Dial::Hangs => return Ok(Answer::Never),
            }
        }
        self.settings(now, id, guild, no_replace, &update)?;
        let done = self.track_part(now, id, guild, no_replace, update);
        if let Some(player) = self.player(id, guild) {
            player.settle(now);
        }
        self.account(now, id, guild);
        done?;
        let player = self.player(id, guild).map_or(Value::Null, |player| player.json(now));
        Ok(Answer::Now(Reply::json(200, player)))
    }

    fn settings(&mut self, now: u64, id: &str, guild: u64, no_replace: bool, update: &Update) -> Result<(), Problem> {
        let Some(player) = self.player(id, guild) else {
            return Ok(());
        };
        if let Some(volume) = update.volume {
            player.volume = volume.clamp(0, 1_000);
        }
        let skipped = no_replace && player.track.is_some() && update.is_track();
        if !skipped && !update.is_track() {
            self.current(now, id, guild, update);
        }
        if let Some(filters) = &update.filters {
            filters::check_bands(filters)?;
            if let Some(player) = self.player(id, guild) {
                player.filters = filters.clone();
                if let Some(track) = &mut player.track {
                    track.filter(filters::speed(filters), filters::refused(filters), now);
                }
            }
            self.update(now, id, guild);
        }
        Ok(())
    }

    /// What applies to the track that is there.
    fn current(&mut self, now: u64, id: &str, guild: u64, update: &Update) {
        let Some(player) = self.player(id, guild) else { return };
        player.paused = update.paused.unwrap_or(player.paused);
        player.settle(now);
        let Some(track) = &mut player.track else { return };
        if let Some(user_data) = &update.user_data {
            track.user_data = user_data.clone();
        }
        if let Some(position) = update.position {
            track.seek(position, now);
        }
        if let Some(end) = update.end_time {
            track.end_at(end, now);
        }
        if update.position.is_some() {
            self.update(now, id, guild);
        }
    }

    fn track_part(&mut self, now: u64, id: &str, guild: u64, no_replace: bool, update: Update) -> Result<(), Problem> {
        let loaded = self.player(id, guild).is_some_and(|player| player.track.is_some());
        if !update.is_track() || (no_replace && loaded) {
            return Ok(());
        }
        // Un-pausing is done before a track turns out to be bad.
        if let Some(player) = self.player(id, guild) {
            player.paused = update.paused.unwrap_or(false);
        }
        let data = match (&update.encoded, &update.identifier) {
            (Some(Some(encoded)), _) => decoded(encoded)?,
            (None, Some(identifier)) => self.found(identifier)?,
            (Some(None) | None, _) => {
                self.end_track(now, id, guild, "stopped");
                return Ok(());
            }
        };
        if loaded {
            self.end_track(now, id, guild, "replaced");
        }
        self.play(now, id, guild, data, update);
        Ok(())
    }

    fn play(&mut self, now: u64, id: &str, guild: u64, data: TrackData, update: Update) {
        let behaviour = self.media.behaviour(&data);
        let cause = self.media.failure(&data);
        let position = update.position.unwrap_or(data.position);
        let Some(player) = self.player(id, guild) else { return };
        let mut track = Playing::new(data, behaviour, position, &cause, now);
        track.user_data = update.user_data.unwrap_or_else(|| json!({}));
        if let Some(end) = update.end_time {
            track.end_at(end, now);
        }
        if !player.filters.is_empty() {
            track.filter(filters::speed(&player.filters), filters::refused(&player.filters), now);
        }
        let told = track.data.json(position, &track.user_data);
        player.load(track, now);
        self.event(id, guild, "TrackStartEvent", &[("track", told)]);
        self.update(now, id, guild);
        self.update(now, id, guild);
    }

    fn found(&self, identifier: &str) -> Result<TrackData, Problem> {
        match self.media.find(identifier) {
            MediaFound::Track(data) => Ok(data),
            MediaFound::Empty => Err(Problem::bad("No matches found for identifier")),
            MediaFound::Error(_) => Err(Problem::bad("Something went wrong while looking up the track.")),
            MediaFound::List(..) | MediaFound::Search(_) => {
                Err(Problem::bad("Cannot play a playlist or search result"))
            }
        }
    }
}

/// The track of an encoded string.
pub(super) fn decoded(encoded: &str) -> Result<TrackData, Problem> {
    TrackData::decode(encoded).map_err(|error| match error {
        DecodeError::Short => Problem::uncaught(None),
        DecodeError::Bad(why) => Problem::uncaught(Some(&why)),
    })
}
