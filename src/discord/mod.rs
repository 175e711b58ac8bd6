//! Discord: the gateway, the REST interface, the commands and every word that listeners read.
//!
//! The only place that knows serenity and twilight. What comes in leaves as inputs of guilds, in order; what goes out
//! comes as data and is put into words here.

pub mod answers;
mod buttons;
pub mod commands;
mod decode;
pub mod door;
pub mod drill;
pub mod gateway;
pub mod interaction;
pub mod register;
mod render;
pub mod replies;
pub mod rest;
mod suggest;
mod voice;
pub mod written;
