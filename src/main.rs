//! The binary of Ostinato.
fn main() {}
