//! Everything that can be said, each with the facts that its words must hold.

use ostinato_machine::guild::{JoinBlock, LoopMode, PlayerView, Refusal, Say, VoiceView, VolumeView};
use ostinato_machine::ids::ChannelId;

use super::{added, brief, history_view, now_view, queue_view, voice_view};

/// Every variant once at least, with the facts that its words must hold.
pub(super) fn says() -> Vec<(Say, Vec<&'static str>)> {
    let channel = ChannelId(55);
    let track = brief("First");
    let mut all = vec![
        (Say::Working, vec!["Working"]),
        (Say::Pressed(None), vec!["Nothing is playing", "/play"]),
        (
            Say::Pressed(Some(Box::new(now_view()))),
            vec!["Now playing", "First", "1:12 / 3:07", "next: Second"],
        ),
        (Say::Joined { channel }, vec!["<#55>"]),
        (Say::Left { channel, kept: 0 }, vec!["<#55>"]),
        (
            Say::Left { channel, kept: 1 },
            vec!["<#55>", "1 track is kept", "/connect"],
        ),
        (
            Say::Left { channel, kept: 12 },
            vec!["<#55>", "12 tracks are kept", "/connect"],
        ),
        (added(), vec!["First", "3:07", "place 3", "<t:1000000060:R>"]),
        (
            Say::Added {
                first: track.clone(),
                count: 1,
                position: 0,
                left_out: 0,
                limit: 5_000,
                playlist: None,
                starts_in_ms: Some(0),
            },
            vec!["Now playing", "First"],
        ),
        (
            Say::Added {
                first: track.clone(),
                count: 40,
                position: 2,
                left_out: 1,
                limit: 5_000,
                playlist: Some("My *mix*".into()),
                starts_in_ms: None,
            },
            vec![
                "40 tracks",
                "My \\*mix\\*",
                "First",
                "place 2",
                "1 track was left out",
                "5,000",
            ],
        ),
        (
            Say::Added {
                first: track.clone(),
                count: 2,
                position: 4_990,
                left_out: 1_200,
                limit: 5_000,
                playlist: Some("".into()),
                starts_in_ms: None,
            },
            vec!["2 tracks", "place 4,990", "1,200 tracks were left out"],
        ),
        (Say::Paused { track: track.clone() }, vec!["Paused", "First", "/resume"]),
        (
            Say::Resumed {
                track: track.clone(),
                alone: false,
            },
            vec!["First", "goes on"],
        ),
        (
            Say::Resumed {
                track: track.clone(),
                alone: true,
            },
            vec!["First", "somebody listens"],
        ),
        (
            Say::Skipped {
                track: track.clone(),
                next: Some(brief("Second")),
            },
            vec!["Skipped", "First", "Second"],
        ),
        (
            Say::Skipped {
                track: track.clone(),
                next: None,
            },
            vec!["First", "queue is empty"],
        ),
        (Say::Stopped { cleared: 0 }, vec!["Stopped"]),
        (Say::Stopped { cleared: 3 }, vec!["Stopped", "3 tracks"]),
        (
            Say::Sought {
                track: track.clone(),
                position_ms: 90_000,
            },
            vec!["First", "1:30", "3:07"],
        ),
        (
            Say::Autoplay { on: true },
            vec!["Autoplay is on", "Whatever you ask for goes first"],
        ),
        (Say::Autoplay { on: false }, vec!["Autoplay is off"]),
        (
            Say::AutoplayOver {
                leaves_in_ms: Some(300_000),
            },
            vec!["nothing new", "/play", "I leave <t:"],
        ),
        (Say::Volume { percent: 80 }, vec!["80 %"]),
        (Say::Loop { mode: LoopMode::Off }, vec!["Nothing repeats"]),
        (Say::Loop { mode: LoopMode::Track }, vec!["current track repeats"]),
        (Say::Loop { mode: LoopMode::Queue }, vec!["queue repeats"]),
        (
            Say::Removed {
                track: track.clone(),
                index: 7,
                count: 1,
            },
            vec!["Removed", "First", "place 7"],
        ),
        (
            Say::Removed {
                track: track.clone(),
                index: 3,
                count: 5,
            },
            vec!["Removed 5 tracks", "places 3 to 7", "First"],
        ),
        (
            Say::Sought {
                track: track.clone(),
                position_ms: 0,
            },
            vec!["First", "from its start"],
        ),
        (
            Say::Moved {
                track: track.clone(),
                from: 7,
                to: 2,
            },
            vec!["Moved", "First", "7", "2"],
        ),
        (Say::Shuffled { count: 12 }, vec!["12 tracks"]),
        (Say::Cleared { count: 1 }, vec!["1 track", "plays on"]),
        (
            Say::Queue(Box::new(queue_view())),
            vec![
                "First",
                "Song 11",
                "Song 20",
                "`11`",
                "`20`",
                "Page 2 of 34",
                "340 tracks",
                "1:02:03",
                "<@44>",
            ],
        ),
        (
            Say::NowPlaying(Box::new(now_view())),
            vec![
                "First",
                "Ann Author",
                "<@44>",
                "▓▓▓▓░░░░░░░░ 1:12 / 3:07",
                "<t:1000000115:R>",
                "80 %",
                "repeats this track",
                "next: Second",
                "https://music.example/cover.png",
            ],
        ),
        (
            Say::Refused(Refusal::NothingPlaying),
            vec!["Nothing is playing", "/play"],
        ),
        (
            Say::Unsaved(Box::new(Say::Volume { percent: 80 })),
            vec!["80 %", "Not saved"],
        ),
        (Say::NoNode, vec!["No audio server", "by itself"]),
        (
            Say::TrackFailed {
                track: track.clone(),
                message: "403 *forbidden*".into(),
            },
            vec!["First", "passed over", "403 \\*forbidden\\*"],
        ),
        (
            Say::TrackFailed {
                track,
                message: "".into(),
            },
            vec!["First", "passed over."],
        ),
        (Say::FailuresHeld { count: 5 }, vec!["5 tracks", "in a row"]),
        (
            Say::LeftAlone { kept: 2 },
            vec!["nobody was listening", "2 tracks are kept"],
        ),
        (
            Say::QueueEnded {
                leaves_in_ms: Some(60_000),
            },
            vec!["queue is over", "/play", "I leave <t:1000000060:R>"],
        ),
        (Say::QueueEnded { leaves_in_ms: None }, vec!["queue is over", "/play"]),
        (Say::Suppressed { channel }, vec!["audience", "<#55>", "by itself"]),
        (
            Say::ChannelGone { kept: 2 },
            vec!["deleted", "2 tracks are kept", "/connect"],
        ),
        (Say::LeftIdle, vec!["nothing was playing"]),
        (Say::TakenOut { kept: 0 }, vec!["took me out", "/connect"]),
        (Say::VoiceRefused { code: 4017 }, vec!["end-to-end encryption", "4017"]),
        (Say::VoiceRefused { code: 4004 }, vec!["4004", "/connect"]),
        (
            Say::JoinFailed {
                channel,
                why: JoinBlock::Speak,
            },
            vec!["<#55>", "\"Speak\""],
        ),
    ];
    all.extend(read_only());
    all
}

