//! What a node is asked for tracks around another one. Pure.
//!
//! Which sources a node has is up to its plugins; one that it does not have finds nothing, which is no fault.

use std::sync::Arc;

use ostinato_machine::guild::Loaded;
use ostinato_machine::track::Track;

/// Most related tracks that are looked at, of each way.
const MOST: usize = 50;

/// What loads the mix list that the source of `seed` makes of it; `None` where it makes none that is known here.
pub(super) fn mix(seed: &Track) -> Option<String> {
    let uri = seed.uri.as_deref()?;
    match &*seed.source {
        "youtube" => {
            let id = after(uri, &["watch?v=", "youtu.be/"])?;
            Some(format!("https://www.youtube.com/watch?v={id}&list=RD{id}"))
        }
        // Of the plugin LavaSrc.
        "spotify" => Some(format!("sprec:seed_tracks={}", after(uri, &["/track/"])?)),
        "deezer" => Some(format!("dzrec:{}", after(uri, &["/track/"])?)),
        _ => None,
    }
}

/// The id that stands in `uri` behind the first of `marks` that is there.
fn after<'a>(uri: &'a str, marks: &[&str]) -> Option<&'a str> {
    let rest = marks.iter().find_map(|mark| Some(uri.split_once(mark)?.1))?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
    let id = rest.get(..end.unwrap_or(rest.len()))?;
    (!id.is_empty()).then_some(id)
}

/// What a search for the artist of `seed` is for; `None` where nobody is named.
pub(super) fn artist(seed: &Track) -> Option<&str> {
    let author = seed.author.trim();
    // Channels that a source makes of an artist's records are called so.
    let author = author.strip_suffix(" - Topic").unwrap_or(author);
    let unknown = author.is_empty() || author.eq_ignore_ascii_case("unknown artist");
    (!unknown).then_some(author)
}

/// The tracks of a look-up, whatever it found.
pub(super) fn tracks(loaded: Loaded) -> Vec<Arc<Track>> {
    let mut tracks = match loaded {
        Loaded::Track(track) => vec![track],
        Loaded::Playlist { tracks, .. } | Loaded::Found(tracks) => tracks,
        Loaded::Empty | Loaded::Error { .. } => Vec::new(),
    };
    tracks.truncate(MOST);
    tracks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(source: &str, uri: &str, author: &str) -> Track {
        Track {
            source: source.into(),
            uri: Some(uri.into()),
            author: author.into(),
            ..Track::default()
        }
    }

    #[test]
    fn sources_that_make_mixes_are_asked_for_theirs() {
        let table = [
            (
                "youtube",
                "https://www.youtube.com/watch?v=dQw4-w9_XcQ&t=3",
                Some("https://www.youtube.com/watch?v=dQw4-w9_XcQ&list=RDdQw4-w9_XcQ"),
            ),
            (
                "youtube",
                "https://youtu.be/dQw4?si=x",
                Some("https://www.youtube.com/watch?v=dQw4&list=RDdQw4"),
            ),
            (
                "spotify",
                "https://open.spotify.com/track/4uLU6h?si=1",
                Some("sprec:seed_tracks=4uLU6h"),
            ),
            (
                "deezer",
                "https://www.deezer.com/en/track/3135556",
                Some("dzrec:3135556"),
            ),
            ("youtube", "https://www.youtube.com/", None),
            ("youtube", "https://youtu.be/?x", None),
            ("http", "https://music.example/track/a", None),
        ];
        for (source, uri, expected) in table {
            assert_eq!(mix(&seed(source, uri, "")).as_deref(), expected, "{source} {uri}");
        }
        assert_eq!(mix(&Track::default()), None);
    }

    #[test]
    fn an_artist_is_looked_for_by_the_bare_name() {
        let table = [
            ("Ann Author - Topic", Some("Ann Author")),
            ("  ", None),
            ("Unknown artist", None),
            ("B", Some("B")),
        ];
        for (author, expected) in table {
            assert_eq!(artist(&seed("http", "", author)), expected, "{author}");
        }
    }

    #[test]
    fn tracks_of_every_kind_of_answer_count_up_to_a_limit() {
        let track = Arc::new(Track::default());
        let many = vec![Arc::clone(&track); MOST + 5];
        assert_eq!(tracks(Loaded::Found(many.clone())).len(), MOST);
        let list = Loaded::Playlist {
            name: "Mix".into(),
            selected: Some(0),
            tracks: many,
        };
        assert_eq!(tracks(list).len(), MOST);
        assert_eq!(tracks(Loaded::Track(track)).len(), 1);
        assert!(tracks(Loaded::Empty).is_empty());
        assert!(tracks(Loaded::Error { message: "no".into() }).is_empty());
    }
}
