//! What users of the page do: type, press, walk about, break things.

use std::sync::Arc;
use std::time::Duration;

use super::{Books, Playground, Typed};
use crate::control::Control;
use crate::discord::InteractionHandle;
use crate::lavalink::LavalinkNode;
use crate::run::chat::GuildIds;
use crate::run::model::{Looping, Model};
use crate::run::typed;
use crate::scenario::{GatewayFault, RestFault};

/// How long an answer is waited for, ms.
const ANSWER_MS: u64 = 30_000;

/// How often an answer is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// Lines of commands that are remembered.
const REMEMBERED: usize = 500;

/// Characters of a line at most, as in Discord.
const LONGEST: usize = 2_000;

/// `user` types a line in the text channel of `guild`. What Discord's client does not send is told to this user alone.
pub(super) fn say(playground: &Arc<Playground>, guild: &GuildIds, user: u64, text: &str) {
    let text: String = text.trim().chars().take(LONGEST).collect();
    playground.books().hints.remove(&user);
    if text.is_empty() {
        return;
    }
    let typed = typed::Typed::read(&text);
    let at = &playground.stage.at;
    if !calls_the_bot(playground, &typed) {
        if let Err(why) = at.chat.send(guild.id, guild.first_text, user, &typed) {
            playground.books().hints.insert(user, why);
        }
        return;
    }
    at.watch.typed(guild.id, &typed, &at.catalogue(), at.now());
    match at.chat.send(guild.id, guild.first_text, user, &typed) {
        Ok(said) => wait(playground, guild, user, text, typed, said),
        Err(why) => drop(playground.books().hints.insert(user, why)),
    }
}

/// How long an offer is waited for; Discord waits as long.
const OFFER: Duration = Duration::from_secs(3);

