//! FetchXML: attributes, conditions, order, links to other tables, top, pages and aggregates. It does not play conditions on a
//! link's alias from outside of it, nor the hierarchical and fiscal operators.

mod query;
mod xml;

use serde_json::{Map, Value, json};

use self::query::{Attribute, Fetch, Link};
use super::apply;
use super::error::Fault;
use super::filter::Filter;
use super::link::Operation;
use super::read::{MAXIMUM, compare_values};
use super::render::{etag, property};
use super::service::Service;
use crate::sim::http::Reply;
use crate::sim::odata::query::encode;
use crate::sim::store::Row;

const COOKIE: &str = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie";
const MORE: &str = "Microsoft.Dynamics.CRM.morerecords";

/// A row with the rows joined to it, in the order of the links; nothing where an outer join found none.
#[derive(Clone)]
struct Joined<'a> {
    row: &'a Row,
    linked: Vec<Option<&'a Row>>,
}

/// A link with the table it leads to, flattened.
struct Join<'q> {
    link: &'q Link,
    table: usize,
    /// Its place among the joins, or none for the entity itself.
    from: Option<usize>,
    from_table: usize,
    filter: Option<Filter>,
}

/// Answers a query in FetchXML.
pub(super) fn answer(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let text = operation.query.get("fetchXml").unwrap_or_default();
    let fetch = query::parse(text)?;
    let definition = &service.tables[index];
    if fetch.entity.name != definition.logical_name {
        let message =
            format!("The entity '{}' of the query does not fit '{}'.", fetch.entity.name, definition.set);
        return Err(Fault::query(message));
    }
    let joins = joins(service, operation, &fetch.entity, index)?;
    check_attributes(service, &fetch.entity.attributes, index)?;
    for join in &joins {
        check_attributes(service, &join.link.attributes, join.table)?;
    }
    let filter = fetch.entity.filter.filter(service, operation, index)?;
    let passes = |row: &&Row| filter.as_ref().is_none_or(|filter| filter.accepts(service, row));
    let mut rows: Vec<_> = service.store.rows(index).iter().filter(passes).collect();
    sort(service, index, &fetch, &mut rows)?;
    let joined = rows.into_iter().flat_map(|row| joined(service, &joins, row)).collect();
    let context = operation.context(&definition.set);
    let mut body = json!({ "@odata.context": context });
    if fetch.aggregate {
        body["value"] = aggregated(service, &fetch, index, joined)?.into();
        return Ok(Reply::json(200, &body));
    }
    let shown: Vec<_> = joined.iter().map(|joined| shown(service, &fetch, index, &joins, joined)).collect();
    insert_page(&mut body, operation, &fetch, shown);
    Ok(Reply::json(200, &body))
}

/// Adds the page asked for, and where the next one begins.
fn insert_page(body: &mut Value, operation: &Operation<'_>, fetch: &Fetch, mut shown: Vec<Value>) {
    if fetch.distinct {
        let mut distinct: Vec<Value> = Vec::new();
        for row in shown {
            if !distinct.contains(&row) {
                distinct.push(row);
            }
        }
        shown = distinct;
    }
    if fetch.count_all {
        body["@odata.count"] = shown.len().min(MAXIMUM).into();
    }
    let size = fetch.top.or(fetch.count).unwrap_or(MAXIMUM).min(MAXIMUM);
    let page = if fetch.top.is_some() { 1 } else { fetch.page };
    let skipped = size.saturating_mul(page - 1);
    let more = fetch.top.is_none() && shown.len() > skipped.saturating_add(size);
    let wanted = operation.request.preference("odata.include-annotations").is_some();
    if more && wanted {
        let inner = format!("<cookie page=\"{page}\" />");
        let cookie = format!(
            "<cookie pagenumber=\"{}\" pagingcookie=\"{}\" istracking=\"False\" />",
            page + 1,
            encode(&encode(&inner))
        );
        body[format!("@{COOKIE}")] = cookie.into();
    }
    if wanted {
        body[format!("@{MORE}")] = more.into();
    }
    body["value"] = shown.into_iter().skip(skipped).take(size).collect();
}

fn joins<'q>(
    service: &Service,
    operation: &Operation<'_>,
    entity: &'q Link,
    index: usize,
) -> Result<Vec<Join<'q>>, Fault> {
    let mut found: Vec<Join<'q>> = Vec::new();
    let mut open: Vec<(&'q Link, Option<usize>, usize)> =
        entity.links.iter().map(|link| (link, None, index)).collect();
    open.reverse();
    while let Some((link, from, from_table)) = open.pop() {
        let table = service.table_by_logical_name(&link.name).ok_or_else(|| {
            Fault::new(400, "0x80041102", format!("The entity with a name = '{}' was not found.", link.name))
        })?;
        for (name, of) in [(&link.from, table), (&link.to, from_table)] {
            position(service, of, name)?;
        }
        let filter = link.filter.filter(service, operation, table)?;
        found.push(Join { link, table, from, from_table, filter });
        let at = found.len() - 1;
        open.extend(link.links.iter().rev().map(|inner| (inner, Some(at), table)));
    }
    Ok(found)
}

fn position(service: &Service, table: usize, name: &str) -> Result<usize, Fault> {
    let definition = &service.tables[table];
    definition.position(name).ok_or_else(|| {
        let message =
            format!("'{}' entity doesn't contain attribute with Name = '{name}'.", definition.logical_name);
        Fault::new(400, "0x80041103", message)
    })
}

