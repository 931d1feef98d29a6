//! Business Central: what it does differently from other OData services.

mod changes;
mod client;
mod csdl;
mod examine;
mod exchange_rates;
mod facts;
mod feed;
mod known;
mod schema;
mod search;
mod sending;
mod write;

pub(super) use client::BusinessCentral;

#[cfg(test)]
pub(super) use csdl::tests::METADATA;
