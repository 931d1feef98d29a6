//! What is to be written: the form a decision takes on its way out.

use uuid::Uuid;

use crate::agent::engine::Engine;
use crate::agent::look::observe::Observer;
use crate::agent::prepare::Prepared;
use crate::mapping::{self, Direction, Field, Mapping, Unfit};
use crate::model::{
    Action, CauseOfWrite, ColumnName, Coupling, CouplingId, FieldChange, FieldId, Links, MappingName,
    PlanVerb, PlannedWrite, Record, Row, RowId, Side, Standing, Value, Version,
};
use crate::store::{StoreError, Transaction};

/// One write to do.
#[derive(Clone, Debug)]
pub struct Work {
    pub job: Job,
    /// What people call the row.
    pub label: String,
    pub cause: CauseOfWrite,
}

/// What to write.
#[derive(Clone, Debug)]
pub enum Job {
    Create {
        source: RowId,
        /// The id Tandem mints, where the system takes one.
        minted: Option<RowId>,
        sent: Record,
        /// What it gets beside the mapped fields.
        defaults: Vec<(ColumnName, Value)>,
        /// The coupling whose deleted row is created again.
        replaces: Option<CouplingId>,
    },
    Update {
        coupling: CouplingId,
        row: RowId,
        version: Version,
        sent: Record,
        before: Record,
        /// Its partner is written in the same round.
        is_one_of_two: bool,
    },
    Delete {
        coupling: CouplingId,
        row: RowId,
        version: Version,
    },
    /// A deleted row is created again, with no partner, and held.
    Restore {
        replaces: RowId,
        minted: Option<RowId>,
        sent: Record,
    },
    /// A row without a partner is deleted.
    Remove {
        row: RowId,
        version: Version,
    },
}

impl Job {
    /// Returns the row that is written, where there is one already, and what ties it to others.
    pub fn tied(
        &self,
        transaction: &Transaction,
        mapping: &MappingName,
        side: Side,
    ) -> Result<(Option<RowId>, Links), StoreError> {
        Ok(match self {
            Self::Create { source, .. } => {
                (None, Links { partner: Some(source.clone()), ..Links::default() })
            }
            Self::Update { coupling, row, .. } | Self::Delete { coupling, row, .. } => {
                let known = transaction.coupling(mapping, *coupling)?;
                let partner = known.map(|coupling| coupling.rows[side.other()].clone());
                (Some(row.clone()), Links { coupling: Some(*coupling), partner, ..Links::default() })
            }
            Self::Restore { replaces, .. } => {
                (None, Links { replaces: Some(replaces.clone()), ..Links::default() })
            }
            Self::Remove { row, .. } => (Some(row.clone()), Links::default()),
        })
    }

    /// Returns what was done, or tried, field by field.
    #[must_use]
    pub fn told(&self) -> (Action, Vec<FieldChange>) {
        match self {
            Self::Create { sent, .. } | Self::Restore { sent, .. } => (Action::Created, changes(sent, None)),
            Self::Update { sent, before, .. } => (Action::Updated, changes(sent, Some(before))),
            Self::Delete { .. } | Self::Remove { .. } => (Action::Deleted, Vec::new()),
        }
    }
}

/// Lists the fields of a record as changes.
#[must_use]
pub fn changes(sent: &Record, before: Option<&Record>) -> Vec<FieldChange> {
    let change = |(field, value): (&FieldId, &Value)| FieldChange {
        field: field.clone(),
        before: before.and_then(|before| before.get(field)).cloned(),
        after: value.clone(),
    };
    sent.0.iter().map(change).collect()
}

impl Work {
    /// Returns what is done on that side, in the form in which plans are counted and approved. What a deletion loses is for
    /// those to add who know it.
    #[must_use]
    pub fn planned(&self, on: Side) -> PlannedWrite {
        let (verb, row, fields) = match &self.job {
            Job::Create { source, sent, .. } => (PlanVerb::Create, source, changes(sent, None)),
            Job::Update { row, sent, before, .. } => (PlanVerb::Update, row, changes(sent, Some(before))),
            Job::Delete { row, .. } => (PlanVerb::Delete, row, Vec::new()),
            Job::Restore { replaces, sent, .. } => (PlanVerb::Create, replaces, changes(sent, None)),
            Job::Remove { row, .. } => (PlanVerb::Delete, row, Vec::new()),
        };
        PlannedWrite { on, verb, row: row.clone(), label: self.label.clone(), fields }
    }
}

/// Returns the job that creates a row on `on` from a row of the other side.
#[must_use]
pub fn create(
    prepared: &Prepared,
    on: Side,
    source: &RowId,
    sent: Record,
    defaults: Vec<(ColumnName, Value)>,
    replaces: Option<&Coupling>,
) -> Job {
    let takes_ids = prepared.tables[on].abilities.takes_ids;
    let replaced = replaces.map(|coupling| &coupling.rows[on]);
    Job::Create {
        source: source.clone(),
        minted: takes_ids.then(|| mint(prepared, on, source, replaced)),
        sent,
        defaults,
        replaces: replaces.map(|coupling| coupling.id),
    }
}

