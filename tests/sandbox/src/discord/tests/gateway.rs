//! Sessions, RESUME, compression, limits of the gateway.

use super::*;

#[tokio::test]
async fn identify_brings_ready_and_then_the_guild_with_who_is_in_voice() {
    let house = House::plain().await;
    house.discord.join_voice(house.guild.id, house.ann(), house.lounge());
    let mut socket = Socket::to(&house).await;
    socket.identify(&house, json!({ "shard": [0, 1] })).await;
    let ready = socket.event("READY").await;
    assert_eq!(ready["user"]["id"], house.discord.bot().to_string());
    assert_eq!(
        ready["guilds"],
        json!([{ "id": house.guild.id.to_string(), "unavailable": true }])
    );
    let guild = socket.event("GUILD_CREATE").await;
    assert_eq!(guild["voice_states"][0]["user_id"], house.ann().to_string());
    assert_eq!(guild["voice_states"][0]["channel_id"], house.lounge().to_string());
    socket.send(1, json!(socket.seq)).await;
    assert_eq!(socket.op(11).await["op"], 11);
    assert!(house.discord.ready(1, SOON).await);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn resume_on_its_own_path_replays_what_was_missed() {
    let house = House::plain().await;
    let mut socket = Socket::to(&house).await;
    let ready = socket.begin(&house).await;
    let seq = socket.seq;
    socket.close(4000).await;
    assert!(house.discord.offline(SOON).await);
    let (guild, ann) = (house.guild.id, house.ann());
    house.discord.join_voice(guild, ann, house.lounge());
    house.discord.leave_voice(guild, ann);
    let url = ready["resume_gateway_url"].as_str().expect("a URL");
    let mut again = Socket::open(url, "").await;
    again.resume(&house, &ready["session_id"], seq).await;
    let states = [
        again.event("VOICE_STATE_UPDATE").await,
        again.event("VOICE_STATE_UPDATE").await,
    ];
    assert_eq!(states[0]["channel_id"], house.lounge().to_string());
    assert_eq!(states[1]["channel_id"], Value::Null);
    again.event("RESUMED").await;
    assert_eq!(again.seq, seq + 2);
    let summary = house.discord.summary();
    assert_eq!(summary.resumes, BTreeMap::from([("/resume/".to_owned(), 1)]));
    assert_eq!(summary.identifies, 1);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn a_normal_close_ends_the_session_and_an_expired_one_is_gone() {
    let config = DiscordConfig {
        resume_window_ms: 50,
        ..DiscordConfig::default()
    };
    for code in [1000, 4000] {
        let house = House::new(config.clone()).await;
        let mut socket = Socket::to(&house).await;
        let ready = socket.begin(&house).await;
        socket.close(code).await;
        until("the session ends", || house.discord.sessions().is_empty()).await;
        let mut again = Socket::to(&house).await;
        again.resume(&house, &ready["session_id"], 1).await;
        assert_eq!(again.op(9).await["d"], false);
        assert_eq!(house.raced("gateway session gone"), 1);
        assert_eq!(house.violations(), [""; 0]);
    }
}

#[tokio::test]
async fn a_second_session_of_a_shard_closes_the_first() {
    let house = House::new(DiscordConfig {
        max_concurrency: 1,
        ..DiscordConfig::default()
    })
    .await;
    let mut first = Socket::to(&house).await;
    first.begin(&house).await;
    house.discord.bot_restarts();
    let mut second = Socket::to(&house).await;
    second.identify(&house, Value::Null).await;
    assert_eq!(second.op(9).await["d"], false, "the bucket is not free for 5 s");
    assert_eq!(house.raced("identify soon after a restart"), 1);
    assert_eq!(house.violations(), [""; 0]);
    second.identify(&house, Value::Null).await;
    assert_eq!(second.op(9).await["d"], false);
    house.discord.0.lock().identified.clear();
    second.begin(&house).await;
    assert_eq!(first.closed().await, Some(4009));
    assert_eq!(house.discord.sessions().len(), 1);
}

#[tokio::test]
async fn a_shard_that_identifies_too_early_violates() {
    let house = House::plain().await;
    let mut first = Socket::to(&house).await;
    first.begin(&house).await;
    let mut second = Socket::to(&house).await;
    second.identify(&house, Value::Null).await;
    second.op(9).await;
    assert!(
        house.violations()[0].contains("shard 0 identifies"),
        "{:?}",
        house.violations()
    );
}

#[tokio::test]
async fn what_discord_closes_for_is_closed_for_and_a_violation() {
    let many = "x".repeat(4_100);
    let cases = [
        (4002, json!({ "op": 1, "d": many }).to_string()),
        (4002, "no JSON".to_owned()),
        (4001, json!({ "op": 99 }).to_string()),
        (
            4004,
            json!({ "op": 2, "d": { "token": "wrong", "intents": 1, "properties": {} } }).to_string(),
        ),
        (
            4010,
            json!({ "op": 2, "d": { "token": "T", "intents": 1, "properties": {}, "shard": [2, 2] } }).to_string(),
        ),
        (
            4013,
            json!({ "op": 2, "d": { "token": "T", "intents": 1_u64 << 40, "properties": {} } }).to_string(),
        ),
        (
            4014,
            json!({ "op": 2, "d": { "token": "T", "intents": 2, "properties": {} } }).to_string(),
        ),
    ];
    for (code, payload) in cases {
        let house = House::new(DiscordConfig {
            token: "T".into(),
            ..DiscordConfig::default()
        })
        .await;
        let mut socket = Socket::to(&house).await;
        socket
            .ws
            .send(Message::text(payload.clone()))
            .await
            .expect("an open socket");
        assert_eq!(socket.closed().await, Some(code), "{payload}");
        assert_eq!(house.violations().len(), 1, "{payload}");
    }
}

#[tokio::test]
async fn more_than_120_sends_a_minute_close_the_socket() {
    let house = House::plain().await;
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    for _ in 0..120 {
        socket.send(1, json!(1)).await;
    }
    assert_eq!(socket.closed().await, Some(4008));
    assert_eq!(house.violations().len(), 1);
}

#[tokio::test]
async fn the_content_intent_is_refused_unless_it_was_granted() {
    for granted in [false, true] {
        let house = House::new(DiscordConfig {
            content_intent: granted,
            ..DiscordConfig::default()
        })
        .await;
        let mut socket = Socket::to(&house).await;
        socket.identify(&house, json!({ "intents": 33_409 })).await;
        if granted {
            socket.event("GUILD_CREATE").await;
            house.discord.chat(house.ann(), house.music(), "!play x");
            assert_eq!(socket.event("MESSAGE_CREATE").await["content"], "!play x");
        } else {
            assert_eq!(socket.closed().await, Some(4014));
            assert_eq!(house.raced("message content intent refused"), 1);
        }
        assert_eq!(house.violations(), [""; 0]);
    }
}

#[tokio::test]
async fn without_the_content_intent_only_a_mention_is_readable() {
    let house = House::plain().await;
    let mut socket = Socket::to(&house).await;
    socket.identify(&house, json!({ "intents": 641 })).await;
    socket.event("GUILD_CREATE").await;
    let bot = house.discord.bot();
    house.discord.chat(house.ann(), house.music(), "secret");
    house
        .discord
        .chat(house.ann(), house.music(), &format!("<@{bot}> play x"));
    assert_eq!(socket.event("MESSAGE_CREATE").await["content"], "");
    let mention = socket.event("MESSAGE_CREATE").await;
    assert_eq!(mention["content"], format!("<@{bot}> play x"));
    assert_eq!(mention["mentions"][0]["id"], bot.to_string());
}

#[tokio::test]
async fn events_come_through_either_compression_whole_or_split() {
    for (query, compress, split) in [
        ("&compress=zlib-stream", false, false),
        ("&compress=zlib-stream", false, true),
        ("", true, false),
    ] {
        let house = House::plain().await;
        house.discord.fault(Fault::SplitFrames(split));
        let url = format!("ws://{}", house.discord.gateway_addr());
        let mut socket = Socket::open(&url, query).await;
        socket.identify(&house, json!({ "compress": compress })).await;
        let ready = socket.event("READY").await;
        assert_eq!(ready["v"], 10);
        let guild = socket.event("GUILD_CREATE").await;
        assert_eq!(guild["id"], house.guild.id.to_string());
        assert_eq!(house.violations(), [""; 0]);
    }
}

#[tokio::test]
async fn a_guild_goes_to_its_shard_and_to_no_other() {
    let house = House::new(DiscordConfig {
        shards: 2,
        ..DiscordConfig::default()
    })
    .await;
    let spec = |shard| GuildSpec {
        name: "more".into(),
        shard: Some(shard),
        ..GuildSpec::default()
    };
    for shard in [0_u32, 1] {
        house.discord.add_guild(&spec(shard));
    }
    for shard in [0_u64, 1] {
        let mut socket = Socket::to(&house).await;
        socket.identify(&house, json!({ "shard": [shard, 2] })).await;
        let ready = socket.event("READY").await;
        let guilds = ready["guilds"].as_array().expect("a list");
        assert!(!guilds.is_empty());
        for guild in guilds {
            let id: u64 = guild["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            assert_eq!((id >> 22) % 2, shard);
        }
    }
    assert!(house.discord.ready(0, SOON).await);
}

#[tokio::test]
async fn a_guild_that_comes_goes_or_falls_away_is_told_of() {
    let house = House::plain().await;
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    let guild = house.guild.id;
    house.discord.outage(guild, true);
    assert_eq!(socket.event("GUILD_DELETE").await["unavailable"], true);
    house.discord.outage(guild, false);
    assert_eq!(socket.event("GUILD_CREATE").await["id"], guild.to_string());
    house.discord.delete_channel(house.lounge());
    assert_eq!(socket.event("CHANNEL_DELETE").await["id"], house.lounge().to_string());
    house.discord.remove_guild(guild);
    assert_eq!(socket.event("GUILD_DELETE").await, json!({ "id": guild.to_string() }));
    let (status, _) = house.call("GET", &format!("/guilds/{guild}"), None).await;
    assert_eq!((status, house.raced("gone")), (404, 1));
}
