//! The companion API `tandem/sync/v1.0`: views of the same rows as API v2.0, with the columns and tables v2.0 lacks.
//!
//! It shows committed rows only, tells row versions and authors, keeps tombstones of deleted rows and takes ids from the
//! client. It does not play record links, webhooks or permission sets.

mod route;
mod state;

mod actions;
mod assign;
mod authors;
mod by_hand;
mod computed;
mod control;
mod declare;
mod disturbed;
mod documents;
mod ledger;
mod read;
mod references;
mod resolve;
mod schema;
mod sets;
mod tables;
mod templates;
mod tombstones;
mod triggers;
mod values;
mod write;

pub(crate) use route::{answer, is_root};
pub(crate) use state::Companion;
pub(crate) use tables::all as tables;
pub(crate) use tombstones::{Cause, Removed};
