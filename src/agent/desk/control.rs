//! What the command line and the local API may ask, and what they get: one closed list, the same with and without a
//! running agent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::agent::brake::plan_file::PlanFile;
use crate::agent::brake::view::BrakeView;
use crate::agent::error::ErrorKind;
use crate::agent::report::{Failure, RunReport};
use crate::agent::standstill::StallView;
use crate::agent::verify::VerifyReport;
use crate::model::Pair;
use crate::store::Examination;

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    Status,
    /// What a run would do; nothing is written.
    Plan,
    /// What a run of only these would do; nothing is written.
    PlanOf {
        mappings: Vec<String>,
    },
    /// One run now. `approve_as`: that person agrees to the flow of data and to the first sync.
    Sync {
        approve_as: Option<String>,
        sweep: bool,
        /// Only these; all where none is named.
        #[serde(default)]
        mappings: Vec<String>,
    },
    /// All open conflicts.
    Conflicts,
    /// Answers a conflict with the words that the inbox file takes, and runs.
    Answer {
        conflict: u64,
        words: Vec<String>,
    },
    /// The latest runs.
    History {
        limit: usize,
    },
    /// One run with its journal.
    Run {
        run: u64,
    },
    /// Compares both systems in full. `repair`: the next run looks at what is not as the books say.
    Verify {
        mapping: Option<String>,
        repair: bool,
        /// The most findings named of one mapping.
        most_findings: usize,
    },
    /// Copies the store into a file, by its absolute path.
    Backup {
        to: String,
        replace: bool,
    },
    /// Looks the store over.
    Examine,
    /// Gives unused room of the store's file back.
    Compact,
    /// Undoes a run, or says what that would do.
    Undo {
        run: u64,
        dry_run: bool,
    },
    /// A row's whole story.
    Why {
        mapping: String,
        row: String,
    },
    /// Lets held rows go on, all of a mapping or one with its partner.
    Resume {
        mapping: String,
        row: Option<String>,
    },
    /// What is found of a connection; `agreed_by`: that person goes on from it.
    Rebaseline {
        connection: String,
        agreed_by: Option<String>,
    },
    /// Runs exactly the plan with that hash, which waits because of a limit.
    Approve {
        plan: String,
        by: String,
    },
    /// What a run would do, with every row and its hash.
    PlanInFull,
    /// What would flow that nobody agreed to yet.
    Unapproved,
}

impl Command {
    /// Returns whether the command changes nothing, neither in the systems nor in the store.
    #[must_use]
    pub const fn only_looks(&self) -> bool {
        match self {
            Self::Status
            | Self::Plan
            | Self::PlanOf { .. }
            | Self::PlanInFull
            | Self::Unapproved
            | Self::Conflicts
            | Self::History { .. }
            | Self::Run { .. }
            | Self::Examine
            | Self::Why { .. }
            | Self::Undo { dry_run: true, .. } => true,
            Self::Sync { .. }
            | Self::Answer { .. }
            | Self::Approve { .. }
            | Self::Backup { .. }
            | Self::Compact
            | Self::Undo { .. }
            | Self::Resume { .. } => false,
            Self::Verify { repair, .. } => !*repair,
            Self::Rebaseline { agreed_by, .. } => agreed_by.is_none(),
        }
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "body", rename_all = "kebab-case")]
pub enum Reply {
    Status(Box<StatusView>),
    Report(RunReport),
    Conflicts(Vec<ConflictView>),
    Answered(AnsweredView),
    Runs(Vec<RunView>),
    Run(RunView),
    Verified(Box<VerifyReport>),
    BackedUp(BackupView),
    Examined(Box<Examination>),
    Compacted(CompactedView),
    Why(Box<WhyView>),
    /// Several rows go by that word.
    Rows(Vec<RowView>),
    /// How many rows go on.
    Resumed(u64),
    Rebaseline(Box<RebaselineView>),
    Plan {
        plan: PlanFile,
        report: Box<RunReport>,
    },
    Unapproved(Vec<FlowView>),
}

/// What one mapping would move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowView {
    pub mapping: String,
    /// How many columns from which table to which, and where these are.
    pub flow: String,
}

/// Why a command failed, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{problem}")]
pub struct ControlError {
    pub kind: ErrorKind,
    pub problem: String,
    pub remedy: Option<String>,
}

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusView {
    pub health: Health,
    /// What is wrong, in words, each with its remedy.
    pub failures: Vec<Failure>,
    /// Present while the agent runs.
    pub agent: Option<AgentView>,
    /// What will stop working if nothing is done, each with its remedy.
    pub warnings: Vec<String>,
    pub connections: Vec<ConnectionStatus>,
    pub mappings: Vec<MappingStatus>,
    /// Plans over a limit, which wait for a person.
    #[serde(default)]
    pub brakes: Vec<BrakeView>,
    pub open_conflicts: u64,
    pub inbox: String,
    /// What has stood still for too long, with cause and remedy.
    #[serde(default)]
    pub stalls: Vec<StallView>,
    /// What is wrong in the inbox file.
    pub inbox_problems: Vec<String>,
    pub last_run: Option<RunView>,
}

/// How things stand, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    Ok,
    /// In step but for mappings that stand still because a connection is disabled.
    StandingStill,
    /// In step but for what people have to decide.
    WaitingForPeople,
    /// A plan is over a limit: nothing of its mapping is written until a person approves it.
    Braked,
    /// Something cannot be read or written now; Tandem keeps trying.
    Retrying,
    /// Something has to be corrected.
    Failing,
    /// Work has been pending for long without progress.
    Stalled,
    /// Nothing goes on, or not everywhere, until a person decides: a system was set back, or is another one.
    Stopped,
}

