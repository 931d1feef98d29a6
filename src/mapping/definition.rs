//! A mapping in the form the program works with.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::{ColumnName, ConnectionName, FieldId, MappingName, Pair, Row, Side, TableName, Value};

use super::{CompanyRows, Filter, MissingColumn, Schedule, Template, Transform};

/// How a left and a right table correspond.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub name: MappingName,
    pub connections: Pair<ConnectionName>,
    pub tables: Pair<TableName>,
    /// Rows outside are not the mapping's business.
    pub filters: Pair<Option<Filter>>,
    /// Whether rows without a partner are created on that side.
    pub create: Pair<bool>,
    /// The rows of the other side from which they are; nothing where from all.
    pub create_from: Pair<Option<Filter>>,
    /// Columns set on rows that Tandem creates on that side, beside the mapped ones.
    pub new_row: Pair<Vec<(ColumnName, Value)>>,
    /// More of them for some rows, by what they are made from; the first that takes that row counts.
    pub templates: Pair<Vec<Template>>,
    /// In the order in which a write sends them.
    pub fields: Vec<Field>,
    /// Optional fields that cannot be kept here.
    pub left_out: Vec<LeftOut>,
    /// Groups of fields that identify a row, the most reliable first.
    pub match_by: Vec<Vec<FieldId>>,
    /// The business key: a row of which another would be made must have all of it, and share it with no other.
    pub key: Vec<FieldId>,
    /// The field people know a row by.
    pub label: FieldId,
    /// What to do where two rows differ when they are coupled.
    pub first_contact: Policy,
    /// At first contact, too, a blank of a field's owner goes over what the other side has.
    pub overwrites: bool,
    /// What to do where both sides changed one field, unless the field says otherwise.
    pub conflict: Policy,
    /// By how much one row's stamp must be later than the other's to count as newer: two clocks never agree.
    pub newer_by: Duration,
    /// What to do where a field was changed on the side that does not own it, unless the field says otherwise.
    pub drift: Drift,
    pub deletion: DeletionPolicy,
    /// Rows without versions are written too: each is read and compared right before its write.
    pub unguarded: bool,
    /// When the agent passes it by itself.
    pub schedule: Schedule,
    /// Mappings that run first.
    pub depends_on: Vec<MappingName>,
    /// Mappings on the same tables whose rows are others, although no filter says so.
    pub apart_from: Vec<MappingName>,
    /// Business Central without Tandem's companion does not have what it maps.
    pub needs_companion: bool,
    /// What the rows mean to companies that share a table.
    pub company: Pair<Option<CompanyRows>>,
    /// Several companies are kept in step, and share master data.
    pub has_several_companies: bool,
    /// Tables of the same system whose new rows make it add rows to this one by itself.
    pub made_with: Pair<Vec<TableName>>,
    /// Mappings whose writes to a table of this one it is to see in the same run.
    pub follows: Vec<MappingName>,
    /// Fields by whose values rows of other mappings point to this one's on that side, and those mappings.
    pub names: Pair<BTreeMap<FieldId, BTreeSet<MappingName>>>,
    /// Whether rows of several companies are read on that side, and told apart by the filter.
    pub across_companies: Pair<bool>,
}

/// An optional field that is not kept, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    pub field: FieldId,
    pub why: String,
}

/// One field pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub id: FieldId,
    pub ends: Pair<End>,
    /// From each side's column to the common form, and back when it is written.
    pub steps: Pair<Vec<Transform>>,
    /// Taken after either side is read: what counts as equal.
    pub normal: Vec<Transform>,
    pub direction: Direction,
    /// What kind of value the common form is.
    pub kind: FieldKind,
    /// Fields of one group merge as one.
    pub group: Option<String>,
    /// Overrides the mapping's policy.
    pub conflict: Option<Policy>,
    /// Overrides the mapping's drift policy.
    pub drift: Option<Drift>,
    /// Sent when a row is created on that side, whatever the direction.
    pub on_create: Pair<bool>,
    /// Left out where a table has no such column, or no mapping in use couples what it points to.
    pub optional: bool,
    /// A blank of its owner says nothing: it goes nowhere.
    pub not_null: bool,
    /// It is the exchange rate of the currency with the code in that field: on the left for one unit of the local currency, on
    /// the right for one of the base currency.
    pub rate_of: Option<FieldId>,
}

