//! The bytes of values that changed with format 2, written out. A test failing here means that files already written
//! would be read wrongly: the change needs a new format and a migration, never a new expectation.

use super::ContentSweep;
use super::format_1::{check, guid, keyed, mapping, record, time};
use super::stored::{StoredConflict, StoredContentSweep, StoredJournalEntry};
use crate::model::{
    Action, Answer, AnswerPlace, Author, CauseOfWrite, Choice, Conflict, ConflictId, ConflictKind,
    CouplingId, FieldChange, FieldConflict, FieldId, JournalEntry, Links, Outcome, PageLink, Pair, RunId,
    Side, Stamp, Timestamp, Value, Version,
};

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
        answered_in: Some(AnswerPlace::Command),
        suggestion: Some(Answer::Take(Side::Left)),
    };
    check::<StoredConflict, _>(
        &conflict,
        "0207014d0103412f310103412f31014c00010166010003010300010349646101fd00ca1dca3da7702f0000fd00\
         ca1dca3da7702f017301010201660001016701000101010000",
    );
    let other_answers = [
        (
            Answer::Later,
            Answer::Uncouple,
            "0207014d0103412f310103412f31014c010100000000fd00ca1dca3da7702f0173010201000103",
        ),
        (
            Answer::Delete,
            Answer::Restore,
            "0207014d0103412f310103412f31014c010100000000fd00ca1dca3da7702f0173010401000105",
        ),
    ];
    for (answer, suggestion, expected) in other_answers {
        let conflict = Conflict {
            kind: ConflictKind::Deleted { on: Side::Right },
            authors: Pair::default(),
            answer: Some(answer),
            answered_in: Some(AnswerPlace::Inbox),
            suggestion: Some(suggestion),
            ..conflict.clone()
        };
        check::<StoredConflict, _>(&conflict, expected);
    }
}

#[test]
fn journal_entries() {
    use Action::{ConflictRaised, ConflictSettled, Coupled, Created, Deleted, Uncoupled, Updated};
    let edit = CauseOfWrite::Edit { side: Side::Left };
    let by_key = CauseOfWrite::Match { key: "k".to_owned() };
    let answer = CauseOfWrite::Answer { conflict: ConflictId(7), place: None };
    let in_inbox = CauseOfWrite::Answer { conflict: ConflictId(7), place: Some(AnswerPlace::Inbox) };
    let refused = Outcome::Refused { code: "c".to_owned() };
    for (action, cause, outcome, expected) in [
        (Coupled, by_key, Outcome::Done, "020a00014d0001010103412f31014c01016b010166000000 00 00 00 00 00"),
        (Created, edit.clone(), refused, "020a00014d0101010103412f31014c00000101660000010163 00 00 00 00 00"),
        (
            Updated,
            edit.clone(),
            Outcome::Stale,
            "020a00014d0201010103412f31014c0000010166000002 00 00 00 00 00",
        ),
        (
            Deleted,
            CauseOfWrite::Recovery,
            Outcome::Done,
            "020a00014d0301010103412f31014c03010166000000 00 00 00 00 00",
        ),
        (
            Deleted,
            CauseOfWrite::Recovery,
            Outcome::DoneUnguarded,
            "020a00014d0301010103412f31014c03010166000003 00 00 00 00 00",
        ),
        (
            Uncoupled,
            answer.clone(),
            Outcome::Done,
            "020a00014d0401010103412f31014c020700010166000000 00 00 00 00 00",
        ),
        (
            Deleted,
            CauseOfWrite::Approval { plan: "p".into(), by: "b".to_owned() },
            Outcome::Done,
            "020a00014d0301010103412f31014c050170016201016600 0000 00 00 00 00 00",
        ),
        (
            ConflictRaised,
            edit,
            Outcome::Done,
            "020a00014d0501010103412f31014c0000010166000000 00 00 00 00 00",
        ),
        (
            ConflictSettled,
            in_inbox,
            Outcome::Done,
            "020a00014d0601010103412f31014c02070100010166000000 00 00 00 00 00",
        ),
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
            links: Links::default(),
        };
        check::<StoredJournalEntry, _>(&entry, expected);
    }
}

#[test]
fn what_a_journal_entry_is_tied_to() {
    let entry = JournalEntry {
        run: RunId(10),
        at: Timestamp::UNIX_EPOCH,
        mapping: mapping(),
        action: Action::Created,
        side: Side::Left,
        row: None,
        label: "L".to_owned(),
        cause: CauseOfWrite::Undo { run: RunId(9) },
        fields: Vec::new(),
        outcome: Outcome::Done,
        links: Links {
            coupling: Some(CouplingId(8)),
            partner: Some(keyed()),
            version: Some(Version::new("v")),
            base: record(),
            replaces: Some(guid()),
        },
    };
    check::<StoredJournalEntry, _>(
        &entry,
        "020a00014d01 00 00 014c 0409 00 00 0108 010103412f31 010176 0101660301 01005c1e0000000040008000000000000001",
    );
}

#[test]
fn content_sweeps() {
    let sweep = ContentSweep {
        page: Some(PageLink::new("p")),
        touched_at: time(),
        finished_at: Some(Timestamp::UNIX_EPOCH),
    };
    check::<StoredContentSweep, _>(&sweep, "01010170fd00ca1dca3da7702f0100");
}
