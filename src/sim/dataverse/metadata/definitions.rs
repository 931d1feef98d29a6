//! Tables and columns as JSON.

use serde_json::{Value, json};

use super::labels::label;
use super::{keys, relationships};
use crate::sim::dataverse::schema::{Choice, Column, Kind, PrecisionSource, Table, metadata_id};
use crate::sim::dataverse::service::Service;

pub(super) const CAST: &str = "Microsoft.Dynamics.CRM.";

pub(super) fn definition(service: &Service, index: usize) -> Value {
    let table = &service.tables[index];
    let managed = |value: bool, name: &str| json!({"Value": value, "CanBeChanged": true, "ManagedPropertyLogicalName": name});
    json!({
        "MetadataId": table.metadata_id(),
        "LogicalName": table.logical_name,
        "SchemaName": table.schema_name,
        "EntitySetName": table.set,
        "LogicalCollectionName": table.set,
        "CollectionSchemaName": table.set,
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "ObjectTypeCode": table.object_type_code,
        "OwnershipType": table.ownership,
        "DisplayName": label(&table.label),
        "DisplayCollectionName": label(&table.set),
        "ChangeTrackingEnabled": table.change_tracking,
        "CanChangeTrackingBeEnabled": managed(table.trackable, "canchangetrackingbeenabled"),
        "IsOptimisticConcurrencyEnabled": table.versions,
        "EnforceStateTransitions": false,
        "IsCustomEntity": table.custom,
        "IsCustomizable": managed(true, "iscustomizable"),
        "IsManaged": !table.custom,
        "IsActivity": false,
        "IsIntersect": service.relationships.iter().any(|other| other.intersect == table.logical_name),
        "IsPrivate": false,
        "IsLogicalEntity": false,
        "TableType": "Standard",
        "Attributes": attributes(service, index, None),
        "Keys": keys::definitions(table),
        "ManyToOneRelationships": relationships::of_table(service, index, "ManyToOneRelationships"),
        "OneToManyRelationships": relationships::of_table(service, index, "OneToManyRelationships"),
        "ManyToManyRelationships": relationships::of_table(service, index, "ManyToManyRelationships"),
    })
}

/// Returns the columns of a table, those of one type if there is a cast.
pub(super) fn attributes(service: &Service, index: usize, cast: Option<&str>) -> Vec<Value> {
    let table = &service.tables[index];
    let is_asked = |column: &Column| {
        cast.is_none_or(|cast| cast == "AttributeMetadata" || metadata_type(&column.kind) == cast)
    };
    let columns = table.columns.iter().enumerate().filter(|(_, column)| is_asked(column));
    columns.map(|(position, _)| attribute(service, table, position)).collect()
}

/// Returns the name of the metadata type of a column, the last part of a cast.
pub(super) fn metadata_type(kind: &Kind) -> String {
    match kind {
        Kind::Id => "UniqueIdentifierAttributeMetadata".to_owned(),
        Kind::Owner | Kind::Lookup { .. } => "LookupAttributeMetadata".to_owned(),
        Kind::Choices(_) => "MultiSelectPicklistAttributeMetadata".to_owned(),
        kind => format!("{}AttributeMetadata", kind.type_names().0),
    }
}

fn attribute(service: &Service, table: &Table, position: usize) -> Value {
    let column = &table.columns[position];
    let (attribute_type, type_name) = column.kind.type_names();
    let required = if column.required || column.name == table.primary_id { "SystemRequired" } else { "None" };
    let mut body = json!({
        "@odata.type": format!("#{CAST}{}", metadata_type(&column.kind)),
        "MetadataId": metadata_id(&format!("{}/{}", table.logical_name, column.name)),
        "LogicalName": column.name,
        "SchemaName": column.schema_name,
        "EntityLogicalName": table.logical_name,
        "AttributeType": attribute_type,
        "AttributeTypeName": {"Value": type_name},
        "AttributeOf": null,
        "DisplayName": label(&column.label),
        "Description": label(""),
        "IsPrimaryId": column.name == table.primary_id,
        "IsPrimaryName": column.name == table.primary_name,
        "IsCustomAttribute": column.custom,
        "IsManaged": !column.custom,
        "IsLogical": false,
        "IsSecured": false,
        "IsValidForCreate": column.create,
        "IsValidForUpdate": column.update,
        "IsValidForRead": true,
        "IsValidODataAttribute": true,
        "SourceType": 0,
        "RequiredLevel": {"Value": required, "CanBeChanged": false, "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"},
    });
    if let (Value::Object(body), Value::Object(facets)) = (&mut body, facets(service, table, position)) {
        body.extend(facets);
    }
    body
}

