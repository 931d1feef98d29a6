//! Dataverse: what it does differently from other OData services.

mod another_tandem;
mod changes;
mod choices;
mod client;
mod details;
mod examine;
mod facts;
mod feed;
mod findings;
mod metadata;
mod other_engine;
mod questions;
mod references;
mod schema;
mod write;

pub(super) use client::Dataverse;
