//! What the gateway is asked for.

use crate::config::PrefixMode;

/// Guilds and who is in voice: all that slash commands need.
const GUILDS_AND_VOICE: u64 = (1 << 0) | (1 << 7);
/// That messages were written in guilds; without the next one, the words of those alone that mention the bot.
const MESSAGES: u64 = 1 << 9;
/// The words of all messages, which Discord must have granted.
pub(super) const CONTENT: u64 = 1 << 15;
/// Flags of an application that was granted them: a large one, and one in fewer than a hundred guilds.
const GRANTED: u64 = (1 << 18) | (1 << 19);

/// What the gateway is asked for, given what is wanted of messages and the application's flags.
pub(super) fn intents(wanted: PrefixMode, flags: u64) -> u64 {
    let granted = flags & GRANTED != 0;
    match wanted {
        PrefixMode::Off => GUILDS_AND_VOICE,
        PrefixMode::Auto | PrefixMode::Full if granted => GUILDS_AND_VOICE | MESSAGES | CONTENT,
        PrefixMode::Auto | PrefixMode::Mention => GUILDS_AND_VOICE | MESSAGES,
        PrefixMode::Full => {
            tracing::warn!(
                "prefix.mode is full, but the application was not granted the Message Content Intent, so commands in messages \
                 work by mention alone: switch it on in Discord's developer portal, page Bot, and start again"
            );
            GUILDS_AND_VOICE | MESSAGES
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_for_that_was_not_granted() {
        let granted = 1 << 19;
        let table = [
            (PrefixMode::Off, granted, 129),
            (PrefixMode::Mention, granted, 641),
            (PrefixMode::Auto, 0, 641),
            (PrefixMode::Auto, granted, 33_409),
            (PrefixMode::Auto, 1 << 18, 33_409),
            (PrefixMode::Full, granted, 33_409),
            (PrefixMode::Full, 0, 641),
        ];
        for (mode, flags, expected) in table {
            assert_eq!(intents(mode, flags), expected, "{mode:?} with {flags}");
        }
    }
}
