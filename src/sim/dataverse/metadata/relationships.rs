//! Relationships as JSON: those lookups make, and those of many with many.

use serde_json::{Value, json};

use super::definitions::CAST;
use super::shown::{collection, is_named, single};
use crate::sim::dataverse::error::Fault;
use crate::sim::dataverse::link::Operation;
use crate::sim::dataverse::schema::{ManyToMany, metadata_id};
use crate::sim::dataverse::service::Service;
use crate::sim::http::Reply;
use crate::sim::odata::path::Segment;

/// Answers `RelationshipDefinitions`, all or one, with or without a cast.
pub(super) fn answer(
    service: &Service,
    operation: &Operation<'_>,
    first: &Segment,
    rest: &[Segment],
) -> Result<Reply, Fault> {
    let mut all: Vec<_> = (0..service.tables.len()).flat_map(|table| of_lookups(service, table)).collect();
    all.extend(service.relationships.iter().map(paired));
    let cast = rest.first().map(|segment| segment.name.as_str());
    if let Some(cast) = cast {
        let known = ["OneToManyRelationshipMetadata", "ManyToManyRelationshipMetadata"];
        if !known.iter().any(|name| cast.strip_prefix(CAST) == Some(name)) {
            return Err(Fault::unknown_segment(cast));
        }
        all.retain(|entry| entry["@odata.type"] == format!("#{cast}"));
    }
    let of_type = "RelationshipMetadataBase";
    let Some(key) = &first.key else {
        return collection(operation, "RelationshipDefinitions", of_type, all);
    };
    all.retain(|entry| is_named(entry, key));
    let one = all.pop().ok_or_else(|| Fault::new(404, "0x80060888", "Could not find the relationship."))?;
    single(operation, "RelationshipDefinitions/$entity", of_type, one)
}

/// Returns a table's relationships of one kind.
pub(super) fn of_table(service: &Service, index: usize, kind: &str) -> Vec<Value> {
    let name = service.tables[index].logical_name.as_str();
    match kind {
        "ManyToOneRelationships" => of_lookups(service, index),
        "OneToManyRelationships" => {
            let all = (0..service.tables.len()).flat_map(|table| of_lookups(service, table));
            all.filter(|relationship| relationship["ReferencedEntity"] == name).collect()
        }
        _ => {
            let is_side =
                |relationship: &&ManyToMany| relationship.sides.iter().any(|side| side.table == name);
            service.relationships.iter().filter(is_side).map(paired).collect()
        }
    }
}

fn of_lookups(service: &Service, index: usize) -> Vec<Value> {
    let table = &service.tables[index];
    let mut found = Vec::new();
    for (position, column) in table.columns.iter().enumerate() {
        for target in table.targets(position) {
            let referenced = service.table_by_logical_name(&target.table);
            let id = referenced.map(|table| service.tables[table].primary_id.clone());
            found.push(json!({
                "@odata.type": format!("#{CAST}OneToManyRelationshipMetadata"),
                "MetadataId": metadata_id(&format!("relationship/{}", target.collection)),
                "SchemaName": target.collection,
                "RelationshipType": "OneToManyRelationship",
                "IsCustomRelationship": column.custom,
                "ReferencedEntity": target.table,
                "ReferencedAttribute": id.unwrap_or_else(|| format!("{}id", target.table)),
                "ReferencingEntity": table.logical_name,
                "ReferencingAttribute": column.name,
                "ReferencingEntityNavigationPropertyName": target.navigation,
                "ReferencedEntityNavigationPropertyName": target.collection,
                "CascadeConfiguration": {
                    "Assign": "NoCascade", "Delete": column.kind.deletion().name(), "Merge": "NoCascade",
                    "Reparent": "NoCascade", "Share": "NoCascade", "Unshare": "NoCascade",
                },
            }));
        }
    }
    found
}

fn paired(relationship: &ManyToMany) -> Value {
    let [one, other] = &relationship.sides;
    json!({
        "@odata.type": format!("#{CAST}ManyToManyRelationshipMetadata"),
        "MetadataId": metadata_id(&format!("relationship/{}", relationship.schema_name)),
        "SchemaName": relationship.schema_name,
        "RelationshipType": "ManyToManyRelationship",
        "IsCustomRelationship": false,
        "IntersectEntityName": relationship.intersect,
        "Entity1LogicalName": one.table,
        "Entity1IntersectAttribute": one.column,
        "Entity1NavigationPropertyName": one.navigation,
        "Entity2LogicalName": other.table,
        "Entity2IntersectAttribute": other.column,
        "Entity2NavigationPropertyName": other.navigation,
    })
}
