//! P13, P16 and what else an operator sees and orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ostinato_actors::chronicle::Count;
use ostinato_actors::operator::{Filter, Unanswered};
use ostinato_actors::ports::AuditKind;
use ostinato_actors::trail::Heard;
use ostinato_actors::world::{Note, Strike, World, seeds};
use ostinato_machine::guild::{Command, Refusal, Silence};
use ostinato_machine::ids::{CauseId, GuildId, ShardId};
use ostinato_machine::slot::{NotNow, Phase, SlotOrder};

use crate::stage::{ask, blank, guild, guilds, is_blank, open, open_playing, played, push, refusal};

const HOT: SlotOrder = SlotOrder::Restart { cold: false };

async fn order(world: &World, guild: GuildId, order: SlotOrder) -> Result<(), Unanswered> {
    let operator = world.operator().expect("a process");
    operator.order(guild, order, Arc::from("ordered")).await
}

/// Waits until the guild has another incarnation than `before` and lives; tells it.
async fn reborn(world: &World, guild: GuildId, before: Option<u64>) -> Option<u64> {
    let operator = world.operator().expect("a process");
    for _ in 0..400 {
        let looked = operator.guild(guild).await.ok()?;
        if looked.slot.phase == Phase::Live && looked.slot.incarnation != before {
            return looked.slot.incarnation;
        }
        world.wait_ms(5).await;
    }
    None
}

#[test]
fn p13_a_hundred_ordered_restarts_lose_no_frame_no_command_and_no_budget() {
    for seed in seeds(5) {
        let slowest_ms = played(seed, |world| async move {
            let all = guilds(3);
            let here = all[0];
            open_playing(&world, &all).await;
            let before = world.ledger(&all).await;
            let (mut incarnation, mut slowest_ms) = (None, 0);
            let mut asked = Vec::new();
            for round in 0..100_u16 {
                asked.push(world.say(here, crate::stage::ANN, Command::Volume { percent: round }));
                let began_ms = world.now_ms();
                assert_eq!(order(&world, here, HOT).await, Ok(()));
                asked.push(world.say(here, crate::stage::ANN, Command::Queue { page: 0 }));
                incarnation = reborn(&world, here, incarnation).await;
                assert!(incarnation.is_some(), "round {round}");
                slowest_ms = slowest_ms.max(world.now_ms() - began_ms);
                world.wait_ms(world.choose(200)).await;
            }
            world.wait_ms(3_000).await;
            assert!(
                asked
                    .iter()
                    .all(|asked| world.answer(*asked).is_some_and(|say| refusal(Some(&say)).is_none()))
            );
            let after = world.ledger(&all).await;
            assert_eq!((after.difference(), after.held), (0, 0), "{after:?}");
            assert_eq!((after.dead, after.refused), (before.dead, before.refused));
            let looked = world
                .operator()
                .expect("a process")
                .guild(here)
                .await
                .expect("it is there");
            assert_eq!(looked.slot.restarts, 0, "the budget is untouched");
            let sounds: Vec<_> = world
                .audio
                .sounds()
                .into_iter()
                .filter(|sound| sound.guild == here)
                .collect();
            assert_eq!(sounds.len(), 1, "one unbroken sound: {sounds:?}");
            assert_eq!(sounds[0].until_ms, None, "it still sounds");
            slowest_ms
        });
        if seed == 0 {
            println!(
                "p13: 100 ordered restarts of a guild that plays: gap 0, budget 0 of 5 used, back within {slowest_ms} ms"
            );
        }
    }
}

/// Counts the lines of the log that tell of a death.
struct Deaths(Arc<AtomicU64>);

impl tracing::Subscriber for Deaths {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::ERROR
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        struct Message(bool);
        impl tracing::field::Visit for Message {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 |= field.name() == "message" && format!("{value:?}") == "a guild died";
            }
        }
        let mut message = Message(false);
        event.record(&mut message);
        self.0.fetch_add(u64::from(message.0), Ordering::Relaxed);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[test]
