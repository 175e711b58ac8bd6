//! Asking a running bot whether it lives, for whoever has no other HTTP client: a container's health check.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use crate::config::ServerConfig;

/// Longest wait for the connection and for the answer.
const WITHIN: Duration = Duration::from_secs(2);

/// Whether a bot with this status interface answers `/live`.
///
/// # Errors
/// Why not, in words.
pub fn lives(server: &ServerConfig) -> Result<(), String> {
    if !server.enabled {
        return Err("the status interface is off: set STATUS_API_ENABLED=true".into());
    }
    // A server for every address answers on this machine's own.
    let host = match server.host.as_str() {
        "0.0.0.0" => "127.0.0.1",
        "::" | "[::]" => "::1",
        other => other.trim_matches(['[', ']']),
    };
    let place = format!("{}:{}", server.host, server.port);
    let fault = |error: std::io::Error| format!("nobody answers at {place}: {error}");
    let address = (host, server.port).to_socket_addrs().map_err(fault)?.next();
    let address = address.ok_or_else(|| format!("{place} is no address"))?;
    let mut stream = TcpStream::connect_timeout(&address, WITHIN).map_err(fault)?;
    stream.set_read_timeout(Some(WITHIN)).map_err(fault)?;
    stream.set_write_timeout(Some(WITHIN)).map_err(fault)?;
    stream
        .write_all(b"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .map_err(fault)?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).map_err(fault)?;
    if head.ends_with(b" 200") {
        Ok(())
    } else {
        Err(format!("{place} answers, but not as a bot that lives"))
    }
}
