//! Tracks of a demo. Each is asked for once and has a title of its own, so that one that was added twice shows.

use crate::catalogue::{Catalogue, Song};

/// Tracks of a guild: more than anybody asks for.
const TUNES: usize = 400;

const SOUNDS: [&str; 16] = [
    "ba", "den", "fi", "gor", "hul", "ki", "lam", "mo", "nep", "ra", "sel", "tor", "vu", "wen", "xi", "zol",
];

/// A title that no other number has.
fn title(mut number: usize) -> String {
    let mut title = String::from("Tune ");
    for place in 0..4 {
        let sound = SOUNDS[number % SOUNDS.len()];
        number /= SOUNDS.len();
        if place == 0 {
            let mut chars = sound.chars();
            title.extend(chars.next().map(|first| first.to_ascii_uppercase()));
            title.push_str(chars.as_str());
        } else {
            title.push_str(sound);
        }
    }
    title
}

/// Adds the tracks of guild `guild` to the catalogue. Tells their ids in the order of asking.
pub(crate) fn add(catalogue: &mut Catalogue, guild: usize, random: &mut fastrand::Rng) -> Vec<String> {
    let mut ids = Vec::with_capacity(TUNES);
    for number in 0..TUNES {
        let id = format!("g{guild}t{number}");
        catalogue.add(Song::new(
            &id,
            &title(guild * TUNES + number),
            random.u64(4_000..12_000),
        ));
        ids.push(id);
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_title_is_found_in_another() {
        let titles: Vec<String> = (0..3_000).map(title).collect();
        let distinct: std::collections::BTreeSet<&String> = titles.iter().collect();
        assert_eq!(distinct.len(), titles.len());
        assert!(
            titles
                .iter()
                .take(50)
                .all(|one| titles.iter().all(|other| one == other || !other.contains(one.as_str())))
        );
    }
}
