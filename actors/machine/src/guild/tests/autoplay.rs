//! Autoplay: looking ahead, going on, coming second, learning, giving up.

mod choice;
mod model;

use super::*;

/// A track by somebody.
fn by(artist: &str, title: &str) -> Arc<Track> {
    Arc::new(Track {
        author: artist.into(),
        ..track(title).as_ref().clone()
    })
}

impl World {
    fn autoplay(titles: &[&str]) -> Self {
        Self::playing(titles).with_autoplay()
    }

    fn with_autoplay(self) -> Self {
        let mut world = self;
        assert_eq!(
            world.say(ANN, Command::Autoplay { on: true }),
            Some(Say::Autoplay { on: true })
        );
        world
    }

    /// Lets the time come at which a track is looked for; the question, if there is one.
    fn looks(&mut self) -> Option<Ask> {
        let at_ms = self.g.autoplay_due_ms()?;
        self.now = self.now.max(at_ms);
        self.put(Input::Wake);
        self.asked.pop()
    }

    fn finds(&mut self, ask: &Ask, mix: &[Arc<Track>], artist: &[Arc<Track>]) {
        let Question::Related { seed } = &ask.question else {
            panic!("{ask:?}");
        };
        let related = Related {
            seed: Arc::clone(seed),
            mix: mix.to_vec(),
            artist: artist.to_vec(),
        };
        self.put(Input::Done {
            ticket: ask.ticket,
            outcome: Outcome::Related(related),
        });
    }

    fn fails(&mut self, ask: &Ask) {
        let outcome = Outcome::Failed(AskError::Timeout);
        self.put(Input::Done {
            ticket: ask.ticket,
            outcome,
        });
    }

    /// The current track plays to its end.
    fn plays_out(&mut self) {
        self.started();
        self.now += 60_000;
        self.ended(self.tag(), EndReason::Finished);
    }

    fn next_title(&self) -> Option<String> {
        self.g.picked().map(|entry| entry.track.title.to_string())
    }

    fn dies(&mut self) {
        let limits = self.g.limits.clone();
        let (own, seats) = (self.g.passing.own.clone(), seats(&self.g));
        let incarnation = self.g.passing.incarnation + 1;
        self.g = Guild::restore(GuildId(1), 1, None, &self.records, limits).expect("restored");
        self.put(Input::Restored(Box::new(Restored {
            incarnation,
            seats,
            own,
            ..Restored::default()
        })));
    }
}

#[test]
fn while_the_last_track_plays_the_next_one_is_found_and_follows_without_a_pause() {
    let mut world = World::autoplay(&["a", "b"]);
    assert_eq!(
        world.looks(),
        None,
        "as long as something is queued nothing is looked for"
    );
    world.say(ANN, Command::Skip);
    world.started();
    let ask = world.looks().expect("a question");
    assert_eq!(world.looks(), None, "one question at a time");
    world.finds(&ask, &[by("c", "m")], &[]);
    assert_eq!(world.next_title().as_deref(), Some("m"));
    assert!(
        wants(&world.g).card.unwrap().face.unwrap().next.is_some(),
        "the card tells what follows"
    );
    let before = world.said.len();
    world.plays_out();
    assert_eq!(
        (world.title().as_deref(), world.said.len()),
        (Some("m"), before),
        "and nothing is said of an end"
    );
    assert_eq!(world.g.chosen(), Some(&Why::Mix { of: "b".into() }));
    let current = &world.g.kept.current.as_ref().unwrap().entry;
    assert_eq!(current.by, UserId::NOBODY);
    assert_eq!(world.g.kept.leave_at_ms, None);
}

#[test]
fn what_comes_late_starts_when_it_comes_unless_somebody_was_faster_or_stopped() {
    let late = |then: fn(&mut World)| {
        let mut world = World::autoplay(&["a"]);
        let ask = world.looks().expect("a question");
        world.plays_out();
        assert_eq!(world.title(), None);
        assert!(
            !world.said.contains(&Say::QueueEnded {
                leaves_in_ms: Some(300_000)
            }),
            "the music may go on"
        );
        then(&mut world);
        world.finds(&ask, &[by("c", "m")], &[]);
        world.title()
    };
    assert_eq!(late(|_| {}).as_deref(), Some("m"));
    let faster = |world: &mut World| drop(world.play(&["x"], Where::End));
    assert_eq!(late(faster).as_deref(), Some("x"));
    let stop = |world: &mut World| assert_eq!(world.say(ANN, Command::Stop), Some(Say::Stopped { cleared: 0 }));
    assert_eq!(late(stop), None);
    let off = |world: &mut World| drop(world.say(ANN, Command::Autoplay { on: false }));
    assert_eq!(late(off), None);
    let leave = |world: &mut World| drop(world.say(ANN, Command::Disconnect));
    assert_eq!(late(leave), None);
}

