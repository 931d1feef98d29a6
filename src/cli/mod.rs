//! The command line: one file for each command, and around them what all commands share.
//!
//! Commands ask the running agent, or open the store themselves; either way they get the same answers and print them the
//! same. Nothing here decides anything about rows.

mod arguments;
mod start;

mod consent;
mod context;
mod exit_code;
mod logging;
mod mapping;
mod output;
mod progress;
mod reach;
mod report;
mod shutdown;
mod simulated_config;
mod table;

mod approve;
mod backup;
mod certificate;
mod compact;
mod conflicts;
mod connection;
mod demo;
mod doctor;
mod history;
mod keeping;
mod lines;
mod plan;
mod project;
mod rebaseline;
mod restore;
mod rows;
mod run;
mod sign_in;
mod simulate;
mod status;
mod sync;
mod tables;
mod undo;
mod verify;
mod why;

pub use start::main;
