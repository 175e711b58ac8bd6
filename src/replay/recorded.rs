//! `ostinato replay` of a recording: the inputs are given to the real rules again, and what follows is compared with what
//! was written down.

use std::fs::File;
use std::io::{BufReader, Read as _, Write};
use std::path::Path;
use std::sync::Arc;

use ostinato_actors::record::input_name;
use ostinato_machine::guild::{Event, Guild, Stamped, Unmasked, apply_all, decide, wants};
use serde_json::{Value, json};

use super::events;
use super::face::Face;
use super::text::{cause, plain, plain_json, quoted, time};
use super::{Fault, Order};
use crate::recording::{After, Header, Line, Reading, Step, VERSION};

/// Signs of an input that are shown.
const SHOWN: usize = 300;

/// Whether the file begins as a recording does.
pub(super) fn is_recording(path: &Path) -> bool {
    let mut first = [0];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && first == *b"{"
}

/// What was different.
#[derive(Default)]
struct Sum {
    steps: u64,
    differences: u64,
}

/// A recording that is being stepped through.
struct Play<'a> {
    out: &'a mut dyn Write,
    /// Objects for machines; `None`: lines for people.
    objects: Option<Vec<Value>>,
    guild: Guild,
    wanted: Value,
    face: Face,
    player: String,
    sum: Sum,
}

/// Does what is ordered.
pub(super) fn run(order: &Order, out: &mut dyn Write) -> Result<(), Fault> {
    let path = plain(&order.path.display().to_string());
    let fault = |why: String| Fault::Recording {
        path: path.clone(),
        why: plain(&why),
    };
    let file = File::open(&order.path).map_err(|error| fault(error.to_string()))?;
    let mut reading = Reading::new(BufReader::new(file));
    let Some((Line::Recording(header), good)) = reading.next().map_err(fault)? else {
        return Err(fault("its first line is not that of a recording".into()));
    };
    if header.v > VERSION {
        let why = format!(
            "written by a newer release ({}); replay it with that one",
            header.release
        );
        return Err(fault(why));
    }
    let (mut play, header) = Play::begin(out, order.json, *header);
    play.opens(&path, &header, good)?;
    let mut end = None;
    while let Some((line, good)) = reading.next().map_err(fault)? {
        play.whole(good)?;
        match line {
            Line::Step(step) => play.step(&step)?,
            Line::Died { stamped, cause } => play.died(&stamped, &cause)?,
            Line::End(why) => end = Some(why),
            Line::Recording(_) => return Err(fault("a second recording begins in it".into())),
        }
    }
    let differences = play.ends(&path, &header, end.as_deref())?;
    if differences > 0 {
        return Err(Fault::Differs { path, differences });
    }
    if end.is_none() {
        return Err(fault("it has no last line: it was cut off, or is being written".into()));
    }
    Ok(())
}

impl<'a> Play<'a> {
    fn begin(out: &'a mut dyn Write, json: bool, header: Header) -> (Self, Header) {
        let limits = Arc::new(header.limits.clone());
        let guild = Guild::revive(header.guild, header.state.clone(), limits);
        let (face, player) = (Face::of(&guild), player(&guild));
        let play = Self {
            out,
            objects: json.then(Vec::new),
            guild,
            wanted: Value::Null,
            face,
            player,
            sum: Sum::default(),
        };
        (play, header)
    }

    fn say(&mut self, line: &str) -> std::io::Result<()> {
        match self.objects {
            Some(_) => Ok(()),
            None => writeln!(self.out, "{line}"),
        }
    }

    /// Says loudly that something is not as it was written down.
    fn differs(&mut self, what: &str) -> std::io::Result<()> {
        self.sum.differences += 1;
        self.say(&format!("  !!!!!!!!!!! {what}"))
    }

    fn whole(&mut self, good: bool) -> std::io::Result<()> {
        if good {
            return Ok(());
        }
        self.differs("the next line is not as it was written, or one before it is missing: its sum is another")
    }

    fn opens(&mut self, path: &str, header: &Header, good: bool) -> std::io::Result<()> {
        let (guild, at, release) = (header.guild, time(header.at_ms), plain(&header.release));
        self.say(&format!(
            "{path}: guild {guild}, recorded from {at} on by release {release}"
        ))?;
        if header.release != env!("CARGO_PKG_VERSION") {
            let mine = env!("CARGO_PKG_VERSION");
            self.say(&format!(
                "this is release {mine}: where its rules are others, what follows is different"
            ))?;
        }
        self.whole(good)?;
        let after = After::of(&self.guild, &[], &mut Unmasked, &mut self.wanted);
        self.compare(&after, &header.after)?;
        let fields = self.face.fields.clone();
        for field in fields {
            self.say(&format!("    {:<9} {}", field.name, field.text))?;
        }
        self.say(&format!("    {:<9} {}\n", "hash", after.hash))
    }

