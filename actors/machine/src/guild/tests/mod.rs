//! What a guild does, told as short stories. Here: the stage they are played on.

mod autoplay;
mod card;
mod check;
mod fail;
mod gone;
mod laws;
mod model;
mod node;
mod play;
mod press;
mod queue;
mod random;
mod rig;
mod stage;
mod stale;
mod survive;
mod taken;
mod voice;
mod wait;

use std::sync::Arc;

use super::*;
use crate::ids::*;
use crate::limits::Limits;
use crate::track::Track;

const LOUNGE: ChannelId = ChannelId(10);
const ATTIC: ChannelId = ChannelId(11);
const TEXT: ChannelId = ChannelId(20);
const ANN: UserId = UserId(1);
const BOB: UserId = UserId(2);

/// A guild with its shell's memory: what was told, said and asked.
struct World {
    g: Guild,
    now: u64,
    next: u64,
    said: Vec<Say>,
    asked: Vec<Ask>,
    told: Option<WantedPlayer>,
    orders: Vec<PlayerOrder>,
    records: Vec<Record>,
}

impl World {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let g = Guild::new(GuildId(1), 1, Arc::new(limits));
        let mut world = Self {
            g,
            now: 1_700_000_000_000,
            next: 1,
            said: vec![],
            asked: vec![],
            told: None,
            orders: vec![],
            records: vec![],
        };
        let seats = vec![seat(ANN, Some(LOUNGE)), seat(BOB, Some(LOUNGE))];
        world.put(Input::Restored(Box::new(Restored {
            incarnation: 1,
            seats: Some(seats),
            ..Restored::default()
        })));
        world
    }

    fn put(&mut self, input: Input) -> Decision {
        self.put_caused(CauseId::Internal, input)
    }

    fn put_caused(&mut self, cause: CauseId, input: Input) -> Decision {
        let i = Stamped {
            at_ms: self.now,
            seed: 7,
            cause,
            input,
        };
        let decision = decide(&self.g, &i);
        assert_eq!(decision, decide(&self.g, &i), "L1");
        let before = self.g.revision();
        let record = apply_all(&mut self.g, &i, &decision).expect("L2: what was decided can be applied");
        assert_eq!(self.g.revision() - before, u64::from(record.is_some()), "L7");
        self.records.extend(record);
        let mut say = decision.say.clone();
        fill(&self.g, self.now, &mut say);
        let last = say.into_iter().filter(|answer| answer.stage == Stage::Final);
        self.said.extend(last.map(|answer| answer.say));
        self.asked.extend(decision.ask.iter().cloned());
        let want = wants(&self.g).player;
        self.orders
            .extend(differences(self.told.as_ref(), want.as_ref(), self.now));
        self.told = want;
        decision
    }

    fn reply(&mut self) -> ReplyTo {
        self.next += 1;
        ReplyTo {
            id: self.next,
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

    fn say(&mut self, user: UserId, command: Command) -> Option<Say> {
        let reply = self.reply();
        let by = Caller {
            user,
            text: TEXT,
            manager: false,
        };
        let before = self.said.len();
        self.put(Input::Command {
            command,
            by,
            reply: Some(reply),
        });
        self.said.get(before).cloned()
    }

    fn play(&mut self, titles: &[&str], at: Where) -> Say {
        self.say(ANN, Command::Play { query: "x".into(), at });
        let ask = self.asked.pop().expect("a search");
        let tracks: Vec<_> = titles.iter().map(|title| track(title)).collect();
        let loaded = match tracks.as_slice() {
            [one] => Loaded::Track(one.clone()),
            _ => Loaded::Playlist {
                name: "list".into(),
                selected: None,
                tracks,
            },
        };
        self.put(Input::Done {
            ticket: ask.ticket,
            outcome: Outcome::Loaded(loaded),
        });
        self.said.last().cloned().expect("an answer")
    }

    fn join(&mut self) {
        self.put(Input::OwnVoice {
            channel: Some(LOUNGE),
            session_id: Hidden::new("s"),
            suppressed: false,
        });
        self.put(Input::VoiceServer {
            token: Hidden::new("v"),
            endpoint: Some("127.0.0.1:1".into()),
        });
        self.put(Input::Placed {
            node: Some(NodeId::new("n1")),
            generation: self.now,
        });
    }

    fn tag(&self) -> Tag {
        wants(&self.g).player.expect("a player").track.expect("a track").tag
    }

    fn started(&mut self) {
        let tag = self.tag();
        self.put(Input::Player {
            node: NodeId::new("n1"),
            report: Report::Started { tag },
        });
    }

    fn report(&mut self, report: Report) -> Decision {
        let node = NodeId::new("n1");
        self.put(Input::Player { node, report })
    }

    fn ended(&mut self, tag: Tag, reason: EndReason) -> Decision {
        self.report(Report::Ended { tag, reason })
    }

    fn update(&mut self, position_ms: u64) -> Decision {
        self.report(Report::Update {
            position_ms,
            at_ms: self.now,
            connected: true,
        })
    }

    fn title(&self) -> Option<String> {
        self.g
            .kept
            .current
            .as_ref()
            .map(|current| current.entry.track.title.to_string())
    }

    fn playing(titles: &[&str]) -> Self {
        let mut world = Self::new();
        world.play(titles, Where::End);
        world.join();
        world.started();
        world.now += 2_000;
        world
    }
}

fn seat(user: UserId, channel: Option<ChannelId>) -> Seat {
    Seat {
        user,
        channel,
        bot: false,
    }
}

/// What is known of seats, as a shell would hand it over.
fn seats(g: &Guild) -> Option<Vec<Seat>> {
    let seats = g.passing.seats.as_ref()?;
    Some(seats.iter().map(|(user, at)| seat(*user, Some(*at))).collect())
}

fn track(title: &str) -> Arc<Track> {
    Arc::new(Track {
        encoded: title.into(),
        title: title.into(),
        author: "a".into(),
        source: "http".into(),
        length_ms: Some(60_000),
        seekable: true,
        ..Track::default()
    })
}
