//! A guild that lives, with its journal and what its state was after each record.

use std::sync::Arc;

use ostinato_actors::fingerprint::fingerprint;
use ostinato_actors::ports::{Append, GuildStore as _, Save};
use ostinato_actors::record::{Take, Tape};
use ostinato_machine::guild::{
    Ask, Caller, Command, EndReason, Guild, Input, Loaded, Outcome, Question, Record, Related, Report, Restored, Seat,
    Stamped, apply_all, decide, wants,
};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, NodeId, ReplyTo, ShardId, UserId, Via};
use ostinato_machine::limits::Limits;
use ostinato_machine::track::Track;

use crate::store::{Durability, SqliteStore, StoreSettings};

pub(crate) const GUILD: GuildId = GuildId(4_000_000_000_000_000_001);
pub(crate) const TOKEN: &str = "sesame-of-an-interaction";
pub(crate) const QUERY: &str = "https://listener.example/?key=private";
pub(crate) const LOUNGE: ChannelId = ChannelId(20);
const SHARD: ShardId = ShardId(0);
const ANN: UserId = UserId(1);

pub(crate) fn limits() -> Limits {
    Limits {
        queue: 8,
        history: 3,
        ..Limits::default()
    }
}

pub(crate) struct Session {
    pub(crate) g: Guild,
    pub(crate) now: u64,
    /// Records that are not stored yet.
    fresh: Vec<Record>,
    /// Fingerprints after each record, from the first revision on.
    pub(crate) hashes: Vec<String>,
    asked: Vec<Ask>,
    interaction: u64,
    incarnation: u64,
    store: SqliteStore,
    /// Where it is recorded to.
    pub(crate) tape: Option<Tape>,
}

/// Opens the store in `directory` as the bot does.
pub(crate) fn store(directory: &std::path::Path) -> SqliteStore {
    SqliteStore::open(&StoreSettings {
        data_dir: directory.into(),
        durability: Durability::Process,
        limit_bytes: None,
    })
    .unwrap()
}

fn track(number: u64, title: &str) -> Arc<Track> {
    Arc::new(Track {
        encoded: format!("QAAA{number}").into(),
        title: title.into(),
        author: "Ann".into(),
        uri: Some(QUERY.into()),
        artwork: Some(QUERY.into()),
        source: "http".into(),
        length_ms: (!number.is_multiple_of(7)).then_some(180_000 + number),
        seekable: true,
    })
}

impl Session {
    pub(crate) fn new(directory: &std::path::Path) -> Self {
        let mut session = Self {
            g: Guild::new(GUILD, 1, Arc::new(limits())),
            now: 1_800_000_000_000,
            fresh: Vec::new(),
            hashes: Vec::new(),
            asked: Vec::new(),
            interaction: 100,
            incarnation: 0,
            store: store(directory),
            tape: None,
        };
        session.awakes();
        session
    }

    pub(crate) fn put(&mut self, cause: CauseId, input: Input) {
        let stamped = Stamped {
            at_ms: self.now,
            seed: self.now,
            cause,
            input,
        };
        let decision = decide(&self.g, &stamped);
        self.asked.extend(decision.ask.iter().cloned());
        if let Some(record) = apply_all(&mut self.g, &stamped, &decision).unwrap() {
            self.fresh.push(record);
            self.hashes.push(super::super::text::hash(fingerprint(&self.g)));
        }
        if let Some(tape) = &self.tape {
            assert!(tape.put(Take::step(&stamped, decision.events.to_vec(), &self.g)));
        }
    }

    fn learn(&mut self, input: Input) {
        self.put(CauseId::Internal, input);
    }

    /// A new incarnation of the same value.
    fn awakes(&mut self) {
        self.incarnation += 1;
        self.asked.clear();
        let seats = vec![Seat {
            user: ANN,
            channel: Some(LOUNGE),
            bot: false,
        }];
        self.learn(Input::Restored(Box::new(Restored {
            incarnation: self.incarnation,
            seats: Some(seats),
            ..Restored::default()
        })));
    }

