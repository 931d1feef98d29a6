//! `tandem demo`: the whole story on two simulated systems, told with real counts and checked at the end.
//!
//! People's edits and all checks go over HTTP, as everything else does; nothing looks into the simulators.

mod census;
mod customer;
mod inbox_text;
mod person;
mod stage;
mod story;
mod verify;

pub(super) use story::demo;
