//! The door of a server: who may come in, how often, and what is said to who may not.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use base64::Engine as _;
use ostinato_machine::restart::Tokens;
use serde_json::json;

use super::facts::Facts;
use super::knocks::Refusal;
use super::steer::Steer;
use crate::config::{ChaosConfig, Secret};

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody who reaches the port.
    Open,
    /// Who shows the key; without a key, who asks from this machine.
    Read,
    /// As [`Self::Read`]; it changes something, so it is limited and written down.
    Control,
    /// As [`Self::Control`], where faults by order are switched on.
    Chaos,
    /// Who asks from this machine; others who show the key.
    Local,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 5] = [Self::Open, Self::Local, Self::Read, Self::Control, Self::Chaos];

    /// Whom it lets in, for the documents.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Open => "Everybody who reaches the port.",
            Self::Local => "Who calls from this machine; others with the key.",
            Self::Read => {
                "With a key set, who shows it, from this machine too. Without one, who calls this machine from itself: \
                 by its name or a loopback address, and through no proxy."
            }
            Self::Control => {
                "As read. Ten orders a second, thirty at once; a page of another site that is open in a browser may give none."
            }
            Self::Chaos => "As control, where `chaos.enabled` is on, of what `chaos.guild_allowlist` lets fail.",
        }
    }

    /// Its name, for the documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Control => "control",
            Self::Chaos => "chaos",
            Self::Local => "local",
        }
    }

    const fn changes(self) -> bool {
        match self {
            Self::Control | Self::Chaos => true,
            Self::Open | Self::Read | Self::Local => false,
        }
    }
}

/// What a server knows.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) facts: Arc<Facts>,
    pub(super) key: Option<Secret>,
    pub(super) chaos: ChaosConfig,
    pub(super) steer: Steer,
    limits: Limits,
}

/// How often something may be done.
#[derive(Debug)]
struct Limits {
    began: Instant,
    /// Orders: ten a second, thirty at once.
    orders: Mutex<Tokens>,
    /// Faults by order, on a bot that can be spared: fifty a second, a hundred at once.
    faults: Mutex<Tokens>,
    /// Wrong keys: two a second, twenty at once. Guessing gets nowhere, and who has the right key is not locked out.
    guesses: Mutex<Tokens>,
}

impl Limits {
    fn takes(&self, tokens: &Mutex<Tokens>) -> bool {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        // The bucket counts from its own beginning; a second is added so that it begins full.
        let mut tokens = tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.take(now_ms.saturating_add(60_000))
    }
}

/// What the door must know of a request.
pub(super) struct Caller<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) peer: Option<IpAddr>,
}

impl Door {
    pub(super) fn new(facts: Arc<Facts>, key: Option<Secret>, chaos: ChaosConfig, steer: Steer) -> Self {
        Self {
            facts,
            key,
            chaos,
            steer,
            limits: Limits {
                began: Instant::now(),
                orders: Mutex::new(Tokens::new(10, 30)),
                faults: Mutex::new(Tokens::new(50, 100)),
                guesses: Mutex::new(Tokens::new(2, 20)),
            },
        }
    }

    /// What is said to who may not have what `scope` protects; `None` to who may.
    pub(super) fn refusal(&self, scope: Scope, caller: &Caller<'_>) -> Option<Refusal> {
        let shown = shown(caller.headers);
        let knows = self
            .key
            .as_ref()
            .zip(shown.as_deref())
            .is_some_and(|(key, shown)| key.matches(shown));
        if !admits(scope, self.key.is_some(), knows, is_direct(caller.peer, caller.headers)) {
            if shown.is_some() && self.key.is_some() && !self.limits.takes(&self.limits.guesses) {
                return Some(too_many("too many wrong keys"));
            }
            return Some(self.unknown());
        }
        let guarded = scope != Scope::Open && scope != Scope::Local;
        if guarded && let Some(refusal) = self.foreign(scope, caller, knows) {
            return Some(refusal);
        }
        if scope == Scope::Chaos && !self.chaos.enabled {
            return Some(Refusal::new(
                StatusCode::FORBIDDEN,
                "faults by order are switched off",
                "set CHAOS_ENABLED=true and name guilds in CHAOS_GUILD_ALLOWLIST, on a bot that you can spare",
            ));
        }
        let orders = match scope {
            Scope::Chaos => &self.limits.faults,
            Scope::Open | Scope::Local | Scope::Read | Scope::Control => &self.limits.orders,
        };
        if scope.changes() && !self.limits.takes(orders) {
            return Some(too_many("too many orders"));
        }
        None
    }