/// What is only read, beside the queue and the current track.
fn read_only() -> Vec<(Say, Vec<&'static str>)> {
    let volume = |percent, is_set| {
        Say::VolumeInfo(VolumeView {
            percent,
            is_set,
            default: 100,
            max: 200,
        })
    };
    let voice = |player, listeners| {
        Say::VoiceInfo(VoiceView {
            player,
            listeners,
            ..voice_view()
        })
    };
    vec![
        (
            Say::History(Box::new(history_view())),
            vec![
                "History",
                "`11`",
                "Song 11",
                "Song 12",
                "3:07",
                "<@44>",
                "Page 2 of 2",
                "12 tracks",
                "newest first",
            ],
        ),
        (
            Say::VoiceInfo(voice_view()),
            vec!["<#55>, connected", "2 people", "playing", "3 tracks queued"],
        ),
        (
            voice(PlayerView::Alone, Some(0)),
            vec!["nobody", "waiting for listeners"],
        ),
        (
            voice(PlayerView::Paused, Some(1)),
            vec!["1 person", "paused", "/resume"],
        ),
        (voice(PlayerView::Waiting, None), vec!["not known yet", "about to play"]),
        (voice(PlayerView::Suppressed, Some(1)), vec!["audience of a stage"]),
        (
            Say::VoiceInfo(VoiceView {
                player: PlayerView::Idle,
                leaves_in_ms: Some(60_000),
                ..voice_view()
            }),
            vec!["nothing is playing", "Leaves by itself <t:1000000060:R>"],
        ),
        (
            Say::VoiceInfo(VoiceView {
                connected: false,
                ..voice_view()
            }),
            vec!["<#55>, about to connect"],
        ),
        (
            Say::VoiceInfo(VoiceView {
                node: false,
                ..voice_view()
            }),
            vec!["waiting for an audio server"],
        ),
        (volume(100, false), vec!["100 %", "the default", "0 to 200 %"]),
        (volume(40, true), vec!["40 %", "/volume", "default is 100 %"]),
    ]
}

