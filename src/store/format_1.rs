//! The bytes of format 1, written out. A test failing here means that files already written would be read wrongly:
//! the change needs a new format and a migration, never a new expectation.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{decode, encode};
use super::stored::{
    Stored, StoredConflict, StoredConsent, StoredCoupling, StoredFeedState, StoredIntent, StoredJournalEntry,
    StoredMappingState, StoredObservation, StoredRun, StoredTime, StoredValue,
};
use super::{Approval, Consent, FeedState, MappingState};
use crate::model::{
    Action, Answer, Author, Became, CauseOfWrite, Choice, ColumnName, Conflict, ConflictId, ConflictKind,
    Content, Counts, Coupling, CouplingId, CouplingState, Evidence, FieldChange, FieldConflict, FieldId,
    Intent, IntentId, IntentVerb, JournalEntry, MappingName, Observation, Outcome, PageLink, Pair, Reason,
    Record, Row, RowId, Run, RunId, Side, Stamp, Standing, Timestamp, Value, Version, WakeCondition,
    Watermark,
};

fn check<T, M>(model: &M, expected: &str)
where
    T: Stored<M> + Serialize + DeserializeOwned,
    M: Debug + PartialEq,
{
    let bytes = encode::<T, M>("table", &"key", model).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected.replace(char::is_whitespace, ""), "{model:?}");
    assert_eq!(&decode::<T, M>("table", &"key", &bytes).unwrap(), model);
}

fn guid() -> RowId {
    RowId::new("5c1e0000-0000-4000-8000-000000000001")
}

fn keyed() -> RowId {
    RowId::new("A/1")
}

fn time() -> Timestamp {
    "2024-02-29T12:00:00.5Z".parse().unwrap()
}

fn mapping() -> MappingName {
    MappingName::new("M")
}

fn record() -> Record {
    [(FieldId::new("f"), Value::Flag(true))].into_iter().collect()
}

#[test]
fn values() {
    check::<StoredValue, _>(&Value::Blank, "0100");
    check::<StoredValue, _>(&Value::Text("Öl".to_owned()), "010103c3966c");
    check::<StoredValue, _>(&Value::Number("-1.50".parse().unwrap()), "010200000280960000000000000000000000");
    check::<StoredValue, _>(&Value::Flag(true), "010301");
    check::<StoredValue, _>(&Value::Date(jiff::civil::date(2024, 2, 29)), "0104fbd00f021d");
    check::<StoredValue, _>(&Value::Instant(time()), "0105fd00ca1dca3da7702f");
    check::<StoredValue, _>(&Value::Reference(guid()), "0106005c1e0000000040008000000000000001");
    check::<StoredValue, _>(&Value::Uncoupled(Side::Right, keyed()), "0107010103412f31");
}

#[test]
fn couplings() {
    let coupling = Coupling {
        id: CouplingId(300),
        mapping: mapping(),
        rows: Pair::new(guid(), keyed()),
        base: record(),
        versions: Pair::new(Some(Version::new("v")), None),
        state: CouplingState::Active { in_filter: Pair::new(true, false) },
        label: "L".to_owned(),
    };
    check::<StoredCoupling, _>(
        &coupling,
        "01fb2c01014d005c1e00000000400080000000000000010103412f31010166030101017600000100014c",
    );
    let broken = Coupling { state: CouplingState::Broken, ..coupling };
    check::<StoredCoupling, _>(
        &broken,
        "01fb2c01014d005c1e00000000400080000000000000010103412f3101016603010101760001014c",
    );
}

#[test]
fn observations() {
    let contents = [
        Content::Row(Row {
            id: guid(),
            version: None,
            modified_at: Some(time()),
            modified_by: Some("Ida".to_owned()),
            values: [(ColumnName::new("c"), Value::Blank)].into(),
        }),
        Content::Gone(Evidence::Tombstone),
        Content::Gone(Evidence::ConfirmedAbsent { first: time(), second: time() }),
        Content::Gone(Evidence::Became(Became::Merged)),
        Content::Missing { first_confirmed: None },
        Content::Unreadable("u".to_owned()),
    ];
    let expected = [
        "01014d00005c1e000000004000800000000000000100005c1e00000000400080000000000000010001fd00ca1d\
         ca3da7702f01034964610101630000fd00ca1dca3da7702f",
        "01014d00005c1e0000000040008000000000000001010000fd00ca1dca3da7702f",
        "01014d00005c1e00000000400080000000000000010101fd00ca1dca3da7702ffd00ca1dca3da7702f00fd00ca\
         1dca3da7702f",
        "01014d00005c1e000000004000800000000000000101020200fd00ca1dca3da7702f",
        "01014d00005c1e0000000040008000000000000001020000fd00ca1dca3da7702f",
        "01014d00005c1e000000004000800000000000000103017500fd00ca1dca3da7702f",
    ];
    for (content, expected) in contents.into_iter().zip(expected) {
        check::<StoredObservation, _>(&observation(content, Standing::Ready), expected);
    }
}

