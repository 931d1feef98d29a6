//! Stored bytes: one format-version byte, then bincode. The only file that names bincode.
//!
//! Decoding never trusts the bytes: a newer version, garbage, a value out of range and trailing bytes are errors
//! that name the table and the key, and no length in the bytes makes it allocate more than a bound.

use std::fmt::Debug;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::stored::{Malformed, Stored};

/// The largest stored value. Rows are a few KiB; a value beyond this is a mistake and would be slow to rewrite.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// bincode counts what it decodes in memory, where a number of one stored byte counts as up to sixteen.
const MAX_DECODED_BYTES: usize = 16 * MAX_BYTES;

const CONFIG: Configuration<LittleEndian, Varint, Limit<MAX_DECODED_BYTES>> =
    bincode::config::standard().with_limit::<MAX_DECODED_BYTES>();

/// Why a value and its bytes do not go together.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    #[error("it has format {found}, and this Tandem knows up to {known}: upgrade Tandem")]
    Newer { found: u8, known: u8 },
    #[error("it is not in any format Tandem has written")]
    Unversioned,
    #[error("its bytes are garbage")]
    Garbage(#[source] Box<bincode::error::DecodeError>),
    #[error("{0} bytes follow the value")]
    Trailing(usize),
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("it is too large ({bytes} bytes, at most {MAX_BYTES})")]
    TooLarge { bytes: usize },
    #[error("it has no stored form")]
    Encode(#[source] Box<bincode::error::EncodeError>),
}

