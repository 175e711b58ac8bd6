//! Where faults may be ordered: one rule, whichever way the order comes.

use std::collections::BTreeSet;

use ostinato_machine::guild::Fault;
use ostinato_machine::ids::GuildId;

use super::Config;
use super::check::guild_ids;

/// Where faults may be ordered.
#[derive(Clone, Debug, Default)]
pub struct ChaosConfig {
    /// Whether they may be ordered at all.
    pub enabled: bool,
    everywhere: bool,
    guilds: BTreeSet<GuildId>,
}

/// Whom a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Struck {
    /// This guild alone.
    Guild(GuildId),
    /// Others too: those of the same thread, or all, which have one store.
    Others,
}

impl Struck {
    /// Whom `fault` strikes when it is ordered of `guild`.
    pub const fn by(fault: Fault, guild: GuildId) -> Self {
        match fault {
            Fault::Panic | Fault::Poison => Self::Guild(guild),
            Fault::BlockMs(_) => Self::Others,
        }
    }
}

/// Why a fault may not be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// Not of this guild.
    #[error("the guild is not in chaos.guild_allowlist")]
    NotNamed,
    /// Guilds would feel it that nobody named.
    #[error("it reaches other guilds, and chaos.guild_allowlist is not *")]
    Shared,
}

/// How far a fault may reach that is ordered in a guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// None may be ordered.
    Nowhere,
    /// That guild.
    Here,
    /// Every guild.
    Everywhere,
}

impl ChaosConfig {
    /// Faults may be ordered in these guilds; in every one where none is named.
    #[cfg(test)]
    pub(crate) fn on(guilds: &[u64]) -> Self {
        Self {
            enabled: true,
            everywhere: guilds.is_empty(),
            guilds: guilds.iter().copied().map(GuildId).collect(),
        }
    }

    /// How far a fault may reach that is ordered in `guild`.
    pub fn reach(&self, guild: GuildId) -> Reach {
        match (self.enabled, self.everywhere) {
            (true, true) => Reach::Everywhere,
            (true, false) if self.guilds.contains(&guild) => Reach::Here,
            (true | false, _) => Reach::Nowhere,
        }
    }

    /// Whether a fault may be ordered that strikes these.
    ///
    /// # Errors
    /// [`NotAllowed`].
    pub fn allows(&self, struck: Struck) -> Result<(), NotAllowed> {
        match struck {
            Struck::Guild(guild) if self.reach(guild) == Reach::Nowhere => Err(NotAllowed::NotNamed),
            Struck::Others if !(self.enabled && self.everywhere) => Err(NotAllowed::Shared),
            Struck::Guild(_) | Struck::Others => Ok(()),
        }
    }
}

impl Config {
    /// Where faults may be ordered.
    pub fn chaos(&self) -> ChaosConfig {
        let text = self.reading.text("chaos.guild_allowlist").unwrap_or_default();
        ChaosConfig {
            enabled: self.reading.flag("chaos.enabled"),
            everywhere: text.trim() == "*",
            guilds: guild_ids(text).unwrap_or_default().into_iter().map(GuildId).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strikes_guilds_that_nobody_named_needs_all_to_be_allowed() {
        let (here, other) = (GuildId(5), GuildId(6));
        let (some, all, off) = (ChaosConfig::on(&[5]), ChaosConfig::on(&[]), ChaosConfig::default());
        for fault in [Fault::Panic, Fault::Poison] {
            assert_eq!(some.allows(Struck::by(fault, here)), Ok(()));
            assert_eq!(some.allows(Struck::by(fault, other)), Err(NotAllowed::NotNamed));
            assert_eq!(all.allows(Struck::by(fault, other)), Ok(()));
        }
        let block = Struck::by(Fault::BlockMs(5), here);
        assert_eq!(some.allows(block), Err(NotAllowed::Shared));
        assert_eq!(all.allows(block), Ok(()));
        assert!(off.allows(block).is_err() && off.allows(Struck::Guild(here)).is_err());
    }
}
