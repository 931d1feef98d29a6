//! The OData pieces both simulated services read alike: query options, addresses, filters. What each refuses stays with it.

pub(crate) mod expand;
pub(crate) mod filter;
pub(crate) mod moment;
pub(crate) mod multipart;
pub(crate) mod path;
pub(crate) mod pattern;
pub(crate) mod query;
pub(crate) mod select;

mod lexer;
mod parser;
