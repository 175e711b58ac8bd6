//! The tracks of a run: what a search finds and how each of them plays.

use std::collections::BTreeMap;

use crate::lavalink::TrackData;

/// The page under which tracks live. Nothing is ever fetched from it.
pub const HOME: &str = "https://music.example";

/// How a track behaves when it is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Plays to its end.
    #[default]
    Plays,
    /// Fails before its first frame.
    FailsToLoad,
    /// Its decoder fails at this position, ms.
    BreaksAt(u64),
    /// Goes silent at this position and never goes on, ms.
    SticksAt(u64),
}

/// One track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Song {
    /// Its id: the last part of its page.
    pub id: String,
    /// Title.
    pub title: String,
    /// Author.
    pub author: String,
    /// Length, ms; `None` for a live stream.
    pub length_ms: Option<u64>,
    /// How it behaves.
    pub behaviour: Behaviour,
    /// Looking it up fails with this message.
    pub load_error: Option<String>,
    /// Looking it up takes this long, ms.
    pub load_ms: u64,
    /// Ids of the tracks of its mix list. A track that has such a list is of a source that makes them.
    pub mix: Vec<String>,
}

/// The page of a track of a source that makes mix lists, up to its id there.
const VIDEO: &str = "https://music.example/watch?v=";

/// What a mix list of that source is asked for with, up to the id of its track.
const MIX: &str = "https://www.youtube.com/watch?v=";

impl Song {
    /// A track of `length_ms` that plays to its end.
    pub fn new(id: &str, title: &str, length_ms: u64) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            author: "The Loopbacks".into(),
            length_ms: Some(length_ms),
            behaviour: Behaviour::Plays,
            load_error: None,
            load_ms: 0,
            mix: Vec::new(),
        }
    }

    /// Its page.
    pub fn uri(&self) -> String {
        match self.video() {
            Some(video) => format!("{VIDEO}{video}"),
            None => format!("{HOME}/track/{}", self.id),
        }
    }

    /// What nodes call it: its id where it comes from, or its page.
    pub fn identifier(&self) -> String {
        self.video().unwrap_or_else(|| self.uri())
    }

    /// Its id where it comes from, if that source makes mix lists.
    fn video(&self) -> Option<String> {
        (!self.mix.is_empty()).then(|| self.id.replace('.', "_"))
    }

    /// The track as a node describes it.
    pub fn data(&self) -> TrackData {
        let mixes = self.video().is_some();
        TrackData {
            title: self.title.clone(),
            author: self.author.clone(),
            length: self
                .length_ms
                .and_then(|length| i64::try_from(length).ok())
                .unwrap_or(i64::MAX),
            identifier: self.identifier(),
            is_stream: self.length_ms.is_none(),
            uri: Some(self.uri()),
            source_name: if mixes { "youtube" } else { "http" }.into(),
            probe_info: (!mixes).then(|| "wav".into()),
            ..TrackData::default()
        }
    }
}

/// What a look-up finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// One track.
    Song(&'a Song),
    /// A playlist: name and tracks.
    List(&'a str, Vec<&'a Song>),
    /// Search results, best first.
    Results(Vec<&'a Song>),
    /// Nothing.
    Nothing,
}

/// All tracks and playlists of a run.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    songs: BTreeMap<String, Song>,
    lists: BTreeMap<String, (String, Vec<String>)>,
}

impl Catalogue {
    /// Adds a track; one of the same id is replaced.
    pub fn add(&mut self, song: Song) {
        self.songs.insert(song.id.clone(), song);
    }

    /// Adds a playlist of tracks that are there or will be.
    pub fn add_list(&mut self, id: &str, name: &str, songs: Vec<String>) {
        self.lists.insert(id.into(), (name.into(), songs));
    }

    /// The track with this id.
    pub fn song(&self, id: &str) -> Option<&Song> {
        self.songs.get(id)
    }

    /// The track that has this page, or this id where it comes from.
    pub fn by_uri(&self, uri: &str) -> Option<&Song> {
        if let Some(id) = uri.strip_prefix(HOME).and_then(|path| path.strip_prefix("/track/")) {
            return self.songs.get(id);
        }
        let video = uri.strip_prefix(VIDEO).unwrap_or(uri);
        self.songs.values().find(|song| song.video().as_deref() == Some(video))
    }

    /// The mix list that `address` names: the track itself and those that go with it.
    fn mix(&self, address: &str) -> Option<Vec<&Song>> {
        let (video, list) = address.strip_prefix(MIX)?.split_once("&list=RD")?;
        let song = self.by_uri(video).filter(|_| video == list)?;
        let others = song.mix.iter().filter_map(|id| self.songs.get(id));
        Some(std::iter::once(song).chain(others).collect())
    }

    /// The tracks, by id.
    pub fn songs(&self) -> impl Iterator<Item = &Song> {
        self.songs.values()
    }

    /// What `identifier`, an address or `<source>search:<text>`, leads to.
    pub fn find(&self, identifier: &str) -> Found<'_> {
        if let Some(song) = self.by_uri(identifier) {
            return Found::Song(song);
        }
        if let Some(songs) = self.mix(identifier) {
            return Found::List("Mix", songs);
        }
        if let Some(id) = identifier
            .strip_prefix(HOME)
            .and_then(|path| path.strip_prefix("/playlist/"))
        {
            let Some((name, ids)) = self.lists.get(id) else {
                return Found::Nothing;
            };
            return Found::List(name, ids.iter().filter_map(|id| self.songs.get(id)).collect());
        }
        match identifier.split_once(':') {
            // Sources of other plugins than these it does not have: then a node finds nothing.
            Some(("ytsearch" | "ytmsearch" | "scsearch", text)) => self.search(text),
            Some(_) | None => Found::Nothing,
        }
    }

    fn search(&self, text: &str) -> Found<'_> {
        let text = text.trim().to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut results: Vec<&Song> = self
            .songs
            .values()
            .filter(|song| {
                let all = format!("{} {}", song.title, song.author).to_lowercase();
                !words.is_empty() && words.iter().all(|word| all.contains(word))
            })
            .collect();
        // The title itself before titles that only contain it, and those before what only its author has.
        let in_title = |song: &&Song| {
            let title = song.title.to_lowercase();
            words.iter().all(|word| title.contains(word))
        };
        results.sort_by_key(|song| (!in_title(song), song.title.to_lowercase() != text, song.title.len()));
        if results.is_empty() {
            Found::Nothing
        } else {
            Found::Results(results)
        }
    }
}
