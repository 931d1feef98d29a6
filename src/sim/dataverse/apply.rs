//! `$apply`: a filter, then groups, then aggregates over each group.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::error::Fault;
use super::filter::{filter, kind_of, value_of};
use super::link::Operation;
use super::read::compare_values;
use super::render::property;
use super::service::Service;
use super::values::as_decimal;
use crate::sim::http::Reply;
use crate::sim::odata::expand::split;
use crate::sim::store::Row;

/// The most rows an aggregation takes.
const MAXIMUM: usize = 50_000;

/// One aggregate.
#[derive(Debug, PartialEq)]
struct Aggregate {
    /// Nothing for `$count`.
    column: Option<String>,
    method: Method,
    alias: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Count,
    CountDistinct,
    Sum,
    Average,
    Min,
    Max,
}

/// What is asked for.
#[derive(Debug, Default)]
struct Query {
    filter: Option<String>,
    groups: Vec<String>,
    aggregates: Vec<Aggregate>,
}

/// Answers an aggregation.
pub(super) fn answer(service: &Service, operation: &Operation<'_>, index: usize) -> Result<Reply, Fault> {
    let text = operation.query.with_aliases("$apply").unwrap_or_default();
    if operation.query.has("$orderby") {
        return Err(Fault::query("'$orderby' is not supported with '$apply'."));
    }
    let query = parse(&text).ok_or_else(|| Fault::query(format!("Syntax error in '{text}'.")))?;
    let columns = query.aggregates.iter().filter_map(|aggregate| aggregate.column.as_ref());
    for path in query.groups.iter().chain(columns) {
        kind_of(service, index, path)?;
    }
    let user = service.caller(operation.request)?.user;
    let filter = filter(service, index, query.filter.as_deref(), user)?;
    let passes = |row: &&Row| filter.as_ref().is_none_or(|filter| filter.accepts(service, row));
    let rows: Vec<_> = service.store.rows(index).iter().filter(passes).take(MAXIMUM + 1).collect();
    if rows.len() > MAXIMUM {
        let message = "The maximum record limit is exceeded. Reduce the number of records.";
        return Err(Fault::new(400, "0x8004E023", message));
    }
    let value: Vec<_> = grouped(service, index, &query, rows)
        .into_iter()
        .map(|(key, rows)| Value::Object(shown(service, index, &query, &key, &rows)))
        .collect();
    let context = operation.context(&service.tables[index].set);
    Ok(Reply::json(200, &json!({"@odata.context": context, "value": value})))
}

type Group<'a> = (Vec<Value>, Vec<&'a Row>);

/// Brings rows together whose group columns are equal; text compares without case.
fn grouped<'a>(service: &Service, index: usize, query: &Query, rows: Vec<&'a Row>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    if query.groups.is_empty() {
        return vec![(Vec::new(), rows)];
    }
    for row in rows {
        let key: Vec<_> = query.groups.iter().map(|path| value_of(service, index, row, path)).collect();
        let same = |other: &Group<'_>| {
            other.0.iter().zip(&key).all(|(left, right)| compare_values(left, right).is_eq())
        };
        match groups.iter_mut().find(|group| same(group)) {
            Some(group) => group.1.push(row),
            None => groups.push((key, vec![row])),
        }
    }
    groups
}

fn shown(service: &Service, index: usize, query: &Query, key: &[Value], rows: &[&Row]) -> Map<String, Value> {
    let mut body = Map::new();
    for (path, value) in query.groups.iter().zip(key).filter(|(_, value)| !value.is_null()) {
        body.insert(alias(service, index, path), value.clone());
    }
    for aggregate in &query.aggregates {
        body.insert(aggregate.alias.clone(), aggregated(service, index, aggregate, rows));
    }
    body
}

/// A related column is named after its table.
fn alias(service: &Service, index: usize, path: &str) -> String {
    let Some((navigation, column)) = path.split_once('/') else { return path.to_owned() };
    let related = service.relation(index, navigation).and_then(|relation| relation.table());
    related.map_or_else(
        || path.replace('/', "_"),
        |table| format!("{}_{column}", service.tables[table].logical_name),
    )
}

