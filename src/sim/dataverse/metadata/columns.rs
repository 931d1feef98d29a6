//! Columns as they are sent to be made: the type with its facets.

use serde_json::Value;

use super::labels::text;
use crate::sim::dataverse::error::Fault;
use crate::sim::dataverse::schema::{Choice, Column, Kind, PrecisionSource};
use crate::sim::dataverse::service::Service;
use crate::sim::dataverse::tables::column;

const LONGEST_TEXT: usize = 4000;
const LONGEST_MEMO: usize = 1_048_576;

/// Reads a column. Lookups are made with their relationship.
pub(super) fn read(service: &Service, body: &Value) -> Result<Column, Fault> {
    let schema_name = schema_name(body)?;
    let sent = body["@odata.type"].as_str().unwrap_or_default();
    let kind = sent
        .trim_start_matches('#')
        .trim_start_matches(super::CAST)
        .trim_start_matches("Complex")
        .trim_end_matches("AttributeMetadata");
    let global = global_choice(service, body)?;
    let options = || match &global {
        Some(name) => {
            let choice = service.global_choices.iter().find(|choice| choice.name == *name);
            choice.map(|choice| choice.options.clone()).unwrap_or_default()
        }
        None => options(&body["OptionSet"]["Options"]),
    };
    let kind = match kind {
        "String" => Kind::Text { max: length(body, 100, LONGEST_TEXT)? },
        "Memo" => Kind::Memo { max: length(body, 2000, LONGEST_MEMO)? },
        "Integer" => Kind::Integer {
            min: body["MinValue"].as_i64().unwrap_or(i64::from(i32::MIN)),
            max: body["MaxValue"].as_i64().unwrap_or(i64::from(i32::MAX)),
        },
        "Decimal" => Kind::Decimal { precision: precision(body, 10)? },
        "Double" => Kind::Double { precision: precision(body, 5)? },
        "Money" => Kind::Money { source: money(body)? },
        "Boolean" => Kind::Boolean,
        "Picklist" => Kind::Choice(options()),
        "MultiSelectPicklist" => Kind::Choices(options()),
        "DateTime" if body["DateTimeBehavior"]["Value"] == "DateOnly" => Kind::DateOnly,
        "DateTime" => Kind::DateTime,
        _ => {
            return Err(Fault::new(
                400,
                "0x80048d19",
                format!("The type '{sent}' cannot be made as an attribute."),
            ));
        }
    };
    let required = body["RequiredLevel"]["Value"] == "SystemRequired";
    let label = text(&body["DisplayName"]).unwrap_or_else(|| schema_name.clone());
    let made = column(&schema_name.to_lowercase(), kind);
    Ok(Column { schema_name, label, required, custom: true, global_choice: global, ..made })
}

/// Returns the name of what is to be made.
pub(super) fn schema_name(body: &Value) -> Result<String, Fault> {
    let name = body["SchemaName"].as_str().filter(|name| {
        let prefixed =
            name.split_once('_').is_some_and(|(prefix, rest)| !prefix.is_empty() && !rest.is_empty());
        prefixed && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
    });
    let message = "'SchemaName' is missing, or has no customization prefix or characters that are not valid.";
    name.map(str::to_owned).ok_or_else(|| Fault::new(400, "0x80044306", message))
}

/// Reads the options of a choice; those without a value are numbered.
pub(super) fn options(sent: &Value) -> Vec<Choice> {
    let mut found: Vec<Choice> = Vec::new();
    for option in sent.as_array().into_iter().flatten() {
        let value = option["Value"].as_i64().unwrap_or_else(|| next_value(&found));
        let label = text(&option["Label"]).unwrap_or_else(|| value.to_string());
        found.push(Choice { value, label });
    }
    found
}

/// Returns the value of an option that was sent without one.
pub(super) fn next_value(options: &[Choice]) -> i64 {
    const FIRST: i64 = 100_000_000;
    options.iter().map(|option| option.value + 1).max().unwrap_or(FIRST).max(FIRST)
}

fn global_choice(service: &Service, body: &Value) -> Result<Option<String>, Fault> {
    let Some(reference) = body["GlobalOptionSet@odata.bind"].as_str() else { return Ok(None) };
    let named = |choice: &&super::GlobalChoice| {
        reference.contains(&choice.metadata_id().to_string())
            || reference.contains(&format!("'{}'", choice.name))
    };
    let found = service.global_choices.iter().find(named);
    let missing = || Fault::new(404, "0x80040217", format!("The option set '{reference}' does not exist."));
    found.map(|choice| Some(choice.name.clone())).ok_or_else(missing)
}

fn length(body: &Value, default: usize, most: usize) -> Result<usize, Fault> {
    let length = body["MaxLength"].as_u64().map(usize::try_from).transpose();
    let length = length.ok().flatten().unwrap_or(default);
    if (1..=most).contains(&length) {
        return Ok(length);
    }
    Err(Fault::new(400, "0x80044331", format!("'MaxLength' must be from 1 to {most}.")))
}

fn precision(body: &Value, most: u32) -> Result<u32, Fault> {
    let precision = body["Precision"].as_u64().unwrap_or(2);
    let precision = u32::try_from(precision).ok().filter(|precision| *precision <= most);
    precision.ok_or_else(|| Fault::new(400, "0x80040203", format!("'Precision' must be from 0 to {most}.")))
}

fn money(body: &Value) -> Result<PrecisionSource, Fault> {
    Ok(match body["PrecisionSource"].as_u64() {
        Some(0) => PrecisionSource::Column(precision(body, 4)?),
        Some(1) => PrecisionSource::Organization,
        _ => PrecisionSource::Currency,
    })
}
