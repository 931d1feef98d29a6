//! What an entity set is: properties, types, verbs. The sets themselves are data in `tables`.

use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::values::as_decimal;
use crate::sim::store::Row;

/// An entity set.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) name: &'static str,
    /// The EDM type's name.
    pub(crate) entity: &'static str,
    /// The table's number, which errors of permission name.
    pub(crate) table: u32,
    /// The table's name in messages.
    pub(crate) caption: &'static str,
    /// The property of the table's key: unique, and the order of a list.
    pub(crate) key: &'static str,
    /// The prefix of the number series a blank key takes its value from.
    pub(crate) series: Option<&'static str>,
    pub(crate) verbs: Verbs,
    /// The reference to the row these rows belong to, with which they are deleted.
    pub(crate) part_of: Option<&'static str>,
    /// The set whose rows these are, seen through another page: equal ids, nothing of their own.
    pub(crate) view_of: Option<&'static str>,
    pub(crate) role: Role,
    pub(crate) columns: Vec<Column>,
}

/// Whether a set's rows are documents or lines of documents, which follow rules of their own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Role {
    Table,
    Document(Document),
    Line(Document),
}

/// A kind of sales document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Document {
    Order,
    Quote,
    Invoice,
    Shipment,
}

impl Document {
    /// Returns the set of the headers.
    pub(crate) fn headers(self) -> &'static str {
        match self {
            Self::Order => "salesOrders",
            Self::Quote => "salesQuotes",
            Self::Invoice => "salesInvoices",
            Self::Shipment => "salesShipments",
        }
    }

    /// Returns the set of the lines.
    pub(crate) fn lines(self) -> &'static str {
        match self {
            Self::Order => "salesOrderLines",
            Self::Quote => "salesQuoteLines",
            Self::Invoice => "salesInvoiceLines",
            Self::Shipment => "salesShipmentLines",
        }
    }
}

/// What can be done to a set besides reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verbs {
    Read,
    ReadAndUpdate,
    All,
}

/// A property.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) read_only: bool,
    /// Refused when blank.
    pub(crate) needed: bool,
}

/// A property's type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Id,
    Code(usize),
    Text(usize),
    Decimal,
    Integer,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    /// Name and escaped members, the blank one first if there is one.
    Enum(&'static str, &'static [&'static str]),
    /// The id of a row of another set; the zero guid is blank.
    Reference(&'static str),
    /// The code of the row a reference names, as far as this is not the local currency.
    CodeOf {
        reference: &'static str,
        max: usize,
        local_currency: bool,
    },
    /// The code of a row of another set, stored as it is.
    CodeIn {
        set: &'static str,
        max: usize,
    },
    /// A property of the row that a code beside it names, looked up when it is read.
    LookUp {
        code: &'static str,
        property: &'static str,
    },
    /// Stock: calculated; writing it posts a journal.
    Inventory,
    /// What a customer owes: calculated from invoices, in the customer's currency.
    BalanceDue,
    /// A key of several columns, which the page does not show.
    Composed(&'static [&'static str]),
}

impl Kind {
    /// Returns the CSDL type.
    pub(crate) fn edm(&self) -> String {
        match self {
            Self::Id | Self::Reference(_) => "Edm.Guid".to_owned(),
            Self::Code(_)
            | Self::Text(_)
            | Self::CodeOf { .. }
            | Self::CodeIn { .. }
            | Self::LookUp { .. }
            | Self::Composed(_) => "Edm.String".to_owned(),
            Self::Decimal | Self::Inventory | Self::BalanceDue => "Edm.Decimal".to_owned(),
            Self::Integer => "Edm.Int32".to_owned(),
            Self::BigInteger => "Edm.Int64".to_owned(),
            Self::Boolean => "Edm.Boolean".to_owned(),
            Self::Date => "Edm.Date".to_owned(),
            Self::DateTime => "Edm.DateTimeOffset".to_owned(),
            Self::Enum(name, _) => format!("Microsoft.NAV.{name}"),
        }
    }

    /// Returns how many characters the property holds.
    pub(crate) fn max_length(&self) -> Option<usize> {
        match self {
            Self::Code(max) | Self::Text(max) | Self::CodeOf { max, .. } | Self::CodeIn { max, .. } => {
                Some(*max)
            }
            _ => None,
        }
    }

    /// Returns whether rows hold the property; others are found out when they are read.
    pub(crate) fn is_stored(&self) -> bool {
        !matches!(self, Self::CodeOf { .. } | Self::LookUp { .. } | Self::BalanceDue | Self::Composed(_))
    }

    /// Returns whether the page shows the property.
    pub(crate) fn is_shown(&self) -> bool {
        !matches!(self, Self::Composed(_))
    }
}

impl Set {
    /// Returns the position of a property.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Returns the position of a property that requests may name.
    pub(crate) fn shown(&self, name: &str) -> Option<usize> {
        self.position(name).filter(|position| self.columns[*position].kind.is_shown())
    }

    /// Returns a row's stored value of a property.
    pub(crate) fn value<'a>(&self, row: &'a Row, name: &str) -> &'a Value {
        &row.values[self.position(name).expect("invariant: rules name properties of their set")]
    }

    pub(crate) fn text<'a>(&self, row: &'a Row, name: &str) -> &'a str {
        self.value(row, name).as_str().unwrap_or_default()
    }

    pub(crate) fn number(&self, row: &Row, name: &str) -> Decimal {
        as_decimal(self.value(row, name)).unwrap_or_default()
    }

    /// Returns the id a reference holds; the zero guid if it is blank.
    pub(crate) fn id(&self, row: &Row, name: &str) -> Uuid {
        self.text(row, name).parse().unwrap_or_default()
    }

    /// Sets a property the set has; others are left out.
    pub(crate) fn put(&self, row: &mut Row, name: &str, value: impl Into<Value>) {
        if let Some(position) = self.position(name) {
            row.values[position] = value.into();
        }
    }

    /// Returns whether a row differs from another in more than what is calculated.
    pub(crate) fn differs(&self, before: &Row, after: &Row) -> bool {
        let values = before.values.iter().zip(&after.values);
        let mut columns =
            self.columns.iter().zip(values).filter(|(column, _)| column.kind != Kind::Inventory);
        columns.any(|(_, (before, after))| before != after)
    }

    /// Returns the position of the key.
    pub(crate) fn key_position(&self) -> usize {
        self.position(self.key).expect("invariant: every set has its key")
    }
}

impl Set {
    /// Fills a row's composed key from the columns it is made of.
    pub(crate) fn compose(&self, row: &mut Row) {
        for (position, column) in self.columns.iter().enumerate() {
            let Kind::Composed(parts) = column.kind else { continue };
            let parts = parts.iter().filter_map(|part| Some(part_of_key(&row.values[self.position(part)?])));
            let key = parts.collect::<Vec<_>>().join("|");
            row.values[position] = Value::String(key);
        }
    }
}

/// Numbers are padded, so that keys stand in their order.
fn part_of_key(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => format!("{:0>12}", other.to_string()),
    }
}
