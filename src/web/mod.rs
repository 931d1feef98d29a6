//! The control API on the loopback address: how other commands reach a running agent.
//!
//! One address, one token, one closed list of commands. It is open to nobody who cannot read the owner's files.

mod ask;
mod door;
mod guard;
mod serve;

pub use ask::ask;
pub use serve::{Served, serve};
