//! A Dataverse Web API v9.x: tables as data, optimistic concurrency, alternate keys, change tracking and multipart batches.
//!
//! It does not play plug-ins (but as faults), duplicate rules, privileges, `$expand` of collections, `$apply` or FetchXML.

mod service;

mod assign;
mod batch;
mod bulk;
mod consistency;
mod csdl;
mod delta;
mod disturbed;
mod error;
mod expand;
mod link;
mod metadata;
mod position;
mod read;
mod render;
mod schema;
mod tables;
mod values;
mod write;

pub(crate) use error::{refusal, unauthorized};
pub(crate) use service::{Seed, Service};
