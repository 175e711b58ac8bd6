//! A swarm of faults: each seed chooses a subset of them and strikes for ten minutes; then everything is healed and must
//! be well within a minute.

use ostinato_machine::guild::LoopMode;

use super::*;

const GUILDS: u64 = 4;
const USERS: [UserId; 3] = [UserId(11), UserId(12), UserId(13)];
const CHANNELS: [ChannelId; 2] = [ChannelId(21), ChannelId(22)];
const TITLES: [&str; 5] = ["a", "b", "c", "short", "stream"];

/// Virtual length of the strikes, ms.
const STRIKES_MS: u64 = 600_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    DieDeciding,
    DieApplying,
    DieShard,
    StoreDown,
    StoreSlow,
    StoreSilent,
    NodeKilled,
    NodeBlinks,
    Order(OrderFault),
    GatewayDrops,
    GatewayLost,
    Kill,
    Stop,
    RestDown,
    RestSlow,
    SearchSlow,
    BotMoved,
}

const FAULTS: [Fault; 20] = [
    Fault::DieDeciding,
    Fault::DieApplying,
    Fault::DieShard,
    Fault::StoreDown,
    Fault::StoreSlow,
    Fault::StoreSilent,
    Fault::NodeKilled,
    Fault::NodeBlinks,
    Fault::Order(OrderFault::Gone),
    Fault::Order(OrderFault::Unheard),
    Fault::Order(OrderFault::Unanswered),
    Fault::Order(OrderFault::Refused),
    Fault::GatewayDrops,
    Fault::GatewayLost,
    Fault::Kill,
    Fault::Stop,
    Fault::RestDown,
    Fault::RestSlow,
    Fault::SearchSlow,
    Fault::BotMoved,
];

fn guild(n: u64) -> GuildId {
    GuildId((n + 3) << 22)
}

fn pick<T: Copy>(world: &World, of: &[T]) -> T {
    of[usize::try_from(world.choose(of.len() as u64)).expect("small")]
}

fn command(world: &World) -> Command {
    match world.choose(16) {
        0..=5 => Command::Play {
            query: pick(world, &TITLES).into(),
            at: pick(world, &[Where::End, Where::Next, Where::Now]),
        },
        6 | 7 => Command::Skip,
        8 => Command::Pause,
        9 => Command::Resume,
        10 => Command::Volume {
            percent: u16::try_from(world.choose(200)).expect("small"),
        },
        11 => Command::Seek {
            position_ms: world.choose(100_000),
        },
        12 => Command::Loop {
            mode: pick(world, &[LoopMode::Off, LoopMode::Track, LoopMode::Queue]),
        },
        13 => match world.choose(3) {
            0 => Command::Disconnect,
            1 => Command::Connect,
            _ => Command::Stop,
        },
        14 => Command::Shuffle,
        _ => Command::Queue { page: 0 },
    }
}

async fn strike(world: &World, fault: Fault) {
    let node = pick(world, &["n1", "n2"]);
    let any = guild(world.choose(GUILDS));
    let ms = 100 + world.choose(6_000);
    match fault {
        Fault::DieDeciding => world.strike(Strike::Decide, Some(any), 1, None),
        Fault::DieApplying => world.strike(Strike::Apply, Some(any), 1, None),
        Fault::DieShard => world.strike(Strike::Shard, None, 1, None),
        Fault::StoreDown => world.store.set(StoreMode::Down),
        Fault::StoreSlow => world.store.set(StoreMode::Up(ms / 4)),
        Fault::StoreSilent => world.store.set(StoreMode::Silent),
        Fault::NodeKilled => {
            world.audio.kill_node(node);
            world.wait_ms(ms).await;
            world.audio.start_node(node);
        }
        Fault::NodeBlinks => world.audio.blink_node(node, ms),
        Fault::Order(fault) => world.audio.fail_next(node, fault),
        Fault::GatewayDrops => world.discord.drop_gateway(ShardId(0), ms, false),
        Fault::GatewayLost => world.discord.drop_gateway(ShardId(0), ms, true),
        Fault::Kill => world.kill().await,
        Fault::Stop => drop(world.stop().await),
        Fault::RestDown => world.discord.rest_down(true),
        Fault::RestSlow => world.discord.slow_rest(ms / 2),
        Fault::SearchSlow => world.audio.slow_search(ms),
        Fault::BotMoved => world
            .discord
            .move_bot(any, pick(world, &[None, Some(CHANNELS[0]), Some(CHANNELS[1])])),
    }
}

fn mend(world: &World) {
    world.store.set(StoreMode::Up(1));
    world.discord.rest_down(false);
    world.discord.slow_rest(15);
    world.audio.slow_search(50);
}