/// The running agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    pub pid: u32,
    pub started_at: jiff::Timestamp,
    /// The end of the latest run.
    pub last_pass_at: Option<jiff::Timestamp>,
    /// Whether a run is under way.
    pub is_running: bool,
}

/// One connection, and what is used of the budgets of its service by this process. Connections with the same sign-in to
/// the same server share them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionStatus {
    pub connection: String,
    pub enabled: bool,
    /// Absent while it is disabled.
    pub usage: Option<UsageView>,
    /// The system it was first used with.
    pub pinned: Option<IdentityView>,
    /// Why it is left alone until a person rebaselines it.
    pub frozen: Option<FrozenView>,
}

/// Who a system is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityView {
    pub identity: String,
    /// What people call it.
    pub name: String,
}

/// Why a connection is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenView {
    pub since: jiff::Timestamp,
    pub problem: String,
    pub remedy: String,
}

/// What is found of a connection, held against what was last agreed with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebaselineView {
    pub connection: String,
    pub frozen: Option<FrozenView>,
    /// Absent where the connection was never used.
    pub pinned: Option<IdentityView>,
    pub found: IdentityView,
    pub mappings: Vec<RebaselineMapping>,
    /// Some of the rows that differ.
    pub different: Vec<DifferentRow>,
    /// The number in the history, where it was done.
    pub run: Option<u64>,
}

/// What is found of one mapping's table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebaselineMapping {
    pub mapping: String,
    pub table: String,
    /// Rows kept in step.
    pub coupled: u64,
    /// Of those, rows as both sides last agreed.
    pub as_agreed: u64,
    pub different: u64,
    pub gone: u64,
    pub unreadable: u64,
    /// Rows that are in step with none.
    pub unknown: u64,
}

/// A row that differs from what was last agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferentRow {
    pub mapping: String,
    pub row: String,
    /// `before` is what was agreed, `after` what is found.
    pub fields: Vec<crate::agent::report::FieldLine>,
}

/// Requests used of budgets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageView {
    pub requests: u64,
    pub requests_limit: u64,
    pub window_secs: u64,
    /// Operations of the last 24 hours, each part of a batch one, where `per_day` is set.
    pub day: Option<u64>,
    pub day_limit: Option<u64>,
}

/// One mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingStatus {
    pub mapping: String,
    pub left: String,
    pub right: String,
    pub couplings: u64,
    /// Rows seen to differ and not settled yet.
    pub pending: u64,
    pub conflicts: u64,
    /// Rows left alone, by reason.
    pub left_alone: BTreeMap<String, u64>,
    /// The disabled connection for which the mapping stands still.
    pub stands_still_for: Option<String>,
    /// When the agent passes it by itself, in words; absent where with each look.
    #[serde(default)]
    pub schedule: Option<String>,
    /// When it was passed last; absent where that is with each look.
    #[serde(default)]
    pub passed_at: Option<jiff::Timestamp>,
    /// When all contents of both sides were last compared; absent until they were.
    pub compared_at: Option<jiff::Timestamp>,
}

/// One open conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictView {
    pub id: u64,
    pub mapping: String,
    pub row: String,
    /// The connections' names.
    pub sides: Pair<String>,
    pub raised_at: jiff::Timestamp,
    /// The side on which the row was deleted, if that is the conflict.
    pub deleted_in: Option<String>,
    pub fields: Vec<ConflictFieldView>,
    /// The answer that waits to be applied.
    pub answer: Option<String>,
    /// An earlier answer that was for other values.
    pub suggestion: Option<String>,
}

/// One field in conflict, as shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictFieldView {
    pub field: String,
    /// Absent at first contact.
    pub was: Option<String>,
    pub values: Pair<String>,
}

/// A copy of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    pub file: String,
    pub bytes: u64,
}

/// The size of the store's file, in bytes, before and after unused room was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactedView {
    pub before: u64,
    pub after: u64,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredView {
    pub conflict: u64,
    /// Whether the conflict is gone.
    pub settled: bool,
    pub report: RunReport,
}

/// One run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunView {
    pub run: u64,
    pub started_at: jiff::Timestamp,
    pub finished_at: Option<jiff::Timestamp>,
    pub trigger: String,
    pub coupled: u64,
    pub created: u64,
    pub updated: u64,
    pub deleted: u64,
    pub conflicts_raised: u64,
    pub conflicts_settled: u64,
    pub refused: u64,
    pub failures: Vec<String>,
    /// Only where one run was asked for: what was done, the oldest first.
    pub entries: Vec<EntryView>,
}

/// A row that is meant by a word, with its partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowView {
    pub row: String,
    pub ids: Pair<Option<String>>,
}

/// A row's whole story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyView {
    pub mapping: String,
    /// The connections' names.
    pub sides: Pair<String>,
    pub row: RowView,
    /// How the two rows stand to each other.
    pub coupling: String,
    /// What is still to be settled, and what it waits for.
    pub waits: Vec<String>,
    /// All that the journal tells, the oldest first.
    pub entries: Vec<EntryView>,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    pub run: u64,
    pub at: jiff::Timestamp,
    pub mapping: String,
    pub action: String,
    /// The connection that was written.
    pub on: String,
    pub row: String,
    pub cause: String,
    pub fields: Vec<crate::agent::report::FieldLine>,
    pub outcome: String,
}