    pub(crate) fn say(&mut self, command: Command) {
        self.interaction += 1;
        let reply = ReplyTo {
            id: self.interaction,
            via: Via::Interaction {
                application: 9,
                token: Hidden::new(TOKEN),
                component: false,
            },
            arrived_ms: self.now,
            made_ms: self.now,
            public: true,
        };
        let by = Caller {
            user: ANN,
            text: ChannelId(30),
            manager: true,
        };
        let cause = match self.interaction % 3 {
            0 => CauseId::Order(format!("key {}", self.interaction).into()),
            1 => CauseId::Message(self.interaction),
            _ => reply.cause(),
        };
        let reply = Some(reply);
        self.put(cause, Input::Command { command, by, reply });
    }

    /// Answers the oldest question with tracks of these titles.
    pub(crate) fn found(&mut self, titles: &[&str]) {
        if self.asked.is_empty() {
            return;
        }
        let Ask { ticket, question } = self.asked.remove(0);
        let mut tracks = Vec::new();
        for title in titles {
            self.interaction += 1;
            tracks.push(track(self.interaction, title));
        }
        let outcome = match question {
            Question::Search { .. } => Outcome::Loaded(Loaded::Playlist {
                name: "list".into(),
                selected: None,
                tracks,
            }),
            Question::Related { seed } => Outcome::Related(Related {
                seed,
                mix: tracks,
                artist: Vec::new(),
            }),
            Question::SeatOf { user } => Outcome::SeatIs {
                user,
                channel: Some(LOUNGE),
            },
            Question::WhyNoVoice { .. } => Outcome::JoinBlocked(ostinato_machine::guild::JoinBlock::Unknown),
        };
        self.learn(Input::Done { ticket, outcome });
    }

    pub(crate) fn joined(&mut self) {
        self.learn(Input::OwnVoice {
            channel: Some(LOUNGE),
            session_id: Hidden::new("voice-session"),
            suppressed: false,
        });
        self.learn(Input::VoiceServer {
            token: Hidden::new("voice-token"),
            endpoint: Some("127.0.0.1:1".into()),
        });
        self.learn(Input::Placed {
            node: Some(NodeId::new("n1")),
            generation: self.now,
        });
    }

    pub(crate) fn reports(&mut self, ended: bool) {
        let Some(track) = wants(&self.g).player.and_then(|player| player.track) else {
            return;
        };
        let (tag, reason) = (track.tag, EndReason::Finished);
        let report = if ended {
            Report::Ended { tag, reason }
        } else {
            Report::Started { tag }
        };
        let node = NodeId::new("n1");
        self.learn(Input::Player { node, report });
    }

    pub(crate) fn sits(&mut self, channel: Option<ChannelId>) {
        self.learn(Input::Seat(Seat {
            user: ANN,
            channel,
            bot: false,
        }));
    }

    pub(crate) fn wakes(&mut self) {
        if let Some(at_ms) = wants(&self.g).wake_at_ms {
            self.now = self.now.max(at_ms);
        }
        self.learn(Input::Wake);
    }

    /// The process ends in any way and the next one goes on with what is stored.
    pub(crate) async fn restarts(&mut self) {
        self.save().await;
        let stored = self.store.load(GUILD, 1).await.unwrap();
        let restored = Guild::restore(GUILD, 1, stored.snapshot, &stored.records, Arc::new(limits())).unwrap();
        assert_eq!(fingerprint(&restored), fingerprint(&self.g));
        self.g = restored;
        self.awakes();
    }

    /// Stores the journal.
    pub(crate) async fn save(&mut self) {
        let awake = wants(&self.g).awake;
        for record in std::mem::take(&mut self.fresh) {
            let (shard, guild, record) = (SHARD, GUILD, Arc::new(record));
            let append = Append {
                shard,
                guild,
                record,
                awake,
            };
            self.store.append(append).await.unwrap();
        }
    }

    /// Stores the journal and then everything in one piece.
    pub(crate) async fn snapshot(&mut self) {
        self.save().await;
        let snapshot = self.g.snapshot();
        if snapshot.revision > 0 {
            let save = Save {
                shard: SHARD,
                guild: GUILD,
                epoch: 1,
                snapshot,
                awake: true,
            };
            self.store.snapshot(save).await.unwrap();
        }
    }

    /// Ends as a bot that is stopped.
    pub(crate) fn close(self) {
        self.store.close();
    }
}
