//! Which scenarios may share stand-ins at the same time, and how their tracks are told apart.

use crate::scenario::{Action, Line, Scenario, TrackSpec};

/// Groups that run one after the other; the scenarios of a group may run at once, because no search of one of them
/// finds a track of another.
pub(super) fn waves<'a>(scenarios: &'a [Scenario]) -> Vec<Vec<&'a Scenario>> {
    let mut waves: Vec<Vec<&'a Scenario>> = Vec::new();
    for scenario in scenarios {
        let place = waves
            .iter()
            .position(|wave| !wave.iter().any(|other| clash(other, scenario)));
        match place.and_then(|place| waves.get_mut(place)) {
            Some(wave) => wave.push(scenario),
            None => waves.push(vec![scenario]),
        }
    }
    waves
}

/// Whether a search of one would find a track of the other.
fn clash(one: &Scenario, other: &Scenario) -> bool {
    let finds = |words: &TrackSpec, track: &TrackSpec| within(&words.title, &track.title);
    let ours = one.world.tracks.values();
    ours.clone().any(|track| {
        let mut theirs = other.world.tracks.values();
        theirs.any(|their| finds(track, their) || finds(their, track))
    })
}

/// Whether a search for `words` finds `title`.
fn within(words: &str, title: &str) -> bool {
    let title = title.to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| title.contains(word))
}

/// The same scenario with ids of tracks and playlists that no other file has.
pub(super) fn set_apart(scenario: &Scenario) -> Scenario {
    let stem = scenario
        .file
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let own = |id: &String| format!("{stem}.{id}");
    let mut apart = scenario.clone();
    let world = &mut apart.world;
    world.tracks = std::mem::take(&mut world.tracks)
        .into_iter()
        .map(|(id, mut track)| {
            track.mix.iter_mut().for_each(|id| *id = own(id));
            (own(&id), track)
        })
        .collect();
    world.playlists = std::mem::take(&mut world.playlists)
        .into_iter()
        .map(|(id, list)| (own(&id), list))
        .collect();
    for list in world.playlists.values_mut() {
        list.tracks.iter_mut().for_each(|id| *id = own(id));
    }
    let typed = |line: &mut Line| {
        for kind in ["track", "playlist"] {
            line.say.text = line.say.text.replace(&format!("/{kind}/"), &format!("/{kind}/{stem}."));
        }
    };
    for step in &mut apart.steps {
        match &mut step.action {
            Action::Say(line) => typed(line),
            Action::Together(lines) => lines.iter_mut().for_each(typed),
            Action::Wait(wait) => wait.sounding.iter_mut().for_each(|id| *id = own(id)),
            Action::Hold(hold) => hold.sounding.iter_mut().for_each(|id| *id = own(id)),
            Action::Expect(expect) => {
                let lists = expect.queue.iter_mut().chain(&mut expect.heard).flatten();
                let track = expect.player.iter_mut().filter_map(|player| player.track.as_mut());
                lists.chain(track).for_each(|id| *id = own(id));
            }
            Action::Voice(_)
            | Action::Click(_)
            | Action::Complete(_)
            | Action::Notice(_)
            | Action::Card(_)
            | Action::Staff(_)
            | Action::Fault(_) => {}
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Say, Step, World};

    fn scenario(file: &str, title: &str) -> Scenario {
        let track = serde_json::from_value(serde_json::json!({ "title": title })).unwrap();
        let say = Say {
            who: "ann".into(),
            text: "/play query:https://music.example/track/a".into(),
            channel: None,
            kill9_after_ms: None,
            guild: None,
        };
        let line = Line {
            say,
            reply: crate::scenario::Reply::default(),
        };
        Scenario {
            file: file.into(),
            name: file.into(),
            world: World {
                tracks: [("a".to_owned(), track)].into(),
                ..World::default()
            },
            steps: vec![Step {
                line: 1,
                action: Action::Say(line),
            }],
        }
    }

    #[test]
    fn tracks_that_a_search_could_mix_up_are_never_there_at_once() {
        let all = [scenario("a", "Moon"), scenario("b", "Paper Moon"), scenario("c", "Sun")];
        let waves = waves(&all);
        let names: Vec<Vec<&str>> = waves
            .iter()
            .map(|wave| wave.iter().map(|scenario| scenario.name.as_str()).collect())
            .collect();
        assert_eq!(names, [vec!["a", "c"], vec!["b"]]);
    }

    #[test]
    fn ids_are_told_apart_by_file_in_commands_too() {
        let apart = set_apart(&scenario("dir/moon.yaml", "Moon"));
        assert!(apart.world.tracks.contains_key("moon.a"));
        let Action::Say(line) = &apart.steps[0].action else {
            panic!()
        };
        assert_eq!(line.say.text, "/play query:https://music.example/track/moon.a");
    }
}
