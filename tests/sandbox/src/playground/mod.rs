//! The playground: a page on loopback that shows a guild as its members see it. Whoever opens it types, listens, and
//! breaks the bot.
//!
//! It acts through the stand-ins as a scenario does, and knows nothing of the bot but its process. The page is for this
//! machine alone: it guards nothing but against other sites that a browser has open.

mod door;
mod room;

use std::net::SocketAddr;
use std::sync::Arc;

pub use room::Room;

/// Opens the page of `room` on a free port of 127.0.0.1. It is there until the runtime ends.
///
/// # Errors
/// When no port can be had.
pub async fn open(room: Arc<Room>) -> anyhow::Result<SocketAddr> {
    door::open(room).await
}
