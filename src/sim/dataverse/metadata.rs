//! `EntityDefinitions`: tables, columns, keys and relationships as JSON, with `$select`, `$filter` and `$expand`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::error::Fault;
use super::link::Operation;
use super::schema::{Column, Kind, Table, metadata_id};
use crate::sim::http::Reply;
use crate::sim::odata::filter::{Dialect, parse};
use crate::sim::odata::path::{Key, Segment};
use crate::sim::odata::select::select;

const CAST: &str = "Microsoft.Dynamics.CRM.";

/// Answers a metadata request.
pub(super) fn answer(
    tables: &[Table],
    operation: &Operation<'_>,
    first: &Segment,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    let Some(key) = &first.key else {
        let all = tables.iter().map(|table| expanded(definition(table), table, operation)).collect();
        return collection(operation, "EntityDefinitions", all);
    };
    let table = tables.iter().find(|table| is_addressed(table, key));
    let table = table
        .ok_or_else(|| Fault::new(404, "0x80060888", "Could not find an entity with the specified name."))?;
    let context = format!("EntityDefinitions('{}')", table.logical_name);
    let names: Vec<_> = rest.iter().map(|segment| segment.name.as_str()).collect();
    match names.as_slice() {
        [] => {
            let mut body = selected(expanded(definition(table), table, operation), operation);
            body.insert("@odata.context".to_owned(), operation.context("EntityDefinitions/$entity").into());
            Ok(Reply::json(200, &Value::Object(body)))
        }
        ["Attributes", ..] => columns(table, operation, &context, rest),
        ["Keys"] => collection(operation, &format!("{context}/Keys"), keys(table)),
        ["ManyToOneRelationships"] => {
            collection(operation, &format!("{context}/ManyToOneRelationships"), relationships(table, tables))
        }
        ["OneToManyRelationships"] => {
            let all = tables.iter().flat_map(|other| relationships(other, tables));
            let ours = all.filter(|relationship| relationship["ReferencedEntity"] == table.logical_name);
            collection(operation, &format!("{context}/OneToManyRelationships"), ours.collect())
        }
        // None of the tables played has one.
        ["ManyToManyRelationships"] => {
            collection(operation, &format!("{context}/ManyToManyRelationships"), Vec::new())
        }
        _ => Err(Fault::unknown_segment(&rest[0].name)),
    }
}

/// Answers `Attributes`, all or one, with or without a cast to a column type.
fn columns(
    table: &Table,
    operation: &Operation<'_>,
    context: &str,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    if let Some(key) = &rest[0].key {
        return attribute(table, operation, key);
    }
    let Some(cast) = rest.get(1).map(|segment| segment.name.as_str()) else {
        return collection(operation, &format!("{context}/Attributes"), attributes(table, None));
    };
    let wanted = cast.strip_prefix(CAST).ok_or_else(|| Fault::unknown_segment(cast))?;
    collection(operation, &format!("{context}/Attributes/{cast}"), attributes(table, Some(wanted)))
}

fn is_addressed(table: &Table, key: &Key) -> bool {
    match key {
        Key::Named(pairs) => {
            pairs.iter().any(|(name, value)| name == "LogicalName" && value == table.logical_name)
        }
        Key::Single(id) => id.parse() == Ok(table.metadata_id()),
        Key::Empty => false,
    }
}

fn attribute(table: &Table, operation: &Operation<'_>, key: &Key) -> Result<Reply, Fault> {
    let Key::Named(pairs) = key else {
        return Err(Fault::unknown_segment("Attributes"));
    };
    let column = table
        .columns
        .iter()
        .find(|column| pairs.iter().any(|(name, value)| name == "LogicalName" && value == column.name));
    let column = column.ok_or_else(|| Fault::new(404, "0x80060888", "Could not find the attribute."))?;
    Ok(Reply::json(200, &Value::Object(selected(attribute_definition(table, column), operation))))
}

