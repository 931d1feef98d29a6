//! What became of a row that is gone: posted, converted, or really deleted.
//!
//! API v2.0 says it of no row, so the document that would stand in its place is looked for. The companion's tombstones say
//! it themselves, and go first.

use std::collections::BTreeSet;

use super::client::BusinessCentral;
use crate::model::{Became, ColumnName, TableName, Value};
use crate::systems::{Fate, LastKnown, Search, SystemError};

/// How the rows of a table that became others are told from deleted ones.
struct Way {
    table: &'static str,
    /// The column whose last value leads to the successor.
    known: &'static str,
    /// Whether a row may have none: then nothing leads from it to a successor.
    may_be_blank: bool,
    /// Where a successor may be, and the column there that holds that value.
    successors: [&'static str; 2],
    column: &'static str,
    became: Became,
}

/// A draft invoice keeps its id when it is posted, so it needs no way.
const WAYS: [Way; 2] = [
    Way {
        table: "salesOrders",
        known: "number",
        may_be_blank: false,
        successors: ["salesInvoices", "salesShipments"],
        column: "orderNumber",
        became: Became::Posted,
    },
    // Orders do not carry the number of their quote.
    Way {
        table: "salesQuotes",
        known: "externalDocumentNumber",
        may_be_blank: true,
        successors: ["salesOrders", "salesInvoices"],
        column: "externalDocumentNumber",
        became: Became::Converted,
    },
];

impl BusinessCentral {
    pub(super) async fn find_fate(&self, table: &TableName, last: &LastKnown) -> Result<Fate, SystemError> {
        let schema = self.schema(table).await?;
        if let Some(companion) = self.companion_of(&schema)
            && let Some(tombstone) = companion.tombstone_of(table, &last.row).await?
        {
            return Ok(match tombstone.became {
                Some(became) => Fate::Became(became),
                None if self.is_invoiced(table, &tombstone).await? => Fate::Became(Became::Posted),
                None => Fate::Deleted,
            });
        }
        let Some(way) = WAYS.iter().find(|way| way.table == table.as_str()) else { return Ok(Fate::Deleted) };
        match last.values.get(&ColumnName::new(way.known)) {
            Some(value @ Value::Text(text)) if !text.trim().is_empty() => self.follow(way, value).await,
            Some(Value::Text(_) | Value::Blank) if way.may_be_blank => Ok(Fate::Deleted),
            _ => Ok(Fate::CannotTell(way.unknown())),
        }
    }

    async fn follow(&self, way: &Way, value: &Value) -> Result<Fate, SystemError> {
        let search = Search::Equals(ColumnName::new(way.column), value.clone());
        for successor in way.successors {
            let found = self.find_rows(&TableName::new(successor), &BTreeSet::new(), &search).await?;
            if found.iter().any(Result::is_ok) {
                return Ok(Fate::Became(way.became));
            }
            if let Some(Err(error)) = found.first() {
                return Ok(Fate::CannotTell(format!("in {successor}, which may have it, {error}")));
            }
        }
        Ok(Fate::Deleted)
    }
}

impl Way {
    fn unknown(&self) -> String {
        let Self { table, known, became, .. } = self;
        let became = if *became == Became::Posted { "posted" } else { "converted" };
        format!("its {known} is not known; map {table}.{known}, which tells {became} rows from deleted ones")
    }
}
