//! Putting a backup in place of the store.
//!
//! A restored store is older than the systems. What it says of them is taken as a memory, not as a fact:
//!
//! - Watermarks, sweeps and the times of the last passes go: everything is read and listed anew. What was seen goes with them, except which side of a
//!   coupling was left alone as deleted, and which rows are held after an undo; no later reading tells that again.
//! - Couplings stay, so that nothing is created twice. Rows coupled since are found again by key, or by the id Tandem
//!   mints for them.
//! - Versions go, so that every write is made from a row read since. They are kept aside as a [`Doubt`]: where one side
//!   still has its version, nothing was written there since, and the base holds; `agent/plan/doubts` settles that.
//! - Writes under way go, but for creates: what they made is looked for. An update or deletion is decided anew.
//! - Answers become suggestions: they may have been carried out, and changed again, since.
//! - Rows Tandem made since are coupled again only as any rows are: by a key that is unique on both sides, or by the id it
//!   mints. A row restored or renumbered since may find none; then it is listed, or created where nothing forbids it.
//! - Numbers already given out since are not given out again: the inbox may still show them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::file::{Opened, open_held_back, opening};
use super::stored::StoredObservation;
use super::tables::{
    CONFLICTS, COUPLINGS, ECHOES, FEEDS, IDENTITIES, OBSERVATIONS, PASSES, SEQUENCES, STANDSTILLS, SWEEPS,
};
use super::whole_file::{self, Existing, folder_of, sync_folder};
use super::{Damage, Doubt, Pages, Source, Store, StoreError, Transaction, View, codec, examine, migrate};
use crate::model::{Content, Coupling, CouplingState, Intent, IntentVerb, Observation, Standing, Timestamp};

/// How many couplings are doubted at once.
const PAGE: usize = 500;

/// How many numbers are left out where nobody can say which were given out since the backup.
const UNKNOWN_GAP: u64 = 10_000;

/// The store there is, held so that nobody uses it meanwhile.
#[derive(Debug)]
pub struct Present {
    path: PathBuf,
    content: PresentContent,
}

#[derive(Debug)]
enum PresentContent {
    None,
    Sound(Box<Store>),
    /// It cannot be used; the lock alone is held.
    Damaged {
        _lock: FileBackend,
    },
}

impl Present {
    /// Takes hold of the store, whatever state it is in.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        let content = if path.exists() {
            match Store::open(path) {
                Ok(store) => PresentContent::Sound(Box::new(store)),
                Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => {
                    let file = File::options().read(true).write(true).open(path);
                    let file = file.map_err(|source| StoreError::Io { path: path.to_owned(), source })?;
                    let lock = FileBackend::new(file).map_err(|error| opening(path, error))?;
                    PresentContent::Damaged { _lock: lock }
                }
                Err(error) => return Err(error),
            }
        } else {
            PresentContent::None
        };
        Ok(Self { path: path.to_owned(), content })
    }

    /// Returns the name the present store will be kept under: the first one that is free.
    fn kept_as(&self) -> PathBuf {
        let name = |number: u64| self.path.with_extension(format!("redb.before-restore-{number}"));
        (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(0))
    }
}

/// What a backup is about, for a person to judge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RestoreFacts {
    pub couplings: u64,
    pub open_conflicts: u64,
    /// When the last run started that the backup knows of.
    pub last_run: Option<Timestamp>,
    /// Connections with the identity they are pinned to.
    pub identities: Vec<(String, String)>,
}

/// A backup that was looked over and can be put in place.
#[derive(Debug)]
pub struct Restorable {
    copy: tempfile::TempPath,
    store: Store,
    pub facts: RestoreFacts,
}

