//! The playground in a real browser: controls are pressed as a person presses them, and the sound is measured where it
//! leaves the page.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sandbox::playground::{self, Options};

use super::cdp::{self, Page};
use super::{SEED, block_on, free_port, program};

/// Longer than anything here takes on a busy machine.
const SOON: Duration = Duration::from_secs(30);

const LOUD: &str = "window.sandbox.level() > 0.01";

const QUIET: &str = "window.sandbox.level() < 0.0005";

/// The page's sound is where the player is.
const TOGETHER: &str = "Math.abs(window.sandbox.drift()) < 250";

/// The longest silence that nobody asked for, as the page names it, ms.
const GAP: &str = "parseInt(document.querySelector('#timeline .row b').textContent)";

/// Commands that were answered, as the page counts them.
const ANSWERED: &str = "Number(document.querySelectorAll('#counters b')[1].textContent)";

/// How long kill -9 may be heard, ms: a browser's test is no place to measure less.
const HEARD_MS: u64 = 100;

#[test]
fn a_newcomer_hears_breaks_and_hears_on() {
    let Some(browser) = cdp::program() else {
        println!("SKIPPED: no Chromium on PATH and no CHROMIUM; the playground was not opened in a browser");
        return;
    };
    block_on(async {
        let port = free_port();
        let options = Options {
            program: Some(program()),
            seed: SEED,
            port: Some(port),
            ..Options::default()
        };
        let house = async { playground::open(&options).await.map_err(|error| format!("{error:#}")) };
        tokio::select! {
            ended = house => panic!("the playground has ended: {ended:?}"),
            () = visit(&browser, port) => {}
        }
    });
}

async fn visit(browser: &Path, port: u16) {
    let mut page = Page::open(browser, &format!("http://127.0.0.1:{port}/")).await;
    page.resize(1_280, 900, false).await;
    let remember = "document.addEventListener('sandbox:sound', (event) => { window.told = event.detail; })";
    page.value(remember).await;
    listens(&mut page).await;
    types(&mut page).await;
    writes(&mut page).await;
    completes(&mut page).await;
    walks(&mut page).await;
    is_killed(&mut page).await;
    shows(&mut page).await;
    breaks(&mut page).await;
    let counted = page.value("document.getElementById('counters').innerText").await;
    let counted = counted.as_str().unwrap_or_default();
    assert!(
        counted.contains(" 0 lost") && counted.contains(" 0 doubled"),
        "{counted}"
    );
    assert!(page.errors.is_empty(), "the page complained: {:?}", page.errors);
}

/// There is no sound before the button is pressed; then there is, and it is where the player is.
async fn listens(page: &mut Page) {
    page.until("window.told && window.told.playing", SOON).await;
    assert_eq!(page.value("window.sandbox.level()").await, 0);
    page.click("document.getElementById('listen')").await;
    page.until(LOUD, SOON).await;
    page.until(TOGETHER, SOON).await;
    page.click("document.getElementById('listen')").await;
    page.until("window.sandbox.level() === 0", SOON).await;
    page.click("document.getElementById('listen')").await;
    page.until(LOUD, SOON).await;
}

/// Types a line into the composer and sends it.
async fn say(page: &mut Page, text: &str) {
    page.click("document.getElementById('text')").await;
    page.write(text).await;
    page.press("Enter").await;
    page.until("document.getElementById('text').value === ''", SOON).await;
}

/// What is typed and what is pressed below a card is heard.
async fn types(page: &mut Page) {
    say(page, "/pause").await;
    page.until(&format!("window.told.paused && {QUIET}"), SOON).await;
    say(page, "/resume").await;
    page.until(LOUD, SOON).await;
    say(page, "/seek position:1:30").await;
    let there = format!("window.told.position_ms >= 90000 && {LOUD} && {TOGETHER}");
    page.until(&there, SOON).await;
    say(page, "/volume level:1").await;
    page.until("window.sandbox.level() > 0 && window.sandbox.level() < 0.01", SOON)
        .await;
    say(page, "/volume level:100").await;
    page.until(LOUD, SOON).await;
    let track = page.value("window.told.track").await;
    say(page, "/skip").await;
    page.until(
        &format!("window.told.track !== {track} && window.told.playing && {LOUD} && {TOGETHER}"),
        SOON,
    )
    .await;
    shows_card(page).await;
    page.click(&button("Pause")).await;
    page.until(&format!("window.told.paused && {QUIET}"), SOON).await;
    page.click(&button("Resume")).await;
    page.until(&format!("window.told.playing && {LOUD} && {TOGETHER}"), SOON)
        .await;
}

/// A message that is a command is done, and answered beside itself.
async fn writes(page: &mut Page) {
    for (text, level) in [("!volume 90", 90), ("@bot vol 100%", 100)] {
        say(page, text).await;
        page.until(&format!("window.told.volume === {level}"), SOON).await;
    }
    let beside = "[...document.querySelectorAll('#lines li.person')].at(-1)?.nextElementSibling?.innerText ?? ''";
    page.until(&format!("({beside}).includes('The volume is 100 %')"), SOON)
        .await;
}

/// While a search is typed, the bot offers tracks; the chosen one is queued.
async fn completes(page: &mut Page) {
    page.click("document.getElementById('text')").await;
    page.write("/play query:ferry").await;
    page.until(
        "document.getElementById('offers').innerText.includes('Night Ferry')",
        SOON,
    )
    .await;
    page.press("ArrowDown").await;
    page.press("Enter").await;
    page.until(
        "document.getElementById('text').value.startsWith('/play query:http')",
        SOON,
    )
    .await;
    page.press("Enter").await;
    let answer = "[...document.querySelectorAll('#lines li.bot')].some((li) => li.innerText.includes('Night Ferry'))";
    page.until(answer, SOON).await;
}

