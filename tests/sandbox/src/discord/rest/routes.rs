//! The operations that are served, named as Discord's own document names them.

/// One operation.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: &'static str,
    /// Path under `/api/v10`, as the document writes it.
    pub(super) template: &'static str,
    /// Discord's name of it.
    pub(super) operation: &'static str,
    /// Requests within the window; 0 is no limit.
    pub(super) limit: u32,
    pub(super) window_ms: u64,
}

impl Route {
    /// Whether the path's token is what allows the request: no bot token, and outside of the global limit.
    pub(super) fn by_interaction(&self) -> bool {
        self.template.starts_with("/interactions/") || self.template.starts_with("/webhooks/")
    }

    /// What the path's first place names, and with that whose limit it is.
    pub(super) fn about(&self) -> About {
        let first = self.template.split('/').nth(1).unwrap_or_default();
        match first {
            "channels" => About::Channel,
            "guilds" => About::Guild,
            "webhooks" => About::Webhook,
            "interactions" => About::Interaction,
            _ if self.template.contains("/guilds/") => About::GuildSecond,
            _ => About::Nothing,
        }
    }
}

/// What a route is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Channel,
    Guild,
    /// The guild is the path's second place.
    GuildSecond,
    Webhook,
    Interaction,
    Nothing,
}

const fn route(
    method: &'static str,
    template: &'static str,
    operation: &'static str,
    limit: u32,
    window_ms: u64,
) -> Route {
    Route {
        method,
        template,
        operation,
        limit,
        window_ms,
    }
}

const ORIGINAL: &str = "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
const FOLLOW_UP: &str = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}";
const MESSAGE: &str = "/channels/{channel_id}/messages/{message_id}";
const COMMANDS: &str = "/applications/{application_id}/commands";
const GUILD_COMMANDS: &str = "/applications/{application_id}/guilds/{guild_id}/commands";
const OWN_SEAT: &str = "/guilds/{guild_id}/voice-states/@me";

/// All of them; a literal place stands before an open one.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/gateway", "get_gateway", 5, 5_000),
    route("GET", "/gateway/bot", "get_bot_gateway", 5, 5_000),
    route("GET", "/applications/@me", "get_my_application", 10, 10_000),
    route("GET", "/users/@me", "get_my_user", 10, 10_000),
    route("GET", COMMANDS, "list_application_commands", 10, 10_000),
    route("PUT", COMMANDS, "bulk_set_application_commands", 5, 20_000),
    route("GET", GUILD_COMMANDS, "list_guild_application_commands", 10, 10_000),
    route("PUT", GUILD_COMMANDS, "bulk_set_guild_application_commands", 5, 20_000),
    route(
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        "create_interaction_response",
        0,
        0,
    ),
    route("GET", ORIGINAL, "get_original_webhook_message", 5, 2_000),
    route("PATCH", ORIGINAL, "update_original_webhook_message", 5, 2_000),
    route("DELETE", ORIGINAL, "delete_original_webhook_message", 5, 2_000),
    route(
        "POST",
        "/webhooks/{webhook_id}/{webhook_token}",
        "execute_webhook",
        5,
        2_000,
    ),
    route("GET", FOLLOW_UP, "get_webhook_message", 5, 2_000),
    route("PATCH", FOLLOW_UP, "update_webhook_message", 5, 2_000),
    route("DELETE", FOLLOW_UP, "delete_webhook_message", 5, 2_000),
    route("GET", "/channels/{channel_id}/messages", "list_messages", 5, 5_000),
    route("POST", "/channels/{channel_id}/messages", "create_message", 5, 5_000),
    route(
        "POST",
        "/channels/{channel_id}/messages/bulk-delete",
        "bulk_delete_messages",
        1,
        1_000,
    ),
    route("PATCH", MESSAGE, "update_message", 5, 5_000),
    route("DELETE", MESSAGE, "delete_message", 5, 1_000),
    route(
        "POST",
        "/channels/{channel_id}/typing",
        "trigger_typing_indicator",
        5,
        5_000,
    ),
    route("GET", "/channels/{channel_id}", "get_channel", 10, 10_000),
    route(
        "PUT",
        "/channels/{channel_id}/voice-status",
        "update_voice_channel_status",
        5,
        5_000,
    ),
    route("GET", "/guilds/{guild_id}", "get_guild", 10, 10_000),
    route("GET", "/guilds/{guild_id}/channels", "list_guild_channels", 10, 10_000),
    route("GET", "/guilds/{guild_id}/roles", "list_guild_roles", 10, 10_000),
    route(
        "GET",
        "/guilds/{guild_id}/members/{user_id}",
        "get_guild_member",
        10,
        10_000,
    ),
    route("GET", OWN_SEAT, "get_self_voice_state", 10, 10_000),
    route("PATCH", OWN_SEAT, "update_self_voice_state", 5, 5_000),
    route(
        "GET",
        "/guilds/{guild_id}/voice-states/{user_id}",
        "get_voice_state",
        10,
        10_000,
    ),
    route("GET", "/voice/regions", "list_voice_regions", 5, 5_000),
];

/// The operation that a request means, and what stands in its path's places.
pub(super) fn find(method: &str, path: &str) -> Option<(&'static Route, Vec<String>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| places(route.template, path).map(|params| (route, params)))
}

fn places(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut params = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(name), Some(part)) if name.starts_with('{') => {
                let id = name.ends_with("_id}");
                if part.is_empty() || (id && part.parse::<u64>().is_err()) {
                    return None;
                }
                params.push(part.to_owned());
            }
            (Some(name), Some(part)) if name == part => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_means_the_operation_that_discord_names_so() {
        let name = |method, path| find(method, path).map(|(route, params)| (route.operation, params));
        let found = name("PATCH", "/webhooks/1/tok/messages/@original").expect("an operation");
        assert_eq!(
            found,
            (
                "update_original_webhook_message",
                vec!["1".to_owned(), "tok".to_owned()]
            )
        );
        let found = name("DELETE", "/webhooks/1/tok/messages/22").expect("an operation");
        assert_eq!(found.0, "delete_webhook_message");
        assert_eq!(
            name("GET", "/guilds/5/voice-states/@me").expect("an operation").0,
            "get_self_voice_state"
        );
        assert_eq!(
            name("GET", "/guilds/5/voice-states/6").expect("an operation").0,
            "get_voice_state"
        );
        for (method, path) in [
            ("GET", "/guilds/five"),
            ("POST", "/guilds/5"),
            ("GET", "/guilds/5/"),
            ("GET", "/audit"),
        ] {
            assert!(find(method, path).is_none(), "{method} {path}");
        }
    }
}
