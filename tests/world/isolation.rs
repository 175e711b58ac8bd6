//! P1, P9: what happens to one guild is nobody else's business.

use std::collections::BTreeMap;

use fastrand::Rng;
use ostinato_actors::world::{Strike, World};
use ostinato_machine::guild::{Command, Refusal, Say};
use ostinato_machine::ids::GuildId;

use crate::stage::{ANN, any_command, guild, guilds, open_playing, played, refusal};

/// What left for each guild, word for word, and what became durable.
type Traces = BTreeMap<GuildId, Vec<String>>;

fn traces(world: &World) -> Traces {
    let mut traces = Traces::new();
    for line in world.trace() {
        if let Some(guild) = line.guild {
            traces.entry(guild).or_default().push(line.to_string());
        }
    }
    traces
}

/// In how many guilds two worlds differ; the first difference is told.
fn differing(one: &Traces, other: &Traces, meant: impl Fn(GuildId) -> bool) -> (usize, String) {
    let mut first = String::new();
    let mut count = 0;
    for (guild, lines) in one.iter().filter(|(guild, _)| meant(**guild)) {
        let theirs = other.get(guild).map(Vec::as_slice).unwrap_or_default();
        if lines == theirs {
            continue;
        }
        count += 1;
        if first.is_empty() {
            let at = lines.iter().zip(theirs).position(|(a, b)| a != b);
            let at = at.unwrap_or(lines.len().min(theirs.len()));
            first = format!("guild {guild}: {:?} but {:?}", lines.get(at), theirs.get(at));
        }
    }
    (count, first)
}

const MANY: u64 = 1_000;
const ROUNDS: u64 = 10;
const ROUND_MS: u64 = 2_000;

fn is_victim(guild: GuildId) -> bool {
    (guild.0 >> 22).is_multiple_of(10)
}

/// An evening in many guilds; with `crashes`, a tenth of them die again and again. Tells the traces and the deaths.
async fn evening(world: &World, crashes: bool) -> (Traces, u64) {
    let all = guilds(MANY);
    open_playing(world, &all).await;
    let (mut dice, mut fate) = (Rng::with_seed(world.seed), Rng::with_seed(world.seed ^ 1));
    for _ in 0..ROUNDS {
        let mut plan: Vec<_> = all.iter().map(|guild| (dice.u64(0..ROUND_MS), *guild)).collect();
        plan.sort_unstable();
        let begin_ms = world.now_ms();
        for (at_ms, guild) in plan {
            world.wait_ms((begin_ms + at_ms).saturating_sub(world.now_ms())).await;
            if crashes && is_victim(guild) && fate.u8(0..3) == 0 {
                let at = fate.choice([Strike::Decide, Strike::Apply]).expect("some");
                world.strike(at, Some(guild), 1, None);
            }
            world.say(guild, ANN, any_command(&mut dice));
        }
        world
            .wait_ms((begin_ms + ROUND_MS).saturating_sub(world.now_ms()))
            .await;
    }
    world.wait_ms(3_000).await;
    (traces(world), world.struck())
}

#[test]
fn p1_a_crash_in_one_guild_changes_nothing_for_another() {
    let (control, _) = played(1, |world| async move { evening(&world, false).await });
    let (struck, deaths) = played(1, |world| async move { evening(&world, true).await });
    let lines: usize = control.values().map(Vec::len).sum();
    let (differ, first) = differing(&control, &struck, |guild| !is_victim(guild));
    let (victims, _) = differing(&control, &struck, is_victim);
    println!(
        "p1: {MANY} guilds, {deaths} deaths in {victims} of them; {lines} lines left; traces of others that differ: {differ}"
    );
    assert!(
        deaths >= 150 && victims >= 90,
        "the tenth that crashes does crash: {deaths} {victims}"
    );
    assert!(lines > 25_000, "{lines}");
    assert_eq!(differ, 0, "{first}");
}

const NEIGHBOURS: u64 = 50;
const INBOX: usize = 256;

