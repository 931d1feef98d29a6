//! Transforms as a mapping file has them: a word, or a table with a word and what belongs to it.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use toml::{Table, Value as Toml};

use crate::mapping::nearest::or_nearest;
use crate::model::Value;

use super::{NumberFormat, Otherwise, Pattern, Transform, ValueMap, country};

/// All words, for messages.
const WORDS: [&str; 17] = [
    "trim",
    "upper",
    "lower",
    "truncate",
    "replace",
    "round",
    "phone",
    "default",
    "blank_is",
    "value_map",
    "prefix",
    "country_name",
    "html",
    "number_format",
    "date_format",
    "date_in",
    "factor",
];

/// Reads one transform.
pub fn parse(raw: &Toml) -> Result<Transform, String> {
    match raw {
        Toml::String(word) => word_alone(word),
        Toml::Table(table) => with_options(table),
        _ => Err("a transform is a word or a table".to_owned()),
    }
}

fn word_alone(word: &str) -> Result<Transform, String> {
    match word {
        "trim" => Ok(Transform::Trim),
        "upper" => Ok(Transform::Upper),
        "lower" => Ok(Transform::Lower),
        "html" => Ok(Transform::Html),
        "phone" => Ok(Transform::Phone { calling_code: None }),
        "country_name" => Ok(Transform::CountryName { language: "en".to_owned() }),
        word if WORDS.contains(&word) => {
            Err(format!("`{word}` needs more: write {{ {word} = … }}; docs/mappings.md shows each"))
        }
        other => Err(unknown(other)),
    }
}

fn unknown(word: &str) -> String {
    or_nearest(format!("\"{word}\" is no transform"), word, WORDS)
}

fn with_options(table: &Table) -> Result<Transform, String> {
    let words: Vec<_> = table.keys().filter(|key| WORDS.contains(&key.as_str())).collect();
    let [word] = words.as_slice() else {
        let Some(first) = table.keys().find(|key| !WORDS.contains(&key.as_str())) else {
            return Err("one table is one transform; write { … }, { … }".to_owned());
        };
        return Err(unknown(first));
    };
    let mut options = Options { word, of: table.clone() };
    let value = options.of.remove(word.as_str()).unwrap_or(Toml::Boolean(true));
    let transform = match word.as_str() {
        "truncate" => Transform::Truncate(options.count(&value)? as usize),
        "round" => Transform::Round(options.count(&value)?),
        "default" => Transform::Default(literal(&value)?),
        "blank_is" => Transform::BlankIs(literal(&value)?),
        "prefix" => Transform::Prefix(options.text(&value)?),
        "factor" => Transform::Factor(options.factor(&value)?),
        "date_format" => Transform::DateFormat(options.text(&value)?),
        "date_in" => Transform::DateIn(options.zone(&value)?),
        "phone" => Transform::Phone { calling_code: Some(options.calling_code(&value)?) },
        "country_name" => Transform::CountryName { language: options.language(&value)? },
        "replace" => {
            let pattern = options.text(&value)?;
            let with = options.take("with")?.ok_or("`replace` needs `with`: what the finds become")?;
            Transform::Replace(Pattern::new(&pattern, &with)?)
        }
        "number_format" => options.number_format(&value)?,
        "value_map" => options.value_map(&value)?,
        // Those that take nothing.
        word => match value {
            Toml::Boolean(true) => word_alone(word)?,
            _ => return Err(format!("`{word}` takes nothing; write \"{word}\"")),
        },
    };
    options.none_left()?;
    Ok(transform)
}

/// What stands beside the word in its table.
struct Options<'a> {
    word: &'a str,
    of: Table,
}

