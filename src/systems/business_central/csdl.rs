//! The little of a CSDL document (`$metadata`) that Tandem needs. Anything else in it is passed over.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

/// The types and sets of a service, by name without namespace.
#[derive(Clone, Debug, Default)]
pub struct Csdl {
    types: BTreeMap<String, EntityType>,
    enums: BTreeSet<String>,
    /// Set name to type name.
    sets: BTreeMap<String, String>,
}

/// One entity type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityType {
    pub properties: Vec<Property>,
    pub navigations: Vec<Navigation>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub name: String,
    /// As written: `Edm.String`, `Microsoft.NAV.customerBlocked`.
    pub type_name: String,
    pub max_length: Option<usize>,
    pub scale: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Navigation {
    pub name: String,
    /// The type it leads to, without namespace; nothing for a collection.
    pub target: Option<String>,
    /// The own property that holds the target's id, where stated.
    pub property: Option<String>,
}

/// A document that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the metadata is no XML: {0}")]
pub struct CsdlError(String);

impl Csdl {
    /// Reads a document.
    pub fn parse(text: &str) -> Result<Self, CsdlError> {
        let mut csdl = Self::default();
        let mut current: Option<String> = None;
        let mut reader = Reader::from_str(text);
        let malformed = |error: &dyn std::fmt::Display| CsdlError(error.to_string());
        loop {
            match reader.read_event().map_err(|error| malformed(&error))? {
                Event::Start(element) | Event::Empty(element) => csdl.take(&element, &mut current),
                Event::End(element) if element.local_name().as_ref() == "EntityType" => current = None,
                Event::Eof => return Ok(csdl),
                _ => {}
            }
        }
    }

    /// Returns the type of a set.
    pub fn type_of(&self, set: &str) -> Option<&EntityType> {
        self.types.get(self.sets.get(set)?)
    }

    /// Lists the sets.
    pub fn sets(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }

    /// Returns the sets that hold rows of a type.
    pub fn sets_of<'a>(&'a self, type_name: &'a str) -> impl Iterator<Item = &'a str> {
        self.sets.iter().filter(move |(_, name)| *name == type_name).map(|(set, _)| set.as_str())
    }

    /// Returns whether a type name is one of the service's enums.
    pub fn is_enum(&self, type_name: &str) -> bool {
        self.enums.contains(bare(type_name))
    }

    fn take(&mut self, element: &BytesStart<'_>, current: &mut Option<String>) {
        let name = attribute(element, "Name");
        match (element.local_name().as_ref(), name) {
            ("EntityType", Some(name)) => {
                self.types.entry(name.clone()).or_default();
                *current = Some(name);
            }
            ("EnumType", Some(name)) => {
                self.enums.insert(name);
            }
            ("EntitySet", Some(name)) => {
                if let Some(type_name) = attribute(element, "EntityType") {
                    self.sets.insert(name, bare(&type_name).to_owned());
                }
            }
            (kind, name) => {
                if let Some(entity) = current.as_ref().and_then(|current| self.types.get_mut(current)) {
                    member(entity, kind, name, element);
                }
                self.take_contained(kind, current.as_deref(), element);
            }
        }
    }

    /// Sets that the container does not list may still hang below a company.
    fn take_contained(&mut self, kind: &str, current: Option<&str>, element: &BytesStart<'_>) {
        if kind != "NavigationProperty" || current != Some("company") {
            return;
        }
        let (name, type_name) = (attribute(element, "Name"), attribute(element, "Type"));
        let collected = type_name.as_deref().and_then(|name| name.strip_prefix("Collection("));
        if let (Some(name), Some(collected)) = (name, collected) {
            self.sets.entry(name).or_insert_with(|| bare(collected.trim_end_matches(')')).to_owned());
        }
    }
}

fn member(entity: &mut EntityType, kind: &str, name: Option<String>, element: &BytesStart<'_>) {
    match (kind, name) {
        ("Property", Some(name)) => entity.properties.push(Property {
            name,
            type_name: attribute(element, "Type").unwrap_or_default(),
            max_length: number(element, "MaxLength"),
            scale: number(element, "Scale"),
        }),
        ("NavigationProperty", Some(name)) => {
            let type_name = attribute(element, "Type").filter(|name| !name.starts_with("Collection("));
            let target = type_name.map(|name| bare(&name).to_owned());
            entity.navigations.push(Navigation { name, target, property: None });
        }
        ("ReferentialConstraint", _) => {
            if let Some(navigation) = entity.navigations.last_mut() {
                navigation.property = attribute(element, "Property");
            }
        }
        _ => {}
    }
}

