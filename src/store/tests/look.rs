//! A store that is looked into: nothing of it is touched, and damage is told with what could be read before it.

use std::path::Path;

use ostinato_actors::ports::GuildStore as _;
use ostinato_machine::guild::{Command, Where};
use ostinato_machine::ids::GuildId;

use super::super::contract::{Bench as _, each};
use crate::replay::Order;
use crate::replay::tests::{GUILD, QUERY, Session, block_on, order, replay};

/// A directory whose store has a guild with a snapshot and `commands` records after it; nobody has it open.
fn stored(commands: u16) -> (tempfile::TempDir, u64) {
    let directory = tempfile::tempdir().unwrap();
    let first = block_on(async {
        let mut session = Session::new(directory.path());
        session.say(Command::Play {
            query: QUERY.into(),
            at: Where::End,
        });
        session.found(&["First", "Second"]);
        session.snapshot().await;
        let first = session.g.revision() + 1;
        for percent in 0..commands {
            session.now += 1_000;
            session.say(Command::Volume { percent });
        }
        session.save().await;
        session.close();
        first
    });
    (directory, first)
}

fn change(directory: &Path, sql: &str) {
    let database = rusqlite::Connection::open(directory.join("guilds.db")).unwrap();
    database.execute_batch(sql).unwrap();
}

/// What is printed of the guild, and the sentence about the fault.
fn told(directory: &Path) -> (String, String) {
    let (text, fault) = replay(directory, Some(GUILD), 0, false);
    (text, fault.map(|fault| fault.to_string()).unwrap_or_default())
}

