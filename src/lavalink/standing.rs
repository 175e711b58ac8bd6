//! Small parts of a session: how a node stands, and waits that may have no end.

use tokio::time::Instant;

/// What the shard was told about the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is up.
    Up,
    /// It is away and may come back; also before the first word.
    Away,
    /// Its guilds were told to move.
    Lost,
}

/// The end of a wait until `when`; never without one.
pub(super) async fn at(when: Option<Instant>) {
    match when {
        Some(when) => tokio::time::sleep_until(when).await,
        None => std::future::pending().await,
    }
}
