//! The systems Tandem speaks to: the port, what all OData services share, and one folder for each product.

mod business_central;
mod connect;
mod dataverse;
mod odata;
mod sign_in;
mod system;
#[cfg(test)]
mod tests;

pub use connect::connect;
pub use sign_in::sign_in;
pub use system::{
    Abilities, ChangePage, ChangeQuery, Cursor, Facts, IdPage, KeyedRead, Next, Refusal, RowError, Search,
    System, SystemError, Verb, Write, WriteOutcome,
};
