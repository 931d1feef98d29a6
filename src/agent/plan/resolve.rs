//! Resolving lookups from the store.

use std::cell::RefCell;

use crate::mapping::Resolver;
use crate::model::{MappingName, Pair, RowId, Side};
use crate::store::{Source, StoreError, View};

/// Runs a translation with lookups answered from the store. A failing store fails the translation as a whole: it must
/// not look like a row without partner.
pub fn with_resolver<T>(
    view: &View<impl Source>,
    base_currency: &Pair<Option<RowId>>,
    translate: impl FnOnce(&Resolver<'_>) -> T,
) -> Result<T, StoreError> {
    let failure: RefCell<Option<StoreError>> = RefCell::new(None);
    let partner = |mapping: &MappingName, side: Side, row: &RowId| {
        view.partner(mapping, side, row).unwrap_or_else(|error| {
            failure.borrow_mut().get_or_insert(error);
            None
        })
    };
    let resolver = Resolver { partner: &partner, base_currency: base_currency.clone() };
    let translated = translate(&resolver);
    match failure.into_inner() {
        Some(error) => Err(error),
        None => Ok(translated),
    }
}
