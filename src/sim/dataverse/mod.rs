//! A Dataverse Web API v9.x: tables as data, optimistic concurrency, alternate keys, change tracking and multipart batches,
//! queries in OData and FetchXML, and metadata that can be read and changed.
//!
//! It does not play plug-ins (but as faults), security roles (but as switches), files and images, or the actions by which sales
//! documents are closed.

mod service;

mod apply;
mod assign;
mod associate;
mod backup;
mod batch;
mod bulk;
mod bulk_delete;
mod callers;
mod conditions;
mod consistency;
mod csdl;
mod delta;
mod discovery;
mod disturbed;
mod duplicates;
mod error;
mod expand;
mod fetch;
mod filter;
mod functions;
mod link;
mod metadata;
mod navigate;
mod organization;
mod position;
mod read;
mod relations;
mod render;
mod schema;
mod switches;
mod tables;
mod values;
mod write;

pub(crate) use error::{refusal, throttled, unauthorized, with_remaining};
pub(crate) use service::{Seed, Service};
pub use switches::{Switch, UnknownSwitch};
