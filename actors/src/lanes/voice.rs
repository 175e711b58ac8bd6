//! The voice lane: tells the gateway in which channel a guild wants to be, on a change only.

use ostinato_machine::guild::WantedVoice;
use ostinato_machine::ids::ChannelId;

/// What one guild wanted last, and where Discord has the bot.
#[derive(Debug, Default)]
pub(super) struct Told {
    wanted: Option<WantedVoice>,
    sits: Option<ChannelId>,
}

impl Told {
    /// The channel to ask for, if this is news. `Some(None)`: leave.
    pub(super) fn want(&mut self, wanted: Option<WantedVoice>) -> Option<Option<ChannelId>> {
        let before = self.wanted;
        if before == wanted {
            return None;
        }
        self.wanted = wanted;
        let channel = wanted.map(|wanted| wanted.channel);
        // Somebody moved the bot there, and the guild has taken note: nothing is to be asked for.
        let moved = self.sits.take().is_some_and(|sits| channel == Some(sits));
        let again = wanted.map(|wanted| wanted.join) != before.map(|before| before.join);
        (!moved || again).then_some(channel)
    }

    /// A new incarnation, or a new gateway session: this is what Discord has.
    pub(super) fn restart(&mut self, own: Option<WantedVoice>) {
        (self.wanted, self.sits) = (own, None);
    }

    /// Discord put the bot there. The guild learns it later than this lane: until it has, it still wants the channel of
    /// before, which must not be asked for again.
    pub(super) fn sits(&mut self, channel: ChannelId) {
        self.sits = self.wanted.filter(|wanted| wanted.channel != channel).map(|_| channel);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.wanted.is_none()
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

    #[test]
    fn a_guild_that_has_not_noticed_a_move_yet_does_not_undo_it() {
        let mut told = Told::default();
        told.want(voice(1, 0));
        told.sits(ChannelId(2));
        assert_eq!(told.want(voice(1, 0)), None, "it was decided before the move was known");
        assert_eq!(told.want(voice(2, 0)), None, "the move is known, and done already");
        assert_eq!(
            told.want(voice(1, 0)),
            Some(Some(ChannelId(1))),
            "a listener asks for it"
        );
    }
}
