//! Whether every name in a scenario exists, and whether its steps make sense.

use std::collections::BTreeSet;

use super::read::nearest;
use super::{Action, BOT, Expect, Fault, GatewayFault, GuildSpec, Line, OBSERVER, Scenario, Staff, World};

/// The name of no voice channel.
pub(crate) const NOWHERE: &str = "nowhere";

/// What is wrong, with the line of the step, or that of the world.
pub(super) fn check(scenario: &Scenario, world_line: u64) -> Vec<(u64, String)> {
    let mut problems: Vec<(u64, String)> = check_world(&scenario.world)
        .into_iter()
        .map(|problem| (world_line, problem))
        .collect();
    if scenario.name.trim().is_empty() {
        problems.push((1, "`name` says what the scenario promises; it is empty".into()));
    }
    let mut found = Vec::new();
    for step in &scenario.steps {
        let mut names = Names {
            world: &scenario.world,
            problems: Vec::new(),
        };
        names.action(&step.action);
        found.extend(names.problems.into_iter().map(|problem| (step.line, problem)));
    }
    problems.extend(found);
    problems
}

fn check_world(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    if world.guilds.is_empty() {
        problems.push("`guilds` is empty; a scenario needs one".into());
    }
    for (name, guild) in &world.guilds {
        if guild.text.is_empty() || guild.voice.is_empty() || guild.members.is_empty() {
            problems.push(format!(
                "guild `{name}` needs a text channel, a voice channel and a member"
            ));
        }
        for reserved in [BOT, OBSERVER] {
            if guild.members.iter().any(|member| member == reserved) {
                problems.push(format!(
                    "`{reserved}` is no name for a member: it stands for something else"
                ));
            }
        }
        if guild.voice.iter().any(|channel| channel == NOWHERE) {
            problems.push(format!("`{NOWHERE}` is no name for a voice channel"));
        }
    }
    for (id, track) in &world.tracks {
        let kinds = [track.fails, track.breaks_at_ms.is_some(), track.sticks_at_ms.is_some()];
        if kinds.iter().filter(|kind| **kind).count() > 1 {
            problems.push(format!("track `{id}` can fail, break or stick, but only one of them"));
        }
        if track.live && track.length_ms.is_some() {
            problems.push(format!("track `{id}` is live and so has no length"));
        }
    }
    let mixes = world.tracks.iter().filter(|(_, track)| !track.mix.is_empty());
    let mixes = mixes.map(|(id, track)| (format!("mix of `{id}`"), &track.mix));
    let lists = world
        .playlists
        .iter()
        .map(|(id, list)| (format!("playlist `{id}`"), &list.tracks));
    for (what, tracks) in lists.chain(mixes) {
        for track in tracks {
            if !world.tracks.contains_key(track) {
                problems.push(missing(
                    &format!("{what}: track"),
                    track,
                    world.tracks.keys().map(String::as_str),
                ));
            }
        }
    }
    let voice = |stage: &String| world.guilds.values().any(|guild| guild.voice.contains(stage));
    if let Some(stage) = world.stages.iter().find(|stage| !voice(stage)) {
        problems.push(format!("the stage `{stage}` is no voice channel of any guild"));
    }
    let members = || {
        world
            .guilds
            .values()
            .flat_map(|guild| &guild.members)
            .map(String::as_str)
    };
    for who in world.operators.iter().chain(&world.managers) {
        if !members().any(|member| member == who) {
            problems.push(missing("user", who, members()));
        }
    }
    let distinct: BTreeSet<&String> = world.nodes.iter().collect();
    if distinct.len() != world.nodes.len() {
        problems.push("two nodes have the same name".into());
    }
    problems
}

fn missing<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let list: Vec<&str> = known.clone().take(20).collect();
    match nearest(name, known) {
        Some(near) => format!("{what} `{name}` does not exist; did you mean `{near}`?"),
        None => format!("{what} `{name}` does not exist; known: {}", list.join(", ")),
    }
}

