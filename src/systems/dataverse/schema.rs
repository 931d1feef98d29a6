//! A table as Tandem uses it: columns by logical name, with their properties on the wire and ways to write lookups.

use std::collections::{BTreeMap, BTreeSet};

use super::metadata::{Attribute, Definition, Facets, Relationship, TableMetadata};
use crate::model::{Column, ColumnKind, ColumnName, TableAbilities, TableDescription, TableName};
use crate::systems::odata::{RowShape, ShapeColumn};

/// One table.
#[derive(Clone, Debug)]
pub struct Schema {
    pub description: TableDescription,
    wires: BTreeMap<ColumnName, Wire>,
}

/// How a column travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The property in answers and filters.
    pub property: String,
    pub kind: ColumnKind,
    /// Where a lookup may point; empty for other columns.
    pub targets: Vec<Target>,
}

/// One table a lookup may point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub set: TableName,
    /// That table's key column.
    pub key: String,
    /// The navigation property that binds a row of that table.
    pub navigation: String,
}

const MODIFIED: &str = "modifiedon";
/// Money is stored with four places; how many are shown is another matter.
const MONEY_SCALE: u32 = 4;

impl Schema {
    /// Puts a table together from its metadata and the names of all tables.
    pub fn assemble(
        table: &TableName,
        definition: &Definition,
        metadata: &TableMetadata,
        definitions: &BTreeMap<String, Definition>,
    ) -> Self {
        let (mut columns, mut wires) = (BTreeMap::new(), BTreeMap::new());
        for attribute in &metadata.attributes {
            // A column that is not valid for read comes back as null, which must not be taken for blank.
            if attribute.is_valid_for_read == Some(false) {
                continue;
            }
            let facets = metadata.facets.get(&attribute.logical_name);
            let kind = kind(attribute, facets);
            let targets = targets(attribute, facets, &metadata.relationships, definitions);
            let name = ColumnName::new(attribute.logical_name.as_str());
            columns.insert(name.clone(), column(attribute, kind, facets, &targets));
            wires.insert(name, Wire { property: property(attribute), kind, targets });
        }
        let key = definition.primary_id_attribute.clone();
        let key = ColumnName::new(key.unwrap_or_else(|| format!("{}id", definition.logical_name)));
        let abilities = TableAbilities { takes_ids: true, lists_deletions: true, dirty_reads: false };
        Self { description: TableDescription { table: table.clone(), key, columns, abilities }, wires }
    }

    /// Returns how a column travels.
    pub fn wire(&self, column: &ColumnName) -> Option<&Wire> {
        self.wires.get(column)
    }

    /// Returns the shape of rows with these columns, or the column the table does not have.
    pub fn shape(&self, columns: &BTreeSet<ColumnName>) -> Result<RowShape, ColumnName> {
        let column = |name: &ColumnName| {
            let wire = self.wire(name).ok_or_else(|| name.clone())?;
            Ok(ShapeColumn { name: name.clone(), property: wire.property.clone(), kind: wire.kind })
        };
        Ok(RowShape {
            key: self.description.key.as_str().into(),
            modified: self.has_modified().then(|| MODIFIED.to_owned()),
            modified_by: None,
            columns: columns.iter().map(column).collect::<Result<_, ColumnName>>()?,
            content: [].into(),
        })
    }

    /// Returns whether rows tell when they were last changed.
    pub fn has_modified(&self) -> bool {
        self.wires.contains_key(&ColumnName::new(MODIFIED))
    }
}

fn type_name(attribute: &Attribute) -> &str {
    let named = attribute.attribute_type_name.as_ref().and_then(|name| name.value.as_deref());
    let name = named.or(attribute.attribute_type.as_deref()).unwrap_or_default();
    name.strip_suffix("Type").unwrap_or(name)
}

fn is_lookup(attribute: &Attribute) -> bool {
    matches!(type_name(attribute), "Lookup" | "Customer" | "Owner")
}

fn property(attribute: &Attribute) -> String {
    let name = &attribute.logical_name;
    if is_lookup(attribute) { format!("_{name}_value") } else { name.clone() }
}

