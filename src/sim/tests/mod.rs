//! Tests of the simulators: most call the services as functions, a few go over real sockets.

mod business_central;
mod business_central_batches;
mod business_central_documents;
mod business_central_partners;
mod business_central_posting;
mod business_central_reads;
mod business_central_settings;
mod business_central_web_services;
mod business_central_webhooks;
mod change_tracking;
mod companion;
mod dataverse;
mod dataverse_batches;
mod dataverse_metadata;
mod dataverse_queries;
mod dataverse_switches;
mod dataverse_writes;
mod discovery;
mod independence;
mod northwind;
mod requests;
mod robustness;
mod sockets;
mod tls;

use requests::{BASE, code, empty, link, northwind, request, switched, texts};
