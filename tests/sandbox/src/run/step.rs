//! One scenario, step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use super::chat::{Answer, GuildIds};
use super::faults;
use super::look;
use super::stage::Stage;
use super::typed::Typed;
use crate::scenario::{
    Action, BOT, Hold, Line, NOWHERE, Notice, OBSERVER, Reply, Scenario, SeenBy, Staff, Step, VoiceStep, Wait,
};

/// How long a wait may take unless a step says so, ms.
pub(super) const WITHIN_MS: u64 = 3_000;

/// How often a wait looks.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// Why a scenario failed.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Failure {
    /// Line in the file.
    pub line: u64,
    /// The step.
    pub step: String,
    /// What was expected, what was seen.
    pub why: String,
    /// The last lines of the bot's log.
    pub log: Vec<String>,
}

/// A scenario on its stage.
pub struct Play<'a> {
    /// The stage.
    pub stage: &'a Stage,
    scenario: &'a Scenario,
    guilds: BTreeMap<String, GuildIds>,
    /// Replies to `/queue` that the observer asked for: they are not the scenario's.
    pub(super) observed: u64,
    /// What happened, for a recording.
    pub log: Vec<serde_json::Value>,
}

impl<'a> Play<'a> {
    /// Sets the world up.
    pub fn new(stage: &'a Stage, scenario: &'a Scenario) -> Self {
        let guilds = scenario.world.guilds.iter();
        let guilds = guilds
            .map(|(name, spec)| (name.clone(), stage.at.add_guild(name, spec)))
            .collect::<BTreeMap<String, GuildIds>>();
        for guild in guilds.values() {
            let stages = scenario.world.stages.iter().map(|name| guild.voice(name));
            stages.filter(|id| *id > 0).for_each(|id| stage.at.chat.make_stage(id));
            let managers = scenario.world.managers.iter().map(|who| guild.member(who));
            managers
                .filter(|id| *id > 0)
                .for_each(|id| stage.at.chat.let_manage(guild.id, id));
        }
        let named = |who: &'a String| guilds.values().map(move |guild| guild.member(who));
        let operators = scenario.world.operators.iter().flat_map(named);
        stage.at.chat.run_by(operators.filter(|id| *id > 0).collect());
        Self {
            stage,
            scenario,
            guilds,
            observed: 0,
            log: Vec::new(),
        }
    }

    /// Does all steps. The first one that fails ends it.
    ///
    /// # Errors
    /// Which step failed and why.
    pub async fn run(&mut self) -> Result<(), Failure> {
        for step in &self.scenario.steps {
            let began = self.stage.at.now();
            let result = self.step(step).await;
            self.log.push(
                serde_json::json!({ "at_ms": began, "scenario": self.scenario.name, "line": step.line,
                "step": step.title(), "took_ms": self.stage.at.now() - began,
                "failed": result.as_ref().err() }),
            );
            if let Err(why) = result {
                return Err(self.failure(step, why).await);
            }
        }
        Ok(())
    }

    /// Everybody goes home. Tells what happened.
    pub fn leave(mut self) -> Vec<serde_json::Value> {
        for (name, guild) in &self.guilds {
            self.log
                .push(serde_json::json!({ "scenario": self.scenario.name, "guild": name,
                "heard": self.stage.at.sound.heard(guild.id) }));
            for user in guild.members() {
                self.stage.at.chat.seat(guild.id, user, None);
            }
        }
        self.log
    }

    async fn failure(&self, step: &Step, mut why: String) -> Failure {
        if let Err(error) = self.stage.alive().await {
            why = format!("{why}; {error}");
        }
        let tail = self.stage.bot.lock().await.log_tail(400);
        let ids: Vec<String> = self.guilds.values().map(|guild| guild.id.to_string()).collect();
        // The bot plays for other scenarios too: their lines say nothing here.
        let mut log: Vec<String> = tail
            .into_iter()
            .filter(|line| !line.contains("guild") || ids.iter().any(|id| line.contains(id)))
            .collect();
        log.drain(..log.len().saturating_sub(25));
        Failure {
            line: step.line,
            step: step.title(),
            why,
            log,
        }
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match &step.action {
            Action::Voice(voice) => self.voice(voice),
            Action::Say(line) => self.say(line).await,
            Action::Click(click) => super::click::press(self, click).await,
            Action::Complete(complete) => super::complete::complete(self, complete).await,
            Action::Together(lines) => {
                let (play, mut all) = (&*self, Vec::new());
                for line in lines {
                    all.push(play.say(line));
                }
                let results = futures_util::future::join_all(all).await;
                results.into_iter().collect()
            }
            Action::Wait(wait) => self.wait(wait).await,
            Action::Hold(hold) => self.hold(hold).await,
            Action::Notice(notice) => self.notice(notice).await,
            Action::Staff(staff) => self.staff(staff),
            Action::Card(card) => super::click::card(self, card).await,
            Action::Fault(fault) => faults::bring(self, fault).await,
            Action::Expect(expect) => look::expect(self, expect).await,
        }
    }

