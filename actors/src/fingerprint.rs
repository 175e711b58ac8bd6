//! One number for what a guild keeps: equal states have equal ones, in every process of a release.

use std::hash::Hasher as _;
use std::io;

use fnv::FnvHasher;
use ostinato_machine::guild::Guild;

/// The fingerprint of what `guild` keeps: FNV-1a, 64 bits, over the JSON that its snapshot would hold.
///
/// What is passing (seats, voice, node) is no part of it. `ostinato replay` shows the same number for the same revision,
/// so a guild that lives can be compared with its journal. Two releases agree as long as
/// they write the same snapshot. Takes time with the length of the queue, about as long as
/// writing a snapshot, and no memory: for orders of an operator, not for every input.
pub fn fingerprint(guild: &Guild) -> u64 {
    let mut sum = Sum(FnvHasher::default());
    // Neither side can fail: the sum takes every byte, and what is kept is what is written in every snapshot.
    let _ = serde_json::to_writer(&mut sum, guild.kept());
    sum.0.finish()
}

/// The fingerprint of all that `guild` is, what is passing included, and without pages of tracks that are remembered as
/// numbers. Of a masked guild: nobody else has this number.
pub fn whole_fingerprint(guild: &Guild) -> u64 {
    let mut guild = guild.clone();
    guild.forget_pages();
    let mut sum = Sum(FnvHasher::default());
    let _ = serde_json::to_writer(&mut sum, &guild.whole());
    sum.0.finish()
}

/// The sum of a text that follows another one.
pub fn chained(before: u64, text: &str) -> u64 {
    let mut sum = FnvHasher::with_key(before);
    sum.write(text.as_bytes());
    sum.finish()
}

/// Adds up what is written to it.
struct Sum(FnvHasher);

impl io::Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ostinato_machine::guild::{Kept, RECORD_VERSION, Snapshot};
    use ostinato_machine::ids::GuildId;
    use ostinato_machine::limits::Limits;
    use serde_json::json;

    use super::*;

    fn guild(kept: &serde_json::Value) -> Guild {
        let kept: Kept = serde_json::from_value(kept.clone()).expect("it is read");
        let snapshot = Snapshot {
            v: RECORD_VERSION,
            revision: 3,
            kept,
            said: Vec::new(),
        };
        let limits = Arc::new(Limits::default());
        Guild::restore(GuildId(1), 1, Some(snapshot), &[], limits).expect("it is restored")
    }

    #[test]
    fn it_is_the_sum_of_the_snapshot_s_json_and_of_nothing_else() {
        let track = json!({ "encoded": "QAAA", "title": "First", "author": "Ann", "source": "http", "seekable": true });
        let one = guild(&json!({ "queue": [{ "id": 1, "track": track, "by": 1 }], "volume": 40 }));
        let mut sum = FnvHasher::default();
        sum.write(
            serde_json::to_string(&one.snapshot().kept)
                .expect("it is written")
                .as_bytes(),
        );
        assert_eq!(fingerprint(&one), sum.finish());
        assert_eq!(fingerprint(&one), fingerprint(&one.clone()));
        let louder = guild(&json!({ "queue": [{ "id": 1, "track": track, "by": 1 }], "volume": 41 }));
        assert_ne!(fingerprint(&one), fingerprint(&louder));
    }
}
