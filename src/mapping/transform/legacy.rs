//! Transforms as the data-integration projects of 2017 wrote them: a JSON list of `Default` and `ValueMap`.

use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use toml::Value as Toml;

use crate::model::Value;

use super::{Otherwise, Transform, ValueMap};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw {
    transform_type: String,
    default_value: Option<Json>,
    value_map: Option<Map<String, Json>>,
}

/// Reads such a list. Values that a map does not have stay as they are, and capitals count, as they did then.
pub fn parse(text: &str) -> Result<Vec<Transform>, String> {
    let raw: Vec<Raw> = serde_json::from_str(text).map_err(|error| {
        format!("this is no list of transforms as of 2017, [{{\"transformType\":\"Default\",…}}]: {error}")
    })?;
    raw.into_iter().map(transform).collect()
}

fn transform(raw: Raw) -> Result<Transform, String> {
    let Raw { transform_type, default_value, value_map } = raw;
    match (transform_type.as_str(), default_value, value_map) {
        ("Default", Some(value), None) => Ok(Transform::Default(literal(&value)?)),
        ("Default", ..) => {
            Err("a transform of the type Default has a defaultValue and nothing else".to_owned())
        }
        ("ValueMap", None, Some(map)) => {
            let pair = |(key, meaning): (&String, &Json)| Ok((Value::text(key.as_str()), literal(meaning)?));
            let pairs = map.iter().map(pair).collect::<Result<_, String>>()?;
            Ok(Transform::ValueMap(ValueMap { pairs, is_case_sensitive: true, otherwise: Otherwise::Keep }))
        }
        ("ValueMap", ..) => {
            Err("a transform of the type ValueMap has a valueMap and nothing else".to_owned())
        }
        (other, ..) => {
            Err(format!("\"{other}\" is no transformType; those of 2017 were Default and ValueMap"))
        }
    }
}

fn literal(value: &Json) -> Result<Value, String> {
    match value {
        Json::Null => Ok(Value::Blank),
        Json::String(text) => Ok(Value::text(text.as_str())),
        Json::Bool(flag) => Ok(Value::Flag(*flag)),
        Json::Number(number) => {
            let number = number.to_string();
            number.parse().map(Value::Number).map_err(|_| format!("{number} is no number that fits a column"))
        }
        Json::Array(_) | Json::Object(_) => Err(format!("{value} is no single value")),
    }
}

/// Writes such a list as a mapping file has it: `[{ value_map = { … } }]`.
pub fn in_own_words(steps: &[Transform]) -> String {
    Toml::Array(steps.iter().filter_map(own_words).collect()).to_string()
}

fn own_words(step: &Transform) -> Option<Toml> {
    let mut table = toml::Table::new();
    match step {
        Transform::Default(value) => {
            table.insert(step.word().to_owned(), toml(value));
        }
        Transform::ValueMap(map) => {
            let key = |key: &Value| match key {
                Value::Text(text) => text.clone(),
                _ => String::new(),
            };
            let pairs = map.pairs.iter().map(|(from, to)| (key(from), toml(to))).collect();
            table.insert(step.word().to_owned(), Toml::Table(pairs));
            table.insert("case".to_owned(), Toml::String("exact".to_owned()));
            table.insert("otherwise".to_owned(), Toml::String("keep".to_owned()));
        }
        // There were no others.
        _ => return None,
    }
    Some(Toml::Table(table))
}

fn toml(value: &Value) -> Toml {
    match value {
        Value::Flag(flag) => Toml::Boolean(*flag),
        Value::Number(number) => {
            let (whole, broken) = (number.to_i64(), number.to_f64());
            match (number.is_integer(), whole, broken) {
                (true, Some(whole), _) => Toml::Integer(whole),
                (_, _, Some(broken)) => Toml::Float(broken),
                _ => Toml::String(number.to_string()),
            }
        }
        Value::Text(text) => Toml::String(text.clone()),
        _ => Toml::String(String::new()),
    }
}