/// Returns the properties only this column's type has.
fn facets(service: &Service, table: &Table, position: usize) -> Value {
    let column = &table.columns[position];
    match &column.kind {
        Kind::Text { max } => {
            json!({"MaxLength": max, "FormatName": {"Value": "Text"}, "Format": "Text"})
        }
        Kind::Memo { max } => {
            json!({"MaxLength": max, "FormatName": {"Value": "TextArea"}, "Format": "TextArea"})
        }
        Kind::Integer { min, max } => json!({"MinValue": min, "MaxValue": max, "Format": "None"}),
        Kind::Decimal { precision } | Kind::Double { precision } => {
            json!({"Precision": precision, "MinValue": -100_000_000_000_i64, "MaxValue": 100_000_000_000_i64})
        }
        Kind::Money { source } => money(*source, false),
        Kind::MoneyBase(_) => money(PrecisionSource::Currency, true),
        Kind::DateTime => {
            json!({"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}})
        }
        Kind::DateOnly => json!({"Format": "DateOnly", "DateTimeBehavior": {"Value": "DateOnly"}}),
        Kind::Lookup { .. } | Kind::Owner => {
            let targets: Vec<_> = table.targets(position).into_iter().map(|target| target.table).collect();
            json!({ "Targets": targets })
        }
        Kind::Boolean => {
            json!({"DefaultValue": false, "OptionSet": {
                "MetadataId": set_id(table, column), "TrueOption": option(1, "Yes"), "FalseOption": option(0, "No"),
            }, "GlobalOptionSet": null})
        }
        Kind::Choice(of) | Kind::Choices(of) => choice(service, table, column, &options(of)),
        Kind::State(states) => {
            let options = states.iter().map(|state| {
                let mut option = option(state.value, &state.label);
                option["DefaultStatus"] = Value::from(state.default_status);
                option["InvariantName"] = Value::from(state.label.as_str());
                option
            });
            choice(service, table, column, &options.collect::<Vec<_>>())
        }
        Kind::Status(statuses) => {
            let options = statuses.iter().map(|status| {
                let mut option = option(status.value, &status.label);
                option["State"] = Value::from(status.state);
                option
            });
            choice(service, table, column, &options.collect::<Vec<_>>())
        }
        Kind::Id | Kind::Version => json!({}),
    }
}

fn money(source: PrecisionSource, is_base: bool) -> Value {
    let (number, precision) = match source {
        PrecisionSource::Column(precision) => (0, precision),
        PrecisionSource::Organization => (1, 4),
        PrecisionSource::Currency => (2, 4),
    };
    json!({
        "Precision": precision, "PrecisionSource": number, "IsBaseCurrency": is_base,
        "MinValue": -922_337_203_685_477_i64, "MaxValue": 922_337_203_685_477_i64,
    })
}

fn option(value: i64, text: &str) -> Value {
    json!({"Value": value, "Label": label(text), "Description": label(""), "Color": null, "ExternalValue": null, "IsManaged": true})
}

pub(super) fn options(choices: &[Choice]) -> Vec<Value> {
    choices.iter().map(|choice| option(choice.value, &choice.label)).collect()
}

fn set_id(table: &Table, column: &Column) -> uuid::Uuid {
    metadata_id(&format!("{}/{}/options", table.logical_name, column.name))
}

/// A local choice is the column's own; a global one has its own definition.
fn choice(service: &Service, table: &Table, column: &Column, options: &[Value]) -> Value {
    let global = column.global_choice.as_ref();
    let global = global.and_then(|name| service.global_choices.iter().find(|choice| choice.name == *name));
    match global {
        Some(global) => {
            let definition = super::global_definition(global);
            json!({"OptionSet": definition.clone(), "GlobalOptionSet": definition})
        }
        None => json!({
            "OptionSet": {
                "MetadataId": set_id(table, column),
                "Name": format!("{}_{}", table.logical_name, column.name),
                "IsGlobal": false,
                "OptionSetType": column.kind.type_names().0,
                "Options": options,
            },
            "GlobalOptionSet": null,
        }),
    }
}
