//! Who reads the sandbox may stop reading, as `head` does.
#![expect(clippy::expect_used, reason = "this is a test as a whole")]

use std::io::Read as _;
use std::process::{Command, ExitStatus, Stdio};

/// How it ends when nobody reads its standard output, and what it says on standard error.
fn unread(arguments: &[&str]) -> (ExitStatus, String) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.args(arguments).stdin(Stdio::null()).stdout(writer);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut said = String::new();
    let mut error = child.stderr.take().expect("it is piped");
    error.read_to_string(&mut said).expect("text");
    (child.wait().expect("it ends"), said)
}

#[test]
fn what_would_go_on_for_ever_ends_quietly_when_nobody_reads_it() {
    let (status, said) = unread(&["serve"]);
    assert_eq!(
        (status.code(), said.as_str()),
        (Some(1), ""),
        "a run that was cut short has proved nothing"
    );
}

#[test]
fn help_that_nobody_reads_ends_quietly() {
    let (status, said) = unread(&["--help"]);
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}