impl Restorable {
    /// Copies a backup beside the store and looks it over: format, every page, every value, and the systems it is about.
    pub fn read(backup: &Path, present: &Present) -> Result<Self, StoreError> {
        let io = |source| StoreError::Io { path: backup.to_owned(), source };
        let folder = folder_of(&present.path);
        fs::create_dir_all(folder).map_err(|source| StoreError::Io { path: folder.to_owned(), source })?;
        let copy = tempfile::Builder::new().prefix(".tandem-restore-").tempfile_in(folder).map_err(io)?;
        let (mut file, copy) = copy.into_parts();
        std::io::copy(&mut File::open(backup).map_err(io)?, &mut file).map_err(io)?;
        let Opened { database, file: held_back, found } = open_held_back(backup, file)?;
        held_back.release().map_err(io)?;
        migrate::bring_up(&database, found)?;
        let found = examine::look(&database.begin_read()?, Pages::Sound, &[].into())?;
        if !found.is_sound() {
            return Err(StoreError::Damaged { path: backup.to_owned(), source: Damage::Content });
        }
        let store = Store::without_file(database);
        let facts = store.snapshot()?.facts()?;
        if let PresentContent::Sound(present) = &present.content {
            let pinned = present.snapshot()?.identities()?;
            for (connection, backed_up) in &facts.identities {
                let other = pinned.iter().find(|(name, present)| name == connection && present != backed_up);
                if let Some((_, present)) = other {
                    return Err(StoreError::OtherSystem {
                        path: backup.to_owned(),
                        connection: connection.clone(),
                        backed_up: backed_up.clone(),
                        present: present.clone(),
                    });
                }
            }
        }
        Ok(Self { copy, store, facts })
    }

    /// Puts the backup in place. The present store is kept beside it; returns under which name. A kill at any point leaves
    /// the one or the other in place, whole.
    pub fn put(self, present: &Present) -> Result<Option<PathBuf>, StoreError> {
        let Self { copy, store, .. } = self;
        let mut transaction = store.transaction()?;
        transaction.doubt_everything()?;
        let (given, is_known) = match &present.content {
            PresentContent::None => (BTreeMap::new(), false),
            PresentContent::Sound(present) => (present.snapshot()?.numbers()?, true),
            PresentContent::Damaged { .. } => (BTreeMap::new(), false),
        };
        transaction.leave_out_numbers(&given, is_known)?;
        transaction.commit()?;
        drop(store);
        let io = |source| StoreError::Io { path: present.path.clone(), source };
        let kept = match &present.content {
            PresentContent::None => None,
            PresentContent::Sound(_) | PresentContent::Damaged { .. } => {
                let kept = present.kept_as();
                match fs::hard_link(&present.path, &kept) {
                    // No disk for people to notice, but some have no second names.
                    Err(error) if error.kind() == ErrorKind::Unsupported => {
                        fs::copy(&present.path, &kept).map(drop).map_err(io)?;
                    }
                    linked => linked.map_err(io)?,
                }
                sync_folder(folder_of(&kept)).map_err(io)?;
                Some(kept)
            }
        };
        whole_file::take_name(copy, &present.path, Existing::Replace)?;
        Ok(kept)
    }
}

impl<S: Source> View<S> {
    fn facts(&self) -> Result<RestoreFacts, StoreError> {
        Ok(RestoreFacts {
            couplings: self.open(COUPLINGS.definition())?.len()?,
            open_conflicts: self.open(CONFLICTS.definition())?.len()?,
            last_run: self.runs(1)?.pop().map(|run| run.started_at),
            identities: self.identities()?,
        })
    }

    fn identities(&self) -> Result<Vec<(String, String)>, StoreError> {
        let table = self.open(IDENTITIES.definition())?;
        let entries = table.iter()?.map(|entry| {
            let (connection, bytes) = entry?;
            let connection = connection.value();
            let identity = codec::decode::<String, String>(IDENTITIES.name(), &connection, bytes.value())?;
            Ok((connection.to_owned(), identity))
        });
        entries.collect()
    }
}

impl Transaction {
    /// Makes what the store says of the systems a memory that is compared with them before it counts.
    fn doubt_everything(&mut self) -> Result<(), StoreError> {
        self.open_changed(FEEDS.definition())?.retain(|_, _| false)?;
        self.open_changed(SWEEPS.definition())?.retain(|_, _| false)?;
        self.open_changed(ECHOES.definition())?.retain(|_, _| false)?;
        self.open_changed(STANDSTILLS.definition())?.retain(|_, _| false)?;
        self.open_changed(PASSES.definition())?.retain(|_, _| false)?;
        self.doubt_couplings()?;
        self.forget_observations()?;
        self.forget_answers()?;
        self.doubt_intents()
    }