    fn unknown(&self) -> Refusal {
        if self.key.is_none() {
            return Refusal::new(
                StatusCode::FORBIDDEN,
                "only this machine may ask",
                "set a key for this server, and show it",
            );
        }
        let mut refusal = Refusal::new(
            StatusCode::UNAUTHORIZED,
            "a key is needed",
            "send it as `Authorization: Bearer KEY`; a browser asks for it as the password of any user",
        );
        let how = header::HeaderValue::from_static("Basic realm=\"Ostinato\", charset=\"UTF-8\"");
        refusal.response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        refusal
    }

    /// A page of another site that is open in an operator's browser must not reach in: what it sends looks as if it came
    /// from this machine, and brings the password that the browser knows.
    fn foreign(&self, scope: Scope, caller: &Caller<'_>, knows: bool) -> Option<Refusal> {
        let text = |name: header::HeaderName| caller.headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(header::HOST).unwrap_or_default();
        if !knows && !is_loopback_name(host) {
            return Some(Refusal::new(
                StatusCode::FORBIDDEN,
                "this name is not this machine's",
                "ask for localhost, or set a key for this server and show it",
            ));
        }
        let origin = text(header::ORIGIN);
        let own = |origin: &str| {
            origin
                .split_once("://")
                .is_some_and(|(_, place)| place.eq_ignore_ascii_case(host))
        };
        let site = caller
            .headers
            .get("sec-fetch-site")
            .and_then(|value| value.to_str().ok());
        let cross = origin.is_some_and(|origin| !own(origin)) || site.is_some_and(|site| site == "cross-site");
        (scope.changes() && cross).then(|| {
            Refusal::new(
                StatusCode::FORBIDDEN,
                "another site may give no orders",
                "open the console of this server itself",
            )
        })
    }
}

/// Whether `scope` lets somebody in. `keyed`: the server has a key. `direct`: from this machine, not through a proxy on it.
fn admits(scope: Scope, keyed: bool, knows: bool, direct: bool) -> bool {
    match (scope, keyed) {
        (Scope::Open, _) => true,
        (Scope::Local, _) => direct || knows,
        (Scope::Read | Scope::Control | Scope::Chaos, true) => knows,
        (Scope::Read | Scope::Control | Scope::Chaos, false) => direct,
    }
}