fn aggregated(service: &Service, index: usize, aggregate: &Aggregate, rows: &[&Row]) -> Value {
    let Some(path) = &aggregate.column else { return Value::from(rows.len()) };
    let values = rows.iter().map(|row| match service.tables[index].property(path) {
        Some(column) => property(&service.tables[index], row, column).into_owned(),
        None => value_of(service, index, row, path),
    });
    let values: Vec<_> = values.filter(|value| !value.is_null()).collect();
    combined(aggregate.method, values)
}

/// Returns a value made of many.
fn combined(method: Method, mut values: Vec<Value>) -> Value {
    values.sort_by(compare_values);
    let sum = || values.iter().filter_map(as_decimal).try_fold(Decimal::ZERO, Decimal::checked_add);
    let number = |value: Decimal| {
        Value::Number(serde_json::Number::from_string_unchecked(value.normalize().to_string()))
    };
    match method {
        Method::Count => Value::from(values.len()),
        Method::CountDistinct => {
            values.dedup_by(|left, right| compare_values(left, right).is_eq());
            Value::from(values.len())
        }
        Method::Sum if values.is_empty() => Value::Null,
        Method::Sum => sum().map_or(Value::Null, number),
        Method::Average => {
            let average = sum().and_then(|sum| sum.checked_div(Decimal::from(values.len())));
            average.map_or(Value::Null, |average| number(average.round_dp(10)))
        }
        Method::Min => values.first().cloned().unwrap_or_default(),
        Method::Max => values.last().cloned().unwrap_or_default(),
    }
}

fn parse(text: &str) -> Option<Query> {
    let mut query = Query::default();
    for step in split(text, '/')? {
        let (name, inside) = step.split_once('(')?;
        let inside = inside.strip_suffix(')')?;
        match name.trim() {
            "filter" => query.filter = Some(inside.to_owned()),
            "aggregate" => query.aggregates = aggregates(inside)?,
            "groupby" => {
                let parts = split(inside, ',')?;
                let (columns, rest) = parts.split_first()?;
                let columns = columns.strip_prefix('(')?.strip_suffix(')')?;
                query.groups = split(columns, ',')?.into_iter().map(str::to_owned).collect();
                query.aggregates = match rest {
                    [] => Vec::new(),
                    [aggregate] => aggregates(aggregate.strip_prefix("aggregate(")?.strip_suffix(')')?)?,
                    _ => return None,
                };
            }
            _ => return None,
        }
    }
    (!query.groups.is_empty() || !query.aggregates.is_empty()).then_some(query)
}

fn aggregates(text: &str) -> Option<Vec<Aggregate>> {
    split(text, ',')?.into_iter().map(aggregate).collect()
}

fn aggregate(text: &str) -> Option<Aggregate> {
    let words: Vec<_> = text.split_whitespace().collect();
    match words.as_slice() {
        ["$count", "as", alias] => {
            Some(Aggregate { column: None, method: Method::Count, alias: (*alias).to_owned() })
        }
        [column, "with", method, "as", alias] => {
            let method = match *method {
                "sum" => Method::Sum,
                "average" => Method::Average,
                "min" => Method::Min,
                "max" => Method::Max,
                "countdistinct" => Method::CountDistinct,
                _ => return None,
            };
            Some(Aggregate { column: Some((*column).to_owned()), method, alias: (*alias).to_owned() })
        }
        _ => None,
    }
}

impl Method {
    /// Reads the name an aggregate has in FetchXML.
    fn of_fetch(name: &str) -> Option<Self> {
        Some(match name {
            "count" | "countcolumn" => Self::Count,
            "sum" => Self::Sum,
            "avg" => Self::Average,
            "min" => Self::Min,
            "max" => Self::Max,
            _ => return None,
        })
    }
}

/// Returns an aggregate of FetchXML over values, the empty ones included; `None` if its name is none.
pub(super) fn of_fetch(name: &str, distinct: bool, values: Vec<Value>) -> Option<Value> {
    let method = Method::of_fetch(name)?;
    if name == "count" {
        return Some(Value::from(values.len()));
    }
    let distinct = distinct && method == Method::Count;
    let values = values.into_iter().filter(|value| !value.is_null()).collect();
    Some(combined(if distinct { Method::CountDistinct } else { method }, values))
}
