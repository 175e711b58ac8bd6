//! How old a command may be.

use super::*;
use crate::ids::Via;

#[test]
fn a_message_may_be_as_old_as_a_command_may_take_and_an_interaction_as_old_as_its_first_callback() {
    let by = Caller {
        user: ANN,
        text: TEXT,
        manager: false,
    };
    let limits = Limits::default();
    for (is_message, age_ms, done) in [
        (false, limits.stale_ms, true),
        (false, limits.stale_ms + 1, false),
        (true, limits.stale_ms + 1, true),
        (true, limits.expire_ms, true),
        (true, limits.expire_ms + 1, false),
    ] {
        let mut world = World::playing(&["a", "b"]);
        let mut reply = ReplyTo {
            made_ms: world.now - age_ms,
            ..world.reply()
        };
        if is_message {
            reply.via = Via::Message { channel: TEXT };
        }
        let cause = reply.cause();
        let input = Input::Command {
            command: Command::Skip,
            by: by.clone(),
            reply: Some(reply),
        };
        world.put_caused(cause, input);
        let title = if done { "b" } else { "a" };
        assert_eq!(
            world.title().as_deref(),
            Some(title),
            "message: {is_message}, {age_ms} ms"
        );
    }
}
