//! The shell around the pure core: it reads both systems, lets `sync` judge, and does what was decided.
//!
//! `look` stores what was seen, `plan` gathers it and asks `sync::decide`, `write` stores intents, sends writes, commits
//! outcomes and looks after writes whose answer was lost; `identity` sees to it that all this is about the system it always
//! was about, and `brake` holds back plans over a limit. `run` and `pass` call them in that order; `desk` is where people
//! come in. `verify` holds both systems against the books, and writes nothing.

mod brake;
mod changed_mapping;
mod choice;
mod company;
mod consent;
mod currency;
mod desk;
mod engine;
mod error;
mod find_row;
mod identity;
mod keeping;
mod look;
mod pass;
mod plan;
mod prepare;
mod report;
mod run;
mod run_state;
mod standstill;
mod steps;
mod undo;
mod verify;
mod why;
mod write;

pub use brake::plan_file::{DiffRow, FieldPlan, MappingPlan, PlanDiff, PlanFile, RowPlan};
pub use brake::view::BrakeView;
pub use choice::Choice;
pub use desk::Desk;
pub use desk::agent_loop::run_agent;
pub use desk::control::{
    AgentView, AnsweredView, BackupView, Command, CompactedView, ConflictFieldView, ConflictView,
    ConnectionStatus, ControlError, DifferentRow, EntryView, FlowView, FrozenView, Health, IdentityView,
    MappingStatus, RebaselineMapping, RebaselineView, Reply, RowView, RunView, StatusView, UsageView,
    WhyView,
};
pub use desk::files::{Files, LocalFiles};
pub use engine::{Engine, Progress};
pub use error::{EngineError, ErrorKind};
pub use identity::words::identity_problem;
pub use keeping::{backup, compact};
pub use report::{Failure, FieldLine, HeldRow, Line, LineAction, MappingReport, RunReport};
pub use run::RunOptions;
pub use standstill::StallView;
pub use verify::{Difference, Finding, FindingClass, MappingVerdict, VerifyReport};
