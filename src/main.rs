//! The binary of Ostinato: parse, build, run, drain.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: the one cryptographic provider that every TLS connection of this process uses.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        return ostinato::cli::Exit::Unexpected.into();
    }
    ostinato::cli::main(ostinato::boot::run)
}
