//! Any OData v4 service: nothing is known of it but its metadata and its connection's settings.
//!
//! Changes are found by a modified column, or by reading everything and comparing. Writes are conditional on the
//! `ETag`; a row that has none is written only where its mapping says `unguarded = true`, and then it is read and
//! compared right before its write. That leaves a moment in which another edit can be overwritten.

mod client;
mod examine;
mod questions;
mod reading;
mod schema;
mod sending;
mod write;

pub(super) use client::{ODataService, ServiceTraits};

#[cfg(test)]
pub(super) use schema::tests::METADATA;
