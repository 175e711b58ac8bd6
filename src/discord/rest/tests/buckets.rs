//! The lines and windows, against a model of Discord's own counting.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use crate::discord::rest::buckets::{Buckets, Flight, Key, Limits, Major, Ticket, Turn};

fn key(route: &'static str, id: u64) -> Key {
    Key {
        route,
        major: Major::Id(id),
    }
}

fn limits(bucket: &str, limit: u32, remaining: u32, reset_after_ms: u64) -> Limits {
    Limits {
        bucket: Some(bucket.into()),
        limit,
        remaining,
        reset_after_ms,
    }
}

fn go(buckets: &mut Buckets, ticket: Ticket, now_ms: u64) -> Flight {
    match buckets.turn(ticket, now_ms) {
        Turn::Go(flight) => flight,
        wait @ (Turn::At(_) | Turn::Later) => panic!("not let go: {wait:?}"),
    }
}

/// Lets one through at once.
fn pass(buckets: &mut Buckets, key: Key, now_ms: u64) -> Flight {
    let ticket = buckets.enter(key, false, now_ms);
    go(buckets, ticket, now_ms)
}

#[test]
fn an_unknown_route_is_asked_once_and_then_known() {
    let mut buckets = Buckets::default();
    let first = pass(&mut buckets, key("a", 1), 0);
    let second = buckets.enter(key("a", 1), false, 0);
    assert!(matches!(buckets.turn(second, 0), Turn::Later));
    buckets.landed(first, Some(&limits("x", 5, 4, 1_000)), 10);
    let _ = go(&mut buckets, second, 10);
    // Another channel knows the limit of the route, but has a window of its own.
    for _ in 0..5 {
        let _ = pass(&mut buckets, key("a", 2), 10);
    }
    let sixth = buckets.enter(key("a", 2), false, 10);
    assert!(matches!(buckets.turn(sixth, 10), Turn::Later));
}

#[test]
fn an_empty_window_says_when_it_ends() {
    let mut buckets = Buckets::default();
    let flight = pass(&mut buckets, key("a", 1), 0);
    buckets.landed(flight, Some(&limits("x", 1, 0, 1_000)), 10);
    let ticket = buckets.enter(key("a", 1), false, 10);
    assert!(matches!(buckets.turn(ticket, 10), Turn::At(1_010)));
    assert!(matches!(buckets.turn(ticket, 1_009), Turn::At(1_010)));
    let _ = go(&mut buckets, ticket, 1_010);
}

#[test]
fn routes_of_one_bucket_share_their_window() {
    let mut buckets = Buckets::default();
    for route in ["a", "b"] {
        let flight = pass(&mut buckets, key(route, 1), 0);
        buckets.landed(flight, Some(&limits("same", 2, 0, 1_000)), 0);
    }
    let ticket = buckets.enter(key("a", 1), false, 500);
    assert!(matches!(buckets.turn(ticket, 500), Turn::At(1_000)));
    let other = buckets.enter(key("b", 2), false, 500);
    let _ = go(&mut buckets, other, 500);
}

#[test]
fn a_line_is_first_in_first_out_and_a_repeat_stands_at_its_head() {
    let mut buckets = Buckets::default();
    let flight = pass(&mut buckets, key("a", 1), 0);
    let later = buckets.enter(key("a", 1), false, 0);
    let last = buckets.enter(key("a", 1), false, 0);
    buckets.block(key("a", 1), 100);
    buckets.landed(flight, Some(&limits("x", 1, 1, 50)), 0);
    let again = buckets.enter(key("a", 1), true, 0);
    buckets.block(key("a", 1), 100);
    assert!(matches!(buckets.turn(again, 99), Turn::At(100)));
    assert!(matches!(buckets.turn(later, 100), Turn::Later));
    let flight = go(&mut buckets, again, 100);
    buckets.landed(flight, Some(&limits("x", 1, 1, 50)), 100);
    assert!(matches!(buckets.turn(last, 100), Turn::Later));
    buckets.leave(later);
    let _ = go(&mut buckets, last, 100);
    assert_eq!(buckets.waiting(), 0);
}

#[test]
fn a_route_without_limits_is_free() {
    let mut buckets = Buckets::default();
    let flight = pass(&mut buckets, key("a", 1), 0);
    buckets.landed(flight, None, 0);
    buckets.free(flight);
    for _ in 0..100 {
        let _ = pass(&mut buckets, key("a", 1), 0);
    }
}

#[test]
fn lost_answers_never_close_a_window_for_good() {
    let mut buckets = Buckets::default();
    let flight = pass(&mut buckets, key("a", 1), 0);
    buckets.landed(flight, Some(&limits("x", 2, 0, 100)), 0);
    for now in [200, 300, 400] {
        let one = pass(&mut buckets, key("a", 1), now);
        let two = pass(&mut buckets, key("a", 1), now);
        buckets.landed(one, None, now);
        buckets.landed(two, None, now);
    }
}

