//! The ask lane: questions to the outside. Each ends in exactly one [`Input::Done`], before its deadline.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt as _;
use ostinato_machine::guild::{Ask, AskError, Input, Outcome, Question};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::slot::Refused;

use crate::ports::{PortError, PortErrorKind};
use crate::shard::Shard;
use crate::station::{Station, sleep_ms};

/// A full inbox is tried again after so long, ms.
const AGAIN_MS: u64 = 250;

/// Puts a question; the answer comes back through the ingress.
pub(super) fn put(station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, ask: Ask) {
    let (here, shard) = (Rc::clone(station), Rc::clone(shard));
    station.spawn(async move {
        let Ask { ticket, question } = ask;
        // Also a fault in a port ends in an answer: the guild would wait for ever.
        let answered = AssertUnwindSafe(answer(&here, &shard, guild, question))
            .catch_unwind()
            .await;
        let outcome = answered.unwrap_or(Outcome::Failed(AskError::Unreachable));
        hand_over(&here, guild, Input::Done { ticket, outcome }).await;
    });
}

async fn answer(station: &Station, shard: &Shard, guild: GuildId, question: Question) -> Outcome {
    let (ports, settings) = (&station.ports, &station.settings);
    let result = match question {
        Question::Search { query } => {
            let work = ports.audio.load(shard.id, query);
            within(settings.search_ms, work).await.map(Outcome::Loaded)
        }
        Question::Related { seed } => {
            let work = ports.audio.related(shard.id, seed);
            within(settings.search_ms, work).await.map(Outcome::Related)
        }
        Question::SeatOf { user } => {
            let work = ports.discord.seat_of(guild, user);
            let result = within(settings.question_ms, work).await;
            result.map(|channel| Outcome::SeatIs { user, channel })
        }
        Question::WhyNoVoice { channel } => {
            let work = ports.discord.why_no_voice(guild, channel);
            within(settings.question_ms, work).await.map(Outcome::JoinBlocked)
        }
    };
    result.unwrap_or_else(|error| {
        tracing::info!(%guild, shard = %shard.id, %error, "a question has no answer");
        Outcome::Failed(failed(error.kind))
    })
}

async fn within<T>(ms: u64, work: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
    let late = |_| {
        Err(PortError::new(
            PortErrorKind::Timeout,
            "no answer within the question's deadline",
        ))
    };
    tokio::time::timeout(Duration::from_millis(ms), work)
        .await
        .unwrap_or_else(late)
}

fn failed(kind: PortErrorKind) -> AskError {
    match kind {
        PortErrorKind::Timeout => AskError::Timeout,
        PortErrorKind::Gone => AskError::NoNode,
        PortErrorKind::Refused => AskError::Refused,
        PortErrorKind::Unreachable | PortErrorKind::Malformed | PortErrorKind::Overloaded => AskError::Unreachable,
    }
}

/// Hands the answer over. A guild that is flooded gets it as soon as it has room, for as long as anybody waits.
async fn hand_over(station: &Rc<Station>, guild: GuildId, input: Input) {
    let until_ms = station
        .ports
        .clock
        .monotonic_ms()
        .saturating_add(station.settings.limits.expire_ms);
    loop {
        match station.push(guild, CauseId::Internal, input.clone(), 0) {
            Err(Refused::Full) if station.ports.clock.monotonic_ms() < until_ms => sleep_ms(AGAIN_MS).await,
            Ok(()) => return,
            Err(why) => {
                tracing::debug!(%guild, %why, "an answer came too late; the guild asks again at its next start");
                return;
            }
        }
    }
}
