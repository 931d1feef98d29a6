//! What a set of the companion is: a view of a table's rows, each property with its place, its access and its rules.

use std::borrow::Cow;

use serde_json::Value;

use crate::sim::business_central::error::Fault;
use crate::sim::business_central::schema::Set;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::store::Row;

/// A set of the companion.
#[derive(Debug)]
pub(crate) struct View {
    /// Name, entity, caption and property types, in the order in which sent properties are applied.
    pub(super) set: Set,
    pub(super) origin: Origin,
    pub(super) offered: Offered,
    /// Which rows of the table belong to it.
    pub(super) only: Option<Test>,
    /// One for each column of the set.
    pub(super) properties: Vec<Property>,
    pub(super) pairs: Vec<Pair>,
    /// The positions of the primary key: the order of a list without `$orderby`.
    pub(super) order: Vec<usize>,
}

/// Makes the rows of a set without a table.
pub(super) type Maker = fn(&Service, &Operation<'_>) -> Result<Vec<Row>, Fault>;

/// Works out a property of a row.
pub(super) type Figure = fn(&Service, &Row) -> Value;

/// Tells rows that belong to a set from others of its table.
pub(super) type Test = fn(&Service, &Row) -> bool;

/// Where the rows come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// The position of a table.
    Table(usize),
    Made(Maker),
}

/// What can be done to a set besides reading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Offered {
    pub(super) create: bool,
    pub(super) update: bool,
    pub(super) delete: bool,
}

/// Who may set a property, and when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Access {
    Write,
    InsertOnly,
    /// Like `Write`, but only as long as the document is open.
    WhileOpen,
    ReadOnly,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Property {
    pub(super) access: Access,
    /// Worked out by page code: no filter, no order.
    pub(super) unfiltered: bool,
    pub(super) source: Source,
}

/// Where a property's value comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A column of the table, one that v2.0 has too or one behind them.
    Kept(usize),
    /// A value of a row made for the request.
    Made(usize),
    Id,
    RowVersion,
    PairId(usize),
    PairCode(usize),
    Figure(Figure),
    /// Sent, used and forgotten: reads as blank.
    Forgotten,
}

/// An id and a code that name one row of another table.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// The positions among the properties.
    pub(super) id: usize,
    pub(super) code: usize,
    pub(super) target: usize,
    pub(super) stored: Stored,
    /// Blank stands for the local currency, which reads as its code.
    pub(super) local_currency: bool,
}

/// Which half of a pair the row keeps, and where.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stored {
    Id(usize),
    Code(usize),
}

impl View {
    pub(super) fn table(&self) -> Option<usize> {
        match self.origin {
            Origin::Table(table) => Some(table),
            Origin::Made(_) => None,
        }
    }

    /// Returns whether a row of the table belongs to the set.
    pub(super) fn holds(&self, service: &Service, row: &Row) -> bool {
        self.only.is_none_or(|only| only(service, row))
    }

    /// Returns the pair a property belongs to.
    pub(super) fn pair_of(&self, position: usize) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.id == position || pair.code == position)
    }

    /// Returns a property of a row as it stands on the wire.
    pub(super) fn value<'a>(&self, service: &Service, row: &'a Row, position: usize) -> Cow<'a, Value> {
        let blank = || Cow::Owned(super::values::blank_of(&self.set.columns[position].kind));
        match self.properties[position].source {
            Source::Kept(at) => match self.table().map(|table| &service.sets[table]) {
                Some(base) if at < base.columns.len() => service.property(base, row, at),
                _ => row.values.get(at).map_or_else(blank, Cow::Borrowed),
            },
            Source::Made(at) => Cow::Borrowed(&row.values[at]),
            Source::Id => Cow::Owned(Value::String(row.id.to_string())),
            Source::RowVersion => Cow::Owned(Value::from(service.row_version(self.table(), row))),
            Source::PairId(pair) => Cow::Owned(service.pair_id(&self.pairs[pair], row)),
            Source::PairCode(pair) => Cow::Owned(service.pair_code(&self.pairs[pair], row)),
            Source::Figure(figure) => Cow::Owned(figure(service, row)),
            Source::Forgotten => blank(),
        }
    }

    /// Returns a property by name; null if there is none.
    pub(super) fn named<'a>(&self, service: &Service, row: &'a Row, name: &str) -> Cow<'a, Value> {
        let position = self.set.position(name);
        position.map_or(Cow::Owned(Value::Null), |position| self.value(service, row, position))
    }
}
