//! Orders of a shard and of an audio node.

use ostinato_machine::ids::{NodeId, ShardId};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Book, Said, body, refused};
use crate::http::asked::Asked;

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    #[default]
    Actor,
    Resume,
    Identify,
}

#[derive(Deserialize)]
struct ShardBody {
    #[serde(default)]
    how: How,
    #[serde(flatten)]
    said: Said,
}

pub(in crate::http) fn restart_shard(asked: Asked) -> Answer {
    let ShardBody { how, said } = body!(asked);
    let shard = match asked.number("shard").map(ShardId) {
        Ok(shard) => shard,
        Err(response) => return Box::pin(async { response }),
    };
    let what = match how {
        How::Actor => "the actor",
        How::Resume => "the gateway connection",
        How::Identify => "the gateway session",
    };
    let book = Book::open(&asked, format!("restart {what} of shard {shard}"), said);
    Box::pin(async move {
        let result = match (book.operator(), how) {
            (Ok(operator), How::Actor) => refused(operator.restart_shard(shard).await),
            (Ok(operator), How::Resume) => refused(operator.reconnect_gateway(shard, false).await),
            (Ok(operator), How::Identify) => refused(operator.reconnect_gateway(shard, true).await),
            (Err(response), _) => Err(response),
        };
        book.close(result.map(|()| json!({ "shard": shard.0 })))
    })
}

/// What is ordered of an audio node.
#[derive(Clone, Copy)]
enum NodeOrder {
    Reconnect,
    Drain(bool),
}

fn of_node(asked: &Asked, verb: &str, order: NodeOrder) -> Answer {
    let said = body!(asked);
    let node = NodeId::new(asked.named("node"));
    let book = Book::open(asked, format!("{verb} audio node {node}"), said);
    Box::pin(async move {
        let result = match (book.operator(), order) {
            (Ok(operator), NodeOrder::Reconnect) => refused(operator.reconnect_node(&node).await),
            (Ok(operator), NodeOrder::Drain(on)) => refused(operator.drain_node(&node, on).await),
            (Err(response), _) => Err(response),
        };
        book.close(result.map(|()| json!({ "node": node.to_string() })))
    })
}

pub(in crate::http) fn reconnect_node(asked: Asked) -> Answer {
    of_node(&asked, "reconnect", NodeOrder::Reconnect)
}

pub(in crate::http) fn drain_node(asked: Asked) -> Answer {
    of_node(&asked, "drain", NodeOrder::Drain(true))
}

pub(in crate::http) fn undrain_node(asked: Asked) -> Answer {
    of_node(&asked, "undrain", NodeOrder::Drain(false))
}
