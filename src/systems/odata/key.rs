//! A row's key: one property or several, and how it stands in addresses and filters.
//!
//! A row's id is the key's text; where the key has several parts, or its text could be taken for something else, it is
//! a JSON list of the parts' texts.

use percent_encoding::utf8_percent_encode;
use serde_json::Value as Json;
use uuid::Uuid;

use super::page::Object;
use super::query::{IN_KEY, quoted};
use crate::model::RowId;

/// The properties that identify a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey {
    parts: Vec<KeyPart>,
}

/// One property of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPart {
    pub property: String,
    pub form: KeyForm,
}

/// How a key's value stands in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// A GUID, bare.
    Guid,
    /// Text in quotes.
    Text,
    /// A number, date or flag, bare.
    Plain,
    /// A member of an enum: the type's full name, then the member in quotes.
    Member(String),
}

impl From<&str> for RowKey {
    /// Makes the key of a table whose rows have a GUID.
    fn from(property: &str) -> Self {
        Self { parts: vec![KeyPart { property: property.to_owned(), form: KeyForm::Guid }] }
    }
}

impl RowKey {
    /// Makes a key of its parts; nothing if there is none.
    pub fn of(parts: Vec<KeyPart>) -> Option<Self> {
        (!parts.is_empty()).then_some(Self { parts })
    }

    /// Returns the properties in the key's order.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|part| part.property.as_str())
    }

    /// Returns the key's name: its property, or all of them with commas.
    pub fn name(&self) -> String {
        self.properties().collect::<Vec<_>>().join(",")
    }

    /// Reads the id of a row.
    pub fn id(&self, object: &Object) -> Option<RowId> {
        let texts = self.parts.iter().map(|part| text(object.get(&part.property)?));
        let texts = texts.collect::<Option<Vec<String>>>()?;
        let id = match (texts.as_slice(), self.parts.as_slice()) {
            ([only], [part]) if !needs_list(only, &part.form) => RowId::new(only.as_str()),
            _ => RowId::new(Json::from(texts).to_string()),
        };
        (!id.is_zero() && !id.as_str().is_empty()).then_some(id)
    }

    /// Returns the address of a row: `accounts(5c1e…)`, `customers(dataAreaId='usmf',account='C-1')`.
    pub fn address(&self, set: &str, id: &RowId) -> String {
        let literals = self.literals(id);
        let escaped = |literal: &str| utf8_percent_encode(literal, IN_KEY).to_string();
        let key = match literals.as_slice() {
            [(_, only)] => escaped(only),
            several => {
                let part = |(property, literal): &(&str, String)| format!("{property}={}", escaped(literal));
                several.iter().map(part).collect::<Vec<_>>().join(",")
            }
        };
        format!("{set}({key})")
    }

    /// Returns the filter that only this row meets.
    pub fn filter(&self, id: &RowId) -> String {
        let literals = self.literals(id);
        let conditions = literals.iter().map(|(property, literal)| format!("{property} eq {literal}"));
        conditions.collect::<Vec<_>>().join(" and ")
    }

    /// Returns each property with its value as a literal.
    fn literals(&self, id: &RowId) -> Vec<(&str, String)> {
        let listed = serde_json::from_str::<Vec<String>>(id.as_str()).ok();
        let texts = listed.filter(|texts| texts.len() == self.parts.len());
        let texts = texts.unwrap_or_else(|| vec![id.as_str().to_owned()]);
        self.parts
            .iter()
            .zip(texts)
            .map(|(part, text)| (part.property.as_str(), part.form.literal(&text)))
            .collect()
    }
}

impl KeyForm {
    /// Returns the form of a type's values in an address. `is_enum` says whether the type is one of the service's enums.
    pub fn of_type(type_name: &str, is_enum: bool) -> Self {
        match type_name {
            "Edm.Guid" => Self::Guid,
            "Edm.String" => Self::Text,
            name if is_enum => Self::Member(name.to_owned()),
            _ => Self::Plain,
        }
    }

