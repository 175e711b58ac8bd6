//! A message as it comes in, and whether it is for the bot.

use ostinato_machine::ids::{ChannelId, GuildId, UserId};

/// What a person wrote in a text channel of a guild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Id of the message.
    pub id: u64,
    /// Where.
    pub guild: GuildId,
    /// In which text channel.
    pub channel: ChannelId,
    /// Who.
    pub user: UserId,
    /// The words, as they were written.
    pub text: Box<str>,
    /// When it came in, wall-clock ms.
    pub arrived_ms: u64,
    /// A session that goes on brings it: it was missed, or the process before had it already.
    pub replayed: bool,
}

/// How a message called the bot, and what it goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called<'a> {
    /// By its name. Whatever follows is meant for it.
    ByMention(&'a str),
    /// By a prefix, which other bots may share: what makes no sense here may do so elsewhere.
    ByPrefix(&'a str),
}

/// Whether `text` begins by calling the bot: with a mention of `own`, else with `prefix`. What follows comes without
/// white space around it.
///
/// Behind a prefix that ends in a letter or a digit there may be a space, behind others there must be none: "! help"
/// is more often an outcry than a command.
pub(super) fn called<'a>(text: &'a str, own: UserId, prefix: &str) -> Option<Called<'a>> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix("<@") {
        let rest = rest.strip_prefix('!').unwrap_or(rest);
        let (id, rest) = rest.split_once('>')?;
        return (id.parse() == Ok(own.0)).then(|| Called::ByMention(rest.trim_start()));
    }
    if prefix.is_empty() {
        return None;
    }
    let head = text.get(..prefix.len())?;
    let rest = text.get(prefix.len()..)?;
    if !head.eq_ignore_ascii_case(prefix) {
        return None;
    }
    let wordy = prefix.ends_with(char::is_alphanumeric);
    let rest = if wordy { rest.trim_start() } else { rest };
    let is_word = rest.starts_with(|c: char| !c.is_whitespace());
    is_word.then_some(Called::ByPrefix(rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OWN: UserId = UserId(42);

    #[test]
    fn a_mention_or_the_prefix_calls_the_bot_and_nothing_else_does() {
        let table = [
            ("<@42> play x", "!", Some(Called::ByMention("play x"))),
            ("<@!42>play x", "!", Some(Called::ByMention("play x"))),
            (" <@42> ", "!", Some(Called::ByMention(""))),
            ("<@43> play x", "!", None),
            ("<@42", "!", None),
            ("<@&42> play", "!", None),
            ("hello <@42>", "!", None),
            ("!play x", "!", Some(Called::ByPrefix("play x"))),
            ("! play x", "!", None),
            ("!", "!", None),
            ("play", "!", None),
            ("", "!", None),
            ("o play x", "o", Some(Called::ByPrefix("play x"))),
            ("Oplay x", "o", Some(Called::ByPrefix("play x"))),
            ("?!skip", "?!", Some(Called::ByPrefix("skip"))),
            ("¡skip", "¡", Some(Called::ByPrefix("skip"))),
            ("éa", "!", None),
            ("!play", "", None),
        ];
        for (text, prefix, expected) in table {
            assert_eq!(called(text, OWN, prefix), expected, "{text:?} with {prefix:?}");
        }
    }

    proptest! {
        #[test]
        fn no_message_is_too_strange(text in ".{0,60}", prefix in ".{0,5}") {
            let _ = called(&text, OWN, &prefix);
        }
    }
}