fn check_attributes(service: &Service, attributes: &[Attribute], table: usize) -> Result<(), Fault> {
    attributes.iter().try_for_each(|attribute| position(service, table, &attribute.name).map(drop))
}

fn joined<'a>(service: &'a Service, joins: &[Join<'_>], row: &'a Row) -> Vec<Joined<'a>> {
    let mut all = vec![Joined { row, linked: Vec::new() }];
    for join in joins {
        all = all.iter().flat_map(|one| extended(service, join, one)).collect();
    }
    all
}

fn extended<'a>(service: &'a Service, join: &Join<'_>, one: &Joined<'a>) -> Vec<Joined<'a>> {
    let from = match join.from {
        None => Some(one.row),
        Some(at) => one.linked[at],
    };
    let tables = (&service.tables[join.from_table], &service.tables[join.table]);
    let columns = tables.0.position(&join.link.to).zip(tables.1.position(&join.link.from));
    let found: Vec<_> = from
        .zip(columns)
        .into_iter()
        .flat_map(|(row, (to, from))| {
            let value = property(tables.0, row, to).into_owned();
            let others = service.store.rows(join.table).iter();
            others.filter(move |other| !value.is_null() && *property(tables.1, other, from) == value)
        })
        .filter(|other| join.filter.as_ref().is_none_or(|filter| filter.accepts(service, other)))
        .collect();
    let with = |linked: Option<&'a Row>| {
        let mut extended = one.clone();
        extended.linked.push(linked);
        extended
    };
    if found.is_empty() && join.link.outer {
        return vec![with(None)];
    }
    found.into_iter().map(|row| with(Some(row))).collect()
}

fn sort(service: &Service, index: usize, fetch: &Fetch, rows: &mut [&Row]) -> Result<(), Fault> {
    let mut keys = Vec::new();
    for (name, descending) in fetch.entity.orders.iter().filter(|_| !fetch.aggregate) {
        keys.push((position(service, index, name)?, *descending));
    }
    let table = &service.tables[index];
    rows.sort_by(|left, right| {
        let ordered = keys.iter().map(|(column, descending)| {
            let order = compare_values(&property(table, left, *column), &property(table, right, *column));
            if *descending { order.reverse() } else { order }
        });
        ordered.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then).then(left.id.cmp(&right.id))
    });
    Ok(())
}

fn shown(service: &Service, fetch: &Fetch, index: usize, joins: &[Join<'_>], joined: &Joined<'_>) -> Value {
    let mut body = Map::new();
    let table = &service.tables[index];
    body.insert("@odata.etag".to_owned(), etag(joined.row).into());
    let everything = fetch.entity.all || fetch.entity.attributes.is_empty();
    for (position, column) in table.columns.iter().enumerate() {
        let asked = fetch.entity.attributes.iter().find(|attribute| attribute.name == column.name);
        if everything || asked.is_some() || column.name == table.primary_id {
            let name = asked.and_then(|attribute| attribute.alias.clone()).unwrap_or(column.property.clone());
            body.insert(name, property(table, joined.row, position).into_owned());
        }
    }
    for (join, row) in joins.iter().zip(&joined.linked) {
        let Some(row) = row else { continue };
        let table = &service.tables[join.table];
        for (position, column) in table.columns.iter().enumerate() {
            let asked = join.link.attributes.iter().find(|attribute| attribute.name == column.name);
            let value = property(table, row, position);
            if (asked.is_some() || join.link.all) && !value.is_null() {
                let name = asked.and_then(|attribute| attribute.alias.clone());
                body.insert(
                    name.unwrap_or_else(|| format!("{}.{}", join.link.alias, column.name)),
                    value.into_owned(),
                );
            }
        }
    }
    Value::Object(body)
}

/// Groups the rows by the entity's own attributes and aggregates each group.
fn aggregated(
    service: &Service,
    fetch: &Fetch,
    index: usize,
    joined: Vec<Joined<'_>>,
) -> Result<Vec<Value>, Fault> {
    let table = &service.tables[index];
    let value = |row: &Row, name: &str| {
        table.position(name).map_or(Value::Null, |position| property(table, row, position).into_owned())
    };
    let (grouping, combining): (Vec<_>, Vec<_>) =
        fetch.entity.attributes.iter().partition(|attribute| attribute.group);
    let mut groups: Vec<(Vec<Value>, Vec<&Row>)> = Vec::new();
    for one in joined {
        let key: Vec<_> = grouping.iter().map(|attribute| value(one.row, &attribute.name)).collect();
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, rows)) => rows.push(one.row),
            None => groups.push((key, vec![one.row])),
        }
    }
    let mut shown = Vec::new();
    for (key, rows) in groups {
        let mut body = Map::new();
        let named = grouping.iter().zip(key).filter(|(_, value)| !value.is_null());
        body.extend(named.map(|(attribute, value)| (attribute.shown_as(), value)));
        for attribute in &combining {
            let values = rows.iter().map(|row| value(row, &attribute.name)).collect();
            let method = attribute.aggregate.as_deref().unwrap_or_default();
            let combined = apply::of_fetch(method, attribute.distinct, values);
            let unknown = || Fault::query(format!("'{method}' is not an aggregate."));
            body.insert(attribute.shown_as(), combined.ok_or_else(unknown)?);
        }
        shown.push(Value::Object(body));
    }
    Ok(shown)
}
