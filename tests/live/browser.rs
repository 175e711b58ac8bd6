//! The playground in a real browser: every control is pressed as a person presses it, and the sound is measured where
//! it leaves the page.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sandbox::audio::Library;
use sandbox::playground::{self, Room};
use sandbox::run::stage::Stage;
use sandbox::scenario::GuildSpec;
use sandbox::serve;

use super::cdp::{self, Page};
use super::{SEED, block_on, program};

/// Longer than anything here takes on a busy machine.
const SOON: Duration = Duration::from_secs(20);

const LOUD: &str = "window.sandbox.level() > 0.01";
const QUIET: &str = "window.sandbox.level() < 0.0005";

async fn room() -> anyhow::Result<Arc<Room>> {
    let nodes = ["n1".to_owned(), "n2".to_owned()];
    let stage = Stage::prepare(program(), &nodes, SEED, serde_json::json!({})).await?;
    serve::add_tracks(&mut stage.at.catalogue());
    let spec = GuildSpec {
        text: vec!["music".into()],
        voice: vec!["Lounge".into(), "Attic".into()],
        members: vec!["ann".into(), "bob".into()],
    };
    let room = Arc::new(Room::new(stage, "Harbour", &spec, Library::default()));
    room.stage().raise().await?;
    Ok(room)
}

/// Types a line into the composer and sends it.
async fn say(page: &mut Page, text: &str) {
    page.click("#text").await;
    page.write(text).await;
    page.press("Enter").await;
    page.until("document.getElementById('text').value === ''", SOON).await;
}

fn plays(track: &str) -> String {
    format!("document.body.dataset.track === '{track}' && document.body.dataset.playing === 'true'")
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/playground")
        .join(name)
}

#[test]
fn a_newcomer_hears_breaks_and_hears_on() {
    let Some(browser) = cdp::program() else {
        println!("SKIPPED: no Chromium on PATH and no CHROMIUM; the playground was not opened in a browser");
        return;
    };
    block_on(async {
        let room = room().await.unwrap();
        let door = playground::open(Arc::clone(&room)).await.unwrap();
        let mut page = Page::open(&browser, &format!("http://{door}/")).await;
        page.resize(1_200, 800, false).await;
        listens(&mut page).await;
        controls(&mut page).await;
        walks(&mut page).await;
        breaks(&mut page).await;
        shows(&mut page).await;
        assert!(page.errors.is_empty(), "the page complained: {:?}", page.errors);
        let found = room.stage().at.finish();
        assert!(found.violations.is_empty(), "{found:?}");
        room.stage().terminate().await.unwrap();
    });
}

/// There is no sound before the button is pressed, then there is, where the player is.
async fn listens(page: &mut Page) {
    page.until("document.querySelector('[data-voice=Lounge]')", SOON).await;
    page.click("[data-voice=Lounge]").await;
    page.until("document.querySelector('[data-voice=Lounge][aria-pressed=true]')", SOON)
        .await;
    say(page, "/play First").await;
    page.until(&plays("first"), SOON).await;
    assert_eq!(page.value("window.sandbox.level()").await, 0);
    page.click("#listen").await;
    page.until(LOUD, SOON).await;
    page.until("Math.abs(window.sandbox.drift()) < 250", SOON).await;
}

/// What the listeners say is heard: pause, resume, seek, volume, a button of the card.
async fn controls(page: &mut Page) {
    say(page, "/pause").await;
    page.until(QUIET, SOON).await;
    say(page, "/resume").await;
    page.until(LOUD, SOON).await;
    say(page, "/seek position:1:30").await;
    page.until("document.getElementById('time').textContent.startsWith('1:3')", SOON)
        .await;
    page.until(&format!("{LOUD} && Math.abs(window.sandbox.drift()) < 250"), SOON)
        .await;
    say(page, "/volume level:1").await;
    page.until("window.sandbox.level() < 0.01 && window.sandbox.level() > 0", SOON)
        .await;
    say(page, "/volume level:100").await;
    page.until(LOUD, SOON).await;
    say(page, "/play Second").await;
    page.until("document.getElementById('messages').innerText.includes('Added')", SOON)
        .await;
    let skip =
        "[...document.querySelectorAll('#messages button')].find(b => b.textContent.includes('Skip') && !b.disabled)";
    page.until(skip, SOON).await;
    page.value(&format!("{{ const b = {skip}; b.id = 'skip'; }}")).await;
    page.click("#skip").await;
    page.until(&plays("second"), SOON).await;
    page.until(&format!("{LOUD} && Math.abs(window.sandbox.drift()) < 250"), SOON)
        .await;
}

/// Another member comes and goes.
async fn walks(page: &mut Page) {
    page.click("input[value=bob]").await;
    let bob_in = |channel: &str| {
        format!("document.querySelector('[data-voice={channel}]').parentElement.innerText.includes('bob')")
    };
    page.click("[data-voice=Attic]").await;
    page.until(&bob_in("Attic"), SOON).await;
    page.click("[data-voice=Lounge]").await;
    page.until(&bob_in("Lounge"), SOON).await;
    page.click("[data-voice=Lounge]").await;
    page.until(&format!("!{}", bob_in("Lounge")), SOON).await;
    page.click("input[value=ann]").await;
}

/// Nodes, gateway and process are taken away, and the music goes on.
async fn breaks(page: &mut Page) {
    let node = page.value("document.getElementById('node').textContent").await;
    page.click("[data-do=kill_node]").await;
    page.until(
        &format!("document.getElementById('node').textContent !== {node} && {LOUD}"),
        SOON,
    )
    .await;
    page.click("[data-do=revive]").await;
    page.click("[data-do=drop_gateway]").await;
    page.click("[data-do=restart]").await;
    page.until("document.getElementById('gap').dataset.starts === '1'", SOON)
        .await;
    say_and_read(page).await;
    page.click("[data-do=kill9]").await;
    page.until("document.getElementById('gap').dataset.starts === '2'", SOON)
        .await;
    say_and_read(page).await;
    let gap = page.value("Number(document.getElementById('gap').dataset.ms)").await;
    println!("kill -9 from the page: longest gap {gap} ms");
    assert!(gap.as_u64().is_some_and(|ms| ms <= 40), "{gap} ms of silence");
    page.until(LOUD, SOON).await;
}

/// The bot answers, also if it has only just come back.
async fn say_and_read(page: &mut Page) {
    let count = "document.querySelectorAll('#messages li:not(.said):not(.problem)').length";
    let before = page.value(count).await;
    say(page, "/queue").await;
    page.until(&format!("{count} > {before}"), SOON).await;
}

/// Pictures, wide, dark and of a phone's width.
async fn shows(page: &mut Page) {
    say(page, "/play Third").await;
    say(page, "/seek position:1:12").await;
    page.until("document.getElementById('time').textContent.startsWith('1:1')", SOON)
        .await;
    say(page, "/nowplaying").await;
    page.until(
        "document.querySelector('#messages li:last-child').innerText.includes('1:1')",
        SOON,
    )
    .await;
    page.picture(&picture("playground.png")).await;
    page.resize(1_200, 800, true).await;
    page.picture(&picture("dark.png")).await;
    page.resize(390, 800, false).await;
    let wide = page.value("document.documentElement.scrollWidth").await;
    assert!(wide.as_u64().is_some_and(|wide| wide <= 390), "{wide} px on a phone");
    page.picture(&picture("phone.png")).await;
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/playground.png");
        std::fs::copy(picture("playground.png"), docs).unwrap();
    }
}
