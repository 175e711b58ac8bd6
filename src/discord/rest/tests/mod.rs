//! The executor against a server of the test's own, and its pure parts by themselves.

mod buckets;
mod executor;
pub(in crate::discord) mod server;
mod wire;

use std::cell::Cell;
use std::rc::Rc;

use ostinato_actors::ports::Clock;
use ostinato_machine::ids::{ChannelId, Hidden};

use super::{Operation, Rest, RestSettings};

/// A wall clock that stands where a test puts it, and chance that rises.
pub(in crate::discord) struct TestClock {
    pub(in crate::discord) now_ms: Cell<u64>,
    chance: Cell<u64>,
}

impl TestClock {
    pub(in crate::discord) fn at(now_ms: u64) -> Rc<Self> {
        Rc::new(Self {
            now_ms: Cell::new(now_ms),
            chance: Cell::new(0),
        })
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn monotonic_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn chance(&self) -> u64 {
        self.chance.set(self.chance.get() + 1);
        self.chance.get()
    }
}

fn rest(settings: &RestSettings) -> Rest {
    Rest::new(settings, TestClock::at(1_000_000)).unwrap()
}

fn callback(interaction: u64) -> Operation {
    Operation::Callback {
        interaction,
        token: Hidden::new("tok"),
    }
}

fn edit(token: &str) -> Operation {
    Operation::EditOriginal {
        application: 7,
        token: Hidden::new(token),
    }
}

fn post(channel: u64) -> Operation {
    Operation::Post {
        channel: ChannelId(channel),
    }
}

fn body() -> Option<Vec<u8>> {
    Some(b"{\"content\":\"x\"}".to_vec())
}
