//! Reading a mapping file: TOML to [`Mapping`], with errors that point into the text.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::model::{ColumnName, ConnectionName, FieldId, MappingName, Pair, Side, TableName, Value};

use super::definition::{DeletionPolicy, Direction, Drift, Field, FieldKind, Mapping, Policy};
use super::{Filter, FilterError};

/// Why a mapping file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    #[error("{file}: {source}")]
    Toml {
        file: String,
        #[source]
        source: Box<toml::de::Error>,
    },
    #[error("{file}, line {line}: {problem}")]
    At { file: String, line: usize, problem: String },
    #[error("{file}, line {line}: the {side} filter does not parse")]
    Filter {
        file: String,
        line: usize,
        side: Side,
        #[source]
        source: FilterError,
    },
}

/// Parses a mapping file. `file` names it in errors; `connections` are the names used where the file names none.
pub fn parse(file: &str, text: &str, connections: &Pair<ConnectionName>) -> Result<Mapping, MappingError> {
    let raw: RawMapping = toml::from_str(text)
        .map_err(|source| MappingError::Toml { file: file.to_owned(), source: Box::new(source) })?;
    Reader { file, text }.mapping(raw, connections)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMapping {
    name: String,
    label: Spanned<String>,
    #[serde(default)]
    depends_on: Vec<String>,
    left: RawSide,
    right: RawSide,
    #[serde(default = "no_match")]
    match_by: Spanned<Vec<Vec<String>>>,
    #[serde(default = "ask")]
    first_contact: Spanned<String>,
    #[serde(default = "ask")]
    conflict: Spanned<String>,
    #[serde(default = "two_minutes")]
    newer_by_secs: u32,
    #[serde(default = "revert")]
    drift: Spanned<String>,
    #[serde(default = "ignore")]
    deletion: Spanned<String>,
    #[serde(default)]
    unguarded: bool,
    #[serde(rename = "field")]
    fields: Vec<Spanned<RawField>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSide {
    connection: Option<String>,
    table: String,
    filter: Option<Spanned<String>>,
    #[serde(default)]
    create: bool,
    #[serde(default)]
    new_row: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    id: String,
    left: String,
    right: String,
    direction: Spanned<String>,
    #[serde(rename = "type", default = "text")]
    kind: Spanned<String>,
    scale: Option<u32>,
    #[serde(default)]
    zero_is_blank: bool,
    lookup: Option<String>,
    #[serde(default)]
    blank_is_base_currency: bool,
    group: Option<Spanned<String>>,
    conflict: Option<Spanned<String>>,
    drift: Option<Spanned<String>>,
    on_create: Option<Spanned<String>>,
}

fn no_match() -> Spanned<Vec<Vec<String>>> {
    Spanned::new(0..0, Vec::new())
}

fn ask() -> Spanned<String> {
    Spanned::new(0..0, "ask".to_owned())
}

const fn two_minutes() -> u32 {
    120
}

fn revert() -> Spanned<String> {
    Spanned::new(0..0, "revert".to_owned())
}

fn ignore() -> Spanned<String> {
    Spanned::new(0..0, "ignore".to_owned())
}

fn text() -> Spanned<String> {
    Spanned::new(0..0, "text".to_owned())
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
}

impl Reader<'_> {
    fn mapping(&self, raw: RawMapping, connections: &Pair<ConnectionName>) -> Result<Mapping, MappingError> {
        let drift = self.drift(&raw.drift)?;
        let mut fields: Vec<Field> = Vec::with_capacity(raw.fields.len());
        for raw in raw.fields {
            let group = raw.get_ref().group.clone();
            let field = self.field(raw)?;
            if let Some(group) = group {
                self.fits_group(&field, &group, &fields, drift)?;
            }
            fields.push(field);
        }
        let match_by = self.match_by(&raw.match_by, &fields)?;
        let label = FieldId::new(raw.label.get_ref().as_str());
        self.known(&fields, &label, &raw.label)?;
        let raw_sides = Pair::new(raw.left, raw.right);
        Ok(Mapping {
            name: MappingName::new(raw.name),
            connections: Pair::from_fn(|side| match &raw_sides[side].connection {
                Some(name) => ConnectionName::new(name.as_str()),
                None => connections[side].clone(),
            }),
            tables: Pair::from_fn(|side| TableName::new(raw_sides[side].table.as_str())),
            filters: Pair::new(
                self.filter(Side::Left, raw_sides.left.filter.as_ref())?,
                self.filter(Side::Right, raw_sides.right.filter.as_ref())?,
            ),
            create: Pair::from_fn(|side| raw_sides[side].create),
            new_row: Pair::new(
                self.new_row(&raw_sides.left.new_row)?,
                self.new_row(&raw_sides.right.new_row)?,
            ),
            fields,
            match_by,
            label,
            first_contact: self.policy(&raw.first_contact)?,
            conflict: self.policy(&raw.conflict)?,
            newer_by: Duration::from_secs(raw.newer_by_secs.into()),
            drift,
            deletion: self.deletion(&raw.deletion)?,
            unguarded: raw.unguarded,
            depends_on: raw.depends_on.into_iter().map(MappingName::new).collect(),
        })
    }

    fn field(&self, raw: Spanned<RawField>) -> Result<Field, MappingError> {
        let line = self.line(raw.span().start);
        let raw = raw.into_inner();
        let direction = self.direction(&raw.direction)?;
        let on_create = match raw.on_create.as_ref().map(|word| word.get_ref().as_str()) {
            None if direction == Direction::CreateOnly => Pair::new(true, true),
            None => Pair::from_fn(|side| direction.flows_to(side)),
            Some("left") => Pair::new(true, direction.flows_to(Side::Right)),
            Some("right") => Pair::new(direction.flows_to(Side::Left), true),
            Some("both") => Pair::new(true, true),
            Some(other) => {
                let place = raw.on_create.as_ref().unwrap_or(&raw.direction);
                return Err(self.choice("on_create", other, "left, right or both", place));
            }
        };
        let conflict = raw.conflict.as_ref().map(|word| self.policy(word)).transpose()?;
        if let Some(word) = raw.conflict.as_ref().filter(|_| direction != Direction::Both) {
            let problem = format!(
                "field {} can have no `conflict`: edits collide only where the direction is <->",
                raw.id
            );
            return Err(self.at(self.line(word.span().start), problem));
        }
        let drift = raw.drift.as_ref().map(|word| self.drift(word)).transpose()?;
        if let Some(word) = raw.drift.as_ref().filter(|_| direction.owner().is_none()) {
            let problem = format!(
                "field {} can have no `drift`: no side owns it; one does with the direction ->, <-, left unless blank or \
                 right unless blank",
                raw.id
            );
            return Err(self.at(self.line(word.span().start), problem));
        }
        let kind = self.kind(&raw, line)?;
        Ok(Field {
            id: FieldId::new(raw.id),
            columns: Pair::new(ColumnName::new(raw.left), ColumnName::new(raw.right)),
            direction,
            kind,
            group: raw.group.map(Spanned::into_inner),
            conflict,
            drift,
            on_create,
        })
    }

    fn direction(&self, raw: &Spanned<String>) -> Result<Direction, MappingError> {
        match raw.get_ref().as_str() {
            "->" => Ok(Direction::ToRight),
            "<-" => Ok(Direction::ToLeft),
            "<->" => Ok(Direction::Both),
            "left unless blank" => Ok(Direction::UnlessBlank(Side::Left)),
            "right unless blank" => Ok(Direction::UnlessBlank(Side::Right)),
            "create only" => Ok(Direction::CreateOnly),
            "match" => Ok(Direction::Match),
            other => {
                let choices = "->, <-, <->, left unless blank, right unless blank, create only or match";
                Err(self.choice("direction", other, choices, raw))
            }
        }
    }

    /// Checks that fields of one group can merge as one.
    fn fits_group(
        &self,
        field: &Field,
        group: &Spanned<String>,
        earlier: &[Field],
        drift: Drift,
    ) -> Result<(), MappingError> {
        let (name, line) = (group.get_ref(), self.line(group.span().start));
        if !field.is_compared() {
            let problem = format!(
                "field {} can be in no group: with this direction it is never merged, and a group merges as one",
                field.id
            );
            return Err(self.at(line, problem));
        }
        let Some(first) = earlier.iter().find(|other| other.group.as_ref() == Some(name)) else {
            return Ok(());
        };
        let problem = |what: &str| {
            let (this, that) = (&field.id, &first.id);
            let problem = format!(
                "fields {that} and {this} of group \"{name}\" differ in `{what}`; a group merges as one, so give both the same"
            );
            Err(self.at(line, problem))
        };
        if field.direction != first.direction {
            return problem("direction");
        }
        if field.drift.unwrap_or(drift) != first.drift.unwrap_or(drift) {
            return problem("drift");
        }
        Ok(())
    }

    fn kind(&self, raw: &RawField, line: usize) -> Result<FieldKind, MappingError> {
        let kind = match raw.kind.get_ref().as_str() {
            "text" => FieldKind::Text,
            "code" => FieldKind::Code,
            "number" => FieldKind::Number { scale: raw.scale, zero_is_blank: raw.zero_is_blank },
            "flag" => FieldKind::Flag,
            "date" => FieldKind::Date,
            "instant" => FieldKind::Instant,
            "lookup" => match &raw.lookup {
                Some(mapping) => FieldKind::Lookup {
                    mapping: MappingName::new(mapping.as_str()),
                    blank_is_base_currency: raw.blank_is_base_currency,
                },
                None => {
                    let problem = format!(
                        "field {} has type \"lookup\" but no `lookup`: name the mapping that couples the rows it points to",
                        raw.id
                    );
                    return Err(self.at(line, problem));
                }
            },
            other => {
                let choices = "text, code, number, flag, date, instant or lookup";
                return Err(self.choice("type", other, choices, &raw.kind));
            }
        };
        Ok(kind)
    }

    fn match_by(
        &self,
        raw: &Spanned<Vec<Vec<String>>>,
        fields: &[Field],
    ) -> Result<Vec<Vec<FieldId>>, MappingError> {
        let groups: Vec<Vec<FieldId>> = raw
            .get_ref()
            .iter()
            .map(|group| group.iter().map(|id| FieldId::new(id.as_str())).collect())
            .collect();
        for id in groups.iter().flatten() {
            self.known(fields, id, raw)?;
        }
        Ok(groups)
    }

    fn known<T>(&self, fields: &[Field], id: &FieldId, place: &Spanned<T>) -> Result<(), MappingError> {
        if fields.iter().any(|field| &field.id == id) {
            return Ok(());
        }
        let names: Vec<_> = fields.iter().map(|field| field.id.as_str()).collect();
        let problem = format!("there is no field \"{id}\"; the fields are {}", names.join(", "));
        Err(self.at(self.line(place.span().start), problem))
    }

    fn filter(&self, side: Side, raw: Option<&Spanned<String>>) -> Result<Option<Filter>, MappingError> {
        let Some(raw) = raw else { return Ok(None) };
        raw.get_ref().parse().map(Some).map_err(|source| MappingError::Filter {
            file: self.file.to_owned(),
            line: self.line(raw.span().start),
            side,
            source,
        })
    }

    fn new_row(&self, raw: &toml::Table) -> Result<Vec<(ColumnName, Value)>, MappingError> {
        raw.iter()
            .map(|(column, value)| {
                let value = match value {
                    toml::Value::String(text) => Value::text(text.as_str()),
                    toml::Value::Integer(number) => Value::Number((*number).into()),
                    toml::Value::Boolean(flag) => Value::Flag(*flag),
                    other => {
                        let problem = format!(
                            "new_row.{column}: a {} cannot be used; write text, a whole number, true or false",
                            other.type_str()
                        );
                        return Err(self.at(self.line_of(column), problem));
                    }
                };
                Ok((ColumnName::new(column.as_str()), value))
            })
            .collect()
    }

    fn policy(&self, raw: &Spanned<String>) -> Result<Policy, MappingError> {
        match raw.get_ref().as_str() {
            "ask" => Ok(Policy::Ask),
            "left" => Ok(Policy::Take(Side::Left)),
            "right" => Ok(Policy::Take(Side::Right)),
            "newer" => Ok(Policy::Newer),
            other => Err(self.choice("conflict policy", other, "ask, left, right or newer", raw)),
        }
    }

    fn drift(&self, raw: &Spanned<String>) -> Result<Drift, MappingError> {
        match raw.get_ref().as_str() {
            "revert" => Ok(Drift::Revert),
            "keep" => Ok(Drift::Keep),
            "report" => Ok(Drift::Report),
            other => Err(self.choice("drift policy", other, "revert, keep or report", raw)),
        }
    }

    fn deletion(&self, raw: &Spanned<String>) -> Result<DeletionPolicy, MappingError> {
        match raw.get_ref().as_str() {
            "ignore" => Ok(DeletionPolicy::Ignore),
            "delete" => Ok(DeletionPolicy::Delete),
            "uncouple" => Ok(DeletionPolicy::Uncouple),
            "ask" => Ok(DeletionPolicy::Ask),
            "restore" => Ok(DeletionPolicy::Restore),
            other => {
                let choices = "ignore, ask, delete, uncouple or restore";
                Err(self.choice("deletion policy", other, choices, raw))
            }
        }
    }

    fn choice<T>(&self, what: &str, found: &str, choices: &str, place: &Spanned<T>) -> MappingError {
        let problem = format!("\"{found}\" is no {what}; write {choices}");
        self.at(self.line(place.span().start), problem)
    }

    fn at(&self, line: usize, problem: String) -> MappingError {
        MappingError::At { file: self.file.to_owned(), line, problem }
    }

    fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
    }

    fn line_of(&self, word: &str) -> usize {
        self.line(self.text.find(word).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
