//! What the tracks of a run sound like, for a browser that wants to hear them.
//!
//! Built-in tracks get a melody each, drawn from their id and served as WAV; tracks of a music folder are the files
//! themselves. Everything is addressed by the track's id, never by a path, and answers HTTP ranges, so that playback
//! can begin at any position. No sockets here: a server passes a request's path and range in and sends what comes out.

mod library;
mod range;
mod tune;
mod wav;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::catalogue::Song;
pub use library::Library;
use range::Wanted;
pub use tune::RATE;
use wav::Wav;

/// Below this path everything is served.
pub const HOME: &str = "/audio/";

/// So many melodies are kept, of about a megabyte each. Others are rendered anew when they are asked for.
const KEPT: usize = 12;

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Status: 200, 206, 404 or 416.
    pub status: u16,
    /// Header names, in lower case, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body; of HEAD it is to be left out.
    pub body: Vec<u8>,
}

/// The sound of all tracks.
#[derive(Debug, Default)]
pub struct Audio {
    library: Library,
    /// Melodies, the one used last in front.
    loops: Mutex<VecDeque<(String, Arc<Vec<u8>>)>>,
}

impl Audio {
    /// The built-in melodies, and the files of `library`.
    pub fn new(library: Library) -> Self {
        Self {
            library,
            loops: Mutex::default(),
        }
    }

    /// The path under which a page hears the track with this id.
    pub fn source(&self, track: &str) -> String {
        let ending = self.library.file(track).map_or("wav", |file| file.ending);
        format!("{HOME}{track}.{ending}")
    }

    /// Answers `GET path` with the header `Range` as it came. `song` looks a track up in the catalogue.
    ///
    /// Takes up to a tenth of a second when a melody is rendered: not to be called where others wait.
    pub fn serve(&self, path: &str, range: Option<&str>, song: impl FnOnce(&str) -> Option<Song>) -> Served {
        let name = path.strip_prefix(HOME).and_then(|name| name.rsplit_once('.'));
        let Some((track, ending)) = name else {
            return not_found();
        };
        if let Some(file) = self.library.file(track).filter(|file| file.ending == ending) {
            let Some(reader) = file.open() else {
                return not_found();
            };
            return send(file.content_type, reader.length, range, |from, to| {
                reader.bytes(from, to)
            });
        }
        match song(track).filter(|_| ending == "wav") {
            Some(song) => {
                let wav = Wav::new(self.melody(track), song.length_ms);
                send("audio/wav", wav.length(), range, |from, to| Some(wav.bytes(from, to)))
            }
            None => not_found(),
        }
    }

    fn melody(&self, track: &str) -> Arc<Vec<u8>> {
        let mut loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        let known = loops.iter().position(|(id, _)| id == track);
        let entry = known.and_then(|place| loops.remove(place));
        let render = || tune::render(track).into_iter().flat_map(i16::to_le_bytes).collect();
        let (id, tune) = entry.unwrap_or_else(|| (track.to_owned(), Arc::new(render())));
        loops.push_front((id, Arc::clone(&tune)));
        loops.truncate(KEPT);
        tune
    }
}

fn not_found() -> Served {
    Served {
        status: 404,
        headers: vec![("content-type", "text/plain; charset=utf-8".into())],
        body: b"No track has this address.\n".to_vec(),
    }
}

fn send(
    content_type: &str,
    length: u64,
    range: Option<&str>,
    read: impl FnOnce(u64, u64) -> Option<Vec<u8>>,
) -> Served {
    let (part, status) = match range::read(range, length) {
        Wanted::Outside => {
            return Served {
                status: 416,
                headers: vec![("content-range", format!("bytes */{length}"))],
                body: Vec::new(),
            };
        }
        Wanted::Part(part) => (part, 206),
        // A body that is too long for one answer is begun all the same: its reader sees that there is more.
        Wanted::Whole if length > range::PIECE => (0..range::PIECE, 206),
        Wanted::Whole => (0..length, 200),
    };
    let Some(body) = read(part.start, part.end) else {
        return not_found();
    };
    let mut headers = vec![
        ("content-type", content_type.to_owned()),
        ("accept-ranges", "bytes".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ];
    if status == 206 {
        let last = part.end.saturating_sub(1);
        headers.push(("content-range", format!("bytes {}-{last}/{length}", part.start)));
    }
    Served { status, headers, body }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