#[test]
fn standings() {
    let (key, message, field, code) = ("k".to_owned(), "m".to_owned(), "f".to_owned(), "c".to_owned());
    let (side, row) = (Side::Right, keyed());
    let reasons = [
        Reason::CreateOff { on: Side::Left },
        Reason::Ambiguous { key, candidates: 2 },
        Reason::PartnerTaken { partner: keyed() },
        Reason::WaitingForReference { field: field.clone(), mapping: mapping(), side, row: row.clone() },
        Reason::PartnerOutOfFilter,
        Reason::PartnerDeleted { on: Side::Right },
        Reason::DeletionIgnored,
        Reason::Refused { code, message: message.clone() },
        Reason::DoesNotFit { field, message: message.clone() },
        Reason::Unreadable { message: message.clone() },
        Reason::PerhapsDeleted,
        Reason::PartnerUnreadable { partner: keyed() },
        Reason::Became { on: Side::Right, became: Became::Posted },
        Reason::FateUnknown { message },
        Reason::NoVersion { on: Side::Right },
    ];
    let expected = [
        "01000000",
        "0101016b0200",
        "01020103412f3100",
        "01030166014d010103412f3100",
        "010400",
        "01050100",
        "010600",
        "01070163016d00",
        "01080166016d00",
        "0109016d00",
        "010a00",
        "010b0103412f3100",
        "010c010000",
        "010d016d00",
        "010e0100",
    ];
    for (reason, expected) in reasons.into_iter().zip(expected) {
        check_standing(Standing::Parked { reason, wake: WakeCondition::RowChanges }, expected);
    }
    let parked = |wake| Standing::Parked { reason: Reason::PerhapsDeleted, wake };
    check_standing(
        parked(WakeCondition::Coupled { mapping: mapping(), side, row }),
        "010a01014d010103412f31",
    );
    check_standing(parked(WakeCondition::At(Timestamp::UNIX_EPOCH)), "010a0200");
    check_standing(Standing::Ready, "00");
    check_standing(Standing::Conflicted(ConflictId(7)), "0207");
}

/// Checks the bytes of a standing, in an observation whose other bytes are the same each time.
fn check_standing(standing: Standing, expected: &str) {
    let expected = format!("01 01 4d 00 01 03 41 2f 31 01 00 {expected} 00");
    let seen_at = Timestamp::UNIX_EPOCH;
    let content = Content::Gone(Evidence::Tombstone);
    let observation = Observation { row: keyed(), seen_at, ..observation(content, standing) };
    check::<StoredObservation, _>(&observation, &expected);
}

fn observation(content: Content, standing: Standing) -> Observation {
    Observation { mapping: mapping(), side: Side::Left, row: guid(), content, standing, seen_at: time() }
}

#[test]
fn conflicts() {
    let values = Pair::new(Value::Flag(true), Value::Flag(false));
    let field = FieldConflict { field: FieldId::new("f"), base: Some(Value::Blank), values };
    let choices =
        [(FieldId::new("f"), Choice::Side(Side::Right)), (FieldId::new("g"), Choice::Value(Value::Blank))];
    let conflict = Conflict {
        id: ConflictId(7),
        mapping: mapping(),
        rows: Pair::new(keyed(), keyed()),
        label: "L".to_owned(),
        kind: ConflictKind::Fields(vec![field]),
        authors: Pair::new(Author { name: Some("Ida".to_owned()), at: Some(time()) }, Author::default()),
        raised_at: time(),
        stamp: Stamp::new("s"),
        answer: Some(Answer::PerField(choices.into())),
        suggestion: Some(Answer::Take(Side::Left)),
    };
    check::<StoredConflict, _>(
        &conflict,
        "0107014d0103412f310103412f31014c00010166010003010300010349646101fd00ca1dca3da7702f0000fd00\
         ca1dca3da7702f01730101020166000101670100010000",
    );
    let other_answers = [
        (
            Answer::Later,
            Answer::Uncouple,
            "0107014d0103412f310103412f31014c010100000000fd00ca1dca3da7702f017301020103",
        ),
        (
            Answer::Delete,
            Answer::Restore,
            "0107014d0103412f310103412f31014c010100000000fd00ca1dca3da7702f017301040105",
        ),
    ];
    for (answer, suggestion, expected) in other_answers {
        let conflict = Conflict {
            kind: ConflictKind::Deleted { on: Side::Right },
            authors: Pair::default(),
            answer: Some(answer),
            suggestion: Some(suggestion),
            ..conflict.clone()
        };
        check::<StoredConflict, _>(&conflict, expected);
    }
}