/// Turns a model value into stored bytes.
pub(super) fn encode<T, M>(table: &'static str, key: &impl Debug, model: &M) -> Result<Vec<u8>, StoreError>
where
    T: Stored<M> + Serialize,
{
    to_bytes(T::FORMAT, &T::of(model)).map_err(|source| StoreError::Unstorable {
        table,
        key: format!("{key:?}"),
        source,
    })
}

/// Turns stored bytes back into the model value.
pub(super) fn decode<T, M>(table: &'static str, key: &impl Debug, bytes: &[u8]) -> Result<M, StoreError>
where
    T: Stored<M> + DeserializeOwned,
{
    let model = from_bytes::<T>(T::FORMAT, bytes).and_then(|stored| Ok(stored.restore()?));
    model.map_err(|source| unreadable(table, key, source))
}

/// Turns the bytes of a former format into the model value, for a migration.
pub(super) fn decode_former<T, M>(
    table: &'static str,
    key: &impl Debug,
    format: u8,
    bytes: &[u8],
    restore: impl FnOnce(T) -> Result<M, Malformed>,
) -> Result<M, StoreError>
where
    T: DeserializeOwned,
{
    let model = from_bytes::<T>(format, bytes).and_then(|stored| Ok(restore(stored)?));
    model.map_err(|source| unreadable(table, key, source))
}

fn unreadable(table: &'static str, key: &impl Debug, source: CodecError) -> StoreError {
    StoreError::Unreadable { table, key: format!("{key:?}"), source }
}

fn to_bytes(format: u8, stored: &impl Serialize) -> Result<Vec<u8>, CodecError> {
    let mut bytes = vec![format];
    bincode::serde::encode_into_std_write(stored, &mut bytes, CONFIG)
        .map_err(|error| CodecError::Encode(Box::new(error)))?;
    if bytes.len() > MAX_BYTES { Err(CodecError::TooLarge { bytes: bytes.len() }) } else { Ok(bytes) }
}

fn from_bytes<T: DeserializeOwned>(known: u8, bytes: &[u8]) -> Result<T, CodecError> {
    let body = match bytes.split_first() {
        Some((&found, body)) if found == known => body,
        Some((&found, _)) if found > known => return Err(CodecError::Newer { found, known }),
        Some(_) | None => return Err(CodecError::Unversioned),
    };
    let (stored, read) = bincode::serde::decode_from_slice(body, CONFIG)
        .map_err(|error| CodecError::Garbage(Box::new(error)))?;
    if read == body.len() { Ok(stored) } else { Err(CodecError::Trailing(body.len() - read)) }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use proptest::prelude::{ProptestConfig, TestCaseError, prop_assert_eq, proptest};

    use super::*;
    use crate::model::{Timestamp, Value};
    use crate::store::state::Consent;
    use crate::store::stored::{
        StoredConflict, StoredConsent, StoredCoupling, StoredFeedState, StoredIntent, StoredJournalEntry,
        StoredMappingState, StoredObservation, StoredRun, StoredTime, StoredValue,
    };
    use crate::store::strategies as any;

    const CONSENT_FORMAT: u8 = <StoredConsent as Stored<Consent>>::FORMAT;

    fn check<T, M>(model: &M) -> Result<(), TestCaseError>
    where
        T: Stored<M> + Serialize + DeserializeOwned,
        M: Debug + PartialEq,
    {
        let bytes = encode::<T, M>("table", &"key", model).unwrap();
        prop_assert_eq!(&decode::<T, M>("table", &"key", &bytes).unwrap(), model);
        Ok(())
    }

    /// Tries to read a consent from the bytes and returns the whole error chain.
    fn failure(bytes: &[u8]) -> String {
        let error = decode::<StoredConsent, Consent>("consent", &7, bytes).unwrap_err();
        format!("{error}: {}", error.source().unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_stored_comes_back_equal(
            coupling in any::coupling(),
            observation in any::observation(),
            conflict in any::conflict(),
            intent in any::intent(),
            journal_entry in any::journal_entry(),
            run in any::run(),
        ) {
            check::<StoredCoupling, _>(&coupling)?;
            check::<StoredObservation, _>(&observation)?;
            check::<StoredConflict, _>(&conflict)?;
            check::<StoredIntent, _>(&intent)?;
            check::<StoredJournalEntry, _>(&journal_entry)?;
            check::<StoredRun, _>(&run)?;
        }

        #[test]
        fn states_come_back_equal(
            feed in any::feed_state(),
            mapping in any::mapping_state(),
            consent in any::consent(),
            time in any::time(),
        ) {
            check::<StoredFeedState, _>(&feed)?;
            check::<StoredMappingState, _>(&mapping)?;
            check::<StoredConsent, _>(&consent)?;
            check::<StoredTime, _>(&time)?;
        }

        #[test]
        fn a_number_keeps_its_trailing_zeros(number in any::decimal()) {
            let stored = StoredValue::of(&Value::Number(number));
            let Value::Number(restored) = stored.restore().unwrap() else { unreachable!() };
            prop_assert_eq!(restored.serialize(), number.serialize());
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let mut versioned = vec![CONSENT_FORMAT];
            versioned.extend(&bytes);
            for bytes in [&bytes, &versioned] {
                drop(decode::<StoredCoupling, _>("couplings", &1, bytes));
                drop(decode::<StoredObservation, _>("observations", &1, bytes));
                drop(decode::<StoredConflict, _>("conflicts", &1, bytes));
                drop(decode::<StoredRun, _>("runs", &1, bytes));
            }
        }
    }

    #[test]
    fn a_value_of_a_newer_format_is_refused_by_name() {
        let text = failure(&[CONSENT_FORMAT + 1, 0, 0, 0]);
        assert!(text.starts_with("the stored value 7 of table consent cannot be read"), "{text}");
        assert!(text.ends_with("it has format 2, and this Tandem knows up to 1: upgrade Tandem"), "{text}");
    }

    #[test]
    fn a_value_that_is_none_is_refused_by_name() {
        assert!(failure(&[]).ends_with("it is not in any format Tandem has written"));
        assert!(failure(&[0]).ends_with("it is not in any format Tandem has written"));
        assert!(failure(&[CONSENT_FORMAT, 3]).ends_with("its bytes are garbage"));
    }

    #[test]
    fn bytes_after_a_value_are_an_error() {
        let consent = Consent { by: "Ida".into(), at: Timestamp::UNIX_EPOCH, text: "yes".into() };
        let mut bytes = encode::<StoredConsent, _>("consent", &7, &consent).unwrap();
        bytes.push(0);
        assert!(failure(&bytes).ends_with("1 bytes follow the value"));
    }

    /// I35: a length in the bytes never makes the decoder allocate what it says.
    #[test]
    fn a_length_beyond_the_bound_is_refused() {
        let mut bytes = vec![CONSENT_FORMAT, 253];
        bytes.extend((MAX_DECODED_BYTES as u64 + 1).to_le_bytes());
        assert!(failure(&bytes).ends_with("its bytes are garbage"));
    }

    #[test]
    fn a_value_too_large_to_read_again_is_not_stored() {
        let text = "x".repeat(MAX_BYTES);
        let consent = Consent { by: String::new(), at: Timestamp::UNIX_EPOCH, text };
        let error = encode::<StoredConsent, _>("consent", &7, &consent).unwrap_err();
        assert!(matches!(error, StoreError::Unstorable { source: CodecError::TooLarge { .. }, .. }));
    }

    #[test]
    fn the_largest_value_can_be_read_again() {
        let failures = vec![String::new(); MAX_BYTES - 100];
        let stored = to_bytes(1, &failures).unwrap();
        assert_eq!(from_bytes::<Vec<String>>(1, &stored).unwrap().len(), failures.len());
    }

    #[test]
    fn an_impossible_moment_is_an_error() {
        let bytes = to_bytes(1, &i128::MAX).unwrap();
        let error = decode::<StoredTime, Timestamp>("sweeps", &"accounts", &bytes).unwrap_err();
        assert!(matches!(error, StoreError::Unreadable { source: CodecError::Malformed(_), .. }));
    }
}
