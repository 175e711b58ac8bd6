//! A message and Discord's limits to it.

use super::text::{cut, length};
use crate::discord::buttons::Press;

/// Most characters of plain text.
const TEXT: usize = 2_000;
/// Most characters of a card's title.
const TITLE: usize = 256;
/// Most characters of a card's text.
const CARD_TEXT: usize = 4_096;
/// Most characters of a card's small print.
const FOOTER: usize = 2_048;
/// Most characters of a whole card.
const CARD: usize = 6_000;
/// Most characters of an address.
const URL: usize = 2_048;

/// What is shown. Within Discord's limits, whatever it was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::discord) struct Message {
    /// Plain text; empty when there is a card.
    pub(in crate::discord) text: String,
    /// A card.
    pub(in crate::discord) card: Option<Card>,
    /// Buttons below it, in rows of at most five.
    pub(in crate::discord) rows: Vec<Vec<Button>>,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::discord) struct Button {
    /// What it does; `None` where there is nothing to do: it can't be pressed.
    pub(in crate::discord) press: Option<Press>,
    /// The sign before its words.
    pub(in crate::discord) sign: &'static str,
    /// Its words, at most 80 characters.
    pub(in crate::discord) words: &'static str,
    /// It ends something.
    pub(in crate::discord) grave: bool,
}

/// A card: an embed of Discord.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::discord) struct Card {
    /// Its colour.
    pub(in crate::discord) tone: Tone,
    /// Its title.
    pub(in crate::discord) title: Option<String>,
    /// Where the title leads.
    pub(in crate::discord) url: Option<String>,
    /// Its text.
    pub(in crate::discord) text: String,
    /// Address of a small picture.
    pub(in crate::discord) picture: Option<String>,
    /// Small print.
    pub(in crate::discord) footer: Option<String>,
}

/// What a colour stands for. Never the only carrier of meaning: a sign goes with the other two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::discord) enum Tone {
    /// Nothing in particular: the brand.
    #[default]
    Brand,
    /// Something is not as it should be, and mends itself.
    Warning,
    /// Something is broken, and somebody must act.
    Fault,
}

impl Tone {
    /// The colour, as red, green and blue.
    pub(in crate::discord) const fn colour(self) -> u32 {
        match self {
            Self::Brand => 0x0f_76_6e,
            Self::Warning => 0xb4_53_09,
            Self::Fault => 0xb9_1c_1c,
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Brand => "",
            Self::Warning => "▲ ",
            Self::Fault => "■ ",
        }
    }
}

impl Message {
    /// One line of plain text.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self {
            text: cut(&text.into(), TEXT),
            card: None,
            rows: Vec::new(),
        }
    }

    /// A card with nothing but a line.
    pub(super) fn line(text: String) -> Self {
        Self::of(Card {
            text,
            ..Card::default()
        })
    }

    /// A notice that something is not as it should be.
    pub(super) fn notice(tone: Tone, text: &str) -> Self {
        Self::of(Card {
            tone,
            text: format!("{}{text}", tone.sign()),
            ..Card::default()
        })
    }

    /// A card.
    pub(super) fn of(card: Card) -> Self {
        Self {
            text: String::new(),
            card: Some(card.bounded()),
            rows: Vec::new(),
        }
    }

    /// The same message with buttons below it.
    pub(super) fn with(self, rows: Vec<Vec<Button>>) -> Self {
        Self { rows, ..self }
    }
}

impl Card {
    /// Cuts every part to its limit, and the text to what the others leave of the whole.
    fn bounded(self) -> Self {
        let title = self
            .title
            .map(|title| cut(&title, TITLE))
            .filter(|title| !title.is_empty());
        let footer = self
            .footer
            .map(|footer| cut(&footer, FOOTER))
            .filter(|footer| !footer.is_empty());
        let rest = [&title, &footer]
            .into_iter()
            .flatten()
            .map(|part| length(part))
            .sum::<usize>();
        let short = |url: &String| length(url) <= URL;
        Self {
            tone: self.tone,
            text: cut(&self.text, CARD_TEXT.min(CARD - rest)),
            title,
            url: self.url.filter(short),
            picture: self.picture.filter(short),
            footer,
        }
    }
}
