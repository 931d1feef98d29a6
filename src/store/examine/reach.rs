//! Reading the entries of a table that may be damaged, as far as they can be reached from either end.
//!
//! Nothing that redb says about such a table is believed: a panic is the end of the way, keys have to come in order, and
//! each entry is taken as bytes that someone else decodes.

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, Value};

use crate::store::quietly::quietly;

/// How a walk over a table ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    All,
    /// Some entries cannot be reached from either end.
    Cut,
}

/// Shows `visit` the bytes of every key and value that can be reached.
pub(super) fn entries<K: Key + 'static, V: Value + 'static>(
    transaction: &ReadTransaction,
    definition: TableDefinition<'static, K, V>,
    mut visit: impl FnMut(&[u8], &[u8]),
) -> Reach {
    let mut last = None;
    let forward = one_way::<K, V>(transaction, definition, false, |key, value| {
        let is_next = last.as_deref().is_none_or(|last| K::compare(last, key).is_lt());
        if is_next {
            visit(key, value);
            last = Some(key.to_vec());
        }
        is_next
    });
    if forward == Reach::All {
        return Reach::All;
    }
    let mut first: Option<Vec<u8>> = None;
    one_way::<K, V>(transaction, definition, true, |key, value| {
        let is_next = last.as_deref().is_none_or(|last| K::compare(last, key).is_lt())
            && first.as_deref().is_none_or(|first| K::compare(key, first).is_lt());
        if is_next {
            visit(key, value);
            first = Some(key.to_vec());
        }
        is_next
    });
    Reach::Cut
}

/// Walks one way until an entry cannot be read, or `visit` has seen enough.
fn one_way<K: Key + 'static, V: Value + 'static>(
    transaction: &ReadTransaction,
    definition: TableDefinition<'static, K, V>,
    backwards: bool,
    mut visit: impl FnMut(&[u8], &[u8]) -> bool,
) -> Reach {
    let table = quietly(|| transaction.open_table(definition).ok()).ok().flatten();
    let Some(table) = table else { return Reach::Cut };
    let Ok(Ok(mut range)) = quietly(|| table.iter()) else { return Reach::Cut };
    loop {
        let entry = quietly(|| {
            let entry = if backwards { range.next_back() } else { range.next() };
            let Some(entry) = entry else { return Some(None) };
            let (key, value) = entry.ok()?;
            let key = K::as_bytes(&key.value()).as_ref().to_vec();
            let value = V::as_bytes(&value.value()).as_ref().to_vec();
            Some(Some((key, value)))
        });
        match entry {
            Ok(Some(None)) => return Reach::All,
            Ok(Some(Some((key, value)))) if visit(&key, &value) => {}
            Ok(Some(Some(_)) | None) | Err(()) => return Reach::Cut,
        }
    }
}