    fn doubt_couplings(&mut self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let start = match &after {
                Some((mapping, id)) => Bound::Excluded((String::as_str(mapping), *id)),
                None => Bound::Unbounded,
            };
            let page: Vec<Coupling> = self.list(&COUPLINGS, (start, Bound::Unbounded), PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some((last.mapping.as_str().to_owned(), last.id.0));
            for mut coupling in page {
                let versions = std::mem::take(&mut coupling.versions);
                // What nobody keeps in step needs no base.
                if matches!(coupling.state, CouplingState::Active { .. }) {
                    self.put_doubt(&coupling.mapping, coupling.id, &Doubt { versions })?;
                }
                self.put_coupling(&coupling)?;
            }
        }
    }

    fn forget_observations(&mut self) -> Result<(), StoreError> {
        let mut kept = Vec::new();
        {
            let table = self.open(OBSERVATIONS.definition())?;
            for entry in table.iter()? {
                let (key, bytes) = entry?;
                let seen = codec::decode::<StoredObservation, Observation>(
                    OBSERVATIONS.name(),
                    &key.value(),
                    bytes.value(),
                )?;
                let coupling = self.coupling_of(&seen.mapping, seen.side, &seen.row)?;
                let is_broken = coupling.is_some_and(|coupling| coupling.state == CouplingState::Broken);
                let is_held = seen.standing == Standing::Held;
                if is_held || is_broken && matches!(seen.content, Content::Gone(_)) {
                    kept.push(seen);
                }
            }
        }
        self.open_changed(OBSERVATIONS.definition())?.retain(|_, _| false)?;
        kept.iter().try_for_each(|seen| self.put_observation(seen))
    }

    fn forget_answers(&mut self) -> Result<(), StoreError> {
        for mut conflict in self.conflicts()? {
            if let Some(answer) = conflict.answer.take() {
                conflict.suggestion = Some(answer);
                conflict.answered_in = None;
                self.put_conflict(&conflict)?;
            }
        }
        Ok(())
    }

    /// What a create made is looked for from the moment it was sent; that moment is long past, so that its absence is proof.
    fn doubt_intents(&mut self) -> Result<(), StoreError> {
        for mut intent in self.intents()? {
            match &mut intent.verb {
                IntentVerb::Create { floor, .. } | IntentVerb::Restore { floor, .. } => {
                    floor.get_or_insert(intent.stored_at);
                    intent.stored_at = Intent::OF_A_BACKUP;
                    self.put_intent(&intent)?;
                }
                IntentVerb::Late { .. } => {
                    intent.stored_at = Intent::OF_A_BACKUP;
                    self.put_intent(&intent)?;
                }
                IntentVerb::Update { .. } | IntentVerb::Delete { .. } | IntentVerb::Remove { .. } => {
                    self.remove_intent(intent.id)?;
                }
            }
        }
        Ok(())
    }

    fn leave_out_numbers(&mut self, given: &BTreeMap<String, u64>, is_known: bool) -> Result<(), StoreError> {
        for (sequence, last) in self.numbers()? {
            let next = match given.get(&sequence) {
                Some(given) => last.max(*given),
                None if is_known => last,
                None => last.saturating_add(UNKNOWN_GAP),
            };
            self.set_plain(SEQUENCES, sequence.as_str(), next)?;
        }
        for (sequence, last) in given {
            if self.plain(SEQUENCES, sequence.as_str())?.is_none() {
                self.set_plain(SEQUENCES, sequence.as_str(), *last)?;
            }
        }
        Ok(())
    }
}

impl<S: Source> View<S> {
    /// Returns the last number given out of each sequence.
    fn numbers(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let table = self.open(SEQUENCES)?;
        let numbers = table.iter()?.map(|entry| {
            let (sequence, last) = entry?;
            Ok((sequence.value().to_owned(), last.value()))
        });
        numbers.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Answer, Author, Conflict, ConflictId, ConflictKind, ConnectionName, CouplingId, Evidence, IntentId,
        MappingName, Pair, Record, RowId, RunId, Side, TableName,
    };
    use crate::store::FeedState;

    fn mapping() -> MappingName {
        MappingName::new("CUSTOMER")
    }

