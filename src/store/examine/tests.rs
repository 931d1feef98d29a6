//! Stores with bytes turned over, values replaced and indexes torn off.

use std::fs;
use std::path::PathBuf;

use redb::ReadableTableMetadata;

use super::*;
use crate::model::{
    Action, CauseOfWrite, Conflict, ConflictId, ConflictKind, ConnectionName, Coupling, CouplingId,
    CouplingState, FieldConflict, JournalEntry, Links, Outcome, Pair, Record, RowId, RowNames, RunId, Side,
    Timestamp, Value as V,
};
use crate::store::tables::{self as all, visit_all};

const COUPLINGS: u64 = 400;

fn coupling(id: u64) -> Coupling {
    Coupling {
        id: CouplingId(id),
        mapping: MappingName::new("CUSTOMER"),
        rows: Pair::new(RowId::new(format!("l{id}")), RowId::new(format!("r{id}"))),
        base: Record::from_iter([("name".into(), V::Text(format!("Customer number {id}")))]),
        versions: Pair::new(Some("1".into()), Some("2".into())),
        state: CouplingState::IN_SCOPE,
        label: format!("Customer {id}"),
    }
}

fn conflict(rows: Pair<RowId>) -> Conflict {
    let values = Pair::new(V::Text("a".to_owned()), V::Text("b".to_owned()));
    Conflict {
        id: ConflictId(1),
        mapping: MappingName::new("CUSTOMER"),
        rows,
        label: "Customer 7".to_owned(),
        kind: ConflictKind::Fields(vec![FieldConflict { field: "name".into(), base: None, values }]),
        authors: Pair::default(),
        raised_at: Timestamp::UNIX_EPOCH,
        stamp: "s".into(),
        answer: None,
        suggestion: None,
        answered_in: None,
    }
}

/// A folder with a store of some content.
fn filled() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tandem.redb");
    let store = Store::open(&path).unwrap();
    let mut transaction = store.transaction().unwrap();
    for _ in 0..COUPLINGS {
        let id = transaction.next_coupling_id().unwrap();
        transaction.put_coupling(&coupling(id.0)).unwrap();
        let entry = JournalEntry {
            run: RunId(1 + id.0 / 100),
            at: Timestamp::UNIX_EPOCH,
            mapping: MappingName::new("CUSTOMER"),
            action: Action::Created,
            side: Side::Right,
            row: Some(RowId::new(format!("r{id}"))),
            label: format!("Customer {id}"),
            cause: CauseOfWrite::Edit { side: Side::Left },
            fields: Vec::new(),
            outcome: Outcome::Done,
            links: Links::default(),
        };
        transaction.add_journal(&entry).unwrap();
    }
    assert_eq!(transaction.next_conflict_id().unwrap(), ConflictId(1));
    transaction.put_conflict(&conflict(coupling(7).rows)).unwrap();
    transaction.pin_identity(&ConnectionName::new("erp"), "CRONUS").unwrap();
    let names = [("code".into(), "IH".to_owned())].into();
    let (mapping, row) = (MappingName::new("CUSTOMER"), RowId::new("l3"));
    transaction.put_names(&RowNames { mapping, side: Side::Left, row, names }).unwrap();
    transaction.commit().unwrap();
    (folder, path)
}

fn configured() -> BTreeSet<MappingName> {
    BTreeSet::from([MappingName::new("CUSTOMER")])
}

