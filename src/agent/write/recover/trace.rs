//! Finding the row that a create without an id of ours made.

use crate::agent::error::EngineError;
use crate::model::{Intent, IntentVerb, Record, Row, RowId, Timestamp};
use crate::store::{Snapshot, StoreError};
use crate::sync;
use crate::systems::{RowError, Search};

use super::Inquiry;

/// The system's clock is only known to the second; a row it stamped may look that much older than the floor.
const FLOOR_SLACK_SECS: i64 = 5;

/// What an interrupted create left behind.
#[derive(Debug)]
pub(super) enum Trace {
    Row(Box<Row>),
    None,
    /// It is there and cannot be read, or a row that is not coupled cannot, and may be the one.
    Unclear,
}

impl Inquiry<'_> {
    /// Finds the row that a create without an id of ours made: young enough, not coupled, with all the values sent.
    pub(super) async fn find_alike(
        &self,
        sent: &Record,
        floor: Option<Timestamp>,
    ) -> Result<Trace, EngineError> {
        let Inquiry { engine, prepared, intent } = *self;
        let side = intent.side;
        let slack = jiff::SignedDuration::from_secs(FLOOR_SLACK_SECS);
        let floor = floor.unwrap_or(intent.stored_at).checked_sub(slack).unwrap_or(Timestamp::MIN);
        let table = &prepared.mapping.tables[side];
        let columns = &prepared.columns[side];
        let young = prepared.systems[side].search(table, columns, &Search::ModifiedSince(floor)).await?;
        let observer = self.observer();
        let snapshot = engine.store().snapshot()?;
        let wanted = sync::keys_of(&prepared.mapping, intent_source(intent), sent);
        let others = sent_by_others(&snapshot, intent)?;
        let (mut alike, mut is_clear) = (Vec::new(), true);
        let label = &prepared.mapping.label;
        for row in young {
            let row = match row {
                Ok(row) => row,
                Err(RowError { id, .. }) => {
                    is_clear &= match id {
                        Some(id) => snapshot.coupling_of(prepared.name(), side, &id)?.is_some(),
                        None => false,
                    };
                    continue;
                }
            };
            if snapshot.coupling_of(prepared.name(), side, &row.id)?.is_some()
                || was_dealt_with(&snapshot, intent, &row.id)?
            {
                continue;
            }
            let Ok(record) = observer.record(&snapshot, side, &row)? else { continue };
            if record.holds(sent) {
                return Ok(Trace::Row(Box::new(row)));
            }
            if others.iter().any(|other| record.holds(other)) {
                // Made by another create whose answer was lost, however alike the two are.
                continue;
            }
            let keys = sync::keys_of(&prepared.mapping, row.id.clone(), &record);
            let shares_key =
                keys.keys.iter().zip(&wanted.keys).any(|(key, wanted)| key.is_some() && key == wanted);
            let resemblance = Resemblance::of(&record, sent);
            let has_label = record.get(label).is_some_and(|name| sent.get(label) == Some(name));
            if shares_key || has_label && resemblance.is_close() {
                alike.push((resemblance, row));
            }
        }
        // Edited, or rewritten by the server, since it was made: its key still tells it, or its name and most of the rest.
        Ok(trace(alike, is_clear))
    }
}

/// Returns whether the journal tells of a row. Of one that a create in doubt made it cannot yet: while that is open, nothing is
/// done about a row that may be the one.
fn was_dealt_with(snapshot: &Snapshot, intent: &Intent, row: &RowId) -> Result<bool, StoreError> {
    Ok(!snapshot.journal_of_row(&intent.mapping, intent.side, row, None, 1)?.is_empty())
}

/// Returns what the other creates in doubt of the same table sent.
fn sent_by_others(snapshot: &Snapshot, intent: &Intent) -> Result<Vec<Record>, StoreError> {
    let others = snapshot.intents()?.into_iter().filter(|other| {
        other.id != intent.id && other.mapping == intent.mapping && other.side == intent.side
    });
    Ok(others
        .filter_map(|other| match other.verb {
            IntentVerb::Create { sent, .. }
            | IntentVerb::Restore { sent, .. }
            | IntentVerb::Late { sent, .. } => Some(sent),
            IntentVerb::Update { .. } | IntentVerb::Delete { .. } | IntentVerb::Remove { .. } => None,
        })
        .collect())
}

/// How many of the values sent, blank ones aside, a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Resemblance {
    held: usize,
    sent: usize,
}

impl Resemblance {
    fn of(record: &Record, sent: &Record) -> Self {
        let values = sent.0.iter().filter(|(_, value)| !value.is_blank());
        let held = values.clone().filter(|(field, value)| record.get(field) == Some(value)).count();
        Self { held, sent: values.count() }
    }

    /// Returns whether so little differs that it is rather a row somebody touched than another of the same name.
    fn is_close(self) -> bool {
        (self.sent - self.held) * 4 <= self.sent
    }
}

/// Says what rows that resemble the one sent, and rows that cannot be read, tell of a create. Of several the most alike is
/// taken: the others may be creates of their own, and made again it would be there twice.
fn trace(alike: Vec<(Resemblance, Row)>, is_clear: bool) -> Trace {
    match alike.into_iter().max_by_key(|(resemblance, _)| resemblance.held) {
        Some((_, row)) => Trace::Row(Box::new(row)),
        None if is_clear => Trace::None,
        None => Trace::Unclear,
    }
}

fn intent_source(intent: &Intent) -> RowId {
    match &intent.verb {
        IntentVerb::Create { source, .. } | IntentVerb::Late { source, .. } => source.clone(),
        IntentVerb::Update { row, .. } | IntentVerb::Delete { row, .. } => row.clone(),
        IntentVerb::Restore { replaces: row, .. } | IntentVerb::Remove { row, .. } => row.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    /// I3: a row that cannot be read may be the one that was made, so none is made again.
    #[test]
    fn a_create_is_repeated_only_where_every_row_could_be_read() {
        let row = |id: &str| Row {
            id: RowId::new(id),
            version: None,
            modified_at: None,
            modified_by: None,
            values: [].into(),
        };
        assert!(matches!(trace(vec![], true), Trace::None));
        assert!(matches!(trace(vec![], false), Trace::Unclear));
        let found = |alike: &[(usize, &str)], is_clear| {
            let alike =
                alike.iter().map(|(held, id)| (Resemblance { held: *held, sent: 4 }, row(id))).collect();
            match trace(alike, is_clear) {
                Trace::Row(row) => row.id,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(found(&[(1, "a")], false), RowId::new("a"));
        assert_eq!(found(&[(1, "a"), (3, "b"), (2, "c")], true), RowId::new("b"), "the most alike");
    }

    /// I3, I8: another customer of that name, town and telephone is not the one that was made.
    #[test]
    fn a_row_that_differs_in_more_than_a_quarter_is_another_one() {
        let record = |values: &[(&str, &str)]| -> Record {
            values.iter().map(|(field, value)| ((*field).into(), Value::text(*value))).collect()
        };
        let sent = record(&[("tag", "1"), ("name", "A"), ("phone", "2"), ("street", "S"), ("city", "")]);
        let is_close = |values: &[(&str, &str)]| Resemblance::of(&record(values), &sent).is_close();
        assert!(is_close(&[("tag", "1"), ("name", "A"), ("phone", "3"), ("street", "S"), ("city", "C")]));
        assert!(!is_close(&[("tag", "9"), ("name", "A"), ("phone", "3"), ("street", "S"), ("city", "")]));
    }
}
