//! Any value of each kind the store keeps, for its tests.

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use jiff::civil::Date;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Approval, Consent, FeedState, MappingState};
use crate::model::{
    Action, Answer, AnswerPlace, Author, Became, CauseOfWrite, Choice, ColumnName, Conflict, ConflictId,
    ConflictKind, Content, Counts, Coupling, CouplingId, CouplingState, Evidence, FieldChange, FieldConflict,
    FieldId, Intent, IntentId, IntentVerb, JournalEntry, Links, MappingName, Observation, Outcome, PageLink,
    Pair, PlanHash, Reason, Record, Row, RowId, Run, RunId, Side, Stamp, Standing, Timestamp, Value, Version,
    WakeCondition, Watermark,
};

pub(super) fn text() -> impl Strategy<Value = String> {
    "\\PC{0,12}"
}

pub(super) fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Left), Just(Side::Right)]
}

pub(super) fn row_id() -> impl Strategy<Value = RowId> {
    prop_oneof![
        any::<u128>().prop_map(|guid| RowId::from(Uuid::from_u128(guid))),
        text().prop_map(RowId::new)
    ]
}

pub(super) fn time() -> impl Strategy<Value = Timestamp> {
    let range = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
    range.prop_map(|nanos| Timestamp::from_nanosecond(nanos).unwrap())
}

pub(super) fn pair<S: Strategy>(make: impl Fn() -> S) -> impl Strategy<Value = Pair<S::Value>> {
    (make(), make()).prop_map(|(left, right)| Pair::new(left, right))
}

fn mapping() -> impl Strategy<Value = MappingName> {
    text().prop_map(MappingName::new)
}

fn field() -> impl Strategy<Value = FieldId> {
    text().prop_map(FieldId::new)
}

fn version() -> impl Strategy<Value = Option<Version>> {
    option::of(text().prop_map(Version::new))
}

pub(super) fn decimal() -> impl Strategy<Value = Decimal> {
    let limit = 79_228_162_514_264_337_593_543_950_335_i128;
    (-limit..=limit, 0..=28_u32).prop_map(|(digits, scale)| Decimal::from_i128_with_scale(digits, scale))
}

fn date() -> impl Strategy<Value = Date> {
    (-9999..=9999_i16, 1..=12_i8, 1..=28_i8)
        .prop_map(|(year, month, day)| Date::new(year, month, day).unwrap())
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Blank),
        text().prop_map(Value::Text),
        decimal().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Flag),
        date().prop_map(Value::Date),
        time().prop_map(Value::Instant),
        row_id().prop_map(Value::Reference),
        (side(), row_id()).prop_map(|(side, row)| Value::Uncoupled(side, row)),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    btree_map(field(), value(), 0..4).prop_map(Record)
}

pub(super) fn coupling() -> impl Strategy<Value = Coupling> {
    let state = prop_oneof![
        pair(any::<bool>).prop_map(|in_filter| CouplingState::Active { in_filter }),
        Just(CouplingState::Broken),
        Just(CouplingState::Severed),
    ];
    (any::<u64>(), mapping(), pair(row_id), record(), pair(version), state, text()).prop_map(
        |(id, mapping, rows, base, versions, state, label)| Coupling {
            id: CouplingId(id),
            mapping,
            rows,
            base,
            versions,
            state,
            label,
        },
    )
}

fn became() -> impl Strategy<Value = Became> {
    prop_oneof![Just(Became::Posted), Just(Became::Converted), Just(Became::Merged), Just(Became::Other)]
}

fn evidence() -> impl Strategy<Value = Evidence> {
    prop_oneof![
        Just(Evidence::Tombstone),
        (time(), time()).prop_map(|(first, second)| Evidence::ConfirmedAbsent { first, second }),
        became().prop_map(Evidence::Became),
        time().prop_map(|at| Evidence::Rebaselined { at }),
    ]
}

