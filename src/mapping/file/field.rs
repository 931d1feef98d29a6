//! Field pairs of a mapping file.

use toml::Spanned;

use crate::mapping::definition::{Direction, Drift, End, Field, FieldKind, Lookup, Policy, Unresolved};
use crate::mapping::transform::{self, Law, Transform};
use crate::model::{ColumnName, FieldId, MappingName, Pair, Side, ValueDisplay};

use super::raw::{RawEnd, RawField, RawNames, RawSteps};
use super::{MappingError, Reader};

impl Reader<'_> {
    pub(super) fn field(&self, raw: Spanned<RawField>) -> Result<Field, MappingError> {
        let start = raw.span().start;
        let raw = raw.into_inner();
        let direction = self.direction(&raw.direction)?;
        let kind = self.kind(&raw, start)?;
        self.fits_by(&raw)?;
        let field = Field {
            id: FieldId::new(raw.id.as_str()),
            ends: Pair::new(self.end(&raw, Side::Left, start)?, self.end(&raw, Side::Right, start)?),
            steps: Pair::new(
                self.steps(raw.left_transform.as_ref())?,
                self.steps(raw.right_transform.as_ref())?,
            ),
            normal: self.steps(raw.transform.as_ref())?,
            direction,
            kind,
            group: raw.group.as_ref().map(|group| group.get_ref().clone()),
            conflict: self.own_conflict(&raw, direction)?,
            drift: self.own_drift(&raw, direction)?,
            on_create: self.on_create(&raw, direction)?,
            optional: raw.optional,
            not_null: self.not_null(&raw, direction)?,
            rate_of: raw.rate_of.as_ref().map(|code| FieldId::new(code.get_ref().as_str())),
        };
        self.fits_direction(&field, &raw, start)?;
        Ok(field)
    }

    fn on_create(&self, raw: &RawField, direction: Direction) -> Result<Pair<bool>, MappingError> {
        let Some(word) = &raw.on_create else {
            let is_once = direction == Direction::CreateOnly;
            return Ok(Pair::from_fn(|side| is_once || direction.flows_to(side)));
        };
        match word.get_ref().as_str() {
            "left" => Ok(Pair::new(true, direction.flows_to(Side::Right))),
            "right" => Ok(Pair::new(direction.flows_to(Side::Left), true)),
            "both" => Ok(Pair::new(true, true)),
            other => Err(self.choice("on_create", other, "left, right or both", word)),
        }
    }

    fn own_conflict(&self, raw: &RawField, direction: Direction) -> Result<Option<Policy>, MappingError> {
        let Some(word) = &raw.conflict else { return Ok(None) };
        let policy = self.policy(word)?;
        if direction == Direction::Both {
            return Ok(Some(policy));
        }
        let problem =
            format!("field {} can have no `conflict`: edits collide only where the direction is <->", raw.id);
        Err(self.text.at_value(word, problem))
    }

    fn own_drift(&self, raw: &RawField, direction: Direction) -> Result<Option<Drift>, MappingError> {
        let Some(word) = &raw.drift else { return Ok(None) };
        let drift = self.drift(word)?;
        if direction.owner().is_some() {
            return Ok(Some(drift));
        }
        let problem = format!(
            "field {} can have no `drift`: no side owns it; one does with the direction ->, <-, left unless blank or right \
             unless blank",
            raw.id
        );
        Err(self.text.at_value(word, problem))
    }

    fn not_null(&self, raw: &RawField, direction: Direction) -> Result<bool, MappingError> {
        let Some(wish) = raw.not_null.as_ref().filter(|wish| *wish.get_ref()) else { return Ok(false) };
        let is_owned = matches!(direction, Direction::ToLeft | Direction::ToRight);
        let problem = match &raw.group {
            _ if !is_owned => "only where the direction is -> or <- is it clear whose blank says nothing",
            Some(_) => "a group merges as one; take it out of the group",
            None => return Ok(true),
        };
        Err(self.text.at_value(wish, format!("field {} cannot be `not_null`: {problem}", raw.id)))
    }

    /// Reads what the field is on one side: a column, several that are joined, or a constant.
    fn end(&self, raw: &RawField, side: Side, start: usize) -> Result<End, MappingError> {
        let (column, constant) = match side {
            Side::Left => (&raw.left, &raw.left_value),
            Side::Right => (&raw.right, &raw.right_value),
        };
        match (column, constant) {
            (Some(column), None) => match column.get_ref() {
                RawEnd::One(name) => Ok(End::Column(ColumnName::new(name.as_str()))),
                RawEnd::Several(names) if names.len() < 2 => {
                    let problem = format!("field {}: write one column as text, several as a list", raw.id);
                    Err(self.text.at_value(column, problem))
                }
                RawEnd::Several(names) if raw.kind.get_ref() == "lookup" => {
                    Ok(End::FirstOf(names.iter().map(|name| ColumnName::new(name.as_str())).collect()))
                }
                RawEnd::Several(names) => {
                    let columns = names.iter().map(|name| ColumnName::new(name.as_str())).collect();
                    let separator =
                        raw.separator.as_ref().map_or(" ", |separator| separator.get_ref().as_str());
                    if separator.is_empty() {
                        let problem = format!("field {}: an empty `separator` tells no parts apart", raw.id);
                        return Err(self
                            .text
                            .at(raw.separator.as_ref().map_or(start, |s| s.span().start), problem));
                    }
                    Ok(End::Joined { columns, separator: separator.to_owned() })
                }
            },
            (None, Some(value)) => {
                let value = transform::literal(value)
                    .map_err(|problem| self.text.at(start, format!("field {}: {problem}", raw.id)))?;
                Ok(End::Constant(value))
            }
            (Some(_), Some(_)) => {
                let problem = format!("field {} has both `{side}` and `{side}_value`; keep one", raw.id);
                Err(self.text.at(start, problem))
            }
            (None, None) => {
                let problem = format!(
                    "field {} lacks `{side}`: name the column of the {side} table, or give a constant as `{side}_value`",
                    raw.id
                );
                Err(self.text.at(start, problem))
            }
        }
    }

    fn steps(&self, raw: Option<&Spanned<RawSteps>>) -> Result<Vec<Transform>, MappingError> {
        let Some(raw) = raw else { return Ok(Vec::new()) };
        let steps = match raw.get_ref() {
            RawSteps::Legacy(json) => transform::parse_legacy(json),
            RawSteps::List(steps) => steps.iter().map(transform::parse).collect(),
        };
        steps.map_err(|problem| self.text.at_value(raw, problem))
    }

    /// Checks that the field's steps can be taken in the directions in which it flows (I31).
    fn fits_direction(&self, field: &Field, raw: &RawField, start: usize) -> Result<(), MappingError> {
        let place =
            |steps: &Option<Spanned<RawSteps>>| steps.as_ref().map_or(start, |steps| steps.span().start);
        for side in Side::BOTH {
            let is_written = field.direction.flows_to(side) || field.on_create[side];
            if !is_written {
                continue;
            }
            let steps = match side {
                Side::Left => &raw.left_transform,
                Side::Right => &raw.right_transform,
            };
            let what = match &field.ends[side] {
                End::Constant(_) => Some("which is a constant"),
                End::FirstOf(_) => Some("where nothing says which of its columns is meant"),
                End::Column(_) | End::Joined { .. } => None,
            };
            if let Some(what) = what {
                let problem = format!("field {} flows to the {side} side, {what}", field.id);
                return Err(self.text.at(start, problem));
            }
            if let Some(step) = field.steps[side].iter().find(|step| step.law() == Law::NormalForm) {
                let problem = format!(
                    "field {}: `{}` has no way back, but the field is written on the {side} side; move it to `transform`, \
                     which says what counts as equal, or give the field a direction that only reads that side",
                    field.id,
                    step.word()
                );
                return Err(self.text.at(place(steps), problem));
            }
            for step in &field.steps[side] {
                if let Transform::ValueMap(map) = step
                    && let Some([first, second]) = map.ambiguous()
                {
                    let problem = format!(
                        "field {}: {first} and {second} mean the same, so there is no way back to the {side} side; remove one, \
                         or give the field a direction that only reads that side",
                        field.id,
                        first = ValueDisplay(first),
                        second = ValueDisplay(second),
                    );
                    return Err(self.text.at(place(steps), problem));
                }
            }
        }
        if let Some(step) = field.normal.iter().find(|step| step.law() == Law::BothWays) {
            let problem = format!(
                "field {}: `{}` says what a column's values mean; put it into `left_transform` or `right_transform`",
                field.id,
                step.word()
            );
            return Err(self.text.at(place(&raw.transform), problem));
        }
        Ok(())
    }

    /// Checks that fields of one group can merge as one.
    pub(super) fn fits_group(
        &self,
        field: &Field,
        group: &Spanned<String>,
        earlier: &[Field],
        drift: Drift,
    ) -> Result<(), MappingError> {
        let name = group.get_ref();
        if !field.is_compared() {
            let problem = format!(
                "field {} can be in no group: with this direction it is never merged, and a group merges as one",
                field.id
            );
            return Err(self.text.at_value(group, problem));
        }
        let Some(first) = earlier.iter().find(|other| other.group.as_ref() == Some(name)) else {
            return Ok(());
        };
        let problem = |what: &str| {
            let (this, that) = (&field.id, &first.id);
            let problem = format!(
                "fields {that} and {this} of group \"{name}\" differ in `{what}`; a group merges as one, so give both the same"
            );
            Err(self.text.at_value(group, problem))
        };
        if field.direction != first.direction {
            return problem("direction");
        }
        if field.drift.unwrap_or(drift) != first.drift.unwrap_or(drift) {
            return problem("drift");
        }
        Ok(())
    }

    fn lookup(&self, raw: &RawField, names: &[String]) -> Result<FieldKind, MappingError> {
        let unresolved = match &raw.unresolved {
            None => Unresolved::Row,
            Some(word) => match (word.get_ref().as_str(), &raw.group) {
                ("row", _) => Unresolved::Row,
                ("blank", _) => Unresolved::Blank,
                ("field", None) => Unresolved::Field,
                ("field", Some(_)) => {
                    let problem = format!(
                        "field {} cannot wait alone: a group merges as one; write row or blank, or take it out of the group",
                        raw.id
                    );
                    return Err(self.text.at_value(word, problem));
                }
                (other, _) => return Err(self.choice("unresolved", other, "row, field or blank", word)),
            },
        };
        Ok(FieldKind::Lookup(Lookup {
            mappings: names.iter().map(|name| MappingName::new(name.as_str())).collect(),
            by: Pair::from_fn(|side| raw_by(raw, side).map(|by| FieldId::new(by.get_ref().as_str()))),
            blank_is_base_currency: raw.blank_is_base_currency,
            unresolved,
        }))
    }

    /// Checks that only lookups of one column say by which value they point.
    fn fits_by(&self, raw: &RawField) -> Result<(), MappingError> {
        for side in Side::BOTH {
            let Some(by) = raw_by(raw, side) else { continue };
            let column = match side {
                Side::Left => &raw.left,
                Side::Right => &raw.right,
            };
            let is_several = column.as_ref().is_some_and(|raw| matches!(raw.get_ref(), RawEnd::Several(_)));
            let problem = match raw.kind.get_ref().as_str() {
                "lookup" if is_several => "it names several columns there",
                "lookup" => continue,
                _ => "only a field of type \"lookup\" points to rows",
            };
            return Err(self
                .text
                .at_value(by, format!("field {} can have no `{side}_by`: {problem}", raw.id)));
        }
        Ok(())
    }

    fn kind(&self, raw: &RawField, start: usize) -> Result<FieldKind, MappingError> {
        let kind = match raw.kind.get_ref().as_str() {
            "text" => FieldKind::Text,
            "code" => FieldKind::Code,
            "number" => FieldKind::Number { scale: raw.scale, zero_is_blank: raw.zero_is_blank },
            "flag" => FieldKind::Flag,
            "date" => FieldKind::Date,
            "instant" => FieldKind::Instant,
            "lookup" => match &raw.lookup {
                Some(RawNames::One(name)) => self.lookup(raw, std::slice::from_ref(name))?,
                Some(RawNames::Several(names)) if !names.is_empty() => self.lookup(raw, names)?,
                Some(RawNames::Several(_)) | None => {
                    let problem = format!(
                        "field {} has type \"lookup\" but no `lookup`: name the mapping that couples the rows it points to",
                        raw.id
                    );
                    return Err(self.text.at(start, problem));
                }
            },
            other => {
                let choices = "text, code, number, flag, date, instant or lookup";
                return Err(self.choice("type", other, choices, &raw.kind));
            }
        };
        Ok(kind)
    }
}

const fn raw_by(raw: &RawField, side: Side) -> Option<&Spanned<String>> {
    match side {
        Side::Left => raw.left_by.as_ref(),
        Side::Right => raw.right_by.as_ref(),
    }
}