/// What a field is on one side.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    Column(ColumnName),
    /// Of several columns that point to rows, the one that is not blank. It is only read.
    FirstOf(Vec<ColumnName>),
    /// Texts of several columns with a separator between those that are not blank. Written, the last column gets the last
    /// part, and so on; the first gets what is left.
    Joined {
        columns: Vec<ColumnName>,
        separator: String,
    },
    /// No column, but always that value.
    Constant(Value),
}

impl End {
    /// Returns its columns.
    #[must_use]
    pub fn columns(&self) -> &[ColumnName] {
        match self {
            Self::Column(column) => std::slice::from_ref(column),
            Self::FirstOf(columns) | Self::Joined { columns, .. } => columns,
            Self::Constant(_) => &[],
        }
    }
}

impl Field {
    /// Returns its columns on a side: one, or several that are joined, or none where it is a constant.
    #[must_use]
    pub fn columns(&self, side: Side) -> &[ColumnName] {
        self.ends[side].columns()
    }

    /// Returns its column on a side, if it has exactly one.
    #[must_use]
    pub fn column(&self, side: Side) -> Option<&ColumnName> {
        match &self.ends[side] {
            End::Column(column) => Some(column),
            End::FirstOf(_) | End::Joined { .. } | End::Constant(_) => None,
        }
    }

    /// Returns how it points to another row, if it does.
    #[must_use]
    pub const fn lookup(&self) -> Option<&Lookup> {
        match &self.kind {
            FieldKind::Lookup(lookup) => Some(lookup),
            _ => None,
        }
    }

    /// Returns whether that value cannot be written yet, and holds up nothing but itself.
    #[must_use]
    pub fn waits_alone(&self, value: &Value) -> bool {
        let may_wait = self.lookup().is_some_and(|lookup| lookup.unresolved == Unresolved::Field);
        may_wait && matches!(value, Value::Uncoupled(..))
    }

    /// Returns whether it points to another row.
    #[must_use]
    pub const fn is_lookup(&self) -> bool {
        self.lookup().is_some()
    }

    /// Returns whether its value is sent when a deleted row is created again on that side: there the other row may hold the
    /// last copy.
    #[must_use]
    pub fn is_sent_on_restore(&self, on: Side) -> bool {
        self.on_create[on] || self.direction.flows_to(on.other()) || self.direction == Direction::CreateOnly
    }

    /// Returns whether rows that exist are held against each other by this field.
    #[must_use]
    pub const fn is_compared(&self) -> bool {
        !matches!(self.direction, Direction::Match | Direction::CreateOnly)
    }
}

/// Which way a field's values flow, and so who owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// `->`: the left side owns the field.
    ToRight,
    /// `<-`: the right side owns the field.
    ToLeft,
    /// `<->`: an edit on either side flows to the other.
    Both,
    /// `left unless blank`, `right unless blank`: that side owns the field while it has a value; while it has none it takes
    /// the other's.
    UnlessBlank(Side),
    /// `create only`: sent when a row is created, on either side, and never afterwards.
    CreateOnly,
    /// `match`: read to find partners, never written to a row that exists.
    Match,
}

impl Direction {
    /// Returns whether an edit may flow to that side.
    #[must_use]
    pub const fn flows_to(self, side: Side) -> bool {
        matches!(
            (self, side),
            (Self::Both | Self::UnlessBlank(_), _)
                | (Self::ToRight, Side::Right)
                | (Self::ToLeft, Side::Left)
        )
    }

    /// Returns the side that owns the field, if one does.
    #[must_use]
    pub const fn owner(self) -> Option<Side> {
        match self {
            Self::ToRight => Some(Side::Left),
            Self::ToLeft => Some(Side::Right),
            Self::UnlessBlank(side) => Some(side),
            Self::Both | Self::CreateOnly | Self::Match => None,
        }
    }
}

/// What kind of value a field holds, and so its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    /// Compared without case or outer blanks, kept in upper case.
    Code,
    /// `scale`: decimal places kept, rounded half to even. `zero_is_blank` where a side cannot store "none".
    Number {
        scale: Option<u32>,
        zero_is_blank: bool,
    },
    Flag,
    Date,
    Instant,
    /// A row by its id, the same on both sides: no mapping couples it.
    Row,
    Lookup(Lookup),
}

