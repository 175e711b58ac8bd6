//! P2, P3: every accepted input has one fate, and only one.

use std::collections::BTreeSet;

use fastrand::Rng;
use ostinato_actors::world::{Sound, StoreMode, Strike, World, seeds};
use ostinato_machine::guild::{Input, Outcome, Report, Stamped};
use ostinato_machine::ids::{CauseId, GuildId, Ticket};

use crate::stage::{ANN, any_command, blank, guild, guilds, is_blank, open, open_playing, played};

/// Lays out a fault by dice.
fn fault(world: &World, dice: &mut Rng, guild: GuildId) {
    match dice.u8(0..8) {
        0..=2 => world.strike(Strike::Decide, Some(guild), dice.u32(1..3), None),
        3 | 4 => world.strike(Strike::Apply, Some(guild), 1, None),
        5 => world.strike(Strike::Shard, None, 1, None),
        6 => world.store.set(StoreMode::Down),
        _ => world.store.set(StoreMode::Up(dice.u64(0..400))),
    }
}

/// Commands and facts by dice over guilds that die, shards that die and a store that comes and goes.
async fn troubled(world: &World) -> (usize, usize) {
    let (all, mut dice) = (guilds(4), Rng::with_seed(world.seed));
    world.settings.borrow_mut().shard_restart.budget = 1_000;
    if dice.bool() {
        // A small inbox is full sooner.
        world.settings.borrow_mut().slots.inbox = 8;
    }
    open(world, &all).await;
    for _ in 0..120 {
        let guild = all[dice.usize(0..all.len())];
        match dice.u8(0..12) {
            0 | 1 => fault(world, &mut dice, guild),
            2 => world.store.set(StoreMode::Up(1)),
            3 => drop(world.push(guild, CauseId::Internal, blank())),
            4 => world.wait_ms(dice.u64(0..1_500)).await,
            _ => drop(world.say(guild, ANN, any_command(&mut dice))),
        }
        world.wait_ms(dice.u64(0..40)).await;
        let ledger = world.ledger(&all).await;
        assert_eq!(ledger.difference(), 0, "{ledger:?}");
    }
    world.heal();
    world.store.set(StoreMode::Up(1));
    world.wait_ms(60_000).await;
    let ledger = world.ledger(&all).await;
    let held = |guild: &GuildId| (*guild, world.phase(*guild), world.held(*guild));
    let slots: Vec<_> = all.iter().map(held).collect();
    assert_eq!((ledger.difference(), ledger.held), (0, 0), "{ledger:?} {slots:?}");
    assert!(
        ledger.dead <= ledger.deaths,
        "a death has one guilty input at most: {ledger:?}"
    );
    for (id, interaction) in world.discord.interactions() {
        assert!(interaction.said().is_some(), "{id} was never answered: {interaction:?}");
        assert_eq!(
            interaction.answers, 1,
            "{id} was answered more than once: {interaction:?}"
        );
    }
    (ledger.accepted, ledger.deaths)
}

#[test]
fn p2_no_accepted_input_is_lost_by_guild_or_shard_restart() {
    let (mut count, mut accepted, mut deaths) = (0, 0, 0);
    for seed in seeds(200) {
        let (inputs, died) = played(seed, |world| async move { troubled(&world).await });
        (count, accepted, deaths) = (count + 1, accepted + inputs, deaths + died);
    }
    println!("p2: {count} seeds, {accepted} inputs accepted, {deaths} deaths of guilds, difference 0");
    assert!(count == 1 || deaths > 1_000, "{deaths}");
}

/// Whether a repetition of this input must change nothing: it names a question, a command with a record, a play or a
/// placement. A command that changed nothing left no record, and is done again.
fn is_named(input: &Stamped, recorded: &BTreeSet<CauseId>) -> bool {
    let is_command = matches!(input.input, Input::Command { .. });
    let is_named = matches!(
        input.input,
        Input::Placed { .. }
            | Input::Done { .. }
            | Input::Expired { .. }
            | Input::Player {
                report: Report::Started { .. } | Report::Ended { .. },
                ..
            }
    );
    is_named || is_command && recorded.contains(&input.cause)
}