/// Does something to the tables behind the store's back.
fn tamper(path: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

#[test]
fn a_sound_store_is_found_sound_and_left_as_it_is() {
    let (_folder, path) = filled();
    let before = fs::read(&path).unwrap();
    let found = examine(&path, &configured()).unwrap();
    assert!(found.is_sound(), "{found:?}");
    assert_eq!(found.pages, Pages::Sound);
    assert!(fs::read(&path).unwrap() == before);
    let couplings = found.tables.iter().find(|table| table.table == "couplings").unwrap();
    assert_eq!(couplings.rows, COUPLINGS);
    assert!(Store::open(&path).unwrap().examine(&configured()).unwrap().is_sound());
}

#[test]
fn every_table_is_looked_at() {
    struct Names(Vec<String>);
    impl all::Visitor for Names {
        type Error = StoreError;
        fn visit<K: Key + 'static, T: Value + 'static>(
            &mut self,
            table: TableDefinition<'static, K, T>,
        ) -> Result<(), StoreError> {
            self.0.push(table.name().to_owned());
            Ok(())
        }
    }
    let mut names = Names(Vec::new());
    visit_all(&mut names).unwrap();
    let found = Store::in_memory().unwrap().examine(&configured()).unwrap();
    let looked_at: Vec<_> = found.tables.into_iter().map(|table| table.table).collect();
    assert_eq!(looked_at, names.0);
}

#[test]
fn a_value_that_cannot_be_read_is_named_and_everything_else_saved() {
    let (folder, path) = filled();
    tamper(&path, |transaction| {
        let mut table = transaction.open_table(all::COUPLINGS.definition()).unwrap();
        table.insert(("CUSTOMER", 5), [1, 255, 255].as_slice()).unwrap();
    });
    let found = examine(&path, &configured()).unwrap();
    assert!(!found.is_sound());
    let couplings = found.tables.iter().find(|table| table.table == "couplings").unwrap();
    assert_eq!((couplings.rows, couplings.unreadable.len()), (COUPLINGS - 1, 1));
    assert_eq!(couplings.unreadable[0].key, "(\"CUSTOMER\", 5)");
    let saved = folder.path().join("saved.redb");
    let salvaged = salvage(&path, &saved).unwrap();
    assert_eq!(salvaged.lost, ["row (\"CUSTOMER\", 5) of couplings"]);
    let store = Store::open(&saved).unwrap();
    assert!(store.examine(&configured()).unwrap().is_sound());
    let snapshot = store.snapshot().unwrap();
    let name = MappingName::new("CUSTOMER");
    assert_eq!(snapshot.count_couplings(&name).unwrap(), COUPLINGS - 1);
    assert_eq!(snapshot.coupling(&name, CouplingId(7)).unwrap(), Some(coupling(7)));
    assert_eq!(snapshot.conflicts().unwrap().len(), 1);
    assert_eq!(snapshot.journal(Some(RunId(1)), None, 999).unwrap().len(), 99);
    assert_eq!(store.transaction().unwrap().next_coupling_id().unwrap(), CouplingId(COUPLINGS + 1));
}

/// I4
#[test]
fn tables_that_contradict_each_other_are_named_and_the_indexes_made_anew() {
    let (folder, path) = filled();
    tamper(&path, |transaction| {
        let row = RowId::new("l3").to_bytes();
        transaction.open_table(all::COUPLING_BY_ROW).unwrap().remove(("CUSTOMER", 0, &row)).unwrap();
        transaction.open_table(all::COUPLING_COUNTS).unwrap().insert("CUSTOMER", 3).unwrap();
        transaction.open_table(all::JOURNAL_BY_RUN).unwrap().remove((1, 1)).unwrap();
        transaction.open_table(all::SEQUENCES).unwrap().insert("conflict", 0).unwrap();
        let rows = (RowId::new("l7").to_bytes(), RowId::new("r7").to_bytes());
        let key = ("CUSTOMER", &rows.0, &rows.1);
        transaction.open_table(all::CONFLICT_BY_ROWS).unwrap().remove(key).unwrap();
        let key = ("CUSTOMER", 0, "code", "IH", &row);
        transaction.open_table(all::ROWS_BY_NAME).unwrap().remove(key).unwrap();
    });
    let found = examine(&path, &configured()).unwrap();
    assert_eq!(
        found.contradictions,
        [
            "coupling 3 of CUSTOMER: its left row l3 is not found by its id",
            "CUSTOMER is said to have 3 couplings and has 400",
            "conflict C1 of CUSTOMER is not found by its rows",
            "journal entry 1 is not found by its run",
            "row l3 of CUSTOMER is not found by its code",
            "the next conflict would be 1, and 1 is there",
        ]
        .map(|text| text.replace("conflict C1", &format!("conflict {}", 1)))
    );
    let saved = folder.path().join("saved.redb");
    assert_eq!(salvage(&path, &saved).unwrap().lost, Vec::<String>::new());
    assert!(examine(&saved, &configured()).unwrap().is_sound());
    let store = Store::open(&saved).unwrap();
    let snapshot = store.snapshot().unwrap();
    let found = snapshot.row_named(&MappingName::new("CUSTOMER"), Side::Left, &"code".into(), "IH").unwrap();
    assert_eq!(found, Some(RowId::new("l3")));
}

#[test]
fn rows_of_mappings_that_nobody_runs_are_noted() {
    let (_folder, path) = filled();
    let store = Store::open(&path).unwrap();
    let mut transaction = store.transaction().unwrap();
    let observation = crate::model::Observation {
        mapping: MappingName::new("OLD"),
        side: Side::Left,
        row: RowId::new("x"),
        content: crate::model::Content::Unreadable("no".to_owned()),
        standing: crate::model::Standing::Ready,
        seen_at: Timestamp::UNIX_EPOCH,
    };
    transaction.put_observation(&observation).unwrap();
    transaction.commit().unwrap();
    let found = store.examine(&configured()).unwrap();
    assert!(found.is_sound());
    assert_eq!(found.notes, ["1 rows wait for mapping OLD, which is not in use"]);
}

/// Whatever bytes are turned over: the store opens as it was, or is refused as damaged and left as it is; what is said to
/// be saved opens.
#[test]
fn a_turned_over_byte_is_noticed_or_of_no_importance() {
    let (folder, path) = filled();
    let whole = fs::read(&path).unwrap();
    let damaged_path = folder.path().join("damaged.redb");
    let saved = folder.path().join("saved.redb");
    let (mut refused, mut rescued) = (0, 0);
    let mut seed = 1_u64;
    for round in 0..120_usize {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // The head of the file, where one byte decides most, and then everywhere.
        let area = if round < 40 { 512 } else { whole.len() };
        let at = usize::try_from(seed >> 24).unwrap() % area;
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (round % 8);
        fs::write(&damaged_path, &bytes).unwrap();
        match Store::open(&damaged_path) {
            Ok(store) => {
                let found = store.examine(&configured()).unwrap();
                assert!(found.is_sound(), "byte {at}: {found:?}");
            }
            Err(StoreError::Damaged { .. }) => {
                refused += 1;
                assert!(fs::read(&damaged_path).unwrap() == bytes, "byte {at}");
                let found = examine(&damaged_path, &configured()).unwrap();
                assert!(!found.is_sound(), "byte {at}");
                if salvage(&damaged_path, &saved).is_ok() {
                    rescued += 1;
                    let opened = Store::open(&saved).unwrap().examine(&configured()).unwrap();
                    assert!(opened.is_sound(), "byte {at}: {opened:?}");
                    fs::remove_file(&saved).unwrap();
                }
                assert!(fs::read(&damaged_path).unwrap() == bytes, "byte {at}");
            }
            Err(StoreError::Newer { .. }) => assert!(at > 4096, "byte {at}"),
            Err(error) => panic!("byte {at}: {error:?}"),
        }
    }
    assert!(refused > 10 && rescued > 5, "{refused} refused, {rescued} rescued");
}

#[test]
fn what_cannot_be_saved_is_listed() {
    let (folder, path) = filled();
    let whole = fs::read(&path).unwrap();
    let text = b"Customer number 200";
    let at = whole.windows(text.len()).position(|window| window == text).unwrap();
    let mut bytes = whole.clone();
    // The page that holds that coupling, from its head on.
    let page = at / 4096 * 4096;
    bytes[page..page + 64].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    assert!(matches!(Store::open(&path).unwrap_err(), StoreError::Damaged { .. }));
    let saved = folder.path().join("saved.redb");
    let salvaged = salvage(&path, &saved).unwrap();
    assert!(salvaged.lost.iter().any(|lost| lost.contains("couplings")), "{:?}", salvaged.lost);
    let store = Store::open(&saved).unwrap();
    let count = store.snapshot().unwrap().count_couplings(&MappingName::new("CUSTOMER")).unwrap();
    assert!(count > 0 && count < COUPLINGS, "{count}");
    let table = store.moment().unwrap().open_table(all::COUPLING_BY_ROW).unwrap();
    assert_eq!(table.len().unwrap(), 2 * count);
}
