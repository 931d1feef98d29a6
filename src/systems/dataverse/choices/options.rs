//! The options of a choice column, as metadata has them.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::{LABEL, VALUE};
use crate::model::{ColumnName, Row, RowId, Value, Version};

/// What metadata says of one choice column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The name of the global choice, where several columns share one.
    pub global: Option<String>,
    pub options: Vec<ChoiceOption>,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    pub value: i64,
    pub label: String,
    /// The language of the label, by its number.
    pub language: Option<i64>,
}

impl Options {
    /// Reads what a choice column's metadata expands to.
    pub fn decode(attribute: &Json) -> Option<Self> {
        let sets =
            ["OptionSet", "GlobalOptionSet"].map(|set| attribute.get(set).filter(|set| set.is_object()));
        let [own, global] = sets;
        let set = own.or(global)?;
        let is_global = own.is_none() || set.get("IsGlobal") == Some(&Json::Bool(true)) || global.is_some();
        let name = set.get("Name").and_then(Json::as_str);
        let options = set.get("Options")?.as_array()?.iter().filter_map(ChoiceOption::decode).collect();
        Some(Self { global: name.filter(|_| is_global).map(str::to_owned), options })
    }

    /// Returns an option by its number.
    pub fn get(&self, value: i64) -> Option<&ChoiceOption> {
        self.options.iter().find(|option| option.value == value)
    }

    /// Returns the option that people know by that label: case and outer blanks do not count.
    pub fn labelled(&self, label: &str) -> Option<&ChoiceOption> {
        self.options.iter().find(|option| option.is_labelled(label))
    }

    /// Returns what tells these options from others later on.
    pub fn labels(&self) -> BTreeMap<String, String> {
        self.options.iter().map(|option| (option.value.to_string(), option.label.clone())).collect()
    }
}

impl ChoiceOption {
    fn decode(option: &Json) -> Option<Self> {
        let language = |label: &Json| label.get("LanguageCode").and_then(Json::as_i64);
        let shown = option.get("Label").and_then(|label| label.get("UserLocalizedLabel"));
        Some(Self {
            value: option.get("Value")?.as_i64()?,
            label: label(option),
            language: shown.and_then(language),
        })
    }

    pub fn is_labelled(&self, label: &str) -> bool {
        self.label.trim().to_uppercase() == label.trim().to_uppercase()
    }

    pub fn id(&self) -> RowId {
        RowId::new(self.value.to_string())
    }

    /// Returns the label as a version: a change of it is the only change there is.
    pub fn version(&self) -> Version {
        Version::new(self.label.as_str())
    }

    /// Returns the option as a row with these columns.
    pub fn row(&self, columns: &BTreeSet<ColumnName>) -> Row {
        let all = [
            (ColumnName::new(VALUE), Value::Number(Decimal::from(self.value))),
            (ColumnName::new(LABEL), Value::text(self.label.as_str())),
        ];
        Row {
            id: self.id(),
            version: Some(self.version()),
            modified_at: None,
            modified_by: None,
            values: all.into_iter().filter(|(column, _)| columns.contains(column)).collect(),
        }
    }
}

/// Returns an option's label in the user's language, else in any.
pub fn label(option: &Json) -> String {
    let label = option.get("Label");
    let own = label.and_then(|label| label.get("UserLocalizedLabel")?.get("Label")?.as_str());
    let any = || label?.get("LocalizedLabels")?.get(0)?.get("Label")?.as_str();
    own.or_else(any).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn option(value: i64, label: &str) -> Json {
        json!({"Value": value, "Label": {"UserLocalizedLabel": {"Label": label, "LanguageCode": 1043}}})
    }

    #[test]
    fn options_are_a_columns_own_or_shared() {
        let own = json!({"OptionSet": {"Name": "x", "IsGlobal": false, "Options": [option(1, "Net 30")]}});
        let one = ChoiceOption { value: 1, label: "Net 30".to_owned(), language: Some(1043) };
        let options = Options::decode(&own).unwrap();
        assert_eq!(options, Options { global: None, options: vec![one.clone()] });
        assert_eq!((options.get(1), options.get(2)), (Some(&one), None));
        assert_eq!((options.labelled(" net 30 "), options.labelled("net 31")), (Some(&one), None));
        let shared = json!({"OptionSet": null, "GlobalOptionSet": {"Name": "terms", "Options": [option(1, "Net 30")]}});
        let expected = Options { global: Some("terms".to_owned()), options: vec![one] };
        assert_eq!(Options::decode(&shared), Some(expected.clone()));
        let set = json!({"Name": "terms", "IsGlobal": true, "Options": [option(1, "Net 30")]});
        assert_eq!(Options::decode(&json!({"OptionSet": set})), Some(expected));
        assert_eq!(Options::decode(&json!({"OptionSet": null})), None);
    }

    #[test]
    fn an_option_is_a_row_whose_version_is_its_label() {
        let option = ChoiceOption { value: 5, label: "14 DAYS".to_owned(), language: None };
        let row = option.row(&["label".into()].into());
        assert_eq!((row.id.as_str(), row.version.unwrap().as_str()), ("5", "14 DAYS"));
        assert_eq!(row.values, [("label".into(), Value::text("14 DAYS"))].into());
        assert_eq!(option.row(&["value".into()].into()).values.len(), 1);
    }

    #[test]
    fn the_label_is_the_one_people_see() {
        let label = |of: Json| label(&json!({"Value": 3, "Label": of}));
        assert_eq!(label(json!({"UserLocalizedLabel": {"Label": "Kunde"}})), "Kunde");
        let other = json!({"UserLocalizedLabel": null, "LocalizedLabels": [{"Label": "Customer"}]});
        assert_eq!(label(other), "Customer");
        assert_eq!(label(json!(null)), "");
    }
}
