//! One process per data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The lock on a data directory, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// Why the lock can't be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("DATA_DIR {path} is in use by process {holder}; stop that one or give this one a directory of its own", path = path.display())]
    Held {
        /// The directory.
        path: PathBuf,
        /// Process id of the holder, as it wrote it.
        holder: String,
    },
    /// The lock file can't be opened or written.
    #[error("DATA_DIR {path}: {source}; name a directory that may be written and has room", path = path.display())]
    File {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl DataDirLock {
    /// Takes the lock on `dir`, which must exist. While another process holds it, tries again for `patience`: a
    /// process that is being replaced needs a moment to leave.
    pub fn take(dir: &Path, patience: Duration) -> Result<Self, LockError> {
        let path = dir.join("lock");
        let fault = |source| LockError::File {
            path: dir.to_path_buf(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fault)?;
        let until = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(50))
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // The text only helps a person; without it the lock is held all the same.
                    let _ = file.read_to_string(&mut holder);
                    let holder = if holder.trim().is_empty() {
                        "unknown".into()
                    } else {
                        holder.trim().into()
                    };
                    return Err(LockError::Held {
                        path: dir.to_path_buf(),
                        holder,
                    });
                }
                Err(TryLockError::Error(source)) => return Err(fault(source)),
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(fault)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDirLock::take(dir.path(), Duration::ZERO).unwrap();
        let error = DataDirLock::take(dir.path(), Duration::ZERO).unwrap_err().to_string();
        assert!(error.contains(&std::process::id().to_string()), "{error}");
        drop(first);
        DataDirLock::take(dir.path(), Duration::ZERO).unwrap();
    }
}
