//! The words in which sets are declared, close to those of the contract: `^` after a name means no filter and no order.

use super::schema::{Access, Figure, Maker, Offered, Test};
use crate::sim::business_central::schema::{Column, Kind};

pub(super) const READ: Offered = Offered { create: false, update: false, delete: false };
pub(super) const CREATE_UPDATE: Offered = Offered { create: true, update: true, delete: false };
pub(super) const ALL: Offered = Offered { create: true, update: true, delete: true };

/// A set before its places in the store are known.
pub(super) struct Declaration {
    pub(super) name: &'static str,
    pub(super) entity: &'static str,
    pub(super) rows: Rows,
    pub(super) key: &'static [&'static str],
    pub(super) offered: Offered,
    /// Number and name of the table, where v2.0 shows it through another one.
    pub(super) table: Option<(u32, &'static str)>,
    /// Which rows of the table it shows; all of them unless said.
    pub(super) only: Option<Test>,
    pub(super) entries: Vec<Entry>,
}

impl Declaration {
    /// Names the table.
    pub(super) fn table(self, number: u32, name: &'static str) -> Self {
        Self { table: Some((number, name)), ..self }
    }

    /// Shows only some of the table's rows.
    pub(super) fn only(self, test: Test) -> Self {
        Self { only: Some(test), ..self }
    }
}

/// Where a declared set has its rows from.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    Of(&'static str),
    Made(Maker),
}

/// A property or a pair of them.
pub(super) struct Entry {
    pub(super) columns: Vec<Column>,
    pub(super) unfiltered: Vec<bool>,
    pub(super) access: Access,
    pub(super) place: Place,
}

/// Where a declared property has its value.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The table's column of the same name; behind those of v2.0 if they lack it.
    Named,
    /// The table's column of another name.
    As(&'static str),
    PairWith(&'static str),
    Id,
    RowVersion,
    Figure(Figure),
    Forgotten,
}

/// Declares a view of a table. The first of a table is the one that deletions of its rows are reported under.
pub(super) fn view(
    name: &'static str,
    entity: &'static str,
    table: &'static str,
    key: &'static [&'static str],
    offered: Offered,
    entries: Vec<Entry>,
) -> Declaration {
    let mut all = system();
    all.extend(entries);
    Declaration { name, entity, rows: Rows::Of(table), key, offered, table: None, only: None, entries: all }
}

/// Declares a set whose rows are made for each request.
pub(super) fn made(
    name: &'static str,
    entity: &'static str,
    key: &'static [&'static str],
    maker: Maker,
    entries: Vec<Entry>,
) -> Declaration {
    let rows = Rows::Made(maker);
    Declaration { name, entity, rows, key, offered: READ, table: None, only: None, entries: read(entries) }
}

/// The columns of every set over a table. The id is set on insert where there is one.
fn system() -> Vec<Entry> {
    let mut entries = vec![entry("id", Kind::Id).at(Place::Id).insert()];
    entries.extend(read(vec![
        entry("rowVersion", Kind::BigInteger).at(Place::RowVersion),
        moment("systemCreatedAt"),
        guid("systemCreatedBy"),
        moment("systemModifiedAt").stored_as("lastModifiedDateTime"),
        guid("systemModifiedBy"),
        moment("lastModifiedDateTime"),
    ]));
    entries
}

fn entry(name: &'static str, kind: Kind) -> Entry {
    let (column, unfiltered) = column(name, kind);
    Entry { columns: vec![column], unfiltered: vec![unfiltered], access: Access::Write, place: Place::Named }
}

fn column(name: &'static str, kind: Kind) -> (Column, bool) {
    let plain = name.trim_end_matches('^');
    (Column { name: plain, kind, read_only: false, needed: false }, plain != name)
}

pub(super) fn text(name: &'static str, max: usize) -> Entry {
    entry(name, Kind::Text(max))
}

pub(super) fn code(name: &'static str, max: usize) -> Entry {
    entry(name, Kind::Code(max))
}

pub(super) fn decimal(name: &'static str) -> Entry {
    entry(name, Kind::Decimal)
}

pub(super) fn integer(name: &'static str) -> Entry {
    entry(name, Kind::Integer)
}

pub(super) fn big_integer(name: &'static str) -> Entry {
    entry(name, Kind::BigInteger)
}

pub(super) fn boolean(name: &'static str) -> Entry {
    entry(name, Kind::Boolean)
}

pub(super) fn date(name: &'static str) -> Entry {
    entry(name, Kind::Date)
}

pub(super) fn moment(name: &'static str) -> Entry {
    entry(name, Kind::DateTime)
}

pub(super) fn guid(name: &'static str) -> Entry {
    entry(name, Kind::Id)
}

pub(super) fn member(name: &'static str, kind: &'static str, members: &'static [&'static str]) -> Entry {
    entry(name, Kind::Enum(kind, members))
}

/// Declares an id and a code that name one row of a table.
pub(super) fn pair(id: &'static str, code: &'static str, max: usize, target: &'static str) -> Entry {
    let (id, id_unfiltered) = column(id, Kind::Id);
    let (code, code_unfiltered) = column(code, Kind::Code(max));
    Entry {
        columns: vec![id, code],
        unfiltered: vec![id_unfiltered, code_unfiltered],
        access: Access::Write,
        place: Place::PairWith(target),
    }
}

/// Declares a value the page works out.
pub(super) fn figure(entry: Entry, figure: Figure) -> Entry {
    entry.at(Place::Figure(figure)).read()
}

/// Declares the name of a template: used on insert, never shown.
pub(super) fn template() -> Entry {
    code("templateCode^", 20).at(Place::Forgotten).insert()
}

/// Makes all of them read-only.
pub(super) fn read(entries: Vec<Entry>) -> Vec<Entry> {
    entries.into_iter().map(Entry::read).collect()
}

impl Entry {
    fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    pub(super) fn read(self) -> Self {
        Self { access: Access::ReadOnly, ..self }
    }

    /// Takes values only as long as the document is open.
    pub(super) fn while_open(self) -> Self {
        Self { access: Access::WhileOpen, ..self }
    }

    pub(super) fn insert(self) -> Self {
        Self { access: Access::InsertOnly, ..self }
    }

    /// Keeps the value in a column of another name.
    pub(super) fn stored_as(self, name: &'static str) -> Self {
        self.at(Place::As(name))
    }
}

/// A column behind those of v2.0 that no view shows.
pub(super) fn hidden(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, read_only: true, needed: false }
}
