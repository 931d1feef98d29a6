//! Dataverse: what it does differently from other OData services.

mod client;
mod feed;
mod metadata;
mod references;
mod schema;
mod write;

pub(super) use client::Dataverse;
