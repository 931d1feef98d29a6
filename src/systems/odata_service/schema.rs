//! A table as its metadata describes it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Column, ColumnKind, ColumnName, TableAbilities, TableDescription, TableName};
use crate::systems::odata::{Csdl, EntityType, KeyForm, Property, RowKey, RowShape, ShapeColumn};

/// One table.
#[derive(Clone, Debug)]
pub struct Schema {
    pub description: TableDescription,
    pub key: RowKey,
    /// The property that holds the time of the last change, where the table has one.
    pub modified: Option<String>,
    /// Type names by property.
    types: BTreeMap<ColumnName, String>,
    enums: BTreeSet<ColumnName>,
}

impl Schema {
    /// Puts a table together; nothing if the service has no such set or its rows have no key.
    pub fn assemble(table: &TableName, csdl: &Csdl, modified: Option<&str>) -> Option<Self> {
        let entity = csdl.type_of(table.as_str())?;
        let key = csdl.key_of(&entity)?;
        let named = |property: &&Property| Some(property.name.as_str()) == modified;
        let modified = entity.properties.iter().find(named).filter(|stamp| is_instant(csdl, stamp));
        let modified = modified.map(|property| property.name.clone());
        let (mut columns, mut types, mut enums) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for property in &entity.properties {
            let name = ColumnName::new(property.name.as_str());
            let mut column = column(&entity, property, csdl);
            let is_key = key.properties().any(|part| part == property.name);
            let is_stamp = modified.as_ref() == Some(&property.name);
            column.creatable = !is_stamp;
            column.updatable = !is_stamp && !is_key;
            if csdl.is_enum(&property.type_name) {
                enums.insert(name.clone());
            }
            types.insert(name.clone(), property.type_name.clone());
            columns.insert(name, column);
        }
        let description = TableDescription {
            table: table.clone(),
            key: ColumnName::new(key.name()),
            columns,
            abilities: TableAbilities::default(),
        };
        Some(Self { description, key, modified, types, enums })
    }

    /// Returns the shape of rows with these columns, or the column the table does not have.
    pub fn shape(&self, columns: &BTreeSet<ColumnName>, is_unguarded: bool) -> Result<RowShape, ColumnName> {
        let column = |name: &ColumnName| {
            let kind = self.kind(name).ok_or_else(|| name.clone())?;
            Ok(ShapeColumn { name: name.clone(), property: name.as_str().to_owned(), kind })
        };
        let declared = self.types.keys().filter(|_| is_unguarded);
        let content = declared.map(|name| name.as_str().to_owned()).collect();
        Ok(RowShape {
            key: self.key.clone(),
            modified: self.modified.clone(),
            modified_by: None,
            columns: columns.iter().map(column).collect::<Result<_, ColumnName>>()?,
            content,
        })
    }

    /// Returns the kind of a column.
    pub fn kind(&self, column: &ColumnName) -> Option<ColumnKind> {
        self.description.columns.get(column).map(|column| column.kind)
    }

    /// Returns the name of a column's type.
    pub fn type_name(&self, column: &ColumnName) -> Option<&str> {
        self.types.get(column).map(String::as_str)
    }

    /// Returns how a column's values stand in filters; nothing if the table does not have it.
    pub fn form(&self, column: &ColumnName) -> Option<KeyForm> {
        let type_name = self.types.get(column)?;
        Some(KeyForm::of_type(type_name, self.enums.contains(column)))
    }

    /// Returns whether a reference travels as a number.
    pub fn is_numbered(&self, column: &ColumnName) -> bool {
        self.types.get(column).is_some_and(|name| name.starts_with("Edm.Int") || name == "Edm.Decimal")
    }
}

fn is_instant(csdl: &Csdl, property: &Property) -> bool {
    csdl.kind(&property.type_name) == ColumnKind::Instant
}

