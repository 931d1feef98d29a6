//! The companion extension: a custom API that Tandem's own extension adds to Business Central.
//!
//! Where it is installed, the tables it has are read and written there, under the same names and row ids; all others stay
//! on the standard API. Its contract is the folder's only source of facts.

mod authors;
mod changes;
mod finding;
mod homes;
mod known;
mod landing;
mod position;
mod presence;
mod standstill;
mod state;
mod tombstones;

pub(super) use authors::MODIFIED_BY;
pub(super) use finding::{finding, switched_off};
pub(super) use homes::{choose, serves};
pub(super) use known::{CONTROL_SETS, abilities, is_computed, writable};
pub(in crate::systems) use presence::Companion;
pub(super) use presence::Installed;
use state::SyncState;

/// Where the companion's API stands, below the environment.
pub(in crate::systems) const COMPANION_API: &str = "api/tandem/sync/v1.0";

/// The column that holds a row's version in every table of the companion.
const ROW_VERSION: &str = "rowVersion";
