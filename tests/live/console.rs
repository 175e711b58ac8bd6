//! The console in a real browser: it shows what is so, finds a guild among many, and gives an order.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sandbox::run::chat::GuildIds;
use sandbox::run::stage::Stage;

use super::ask::{data, order};
use super::block_on;
use super::cdp::{self, Page};
use super::operator::{looked, playing_on, say};

/// Longer than anything here takes on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// Guilds in all.
const ALL: usize = 10_000;

/// Shards that they are spread over.
const SHARDS: u32 = 10;

/// Those that play.
const PLAYING: [&str; 12] = [
    "Harbour",
    "<b>Attic</b>",
    "Cellar",
    "Pier",
    "Garden",
    "Workshop",
    "Library",
    "Kitchen",
    "Lighthouse",
    "Terrace",
    "Boathouse",
    "Mill",
];

/// Pictures of the manual.
const DOCS: [(&str, &str); 3] = [
    ("console.png", "console.png"),
    ("guild.png", "console-guild.png"),
    ("parked.png", "console-parked.png"),
];

/// For the manual, a guild has lived for so long before anything happens to it.
const LIVED: Duration = Duration::from_secs(40);

/// Whether the pictures of the manual are made anew.
fn makes_pictures() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some()
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/console").join(name)
}

/// The page's text holds this.
fn says(text: &str) -> String {
    format!("document.body.innerText.includes({text:?})")
}

async fn press(page: &mut Page, within: &str, label: &str) {
    page.click(&format!(
        "[...document.querySelectorAll('{within} button')].find((button) => button.textContent === '{label}')"
    ))
    .await;
}

/// An order says what it does, asks who gives it, and is done.
async fn parks_and_releases(page: &mut Page) {
    press(page, "#orders", "Park").await;
    page.until("document.getElementById('ask').open", SOON).await;
    page.click("document.querySelector('#ask [name=who]')").await;
    page.write("eve").await;
    press(page, "#ask", "Park").await;
    page.until(&says("■ parked"), SOON).await;
    page.until(&says("Not known: it is parked; its player may sound on"), SOON)
        .await;
    page.until(&says("▲ Degraded"), SOON).await;
    page.picture(&picture("parked.png")).await;
    press(page, "#orders", "Release").await;
    page.until("document.getElementById('ask').open", SOON).await;
    assert_eq!(
        page.value("document.querySelector('#ask [name=who]').value").await,
        "eve"
    );
    press(page, "#ask", "Release").await;
    page.until(&says("● live"), SOON).await;
}

/// One guild is found among ten thousand, by name and by state, and the list is turned. Prints how long that took.
async fn finds(page: &mut Page, port: u16) {
    page.until(&says(&format!(" of {ALL} guilds")), SOON).await;
    let first = "document.querySelector('#guilds td a').href";
    let top = page.value(first).await;
    press(page, ".pages", "Next page").await;
    page.until(&format!("{first} !== {top}"), SOON).await;
    press(page, ".pages", "First page").await;
    page.until(&format!("{first} === {top}"), SOON).await;
    let (mut after, mut all) = (String::new(), BTreeSet::new());
    loop {
        let (_, found) = data(port, &format!("/guilds?limit=500{after}")).await;
        let ids: Vec<String> = found["guilds"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["guild"].as_str().unwrap().to_owned())
            .collect();
        let Some(last) = ids.last() else { break };
        after = format!("&after={last}");
        all.extend(ids);
    }
    assert_eq!(all.len(), ALL, "every guild stands on one of the pages");
    for filter in [
        "",
        "?text=idle%209",
        "?phase=live",
        "?playing=true",
        "?phase=cold&text=17",
    ] {
        let began = Instant::now();
        let (code, found) = data(port, &format!("/guilds{filter}")).await;
        assert_eq!(code, 200, "{found}");
        println!(
            "/guilds{filter}: {} of {ALL} guilds in {:?}",
            found["total"],
            began.elapsed()
        );
    }
    page.click("document.querySelector('#filter [name=text]')").await;
    page.write("attic").await;
    let took = page.until(&says("1 of 1 guilds"), SOON).await;
    println!("typed until shown, in the browser: {took:?}");
    assert_eq!(
        page.value("document.querySelectorAll('#guilds td b').length").await,
        0,
        "a name is text"
    );
    page.value("document.querySelector('#filter [name=text]').value = ''")
        .await;
    page.click("document.querySelector('#filter [name=text]')").await;
    page.write("harbour").await;
    page.until("document.querySelector('#guilds td a').textContent === 'Harbour'", SOON)
        .await;
    page.click("document.querySelector('#guilds td a')").await;
    page.until(&says("It is heard."), SOON).await;
    page.until(&says("Long Song"), SOON).await;
}

