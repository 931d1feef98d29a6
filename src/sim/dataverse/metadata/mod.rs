//! Metadata: tables, columns, keys, relationships and choices as JSON, read with `$select`, `$filter` and `$expand`, and changed.

mod actions;
mod changes;
mod columns;
mod definitions;
mod keys;
mod labels;
mod relationships;
mod shown;

use serde_json::{Value, json};

use super::error::Fault;
use super::link::Operation;
use super::schema::{Choice, Table, metadata_id};
use super::service::Service;
use crate::sim::http::Reply;
use crate::sim::odata::path::{Key, Segment};
use definitions::{CAST, attributes, definition};
use shown::{collection, single};

/// What the addresses of metadata and of the actions on it begin with.
pub(super) const ROOTS: &[&str] = &[
    "EntityDefinitions",
    "RelationshipDefinitions",
    "GlobalOptionSetDefinitions",
    "InsertOptionValue",
    "UpdateOptionValue",
    "DeleteOptionValue",
    "ReactivateEntityKey",
    "CreateEntities",
    "PublishXml",
    "PublishAllXml",
];

/// A choice that several columns may share.
#[derive(Clone, Debug)]
pub(super) struct GlobalChoice {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) options: Vec<Choice>,
}

/// Answers a metadata request.
pub(super) fn answer(service: &mut Service, operation: &Operation<'_>) -> Result<Reply, Fault> {
    let Some((first, rest)) = operation.segments.split_first() else {
        return Err(Fault::unknown_segment(""));
    };
    let method = operation.request.method.as_str();
    if method != "GET" && service.store.in_transaction() {
        return Err(Fault::query("A change set cannot contain changes of metadata."));
    }
    if method != "GET" {
        service.metadata_version += 1;
    }
    match (method, first.name.as_str()) {
        ("GET", "EntityDefinitions") => tables(service, operation, first, rest),
        ("GET", "RelationshipDefinitions") => relationships::answer(service, operation, first, rest),
        ("GET", "GlobalOptionSetDefinitions") => global_choices(service, operation, first),
        ("POST", name) if rest.is_empty() && first.key.is_none() && !name.ends_with("Definitions") => {
            actions::answer(service, operation, name)
        }
        ("POST" | "PUT" | "DELETE", name) if name.ends_with("Definitions") => {
            changes::answer(service, operation, first, rest)
        }
        (method, _) => Err(Fault::not_allowed(method)),
    }
}

/// Returns the addressed table.
fn addressed(service: &Service, key: &Key) -> Result<usize, Fault> {
    let is_addressed = |table: &Table| match key {
        Key::Named(pairs) => {
            pairs.iter().any(|(name, value)| name == "LogicalName" && *value == table.logical_name)
        }
        Key::Single(id) => id.parse() == Ok(table.metadata_id()),
        Key::Empty => false,
    };
    let found = service.tables.iter().position(is_addressed);
    found.ok_or_else(|| Fault::new(404, "0x80060888", "Could not find an entity with the specified name."))
}

fn tables(
    service: &mut Service,
    operation: &Operation<'_>,
    first: &Segment,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    let Some(key) = &first.key else {
        let all = (0..service.tables.len()).map(|table| definition(service, table)).collect();
        return collection(operation, "EntityDefinitions", "EntityMetadata", all);
    };
    let index = addressed(service, key)?;
    let table = &service.tables[index];
    let context = format!("EntityDefinitions('{}')", table.logical_name);
    let names: Vec<_> = rest.iter().map(|segment| segment.name.as_str()).collect();
    match names.as_slice() {
        [] => {
            let reply =
                single(operation, "EntityDefinitions/$entity", "EntityMetadata", definition(service, index));
            if operation.query.get("$expand").is_some_and(|expand| expand.contains("Keys")) {
                keys::advance(service, index);
            }
            reply
        }
        ["Attributes", ..] => columns_of(service, operation, index, &context, rest),
        ["Keys"] => {
            let value = keys::definitions(table);
            let reply = match &rest[0].key {
                None => collection(operation, &format!("{context}/Keys"), "EntityKeyMetadata", value),
                Some(key) => {
                    let one = value.into_iter().find(|entry| shown::is_named(entry, key));
                    let one =
                        one.ok_or_else(|| Fault::new(404, "0x80060888", "Could not find the entity key."))?;
                    single(operation, &format!("{context}/Keys/$entity"), "EntityKeyMetadata", one)
                }
            };
            keys::advance(service, index);
            reply
        }
        [kind @ ("ManyToOneRelationships" | "OneToManyRelationships" | "ManyToManyRelationships")] => {
            let value = relationships::of_table(service, index, kind);
            collection(operation, &format!("{context}/{kind}"), "RelationshipMetadataBase", value)
        }
        _ => Err(Fault::unknown_segment(&rest[0].name)),
    }
}

/// Answers `Attributes`, all or one, with or without a cast to a column type.
fn columns_of(
    service: &Service,
    operation: &Operation<'_>,
    index: usize,
    context: &str,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    let names: Vec<_> = rest[1..].iter().map(|segment| segment.name.as_str()).collect();
    let cast = names.first().copied().map(|cast| {
        let wanted = cast.strip_prefix(CAST).filter(|wanted| *wanted != "EnumAttributeMetadata");
        wanted.ok_or_else(|| Fault::unknown_segment(cast))
    });
    let cast = cast.transpose()?;
    let mut entries = attributes(service, index, cast);
    let of_type = cast.unwrap_or("AttributeMetadata");
    let Some(key) = &rest[0].key else {
        return collection(operation, &format!("{context}/Attributes"), of_type, entries);
    };
    entries.retain(|entry| shown::is_named(entry, key));
    let column = entries.pop();
    let column = column.ok_or_else(|| Fault::new(404, "0x80060888", "Could not find the attribute."))?;
    match names.as_slice() {
        [] | [_] => single(operation, &format!("{context}/Attributes/$entity"), of_type, column),
        [_, set @ ("OptionSet" | "GlobalOptionSet")] => {
            let context = format!("{context}/Attributes/{set}/$entity");
            single(operation, &context, "OptionSetMetadata", column[*set].clone())
        }
        _ => Err(Fault::unknown_segment(names[1])),
    }
}

fn global_choices(service: &Service, operation: &Operation<'_>, first: &Segment) -> Result<Reply, Fault> {
    let mut all: Vec<_> = service.global_choices.iter().map(global_definition).collect();
    let Some(key) = &first.key else {
        return collection(operation, "GlobalOptionSetDefinitions", "OptionSetMetadata", all);
    };
    all.retain(|entry| shown::is_named(entry, key));
    let one = all.pop().ok_or_else(|| Fault::new(404, "0x80060888", "Could not find the option set."))?;
    single(operation, "GlobalOptionSetDefinitions/$entity", "OptionSetMetadata", one)
}

fn global_definition(choice: &GlobalChoice) -> Value {
    json!({
        "@odata.type": format!("#{CAST}OptionSetMetadata"),
        "MetadataId": choice.metadata_id(),
        "Name": choice.name,
        "DisplayName": labels::label(&choice.label),
        "IsGlobal": true,
        "IsCustomOptionSet": true,
        "OptionSetType": "Picklist",
        "Options": definitions::options(&choice.options),
    })
}

impl GlobalChoice {
    fn metadata_id(&self) -> uuid::Uuid {
        metadata_id(&format!("choice/{}", self.name))
    }
}
