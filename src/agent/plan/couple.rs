//! Finding partners for rows that have none, and saying what becomes of the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::look::{observe::Observer, reread::reread};
use crate::agent::prepare::Prepared;
use crate::agent::report::{Line, LineAction};
use crate::agent::run_state::RunState;
use crate::agent::write::in_doubt::InDoubt;
use crate::model::{
    Action, CauseOfWrite, Content, Coupling, CouplingState, FieldId, JournalEntry, Links, Observation,
    Outcome, Pair, Reason, Record, Row, RowId, Side, Standing, Timestamp, WakeCondition,
};
use crate::store::{StoreError, Transaction};
use crate::sync::{self, BusinessKey, HeldForKey, Keys, Matching};

use super::business_keys;
use super::standing::wake_waiting;

/// How many couplings one transaction makes.
const BATCH: usize = 500;

/// How long a transaction may last that a row was read in.
const TRANSACTION_TIME: Duration = Duration::from_secs(10 * 60);

/// Looks for partners among all uncoupled rows of a mapping, if any of them is ready.
///
/// Rows without partner that may be created stay ready: `pass` creates them. All others are parked with the reason.
pub async fn couple(engine: &Engine, prepared: &Prepared, state: &mut RunState) -> Result<(), EngineError> {
    for side in Side::BOTH {
        // Readable by now, it may be the partner of a row that would be created otherwise (I3).
        reread(engine, prepared, side, &unread(engine, prepared, side)?).await?;
    }
    state.cleared_keys.clear();
    let mut confirmed = BTreeSet::new();
    let (lonely, matching, for_key) = loop {
        let lonely = Lonely::gather(engine, prepared, state.started_at)?;
        if !lonely.is_any_ready {
            return Ok(());
        }
        let mut matching = sync::find_partners(lonely.keys.as_ref().map(Vec::as_slice));
        let for_key = lonely.held_for_key(engine, prepared)?;
        business_keys::hold(&for_key, &mut matching);
        let unsure = lonely.unsure(&matching, &confirmed);
        if unsure.left.is_empty() && unsure.right.is_empty() {
            break (lonely, matching, for_key);
        }
        for side in Side::BOTH {
            reread(engine, prepared, side, &unsure[side]).await?;
            confirmed.extend(unsure[side].iter().map(|row| (side, row.clone())));
        }
    };
    state.cleared_keys = lonely.cleared(&for_key);
    let (held, couples): (Vec<_>, Vec<_>) = matching
        .couples
        .iter()
        .partition(|(rows, _)| Side::BOTH.iter().any(|side| lonely.is_held(*side, rows)));
    let held: BTreeMap<_, _> = held.iter().flat_map(|(rows, _)| beside_held(rows)).collect();
    for batch in couples.chunks(BATCH) {
        let mut transaction = engine.store().transaction()?;
        for (rows, group) in batch {
            let key = key_name(prepared, *group);
            make(engine, prepared, &mut transaction, state, rows, &key)?;
        }
        transaction.commit()?;
    }
    let doubts = Doubts { matching: &matching, beside_held: &held, for_key: &for_key };
    Ok(park_rest(engine, prepared, state, &lonely, &doubts)?)
}

/// Returns the uncoupled rows that could not be read and are due to be read again.
fn unread(engine: &Engine, prepared: &Prepared, side: Side) -> Result<Vec<RowId>, StoreError> {
    let snapshot = engine.store().snapshot()?;
    let mut unread = Vec::new();
    snapshot.visit_observations(prepared.name(), side, |seen| {
        let is_due = matches!(seen.content, Content::Unreadable(_)) && seen.standing == Standing::Ready;
        if is_due && snapshot.coupling_of(prepared.name(), side, &seen.row)?.is_none() {
            unread.push(seen.row);
        }
        Ok(())
    })?;
    Ok(unread)
}

/// The uncoupled rows of a mapping, as far as matching needs them.
#[derive(Default)]
struct Lonely {
    keys: Pair<Vec<Keys>>,
    /// Business keys, on sides where rows are asked for one.
    business_keys: Pair<BTreeMap<RowId, Option<BusinessKey>>>,
    labels: Pair<BTreeMap<RowId, String>>,
    /// Rows that may not be there: seen in an earlier run, or so young that what wrote them may be undone yet.
    unsure: Pair<BTreeSet<RowId>>,
    /// Rows that an undo left: nothing is coupled to them until a person lets them go on.
    held: Pair<BTreeSet<RowId>>,
    is_any_ready: bool,
}

/// Names for each of two rows the one it would be coupled to.
fn beside_held(rows: &Pair<RowId>) -> [((Side, RowId), RowId); 2] {
    Side::BOTH.map(|side| ((side, rows[side].clone()), rows[side.other()].clone()))
}

