//! One operation: a request with its decoded address, and the references a body or address makes to rows.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::Fault;
use super::schema::{IndexStatus, Kind, Table};
use super::service::Service;
use super::values::stored;
use crate::sim::http::Request;
use crate::sim::odata::path::{Key, Segment, segments};
use crate::sim::odata::query::Query;
use crate::sim::store::{Row, key_text};

/// Characters that make a row unreachable by alternate key.
const UNREACHABLE: &[char] = &['/', '<', '>', '*', '%', '&', ':', '\\', '?', '+'];

/// A request read as an operation of the Web API.
pub(super) struct Operation<'a> {
    pub(super) request: &'a Request,
    /// The absolute address of the API root, with the version the client used.
    pub(super) api: String,
    pub(super) segments: Vec<Segment>,
    pub(super) query: Query,
    /// What `$1`, `$2`… of a change set stand for.
    pub(super) references: BTreeMap<String, String>,
}

impl<'a> Operation<'a> {
    /// Reads a request; `None` if it is not below `/api/data/v9.x`.
    pub(super) fn new(request: &'a Request) -> Option<Self> {
        Self::with_references(request, BTreeMap::new())
    }

    pub(super) fn with_references(
        request: &'a Request,
        references: BTreeMap<String, String>,
    ) -> Option<Self> {
        let rest = request.path.strip_prefix("/api/data/")?;
        let (version, rest) = rest.split_once('/').unwrap_or((rest, ""));
        if !matches!(version, "v9.0" | "v9.1" | "v9.2") {
            return None;
        }
        Some(Self {
            request,
            api: format!("{}/api/data/{version}", request.base),
            segments: segments(rest),
            query: Query::parse(&request.query),
            references,
        })
    }

    pub(super) fn is_batch(&self) -> bool {
        self.request.method == "POST" && matches!(self.segments.as_slice(), [batch] if batch.name == "$batch")
    }

    /// Returns whether it asks for definitions, or changes them.
    pub(super) fn is_metadata(&self) -> bool {
        self.segments.first().is_some_and(|first| super::metadata::ROOTS.contains(&first.name.as_str()))
    }

    /// Returns the body as an object.
    pub(super) fn body(&self) -> Result<Map<String, Value>, Fault> {
        match serde_json::from_slice(&self.request.body) {
            Ok(Value::Object(body)) => Ok(body),
            Ok(_) => Err(Fault::payload("", "The payload is not a JSON object.")),
            Err(error) => Err(Fault::payload("", &error.to_string())),
        }
    }

    pub(super) fn wants_representation(&self) -> bool {
        self.request.preference("return").is_some_and(|value| value == "representation")
    }

    /// Returns the address of the service root's metadata for a context.
    pub(super) fn context(&self, fragment: &str) -> String {
        format!("{}/$metadata#{fragment}", self.api)
    }
}

/// How a key addresses rows of a table.
#[derive(Debug, PartialEq)]
pub(super) enum Address {
    Id(Uuid),
    /// The columns of an alternate key with their values.
    AlternateKey(Vec<(usize, Value)>),
}

/// Reads a key.
pub(super) fn address(table: &Table, key: &Key) -> Result<Address, Fault> {
    if let Some(id) = key.id(named_key(table)) {
        return Ok(Address::Id(id));
    }
    let invalid = || {
        let message = format!(
            "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM.{}'. Ensure that the names and number of key properties match the declared or alternate key properties.",
            table.logical_name
        );
        Fault::new(400, "0x80060888", message)
    };
    let Key::Named(pairs) = key else {
        return Err(invalid());
    };
    let mut parts = Vec::new();
    for (name, value) in pairs {
        parts.push((table.property(name).ok_or_else(invalid)?, value));
    }
    let names: Vec<_> = parts.iter().map(|(column, _)| &table.columns[*column].name).collect();
    let key = table
        .keys
        .iter()
        .find(|key| key.columns.len() == names.len() && key.columns.iter().all(|name| names.contains(&name)));
    let key = key.ok_or_else(invalid)?;
    if key.index != IndexStatus::Active {
        let message = format!(
            "The key {} of the {} entity cannot be used: its index is {}.",
            key.schema_name,
            table.logical_name,
            key.index.name()
        );
        return Err(Fault::new(400, "0x80060890", message));
    }
    if let Some((_, value)) = parts.iter().find(|(_, value)| value.contains(UNREACHABLE)) {
        return Err(Fault::query(format!(
            "The value '{value}' cannot be used as an alternate key in a URL."
        )));
    }
    let parts = parts.into_iter().map(|(column, text)| Ok((column, literal(table, column, text)?)));
    parts.collect::<Result<_, Fault>>().map(Address::AlternateKey)
}

