//! Business Central: what it does differently from other OData services.

mod changes;
mod client;
mod companion;
mod examine;
mod exchange_rates;
mod facts;
mod fate;
mod known;
mod questions;
mod schema;
mod search;
mod sending;
mod version_feed;
mod write;

pub(super) use client::{BusinessCentral, Company};
pub(super) use companion::{COMPANION_API, Companion};