impl Lonely {
    fn gather(engine: &Engine, prepared: &Prepared, started_at: Timestamp) -> Result<Self, StoreError> {
        let mut lonely = Self::default();
        let snapshot = &engine.store().snapshot()?;
        let in_doubt = InDoubt::gather(prepared, snapshot)?;
        let observer = Observer { prepared, now: engine.now() };
        for side in Side::BOTH {
            snapshot.visit_observations(prepared.name(), side, |observation| {
                let is_coupled = snapshot.coupling_of(prepared.name(), side, &observation.row)?.is_some();
                let Content::Row(row) = &observation.content else { return Ok(()) };
                if is_coupled || in_doubt.holds(side, &observation.row) {
                    return Ok(());
                }
                // A row refused or unfit as a new one still is a partner for a row that turns up.
                // One that shares its key may be alone with it since the other was changed.
                lonely.is_any_ready |= observation.standing == Standing::Ready
                    || business_keys::is_shared(&observation.standing);
                if observation.standing == Standing::Held {
                    lonely.held[side].insert(row.id.clone());
                }
                if observation.seen_at < started_at || may_be_undone(prepared, side, row) {
                    lonely.unsure[side].insert(row.id.clone());
                }
                if let Ok(record) = observer.record(snapshot, side, row)? {
                    lonely.add(prepared, &observer, side, row, &record);
                }
                Ok(())
            })?;
        }
        Ok(lonely)
    }

    fn is_held(&self, side: Side, rows: &Pair<RowId>) -> bool {
        self.held[side].contains(&rows[side])
    }

    /// Returns the rows about to be coupled that should be looked at once more.
    fn unsure(&self, matching: &Matching, confirmed: &BTreeSet<(Side, RowId)>) -> Pair<Vec<RowId>> {
        Pair::from_fn(|side| {
            let rows = matching.couples.iter().map(|(rows, _)| &rows[side]);
            let is_unsure = |row: &&RowId| {
                self.unsure[side].contains(*row) && !confirmed.contains(&(side, (*row).clone()))
            };
            rows.filter(is_unsure).cloned().collect()
        })
    }

    fn add(&mut self, prepared: &Prepared, observer: &Observer<'_>, side: Side, row: &Row, record: &Record) {
        self.labels[side].insert(row.id.clone(), observer.label(side, row));
        self.keys[side].push(sync::keys_of(&prepared.mapping, row.id.clone(), record));
        if sync::asks_for_key(&prepared.mapping, side) {
            let key = sync::business_key(&prepared.mapping, record);
            self.business_keys[side].insert(row.id.clone(), key);
        }
    }

    fn held_for_key(&self, engine: &Engine, prepared: &Prepared) -> Result<HeldForKey, StoreError> {
        let mut held = HeldForKey::default();
        for side in Side::BOTH {
            let rows = &self.business_keys[side];
            if !rows.is_empty() {
                let coupled = business_keys::of_coupled(engine, prepared, side)?;
                held[side] = sync::held_for_key(rows, &coupled);
            }
        }
        Ok(held)
    }

    /// Returns the rows that may become new ones as far as their business keys are concerned, each with its key.
    fn cleared(&self, held: &HeldForKey) -> BTreeSet<(Side, RowId, BusinessKey)> {
        let of_side = |side: Side| {
            let rows = self.business_keys[side].iter();
            let free = rows.filter(move |(row, _)| !held[side].contains_key(*row));
            free.filter_map(move |(row, key)| Some((side, row.clone(), key.clone()?)))
        };
        Side::BOTH.into_iter().flat_map(of_side).collect()
    }
}

/// Returns whether a row was written so lately that it may have been read before its transaction ended.
fn may_be_undone(prepared: &Prepared, side: Side, row: &Row) -> bool {
    let is_settled =
        || Some(row.modified_at? < prepared.server_time[side]?.checked_sub(TRANSACTION_TIME).ok()?);
    prepared.tables[side].abilities.dirty_reads && is_settled() != Some(true)
}

fn key_name(prepared: &Prepared, group: usize) -> String {
    let fields: Vec<_> = prepared.mapping.match_by[group].iter().map(FieldId::as_str).collect();
    fields.join(" and ")
}

