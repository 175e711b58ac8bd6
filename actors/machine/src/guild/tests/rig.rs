//! A guild under random inputs, with a shell's memory of it and the laws as checks after every step.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{check, name, phase};
use super::node::Nodes;
use super::random::{self, Draw, Step};
use super::*;
use crate::guild::state::Kept;

pub(super) struct Rig {
    pub(super) g: Guild,
    pub(super) now: u64,
    /// Questions under way.
    pub(super) open: Vec<Ask>,
    pub(super) closed: Vec<Ticket>,
    /// Every tag that a node was ever told.
    pub(super) tags: Vec<Tag>,
    pub(super) nodes: Nodes,
    pub(super) records: Vec<Record>,
    /// The kept state after each record.
    pub(super) history: Vec<Kept>,
    /// Everything that changed, passing or kept.
    pub(super) events: Vec<Event>,
    pub(super) visited: BTreeSet<(&'static str, &'static str)>,
    pub(super) told: Option<WantedPlayer>,
    replies: u64,
    /// Final answers by interaction.
    finals: BTreeMap<u64, u32>,
    /// Commands that were applied, with their causes.
    applied: Vec<(CauseId, Input)>,
}

pub(super) fn limits() -> Limits {
    Limits {
        queue: 8,
        history: 3,
        pending: 3,
        seats: 6,
        query_chars: 30,
        ..Limits::default()
    }
}

impl Rig {
    pub(super) fn new(playing: bool) -> Self {
        let mut rig = Self {
            g: Guild::new(GuildId(1), 1, Arc::new(limits())),
            now: 1_700_000_000_000,
            open: vec![],
            closed: vec![],
            tags: vec![],
            nodes: Nodes::default(),
            records: vec![],
            history: vec![Kept::default()],
            events: vec![],
            visited: BTreeSet::new(),
            told: None,
            replies: 0,
            finals: BTreeMap::new(),
            applied: vec![],
        };
        let seats = Some(vec![seat(ANN, Some(LOUNGE)), seat(BOB, Some(LOUNGE))]);
        rig.put(
            CauseId::Internal,
            Input::Restored(Box::new(Restored {
                incarnation: 1,
                seats,
                ..Restored::default()
            })),
        );
        if playing {
            rig.play();
        }
        rig
    }

    /// The way to a playing guild.
    fn play(&mut self) {
        let command = Command::Play {
            query: "x".into(),
            at: Where::End,
        };
        let by = Caller {
            user: ANN,
            text: TEXT,
            manager: false,
        };
        let reply = Some(self.new_reply());
        self.put(CauseId::Order("first".into()), Input::Command { command, by, reply });
        let ticket = self.open[0].ticket;
        let tracks = (0..4).map(|_| track("r")).collect();
        let loaded = Loaded::Playlist {
            name: "list".into(),
            selected: None,
            tracks,
        };
        self.put(
            CauseId::Internal,
            Input::Done {
                ticket,
                outcome: Outcome::Loaded(loaded),
            },
        );
        let (session_id, endpoint) = (Hidden::new("s"), Some("127.0.0.1:1".into()));
        self.put(
            CauseId::Internal,
            Input::OwnVoice {
                channel: Some(LOUNGE),
                session_id,
                suppressed: false,
            },
        );
        self.put(
            CauseId::Internal,
            Input::VoiceServer {
                token: Hidden::new("v"),
                endpoint,
            },
        );
        let node = NodeId::new("n1");
        self.put(
            CauseId::Internal,
            Input::Placed {
                node: Some(node.clone()),
                generation: self.now - 60_000,
            },
        );
        let tag = self.tags[0];
        self.put(
            CauseId::Internal,
            Input::Player {
                node,
                report: Report::Started { tag },
            },
        );
    }

    pub(super) fn new_reply(&self) -> ReplyTo {
        ReplyTo {
            id: self.replies,
            via: Via::Interaction {
                application: 9,
                token: Hidden::new("t"),
                component: false,
            },
            arrived_ms: self.now,
            made_ms: self.now,
            public: true,
        }
    }

    /// One random step.
    pub(super) fn step(&mut self, step: Step) {
        self.now += step.pause_ms();
        let mut draw = Draw::new(step.detail);
        if let Some(again) = self.repeat(&mut draw) {
            let (cause, input) = self.applied[again].clone();
            let decision = self.put(cause, input);
            assert_eq!(
                decision,
                Decision {
                    ignored: Some(Ignored::Repeat),
                    ..Decision::default()
                },
                "L8"
            );
            return;
        }
        self.replies += 1;
        let Some(mut input) = random::input(self, step.kind % random::KINDS, &mut draw) else {
            return self.die(&mut draw);
        };
        let cause = self.cause(&mut input, &mut draw);
        self.put(cause, input);
    }

