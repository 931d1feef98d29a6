//! The bytes of values that are as they were in format 1, written out. A test failing here means that files already written would be read wrongly:
//! the change needs a new format and a migration, never a new expectation.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{decode, encode};
use super::stored::{
    Stored, StoredApprovedRow, StoredBrakedPlan, StoredConsent, StoredCoupling, StoredDoneInHour,
    StoredFeedState, StoredIntent, StoredMappingState, StoredObservation, StoredPace, StoredPlannedRow,
    StoredRun, StoredTime, StoredValue,
};
use super::{Approval, Consent, FeedState, MappingState};
use crate::model::{
    Absence, ApprovedRow, Became, Bound, BrakedPlan, ColumnName, ConflictId, Content, Counted, Counts,
    Coupling, CouplingId, CouplingState, DecisionHash, DoneInHour, Evidence, FieldId, Intent, IntentId,
    IntentVerb, MappingName, Observation, Pace, PageLink, Pair, PlanVerb, PlannedRow, Reason, Record, Row,
    RowId, Run, RunId, Side, Standing, Timestamp, Trip, Tripped, Value, Version, WakeCondition, Watermark,
};

pub(super) fn check<T, M>(model: &M, expected: &str)
where
    T: Stored<M> + Serialize + DeserializeOwned,
    M: Debug + PartialEq,
{
    let bytes = encode::<T, M>("table", &"key", model).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected.replace(char::is_whitespace, ""), "{model:?}");
    assert_eq!(&decode::<T, M>("table", &"key", &bytes).unwrap(), model);
}

pub(super) fn guid() -> RowId {
    RowId::new("5c1e0000-0000-4000-8000-000000000001")
}

pub(super) fn keyed() -> RowId {
    RowId::new("A/1")
}

pub(super) fn time() -> Timestamp {
    "2024-02-29T12:00:00.5Z".parse().unwrap()
}

pub(super) fn mapping() -> MappingName {
    MappingName::new("M")
}

pub(super) fn record() -> Record {
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
        Content::Gone(Evidence::Rebaselined { at: time() }),
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
        "01014d00005c1e0000000040008000000000000001010 3fd00ca1dca3da7702f00fd00ca1dca3da7702f",
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
        Reason::PartnerHeld { partner: keyed() },
        Reason::Drifted { on: Side::Right, fields: "f".to_owned() },
        Reason::DriftKept { on: Side::Left },
        Reason::KeepsChanging { field: "f".to_owned(), left: "l".to_owned(), right: "r".to_owned() },
        Reason::Unsafe { message: "m".to_owned() },
        Reason::NoBusinessKey,
        Reason::BusinessKeyShared { key: "k".to_owned(), others: 2 },
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
        "010f0103412f3100",
        "011001016600",
        "01110000",
        "01120166016c017200",
        "0113016d00",
        "011400",
        "0115016b0200",
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
    check_standing(Standing::Held, "03");
    check_standing(Standing::Braked, "04");
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
    let restore = IntentVerb::Restore { replaces: row.clone(), minted: None, sent: record(), floor: None };
    let remove = IntentVerb::Remove { row: row.clone(), version: Version::new("v") };
    let delete = IntentVerb::Delete { coupling, row: row.clone(), version };
    let late = IntentVerb::Late { source: row, minted: guid(), sent: record(), replaces: None };
    for (verb, expected) in [
        (
            create,
            "01090a014d0100005c1e000000004000800000000000000101005c1e0000000040008000000000000001010166\
             030101fd00ca1dca3da7702f0108fd00ca1dca3da7702f",
        ),
        (update, "01090a014d0101080103412f310101760101660301fd00ca1dca3da7702f"),
        (delete, "01090a014d0102080103412f31010176fd00ca1dca3da7702f"),
        (restore, "01090a014d01030103412f3100010166030100fd00ca1dca3da7702f"),
        (remove, "01090a014d01040103412f310176fd00ca1dca3da7702f"),
        (late, "01090a014d01050103412f31005c1e0000000040008000000000000001010166030100fd00ca1dca3da7702f"),
    ] {
        let side = Side::Right;
        let intent =
            Intent { id: IntentId(9), run: RunId(10), mapping: mapping(), side, verb, stored_at: time() };
        check::<StoredIntent, _>(&intent, expected);
    }
}

#[test]
fn brakes() {
    let trip = |what, bound| Trip { on: Side::Right, what, planned: 3, before: 2, bound };
    let plan = BrakedPlan {
        mapping: mapping(),
        hash: "h".into(),
        since: Timestamp::UNIX_EPOCH,
        rows: 300,
        trips: vec![
            trip(Tripped::Creates, Bound::Rows(1)),
            trip(Tripped::Updates, Bound::Percent { percent: 5, of: 60 }),
            trip(Tripped::Deletions, Bound::MostOf(9)),
            trip(Tripped::Blanks(FieldId::new("f")), Bound::Rows(1)),
        ],
    };
    check::<StoredBrakedPlan, _>(
        &plan,
        "01 014d 0168 00 fb2c01 04 0100 0302 0001 0101 0302 01053c 0102 0302 0209 01030166 0302 0001",
    );
    let planned = |verb| PlannedRow {
        mapping: mapping(),
        on: Side::Right,
        verb,
        row: keyed(),
        label: "L".to_owned(),
        hash: DecisionHash(7),
    };
    for (verb, byte) in [
        (PlanVerb::Create, "00"),
        (PlanVerb::Update, "01"),
        (PlanVerb::Delete, "02"),
        (PlanVerb::Uncouple, "03"),
        (PlanVerb::Ask, "04"),
    ] {
        check::<StoredPlannedRow, _>(&planned(verb), &format!("01 014d 01 {byte} 0103412f31 014c 07"));
    }
    let approved = ApprovedRow {
        planned: planned(PlanVerb::Delete),
        plan: "h".into(),
        by: "Ida".to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    check::<StoredApprovedRow, _>(&approved, "01 014d 01 02 0103412f31 014c 07 0168 03496461 00");
    for (what, bytes) in [
        (Counted::Create, "00"),
        (Counted::Update, "01"),
        (Counted::Delete, "02"),
        (Counted::Uncouple, "03"),
        (Counted::Ask, "04"),
        (Counted::Blank(FieldId::new("f")), "050166"),
    ] {
        let done = DoneInHour { mapping: mapping(), on: Side::Left, what, hour: 8, count: 9 };
        check::<StoredDoneInHour, _>(&done, &format!("01 014d 00 {bytes} 08 09"));
    }
    let absence = Absence { ended_at: Timestamp::UNIX_EPOCH, days: 3 };
    let pace = Pace {
        first_sync_ended_at: Some(Timestamp::UNIX_EPOCH),
        last_pass_at: Timestamp::UNIX_EPOCH,
        absence: Some(absence),
    };
    check::<StoredPace, _>(&pace, "01 0100 00 01 00 03");
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
