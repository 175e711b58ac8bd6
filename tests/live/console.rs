//! The console in a real browser: it shows what is so, finds a guild among many, and gives an order.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::block_on;
use super::cdp::{self, Page};
use super::operator::playing;

/// Longer than anything here takes on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// Guilds that sleep beside those that play.
const IDLE: usize = 300;

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
    page.until(&says("Silent: it is parked."), SOON).await;
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

#[test]
fn an_operator_sees_finds_and_orders_in_the_console() {
    let Some(browser) = cdp::program() else {
        println!("SKIPPED: no Chromium on PATH and no CHROMIUM; the console was not opened in a browser");
        return;
    };
    block_on(async {
        let (stage, guilds, port) = playing(&["Harbour", "<b>Attic</b>", "Cellar"], IDLE).await;
        let mut page = Page::open(&browser, &format!("http://127.0.0.1:{port}/")).await;
        page.resize(1_280, 1_000, false).await;
        page.until(&says("● Well"), SOON).await;
        page.until(&says("50 of 303 guilds"), SOON).await;
        page.until("document.querySelector('#figures b').textContent === '3'", SOON)
            .await;
        page.picture(&picture("console.png")).await;

        page.click("document.querySelector('#filter [name=text]')").await;
        page.write("attic").await;
        page.until(&says("1 of 1 guilds"), SOON).await;
        assert_eq!(
            page.value("document.querySelectorAll('#guilds td b').length").await,
            0,
            "a name is text"
        );
        page.value("document.querySelector('#filter [name=text]').value = ''")
            .await;
        page.click("document.querySelector('#filter [name=text]')").await;
        page.write("harbour").await;
        page.until(&says("Harbour"), SOON).await;
        page.click("document.querySelector('#guilds td a')").await;
        page.until(&says("It is heard."), SOON).await;
        page.until(&says("Long Song"), SOON).await;
        page.picture(&picture("guild.png")).await;

        parks_and_releases(&mut page).await;
        page.click("document.querySelector('h1 a')").await;
        page.until(&says("park guild"), SOON).await;
        page.until(&says("eve"), SOON).await;
        page.resize(1_280, 1_000, true).await;
        page.picture(&picture("dark.png")).await;
        page.resize(390, 844, false).await;
        let wide = page.value("document.documentElement.scrollWidth").await;
        assert!(wide.as_u64().is_some_and(|wide| wide <= 390), "{wide} px on a phone");
        page.picture(&picture("phone.png")).await;
        stage.at.node("n1").unwrap().kill();
        page.until(&says("▲ Degraded"), SOON).await;
        assert!(page.errors.is_empty(), "the page complained: {:?}", page.errors);
        assert_eq!(guilds.len(), 3);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            for name in ["console.png", "guild.png", "parked.png"] {
                let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
                let to = if name == "console.png" {
                    name.to_owned()
                } else {
                    format!("console-{name}")
                };
                std::fs::copy(picture(name), docs.join(to)).unwrap();
            }
        }
        drop(page);
        stage.terminate().await.unwrap();
    });
}
