//! What people want to know of a table beside its columns: the labels of choices, and alternate keys.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::choices::label;
use super::client::Dataverse;
use crate::model::{ColumnName, TableName};
use crate::systems::examine::is_no_answer;
use crate::systems::odata::Query;
use crate::systems::{SystemError, TableDetails, TableKey};

/// The kinds of columns that have options.
const WITH_OPTIONS: [&str; 4] = [
    "PicklistAttributeMetadata",
    "MultiSelectPicklistAttributeMetadata",
    "StateAttributeMetadata",
    "StatusAttributeMetadata",
];

impl Dataverse {
    pub(super) async fn read_details(&self, table: &TableName) -> Result<TableDetails, SystemError> {
        let root = format!("EntityDefinitions(LogicalName='{}')", self.logical_name(table).await?);
        let mut choices = BTreeMap::new();
        for cast in WITH_OPTIONS {
            let query =
                Query::of(format!("{root}/Attributes/Microsoft.Dynamics.CRM.{cast}")).select(["LogicalName"]);
            let path = format!(
                "{}&$expand=OptionSet($select=Options),GlobalOptionSet($select=Options)",
                query.path()
            );
            let found = self.service.all("choices", &path, None, |attribute| choice(&attribute)).await;
            match found {
                Ok(found) => choices.extend(found.into_iter().flatten()),
                // A kind that this version does not know has no columns here.
                Err(error) if is_no_answer(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let keys = Query::of(format!("{root}/Keys")).select(["SchemaName", "KeyAttributes"]);
        let keys = self.service.all("alternate keys", &keys.path(), None, |found| key(&found)).await?;
        let attributes = Query::of(format!("{root}/Attributes")).select([
            "LogicalName",
            "RequiredLevel",
            "IsValidForCreate",
        ]);
        let required = self
            .service
            .all("required columns", &attributes.path(), None, |attribute| required(&attribute))
            .await?;
        Ok(TableDetails {
            choices,
            keys: keys.into_iter().flatten().collect(),
            required: required.into_iter().flatten().collect(),
        })
    }
}

fn choice(attribute: &Json) -> Option<(ColumnName, Vec<(String, String)>)> {
    let name = ColumnName::new(attribute.get("LogicalName")?.as_str()?);
    // A choice of its own, or one that several tables share.
    let options = ["OptionSet", "GlobalOptionSet"].map(|set| attribute.get(set)?.get("Options")?.as_array());
    let options = options.into_iter().flatten().next()?;
    let option = |option: &Json| Some((option.get("Value")?.to_string(), label(option)));
    Some((name, options.iter().filter_map(option).collect()))
}

/// Columns that Dataverse fills itself where a new row does not.
const FILLED: [&str; 4] = ["ownerid", "statecode", "statuscode", "transactioncurrencyid"];

/// Returns the column if a new row must have a value in it.
fn required(attribute: &Json) -> Option<ColumnName> {
    let level = attribute.get("RequiredLevel")?.get("Value")?.as_str()?;
    let name = attribute.get("LogicalName")?.as_str()?;
    let is_required = matches!(level, "SystemRequired" | "ApplicationRequired")
        && attribute.get("IsValidForCreate") == Some(&Json::Bool(true))
        && !FILLED.contains(&name);
    is_required.then(|| ColumnName::new(name))
}

fn key(found: &Json) -> Option<TableKey> {
    let columns = found.get("KeyAttributes")?.as_array()?.iter().filter_map(Json::as_str);
    let name = found.get("SchemaName").and_then(Json::as_str).unwrap_or_default().to_owned();
    Some(TableKey { name, columns: columns.map(ColumnName::new).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_are_read_with_the_label_people_see() {
        let own = json!({"LogicalName": "x", "OptionSet": {"Options": [
            {"Value": 3, "Label": {"UserLocalizedLabel": {"Label": "Kunde"}}}]}});
        let expected = |text: &str| Some((ColumnName::new("x"), vec![("3".to_owned(), text.to_owned())]));
        assert_eq!(choice(&own), expected("Kunde"));
        let shared =
            json!({"LogicalName": "x", "OptionSet": null, "GlobalOptionSet": {"Options": [{"Value": 3}]}});
        assert_eq!(choice(&shared), expected(""));
        assert_eq!(choice(&json!({"LogicalName": "x", "OptionSet": null})), None);
    }

    #[test]
    fn a_column_is_required_where_a_new_row_has_to_bring_a_value() {
        let column = |name: &str, level: &str, creatable: bool| {
            required(
                &json!({"LogicalName": name, "RequiredLevel": {"Value": level}, "IsValidForCreate": creatable}),
            )
        };
        assert_eq!(column("name", "ApplicationRequired", true), Some("name".into()));
        assert_eq!(column("name", "SystemRequired", true), Some("name".into()));
        assert_eq!(column("name", "Recommended", true), None);
        assert_eq!(column("createdon", "SystemRequired", false), None);
        assert_eq!(column("ownerid", "SystemRequired", true), None);
    }
}