/// The names of a world, and what was found wrong in one step.
struct Names<'a> {
    world: &'a World,
    problems: Vec<String>,
}

impl Names<'_> {
    fn action(&mut self, action: &Action) {
        match action {
            Action::Voice(step) => {
                if let Some(guild) = self.guild(step.guild.as_deref()) {
                    let members = guild.members.iter().map(String::as_str).chain([BOT]);
                    self.exists("user", &step.who, members);
                    self.exists(
                        "voice channel",
                        &step.to,
                        guild.voice.iter().map(String::as_str).chain([NOWHERE]),
                    );
                }
            }
            Action::Say(line) => self.line(line),
            Action::Click(click) => {
                let press = &click.press;
                if let Some(guild) = self.guild(press.guild.as_deref()) {
                    let members = guild.members.iter().map(String::as_str).chain([OBSERVER]);
                    self.exists("user", &press.who, members);
                    if let Some(channel) = &press.channel {
                        self.exists("text channel", channel, guild.text.iter().map(String::as_str));
                    }
                }
            }
            Action::Complete(complete) => {
                if let Some(guild) = self.guild(complete.guild.as_deref()) {
                    self.exists("user", &complete.who, guild.members.iter().map(String::as_str));
                }
                if complete.none && !complete.offers.0.is_empty() {
                    self.problems.push("`none` and `offers` can't both be so".into());
                }
            }
            Action::Together(lines) => {
                if lines.len() < 2 {
                    self.problems.push("`together` needs two commands or more".into());
                }
                lines.iter().for_each(|line| self.line(line));
            }
            Action::Wait(wait) => {
                self.place(wait.guild.as_deref(), wait.bot_in.as_deref());
                self.track(wait.sounding.as_deref());
                if let Some(node) = &wait.node {
                    self.exists("node", node, self.world.nodes.iter().map(String::as_str));
                }
                if wait.silent && wait.sounding.is_some() {
                    self.problems.push("`silent` and `sounding` can't both be so".into());
                }
            }
            Action::Hold(hold) => {
                self.place(hold.guild.as_deref(), hold.bot_in.as_deref());
                self.track(hold.sounding.as_deref());
                if hold.for_ms == 0 {
                    self.problems.push("`hold` needs `for_ms`".into());
                }
                if !hold.silent && hold.sounding.is_none() && hold.bot_in.is_none() {
                    self.problems
                        .push("`hold` needs `sounding`, `silent` or `bot_in`: a pause proves nothing".into());
                }
            }
            Action::Notice(notice) => self.text_channel(notice.guild.as_deref(), notice.channel.as_deref()),
            Action::Staff(staff) => self.staff(staff),
            Action::Card(card) => self.text_channel(card.guild.as_deref(), card.channel.as_deref()),
            Action::Fault(fault) => self.fault(fault),
            Action::Expect(expect) => self.expect(expect),
        }
    }

    fn text_channel(&mut self, guild: Option<&str>, channel: Option<&str>) {
        if let (Some(guild), Some(channel)) = (self.guild(guild), channel) {
            self.exists("text channel", channel, guild.text.iter().map(String::as_str));
        }
    }

    fn staff(&mut self, staff: &Staff) {
        let Some(guild) = self.guild(staff.guild.as_deref()) else {
            return;
        };
        let acts = [
            staff.deletes.is_some(),
            staff.lets_speak.is_some(),
            staff.makes_moderator_of.is_some(),
            staff.removes_bot,
        ];
        if acts.iter().filter(|given| **given).count() != 1 {
            let known = "deletes, lets_speak, makes_moderator_of, removes_bot";
            self.problems.push(format!("`staff` does one of: {known}"));
        }
        if let Some(channel) = &staff.deletes {
            let all = guild.text.iter().chain(&guild.voice).map(String::as_str);
            self.exists("channel", channel, all);
        }
        if let Some(stage) = &staff.makes_moderator_of {
            self.exists("stage", stage, self.world.stages.iter().map(String::as_str));
        }
    }

    fn guild(&mut self, name: Option<&str>) -> Option<GuildSpec> {
        let guilds = &self.world.guilds;
        match name {
            Some(name) => {
                self.exists("guild", name, guilds.keys().map(String::as_str));
                guilds.get(name).cloned()
            }
            None if guilds.len() == 1 => guilds.values().next().cloned(),
            None => {
                self.problems
                    .push("there are several guilds; say which with `guild`".into());
                None
            }
        }
    }

    fn exists<'n>(&mut self, what: &str, name: &str, known: impl Iterator<Item = &'n str> + Clone) {
        if !known.clone().any(|candidate| candidate == name) {
            self.problems.push(missing(what, name, known));
        }
    }

    fn track(&mut self, id: Option<&str>) {
        if let Some(id) = id {
            self.exists("track", id, self.world.tracks.keys().map(String::as_str));
        }
    }

    fn place(&mut self, guild: Option<&str>, channel: Option<&str>) {
        let guild = self.guild(guild);
        if let (Some(guild), Some(channel)) = (guild, channel) {
            self.exists(
                "voice channel",
                channel,
                guild.voice.iter().map(String::as_str).chain([NOWHERE]),
            );
        }
    }

    fn line(&mut self, line: &Line) {
        if let Some(guild) = self.guild(line.say.guild.as_deref()) {
            let members = guild.members.iter().map(String::as_str).chain([OBSERVER]);
            self.exists("user", &line.say.who, members);
            if let Some(channel) = &line.say.channel {
                self.exists("text channel", channel, guild.text.iter().map(String::as_str));
            }
        }
        let text = &line.say.text;
        let calls = ["/", "!", "@bot"].iter().any(|begin| text.starts_with(begin));
        if !calls && line.reply.expected != Some(false) {
            self.problems.push(format!(
                "`{text}` is no command: commands begin with `/`, `!` or `@bot`; chat is answered with `expected: false`"
            ));
        }
    }

    fn fault(&mut self, fault: &Fault) {
        let targets = [
            fault.node.is_some(),
            fault.node_of.is_some(),
            fault.gateway.is_some(),
            fault.rest.is_some(),
            fault.voice.is_some(),
            fault.bot.is_some(),
        ];
        if targets.iter().filter(|given| **given).count() != 1 {
            self.problems
                .push("a fault hits one of: node, node_of, gateway, rest, voice, bot".into());
        }
        let on_node = fault.node.is_some() || fault.node_of.is_some();
        if on_node != fault.what.is_some() {
            self.problems
                .push("`do` goes with `node` or `node_of`, and they with `do`".into());
        }
        if let Some(node) = &fault.node {
            self.exists("node", node, self.world.nodes.iter().map(String::as_str).chain(["all"]));
        }
        for guild in [&fault.node_of, &fault.voice].into_iter().flatten() {
            self.guild(Some(guild));
        }
        let needs_code = fault.voice.is_some() || fault.gateway == Some(GatewayFault::Close);
        if needs_code != fault.code.is_some() {
            self.problems
                .push("`code` goes with `voice` and `gateway: close`, and they with `code`".into());
        }
        if (fault.gateway == Some(GatewayFault::Away)) != fault.for_ms.is_some() {
            self.problems.push("`for_ms` goes with `gateway: away`".into());
        }
    }

    fn expect(&mut self, expect: &Expect) {
        self.guild(expect.guild.as_deref());
        if let Some(player) = &expect.player {
            self.track(player.track.as_deref());
        }
        for id in expect.queue.iter().chain(&expect.heard).flatten() {
            self.track(Some(id));
        }
        for name in expect.gateway.keys() {
            self.exists("gateway count", name, ["identify", "resume"].into_iter());
        }
    }
}
