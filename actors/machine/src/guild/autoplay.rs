//! Autoplay: what a guild plays when its queue has run out. Here stands what it remembers and how it chooses among what
//! was found; when it looks and when it plays is decided in `decide/autoplay.rs`.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::LoopMode;
use super::state::{Guild, Kept};
use crate::ids::{EntryId, UserId};
use crate::track::{Entry, Track};

/// So long after a play began a track for afterwards is looked for, ms: whoever skips at once is still looking for
/// something themselves.
const AHEAD_MS: u64 = 3_000;

/// So many of the last tracks do not come again, however short the history is.
pub(super) const MEMORY: usize = 50;

/// What a source calls the channel that it makes of an artist's records.
const TOPIC: &str = " - Topic";

/// After so many searches in a row that led to nothing it rests.
pub(super) const TRIES: u8 = 3;

/// Between two such searches it waits so long for each of them, ms.
const RETRY_MS: u64 = 1_000;

/// One search that led to nothing is forgiven after so long, ms.
const FORGIVE_MS: u64 = 60_000;

/// A track longer than this is a recording of many, ms, unless what plays is as long.
const LONG_MS: u64 = 15 * 60_000;

/// Among so many of the best it chooses.
const BEST: usize = 5;

/// Places of a list that differ in value.
const RANKS: usize = 20;

/// What is worse than the best by so much is no choice beside it: less than one skip of an artist weighs.
const NEAR: usize = 8;

/// A skipped track counts so much against its artist, and against the way it was found.
const SKIPPED: (u8, u8) = (3, 1);

/// Most that counts against a kind.
const MOST_AGAINST: u8 = 9;

/// Kinds that are remembered.
const KINDS: usize = 16;

/// What a point against a kind takes off a track's value; a rank takes one.
const PENALTY: usize = 4;

/// Why a track was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It stands in the mix list that its source makes of another track.
    Mix {
        /// Title of that track.
        of: Arc<str>,
    },
    /// It is by the same artist as what played before.
    Artist {
        /// The artist.
        name: Arc<str>,
    },
}

/// A track that was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// The track.
    pub track: Arc<Track>,
    /// Why.
    pub why: Why,
}

/// What a node finds around a track.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Related {
    /// That track.
    pub seed: Arc<Track>,
    /// The mix list that the track's source makes of it, in order; empty where the source makes none.
    pub mix: Vec<Arc<Track>>,
    /// What a search for its artist finds, best first.
    pub artist: Vec<Arc<Track>>,
}

/// What counts against a kind of tracks: an artist, or a way of finding them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Against {
    /// The kind, as a hash that is the same for ever.
    pub(super) kind: u64,
    /// How much, at most nine.
    pub(super) points: u8,
}

/// What a guild remembers of autoplay, once somebody has switched it on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Autoplay {
    pub(super) on: bool,
    /// The track for when the queue has run out.
    pub(super) next: Option<Pick>,
    /// The newest entry that autoplay has put into the player, and why.
    pub(super) chosen: Option<(EntryId, Why)>,
    /// Since when the music waits for a track to be found, wall-clock ms.
    pub(super) awaited_ms: Option<u64>,
    pub(super) against: Vec<Against>,
    /// Searches in a row that led to nothing, and when the last of them did, wall-clock ms.
    pub(super) misses: u8,
    pub(super) missed_ms: u64,
    /// Of the last fifty tracks those that the history is too short for, the newest last.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub(super) memory: VecDeque<Mark>,
}

/// What a track is known again by: its page and its name, as hashes that are the same for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark(Option<u64>, u64);

impl Mark {
    fn of(song: &Song<'_>) -> Self {
        Self(song.uri.map(hash), hash(&format!("{}\n{}", song.title, song.artist)))
    }

    /// Without the page: by the name alone.
    fn forget_page(&mut self) {
        self.0 = None;
    }

    fn is(&self, other: &Self) -> bool {
        (self.0.is_some() && self.0 == other.0) || self.1 == other.1
    }
}

impl Autoplay {
    /// What is remembered of tracks, without their pages.
    pub(super) fn forget_pages(&mut self) {
        self.memory.iter_mut().for_each(Mark::forget_page);
    }

    /// A track leaves a history of at most `history` tracks.
    pub(super) fn remember(&mut self, track: &Track, history: usize) {
        let most = MEMORY.saturating_sub(history);
        if most > 0 {
            self.memory.push_back(Mark::of(&Song::of(track)));
        }
        while self.memory.len() > most {
            self.memory.pop_front();
        }
    }

