//! The brakes at work: a pass counts its whole plan first, and what is over a limit waits until a person approves exactly
//! that plan.
//!
//! `survey` goes through everything that is ready and says what would be done; `gate` holds that against the limits of
//! `sync` and lets through, or not, each write of the rounds that follow; `done` keeps what was done within the window;
//! `pace` knows the first sync and absences; `approve` takes a person's word; `view` says it all in words; `plan_file` is a
//! plan as a file.

pub mod approve;
pub mod done;
pub mod gate;
pub mod pace;
pub mod plan_file;
pub mod survey;
pub mod view;
