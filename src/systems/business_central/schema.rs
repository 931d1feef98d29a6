//! A table as Tandem uses it: the set's metadata, what is known beyond it, and one column that Tandem computes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::companion;
use super::exchange_rates::ExchangeRates;
use super::known::{self, Writable};
use crate::model::{Column, ColumnKind, ColumnName, Row, TableAbilities, TableDescription, TableName, Value};
use crate::systems::RowError;
use crate::systems::odata::{Csdl, EntityType, Property, RowKey, RowShape, ShapeColumn};

/// The computed column of `currencies`: units of the currency for one unit of local currency, today.
const EXCHANGE_RATE: &str = "exchangeRate";
/// The column that currencies and their rates are matched by.
const CURRENCY_CODE: &str = "code";
const CURRENCIES: &str = "currencies";
/// The key of every page of the standard API, which need not state it.
const KEY: &str = "id";
/// Tables that the standard API calls otherwise than the companion, whose names mappings use.
const OTHER_NAMES: [(&str, &str); 1] = [("salespeople", "salespeoplePurchasers")];
/// What pages call the time of the last change: the standard API, custom APIs, web services.
const MODIFIED: [&str; 3] = ["lastModifiedDateTime", "systemModifiedAt", "SystemModifiedAt"];

/// The service that a table is read from and written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The API of the connection: v2.0, a custom API, web services.
    Standard,
    Companion,
}

/// One table.
#[derive(Clone, Debug)]
pub struct Schema {
    pub home: Home,
    /// What the table is called in addresses there.
    pub set: String,
    pub description: TableDescription,
    pub key: RowKey,
    /// The property that holds the time of the last change, where the page shows it.
    pub modified: Option<String>,
}

/// What is asked of the server to give the columns that Tandem was asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub shape: RowShape,
    /// Whether exchange rates are to be added.
    pub exchange_rate: bool,
    /// Columns asked for only to compute or compare with, taken out again.
    pub surplus: BTreeSet<ColumnName>,
}

impl Asked {
    /// Reads an entry of a page.
    pub fn decode(&self, entry: &Json) -> Result<Row, RowError> {
        match entry.as_object() {
            Some(object) => self.shape.decode(object),
            None => Err(RowError { id: None, message: "an entry that is no object".to_owned() }),
        }
    }

    /// Adds what Tandem computes, and takes out what was asked for only to compute it.
    pub fn complete(&self, row: &mut Row, rates: Option<&ExchangeRates>) {
        if let (true, Some(rates)) = (self.exchange_rate, rates) {
            let code = row.values.get(&ColumnName::new(CURRENCY_CODE)).unwrap_or(&Value::Blank);
            let rate = rates.rate(code);
            row.values.insert(ColumnName::new(EXCHANGE_RATE), rate);
        }
        row.values.retain(|column, _| !self.surplus.contains(column));
    }
}

impl Schema {
    /// Puts a table together; nothing if the service has no such set.
    pub fn assemble(table: &TableName, csdl: &Csdl, home: Home) -> Option<Self> {
        let own_name = OTHER_NAMES.iter().find(|(name, _)| *name == table.as_str()).map(|(_, other)| *other);
        let set =
            [Some(table.as_str()), own_name].into_iter().flatten().find(|set| csdl.type_of(set).is_some())?;
        let entity = csdl.type_of(set)?;
        let key = csdl.key_of(&entity).unwrap_or_else(|| KEY.into());
        let mut columns: BTreeMap<ColumnName, Column> = entity
            .properties
            .iter()
            .map(|property| {
                let writable = home.writable(set, &property.name);
                (ColumnName::new(property.name.as_str()), column(&entity, property, csdl, writable))
            })
            .collect();
        for name in key.properties() {
            // A new primary key renames the record everywhere.
            if let Some(column) = columns.get_mut(&ColumnName::new(name)) {
                column.updatable = false;
            }
        }
        let is_stamp = |name: &&str| {
            columns.get(&ColumnName::new(*name)).is_some_and(|column| column.kind == ColumnKind::Instant)
        };
        let modified = MODIFIED.into_iter().find(is_stamp).map(str::to_owned);
        if table.as_str() == CURRENCIES {
            columns.insert(ColumnName::new(EXCHANGE_RATE), exchange_rate());
        }
        let abilities = home.abilities(set);
        let description =
            TableDescription { table: table.clone(), key: ColumnName::new(key.name()), columns, abilities };
        Some(Self { home, set: set.to_owned(), description, key, modified })
    }