/// What a guild's page draws is what happened: a pause, a death and a lost node, each in words as well.
async fn draws(page: &mut Page, stage: &Stage, guild: &GuildIds, port: u16) {
    let count = |what: &str| format!("document.querySelectorAll('#drawing {what}').length");
    let label = "document.getElementById('timeline').getAttribute('aria-label')";
    page.until(
        &format!("{label}.includes('0 silences that nobody asked for, 0 deaths')"),
        SOON,
    )
    .await;
    say(stage, guild, "/pause").await;
    page.until(&says("Silent: a user paused it."), SOON).await;
    say(stage, guild, "/resume").await;
    page.until(&says("It is heard."), SOON).await;
    let fault = format!("/control/guilds/{}/fault", guild.id);
    assert_eq!(order(port, &fault, r#"{"kind":"panic"}"#).await.0, 200);
    page.until(
        &format!("{label}.includes(' 1 death,') && {}", count("text.fault")),
        SOON,
    )
    .await;
    let node = looked(port, guild).await["node"].as_str().unwrap().to_owned();
    stage.at.node(&node).unwrap().kill();
    let gap = format!("{label}.includes('1 silence that nobody asked for, 1 death,')");
    page.until(&format!("{gap} && {}", count("rect.gap")), SOON).await;
    stage.at.node(&node).unwrap().restart();
    page.until(&says("● Well"), SOON).await;
    let list = page.value("document.getElementById('told').textContent").await;
    for what in [
        "silence: a user paused it, ",
        " ms, because of an audio node",
        "its actor died with (fault) in hand",
    ] {
        assert!(list.as_str().unwrap().contains(what), "{what} in {list}");
    }
}

/// What is drawn anew once a second takes nobody's focus away.
async fn stays(page: &mut Page) {
    page.value("window.told = 0; source.addEventListener('guild', () => { window.told += 1; })")
        .await;
    page.value("document.querySelector('#orders button').focus()").await;
    page.until("window.told >= 2", SOON).await;
    let focus = page.value("document.activeElement.textContent").await;
    assert_eq!(focus, "Restart");
    page.value("document.activeElement.blur(); scrollTo(0, 0)").await;
}

/// A page that stays open asks again for a stream that was refused, and shows nothing of what was asked for before the
/// page that is looked at now.
async fn outlasts(page: &mut Page, all: &[GuildIds]) {
    page.value("window.old = source; source.close(); source.onerror()")
        .await;
    page.until("source !== window.old && source.readyState === EventSource.OPEN", SOON)
        .await;
    page.until(&says("● Well"), SOON).await;
    let held = "{ const real = fetch; const held = new Promise((done) => { window.letGo = done; }); \
                window.fetch = async (...what) => { const answer = await real(...what); await held; return answer; }; \
                window.asked = refresh(); window.fetch = real; }";
    page.value(held).await;
    let heading = "document.getElementById('guild-h').textContent";
    page.value(&format!("location.hash = '{}'", all[1].id)).await;
    page.until(&format!("{heading} === '{}'", PLAYING[1]), SOON).await;
    let shown = page.value(&format!("letGo(); asked.then(() => {heading})")).await;
    assert_eq!(shown, PLAYING[1]);
    page.value(&format!("location.hash = '{}'", all[0].id)).await;
    page.until(&format!("{heading} === '{}'", PLAYING[0]), SOON).await;
}

/// A recording is ordered, and the page says where it lies.
async fn records(page: &mut Page) {
    press(page, "#orders", "Record").await;
    page.until("document.getElementById('ask').open", SOON).await;
    page.until(&says("to be played with: ostinato replay FILE"), SOON).await;
    press(page, "#ask", "Record").await;
    page.until(&says("Recording until "), SOON).await;
    let line = page.value("document.querySelector('#recorded code').textContent").await;
    let file = line.as_str().and_then(|line| line.strip_prefix("ostinato replay "));
    assert!(file.is_some_and(|file| Path::new(file).is_file()), "{line}");
}

/// The pictures of one page: light, dark, and of a phone's width, from which nothing sticks out.
async fn pictures(page: &mut Page, name: &str, high: u32) {
    for (kind, width, dark) in [("", 1_280, false), ("-dark", 1_280, true), ("-phone", 390, false)] {
        page.resize(width, high, dark).await;
        page.value("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
            .await;
        let wide = page.value("document.documentElement.scrollWidth").await;
        assert!(
            wide.as_u64().is_some_and(|wide| wide <= u64::from(width)),
            "{wide} px of {width}"
        );
        page.picture(&picture(&format!("{name}{kind}.png"))).await;
    }
    page.resize(1_280, high, false).await;
}

#[test]
fn an_operator_sees_finds_and_orders_among_ten_thousand_guilds() {
    let Some(browser) = cdp::program() else {
        println!("SKIPPED: no Chromium on PATH and no CHROMIUM; the console was not opened in a browser");
        return;
    };
    block_on(async {
        let (stage, guilds, port) = playing_on(SHARDS, &PLAYING, ALL - PLAYING.len()).await;
        let mut page = Page::open(&browser, &format!("http://127.0.0.1:{port}/")).await;
        page.resize(1_280, 1_000, false).await;
        page.until(&says("● Well"), SOON).await;
        page.until(
            &format!("document.querySelectorAll('#shards tbody tr').length === {SHARDS}"),
            SOON,
        )
        .await;
        page.until(
            &format!(
                "document.querySelector('#figures b').textContent === '{}'",
                PLAYING.len()
            ),
            SOON,
        )
        .await;
        page.until(&says(&format!(" of {ALL} guilds")), SOON).await;
        pictures(&mut page, "console", 1_000).await;
        finds(&mut page, port).await;
        if makes_pictures() {
            tokio::time::sleep(LIVED).await;
        }
        draws(&mut page, &stage, &guilds[0], port).await;
        stays(&mut page).await;
        outlasts(&mut page, &guilds).await;
        // A minute is what this guild has lived.
        page.value("{ const span = document.getElementById('span'); span.value = '1'; span.dispatchEvent(new Event('change')); }")
            .await;
        pictures(&mut page, "guild", 1_000).await;
        parks_and_releases(&mut page).await;
        records(&mut page).await;
        page.click("document.querySelector('h1 a')").await;
        page.until(&says("park guild"), SOON).await;
        page.until(&says("eve"), SOON).await;
        stage.at.node("n1").unwrap().kill();
        page.until(&says("▲ Degraded"), SOON).await;
        assert!(page.errors.is_empty(), "the page complained: {:?}", page.errors);
        if makes_pictures() {
            for (name, to) in DOCS {
                let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
                std::fs::copy(picture(name), docs.join(to)).unwrap();
            }
        }
        drop(page);
        stage.terminate().await.unwrap();
    });
}