#[test]
fn what_a_user_asks_for_comes_first_and_what_follows_is_looked_for_anew() {
    let mut world = World::autoplay(&["a"]);
    let ask = world.looks().unwrap();
    world.finds(&ask, &[by("c", "m")], &[]);
    world.play(&["x"], Where::End);
    assert_eq!(world.next_title(), None);
    world.plays_out();
    assert_eq!(world.title().as_deref(), Some("x"));
    world.started();
    let Some(Ask { question, .. }) = world.looks() else {
        panic!("it looks around the new track");
    };
    assert!(matches!(question, Question::Related { seed } if &*seed.title == "x"));
}

#[test]
fn a_stop_ends_what_was_prepared_and_autoplay_stays_on() {
    let mut world = World::autoplay(&["a"]);
    let ask = world.looks().unwrap();
    world.finds(&ask, &[by("c", "m")], &[]);
    world.say(ANN, Command::Stop);
    assert_eq!((world.title(), world.next_title(), world.looks()), (None, None, None));
    world.play(&["b"], Where::End);
    world.started();
    assert!(world.looks().is_some());
}

#[test]
fn a_skip_goes_to_what_was_prepared_and_says_so() {
    let mut world = World::autoplay(&["a"]);
    let ask = world.looks().unwrap();
    world.finds(&ask, &[by("c", "m")], &[]);
    let Some(Say::Skipped { next, .. }) = world.say(ANN, Command::Skip) else {
        panic!("skipped");
    };
    assert_eq!(next.map(|next| next.title.to_string()).as_deref(), Some("m"));
    assert_eq!(world.title().as_deref(), Some("m"));
}

#[test]
fn nothing_of_the_history_comes_again_nor_what_never_ends() {
    let mut world = World::autoplay(&["a", "b", "c"]);
    world.plays_out();
    world.plays_out();
    world.started();
    let ask = world.looks().unwrap();
    let again = by("a", "A (Official Video)");
    let live = Arc::new(Track {
        length_ms: None,
        ..track("live").as_ref().clone()
    });
    let hours = Arc::new(Track {
        length_ms: Some(3_600_000),
        ..track("set").as_ref().clone()
    });
    let found = [again, by("a", "b"), by("a", "c"), live, hours, by("a", "new")];
    world.finds(&ask, &[], &found);
    assert_eq!(world.next_title().as_deref(), Some("new"));
    world.plays_out();
    assert_eq!(world.g.chosen(), Some(&Why::Artist { name: "a".into() }));
}

