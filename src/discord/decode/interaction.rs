//! Interactions: what is used of them.

use ostinato_machine::ids::{ChannelId, GuildId, Hidden, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::Number;
use super::voice::User;
use super::{Decoded, Malformed, needed, read};
use crate::discord::interaction::{Data, GivenOption, Interaction, Value};

const EVENT: &str = "INTERACTION_CREATE";

/// Interaction type of an application command.
const COMMAND: u64 = 2;
/// Interaction type of a component of a message.
const COMPONENT: u64 = 3;
/// Interaction type of an option that is being typed.
const COMPLETE: u64 = 4;
/// Component type of a button.
const BUTTON: u64 = 2;
/// Command type of a slash command.
const CHAT_INPUT: u64 = 1;
/// Option types whose value is other options.
const SUB: [u64; 2] = [1, 2];
/// Option type of a whole number.
const INTEGER: u64 = 4;
/// Option type of a number.
const NUMBER: u64 = 10;

#[derive(Deserialize)]
struct Created<'a> {
    id: Option<Number>,
    application_id: Option<Number>,
    token: Option<Box<str>>,
    #[serde(rename = "type")]
    kind: Option<Number>,
    guild_id: Option<Number>,
    channel_id: Option<Number>,
    channel: Option<Channel>,
    member: Option<Member>,
    user: Option<User>,
    app_permissions: Option<Number>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Channel {
    id: Option<Number>,
}

#[derive(Deserialize)]
struct Member {
    user: Option<User>,
    permissions: Option<Number>,
}

#[derive(Deserialize)]
struct Command {
    name: Option<Box<str>>,
    #[serde(rename = "type")]
    kind: Option<Number>,
    options: Option<Vec<RawOption>>,
}

#[derive(Deserialize)]
struct Component {
    custom_id: Option<Box<str>>,
    component_type: Option<Number>,
}

#[derive(Deserialize)]
struct RawOption {
    name: Option<Box<str>>,
    #[serde(rename = "type")]
    kind: Option<Number>,
    value: Option<serde_json::Value>,
    options: Option<Vec<RawOption>>,
    focused: Option<bool>,
}

pub(super) fn interaction(data: &str, now_ms: u64) -> Result<Decoded, Malformed> {
    let created: Created<'_> = read(EVENT, data)?;
    let kind = created.kind.map_or(0, |kind| kind.0);
    let channel = created
        .channel_id
        .or_else(|| created.channel.and_then(|channel| channel.id));
    let (member, permissions) = created
        .member
        .map_or((None, None), |member| (member.user, member.permissions));
    let user = member.or(created.user).and_then(|user| user.id);
    let interaction = Interaction {
        id: needed(EVENT, "it has no id", created.id)?.0,
        application: needed(EVENT, "it has no application", created.application_id)?.0,
        token: Hidden::new(&needed(EVENT, "it has no token", created.token)?),
        arrived_ms: now_ms,
        guild: created.guild_id.map(|id| GuildId(id.0)),
        channel: channel.map(|id| ChannelId(id.0)),
        user: UserId(needed(EVENT, "it has no user", user)?.0),
        user_permissions: permissions.map_or(0, |bits| bits.0),
        app_permissions: created.app_permissions.map_or(0, |bits| bits.0),
        data: what(kind, created.data)?,
    };
    Ok(Decoded::Interaction(interaction))
}

fn what(kind: u64, data: Option<&RawValue>) -> Result<Data, Malformed> {
    let other = Data::Other(u8::try_from(kind).unwrap_or(u8::MAX));
    if kind == COMPONENT {
        return pressed(data);
    }
    if kind != COMMAND && kind != COMPLETE {
        return Ok(other);
    }
    let raw = needed(EVENT, "it has no command", data)?;
    let command: Command = read(EVENT, raw.get())?;
    if command.kind.is_some_and(|kind| kind.0 != CHAT_INPUT) {
        return Ok(other);
    }
    let mut name = String::from(needed(EVENT, "its command has no name", command.name)?);
    let mut options = command.options.unwrap_or_default();
    // A subcommand comes as the only option of its parent; its name goes on with the parent's.
    while let Some(sub) = options.iter_mut().find(|option| option.is_sub()) {
        name.push(' ');
        name.push_str(sub.name.as_deref().unwrap_or_default());
        options = sub.options.take().unwrap_or_default();
    }
    if kind == COMPLETE {
        let focused = options.into_iter().find(|option| option.focused == Some(true));
        let focused = needed(EVENT, "no option of it is being typed", focused)?;
        return Ok(Data::Complete {
            name: name.into(),
            typed: focused.typed(),
            option: focused.name.unwrap_or_default(),
        });
    }
    Ok(Data::Command {
        name: name.into(),
        options: options.into_iter().filter_map(RawOption::given).collect(),
    })
}

fn pressed(data: Option<&RawValue>) -> Result<Data, Malformed> {
    let raw = needed(EVENT, "it has no component", data)?;
    let component: Component = read(EVENT, raw.get())?;
    if component.component_type.is_some_and(|kind| kind.0 != BUTTON) {
        return Ok(Data::Other(3));
    }
    let id = needed(EVENT, "its component has no id", component.custom_id)?;
    Ok(Data::Component { id })
}

impl RawOption {
    fn is_sub(&self) -> bool {
        self.kind.is_some_and(|kind| SUB.contains(&kind.0))
    }

    /// What was typed of it so far, which need not be of its kind yet.
    fn typed(&self) -> Box<str> {
        match &self.value {
            Some(serde_json::Value::String(text)) => text.as_str().into(),
            Some(serde_json::Value::Number(number)) => number.to_string().into(),
            _ => Box::default(),
        }
    }

    /// The option as it was given; `None` without a name or a value that an option may have.
    fn given(self) -> Option<GivenOption> {
        let kind = self.kind.map_or(0, |kind| kind.0);
        let value = match self.value? {
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::String(text) => worded(kind, text),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(value) if kind != NUMBER => Value::Integer(value),
                Some(_) | None => Value::Number(number.as_f64()?),
            },
            serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => return None,
        };
        Some(GivenOption {
            name: self.name?,
            value,
        })
    }
}

/// A value that came as a string, which numbers may do too.
fn worded(kind: u64, text: String) -> Value {
    let number = match kind {
        INTEGER => text.parse().ok().map(Value::Integer),
        NUMBER => text
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .map(Value::Number),
        _ => None,
    };
    number.unwrap_or_else(|| Value::Text(text.into()))
}
