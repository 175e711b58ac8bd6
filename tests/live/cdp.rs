//! A browser, driven over the DevTools protocol: one page, what it shows, its clicks and keys, its errors.
//!
//! Nothing here sleeps for a fixed time: what is waited for is looked at until a deadline.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long the browser may take for anything.
const ANSWER: Duration = Duration::from_secs(30);

/// How often a page is looked at.
const LOOK: Duration = Duration::from_millis(40);

/// The browser's program: `CHROMIUM`, else what the distribution has on `PATH`.
pub(crate) fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|program| program.is_file())
}

/// One page of a browser of its own, which ends with it.
pub(crate) struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    _browser: Child,
    _profile: tempfile::TempDir,
    session: Option<String>,
    last_id: u64,
    /// What the page complained of: exceptions, console errors, refused requests.
    pub(crate) errors: Vec<String>,
}

impl Page {
    /// Starts the browser and opens `address`.
    pub(crate) async fn open(program: &Path, address: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Command::new(program)
            .args([
                "--headless=new",
                "--remote-debugging-port=0",
                "--no-sandbox",
                "--disable-gpu",
            ])
            .args(["--disable-dev-shm-usage", "--no-first-run", "--mute-audio", "--lang=en"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{} can't be started: {error}", program.display()));
        let mut lines = BufReader::new(browser.stderr.take().unwrap()).lines();
        let door = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("the browser ended");
                if let Some(door) = line.strip_prefix("DevTools listening on ") {
                    return door.to_owned();
                }
            }
        };
        let door = timeout(ANSWER, door).await.expect("the browser opens no DevTools port");
        // Its complaints must not fill the pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (socket, _) = connect_async(door).await.unwrap();
        let mut page = Self {
            socket,
            _browser: browser,
            _profile: profile,
            session: None,
            last_id: 0,
            errors: Vec::new(),
        };
        let target = page.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = page.call("Target.attachToTarget", attach).await;
        page.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.call(domain, json!({})).await;
        }
        page.call("Page.navigate", json!({ "url": address })).await;
        page.until("document.readyState === 'complete'", ANSWER).await;
        page
    }

    /// Sends a command and waits for its answer.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).await.unwrap();
        let deadline = Instant::now() + ANSWER;
        loop {
            let frame = tokio::time::timeout_at(deadline, self.socket.next()).await;
            let frame = frame.unwrap_or_else(|_| panic!("{method} was not answered"));
            let frame = frame.expect("the browser went away").unwrap();
            let Ok(text) = frame.to_text() else { continue };
            let Ok(mut told) = serde_json::from_str::<Value>(text) else {
                continue;
            };
            if told["id"] == json!(self.last_id) {
                assert!(told.get("error").is_none(), "{method}: {}", told["error"]);
                return told["result"].take();
            }
            self.note(&told);
        }
    }

    fn note(&mut self, told: &Value) {
        let params = &told["params"];
        match told["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => self.errors.push(params["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" if params["type"] == "error" => self.errors.push(params["args"].to_string()),
            "Log.entryAdded" if params["entry"]["level"] == "error" => {
                let entry = &params["entry"];
                self.errors.push(format!("{} {}", entry["text"], entry["url"]));
            }
            _ => {}
        }
    }

    /// The value of an expression in the page; promises are awaited.
    pub(crate) async fn value(&mut self, expression: &str) -> Value {
        let ask = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut told = self.call("Runtime.evaluate", ask).await;
        let wrong = told.get("exceptionDetails");
        assert!(wrong.is_none(), "{expression}: {}", wrong.unwrap_or(&Value::Null));
        told["result"]["value"].take()
    }

    /// Waits until an expression is true. Tells how long that took.
    pub(crate) async fn until(&mut self, expression: &str, within: Duration) -> Duration {
        let began = Instant::now();
        loop {
            if self.value(&format!("Boolean({expression})")).await == json!(true) {
                return began.elapsed();
            }
            if began.elapsed() > within {
                let text = self.value("document.body.innerText").await;
                let text = text.as_str().unwrap_or_default();
                panic!(
                    "not so within {} ms: {expression}\nthe page says:\n{text}\n{:?}",
                    within.as_millis(),
                    self.errors
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Clicks in the middle of the element that `element`, an expression, leads to, as a person does.
    pub(crate) async fn click(&mut self, element: &str) {
        self.until(element, ANSWER).await;
        let place = format!(
            "(() => {{ const e = {element}; e.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const r = e.getBoundingClientRect(); return {{ x: r.x + r.width / 2, y: r.y + r.height / 2 }} }})()"
        );
        let place = self.value(&place).await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Types into what has the focus.
    pub(crate) async fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses and releases a key that types nothing but what it does: `Enter`, `Escape`, `Tab`, `ArrowDown`.
    pub(crate) async fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "ArrowDown" => 40,
            other => panic!("a key that this client does not know: {other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if key == "Enter" && kind == "keyDown" {
                event["text"] = json!("\r");
            }
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Makes the page so wide and high, in CSS pixels; `dark` is the system's preference.
    pub(crate) async fn resize(&mut self, width: u32, height: u32, dark: bool) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", media).await;
    }

    /// Keeps what is seen as a PNG file.
    pub(crate) async fn picture(&mut self, file: &Path) {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" })).await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap_or_default());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes.unwrap()).unwrap();
    }
}
