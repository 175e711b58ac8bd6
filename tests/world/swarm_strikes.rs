//! What each fault of a swarm does.

use ostinato_actors::root::Drained;
use ostinato_actors::world::{OrderFault, StoreMode, Strike, World};
use ostinato_machine::guild::{Command, Input};
use ostinato_machine::ids::{CauseId, GuildId, ShardId};
use ostinato_machine::slot::{Phase, SlotOrder};

use crate::stage::{LOUNGE, blank, play, push};
use crate::swarm::{LONGEST_MS, OTHER, Swarm};
use crate::swarm_faults::Fault;

/// More than a slot holds.
const FLOOD: u64 = 300;

impl Swarm<'_> {
    /// A process ends: what it held ends with it, and that is all that may be lost.
    async fn end(&mut self, kill: bool) {
        let before = self.is_safe().await;
        let drained = if kill {
            self.world.kill().await;
            None
        } else {
            self.world.stop().await
        };
        let after = self.world.ledger(&self.guilds).await;
        let lost = after.difference() - self.lost;
        assert!(
            lost <= before.held + (after.accepted - before.accepted),
            "{before:?} {after:?}"
        );
        assert!(
            drained != Some(Drained::Finished) || lost == 0,
            "a drain that finishes loses nothing: {lost}"
        );
        self.lost = after.difference();
    }

    fn order_fault(&mut self, fault: OrderFault) {
        let node = self.dice.choice(["n1", "n2"]).expect("some");
        self.world.audio.fail_next(node, fault);
    }

    /// Says something again that was said before.
    fn repeat(&mut self, guild: GuildId) {
        let heard = self.world.inputs(guild);
        let Some(again) = self.dice.choice(&heard) else { return };
        if matches!(
            again.input,
            Input::Done { .. } | Input::Player { .. } | Input::Placed { .. } | Input::Wake
        ) {
            let _ = self.world.push(guild, again.cause.clone(), again.input.clone());
        }
    }

    pub(crate) async fn strike(&mut self, fault: Fault) {
        *self.struck.entry(fault).or_default() += 1;
        self.marks.strikes(fault, self.world, &self.guilds);
        let (world, guild, ms) = (self.world, self.any_guild(), self.dice.u64(50..LONGEST_MS));
        let node = self.dice.choice(["n1", "n2"]).expect("some");
        match fault {
            Fault::DieDeciding => world.strike(Strike::Decide, Some(guild), 1, None),
            Fault::DieApplying => world.strike(Strike::Apply, Some(guild), 1, None),
            Fault::DieTooOften => world.strike(Strike::Decide, Some(guild), 6, None),
            Fault::ShardDies => world.strike(Strike::Shard, None, 1, None),
            Fault::OrderGone => self.order_fault(OrderFault::Gone),
            Fault::OrderUnheard => self.order_fault(OrderFault::Unheard),
            Fault::OrderUnanswered => self.order_fault(OrderFault::Unanswered),
            Fault::OrderRefused => self.order_fault(OrderFault::Refused),
            Fault::SearchSlow => world.audio.slow_search(ms),
            Fault::RestDown => world.discord.rest_down(true),
            Fault::RestSlow => world.discord.slow_rest(ms / 2),
            Fault::Duplicates => {
                for _ in 0..3 {
                    self.repeat(guild);
                }
            }
            Fault::NodeDies => {
                world.audio.kill_node(node);
                world.wait_ms(ms).await;
                world.audio.start_node(node);
            }
            Fault::NodeBlinks => world.audio.blink_node(node, ms),
            Fault::NodeForgets => world.audio.forget_sessions(node, ms),
            Fault::StoreDown => world.store.set(StoreMode::Down),
            Fault::StoreSlow => world.store.set(StoreMode::Up(ms / 2)),
            Fault::StoreSilent => world.store.set(StoreMode::Silent),
            Fault::GatewayDrops => world.discord.drop_gateway(ShardId(0), ms, false),
            Fault::GatewayForgets => world.discord.drop_gateway(ShardId(0), ms, true),
            Fault::VoiceDeaf => world.discord.ignore_voice(true),
            Fault::BotMoved => {
                let to = self.dice.choice([None, Some(LOUNGE), Some(OTHER)]).expect("some");
                world.discord.move_bot(guild, to);
            }
            Fault::Ordered => self.order(guild).await,
            Fault::Flooded => self.flood(guild),
            Fault::AnotherOwner => self.take_over(guild).await,
            Fault::DieTogether => self.die_together(),
            Fault::DieAsleep => self.die_asleep(guild).await,
            Fault::DieWaking => self.die_waking().await,
            Fault::DieAsking => self.die_asking(guild).await,
            Fault::Kill | Fault::Stop => self.end(fault == Fault::Kill).await,
        }
    }

    /// An operator orders something of a guild, sensible or not.
    async fn order(&mut self, guild: GuildId) {
        let orders = [
            SlotOrder::Restart { cold: false },
            SlotOrder::Restart { cold: true },
            SlotOrder::Park,
            SlotOrder::Release,
            SlotOrder::Passivate,
        ];
        let order = self.dice.choice(orders).expect("some");
        if let Some(operator) = self.world.operator() {
            // What does not fit now is refused, and that is no harm.
            drop(operator.order(guild, order, "ordered".into()).await);
        }
    }

    /// More inputs at once than anybody gives.
    fn flood(&mut self, guild: GuildId) {
        let backing_off = self.world.phase(guild) == Phase::BackingOff;
        let taken = (0..FLOOD).filter(|_| push(self.world, guild, "flood", Command::Queue { page: 0 }));
        if taken.count() < FLOOD as usize && backing_off {
            self.marks.meet("full inbox during back-off");
        }
    }

    /// Another process comes to own the guild, and goes again at the end of the strikes.
    async fn take_over(&mut self, guild: GuildId) {
        self.world.store.set(StoreMode::Up(self.dice.u64(1..400)));
        push(self.world, guild, "change", Command::Volume { percent: 33 });
        self.world.wait_ms(20).await;
        if self.world.backlog(guild) > 0 {
            self.marks.meet("ownership lost while saving");
        }
        self.world.store.take_over(guild, u64::MAX);
    }

    /// Something that all guilds meet kills each of them.
    fn die_together(&mut self) {
        for guild in &self.guilds {
            self.world.strike(Strike::Decide, Some(*guild), 1, None);
            let _ = self.world.push(*guild, CauseId::Internal, blank());
        }
    }

    /// A guild, or all with it, dies while it is being put to sleep.
    async fn die_asleep(&mut self, guild: GuildId) {
        let Some(operator) = self.world.operator() else { return };
        for command in [Command::Stop, Command::Disconnect] {
            push(self.world, guild, "rest", command);
        }
        self.world.wait_ms(2_000).await;
        self.world.store.set(StoreMode::Up(200));
        let asleep = operator.order(guild, SlotOrder::Passivate, "ordered".into()).await;
        if asleep.is_ok() && self.world.phase(guild) == Phase::Passivating {
            self.marks.meet("crash while passivating");
        }
        self.die_with_all().await;
    }

    /// All die while they are read from the store.
    async fn die_waking(&mut self) {
        self.end(true).await;
        self.world.store.set(StoreMode::Up(300));
        let world = self.world;
        world.start().await.expect("a process");
        let any = |world: &World| self.guilds.iter().any(|guild| world.phase(*guild) == Phase::Loading);
        if world.until(1_000, any).await {
            self.marks.meet("crash while loading");
        }
        self.die_with_all().await;
    }

    /// A guild dies while somebody looks for its track.
    async fn die_asking(&mut self, guild: GuildId) {
        self.world.audio.slow_search(2_000);
        push(self.world, guild, "look", play("a"));
        self.world.wait_ms(200).await;
        self.world.strike(Strike::Decide, Some(guild), 1, None);
        let _ = self.world.push(guild, CauseId::Internal, blank());
    }

    /// The shard dies, or the process.
    async fn die_with_all(&mut self) {
        if self.dice.bool() {
            self.world.strike(Strike::Shard, None, 1, None);
        } else {
            self.end(true).await;
        }
    }
}
