//! `$filter`, `$select` and `$expand` over definitions.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::sim::dataverse::error::Fault;
use crate::sim::dataverse::link::Operation;
use crate::sim::http::Reply;
use crate::sim::odata::expand::{Expand, expand};
use crate::sim::odata::filter::{Dialect, parse};
use crate::sim::odata::path::Key;
use crate::sim::odata::select::select;

/// Members that are shown only where they are expanded.
const NAVIGATIONS: &[&str] = &[
    "Attributes",
    "Keys",
    "ManyToOneRelationships",
    "OneToManyRelationships",
    "ManyToManyRelationships",
    "OptionSet",
    "GlobalOptionSet",
];
/// Members only some types of column have: a selection needs a cast to the type.
const FACETS: &[&str] = &[
    "MaxLength",
    "Format",
    "FormatName",
    "Precision",
    "PrecisionSource",
    "MinValue",
    "MaxValue",
    "DateTimeBehavior",
    "Targets",
];

/// Answers a list.
pub(super) fn collection(
    operation: &Operation<'_>,
    context: &str,
    of_type: &str,
    entries: Vec<Value>,
) -> Result<Reply, Fault> {
    let kept = filtered(entries, operation.query.get("$filter"))?;
    let expansions = expansions(operation)?;
    let names = select(operation.query.get("$select"));
    check(names.as_deref(), of_type, &kept)?;
    let value: Result<Vec<_>, _> =
        kept.into_iter().map(|entry| shown(entry, names.as_deref(), &expansions)).collect();
    Ok(Reply::json(200, &json!({"@odata.context": operation.context(context), "value": value?})))
}

/// Answers one definition.
pub(super) fn single(
    operation: &Operation<'_>,
    context: &str,
    of_type: &str,
    entry: Value,
) -> Result<Reply, Fault> {
    let names = select(operation.query.get("$select"));
    let entries = [entry];
    check(names.as_deref(), of_type, &entries)?;
    let [entry] = entries;
    let mut body = Map::new();
    body.insert("@odata.context".to_owned(), operation.context(context).into());
    if let Value::Object(shown) = shown(entry, names.as_deref(), &expansions(operation)?)? {
        body.extend(shown);
    }
    Ok(Reply::json(200, &Value::Object(body)))
}

/// Returns whether a key addresses a definition: by its id or by a named property.
pub(super) fn is_named(entry: &Value, key: &Key) -> bool {
    match key {
        Key::Single(id) => entry["MetadataId"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(id)),
        Key::Named(pairs) => pairs.iter().all(|(name, value)| entry[name.as_str()] == value.as_str()),
        Key::Empty => false,
    }
}

fn expansions(operation: &Operation<'_>) -> Result<Vec<Expand>, Fault> {
    let text = operation.query.get("$expand");
    expand(text).ok_or_else(|| Fault::query(format!("Syntax error in '{}'.", text.unwrap_or_default())))
}

fn filtered(entries: Vec<Value>, filter: Option<&str>) -> Result<Vec<Value>, Fault> {
    let filter = filter.map(parse).transpose();
    let filter = filter.map_err(|error| Fault::new(400, "0x0", error.to_string()))?;
    let kept = entries.into_iter().filter(|entry| {
        let property = |path: &str| Cow::Owned(at_path(entry, path));
        filter.as_ref().is_none_or(|filter| filter.holds(Dialect::Dataverse, &property))
    });
    Ok(kept.collect())
}

fn at_path(entry: &Value, path: &str) -> Value {
    path.split('/').fold(entry.clone(), |value, name| value.get(name).cloned().unwrap_or_default())
}

/// Refuses names no entry has, and those that need a cast.
fn check(names: Option<&[String]>, of_type: &str, entries: &[Value]) -> Result<(), Fault> {
    let known = |name: &String| {
        let needs_cast = of_type == "AttributeMetadata" && FACETS.contains(&name.as_str());
        !needs_cast && entries.iter().any(|entry| entry.get(name).is_some())
    };
    match names.into_iter().flatten().find(|name| !entries.is_empty() && !known(name)) {
        Some(name) => Err(Fault::unknown_in_query(name, of_type)),
        None => Ok(()),
    }
}

/// The id and the type always come along.
fn shown(entry: Value, names: Option<&[String]>, expansions: &[Expand]) -> Result<Value, Fault> {
    let Value::Object(entry) = entry else { return Ok(entry) };
    let mut body = Map::new();
    for (name, value) in entry {
        if let Some(part) = expansions.iter().find(|part| part.navigation == name) {
            body.insert(name, inner(value, part)?);
            continue;
        }
        let asked = names.is_none_or(|names| names.contains(&name));
        let navigation = NAVIGATIONS.contains(&name.as_str());
        if name == "MetadataId" || name.starts_with('@') || asked && !navigation {
            body.insert(name, value);
        }
    }
    Ok(Value::Object(body))
}

/// Applies the options of an expansion.
fn inner(value: Value, part: &Expand) -> Result<Value, Fault> {
    let names = select(part.get("$select"));
    let expansions = expand(part.get("$expand")).unwrap_or_default();
    match value {
        Value::Array(entries) => {
            let kept = filtered(entries, part.get("$filter"))?.into_iter();
            kept.map(|entry| shown(entry, names.as_deref(), &expansions)).collect()
        }
        other => shown(other, names.as_deref(), &expansions),
    }
}
