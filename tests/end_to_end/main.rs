//! Tandem against the two simulators, over HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails right there")]

mod agent;
mod batches;
mod brakes;
mod command_line;
mod companion;
mod company;
mod connections;
mod currencies;
mod custom_table;
mod erp;
mod fate;
mod faults;
mod filters;
mod identity;
mod keeping;
mod kill;
mod limits;
mod mapping_command;
mod mirrored;
mod policies;
mod projects;
mod references;
mod rows;
mod schedules;
mod secrets;
mod sign_in;
mod standard;
mod standard_fields;
mod sweep;
mod sync;
mod transforms;
mod trouble;
mod undo;
mod verify;
mod weak_points;
mod web_services;
mod world;