/// How a field points to a row of another table, or of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Those that may couple it: the first that does counts.
    pub mappings: Vec<MappingName>,
    /// Where a side's column does not hold the row's id: the field of those mappings whose value it holds.
    pub by: Pair<Option<FieldId>>,
    /// Blank on the left is the base currency's row on the right.
    pub blank_is_base_currency: bool,
    pub unresolved: Unresolved,
}

/// What becomes of a lookup whose target is not coupled (yet).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// The row waits.
    Row,
    /// The field waits, and the rest of the row flows: so a circle of rows that point to each other is settled in two steps.
    Field,
    /// It counts as blank.
    Blank,
}

/// Who wins where both sides differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    Ask,
    Take(Side),
    /// The row that was changed later, if that can be told.
    Newer,
}

/// What to do with a value that was put in on the side that does not own its field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Write the owner's value back.
    Revert,
    /// Leave it until the owner's value changes.
    Keep,
    /// Leave it until the owner's value changes, and list the row meanwhile.
    Report,
}

/// What a deletion on one side does to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// Leave the other row alone and say so.
    Ignore,
    /// Delete the other row too, unless it was edited.
    Delete,
    /// Forget that the two were one.
    Uncouple,
    /// Ask in the inbox.
    Ask,
    /// Create the deleted row again from the other one.
    Restore,
}

impl Mapping {
    /// Returns a field by id.
    #[must_use]
    pub fn field(&self, id: &FieldId) -> Option<&Field> {
        self.fields.iter().find(|field| &field.id == id)
    }

    /// Leaves out optional fields for which there is a reason.
    pub fn leave_out(&mut self, why: impl Fn(&Field) -> Option<String>) {
        let left_out = &mut self.left_out;
        self.fields.retain(|field| {
            let why = if field.optional { why(field) } else { None };
            left_out.extend(why.clone().map(|why| LeftOut { field: field.id.clone(), why }));
            why.is_none()
        });
    }

    /// Returns the mapping among those in use: lookups point through these alone, and optional ones that point through none of
    /// them are left out.
    #[must_use]
    pub fn among(mut self, names: &BTreeSet<MappingName>) -> Self {
        self.leave_out(|field| {
            let lookup =
                field.lookup().filter(|lookup| !lookup.mappings.iter().any(|name| names.contains(name)))?;
            let wanted: Vec<_> = lookup.mappings.iter().map(MappingName::as_str).collect();
            Some(format!("{} is not among the mappings in use", wanted.join(" or ")))
        });
        for field in &mut self.fields {
            if let FieldKind::Lookup(lookup) = &mut field.kind
                && lookup.mappings.iter().any(|name| names.contains(name))
            {
                lookup.mappings.retain(|name| names.contains(name));
            }
        }
        self
    }

    /// Returns whether each side may be written.
    #[must_use]
    pub fn writes_both_ways(&self) -> bool {
        let writes_to =
            |side| self.may_create(side) || self.fields.iter().any(|field| field.direction.flows_to(side));
        Side::BOTH.into_iter().all(writes_to)
    }

    /// Returns whether rows may be created on that side: new ones, or deleted ones again.
    #[must_use]
    pub fn may_create(&self, side: Side) -> bool {
        self.create[side] || self.deletion == DeletionPolicy::Restore
    }

    /// Returns whether rows may be deleted, by policy or by a person's answer.
    #[must_use]
    pub const fn may_delete(&self) -> bool {
        matches!(self.deletion, DeletionPolicy::Delete | DeletionPolicy::Ask)
    }

    /// Returns whether a row of the other side is one from which rows are created on that side.
    pub fn creates_from(&self, on: Side, source: &Row) -> Result<bool, MissingColumn> {
        self.create_from[on].as_ref().map_or(Ok(true), |filter| filter.accepts(source))
    }

    /// Returns what is asked of rows of a side before others are made from them.
    pub fn conditions(&self, side: Side) -> impl Iterator<Item = &Filter> {
        let templates = self.templates[side.other()].iter().filter_map(|template| template.when.as_ref());
        templates.chain(&self.create_from[side.other()])
    }

