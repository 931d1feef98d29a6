//! Metadata made and changed: tables, columns, keys, relationships and global choices. Tables and columns cannot be deleted here.

use serde_json::Value;

use super::columns::{options, read, schema_name};
use super::labels::text;
use super::{GlobalChoice, addressed, keys, shown};
use crate::sim::dataverse::error::Fault;
use crate::sim::dataverse::link::Operation;
use crate::sim::dataverse::schema::{AlternateKey, Column, Deletion, IndexStatus, Kind, metadata_id};
use crate::sim::dataverse::service::Service;
use crate::sim::dataverse::tables::{lookup, made};
use crate::sim::http::Reply;
use crate::sim::odata::path::{Key, Segment};

const MOST_KEYS: usize = 10;
const MOST_KEY_COLUMNS: usize = 16;

/// Answers a change of definitions.
pub(super) fn answer(
    service: &mut Service,
    operation: &Operation<'_>,
    first: &Segment,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    let method = operation.request.method.as_str();
    let body = if method == "DELETE" { Value::Null } else { Value::Object(operation.body()?) };
    let path = match (method, first.name.as_str(), &first.key, rest) {
        ("POST", "EntityDefinitions", None, []) => make_table(service, &body)?,
        ("PUT", "EntityDefinitions", Some(key), []) => return change_table(service, key, &body),
        ("POST", "EntityDefinitions", Some(key), [part]) if part.name == "Attributes" => {
            let table = addressed(service, key)?;
            let column = read(service, &body)?;
            make_column(service, table, column)?
        }
        ("PUT", "EntityDefinitions", Some(key), [part, ..]) if part.name == "Attributes" => {
            let table = addressed(service, key)?;
            return change_column(service, table, part.key.as_ref(), &body);
        }
        ("POST", "EntityDefinitions", Some(key), [part]) if part.name == "Keys" => {
            let table = addressed(service, key)?;
            make_key(service, table, &body)?
        }
        ("DELETE", "EntityDefinitions", Some(key), [part]) if part.name == "Keys" => {
            let table = addressed(service, key)?;
            return delete_key(service, table, part.key.as_ref());
        }
        ("POST", "RelationshipDefinitions", None, []) => make_relationship(service, &body)?,
        ("POST", "GlobalOptionSetDefinitions", None, []) => make_choice(service, &body)?,
        ("DELETE", ..) => {
            return Err(Fault::new(
                501,
                "0x80040219",
                "The simulator does not play the deletion of this definition.",
            ));
        }
        _ => return Err(Fault::not_allowed(method)),
    };
    let address = format!("{}/{path}", operation.api);
    Ok(Reply::empty(204).with("Location", address.as_str()).with("OData-EntityId", address))
}

pub(super) fn make_table(service: &mut Service, body: &Value) -> Result<String, Fault> {
    let name = schema_name(body)?;
    if service.table_by_logical_name(&name.to_lowercase()).is_some() {
        let message = format!("An entity with the specified name {name} already exists.");
        return Err(Fault::new(400, "0x80047004", message));
    }
    let sent = body["Attributes"].as_array().cloned().unwrap_or_default();
    let mut columns = sent.iter().map(|column| read(service, column)).collect::<Result<Vec<_>, _>>()?;
    let primary = sent.iter().position(|column| column["IsPrimaryName"] == true);
    let primary = primary.filter(|at| matches!(columns[*at].kind, Kind::Text { .. })).ok_or_else(|| {
        Fault::new(400, "0x80040203", "One string attribute of the entity must be its primary name.")
    })?;
    let primary_name = columns[primary].name.clone();
    let owned = body["OwnershipType"] != "OrganizationOwned";
    columns.insert(0, columns[primary].clone());
    columns.remove(primary + 1);
    let code = 10_200 + u32::try_from(service.tables.len()).unwrap_or_default();
    let mut table = made(&name, &primary_name, code, columns, owned);
    table.label = text(&body["DisplayName"]).unwrap_or_else(|| name.clone());
    if let Some(set) = body["EntitySetName"].as_str().filter(|set| !set.is_empty()) {
        set.clone_into(&mut table.set);
    }
    table.change_tracking = body["ChangeTrackingEnabled"] == true;
    let path = format!("EntityDefinitions({})", table.metadata_id());
    service.tables.push(table);
    service.store.add_table();
    Ok(path)
}

