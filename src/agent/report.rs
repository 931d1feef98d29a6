//! What a run did (or, as a preview, would do), for people and machines.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::mapping::{Field, Mapping};
use crate::model::{Became, Counts, FieldId, Pair, Reason, Record, Side, Value, ValueDisplay};
use crate::store::{Source, StoreError, View};

use super::brake::view::BrakeView;
use super::error::ErrorKind;

/// The most lines kept of one run; the counts are always complete.
const MAX_LINES: usize = 20_000;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// Absent for a preview.
    pub run: Option<u64>,
    pub lines: Vec<Line>,
    /// Lines beyond the most that are kept.
    pub lines_left_out: u64,
    /// Rows that came with the changes, each table counted once however many mappings share it.
    pub rows_read: u64,
    /// Those that the run was about.
    pub mappings: Vec<MappingReport>,
    /// There are others that it was not about.
    #[serde(default)]
    pub is_partial: bool,
    /// Rows of those mappings that nothing is made from, for their business keys.
    #[serde(default)]
    pub held_for_key: Vec<HeldRow>,
    /// What stopped a mapping or a connection, in words.
    pub failures: Vec<Failure>,
    /// Plans over a limit, which wait for a person.
    #[serde(default)]
    pub brakes: Vec<BrakeView>,
}

/// A row that nothing is made from, for its business key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRow {
    pub mapping: String,
    /// The connection it is in.
    pub connection: String,
    pub row: String,
    pub id: String,
    /// The key that it shares; absent where it has none.
    pub key: Option<String>,
    pub reason: String,
}

/// What stopped a mapping or a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub mapping: Option<String>,
    pub problem: String,
    pub remedy: Option<String>,
    pub kind: ErrorKind,
    /// Time alone may heal it.
    pub transient: bool,
}

/// What a run did in one mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingReport {
    pub mapping: String,
    pub left: String,
    pub right: String,
    pub read: Pair<u64>,
    pub coupled: u64,
    pub created: Pair<u64>,
    pub updated: Pair<u64>,
    pub deleted: Pair<u64>,
    pub uncoupled: u64,
    pub conflicts_raised: u64,
    pub conflicts_settled: u64,
    pub refused: u64,
    /// All couplings of the mapping after the run.
    pub couplings: u64,
    /// Rows left alone, by reason.
    pub left_alone: BTreeMap<String, u64>,
    /// Those of them that could not be read, or whose values could not be written.
    #[serde(default)]
    pub failed: u64,
}

impl MappingReport {
    /// Starts an empty report.
    #[must_use]
    pub fn new(mapping: &Mapping) -> Self {
        Self {
            mapping: mapping.name.to_string(),
            left: mapping.connections.left.to_string(),
            right: mapping.connections.right.to_string(),
            ..Self::default()
        }
    }

    /// Takes the counts of the passes.
    pub fn count(&mut self, counts: &Counts) {
        self.read = counts.read;
        self.coupled = counts.coupled;
        self.created = counts.created;
        self.updated = counts.updated;
        self.deleted = counts.deleted;
        self.uncoupled = counts.uncoupled;
        self.conflicts_raised = counts.conflicts_raised;
        self.conflicts_settled = counts.conflicts_settled;
        self.refused = counts.refused;
    }
}

/// One thing done (or to be done) to one row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub mapping: String,
    pub action: LineAction,
    /// The connection that is written.
    pub on: Option<String>,
    pub row: String,
    pub fields: Vec<FieldLine>,
    pub note: Option<String>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineAction {
    Couple,
    Create,
    Update,
    Delete,
    Uncouple,
    Conflict,
    Leave,
}

impl LineAction {
    /// Returns the verb people read.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Couple => "couple",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Uncouple => "uncouple",
            Self::Conflict => "conflict",
            Self::Leave => "leave",
        }
    }
}

/// One field of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldLine {
    pub field: String,
    pub before: Option<String>,
    pub after: String,
}

impl FieldLine {
    /// Lists the fields of a record to be written over another.
    pub fn of(
        view: &View<impl Source>,
        mapping: &Mapping,
        sent: &Record,
        before: Option<&Record>,
    ) -> Result<Vec<Self>, StoreError> {
        let mut lines = Vec::with_capacity(sent.0.len());
        for field in &mapping.fields {
            let Some(after) = sent.get(&field.id) else { continue };
            let before = before.and_then(|record| record.get(&field.id));
            lines.push(Self {
                field: field.id.to_string(),
                before: before.map(|value| shown(view, field, value)).transpose()?,
                after: shown(view, field, after)?,
            });
        }
        Ok(lines)
    }
}

/// Shows a value to a person; a row by what people call it.
pub fn shown(view: &View<impl Source>, field: &Field, value: &Value) -> Result<String, StoreError> {
    let text = match (field.lookup(), value) {
        (Some(lookup), Value::Reference(row)) => {
            let mut label = None;
            for mapping in &lookup.mappings {
                label = label.or(view.coupling_of(mapping, Side::Left, row)?.map(|coupling| coupling.label));
            }
            label
        }
        (Some(lookup), Value::Blank) if lookup.blank_is_base_currency => Some("(local currency)".to_owned()),
        _ => None,
    };
    Ok(text.unwrap_or_else(|| ValueDisplay(value).to_string()))
}

impl fmt::Display for Line {
    /// Writes the line as people read it, the same in a preview and in a run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {:<13} {}", self.action.word(), self.mapping, self.row)?;
        if let Some(on) = &self.on {
            write!(f, " in {on}")?;
        }
        for (index, field) in self.fields.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { ", " })?;
            match &field.before {
                Some(before) if self.action == LineAction::Conflict => {
                    write!(f, "{} {before} or {}", field.field, field.after)?;
                }
                Some(before) => write!(f, "{} {before} -> {}", field.field, field.after)?,
                None => write!(f, "{} {}", field.field, field.after)?,
            }
        }
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