    fn repeat(&self, draw: &mut Draw) -> Option<usize> {
        (draw.below(16) == 15 && !self.applied.is_empty()).then(|| draw.below(self.applied.len()))
    }

    fn cause(&self, input: &mut Input, draw: &mut Draw) -> CauseId {
        let Input::Command { reply, .. } = input else {
            return CauseId::Internal;
        };
        let number = reply.as_ref().map_or(self.replies, |reply| reply.id);
        let made_ms = self.now - if draw.below(16) == 15 { 3_000 } else { 200 };
        if let Some(reply) = reply {
            reply.made_ms = made_ms;
        }
        match draw.below(8) {
            0 => CauseId::Message(number),
            1 => CauseId::Order(number.to_string().into()),
            _ => CauseId::Interaction(((made_ms - 1_420_070_400_000) << 22) | (number & 0x3F_FFFF)),
        }
    }

    /// The guild dies, or its process: what is journalled comes back.
    fn die(&mut self, draw: &mut Draw) {
        let restored = random::restored(self, draw);
        self.g = Guild::restore(GuildId(1), 1, None, &self.records, Arc::new(limits())).expect("restored");
        if draw.below(2) == 0 {
            // The process: the next one knows of the nodes what they say.
            let seen = restored.player.clone();
            self.nodes
                .0
                .retain(|node, _| seen.as_ref().is_some_and(|seen| seen.node == *node));
            self.told = seen.as_ref().and_then(WantedPlayer::from_seen);
            if self.told.is_none() {
                self.nodes.0.clear();
            }
        }
        self.put(CauseId::Internal, Input::Restored(Box::new(restored)));
    }

    pub(super) fn put(&mut self, cause: CauseId, input: Input) -> Decision {
        self.visited.insert((name(&input), phase(&self.g)));
        if let Input::Command { reply: Some(reply), .. } = &input {
            self.finals.entry(reply.id).or_default();
        }
        let i = Stamped {
            at_ms: self.now,
            seed: self.now ^ 7,
            cause,
            input,
        };
        let decision = decide(&self.g, &i);
        assert_eq!(decision, decide(&self.g.clone(), &i), "L1");
        let before = self.g.revision();
        let record = apply_all(&mut self.g, &i, &decision).expect("L2: what was decided can be applied");
        assert_eq!(self.g.revision(), before + u64::from(record.is_some()), "L7");
        let limits = &self.g.limits;
        let most = limits.queue + 3 * limits.pending + 12;
        assert!(decision.events.len() <= most, "L6: {decision:?}");
        assert!(
            decision.say.len() <= limits.pending + 3 && decision.ask.len() <= limits.pending + 2,
            "L6"
        );
        self.events.extend(decision.events.iter().cloned());
        if let Some(record) = record {
            assert!(
                record.events.iter().all(Event::kept),
                "passing events are not journalled"
            );
            assert_eq!((record.revision, &record.cause), (self.g.revision(), &i.cause));
            self.records.push(record);
            self.history.push(self.g.kept.clone());
            if i.cause != CauseId::Internal {
                self.applied.push((i.cause.clone(), i.input.clone()));
            }
        }
        self.hear(&i, &decision);
        self.tickets(&i, &decision);
        self.tell(&i);
        check(&self.g, self.now);
        decision
    }

    /// L2 and L3: who is told what.
    fn hear(&mut self, i: &Stamped, decision: &Decision) {
        let mut answers = 0;
        for answer in &decision.say {
            let To::Reply(reply) = &answer.to else { continue };
            answers += 1;
            let finals = self.finals.get_mut(&reply.id).expect("somebody waits for it");
            *finals += u32::from(answer.stage == Stage::Final);
            assert!(*finals <= 1, "L3: answered twice: {:?}", decision.say);
        }
        let Input::Command { reply, command, .. } = &i.input else {
            return;
        };
        let expected = usize::from(reply.is_some() && decision.ignored.is_none());
        let mine = |answer: &&Answer| matches!(&answer.to, To::Reply(to) if Some(to) == reply.as_ref());
        assert_eq!(decision.say.iter().filter(mine).count(), expected, "L2: one answer");
        let refused = decision
            .say
            .iter()
            .filter(mine)
            .any(|answer| matches!(answer.say, Say::Refused(_)));
        if refused || command.reads_only() {
            let stale = decision
                .say
                .iter()
                .any(|answer| answer.say == Say::Refused(Refusal::TooLate));
            let heard = !command.reads_only() && !stale && i.cause != CauseId::Internal;
            let events: &[Event] = if heard { &[Event::Heard] } else { &[] };
            assert_eq!(decision.events.as_slice(), events, "L2: no change");
            assert!(decision.ask.is_empty(), "L2: no question: {decision:?}");
            assert_eq!(answers, expected, "L2: and nobody else is told");
        }
    }