fn column(entity: &EntityType, property: &Property, csdl: &Csdl) -> Column {
    let targets = targets(entity, property, csdl);
    let kind = if targets.is_empty() { csdl.kind(&property.type_name) } else { ColumnKind::Reference };
    Column {
        kind,
        max_chars: property.max_length,
        scale: property.places(),
        creatable: true,
        updatable: true,
        targets,
    }
}

/// Finds where a property points, by the constraint of a navigation to rows whose key has one part.
fn targets(entity: &EntityType, property: &Property, csdl: &Csdl) -> Vec<TableName> {
    let stated =
        entity.navigations.iter().find(|way| way.property.as_deref() == Some(property.name.as_str()));
    let Some(target) = stated.and_then(|navigation| navigation.target.as_deref()) else { return Vec::new() };
    let has_one_part = |set: &str| {
        let key = csdl.type_of(set).and_then(|entity| csdl.key_of(&entity));
        key.is_some_and(|key| key.properties().count() == 1)
    };
    csdl.sets_of(target).filter(|set| has_one_part(set)).map(TableName::new).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::systems) const METADATA: &str = r#"<edmx:Edmx Version="4.0"><edmx:DataServices><Schema Namespace="Shop">
  <EnumType Name="Kind"><Member Name="Gift" Value="0"/></EnumType>
  <EntityType Name="Product"><Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Int32" Nullable="false"/><Property Name="Name" Type="Edm.String" MaxLength="40"/>
    <Property Name="Price" Type="Edm.Decimal" Scale="2"/><Property Name="Kind" Type="Shop.Kind"/>
    <Property Name="CategoryID" Type="Edm.Int32"/><Property Name="Changed" Type="Edm.DateTimeOffset"/>
    <NavigationProperty Name="Category" Type="Shop.Category"><ReferentialConstraint Property="CategoryID" ReferencedProperty="ID"/></NavigationProperty>
  </EntityType>
  <EntityType Name="Category"><Key><PropertyRef Name="ID"/></Key><Property Name="ID" Type="Edm.Int32"/></EntityType>
  <EntityType Name="Customer"><Key><PropertyRef Name="dataAreaId"/><PropertyRef Name="account"/></Key>
    <Property Name="dataAreaId" Type="Edm.String"/><Property Name="account" Type="Edm.String"/>
    <Property Name="name" Type="Edm.String"/></EntityType>
  <EntityContainer Name="C"><EntitySet Name="Products" EntityType="Shop.Product"/>
    <EntitySet Name="Categories" EntityType="Shop.Category"/><EntitySet Name="Customers" EntityType="Shop.Customer"/>
  </EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"#;

    pub(in crate::systems::odata_service) fn schema(table: &str) -> Schema {
        Schema::assemble(&table.into(), &Csdl::parse(METADATA).unwrap(), Some("Changed")).unwrap()
    }

    #[test]
    fn columns_are_described() {
        let schema = schema("Products");
        let column = |name: &str| schema.description.columns[&name.into()].clone();
        assert_eq!((column("ID").kind, column("ID").updatable), (ColumnKind::Number, false));
        assert_eq!((column("Name").kind, column("Name").max_chars), (ColumnKind::Text, Some(40)));
        assert_eq!((column("Price").scale, column("Kind").kind), (Some(2), ColumnKind::Member));
        assert_eq!(column("CategoryID").kind, ColumnKind::Reference);
        assert_eq!(column("CategoryID").targets, ["Categories".into()]);
        assert!(!column("Changed").creatable && !column("Changed").updatable);
        assert_eq!(schema.modified.as_deref(), Some("Changed"));
    }

    #[test]
    fn a_composite_key_is_one_name() {
        let schema = schema("Customers");
        assert_eq!(schema.description.key, "dataAreaId,account".into());
        assert_eq!(schema.modified, None);
        let shape = schema.shape(&["name".into()].into(), false).unwrap();
        assert_eq!(shape.properties(), ["dataAreaId", "account", "name"]);
        assert_eq!(schema.shape(&["nope".into()].into(), false), Err("nope".into()));
    }
}