impl RunReport {
    /// Adds a line, unless there are too many.
    pub fn add(&mut self, line: Line) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(line);
        } else {
            self.lines_left_out += 1;
        }
    }

    /// Lists a row that is held for its business key, unless there are too many.
    pub fn hold(&mut self, row: HeldRow) {
        if self.held_for_key.len() < MAX_LINES {
            self.held_for_key.push(row);
        }
    }

    /// Says that a mapping's plan waits for a person.
    pub fn braked(&mut self, brake: BrakeView) {
        self.brakes.retain(|known| known.mapping != brake.mapping);
        self.brakes.push(brake);
    }

    /// Returns the sum of a count over all mappings.
    pub fn total(&self, count: impl Fn(&MappingReport) -> u64) -> u64 {
        self.mappings.iter().map(count).sum()
    }
}

/// Says why a row is left alone, with the names of the two systems.
#[must_use]
pub fn reason_text(reason: &Reason, mapping: &Mapping) -> String {
    let name = |side: Side| &mapping.connections[side];
    match reason {
        Reason::CreateOff { on } => match &mapping.create_from[*on] {
            Some(filter) => {
                format!("only here, and the mapping creates rows in {} only where {filter}", name(*on))
            }
            None => format!("only here, and the mapping creates nothing in {}", name(*on)),
        },
        Reason::Ambiguous { key, candidates: 1 } => {
            format!("\"{key}\" matches one row, but a more reliable key tells them apart")
        }
        Reason::Ambiguous { key, candidates } => format!("\"{key}\" matches {candidates} rows"),
        Reason::PartnerTaken { partner } => format!("its partner {partner} is coupled already"),
        Reason::WaitingForReference { field, mapping, .. } => {
            format!("waits until the row its {field} points to is coupled in {mapping}")
        }
        Reason::PartnerOutOfFilter => "its partner is outside the mapping's filter".to_owned(),
        Reason::PartnerDeleted { on } => format!("its partner was deleted in {}", name(*on)),
        Reason::DeletionIgnored => "deleted; the mapping leaves deletions alone".to_owned(),
        Reason::Refused { code, .. } => format!("refused: {code}"),
        Reason::DoesNotFit { message, .. } => message.clone(),
        Reason::Unreadable { message } => format!("cannot be read: {message}"),
        Reason::PartnerUnreadable { partner } => {
            format!("{partner} may be its partner, but cannot be read")
        }
        Reason::FateUnknown { message } => {
            format!("not found; whether it is deleted cannot be told: {message}")
        }
        Reason::KeepsChanging { field, left, right } => format!(
            "its {field} keeps changing without anybody editing it: {} makes it {left}, {} makes it {right}; it is looked at \
             again when somebody edits it. Find what sets it in either system, or let one side own the field",
            name(Side::Left),
            name(Side::Right)
        ),
        Reason::PerhapsDeleted => "not found; whether it is deleted is being checked".to_owned(),
        Reason::Became { on, became } => {
            let became = match became {
                Became::Posted => "was posted",
                Became::Converted => "became another document",
                Became::Merged => "was merged into another row",
                Became::Other => "became something else",
            };
            format!("{became} in {}, which is no deletion; both rows are left alone", name(*on))
        }
        Reason::PartnerHeld { partner } => {
            format!(
                "{partner} would be its partner, and is held after an undo; `tandem resume` lets it go on"
            )
        }
        Reason::Unsafe { message } => format!("stopped by Tandem's own check: {message}; please report this"),
        Reason::NoVersion { on } => format!(
            "{} gives the row no version, so that writing it could undo an edit unseen; if it is to be written all the same, \
             put `unguarded = true` at the top of the file of mapping {}",
            name(*on),
            mapping.name
        ),
        Reason::Drifted { on, fields } => {
            format!("{fields} changed in {}, owned by {}", name(*on), name(on.other()))
        }
        Reason::DriftKept { on } => format!("changed in {}, owned by {}", name(*on), name(on.other())),
        Reason::NoBusinessKey => {
            let key: Vec<_> = mapping.key.iter().map(FieldId::as_str).collect();
            format!("has no business key ({})", key.join(" and "))
        }
        Reason::BusinessKeyShared { key, others: 1 } => {
            format!("shares its business key {key} with another row")
        }
        Reason::BusinessKeyShared { key, others } => {
            format!("shares its business key {key} with {others} other rows")
        }
    }
}

/// Names the reason without the row's own details, for counting.
#[must_use]
pub fn reason_group(reason: &Reason, mapping: &Mapping) -> String {
    match reason {
        Reason::Ambiguous { .. } => "several rows match".to_owned(),
        Reason::PartnerTaken { .. } => "its partner is coupled already".to_owned(),
        Reason::PartnerHeld { .. } => "its partner is held after an undo".to_owned(),
        Reason::Unreadable { message } => match message.split_once(':') {
            Some((field, _)) if field.starts_with("field ") => format!("{field} cannot be read"),
            _ => "cannot be read".to_owned(),
        },
        Reason::PartnerUnreadable { .. } => "a row that cannot be read may be its partner".to_owned(),
        Reason::DoesNotFit { .. } => "a value does not fit".to_owned(),
        Reason::BusinessKeyShared { .. } => "shares its business key with other rows".to_owned(),
        Reason::KeepsChanging { field, .. } => format!("{field} keeps changing without anybody editing it"),
        reason => reason_text(reason, mapping),
    }
}