fn kind(attribute: &Attribute, facets: Option<&Facets>) -> ColumnKind {
    let behaviour = facets.and_then(|facets| facets.date_time_behavior.as_ref()?.value.as_deref());
    match type_name(attribute) {
        // Several choices travel as text: their numbers with commas between.
        "String" | "Memo" | "MultiSelectPicklist" => ColumnKind::Text,
        "Integer" | "BigInt" | "Decimal" | "Double" | "Money" => ColumnKind::Number,
        "Boolean" => ColumnKind::Flag,
        "Picklist" | "State" | "Status" => ColumnKind::Choice,
        "DateTime" if behaviour == Some("DateOnly") => ColumnKind::Date,
        "DateTime" => ColumnKind::Instant,
        "Lookup" | "Customer" | "Owner" | "Uniqueidentifier" => ColumnKind::Reference,
        _ => ColumnKind::Other,
    }
}

fn column(attribute: &Attribute, kind: ColumnKind, facets: Option<&Facets>, targets: &[Target]) -> Column {
    let scale = match type_name(attribute) {
        "Integer" | "BigInt" => Some(0),
        "Decimal" | "Double" => facets.and_then(|facets| facets.precision),
        "Money" => Some(facets.and_then(own_precision).unwrap_or(MONEY_SCALE)),
        _ => None,
    };
    Column {
        kind,
        max_chars: facets.and_then(|facets| facets.max_length),
        scale,
        creatable: attribute.is_valid_for_create.unwrap_or(true),
        updatable: attribute.is_valid_for_update.unwrap_or(true),
        targets: targets.iter().map(|target| target.set.clone()).collect(),
    }
}

/// Returns the places of a money column that keeps its own precision, not the organisation's or the currency's.
fn own_precision(facets: &Facets) -> Option<u32> {
    facets.precision.filter(|_| facets.precision_source == Some(0))
}

fn targets(
    attribute: &Attribute,
    facets: Option<&Facets>,
    relationships: &[Relationship],
    definitions: &BTreeMap<String, Definition>,
) -> Vec<Target> {
    if !is_lookup(attribute) {
        return Vec::new();
    }
    let name = &attribute.logical_name;
    let own: Vec<&Relationship> =
        relationships.iter().filter(|relationship| relationship.referencing_attribute == *name).collect();
    let named = facets.and_then(|facets| facets.targets.clone()).filter(|targets| !targets.is_empty());
    let tables =
        named.unwrap_or_else(|| own.iter().flat_map(|own| principals(&own.referenced_entity)).collect());
    let target = |table: &String| {
        let definition = definitions.get(table)?;
        Some(Target {
            set: TableName::new(definition.entity_set_name.as_deref()?),
            key: definition.primary_id_attribute.clone().unwrap_or_else(|| format!("{table}id")),
            navigation: navigation(name, table, &own),
        })
    };
    tables.iter().filter_map(target).collect()
}

/// Returns the tables behind an abstract owner.
fn principals(table: &str) -> Vec<String> {
    if table == "owner" { vec!["systemuser".into(), "team".into()] } else { vec![table.into()] }
}

