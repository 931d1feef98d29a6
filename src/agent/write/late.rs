//! Creates under an id of ours that were looked for in vain, and that may take effect yet.

use crate::model::{Intent, IntentId, IntentVerb, MappingName, Record, RowId, Side};
use crate::store::{StoreError, Transaction};

/// Lets the source of a create be decided about anew, while the row that may yet appear is nobody's new row: the source may
/// be edited, blocked or deleted by then, so that nothing is sent under that id again.
pub fn let_come(transaction: &mut Transaction, intent: &Intent) -> Result<(), StoreError> {
    let IntentVerb::Create { source, minted: Some(minted), sent, replaces, .. } = &intent.verb else {
        return Ok(());
    };
    let (source, minted, sent) = (source.clone(), minted.clone(), sent.clone());
    let verb = IntentVerb::Late { source, minted, sent, replaces: *replaces };
    transaction.put_intent(&Intent { verb, ..intent.clone() })
}

/// Returns what each create sent that came in vain, or whose answer was lost, and that may have made this row. The create
/// that met the row did not make it: that is not counted.
pub fn attempts(
    transaction: &Transaction,
    mapping: &MappingName,
    side: Side,
    made: &RowId,
    but: IntentId,
) -> Result<Vec<(IntentId, Record)>, StoreError> {
    let mut attempts = Vec::new();
    for intent in transaction.intents()? {
        let is_there = intent.mapping == *mapping && intent.side == side && intent.id != but;
        match intent.verb {
            IntentVerb::Late { minted, sent, .. } | IntentVerb::Create { minted: Some(minted), sent, .. }
                if is_there && minted == *made =>
            {
                attempts.push((intent.id, sent));
            }
            _ => {}
        }
    }
    Ok(attempts)
}

/// Expects no longer what made a row, or came too late to make it. Returns what each of them sent.
pub fn close(
    transaction: &mut Transaction,
    attempts: Vec<(IntentId, Record)>,
) -> Result<Vec<Record>, StoreError> {
    let close = |(intent, sent)| transaction.remove_intent(intent).map(|()| sent);
    attempts.into_iter().map(close).collect()
}

/// Returns what a row was made with that one of several creates made: `found` is what it holds, where that is known, and
/// whoever sent that made it; of several, whoever said the most, as a blank field is not sent. Where that does not tell
/// them apart, only what they sent alike.
pub fn sent_by_one_of(attempts: Vec<Record>, found: Option<&Record>) -> Option<Record> {
    let (made, others): (Vec<_>, Vec<_>) =
        attempts.into_iter().partition(|sent| found.is_some_and(|found| found.holds(sent)));
    let most = made.iter().map(|sent| sent.0.len()).max();
    let candidates: Vec<_> = match most {
        Some(most) => made.into_iter().filter(|sent| sent.0.len() == most).collect(),
        None => others,
    };
    candidates.into_iter().reduce(|a, b| {
        let alike = a.0.into_iter().filter(|(field, value)| b.get(field) == Some(value));
        alike.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    fn record(values: &[(&str, &str)]) -> Record {
        values.iter().map(|(field, value)| ((*field).into(), Value::text(*value))).collect()
    }

    /// I32: the base says what the row was made with, as far as that can be told.
    #[test]
    fn a_row_was_made_by_whoever_sent_what_it_holds() {
        let (first, second) =
            (record(&[("name", "A"), ("phone", "1")]), record(&[("name", "A"), ("phone", "")]));
        let sent = |found: Option<&Record>| sent_by_one_of(vec![first.clone(), second.clone()], found);
        assert_eq!(sent_by_one_of(vec![], None), None);
        assert_eq!(sent_by_one_of(vec![first.clone()], Some(&second)), Some(first.clone()));
        assert_eq!(sent(Some(&second)), Some(second.clone()));
        assert_eq!(sent(None), Some(record(&[("name", "A")])));
        let edited = record(&[("name", "A"), ("phone", "2")]);
        assert_eq!(sent(Some(&edited)), Some(record(&[("name", "A")])));
    }

    /// I1: a row that holds a value was not made by the create that left the field blank.
    #[test]
    fn a_row_was_made_by_whoever_sent_the_most_of_what_it_holds() {
        let (filled, blank) = (record(&[("name", "A"), ("phone", "1")]), record(&[("name", "A")]));
        let sent = |found: &Record| sent_by_one_of(vec![filled.clone(), blank.clone()], Some(found));
        assert_eq!(sent(&filled), Some(filled.clone()));
        assert_eq!(sent(&record(&[("name", "A"), ("phone", "")])), Some(blank.clone()));
    }
}