    fn step(&mut self, step: &Step) -> std::io::Result<()> {
        self.sum.steps += 1;
        let stamped = &step.stamped;
        self.input(stamped)?;
        let decision = decide(&self.guild, stamped);
        if let Err(why) = apply_all(&mut self.guild, stamped, &decision) {
            self.differs(&format!("what follows can't be applied: {why}"))?;
        }
        for event in &decision.events {
            let line = shown(event);
            self.say(&format!("  * {line}"))?;
        }
        let after = After::of(&self.guild, &decision.events, &mut Unmasked, &mut self.wanted);
        let face = Face::of(&self.guild);
        let mut changes: Vec<String> = face
            .changes(&self.face)
            .map(|(old, new)| format!("  > {:<9} {}  (was {})", new.name, new.text, old.text))
            .collect();
        self.face = face;
        let player = player(&self.guild);
        if player != self.player {
            changes.push(format!("  > {:<9} {player}  (was {})", "player", self.player));
        }
        self.player = player;
        for change in changes {
            self.say(&change)?;
        }
        let before = self.sum.differences;
        self.compare(&after, &step.after)?;
        self.say(&format!("  = hash      {}\n", after.hash))?;
        let same = self.sum.differences == before;
        if let Some(objects) = &mut self.objects {
            objects.push(json!({
                "n": self.sum.steps,
                "input": stamped,
                "events": after.events,
                "wanted": after.wanted,
                "revision": after.revision,
                "hash": after.hash,
                "recorded_hash": step.after.hash,
                "as_recorded": same,
            }));
        }
        Ok(())
    }

    fn input(&mut self, stamped: &Stamped) -> std::io::Result<()> {
        let (kind, id) = cause(&stamped.cause);
        let id = id.map_or_else(String::new, |id| format!(" {id}"));
        let (number, at, name) = (self.sum.steps, time(stamped.at_ms), input_name(&stamped.input));
        self.say(&format!("{at}  input {number}  {name}  {kind}{id}"))?;
        let text = serde_json::to_string(&stamped.input).unwrap_or_default();
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        self.say(&format!("  < {}", plain(&shown)))
    }

    /// Compares what followed with what was written down.
    fn compare(&mut self, mine: &After, recorded: &After) -> std::io::Result<()> {
        for (what, same) in [
            ("the events are others", mine.events == recorded.events),
            ("something else is wanted", mine.wanted == recorded.wanted),
            ("the revision is another", mine.revision == recorded.revision),
        ] {
            if !same {
                self.differs(&format!("{what} than were recorded"))?;
            }
        }
        if mine.hash != recorded.hash {
            let told = format!("hash {}, but {} was recorded", mine.hash, plain(&recorded.hash));
            self.differs(&told)?;
        }
        Ok(())
    }

    fn died(&mut self, stamped: &Stamped, how: &str) -> std::io::Result<()> {
        self.sum.steps += 1;
        self.input(stamped)?;
        self.say(&format!("  x the guild's actor died of this input: {}\n", quoted(how)))?;
        if let Some(objects) = &mut self.objects {
            objects.push(json!({ "n": self.sum.steps, "input": stamped, "died": how }));
        }
        Ok(())
    }

    fn ends(&mut self, path: &str, header: &Header, end: Option<&str>) -> std::io::Result<u64> {
        let Sum { steps, differences } = self.sum;
        if let Some(objects) = self.objects.take() {
            let whole = json!({
                "file": path,
                "guild": header.guild.to_string(),
                "release": header.release,
                "steps": objects,
                "end": end,
                "differences": differences,
            });
            writeln!(self.out, "{}", plain_json(&format!("{whole:#}")))?;
            return Ok(differences);
        }
        let why = end.map_or_else(|| "it is cut off here".to_owned(), plain);
        self.say(&format!("{steps} inputs, then {why}; differences: {differences}"))?;
        Ok(differences)
    }
}

/// The player that is wanted, which a journal does not know.
fn player(guild: &Guild) -> String {
    let Some(player) = wants(guild).player else {
        return "none".into();
    };
    let track = player.track.map_or_else(
        || "without a track".into(),
        |track| format!("with #{} as play {}", track.tag.entry, track.tag.play),
    );
    let rests = if player.paused { ", paused" } else { "" };
    format!("on {}, {track}{rests}, {} %", plain(&player.node.0), player.volume)
}

/// A change, as people read it.
fn shown(event: &Event) -> String {
    let (name, said) = events::line(event);
    if event.kept() {
        return format!("{name:<9} {said}");
    }
    let told = format!("{event:?}");
    let name = told
        .split(|sign: char| !sign.is_alphanumeric())
        .next()
        .unwrap_or_default();
    format!("{name:<9} passing")
}