    /// Returns the columns that have to be read on one side.
    #[must_use]
    pub fn columns(&self, side: Side) -> BTreeSet<ColumnName> {
        let mut columns: BTreeSet<_> =
            self.fields.iter().flat_map(|field| field.columns(side)).cloned().collect();
        for filter in self.filters[side].iter().chain(self.conditions(side)) {
            columns.extend(filter.columns());
        }
        columns
    }

    /// Returns the fields as units that merge as one: a group, or a single field. In the mapping's order.
    #[must_use]
    pub fn units(&self) -> Vec<Vec<&Field>> {
        let mut units: Vec<Vec<&Field>> = Vec::new();
        for field in &self.fields {
            let unit = units.iter_mut().find(|unit| {
                field.group.is_some() && unit[0].group == field.group && unit[0].direction == field.direction
            });
            match unit {
                Some(unit) => unit.push(field),
                None => units.push(vec![field]),
            }
        }
        units
    }

    /// Returns the policy for two differing values of a field.
    #[must_use]
    pub fn policy(&self, field: &Field, first_contact: bool) -> Policy {
        match field.conflict {
            Some(policy) => policy,
            None if first_contact => self.first_contact,
            None => self.conflict,
        }
    }

    /// Returns what to do where a field was changed on the side that does not own it.
    #[must_use]
    pub fn drift(&self, field: &Field) -> Drift {
        field.drift.unwrap_or(self.drift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;
    use crate::model::{RowId, Value};

    /// Reads a mapping of fields with these directions, called `a`, `b` and so on, each with keys of its own.
    fn mapping(top: &str, fields: &[(&str, &str)]) -> Mapping {
        let fields = fields.iter().zip('a'..).map(|((direction, more), id)| {
            format!(
                "[[field]]\nid=\"{id}\"\nleft=\"l{id}\"\nright=\"r{id}\"\ndirection=\"{direction}\"\n{more}\n"
            )
        });
        let fields: String = fields.collect();
        let text =
            format!("name=\"M\"\nlabel=\"a\"\n{top}\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n{fields}");
        parse("M", &text, &Pair::new("l".into(), "r".into())).unwrap()
    }

    #[test]
    fn a_mapping_writes_both_ways_as_soon_as_anything_of_it_does() {
        let writes = |top: &str, direction: &str| mapping(top, &[(direction, "")]).writes_both_ways();
        assert!(!writes("", "->") && !writes("", "<-") && !writes("", "match"));
        assert!(writes("", "<->") && writes("", "left unless blank"));
        assert!(writes("deletion=\"restore\"", "->"));
        let mut creating = mapping("", &[("->", "")]);
        creating.create = Pair::new(true, false);
        assert!(creating.writes_both_ways());
        creating.create = Pair::new(false, true);
        assert!(!creating.writes_both_ways());
    }

    #[test]
    fn what_is_not_coupled_yet_waits_alone_where_its_field_may() {
        let lookup = "type=\"lookup\"\nlookup=\"N\"\n";
        let alone = format!("{lookup}unresolved=\"field\"");
        let mapping = mapping("", &[("<->", ""), ("<->", lookup), ("<->", &alone)]);
        let row = RowId::new("1");
        let values = [Value::Uncoupled(Side::Left, row.clone()), Value::Reference(row), Value::Blank];
        let waits = values
            .map(|value| mapping.fields.iter().map(|field| field.waits_alone(&value)).collect::<Vec<_>>());
        assert_eq!(waits, [vec![false, false, true], vec![false; 3], vec![false; 3]]);
    }

    #[test]
    fn rows_are_created_where_the_mapping_says_so_or_restores_them() {
        let mut mapping = mapping("", &[("->", "")]);
        mapping.create = Pair::new(false, true);
        assert_eq!(Pair::from_fn(|side| mapping.may_create(side)), Pair::new(false, true));
        mapping.deletion = DeletionPolicy::Restore;
        assert_eq!(Pair::from_fn(|side| mapping.may_create(side)), Pair::new(true, true));
    }

    #[test]
    fn rows_are_deleted_by_policy_or_by_an_answer() {
        for (deletion, expected) in
            [("ignore", false), ("delete", true), ("uncouple", false), ("ask", true), ("restore", false)]
        {
            let mapping = mapping(&format!("deletion=\"{deletion}\""), &[("->", "")]);
            assert_eq!(mapping.may_delete(), expected, "{deletion}");
        }
    }

    #[test]
    fn a_row_created_again_gets_all_that_the_other_may_be_the_last_to_hold() {
        for (direction, on_create, expected) in [
            // To the left goes back what the left side owned.
            ("->", "", Pair::new(true, true)),
            ("<-", "", Pair::new(true, true)),
            ("<->", "", Pair::new(true, true)),
            ("left unless blank", "", Pair::new(true, true)),
            ("create only", "on_create=\"left\"", Pair::new(true, true)),
            // What is only matched by is sent where it is sent to a new row, and nowhere else.
            ("match", "", Pair::new(false, false)),
            ("match", "on_create=\"left\"", Pair::new(true, false)),
        ] {
            let mapping = mapping("", &[(direction, on_create)]);
            let sent = Pair::from_fn(|side| mapping.fields[0].is_sent_on_restore(side));
            assert_eq!(sent, expected, "{direction} {on_create}");
        }
    }

    #[test]
    fn only_a_field_that_points_to_rows_is_a_lookup() {
        let mapping = mapping("", &[("->", ""), ("->", "type=\"lookup\"\nlookup=\"N\"")]);
        assert!(!mapping.fields[0].is_lookup() && mapping.fields[1].is_lookup());
    }

    #[test]
    fn fields_of_one_group_are_one_unit_where_the_first_of_them_stands() {
        let group = "group=\"g\"";
        let mapping = mapping("", &[("->", ""), ("<->", group), ("->", ""), ("<->", group)]);
        let units: Vec<Vec<_>> =
            mapping.units().iter().map(|unit| unit.iter().map(|field| field.id.as_str()).collect()).collect();
        assert_eq!(units, [vec!["a"], vec!["b", "d"], vec!["c"]]);
    }

    #[test]
    fn the_fields_own_policy_comes_before_the_mappings() {
        let mapping = mapping(
            "conflict=\"left\"\nfirst_contact=\"right\"\ndrift=\"keep\"",
            &[("<->", ""), ("<->", "conflict=\"newer\""), ("->", ""), ("->", "drift=\"revert\"")],
        );
        let policy = |index: usize, first| mapping.policy(&mapping.fields[index], first);
        assert_eq!(
            (policy(0, true), policy(0, false)),
            (Policy::Take(Side::Right), Policy::Take(Side::Left))
        );
        assert_eq!((policy(1, true), policy(1, false)), (Policy::Newer, Policy::Newer));
        let drift = |index: usize| mapping.drift(&mapping.fields[index]);
        assert_eq!((drift(2), drift(3)), (Drift::Keep, Drift::Revert));
    }

    #[test]
    fn a_field_is_found_by_its_id() {
        let mapping = mapping("", &[("->", ""), ("<-", "")]);
        assert_eq!(mapping.field(&"b".into()).map(|field| field.direction), Some(Direction::ToLeft));
        assert_eq!(mapping.field(&"z".into()), None);
    }

    #[test]
    fn an_optional_lookup_is_left_out_where_nothing_in_use_couples_what_it_points_to() {
        let lookup = |names: &str| format!("type=\"lookup\"\nlookup={names}\noptional=true");
        let (one, two) = (lookup("\"N\""), lookup("[\"N\", \"P\"]"));
        let mapping = mapping("", &[("->", ""), ("->", &one), ("->", &two)]);
        let among = |names: &[&str]| {
            let names = names.iter().map(|name| MappingName::new(*name)).collect();
            let Mapping { fields, left_out, .. } = mapping.clone().among(&names);
            let fields: Vec<_> = fields.iter().map(|field| field.id.to_string()).collect();
            (
                fields.concat(),
                left_out.iter().map(|left| format!("{}: {}", left.field, left.why)).collect::<Vec<_>>(),
            )
        };
        assert_eq!(among(&["M", "N"]), ("abc".to_owned(), vec![]));
        let missing = "b: N is not among the mappings in use".to_owned();
        assert_eq!(among(&["M", "P"]), ("ac".to_owned(), vec![missing.clone()]));
        let both = "c: N or P is not among the mappings in use".to_owned();
        assert_eq!(among(&["M"]), ("a".to_owned(), vec![missing, both]));
        let narrowed = mapping.clone().among(&["P".into()].into());
        assert_eq!(narrowed.fields[1].lookup().unwrap().mappings, ["P".into()]);
    }
}
