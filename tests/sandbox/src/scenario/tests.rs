use std::path::Path;

use super::read::parse;
use super::*;

const WORLD: &str = "name: it plays\nworld:\n  guilds: { g1: { text: [music], voice: [Lounge], members: [ann] } }\n  tracks: { a: { title: First } }\nsteps:\n";

fn steps(text: &str) -> Result<Scenario, String> {
    parse(Path::new("t.yaml"), &format!("{WORLD}{text}")).map_err(|problems| problems.to_string())
}

#[test]
fn a_scenario_reads_as_it_is_written() {
    let scenario = steps(
        "  - voice: { who: ann, to: Lounge }\n  - say: { who: ann, text: \"/play query:First\" }\n    reply: { contains: First, seen_by: all, within_ms: 2500 }\n  - wait: { guild: g1, sounding: a, within_ms: 3000 }\n  - fault: { node_of: g1, do: kill }\n",
    );
    let scenario = scenario.unwrap();
    assert_eq!(
        scenario.steps.iter().map(|step| step.line).collect::<Vec<_>>(),
        [6, 7, 9, 10]
    );
    let Action::Say(line) = &scenario.steps[1].action else {
        panic!("{:?}", scenario.steps[1])
    };
    assert_eq!(line.reply.contains, Texts(vec!["First".into()]));
    assert_eq!(line.reply.seen_by, Some(SeenBy::All));
    assert_eq!(scenario.world.nodes, ["n1", "n2"]);
    assert!(scenario.needs_its_own());
}

#[test]
fn an_unknown_key_is_refused_at_its_line_with_the_nearest_known_one() {
    let error = steps("  - voice: { who: ann, to: Lounge }\n  - wait: { soundign: a }\n").unwrap_err();
    assert!(
        error.starts_with("t.yaml:7: unknown key `soundign`; did you mean `sounding`?"),
        "{error}"
    );
}

#[test]
fn an_unknown_word_is_refused_at_its_line() {
    let error = steps("  - fault: { node_of: g1, do: kil }\n").unwrap_err();
    assert!(
        error.starts_with("t.yaml:6: unknown word `kil`; did you mean `kill`?"),
        "{error}"
    );
}

#[test]
fn all_names_that_do_not_exist_are_told_at_once() {
    let error = steps(
        "  - voice: { who: anne, to: Lounge }\n  - wait: { sounding: b }\n  - say: { who: ann, text: play }\n  - fault: { node: n3, do: kill }\n",
    )
    .unwrap_err();
    let lines: Vec<&str> = error.lines().collect();
    assert!(
        lines[0].starts_with("t.yaml:6: user `anne` does not exist; did you mean `ann`?"),
        "{error}"
    );
    assert!(lines[1].starts_with("t.yaml:7: track `b` does not exist"), "{error}");
    assert!(lines[2].starts_with("t.yaml:8: `play` is no command"), "{error}");
    assert!(
        lines[3].starts_with("t.yaml:9: node `n3` does not exist; did you mean `n1`?"),
        "{error}"
    );
}

#[test]
fn who_runs_the_bot_or_a_server_is_somebody_in_it() {
    for key in ["operators", "managers"] {
        let world = WORLD.replace("  tracks:", &format!("  {key}: [ana]\n  tracks:"));
        let error = parse(Path::new("t.yaml"), &format!("{world}  - wait: {{ sounding: a }}\n")).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("user `ana` does not exist; did you mean `ann`?"),
            "{error}"
        );
    }
}

#[test]
fn a_step_does_exactly_one_thing() {
    let two = steps("  - hold: { silent: true, for_ms: 5 }\n    wait: { silent: true }\n").unwrap_err();
    assert!(two.starts_with("t.yaml:6: a step does one thing"), "{two}");
    let lonely = steps("  - wait: { silent: true }\n    reply: { contains: x }\n").unwrap_err();
    assert!(
        lonely.starts_with("t.yaml:6: `reply` stands beside a `say`"),
        "{lonely}"
    );
}

#[test]
fn a_pause_without_a_claim_is_refused() {
    let error = steps("  - hold: { for_ms: 500 }\n").unwrap_err();
    assert!(error.contains("a pause proves nothing"), "{error}");
}

#[test]
fn copies_are_written_out_and_playlists_name_all_of_them() {
    let text = "name: n\nworld:\n  guilds: { g1: { text: [m], voice: [L], members: [ann] } }\n  tracks: { x: { title: Broken, fails: true, copies: 3 } }\n  playlists: { p: { name: Mix, tracks: [x] } }\nsteps: []\n";
    let scenario = parse(Path::new("t.yaml"), text).unwrap();
    assert_eq!(scenario.world.playlists["p"].tracks, ["x1", "x2", "x3"]);
    assert_eq!(scenario.world.tracks["x2"].title, "Broken 2");
}

#[test]
fn what_is_no_yaml_is_told_with_its_line() {
    let error = steps("  - voice: { who: ann\n").unwrap_err();
    assert!(error.starts_with("t.yaml:"), "{error}");
    assert!(!error.starts_with("t.yaml:0"), "{error}");
}

#[test]
fn every_scenario_of_the_house_can_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    assert!(files.len() >= 24, "{}", files.len());
    let wrong: Vec<String> = files
        .iter()
        .filter_map(|file| read(file).err())
        .map(|problems| problems.to_string())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