async fn begin(world: &World) {
    for n in 0..GUILDS {
        world.discord.add_guild(guild(n));
        for user in USERS {
            world.discord.sit(guild(n), user, Some(CHANNELS[0]));
        }
    }
    for title in ["a", "b", "c"] {
        world.audio.add_track(title, Some(60_000));
    }
    world.audio.add_track("short", Some(2_500));
    world.audio.add_track("stream", None);
    // Deaths are laid out more often than a budget allows: parking is another test's business.
    world.settings.borrow_mut().slots.restart.budget = 1_000;
    world.settings.borrow_mut().shard_restart.budget = 1_000;
    world.start().await.expect("a process");
    world.wait_ms(300).await;
}

async fn storm(world: &World) {
    let faults: Vec<Fault> = FAULTS.into_iter().filter(|_| world.choose(3) == 0).collect();
    while world.now_ms() < STRIKES_MS {
        world.wait_ms(world.choose(4_000)).await;
        let (at, user) = (guild(world.choose(GUILDS)), pick(world, &USERS));
        match world.choose(10) {
            0..=5 => drop(world.say(at, user, command(world))),
            6 => world.discord.sit(
                at,
                user,
                pick(world, &[Some(CHANNELS[0]), Some(CHANNELS[0]), Some(CHANNELS[1]), None]),
            ),
            7 if !faults.is_empty() => strike(world, pick(world, &faults)).await,
            _ => mend(world),
        }
        if world.ingress().is_none() && world.choose(2) == 0 {
            world.start().await.expect("a process");
        }
    }
}

/// Everything is healed: within a minute, half of it busy, each guild must do what it says.
async fn is_well(world: &World) {
    mend(world);
    world.heal();
    world.audio.heal();
    if world.ingress().is_none() {
        world.start().await.expect("a process");
    }
    world.wait_ms(30_000).await;
    for _ in 0..30 {
        world.say(guild(world.choose(GUILDS)), pick(world, &USERS), command(world));
        world.wait_ms(1_000).await;
    }
    world.wait_ms(5_000).await;
    for n in 0..GUILDS {
        let id = guild(n);
        let phase = world.phase(id);
        assert!(matches!(phase, Phase::Live | Phase::Cold), "guild {id} is {phase:?}");
        assert!(
            world.audio.players(id).len() <= 1,
            "guild {id}: {:?}",
            world.audio.players(id)
        );
        let mut seen = None;
        for _ in 0..4 {
            // A track may end between the answer and the look: then it is looked again.
            seen = differs(world, id).await;
            if seen.is_none() {
                break;
            }
        }
        assert!(seen.is_none(), "guild {id}: {}", seen.unwrap_or_default());
    }
}

/// In what a guild's words and its sound differ.
async fn differs(world: &World, id: GuildId) -> Option<String> {
    let asked = world.say(id, USERS[0], Command::NowPlaying);
    if !world.until(3_000, |w| w.answer(asked).is_some()).await {
        return Some("it does not answer".to_owned());
    }
    let sounding = world.sounding(id);
    let said = world.answer(asked);
    let wanted = match &said {
        Some(Say::NowPlaying(now)) if !now.paused && !now.alone && world.discord.own(id).is_some() => {
            vec![now.track.title.to_string()]
        }
        _ => Vec::new(),
    };
    (sounding != wanted).then(|| format!("{said:?} but {sounding:?}"))
}

/// What was promised to whoever asked: at most one first callback and one final word, and a word for everybody whom a
/// running process heard.
fn all_are_answered(world: &World, from_ms: u64) {
    for (id, interaction) in world.discord.interactions() {
        if interaction.made_ms >= BEGIN_MS + from_ms {
            assert!(interaction.said().is_some(), "{id}: {interaction:?}");
        }
        assert!(interaction.follow_ups.len() <= 1, "{id}: {interaction:?}");
    }
}

#[test]
fn after_any_storm_every_guild_does_what_it_says() {
    for seed in seeds(60) {
        World::run(seed, |world| async move {
            begin(&world).await;
            storm(&world).await;
            let from_ms = world.now_ms() + 25_000;
            is_well(&world).await;
            all_are_answered(&world, from_ms);
        });
    }
}

#[test]
fn equal_seeds_give_equal_worlds() {
    let trace = |seed| {
        let lines = Rc::new(RefCell::new(Vec::new()));
        let kept = Rc::clone(&lines);
        World::run(seed, |world| async move {
            begin(&world).await;
            storm(&world).await;
            kept.replace(world.trace());
        });
        lines.take()
    };
    for seed in [3, 5] {
        let (one, other) = (trace(seed), trace(seed));
        assert!(one.len() > 100);
        assert!(one == other, "seed {seed} gives two worlds");
    }
}
