//! The options that came with a command, checked against what the command declares.

use super::Table;
use super::spec::{CommandSpec, Kind, OptionSpec, Problem};
use crate::discord::interaction::{GivenOption, Value};

/// An option, and what is wrong with it.
pub(super) type Fault = (Box<str>, Problem);

/// Options of which every one is declared, of its kind and within its bounds, and none that is required is missing.
pub(super) struct Given<'a> {
    options: &'a [GivenOption],
    /// The commands that there are.
    pub(super) table: Table,
    /// How long the command took to arrive, ms.
    pub(super) delivered_ms: Option<u64>,
}

/// First ms of Discord's ids, since 1970.
const EPOCH_MS: u64 = 1_420_070_400_000;
/// A longer way says more about clocks than about the way, ms.
const LONGEST_WAY: u64 = 60_000;

impl<'a> Given<'a> {
    /// Checks `options` against what `spec` declares. `id` is Discord's of what gave them, `arrived_ms` when that came in.
    pub(super) fn check(
        table: Table,
        spec: &CommandSpec,
        options: &'a [GivenOption],
        (id, arrived_ms): (u64, u64),
    ) -> Result<Self, Fault> {
        for given in options {
            let Some(declared) = spec.options.iter().find(|option| option.name == &*given.name) else {
                return Err((given.name.clone(), Problem::Unknown));
            };
            fits(declared, &given.value).map_err(|problem| (given.name.clone(), problem))?;
        }
        let is_given = |option: &OptionSpec| options.iter().any(|given| &*given.name == option.name);
        if let Some(missing) = spec.options.iter().find(|option| option.required && !is_given(option)) {
            return Err((missing.name.into(), Problem::Missing));
        }
        let created_ms = (id >> 22).saturating_add(EPOCH_MS);
        let way_ms = arrived_ms.checked_sub(created_ms);
        Ok(Self {
            options,
            table,
            delivered_ms: way_ms.filter(|way| *way <= LONGEST_WAY),
        })
    }

    /// A text, as it was given.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::Number(_) | Value::Bool(_) => None,
        }
    }

    /// A whole number.
    pub(super) fn whole(&self, name: &str) -> Option<u32> {
        whole(self.value(name)?).and_then(|number| u32::try_from(number).ok())
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.options
            .iter()
            .find(|given| &*given.name == name)
            .map(|given| &given.value)
    }
}

fn fits(option: &OptionSpec, value: &Value) -> Result<(), Problem> {
    let text = match value {
        Value::Text(text) => Ok(text),
        Value::Integer(_) | Value::Number(_) | Value::Bool(_) => Err(Problem::NoText),
    };
    match option.kind {
        Kind::Text { max_chars } | Kind::Search { max_chars } => {
            if text?.chars().count() > usize::from(max_chars) {
                return Err(Problem::TooLong { max: max_chars });
            }
        }
        Kind::Whole { min, max } => {
            let range = i64::from(min)..=i64::from(max);
            if !whole(value).is_some_and(|number| range.contains(&number)) {
                return Err(Problem::OutOfRange { min, max });
            }
        }
        Kind::Choice(choices) => {
            let text = text?;
            if !choices.iter().any(|(value, _)| *value == &**text) {
                return Err(Problem::NoChoice);
            }
        }
        Kind::CommandName => {
            text?;
        }
    }
    Ok(())
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number) => Some(*number),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and far below the bounds of both types"
        )]
        Value::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => Some(*number as i64),
        Value::Number(_) | Value::Text(_) | Value::Bool(_) => None,
    }
}
