//! The stand-ins alone, for a bot that somebody starts by hand.

use std::net::IpAddr;

use crate::catalogue::{Catalogue, Song};
use crate::run::stage::StandIns;
use crate::scenario::GuildSpec;

/// An address that the stand-ins may listen on: they guard nothing, so only this machine may reach them.
///
/// # Errors
/// For any address but 127.0.0.1; the text says so.
pub fn listen(address: &str) -> Result<IpAddr, String> {
    match address.parse::<IpAddr>() {
        Ok(ip) if ip == IpAddr::from([127, 0, 0, 1]) => Ok(ip),
        Ok(_) => Err("the stand-ins guard nothing and listen on loopback only: 127.0.0.1".into()),
        Err(error) => Err(format!("{error}; the stand-ins listen on 127.0.0.1")),
    }
}

/// Starts Discord with one guild, two nodes and a few tracks.
///
/// # Errors
/// When no port can be had.
pub async fn start(seed: u64) -> anyhow::Result<StandIns> {
    let at = StandIns::start(&["n1".into(), "n2".into()], seed).await?;
    let guild = GuildSpec {
        text: vec!["music".into()],
        voice: vec!["Lounge".into(), "Attic".into()],
        members: vec!["ann".into(), "bob".into()],
    };
    at.add_guild("Harbour", &guild);
    add_tracks(&mut at.catalogue());
    Ok(at)
}

/// Adds three tracks to play with.
pub fn add_tracks(catalogue: &mut Catalogue) {
    for (id, title, length_ms) in [
        ("first", "First", 187_000),
        ("second", "Second", 154_000),
        ("third", "Third", 203_000),
    ] {
        catalogue.add(Song::new(id, title, length_ms));
    }
}

/// The environment that a bot needs, a shell-quoted `NAME=value` a line.
pub fn environment(at: &StandIns) -> String {
    let lines: Vec<String> = at
        .environment()
        .into_iter()
        .map(|(name, value)| format!("{name}={}", quoted(&value)))
        .collect();
    lines.join("\n")
}

/// `value` as a shell reads it back.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("'{}'", value.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_so_that_a_shell_reads_it_back() {
        assert_eq!(quoted("http://127.0.0.1:80"), "http://127.0.0.1:80");
        assert_eq!(quoted("[{\"a\":1}]"), "'[{\"a\":1}]'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn no_address_but_loopback_is_taken() {
        assert!(listen("127.0.0.1").is_ok());
        for other in ["0.0.0.0", "192.168.1.4", "::", "example.com"] {
            assert!(listen(other).is_err(), "{other}");
        }
    }
}
