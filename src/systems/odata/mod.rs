//! What all OData services share, as plain values: queries, pages, values, errors and both forms of `$batch`.
//!
//! Only `service` sends anything; it turns failures into the port's errors. No product's peculiarities live here.

mod batch;
mod batches;
mod condition;
mod csdl;
mod error;
mod json_batch;
mod key;
mod links;
mod listing;
mod meaning;
mod modified_feed;
mod multipart;
mod page;
mod portion;
mod query;
mod rows;
mod service;
mod shape;
mod singles;
mod value;
mod writes;

use batch::Common;
pub(super) use batch::{BatchAnswers, BatchForm, BatchPart, PartAnswer};
pub(super) use condition::{Asking, about, condition, first_listing, is_of_condition};
pub(super) use csdl::{Csdl, EntityType, Property};
pub(super) use error::ServiceError;
use json_batch::JsonBatch;
pub(super) use key::{KeyForm, RowKey};
pub(super) use links::{guid_in, resolve};
pub(super) use listing::{list_rows, passes};
pub(super) use meaning::{is_locked, of_write};
pub(super) use modified_feed::Position;
use multipart::MultipartBatch;
pub(super) use page::{Object, Page};
pub(super) use portion::Portions;
pub(super) use query::{Query, instant_literal, keyed, literal, quoted};
pub(super) use rows::{LOCK_RETRIES, id_page, keyed_reads, row_in};
pub(super) use service::{CALLER, Service};
pub(super) use shape::{RowShape, ShapeColumn};
pub(super) use value::{decode, encode};
pub(super) use writes::{landed, refused_here, send_writes};

#[cfg(test)]
pub(super) use csdl::tests::METADATA;