    /// Returns a value as it stands in an address or filter.
    pub fn literal(&self, text: &str) -> String {
        match self {
            Self::Guid if Uuid::try_parse(text).is_ok() => text.to_owned(),
            Self::Guid | Self::Text => quoted(text),
            // What is no number, date or flag must not become part of the address's grammar.
            Self::Plain if text.chars().all(|c| c.is_ascii_alphanumeric() || "-+.:".contains(c)) => {
                text.to_owned()
            }
            Self::Plain => quoted(text),
            Self::Member(type_name) => format!("{type_name}{}", quoted(text)),
        }
    }
}

/// Returns whether a text key would be taken for a GUID (and lose its letter case) or for a list.
fn needs_list(text: &str, form: &KeyForm) -> bool {
    *form != KeyForm::Guid && (text.starts_with('[') || Uuid::try_parse(text).is_ok())
}

fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(parts: &[(&str, KeyForm)]) -> RowKey {
        let part = |(property, form): &(&str, KeyForm)| KeyPart {
            property: (*property).to_owned(),
            form: form.clone(),
        };
        RowKey::of(parts.iter().map(part).collect()).unwrap()
    }

    fn check(key: &RowKey, row: &Json, id: &str, address: &str, filter: &str) {
        let found = key.id(row.as_object().unwrap()).unwrap();
        assert_eq!(found.as_str(), id);
        assert_eq!(key.address("set", &found), address);
        assert_eq!(key.filter(&found), filter);
    }

    #[test]
    fn a_key_has_its_literal_by_type() {
        let guid = "5c1e0000-0000-4000-8000-000000000001";
        check(
            &"id".into(),
            &json!({"id": guid.to_uppercase()}),
            guid,
            &format!("set({guid})"),
            &format!("id eq {guid}"),
        );
        let number = key(&[("ID", KeyForm::Plain)]);
        check(&number, &json!({"ID": 7}), "7", "set(7)", "ID eq 7");
        let text = key(&[("No", KeyForm::Text)]);
        check(&text, &json!({"No": "O'B/1"}), "O'B/1", "set('O''B%2F1')", "No eq 'O''B/1'");
        let upper = guid.to_uppercase();
        check(
            &text,
            &json!({"No": upper}),
            &format!("[\"{upper}\"]"),
            &format!("set('{upper}')"),
            &format!("No eq '{upper}'"),
        );
        let member = key(&[("Kind", KeyForm::Member("NS.Kind".into()))]);
        check(&member, &json!({"Kind": "Order"}), "Order", "set(NS.Kind'Order')", "Kind eq NS.Kind'Order'");
    }

    #[test]
    fn a_key_of_several_parts_names_each() {
        let both = key(&[("dataAreaId", KeyForm::Text), ("line", KeyForm::Plain)]);
        check(
            &both,
            &json!({"line": 10, "dataAreaId": "usmf"}),
            r#"["usmf","10"]"#,
            "set(dataAreaId='usmf',line=10)",
            "dataAreaId eq 'usmf' and line eq 10",
        );
        assert_eq!(both.id(json!({"line": 10}).as_object().unwrap()), None);
    }

    proptest::proptest! {
        #[test]
        fn no_key_breaks_out_of_its_address(text: String, line: String) {
            let both = key(&[("a", KeyForm::Text), ("b", KeyForm::Plain)]);
            let id = both.id(json!({"a": text, "b": line}).as_object().unwrap()).unwrap();
            let address = both.address("set", &id);
            proptest::prop_assert!(address.starts_with("set(a='") && address.ends_with(')'));
            proptest::prop_assert!(address.is_ascii() && !address.contains(['/', '?', '#', ' ', '+']));
            proptest::prop_assert!(!both.address("set", &RowId::new(text)).contains(['/', '?', '#']));
        }
    }
}
