//! The servers, people and tracks of the playground.

use std::sync::Arc;

use super::{LOOK, Playground, act};
use crate::audio::Library;
use crate::catalogue::Song;
use crate::run::chat::GuildIds;
use crate::run::stage::Stage;
use crate::scenario::GuildSpec;

/// Built-in tracks: id, title, author, seconds.
const TRACKS: [(&str, &str, &str, u64); 12] = [
    ("first", "First Light", "The Loopbacks", 187),
    ("second", "Second Wind", "The Loopbacks", 154),
    ("third", "Third Rail", "The Loopbacks", 203),
    ("harbour", "Harbour at Dawn", "Mira Kest", 221),
    ("lantern", "Paper Lantern", "Mira Kest", 176),
    ("orbit", "Slow Orbit", "Null Island", 244),
    ("tide", "Low Tide", "Null Island", 198),
    ("cedar", "Cedar Street", "Old Fourth", 167),
    ("signal", "Signal Fire", "Old Fourth", 209),
    ("glass", "Glass Garden", "Vela Trio", 231),
    ("ferry", "Night Ferry", "Vela Trio", 189),
    ("short", "A Short One", "Vela Trio", 12),
];

/// Servers with their voice channels and people.
const SERVERS: [(&str, [&str; 2], [&str; 3]); 3] = [
    ("Harbour", ["Lounge", "Pier"], ["ann", "bob", "cleo"]),
    ("Attic", ["Workshop", "Roof"], ["ann", "dan", "eva"]),
    ("Cellar", ["Stage left", "Bar"], ["bob", "eva", "finn"]),
];

/// Adds servers, people and tracks; the files of `library` too.
pub(super) fn build(stage: &Stage, library: &Library) -> Vec<(String, GuildIds)> {
    let mut catalogue = stage.at.catalogue();
    for (id, title, author, seconds) in TRACKS {
        let mut song = Song::new(id, title, seconds * 1_000);
        song.author = author.into();
        song.mix = mix(id);
        catalogue.add(song);
    }
    let all = TRACKS.iter().map(|(id, ..)| (*id).to_owned()).collect();
    catalogue.add_list("mix", "Evening Mix", all);
    library.offer(&mut catalogue);
    drop(catalogue);
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let add = |(name, voice, members): &(&str, [&str; 2], [&str; 3])| {
        let spec = GuildSpec {
            text: vec!["music".into()],
            voice: texts(voice),
            members: texts(members),
        };
        ((*name).to_owned(), stage.at.add_guild(name, &spec))
    };
    let servers: Vec<(String, GuildIds)> = SERVERS.iter().map(add).collect();
    // Ann runs the bot, so that somebody may use /chaos. She is another user in each server.
    let mut anns = Vec::new();
    for (_, guild) in &servers {
        let ann = guild.member("ann");
        if ann > 0 {
            stage.at.chat.let_manage(guild.id, ann);
            anns.push(ann);
        }
    }
    stage.at.chat.run_by(anns);
    servers
}

/// What goes with a track: some by the same people and some by others.
fn mix(id: &str) -> Vec<String> {
    let place = TRACKS.iter().position(|(other, ..)| *other == id).unwrap_or(0);
    let others = [1, 4, 6, 9, 11].map(|step| TRACKS[(place + step) % TRACKS.len()].0.to_owned());
    others.into()
}

/// How long the first answer is waited for, ms.
const ANSWER_MS: u64 = 10_000;

/// Ann sits down in the first server and asks for music, so that the page has something to show.
pub(super) fn first_scene(playground: &Arc<Playground>) {
    let Some((_, guild)) = playground.guilds.first() else {
        return;
    };
    let (playground, guild) = (Arc::clone(playground), guild.clone());
    let ann = guild.member("ann");
    playground.stage.at.chat.seat(guild.id, ann, Some(guild.first_voice));
    tokio::spawn(async move {
        act::say(&playground, &guild, ann, "/play query:Harbour at Dawn");
        // Two searches at once may be answered in either order, and the books would not know which.
        let until_ms = playground.stage.at.now() + ANSWER_MS;
        while playground.books().answered == 0 && playground.stage.at.now() < until_ms {
            tokio::time::sleep(LOOK).await;
        }
        act::say(
            &playground,
            &guild,
            ann,
            "/play query:https://music.example/playlist/mix",
        );
    });
}