    /// The guild called `name`, or the only one.
    pub(super) fn guild(&self, name: Option<&str>) -> Result<&GuildIds, String> {
        let found = match name {
            Some(name) => self.guilds.get(name),
            None => self.guilds.values().next(),
        };
        found.ok_or_else(|| "the scenario has no such guild".to_owned())
    }

    fn staff(&self, staff: &Staff) -> Result<(), String> {
        let (guild, at) = (self.guild(staff.guild.as_deref())?, &self.stage.at);
        let ends = |channel: u64| at.chat.bot_channel(guild.id) == Some(channel);
        if let Some(name) = &staff.deletes {
            let (text, voice) = (guild.text(name), guild.voice(name));
            if ends(voice) {
                at.watch.taken_out(guild.id, &at.sound, at.now());
            }
            at.chat.delete_channel(if text > 0 { text } else { voice });
        }
        if let Some(speak) = staff.lets_speak {
            at.chat.let_speak(guild.id, speak);
        }
        if let Some(stage) = &staff.makes_moderator_of {
            at.chat.make_moderator(guild.id, guild.voice(stage));
        }
        if staff.removes_bot {
            at.watch.taken_out(guild.id, &at.sound, at.now());
            at.chat.remove_bot(guild.id);
        }
        Ok(())
    }

    fn voice(&self, step: &VoiceStep) -> Result<(), String> {
        let (guild, at) = (self.guild(step.guild.as_deref())?, &self.stage.at);
        let channel = (step.to != NOWHERE).then(|| guild.voice(&step.to));
        if step.who != BOT {
            at.chat.seat(guild.id, guild.member(&step.who), channel);
            return Ok(());
        }
        if at.chat.bot_channel(guild.id).is_none() {
            return Err("the bot is in no voice channel, so nobody can move it".into());
        }
        if channel.is_none() {
            at.watch.taken_out(guild.id, &at.sound, at.now());
        }
        at.chat.move_bot(guild.id, channel);
        Ok(())
    }

    async fn say(&self, line: &Line) -> Result<(), String> {
        let guild = self.guild(line.say.guild.as_deref())?;
        let user = if line.say.who == OBSERVER {
            guild.observer
        } else {
            guild.member(&line.say.who)
        };
        let channel = line
            .say
            .channel
            .as_deref()
            .map_or(guild.first_text, |name| guild.text(name));
        let typed = Typed::read(&line.say.text);
        let within = line.reply.within_ms.unwrap_or(WITHIN_MS);
        let killed = async {
            match line.say.kill9_after_ms {
                Some(after_ms) => faults::kill9(self.stage, after_ms).await,
                None => Ok(()),
            }
        };
        let asked = look::ask(self.stage, guild, channel, user, &typed, within);
        let (asked, killed) = futures_util::future::join(asked, killed).await;
        killed?;
        let answer = match (asked, line.reply.sent) {
            (Err(_), Some(false)) => return Ok(()),
            (Ok(_), Some(false)) => return Err("expected Discord's client to refuse it; it was sent".into()),
            (asked, Some(true) | None) => asked?,
        };
        judge(&line.reply, answer.as_ref(), within)
    }

