use std::path::Path;

use lofty::config::WriteOptions;
use lofty::prelude::{Accessor as _, TagExt as _};
use lofty::tag::{Tag, TagType};

use super::*;
use crate::catalogue::{Catalogue, Found};

fn header<'a>(served: &'a Served, name: &str) -> Option<&'a str> {
    let found = served.headers.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_str())
}

fn first(id: &str) -> Option<Song> {
    (id == "first").then(|| Song::new("first", "First", 3_000))
}

/// A WAV file with a title and an artist, `seconds` long.
fn write(path: &Path, title: &str, artist: &str, seconds: u64) {
    let wav = Wav::new(Arc::new(vec![1, 0, 2, 0]), Some(seconds * 1_000));
    std::fs::write(path, wav.bytes(0, wav.length())).unwrap();
    let mut tag = Tag::new(TagType::Id3v2);
    tag.set_title(title.into());
    tag.set_artist(artist.into());
    tag.save_to_path(path, WriteOptions::default()).unwrap();
}

#[test]
fn a_built_in_track_is_served_whole_and_in_parts() {
    let audio = Audio::default();
    assert_eq!(audio.source("first"), "/audio/first.wav");
    let whole = audio.serve("/audio/first.wav", None, first);
    assert_eq!((whole.status, header(&whole, "content-type")), (200, Some("audio/wav")));
    assert_eq!(whole.body.len(), 44 + 3 * RATE as usize * 2);
    let part = audio.serve("/audio/first.wav", Some("bytes=70000-70009"), first);
    assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[70_000..70_010]));
    let range = format!("bytes 70000-70009/{}", whole.body.len());
    assert_eq!(header(&part, "content-range"), Some(range.as_str()));
    let outside = audio.serve("/audio/first.wav", Some("bytes=9999999-"), first);
    assert_eq!((outside.status, outside.body.len()), (416, 0));
}

#[test]
fn what_is_no_track_is_not_there() {
    let audio = Audio::default();
    for path in [
        "/audio/second.wav",
        "/audio/first.mp3",
        "/audio/first",
        "/audio/",
        "/audio/../first.wav",
        "/audio/..%2f..%2fetc%2fpasswd.wav",
        "/first.wav",
    ] {
        assert_eq!(audio.serve(path, None, first).status, 404, "{path}");
    }
}

#[test]
fn no_more_melodies_are_kept_than_there_is_room_for() {
    let audio = Audio::default();
    for number in 0..KEPT + 3 {
        audio.melody(&format!("t{number}"));
    }
    let kept: Vec<String> = audio.loops.lock().unwrap().iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(kept.len(), KEPT);
    assert!(!kept.contains(&"t0".to_owned()) && kept[0] == format!("t{}", KEPT + 2));
}

#[test]
fn the_files_of_a_folder_are_tracks_with_what_their_tags_say() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("Album")).unwrap();
    write(&folder.path().join("Album/01.wav"), "Harbour  Lights", "The Pilots", 5);
    std::fs::write(folder.path().join("notes.txt"), "no audio").unwrap();
    std::fs::write(folder.path().join("broken.mp3"), "no audio either").unwrap();
    let library = Library::read(folder.path()).unwrap();
    let [song] = library.songs() else { panic!("{library:?}") };
    assert_eq!(
        (song.title.as_str(), song.author.as_str()),
        ("Harbour Lights", "The Pilots")
    );
    assert_eq!(song.length_ms, Some(5_000));
    let [problem] = library.problems() else {
        panic!("{library:?}")
    };
    assert!(problem.contains("broken.mp3"), "{problem}");

    let mut catalogue = Catalogue::default();
    library.offer(&mut catalogue);
    let Found::Results(found) = catalogue.find("ytsearch:harbour lights") else {
        panic!()
    };
    let id = found[0].id.clone();
    let audio = Audio::new(library);
    let source = audio.source(&id);
    let served = audio.serve(&source, Some("bytes=0-3"), |_| None);
    assert_eq!((served.status, served.body.as_slice()), (206, b"RIFF".as_slice()));
    assert_eq!(header(&served, "content-type"), Some("audio/wav"));
}

#[test]
fn no_link_leads_out_of_the_folder() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write(&other.path().join("secret.wav"), "Secret", "Nobody", 2);
    std::os::unix::fs::symlink(other.path().join("secret.wav"), folder.path().join("link.wav")).unwrap();
    std::os::unix::fs::symlink(other.path(), folder.path().join("folder")).unwrap();
    let path = folder.path().join("own.wav");
    write(&path, "Own", "Ann", 2);
    let library = Library::read(folder.path()).unwrap();
    assert_eq!(library.songs().len(), 1, "{library:?}");
    assert!(library.problems()[0].contains("leads out of the folder"), "{library:?}");
    let id = library.songs()[0].id.clone();
    let audio = Audio::new(library);
    let source = audio.source(&id);
    assert_eq!(audio.serve(&source, None, |_| None).status, 200);
    // Turned into a link since the folder was read.
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(other.path().join("secret.wav"), &path).unwrap();
    assert_eq!(audio.serve(&source, None, |_| None).status, 404);
}

#[test]
fn a_folder_without_music_says_what_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "no audio").unwrap();
    std::fs::create_dir(folder.path().join("named.mp3")).unwrap();
    let library = Library::read(folder.path()).unwrap();
    assert!(library.songs().is_empty());
    let [problem] = library.problems() else {
        panic!("{library:?}")
    };
    assert!(
        problem.contains("nothing to play") && problem.contains("flac"),
        "{problem}"
    );
}

#[test]
fn a_folder_of_ten_thousand_files_is_cut_off_with_a_line() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("0.wav"), "Zero", "Ann", 1);
    for number in 1..10_000 {
        std::fs::hard_link(folder.path().join("0.wav"), folder.path().join(format!("{number}.wav"))).unwrap();
    }
    let library = Library::read(folder.path()).unwrap();
    assert_eq!(library.songs().len(), 5_000);
    let [problem] = library.problems() else {
        panic!("{:?}", library.problems())
    };
    assert!(problem.contains("5000 files are offered"), "{problem}");
}

#[test]
fn a_folder_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Library::read(&folder.path().join("nowhere")).unwrap_err();
    assert!(format!("{missing:#}").contains("nowhere"), "{missing:#}");
    let file = folder.path().join("a.wav");
    std::fs::write(&file, "").unwrap();
    assert!(format!("{:#}", Library::read(&file).unwrap_err()).contains("no folder"));
}
