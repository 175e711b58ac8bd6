//! Where is searched: what a listener's text says of the source, and which addresses no node is sent to. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// A source that a search can name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// What listeners write before the colon.
    pub(crate) short: &'static str,
    /// What nodes call a search there.
    pub(crate) search: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
}

const fn source(short: &'static str, search: &'static str, name: &'static str) -> Source {
    Source { short, search, name }
}

/// The sources, most of which are plugins of a node.
pub(crate) const SOURCES: [Source; 6] = [
    source("yt", "ytsearch", "YouTube"),
    source("ytm", "ytmsearch", "YouTube Music"),
    source("sc", "scsearch", "SoundCloud"),
    source("sp", "spsearch", "Spotify"),
    source("dz", "dzsearch", "Deezer"),
    source("am", "amsearch", "Apple Music"),
];

/// The source that `query` names, and what is looked for there. Either spelling names one: `yt:` and `ytsearch:`.
pub(crate) fn named(query: &str) -> Option<(&'static Source, &str)> {
    let (prefix, text) = query.split_once(':')?;
    let is = |source: &&Source| {
        [source.short, source.search]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(prefix))
    };
    let source = SOURCES.iter().find(is)?;
    Some((source, text.trim()))
}

/// Whether `query` is an address.
pub(super) fn is_address(query: &str) -> bool {
    let begins = |scheme: &str| {
        query
            .get(..scheme.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    };
    begins("http://") || begins("https://")
}

/// What a node is asked for: an address as it is, a text with the search of its source. A prefix that is none of
/// [`SOURCES`] but looks like a search (`bcsearch:`) is taken at its word; all else is text for `default`.
pub(super) fn identifier(query: &str, default: &str) -> String {
    let query = query.trim();
    if is_address(query) {
        return query.to_owned();
    }
    if let Some((source, text)) = named(query) {
        return format!("{}:{text}", source.search);
    }
    let search = query.split_once(':').filter(|(prefix, _)| {
        prefix.strip_suffix("search").is_some_and(|head| !head.is_empty())
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    match search {
        Some((prefix, text)) => format!("{prefix}:{}", text.trim()),
        None => format!("{default}:{query}"),
    }
}

/// Whether an address leads into a network that is not everybody's: a node that fetched it would be a listener's way to
/// what only its host should reach. Names that resolve to such an address are not looked up.
pub(super) fn is_private(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let Some(host) = url.host_str() else { return false };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(v4)) => is_private_v4(v4),
        Ok(IpAddr::V6(v6)) => is_private_v6(v6),
        Err(_) => {
            let inside = ["localhost", "local", "internal", "lan", "home.arpa"];
            let is = |name: &&str| host == **name || host.ends_with(&format!(".{name}"));
            // A name without a dot is one of the node's own network.
            inside.iter().any(is) || !host.contains('.')
        }
    }
}

fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && (64..128).contains(&second);
    let reserved = first == 0 || first >= 240;
    ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_multicast() || shared || reserved
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_private_v4(v4);
    }
    let head = ip.segments().first().copied().unwrap_or_default();
    // fc00::/7 and fe80::/10
    let local = head & 0xfe00 == 0xfc00 || head & 0xffc0 == 0xfe80;
    ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || local
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_looked_for_where_it_says() {
        let table = [
            ("blue in green", "ytsearch:blue in green"),
            ("yt: blue", "ytsearch:blue"),
            ("YTM:blue", "ytmsearch:blue"),
            ("sc:blue", "scsearch:blue"),
            ("sp:blue", "spsearch:blue"),
            ("dz:blue", "dzsearch:blue"),
            ("am:blue", "amsearch:blue"),
            ("scsearch: blue", "scsearch:blue"),
            ("bcsearch:blue", "bcsearch:blue"),
            ("search:blue", "ytsearch:search:blue"),
            ("re:zero opening", "ytsearch:re:zero opening"),
            ("My Research: part 2", "ytsearch:My Research: part 2"),
            ("https://music.example/a?b=c", "https://music.example/a?b=c"),
            ("HTTP://music.example/a", "HTTP://music.example/a"),
            ("http is a protocol", "ytsearch:http is a protocol"),
        ];
        for (query, expected) in table {
            assert_eq!(identifier(query, "ytsearch"), expected, "{query}");
        }
    }

    #[test]
    fn addresses_of_private_networks_are_told_from_others() {
        let private = [
            "http://127.0.0.1/a",
            "http://2130706433/a",
            "http://0x7f.1/a",
            "http://localhost:2333/version",
            "http://LOCALHOST./a",
            "http://10.0.0.5/",
            "http://172.16.4.4/",
            "http://192.168.1.1/admin",
            "http://169.254.169.254/latest/meta-data",
            "http://100.64.0.1/",
            "http://0.0.0.0:8080/",
            "http://[::1]/",
            "http://[::ffff:192.168.0.1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "https://router.lan/",
            "https://metadata.google.internal/",
            "http://lavalink:2333/",
            "http://user:pass@127.0.0.1/",
        ];
        for address in private {
            assert!(is_private(address), "{address}");
        }
        let open = [
            "https://music.example/track/a",
            "https://www.youtube.com/watch?v=x",
            "http://93.184.216.34/a.mp3",
            "http://172.32.0.1/",
            "http://[2606:4700::1111]/",
            "https://localhost.example/",
        ];
        for address in open {
            assert!(!is_private(address), "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(query in "\\PC{0,40}", rest in "\\PC{0,20}") {
            let _ = identifier(&query, "ytsearch");
            let _ = is_private(&format!("http://{rest}"));
        }
    }
}
