//! Queue, current track, history, loops and pauses against a plain model that knows nothing of events.

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::*;

const QUEUE: usize = 6;
const HISTORY: usize = 4;

/// A guild as a listener would describe it. Tracks are numbers.
#[derive(Clone, Debug, Default, PartialEq)]
struct Plain {
    current: Option<u32>,
    queue: Vec<u32>,
    history: Vec<u32>,
    mode: LoopMode,
    paused: bool,
    in_voice: bool,
    /// The last number that was given away.
    last: u32,
    /// Whether the last order was refused.
    refused: bool,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Play { count: u32, at: Where },
    Skip { twice: bool },
    Ends,
    Fails,
    Remove(usize, Option<usize>),
    Move(usize, usize),
    Clear,
    Stop,
    Loop(LoopMode),
    Replay,
    Seek(u64),
    Pause,
    Resume,
    Connect,
    Disconnect,
    NodeLost { back: bool },
    Dies,
}

impl Plain {
    fn plays(&self) -> bool {
        self.in_voice && self.current.is_some()
    }

    fn next(&mut self) {
        self.current = (!self.queue.is_empty()).then(|| self.queue.remove(0));
        self.paused &= self.current.is_some();
    }

    fn leave(&mut self, back: bool) {
        let Some(track) = self.current.take() else { return };
        self.history.push(track);
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
        if back {
            self.queue.push(track);
        }
    }

    fn play(&mut self, count: u32, at: Where) -> bool {
        let starts = self.current.is_none() || at == Where::Now;
        let room = QUEUE - self.queue.len() + usize::from(starts);
        if room == 0 {
            return false;
        }
        let new: Vec<u32> = (self.last + 1..=self.last + count).take(room).collect();
        self.last += count;
        let place = if at == Where::End { self.queue.len() } else { 0 };
        self.queue.splice(place..place, new);
        self.in_voice = true;
        if starts {
            self.leave(false);
            self.paused &= at != Where::Now;
            self.next();
        }
        true
    }

    fn remove(&mut self, one: usize, other: usize) -> bool {
        let places = one.min(other)..=one.max(other);
        let fits = *places.start() > 0 && *places.end() <= self.queue.len();
        let mut place = 0;
        self.queue.retain(|_| {
            place += 1;
            !fits || !places.contains(&place)
        });
        fits
    }

    /// Follows an order; tells whether it is one that can be followed.
    fn follow(&mut self, order: &Order) -> bool {
        match *order {
            Order::Play { count, at } => return self.play(count, at),
            Order::Skip { .. } | Order::Fails | Order::Ends if !self.plays() => return false,
            Order::Skip { .. } => {
                self.leave(self.mode == LoopMode::Queue);
                self.next();
            }
            Order::Ends if self.mode == LoopMode::Track => {}
            Order::Ends => {
                self.leave(self.mode == LoopMode::Queue);
                self.next();
            }
            Order::Fails => {
                self.leave(false);
                self.next();
            }
            Order::Move(at, _) if at == 0 || at > self.queue.len() => return false,
            Order::Move(_, to) if to == 0 || to > self.queue.len() => return false,
            Order::Remove(one, other) => return self.remove(one, other.unwrap_or(one)),
            Order::Move(from, to) => {
                let track = self.queue.remove(from - 1);
                self.queue.insert(to - 1, track);
            }
            Order::Clear if self.queue.is_empty() => return false,
            Order::Clear => self.queue.clear(),
            Order::Stop if self.current.is_none() && self.queue.is_empty() => return false,
            Order::Stop => {
                self.queue.clear();
                self.leave(false);
                self.paused = false;
            }
            Order::Loop(mode) => self.mode = mode,
            Order::Replay | Order::Seek(_) => return self.plays(),
            Order::Pause | Order::Resume if !self.plays() => return false,
            Order::Pause if self.paused => return false,
            Order::Resume if !self.paused => return false,
            Order::Pause | Order::Resume => self.paused = !self.paused,
            Order::Connect if self.in_voice => return false,
            Order::Disconnect if !self.in_voice => return false,
            Order::Connect | Order::Disconnect => self.in_voice = !self.in_voice,
            Order::NodeLost { .. } | Order::Dies => {}
        }
        true
    }
}

