//! A row as JSON: selected properties, etag, and annotations if asked for.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::error::Fault;
use super::expand::Expansion;
use super::link::Operation;
use super::schema::{Kind, Table};
use super::service::Service;
use crate::sim::odata::moment;
use crate::sim::odata::pattern::{Wildcards, matches};
use crate::sim::odata::select::select;
use crate::sim::store::Row;

const FORMATTED: &str = "OData.Community.Display.V1.FormattedValue";
const LOOKUP_TABLE: &str = "Microsoft.Dynamics.CRM.lookuplogicalname";
const NAVIGATION: &str = "Microsoft.Dynamics.CRM.associatednavigationproperty";

/// Which columns and annotations a reply shows.
pub(super) struct Shape {
    pub(super) columns: Vec<usize>,
    /// The `$select` as it stands in a context: `(name,revenue)` or nothing.
    pub(super) selected: String,
    annotations: Vec<String>,
    expansions: Vec<Expansion>,
}

/// Reads `$select` and the wanted annotations.
pub(super) fn shape(table: &Table, operation: &Operation<'_>) -> Result<Shape, Fault> {
    shape_of(table, operation.query.get("$select"), operation)
}

/// Reads a `$select` of this table, wherever in the request it stands, and the wanted annotations.
pub(super) fn shape_of(
    table: &Table,
    selection: Option<&str>,
    operation: &Operation<'_>,
) -> Result<Shape, Fault> {
    let names = select(selection);
    let mut columns = Vec::new();
    for name in names.iter().flatten() {
        let unknown = || Fault::unknown_in_query(name, &table.logical_name);
        let column = table.property(name).ok_or_else(unknown)?;
        columns.push(column);
        // Money drags its currency along, unasked.
        if table.columns[column].kind.is_money() {
            columns.extend(table.position("transactioncurrencyid"));
        }
    }
    if names.is_none() {
        columns.extend(0..table.columns.len());
    }
    columns.extend(table.position(&table.primary_id));
    let mut shown = Vec::new();
    for column in columns {
        if !shown.contains(&column) {
            shown.push(column);
        }
    }
    let selected = names.map(|names| format!("({})", names.join(","))).unwrap_or_default();
    let annotations = operation.request.preference("odata.include-annotations").unwrap_or_default();
    let annotations =
        annotations.split(',').filter(|name| !name.is_empty()).map(|name| name.trim().to_owned());
    Ok(Shape { columns: shown, selected, annotations: annotations.collect(), expansions: Vec::new() })
}

impl Shape {
    /// Returns whether any annotation is wanted.
    pub(super) fn annotates(&self) -> bool {
        !self.annotations.is_empty()
    }

    /// Adds lookups whose rows are shown too.
    pub(super) fn expand(&mut self, expansions: Vec<Expansion>) {
        let expanded = expansions.iter().map(Expansion::context).collect::<Vec<_>>().join(",");
        self.selected = match self.selected.strip_suffix(')') {
            Some(names) => format!("{names},{expanded})"),
            None => format!("({expanded})"),
        };
        self.expansions = expansions;
    }

    pub(super) fn wants(&self, annotation: &str) -> bool {
        self.annotations
            .iter()
            .any(|wanted| matches(annotation, wanted, Wildcards { run: '*', one: '\u{0}' }))
    }
}

/// Returns a row's property as it stands on the wire.
pub(super) fn property<'a>(table: &Table, row: &'a Row, column: usize) -> Cow<'a, Value> {
    match table.columns[column].kind {
        Kind::Version => Cow::Owned(Value::from(row.version)),
        _ => Cow::Borrowed(&row.values[column]),
    }
}

/// Returns a row's version as a tag.
pub(super) fn etag(row: &Row) -> String {
    format!("W/\"{}\"", row.version)
}

impl Service {
    /// Returns a row as JSON.
    pub(super) fn render(&self, table: usize, row: &Row, shape: &Shape) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("@odata.etag".to_owned(), Value::String(etag(row)));
        let definition = &self.tables[table];
        for &position in &shape.columns {
            let value = property(definition, row, position);
            if shape.annotates() && !value.is_null() {
                self.annotate(&mut body, shape, (table, position), &value);
            }
            body.insert(definition.columns[position].property.clone(), value.into_owned());
        }
        for expansion in &shape.expansions {
            expansion.render(self, row, &mut body);
        }
        body
    }

    /// Adds the annotations of one property, which precede it.
    fn annotate(
        &self,
        body: &mut Map<String, Value>,
        shape: &Shape,
        (table, position): (usize, usize),
        value: &Value,
    ) {
        let column = &self.tables[table].columns[position];
        let mut add = |annotation: &str, text: String| {
            if shape.wants(annotation) {
                body.insert(format!("{}@{annotation}", column.property), Value::String(text));
            }
        };
        if let Some(text) = formatted(&column.kind, value) {
            add(FORMATTED, text);
        }
        let Some(id) = value.as_str().and_then(|id| id.parse().ok()) else {
            return;
        };
        for target in self.tables[table].targets(position) {
            let Some(index) = self.table_by_logical_name(&target.table) else {
                continue;
            };
            let Some(row) = self.store.rows(index).get(&id) else {
                continue;
            };
            let name = self.tables[index].position(&self.tables[index].primary_name);
            let name = name.and_then(|position| row.values[position].as_str());
            add(FORMATTED, name.unwrap_or_default().to_owned());
            add(NAVIGATION, target.navigation);
            add(LOOKUP_TABLE, target.table);
        }
    }
}

/// Returns what a form shows for a value; nothing where it shows the value itself.
fn formatted(kind: &Kind, value: &Value) -> Option<String> {
    match kind {
        Kind::Choices(_) => {
            let values = value.as_str()?.split(',').filter_map(|value| kind.label(value.parse().ok()?));
            Some(values.collect::<Vec<_>>().join("; "))
        }
        Kind::Boolean => Some(if value.as_bool()? { "Yes" } else { "No" }.to_owned()),
        Kind::DateTime | Kind::DateOnly => {
            let millis = moment::parse(value.as_str()?)?;
            let moment = jiff::Timestamp::from_millisecond(millis).ok()?;
            let form = if *kind == Kind::DateOnly { "%-m/%-d/%Y" } else { "%-m/%-d/%Y %-I:%M %p" };
            Some(moment.strftime(form).to_string())
        }
        _ => kind.label(value.as_i64()?).map(str::to_owned),
    }
}
