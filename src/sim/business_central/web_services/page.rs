//! What a published page is: controls over the columns of a set, and the primary key that addresses its rows.

use serde_json::Value;

use crate::sim::business_central::error::Fault;
use crate::sim::business_central::schema::{Column, Kind, Set};
use crate::sim::business_central::service::Service;
use crate::sim::business_central::values::unescaped;
use crate::sim::odata::path::Key;
use crate::sim::store::Row;

/// A page published under a name.
#[derive(Debug)]
pub(crate) struct Page {
    /// The controls as properties of plain types.
    pub(super) set: Set,
    /// The position of the set whose rows it shows.
    pub(super) table: usize,
    /// Where each control has its value.
    pub(super) sources: Vec<Source>,
    /// The controls of the primary key.
    pub(super) keys: Vec<&'static str>,
}

/// Where a control has its value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A column of the set.
    Column(usize),
    /// The code of the row a column refers to.
    CodeOf(&'static str),
    /// All rows of the page have it.
    Fixed(&'static str),
}

impl Page {
    /// Puts a page over a set together; controls come as name and column, a column as `=TEXT` is that text on each row.
    pub(super) fn over(
        sets: &[Set],
        name: &'static str,
        set: &'static str,
        controls: &[(&'static str, &'static str)],
    ) -> Self {
        let table = sets.iter().position(|other| other.name == set).expect("invariant: pages name sets");
        let base = &sets[table];
        let (mut columns, mut sources) = (Vec::new(), Vec::new());
        for &(name, column) in controls {
            let (kind, read_only, source) = match column.strip_prefix('=') {
                Some(text) => (Kind::Text(text.len()), false, Source::Fixed(text)),
                None => {
                    let at = base.position(column).expect("invariant: pages name columns of their set");
                    let Column { kind, read_only, .. } = &base.columns[at];
                    match kind {
                        Kind::Reference(_) => (Kind::Code(10), *read_only, Source::CodeOf(column)),
                        Kind::Inventory => (Kind::Decimal, true, Source::Column(at)),
                        kind => (plain(kind), *read_only || name == STAMP, Source::Column(at)),
                    }
                }
            };
            columns.push(Column { name, kind, read_only, needed: false });
            sources.push(source);
        }
        let key = |column: &(&str, &str)| column.1 == base.key;
        let key = controls.iter().find(|control| key(control)).expect("invariant: pages show their key").0;
        let fixed = controls.iter().filter(|(_, column)| column.starts_with('=')).map(|(name, _)| *name);
        let keys = fixed.chain([key]).collect();
        let set = Set {
            name,
            entity: name,
            key,
            columns,
            table: base.table,
            caption: base.caption,
            series: None,
            verbs: base.verbs,
            part_of: None,
            view_of: None,
            role: base.role,
        };
        Self { set, table, sources, keys }
    }

    /// Returns a row as the page shows it.
    pub(super) fn seen(&self, service: &Service, row: &Row) -> Row {
        let base = &service.sets[self.table];
        let values = self.sources.iter().map(|source| match *source {
            Source::Column(at) => {
                let value = service.property(base, row, at).into_owned();
                match (&base.columns[at].kind, value) {
                    (Kind::Enum(..), Value::String(member)) => Value::String(unescaped(&member)),
                    (_, value) => value,
                }
            }
            Source::CodeOf(column) => Value::String(service.code_of(base, row, column, false)),
            Source::Fixed(text) => Value::from(text),
        });
        Row { id: row.id, version: row.version, values: values.collect() }
    }

    /// Returns the addressed row of the set: `Customer('10000')`, `SalesOrder(Document_Type='Order',No='1001')`.
    pub(super) fn existing<'a>(&self, service: &'a Service, key: &Key) -> Result<&'a Row, Fault> {
        let malformed = || {
            let message = format!("The key of '{}' consists of {}.", self.set.name, self.keys.join(", "));
            Fault::new(400, "BadRequest_InvalidRequestUrl", message)
        };
        let part = |name: &str| match key {
            Key::Single(text) if self.keys.len() == 1 => Ok(text.as_str()),
            Key::Named(pairs) if pairs.len() == self.keys.len() => {
                let found = pairs.iter().find(|(other, _)| other == name);
                found.map(|(_, text)| text.as_str()).ok_or_else(malformed)
            }
            Key::Single(_) | Key::Named(_) | Key::Empty => Err(malformed()),
        };
        let mut matches = true;
        for (column, source) in self.set.columns.iter().zip(&self.sources) {
            if let Source::Fixed(text) = source {
                matches &= part(column.name)? == *text;
            }
        }
        let number = Value::from(part(self.set.key)?);
        let at = service.sets[self.table].key_position();
        let row = service.store.rows(self.table).by_key(at, &number).filter(|_| matches);
        row.ok_or_else(|| Fault::not_found(self.set.name))
    }
}

/// The stamp, where a page shows it; only the system writes it.
const STAMP: &str = "SystemModifiedAt";

/// Returns the type a control has: pages know texts, numbers, dates and flags, and options by their captions.
fn plain(kind: &Kind) -> Kind {
    match kind {
        Kind::CodeOf { max, .. } | Kind::CodeIn { max, .. } => Kind::Code(*max),
        Kind::Enum(_, members) => {
            Kind::Text(members.iter().map(|member| unescaped(member).len()).max().unwrap_or_default())
        }
        Kind::BalanceDue => Kind::Decimal,
        kind => kind.clone(),
    }
}
