//! A Business Central API v2.0: entity sets as data, tags instead of versions, 409 for stale, number series and JSON batches.
//! Beside it, over the same rows, the companion API and pages published as web services.
//!
//! It does not play dimensions, pictures, attachments, or other custom API pages.

mod service;

mod access;
mod batch;
mod batch_form;
mod companion;
mod contacts_information;
mod csdl;
mod currency;
mod disturbed;
mod documents;
mod environments;
mod error;
mod expand;
mod filter;
mod navigate;
mod order;
mod page;
mod read;
mod render;
mod rows;
mod rules;
mod schema;
mod stock;
mod switches;
mod tables;
mod time;
mod uncommitted;
mod unnoticed;
mod values;
mod views;
mod web_services;
mod webhooks;
mod write;

pub(crate) use error::{refusal, unauthorized};
pub(crate) use service::{Seed, Service};
pub(crate) use time::stamp;
pub(crate) use webhooks::{Outcome, wanted_handshake};
