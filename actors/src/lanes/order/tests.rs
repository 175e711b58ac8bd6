//! What a lane makes of every way in which an order can end.

use ostinato_machine::guild::{EndReason, VoiceCredentials};
use ostinato_machine::ids::{ChannelId, EntryId, Hidden};

use super::*;

const WALL_MS: u64 = 1_000_000;

fn tag(play: u32, generation: u64) -> Tag {
    Tag {
        entry: EntryId(u64::from(play)),
        play,
        seek: 0,
        generation,
    }
}

fn voice() -> VoiceCredentials {
    VoiceCredentials {
        token: Hidden::new("t"),
        endpoint: "voice.example:443".into(),
        session_id: Hidden::new("s"),
        channel: ChannelId(1),
    }
}

fn player(node: &str, generation: u64, play: Option<u32>) -> WantedPlayer {
    WantedPlayer {
        node: NodeId::new(node),
        generation,
        voice: voice(),
        dial: Some(0),
        track: play.map(|play| WantedTrack {
            tag: tag(play, generation),
            encoded: Arc::default(),
            position_ms: 0,
            runs_since_ms: None,
        }),
        ended: None,
        paused: false,
        volume: 100,
    }
}

fn seen(node: &str, generation: u64, play: u32) -> Seen {
    Seen {
        node: NodeId::new(node),
        tag: Some(tag(play, generation)),
        position_ms: 5_000,
        at_ms: WALL_MS,
        paused: false,
        volume: 100,
        voice: Some(voice()),
        connected: true,
    }
}

/// A lane in a small world of its own.
#[derive(Default)]
struct Bench {
    lane: Told,
    now_ms: u64,
}

impl Bench {
    fn next(&mut self) -> Step {
        self.lane.next(WALL_MS + self.now_ms, self.now_ms)
    }

    /// The order that is sent next, as `patch node` or `delete node`.
    fn sends(&mut self) -> (Sending, String) {
        let Step::Send(sending) = self.next() else {
            panic!("nothing is sent")
        };
        let word = match &sending.order {
            PlayerOrder::Patch { node, .. } => format!("patch {node}"),
            PlayerOrder::Delete { node } => format!("delete {node}"),
        };
        (*sending, word)
    }

    fn ends(&mut self, sending: Sending, kind: Option<PortErrorKind>) -> Option<Report> {
        let result = kind.map_or(Ok(()), |kind| Err(PortError::new(kind, "said so")));
        let now = (WALL_MS + self.now_ms, self.now_ms);
        self.lane.done(sending, result, now, (&RestartPolicy::node(), 20))
    }

    fn sends_and_ends(&mut self, kind: Option<PortErrorKind>) -> String {
        let (sending, word) = self.sends();
        self.ends(sending, kind);
        word
    }

    fn rests(&mut self) -> bool {
        matches!(self.next(), Step::Nothing)
    }
}

fn playing() -> Bench {
    let mut bench = Bench::default();
    bench.lane.want(Some(player("n1", 5, Some(1))));
    assert_eq!(bench.sends_and_ends(None), "patch n1");
    assert!(bench.rests());
    bench
}

#[test]
fn nothing_is_sent_before_an_incarnation_says_what_it_wants() {
    let mut bench = Bench::default();
    bench.lane.node_up(&NodeId::new("n1"), true, Some(&seen("n1", 5, 1)), 0);
    assert!(bench.rests());
    bench.lane.want(Some(player("n1", 5, Some(1))));
    assert!(bench.rests(), "the player that is there is the wanted one");
    bench.lane.want(None);
    assert_eq!(bench.sends_and_ends(None), "delete n1");
    assert!(bench.rests() && bench.lane.is_idle());
}

#[test]
fn a_move_deletes_the_older_player_even_if_the_first_try_is_lost() {
    for lost in [None, Some(PortErrorKind::Timeout), Some(PortErrorKind::Unreachable)] {
        let mut bench = playing();
        bench.lane.want(Some(player("n2", 6, Some(1))));
        if lost.is_some() {
            assert_eq!(bench.sends_and_ends(lost), "patch n2");
            let Step::Wait(ms) = bench.next() else {
                panic!("it waits")
            };
            bench.now_ms += ms;
        }
        assert_eq!(bench.sends_and_ends(None), "patch n2");
        assert_eq!(bench.sends_and_ends(None), "delete n1");
        assert!(bench.rests());
    }
}

#[test]
fn an_order_in_flight_is_outranked_by_a_move_alone() {
    let mut bench = playing();
    bench.lane.want(Some(player("n1", 5, Some(2))));
    let (sending, _) = bench.sends();
    bench.lane.want(Some(player("n1", 5, Some(3))));
    assert!(!bench.lane.outranks(&sending.order, WALL_MS));
    bench.lane.want(Some(player("n2", 6, Some(3))));
    assert!(bench.lane.outranks(&sending.order, WALL_MS));
    bench.lane.abandon(&sending.order);
    assert_eq!(bench.sends_and_ends(None), "patch n2");
    assert_eq!(bench.sends_and_ends(None), "delete n1");
}