#[test]
fn what_is_forbidden_is_left_alone_for_a_while() {
    let mut buckets = Buckets::default();
    buckets.forbid(key("a", 1), 60_000);
    assert!(buckets.is_forbidden(key("a", 1), 59_999));
    assert!(!buckets.is_forbidden(key("a", 2), 0));
    assert!(!buckets.is_forbidden(key("a", 1), 60_000));
}

#[test]
fn a_hundred_thousand_interactions_leave_nothing_behind() {
    let mut buckets = Buckets::default();
    let mut most = 0;
    for n in 0..100_000_u64 {
        let key = Key {
            route: "edit",
            major: Major::Webhook(7, n),
        };
        let flight = pass(&mut buckets, key, n * 5);
        buckets.landed(flight, Some(&limits("x", 5, 4, 1_000)), n * 5 + 1);
        most = most.max(buckets.len());
    }
    assert!(most < 3_000, "{most} entries");
    let flight = pass(&mut buckets, key("edit", 1), 10_000_000);
    buckets.landed(flight, None, 10_000_000);
    assert!(buckets.len() <= 1);
}

/// Discord's side: a window of `limit` requests begins with the first one and ends `period_ms` later.
struct Model {
    limit: u32,
    period_ms: u64,
    /// Per id: when the window ends, and what was counted in it.
    windows: HashMap<u64, (u64, u32)>,
}

impl Model {
    /// What it answers; `None`: 429.
    fn arrives(&mut self, id: u64, now_ms: u64) -> Option<Limits> {
        let window = self.windows.entry(id).or_insert((0, 0));
        if now_ms >= window.0 {
            *window = (now_ms + self.period_ms, 0);
        }
        window.1 += 1;
        (window.1 <= self.limit).then(|| limits("x", self.limit, self.limit - window.1, window.0 - now_ms))
    }
}

enum Step {
    /// A request wants to leave, to this id; the way takes so long there and back.
    Enter(u64, u64, u64),
    Arrive(Flight, u64, u64),
    Return(Flight, Option<Limits>),
    Retry,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever comes when, and however long answers take: nothing is refused, everything leaves, order holds.
    #[test]
    fn discord_never_refuses_and_everything_leaves_in_order(
        limit in 1_u32..6,
        period_ms in 60_u64..3_000,
        calls in proptest::collection::vec((0_u64..4_000, 0_u64..3, 1_u64..200, 1_u64..200), 1..60),
    ) {
        let mut buckets = Buckets::default();
        let mut model = Model { limit, period_ms, windows: HashMap::new() };
        let mut steps: BTreeMap<(u64, u64), Step> = BTreeMap::new();
        let mut serial = 0;
        let mut add = |steps: &mut BTreeMap<(u64, u64), Step>, at: u64, step: Step| {
            serial += 1;
            steps.insert((at, serial), step);
        };
        let count = calls.len();
        for (at, id, there, back) in calls {
            add(&mut steps, at, Step::Enter(id, there, back));
        }
        let mut waiting: Vec<(Ticket, u64, u64, u64, u64)> = Vec::new();
        let mut left: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut entered: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut done = 0;
        let mut name = 0;
        while let Some(((now, _), step)) = steps.pop_first() {
            prop_assert!(now < 1_000_000, "it never ends");
            match step {
                Step::Enter(id, there, back) => {
                    let ticket = buckets.enter(key("a", id), false, now);
                    name += 1;
                    entered.entry(id).or_default().push(name);
                    waiting.push((ticket, name, id, there, back));
                }
                Step::Arrive(flight, id, back) => {
                    let answer = model.arrives(id, now);
                    prop_assert!(answer.is_some(), "refused at {now} ms");
                    add(&mut steps, now + back, Step::Return(flight, answer));
                }
                Step::Return(flight, answer) => {
                    buckets.landed(flight, answer.as_ref(), now);
                    done += 1;
                }
                Step::Retry => {}
            }
            let mut still = Vec::new();
            for (ticket, name, id, there, back) in waiting.drain(..) {
                match buckets.turn(ticket, now) {
                    Turn::Go(flight) => {
                        left.entry(id).or_default().push(name);
                        add(&mut steps, now + there, Step::Arrive(flight, id, back));
                    }
                    Turn::At(at) => {
                        prop_assert!(at > now);
                        // One look at each time is enough.
                        steps.entry((at, 0)).or_insert(Step::Retry);
                        still.push((ticket, name, id, there, back));
                    }
                    Turn::Later => still.push((ticket, name, id, there, back)),
                }
            }
            waiting = still;
        }
        prop_assert_eq!(done, count);
        prop_assert_eq!(left, entered);
        prop_assert_eq!(buckets.waiting(), 0);
    }
}
