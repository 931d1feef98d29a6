//! The shell around the pure core: it reads both systems, lets `sync` judge, and does what was decided.
//!
//! One row's way: `observe` stores what was seen, `pass` gathers it and asks `sync::decide`, `apply` stores an intent,
//! sends the write and commits its outcome, `recover` looks after writes whose answer was lost.

mod agent_loop;
mod apply;
mod commit;
mod conflicts;
mod control;
mod couple;
mod deletions;
mod desk;
mod engine;
mod error;
mod feed;
mod in_doubt;
mod inbox_file;
mod job;
mod observe;
mod pass;
mod prepare;
mod recover;
mod rehearsal;
mod report;
mod reread;
mod resolve;
mod run;
mod run_state;
mod standing;
mod views;
mod watch;

pub use agent_loop::run_agent;
pub use control::{
    AgentView, AnsweredView, Command, ConflictFieldView, ConflictView, ControlError, EntryView, ErrorKind,
    Health, MappingStatus, Reply, RunView, StatusView,
};
pub use desk::Desk;
pub use engine::{Engine, Progress};
pub use error::EngineError;
pub use report::{Failure, FieldLine, Line, LineAction, MappingReport, RunReport};
pub use run::RunOptions;
