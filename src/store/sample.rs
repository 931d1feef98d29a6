//! A store with something in every table, for tests: what `fixtures/store/` was made from and is compared with.
//!
//! Once a format is released its sample stays as it is, but for what later formats add to its values.

use std::path::Path;

use super::{Approval, Consent, FeedState, MappingState, Source, Store, Transaction, View};
use crate::model::{
    Action, Answer, Author, Became, CauseOfWrite, Choice, ColumnName, Conflict, ConflictId, ConflictKind,
    ConnectionName, Content, Counts, Coupling, CouplingId, CouplingState, Evidence, FieldChange,
    FieldConflict, FieldId, Intent, IntentId, IntentVerb, JournalEntry, Links, MappingName, Observation,
    Outcome, PageLink, Pair, Reason, Record, Row, RowId, Run, RunId, Side, Stamp, Standing, TableName,
    Timestamp, Value, Version, WakeCondition, Watermark,
};

/// Everything a store holds.
#[derive(Debug)]
pub(super) struct Sample {
    couplings: Vec<Coupling>,
    observations: Vec<Observation>,
    conflicts: Vec<Conflict>,
    intents: Vec<Intent>,
    pub(super) journal: Vec<JournalEntry>,
    runs: Vec<Run>,
}

fn erp() -> ConnectionName {
    ConnectionName::new("business-central")
}

fn crm() -> ConnectionName {
    ConnectionName::new("dataverse")
}

fn mapping() -> MappingName {
    MappingName::new("CUSTOMER")
}

fn time() -> Timestamp {
    "2026-01-31T10:00:00.25Z".parse().unwrap()
}

fn row(number: u64) -> RowId {
    RowId::new(format!("5c1e0000-0000-4000-8000-{number:012}"))
}

fn rows(number: u64) -> Pair<RowId> {
    Pair::new(row(number), row(number + 1000))
}

