//! The systems Tandem speaks to: the port, what all OData services share, and one folder for each product.

mod business_central;
mod connect;
mod credential;
mod dataverse;
mod discover;
mod examine;
mod odata;
mod odata_service;
mod sign_in;
mod system;
#[cfg(test)]
mod tests;

pub use connect::{Surroundings, connect, open};
pub use credential::Expiry;
pub use discover::{Company, DiscoverError, Environment, companies, environments};
pub use examine::{Check, Examine, Finding, Listing, Needs, TableDetails, TableKey, Verdict};
pub use sign_in::sign_in;
pub use system::{
    Abilities, ChangePage, ChangeQuery, Cursor, Facts, Fate, IdPage, KeyedRead, LastKnown, Line, Next,
    Refusal, RowError, Search, System, SystemError, Verb, Write, WriteOutcome,
};
