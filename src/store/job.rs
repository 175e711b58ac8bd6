//! The calls of the store, on their way to the writer.

use ostinato_actors::ports::{Append, Appended, PortError, ShardCheckpoint, Stored, StoredShard};
use ostinato_machine::guild::Snapshot;
use ostinato_machine::ids::{GuildId, ShardId};
use tokio::sync::oneshot;

/// Where a result goes.
pub(super) type Done<T> = oneshot::Sender<Result<T, PortError>>;

/// One call of the store.
pub(super) enum Job {
    Load {
        guild: GuildId,
        done: Done<Stored>,
    },
    Append {
        append: Append,
        done: Done<Appended>,
    },
    Snapshot {
        guild: GuildId,
        shard: ShardId,
        snapshot: Box<Snapshot>,
        awake: bool,
        done: Done<()>,
    },
    LoadShard {
        shard: ShardId,
        done: Done<StoredShard>,
    },
    Checkpoint {
        shard: ShardId,
        checkpoint: Box<ShardCheckpoint>,
        done: Done<()>,
    },
    Stop,
}

impl Job {
    pub(super) const fn guild(&self) -> Option<GuildId> {
        match self {
            Self::Load { guild, .. } | Self::Snapshot { guild, .. } => Some(*guild),
            Self::Append { append, .. } => Some(append.guild),
            Self::LoadShard { .. } | Self::Checkpoint { .. } | Self::Stop => None,
        }
    }
}
