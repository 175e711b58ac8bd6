//! Recordings: what went through a guild's two doors, as a file that anybody may be given.
//!
//! A line an input: the input, what it changed, what is wanted where that changed, and the hash of the state afterwards.
//! Tokens are never written and what listeners wrote is written as its length. In their place stand names that are equal
//! where the texts are, so that `ostinato replay` goes the same way with the real rules; the hash is taken of the masked
//! state for the same reason. Each line has a sum over itself and all before it: what was changed afterwards is found.

mod line;
mod redact;
mod roll;
mod shelf;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ostinato_actors::record::{Tape, tape};
use ostinato_machine::ids::GuildId;

pub(crate) use line::{After, Header, Line, Reading, Step, VERSION};
use roll::Roll;

/// Longest recording, seconds.
pub const LONGEST_S: u64 = 600;

/// Largest file, bytes.
const LARGEST: u64 = 16 * 1_024 * 1_024;

/// Recordings at once.
const AT_ONCE: usize = 3;

/// Recordings that are kept, those that run included.
const KEPT: usize = 64;

/// Bytes of them, as if those that run were as large as they may become.
const KEPT_BYTES: u64 = 256 * 1_024 * 1_024;

/// The folder under `DATA_DIR`.
const FOLDER: &str = "recordings";

/// Where recordings are made.
#[derive(Clone, Debug)]
pub struct Recorder {
    folder: PathBuf,
    running: Arc<Mutex<Vec<PathBuf>>>,
    bounds: Bounds,
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// Bytes of one recording.
    largest: u64,
    /// Recordings.
    kept: usize,
    /// Bytes of all.
    bytes: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            largest: LARGEST,
            kept: KEPT,
            bytes: KEPT_BYTES,
        }
    }
}

/// Why none is made.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    /// There are enough.
    #[error("{AT_ONCE} guilds are being recorded already; wait until one of them is done")]
    Enough,
    /// The file can't be made, or no thread to write it.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Names a recording as long as it runs.
struct Running {
    all: Arc<Mutex<Vec<PathBuf>>>,
    path: PathBuf,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|path| *path != self.path);
    }
}

impl Recorder {
    /// One that writes under `data_dir`.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            folder: data_dir.join(FOLDER),
            running: Arc::default(),
            bounds: Bounds::default(),
        }
    }

    /// The folder that the files are made in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the file and waits for the guild's actor to use the tape. The file is taken away again if it never does. The
    /// oldest recordings make room.
    ///
    /// # Errors
    /// [`NotRecorded`].
    pub fn begin(&self, guild: GuildId, at_ms: u64, length: Duration) -> Result<(Tape, PathBuf), NotRecorded> {
        let path = self.folder.join(shelf::name(guild, at_ms));
        let running = self.running(&path)?;
        let fault = |source| NotRecorded::File {
            path: path.clone(),
            source,
        };
        let file = self.file(&path).map_err(fault)?;
        let (tape, reel) = tape();
        let (place, largest) = (path.clone(), self.bounds.largest);
        std::thread::Builder::new()
            .name("recording".into())
            .spawn(move || {
                let _running = running;
                Roll::new(file, place, (guild, at_ms), largest).write(&reel, length);
            })
            .map_err(fault)?;
        Ok((tape, path))
    }

    /// One more that runs at `path`, with room for it.
    fn running(&self, path: &Path) -> Result<Running, NotRecorded> {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= AT_ONCE {
            return Err(NotRecorded::Enough);
        }
        all.push(path.to_owned());
        shelf::trim(&self.folder, &all, self.bounds);
        Ok(Running {
            all: Arc::clone(&self.running),
            path: path.to_owned(),
        })
    }

    /// A new file for this user alone.
    fn file(&self, path: &Path) -> std::io::Result<File> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        builder.create(&self.folder)?;
        options.open(path)
    }
}
