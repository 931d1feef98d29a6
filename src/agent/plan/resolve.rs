//! Resolving lookups from the store.

use std::cell::RefCell;

use crate::mapping::{Names, Resolver};
use crate::model::{FieldId, MappingName, Pair, RowId, Side};
use crate::store::{Source, StoreError, View};

/// A moment of the store that is asked without asking whether it answers.
struct Asked<'a, S> {
    view: &'a View<S>,
    failure: RefCell<Option<StoreError>>,
}

impl<S: Source> Asked<'_, S> {
    fn or_nothing<T>(&self, answer: Result<Option<T>, StoreError>) -> Option<T> {
        answer.unwrap_or_else(|error| {
            self.failure.borrow_mut().get_or_insert(error);
            None
        })
    }
}

impl<S: Source> Names for Asked<'_, S> {
    fn row(&self, mapping: &MappingName, side: Side, field: &FieldId, name: &str) -> Option<RowId> {
        self.or_nothing(self.view.row_named(mapping, side, field, name))
    }

    fn name(&self, mapping: &MappingName, side: Side, field: &FieldId, row: &RowId) -> Option<String> {
        let names = self.or_nothing(self.view.names(mapping, side, row))?;
        names.names.get(field).cloned()
    }
}

/// Runs a translation with lookups answered from the store. A failing store fails the translation as a whole: it must
/// not look like a row without partner.
pub fn with_resolver<T>(
    view: &View<impl Source>,
    base_currency: &Pair<Option<RowId>>,
    translate: impl FnOnce(&Resolver<'_>) -> T,
) -> Result<T, StoreError> {
    let asked = Asked { view, failure: RefCell::new(None) };
    let partner =
        |mapping: &MappingName, side: Side, row: &RowId| asked.or_nothing(view.partner(mapping, side, row));
    let resolver = Resolver { partner: &partner, names: &asked, base_currency: base_currency.clone() };
    let translated = translate(&resolver);
    match asked.failure.into_inner() {
        Some(error) => Err(error),
        None => Ok(translated),
    }
}