fn make(
    engine: &Engine,
    prepared: &Prepared,
    transaction: &mut Transaction,
    state: &mut RunState,
    rows: &Pair<RowId>,
    key: &str,
) -> Result<(), StoreError> {
    let name = prepared.name();
    let observer = Observer { prepared, now: engine.now() };
    let mut versions = Pair::default();
    let mut label = rows.left.to_string();
    for side in Side::BOTH {
        observer.wake(transaction, side, &rows[side])?;
        let observation = transaction.observation(name, side, &rows[side])?;
        if let Some(Content::Row(row)) = observation.map(|observation| observation.content) {
            if side == Side::Left {
                label = observer.label(side, &row);
            }
            versions[side] = row.version;
        }
    }
    let coupling = Coupling {
        id: transaction.next_coupling_id()?,
        mapping: name.clone(),
        rows: rows.clone(),
        base: Record::default(),
        versions,
        state: CouplingState::IN_SCOPE,
        label: label.clone(),
    };
    transaction.put_coupling(&coupling)?;
    wake_waiting(engine, transaction, &coupling)?;
    transaction.add_journal(&JournalEntry {
        run: state.id,
        at: engine.now(),
        mapping: name.clone(),
        action: Action::Coupled,
        side: Side::Left,
        row: Some(rows.left.clone()),
        label: label.clone(),
        cause: CauseOfWrite::Match { key: key.to_owned() },
        fields: Vec::new(),
        outcome: Outcome::Done,
        links: Links { coupling: Some(coupling.id), partner: Some(rows.right.clone()), ..Links::default() },
    })?;
    state.counts(name).coupled += 1;
    state.report.add(Line {
        mapping: name.to_string(),
        action: LineAction::Couple,
        on: None,
        row: label,
        fields: Vec::new(),
        note: Some(format!("same {key}")),
    });
    Ok(())
}

/// Returns whether a row that found no partner has nothing else that keeps it waiting.
fn is_open(standing: &Standing) -> bool {
    let is_doubt = |reason: &Reason| {
        matches!(reason, Reason::Ambiguous { .. } | Reason::PartnerHeld { .. }) || reason.is_business_key()
    };
    match standing {
        Standing::Ready => true,
        Standing::Parked { reason, .. } => is_doubt(reason),
        Standing::Conflicted(_) | Standing::Held | Standing::Braked => false,
    }
}

/// Returns whether a partner may be made of a row on that side.
fn may_be_made(prepared: &Prepared, observation: Option<&Observation>, on: Side) -> bool {
    let is_source = |content: &Content| match content {
        // A row that lacks what is asked is not one of those.
        Content::Row(row) => prepared.mapping.creates_from(on, row).unwrap_or_default(),
        _ => true,
    };
    prepared.mapping.create[on] && observation.is_none_or(|observation| is_source(&observation.content))
}

/// Why rows without a partner are neither coupled nor made anew.
struct Doubts<'a> {
    matching: &'a Matching,
    /// Rows whose partner is held after an undo, with that partner.
    beside_held: &'a BTreeMap<(Side, RowId), RowId>,
    for_key: &'a HeldForKey,
}

/// Parks the ready rows that found no partner and must not be created, and says why.
fn park_rest(
    engine: &Engine,
    prepared: &Prepared,
    state: &mut RunState,
    lonely: &Lonely,
    doubts: &Doubts<'_>,
) -> Result<(), StoreError> {
    let observer = Observer { prepared, now: engine.now() };
    let mut transaction = engine.store().transaction()?;
    for side in Side::BOTH {
        for keys in &lonely.keys[side] {
            let is_coupled = transaction.coupling_of(prepared.name(), side, &keys.row)?.is_some();
            let observation = transaction.observation(prepared.name(), side, &keys.row)?;
            let may_be_made = may_be_made(prepared, observation.as_ref(), side.other());
            let standing = observation.map(|observation| observation.standing);
            if is_coupled || standing == Some(Standing::Held) {
                continue;
            }
            let doubt = doubts.matching.doubts[side].get(&keys.row);
            let partner = doubts.beside_held.get(&(side, keys.row.clone()));
            let for_key = doubts.for_key[side].get(&keys.row);
            let reason = match (doubt, &standing) {
                (_, Some(standing))
                    if is_open(standing)
                        && let Some(reason) = for_key =>
                {
                    reason.clone()
                }
                _ if let Some(partner) = partner => Reason::PartnerHeld { partner: partner.clone() },
                (Some(doubt), _) => {
                    Reason::Ambiguous { key: doubt.key.clone(), candidates: doubt.candidates }
                }
                // What was doubtful and no longer is may be created.
                (None, Some(standing)) if is_open(standing) && may_be_made => {
                    observer.wake(&mut transaction, side, &keys.row)?;
                    continue;
                }
                (None, Some(standing)) if is_open(standing) => Reason::CreateOff { on: side.other() },
                (None, _) => continue,
            };
            let parked = Standing::Parked { reason: reason.clone(), wake: WakeCondition::RowChanges };
            if standing.as_ref() == Some(&parked) {
                continue;
            }
            observer.park(&mut transaction, side, &keys.row, parked)?;
            state.report.add(Line {
                mapping: prepared.name().to_string(),
                action: LineAction::Leave,
                on: None,
                row: lonely.labels[side].get(&keys.row).cloned().unwrap_or_default(),
                fields: Vec::new(),
                note: Some(format!(
                    "in {}: {}",
                    prepared.mapping.connections[side],
                    crate::agent::report::reason_text(&reason, &prepared.mapping)
                )),
            });
        }
    }
    transaction.commit()
}
