//! Joining, moving and leaving voice, and what of it counts as held.

use super::*;
use crate::voices::Grant;

fn order(house: &House, channel: Option<u64>) -> Value {
    json!({
        "guild_id": house.guild.id.to_string(), "channel_id": channel.map(|id| id.to_string()),
        "self_mute": false, "self_deaf": true,
    })
}

/// What the two voice events grant.
fn grant(state: &Value, server: &Value) -> Grant {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    Grant {
        session_id: text(&state["session_id"]),
        token: text(&server["token"]),
        endpoint: text(&server["endpoint"]),
        channel_id: text(&state["channel_id"]).parse().expect("an id"),
    }
}

async fn join(socket: &mut Socket, house: &House, channel: u64) -> Grant {
    socket.send(4, order(house, Some(channel))).await;
    let state = socket.event("VOICE_STATE_UPDATE").await;
    let server = socket.event("VOICE_SERVER_UPDATE").await;
    grant(&state, &server)
}

#[tokio::test]
async fn op_4_brings_both_events_and_the_voice_state_is_held_until_it_ends() {
    let house = House::plain().await;
    let (guild, bot) = (house.guild.id, house.discord.bot());
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    let held = join(&mut socket, &house, house.lounge()).await;
    assert!(house.voices.holds(guild, bot, &held));
    assert_eq!(
        house.discord.voice(guild, bot).map(|view| view.channel),
        Some(house.lounge())
    );
    let again = join(&mut socket, &house, house.lounge()).await;
    assert_eq!(again, held, "the same order again changes nothing");
    house.discord.join_voice(guild, bot, house.guild.voice["Small"]);
    let state = socket.event("VOICE_STATE_UPDATE").await;
    let server = socket.event("VOICE_SERVER_UPDATE").await;
    let moved = grant(&state, &server);
    assert!(house.voices.holds(guild, bot, &moved) && !house.voices.holds(guild, bot, &held));
    socket.send(4, order(&house, None)).await;
    assert_eq!(socket.event("VOICE_STATE_UPDATE").await["channel_id"], Value::Null);
    assert!(!house.voices.holds(guild, bot, &moved));
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn voice_outlives_a_lost_socket_and_ends_with_the_session() {
    let house = House::plain().await;
    let (guild, bot) = (house.guild.id, house.discord.bot());
    let mut socket = Socket::to(&house).await;
    let ready = socket.begin(&house).await;
    let held = join(&mut socket, &house, house.lounge()).await;
    let seq = socket.seq;
    drop(socket);
    assert!(house.discord.offline(SOON).await);
    assert!(house.voices.holds(guild, bot, &held), "the session can be resumed");
    let mut again = Socket::to(&house).await;
    again.resume(&house, &ready["session_id"], seq).await;
    again.event("RESUMED").await;
    assert!(house.voices.holds(guild, bot, &held));
    again.close(1000).await;
    until("voice ends", || !house.voices.holds(guild, bot, &held)).await;
    assert_eq!(house.discord.voice(guild, bot), None);
}

#[tokio::test]
async fn what_the_bot_may_not_enter_is_not_answered() {
    let house = House::plain().await;
    let (guild, small) = (house.guild.id, house.guild.voice["Small"]);
    house.discord.join_voice(guild, house.ann(), small);
    house.discord.deny_bot(house.lounge(), rights::CONNECT);
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    for channel in [small, house.lounge(), house.music(), 1] {
        socket.send(4, order(&house, Some(channel))).await;
    }
    socket.send(1, json!(1)).await;
    let next = socket.next().await;
    assert_eq!(next["op"], 11, "nothing but the heartbeat is answered: {next}");
    house.discord.leave_voice(guild, house.ann());
    socket.event("VOICE_STATE_UPDATE").await;
    join(&mut socket, &house, small).await;
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn voice_events_come_reversed_doubled_or_without_an_endpoint_at_first() {
    let house = House::plain().await;
    let (guild, bot) = (house.guild.id, house.discord.bot());
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    house.discord.fault(Fault::VoiceDelivery(VoiceDelivery::Reversed));
    socket.send(4, order(&house, Some(house.lounge()))).await;
    let names = [socket.next().await["t"].clone(), socket.next().await["t"].clone()];
    assert_eq!(names, ["VOICE_SERVER_UPDATE", "VOICE_STATE_UPDATE"]);
    house.discord.fault(Fault::VoiceDelivery(VoiceDelivery::Doubled));
    socket.send(4, order(&house, Some(house.lounge()))).await;
    for _ in 0..2 {
        socket.event("VOICE_STATE_UPDATE").await;
        socket.event("VOICE_SERVER_UPDATE").await;
    }
    house.discord.fault(Fault::Calm);
    house.discord.fault(Fault::NullEndpoint { for_ms: 60 });
    socket.send(4, order(&house, Some(house.lounge()))).await;
    let state = socket.event("VOICE_STATE_UPDATE").await;
    assert_eq!(socket.event("VOICE_SERVER_UPDATE").await["endpoint"], Value::Null);
    let server = socket.event("VOICE_SERVER_UPDATE").await;
    assert!(house.voices.holds(guild, bot, &grant(&state, &server)));
    house.discord.fault(Fault::Calm);
    house.discord.fault(Fault::IgnoreVoiceOrders(true));
    socket.send(4, order(&house, None)).await;
    socket.send(1, json!(1)).await;
    assert_eq!(socket.next().await["op"], 11, "no answer");
    assert!(house.discord.voice(guild, bot).is_some());
}

#[tokio::test]
async fn an_order_for_a_guild_of_another_shard_violates() {
    let house = House::plain().await;
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    let order = json!({ "guild_id": "5", "channel_id": null, "self_mute": false, "self_deaf": false });
    socket.send(4, order).await;
    until("the violation", || house.violations().len() == 1).await;
}