fn p16_every_death_is_seen_once_in_log_metric_books_and_store() {
    let logged = Arc::new(AtomicU64::new(0));
    let mut deaths = 0;
    let told = seeds(200);
    let count = told.clone().count();
    tracing::subscriber::with_default(Deaths(Arc::clone(&logged)), || {
        for seed in told {
            deaths += played(seed, |world| async move {
                let all = guilds(4);
                open(&world, &all).await;
                for _ in 0..12 {
                    let here = all[usize::try_from(world.choose(4)).expect("small")];
                    let at = if world.choose(2) == 0 {
                        Strike::Decide
                    } else {
                        Strike::Apply
                    };
                    world.strike(at, Some(here), 1, Some(is_blank()));
                    assert!(
                        push(&world, here, "wake", Command::Volume { percent: 20 })
                            || world.phase(here) == Phase::Parked
                    );
                    let _ = world.push(here, CauseId::Internal, blank());
                    world.wait_ms(world.choose(400)).await;
                }
                world.wait_ms(2_000).await;
                let noted = world.noted();
                let died = noted.iter().filter(|noted| noted.note == Note::Died).count();
                let dead = noted.iter().filter(|noted| noted.note == Note::DeadLettered).count();
                let operator = world.operator().expect("a process");
                let chronicle = operator.chronicle();
                let counted: u64 = chronicle.deaths_by_cause().iter().map(|(_, count)| count).sum();
                assert_eq!(counted, died as u64, "seed {seed}");
                assert_eq!(chronicle.deaths().len(), died, "seed {seed}");
                assert_eq!(chronicle.of(Count::DeadLettered), dead as u64);
                let audit = world.store.audit();
                let stored = |kind| audit.iter().filter(|told| told.kind() == kind).count();
                let counts = (stored(AuditKind::Death), stored(AuditKind::DeadLetter));
                assert_eq!(counts, (died, dead), "seed {seed}: what the store was given");
                for (letter, place, times) in chronicle.dead_letters() {
                    assert_eq!(letter.input, "(expired)");
                    assert!(place.is_some() && times >= 1, "{letter:?}");
                }
                died as u64
            });
        }
    });
    assert_eq!(logged.load(Ordering::Relaxed), deaths);
    assert!(deaths > 100, "{deaths}");
    println!(
        "p16: {count} seeds, {deaths} deaths: as many lines in the log, counts, rows and stored entries; differences 0"
    );
}

#[test]
fn a_guild_parked_by_order_tells_its_users_and_runs_again_when_released() {
    played(1, |world| async move {
        let all = guilds(2);
        let here = all[0];
        open_playing(&world, &all).await;
        assert_eq!(order(&world, here, SlotOrder::Park).await, Ok(()));
        assert!(world.until(1_000, |w| w.phase(here) == Phase::Parked).await);
        let told = ask(&world, here, Command::Skip).await;
        let parked = matches!(refusal(told.as_ref()), Some(Refusal::Parked { reference }) if &**reference == "ordered");
        assert!(parked, "{told:?}");
        world.wait_ms(4 * 3_600_000).await;
        assert_eq!(world.phase(here), Phase::Parked, "no probe brings it back");
        assert_eq!(world.sounding(here), [""; 0], "nobody could control its player");
        assert_eq!(order(&world, here, SlotOrder::Park).await, Err(NotNow::Parked.into()));
        assert_eq!(order(&world, here, SlotOrder::Release).await, Ok(()));
        assert!(world.until(2_000, |w| w.phase(here) == Phase::Live).await);
        let told = ask(&world, here, Command::Queue { page: 0 }).await;
        assert!(told.is_some() && refusal(told.as_ref()).is_none(), "{told:?}");
    });
}

#[test]
fn an_operator_sees_every_guild_why_it_is_silent_and_what_it_had() {
    played(1, |world| async move {
        let all = guilds(3);
        let here = all[0];
        world.discord.add_guild(all[2]);
        open_playing(&world, &all[..2]).await;
        let operator = world.operator().expect("a process");
        let looked = operator.guild(here).await.expect("it is there");
        let state = looked.state.as_ref().expect("it lives");
        assert_eq!((state.silence, state.queue, looked.row.playing), (None, 19, true));
        assert_eq!(looked.had.last().map(|had| had.input.is_empty()), Some(false));
        assert!(ask(&world, here, Command::Pause).await.is_some());
        let looked = operator.guild(here).await.expect("it is there");
        assert_eq!(
            looked.state.as_ref().and_then(|state| state.silence),
            Some(Silence::PausedByUser)
        );
        let asleep = operator.guild(all[2]).await.expect("the bot is in it");
        assert_eq!((asleep.slot.phase, asleep.state.is_none()), (Phase::Cold, true));
        assert_eq!(order(&world, all[2], HOT).await, Err(NotNow::Asleep.into()));
        assert_eq!(
            order(&world, all[1], SlotOrder::Passivate).await,
            Err(NotNow::Busy.into())
        );
        assert_eq!(operator.guild(guild(99)).await, Err(Unanswered::Unknown));
        let page = operator
            .guilds(Filter {
                limit: 2,
                ..Filter::default()
            })
            .await;
        assert_eq!((page.rows.len(), page.total), (2, 3));
        let after = page.rows.last().map(|row| row.guild);
        let rest = operator
            .guilds(Filter {
                limit: 2,
                after,
                ..Filter::default()
            })
            .await;
        assert_eq!((rest.rows.len(), rest.total), (1, 3));
        let live = operator
            .guilds(Filter {
                phase: Some(Phase::Live),
                limit: 9,
                ..Filter::default()
            })
            .await;
        assert_eq!((live.rows.len(), live.total), (2, 2));
        let (shards, stuck) = operator.shards().await;
        assert!(stuck.is_empty());
        let facts = &shards[0];
        assert_eq!(
            (
                facts.guilds,
                facts.phases.live,
                facts.seated,
                facts.players,
                facts.playing
            ),
            (3, 2, 2, 2, 1)
        );
    });
}

