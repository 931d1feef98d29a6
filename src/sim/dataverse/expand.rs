//! `$expand`: the row a lookup names, or the rows of a collection, with what is asked of them in parentheses.

use serde_json::{Map, Value, json};

use super::error::Fault;
use super::filter::{Filter, filter};
use super::link::Operation;
use super::read::{MAXIMUM as PAGE, check_order, sort};
use super::relations::Relation;
use super::render::{Shape, shape_of};
use super::service::Service;
use crate::sim::odata::expand::{Expand, expand};
use crate::sim::odata::select::{OrderBy, order_by};
use crate::sim::store::Row;

/// The most navigation properties of one query.
const MAXIMUM: usize = 15;
const OPTIONS: &[&str] = &["$select", "$filter", "$orderby", "$top", "$expand"];

/// One navigation property whose rows are shown.
pub(super) struct Expansion {
    navigation: String,
    relation: Relation,
    /// Where the rows stand, and how they are shown.
    target: usize,
    shape: Shape,
    filter: Option<Filter>,
    order: Vec<OrderBy>,
    top: usize,
    /// `navigation/$ref`: only addresses.
    references: Option<String>,
    /// What the link to the other rows of a collection begins with, and its query.
    link: (String, String),
}

/// Adds a request's `$expand` to the shape of a reply.
pub(super) fn expanded(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
    shape: Shape,
) -> Result<Shape, Fault> {
    let Some(text) = operation.query.get("$expand") else {
        return Ok(shape);
    };
    let mut count = 0;
    let shape = with_expansions(service, operation, table, text, shape, &mut count)?;
    if count > MAXIMUM {
        let message = format!("The number of '$expand' properties exceeds the maximum of {MAXIMUM}.");
        return Err(Fault::query(message));
    }
    Ok(shape)
}

fn with_expansions(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
    text: &str,
    mut shape: Shape,
    count: &mut usize,
) -> Result<Shape, Fault> {
    let parts = expand(Some(text)).ok_or_else(|| Fault::query(format!("Syntax error in '{text}'.")))?;
    *count += parts.len();
    let nested = parts.iter().any(|part| part.get("$expand").is_some());
    let mut expansions = Vec::new();
    for part in &parts {
        let expansion = expansion(service, operation, table, part, count)?;
        check_limits(&expansion, part, nested, parts.len())?;
        expansions.push(expansion);
    }
    shape.expand(expansions);
    Ok(shape)
}

/// Refuses what does not go together.
fn check_limits(expansion: &Expansion, part: &Expand, nested: bool, beside: usize) -> Result<(), Fault> {
    let paired = matches!(expansion.relation, Relation::Paired { .. });
    if paired && (nested || beside > 1) {
        return Err(Fault::query(
            "A many-to-many relationship cannot be expanded with others or in a nested expand.",
        ));
    }
    let ordered = part.get("$orderby").is_some() || part.get("$top").is_some();
    if nested && ordered && expansion.relation.is_collection() {
        return Err(Fault::query("'$top' and '$orderby' are not supported inside a nested '$expand'."));
    }
    if expansion.references.is_some() && expansion.relation.is_collection() {
        return Err(Fault::query("'$ref' can be expanded of single-valued navigation properties only."));
    }
    Ok(())
}

fn expansion(
    service: &Service,
    operation: &Operation<'_>,
    table: usize,
    part: &Expand,
    count: &mut usize,
) -> Result<Expansion, Fault> {
    let (navigation, references) = match part.navigation.strip_suffix("/$ref") {
        Some(navigation) => (navigation, Some(operation.api.clone())),
        None => (part.navigation.as_str(), None),
    };
    let unknown = || Fault::unknown_in_query(navigation, &service.tables[table].logical_name);
    let relation = service.relation(table, navigation).ok_or_else(unknown)?;
    let target = relation.table().ok_or_else(unknown)?;
    if let Some(option) = part.other_than(OPTIONS) {
        return Err(Fault::query(format!("The query option '{option}' is not supported inside '$expand'.")));
    }
    let definition = &service.tables[target];
    let mut shape = shape_of(definition, part.get("$select"), operation)?;
    if let Some(text) = part.get("$expand") {
        shape = with_expansions(service, operation, target, text, shape, count)?;
    }
    let user = service.caller(operation.request)?.user;
    let order = order_by(part.get("$orderby"));
    check_order(definition, &order)?;
    let top = part.get("$top").map(str::parse).transpose();
    let top = top.map_err(|_| Fault::query("Invalid value for '$top'."))?;
    let query = part.options().map(|(name, value)| format!("{name}={}", super::position::encoded(value)));
    Ok(Expansion {
        navigation: navigation.to_owned(),
        filter: filter(service, target, part.get("$filter"), user)?,
        relation,
        target,
        shape,
        order,
        top: top.unwrap_or(PAGE).min(PAGE),
        references,
        link: (
            format!("{}/{}", operation.api, service.tables[table].set),
            query.collect::<Vec<_>>().join("&"),
        ),
    })
}

impl Expansion {
    /// Returns how it stands in a context: `primarycontactid(fullname)`.
    pub(super) fn context(&self) -> String {
        let selected = if self.shape.selected.is_empty() { "()" } else { &self.shape.selected };
        format!("{}{selected}", self.navigation)
    }

    /// Adds the rows a row is related to: one or null for a lookup, else a list with a link to read it by itself.
    pub(super) fn render(&self, service: &Service, row: &Row, body: &mut Map<String, Value>) {
        let passes = |row: &Row| self.filter.as_ref().is_none_or(|filter| filter.accepts(service, row));
        let related = service.related(&self.relation, row);
        if !self.relation.is_collection() {
            let one = related.first().map_or(Value::Null, |(table, row)| self.shown(service, *table, row));
            body.insert(self.navigation.clone(), one);
            return;
        }
        let mut rows: Vec<_> = related.into_iter().map(|(_, row)| row).filter(|row| passes(row)).collect();
        sort(&service.tables[self.target], &self.order, &mut rows);
        let shown = rows.iter().take(self.top).map(|row| self.shown(service, self.target, row));
        body.insert(self.navigation.clone(), shown.collect());
        let (set, query) = &self.link;
        let separator = if query.is_empty() { "" } else { "?" };
        let link = format!("{set}({})/{}{separator}{query}", row.id, self.navigation);
        body.insert(format!("{}@odata.nextLink", self.navigation), link.into());
    }

    fn shown(&self, service: &Service, table: usize, row: &Row) -> Value {
        match &self.references {
            Some(api) => json!({"@odata.id": format!("{api}/{}({})", service.tables[table].set, row.id)}),
            // Of several tables a lookup may name, the columns selected are those of the first.
            None if table != self.target => {
                json!({ "@odata.etag": super::render::etag(row), &service.tables[table].primary_id: row.id })
            }
            None => Value::Object(service.render(table, row, &self.shape)),
        }
    }
}