/// Filters, selects and wraps.
fn collection(operation: &Operation<'_>, context: &str, entries: Vec<Value>) -> Result<Reply, Fault> {
    let filter = operation.query.get("$filter").map(parse).transpose();
    let filter = filter.map_err(|error| Fault::new(400, "0x0", error.to_string()))?;
    let kept = entries.into_iter().filter(|entry| {
        let property = |path: &str| Cow::Owned(at_path(entry, path));
        filter.as_ref().is_none_or(|filter| filter.holds(Dialect::Dataverse, &property))
    });
    let value: Vec<_> = kept.map(|entry| Value::Object(selected(entry, operation))).collect();
    Ok(Reply::json(200, &json!({"@odata.context": operation.context(context), "value": value})))
}

fn at_path(entry: &Value, path: &str) -> Value {
    path.split('/').fold(entry.clone(), |value, name| value.get(name).cloned().unwrap_or_default())
}

/// Applies `$select`; the id, the type and what was expanded always come along.
fn selected(entry: Value, operation: &Operation<'_>) -> Map<String, Value> {
    let Value::Object(entry) = entry else {
        return Map::new();
    };
    let Some(names) = select(operation.query.get("$select")) else {
        return entry;
    };
    let expand = operation.query.get("$expand").unwrap_or_default();
    let shown = entry.into_iter().filter(|(name, _)| {
        name == "MetadataId"
            || name.starts_with('@')
            || names.contains(name)
            || expand.contains(name.as_str())
    });
    shown.collect()
}

fn expanded(mut entry: Value, table: &Table, operation: &Operation<'_>) -> Value {
    let expand = operation.query.get("$expand").unwrap_or_default();
    if expand.contains("Attributes") {
        entry["Attributes"] = Value::Array(attributes(table, None));
    }
    if expand.contains("Keys") {
        entry["Keys"] = Value::Array(keys(table));
    }
    entry
}

fn label(text: &str) -> Value {
    let localized = json!({"Label": text, "LanguageCode": 1033, "IsManaged": true});
    json!({"LocalizedLabels": [localized.clone()], "UserLocalizedLabel": localized})
}

fn definition(table: &Table) -> Value {
    json!({
        "MetadataId": table.metadata_id(),
        "LogicalName": table.logical_name,
        "SchemaName": table.schema_name,
        "EntitySetName": table.set,
        "LogicalCollectionName": table.set,
        "PrimaryIdAttribute": table.primary_id,
        "PrimaryNameAttribute": table.primary_name,
        "ObjectTypeCode": table.object_type_code,
        "OwnershipType": table.ownership,
        "DisplayName": label(table.schema_name),
        "DisplayCollectionName": label(table.set),
        "ChangeTrackingEnabled": table.change_tracking,
        "CanChangeTrackingBeEnabled": {"Value": true, "CanBeChanged": true, "ManagedPropertyLogicalName": "canchangetrackingbeenabled"},
        "IsOptimisticConcurrencyEnabled": true,
        "IsCustomEntity": false,
        "IsActivity": false,
        "IsPrivate": false,
    })
}

fn attributes(table: &Table, cast: Option<&str>) -> Vec<Value> {
    let columns =
        table.columns.iter().filter(|column| cast.is_none_or(|cast| metadata_type(&column.kind) == cast));
    columns.map(|column| attribute_definition(table, column)).collect()
}

/// Returns the name of the metadata type of a column, the last part of a cast.
fn metadata_type(kind: &Kind) -> String {
    match kind {
        Kind::Id => "AttributeMetadata".to_owned(),
        Kind::Owner => "LookupAttributeMetadata".to_owned(),
        kind => format!("{}AttributeMetadata", kind.type_names().0),
    }
}

fn attribute_definition(table: &Table, column: &Column) -> Value {
    let (attribute_type, type_name) = column.kind.type_names();
    let required = if column.required || column.name == table.primary_id { "SystemRequired" } else { "None" };
    let mut body = json!({
        "@odata.type": format!("#{CAST}{}", metadata_type(&column.kind)),
        "MetadataId": metadata_id(&format!("{}/{}", table.logical_name, column.name)),
        "LogicalName": column.name,
        "SchemaName": column.name,
        "EntityLogicalName": table.logical_name,
        "AttributeType": attribute_type,
        "AttributeTypeName": {"Value": type_name},
        "AttributeOf": null,
        "DisplayName": label(column.name),
        "IsPrimaryId": column.name == table.primary_id,
        "IsPrimaryName": column.name == table.primary_name,
        "IsCustomAttribute": false,
        "IsLogical": false,
        "IsValidForCreate": column.create,
        "IsValidForUpdate": column.update,
        "IsValidForRead": true,
        "IsValidODataAttribute": true,
        "RequiredLevel": {"Value": required, "CanBeChanged": false, "ManagedPropertyLogicalName": "canmodifyrequirementlevelsettings"},
    });
    if let (Value::Object(body), Value::Object(facets)) = (&mut body, facets(column)) {
        body.extend(facets);
    }
    body
}

