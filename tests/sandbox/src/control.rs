//! The bot's status and control interface, as an operator uses it.

use std::time::Duration;

use serde_json::{Value, json};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(3);

/// How long somebody waits who asked too often, and how often they ask again.
const LATER: (Duration, usize) = (Duration::from_millis(250), 20);

/// A way to the interface of the bot that serves it on a port. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Control {
    client: reqwest::Client,
    base: String,
}

/// A death, as the bot tells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Death {
    /// When, ms since 1970.
    pub at_ms: u64,
    /// The guild.
    pub guild: u64,
    /// Which incarnation of its actor.
    pub incarnation: String,
    /// The input that it had in hand.
    pub input: String,
    /// Where in the code.
    pub place: String,
    /// What its user was told.
    pub reference: String,
}

impl Death {
    /// Reads it; `None` if there is none.
    pub fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Some(Self {
            at_ms: value["at_ms"].as_u64()?,
            guild: value["guild"].as_str()?.parse().ok()?,
            incarnation: text("incarnation"),
            input: text("input"),
            place: text("place"),
            reference: text("reference"),
        })
    }

    /// Whether an operator ordered it.
    pub fn was_ordered(&self) -> bool {
        self.input == "(fault)"
    }
}

impl Control {
    /// The interface on `port` of this machine.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn on(port: u16) -> anyhow::Result<Self> {
        Ok(Self {
            client: reqwest::Client::builder().timeout(ANSWER).no_proxy().build()?,
            base: format!("http://127.0.0.1:{port}"),
        })
    }

    /// Sends a request, later if there were too many.
    async fn send(&self, request: impl Fn() -> reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
        let (wait, times) = LATER;
        for _ in 0..times {
            let answer = request().send().await?;
            if answer.status() != reqwest::StatusCode::TOO_MANY_REQUESTS {
                return Ok(answer);
            }
            tokio::time::sleep(wait).await;
        }
        request().send().await
    }

    /// Reads `path`.
    ///
    /// # Errors
    /// When there is no answer, or another one than 200.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.send(|| self.client.get(format!("{}{path}", self.base))).await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Orders something.
    ///
    /// # Errors
    /// When there is no answer, or a refusal, with what it says.
    pub async fn order(&self, path: &str, mut body: Value) -> anyhow::Result<Value> {
        body["who"] = json!("sandbox");
        let answer = self
            .send(|| self.client.post(format!("{}{path}", self.base)).json(&body))
            .await?;
        let status = answer.status();
        let said: Value = answer.json().await?;
        anyhow::ensure!(status.is_success(), "{path}: {status}, {}", said["detail"]);
        Ok(said)
    }

    /// Lets a guild fail: `panic` or `poison`.
    ///
    /// # Errors
    /// As [`Self::order`].
    pub async fn fault(&self, guild: u64, kind: &str) -> anyhow::Result<()> {
        let path = format!("/control/guilds/{guild}/fault");
        self.order(&path, json!({ "kind": kind })).await.map(|_| ())
    }

    /// What it tells of a guild.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn guild(&self, guild: u64) -> anyhow::Result<Value> {
        self.get(&format!("/guilds/{guild}")).await
    }

    /// The newest deaths.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn deaths(&self) -> anyhow::Result<Vec<Death>> {
        let events = self.get("/events").await?;
        let all = events["deaths"].as_array().into_iter().flatten();
        Ok(all.filter_map(Death::read).collect())
    }
}
