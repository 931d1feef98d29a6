//! One way of a task as the mapping that it stands for.

use std::collections::BTreeMap;

use toml::Spanned;

use crate::mapping::definition::{Field, Mapping};
use crate::mapping::file::raw::{RawCreate, RawEnd, RawField, RawMapping, RawNames, RawSide};
use crate::mapping::file::{MappingError, Reader};
use crate::mapping::filter::{Filter, Operator};
use crate::mapping::nearest::or_nearest;
use crate::model::{ColumnName, ConnectionName, MappingName, Pair, Side, Value};

use super::raw::{RawProject, RawTask, RawTaskField};
use super::{Place, connection, table};

/// The names of a project's mappings.
pub(super) struct Names<'a> {
    project: &'a str,
    ways: BTreeMap<&'a str, Vec<Pair<Place>>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(project: &'a str) -> Self {
        Self { project, ways: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, task: &'a str, ways: Vec<Pair<Place>>) {
        self.ways.insert(task, ways);
    }

    /// Returns where a task's rows go, in order.
    pub(super) fn ways(&self, task: &RawTask) -> Vec<Pair<Place>> {
        self.ways.get(task.name.get_ref().as_str()).cloned().unwrap_or_default()
    }

    /// Returns the name of a task's mapping on a way. It stays whichever other way the task goes.
    fn mapping(&self, task: &str, way: Pair<Place>) -> String {
        match way.right {
            Place::Destination => format!("{}/{task}/out", self.project),
            Place::Source | Place::Dataverse => format!("{}/{task}", self.project),
        }
    }
}

/// One way of a task.
pub(super) struct Half<'a> {
    pub(super) project: &'a RawProject,
    pub(super) task: &'a RawTask,
    pub(super) way: Pair<Place>,
    pub(super) names: &'a Names<'a>,
    /// The mapping that runs before.
    pub(super) after: Option<MappingName>,
}

impl Reader<'_> {
    /// Reads one way of a task as a mapping: its left side is where the rows come from.
    pub(super) fn mapping_of(&self, half: &Half<'_>) -> Result<Mapping, MappingError> {
        for side in Side::BOTH {
            self.filter_parses(half, half.way[side])?;
        }
        let mut fields = Vec::with_capacity(half.task.fields.len());
        for field in &half.task.fields {
            let start = field.span();
            if let Some(read) = self.field_of(half, field)? {
                fields.push(Spanned::new(start, read));
            }
        }
        let key = half.task.key.get_ref();
        if key.is_empty() {
            let problem = "`key` is empty; name the fields that rows are known by, as key = [\"number\"]";
            return Err(self.text.at_value(&half.task.key, problem));
        }
        let has = |id: &str| fields.iter().any(|field| field.get_ref().id == id);
        let label =
            half.task.label.as_ref().filter(|label| has(label.get_ref()) || !self.is_field(half, label));
        let raw = RawMapping {
            name: half.names.mapping(half.task.name.get_ref(), half.way),
            label: label.unwrap_or(&key[0]).clone(),
            depends_on: half.after.iter().map(ToString::to_string).collect(),
            apart_from: Vec::new(),
            needs_companion: false,
            every: Some(half.project.every.clone()),
            sleep: half.project.sleep.clone(),
            left: side_of(half, Side::Left),
            right: side_of(half, Side::Right),
            match_by: Spanned::new(
                half.task.key.span(),
                vec![key.iter().map(|field| field.get_ref().clone()).collect()],
            ),
            key: key.clone(),
            first_contact: word("left"),
            conflict: word("left"),
            newer_by_secs: 0,
            drift: word("revert"),
            deletion: word("ignore"),
            unguarded: half.task.unguarded,
            fields,
        };
        let nowhere = Pair::from_fn(|_| ConnectionName::new(""));
        let mut mapping = self.mapping(raw, &nowhere).map_err(|error| in_own_words(error, half.way))?;
        mapping.overwrites = true;
        if half.way.left == Place::Dataverse && half.task.source.is_some() {
            mapping.follows.extend(half.after.clone());
        }
        Ok(mapping)
    }

    /// Returns whether a label names a field of the task, if not of this way.
    fn is_field(&self, half: &Half<'_>, label: &Spanned<String>) -> bool {
        half.task.fields.iter().any(|field| field.get_ref().id.get_ref() == label.get_ref())
    }

    fn filter_parses(&self, half: &Half<'_>, place: Place) -> Result<(), MappingError> {
        let filter = table(half.task, place).and_then(|table| table.get_ref().filter.as_ref());
        let Some(filter) = filter else { return Ok(()) };
        let parsed: Result<Filter, _> = filter.get_ref().parse();
        parsed.map(drop).map_err(|error| {
            let problem = format!("the {} filter does not parse: {error}", place.word());
            self.text.at_value(filter, problem)
        })
    }

    /// Returns a field as this way has it; nothing where it is of the task's other way alone.
    fn field_of(
        &self,
        half: &Half<'_>,
        field: &Spanned<RawTaskField>,
    ) -> Result<Option<RawField>, MappingError> {
        let raw = field.get_ref();
        let id = raw.id.get_ref();
        let has = |place: Place, is_first: bool| match place {
            Place::Source => raw.source.is_some() || is_first && raw.source_value.is_some(),
            Place::Dataverse => raw.dataverse.is_some() || is_first && raw.dataverse_value.is_some(),
            Place::Destination => raw.destination.is_some(),
        };
        let goes = |way: &Pair<Place>| has(way.left, true) && has(way.right, false);
        let is_key = half.task.key.get_ref().iter().any(|key| key.get_ref() == id);
        if !goes(&half.way) {
            let ways = half.names.ways(half.task);
            if !is_key && ways.iter().any(goes) {
                return Ok(None);
            }
            let lacking = if has(half.way.left, true) { half.way.right } else { half.way.left };
            let problem = format!("field {id} lacks `{0}`: name the column of the {0} table", lacking.word());
            return Err(self.text.at_value(&raw.id, problem));
        }
        let direction = if raw.create_only { "create only" } else { "->" };
        let lookup = raw.lookup.as_ref().map(|names| self.lookup_of(half, raw, names)).transpose()?;
        Ok(Some(RawField {
            id: id.clone(),
            left: end(raw, half.way.left),
            right: end(raw, half.way.right),
            left_value: match half.way.left {
                Place::Source => raw.source_value.clone(),
                Place::Dataverse => raw.dataverse_value.clone(),
                Place::Destination => None,
            },
            right_value: None,
            separator: raw.separator.clone(),
            left_transform: steps(raw, half.way.left),
            right_transform: steps(raw, half.way.right),
            transform: raw.transform.clone(),
            direction: Spanned::new(raw.id.span(), direction.to_owned()),
            enabled: raw.enabled,
            optional: raw.optional,
            not_null: raw.not_null.clone(),
            rate_of: None,
            kind: raw.kind.clone(),
            scale: raw.scale,
            zero_is_blank: raw.zero_is_blank,
            lookup,
            left_by: None,
            right_by: None,
            unresolved: raw.unresolved.clone(),
            blank_is_base_currency: false,
            group: None,
            conflict: None,
            drift: None,
            on_create: raw.create_only.then(|| word("right")),
        }))
    }

    /// Returns the mappings that couple what a field points to: those of tasks of this project on the same way, or any other.
    fn lookup_of(
        &self,
        half: &Half<'_>,
        field: &RawTaskField,
        names: &RawNames,
    ) -> Result<RawNames, MappingError> {
        let names = match names {
            RawNames::One(name) => std::slice::from_ref(name),
            RawNames::Several(names) => names,
        };
        let mapping = |name: &String| {
            let Some(ways) = half.names.ways.get(name.as_str()) else {
                // Not of this project: of `mappings`, if it is one.
                return Ok(name.clone());
            };
            if ways.contains(&half.way) {
                return Ok(half.names.mapping(name, half.way));
            }
            let known = half.names.ways.iter().filter(|(_, ways)| ways.contains(&half.way));
            let problem = format!(
                "field {} points to rows of task {name}, which has no way from {} to {}",
                field.id.get_ref(),
                half.way.left.word(),
                half.way.right.word()
            );
            Err(self.text.at_value(&field.id, or_nearest(problem, name, known.map(|(name, _)| *name))))
        };
        names.iter().map(mapping).collect::<Result<_, _>>().map(RawNames::Several)
    }
}