    async fn wait(&self, wait: &Wait) -> Result<(), String> {
        let guild = self.guild(wait.guild.as_deref())?;
        let within = wait.within_ms.unwrap_or(WITHIN_MS);
        let until = self.stage.at.now() + within;
        loop {
            match look::seen(&self.stage.at, guild, wait) {
                Ok(()) => return Ok(()),
                Err(why) if self.stage.at.now() > until => return Err(format!("{why}, for {within} ms")),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    async fn hold(&self, hold: &Hold) -> Result<(), String> {
        let guild = self.guild(hold.guild.as_deref())?;
        let wait = Wait {
            sounding: hold.sounding.clone(),
            silent: hold.silent,
            bot_in: hold.bot_in.clone(),
            ..Wait::default()
        };
        let from = self.stage.at.now();
        while self.stage.at.now() < from + hold.for_ms {
            let after = self.stage.at.now() - from;
            look::seen(&self.stage.at, guild, &wait)
                .map_err(|why| format!("after {after} of {} ms {why}", hold.for_ms))?;
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn notice(&self, notice: &Notice) -> Result<(), String> {
        let guild = self.guild(notice.guild.as_deref())?;
        let channel = notice.channel.as_deref().map(|name| guild.text(name));
        let within = notice.within_ms.unwrap_or(WITHIN_MS);
        let until = self.stage.at.now() + within;
        loop {
            let all = self.stage.at.chat.notices(guild);
            let fits = |text: &str| notice.contains.0.iter().all(|part| text.contains(part.as_str()));
            if all
                .iter()
                .any(|(at, text)| channel.is_none_or(|channel| channel == *at) && fits(text))
            {
                return Ok(());
            }
            if self.stage.at.now() > until {
                let seen: Vec<String> = all.into_iter().map(|(_, text)| format!("{text:?}")).collect();
                return Err(format!(
                    "expected a notice with {:?} within {within} ms; the bot's notices: [{}]",
                    notice.contains.0,
                    seen.join(", ")
                ));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Whether an answer is what was expected.
pub(super) fn judge(reply: &Reply, answer: Option<&Answer>, within_ms: u64) -> Result<(), String> {
    let Some(answer) = answer else {
        return match reply.expected {
            Some(false) => Ok(()),
            Some(true) | None => Err(format!("expected a final answer within {within_ms} ms; there was none")),
        };
    };
    let text = &answer.text;
    if reply.expected == Some(false) {
        return Err(format!("expected no answer; it was {text:?}"));
    }
    if let Some(part) = reply.contains.0.iter().find(|part| !text.contains(part.as_str())) {
        return Err(format!("expected an answer with {part:?}; it was {text:?}"));
    }
    if let Some(part) = reply.lacks.0.iter().find(|part| text.contains(part.as_str())) {
        return Err(format!("expected an answer without {part:?}; it was {text:?}"));
    }
    match reply.seen_by {
        Some(SeenBy::All) if answer.private => Err(format!(
            "expected an answer that all see; only the caller sees {text:?}"
        )),
        Some(SeenBy::Caller) if !answer.private => Err(format!(
            "expected an answer that only the caller sees; all see {text:?}"
        )),
        Some(SeenBy::All | SeenBy::Caller) | None => match reply.deferred {
            Some(deferred) if deferred != answer.deferred => Err(format!(
                "expected deferred: {deferred}; it was {} ({text:?})",
                answer.deferred
            )),
            Some(_) | None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Texts;

    fn answer(text: &str, private: bool) -> Answer {
        Answer {
            text: text.into(),
            private,
            deferred: false,
        }
    }

    #[test]
    fn an_answer_is_told_beside_what_was_expected() {
        let reply = Reply {
            contains: Texts(vec!["First".into()]),
            seen_by: Some(SeenBy::All),
            ..Reply::default()
        };
        assert_eq!(judge(&reply, Some(&answer("Added First", false)), 10), Ok(()));
        let private = judge(&reply, Some(&answer("Added First", true)), 10).unwrap_err();
        assert!(private.contains("only the caller sees"), "{private}");
        let other = judge(&reply, Some(&answer("Added Second", false)), 10).unwrap_err();
        assert_eq!(other, "expected an answer with \"First\"; it was \"Added Second\"");
    }

    #[test]
    fn no_answer_is_a_failure_unless_none_is_expected() {
        let none = judge(&Reply::default(), None, 3_000).unwrap_err();
        assert_eq!(none, "expected a final answer within 3000 ms; there was none");
        let reply = Reply {
            expected: Some(false),
            ..Reply::default()
        };
        assert_eq!(judge(&reply, None, 10), Ok(()));
        assert!(judge(&reply, Some(&answer("x", false)), 10).is_err());
    }
}
