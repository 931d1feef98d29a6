//! Pages published as OData web services, below `ODataV4`: the same rows under the names of controls and by primary key.
//!
//! A page demands and fills in what API v2.0 does of the same row. It does not play sub-pages, lookups to other pages,
//! flow filters, queries, or unbound actions.

mod page;
mod pages;
mod route;

mod csdl;
mod read;
mod write;

pub(super) use page::Page;
pub(super) use pages::all as pages;
pub(super) use route::{answer, is_root};
