//! Tandem keeps rows in two business systems in step.
//!
//! The folders are the architecture; `docs/architecture.md` draws it. What stands lower in this list may use what
//! stands higher, never the other way round.

pub mod config;
pub mod http;
pub mod model;
pub mod systems;