fn row() -> impl Strategy<Value = Row> {
    let values = btree_map(text().prop_map(ColumnName::new), value(), 0..4);
    (row_id(), version(), option::of(time()), option::of(text()), values).prop_map(
        |(id, version, modified_at, modified_by, values)| Row {
            id,
            version,
            modified_at,
            modified_by,
            values,
        },
    )
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        row().prop_map(Content::Row),
        evidence().prop_map(Content::Gone),
        option::of(time()).prop_map(|first_confirmed| Content::Missing { first_confirmed }),
        text().prop_map(Content::Unreadable),
    ]
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![
        side().prop_map(|on| Reason::CreateOff { on }),
        (text(), any::<usize>()).prop_map(|(key, candidates)| Reason::Ambiguous { key, candidates }),
        row_id().prop_map(|partner| Reason::PartnerTaken { partner }),
        (text(), mapping(), side(), row_id()).prop_map(|(field, mapping, side, row)| {
            Reason::WaitingForReference { field, mapping, side, row }
        }),
        Just(Reason::PartnerOutOfFilter),
        side().prop_map(|on| Reason::PartnerDeleted { on }),
        Just(Reason::DeletionIgnored),
        (text(), text()).prop_map(|(code, message)| Reason::Refused { code, message }),
        (text(), text()).prop_map(|(field, message)| Reason::DoesNotFit { field, message }),
        text().prop_map(|message| Reason::Unreadable { message }),
        Just(Reason::PerhapsDeleted),
        row_id().prop_map(|partner| Reason::PartnerUnreadable { partner }),
        (side(), became()).prop_map(|(on, became)| Reason::Became { on, became }),
        text().prop_map(|message| Reason::FateUnknown { message }),
        side().prop_map(|on| Reason::NoVersion { on }),
        row_id().prop_map(|partner| Reason::PartnerHeld { partner }),
        (side(), text()).prop_map(|(on, fields)| Reason::Drifted { on, fields }),
        side().prop_map(|on| Reason::DriftKept { on }),
        text().prop_map(|message| Reason::Unsafe { message }),
        Just(Reason::NoBusinessKey),
        (text(), any::<usize>()).prop_map(|(key, others)| Reason::BusinessKeyShared { key, others }),
    ]
}

fn wake() -> impl Strategy<Value = WakeCondition> {
    prop_oneof![
        Just(WakeCondition::RowChanges),
        (mapping(), side(), row_id()).prop_map(|(mapping, side, row)| WakeCondition::Coupled {
            mapping,
            side,
            row
        }),
        time().prop_map(WakeCondition::At),
    ]
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Standing::Ready),
        (reason(), wake()).prop_map(|(reason, wake)| Standing::Parked { reason, wake }),
        any::<u64>().prop_map(|id| Standing::Conflicted(ConflictId(id))),
        Just(Standing::Held),
        Just(Standing::Braked),
    ]
}

pub(super) fn observation() -> impl Strategy<Value = Observation> {
    (mapping(), side(), row_id(), content(), standing(), time()).prop_map(
        |(mapping, side, row, content, standing, seen_at)| Observation {
            mapping,
            side,
            row,
            content,
            standing,
            seen_at,
        },
    )
}

fn conflict_kind() -> impl Strategy<Value = ConflictKind> {
    let field_conflict = (field(), option::of(value()), pair(value))
        .prop_map(|(field, base, values)| FieldConflict { field, base, values });
    prop_oneof![
        vec(field_conflict, 0..3).prop_map(ConflictKind::Fields),
        side().prop_map(|on| ConflictKind::Deleted { on }),
    ]
}

fn author() -> impl Strategy<Value = Author> {
    (option::of(text()), option::of(time())).prop_map(|(name, at)| Author { name, at })
}

fn answer() -> impl Strategy<Value = Answer> {
    let choice = prop_oneof![side().prop_map(Choice::Side), value().prop_map(Choice::Value)];
    prop_oneof![
        side().prop_map(Answer::Take),
        btree_map(field(), choice, 0..3).prop_map(Answer::PerField),
        Just(Answer::Later),
        Just(Answer::Uncouple),
        Just(Answer::Delete),
        Just(Answer::Restore),
    ]
}

fn answer_place() -> impl Strategy<Value = AnswerPlace> {
    prop_oneof![Just(AnswerPlace::Inbox), Just(AnswerPlace::Command)]
}

pub(super) fn conflict() -> impl Strategy<Value = Conflict> {
    let place = (any::<u64>(), mapping(), pair(row_id), text());
    let told = (conflict_kind(), pair(author), time(), text());
    let answered = (option::of(answer()), option::of(answer_place()), option::of(answer()));
    (place, told, answered).prop_map(
        |(
            (id, mapping, rows, label),
            (kind, authors, raised_at, stamp),
            (answer, answered_in, suggestion),
        )| Conflict {
            id: ConflictId(id),
            mapping,
            rows,
            label,
            kind,
            authors,
            raised_at,
            stamp: Stamp::new(stamp),
            answer,
            answered_in,
            suggestion,
        },
    )
}

fn intent_verb() -> impl Strategy<Value = IntentVerb> {
    prop_oneof![
        (row_id(), option::of(row_id()), record(), option::of(time()), option::of(any::<u64>())).prop_map(
            |(source, minted, sent, floor, replaces)| IntentVerb::Create {
                source,
                minted,
                sent,
                floor,
                replaces: replaces.map(CouplingId)
            }
        ),
        (any::<u64>(), row_id(), version(), record()).prop_map(|(id, row, version, sent)| {
            IntentVerb::Update { coupling: CouplingId(id), row, version, sent }
        }),
        (any::<u64>(), row_id(), version()).prop_map(|(id, row, version)| IntentVerb::Delete {
            coupling: CouplingId(id),
            row,
            version
        }),
        (row_id(), option::of(row_id()), record(), option::of(time())).prop_map(
            |(replaces, minted, sent, floor)| IntentVerb::Restore { replaces, minted, sent, floor }
        ),
        (row_id(), text())
            .prop_map(|(row, version)| IntentVerb::Remove { row, version: Version::new(version) }),
        (row_id(), row_id(), record(), option::of(any::<u64>())).prop_map(
            |(source, minted, sent, replaces)| IntentVerb::Late {
                source,
                minted,
                sent,
                replaces: replaces.map(CouplingId)
            }
        ),
    ]
}

