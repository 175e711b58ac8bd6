//! What a button means.

use super::spec::Local;
use super::{Interaction, Interpreted};
use crate::discord::buttons::Press;

/// What a button means. One that belongs to another release, or to no server, is answered like anything unknown.
pub(super) fn pressed(id: &str, interaction: &Interaction) -> Interpreted {
    match Press::read(id).filter(|_| interaction.guild.is_some()) {
        Some(press) => {
            let (command, public) = press.command();
            Interpreted::Guild { command, public }
        }
        None => Interpreted::Here(Local::UnknownInteraction),
    }
}

#[cfg(test)]
mod tests {
    use ostinato_machine::guild::Command;
    use ostinato_machine::ids::{ChannelId, EntryId, GuildId, Hidden, UserId};

    use super::*;
    use crate::discord::commands::{Table, interpret};
    use crate::discord::interaction::Data;

    fn press(guild: Option<GuildId>, id: &str) -> Interpreted {
        let interaction = Interaction {
            id: 1 << 40,
            application: 7,
            token: Hidden::new("token"),
            arrived_ms: 1_420_070_400_000,
            guild,
            channel: Some(ChannelId(3)),
            user: UserId(4),
            user_permissions: 0,
            app_permissions: 0,
            data: Data::Component { id: id.into() },
        };
        interpret(Table::default(), &interaction)
    }

    #[test]
    fn a_button_means_its_command() {
        let press = |id| press(Some(GuildId(1)), id);
        let of = |command, public| Interpreted::Guild { command, public };
        let skip = Command::Of {
            entry: EntryId(9),
            command: Box::new(Command::Skip),
        };
        assert_eq!(press("o1:skip:9"), of(skip, true));
        assert_eq!(press("o1:queue"), of(Command::Queue { page: 0 }, false));
        assert_eq!(press("o1:page:2"), of(Command::Queue { page: 2 }, true));
        assert_eq!(press("o1:past:2"), of(Command::History { page: 2 }, true));
    }

    #[test]
    fn what_no_release_made_and_what_is_pressed_in_no_server_gets_a_private_answer() {
        let unknown = Interpreted::Here(Local::UnknownInteraction);
        for id in ["", "o1:dance:1", "o9:skip:1", "garbage"] {
            assert_eq!(press(Some(GuildId(1)), id), unknown, "{id}");
        }
        assert_eq!(press(None, "o1:queue"), unknown);
    }
}
