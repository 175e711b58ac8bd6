//! Audio nodes as they are configured: one by single variables, or a list.

use std::collections::BTreeMap;
use std::fmt;

use super::key::Unit;
use super::problem::suggestion;
use super::secret::Secret;
use super::source::Raw;
use super::value::{Fault, flag, host, number, secret, text};
use crate::lavalink::NodeSettings;
use ostinato_machine::ids::NodeId;

/// The fields of a node.
const FIELDS: [&str; 6] = ["name", "host", "port", "password", "https", "region"];
/// Most nodes.
const MOST: usize = 64;
/// The port that Lavalink listens on unless told otherwise.
const PORT: u16 = 2_333;

/// One audio node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name, unique.
    pub name: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Password.
    pub password: Secret,
    /// Whether it speaks TLS.
    pub https: bool,
    /// Its region, such as `eu`.
    pub region: Option<String>,
}

impl Node {
    /// As the adapter takes it.
    pub fn settings(&self) -> NodeSettings {
        NodeSettings {
            id: NodeId::new(&self.name),
            host: self.host.clone(),
            port: self.port,
            password: self.password.hidden(),
            https: self.https,
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        write!(f, "{} {scheme}://{host}:{}", self.name, self.port)?;
        match &self.region {
            Some(region) => write!(f, " ({region})"),
            None => Ok(()),
        }
    }
}

/// The nodes of a YAML list or of a JSON list in a text. All faults at once.
pub(super) fn list(raw: &Raw) -> Result<Vec<Node>, Vec<Fault>> {
    let parsed;
    let entries = match raw {
        Raw::List(entries) => entries,
        Raw::Text(json) => {
            parsed = serde_json::from_str::<serde_json::Value>(json)
                .map(Raw::from)
                .map_err(|error| {
                    let at = format!("is not JSON (line {}, column {})", error.line(), error.column());
                    vec![Fault::new(at, EXAMPLE)]
                })?;
            match &parsed {
                Raw::List(entries) => entries,
                Raw::Nothing | Raw::Text(_) | Raw::Number(_) | Raw::Fraction(_) | Raw::Flag(_) | Raw::Map(_) => {
                    return Err(vec![Fault::new("is JSON, but not a list", EXAMPLE)]);
                }
            }
        }
        Raw::Nothing | Raw::Number(_) | Raw::Fraction(_) | Raw::Flag(_) | Raw::Map(_) => {
            return Err(vec![Fault::new("is not a list of nodes", EXAMPLE)]);
        }
    };
    if entries.len() > MOST {
        return Err(vec![Fault::new(
            format!("has {} nodes", entries.len()),
            format!("keep at most {MOST}"),
        )]);
    }
    let mut faults = Vec::new();
    let mut nodes: Vec<Node> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let part = format!("[{index}]");
        match one(index, entry) {
            Ok(node) if nodes.iter().any(|other| other.name == node.name) => faults.push(
                Fault::new(
                    format!("two nodes are called `{}`", node.name),
                    "give each its own name",
                )
                .in_part(&part),
            ),
            Ok(node)
                if nodes
                    .iter()
                    .any(|other| (&other.host, other.port) == (&node.host, node.port)) =>
            {
                faults.push(
                    Fault::new(
                        format!("two nodes are at {}:{}", node.host, node.port),
                        "name each node once: a second session there would take the players of the first",
                    )
                    .in_part(&part),
                );
            }
            Ok(node) => nodes.push(node),
            Err(found) => faults.extend(found.into_iter().map(|fault| fault.in_part(&part))),
        }
    }
    if faults.is_empty() { Ok(nodes) } else { Err(faults) }
}

const EXAMPLE: &str = r#"write it like [{"name": "n1", "host": "127.0.0.1", "port": 2333, "password": "…"}]"#;

fn one(index: usize, entry: &Raw) -> Result<Node, Vec<Fault>> {
    let Raw::Map(fields) = entry else {
        return Err(vec![Fault::new("is not a group of keys", EXAMPLE)]);
    };
    let mut faults: Vec<Fault> = fields.keys().filter_map(|name| unknown(name)).collect();
    let mut fields = Fields {
        fields,
        faults: &mut faults,
    };
    let name = fields
        .take("name", text)
        .unwrap_or_else(|| format!("node{}", index + 1));
    let found_host = fields.required("host", host);
    let port = fields.take("port", |raw| number(raw, Unit::Count, 1, u64::from(u16::MAX)));
    let password = fields.required("password", secret);
    let https = fields.take("https", flag).unwrap_or(false);
    let region = fields.take("region", text);
    match (found_host, password) {
        (Some(host), Some(password)) if faults.is_empty() => Ok(Node {
            name,
            host,
            port: port.and_then(|port| u16::try_from(port).ok()).unwrap_or(PORT),
            password,
            https,
            region,
        }),
        _ => Err(faults),
    }
}

fn unknown(name: &str) -> Option<Fault> {
    if FIELDS.contains(&name) {
        return None;
    }
    let fix = match suggestion(name, FIELDS.into_iter()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("a node has {}", FIELDS.join(", ")),
    };
    Some(Fault::new("is not a field of a node", fix).in_part(&format!(".{name}")))
}

/// The fields of one node while they are read.
struct Fields<'a> {
    fields: &'a BTreeMap<String, Raw>,
    faults: &'a mut Vec<Fault>,
}

impl Fields<'_> {
    /// The field, if it is there and good.
    fn take<T>(&mut self, name: &str, read: impl FnOnce(&Raw) -> Result<T, Fault>) -> Option<T> {
        let raw = self.fields.get(name).filter(|raw| !is_empty(raw))?;
        match read(raw) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push(fault.in_part(&format!(".{name}")));
                None
            }
        }
    }

    /// The field; its absence is a fault.
    fn required<T>(&mut self, name: &str, read: impl FnOnce(&Raw) -> Result<T, Fault>) -> Option<T> {
        if self.fields.get(name).is_none_or(is_empty) {
            let fault = Fault::new("is not set", format!("give the node a {name}"));
            self.faults.push(fault.in_part(&format!(".{name}")));
            return None;
        }
        self.take(name, read)
    }
}

/// Whether nothing was written: empty is unset.
pub(super) fn is_empty(raw: &Raw) -> bool {
    match raw {
        Raw::Nothing => true,
        Raw::Text(text) => text.trim().is_empty(),
        Raw::Number(_) | Raw::Fraction(_) | Raw::Flag(_) | Raw::List(_) | Raw::Map(_) => false,
    }
}