    /// L3: every ticket is closed once.
    fn tickets(&mut self, i: &Stamped, decision: &Decision) {
        if let Input::Done { ticket, .. } = &i.input {
            let known = self.open.iter().any(|ask| ask.ticket == *ticket);
            assert_eq!(
                decision.ignored == Some(Ignored::Late),
                !known,
                "L3: only open questions have answers"
            );
        }
        for ask in &decision.ask {
            let twice = self.closed.contains(&ask.ticket) || self.open.contains(ask);
            assert!(!twice, "L3: a number is used once: {:?}", ask.ticket);
            self.open.push(ask.clone());
        }
        let tickets = &self.g.passing.tickets;
        let (open, closed): (Vec<Ask>, Vec<Ask>) = self
            .open
            .drain(..)
            .partition(|ask| tickets.iter().any(|open| open.ticket == ask.ticket));
        assert_eq!(open.len(), tickets.len(), "every open question was asked");
        self.open = open;
        self.closed.extend(closed.iter().map(|ask| ask.ticket));
    }

    /// L5: the difference leads to what is wanted, and saying it twice does no harm.
    fn tell(&mut self, i: &Stamped) {
        if let Input::Player {
            node,
            report: Report::Ended { tag, .. },
        } = &i.input
        {
            self.nodes.end(node, tag);
        }
        let want = wants(&self.g).player;
        if i.at_ms % 3 == 1 {
            // The lane is busy: the next difference spans more than one step.
            return;
        }
        self.tags.extend(
            want.iter()
                .filter_map(|want| want.track.as_ref())
                .map(|track| track.tag),
        );
        let orders = differences(self.told.as_ref(), want.as_ref(), self.now);
        for order in &orders {
            self.nodes.obey(order);
        }
        assert!(
            self.nodes.are(want.as_ref()),
            "L5: {:?}\nwanted {want:?}\norders {orders:?}",
            self.nodes
        );
        let there = self.nodes.clone();
        orders.iter().for_each(|order| self.nodes.obey(order));
        assert_eq!(self.nodes, there, "L5: repeating is harmless");
        assert!(
            differences(want.as_ref(), want.as_ref(), self.now).is_empty(),
            "L5: and then nothing is left to say"
        );
        self.adoption(want.as_ref());
        self.told = want;
    }

    /// L5 after a restart: what a node reports is led to what is wanted.
    fn adoption(&self, want: Option<&WantedPlayer>) {
        let (Some(want), Some(seen)) = (want, self.nodes.seen(self.now)) else {
            return;
        };
        let told = WantedPlayer::from_seen(&seen).expect("it has voice");
        let mut nodes = self.nodes.clone();
        let orders = differences(Some(&told), Some(want), self.now);
        assert!(
            orders.is_empty() || want.track.is_none(),
            "L5: adopted as it is: {orders:?}"
        );
        orders.iter().for_each(|order| nodes.obey(order));
        assert!(nodes.are(Some(want)));
    }

    /// Lets every question be answered and every time pass; then nobody waits any more.
    pub(super) fn run_out(&mut self) {
        if self.g.autoplay().is_some() {
            // It looks for tracks as long as one plays.
            self.g.kept.autoplay = None;
        }
        while let Some(ask) = self.open.first() {
            let (ticket, outcome) = (ask.ticket, Outcome::Failed(AskError::Timeout));
            self.put(CauseId::Internal, Input::Done { ticket, outcome });
        }
        for _ in 0..100 {
            let want = wants(&self.g);
            let Some(at_ms) = want.wake_at_ms else { break };
            self.now = self.now.max(at_ms);
            self.put(CauseId::Internal, Input::Wake);
            if let Some(ask) = self.open.first() {
                let (ticket, outcome) = (ask.ticket, Outcome::Failed(AskError::Timeout));
                self.put(CauseId::Internal, Input::Done { ticket, outcome });
            }
        }
        assert_eq!(wants(&self.g).wake_at_ms, None, "every time has passed");
        assert!(self.g.kept.pending.is_empty());
        let unanswered: Vec<_> = self.finals.iter().filter(|(_, finals)| **finals != 1).collect();
        assert!(unanswered.is_empty(), "L3: {unanswered:?}");
    }
}
