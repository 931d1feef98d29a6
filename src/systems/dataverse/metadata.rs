//! Asking Dataverse for its metadata.

use std::collections::BTreeMap;

use futures_util::future;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::systems::SystemError;
use crate::systems::odata::{Query, Service};

/// What one table is called in its different places.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Definition {
    pub logical_name: String,
    #[serde(default)]
    pub entity_set_name: Option<String>,
    #[serde(default)]
    pub primary_id_attribute: Option<String>,
}

/// All that is asked about one table's columns.
#[derive(Clone, Debug, Default)]
pub struct TableMetadata {
    pub attributes: Vec<Attribute>,
    /// By logical name.
    pub facets: BTreeMap<String, Facets>,
    pub relationships: Vec<Relationship>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    pub logical_name: String,
    #[serde(default)]
    pub attribute_type: Option<String>,
    #[serde(default)]
    pub attribute_type_name: Option<Named>,
    #[serde(default)]
    pub is_valid_for_create: Option<bool>,
    #[serde(default)]
    pub is_valid_for_update: Option<bool>,
    #[serde(default)]
    pub is_valid_for_read: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    #[serde(default)]
    pub value: Option<String>,
}

/// What only some kinds of columns have.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Facets {
    pub logical_name: String,
    pub max_length: Option<usize>,
    pub precision: Option<u32>,
    pub precision_source: Option<i64>,
    pub date_time_behavior: Option<Named>,
    pub targets: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Relationship {
    pub referencing_attribute: String,
    pub referenced_entity: String,
    #[serde(default)]
    pub referencing_entity_navigation_property_name: Option<String>,
}

/// The casts that hold facets, each with the facets asked for, and whether Tandem can do without it.
const CASTS: [(&str, &str, bool); 7] = [
    ("StringAttributeMetadata", "MaxLength", true),
    ("MemoAttributeMetadata", "MaxLength", true),
    ("DecimalAttributeMetadata", "Precision", true),
    ("DoubleAttributeMetadata", "Precision", true),
    ("MoneyAttributeMetadata", "Precision,PrecisionSource", true),
    ("DateTimeAttributeMetadata", "DateTimeBehavior", false),
    ("LookupAttributeMetadata", "Targets", false),
];

/// Asks for the names of all tables.
pub async fn definitions(service: &Service) -> Result<Vec<Definition>, SystemError> {
    let query = Query::of("EntityDefinitions").select(["LogicalName", "EntitySetName", "PrimaryIdAttribute"]);
    list(service, query).await
}

/// Asks for the columns of one table.
pub async fn table(service: &Service, logical_name: &str) -> Result<TableMetadata, SystemError> {
    let root = format!("EntityDefinitions(LogicalName='{logical_name}')");
    let attributes = Query::of(format!("{root}/Attributes")).select([
        "LogicalName",
        "AttributeType",
        "AttributeTypeName",
        "IsValidForCreate",
        "IsValidForUpdate",
        "IsValidForRead",
    ]);
    let relationships = Query::of(format!("{root}/ManyToOneRelationships")).select([
        "ReferencingAttribute",
        "ReferencedEntity",
        "ReferencingEntityNavigationPropertyName",
    ]);
    let facets = CASTS.iter().map(|(cast, facet, optional)| {
        let query = Query::of(format!("{root}/Attributes/Microsoft.Dynamics.CRM.{cast}"));
        facets(service, query.select(["LogicalName", facet]), *optional)
    });
    let (attributes, relationships, facets) = future::try_join3(
        list(service, attributes),
        list(service, relationships),
        future::try_join_all(facets),
    )
    .await?;
    let facets = facets.into_iter().flatten().map(|facets| (facets.logical_name.clone(), facets)).collect();
    Ok(TableMetadata { attributes, facets, relationships })
}

async fn facets(service: &Service, query: Query, optional: bool) -> Result<Vec<Facets>, SystemError> {
    match list(service, query).await {
        Err(SystemError::NotFound { .. }) if optional => Ok(Vec::new()),
        other => other,
    }
}

async fn list<T: DeserializeOwned>(service: &Service, query: Query) -> Result<Vec<T>, SystemError> {
    let what = "metadata";
    let decode = |entry: Json| serde_json::from_value(entry);
    let entries = service.all(what, &query.path(), None, decode).await?;
    entries
        .into_iter()
        .collect::<Result<Vec<T>, _>>()
        .map_err(|error| service.unexpected(what, error.to_string()))
}
