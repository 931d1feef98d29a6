//! From changes of rows to notifications: updates of one row merge, and too many of all become one for the whole set.

use uuid::Uuid;

/// A change of a row.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Change {
    pub(in super::super) set: usize,
    pub(in super::super) id: Uuid,
    pub(in super::super) kind: ChangeKind,
    /// Milliseconds since 1970.
    pub(in super::super) at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum ChangeKind {
    Created,
    Updated,
    Deleted,
}

impl ChangeKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// What a subscriber is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Notification {
    Row(Change),
    /// Much has changed since this moment; `None` if rows have gone, so that only a full read finds everything.
    Collection {
        since: Option<i64>,
        last: i64,
    },
}

/// SQL and the application round moments differently.
const ROUNDING_MILLIS: i64 = 50;

/// Makes notifications of changes in their order.
pub(super) fn notifications(changes: &[Change], maximum: usize, has_stamp: bool) -> Vec<Notification> {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return Vec::new() };
    let merged = merged(changes);
    if merged.len() <= maximum {
        return merged.into_iter().map(Notification::Row).collect();
    }
    let gone = changes.iter().any(|change| change.kind == ChangeKind::Deleted);
    let since = (has_stamp && !gone).then_some(first.at - ROUNDING_MILLIS);
    vec![Notification::Collection { since, last: last.at }]
}

/// Of several updates of a row only the last counts.
fn merged(changes: &[Change]) -> Vec<Change> {
    let later = |at: usize, change: &Change| {
        let mut others = changes[at + 1..].iter();
        change.kind == ChangeKind::Updated
            && others.any(|other| other.id == change.id && other.kind == ChangeKind::Updated)
    };
    let kept = changes.iter().enumerate().filter(|(at, change)| !later(*at, change));
    kept.map(|(_, change)| change.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: u128, kind: ChangeKind, at: i64) -> Change {
        Change { set: 0, id: Uuid::from_u128(id), kind, at }
    }

    #[test]
    fn updates_of_one_row_merge_to_the_last() {
        use ChangeKind::{Created, Deleted, Updated};
        let changes = [
            change(1, Created, 1),
            change(1, Updated, 2),
            change(2, Updated, 3),
            change(1, Updated, 4),
            change(2, Deleted, 5),
        ];
        let told = notifications(&changes, 10, true);
        let expected = [&changes[0], &changes[2], &changes[3], &changes[4]];
        assert_eq!(told, expected.map(|change| Notification::Row(change.clone())));
    }

    #[test]
    fn too_many_become_one_for_the_set() {
        let mut changes: Vec<_> = (0..3).map(|id| change(id, ChangeKind::Updated, 1000)).collect();
        let since = |changes: &[Change], has_stamp| match &notifications(changes, 2, has_stamp)[..] {
            [Notification::Collection { since, .. }] => *since,
            other => panic!("{other:?}"),
        };
        assert_eq!(since(&changes, true), Some(950));
        assert_eq!(since(&changes, false), None);
        changes.push(change(1, ChangeKind::Deleted, 1001));
        assert_eq!(since(&changes, true), None);
    }
}
