//! One recording being written, on a thread of its own.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use ostinato_actors::record::{Next, Reel, Take};
use ostinato_machine::guild::Guild;
use ostinato_machine::ids::GuildId;
use serde_json::Value;

use super::line::{self, After, Header, Line, Step, VERSION};
use super::redact::Redact;

/// How long the guild's actor may take to begin.
const BEGIN: Duration = Duration::from_secs(5);

/// The file, and what was written of the guild.
pub(super) struct Roll {
    file: File,
    path: PathBuf,
    guild: GuildId,
    at_ms: u64,
    largest: u64,
    redact: Redact,
    wanted: Value,
    sum: u64,
    bytes: u64,
    steps: u64,
}

impl Roll {
    pub(super) fn new(file: File, path: PathBuf, (guild, at_ms): (GuildId, u64), largest: u64) -> Self {
        Self {
            file,
            path,
            guild,
            at_ms,
            largest,
            redact: Redact::default(),
            wanted: Value::Null,
            sum: 0,
            bytes: 0,
            steps: 0,
        }
    }

    /// Writes what comes, for so long at most.
    pub(super) fn write(mut self, reel: &Reel, length: Duration) {
        let (path, guild) = (self.path.clone(), self.guild);
        let Next::Take(Take::Begin(value)) = reel.next(BEGIN) else {
            // Nobody has begun: an empty file says nothing.
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(%guild, path = %path.display(), %error, "a recording that never began is left behind");
            }
            return;
        };
        let end = self.header(&value).and_then(|()| self.follow(reel, length));
        let said = end.and_then(|why| self.put(&Line::End(why.into())).map(|()| why));
        match said {
            Ok(why) => {
                tracing::info!(%guild, path = %path.display(), inputs = self.steps, why, "a recording is finished");
            }
            Err(error) => tracing::error!(%guild, path = %path.display(), %error, "a recording can't be written"),
        }
    }

    fn header(&mut self, value: &Guild) -> std::io::Result<()> {
        let masked = value.masked(&mut self.redact);
        let after = After::of(&masked, &[], &mut self.redact, &mut self.wanted);
        self.put(&Line::Recording(Box::new(Header {
            v: VERSION,
            guild: self.guild,
            release: env!("CARGO_PKG_VERSION").into(),
            at_ms: self.at_ms,
            limits: (**value.limits()).clone(),
            state: masked.whole(),
            after,
        })))
    }

    /// Until the time is over or nothing more comes; tells which.
    fn follow(&mut self, reel: &Reel, length: Duration) -> std::io::Result<&'static str> {
        let until = Instant::now() + length;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok("the time is over");
            }
            if self.bytes >= self.largest {
                return Ok("it is as large as it may be");
            }
            match reel.next(left) {
                Next::Take(Take::Step(step)) => {
                    let masked = step.guild.masked(&mut self.redact);
                    let after = After::of(&masked, &step.events, &mut self.redact, &mut self.wanted);
                    let stamped = step.stamped.masked(&mut self.redact);
                    self.steps += 1;
                    self.put(&Line::Step(Box::new(Step { stamped, after })))?;
                }
                Next::Take(Take::Died(stamped, cause)) => {
                    let stamped = Box::new(stamped.masked(&mut self.redact));
                    let cause = cause.to_owned();
                    self.put(&Line::Died { stamped, cause })?;
                    return Ok("the guild's actor died");
                }
                Next::Take(Take::Begin(_)) => return Ok("it began a second time"),
                Next::Nothing => {}
                Next::Over(true) => return Ok("too much came at once, and an input did not fit"),
                Next::Over(false) => return Ok("the guild's actor ended"),
            }
        }
    }

    fn put(&mut self, line: &Line) -> std::io::Result<()> {
        let (text, sum) = line::write(line, self.sum)?;
        self.sum = sum;
        self.bytes = self.bytes.saturating_add(text.len() as u64);
        self.file.write_all(text.as_bytes())
    }
}
