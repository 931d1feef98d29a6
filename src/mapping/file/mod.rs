//! Reading a mapping file: TOML to [`Mapping`], with errors that point into the text.

mod field;
mod place;
mod project;
mod rates;
mod raw;
mod words;

use std::time::Duration;

use toml::Spanned;

use crate::model::{ColumnName, ConnectionName, FieldId, MappingName, Pair, Side, TableName, Value};

use super::definition::{Field, Mapping};
use super::nearest::or_nearest;
use super::transform;
use super::{Filter, FilterError, Template};
use place::Text;
pub use project::parse_project;
use rates::rates;
use raw::{RawCreate, RawMapping, RawTemplate};

/// Why a mapping file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    #[error("{file}, line {line}, column {column}: {problem}")]
    At { file: String, line: usize, column: usize, problem: String },
    #[error("{file}, line {line}, column {column}: the {side} filter does not parse")]
    Filter {
        file: String,
        line: usize,
        column: usize,
        side: Side,
        #[source]
        source: FilterError,
    },
}

/// Parses a mapping file. `file` names it in errors; `connections` are the names used where the file names none.
pub fn parse(file: &str, text: &str, connections: &Pair<ConnectionName>) -> Result<Mapping, MappingError> {
    let text = Text { file, text };
    let raw: RawMapping = toml::from_str(text.text).map_err(|error| text.toml_error(&error))?;
    Reader { text }.mapping(raw, connections)
}

struct Reader<'a> {
    text: Text<'a>,
}

impl Reader<'_> {
    fn mapping(&self, raw: RawMapping, connections: &Pair<ConnectionName>) -> Result<Mapping, MappingError> {
        let drift = self.drift(&raw.drift)?;
        let mut fields: Vec<Field> = Vec::with_capacity(raw.fields.len());
        let rates = rates(&raw.fields);
        for raw in raw.fields {
            let (group, is_enabled) = (raw.get_ref().group.clone(), raw.get_ref().enabled);
            let field = self.field(raw)?;
            // One that is switched off has to be right all the same.
            if !is_enabled {
                continue;
            }
            if let Some(group) = group {
                self.fits_group(&field, &group, &fields, drift)?;
            }
            fields.push(field);
        }
        for (rate, code) in &rates {
            self.is_rate(&fields, rate, code)?;
        }
        let key = self.key(&raw.key, &fields)?;
        let match_by = self.match_by(&raw.match_by, &fields)?;
        let label = FieldId::new(raw.label.get_ref().as_str());
        self.known(&fields, &label, &raw.label)?;
        let told_by =
            |id: &FieldId| label == *id || match_by.iter().flatten().chain(&key).any(|key| key == id);
        if let Some(field) = fields.iter().find(|field| field.optional && told_by(&field.id)) {
            let problem = format!("field {} cannot be optional: rows are told apart by it", field.id);
            return Err(self.text.at(self.text.find(&format!("\"{}\"", field.id)), problem));
        }
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
            create: Pair::from_fn(|side| {
                !matches!(raw_sides[side].create.get_ref(), RawCreate::Always(false))
            }),
            create_from: Pair::new(
                self.create_from(Side::Left, &raw_sides.left.create)?,
                self.create_from(Side::Right, &raw_sides.right.create)?,
            ),
            new_row: Pair::new(
                self.new_row("new_row", &raw_sides.left.new_row)?,
                self.new_row("new_row", &raw_sides.right.new_row)?,
            ),
            templates: Pair::new(
                self.templates(Side::Left, &raw_sides.left.templates)?,
                self.templates(Side::Right, &raw_sides.right.templates)?,
            ),
            fields,
            left_out: Vec::new(),
            match_by,
            key,
            label,
            first_contact: self.policy(&raw.first_contact)?,
            overwrites: false,
            conflict: self.policy(&raw.conflict)?,
            newer_by: Duration::from_secs(raw.newer_by_secs.into()),
            drift,
            deletion: self.deletion(&raw.deletion)?,
            unguarded: raw.unguarded,
            schedule: self.schedule(raw.every.as_ref(), raw.sleep.as_ref())?,
            depends_on: raw.depends_on.into_iter().map(MappingName::new).collect(),
            made_with: Pair::from_fn(|side| {
                raw_sides[side].made_with.iter().map(|table| TableName::new(table.as_str())).collect()
            }),
            follows: Vec::new(),
            names: Pair::default(),
            across_companies: Pair::default(),
            needs_companion: raw.needs_companion,
            company: Pair::new(
                self.company(raw_sides.left.company.as_ref())?,
                self.company(raw_sides.right.company.as_ref())?,
            ),
            has_several_companies: false,
            apart_from: raw.apart_from.into_iter().map(MappingName::new).collect(),
        })
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

    /// Reads the business key. Of rows that are coupled only what is compared is remembered.
    fn key(&self, raw: &[Spanned<String>], fields: &[Field]) -> Result<Vec<FieldId>, MappingError> {
        let read = |word: &Spanned<String>| {
            let id = FieldId::new(word.get_ref().as_str());
            self.known(fields, &id, word)?;
            if fields.iter().any(|field| field.id == id && !field.is_compared()) {
                let problem = format!(
                    "field {id} of `key` is not compared; give it a direction in which its value flows: ->, <- or <->"
                );
                return Err(self.text.at_value(word, problem));
            }
            Ok(id)
        };
        raw.iter().map(read).collect()
    }

    fn known<T>(&self, fields: &[Field], id: &FieldId, place: &Spanned<T>) -> Result<(), MappingError> {
        if fields.iter().any(|field| &field.id == id) {
            return Ok(());
        }
        let names: Vec<_> = fields.iter().map(|field| field.id.as_str()).collect();
        let problem = format!("there is no field \"{id}\" in use; the fields are {}", names.join(", "));
        let problem = or_nearest(problem, id.as_str(), names);
        Err(self.text.at_value(place, problem))
    }

    fn filter(&self, side: Side, raw: Option<&Spanned<String>>) -> Result<Option<Filter>, MappingError> {
        let Some(raw) = raw else { return Ok(None) };
        raw.get_ref().parse().map(Some).map_err(|source| {
            let (line, column) = self.text.line_and_column(raw.span().start);
            MappingError::Filter { file: self.text.file.to_owned(), line, column, side, source }
        })
    }

    fn create_from(&self, on: Side, raw: &Spanned<RawCreate>) -> Result<Option<Filter>, MappingError> {
        match raw.get_ref() {
            RawCreate::Always(_) => Ok(None),
            RawCreate::From(filter) => {
                self.filter(on.other(), Some(&Spanned::new(raw.span(), filter.clone())))
            }
        }
    }

    fn templates(&self, on: Side, raw: &[RawTemplate]) -> Result<Vec<Template>, MappingError> {
        let template = |raw: &RawTemplate| {
            let when = self.filter(on.other(), raw.when.as_ref())?;
            Ok(Template { when, set: self.new_row("template.set", &raw.set)? })
        };
        raw.iter().map(template).collect()
    }

    fn new_row(&self, key: &str, raw: &toml::Table) -> Result<Vec<(ColumnName, Value)>, MappingError> {
        raw.iter()
            .map(|(column, value)| {
                let value = transform::literal(value).map_err(|problem| {
                    self.text.at(self.text.find(column), format!("{key}.{column}: {problem}"))
                })?;
                Ok((ColumnName::new(column.as_str()), value))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
