//! Storing what was seen of a row: an echo refreshes the version, anything else becomes an observation.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::agent::plan::{
    resolve::with_resolver,
    standing::{wake, wake_those_waiting_for},
};
use crate::agent::prepare::Prepared;
use crate::mapping;
use crate::model::{
    Content, Coupling, CouplingState, Evidence, IntentVerb, Observation, Reason, Record, Row, RowId,
    RowNames, Side, Standing, Timestamp, Value, ValueDisplay, WakeCondition,
};
use crate::store::{Source, StoreError, Transaction, View};
use crate::sync;
use crate::systems::RowError;

/// How long a row that could not be read is left alone.
pub const UNREADABLE_PAUSE: Duration = Duration::from_secs(300);

/// Stores what was seen of rows of one mapping, within one transaction.
#[derive(Debug)]
pub struct Observer<'a> {
    pub prepared: &'a Prepared,
    pub now: Timestamp,
}

impl Observer<'_> {
    /// Stores a row as it was read.
    pub fn row(&self, transaction: &mut Transaction, side: Side, mut row: Row) -> Result<(), StoreError> {
        let name = self.prepared.name();
        // A feed brings what other mappings of the table want, too.
        row.values.retain(|column, _| self.prepared.columns[side].contains(column));
        self.note_names(transaction, side, &row)?;
        let coupling = transaction.coupling_of(name, side, &row.id)?;
        let old = transaction.observation(name, side, &row.id)?;
        let passes = match &self.prepared.mapping.filters[side] {
            Some(filter) => filter.accepts(&row),
            None => Ok(true),
        };
        let stays_held = match &old {
            Some(old) if old.standing == Standing::Held => self.shows_the_same(transaction, old, &row)?,
            _ => false,
        };
        match (coupling, passes) {
            (Some(coupling), _) if coupling.state == CouplingState::Severed => Ok(()),
            (_, Err(missing)) => self.unreadable(transaction, side, &row.id, &missing.to_string()),
            (_, Ok(true)) if old.as_ref().is_some_and(|old| is_known(old, &row)) => Ok(()),
            (_, Ok(true)) if stays_held => {
                self.put_standing(transaction, side, row.id.clone(), Content::Row(row), Standing::Held)
            }
            (None, Ok(false)) => self.forget(transaction, side, &row.id),
            (None, Ok(true)) => match self.record(transaction, side, &row)? {
                Ok(_) => self.put(transaction, side, row.id.clone(), Content::Row(row)),
                Err(error) => self.unreadable(transaction, side, &row.id, &error.to_string()),
            },
            (Some(coupling), Ok(false)) => self.left_the_filter(transaction, coupling, side, &row),
            (Some(coupling), Ok(true)) => self.coupled(transaction, coupling, side, row),
        }
    }

    /// Stores what others may point to the row by. What waited for a row that is called so is looked at again.
    fn note_names(&self, transaction: &mut Transaction, side: Side, row: &Row) -> Result<(), StoreError> {
        let mapping = &self.prepared.mapping;
        if mapping.names[side].is_empty() {
            return Ok(());
        }
        let names = RowNames {
            mapping: mapping.name.clone(),
            side,
            row: row.id.clone(),
            names: mapping::names_of(mapping, side, row),
        };
        if transaction.names(&mapping.name, side, &row.id)?.as_ref() == Some(&names) {
            return Ok(());
        }
        transaction.put_names(&names)?;
        let pointing: BTreeSet<_> = mapping.names[side].values().flatten().collect();
        for other in pointing {
            wake_those_waiting_for(transaction, other, |of, awaited| {
                of == side && (*awaited == row.id || names.has(awaited.as_str()))
            })?;
        }
        Ok(())
    }

    /// Returns whether a held row shows nothing that a person may have edited since.
    fn shows_the_same(
        &self,
        transaction: &Transaction,
        old: &Observation,
        row: &Row,
    ) -> Result<bool, StoreError> {
        let Content::Row(seen) = &old.content else { return Ok(true) };
        if seen.version.is_some() && seen.version == row.version {
            return Ok(true);
        }
        let seen = self.record(transaction, old.side, seen)?;
        Ok(seen.is_ok() && seen == self.record(transaction, old.side, row)?)
    }

    /// Stores the outcome of a row that could not be decoded.
    pub fn unread(
        &self,
        transaction: &mut Transaction,
        side: Side,
        error: RowError,
    ) -> Result<(), StoreError> {
        match error.id {
            Some(id) => self.unreadable(transaction, side, &id, &error.message),
            None => Ok(()),
        }
    }

    /// Stores that a row is gone. Rows that are not coupled are no longer anybody's business.
    pub fn gone(
        &self,
        transaction: &mut Transaction,
        side: Side,
        row: &RowId,
        evidence: Evidence,
    ) -> Result<(), StoreError> {
        let name = self.prepared.name();
        if !self.prepared.mapping.names[side].is_empty() {
            let (mapping, names) = (name.clone(), BTreeMap::new());
            transaction.put_names(&RowNames { mapping, side, row: row.clone(), names })?;
        }
        let Some(coupling) = transaction.coupling_of(name, side, row)? else {
            return self.forget(transaction, side, row);
        };
        match coupling.state {
            CouplingState::Active { .. } => {}
            CouplingState::Broken if self.is_gone(transaction, side, row)? => return Ok(()),
            // Whatever becomes of them, people said that the two are no longer one: the other is not made again.
            CouplingState::Severed => return Ok(()),
            // The last of the two.
            CouplingState::Broken => {
                transaction.remove_coupling(name, coupling.id)?;
                for side in Side::BOTH {
                    transaction.remove_observation(name, side, &coupling.rows[side])?;
                }
                return Ok(());
            }
        }
        self.put(transaction, side, row.clone(), Content::Gone(evidence))?;
        self.wake(transaction, side.other(), &coupling.rows[side.other()])
    }

    fn is_gone(&self, transaction: &Transaction, side: Side, row: &RowId) -> Result<bool, StoreError> {
        let seen = transaction.observation(self.prepared.name(), side, row)?;
        Ok(seen.is_some_and(|seen| matches!(seen.content, Content::Gone(_))))
    }

    /// Forgets an uncoupled row. Where it stood in the way of a match, the others are looked at again.
    pub fn forget(&self, transaction: &mut Transaction, side: Side, row: &RowId) -> Result<(), StoreError> {
        let name = self.prepared.name();
        if transaction.observation(name, side, row)?.is_none() {
            return Ok(());
        }
        transaction.remove_observation(name, side, row)?;
        for side in Side::BOTH {
            wake(transaction, name, side, |observation| {
                matches!(&observation.standing, Standing::Parked { reason: Reason::Ambiguous { .. }, .. })
            })?;
        }
        Ok(())
    }

    /// Refreshes one side of a coupling after its base or its row changed: what is in step is settled.
    pub fn refresh(
        &self,
        transaction: &mut Transaction,
        coupling: &mut Coupling,
        side: Side,
    ) -> Result<(), StoreError> {
        let name = self.prepared.name();
        let Some(observation) = transaction.observation(name, side, &coupling.rows[side])? else {
            return Ok(());
        };
        let Content::Row(row) = &observation.content else { return Ok(()) };
        match self.record(transaction, side, row)? {
            Ok(record) if sync::in_step(&self.prepared.mapping, &coupling.base, &record) => {
                coupling.versions[side] = row.version.clone();
                transaction.put_coupling(coupling)?;
                transaction.remove_observation(name, side, &row.id)
            }
            _ => Ok(()),
        }
    }

    /// Translates a row with lookups answered from the store.
    pub fn record(
        &self,
        view: &View<impl Source>,
        side: Side,
        row: &Row,
    ) -> Result<Result<Record, mapping::TranslateError>, StoreError> {
        with_resolver(view, &self.prepared.base_currency, |resolver| {
            mapping::to_record(&self.prepared.mapping, side, row, resolver)
        })
    }

    /// Returns what people call a row.
    #[must_use]
    pub fn label(&self, side: Side, row: &Row) -> String {
        let mapping = &self.prepared.mapping;
        let column = mapping.field(&mapping.label).and_then(|field| field.column(side));
        match column.and_then(|column| row.values.get(column)) {
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Blank) | None => row.id.to_string(),
            Some(value) => ValueDisplay(value).to_string(),
        }
    }

    /// Keeps what was read of a row whose partner is gone, also where it is in step: the partner may have to be created again
    /// from it, and the base does not tell all of it.
    pub fn keep_of_gone(
        &self,
        transaction: &mut Transaction,
        coupling: &Coupling,
        side: Side,
        mut row: Row,
    ) -> Result<(), StoreError> {
        let is_seen = transaction.observation(self.prepared.name(), side, &row.id)?.is_some();
        let is_wanted = coupling.state == CouplingState::IN_SCOPE
            && self.is_gone(transaction, side.other(), &coupling.rows[side.other()])?;
        if is_seen || !is_wanted {
            return Ok(());
        }
        row.values.retain(|column, _| self.prepared.columns[side].contains(column));
        self.put(transaction, side, row.id.clone(), Content::Row(row))
    }

    /// Puts a row's observation back to ready, unless it is held.
    pub fn wake(&self, transaction: &mut Transaction, side: Side, row: &RowId) -> Result<(), StoreError> {
        let observation = transaction.observation(self.prepared.name(), side, row)?;
        match observation {
            Some(observation) if observation.standing == Standing::Held => Ok(()),
            _ => self.release(transaction, side, row),
        }
    }

    /// Puts a row's observation back to ready, also one that is held: a person edited its partner, or said so.
    pub fn release(&self, transaction: &mut Transaction, side: Side, row: &RowId) -> Result<(), StoreError> {
        self.park(transaction, side, row, Standing::Ready)
    }

    /// Sets the standing of a row's observation.
    pub fn park(
        &self,
        transaction: &mut Transaction,
        side: Side,
        row: &RowId,
        standing: Standing,
    ) -> Result<(), StoreError> {
        match transaction.observation(self.prepared.name(), side, row)? {
            Some(mut observation) if observation.standing != standing => {
                observation.standing = standing;
                transaction.put_observation(&observation)
            }
            _ => Ok(()),
        }
    }

    fn coupled(
        &self,
        transaction: &mut Transaction,
        mut coupling: Coupling,
        side: Side,
        row: Row,
    ) -> Result<(), StoreError> {
        let name = self.prepared.name();
        let was = coupling.state;
        coupling.state = match was {
            // A row that was deleted is back.
            CouplingState::Broken if self.is_gone(transaction, side, &row.id)? => CouplingState::IN_SCOPE,
            CouplingState::Broken | CouplingState::Severed => was,
            CouplingState::Active { mut in_filter } => {
                in_filter[side] = true;
                CouplingState::Active { in_filter }
            }
        };
        let other = side.other();
        if was != coupling.state {
            self.wake(transaction, other, &coupling.rows[other])?;
        }
        let record = match self.record(transaction, side, &row)? {
            Ok(record) => record,
            Err(error) => {
                transaction.put_coupling(&coupling)?;
                return self.unreadable(transaction, side, &row.id, &error.to_string());
            }
        };
        let base_may_move = self.base_may_move(transaction, &coupling, side)?;
        if !base_may_move && sync::in_step(&self.prepared.mapping, &coupling.base, &record) {
            let is_echo = was == coupling.state
                && row.version.is_some()
                && coupling.versions[side] == row.version
                && transaction.observation(name, side, &row.id)?.is_none();
            if is_echo {
                return Ok(());
            }
            coupling.versions[side] = row.version.clone();
            coupling.label = self.label(side, &row);
            transaction.put_coupling(&coupling)?;
            transaction.remove_observation(name, side, &row.id)?;
            let partner = transaction.observation(name, other, &coupling.rows[other])?;
            if row.version.is_none() && partner.is_some_and(|partner| needs_news(&partner)) {
                return Ok(());
            }
            // What kept the partner waiting may have been this row, in a column that is not mapped.
            return self.wake(transaction, other, &coupling.rows[other]);
        }
        if was != coupling.state {
            transaction.put_coupling(&coupling)?;
        }
        let standing = match base_may_move {
            true => None,
            false => self.standing_in_conflict(transaction, &coupling, side, &record)?,
        };
        if standing.is_none() {
            self.release(transaction, other, &coupling.rows[other])?;
        }
        self.put_standing(
            transaction,
            side,
            row.id.clone(),
            Content::Row(row),
            standing.unwrap_or(Standing::Ready),
        )
    }

    /// Returns whether what this row had before may be on its way to the other side, and become the base: then a row that is as
    /// the base is now was edited since.
    fn base_may_move(
        &self,
        transaction: &Transaction,
        coupling: &Coupling,
        side: Side,
    ) -> Result<bool, StoreError> {
        let intents = transaction.intents()?;
        Ok(intents.iter().any(|intent| {
            intent.side == side.other()
                && intent.mapping == coupling.mapping
                && matches!(&intent.verb, IntentVerb::Update { coupling: id, .. } if *id == coupling.id)
        }))
    }

    /// I9: leaving the filter is not deletion; the coupling sleeps.
    fn left_the_filter(
        &self,
        transaction: &mut Transaction,
        mut coupling: Coupling,
        side: Side,
        row: &Row,
    ) -> Result<(), StoreError> {
        if let CouplingState::Active { in_filter } = &mut coupling.state {
            in_filter[side] = false;
        }
        // Not the version: what the row holds is unknown until it is back.
        coupling.versions[side] = None;
        transaction.put_coupling(&coupling)?;
        transaction.remove_observation(self.prepared.name(), side, &row.id)?;
        self.wake(transaction, side.other(), &coupling.rows[side.other()])
    }

    fn unreadable(
        &self,
        transaction: &mut Transaction,
        side: Side,
        row: &RowId,
        message: &str,
    ) -> Result<(), StoreError> {
        let standing = Standing::Parked {
            reason: Reason::Unreadable { message: message.to_owned() },
            wake: WakeCondition::after(self.now, UNREADABLE_PAUSE),
        };
        let old = transaction.observation(self.prepared.name(), side, row)?;
        self.put_standing(transaction, side, row.clone(), Content::Unreadable(message.to_owned()), standing)?;
        // It arrived when it first could not be read, however often that is tried.
        match (old, transaction.observation(self.prepared.name(), side, row)?) {
            (Some(old), Some(seen)) if matches!(old.content, Content::Unreadable(_)) => {
                transaction.put_observation(&Observation { seen_at: old.seen_at, ..seen })
            }
            _ => Ok(()),
        }
    }

    fn put(
        &self,
        transaction: &mut Transaction,
        side: Side,
        row: RowId,
        content: Content,
    ) -> Result<(), StoreError> {
        self.put_standing(transaction, side, row, content, Standing::Ready)
    }

    fn put_standing(
        &self,
        transaction: &mut Transaction,
        side: Side,
        row: RowId,
        content: Content,
        standing: Standing,
    ) -> Result<(), StoreError> {
        transaction.put_observation(&Observation {
            mapping: self.prepared.name().clone(),
            side,
            row,
            content,
            standing,
            seen_at: self.now,
        })
    }
}

/// Returns whether only news wakes it: it waits for a version, or differs as the mapping allows. A row without a version that
/// is seen again as it was is none.
fn needs_news(observation: &Observation) -> bool {
    let Standing::Parked { reason, .. } = &observation.standing else { return false };
    matches!(reason, Reason::NoVersion { .. }) || reason.is_drift()
}

/// Returns whether this very version of the row is what was observed before.
fn is_known(old: &Observation, row: &Row) -> bool {
    let Content::Row(seen) = &old.content else { return false };
    let tells = row.version.is_some() || needs_news(old);
    tells && seen.version == row.version && seen.values == row.values
}