#[test]
fn a_search_that_finds_nothing_is_tried_around_another_artist_and_given_up_after_three() {
    let mut world = World::new();
    world.play(&["a"], Where::End);
    world.join();
    world.plays_out();
    world.say(
        ANN,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    let ticket = world.asked.pop().unwrap().ticket;
    let outcome = Outcome::Loaded(Loaded::Track(by("other", "z")));
    world.put(Input::Done { ticket, outcome });
    world.say(ANN, Command::Autoplay { on: true });
    world.started();
    let mut seeds = Vec::new();
    let mut seed = |ask: &Ask| {
        if let Question::Related { seed } = &ask.question {
            seeds.push(seed.title.to_string());
        }
    };
    for _ in 0..2 {
        let ask = world.looks().unwrap();
        seed(&ask);
        world.fails(&ask);
    }
    assert_eq!(seeds, ["z", "a"]);
    world.now = world.g.kept.current.as_ref().unwrap().began_ms + 60_000;
    world.ended(world.tag(), EndReason::Finished);
    assert_eq!(world.title(), None);
    let ask = world.looks().expect("one try is left");
    world.fails(&ask);
    let last = world.said.last().cloned();
    assert!(
        matches!(last, Some(Say::AutoplayOver { leaves_in_ms: Some(_) })),
        "{last:?}"
    );
    assert_eq!(world.looks(), None, "and then it rests");
    assert!(world.g.kept.leave_at_ms.is_some());
}

#[test]
fn while_something_plays_a_search_that_failed_is_forgiven_in_time() {
    let mut world = World::autoplay(&["a"]);
    for _ in 0..4 {
        let ask = world.looks().unwrap();
        world.fails(&ask);
    }
    let due_ms = world.g.autoplay_due_ms().unwrap();
    let rest_ms = due_ms - world.now;
    assert!((60_000..75_000).contains(&rest_ms), "one search a minute: {rest_ms}");
    let ask = world.looks().unwrap();
    world.finds(&ask, &[by("c", "m")], &[]);
    world.plays_out();
    world.plays_out();
    assert_eq!(
        world.g.autoplay().unwrap().misses,
        0,
        "what is heard to its end wipes them out"
    );
}

#[test]
fn chosen_tracks_that_can_not_be_played_use_the_tries_up() {
    let mut world = World::autoplay(&["a"]);
    for place in 0.. {
        let Some(ask) = world.looks() else { break };
        assert!(place < 5, "it ends");
        world.finds(&ask, &[by("c", &format!("m{place}"))], &[]);
        if world.title().as_deref() == Some("a") {
            world.plays_out();
        }
        world.started();
        world.ended(world.tag(), EndReason::LoadFailed);
    }
    assert_eq!(world.title(), None);
    assert!(world.said.iter().any(|say| matches!(say, Say::AutoplayOver { .. })));
}

#[test]
fn a_skipped_artist_is_chosen_less_and_a_heard_one_again() {
    let found = |rank: usize| -> Vec<Arc<Track>> {
        (0..6)
            .map(|n| by(&format!("artist {rank}"), &format!("t{rank}{n}")))
            .collect()
    };
    let mut world = World::autoplay(&["a"]);
    for title in ["x", "y", "z"] {
        let ask = world.looks().unwrap();
        world.finds(&ask, &found(0), &[]);
        world.plays_out();
        world.started();
        world.now += 5_000;
        world.say(ANN, Command::Skip);
        world.play(&[title], Where::End);
        world.started();
    }
    let artist = world.g.autoplay().unwrap().against.first().copied().unwrap();
    assert!(artist.points >= 6, "{artist:?}");
    let ask = world.looks().unwrap();
    let mixed: Vec<Arc<Track>> = found(0).into_iter().chain(found(1)).collect();
    world.finds(&ask, &mixed, &[]);
    assert!(
        world.next_title().unwrap().starts_with("t1"),
        "{:?}",
        world.next_title()
    );
    world.plays_out();
    world.plays_out();
    let after = world.g.autoplay().unwrap().against.first().copied().unwrap();
    assert!(after.points < artist.points, "it is forgotten in time");
}

#[test]
fn loops_live_streams_and_lonely_bots_look_for_nothing() {
    let mut world = World::autoplay(&["a"]);
    world.say(ANN, Command::Loop { mode: LoopMode::Queue });
    assert_eq!(world.g.autoplay_due_ms(), None);
    world.say(ANN, Command::Loop { mode: LoopMode::Off });
    for user in [ANN, BOB] {
        world.put(Input::Seat(seat(user, None)));
    }
    assert_eq!(world.g.autoplay_due_ms(), None);
    world.put(Input::Seat(seat(ANN, Some(LOUNGE))));
    assert!(world.g.autoplay_due_ms().is_some());
}

#[test]
fn it_survives_the_process_at_every_point() {
    let mut world = World::autoplay(&["a"]);
    let lost = world.looks().unwrap();
    world.dies();
    let ask = world.looks().expect("the question that was lost is asked again");
    world.fails(&lost);
    world.finds(&ask, &[by("c", "m")], &[]);
    world.dies();
    assert_eq!(world.next_title().as_deref(), Some("m"));
    world.join();
    world.plays_out();
    assert_eq!(world.title().as_deref(), Some("m"));
    world.dies();
    assert_eq!(world.g.chosen(), Some(&Why::Mix { of: "a".into() }));
    world.join();
    world.plays_out();
    assert_eq!(world.title(), None);
    world.dies();
    world.join();
    let ask = world.looks().expect("it still waits for what follows");
    world.finds(&ask, &[by("c", "n")], &[]);
    assert_eq!(world.title().as_deref(), Some("n"));
}
