//! Business Central: what it does differently from other OData services.

mod client;
mod csdl;
mod exchange_rates;
mod feed;
mod known;
mod schema;
mod search;
mod write;

pub(super) use client::BusinessCentral;
