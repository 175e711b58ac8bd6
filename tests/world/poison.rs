//! P5: an input that kills costs one death and itself, and what a user wrote stays out of the log.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use ostinato_actors::world::{Note, Strike, World, seeds};
use ostinato_machine::guild::{Input, Refusal};
use tracing::field::{Field, Visit};
use tracing::span;
use tracing::{Event, Metadata, Subscriber};

use crate::stage::{ANN, LIST, guild, open_playing, play, played, refusal};

/// Inputs of the trace.
const INPUTS: usize = 50;

/// Between two inputs, ms.
const PACE_MS: u64 = 20;

/// Keeps every line of the log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("whole").clone()
    }
}

struct Words<'a>(&'a mut String);

impl Visit for Words<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).expect("a string takes everything");
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = format!("{} ", event.metadata().level());
        event.record(&mut Words(&mut line));
        self.0.lock().expect("whole").push(line);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// What one user searches for.
fn query(number: usize) -> String {
    format!("what-user-{number}-wrote")
}

/// Fifty commands of which one kills. Tells how long after the death the next input was applied, ms.
async fn trace(world: &World, poisoned: usize, at: Strike) -> u64 {
    let here = guild(0);
    open_playing(world, &[here]).await;
    for number in 0..INPUTS {
        let track = ostinato_machine::track::Track {
            encoded: "encoded".into(),
            title: query(number).into(),
            length_ms: Some(60_000),
            ..Default::default()
        };
        let found = ostinato_machine::guild::Loaded::Found(vec![Arc::new(track)]);
        world.audio.add_result(&query(number), found);
    }
    let before = world.ledger(&[here]).await;
    let bad = query(poisoned);
    let is_bad = move |input: &Input| matches!(input, Input::Command { command, .. } if *command == play(&bad));
    world.strike(at, Some(here), u32::MAX, Some(Arc::new(is_bad)));
    let mut asked = Vec::new();
    for number in 0..INPUTS {
        asked.push(world.say(here, ANN, play(&query(number))));
        world.wait_ms(PACE_MS).await;
    }
    world.wait_ms(3_000).await;
    let after = world.ledger(&[here]).await;
    assert_eq!(
        (after.deaths - before.deaths, after.dead - before.dead),
        (1, 1),
        "one death, one dead letter"
    );
    assert_eq!((after.refused, after.held, after.difference()), (0, 0, 0), "{after:?}");
    for (number, asked) in asked.iter().enumerate() {
        let say = world.answer(*asked);
        let fault = matches!(refusal(say.as_ref()), Some(Refusal::Fault { .. }));
        assert_eq!(fault, number == poisoned, "input {number}: {say:?}");
        let added = matches!(say, Some(ostinato_machine::guild::Say::Added { .. }));
        assert_eq!(added, number != poisoned, "input {number}: {say:?}");
    }
    let noted = world.noted();
    let died = noted
        .iter()
        .position(|noted| noted.note == Note::Died)
        .expect("it died");
    let next = noted[died..].iter().find(|noted| noted.note == Note::Applied);
    next.expect("more is applied").at_ms - noted[died].at_ms
}

#[test]
fn p5_poison_costs_one_death_and_later_inputs_proceed() {
    let log = Log::default();
    let mut slowest_ms = 0;
    tracing::subscriber::with_default(log.clone(), || {
        for seed in seeds(INPUTS as u64) {
            let poisoned = usize::try_from(seed).expect("small") % INPUTS;
            for at in [Strike::Decide, Strike::Apply] {
                let waited_ms = played(seed, |world| async move { trace(&world, poisoned, at).await });
                slowest_ms = slowest_ms.max(waited_ms);
                assert!(
                    waited_ms <= 300,
                    "seed {seed}: {waited_ms} ms until the next input was applied"
                );
            }
        }
    });
    let lines = log.lines();
    let letters = lines.iter().filter(|line| line.contains("a dead letter")).count();
    let told = lines.iter().filter(|line| line.contains("-wrote")).collect::<Vec<_>>();
    let deaths = lines.iter().filter(|line| line.contains("a guild died")).count();
    println!(
        "p5: {letters} poisoned traces of {INPUTS} inputs: one death each, all others applied, at most {slowest_ms} ms later; lines of the log that quote a user: {}",
        told.len()
    );
    assert_eq!(letters, deaths);
    assert!(letters == 2 * INPUTS || letters == 2, "{letters}");
    assert!(told.is_empty(), "{told:?}");
    assert!(
        !lines
            .iter()
            .any(|line| line.contains(LIST) && line.starts_with("ERROR"))
    );
}