/// Returns the properties only this column's type has.
fn facets(column: &Column) -> Value {
    match &column.kind {
        Kind::Text { max } => {
            json!({"MaxLength": max, "FormatName": {"Value": "Text"}, "Format": "Text"})
        }
        Kind::Memo { max } => {
            json!({"MaxLength": max, "FormatName": {"Value": "TextArea"}, "Format": "TextArea"})
        }
        Kind::Integer { min, max } => json!({"MinValue": min, "MaxValue": max, "Format": "None"}),
        Kind::Decimal { precision } => {
            json!({"Precision": precision, "MinValue": -100_000_000_000_i64, "MaxValue": 100_000_000_000_i64})
        }
        Kind::Money | Kind::MoneyBase(_) => json!({
            "Precision": 4, "PrecisionSource": 2, "IsBaseCurrency": column.kind != Kind::Money,
            "MinValue": -922_337_203_685_477_i64, "MaxValue": 922_337_203_685_477_i64,
        }),
        Kind::DateTime => {
            json!({"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}})
        }
        Kind::Lookup { targets, .. } => json!({"Targets": targets}),
        Kind::Owner => json!({"Targets": column.kind.targets()}),
        Kind::Boolean => {
            json!({"OptionSet": {"TrueOption": option(1, "Yes"), "FalseOption": option(0, "No")}})
        }
        Kind::Choice(options) => options_of(options.iter().map(|(value, label)| option(*value, label))),
        Kind::State(options) => options_of(options.iter().map(|(value, label, default)| {
            let mut option = option(*value, label);
            option["DefaultStatus"] = Value::from(*default);
            option["InvariantName"] = Value::from(*label);
            option
        })),
        Kind::Status(options) => options_of(options.iter().map(|(value, label, state)| {
            let mut option = option(*value, label);
            option["State"] = Value::from(*state);
            option
        })),
        Kind::Id | Kind::Version => json!({}),
    }
}

fn option(value: i64, text: &str) -> Value {
    json!({"Value": value, "Label": label(text), "Color": null, "IsManaged": true})
}

fn options_of(options: impl Iterator<Item = Value>) -> Value {
    json!({"OptionSet": {"IsGlobal": false, "Options": options.collect::<Vec<_>>()}, "GlobalOptionSet": null})
}

fn keys(table: &Table) -> Vec<Value> {
    let keys = table.keys.iter().map(|key| {
        json!({
            "MetadataId": metadata_id(key.schema_name),
            "SchemaName": key.schema_name,
            "LogicalName": key.schema_name.to_lowercase(),
            "EntityLogicalName": table.logical_name,
            "KeyAttributes": [key.column],
            "EntityKeyIndexStatus": "Active",
            "AsyncJob": null,
            "IsManaged": false,
        })
    });
    keys.collect()
}

fn relationships(table: &Table, tables: &[Table]) -> Vec<Value> {
    let mut found = Vec::new();
    for column in &table.columns {
        let Some(navigation) = column.kind.navigation() else {
            continue;
        };
        for target in column.kind.targets() {
            let referenced =
                tables.iter().find(|table| table.logical_name == *target).map(|table| table.primary_id);
            let schema_name = format!("{}_{}_{}", target, table.logical_name, column.name);
            found.push(json!({
                "MetadataId": metadata_id(&schema_name),
                "SchemaName": schema_name,
                "ReferencedEntity": target,
                "ReferencedAttribute": referenced.map_or_else(|| format!("{target}id"), str::to_owned),
                "ReferencingEntity": table.logical_name,
                "ReferencingAttribute": column.name,
                "ReferencingEntityNavigationPropertyName": navigation,
                "ReferencedEntityNavigationPropertyName": schema_name,
            }));
        }
    }
    found
}
