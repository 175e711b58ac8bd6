//! Who runs the bot, as Discord says: asked for when it matters, so that who left a team is out of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use ostinato_actors::ports::Clock;
use ostinato_machine::ids::UserId;

use crate::discord::rest::{Owners as Named, Rest};

/// How long an answer is good for, ms.
const GOOD_MS: u64 = 60_000;

/// Longest wait for one: whoever asks has to be answered within 3 s.
const ANSWER: Duration = Duration::from_millis(1_500);

/// Who runs the bot.
pub(super) struct Owners {
    rest: Rest,
    clock: Rc<dyn Clock>,
    known: RefCell<Option<(u64, Named)>>,
}

impl Owners {
    pub(super) fn new(rest: Rest, clock: Rc<dyn Clock>) -> Self {
        Self {
            rest,
            clock,
            known: RefCell::default(),
        }
    }

    /// Whether `user` is one of them; `None` when Discord does not say.
    pub(super) async fn have(&self, user: UserId) -> Option<bool> {
        if let Some((at_ms, named)) = &*self.known.borrow()
            && self.clock.monotonic_ms().saturating_sub(*at_ms) < GOOD_MS
        {
            return named.have(user.0);
        }
        let named = match tokio::time::timeout(ANSWER, self.rest.owners()).await {
            Ok(Ok(named)) => named,
            Ok(Err(error)) => {
                tracing::warn!(%error, "Discord does not say who runs the bot");
                return None;
            }
            Err(_) => {
                tracing::warn!("Discord does not say in time who runs the bot");
                return None;
            }
        };
        let have = named.have(user.0);
        *self.known.borrow_mut() = Some((self.clock.monotonic_ms(), named));
        have
    }
}
