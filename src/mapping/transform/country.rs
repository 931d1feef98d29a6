//! Countries: their names in many languages, and their codes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use keshvar::{Country, CountryIterator};

use crate::model::Value;

use super::Stuck;

/// All countries by their codes.
static COUNTRIES: LazyLock<BTreeMap<String, Country>> =
    LazyLock::new(|| CountryIterator::new().map(|country| (country.alpha2().to_string(), country)).collect());

/// The codes of all names, in small letters. What countries are called comes before what else they are known as.
static CODES: LazyLock<BTreeMap<String, &str>> = LazyLock::new(|| {
    let mut codes: BTreeMap<String, &str> = BTreeMap::new();
    for code in COUNTRIES.keys() {
        codes.insert(code.to_lowercase(), code);
    }
    for (code, country) in COUNTRIES.iter() {
        for name in country.translations().values() {
            codes.entry(name.to_lowercase()).or_insert(code);
        }
    }
    for (code, country) in COUNTRIES.iter() {
        let others = [country.iso_short_name(), country.iso_long_name()];
        for name in others.iter().chain(country.unofficial_name_list()) {
            codes.entry(name.to_lowercase()).or_insert(code);
        }
    }
    codes
});

/// Returns whether countries have names in that language (ISO 639-1).
pub(super) fn is_language(language: &str) -> bool {
    COUNTRIES.values().all(|country| country.translations().contains_key(language))
}

/// Returns the code of a name in any language, or of a code.
pub(super) fn code(name: &str) -> Result<Value, Stuck> {
    let found = CODES.get(&name.trim().to_lowercase());
    found
        .map(|code| Value::text(*code))
        .ok_or_else(|| Stuck::new(&Value::text(name), "is no country's name; put it into a value map before"))
}

/// Returns a country's name in a language.
pub(super) fn name(code: &str, language: &str) -> Result<Value, Stuck> {
    let unknown = || {
        Stuck::new(&Value::text(code), "is no country's code (ISO 3166-1); put it into a value map before")
    };
    let country = COUNTRIES.get(&code.trim().to_uppercase()).ok_or_else(unknown)?;
    country.translations().get(language).map(|name| Value::text(*name)).ok_or_else(unknown)
}
