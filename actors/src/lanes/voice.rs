//! The voice lane: tells the gateway in which channel a guild wants to be, on a change only.

use ostinato_machine::guild::WantedVoice;
use ostinato_machine::ids::ChannelId;

/// What the gateway was last told for one guild.
#[derive(Debug, Default)]
pub(super) struct Told(Option<WantedVoice>);

impl Told {
    /// The channel to ask for, if this is news. `Some(None)`: leave.
    pub(super) fn want(&mut self, wanted: Option<WantedVoice>) -> Option<Option<ChannelId>> {
        if self.0 == wanted {
            return None;
        }
        self.0 = wanted;
        Some(wanted.map(|wanted| wanted.channel))
    }

    /// A new incarnation, or a new gateway session: this is what Discord has.
    pub(super) fn restart(&mut self, own: Option<WantedVoice>) {
        self.0 = own;
    }

    /// The guild knows that Discord put the bot there; it need not be asked for again. Told any earlier, what the guild
    /// wanted before would bring the bot back.
    pub(super) fn sits(&mut self, channel: ChannelId) {
        let join = self.0.map_or(0, |told| told.join);
        self.0 = Some(WantedVoice { channel, join });
    }

    pub(super) fn is_idle(&self) -> bool {
        self.0.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(channel: u64, join: u32) -> Option<WantedVoice> {
        Some(WantedVoice {
            channel: ChannelId(channel),
            join,
        })
    }

    #[test]
    fn only_changes_are_told_and_a_higher_join_is_one() {
        let mut told = Told::default();
        assert_eq!(told.want(None), None);
        assert_eq!(told.want(voice(1, 0)), Some(Some(ChannelId(1))));
        assert_eq!(told.want(voice(1, 0)), None);
        assert_eq!(told.want(voice(1, 1)), Some(Some(ChannelId(1))));
        assert_eq!(told.want(None), Some(None));
    }

    #[test]
    fn a_new_incarnation_starts_from_what_discord_has() {
        let mut told = Told::default();
        told.want(voice(1, 7));
        told.restart(voice(1, 0));
        assert_eq!(told.want(voice(1, 0)), None);
        told.sits(ChannelId(2));
        assert_eq!(told.want(voice(2, 0)), None);
    }
}