fn side_of(half: &Half<'_>, side: Side) -> RawSide {
    let place = half.way[side];
    let table = table(half.task, place).map(Spanned::get_ref);
    RawSide {
        connection: connection(half.project, place).map(str::to_owned),
        table: table.map(|table| table.table.clone()).unwrap_or_default(),
        filter: table.and_then(|table| table.filter.clone()),
        made_with: Vec::new(),
        create: Spanned::new(0..0, RawCreate::Always(side == Side::Right)),
        new_row: table.map(|table| table.new_row.clone()).unwrap_or_default(),
        company: None,
        templates: Vec::new(),
    }
}

fn end(raw: &RawTaskField, place: Place) -> Option<Spanned<RawEnd>> {
    match place {
        Place::Source => raw.source.clone(),
        Place::Dataverse => raw.dataverse.clone(),
        Place::Destination => raw.destination.clone(),
    }
}

fn steps(raw: &RawTaskField, place: Place) -> Option<Spanned<crate::mapping::file::raw::RawSteps>> {
    match place {
        Place::Source => raw.source_transform.clone(),
        Place::Dataverse => raw.dataverse_transform.clone(),
        Place::Destination => raw.destination_transform.clone(),
    }
}

fn word(text: &str) -> Spanned<String> {
    Spanned::new(0..0, text.to_owned())
}

/// Limits a mapping to the rows of one company, on the sides whose rows belong to companies, and gives it to new rows.
pub(super) fn keep_to_company(mapping: &mut Mapping, column: &str, company: &str, belongs: Pair<bool>) {
    let column = ColumnName::new(column);
    let is_sent = |field: &Field| field.columns(Side::Right).contains(&column);
    let is_filled = mapping.fields.iter().any(is_sent)
        || mapping.new_row.right.iter().any(|(filled, _)| *filled == column);
    for side in Side::BOTH.into_iter().filter(|side| belongs[*side]) {
        let own = Filter::Compare(column.clone(), Operator::Equal, Value::text(company));
        mapping.filters[side] = Some(match mapping.filters[side].take() {
            Some(filter) => Filter::And(Box::new(own), Box::new(filter)),
            None => own,
        });
    }
    if belongs.right && !is_filled {
        mapping.new_row.right.push((column, Value::text(company)));
    }
    mapping.across_companies = belongs;
}

/// Says what is wrong with the words of project files, which know no left and right.
pub(super) fn in_own_words(error: MappingError, way: Pair<Place>) -> MappingError {
    match error {
        MappingError::At { file, line, column, problem } => {
            let problem = Side::BOTH
                .into_iter()
                .fold(problem, |text, side| replace_word(&text, side.word(), way[side].word()));
            MappingError::At { file, line, column, problem }
        }
        error @ MappingError::Filter { .. } => error,
    }
}

/// Replaces a word, alone or before an underscore.
fn replace_word(text: &str, word: &str, by: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        let is_whole = !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        replaced.push_str(before);
        replaced.push_str(if is_whole { by } else { word });
        rest = after;
    }
    replaced + rest
}
