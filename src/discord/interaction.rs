//! An interaction as it comes in: what is used of it and nothing else.

use ostinato_machine::ids::{ChannelId, GuildId, Hidden, UserId};

/// One interaction.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// Its id.
    pub id: u64,
    /// Id of the application: the webhook that edits go to.
    pub application: u64,
    /// Its token, good for 15 minutes.
    pub token: Hidden,
    /// When it came in, wall-clock ms.
    pub arrived_ms: u64,
    /// Where it was made; `None` in a direct message.
    pub guild: Option<GuildId>,
    /// The text channel.
    pub channel: Option<ChannelId>,
    /// Who made it.
    pub user: UserId,
    /// What the user may do in that channel, as Discord's bits; 0 in a direct message.
    pub user_permissions: u64,
    /// What the bot may do in that channel, as Discord's bits.
    pub app_permissions: u64,
    /// What was done.
    pub data: Data,
}

/// What was done.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A slash command.
    Command {
        /// Its name.
        name: Box<str>,
        /// Its options, as given.
        options: Vec<GivenOption>,
    },
    /// A button of a message was pressed.
    Component {
        /// Its custom id.
        id: Box<str>,
    },
    /// Somebody types a slash command and wants to be offered values of an option.
    Complete {
        /// Name of the command.
        name: Box<str>,
        /// The option that is being typed.
        option: Box<str>,
        /// What it is so far.
        typed: Box<str>,
    },
    /// Something that this release does not know; the number is Discord's interaction type.
    Other(u8),
}

/// One option of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenOption {
    /// Its name.
    pub name: Box<str>,
    /// Its value.
    pub value: Value,
}

/// The value of an option.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text, or the id of a user, channel or role.
    Text(Box<str>),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Bool(bool),
}
