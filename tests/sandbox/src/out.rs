//! What is printed. Whoever reads it may have seen enough, as `head` has: that ends the program, and nobody panics.

use std::io::{ErrorKind, Write};

use tokio::sync::Notify;

static SEEN_ENOUGH: Notify = Notify::const_new();

/// A line on standard output.
pub fn say(line: impl std::fmt::Display) {
    if let Err(error) = put(std::io::stdout().lock(), line)
        && error.kind() != ErrorKind::BrokenPipe
    {
        note(format_args!("sandbox: standard output: {error}"));
    }
}

/// A line on standard error.
pub fn note(line: impl std::fmt::Display) {
    let _ = put(std::io::stderr().lock(), line);
}

/// Returns once a line could not be written.
pub async fn nobody_reads() {
    SEEN_ENOUGH.notified().await;
}

fn put(mut out: impl Write, line: impl std::fmt::Display) -> std::io::Result<()> {
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .inspect_err(|_| SEEN_ENOUGH.notify_one())
}