fn bare(type_name: &str) -> &str {
    type_name.rsplit('.').next().unwrap_or(type_name)
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

fn number<T: std::str::FromStr>(element: &BytesStart<'_>, name: &str) -> Option<T> {
    attribute(element, name)?.parse().ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::systems) const METADATA: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EnumType Name="customerBlocked"><Member Name="_x0020_" Value="0"/><Member Name="All" Value="3"/></EnumType>
  <ComplexType Name="dimensiontype"><Property Name="code" Type="Edm.String"/></ComplexType>
  <EntityType Name="company"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/>
    <NavigationProperty Name="customers" Type="Collection(Microsoft.NAV.customer)" ContainsTarget="true"/>
    <NavigationProperty Name="hiddenSets" Type="Collection(Microsoft.NAV.currency)" ContainsTarget="true"/>
  </EntityType>
  <EntityType Name="customer">
    <Key><PropertyRef Name="id" /></Key>
    <Property Name="id" Type="Edm.Guid" Nullable="false"><Annotation Term="x" String="y"/></Property>
    <Property Name="number" Type="Edm.String" MaxLength="20" />
    <Property Name="displayName" Type="Edm.String" MaxLength="100" />
    <Property Name="blocked" Type="Microsoft.NAV.customerBlocked" />
    <Property Name="balanceDue" Type="Edm.Decimal" Scale="Variable" />
    <Property Name="creditLimit" Type="Edm.Decimal" Scale="2" />
    <Property Name="taxLiable" Type="Edm.Boolean" />
    <Property Name="currencyId" Type="Edm.Guid" />
    <Property Name="paymentTermsId" Type="Edm.Guid" />
    <Property Name="startDate" Type="Edm.Date" />
    <Property Name="address" Type="Microsoft.NAV.dimensiontype" />
    <Property Name="lastModifiedDateTime" Type="Edm.DateTimeOffset" />
    <NavigationProperty Name="currency" Type="Microsoft.NAV.currency"><ReferentialConstraint Property="currencyId" ReferencedProperty="id"/></NavigationProperty>
    <NavigationProperty Name="paymentTerms" Type="Microsoft.NAV.paymentTerm"/>
    <NavigationProperty Name="defaultDimensions" Type="Collection(Microsoft.NAV.company)"/>
  </EntityType>
  <EntityType Name="currency"><Property Name="id" Type="Edm.Guid"/><Property Name="code" Type="Edm.String" MaxLength="10"/>
    <Property Name="lastModifiedDateTime" Type="Edm.DateTimeOffset" /></EntityType>
  <EntityType Name="item"><Property Name="id" Type="Edm.Guid"/><Property Name="inventory" Type="Edm.Decimal"/></EntityType>
  <EntityType Name="paymentTerm"><Property Name="id" Type="Edm.Guid"/></EntityType>
  <EntityContainer Name="NAV">
    <EntitySet Name="companies" EntityType="Microsoft.NAV.company"/>
    <EntitySet Name="customers" EntityType="Microsoft.NAV.customer"><NavigationPropertyBinding Path="currency" Target="currencies"/></EntitySet>
    <EntitySet Name="currencies" EntityType="Microsoft.NAV.currency"/>
    <EntitySet Name="items" EntityType="Microsoft.NAV.item"/>
    <EntitySet Name="paymentTerms" EntityType="Microsoft.NAV.paymentTerm"/>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"#;

    #[test]
    fn a_sets_type_is_found() {
        let csdl = Csdl::parse(METADATA).unwrap();
        let customer = csdl.type_of("customers").unwrap();
        assert_eq!(customer.properties.len(), 12);
        assert_eq!(customer.properties[1].max_length, Some(20));
        assert_eq!(customer.properties[5].scale, Some(2));
        assert_eq!(customer.navigations[0].property.as_deref(), Some("currencyId"));
        assert_eq!(customer.navigations[2].target, None);
        assert!(
            csdl.is_enum("Microsoft.NAV.customerBlocked") && !csdl.is_enum("Microsoft.NAV.dimensiontype")
        );
        assert!(csdl.type_of("hiddenSets").is_some() && csdl.type_of("nope").is_none());
        assert_eq!(csdl.sets_of("paymentTerm").collect::<Vec<_>>(), ["paymentTerms"]);
    }

    #[test]
    fn a_torn_document_is_an_error() {
        assert!(Csdl::parse("<edmx:Edmx><Schema></edmx:Edmx>").is_err());
        assert!(Csdl::parse("").unwrap().type_of("customers").is_none());
    }
}
