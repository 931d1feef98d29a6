//! The shape of the rows that were asked for, and decoding by it.
//!
//! A column that was asked for and is missing from the answer makes the row an error; it never means blank (I36).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::page::Object;
use super::value::decode;
use super::{Query, RowKey};
use crate::model::{ColumnKind, ColumnName, Row, RowId, Timestamp, Value, Version};
use crate::systems::RowError;

/// What is asked for and how it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowShape {
    /// The properties that hold the row's id.
    pub key: RowKey,
    /// The property that holds the time of the last change, where the table has one.
    pub modified: Option<String>,
    /// The property that says who changed the row last, where it is asked for.
    pub modified_by: Option<String>,
    pub columns: Vec<ShapeColumn>,
    /// Where rows without a version are written: all properties of the table, whose digest stands for it. Elsewhere empty.
    pub content: BTreeSet<String>,
}

/// One column asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeColumn {
    pub name: ColumnName,
    /// The property as it stands in answers.
    pub property: String,
    pub kind: ColumnKind,
}

impl RowShape {
    /// Returns the properties to select, each once, the key first.
    pub fn properties(&self) -> Vec<&str> {
        let fixed = [self.modified.as_deref(), self.modified_by.as_deref()];
        let mut properties: Vec<&str> = Vec::new();
        let columns = self.columns.iter().map(|column| column.property.as_str());
        for property in self.key.properties().chain(fixed.into_iter().flatten()).chain(columns) {
            if !properties.contains(&property) {
                properties.push(property);
            }
        }
        properties
    }

    /// Returns whether rows without a version are written.
    fn is_unguarded(&self) -> bool {
        !self.content.is_empty()
    }

    /// Asks for what the shape needs: everything, where a digest of the whole row is its version.
    pub fn select(&self, query: Query) -> Query {
        if self.is_unguarded() { query } else { query.select(self.properties()) }
    }

    /// Reads a row. Properties that were not asked for are ignored.
    pub fn decode(&self, object: &Object) -> Result<Row, RowError> {
        let id = self.id(object).ok_or_else(|| RowError {
            id: None,
            message: format!("the answer has no {}", self.key.name()),
        })?;
        let values = self.values(object).map_err(|message| RowError { id: Some(id.clone()), message })?;
        Ok(Row {
            id,
            version: version(object).or_else(|| self.is_unguarded().then(|| self.digest(object))),
            modified_at: self.modified.as_deref().and_then(|property| moment(object, property)),
            modified_by: self.modified_by.as_deref().and_then(|property| text(object, property)),
            values,
        })
    }

    /// Reads the row's id.
    pub fn id(&self, object: &Object) -> Option<RowId> {
        self.key.id(object)
    }

    /// Stands for the version of a row that has none. Annotations and what the table does not declare are no content.
    fn digest(&self, object: &Object) -> Version {
        let content: BTreeMap<&String, &Json> =
            object.iter().filter(|(name, _)| self.content.contains(*name)).collect();
        let text = serde_json::to_vec(&content).expect("an object with text keys is JSON");
        let digest = Sha256::digest(text);
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Version::of_content(&hex)
    }

    fn values(&self, object: &Object) -> Result<BTreeMap<ColumnName, Value>, String> {
        self.columns
            .iter()
            .map(|column| {
                let property = &column.property;
                let json = object.get(property).ok_or_else(|| {
                    format!("the answer lacks {property}; the sign-in may not be allowed to read it")
                })?;
                let value =
                    decode(column.kind, json).map_err(|mismatch| format!("{property}: {mismatch}"))?;
                Ok((column.name.clone(), value))
            })
            .collect()
    }
}

fn version(object: &Object) -> Option<Version> {
    text(object, "@odata.etag").or_else(|| text(object, "@etag")).map(Version::new)
}

fn moment(object: &Object, property: &str) -> Option<Timestamp> {
    match decode(ColumnKind::Instant, object.get(property)?) {
        Ok(Value::Instant(instant)) => Some(instant),
        _ => None,
    }
}

fn text(object: &Object, property: &str) -> Option<String> {
    object.get(property)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shape() -> RowShape {
        let column = |name: &str, property: &str, kind| ShapeColumn {
            name: name.into(),
            property: property.into(),
            kind,
        };
        RowShape {
            key: "accountid".into(),
            modified: Some("modifiedon".into()),
            modified_by: None,
            columns: vec![
                column("name", "name", ColumnKind::Text),
                column("ownerid", "_ownerid_value", ColumnKind::Reference),
                column("modifiedon", "modifiedon", ColumnKind::Instant),
            ],
            content: BTreeSet::new(),
        }
    }

    fn decoded(json: &serde_json::Value) -> Result<Row, RowError> {
        shape().decode(json.as_object().unwrap())
    }

    const ID: &str = "5c1e0000-0000-4000-8000-000000000001";

    #[test]
    fn a_row_is_read_with_its_version() {
        let row = decoded(&json!({
            "@odata.etag": "W/\"7\"", "accountid": ID.to_uppercase(), "name": "Acme", "_ownerid_value": null,
            "modifiedon": "2026-03-04T09:15:00Z", "extra": [1]
        }))
        .unwrap();
        assert_eq!(row.id.as_str(), ID);
        assert_eq!(row.version, Some(Version::new("W/\"7\"")));
        assert_eq!(row.modified_at, Some("2026-03-04T09:15:00Z".parse().unwrap()));
        assert_eq!(row.values[&"name".into()], Value::text("Acme"));
        assert_eq!(row.values[&"ownerid".into()], Value::Blank);
        assert_eq!(row.values.len(), 3);
    }

    /// I36: a missing property is the row's error, never a blank.
    #[test]
    fn a_missing_property_is_an_error_of_its_row() {
        let error =
            decoded(&json!({"accountid": ID, "modifiedon": null, "_ownerid_value": null})).unwrap_err();
        assert_eq!(error.id, Some(RowId::new(ID)));
        assert!(error.message.contains("lacks name"), "{}", error.message);
        assert_eq!(decoded(&json!({"name": "x"})).unwrap_err().id, None);
    }

    /// A service without versions: what a row holds stands for its version.
    #[test]
    fn a_row_without_a_version_has_a_digest_of_its_content() {
        let declared = ["accountid", "name", "b", "c"].map(str::to_owned);
        let shape = RowShape { content: declared.into(), ..shape() };
        let version = |extra: &str| {
            let row = format!(
                r#"{{"@odata.id":"x","accountid":"{ID}","name":"a","_ownerid_value":null,"modifiedon":null{extra}}}"#
            );
            shape.decode(&serde_json::from_str(&row).unwrap()).unwrap().version.unwrap()
        };
        assert_eq!(version(""), version(r#","b@odata.type":"x","d":1"#), "annotations are no content");
        assert_ne!(version(""), version(r#","b":1"#), "columns that were not asked for are");
        assert_eq!(version(r#","b":1,"c":2"#), version(r#","c":2,"b":1"#));
        assert!(version("").is_content());
        assert!(!shape.select(Query::of("accounts")).path().contains("$select"));
    }

    #[test]
    fn each_property_is_selected_once() {
        assert_eq!(shape().properties(), ["accountid", "modifiedon", "name", "_ownerid_value"]);
    }
}
