//! What surrounds the node of a recording: its media server and its voice servers.

use sandbox::catalogue::Behaviour;
use sandbox::lavalink::{Connect, Core, CoreConfig, Media, MediaFound, TrackData, VoiceNet};
use sandbox::voices::Grant;
use serde_json::Value;

use crate::trace::{REFUSED, Trace, voice_server};

/// The media server: the tracks of the header with what it does to each.
struct Files(Vec<(TrackData, String)>);

impl Files {
    fn media(&self, identifier: &str) -> Option<&(TrackData, String)> {
        self.0.iter().find(|(track, _)| track.identifier == identifier)
    }
}

impl Media for Files {
    fn find(&self, identifier: &str) -> MediaFound {
        let failed = || MediaFound::Error("Something went wrong while looking up the track.".into());
        if !identifier.starts_with("http://") || identifier.ends_with("/gone.mp3") {
            return MediaFound::Empty;
        }
        self.media(identifier)
            .map_or_else(failed, |(track, _)| MediaFound::Track(track.clone()))
    }

    fn find_ms(&self, _identifier: &str) -> u64 {
        0
    }

    fn behaviour(&self, track: &TrackData) -> Behaviour {
        let media = self.media(&track.identifier).map_or("", |(_, media)| media.as_str());
        if media.contains("answers 404") || media.contains("text file") {
            Behaviour::FailsToLoad
        } else if media.contains("(12.5 s), then resets") {
            Behaviour::BreaksAt(12_500)
        } else if media.contains("one byte per second") {
            Behaviour::SticksAt(4_900)
        } else {
            Behaviour::Plays
        }
    }

    fn name(&self, track: &TrackData) -> String {
        track.identifier.clone()
    }

    fn failure(&self, track: &TrackData) -> String {
        let media = self.media(&track.identifier).map_or("", |(_, media)| media.as_str());
        let cause = if media.contains("text file") {
            "java.lang.IllegalStateException: Mp3 frame not found."
        } else if media.contains("is a 500") {
            "java.lang.RuntimeException: Not success status code: 500"
        } else {
            "java.lang.RuntimeException: Not success status code: 404"
        };
        cause.into()
    }
}

/// The voice servers of the header.
struct Servers(Value);

impl VoiceNet for Servers {
    fn connect(&mut self, _guild: u64, _user: u64, grant: &Grant, _connection: u64) -> Connect {
        if grant.endpoint == REFUSED {
            return Connect::Hangs;
        }
        let number = (1..=2).find(|number| voice_server(*number) == grant.endpoint);
        let server = &self.0[number.expect("a voice server of the recording").to_string()];
        if server.get("refuse_handshake").is_some() || server.get("untrusted_certificate").is_some() {
            Connect::Refused
        } else if let Some(ms) = server["hold_handshake_ms"].as_u64() {
            Connect::OpensIn(ms)
        } else if server["no_session_description"] == true {
            Connect::Undescribed
        } else {
            Connect::Open
        }
    }

    fn closed(&self, _guild: u64, _user: u64, _grant: &Grant, _connection: u64) -> Option<u16> {
        None
    }
}

/// A node in the world of a recording.
pub(crate) fn node(trace: &Trace) -> Core {
    let disabled: &[&str] = if trace.name == "filters-disabled" {
        &["timescale", "tremolo"]
    } else {
        &[]
    };
    let config = CoreConfig {
        name: "recorded".into(),
        password: "pw".into(),
        version: "4.2.2".into(),
        seed: 7,
        disabled_filters: disabled.iter().map(|name| (*name).to_owned()).collect(),
    };
    let servers = trace.header.get("voice_servers").cloned().unwrap_or_default();
    let mut core = Core::new(config, Box::new(Files(trace.tracks())), Box::new(Servers(servers)));
    if trace.has("rare") {
        // The race that the recording was repeated for.
        core.lose_race(1_001);
    }
    core
}
