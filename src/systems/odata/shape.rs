//! The shape of the rows that were asked for, and decoding by it.
//!
//! A column that was asked for and is missing from the answer makes the row an error; it never means blank (I36).

use std::collections::BTreeMap;

use super::page::Object;
use super::value::decode;
use crate::model::{ColumnKind, ColumnName, Row, RowId, Timestamp, Value, Version};
use crate::systems::RowError;

/// What is asked for and how it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowShape {
    /// The property that holds the row's id.
    pub key: String,
    /// The property that holds the time of the last change, where the table has one.
    pub modified: Option<String>,
    /// The property that says who changed the row last, where it is asked for.
    pub modified_by: Option<String>,
    pub columns: Vec<ShapeColumn>,
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
        let fixed = [Some(&self.key), self.modified.as_ref(), self.modified_by.as_ref()];
        let mut properties: Vec<&str> = Vec::new();
        let columns = self.columns.iter().map(|column| &column.property);
        for property in fixed.into_iter().flatten().chain(columns) {
            if !properties.contains(&property.as_str()) {
                properties.push(property);
            }
        }
        properties
    }

    /// Reads a row. Properties that were not asked for are ignored.
    pub fn decode(&self, object: &Object) -> Result<Row, RowError> {
        let id = self
            .id(object)
            .ok_or_else(|| RowError { id: None, message: format!("the answer has no {}", self.key) })?;
        let values = self.values(object).map_err(|message| RowError { id: Some(id.clone()), message })?;
        Ok(Row {
            id,
            version: version(object),
            modified_at: self.modified.as_deref().and_then(|property| moment(object, property)),
            modified_by: self.modified_by.as_deref().and_then(|property| text(object, property)),
            values,
        })
    }

    /// Reads the row's id.
    pub fn id(&self, object: &Object) -> Option<RowId> {
        let text = text(object, &self.key)?;
        let id = RowId::new(text);
        (!id.is_zero() && !id.as_str().is_empty()).then_some(id)
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

    #[test]
    fn each_property_is_selected_once() {
        assert_eq!(shape().properties(), ["accountid", "modifiedon", "name", "_ownerid_value"]);
    }
}
