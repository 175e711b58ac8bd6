//! A command as a user types it: `/name option:value other:value`, or a message.

/// A typed command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// Its name, without the slash.
    pub name: String,
    /// Its options in the order of typing.
    pub options: Vec<(String, String)>,
    /// It is no slash command but this message.
    pub written: Option<String>,
}

/// Other names of commands in messages.
const ALIASES: [(&str, &str); 13] = [
    ("p", "play"),
    ("np", "nowplaying"),
    ("q", "queue"),
    ("s", "skip"),
    ("next", "skip"),
    ("vol", "volume"),
    ("v", "volume"),
    ("dc", "disconnect"),
    ("leave", "disconnect"),
    ("join", "connect"),
    ("mv", "move"),
    ("rm", "remove"),
    ("unpause", "resume"),
];

/// Options that words fill in their order, of the commands that change what is heard; the last one takes the rest.
const ORDERS: [(&str, &[&str]); 6] = [
    ("play", &["query"]),
    ("remove", &["index"]),
    ("move", &["src", "dest"]),
    ("seek", &["position"]),
    ("volume", &["level"]),
    ("loop", &["mode"]),
];

impl Typed {
    /// Reads `text`. A value goes on until the next word that looks like `option:`; addresses are no options. What stands
    /// before the first one is the name: `/chaos run fault:panic`.
    ///
    /// Without a slash it is a message: behind `!` or `@bot` a command, whose words fill the options in order.
    pub fn read(text: &str) -> Self {
        if !text.starts_with('/') {
            return Self::message(text);
        }
        let mut words = text.split_whitespace();
        let mut name = words.next().unwrap_or_default().trim_start_matches('/').to_owned();
        let mut options: Vec<(String, String)> = Vec::new();
        for word in words {
            match option(word) {
                Some((option, value)) => options.push((option.to_owned(), value.to_owned())),
                None => match options.last_mut() {
                    Some((_, value)) => {
                        if !value.is_empty() {
                            value.push(' ');
                        }
                        value.push_str(word);
                    }
                    None => {
                        name.push(' ');
                        name.push_str(word);
                    }
                },
            }
        }
        let written = None;
        Self { name, options, written }
    }

    fn message(text: &str) -> Self {
        let called = text.strip_prefix("@bot").or_else(|| text.strip_prefix('!'));
        let line = called.unwrap_or_default().trim();
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let name = name.to_lowercase();
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
        let name = alias.map_or(name, |(_, name)| (*name).to_owned());
        let order = ORDERS.iter().find(|(of, _)| *of == name).map(|(_, order)| *order);
        let mut free = order.unwrap_or_default().iter().peekable();
        let mut options: Vec<(String, String)> = Vec::new();
        let mut taking: Option<usize> = None;
        for word in rest.split_whitespace() {
            if let Some((option, value)) = option(word) {
                options.push((option.to_owned(), value.to_owned()));
            } else if let Some(next) = free.next() {
                options.push(((*next).to_owned(), word.to_owned()));
                taking = Some(options.len() - 1);
            } else if let Some((_, value)) = taking.and_then(|at| options.get_mut(at)) {
                value.push(' ');
                value.push_str(word);
            }
        }
        let written = Some(text.to_owned());
        Self { name, options, written }
    }

    /// Whether it calls the bot to do something, as far as one can tell without knowing its commands.
    pub fn calls_the_bot(&self) -> bool {
        self.written.is_none() || !self.name.is_empty()
    }

    /// The value of an option.
    pub fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(option, _)| option == name);
        found.map(|(_, value)| value.as_str())
    }
}

fn option(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once(':')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '-');
    (is_name && !value.starts_with("//")).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_goes_on_until_the_next_option() {
        let typed = Typed::read("/play query:Blue in  Green where:next");
        assert_eq!(typed.name, "play");
        assert_eq!(typed.option("query"), Some("Blue in Green"));
        assert_eq!(typed.option("where"), Some("next"));
        let sub = Typed::read("/chaos run fault:panic");
        assert_eq!((sub.name.as_str(), sub.option("fault")), ("chaos run", Some("panic")));
    }

    #[test]
    fn an_address_and_a_time_are_values() {
        let typed = Typed::read("/play query:https://music.example/track/a");
        assert_eq!(typed.option("query"), Some("https://music.example/track/a"));
        assert_eq!(Typed::read("/seek position:1:30").option("position"), Some("1:30"));
        assert_eq!(Typed::read("/skip").options, []);
    }

    #[test]
    fn words_of_a_message_fill_the_options_in_order() {
        for text in ["!p Blue where:next in Green", "@bot play where:next Blue in Green"] {
            let typed = Typed::read(text);
            assert_eq!((typed.name.as_str(), typed.option("where")), ("play", Some("next")));
            assert_eq!(typed.option("query"), Some("Blue in Green"));
            assert_eq!(typed.written.as_deref(), Some(text));
        }
        let moved = Typed::read("!mv 3 1");
        assert_eq!((moved.option("src"), moved.option("dest")), (Some("3"), Some("1")));
        let chat = Typed::read("hello there");
        assert!(!chat.calls_the_bot() && chat.options.is_empty());
    }
}