    /// Searches that led to nothing and are not forgiven yet.
    pub(super) fn spent(&self, now_ms: u64) -> u8 {
        let forgiven = now_ms.saturating_sub(self.missed_ms) / FORGIVE_MS;
        self.misses.saturating_sub(u8::try_from(forgiven).unwrap_or(u8::MAX))
    }

    /// Until when it rests after searches that led to nothing, wall-clock ms. Up to a quarter longer by `chance`, so that
    /// the guilds of a source that fails do not all come back at once.
    fn rests_until_ms(&self, chance: u64) -> u64 {
        let rest_ms = match self.misses {
            0 => return 0,
            few if few < TRIES => RETRY_MS.saturating_mul(u64::from(few)),
            many => FORGIVE_MS.saturating_mul(u64::from(many - TRIES) + 1),
        };
        let longer_ms = mixed(chance ^ self.missed_ms) % (rest_ms / 4);
        self.missed_ms.saturating_add(rest_ms).saturating_add(longer_ms)
    }

    fn points(&self, kind: u64) -> usize {
        let known = self.against.iter().find(|against| against.kind == kind);
        known.map_or(0, |against| usize::from(against.points))
    }

    /// What counts against which kind after a track that was chosen for `why` was skipped, or heard to its end.
    pub(super) fn judged(&self, track: &Track, why: &Why, skipped: bool) -> Vec<Against> {
        let mut against = self.against.clone();
        let mine = [(artist_kind(&track.author), SKIPPED.0), (why.kind(), SKIPPED.1)];
        if skipped {
            for (kind, points) in mine {
                match against.iter_mut().find(|against| against.kind == kind) {
                    Some(known) => known.points = known.points.saturating_add(points).min(MOST_AGAINST),
                    None => against.push(Against { kind, points }),
                }
            }
        } else {
            for known in &mut against {
                let own = mine.iter().any(|(kind, _)| *kind == known.kind);
                known.points = known.points.saturating_sub(1 + u8::from(own));
            }
        }
        against.retain(|against| against.points > 0);
        against.sort_by_key(|against| std::cmp::Reverse(against.points));
        against.truncate(KINDS);
        against
    }
}

impl Why {
    /// The way of finding, as a kind of tracks.
    fn kind(&self) -> u64 {
        match self {
            Self::Mix { .. } => 1,
            Self::Artist { .. } => 2,
        }
    }
}

impl Guild {
    /// Autoplay, where it is on.
    pub(super) fn autoplay(&self) -> Option<&Autoplay> {
        self.kept.autoplay.as_deref().filter(|auto| auto.on)
    }

    /// When a track for afterwards is to be looked for, wall-clock ms; `None` while none is needed, there, or asked for.
    pub(super) fn autoplay_due_ms(&self) -> Option<u64> {
        let (auto, kept) = (self.autoplay()?, &self.kept);
        let ends = kept.queue.is_empty() && kept.loop_mode == LoopMode::Off;
        if !ends || kept.channel.is_none() || kept.paused_alone || auto.next.is_some() || self.asks_related() {
            return None;
        }
        let at_ms = match &kept.current {
            Some(current) => {
                // A live stream never ends.
                current.entry.track.length_ms?;
                current.began_ms.saturating_add(AHEAD_MS)
            }
            None => auto.awaited_ms?,
        };
        Some(at_ms.max(auto.rests_until_ms(self.id.0)))
    }

    /// Why the current track plays, if autoplay has chosen it.
    pub(super) fn chosen(&self) -> Option<&Why> {
        let current = self.kept.current.as_ref()?;
        let (entry, why) = self.kept.autoplay.as_deref()?.chosen.as_ref()?;
        (*entry == current.entry.id).then_some(why)
    }

    /// What plays after the queue, as an entry that has no number yet.
    pub(super) fn picked(&self) -> Option<Entry> {
        let pick = self.autoplay()?.next.as_ref()?;
        Some(Entry {
            id: EntryId(0),
            track: Arc::clone(&pick.track),
            by: UserId::NOBODY,
        })
    }