#[test]
fn an_operator_sees_what_was_heard_lately_across_pauses_lives_and_a_park() {
    played(1, |world| async move {
        let all = guilds(2);
        let here = all[0];
        open_playing(&world, &all).await;
        let operator = world.operator().expect("a process");
        let before = operator.guild(here).await.expect("it is there");
        let last = before.trail.last().expect("it lives").clone();
        assert_eq!(last.heard, Heard::Sound);
        assert_eq!(last.node.as_ref().map(|node| &node.0), before.row.node.as_ref());
        for (command, wait_ms) in [(Command::Pause, 3_000), (Command::Resume, 1_000)] {
            assert!(ask(&world, here, command).await.is_some());
            world.wait_ms(wait_ms).await;
        }
        assert_eq!(order(&world, here, HOT).await, Ok(()));
        let second = reborn(&world, here, before.slot.incarnation).await;
        world.wait_ms(1_000).await;
        assert_eq!(order(&world, here, SlotOrder::Park).await, Ok(()));
        assert!(world.until(1_000, |w| w.phase(here) == Phase::Parked).await);
        let looked = operator.guild(here).await.expect("it is there");
        let lately = looked.trail.get(before.trail.len()..).expect("nothing is forgotten");
        let pause = lately
            .iter()
            .find(|turn| turn.heard == Heard::Silence(Silence::PausedByUser));
        let pause = pause.expect("a user paused");
        let again = lately
            .iter()
            .find(|turn| turn.at_ms > pause.at_ms && turn.heard == Heard::Sound);
        let again = again.expect("it went on");
        let silent_ms = again.at_ms - pause.at_ms;
        assert!((3_000..4_000).contains(&silent_ms), "{silent_ms} ms: {lately:?}");
        assert_eq!(again.incarnation, last.incarnation);
        let sounds = lately
            .iter()
            .any(|turn| Some(turn.incarnation) == second && turn.heard == Heard::Sound);
        assert!(sounds, "{lately:?}");
        assert_eq!(lately.last().map(|turn| turn.heard), Some(Heard::Parked));
    });
}

#[test]
fn an_ordered_restart_of_a_shard_keeps_its_guilds_and_costs_no_budget() {
    played(1, |world| async move {
        let all = guilds(5);
        open_playing(&world, &all).await;
        let operator = world.operator().expect("a process");
        let before = operator.guild(all[0]).await.expect("it is there");
        for round in 0..20 {
            let asked = world.say(all[0], crate::stage::ANN, Command::Volume { percent: 30 + round });
            assert_eq!(operator.restart_shard(ShardId(0)).await, Ok(()));
            assert!(world.until(2_000, |w| w.answer(asked).is_some()).await, "round {round}");
        }
        let after = operator.guild(all[0]).await.expect("it is there");
        assert_eq!(after.slot.incarnation, before.slot.incarnation, "guilds live on");
        assert_eq!(operator.shards().await.0[0].restarts, 0);
        assert_eq!(operator.chronicle().of(Count::ShardDeaths), 0);
        assert_eq!(operator.restart_shard(ShardId(7)).await, Err(Unanswered::NotHere));
        assert!(world.fatal_within(1).await.is_none());
        assert!(all.iter().all(|guild| world.sounding(*guild).len() == 1));
    });
}
