//! The words in which the sets are written down.

use super::super::schema::{Column, Kind, Role, Set, Verbs};

/// A set that can be read and written; what differs is said over it.
pub(super) fn set(
    name: &'static str,
    entity: &'static str,
    table: (u32, &'static str),
    key: &'static str,
    columns: Vec<Column>,
) -> Set {
    Set {
        name,
        entity,
        table: table.0,
        caption: table.1,
        key,
        series: None,
        verbs: Verbs::All,
        part_of: None,
        view_of: None,
        role: Role::Table,
        columns,
    }
}

pub(super) fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, read_only: false, needed: false }
}

pub(super) fn text(name: &'static str, max: usize) -> Column {
    column(name, Kind::Text(max))
}

pub(super) fn code(name: &'static str, max: usize) -> Column {
    column(name, Kind::Code(max))
}

pub(super) fn decimal(name: &'static str) -> Column {
    column(name, Kind::Decimal)
}

pub(super) fn boolean(name: &'static str) -> Column {
    column(name, Kind::Boolean)
}

pub(super) fn date(name: &'static str) -> Column {
    column(name, Kind::Date)
}

pub(super) fn reference(name: &'static str, set: &'static str) -> Column {
    column(name, Kind::Reference(set))
}

/// The code of a row of another set, which must be there.
pub(super) fn code_in(name: &'static str, max: usize, set: &'static str) -> Column {
    column(name, Kind::CodeIn { set, max })
}

/// A property of the row that a code of the same set names.
pub(super) fn looked_up(name: &'static str, code: &'static str, property: &'static str) -> Column {
    read_only(column(name, Kind::LookUp { code, property }))
}

pub(super) fn read_only(column: Column) -> Column {
    Column { read_only: true, ..column }
}

pub(super) fn needed(column: Column) -> Column {
    Column { needed: true, ..column }
}

pub(super) fn id() -> Column {
    read_only(column("id", Kind::Id))
}

pub(super) fn modified() -> Column {
    read_only(column("lastModifiedDateTime", Kind::DateTime))
}

/// An id and code pair that names one row of another set.
pub(super) fn pair(id: &'static str, set: &'static str, code: &'static str, max: usize) -> [Column; 2] {
    [
        column(id, Kind::Reference(set)),
        column(code, Kind::CodeOf { reference: id, max, local_currency: set == "currencies" }),
    ]
}

pub(super) fn postal_address() -> Vec<Column> {
    vec![
        text("addressLine1", 100),
        text("addressLine2", 50),
        text("city", 30),
        text("state", 30),
        code("country", 10),
        code("postalCode", 20),
        text("phoneNumber", 30),
    ]
}

pub(super) fn address() -> Vec<Column> {
    let mut columns = postal_address();
    columns.extend([text("email", 80), text("website", 255)]);
    columns
}
