//! What a node needs of the world: media to play and voice servers to connect to.

use crate::catalogue::{Behaviour, Catalogue, Found};
use crate::lavalink::TrackData;
use crate::voices::{Grant, Voices};

/// What a look-up finds.
#[derive(Clone, Debug)]
pub enum MediaFound {
    /// One track.
    Track(TrackData),
    /// A playlist.
    List(String, Vec<TrackData>),
    /// Search results.
    Search(Vec<TrackData>),
    /// Nothing.
    Empty,
    /// The source fails with this message.
    Error(String),
}

/// What can be looked up and played.
pub trait Media {
    /// Looks an identifier up.
    fn find(&self, identifier: &str) -> MediaFound;
    /// How long that takes, ms.
    fn find_ms(&self, identifier: &str) -> u64;
    /// How a track plays.
    fn behaviour(&self, track: &TrackData) -> Behaviour;
    /// The name that the sound account knows a track by.
    fn name(&self, track: &TrackData) -> String;
    /// Why a track that fails does, as the node words it.
    fn failure(&self, _track: &TrackData) -> String {
        "java.lang.RuntimeException: Not success status code: 404".into()
    }
}

impl Media for Catalogue {
    fn find(&self, identifier: &str) -> MediaFound {
        match Self::find(self, identifier) {
            Found::Song(song) => song
                .load_error
                .clone()
                .map_or_else(|| MediaFound::Track(song.data()), MediaFound::Error),
            Found::List(name, songs) => MediaFound::List(name.into(), songs.iter().map(|song| song.data()).collect()),
            Found::Results(songs) => match songs.first().and_then(|song| song.load_error.clone()) {
                Some(message) => MediaFound::Error(message),
                None => MediaFound::Search(songs.iter().map(|song| song.data()).collect()),
            },
            Found::Nothing => MediaFound::Empty,
        }
    }

    fn find_ms(&self, identifier: &str) -> u64 {
        match Self::find(self, identifier) {
            Found::Song(song) => song.load_ms,
            Found::Results(songs) => songs.first().map_or(0, |song| song.load_ms),
            Found::List(..) | Found::Nothing => 0,
        }
    }

    fn behaviour(&self, track: &TrackData) -> Behaviour {
        self.by_uri(&track.identifier)
            .map_or(Behaviour::FailsToLoad, |song| song.behaviour)
    }

    fn name(&self, track: &TrackData) -> String {
        self.by_uri(&track.identifier)
            .map_or_else(|| track.identifier.clone(), |song| song.id.clone())
    }
}

/// How a voice connection came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connect {
    /// It is open.
    Open,
    /// It is open, but no session description ever comes: nothing is played into it.
    Undescribed,
    /// The voice server holds its handshake back for this long, ms.
    OpensIn(u64),
    /// The handshake is refused, or its certificate is not trusted.
    Refused,
    /// The voice server closed it at once with this code.
    Closed(u16),
    /// No answer, ever.
    Hangs,
}

/// The voice servers.
pub trait VoiceNet {
    /// Opens `connection` for `user` in `guild`.
    fn connect(&mut self, guild: u64, user: u64, grant: &Grant, connection: u64) -> Connect;
    /// Why `connection` is not open any more: the close code; `None` while it is.
    fn closed(&self, guild: u64, user: u64, grant: &Grant, connection: u64) -> Option<u16>;
}

impl VoiceNet for Voices {
    fn connect(&mut self, guild: u64, user: u64, grant: &Grant, connection: u64) -> Connect {
        match Self::connect(self, guild, user, grant, connection) {
            Some(_) => Connect::Open,
            None => Connect::Closed(4006),
        }
    }

    fn closed(&self, guild: u64, user: u64, grant: &Grant, connection: u64) -> Option<u16> {
        if self.is_live(guild, user, connection) {
            return None;
        }
        // Another connection took the session over, or Discord took the voice state away.
        Some(if self.holds(guild, user, grant) { 4006 } else { 4014 })
    }
}
