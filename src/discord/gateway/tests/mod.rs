//! The adapter against a gateway of its own, over real sockets.

mod messages;
mod parts;
mod server;
mod sessions;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::ports::{Gateway, GatewayEvent, GatewaySession, GatewaySink};
use ostinato_machine::ids::{Hidden, ShardId, UserId};
use tokio::sync::Notify;
use tokio::task::LocalSet;

use self::server::Server;
use super::{GatewaySettings, Gateways, IdentifyGate, Interactions, SessionStartLimit};
use crate::discord::interaction::Interaction;
use crate::discord::written::Written;

const SHARD: ShardId = ShardId(0);

/// Waits until something is so; each change wakes it.
async fn until(changed: &Notify, what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            changed.notified().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), wait).await;
    assert!(waited.is_ok(), "never: {what}");
}

/// Everything that the gateway said.
#[derive(Default)]
struct Recorder {
    events: RefCell<Vec<(u64, GatewayEvent)>>,
    changed: Notify,
}

impl GatewaySink for Recorder {
    fn event(&self, sequence: u64, event: GatewayEvent) {
        self.events.borrow_mut().push((sequence, event));
        self.changed.notify_one();
    }
}

impl Recorder {
    fn count(&self, of: impl Fn(&GatewayEvent) -> bool) -> usize {
        self.events.borrow().iter().filter(|(_, event)| of(event)).count()
    }

    fn readies(&self) -> usize {
        self.count(|event| matches!(event, GatewayEvent::Ready { .. }))
    }

    fn resumes(&self) -> usize {
        self.count(|event| matches!(event, GatewayEvent::Resumed))
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        until(&self.changed, what, || is_so(self)).await;
    }
}

/// Keeps interactions with their numbers.
#[derive(Default)]
struct Kept(RefCell<Vec<(u64, Interaction)>>);

impl Interactions for Kept {
    fn interaction(&self, shard: ShardId, sequence: u64, interaction: Interaction, sink: &dyn GatewaySink) {
        assert_eq!(shard, SHARD);
        self.0.borrow_mut().push((sequence, interaction));
        // So that the recorder is woken.
        sink.event(
            sequence,
            GatewayEvent::Away {
                why: "interaction".into(),
            },
        );
    }

    fn written(&self, _: ShardId, sequence: u64, written: &Written, own: UserId, sink: &dyn GatewaySink) {
        let why = format!("{} to {own}: {}", written.user, written.text);
        sink.event(sequence, GatewayEvent::Away { why });
    }
}

/// A bot with one shard.
struct Bot {
    gateways: Gateways,
    gateway: Rc<dyn Gateway>,
    sink: Rc<Recorder>,
    interactions: Rc<Kept>,
}

impl Bot {
    fn new(server: &Server, change: impl FnOnce(&mut GatewaySettings)) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let limit = SessionStartLimit {
            total: 1_000,
            remaining: 1_000,
            reset_after_ms: 1_000,
            max_concurrency: 16,
        };
        let gate = IdentifyGate::with_window(limit, Duration::ZERO);
        let mut settings = GatewaySettings::new(Hidden::new("token"), UserId(9), server.url(), 129, gate);
        settings.backoff_max = Duration::from_millis(100);
        change(&mut settings);
        let gateways = Gateways::new(settings).unwrap();
        let interactions = Rc::new(Kept::default());
        let gateway = gateways.port(Rc::clone(&interactions) as Rc<dyn Interactions>);
        Self {
            gateways,
            gateway,
            sink: Rc::default(),
            interactions,
        }
    }

    fn start(&self, session: Option<GatewaySession>) {
        let sink = Rc::clone(&self.sink) as Rc<dyn GatewaySink>;
        self.gateway.start(SHARD, 1, session, sink);
    }

    /// A bot whose first session has begun.
    async fn ready(server: &Server, change: impl FnOnce(&mut GatewaySettings)) -> Self {
        let bot = Self::new(server, change);
        bot.start(None);
        bot.sink.until("READY", |sink| sink.readies() == 1).await;
        bot
    }
}

/// Runs a test where a port may live.
async fn local(test: impl Future<Output = ()>) {
    LocalSet::new().run_until(test).await;
}

fn limit(remaining: u32, max_concurrency: u32) -> SessionStartLimit {
    SessionStartLimit {
        total: 10,
        remaining,
        reset_after_ms: 3_600_000,
        max_concurrency,
    }
}

fn gate(limit: SessionStartLimit) -> Arc<IdentifyGate> {
    IdentifyGate::new(limit)
}
