//! What a row of the table [`KEYS`](super::KEYS) says.

/// A group of keys under one heading of `config.yml` and of the documentation.
#[derive(Debug)]
pub struct Section {
    /// Heading.
    pub title: &'static str,
    /// What a reader should know before the keys.
    pub intro: &'static str,
    /// The keys.
    pub keys: &'static [Key],
}

/// One key of the configuration.
#[derive(Debug)]
pub struct Key {
    /// Where it stands in `config.yml`, groups joined by dots. Also its name in messages.
    pub path: &'static str,
    /// The environment variable that overrides the file.
    pub env: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What holds when nobody sets it.
    pub default: Default,
    /// Whether `config.yml` may hold it.
    pub place: Place,
    /// One sentence for the operator.
    pub doc: &'static str,
}

/// What values a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line of text.
    Text,
    /// A text that is never shown.
    Secret,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds, both included.
    Number {
        /// What it counts.
        unit: Unit,
        /// Least.
        min: u64,
        /// Most.
        max: u64,
    },
    /// `auto`, or a whole number within bounds, both included.
    Auto {
        /// Least.
        min: u64,
        /// Most.
        max: u64,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `http://` or `https://`, without a query.
    Url,
    /// A host name or an address, without scheme and port.
    Host,
    /// A path of the file system.
    Path,
    /// A list of audio nodes.
    Nodes,
}

/// What a number counts. The key's name ends with it wherever a mistake would otherwise be easy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Milliseconds: the name ends in `_ms`.
    Ms,
    /// Seconds: the name ends in `_s`.
    Seconds,
    /// Bytes: the name ends in `_bytes`.
    Bytes,
    /// Percent: the name ends in `_percent`.
    Percent,
}

impl Unit {
    /// In a sentence after a number; empty for things.
    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "",
            Self::Ms => "ms",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::Percent => "percent",
        }
    }

    /// In a sentence without a number.
    pub fn long(self) -> &'static str {
        match self {
            Self::Count => "things",
            Self::Ms => "milliseconds",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Percent => "percent",
        }
    }
}

/// What holds when nobody sets a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// This value, written as in the environment.
    Is(&'static str),
    /// Nothing; the key's sentence says what that means.
    Unset,
    /// The bot does not start without it.
    Required,
}

/// Where a key may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In `config.yml` and in the environment.
    Both,
    /// In the environment only.
    Environment,
}

/// A row with a default.
pub(super) const fn key(
    path: &'static str,
    env: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key {
        path,
        env,
        kind,
        default: Default::Is(default),
        place: Place::Both,
        doc,
    }
}

impl Key {
    /// The same without a default.
    pub(super) const fn or_nothing(mut self) -> Self {
        self.default = Default::Unset;
        self
    }

    /// The same, and the bot does not start without it.
    pub(super) const fn required(mut self) -> Self {
        self.default = Default::Required;
        self
    }

    /// The same, refused in `config.yml`.
    pub(super) const fn environment_only(mut self) -> Self {
        self.place = Place::Environment;
        self
    }

    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        self.kind == Kind::Secret
    }

    /// What values it takes, in words: `1 to 500 ms`.
    pub fn accepts(&self) -> String {
        match self.kind {
            Kind::Text => "text".into(),
            Kind::Secret => "secret text".into(),
            Kind::Flag => "`true` or `false`".into(),
            Kind::Number { unit, min, max } => format!("{min} to {max} {}", unit.word()).trim_end().into(),
            Kind::Auto { min, max } => format!("`auto`, or {min} to {max}"),
            Kind::Choice(words) => words
                .iter()
                .map(|word| format!("`{word}`"))
                .collect::<Vec<_>>()
                .join(" or "),
            Kind::Url => "`http://` or `https://` address".into(),
            Kind::Host => "host name or address".into(),
            Kind::Path => "path".into(),
            Kind::Nodes => "list of nodes".into(),
        }
    }
}

/// A whole number of things.
pub(super) const fn count(min: u64, max: u64) -> Kind {
    Kind::Number {
        unit: Unit::Count,
        min,
        max,
    }
}

/// A whole number of milliseconds.
pub(super) const fn ms(min: u64, max: u64) -> Kind {
    Kind::Number {
        unit: Unit::Ms,
        min,
        max,
    }
}

/// A whole number of seconds.
pub(super) const fn seconds(min: u64, max: u64) -> Kind {
    Kind::Number {
        unit: Unit::Seconds,
        min,
        max,
    }
}

/// A whole number of bytes.
pub(super) const fn bytes(min: u64, max: u64) -> Kind {
    Kind::Number {
        unit: Unit::Bytes,
        min,
        max,
    }
}

/// A whole number of percent.
pub(super) const fn percent(min: u64, max: u64) -> Kind {
    Kind::Number {
        unit: Unit::Percent,
        min,
        max,
    }
}