#[test]
fn intents() {
    let (coupling, row, version) = (CouplingId(8), keyed(), Some(Version::new("v")));
    let create = IntentVerb::Create {
        source: guid(),
        minted: Some(guid()),
        sent: record(),
        floor: Some(time()),
        replaces: Some(CouplingId(8)),
    };
    let update = IntentVerb::Update { coupling, row: row.clone(), version: version.clone(), sent: record() };
    let delete = IntentVerb::Delete { coupling, row, version };
    for (verb, expected) in [
        (
            create,
            "01090a014d0100005c1e000000004000800000000000000101005c1e0000000040008000000000000001010166\
             030101fd00ca1dca3da7702f0108fd00ca1dca3da7702f",
        ),
        (update, "01090a014d0101080103412f310101760101660301fd00ca1dca3da7702f"),
        (delete, "01090a014d0102080103412f31010176fd00ca1dca3da7702f"),
    ] {
        let side = Side::Right;
        let intent =
            Intent { id: IntentId(9), run: RunId(10), mapping: mapping(), side, verb, stored_at: time() };
        check::<StoredIntent, _>(&intent, expected);
    }
}

#[test]
fn journal_entries() {
    use Action::{ConflictRaised, ConflictSettled, Coupled, Created, Deleted, Uncoupled, Updated};
    let edit = CauseOfWrite::Edit { side: Side::Left };
    let by_key = CauseOfWrite::Match { key: "k".to_owned() };
    let answer = CauseOfWrite::Answer { conflict: ConflictId(7) };
    let refused = Outcome::Refused { code: "c".to_owned() };
    for (action, cause, outcome, expected) in [
        (Coupled, by_key, Outcome::Done, "010a00014d0001010103412f31014c01016b010166000000"),
        (Created, edit.clone(), refused, "010a00014d0101010103412f31014c00000101660000010163"),
        (Updated, edit.clone(), Outcome::Stale, "010a00014d0201010103412f31014c0000010166000002"),
        (Deleted, CauseOfWrite::Recovery, Outcome::Done, "010a00014d0301010103412f31014c03010166000000"),
        (
            Deleted,
            CauseOfWrite::Recovery,
            Outcome::DoneUnguarded,
            "010a00014d0301010103412f31014c03010166000003",
        ),
        (Uncoupled, answer.clone(), Outcome::Done, "010a00014d0401010103412f31014c0207010166000000"),
        (ConflictRaised, edit, Outcome::Done, "010a00014d0501010103412f31014c0000010166000000"),
        (ConflictSettled, answer, Outcome::Done, "010a00014d0601010103412f31014c0207010166000000"),
    ] {
        let change = FieldChange { field: FieldId::new("f"), before: None, after: Value::Blank };
        let entry = JournalEntry {
            run: RunId(10),
            at: Timestamp::UNIX_EPOCH,
            mapping: mapping(),
            action,
            side: Side::Right,
            row: Some(keyed()),
            label: "L".to_owned(),
            cause,
            fields: vec![change],
            outcome,
        };
        check::<StoredJournalEntry, _>(&entry, expected);
    }
}

#[test]
fn runs_and_states() {
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
        id: RunId(10),
        started_at: time(),
        finished_at: None,
        trigger: "t".to_owned(),
        counts: [(mapping(), counts)].into(),
        failures: vec!["f".to_owned()],
    };
    check::<StoredRun, _>(&run, "010afd00ca1dca3da7702f00017401014d0102030405060708090a0b0c0d0e010166");
    let feed = FeedState {
        columns: [ColumnName::new("c")].into(),
        users: [mapping()].into(),
        watermark: Some(Watermark::new("w")),
        page: Some(PageLink::new("p")),
        stored_at: time(),
    };
    check::<StoredFeedState, _>(&feed, "0101016301014d010177010170fd00ca1dca3da7702f");
    let approval = Approval { by: "Ida".to_owned(), at: time() };
    let state = MappingState {
        fingerprint: "f".to_owned(),
        fields: [("a".into(), "d".to_owned())].into(),
        tables: "t".to_owned(),
        first_sync_approved: Some(approval),
    };
    check::<StoredMappingState, _>(&state, "010166010161016401740103496461fd00ca1dca3da7702f");
    check::<StoredConsent, _>(
        &Consent { by: "Ida".to_owned(), at: time(), text: "t".to_owned() },
        "0103496461fd00ca1dca3da7702f0174",
    );
    check::<StoredTime, _>(&time(), "01fd00ca1dca3da7702f");
}