/// Neighbours play; with `flood`, one guild gets ten times what its inbox holds in one moment, three times.
async fn street(world: &World, flood: bool) -> Traces {
    let all = guilds(NEIGHBOURS);
    open_playing(world, &all).await;
    let (mut dice, crowded) = (Rng::with_seed(world.seed), guild(0));
    for round in 0..60_u64 {
        if flood && round.is_multiple_of(20) {
            let asked: Vec<u64> = (0..10 * INBOX)
                .map(|_| world.say(crowded, ANN, Command::NowPlaying))
                .collect();
            assert!(world.held(crowded) <= INBOX + 64);
            world.wait_ms(90).await;
            assert_eq!(world.held(crowded), 0, "all that was taken is done");
            let told: Vec<Option<Say>> = asked.iter().map(|asked| world.answer(*asked)).collect();
            let busy = told.iter().filter(|say| refusal(say.as_ref()) == Some(&Refusal::Busy));
            let shown = told.iter().filter(|say| matches!(say, Some(Say::NowPlaying(_))));
            let (busy, shown) = (busy.count(), shown.count());
            assert_eq!((busy, shown), (9 * INBOX, INBOX), "refusals are exact");
            world.wait_ms(10).await;
        } else {
            world.wait_ms(100).await;
        }
        let neighbour = guild(dice.u64(1..NEIGHBOURS));
        // Numbers of interactions count on with the flood's: what is compared is what has none.
        let command = any_command(&mut dice);
        crate::stage::push(world, neighbour, &format!("round {round}"), command);
    }
    world.wait_ms(1_000).await;
    traces(world)
}

#[test]
fn p9_a_full_inbox_refuses_politely_and_keeps_others_fast() {
    for seed in ostinato_actors::world::seeds(3) {
        let control = played(seed, |world| async move { street(&world, false).await });
        let flooded = played(seed, |world| async move { street(&world, true).await });
        let (differ, first) = differing(&control, &flooded, |other| other != guild(0));
        println!(
            "p9: seed {seed}: 3 floods of {} inputs, {INBOX} taken each; traces of {} neighbours that differ: {differ}",
            10 * INBOX,
            NEIGHBOURS - 1
        );
        assert_eq!(differ, 0, "{first}");
    }
}

/// How often a guild is flooded, ms, and with how many commands each time: a thousand a second.
const DROPS: (u64, usize) = (10, 10);

/// For so long, ms.
const FLOOD_MS: u64 = 10_000;

/// Neighbours play; with `flood`, one guild is given a thousand commands a second by people who wait for answers. Tells
/// the traces, how many of them were done, and how many were told that it is busy.
async fn flooded(world: &World, flood: bool) -> (Traces, usize, usize) {
    let all = guilds(NEIGHBOURS);
    open_playing(world, &all).await;
    let (mut dice, crowded) = (Rng::with_seed(world.seed), guild(0));
    let mut asked = Vec::new();
    for round in 0..FLOOD_MS / DROPS.0 {
        if flood {
            let volume = |n: usize| Command::Volume {
                percent: u16::try_from(n).expect("small") + 1,
            };
            asked.extend((0..DROPS.1).map(|n| world.say(crowded, ANN, volume(n))));
            assert!(world.held(crowded) <= INBOX + 64);
        }
        world.wait_ms(DROPS.0).await;
        if round.is_multiple_of(10) {
            let neighbour = guild(dice.u64(1..NEIGHBOURS));
            let command = any_command(&mut dice);
            crate::stage::push(world, neighbour, &format!("round {round}"), command);
        }
    }
    world.wait_ms(1_500).await;
    let told: Vec<Option<Say>> = asked.iter().map(|asked| world.answer(*asked)).collect();
    assert!(told.iter().all(Option::is_some), "everybody is told something");
    let busy = told
        .iter()
        .filter(|say| refusal(say.as_ref()) == Some(&Refusal::Busy))
        .count();
    let after = world.say(crowded, ANN, Command::Volume { percent: 50 });
    world.wait_ms(500).await;
    assert_eq!(
        world.answer(after),
        Some(Say::Volume { percent: 50 }),
        "the flood is over"
    );
    (traces(world), told.len() - busy, busy)
}

#[test]
fn p9_a_guild_flooded_with_a_thousand_commands_a_second_is_slowed_and_told_and_nobody_else_notices() {
    for seed in ostinato_actors::world::seeds(3) {
        let (control, ..) = played(seed, |world| async move { flooded(&world, false).await });
        let (struck, done, busy) = played(seed, |world| async move { flooded(&world, true).await });
        let (differ, first) = differing(&control, &struck, |other| other != guild(0));
        println!(
            "p9: seed {seed}: 1,000 commands a second for {FLOOD_MS} ms: {done} done, {busy} told that it is busy; traces of {} neighbours that differ: {differ}",
            NEIGHBOURS - 1
        );
        assert_eq!(done + busy, 10_000);
        // 256 at once, and 200 a second.
        assert!((2_200..=2_300).contains(&done), "{done}");
        assert_eq!(differ, 0, "{first}");
    }
}
