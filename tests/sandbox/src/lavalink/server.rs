//! The socket shell of a node: REST and websocket on one loopback port, in real time, with its faults.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Message;

use super::core::{Core, CoreConfig, Out};
use super::http::answer;
use super::{Connect, MediaFound, PlayerView, TrackData, VoiceNet};
use crate::catalogue::{Behaviour, Catalogue};
use crate::findings::Findings;
use crate::sound::SoundLedger;
use crate::voices::{Grant, Voices};

/// How a node is started.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Seed of its session ids.
    pub seed: u64,
    /// Where the run's clock starts.
    pub origin: Instant,
}

/// A running node. Cloning shares it.
#[derive(Clone)]
pub struct LavalinkNode(pub(super) Arc<Node>);

/// What all connections of a node share.
pub(super) struct Node {
    pub(super) config: NodeConfig,
    addr: SocketAddr,
    pub(super) core: Mutex<Core>,
    pub(super) sockets: Mutex<HashMap<u64, mpsc::UnboundedSender<Message>>>,
    next_socket: AtomicU64,
    pub(super) catalogue: Arc<Mutex<Catalogue>>,
    sound: SoundLedger,
    pub(super) findings: Findings,
    /// Sent when every connection must end at once.
    pub(super) cut: watch::Sender<Option<Cut>>,
    pub(super) down: AtomicBool,
    pub(super) frozen: watch::Sender<bool>,
    pub(super) garbage: AtomicBool,
    pub(super) mute_rest: AtomicBool,
    pub(super) never_upgrade: AtomicBool,
    pub(super) slow_loads_ms: AtomicU64,
}

/// How connections end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Without a word.
    Reset,
    /// Websockets with code 1001.
    GoingAway,
}

/// The catalogue, shared with whoever adds tracks while the node runs.
struct Shared(Arc<Mutex<Catalogue>>);

impl super::Media for Shared {
    fn find(&self, identifier: &str) -> MediaFound {
        super::Media::find(&*lock(&self.0), identifier)
    }
    fn find_ms(&self, identifier: &str) -> u64 {
        super::Media::find_ms(&*lock(&self.0), identifier)
    }
    fn behaviour(&self, track: &TrackData) -> Behaviour {
        super::Media::behaviour(&*lock(&self.0), track)
    }
    fn name(&self, track: &TrackData) -> String {
        super::Media::name(&*lock(&self.0), track)
    }
}

/// The voice servers, with connections numbered over all nodes: another node's connection is another one.
pub(super) struct Numbered {
    pub(super) voices: Voices,
    pub(super) node: u64,
}

impl VoiceNet for Numbered {
    fn connect(&mut self, guild: u64, user: u64, grant: &Grant, connection: u64) -> Connect {
        VoiceNet::connect(&mut self.voices, guild, user, grant, self.node << 32 | connection)
    }
    fn closed(&self, guild: u64, user: u64, grant: &Grant, connection: u64) -> Option<u16> {
        VoiceNet::closed(&self.voices, guild, user, grant, self.node << 32 | connection)
    }
}

/// A lock that outlives a panic elsewhere.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LavalinkNode {
    /// Starts a node on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(
        config: NodeConfig,
        catalogue: Arc<Mutex<Catalogue>>,
        voices: Voices,
        sound: SoundLedger,
        findings: Findings,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let core_config = CoreConfig {
            name: config.name.clone(),
            password: config.password.clone(),
            version: "4.2.2".into(),
            seed: config.seed,
            disabled_filters: Vec::new(),
        };
        let addr = listener.local_addr()?;
        let net = Numbered {
            voices: voices.clone(),
            node: u64::from(addr.port()),
        };
        let media = Shared(Arc::clone(&catalogue));
        let core = Core::new(core_config, Box::new(media), Box::new(net));
        let node = Arc::new(Node {
            addr,
            config,
            core: Mutex::new(core),
            sockets: Mutex::default(),
            next_socket: AtomicU64::new(1),
            catalogue,
            sound,
            findings,
            cut: watch::channel(None).0,
            down: AtomicBool::new(false),
            frozen: watch::channel(false).0,
            garbage: AtomicBool::new(false),
            mute_rest: AtomicBool::new(false),
            never_upgrade: AtomicBool::new(false),
            slow_loads_ms: AtomicU64::new(0),
        });
        tokio::spawn(accept(Arc::clone(&node), listener));
        tokio::spawn(clock(Arc::clone(&node), voices));
        Ok(Self(node))
    }

    /// Its address.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.config.name
    }

    /// Its password.
    pub fn password(&self) -> &str {
        &self.0.config.password
    }

    /// The players it has, with their guild.
    pub fn players(&self) -> Vec<(u64, PlayerView)> {
        lock(&self.0.core).players(self.0.now())
    }

    /// Whether a bot is connected.
    pub fn is_connected(&self) -> bool {
        lock(&self.0.core).open_sessions() > 0
    }
}

impl Node {
    /// Time of the run, ms.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.config.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Changes the core and sends what leaves it.
    pub(super) fn with_core<T>(&self, change: impl FnOnce(&mut Core) -> T) -> T {
        let mut core = lock(&self.core);
        let result = change(&mut core);
        let sockets = lock(&self.sockets);
        for out in core.drain() {
            match out {
                Out::Send(socket, message) => {
                    if let Some(socket) = sockets.get(&socket) {
                        // A socket that has ended reads no more.
                        let _ = socket.send(Message::text(message.to_string()));
                    }
                }
                Out::Sound(guild, source, Some(track), at) => self.sound.sounds(guild, self.source(source), &track, at),
                Out::Sound(guild, source, None, at) => self.sound.silent(guild, self.source(source), at),
            }
        }
        result
    }

    /// Takes a websocket in under a number of its own.
    pub(super) fn open_socket(&self, outbox: mpsc::UnboundedSender<Message>) -> u64 {
        let number = self.next_socket.fetch_add(1, Ordering::SeqCst);
        lock(&self.sockets).insert(number, outbox);
        number
    }

    /// Sources are numbered over all nodes.
    fn source(&self, source: u64) -> u64 {
        u64::from(self.addr.port()) << 32 | source
    }
}

async fn clock(node: Arc<Node>, voices: Voices) {
    let mut voices = voices.watch();
    let mut cut = node.cut.subscribe();
    loop {
        let now = node.now();
        let next = node.with_core(|core| {
            core.tick(now);
            core.deadline()
        });
        let wait = next.map_or(50, |next| next.saturating_sub(node.now()).clamp(1, 50));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
            _ = cut.changed() => {}
            changed = voices.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = node.now();
                node.with_core(|core| core.check_voice(now));
            }
        }
    }
}

async fn accept(node: Arc<Node>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        if node.down.load(Ordering::SeqCst) {
            reset(&stream);
            continue;
        }
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(Arc::clone(&node), stream));
    }
}

/// Closing it resets the connection, as the system does for a process that is gone.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

async fn serve(node: Arc<Node>, stream: TcpStream) {
    let mut cut = node.cut.subscribe();
    let service = {
        let node = Arc::clone(&node);
        service_fn(move |request| {
            let node = Arc::clone(&node);
            async move { Ok::<_, Infallible>(answer(node, request).await) }
        })
    };
    reset(&stream);
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = connection.with_upgrades() => {}
        _ = cut.changed() => {}
    }
}

/// Waits until the node is not frozen.
pub(super) async fn thawed(node: &Node) {
    let mut frozen = node.frozen.subscribe();
    // The sender lives as long as the node.
    let _ = frozen.wait_for(|frozen| !*frozen).await;
}
