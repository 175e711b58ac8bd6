//! A command as a user types it: `/name option:value other:value`.

/// A typed command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// Its name, without the slash.
    pub name: String,
    /// Its options in the order of typing.
    pub options: Vec<(String, String)>,
}

impl Typed {
    /// Reads `text`. A value goes on until the next word that looks like `option:`; addresses are no options.
    pub fn read(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default().trim_start_matches('/').to_owned();
        let mut options: Vec<(String, String)> = Vec::new();
        for word in words {
            match option(word) {
                Some((option, value)) => options.push((option.to_owned(), value.to_owned())),
                None => {
                    if let Some((_, value)) = options.last_mut() {
                        if !value.is_empty() {
                            value.push(' ');
                        }
                        value.push_str(word);
                    }
                }
            }
        }
        Self { name, options }
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
    }

    #[test]
    fn an_address_and_a_time_are_values() {
        let typed = Typed::read("/play query:https://music.example/track/a");
        assert_eq!(typed.option("query"), Some("https://music.example/track/a"));
        assert_eq!(Typed::read("/seek position:1:30").option("position"), Some("1:30"));
        assert_eq!(Typed::read("/skip").options, []);
    }
}