/// A PUT replaces the whole definition; what takes effect here is change tracking, once it is published.
fn change_table(service: &mut Service, key: &Key, body: &Value) -> Result<Reply, Fault> {
    let index = addressed(service, key)?;
    let table = &mut service.tables[index];
    if body["LogicalName"] != table.logical_name.as_str() && body["SchemaName"] != table.schema_name.as_str()
    {
        let message = "The definition is not complete: a PUT replaces all of it, so 'LogicalName' must be the entity's.";
        return Err(Fault::new(400, "0x80040203", message));
    }
    match body["ChangeTrackingEnabled"].as_bool() {
        Some(true) if !table.trackable => {
            let message =
                format!("Change tracking cannot be enabled for the entity '{}'.", table.logical_name);
            Err(Fault::new(400, "0x80072491", message))
        }
        Some(false) if table.change_tracking => {
            let message =
                format!("Change tracking of the entity '{}' cannot be turned off again.", table.logical_name);
            Err(Fault::new(400, "0x80040203", message))
        }
        enabled => {
            table.tracking_unpublished = enabled == Some(true) && !table.change_tracking;
            if let Some(label) = text(&body["DisplayName"]) {
                table.label = label;
            }
            Ok(Reply::empty(204))
        }
    }
}

/// Adds a column to a table and to its rows.
fn make_column(service: &mut Service, index: usize, column: Column) -> Result<String, Fault> {
    let table = &mut service.tables[index];
    if table.position(&column.name).is_some() {
        let message = format!("An attribute with the specified name {} already exists.", column.name);
        return Err(Fault::new(400, "0x80047013", message));
    }
    let mut columns = vec![column];
    if matches!(columns[0].kind, Kind::Money { .. }) {
        let name = columns[0].name.clone();
        let base = crate::sim::dataverse::tables::column(&format!("{name}_base"), Kind::MoneyBase(name));
        columns.push(Column { create: false, update: false, custom: true, ..base });
    }
    let id = metadata_id(&format!("{}/{}", table.logical_name, columns[0].name));
    let path = format!("EntityDefinitions({})/Attributes({id})", table.metadata_id());
    for column in columns {
        service.tables[index].columns.push(column);
        service.store.add_column(index);
    }
    Ok(path)
}

/// A column keeps its type; its facets and label may change.
fn change_column(
    service: &mut Service,
    index: usize,
    key: Option<&Key>,
    body: &Value,
) -> Result<Reply, Fault> {
    let missing = || Fault::new(404, "0x80060888", "Could not find the attribute.");
    let table = &service.tables[index];
    let named = |column: &&Column| match key {
        Some(Key::Named(pairs)) => pairs.iter().any(|(_, value)| *value == column.name),
        Some(Key::Single(id)) => {
            id.parse() == Ok(metadata_id(&format!("{}/{}", table.logical_name, column.name)))
        }
        _ => false,
    };
    let found = table.columns.iter().find(named).ok_or_else(missing)?;
    let position = table.position(&found.name).ok_or_else(missing)?;
    let mut complete = body.clone();
    complete["SchemaName"] = Value::from(found.schema_name.as_str());
    let changed = if found.custom {
        read(service, &complete)?
    } else {
        Column { label: text(&body["DisplayName"]).unwrap_or_else(|| found.label.clone()), ..found.clone() }
    };
    if std::mem::discriminant(&changed.kind) != std::mem::discriminant(&found.kind) {
        return Err(Fault::new(400, "0x80040203", "The type of an attribute cannot be changed."));
    }
    service.tables[index].columns[position] = changed;
    Ok(Reply::empty(204))
}