/// The key that is shown: as a bearer's, or as the password of any user, which is what a browser can send.
fn shown(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(key.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD.decode(key.trim()).ok()?;
    let decoded = String::from_utf8(decoded).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

/// Whether a request comes from this machine, and from no proxy that stands on it for others.
fn is_direct(peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    let local = peer.is_some_and(|ip| ip.to_canonical().is_loopback());
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    local && !forwarded.iter().any(|name| headers.contains_key(*name))
}

/// Whether a `Host` names this machine, whatever the port.
fn is_loopback_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    crate::config::is_loopback(name)
}

/// An error as RFC 9457 has it.
pub(super) fn problem(status: StatusCode, title: &str, detail: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("application/problem+json")
        .body(json!({ "title": title, "detail": detail, "status": status.as_u16() }).to_string())
}

fn too_many(why: &'static str) -> Refusal {
    let mut refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, why, "wait a second and ask again");
    let headers = refusal.response.headers_mut();
    headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    refusal
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    const PROTECTED: [Scope; 3] = [Scope::Read, Scope::Control, Scope::Chaos];

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    fn door(key: Option<&str>) -> Door {
        let key = key.map(Secret::new);
        Door::new(Arc::default(), key, ChaosConfig::default(), Steer::nowhere())
    }

    fn status(door: &Door, scope: Scope, peer: &str, all: &[(&'static str, &'static str)]) -> u16 {
        let caller = Caller {
            headers: &headers(all),
            peer: Some(peer.parse().unwrap()),
        };
        let refusal = door.refusal(scope, &caller);
        refusal.map_or(200, |refusal| refusal.response.status().as_u16())
    }

    #[test]
    fn every_scope_admits_whom_it_names_and_nobody_else() {
        for (knows, direct) in [(false, false), (false, true), (true, false)] {
            assert!(admits(Scope::Open, true, knows, direct));
            assert_eq!(admits(Scope::Local, true, knows, direct), direct || knows);
            for scope in PROTECTED {
                assert_eq!(
                    admits(scope, true, knows, direct),
                    knows,
                    "with a key it is needed here too"
                );
                assert_eq!(admits(scope, false, false, direct), direct);
            }
        }
        assert!(!admits(Scope::Local, false, false, false));
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_this_machine() {
        let peer = |text: &str| Some(text.parse().unwrap());
        let none = headers(&[]);
        assert!(is_direct(peer("127.0.0.1"), &none) && is_direct(peer("::ffff:127.0.0.1"), &none));
        assert!(!is_direct(peer("10.0.0.1"), &none) && !is_direct(None, &none));
        assert!(!is_direct(
            peer("127.0.0.1"),
            &headers(&[("x-forwarded-for", "9.9.9.9")])
        ));
        assert_eq!(
            shown(&headers(&[("authorization", "bearer  key ")])).as_deref(),
            Some("key")
        );
        let basic = headers(&[("authorization", "Basic YW5uOnNlY3JldDprZXk=")]);
        assert_eq!(shown(&basic).as_deref(), Some("secret:key"));
        assert_eq!(shown(&headers(&[("authorization", "Digest x")])), None);
    }

    #[test]
    fn a_page_of_another_site_reaches_nothing() {
        let open = door(None);
        let local = [("host", "localhost:3051")];
        assert_eq!(status(&open, Scope::Control, "127.0.0.1", &local), 200);
        let rebound = [("host", "evil.example:3051")];
        for scope in [Scope::Read, Scope::Control] {
            assert_eq!(
                status(&open, scope, "127.0.0.1", &rebound),
                403,
                "a name that was turned to this machine"
            );
        }
        let other = [("host", "localhost:3051"), ("origin", "https://evil.example")];
        assert_eq!(status(&open, Scope::Control, "127.0.0.1", &other), 403);
        let own = [("host", "localhost:3051"), ("origin", "http://localhost:3051")];
        assert_eq!(status(&open, Scope::Control, "127.0.0.1", &own), 200);
        let keyed = door(Some("secret"));
        let cross = [
            ("host", "bot.example"),
            ("authorization", "Basic eDpzZWNyZXQ="),
            ("sec-fetch-site", "cross-site"),
        ];
        assert_eq!(status(&keyed, Scope::Control, "10.0.0.9", &cross), 403);
        assert_eq!(status(&keyed, Scope::Control, "10.0.0.9", &cross[..2]), 200);
    }

    #[test]
    fn orders_and_wrong_keys_are_limited() {
        let keyed = door(Some("secret"));
        let wrong = [("authorization", "Bearer wrong")];
        let all: Vec<u16> = (0..60)
            .map(|_| status(&keyed, Scope::Read, "10.0.0.9", &wrong))
            .collect();
        assert_eq!(all.iter().filter(|status| **status == 401).count(), 20);
        assert_eq!(all.last(), Some(&429));
        let right = [("authorization", "Bearer secret")];
        assert_eq!(
            status(&keyed, Scope::Read, "10.0.0.9", &right),
            200,
            "who knows it is not locked out"
        );
        let orders: Vec<u16> = (0..60)
            .map(|_| status(&keyed, Scope::Control, "10.0.0.9", &right))
            .collect();
        assert!(orders.iter().filter(|status| **status == 200).count() >= 30);
        assert_eq!(orders.last(), Some(&429));
        assert_eq!(status(&keyed, Scope::Chaos, "10.0.0.9", &right), 403, "switched off");
    }

    #[test]
    fn faults_by_order_have_a_limit_of_their_own() {
        let key = Some(Secret::new("secret"));
        let spare = Door::new(Arc::default(), key, ChaosConfig::on(&[]), Steer::nowhere());
        let right = [("authorization", "Bearer secret")];
        let all: Vec<u16> = (0..200)
            .map(|_| status(&spare, Scope::Chaos, "10.0.0.9", &right))
            .collect();
        assert!(all.iter().filter(|status| **status == 200).count() >= 100);
        assert_eq!(all.last(), Some(&429));
        assert_eq!(
            status(&spare, Scope::Control, "10.0.0.9", &right),
            200,
            "orders are not held up"
        );
    }
}