pub(super) fn intent() -> impl Strategy<Value = Intent> {
    (any::<u64>(), any::<u64>(), mapping(), side(), intent_verb(), time()).prop_map(
        |(id, run, mapping, side, verb, stored_at)| Intent {
            id: IntentId(id),
            run: RunId(run),
            mapping,
            side,
            verb,
            stored_at,
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Coupled),
        Just(Action::Created),
        Just(Action::Updated),
        Just(Action::Deleted),
        Just(Action::Uncoupled),
        Just(Action::ConflictRaised),
        Just(Action::ConflictSettled),
    ]
}

fn cause() -> impl Strategy<Value = CauseOfWrite> {
    prop_oneof![
        side().prop_map(|side| CauseOfWrite::Edit { side }),
        text().prop_map(|key| CauseOfWrite::Match { key }),
        (any::<u64>(), option::of(answer_place()))
            .prop_map(|(id, place)| CauseOfWrite::Answer { conflict: ConflictId(id), place }),
        Just(CauseOfWrite::Recovery),
        any::<u64>().prop_map(|run| CauseOfWrite::Undo { run: RunId(run) }),
        (text(), text()).prop_map(|(plan, by)| CauseOfWrite::Approval { plan: PlanHash::new(plan), by }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Done),
        text().prop_map(|code| Outcome::Refused { code }),
        Just(Outcome::Stale),
        Just(Outcome::DoneUnguarded),
    ]
}

fn links() -> impl Strategy<Value = Links> {
    let coupling = option::of(any::<u64>().prop_map(CouplingId));
    (coupling, option::of(row_id()), version(), record(), option::of(row_id())).prop_map(
        |(coupling, partner, version, base, replaces)| Links { coupling, partner, version, base, replaces },
    )
}

pub(super) fn journal_entry() -> impl Strategy<Value = JournalEntry> {
    let change = (field(), option::of(value()), value()).prop_map(|(field, before, after)| FieldChange {
        field,
        before,
        after,
    });
    let what = (any::<u64>(), time(), mapping(), action(), side());
    let how = (option::of(row_id()), text(), cause(), vec(change, 0..3), outcome());
    (what, how, links()).prop_map(
        |((run, at, mapping, action, side), (row, label, cause, fields, outcome), links)| JournalEntry {
            run: RunId(run),
            at,
            mapping,
            action,
            side,
            row,
            label,
            cause,
            fields,
            outcome,
            links,
        },
    )
}

fn counts() -> impl Strategy<Value = Counts> {
    (any::<[u64; 6]>(), pair(any::<u64>), pair(any::<u64>), pair(any::<u64>), pair(any::<u64>)).prop_map(
        |(
            [coupled, uncoupled, conflicts_raised, conflicts_settled, refused, stale],
            read,
            created,
            updated,
            deleted,
        )| {
            Counts {
                read,
                coupled,
                created,
                updated,
                deleted,
                uncoupled,
                conflicts_raised,
                conflicts_settled,
                refused,
                stale,
            }
        },
    )
}

pub(super) fn run() -> impl Strategy<Value = Run> {
    let counts = btree_map(mapping(), counts(), 0..3);
    (any::<u64>(), time(), option::of(time()), text(), counts, vec(text(), 0..3)).prop_map(
        |(id, started_at, finished_at, trigger, counts, failures)| Run {
            id: RunId(id),
            started_at,
            finished_at,
            trigger,
            counts,
            failures,
        },
    )
}

pub(super) fn feed_state() -> impl Strategy<Value = FeedState> {
    let columns = btree_set(text().prop_map(ColumnName::new), 0..4);
    let users = btree_set(mapping(), 0..3);
    (columns, users, option::of(text()), option::of(text()), time()).prop_map(
        |(columns, users, watermark, page, stored_at)| FeedState {
            columns,
            users,
            watermark: watermark.map(Watermark::new),
            page: page.map(PageLink::new),
            stored_at,
        },
    )
}

pub(super) fn mapping_state() -> impl Strategy<Value = MappingState> {
    let approval = (text(), time()).prop_map(|(by, at)| Approval { by, at });
    let fields = btree_map(text().prop_map(FieldId::new), text(), 0..3);
    (text(), fields, text(), option::of(approval)).prop_map(
        |(fingerprint, fields, tables, first_sync_approved)| MappingState {
            fingerprint,
            fields,
            tables,
            first_sync_approved,
        },
    )
}

pub(super) fn consent() -> impl Strategy<Value = Consent> {
    (text(), time(), text()).prop_map(|(by, at, text)| Consent { by, at, text })
}