/// The same answer, to a question of another incarnation and to one that was never put.
fn foreign(input: &Input) -> Vec<Input> {
    let Input::Done { ticket, outcome } = input else {
        return Vec::new();
    };
    let strange = [
        Ticket {
            incarnation: ticket.incarnation - 1,
            ..*ticket
        },
        Ticket {
            number: ticket.number + 100,
            ..*ticket
        },
    ];
    let done = |ticket| Input::Done {
        ticket,
        outcome: Outcome::clone(outcome),
    };
    strange.into_iter().map(done).collect()
}

/// Repeats, by dice, what the guild has heard before.
fn repeat(world: &World, guild: GuildId, dice: &mut Rng, repeated: &mut usize) {
    let heard: Vec<Stamped> = world.inputs(guild);
    let records = world.store.stored(guild).records;
    let recorded = records.into_iter().map(|record| record.cause).collect();
    let named: Vec<&Stamped> = heard.iter().filter(|heard| is_named(heard, &recorded)).collect();
    for _ in 0..3 {
        let Some(again) = dice.choice(&named) else { return };
        for input in foreign(&again.input) {
            *repeated += usize::from(world.push(guild, again.cause.clone(), input).is_ok());
        }
        *repeated += usize::from(world.push(guild, again.cause.clone(), again.input.clone()).is_ok());
    }
}

/// What became of a guild: its kept state as it is stored, and what was heard.
async fn outcome(world: &World, guild: GuildId) -> (String, Vec<String>) {
    let snapshot = world.snapshot(guild).await.expect("it runs");
    let heard = |sound: &Sound| {
        let Sound {
            title,
            from_ms,
            until_ms,
            position_ms,
            ..
        } = sound;
        format!("{title} at {position_ms} from {from_ms} to {until_ms:?}")
    };
    let sounds = world.audio.sounds();
    let mine = sounds.iter().filter(|sound| sound.guild == guild);
    let kept = serde_json::to_string_pretty(&snapshot).expect("plain data");
    (kept, mine.map(heard).collect())
}

/// An evening of one guild that dies once; with `repeats`, everything that has a name comes again and again.
async fn evening(world: &World, repeats: bool) -> ((String, Vec<String>), usize) {
    let (here, mut dice, mut other) = (guild(0), Rng::with_seed(world.seed), Rng::with_seed(!world.seed));
    // Repetitions draw from chance, too: both worlds restart after the same time.
    world.settings.borrow_mut().slots.restart.jitter_percent = 0;
    open_playing(world, &[here]).await;
    let mut repeated = 0;
    for round in 0..24 {
        if round == 12 {
            let at = dice.choice([Strike::Decide, Strike::Apply]).expect("some");
            world.strike(at, Some(here), 1, Some(is_blank()));
            drop(world.push(here, CauseId::Internal, blank()));
        }
        world.say(here, ANN, any_command(&mut dice));
        for _ in 0..5 {
            world.wait_ms(60).await;
            if repeats {
                repeat(world, here, &mut other, &mut repeated);
            }
        }
    }
    world.wait_ms(3_000).await;
    for (id, interaction) in world.discord.interactions() {
        assert_eq!(interaction.answers, 1, "{id}: {interaction:?}");
    }
    (outcome(world, here).await, repeated)
}

#[test]
fn p3_no_input_is_applied_twice_and_no_stale_completion_at_all() {
    let (mut repetitions, mut endings) = (0, BTreeSet::new());
    for seed in seeds(40) {
        let (twin, _) = played(seed, |world| async move { evening(&world, false).await });
        let (state, repeated) = played(seed, |world| async move { evening(&world, true).await });
        assert_eq!(state.1, twin.1, "seed {seed}: another evening was heard");
        assert_eq!(state.0, twin.0, "seed {seed}: another state is kept");
        repetitions += repeated;
        endings.insert(twin.0);
    }
    println!(
        "p3: {repetitions} duplicate, late and foreign inputs over {} different evenings; states and sounds that differ from the twin's: 0",
        endings.len()
    );
}