    /// The track that others are looked for around: what plays or played last, and after a search that led to nothing
    /// the last one by another artist.
    pub(super) fn autoplay_seed(&self) -> Option<Arc<Track>> {
        let current = self.kept.current.as_ref().map(|current| &current.entry);
        let mut artists: Vec<u64> = Vec::new();
        let mut seeds: Vec<&Arc<Track>> = Vec::new();
        for entry in current.into_iter().chain(self.kept.history.iter().rev()) {
            let artist = artist_kind(&entry.track.author);
            if !artists.contains(&artist) {
                artists.push(artist);
                seeds.push(&entry.track);
            }
        }
        let misses = self.autoplay().map_or(0, |auto| usize::from(auto.misses));
        let place = misses.checked_rem(seeds.len())?;
        seeds.get(place).map(|seed| Arc::clone(seed))
    }
}

/// Chooses among what was found. What plays, is queued or stands in the history is no choice, nor is what
/// never ends or is much longer than a song. Deterministic for equal `chance`.
pub(super) fn choose(kept: &Kept, related: &Related, chance: u64) -> Option<Pick> {
    let auto = kept.autoplay.as_deref()?;
    let current = kept.current.as_ref().map(|current| &current.entry);
    let known = kept.history.iter().chain(&kept.queue).chain(current);
    let known: Vec<Song<'_>> = known.map(|entry| Song::of(&entry.track)).collect();
    let seed = &related.seed;
    let longest_ms = LONG_MS.max(seed.length_ms.unwrap_or(0));
    let mix = Why::Mix {
        of: seed.title.as_ref().into(),
    };
    let artist = Why::Artist {
        name: seed.author.as_ref().into(),
    };
    let mut best: Vec<(usize, &Arc<Track>, &Why)> = Vec::new();
    // A search for a name also finds what others call so.
    let by_artist = |track: &Track| plain_artist(&track.author) == plain_artist(&seed.author);
    for (tracks, why) in [(&related.mix, &mix), (&related.artist, &artist)] {
        for (rank, track) in tracks.iter().enumerate() {
            let fits = track.length_ms.is_some_and(|length| length <= longest_ms);
            let song = Song::of(track);
            let twice = best.iter().any(|(_, other, _)| Song::of(other).is(&song));
            let mark = Mark::of(&song);
            let again = known.iter().any(|known| known.is(&song)) || auto.memory.iter().any(|known| known.is(&mark));
            let told_true = matches!(why, Why::Mix { .. }) || by_artist(track);
            if !fits || twice || again || !told_true {
                continue;
            }
            let against = auto.points(artist_kind(&track.author)) + auto.points(why.kind());
            best.push((rank.min(RANKS) + PENALTY * against, track, why));
        }
    }
    best.sort_by_key(|(cost, ..)| *cost);
    // What is much worse than the best is no choice beside it.
    let limit = best.first()?.0 + NEAR;
    best.retain(|(cost, ..)| *cost < limit);
    best.truncate(BEST);
    let place = usize::try_from(mixed(chance) % best.len() as u64).ok()?;
    let (_, track, why) = best.get(place)?;
    Some(Pick {
        track: Arc::clone(track),
        why: (*why).clone(),
    })
}

/// A recording, as far as its description tells it from others: the same page, or the same title by the same artist.
struct Song<'a> {
    uri: Option<&'a str>,
    title: String,
    artist: String,
}

impl<'a> Song<'a> {
    fn of(track: &'a Track) -> Self {
        Self {
            uri: track.uri.as_deref(),
            title: plain(&track.title),
            artist: plain_artist(&track.author),
        }
    }

    fn is(&self, other: &Self) -> bool {
        let page = self.uri.is_some() && self.uri == other.uri;
        page || (self.title == other.title && self.artist == other.artist)
    }
}

/// Letters and digits alone, small, without what stands in brackets: "Song (Official Video)" is "song".
fn plain(text: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::new();
    for sign in text.chars() {
        match sign {
            '(' | '[' => depth = depth.saturating_add(1),
            ')' | ']' => depth = depth.saturating_sub(1),
            sign if depth == 0 && sign.is_alphanumeric() => plain.extend(sign.to_lowercase()),
            _ => {}
        }
    }
    if plain.is_empty() { text.to_lowercase() } else { plain }
}

fn plain_artist(author: &str) -> String {
    plain(author.strip_suffix(TOPIC).unwrap_or(author))
}

/// An artist as a kind of tracks.
fn artist_kind(author: &str) -> u64 {
    hash(&plain_artist(author))
}

/// FNV-1a, which is the same in every process and release.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// One step of splitmix64.
fn mixed(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
