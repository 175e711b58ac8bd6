//! Autoplay against a plain model: what a listener asked for comes first, whatever is found when.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::*;

/// What plays and what would, as a listener would tell it. Tracks are numbers.
#[derive(Clone, Debug, Default)]
struct Plain {
    current: Option<u32>,
    queue: Vec<u32>,
    on: bool,
    looped: bool,
    /// What autoplay has found for when the queue has run out.
    found: Option<u32>,
    /// Silence that ends as soon as something is found.
    waits: bool,
    last: u32,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Play {
        count: u32,
        at: Where,
    },
    Skip,
    Ends,
    Stop,
    Clear,
    Loop(bool),
    Autoplay(bool),
    /// The time comes at which something is looked for, and it is found.
    Looks,
    Dies,
}

impl Plain {
    fn looks(&self) -> bool {
        let over = self.queue.is_empty() && !self.looped;
        self.on && over && self.found.is_none() && (self.current.is_some() || self.waits)
    }

    fn next(&mut self) {
        self.current = if self.queue.is_empty() {
            self.waits = self.on && self.found.is_none();
            self.found.take()
        } else {
            Some(self.queue.remove(0))
        };
    }

    fn play(&mut self, count: u32, at: Where) {
        let new = self.last + 1..=self.last + count;
        let place = if at == Where::End { self.queue.len() } else { 0 };
        self.queue.splice(place..place, new);
        self.last += count;
        (self.found, self.waits) = (None, false);
        if self.current.is_none() || at == Where::Now {
            self.current = Some(self.queue.remove(0));
        }
    }

    fn follow(&mut self, order: Order) {
        match order {
            Order::Play { count, at } => self.play(count, at),
            Order::Skip if self.current.is_some() => self.next(),
            Order::Ends if self.current.is_some() && !self.looped => self.next(),
            Order::Stop => (self.current, self.queue, self.found, self.waits) = (None, vec![], None, false),
            Order::Clear => self.queue.clear(),
            Order::Loop(on) => self.looped = on,
            Order::Autoplay(on) if on != self.on => (self.on, self.found, self.waits) = (on, None, false),
            Order::Looks if self.looks() => {
                self.last += 1;
                if self.current.is_some() {
                    self.found = Some(self.last);
                } else {
                    (self.current, self.waits) = (Some(self.last), false);
                }
            }
            Order::Skip | Order::Ends | Order::Autoplay(_) | Order::Looks | Order::Dies => {}
        }
    }
}

impl ReferenceStateMachine for Plain {
    type State = Self;
    type Transition = Order;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Order> {
        let at = prop_oneof![2 => Just(Where::End), 1 => Just(Where::Next), 1 => Just(Where::Now)];
        prop_oneof![
            3 => (1..3_u32, at).prop_map(|(count, at)| Order::Play { count, at }),
            3 => Just(Order::Skip),
            5 => Just(Order::Ends),
            1 => Just(Order::Stop),
            1 => Just(Order::Clear),
            1 => any::<bool>().prop_map(Order::Loop),
            3 => prop::bool::weighted(0.8).prop_map(Order::Autoplay),
            6 => Just(Order::Looks),
            1 => Just(Order::Dies),
        ]
        .boxed()
    }

    fn apply(mut state: Self, order: &Order) -> Self {
        state.follow(*order);
        state
    }
}

/// The real guild on its stage.
struct Real(World);

impl Real {
    fn play(&mut self, count: u32, at: Where, last: u32) {
        let absent = self.0.g.kept.channel.is_none();
        self.0.say(ANN, Command::Play { query: "x".into(), at });
        let ask = self.0.asked.pop().expect("a search");
        let tracks = (last + 1 - count..=last).map(|number| track(&number.to_string()));
        let loaded = Loaded::Playlist {
            name: "list".into(),
            selected: None,
            tracks: tracks.collect(),
        };
        self.0.put(Input::Done {
            ticket: ask.ticket,
            outcome: Outcome::Loaded(loaded),
        });
        if absent {
            self.0.join();
        }
    }

    fn follow(&mut self, order: Order, plain: &Plain) {
        let world = &mut self.0;
        match order {
            Order::Play { count, at } => self.play(count, at, plain.last),
            Order::Skip => drop(world.say(ANN, Command::Skip)),
            Order::Ends => {
                world.now += 60_000;
                if world.g.kept.current.is_some() {
                    world.ended(world.tag(), EndReason::Finished);
                }
            }
            Order::Stop => drop(world.say(ANN, Command::Stop)),
            Order::Clear => drop(world.say(ANN, Command::Clear)),
            Order::Loop(on) => {
                let mode = if on { LoopMode::Track } else { LoopMode::Off };
                world.say(ANN, Command::Loop { mode });
            }
            Order::Autoplay(on) => drop(world.say(ANN, Command::Autoplay { on })),
            Order::Looks => {
                if let Some(ask) = world.looks() {
                    world.finds(&ask, &[by("c", &plain.last.to_string())], &[]);
                }
            }
            Order::Dies => {
                world.dies();
                if world.g.kept.channel.is_some() {
                    world.join();
                }
            }
        }
    }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Plain;

    fn init_test(_: &Plain) -> Self {
        // It stays, however long nothing plays.
        Self(World::with(Limits {
            idle_leave_ms: u64::MAX,
            ..Limits::default()
        }))
    }

    fn apply(mut real: Self, plain: &Plain, order: Order) -> Self {
        // Far enough from the last order to be one of its own.
        real.0.now += 2_000;
        real.follow(order, plain);
        if wants(&real.0.g).player.is_some_and(|player| player.track.is_some()) {
            real.0.started();
        }
        real
    }

    fn check_invariants(real: &Self, plain: &Plain) {
        let world = &real.0;
        let number = |title: &str| title.parse::<u32>().expect("a number");
        assert_eq!(world.title().map(|title| number(&title)), plain.current);
        let queue = world.g.kept.queue.iter();
        let queue: Vec<u32> = queue.map(|entry| number(&entry.track.title)).collect();
        assert_eq!(queue, plain.queue);
        assert_eq!(world.next_title().map(|title| number(&title)), plain.found);
        let auto = world.g.autoplay();
        assert_eq!(auto.is_some(), plain.on);
        assert_eq!(auto.is_some_and(|auto| auto.awaited_ms.is_some()), plain.waits);
        assert_eq!(world.g.autoplay_due_ms().is_some(), plain.looks());
    }

    fn teardown(real: Self, _: Plain) {
        let limits = real.0.g.limits.clone();
        let again = Guild::restore(GuildId(1), 1, None, &real.0.records, limits).expect("restored");
        assert_eq!(again.kept, real.0.g.kept);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(1_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn autoplay_does_what_the_plain_model_does(sequential 1..60 => Real);
}