fn make_key(service: &mut Service, index: usize, body: &Value) -> Result<String, Fault> {
    let name = schema_name(body)?;
    let refused = |message: String| Fault::new(400, "0x80060896", message);
    let table = &service.tables[index];
    let columns: Vec<String> = serde_json::from_value(body["KeyAttributes"].clone()).unwrap_or_default();
    if columns.is_empty() || columns.len() > MOST_KEY_COLUMNS {
        return Err(refused(format!("A key has from 1 to {MOST_KEY_COLUMNS} attributes.")));
    }
    for column in &columns {
        let kind = table.position(column).map(|position| &table.columns[position].kind);
        let fits = matches!(
            kind,
            Some(
                Kind::Decimal { .. }
                    | Kind::Integer { .. }
                    | Kind::Text { .. }
                    | Kind::DateTime
                    | Kind::DateOnly
                    | Kind::Lookup { .. }
                    | Kind::Choice(_)
            )
        );
        if !fits {
            return Err(refused(format!("The attribute '{column}' cannot be part of a key.")));
        }
    }
    if table.keys.len() >= MOST_KEYS {
        return Err(refused(format!("An entity has at most {MOST_KEYS} keys.")));
    }
    if table.keys.iter().any(|key| key.schema_name.eq_ignore_ascii_case(&name) || key.columns == columns) {
        return Err(refused(format!("A key with the name {name} or the same attributes exists already.")));
    }
    let key = AlternateKey { schema_name: name, columns, index: IndexStatus::Pending };
    let path = format!("EntityDefinitions({})/Keys({})", table.metadata_id(), keys::key_id(table, &key));
    service.tables[index].keys.push(key);
    Ok(path)
}

fn delete_key(service: &mut Service, index: usize, key: Option<&Key>) -> Result<Reply, Fault> {
    let table = &service.tables[index];
    let definitions = keys::definitions(table);
    let at = definitions.iter().position(|entry| key.is_some_and(|key| shown::is_named(entry, key)));
    let at = at.ok_or_else(|| Fault::new(404, "0x80060888", "Could not find the entity key."))?;
    let columns: Vec<_> = table.keys[at].columns.iter().filter_map(|name| table.position(name)).collect();
    if let [column] = columns.as_slice() {
        service.store.drop_unique(index, *column);
    }
    service.tables[index].keys.remove(at);
    Ok(Reply::empty(204))
}

/// A relationship of one with many is a lookup in the table of the many.
fn make_relationship(service: &mut Service, body: &Value) -> Result<String, Fault> {
    let sent = body["@odata.type"].as_str().unwrap_or_default();
    if !sent.ends_with("OneToManyRelationshipMetadata") {
        return Err(Fault::new(
            501,
            "0x80040219",
            format!("The simulator does not make relationships of the type '{sent}'."),
        ));
    }
    let name = schema_name(body)?;
    let table_of = |member: &str| {
        let table = body[member].as_str().unwrap_or_default();
        let found = service.table_by_logical_name(table);
        found.ok_or_else(|| {
            Fault::new(404, "0x80041102", format!("The entity with a name = '{table}' was not found."))
        })
    };
    let (referenced, referencing) = (table_of("ReferencedEntity")?, table_of("ReferencingEntity")?);
    let schema_name = schema_name(&body["Lookup"])?;
    let target = service.tables[referenced].logical_name.clone();
    let mut column = lookup(&schema_name.to_lowercase(), &target, &name, false);
    if let Kind::Lookup { targets, deletion } = &mut column.kind {
        // The navigation property of a custom lookup is spelled like its schema name.
        targets[0].navigation.clone_from(&schema_name);
        *deletion = match body["CascadeConfiguration"]["Delete"].as_str() {
            Some("Restrict") => Deletion::Restrict,
            Some("Cascade") => Deletion::Cascade,
            _ => Deletion::RemoveLink,
        };
    }
    let label = text(&body["Lookup"]["DisplayName"]).unwrap_or_else(|| schema_name.clone());
    make_column(service, referencing, Column { schema_name, label, custom: true, ..column })?;
    Ok(format!("RelationshipDefinitions({})", metadata_id(&format!("relationship/{name}"))))
}

fn make_choice(service: &mut Service, body: &Value) -> Result<String, Fault> {
    let name = body["Name"].as_str().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Fault::new(400, "0x80040203", "'Name' is missing."))?.to_owned();
    if service.global_choices.iter().any(|choice| choice.name == name) {
        let message = format!("An option set with the specified name {name} already exists.");
        return Err(Fault::new(400, "0x80048403", message));
    }
    let label = text(&body["DisplayName"]).unwrap_or_else(|| name.clone());
    let choice = GlobalChoice { label, options: options(&body["Options"]), name };
    let path = format!("GlobalOptionSetDefinitions({})", choice.metadata_id());
    service.global_choices.push(choice);
    Ok(path)
}
