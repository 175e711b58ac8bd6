//! Addresses of the gateway: what may be dialled.

use http::Uri;

/// The address in the one form that a query can be put behind; `None` for anything but `ws` and `wss` with a host.
pub(super) fn address(url: &str) -> Option<String> {
    let uri: Uri = url.trim().parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "ws" | "wss"))?;
    let authority = uri.authority().filter(|authority| !authority.host().is_empty())?;
    Some(format!("{scheme}://{authority}{}", uri.path().trim_end_matches('/')))
}

/// Where a session may be resumed. Only the scheme of `base` is followed: the token must not leave TLS because a frame
/// says so, and what begins on this machine must not end on the internet.
pub(super) fn resume_address(base: &str, url: &str) -> Option<String> {
    let address = address(url)?;
    let scheme = |url: &str| url.split("://").next().map(str::to_owned);
    (scheme(base) == scheme(&address)).then_some(address)
}