/// Finds the navigation property: the relationship's own name; for owners there is one for all tables.
fn navigation(attribute: &str, table: &str, relationships: &[&Relationship]) -> String {
    let to_table = relationships.iter().find(|relationship| relationship.referenced_entity == table);
    let to_owner = relationships.iter().find(|relationship| relationship.referenced_entity == "owner");
    let name =
        |relationship: &&Relationship| relationship.referencing_entity_navigation_property_name.clone();
    to_table.or(to_owner).and_then(name).unwrap_or_else(|| attribute.to_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    pub(in crate::systems::dataverse) fn contacts() -> Schema {
        let definitions: Vec<Definition> = serde_json::from_value(json!([
            {"LogicalName": "account", "EntitySetName": "accounts", "PrimaryIdAttribute": "accountid"},
            {"LogicalName": "contact", "EntitySetName": "contacts", "PrimaryIdAttribute": "contactid"},
            {"LogicalName": "systemuser", "EntitySetName": "systemusers", "PrimaryIdAttribute": "systemuserid"},
            {"LogicalName": "team", "EntitySetName": "teams", "PrimaryIdAttribute": "teamid"},
            {"LogicalName": "new_region", "EntitySetName": "new_regions", "PrimaryIdAttribute": "new_regionid"},
            {"LogicalName": "intersect", "EntitySetName": null, "PrimaryIdAttribute": null}
        ]))
        .unwrap();
        let attribute = |name: &str, type_name: &str| {
            json!({"LogicalName": name, "AttributeType": "x", "AttributeTypeName": {"Value": type_name},
                "IsValidForCreate": true, "IsValidForUpdate": name != "contactid", "IsValidForRead": name != "secret"})
        };
        let attributes = json!([
            attribute("contactid", "UniqueidentifierType"),
            attribute("fullname", "StringType"),
            attribute("creditlimit", "MoneyType"),
            attribute("birthdate", "DateTimeType"),
            attribute("modifiedon", "DateTimeType"),
            attribute("statecode", "StateType"),
            attribute("parentcustomerid", "CustomerType"),
            attribute("ownerid", "OwnerType"),
            attribute("new_regionid", "LookupType"),
            attribute("secret", "StringType"),
            attribute("new_interests", "MultiSelectPicklistType"),
        ]);
        let facets = [
            json!({"LogicalName": "fullname", "MaxLength": 160}),
            json!({"LogicalName": "creditlimit", "Precision": 2, "PrecisionSource": 2}),
            json!({"LogicalName": "birthdate", "DateTimeBehavior": {"Value": "DateOnly"}}),
            json!({"LogicalName": "modifiedon", "DateTimeBehavior": {"Value": "UserLocal"}}),
            json!({"LogicalName": "parentcustomerid", "Targets": ["account", "contact"]}),
            json!({"LogicalName": "ownerid", "Targets": ["systemuser", "team"]}),
            json!({"LogicalName": "new_regionid", "Targets": ["new_region"]}),
        ];
        let facets = facets.map(|facets| serde_json::from_value::<Facets>(facets).unwrap());
        let relationships = json!([
            {"ReferencingAttribute": "parentcustomerid", "ReferencedEntity": "account",
                "ReferencingEntityNavigationPropertyName": "parentcustomerid_account"},
            {"ReferencingAttribute": "parentcustomerid", "ReferencedEntity": "contact",
                "ReferencingEntityNavigationPropertyName": "parentcustomerid_contact"},
            {"ReferencingAttribute": "ownerid", "ReferencedEntity": "owner",
                "ReferencingEntityNavigationPropertyName": "ownerid"},
            {"ReferencingAttribute": "new_regionid", "ReferencedEntity": "new_region",
                "ReferencingEntityNavigationPropertyName": "new_RegionId"},
        ]);
        let metadata = TableMetadata {
            attributes: serde_json::from_value(attributes).unwrap(),
            facets: facets.map(|facets| (facets.logical_name.clone(), facets)).into_iter().collect(),
            relationships: serde_json::from_value(relationships).unwrap(),
        };
        let contact = definitions[1].clone();
        let definitions =
            definitions.into_iter().map(|definition| (definition.logical_name.clone(), definition)).collect();
        Schema::assemble(&"contacts".into(), &contact, &metadata, &definitions)
    }

    #[test]
    fn columns_are_described_by_logical_name() {
        let schema = contacts();
        let column = |name: &str| schema.description.columns[&name.into()].clone();
        assert_eq!(schema.description.key, "contactid".into());
        assert_eq!((column("fullname").kind, column("fullname").max_chars), (ColumnKind::Text, Some(160)));
        assert_eq!((column("creditlimit").kind, column("creditlimit").scale), (ColumnKind::Number, Some(4)));
        assert_eq!(column("birthdate").kind, ColumnKind::Date);
        assert_eq!(column("modifiedon").kind, ColumnKind::Instant);
        assert_eq!(column("statecode").kind, ColumnKind::Choice);
        assert_eq!(column("new_interests").kind, ColumnKind::Text);
        assert_eq!(column("parentcustomerid").targets, ["accounts".into(), "contacts".into()]);
        assert!(!column("contactid").updatable);
        assert!(!schema.description.columns.contains_key(&"secret".into()));
    }

    #[test]
    fn lookups_know_their_navigation_properties() {
        let schema = contacts();
        let ways = |name: &str| {
            let wire = schema.wire(&name.into()).unwrap();
            let ways = wire.targets.iter().map(|target| format!("{}/{}", target.set, target.navigation));
            (wire.property.clone(), ways.collect::<Vec<_>>())
        };
        let (property, customers) = ways("parentcustomerid");
        assert_eq!(property, "_parentcustomerid_value");
        assert_eq!(customers, ["accounts/parentcustomerid_account", "contacts/parentcustomerid_contact"]);
        assert_eq!(ways("ownerid").1, ["systemusers/ownerid", "teams/ownerid"]);
        assert_eq!(ways("new_regionid").1, ["new_regions/new_RegionId"]);
    }

    #[test]
    fn a_shape_names_an_unknown_column() {
        let shape = contacts().shape(&["fullname".into(), "ownerid".into()].into()).unwrap();
        assert_eq!(shape.properties(), ["contactid", "modifiedon", "fullname", "_ownerid_value"]);
        assert_eq!(contacts().shape(&["nope".into()].into()), Err("nope".into()));
    }
}