impl ReferenceStateMachine for Plain {
    type State = Self;
    type Transition = Order;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Order> {
        let at = prop_oneof![3 => Just(Where::End), 1 => Just(Where::Next), 1 => Just(Where::Now)];
        let mode = prop_oneof![Just(LoopMode::Off), Just(LoopMode::Track), Just(LoopMode::Queue)];
        let place = 0..QUEUE + 2;
        prop_oneof![
            6 => (1..6_u32, at).prop_map(|(count, at)| Order::Play { count, at }),
            3 => any::<bool>().prop_map(|twice| Order::Skip { twice }),
            4 => Just(Order::Ends),
            2 => Just(Order::Fails),
            2 => (place.clone(), prop::option::of(place.clone())).prop_map(|(one, other)| Order::Remove(one, other)),
            2 => (place.clone(), place).prop_map(|(from, to)| Order::Move(from, to)),
            1 => Just(Order::Clear),
            1 => Just(Order::Stop),
            2 => mode.prop_map(Order::Loop),
            1 => Just(Order::Replay),
            1 => (0..60_000_u64).prop_map(Order::Seek),
            1 => Just(Order::Pause),
            1 => Just(Order::Resume),
            1 => Just(Order::Connect),
            1 => Just(Order::Disconnect),
            1 => any::<bool>().prop_map(|back| Order::NodeLost { back }),
            1 => Just(Order::Dies),
        ]
        .boxed()
    }

    fn apply(mut state: Self, order: &Order) -> Self {
        state.refused = !state.follow(order);
        state
    }
}

/// The real guild on its stage.
struct Real(World);

impl Real {
    fn say(&mut self, command: Command) -> Option<Say> {
        self.0.say(ANN, command)
    }

    fn play(&mut self, count: u32, at: Where, last: u32) -> Option<Say> {
        let absent = self.0.g.kept.channel.is_none();
        let refused = self.say(Command::Play { query: "x".into(), at });
        let Some(ask) = self.0.asked.pop() else { return refused };
        let tracks: Vec<_> = (last + 1 - count..=last)
            .map(|number| track(&number.to_string()))
            .collect();
        let loaded = Loaded::Playlist {
            name: "list".into(),
            selected: None,
            tracks,
        };
        self.0.put(Input::Done {
            ticket: ask.ticket,
            outcome: Outcome::Loaded(loaded),
        });
        if absent {
            self.0.join();
        }
        self.0.said.last().cloned()
    }

    fn ends(&mut self, reason: EndReason) {
        let Some(track) = wants(&self.0.g).player.and_then(|player| player.track) else {
            return;
        };
        self.0.ended(track.tag, reason);
        if let Some(at_ms) = self.0.g.kept.hold_until_ms {
            self.0.now = at_ms;
            self.0.put(Input::Wake);
        }
    }

    fn follow(&mut self, order: Order, plain: &Plain) -> Option<Say> {
        match order {
            Order::Play { count, at } => return self.play(count, at, plain.last),
            Order::Skip { twice } => {
                let said = self.say(Command::Skip);
                if twice && plain.current.is_some() {
                    self.0.now += 20;
                    self.0.say(BOB, Command::Skip);
                }
                return said;
            }
            Order::Ends => self.ends(EndReason::Finished),
            Order::Fails => self.ends(EndReason::LoadFailed),
            Order::Remove(index, last) => return self.say(Command::Remove { index, last }),
            Order::Move(from, to) => return self.say(Command::Move { from, to }),
            Order::Clear => return self.say(Command::Clear),
            Order::Stop => return self.say(Command::Stop),
            Order::Loop(mode) => return self.say(Command::Loop { mode }),
            Order::Replay => return self.say(Command::Replay),
            Order::Seek(position_ms) => return self.say(Command::Seek { position_ms }),
            Order::Pause => return self.say(Command::Pause),
            Order::Resume => return self.say(Command::Resume),
            Order::Connect => {
                let refused = self.say(Command::Connect);
                self.0.join();
                return refused.or(self.0.said.last().cloned());
            }
            Order::Disconnect => {
                let said = self.say(Command::Disconnect);
                let session_id = Hidden::new("s");
                self.0.put(Input::OwnVoice {
                    channel: None,
                    session_id,
                    suppressed: false,
                });
                return said;
            }
            Order::NodeLost { back } => self.node_lost(back),
            Order::Dies => self.dies(),
        }
        None
    }