pub(super) fn refusals() -> Vec<(Refusal, Vec<&'static str>)> {
    let channel = ChannelId(55);
    let cannot = |why| Refusal::CannotJoin { channel, why };
    vec![
        (Refusal::NotInVoice, vec!["voice channel"]),
        (Refusal::OtherChannel { bot: channel }, vec!["<#55>", "Join it"]),
        (Refusal::BotNotInVoice, vec!["no voice channel", "/connect"]),
        (Refusal::NothingPlaying, vec!["Nothing is playing", "/play"]),
        (Refusal::OtherTrack, vec!["over", "/nowplaying"]),
        (Refusal::QueueEmpty, vec!["empty", "/play"]),
        (Refusal::AlreadyHere { channel }, vec!["<#55>", "already"]),
        (Refusal::AlreadyPaused, vec!["paused already", "/resume"]),
        (Refusal::NotPaused { alone: false }, vec!["not paused"]),
        (Refusal::NotPaused { alone: true }, vec!["listeners"]),
        (Refusal::Suppressed { channel }, vec!["audience", "<#55>", "by itself"]),
        (Refusal::QueueFull { limit: 5_000 }, vec!["full", "5,000 tracks"]),
        (Refusal::EmptyQuery, vec!["nothing to search", "/play"]),
        (Refusal::QueryTooLong { limit: 500 }, vec!["too long", "500 characters"]),
        (
            Refusal::NothingFound { query: "a *b*".into() },
            vec!["Nothing was found", "a \\*b\\*"],
        ),
        (
            Refusal::NothingFound {
                query: "dz: blue".into(),
            },
            vec!["Deezer has nothing", "does not offer Deezer", "without \"dz:\""],
        ),
        (
            Refusal::LoadError { message: "gone".into() },
            vec!["could not load", "gone"],
        ),
        (Refusal::LoadError { message: "".into() }, vec!["no reason"]),
        (Refusal::SearchTimeout, vec!["search took too long"]),
        (Refusal::NoNode, vec!["No audio server"]),
        (Refusal::NotSeekable, vec!["no positions"]),
        (Refusal::BehindEnd { length_ms: 187_000 }, vec!["3:07"]),
        (Refusal::VolumeRange { max: 200 }, vec!["0 to 200 %"]),
        (Refusal::TooFewToShuffle, vec!["two queued tracks", "/play"]),
        (Refusal::NoHistory, vec!["history is empty"]),
        (Refusal::NoSuchEntry { index: 9, count: 1 }, vec!["place 9", "1 track"]),
        (Refusal::TooManyPending { limit: 16 }, vec!["16 commands"]),
        (cannot(JoinBlock::View), vec!["<#55>", "View Channel"]),
        (cannot(JoinBlock::Connect), vec!["<#55>", "\"Connect\""]),
        (cannot(JoinBlock::Speak), vec!["<#55>", "\"Speak\""]),
        (cannot(JoinBlock::Full), vec!["<#55>", "full"]),
        (cannot(JoinBlock::Gone), vec!["gone"]),
        (cannot(JoinBlock::Unknown), vec!["<#55>", "no answer"]),
        (Refusal::Expired, vec!["too long", "Repeat"]),
        (Refusal::TooLate, vec!["too late", "not done", "Repeat"]),
        (Refusal::Busy, vec!["at once"]),
        (Refusal::Parked { reference: "K7".into() }, vec!["repaired", "K7"]),
        (Refusal::Fault { reference: "K7".into() }, vec!["fault", "K7"]),
        (Refusal::ShuttingDown, vec!["restarting", "Repeat"]),
        (Refusal::StoreDown, vec!["can't be read", "Repeat"]),
    ]
}