#[test]
fn a_refusal_is_reported_once_and_not_repeated() {
    let mut bench = playing();
    bench.lane.want(Some(player("n1", 5, Some(2))));
    let (sending, _) = bench.sends();
    let report = bench.ends(sending, Some(PortErrorKind::Refused));
    assert!(matches!(report, Some(Report::Refused { tag: Some(tag), .. }) if tag.play == 2));
    assert!(bench.rests());
    bench.lane.want(Some(player("n1", 5, Some(3))));
    assert_eq!(bench.sends_and_ends(None), "patch n1");
}

#[test]
fn an_order_to_a_session_that_is_away_waits_for_its_return() {
    let mut bench = playing();
    bench.lane.want(Some(player("n1", 5, Some(2))));
    bench.sends_and_ends(Some(PortErrorKind::Gone));
    assert!(matches!(bench.next(), Step::Wait(AWAY_MS)));
    bench.lane.node_up(&NodeId::new("n1"), true, Some(&seen("n1", 5, 1)), 0);
    assert_eq!(bench.sends_and_ends(None), "patch n1");
}

#[test]
fn a_node_that_lost_its_session_waits_for_the_fleet_before_it_is_told_again() {
    let mut bench = playing();
    bench.lane.node_up(&NodeId::new("n1"), false, None, 0);
    assert!(matches!(bench.next(), Step::Wait(REPLACE_MS)));
    bench.lane.want(Some(player("n1", 6, Some(1))));
    assert_eq!(bench.sends_and_ends(None), "patch n1");
}

#[test]
fn of_two_players_the_younger_stays() {
    let mut bench = playing();
    bench.lane.node_up(&NodeId::new("n2"), true, Some(&seen("n2", 4, 1)), 0);
    assert_eq!(bench.sends_and_ends(None), "delete n2");
    bench.lane.node_up(&NodeId::new("n2"), true, Some(&seen("n2", 9, 1)), 0);
    bench.lane.want(Some(player("n2", 9, Some(1))));
    assert_eq!(bench.sends_and_ends(None), "delete n1");
}

#[test]
fn a_player_without_a_track_is_made_anew_when_nobody_knows_what_it_plays() {
    let mut bench = playing();
    bench.lane.want(Some(player("n1", 5, None)));
    bench.sends_and_ends(Some(PortErrorKind::Timeout));
    bench.now_ms += 1_000;
    assert_eq!(bench.sends_and_ends(None), "delete n1");
    assert_eq!(bench.sends_and_ends(None), "patch n1");
    assert!(bench.rests());
}

#[test]
fn a_stop_that_a_node_refuses_is_made_good_by_a_deletion() {
    let mut bench = playing();
    bench.lane.want(Some(player("n1", 5, None)));
    assert_eq!(bench.sends_and_ends(Some(PortErrorKind::Refused)), "patch n1");
    assert!(!bench.rests(), "it still plays");
    bench.now_ms += 1_000;
    assert_eq!(bench.sends_and_ends(None), "delete n1");
    assert_eq!(bench.sends_and_ends(None), "patch n1");
    assert!(bench.rests());
}

#[test]
fn a_guild_that_was_rebuilt_opens_no_voice_anew_and_a_new_session_does() {
    let dials = |dial| {
        let player = player("n1", 5, Some(1));
        let dial = Some(dial);
        Some(WantedPlayer { dial, ..player })
    };
    let mut bench = Bench::default();
    bench.lane.want(dials(3));
    assert_eq!(bench.sends_and_ends(None), "patch n1");
    bench.lane.want(dials(0));
    assert!(bench.rests(), "the rebuilt guild counts from 0");
    bench.lane.want(dials(1));
    assert_eq!(bench.sends_and_ends(None), "patch n1");
}

#[test]
fn a_player_that_can_not_be_deleted_is_given_up_after_some_tries() {
    let mut bench = playing();
    bench.lane.want(None);
    let mut tries = 0;
    loop {
        match bench.next() {
            Step::Send(sending) => drop(bench.ends(*sending, Some(PortErrorKind::Gone))),
            Step::Wait(ms) => bench.now_ms += ms,
            Step::Nothing => break,
        }
        tries += 1;
        assert!(tries < 100, "it ends");
    }
    assert!(bench.lane.is_idle());
}

#[test]
fn what_a_new_incarnation_is_told_is_what_the_node_last_said() {
    let mut bench = playing();
    let node = NodeId::new("n1");
    let update = Report::Update {
        position_ms: 7_000,
        at_ms: WALL_MS + 7_000,
        connected: true,
    };
    bench.lane.heard(&node, &update, 0);
    let told = bench.lane.seen().expect("a player");
    assert_eq!(
        (told.position_ms, told.at_ms, told.tag),
        (7_000, WALL_MS + 7_000, Some(tag(1, 5)))
    );
    let ended = Report::Ended {
        tag: tag(1, 5),
        reason: EndReason::Finished,
    };
    bench.lane.heard(&node, &ended, 0);
    assert_eq!(bench.lane.seen().expect("a player").tag, None);
    assert!(bench.rests(), "the word alone changes nothing outside");
}
