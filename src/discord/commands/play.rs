//! `/play`

use ostinato_machine::guild::{Command, Where};

use super::Meaning;
use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, OptionSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "play",
    aliases: &["p"],
    description: "Find a track or playlist and add it to the queue",
    options: &[
        OptionSpec {
            name: "query",
            description: "Words to search for, or the address of a track or playlist",
            required: true,
            kind: Kind::Search { max_chars: 500 },
        },
        OptionSpec {
            name: "where",
            description: "Where in the queue; at the end if not said",
            required: false,
            kind: Kind::Choice(&[("end", "at the end"), ("next", "next"), ("now", "now")]),
        },
    ],
    visibility: Visibility::Public,
    rights: Rights::InVoice,
    scope: Scope::Server,
    help: "Joins your voice channel if needed. Words take the first result; the address of a playlist adds all of it. \
           `yt:`, `ytm:`, `sc:`, `sp:`, `dz:` or `am:` before the words looks on YouTube, YouTube Music, SoundCloud, \
           Spotify, Deezer or Apple Music, as far as the audio server offers them. \
           `next` puts it right after the current track, `now` leaves the current track for it.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    let at = match given.text("where") {
        Some("next") => Where::Next,
        Some("now") => Where::Now,
        _ => Where::End,
    };
    let query = given.text("query").unwrap_or_default();
    // What nobody can see is no part of a name, and would not be seen in an answer either.
    let query = query.replace(char::is_control, " ");
    let query = query.trim().into();
    Ok(Meaning::Guild(Command::Play { query, at }))
}
