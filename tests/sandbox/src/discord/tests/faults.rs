//! Faults at the gateway and in REST, and that what they cause is no violation.

use super::*;

#[tokio::test]
async fn the_gateway_asks_for_a_reconnect_says_a_session_is_gone_or_drops_it() {
    let house = House::plain().await;
    let mut socket = Socket::to(&house).await;
    let ready = socket.begin(&house).await;
    let shard = Some(0);
    house.discord.fault(Fault::Reconnect { shard });
    assert_eq!(socket.op(7).await["op"], 7);
    house.discord.fault(Fault::RequestHeartbeat { shard });
    assert_eq!(socket.op(1).await["op"], 1);
    house.discord.fault(Fault::UnknownEvent { shard });
    socket.event("SURPRISE_CREATE").await;
    house.discord.fault(Fault::MalformedFrame { shard });
    assert!(serde_json::from_str::<Value>(&socket.raw().await).is_err());
    house.discord.fault(Fault::InvalidSession { shard, resumable: true });
    assert_eq!(socket.op(9).await["d"], true);
    assert_eq!(house.discord.sessions().len(), 1);
    house.discord.fault(Fault::Close { shard, code: 4001 });
    assert_eq!(socket.closed().await, Some(4001));
    assert_eq!(house.discord.sessions().len(), 1, "it can be resumed");
    let mut again = Socket::to(&house).await;
    again.resume(&house, &ready["session_id"], socket.seq).await;
    again.event("RESUMED").await;
    house.discord.fault(Fault::DropTcp { shard: None });
    assert_eq!(again.closed().await, None);
    house.discord.fault(Fault::RefuseResume { next: 1 });
    let mut third = Socket::to(&house).await;
    third.resume(&house, &ready["session_id"], socket.seq).await;
    assert_eq!(third.op(9).await["d"], false);
    assert_eq!(house.discord.sessions(), []);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn a_muted_gateway_acknowledges_no_heartbeat() {
    let house = House::plain().await;
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    house.discord.fault(Fault::MuteAck(true));
    socket.send(1, json!(2)).await;
    until("the beat is taken", || house.findings.counted("gateway.op 1") == 1).await;
    house.discord.join_voice(house.guild.id, house.ann(), house.lounge());
    assert_eq!(socket.next().await["t"], "VOICE_STATE_UPDATE", "and no ACK before it");
}

#[tokio::test]
async fn a_gateway_that_is_away_refuses_connections_and_comes_back_on_its_port() {
    let house = House::plain().await;
    let mut socket = Socket::to(&house).await;
    let ready = socket.begin(&house).await;
    house.discord.gateway_away(Duration::from_millis(150));
    assert_eq!(socket.closed().await, None);
    let mut refused = false;
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < SOON, "it never came back");
        match TcpStream::connect(house.discord.gateway_addr()).await {
            Ok(_) if refused => break,
            Ok(_) => {}
            Err(_) => refused = true,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut again = Socket::to(&house).await;
    again.resume(&house, &ready["session_id"], socket.seq).await;
    again.event("RESUMED").await;
    assert_eq!(house.discord.summary().gateway_back_at_ms.len(), 1);
}

#[tokio::test]
async fn calm_ends_all_faults_and_opens_the_gateway() {
    let house = House::plain().await;
    house.discord.gateway_away(Duration::from_hours(1));
    house.discord.fault(rest(RestFaultKind::ServerError(500), u32::MAX));
    assert_eq!(house.call("GET", "/users/@me", None).await.0, 500);
    house.discord.fault(Fault::Calm);
    assert_eq!(house.call("GET", "/users/@me", None).await.0, 200);
    let start = Instant::now();
    while TcpStream::connect(house.discord.gateway_addr()).await.is_err() {
        assert!(start.elapsed() < SOON, "it never came back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Socket::to(&house).await.begin(&house).await;
}

fn rest(kind: RestFaultKind, next: u32) -> Fault {
    Fault::Rest(RestFault {
        kind,
        operation: Some("get_my_user".into()),
        next,
    })
}

#[tokio::test]
async fn rest_fails_as_often_as_it_was_told_and_only_there() {
    let house = House::plain().await;
    house.discord.fault(rest(RestFaultKind::ServerError(503), 2));
    assert_eq!(house.call("GET", "/gateway", None).await.0, 200);
    for status in [503, 503, 200] {
        assert_eq!(house.call("GET", "/users/@me", None).await.0, status);
    }
    house.discord.fault(rest(RestFaultKind::Drop { done: false }, 1));
    assert!(house.send("GET", "/users/@me", None).await.is_err());
    house.discord.fault(rest(RestFaultKind::Slow(80), 1));
    let start = Instant::now();
    assert_eq!(house.call("GET", "/users/@me", None).await.0, 200);
    assert!(start.elapsed() >= Duration::from_millis(80));
    assert_eq!(house.violations(), [""; 0]);
    let statuses: Vec<u16> = house.discord.requests().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [200, 503, 503, 200, 0, 200]);
}

#[tokio::test]
async fn an_injected_429_names_its_scope_and_holds() {
    for scope in [LimitScope::User, LimitScope::Shared, LimitScope::Global] {
        let house = House::plain().await;
        let kind = RestFaultKind::TooMany {
            scope,
            retry_after_ms: 60_000,
        };
        house.discord.fault(rest(kind, 1));
        for _ in 0..2 {
            let response = house.send("GET", "/users/@me", None).await.expect("an answer");
            assert_eq!(response.status(), 429);
            assert_eq!(response.headers()["retry-after"], "60");
            if scope == LimitScope::Global {
                assert_eq!(response.headers()["x-ratelimit-global"], "true");
                assert_eq!(response.headers()["x-ratelimit-scope"], "global");
            }
            let body: Value = response.json().await.expect("a body");
            assert_eq!(body["global"], scope == LimitScope::Global);
        }
        let others = if scope == LimitScope::Global { 429 } else { 200 };
        assert_eq!(house.call("GET", "/gateway", None).await.0, others);
        assert_eq!(house.violations(), [""; 0], "the second was under way");
    }
}

#[tokio::test]
async fn a_refused_token_is_refused_everywhere() {
    let house = House::plain().await;
    house.discord.fault(Fault::RefuseToken(true));
    assert_eq!(house.call("GET", "/gateway/bot", None).await.0, 401);
    let mut socket = Socket::to(&house).await;
    socket.identify(&house, Value::Null).await;
    assert_eq!(socket.closed().await, Some(4004));
    assert_eq!((house.raced("token refused"), house.violations().len()), (2, 0));
}
