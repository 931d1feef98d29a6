//! The two systems played over HTTP: a Dataverse Web API, a Business Central API v2.0 and the token endpoint both trust.
//!
//! Everything is real HTTP on the loopback address, stateful and in memory, written from the protocol references alone. This folder
//! deliberately uses nothing else of the crate: a simulator that shares code with the client shares its misunderstandings.
//! It does not play plug-ins, workflows, webhooks, permissions or limits by itself; [`Faults`] makes the servers misbehave on demand.

mod simulation;

mod assertion;
mod business_central;
mod connection;
mod data;
mod dataverse;
mod faults;
mod http;
mod odata;
mod options;
mod server;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod token;

pub use faults::{Faults, Reaction, SeenRequest, Service};
pub use options::{Addresses, DataSet, Options};
pub use simulation::Simulation;
