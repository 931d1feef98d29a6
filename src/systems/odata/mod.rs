//! What all OData services share, as plain values: queries, pages, values, errors and both forms of `$batch`.
//!
//! Only `service` sends anything; it turns failures into the port's errors. No product's peculiarities live here.

mod batch;
mod condition;
mod error;
mod json_batch;
mod links;
mod listing;
mod multipart;
mod page;
mod query;
mod rows;
mod service;
mod shape;
mod value;
mod writes;

pub(super) use batch::{BatchAnswers, BatchForm, BatchPart, PartAnswer};
pub(super) use condition::{Asking, condition};
pub(super) use error::ServiceError;
use json_batch::JsonBatch;
pub(super) use links::{guid_in, resolve};
pub(super) use listing::list_rows;
use multipart::MultipartBatch;
pub(super) use page::{Object, Page};
pub(super) use query::{Query, instant_literal, keyed, literal};
pub(super) use rows::{id_page, keyed_reads, row_in};
pub(super) use service::Service;
pub(super) use shape::{RowShape, ShapeColumn};
pub(super) use value::{decode, encode};
pub(super) use writes::{refused_here, send_writes, written};
