//! The calls of the store, on their way to the writer.

use std::sync::Arc;

use ostinato_actors::ports::{
    Append, Appended, Audit, AuditFilter, PortError, Save, ShardCheckpoint, Stored, StoredShard,
};
use ostinato_machine::ids::{GuildId, ShardId};
use tokio::sync::oneshot;

/// Where a result goes.
pub(super) type Done<T> = oneshot::Sender<Result<T, PortError>>;

/// One call of the store.
pub(super) enum Job {
    Load {
        guild: GuildId,
        epoch: u64,
        done: Done<Stored>,
    },
    Append {
        append: Append,
        done: Done<Appended>,
    },
    Snapshot {
        save: Box<Save>,
        done: Done<()>,
    },
    LoadShard {
        shard: ShardId,
        epoch: u64,
        done: Done<StoredShard>,
    },
    Checkpoint {
        shard: ShardId,
        epoch: u64,
        checkpoint: Box<ShardCheckpoint>,
        done: Done<()>,
    },
    Audit {
        batch: Arc<[Audit]>,
        done: Done<()>,
    },
    Audited {
        filter: AuditFilter,
        done: Done<Vec<Audit>>,
    },
    Stop,
}

impl Job {
    pub(super) fn guild(&self) -> Option<GuildId> {
        match self {
            Self::Load { guild, .. } => Some(*guild),
            Self::Snapshot { save, .. } => Some(save.guild),
            Self::Append { append, .. } => Some(append.guild),
            Self::LoadShard { .. }
            | Self::Checkpoint { .. }
            | Self::Audit { .. }
            | Self::Audited { .. }
            | Self::Stop => None,
        }
    }
}