/// Asks for a card and waits until the newest one is of the track that plays.
async fn shows_card(page: &mut Page) {
    say(page, "/nowplaying").await;
    let card = format!("{}?.closest('li').querySelector('.title')?.innerText", button("Skip"));
    let card = format!("{card} === document.querySelector('#now b').innerText");
    page.until(&card, SOON).await;
}

/// The newest button of the channel with these words.
fn button(words: &str) -> String {
    format!(
        "[...document.querySelectorAll('#lines button:enabled')].filter((b) => b.innerText.includes('{words}')).at(-1)"
    )
}

/// Somebody else comes, moves and goes; another server is silent.
async fn walks(page: &mut Page) {
    page.click("[...document.querySelectorAll('#who a')].find((a) => a.innerText === 'bob')")
        .await;
    let section = |voice: &str| {
        format!("[...document.querySelectorAll('#voice section')].find((s) => s.innerText.includes('{voice}'))")
    };
    for voice in ["Pier", "Lounge"] {
        page.until(
            "[...document.querySelectorAll('#who a[aria-current]')].some((a) => a.innerText === 'bob')",
            SOON,
        )
        .await;
        page.click(&format!("{}.querySelector('button')", section(voice))).await;
        page.until(&format!("{}.innerText.includes('bob (you)')", section(voice)), SOON)
            .await;
    }
    page.click(&format!("{}.querySelector('button')", section("Lounge")))
        .await;
    page.until("!document.getElementById('voice').innerText.includes('bob')", SOON)
        .await;
    page.click("[...document.querySelectorAll('#who a')].find((a) => a.innerText === 'ann')")
        .await;
    page.click("document.querySelector('#servers a:nth-child(2)')").await;
    page.until(&format!("!window.told.playing && {QUIET}"), SOON).await;
    page.click("document.querySelector('#servers a:nth-child(1)')").await;
    page.until(&format!("window.told.playing && {LOUD} && {TOGETHER}"), SOON)
        .await;
}

async fn press_break(page: &mut Page, what: &str) {
    page.click(&format!(
        "document.querySelector('#breaks form:has(input[value=\"{what}\"]) button')"
    ))
    .await;
}

/// Waits until the page tells that `what` has happened.
async fn told(page: &mut Page, what: &str) {
    page.until(
        &format!("document.getElementById('counters').innerText.includes('{what}')"),
        SOON,
    )
    .await;
}

/// The bot answers, also if it has only just come back.
async fn answers(page: &mut Page) {
    let before = page.value(ANSWERED).await;
    say(page, "/queue").await;
    page.until(&format!("{ANSWERED} > {before}"), SOON).await;
}

/// kill -9 is not heard, and the next process answers.
async fn is_killed(page: &mut Page) {
    press_break(page, "kill9").await;
    told(page, "was killed and connected again").await;
    answers(page).await;
    page.until(&format!("{LOUD} && {TOGETHER}"), SOON).await;
    let gap = page.value(GAP).await;
    println!("kill -9 in the playground: longest gap {gap} ms");
    assert!(gap.as_u64().is_some_and(|ms| ms <= HEARD_MS), "{gap} ms of silence");
}

/// All other buttons: the music goes on, on another node if need be.
async fn breaks(page: &mut Page) {
    press_break(page, "panic").await;
    told(page, "panicked and was back").await;
    answers(page).await;
    page.until(LOUD, SOON).await;
    press_break(page, "gateway").await;
    told(page, "the gateway dropped").await;
    answers(page).await;
    for (what, words) in [("rest", "requests with 429"), ("rest5xx", "requests with 503")] {
        press_break(page, what).await;
        told(page, words).await;
    }
    press_break(page, "restart").await;
    told(page, "was restarted and connected again").await;
    answers(page).await;
    page.until(LOUD, SOON).await;
    for (what, back) in [("kill", "is back"), ("freeze", "goes on")] {
        let node = page
            .value("document.getElementById('now').innerText.match(/node (\\w+)/)[1]")
            .await;
        let node = node.as_str().unwrap_or_default().to_owned();
        press_break(page, &format!("{what}:{node}")).await;
        let moved = format!("!document.getElementById('now').innerText.includes('node {node}')");
        page.until(&format!("{moved} && window.told.playing && {LOUD} && {TOGETHER}"), SOON)
            .await;
        press_break(page, &format!("{what}:{node}")).await;
        told(page, &format!("node {node} {back}")).await;
    }
    answers(page).await;
}

fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("target/playground")
        .join(name)
}

/// Pictures, wide, dark and of a phone's width.
async fn shows(page: &mut Page) {
    say(page, "/seek position:1:12").await;
    page.until("window.told.position_ms >= 72000", SOON).await;
    page.resize(1_280, 1_140, false).await;
    say(page, "/nowplaying").await;
    page.until(
        "document.querySelector('#lines li:last-child').innerText.includes('Skip')",
        SOON,
    )
    .await;
    page.value("window.scrollTo(0, 0); document.getElementById('lines').scrollTop = 1e6")
        .await;
    page.value("document.activeElement.blur()").await;
    page.picture(&picture("playground.png")).await;
    page.resize(1_280, 1_140, true).await;
    page.picture(&picture("dark.png")).await;
    page.resize(390, 844, false).await;
    let wide = page.value("document.documentElement.scrollWidth").await;
    assert!(wide.as_u64().is_some_and(|wide| wide <= 390), "{wide} px on a phone");
    page.picture(&picture("phone.png")).await;
    page.resize(1_280, 900, false).await;
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/playground.png");
        std::fs::copy(picture("playground.png"), docs).unwrap();
    }
}