/// Returns the job that creates a deleted row again, or why the row does not fit. `survivor` is the other row as it was read;
/// one that was not seen to differ is what both sides last agreed on.
pub fn restore(
    engine: &Engine,
    prepared: &Prepared,
    on: Side,
    survivor: Option<&Row>,
    coupling: &Coupling,
) -> Result<Result<Job, Unfit>, StoreError> {
    let other = on.other();
    let mut record = match survivor {
        Some(row) => {
            let observer = Observer { prepared, now: engine.now() };
            observer.record(&engine.store().snapshot()?, other, row)?.unwrap_or_default()
        }
        None => coupling.base.clone(),
    };
    // What the other side made of a field that the deleted row owned is not the owner's. A blank of the owner's is said then:
    // left out, it would look as if nobody had ever agreed about the field.
    let mut emptied = Record::default();
    for field in prepared.mapping.fields.iter().filter(|field| field.direction.owner() == Some(on)) {
        let Some(owned) = coupling.base.get(&field.id) else { continue };
        let is_filled = record.get(&field.id).is_some_and(|value| !value.is_blank());
        if owned.is_blank() && is_filled && !field.is_lookup() && is_given_back(prepared, on, field) {
            emptied.set(field.id.clone(), owned.clone());
        }
        record.set(field.id.clone(), owned.clone());
    }
    let mut sent = sent_on_restore(prepared, on, &record);
    sent.0.extend(emptied.0);
    let fits = mapping::fits(&prepared.mapping, on, &sent, &prepared.tables[on]);
    // A survivor that was not seen tells no template anything.
    let mapping = &prepared.mapping;
    let defaults = mapping.defaults(on, survivor).unwrap_or_else(|_| mapping.new_row[on].clone());
    Ok(fits.map(|()| create(prepared, on, &coupling.rows[other], sent, defaults, Some(coupling))))
}

/// Derives the id of a row to be created, so that a replay proves itself even after the store was lost (I3, I29).
pub fn mint(prepared: &Prepared, on: Side, source: &RowId, replaced: Option<&RowId>) -> RowId {
    let name = format!(
        "{}|{}|{}|{on}|{source}|{}",
        prepared.identities.left,
        prepared.identities.right,
        prepared.name(),
        replaced.map_or("", RowId::as_str),
    );
    RowId::from(Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()))
}

/// Returns the fields sent when a row is created: those that flow there and are not blank.
#[must_use]
pub fn sent_on_create(mapping: &Mapping, on: Side, record: &Record) -> Record {
    sent(mapping, record, |field| field.on_create[on])
}

/// Returns the fields that a create said nothing of because the row it was made from held nothing there. `sent` is what it may
/// have been: where that was more than one thing, a field counts only if none of them named it. Only fields that go both ways
/// are among them: a blank of an owner's erases nothing at first contact, and one that was agreed on would.
#[must_use]
pub fn left_blank(mapping: &Mapping, on: Side, sent: &[Record]) -> Record {
    if sent.is_empty() {
        return Record::default();
    }
    mapping
        .fields
        .iter()
        .filter(|field| field.direction == Direction::Both && field.on_create[on])
        .filter(|field| sent.iter().all(|sent| sent.get(&field.id).is_none()))
        .map(|field| (field.id.clone(), Value::Blank))
        .collect()
}

/// Returns the fields sent when a deleted row is created again: also what that side owned, of which the other row holds the
/// last copy.
pub fn sent_on_restore(prepared: &Prepared, on: Side, record: &Record) -> Record {
    sent(&prepared.mapping, record, |field| is_given_back(prepared, on, field))
}

fn is_given_back(prepared: &Prepared, on: Side, field: &Field) -> bool {
    let takes =
        |column: &ColumnName| prepared.tables[on].columns.get(column).is_some_and(|column| column.creatable);
    field.on_create[on] || field.is_sent_on_restore(on) && field.columns(on).iter().all(takes)
}

fn sent(mapping: &Mapping, record: &Record, is_sent: impl Fn(&Field) -> bool) -> Record {
    mapping
        .fields
        .iter()
        .filter(|field| is_sent(field))
        .filter_map(|field| {
            let value = record.get(&field.id)?;
            // A blank currency has to be said, or the system puts in its user's own.
            let says_blank = field.lookup().is_some_and(|lookup| lookup.blank_is_base_currency);
            if field.waits_alone(value) {
                return None;
            }
            (!value.is_blank() || says_blank).then(|| (field.id.clone(), value.clone()))
        })
        .collect()
}

/// Parks the rows that gave rise to a job.
pub fn park_behind(
    observer: &Observer<'_>,
    transaction: &mut Transaction,
    side: Side,
    job: &Job,
    standing: &Standing,
) -> Result<(), StoreError> {
    for (side, row) in rows_behind(observer.prepared, transaction, side, job)? {
        observer.park(transaction, side, &row, standing.clone())?;
    }
    Ok(())
}

fn rows_behind(
    prepared: &Prepared,
    transaction: &Transaction,
    side: Side,
    job: &Job,
) -> Result<Vec<(Side, RowId)>, StoreError> {
    match job {
        Job::Create { source, replaces: None, .. } => Ok(vec![(side.other(), source.clone())]),
        Job::Create { replaces: Some(coupling), .. }
        | Job::Update { coupling, .. }
        | Job::Delete { coupling, .. } => {
            let coupling = transaction.coupling(prepared.name(), *coupling)?;
            Ok(coupling
                .map(|coupling| Side::BOTH.map(|side| (side, coupling.rows[side].clone())).to_vec())
                .unwrap_or_default())
        }
        Job::Restore { .. } => Ok(Vec::new()),
        Job::Remove { row, .. } => Ok(vec![(side, row.clone())]),
    }
}
