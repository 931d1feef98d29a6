//! The little of a CSDL document (`$metadata`) that Tandem needs. Anything else in it is passed over.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

use super::RowKey;
use super::key::{KeyForm, KeyPart};
use crate::model::ColumnKind;

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
    /// The key's properties, in its order.
    pub key: Vec<String>,
    /// The type this one extends.
    base: Option<String>,
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

impl Property {
    /// Returns the decimal places the property keeps, where that is known.
    pub fn places(&self) -> Option<u32> {
        match self.type_name.as_str() {
            "Edm.Int16" | "Edm.Int32" | "Edm.Int64" | "Edm.Byte" | "Edm.SByte" => Some(0),
            _ => self.scale,
        }
    }
}

/// How many types may extend each other; a hostile document may let them go round in a circle.
const MAX_BASES: usize = 8;

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

    /// Returns the type of a set, with all it takes over from the types it extends.
    pub fn type_of(&self, set: &str) -> Option<EntityType> {
        let mut entity = self.types.get(self.sets.get(set)?)?.clone();
        for _ in 0..MAX_BASES {
            let Some(base) = entity.base.take().and_then(|base| self.types.get(&base)) else { break };
            entity.properties.splice(0..0, base.properties.iter().cloned());
            entity.navigations.splice(0..0, base.navigations.iter().cloned());
            entity.key.splice(0..0, base.key.iter().cloned());
            entity.base.clone_from(&base.base);
        }
        Some(entity)
    }

    /// Returns the key of a type; nothing if it has none.
    pub fn key_of(&self, entity: &EntityType) -> Option<RowKey> {
        let part = |name: &String| {
            let property = entity.properties.iter().find(|property| property.name == *name)?;
            let form = KeyForm::of_type(&property.type_name, self.is_enum(&property.type_name));
            Some(KeyPart { property: name.clone(), form })
        };
        RowKey::of(entity.key.iter().map(part).collect::<Option<_>>()?)
    }

    /// Returns what kind of column a type of property makes.
    pub fn kind(&self, type_name: &str) -> ColumnKind {
        match type_name {
            "Edm.String" => ColumnKind::Text,
            "Edm.Decimal" | "Edm.Double" | "Edm.Single" | "Edm.Int16" | "Edm.Int32" | "Edm.Int64"
            | "Edm.Byte" | "Edm.SByte" => ColumnKind::Number,
            "Edm.Boolean" => ColumnKind::Flag,
            "Edm.Date" => ColumnKind::Date,
            "Edm.DateTimeOffset" => ColumnKind::Instant,
            "Edm.Guid" => ColumnKind::Reference,
            other if self.is_enum(other) => ColumnKind::Member,
            _ => ColumnKind::Other,
        }
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
                let base = attribute(element, "BaseType").map(|base| bare(&base).to_owned());
                self.types.entry(name.clone()).or_default().base = base;
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
        ("PropertyRef", Some(name)) => entity.key.push(name),
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
pub(in crate::systems) mod tests {
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
    fn a_type_takes_over_what_it_extends() {
        let csdl = Csdl::parse(
            r#"<Schema><EntityType Name="Base"><Key><PropertyRef Name="area"/><PropertyRef Name="line"/></Key>
            <Property Name="area" Type="Edm.String"/><Property Name="line" Type="Edm.Int32"/></EntityType>
            <EntityType Name="Own" BaseType="NS.Base"><Property Name="name" Type="Edm.String"/></EntityType>
            <EntityType Name="Round" BaseType="NS.Round"/>
            <EntitySet Name="owns" EntityType="NS.Own"/><EntitySet Name="rounds" EntityType="NS.Round"/></Schema>"#,
        )
        .unwrap();
        let own = csdl.type_of("owns").unwrap();
        assert_eq!(own.properties.len(), 3);
        assert_eq!(csdl.key_of(&own).unwrap().name(), "area,line");
        assert!(csdl.key_of(&csdl.type_of("rounds").unwrap()).is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_document_can_make_the_reader_fail(
            text: String,
            pieces in "(<EntityType Name=\"a\">|</EntityType>|<Property Name=\"b\" Type=\"x\"/>|<|>|&#x;|&a;|<!DOCTYPE a|\\]\\]>|<EntitySet Name=\"a\" EntityType=\"a\"/>){0,20}",
        ) {
            for text in [text, pieces] {
                if let Ok(csdl) = Csdl::parse(&text) {
                    let _ = csdl.type_of("a").map(|entity| csdl.key_of(&entity));
                }
            }
        }
    }

    #[test]
    fn a_document_nested_without_end_is_read_in_bounds() {
        let deep = "<EntityType Name=\"a\" BaseType=\"a\"><Key>".repeat(100_000);
        assert!(Csdl::parse(&deep).is_err() || Csdl::parse(&deep).unwrap().type_of("a").is_none());
        let bomb =
            "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;\">]><EntityType Name=\"&c;\"/>";
        assert!(Csdl::parse(bomb).is_ok_and(|csdl| csdl.types.keys().all(|name| name.len() < 10)));
    }

    #[test]
    fn a_torn_document_is_an_error() {
        assert!(Csdl::parse("<edmx:Edmx><Schema></edmx:Edmx>").is_err());
        assert!(Csdl::parse("").unwrap().type_of("customers").is_none());
    }
}