/// Users and teams derive from principals, whose key has its own name.
fn named_key(table: &Table) -> &str {
    match table.logical_name.as_str() {
        "systemuser" | "team" => "ownerid",
        _ => &table.primary_id,
    }
}

/// Brings a key's text to the stored form of its column.
fn literal(table: &Table, column: usize, text: &str) -> Result<Value, Fault> {
    let definition = &table.columns[column];
    let value = match &definition.kind {
        Kind::Integer { .. } | Kind::Decimal { .. } | Kind::Choice(_) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
        }
        Kind::Lookup { .. } | Kind::Owner => {
            let id: Option<Uuid> = text.parse().ok();
            let wrong = || Fault::query(format!("'{text}' is not a valid value of '{}'.", definition.name));
            return id.map(|id| Value::String(id.to_string())).ok_or_else(wrong);
        }
        _ => Value::from(text),
    };
    stored(table, definition, &value)
}

impl Service {
    /// Returns the addressed row, if it exists.
    pub(super) fn addressed(&self, table: usize, address: &Address) -> Option<&Row> {
        match address {
            Address::Id(id) => self.store.rows(table).get(id),
            Address::AlternateKey(parts) => match parts.as_slice() {
                [(column, value)] => self.store.rows(table).by_key(*column, value),
                parts => self.store.rows(table).iter().find(|row| has_key(row, parts)),
            },
        }
    }

    /// Returns the addressed row or says that it does not exist.
    pub(super) fn existing(&self, table: usize, address: &Address) -> Result<&Row, Fault> {
        let logical_name = &self.tables[table].logical_name;
        self.addressed(table, address).ok_or_else(|| match address {
            Address::Id(id) => Fault::missing_row(logical_name, *id),
            Address::AlternateKey(_) => {
                let message =
                    format!("A record with the specified key values does not exist in {logical_name} entity");
                Fault::new(404, "0x80060891", message)
            }
        })
    }

    /// Resolves the value of an `@odata.bind`: relative, absolute, by alternate key, or `$n` in a change set.
    pub(super) fn referenced(
        &self,
        operation: &Operation<'_>,
        reference: &str,
    ) -> Result<(usize, Uuid), Fault> {
        let reference = resolve_content_id(reference, &operation.references)?;
        let relative = match reference.split_once("/api/data/") {
            Some((_, versioned)) => versioned.split_once('/').map_or("", |(_, rest)| rest),
            None => reference.trim_start_matches('/'),
        };
        let segments = segments(relative);
        let malformed = || Fault::payload("", &format!("'{reference}' is not a valid entity reference."));
        let [segment] = segments.as_slice() else {
            return Err(malformed());
        };
        let table = self.table(&segment.name).ok_or_else(|| Fault::unknown_segment(&segment.name))?;
        let key = segment.key.as_ref().ok_or_else(malformed)?;
        let row = self.existing(table, &address(&self.tables[table], key)?)?;
        Ok((table, row.id))
    }
}

/// Returns whether a row has these values, which compare as keys do.
pub(super) fn has_key(row: &Row, parts: &[(usize, Value)]) -> bool {
    parts.iter().all(|(column, value)| {
        let text = key_text(value);
        text.is_some() && key_text(&row.values[*column]) == text
    })
}

/// Replaces a leading `$n` by the row it stands for.
pub(super) fn resolve_content_id(
    target: &str,
    references: &BTreeMap<String, String>,
) -> Result<String, Fault> {
    let Some(rest) = target.trim_start_matches('/').strip_prefix('$') else {
        return Ok(target.to_owned());
    };
    let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    if digits == 0 {
        return Ok(target.to_owned());
    }
    let (number, after) = rest.split_at(digits);
    match references.get(number) {
        Some(row) => Ok(format!("{row}{after}")),
        None => {
            let message = format!("Content-ID Reference: '${number}' does not exist in the batch context.");
            Err(Fault::query(message))
        }
    }
}
