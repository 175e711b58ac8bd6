//! Ostinato.