fn values() -> [(&'static str, Value); 7] {
    [
        ("name", Value::Text("Alfreds Futterkiste".to_owned())),
        ("blocked", Value::Flag(true)),
        ("currency", Value::Reference(row(7))),
        ("fax", Value::Blank),
        ("limit", Value::Number("-1.50".parse().unwrap())),
        ("since", Value::Date(jiff::civil::date(2024, 2, 29))),
        ("seen", Value::Instant(time())),
    ]
}

fn record() -> Record {
    values().map(|(field, value)| (FieldId::new(field), value)).into_iter().collect()
}

fn coupling(number: u64, state: CouplingState) -> Coupling {
    Coupling {
        id: CouplingId(number),
        mapping: mapping(),
        rows: rows(number),
        base: record(),
        versions: Pair::new(Some(Version::new("W/\"1\"")), None),
        state,
        label: format!("Customer {number}"),
    }
}

fn contents() -> [Content; 6] {
    [
        Content::Row(Row {
            id: row(11),
            version: Some(Version::new("W/\"7\"")),
            modified_at: Some(time()),
            modified_by: Some("Ida".to_owned()),
            values: values().map(|(column, value)| (ColumnName::new(column), value)).into(),
        }),
        Content::Gone(Evidence::Tombstone),
        Content::Gone(Evidence::ConfirmedAbsent { first: time(), second: time() }),
        Content::Gone(Evidence::Became(Became::Posted)),
        Content::Missing { first_confirmed: Some(time()) },
        Content::Unreadable("no name".to_owned()),
    ]
}

fn standings() -> [Standing; 5] {
    let side = Side::Right;
    let field = "currency".to_owned();
    let waits = Reason::WaitingForReference { field, mapping: mapping(), side, row: row(9) };
    let refused = Reason::Refused { code: "Blocked".to_owned(), message: "is blocked".to_owned() };
    [
        Standing::Ready,
        Standing::Parked {
            reason: waits,
            wake: WakeCondition::Coupled { mapping: mapping(), side, row: row(9) },
        },
        Standing::Parked { reason: refused, wake: WakeCondition::RowChanges },
        Standing::Parked { reason: Reason::PerhapsDeleted, wake: WakeCondition::At(time()) },
        Standing::Conflicted(ConflictId(1)),
    ]
}

fn observations() -> Vec<Observation> {
    let observation = |(index, (content, standing)): (usize, (Content, Standing))| Observation {
        mapping: mapping(),
        side: if index % 2 == 0 { Side::Left } else { Side::Right },
        row: row(11 + index as u64),
        content,
        standing,
        seen_at: time(),
    };
    contents().into_iter().zip(standings().into_iter().cycle()).enumerate().map(observation).collect()
}

fn conflicts() -> Vec<Conflict> {
    let values = Pair::new(Value::text("030-1"), Value::text("030-2"));
    let phone = FieldConflict { field: FieldId::new("phone"), base: Some(Value::text("030-0")), values };
    let open = Conflict {
        id: ConflictId(1),
        mapping: mapping(),
        rows: rows(1),
        label: "Customer 1".to_owned(),
        kind: ConflictKind::Fields(vec![phone]),
        authors: Pair::new(Author { name: Some("Ida".to_owned()), at: Some(time()) }, Author::default()),
        raised_at: time(),
        stamp: Stamp::new("0a1b2c"),
        answer: None,
        answered_in: None,
        suggestion: Some(Answer::Take(Side::Left)),
    };
    let choices = [
        (FieldId::new("phone"), Choice::Side(Side::Right)),
        (FieldId::new("fax"), Choice::Value(Value::text("9"))),
    ];
    let answered = Conflict {
        id: ConflictId(2),
        rows: rows(2),
        answer: Some(Answer::PerField(choices.into())),
        suggestion: None,
        ..open.clone()
    };
    let kind = ConflictKind::Deleted { on: Side::Right };
    let deleted = Conflict {
        id: ConflictId(3),
        rows: rows(3),
        kind,
        answer: Some(Answer::Restore),
        ..answered.clone()
    };
    vec![open, answered, deleted]
}

fn intents() -> Vec<Intent> {
    let (coupling, version) = (CouplingId(1), Some(Version::new("W/\"1\"")));
    let verbs = [
        IntentVerb::Create {
            source: row(21),
            minted: Some(row(1021)),
            sent: record(),
            floor: Some(time()),
            replaces: Some(coupling),
        },
        IntentVerb::Update { coupling, row: row(1001), version: version.clone(), sent: record() },
        IntentVerb::Delete { coupling, row: row(1001), version },
    ];
    let intent = |(index, verb)| Intent {
        id: IntentId(1 + index as u64),
        run: RunId(3),
        mapping: mapping(),
        side: Side::Right,
        verb,
        stored_at: time(),
    };
    verbs.into_iter().enumerate().map(intent).collect()
}

fn journal() -> Vec<JournalEntry> {
    let side = Side::Left;
    let answer = || CauseOfWrite::Answer { conflict: ConflictId(1), place: None };
    let refused = Outcome::Refused { code: "Blocked".to_owned() };
    let entries = [
        (Action::Coupled, CauseOfWrite::Match { key: "number".to_owned() }, Outcome::Done),
        (Action::Created, CauseOfWrite::Edit { side }, Outcome::Done),
        (Action::Created, CauseOfWrite::Edit { side }, refused),
        (Action::Updated, CauseOfWrite::Edit { side }, Outcome::Stale),
        (Action::Updated, answer(), Outcome::DoneUnguarded),
        (Action::Deleted, CauseOfWrite::Recovery, Outcome::Done),
        (Action::Uncoupled, answer(), Outcome::Done),
        (Action::ConflictRaised, answer(), Outcome::Done),
        (Action::ConflictSettled, answer(), Outcome::Done),
    ];
    let change = |(field, value): (&str, Value)| FieldChange {
        field: FieldId::new(field),
        before: (!value.is_blank()).then(|| value.clone()),
        after: value,
    };
    let entry = |(index, (action, cause, outcome)): (usize, (Action, CauseOfWrite, Outcome))| JournalEntry {
        run: RunId(1 + index as u64 / 4),
        at: time(),
        mapping: mapping(),
        action,
        side: Side::Right,
        row: matches!(outcome, Outcome::Done).then(|| row(1001)),
        label: "Customer 1".to_owned(),
        cause,
        fields: values().map(change).into(),
        outcome,
        links: Links::default(),
    };
    entries.into_iter().enumerate().map(entry).collect()
}

fn runs() -> Vec<Run> {
    let counts = Counts {
        read: Pair::new(1, 2),
        coupled: 3,
        created: Pair::new(4, 5),
        updated: Pair::new(6, 7),
        deleted: Pair::new(8, 9),
        uncoupled: 10,
        conflicts_raised: 11,
        conflicts_settled: 12,
        refused: 13,
        stale: 14,
    };
    let run = Run {
        id: RunId(1),
        started_at: time(),
        finished_at: Some(time()),
        trigger: "command".to_owned(),
        counts: [(mapping(), counts)].into(),
        failures: Vec::new(),
    };
    let failures = vec!["dataverse is not available (HTTP 503)".to_owned()];
    let failed = Run { id: RunId(2), finished_at: None, failures, counts: [].into(), ..run.clone() };
    vec![run, failed]
}

fn feed() -> FeedState {
    FeedState {
        columns: [ColumnName::new("displayName"), ColumnName::new("number")].into(),
        users: [mapping()].into(),
        watermark: Some(Watermark::new("w")),
        page: Some(PageLink::new("p")),
        stored_at: time(),
    }
}

fn mapping_state() -> MappingState {
    MappingState {
        fingerprint: "f".to_owned(),
        fields: [(FieldId::new("name"), "d".to_owned())].into(),
        tables: "customers and accounts".to_owned(),
        first_sync_approved: Some(Approval { by: "Ida".to_owned(), at: time() }),
    }
}

fn consent() -> Consent {
    Consent { by: "Ida".to_owned(), at: time(), text: "rows flow both ways".to_owned() }
}

impl Sample {
    /// What a store of the first format held.
    pub(super) fn format_1() -> Self {
        let states = [CouplingState::IN_SCOPE, CouplingState::Broken, CouplingState::Severed];
        let dormant = CouplingState::Active { in_filter: Pair::new(true, false) };
        let couplings = states.into_iter().chain([dormant]).zip(1..);
        Self {
            couplings: couplings.map(|(state, number)| coupling(number, state)).collect(),
            observations: observations(),
            conflicts: conflicts(),
            intents: intents(),
            journal: journal(),
            runs: runs(),
        }
    }

    /// Puts all of it into an empty store.
    pub(super) fn put(&self, store: &Store) {
        let mut transaction = store.transaction().unwrap();
        for coupling in &self.couplings {
            transaction.next_coupling_id().unwrap();
            transaction.put_coupling(coupling).unwrap();
        }
        for observation in &self.observations {
            transaction.put_observation(observation).unwrap();
        }
        for conflict in &self.conflicts {
            transaction.next_conflict_id().unwrap();
            transaction.put_conflict(conflict).unwrap();
        }
        for intent in &self.intents {
            transaction.next_intent_id().unwrap();
            transaction.put_intent(intent).unwrap();
        }
        for entry in &self.journal {
            transaction.add_journal(entry).unwrap();
        }
        for run in &self.runs {
            transaction.next_run_id().unwrap();
            transaction.put_run(run).unwrap();
        }
        put_states(&mut transaction);
        transaction.commit().unwrap();
    }

    /// Sees that a store holds all of it, and gives out the numbers that follow.
    pub(super) fn check(&self, store: &Store) {
        let mut transaction = store.transaction().unwrap();
        let view = &transaction;
        assert_eq!(view.couplings(&mapping(), None, 99).unwrap(), self.couplings);
        assert_eq!(view.count_couplings(&mapping()).unwrap(), self.couplings.len() as u64);
        for (coupling, side) in
            self.couplings.iter().flat_map(|coupling| Side::BOTH.map(|side| (coupling, side)))
        {
            let found = view.coupling_of(&mapping(), side, &coupling.rows[side]).unwrap();
            assert_eq!(found.as_ref(), Some(coupling));
        }
        for observation in &self.observations {
            let found = view.observation(&mapping(), observation.side, &observation.row).unwrap();
            assert_eq!(found.as_ref(), Some(observation));
        }
        assert_eq!(view.conflicts().unwrap(), self.conflicts);
        for conflict in &self.conflicts {
            assert_eq!(view.conflict_of(&mapping(), &conflict.rows).unwrap().as_ref(), Some(conflict));
        }
        assert_eq!(view.intents().unwrap(), self.intents);
        let journal = view.journal(None, None, 99).unwrap();
        let numbered = (1..).zip(self.journal.iter().cloned()).collect::<Vec<_>>();
        assert_eq!(journal, numbered.into_iter().rev().collect::<Vec<_>>());
        for run in [RunId(1), RunId(2), RunId(3)] {
            let of_run = self.journal.iter().filter(|entry| entry.run == run).count();
            assert_eq!(view.journal(Some(run), None, 99).unwrap().len(), of_run);
        }
        assert_eq!(view.runs(99).unwrap(), self.runs.iter().rev().cloned().collect::<Vec<_>>());
        check_states(view);
        assert_eq!(transaction.next_coupling_id().unwrap().0, self.couplings.len() as u64 + 1);
        assert_eq!(transaction.next_conflict_id().unwrap().0, self.conflicts.len() as u64 + 1);
        assert_eq!(transaction.next_intent_id().unwrap().0, self.intents.len() as u64 + 1);
        assert_eq!(transaction.next_run_id().unwrap().0, self.runs.len() as u64 + 1);
    }
}

fn put_states(transaction: &mut Transaction) {
    let table = TableName::new("customers");
    transaction.put_feed(&erp(), &table, &feed()).unwrap();
    transaction.put_sweep(&erp(), &table, time()).unwrap();
    transaction.pin_identity(&erp(), "tenant 1, production, CRONUS").unwrap();
    transaction.pin_identity(&crm(), "organisation 1").unwrap();
    transaction.put_mapping_state(&mapping(), &mapping_state()).unwrap();
    transaction.put_consent(&consent()).unwrap();
}

fn check_states(view: &View<impl Source>) {
    let table = TableName::new("customers");
    assert_eq!(view.feed(&erp(), &table).unwrap(), Some(feed()));
    assert_eq!(view.sweep(&erp(), &table).unwrap(), Some(time()));
    assert_eq!(view.pinned_identity(&erp()).unwrap().as_deref(), Some("tenant 1, production, CRONUS"));
    assert_eq!(view.pinned_identity(&crm()).unwrap().as_deref(), Some("organisation 1"));
    assert_eq!(view.mapping_state(&mapping()).unwrap(), Some(mapping_state()));
    assert_eq!(view.consent().unwrap(), Some(consent()));
}

/// Makes a store of the current format out of the sample. With `TANDEM_WRITE_FIXTURE` it stays where that says.
#[test]
fn a_store_with_something_in_every_table_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("TANDEM_WRITE_FIXTURE");
    let path = kept.map_or_else(|| folder.path().join("tandem.redb"), |path| Path::new(&path).to_owned());
    let sample = Sample::format_1();
    sample.put(&Store::open(&path).unwrap());
    let mut database = redb::Database::open(&path).unwrap();
    while database.compact().unwrap() {}
    drop(database);
    sample.check(&Store::open(&path).unwrap());
}
