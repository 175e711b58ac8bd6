//! What a guild tells of its voice and its volume.

use ostinato_machine::guild::{PlayerView, VoiceView, VolumeView};

use super::Moment;
use super::message::{Card, Message};
use super::text::{count, tracks};

/// Where the bot is in voice, and how it stands there.
pub(super) fn voice(view: &VoiceView, moment: Moment) -> Message {
    let mut lines = vec![
        format!("Channel: <#{}>, {}", view.channel, link(view)),
        format!("Listeners: {}", listeners(view.listeners)),
        format!("Player: {} · {} queued", player(view.player), tracks(view.queued)),
    ];
    lines.extend(
        view.leaves_in_ms
            .map(|after_ms| format!("Leaves by itself {}", moment.stamp(after_ms))),
    );
    Message::of(Card {
        title: Some("Voice".into()),
        text: lines.join("\n"),
        ..Card::default()
    })
}

const fn link(view: &VoiceView) -> &'static str {
    match (view.connected, view.node) {
        (false, _) => "about to connect",
        (true, false) => "connected, waiting for an audio server",
        (true, true) => "connected",
    }
}

fn listeners(listeners: Option<usize>) -> String {
    match listeners {
        None => "not known yet".into(),
        Some(0) => "nobody".into(),
        Some(some) => count(some, "person", "people"),
    }
}

const fn player(player: PlayerView) -> &'static str {
    match player {
        PlayerView::Idle => "nothing is playing",
        PlayerView::Paused => "paused, /resume goes on",
        PlayerView::Alone => "waiting for listeners",
        PlayerView::Suppressed => "in the audience of a stage, waiting to be let speak",
        PlayerView::Waiting => "about to play",
        PlayerView::Playing => "playing",
    }
}

/// How loud the music is, and why.
pub(super) fn volume(view: VolumeView) -> Message {
    let VolumeView {
        percent,
        is_set,
        default,
        max,
    } = view;
    let source = if is_set {
        format!("set with /volume in this server; the default is {default} %")
    } else {
        "the default, for nobody set another one in this server".into()
    };
    Message::line(format!(
        "The volume is {percent} %: {source}. It goes from 0 to {max} %."
    ))
}