    /// Returns what to ask for these columns, or the column the table does not have.
    pub fn ask(
        &self,
        columns: &BTreeSet<ColumnName>,
        also: Option<&ColumnName>,
    ) -> Result<Asked, ColumnName> {
        let exchange_rate = self.is_computed(&ColumnName::new(EXCHANGE_RATE))
            && columns.contains(&ColumnName::new(EXCHANGE_RATE));
        let code = exchange_rate.then(|| ColumnName::new(CURRENCY_CODE));
        let also = also.into_iter().chain(code.as_ref());
        let surplus: BTreeSet<ColumnName> = also.filter(|also| !columns.contains(also)).cloned().collect();
        let wanted = columns.iter().chain(&surplus).filter(|name| !self.is_computed(name));
        let column = |name: &ColumnName| {
            let column = self.description.columns.get(name).ok_or_else(|| name.clone())?;
            Ok(ShapeColumn { name: name.clone(), property: name.as_str().to_owned(), kind: column.kind })
        };
        let shape = RowShape {
            key: self.key.clone(),
            modified: self.modified.clone(),
            modified_by: self.modified_by(),
            columns: wanted.map(column).collect::<Result<_, ColumnName>>()?,
            content: [].into(),
        };
        Ok(Asked { shape, exchange_rate, surplus })
    }

    /// Returns the kind of a column that the server has.
    pub fn kind(&self, column: &ColumnName) -> Option<ColumnKind> {
        let kind = self.description.columns.get(column).map(|column| column.kind);
        kind.filter(|_| !self.is_computed(column))
    }

    /// Returns whether the service can filter by a column.
    pub fn is_filterable(&self, column: &ColumnName) -> bool {
        let table = self.description.table.as_str();
        self.home == Home::Standard || !companion::is_computed(table, column.as_str())
    }

    fn modified_by(&self) -> Option<String> {
        let is_there = self.description.columns.contains_key(&ColumnName::new(companion::MODIFIED_BY));
        (self.home == Home::Companion && is_there).then(|| companion::MODIFIED_BY.to_owned())
    }

    fn is_computed(&self, column: &ColumnName) -> bool {
        self.description.table.as_str() == CURRENCIES && column.as_str() == EXCHANGE_RATE
    }
}

impl Home {
    fn writable(self, table: &str, property: &str) -> Writable {
        match self {
            Self::Standard => known::writable(table, property),
            Self::Companion => companion::writable(table, property),
        }
    }

    fn abilities(self, table: &str) -> TableAbilities {
        match self {
            Self::Standard => TableAbilities { takes_ids: false, lists_deletions: false, dirty_reads: true },
            Self::Companion => companion::abilities(table),
        }
    }
}

fn column(entity: &EntityType, property: &Property, csdl: &Csdl, writable: Writable) -> Column {
    let kind = csdl.kind(&property.type_name);
    Column {
        kind,
        max_chars: property.max_length,
        scale: property.places(),
        creatable: writable.creatable,
        updatable: writable.updatable,
        targets: if kind == ColumnKind::Reference { targets(entity, property, csdl) } else { Vec::new() },
    }
}

/// Finds where a reference points: by the constraint of a navigation, or by its name (`currencyId` and `currency`).
fn targets(entity: &EntityType, property: &Property, csdl: &Csdl) -> Vec<TableName> {
    let stem = property.name.strip_suffix("Id").unwrap_or_default();
    let stated =
        entity.navigations.iter().find(|way| way.property.as_deref() == Some(property.name.as_str()));
    let named = || entity.navigations.iter().find(|way| way.property.is_none() && way.name == stem);
    let target = stated.or_else(named).and_then(|navigation| navigation.target.as_deref());
    target.map(|target| csdl.sets_of(target).map(TableName::new).collect()).unwrap_or_default()
}

