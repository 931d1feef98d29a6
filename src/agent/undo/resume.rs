//! Letting held rows go on: the next run treats them like any other.

use crate::agent::plan::standing::wake;
use crate::model::{MappingName, Pair, Reason, RowId, Side, Standing};
use crate::store::{StoreError, Transaction};

/// Lets the held rows of a mapping go on, or only those two. Returns how many they were.
pub fn resume(
    transaction: &mut Transaction,
    mapping: &MappingName,
    only: Option<&Pair<Option<RowId>>>,
) -> Result<u64, StoreError> {
    let mut resumed = 0;
    for side in Side::BOTH {
        let mut held = Vec::new();
        transaction.visit_observations(mapping, side, |observation| {
            let is_meant = only.is_none_or(|rows| rows[side].as_ref() == Some(&observation.row));
            if observation.standing == Standing::Held && is_meant {
                held.push(observation.row);
            }
            Ok(())
        })?;
        for row in held {
            if let Some(mut observation) = transaction.observation(mapping, side, &row)? {
                observation.standing = Standing::Ready;
                transaction.put_observation(&observation)?;
                resumed += 1;
            }
        }
        wake(transaction, mapping, side, |observation| {
            matches!(&observation.standing, Standing::Parked { reason: Reason::PartnerHeld { .. }, .. })
        })?;
    }
    Ok(resumed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Content, Evidence, Observation, Timestamp, WakeCondition};
    use crate::store::Store;

    fn store() -> Store {
        let store = Store::in_memory().unwrap();
        let mut transaction = store.transaction().unwrap();
        let beside = Standing::Parked {
            reason: Reason::PartnerHeld { partner: RowId::new("l1") },
            wake: WakeCondition::RowChanges,
        };
        let other = Standing::Parked { reason: Reason::DeletionIgnored, wake: WakeCondition::RowChanges };
        for (row, side, standing) in [
            ("l1", Side::Left, Standing::Held),
            ("l2", Side::Left, Standing::Held),
            ("r1", Side::Right, Standing::Held),
            ("r2", Side::Right, beside),
            ("r3", Side::Right, other),
        ] {
            transaction
                .put_observation(&Observation {
                    mapping: "CUSTOMER".into(),
                    side,
                    row: RowId::new(row),
                    content: Content::Gone(Evidence::Tombstone),
                    standing,
                    seen_at: Timestamp::UNIX_EPOCH,
                })
                .unwrap();
        }
        transaction.commit().unwrap();
        store
    }

    fn ready(transaction: &Transaction) -> Vec<String> {
        let mut rows = Vec::new();
        for side in Side::BOTH {
            let visited = transaction.visit_observations(&"CUSTOMER".into(), side, |observation| {
                if observation.standing == Standing::Ready {
                    rows.push(observation.row.to_string());
                }
                Ok(())
            });
            visited.unwrap();
        }
        rows.sort();
        rows
    }

    /// I33
    #[test]
    fn what_is_resumed_goes_on_and_what_waited_beside_it() {
        let store = store();
        let mut transaction = store.transaction().unwrap();
        assert_eq!(resume(&mut transaction, &"CUSTOMER".into(), None).unwrap(), 3);
        assert_eq!(ready(&transaction), ["l1", "l2", "r1", "r2"]);
        assert_eq!(resume(&mut transaction, &"CUSTOMER".into(), None).unwrap(), 0);
    }

    #[test]
    fn two_rows_are_resumed_by_themselves() {
        let store = store();
        let mut transaction = store.transaction().unwrap();
        let rows = Pair::new(Some(RowId::new("l1")), Some(RowId::new("r1")));
        assert_eq!(resume(&mut transaction, &"CUSTOMER".into(), Some(&rows)).unwrap(), 2);
        assert_eq!(ready(&transaction), ["l1", "r1", "r2"]);
    }
}