impl Options<'_> {
    fn text(&self, value: &Toml) -> Result<String, String> {
        let text = value.as_str().filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| format!("`{}` takes a text", self.word))
    }

    fn count(&self, value: &Toml) -> Result<u32, String> {
        let number = value.as_integer().and_then(|number| u32::try_from(number).ok());
        number.ok_or_else(|| format!("`{}` takes a whole number, 0 or more", self.word))
    }

    fn take(&mut self, option: &str) -> Result<Option<String>, String> {
        match self.of.remove(option) {
            None => Ok(None),
            Some(Toml::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("`{option}` takes a text")),
        }
    }

    fn factor(&self, value: &Toml) -> Result<Decimal, String> {
        let factor = match value {
            Toml::Integer(number) => Some(Decimal::from(*number)),
            Toml::String(text) => text.parse().ok(),
            Toml::Float(number) => number.to_string().parse().ok(),
            _ => None,
        };
        factor
            .filter(|factor| !factor.is_zero())
            .ok_or_else(|| "`factor` takes a number that is not 0: 1000 or \"0.001\"".to_owned())
    }

    fn zone(&self, value: &Toml) -> Result<TimeZone, String> {
        let name = self.text(value)?;
        TimeZone::get(&name)
            .map_err(|_| format!("\"{name}\" is no time zone; write one as \"Europe/Berlin\" or \"UTC\""))
    }

    fn calling_code(&self, value: &Toml) -> Result<String, String> {
        let text = self.text(value)?;
        let code = text.trim_start_matches('+');
        match !code.is_empty() && code.chars().all(|c| c.is_ascii_digit()) {
            true => Ok(code.to_owned()),
            false => Err(format!("\"{text}\" is no calling code; write one as \"+49\"")),
        }
    }

    fn language(&self, value: &Toml) -> Result<String, String> {
        let language = self.text(value)?;
        match country::is_language(&language) {
            true => Ok(language),
            false => Err(format!(
                "countries have no names in \"{language}\"; write a language as \"en\" or \"de\""
            )),
        }
    }

    fn number_format(&mut self, value: &Toml) -> Result<Transform, String> {
        let example = self.text(value)?;
        let letters: Vec<char> = example.chars().filter(|letter| !letter.is_ascii_digit()).collect();
        let (decimal, group) = match letters.as_slice() {
            [decimal] => (*decimal, None),
            [group, decimal] if group != decimal => (*decimal, Some(*group)),
            _ => {
                return Err(format!(
                    "\"{example}\" is no example of a number; write 1234.5, 1,234.5 or 1.234,5"
                ));
            }
        };
        let places = match self.of.remove("places") {
            None => None,
            Some(places) => Some(self.count(&places)?),
        };
        Ok(Transform::NumberFormat(NumberFormat { decimal, group, places }))
    }

    fn value_map(&mut self, value: &Toml) -> Result<Transform, String> {
        let Toml::Table(map) = value else {
            return Err("`value_map` takes a table: { value_map = { DE = \"Germany\" } }".to_owned());
        };
        let pair = |(key, meaning): (&String, &Toml)| Ok((Value::text(key.as_str()), literal(meaning)?));
        let pairs = map.iter().map(pair).collect::<Result<Vec<_>, String>>()?;
        let is_case_sensitive = match self.take("case")?.as_deref() {
            None | Some("ignore") => false,
            Some("exact") => true,
            Some(other) => return Err(format!("\"{other}\" is no `case`; write ignore or exact")),
        };
        let otherwise = match self.take("otherwise")?.as_deref() {
            None | Some("park") => Otherwise::Park,
            Some("keep") => Otherwise::Keep,
            Some(other) => return Err(format!("\"{other}\" is no `otherwise`; write park or keep")),
        };
        Ok(Transform::ValueMap(ValueMap { pairs, is_case_sensitive, otherwise }))
    }

    fn none_left(&self) -> Result<(), String> {
        match self.of.keys().next() {
            None => Ok(()),
            Some(option) => Err(format!("`{}` has no option `{option}`", self.word)),
        }
    }
}

/// Reads a value as a mapping file writes it.
pub fn literal(value: &Toml) -> Result<Value, String> {
    match value {
        Toml::String(text) => Ok(Value::text(text.as_str())),
        Toml::Integer(number) => Ok(Value::Number((*number).into())),
        Toml::Boolean(flag) => Ok(Value::Flag(*flag)),
        Toml::Float(number) => {
            let number = number.to_string();
            number.parse().map(Value::Number).map_err(|_| format!("{number} is no number that fits a column"))
        }
        Toml::Datetime(moment) => {
            let text = moment.to_string();
            let value = text.parse().map(Value::Date).or_else(|_| text.parse().map(Value::Instant));
            value.map_err(|_| format!("{text} is neither a date nor a moment with an offset"))
        }
        Toml::Array(_) => Err("a list is no value; write text, a number, true, false or a date".to_owned()),
        Toml::Table(_) => Err("a table is no value; write text, a number, true, false or a date".to_owned()),
    }
}