fn exchange_rate() -> Column {
    Column {
        kind: ColumnKind::Number,
        max_chars: None,
        scale: Some(super::exchange_rates::SCALE),
        creatable: false,
        updatable: false,
        targets: Vec::new(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::systems::odata::METADATA;

    pub(in crate::systems::business_central) fn schema(table: &str) -> Schema {
        Schema::assemble(&table.into(), &Csdl::parse(METADATA).unwrap(), Home::Standard).unwrap()
    }

    #[test]
    fn columns_are_described() {
        let schema = schema("customers");
        let column = |name: &str| schema.description.columns[&name.into()].clone();
        assert_eq!(schema.description.key, "id".into());
        let abilities = schema.description.abilities;
        assert!(abilities.dirty_reads && !abilities.takes_ids && !abilities.lists_deletions);
        assert_eq!(column("id").kind, ColumnKind::Reference);
        assert_eq!((column("number").kind, column("number").max_chars), (ColumnKind::Text, Some(20)));
        assert!(column("number").creatable && !column("number").updatable);
        assert_eq!(column("blocked").kind, ColumnKind::Member);
        assert_eq!((column("creditLimit").kind, column("creditLimit").scale), (ColumnKind::Number, Some(2)));
        assert_eq!(column("taxLiable").kind, ColumnKind::Flag);
        assert_eq!(column("startDate").kind, ColumnKind::Date);
        assert_eq!(column("address").kind, ColumnKind::Other);
        assert!(!column("lastModifiedDateTime").updatable);
        assert!(column("currencyId").targets.contains(&"currencies".into()));
        assert_eq!(column("paymentTermsId").targets, ["paymentTerms".into()]);
        let csdl = Csdl::parse(METADATA).unwrap();
        assert!(Schema::assemble(&"nope".into(), &csdl, Home::Standard).is_none());
    }

    /// A page published as a web service: its own primary key, its own names.
    #[test]
    fn a_web_service_is_keyed_by_its_primary_key() {
        let csdl = Csdl::parse(
            r#"<Schema Namespace="NAV"><EntityType Name="SalesOrder"><Key><PropertyRef Name="Document_Type"/>
            <PropertyRef Name="No"/></Key><Property Name="Document_Type" Type="Edm.String"/>
            <Property Name="No" Type="Edm.String" MaxLength="20"/><Property Name="Inventory" Type="Edm.Decimal"/>
            <Property Name="SystemModifiedAt" Type="Edm.DateTimeOffset"/></EntityType>
            <EntitySet Name="SalesOrder" EntityType="NAV.SalesOrder"/></Schema>"#,
        )
        .unwrap();
        let schema = Schema::assemble(&"SalesOrder".into(), &csdl, Home::Standard).unwrap();
        assert_eq!(schema.key.name(), "Document_Type,No");
        assert_eq!(schema.modified.as_deref(), Some("SystemModifiedAt"));
        let column = |name: &str| schema.description.columns[&name.into()].clone();
        assert!(column("No").creatable && !column("No").updatable);
        assert!(!column("Inventory").updatable && !column("SystemModifiedAt").updatable);
    }

    #[test]
    fn the_exchange_rate_is_computed_and_never_asked_for() {
        let asked = schema("currencies").ask(&["exchangeRate".into()].into(), None).unwrap();
        assert_eq!(asked.shape.properties(), ["id", "lastModifiedDateTime", "code"]);
        assert!(asked.exchange_rate);
        assert_eq!(asked.surplus, ["code".into()].into());
        assert_eq!(schema("currencies").kind(&"exchangeRate".into()), None);
        assert_eq!(
            schema("customers").ask(&["exchangeRate".into()].into(), None).unwrap_err(),
            "exchangeRate".into()
        );
    }
}
