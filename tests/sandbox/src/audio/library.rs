//! The audio files of a folder as tracks.
//!
//! What is offered is decided once, when the folder is read: a file is later found by its track's id alone. Nothing
//! outside of the folder is ever opened, symbolic links or not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use lofty::file::{AudioFile as _, TaggedFileExt as _};
use lofty::tag::Accessor as _;

use crate::catalogue::{Catalogue, Song};

/// Files of a library, at most.
const MOST: usize = 5_000;

/// Folders below folders, at most.
const DEEPEST: usize = 8;

/// Characters of a title or a name, at most.
const LONGEST: usize = 200;

/// Endings of audio files and what a browser is told of them.
const KINDS: [(&str, &str); 9] = [
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("mp4", "audio/mp4"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("wav", "audio/wav"),
];

/// One file.
#[derive(Clone, Debug)]
pub(super) struct Tune {
    path: PathBuf,
    folder: PathBuf,
    pub(super) ending: &'static str,
    pub(super) content_type: &'static str,
}

/// A file that is open.
pub(super) struct Reader {
    file: File,
    /// Bytes of the file.
    pub(super) length: u64,
}

impl Reader {
    /// The bytes from `from` to before `to`; `None` if they can't be had.
    pub(super) fn bytes(mut self, from: u64, to: u64) -> Option<Vec<u8>> {
        let wanted = to.saturating_sub(from);
        let mut out = Vec::new();
        self.file.seek(SeekFrom::Start(from)).ok()?;
        let read = self.file.take(wanted).read_to_end(&mut out).ok()?;
        (read as u64 == wanted).then_some(out)
    }
}

impl Tune {
    /// The file, open; `None` if it is gone, or no longer in the folder.
    pub(super) fn open(&self) -> Option<Reader> {
        let path = inside(&self.folder, &self.path).ok()?;
        let length = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?.len();
        let file = File::open(path).ok()?;
        Some(Reader { file, length })
    }
}

/// The audio files of a folder.
#[derive(Clone, Debug, Default)]
pub struct Library {
    files: BTreeMap<String, Tune>,
    songs: Vec<Song>,
    problems: Vec<String>,
}

impl Library {
    /// Reads the tags of all audio files in `folder` and the folders in it. Takes as long as the disk does.
    ///
    /// # Errors
    /// When `folder` is none. What is wrong with single files is told by [`Library::problems`].
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let whole = folder.canonicalize().with_context(|| {
            format!(
                "--music {}: this folder can't be found; name one that is there",
                folder.display()
            )
        })?;
        anyhow::ensure!(
            whole.is_dir(),
            "--music {}: this is no folder; name the folder that the file is in",
            folder.display()
        );
        let mut library = Self::default();
        library.walk(&whole, &whole, 0);
        if library.songs.is_empty() {
            let known = KINDS.map(|(ending, _)| ending).join(", ");
            let note = format!(
                "{}: nothing to play; what ends in {known} is looked at",
                folder.display()
            );
            library.problems.push(note);
        }
        Ok(library)
    }

    /// Its tracks.
    pub fn songs(&self) -> &[Song] {
        &self.songs
    }

    /// What could not be offered and why, a sentence each.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Puts its tracks beside those that are there.
    pub fn offer(&self, catalogue: &mut Catalogue) {
        self.songs.iter().for_each(|song| catalogue.add(song.clone()));
    }

    pub(super) fn file(&self, track: &str) -> Option<&Tune> {
        self.files.get(track)
    }

    fn walk(&mut self, whole: &Path, folder: &Path, depth: usize) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(format!("{}: {error}", folder.display())),
        };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if self.songs.len() >= MOST {
                let note = format!(
                    "{}: left out, as all behind it: {MOST} files are offered",
                    path.display()
                );
                return self.problems.push(note);
            }
            if path.is_dir() && !path.is_symlink() {
                if depth < DEEPEST {
                    self.walk(whole, &path, depth + 1);
                } else {
                    self.problems.push(format!("{}: left out, too deep", path.display()));
                }
            } else if let Some((ending, content_type)) = kind(&path)
                && let Err(error) = self.add(whole, &path, ending, content_type)
            {
                self.problems.push(format!("{}: {error:#}", path.display()));
            }
        }
    }

    fn add(
        &mut self,
        whole: &Path,
        path: &Path,
        ending: &'static str,
        content_type: &'static str,
    ) -> anyhow::Result<()> {
        // A pipe would keep its reader waiting.
        anyhow::ensure!(inside(whole, path)?.is_file(), "refused: this is no file");
        let tagged = lofty::read_from_path(path).context("no audio that can be read")?;
        let length_ms = u64::try_from(tagged.properties().duration().as_millis())?;
        anyhow::ensure!(length_ms > 0, "its length can't be told");
        let tag = tagged.primary_tag().or_else(|| tagged.first_tag());
        let title = tag.and_then(|tag| tag.title()).map(|title| tidy(&title));
        let author = tag.and_then(|tag| tag.artist()).map(|artist| tidy(&artist));
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        // By its place in the folder: the same in the next run.
        let place = path.strip_prefix(whole).unwrap_or(path).to_string_lossy();
        let id = format!("m{:016x}", super::hash(&place));
        let title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| tidy(&stem));
        let mut song = Song::new(&id, &title, length_ms);
        song.author = author
            .filter(|author| !author.is_empty())
            .unwrap_or_else(|| "unknown artist".into());
        let file = Tune {
            path: path.to_owned(),
            folder: whole.to_owned(),
            ending,
            content_type,
        };
        self.files.insert(id, file);
        self.songs.push(song);
        Ok(())
    }
}

/// Where `path` really is, if that is in `folder`.
fn inside(folder: &Path, path: &Path) -> anyhow::Result<PathBuf> {
    let real = path.canonicalize()?;
    anyhow::ensure!(real.starts_with(folder), "refused: it leads out of the folder");
    Ok(real)
}

fn kind(path: &Path) -> Option<(&'static str, &'static str)> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    KINDS.into_iter().find(|(known, _)| *known == ending)
}

/// One line of a bounded length.
fn tidy(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.join(" ").chars().take(LONGEST).collect()
}
