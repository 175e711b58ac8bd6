//! Commands given with a button of a track's card.

use super::super::{Caller, Command, Refusal};
use super::{Draft, command_now};
use crate::ids::{ChannelId, EntryId, ReplyTo};

/// Does what a button of the card of `entry` says, unless another track is the current one by now: who presses *skip*
/// means what the card shows. What was done is told by the card itself.
pub(super) fn of(
    d: &mut Draft<'_>,
    entry: EntryId,
    command: &Command,
    by: &Caller,
    seat: Option<ChannelId>,
    reply: Option<&ReplyTo>,
) {
    match &d.g.kept.current {
        Some(current) if current.entry.id == entry => {
            command_now(d, command, by, reply, Some(seat));
            d.show_card();
        }
        Some(_) => d.refuse(reply, Refusal::OtherTrack),
        None => d.refuse(reply, Refusal::NothingPlaying),
    }
}
