//! The recordings that there are: the oldest make room for the next one.

use std::path::{Path, PathBuf};

use ostinato_machine::ids::GuildId;

use super::Bounds;

const END: &str = ".jsonl";

/// What the file of a recording is called.
pub(super) fn name(guild: GuildId, at_ms: u64) -> String {
    format!("{guild}-{at_ms}{END}")
}

/// When the recording with this file name began; `None` for a file that is somebody else's.
fn began(name: &str) -> Option<u64> {
    let (guild, at_ms) = name.strip_suffix(END)?.split_once('-')?;
    guild.parse::<u64>().ok()?;
    at_ms.parse().ok()
}

/// Deletes the oldest ones until all those of `running` have room. What is not a recording is left alone.
pub(super) fn trim(folder: &Path, running: &[PathBuf], bounds: Bounds) {
    let mut finished = finished(folder, running);
    finished.sort_unstable();
    let largest = bounds.largest.saturating_mul(running.len() as u64);
    let mut count = finished.len() + running.len();
    let mut bytes = finished
        .iter()
        .fold(largest, |sum, (_, _, size)| sum.saturating_add(*size));
    for (_, path, size) in finished {
        if count <= bounds.kept && bytes <= bounds.bytes {
            return;
        }
        match std::fs::remove_file(&path) {
            Ok(()) => tracing::info!(path = %path.display(), "an old recording made room"),
            Err(error) => tracing::warn!(path = %path.display(), %error, "an old recording can't be deleted"),
        }
        count -= 1;
        bytes = bytes.saturating_sub(size);
    }
}

/// When each began that runs no more, where it lies and how large it is.
fn finished(folder: &Path, running: &[PathBuf]) -> Vec<(u64, PathBuf, u64)> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            // The first one makes the folder.
            if error.kind() != std::io::ErrorKind::NotFound {
                tracing::warn!(path = %folder.display(), %error, "old recordings can't be counted");
            }
            return Vec::new();
        }
    };
    let files = entries.filter_map(Result::ok).filter_map(|entry| {
        let at_ms = began(entry.file_name().to_str()?)?;
        let file = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((at_ms, entry.path(), file.len()))
    });
    files.filter(|(_, path, _)| !running.contains(path)).collect()
}