#[test]
fn damage_is_told_with_the_fix_after_everything_that_could_be_read() {
    let log =
        |revision: u64, json: &str| format!("UPDATE log SET data = CAST('{json}' AS BLOB) WHERE revision = {revision}");
    let record = |revision: u64, v: u8, events: &str| {
        let rest = format!(r#""epoch":1,"revision":{revision},"at_ms":7,"cause":"internal","events":[{events}]"#);
        log(revision, &format!(r#"{{"v":{v},{rest}}}"#))
    };
    type Harm<'a> = &'a dyn Fn(u64) -> String;
    let cases: [(&str, Harm<'_>, [&str; 2]); 6] = [
        (
            "an unknown event",
            &|at| record(at, 1, r#"{"e":"transposed"}"#),
            ["transposed", "with the release that wrote it"],
        ),
        (
            "a newer version",
            &|at| record(at, 9, ""),
            ["newer release (version 9", "with the release that wrote it"],
        ),
        ("no JSON", &|at| log(at, "{"), ["EOF", "goes on from revision"]),
        (
            "a gap",
            &|at| format!("DELETE FROM log WHERE revision = {at}"),
            ["is missing", "goes on from revision"],
        ),
        (
            "what does not fit",
            &|at| record(at, 1, r#"{"e":"moved","from":7,"to":0}"#),
            ["no such place", "CONFIG_PATH"],
        ),
        (
            "a large record at the end",
            &|at| format!("DELETE FROM log WHERE revision >= {at}; UPDATE guild SET revision = {at}"),
            ["the journal ends before", "from a backup"],
        ),
    ];
    for (what, harm, signs) in cases {
        let (directory, first) = stored(4);
        let bad = first + 2;
        change(directory.path(), &harm(bad));
        let (text, fault) = told(directory.path());
        assert!(signs.iter().all(|sign| fault.contains(sign)), "{what}: {fault}");
        assert_eq!(text.matches("  = hash").count(), 2, "{what}: {text}");
        let last = format!("the state at revision {}, as far as it can be followed", bad - 1);
        assert!(text.contains(&last), "{what}: {text}");
        let (json, _) = replay(directory.path(), Some(GUILD), 0, true);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(fault.ends_with(json["fault"].as_str().unwrap()), "{what}: {json:#}");
        assert_eq!(json["records"].as_array().unwrap().len(), 2, "{what}");
    }
}

#[test]
fn a_snapshot_that_can_t_be_read_is_told_and_what_was_set_aside_is_shown() {
    let (directory, _) = stored(2);
    change(directory.path(), "UPDATE snap SET data = x'7b'");
    let (_, fault) = told(directory.path());
    assert!(
        fault.contains("the snapshot: ") && fault.contains("starts it empty"),
        "{fault}"
    );
    change(
        directory.path(),
        "INSERT INTO aside VALUES (4000000000000000001, 1700000000000, 'torn' || char(27), 'log', 9, 0, x'7b')",
    );
    let (text, _) = told(directory.path());
    assert!(
        text.contains("set aside at 2023-11-14T22:13:20.000Z: torn\\u{1b}\n"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_no_store_is_named_with_the_one_that_is_meant() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("words.txt"), "words ".repeat(1_000)).unwrap();
    std::fs::write(path("short.db"), "SQL").unwrap();
    change(directory.path(), "CREATE TABLE other (id INTEGER)");
    std::fs::rename(path("guilds.db"), path("other.db")).unwrap();
    std::fs::write(path("empty.db"), "").unwrap();
    let (newer, _) = stored(1);
    change(newer.path(), "PRAGMA user_version = 7");
    for (path, sign) in [
        (path("none"), "there is no such file; name the bot's DATA_DIR"),
        (directory.path().into(), "there is no guilds.db in it"),
        (path("words.txt"), "no SQLite file"),
        (path("short.db"), "no SQLite file"),
        (path("other.db"), "without guilds"),
        (path("empty.db"), "without guilds"),
        (newer.path().into(), "schema 7, this one knows 3"),
    ] {
        for guild in [None, Some(GuildId(1))] {
            let (text, fault) = replay(&path, guild, 0, false);
            let fault = fault.map(|fault| fault.to_string()).unwrap_or_default();
            assert!(text.is_empty() && fault.contains(sign), "{}: {fault}", path.display());
        }
    }
}

#[test]
fn pages_that_are_torn_are_an_error_and_no_panic() {
    let (directory, _) = stored(200);
    let file = directory.path().join("guilds.db");
    let good = std::fs::read(&file).unwrap();
    let whole = told(directory.path()).0.matches("  = hash").count();
    let (mut faults, mut least) = (0, whole);
    for at in (0..good.len()).step_by(1_531) {
        let mut torn = good.clone();
        let end = (at + 900).min(torn.len());
        torn[at..end].fill(0xa5);
        std::fs::write(&file, torn).unwrap();
        let (text, fault) = told(directory.path());
        faults += usize::from(!fault.is_empty());
        least = least.min(text.matches("  = hash").count());
    }
    assert!(faults > 5 && least < whole, "{faults} faults, {least} of {whole}");
}

#[test]
fn a_store_in_use_is_read_and_not_a_byte_of_a_store_at_rest_is_changed() {
    let (directory, first) = stored(3);
    let file = directory.path().join("guilds.db");
    let before = std::fs::read(&file).unwrap();
    let (text, fault) = told(directory.path());
    assert!(
        fault.is_empty() && text.contains(&format!("revision {first}")),
        "{fault}"
    );
    assert_eq!(std::fs::read(&file).unwrap(), before);
    // Nor is a bot kept from starting, or from writing.
    let store = crate::replay::tests::store(directory.path());
    let look = super::super::Look::open(&file).unwrap();
    assert_eq!(look.guilds().unwrap().len(), 1);
    store.close();
    assert_eq!(told(directory.path()).0, text);
}

#[test]
fn a_file_that_nobody_changes_can_be_read_where_nothing_can_be_written() {
    let (directory, _) = stored(1);
    let odd = directory.path().join("a?b#c%d e.db");
    std::fs::rename(directory.path().join("guilds.db"), &odd).unwrap();
    let name = super::super::look::unchanging(&odd).unwrap();
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let database = rusqlite::Connection::open_with_flags(name, flags).unwrap();
    let guilds: i64 = database
        .query_row("SELECT count(*) FROM guild", [], |row| row.get(0))
        .unwrap();
    assert_eq!(guilds, 1);
    assert!(super::super::look::still(&odd));
}

#[test]
fn the_audit_is_shown_without_a_bot_and_does_nothing_to_a_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let files = super::Files::at(directory.path());
    block_on(async {
        let store = files.open();
        store.audit(each().into()).await.unwrap();
        files.close(store);
    });
    let shown = |guild, json| {
        let mut out = Vec::new();
        let order = Order {
            audit: true,
            ..order(directory.path(), guild, 0, json)
        };
        crate::replay::run(&order, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let all = shown(None, false);
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines[0].ends_with("6 entries of the audit"), "{all}");
    assert!(
        lines[1].contains("in no_value at src/a.rs:1, with skip in hand; its state was kept; r1"),
        "{all}"
    );
    assert!(
        lines[2].contains(r#"park: done; eve, because a "test"\u{0}; r"#),
        "{all}"
    );
    assert!(
        lines[6].contains("a key is needed; scope control, first from ::1"),
        "{all}"
    );
    assert!(lines[6].starts_with("1970-01-01T00:00:00.006Z  barred"), "{all}");
    assert_eq!(shown(Some(super::super::contract::GUILD), false).lines().count(), 4);
    let object: serde_json::Value = serde_json::from_str(&shown(None, true)).unwrap();
    assert_eq!(
        (&object["audit"][5]["kind"], &object["audit"][5]["guild"]),
        (&"barred".into(), &serde_json::Value::Null)
    );
}