    fn node_lost(&mut self, back: bool) {
        let nodes = [None, Some(NodeId::new("n1"))];
        for node in nodes.into_iter().skip(usize::from(!back)) {
            self.0.now += 1;
            let generation = self.0.now;
            self.0.put(Input::Placed { node, generation });
        }
    }

    /// The process dies with a guild that plays, and the next one finds everything as it was.
    fn dies(&mut self) {
        let World { g, records, now, .. } = &mut self.0;
        let (passing, player, seats) = (g.passing.clone(), wants(g).player, seats(g));
        let player = player.map(|player| Seen {
            node: player.node,
            tag: player.track.map(|track| track.tag),
            position_ms: g.position(*now),
            at_ms: *now,
            paused: player.paused,
            volume: player.volume,
            voice: Some(player.voice),
            connected: true,
        });
        *g = Guild::restore(GuildId(1), 1, None, records, g.limits.clone()).expect("restored");
        let placed = passing.placed.filter(|_| g.kept.current.is_none());
        let (incarnation, seats, own) = (passing.incarnation + 1, seats, passing.own);
        self.0.put(Input::Restored(Box::new(Restored {
            incarnation,
            seats,
            own,
            player,
            cold: false,
        })));
        if let Some((node, generation)) = placed {
            self.0.put(Input::Placed {
                node: Some(node),
                generation,
            });
        }
    }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Plain;

    fn init_test(_: &Plain) -> Self {
        let limits = Limits {
            queue: QUEUE,
            history: HISTORY,
            ..Limits::default()
        };
        Self(World::with(limits))
    }

    fn apply(mut real: Self, plain: &Plain, order: Order) -> Self {
        // Far enough from the last order to be one of its own.
        real.0.now += 2_000;
        let said = real.follow(order, plain);
        if let Some(said) = said {
            assert_eq!(matches!(said, Say::Refused(_)), plain.refused, "{said:?}");
        }
        if wants(&real.0.g).player.is_some_and(|player| player.track.is_some()) {
            real.0.started();
        }
        real
    }

    fn check_invariants(real: &Self, plain: &Plain) {
        let kept = &real.0.g.kept;
        let numbers = |entries: &mut dyn Iterator<Item = &crate::track::Entry>| -> Vec<u32> {
            entries
                .map(|entry| entry.track.title.parse().expect("a number"))
                .collect()
        };
        let current = kept.current.as_ref().map(|current| &current.entry);
        assert_eq!(
            numbers(&mut current.into_iter()),
            plain.current.into_iter().collect::<Vec<_>>()
        );
        assert_eq!(numbers(&mut kept.queue.iter()), plain.queue);
        assert_eq!(numbers(&mut kept.history.iter()), plain.history);
        assert_eq!((kept.loop_mode, kept.paused_by_user), (plain.mode, plain.paused));
        let want = wants(&real.0.g);
        assert_eq!(want.voice.is_some(), plain.in_voice);
        let player = want.player.filter(|player| player.track.is_some());
        assert_eq!(player.is_some(), plain.plays(), "in voice, it plays what is current");
        assert!(player.is_none_or(|player| player.paused == plain.paused));
    }

    fn teardown(real: Self, _: Plain) {
        let limits = real.0.g.limits.clone();
        let again = Guild::restore(GuildId(1), 1, None, &real.0.records, limits).expect("restored");
        assert_eq!(again.kept, real.0.g.kept);
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(2_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn t1_a_guild_does_what_the_plain_model_does(sequential 1..60 => Real);
}
