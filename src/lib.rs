//! Tandem keeps rows in two business systems in step.
//!
//! The folders are the architecture; `docs/architecture.md` draws it. What stands lower in this list may use what
//! stands higher, never the other way round.

pub mod model;

pub mod mapping;

pub mod sync;

pub mod inbox;

pub mod schedule;

pub mod config;

pub mod store;

pub mod http;

pub mod systems;

pub mod agent;

pub mod web;

pub mod cli;

pub mod sim;
