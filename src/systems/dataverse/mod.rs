//! Dataverse: what it does differently from other OData services.

mod changes;
mod client;
mod facts;
mod feed;
mod metadata;
mod references;
mod schema;
mod write;

pub(super) use client::Dataverse;