/// What the bot offers to `user`, who has typed `text` so far. Nothing where nothing is offered.
pub(super) async fn complete(
    playground: &Playground,
    guild: &GuildIds,
    user: u64,
    text: &str,
) -> Vec<(String, String)> {
    let text: String = text.chars().take(LONGEST).collect();
    let chat = &playground.stage.at.chat;
    match chat.complete(guild.id, guild.first_text, user, &typed::Typed::read(&text)) {
        Ok(said) => said.first(OFFER).await.map(|first| first.choices).unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

/// Whether an answer is due: to every slash command, to every message behind a mention, and to those behind the prefix
/// that are commands.
fn calls_the_bot(playground: &Playground, typed: &typed::Typed) -> bool {
    let Some(text) = &typed.written else { return true };
    let known = || {
        playground
            .stage
            .at
            .chat
            .commands()
            .iter()
            .any(|it| it["name"] == typed.name)
    };
    text.starts_with("@bot") || (text.starts_with('!') && known())
}

/// `user` presses a button of a message.
pub(super) fn press(playground: &Arc<Playground>, guild: &GuildIds, user: u64, message: u64, custom_id: &str) {
    playground.books().hints.remove(&user);
    let at = &playground.stage.at;
    let shown = at.chat.shown(guild.first_text);
    let on = shown.into_iter().find(|it| it.id == message);
    let label = on.and_then(|it| it.buttons().into_iter().find(|button| button.custom_id == custom_id));
    let words = label
        .map(|button| format!("{} {}", button.emoji, button.label))
        .unwrap_or_default();
    // What a button excuses is what the command of the same name does.
    let name = ["pause", "resume", "skip", "stop", "loop", "shuffle"]
        .into_iter()
        .find(|name| words.to_lowercase().contains(name))
        .unwrap_or("queue");
    let typed = typed::Typed::read(&format!("/{name}"));
    at.watch.typed(guild.id, &typed, &at.catalogue(), at.now());
    match at.chat.click(user, message, custom_id) {
        Ok(said) => wait(
            playground,
            guild,
            user,
            format!("pressed {}", words.trim()),
            typed,
            said,
        ),
        Err(why) => drop(playground.books().hints.insert(user, why)),
    }
}

/// What the model learns from a press. The card that answers shows what is now, not what was done; without one the press
/// was refused.
fn pressed_on(model: &mut Model, name: &str, card: Option<&str>) {
    match (name, card) {
        ("skip", None) => model.not_skipped(),
        ("shuffle", None) => model.not_reordered(),
        ("shuffle", Some(_)) => model.shuffled(),
        ("loop", Some(card)) if card.contains("repeats this track") => model.set_loop(Looping::Track),
        ("loop", Some(card)) if card.contains("repeats the queue") => model.set_loop(Looping::Queue),
        ("loop", Some(_)) => model.set_loop(Looping::Off),
        _ => {}
    }
}

/// Counts the answer when it comes.
fn wait(
    playground: &Arc<Playground>,
    guild: &GuildIds,
    user: u64,
    text: String,
    typed: typed::Typed,
    said: InteractionHandle,
) {
    let pressed = text.starts_with("pressed");
    let line = Typed {
        channel: guild.first_text,
        user,
        text,
        at_ms: said.said_at_ms(),
    };
    {
        let mut books = playground.books();
        let Books { sent, typed, .. } = &mut *books;
        *sent += 1;
        typed.insert(said.id(), line);
        if typed.len() > REMEMBERED {
            typed.pop_first();
        }
    }
    let (playground, guild) = (Arc::clone(playground), guild.id);
    tokio::spawn(async move {
        let at = &playground.stage.at;
        let until_ms = at.now() + ANSWER_MS;
        while at.now() < until_ms {
            if let Some(answer) = at.chat.answer(&said).await {
                if pressed && matches!(typed.name.as_str(), "skip" | "loop" | "shuffle") {
                    let card = (!answer.private).then_some(answer.text.as_str());
                    at.watch.change(guild, |model| pressed_on(model, &typed.name, card));
                } else {
                    at.watch
                        .answered(guild, &typed, &answer.text, &at.catalogue(), at.now());
                }
                playground.books().answered += 1;
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    });
}

/// `user` goes to a voice channel of `guild`, or out of voice.
pub(super) fn walk(playground: &Playground, guild: &GuildIds, user: u64, to: Option<u64>) {
    let known = to.is_none_or(|to| guild.voices().any(|(_, id)| id == to));
    if known && guild.people().any(|(_, id)| id == user) {
        playground.stage.at.chat.seat(guild.id, user, to);
    }
}

/// What can be broken on the page: its name in a form and its words.
pub(super) const BREAKS: [(&str, &str); 10] = [
    ("panic", "panic in this server"),
    ("kill9", "kill -9 the bot"),
    ("restart", "restart the bot"),
    ("kill:n1", "kill node n1"),
    ("kill:n2", "kill node n2"),
    ("freeze:n1", "freeze node n1"),
    ("freeze:n2", "freeze node n2"),
    ("gateway", "drop the gateway"),
    ("rest", "refuse REST with 429"),
    ("rest5xx", "fail REST with 503"),
];

/// How a break button reads now: a broken node is mended by the same button.
pub(super) fn break_words(playground: &Playground, what: &str, words: &'static str) -> String {
    let node = |name: &str| playground.stage.at.node(name);
    match what.split_once(':') {
        Some(("kill", name)) if node(name).is_some_and(LavalinkNode::is_down) => format!("revive node {name}"),
        Some(("freeze", name)) if node(name).is_some_and(LavalinkNode::is_frozen) => format!("thaw node {name}"),
        Some(_) | None => words.to_owned(),
    }
}

/// Lets the actor of `guild` die, and says how it came back.
async fn panic(playground: &Playground, guild: &GuildIds) -> anyhow::Result<()> {
    let port = playground.stage.bot.lock().await.ports().status;
    let control = Control::on(port)?;
    let began_ms = playground.stage.at.now();
    let before = control.guild(guild.id).await?["incarnation"].clone();
    control.fault(guild.id, "panic").await?;
    while playground.stage.at.now() < began_ms + ANSWER_MS {
        let now = control.guild(guild.id).await?;
        if now["phase"] == "live" && now["incarnation"] != before {
            let took_ms = playground.stage.at.now() - began_ms;
            let reference = now["last_death"]["reference"].as_str().unwrap_or_default().to_owned();
            playground.tell(&format!(
                "the bot's part for this server panicked and was back after {took_ms} ms; reference {reference}"
            ));
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    playground.tell("the bot's part for this server panicked and is not back yet");
    Ok(())
}

/// Breaks something, or mends it, as seen from `guild`. An unknown name does nothing.
///
/// # Errors
/// When the bot can't be ended cleanly or started again, or does not take an order.
pub(super) async fn bring(playground: &Playground, guild: &GuildIds, what: &str) -> anyhow::Result<()> {
    let stage = &playground.stage;
    match what.split_once(':').unwrap_or((what, "")) {
        ("panic", _) => panic(playground, guild).await?,
        ("kill9", _) => {
            let _process = playground.process.lock().await;
            let began_ms = stage.at.now();
            stage.kill9().await;
            stage.start_bot().await?;
            returned(playground, "the bot was killed", began_ms).await;
        }
        ("restart", _) => {
            let _process = playground.process.lock().await;
            let began_ms = stage.at.now();
            stage.terminate().await?;
            stage.start_bot().await?;
            returned(playground, "the bot was restarted", began_ms).await;
        }
        ("kill", name) => {
            if let Some(node) = stage.at.node(name) {
                let was_down = node.is_down();
                if was_down {
                    node.restart()
                } else {
                    node.kill()
                }
                playground.tell(&format!(
                    "node {name} {}",
                    if was_down { "is back" } else { "was killed" }
                ));
            }
        }
        ("freeze", name) => {
            if let Some(node) = stage.at.node(name) {
                let was_frozen = node.is_frozen();
                node.freeze(!was_frozen);
                playground.tell(&format!(
                    "node {name} {}",
                    if was_frozen { "goes on" } else { "is frozen" }
                ));
            }
        }
        ("gateway", _) => {
            stage.at.chat.break_gateway(GatewayFault::Drop, None, None);
            playground.tell("the gateway dropped its connections");
        }
        ("rest", _) => {
            stage.at.chat.break_rest(RestFault::RateLimit, 5);
            playground.tell("Discord refuses the next 5 requests with 429");
        }
        ("rest5xx", _) => {
            stage.at.chat.break_rest(RestFault::Broken, 5);
            playground.tell("Discord fails the next 5 requests with 503");
        }
        _ => {}
    }
    Ok(())
}

/// Waits until the bot is connected again, and says how long that took.
async fn returned(playground: &Playground, what: &str, began_ms: u64) {
    playground.books().restarts += 1;
    let at = &playground.stage.at;
    while !at.chat.is_connected().await {
        if at.now() > began_ms + ANSWER_MS {
            return playground.tell(&format!("{what} and is not connected again yet"));
        }
        tokio::time::sleep(LOOK).await;
    }
    let took_ms = at.now() - began_ms;
    playground.tell(&format!("{what} and connected again after {took_ms} ms"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::model::Place;

    fn playing() -> Model {
        let mut model = Model::default();
        model.added(&["a", "b", "c", "d"].map(str::to_owned), Place::End);
        model.heard("a", true);
        model
    }

    #[test]
    fn a_pressed_shuffle_lets_a_skip_lead_anywhere() {
        let mut model = playing();
        model.asked_to_reorder();
        pressed_on(&mut model, "shuffle", Some("a Now playing"));
        model.asked_to_skip();
        model.heard("d", true);
        pressed_on(&mut model, "skip", Some("d Now playing"));
        assert_eq!((model.lost(), model.doubled()), (&[][..], &[][..]));
        assert_eq!(model.current(), Some("d"));
    }

    #[test]
    fn a_refused_shuffle_leaves_the_order_known() {
        let mut model = playing();
        model.asked_to_reorder();
        pressed_on(&mut model, "shuffle", None);
        model.asked_to_skip();
        model.heard("d", true);
        assert_eq!(model.doubled().len(), 2);
    }

    #[test]
    fn a_pressed_loop_is_read_from_the_card() {
        let mut model = playing();
        model.asked_to_loop();
        pressed_on(&mut model, "loop", Some("a Volume 100 % · repeats this track"));
        model.ended("a");
        assert_eq!(model.current(), Some("a"));
        pressed_on(&mut model, "loop", Some("a Volume 100 %"));
        model.ended("a");
        assert_eq!(model.current(), Some("b"));
    }
}
