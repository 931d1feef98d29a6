//! The two systems played over HTTP: a Dataverse Web API, a Business Central API v2.0 with its companion API, and the
//! sign-in service both trust.
//!
//! Everything is real HTTP on the loopback address, stateful and in memory, written from the protocol references alone. This folder
//! deliberately uses nothing else of the crate: a simulator that shares code with the client shares its misunderstandings.
//! It does not play workflows, nor permissions but for the switches of Dataverse ([`DataverseSwitch`]). [`Faults`] makes the
//! servers misbehave on demand, a [`Profile`] at seeded random; [`Office`] is what people do in Business Central that no API can
//! do.

mod simulation;

mod assertion;
mod business_central;
mod companion_faults;
mod connection;
mod data;
mod dataverse;
mod disturbance;
mod faults;
mod http;
mod limits;
mod messenger;
mod odata;
mod office;
mod operator;
mod options;
mod profile;
mod sequence;
mod server;
mod setting;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod token;

pub use dataverse::{Switch as DataverseSwitch, UnknownSwitch as UnknownDataverseSwitch};
pub use faults::{Faults, Reaction, SeenRequest, Service};
pub use limits::Limits;
pub use office::{Office, UnknownDocument};
pub use operator::{Operator, UnknownTable};
pub use options::{Addresses, DataSet, Options};
pub use profile::Profile;
pub use setting::Setting;
pub use simulation::Simulation;
pub use token::{SignInDenial, UnknownDenial};
