//! Whether a guild is as it should be.

use ostinato_actors::world::World;
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::Phase;

/// In what a guild is not as it should be; `None`: it is well.
pub(crate) async fn ill(world: &World, guild: GuildId) -> Option<String> {
    let phase = world.phase(guild);
    let players = world.audio.players(guild);
    if players.len() > 1 {
        return Some(format!("{} players", players.len()));
    }
    match phase {
        Phase::Parked => return None,
        Phase::Cold | Phase::Live => {}
        Phase::Loading
        | Phase::BackingOff
        | Phase::Yielding
        | Phase::Passivating
        | Phase::Stopping
        | Phase::Stopped => {
            return Some(format!("{phase:?}"));
        }
    }
    let Some(wanted) = world.wanted(guild) else {
        return (!players.is_empty()).then(|| format!("a player that nobody wants: {players:?}"));
    };
    let Some(player) = players.first() else {
        return Some(format!("no player, but wanted: {wanted:?}"));
    };
    let track = wanted.track.as_ref();
    let same_play = match (track, &player.tag) {
        (Some(track), Some(tag)) => track.tag.same_play(tag),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    let same = same_play
        && player.node == wanted.node
        && player.volume == wanted.volume
        && player.voice.as_ref() == Some(&wanted.voice)
        && (track.is_none() || player.paused == wanted.paused);
    if !same {
        return Some(format!("{player:?} but wanted: {wanted:?}"));
    }
    let kept = serde_json::to_value(world.snapshot(guild).await?).expect("plain data");
    let channel = kept["kept"]["channel"].as_u64();
    let own = world.discord.own(guild).map(|channel| channel.0);
    if channel != own {
        return Some(format!("in {own:?}, but wanted in {channel:?}"));
    }
    let silent = track.is_some() && !wanted.paused && world.sounding(guild).is_empty();
    silent.then(|| "silent although it should sound".to_owned())
}