    fn coupling(id: u64, state: CouplingState) -> Coupling {
        Coupling {
            id: CouplingId(id),
            mapping: mapping(),
            rows: Pair::new(RowId::new(format!("l{id}")), RowId::new(format!("r{id}"))),
            base: Record::default(),
            versions: Pair::new(Some("1".into()), None),
            state,
            label: String::new(),
        }
    }

    fn observation(row: &str, content: Content) -> Observation {
        Observation {
            mapping: mapping(),
            side: Side::Left,
            row: RowId::new(row),
            content,
            standing: Standing::Ready,
            seen_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn intent(id: u64, verb: IntentVerb) -> Intent {
        let stored_at = Timestamp::from_second(1000).unwrap();
        Intent { id: IntentId(id), run: RunId(1), mapping: mapping(), side: Side::Right, verb, stored_at }
    }

    /// A store in a folder, with one of everything a restored store has to doubt.
    fn filled() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tandem.redb");
        let store = Store::open(&path).unwrap();
        let mut transaction = store.transaction().unwrap();
        transaction.pin_identity(&ConnectionName::new("erp"), "CRONUS").unwrap();
        let (connection, table) = (ConnectionName::new("erp"), TableName::new("customers"));
        transaction.put_feed(&connection, &table, &FeedState::default()).unwrap();
        transaction.put_sweep(&connection, &table, Timestamp::UNIX_EPOCH).unwrap();
        transaction.put_coupling(&coupling(1, CouplingState::IN_SCOPE)).unwrap();
        transaction.put_coupling(&coupling(2, CouplingState::Broken)).unwrap();
        let gone = || Content::Gone(Evidence::Tombstone);
        transaction.put_observation(&observation("l1", gone())).unwrap();
        transaction.put_observation(&observation("l2", gone())).unwrap();
        transaction.put_observation(&observation("l9", Content::Unreadable(String::new()))).unwrap();
        let conflict = Conflict {
            id: ConflictId(1),
            mapping: mapping(),
            rows: coupling(1, CouplingState::IN_SCOPE).rows,
            label: String::new(),
            kind: ConflictKind::Deleted { on: Side::Left },
            authors: Pair::new(Author::default(), Author::default()),
            raised_at: Timestamp::UNIX_EPOCH,
            stamp: "s".into(),
            answer: Some(Answer::Delete),
            suggestion: None,
            answered_in: None,
        };
        transaction.put_conflict(&conflict).unwrap();
        let source = RowId::new("l9");
        let create =
            IntentVerb::Create { source, minted: None, sent: Record::default(), floor: None, replaces: None };
        let delete = IntentVerb::Delete { coupling: CouplingId(1), row: RowId::new("r1"), version: None };
        assert_eq!(transaction.next_intent_id().unwrap(), IntentId(1));
        assert_eq!(transaction.next_intent_id().unwrap(), IntentId(2));
        transaction.put_intent(&intent(1, create)).unwrap();
        transaction.put_intent(&intent(2, delete)).unwrap();
        assert_eq!(transaction.next_conflict_id().unwrap(), ConflictId(1));
        transaction.commit().unwrap();
        (folder, path)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn restore(backup: &Path, path: &Path) -> Result<Option<PathBuf>, StoreError> {
        let present = Present::hold(path)?;
        Restorable::read(backup, &present)?.put(&present)
    }

    #[test]
    fn a_restored_store_remembers_and_trusts_nothing() {
        let (folder, path) = filled();
        let backup = folder.path().join("backup.redb");
        Store::open(&path).unwrap().backup(&backup, false).unwrap();
        let kept = restore(&backup, &path).unwrap().unwrap();
        assert_eq!(names(folder.path()), ["backup.redb", "tandem.redb", "tandem.redb.before-restore-1"]);
        assert!(kept.ends_with("tandem.redb.before-restore-1"));
        let store = Store::open(&path).unwrap();
        let snapshot = store.snapshot().unwrap();
        let (connection, table) = (ConnectionName::new("erp"), TableName::new("customers"));
        assert_eq!(snapshot.feed(&connection, &table).unwrap(), None);
        assert_eq!(snapshot.sweep(&connection, &table).unwrap(), None);
        assert_eq!(snapshot.pinned_identity(&connection).unwrap().as_deref(), Some("CRONUS"));
        let coupling = snapshot.coupling(&mapping(), CouplingId(1)).unwrap().unwrap();
        assert_eq!(coupling.versions, Pair::default());
        let doubt = Doubt { versions: Pair::new(Some("1".into()), None) };
        assert_eq!(snapshot.doubt(&mapping(), CouplingId(1)).unwrap(), Some(doubt));
        assert_eq!(snapshot.doubts(&mapping(), None, 9).unwrap(), [CouplingId(1)]);
        let seen = |row: &str| snapshot.observation(&mapping(), Side::Left, &RowId::new(row)).unwrap();
        assert_eq!((seen("l1"), seen("l9")), (None, None));
        assert!(seen("l2").is_some(), "that a deletion was left alone is told by nothing else");
        let conflict = snapshot.conflict(ConflictId(1)).unwrap().unwrap();
        assert_eq!((conflict.answer, conflict.suggestion), (None, Some(Answer::Delete)));
        let intents = snapshot.intents().unwrap();
        assert_eq!(intents.len(), 1);
        assert_eq!(intents[0].stored_at, Intent::OF_A_BACKUP);
        assert!(
            matches!(&intents[0].verb, IntentVerb::Create { floor: Some(floor), .. } if floor.as_second() == 1000)
        );
    }

    #[test]
    fn numbers_given_out_since_are_not_given_out_again() {
        let (folder, path) = filled();
        let backup = folder.path().join("backup.redb");
        let store = Store::open(&path).unwrap();
        store.backup(&backup, false).unwrap();
        let mut transaction = store.transaction().unwrap();
        for _ in 0..7 {
            transaction.next_conflict_id().unwrap();
        }
        transaction.commit().unwrap();
        drop(store);
        restore(&backup, &path).unwrap();
        let next = || Store::open(&path).unwrap().transaction().unwrap().next_conflict_id().unwrap();
        assert_eq!(next(), ConflictId(9));
        // Nobody can say what a store gave out that cannot be read.
        fs::write(&path, "no store").unwrap();
        let kept = restore(&backup, &path).unwrap().unwrap();
        assert!(kept.ends_with("tandem.redb.before-restore-2"));
        assert_eq!(fs::read(kept).unwrap(), b"no store");
        assert_eq!(next(), ConflictId(UNKNOWN_GAP + 2));
    }

    /// I30
    #[test]
    fn a_store_in_use_is_not_replaced() {
        let (folder, path) = filled();
        let backup = folder.path().join("backup.redb");
        let store = Store::open(&path).unwrap();
        store.backup(&backup, false).unwrap();
        assert!(matches!(restore(&backup, &path).unwrap_err(), StoreError::InUse { .. }));
    }

    /// I13
    #[test]
    fn what_is_no_backup_of_this_store_changes_nothing() {
        let (folder, path) = filled();
        let content = || Store::open(&path).unwrap().snapshot().unwrap().commits().unwrap();
        let before = content();
        let backup = folder.path().join("backup.redb");
        fs::write(&backup, "no backup").unwrap();
        assert!(
            matches!(restore(&backup, &path).unwrap_err(), StoreError::Damaged { path, .. } if path == backup)
        );
        fs::remove_file(&backup).unwrap();
        assert!(
            matches!(restore(&backup, &path).unwrap_err(), StoreError::Io { path, .. } if path == backup)
        );
        let other = Store::in_memory().unwrap();
        let mut transaction = other.transaction().unwrap();
        transaction.pin_identity(&ConnectionName::new("erp"), "ADVENTURE").unwrap();
        transaction.commit().unwrap();
        other.backup(&backup, false).unwrap();
        let error = restore(&backup, &path).unwrap_err();
        assert!(matches!(error, StoreError::OtherSystem { .. }), "{error}");
        assert_eq!(content(), before);
        assert_eq!(names(folder.path()), ["backup.redb", "tandem.redb"]);
    }

    #[test]
    fn a_backup_is_put_where_there_is_no_store() {
        let (folder, path) = filled();
        let backup = folder.path().join("backup.redb");
        Store::open(&path).unwrap().backup(&backup, false).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(restore(&backup, &path).unwrap(), None);
        assert_eq!(Store::open(&path).unwrap().snapshot().unwrap().count_couplings(&mapping()).unwrap(), 2);
    }
}
