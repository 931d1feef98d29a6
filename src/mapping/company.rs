//! Rows of a table that several companies share: each names the company it belongs to.

use crate::model::{ColumnName, FieldId, Pair, RowId, Side, TableDescription, Value};

use super::definition::{Direction, End, Field, FieldKind, Mapping};
use super::filter::{Filter, Operator};

/// What rows mean to the companies that share their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompanyRows {
    /// Customers, products: where several companies are kept, they may share them.
    Master,
    /// Orders, invoices: always of one company.
    Document,
}

/// Whose rows a mapping takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// Its company's and nobody's; what it takes becomes its company's.
    OwnOrNone,
    /// Its company's alone.
    Own,
    /// Everybody's; only rows it makes are its company's.
    Shared,
}

/// One company, as a row of the system whose tables it shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    /// The column in which rows name their company.
    pub column: ColumnName,
    pub row: RowId,
    /// The team that owns rows nobody else does.
    pub team: Option<RowId>,
}

/// Where rows name their owner.
const OWNER: &str = "ownerid";

impl Mapping {
    /// Returns whose rows it takes on a side, where that is said.
    #[must_use]
    pub fn belonging(&self, side: Side) -> Option<Belonging> {
        Some(match (self.company[side]?, self.has_several_companies) {
            (_, false) => Belonging::OwnOrNone,
            (CompanyRows::Document, true) => Belonging::Own,
            (CompanyRows::Master, true) => Belonging::Shared,
        })
    }

    /// Returns whether it and another mapping take rows of different companies on these sides, so that none is of both.
    #[must_use]
    pub fn is_of_another_company(&self, side: Side, other: &Self, there: Side) -> bool {
        let of_one = |mapping: &Self, side| {
            mapping.belonging(side).is_some_and(|belonging| belonging != Belonging::Shared)
        };
        let companies = (&self.connections[side.other()], &other.connections[there.other()]);
        of_one(self, side) && of_one(other, there) && companies.0 != companies.1
    }

    /// Returns the mapping as it is for one company: rows of others are outside its filter, and its own say so. A table
    /// without the column is nobody's.
    #[must_use]
    pub fn of_company(mut self, side: Side, company: &Company, table: &TableDescription) -> Self {
        let Some(belonging) = self.belonging(side).filter(|_| table.columns.contains_key(&company.column))
        else {
            return self;
        };
        let column = &company.column;
        let names = |value: Value| Box::new(Filter::Compare(column.clone(), Operator::Equal, value));
        let own = names(Value::Reference(company.row.clone()));
        let more = match belonging {
            Belonging::OwnOrNone => Some(Filter::Or(own, names(Value::Blank))),
            Belonging::Own => Some(*own),
            Belonging::Shared => None,
        };
        self.filters[side] = match (self.filters[side].take(), more) {
            (Some(filter), Some(more)) => Some(Filter::And(Box::new(filter), Box::new(more))),
            (filter, more) => filter.or(more),
        };
        let is_mapped = |mapping: &Self, column: &ColumnName| {
            mapping.fields.iter().any(|field| field.columns(side).contains(column))
        };
        if !is_mapped(&self, column) {
            match belonging {
                Belonging::Shared => {
                    self.new_row[side].push((column.clone(), Value::Reference(company.row.clone())));
                }
                Belonging::OwnOrNone | Belonging::Own => self.fields.push(stamp(side, company)),
            }
        }
        let owner = ColumnName::new(OWNER);
        let is_set = self.all_defaults(side).any(|(column, _)| *column == owner);
        if let (Some(team), true, false) = (&company.team, table.columns.contains_key(&owner), is_set) {
            self.new_row[side].push((owner, Value::Reference(team.clone())));
        }
        self
    }
}

/// Returns the field that keeps a row its company's.
fn stamp(side: Side, company: &Company) -> Field {
    let (column, constant) =
        (End::Column(company.column.clone()), End::Constant(Value::Reference(company.row.clone())));
    let (ends, direction) = match side {
        Side::Right => (Pair::new(constant, column), Direction::ToRight),
        Side::Left => (Pair::new(column, constant), Direction::ToLeft),
    };
    Field {
        id: FieldId::new(company.column.as_str()),
        ends,
        steps: Pair::default(),
        normal: Vec::new(),
        direction,
        kind: FieldKind::Row,
        group: None,
        conflict: None,
        drift: None,
        on_create: Pair::from_fn(|on| on == side),
        optional: false,
        not_null: false,
        rate_of: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;
    use crate::model::{Column, ColumnKind, Row, TableAbilities};

    const OURS: &str = "aaaaaaaa-0000-0000-0000-000000000001";
    const THEIRS: &str = "aaaaaaaa-0000-0000-0000-000000000002";

    fn mapping(kind: &str, several: bool, left: &str) -> Mapping {
        let text = format!(
            "name=\"M\"\nlabel=\"f\"\n[left]\nconnection=\"{left}\"\ntable=\"l\"\n[right]\ntable=\"r\"\n\
             filter=\"state eq 0\"\ncompany=\"{kind}\"\n[[field]]\nid=\"f\"\nleft=\"a\"\nright=\"name\"\ndirection=\"->\"\n"
        );
        let mapping = parse("M.toml", &text, &Pair::new("l".into(), "r".into())).unwrap();
        Mapping { has_several_companies: several, ..mapping }
    }

    fn table(columns: &[&str]) -> TableDescription {
        let column = |name: &&str| {
            let (creatable, updatable, max_chars, scale) = (true, true, None, None);
            let column = Column {
                kind: ColumnKind::Reference,
                creatable,
                updatable,
                max_chars,
                scale,
                targets: vec![],
            };
            ((*name).into(), column)
        };
        TableDescription {
            table: "r".into(),
            key: "id".into(),
            columns: columns.iter().map(column).collect(),
            abilities: TableAbilities::default(),
        }
    }

    fn fitted(kind: &str, several: bool) -> Mapping {
        let company =
            Company { column: "companyid".into(), row: RowId::new(OURS), team: Some(RowId::new("t")) };
        mapping(kind, several, "l").of_company(Side::Right, &company, &table(&["companyid", "ownerid"]))
    }

    fn takes(mapping: &Mapping, company: Option<&str>) -> bool {
        let company = company.map_or(Value::Blank, |id| Value::Reference(RowId::new(id)));
        let values = [("state".into(), Value::Number(0.into())), ("companyid".into(), company)].into();
        let row = Row { id: RowId::new("1"), version: None, modified_at: None, modified_by: None, values };
        mapping.filters.right.as_ref().unwrap().accepts(&row).unwrap_or(false)
    }

    #[test]
    fn one_company_takes_its_own_rows_and_nobodys() {
        for kind in ["master", "document"] {
            let mapping = fitted(kind, false);
            assert_eq!(
                [Some(OURS), None, Some(THEIRS)].map(|company| takes(&mapping, company)),
                [true, true, false]
            );
            let stamp = mapping.fields.last().unwrap();
            assert_eq!((stamp.id.as_str(), stamp.direction), ("companyid", Direction::ToRight));
            assert_eq!(stamp.on_create, Pair::new(false, true));
            assert_eq!(mapping.new_row.right, [("ownerid".into(), Value::Reference(RowId::new("t")))]);
        }
    }

    #[test]
    fn the_team_owns_new_rows_for_which_the_mapping_names_no_owner() {
        let company =
            Company { column: "companyid".into(), row: RowId::new(OURS), team: Some(RowId::new("t")) };
        let owner_of = |column: &str| {
            let mut mapping = mapping("master", false, "l");
            let mine = Value::Reference(RowId::new("mine"));
            mapping.new_row.right = vec![(column.into(), mine)];
            let fitted = mapping.of_company(Side::Right, &company, &table(&["companyid", "ownerid"]));
            let owners = fitted.new_row.right.into_iter().filter(|(column, _)| column.as_str() == "ownerid");
            owners.map(|(_, owner)| owner).collect::<Vec<_>>()
        };
        assert_eq!(owner_of("ownerid"), [Value::Reference(RowId::new("mine"))]);
        assert_eq!(owner_of("other"), [Value::Reference(RowId::new("t"))]);
    }

    #[test]
    fn several_companies_share_master_data_and_no_documents() {
        let document = fitted("document", true);
        assert_eq!(
            [Some(OURS), None, Some(THEIRS)].map(|company| takes(&document, company)),
            [true, false, false]
        );
        let master = fitted("master", true);
        assert!([Some(OURS), None, Some(THEIRS)].iter().all(|company| takes(&master, *company)));
        assert_eq!(master.fields.len(), 1, "no company takes a row from another");
        assert_eq!(master.new_row.right[0], ("companyid".into(), Value::Reference(RowId::new(OURS))));
    }

    #[test]
    fn all_works_without_the_column() {
        let company = Company { column: "companyid".into(), row: RowId::new(OURS), team: None };
        let plain = mapping("master", false, "l");
        assert_eq!(plain.clone().of_company(Side::Right, &company, &table(&["ownerid"])), plain);
        assert_eq!(plain.clone().of_company(Side::Left, &company, &table(&["companyid"])), plain);
    }

    #[test]
    fn rows_of_two_companies_are_never_the_same() {
        let another = |kind: &str, several, left: &str| {
            let one = mapping(kind, several, "l");
            one.is_of_another_company(Side::Right, &mapping(kind, several, left), Side::Right)
        };
        assert!(another("master", false, "other") && another("document", true, "other"));
        assert!(!another("master", true, "other") && !another("master", false, "l"));
    }

    #[test]
    fn a_word_that_says_nothing_of_companies_is_refused_where_it_stands() {
        let text = "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\ncompany=\"mastr\"\n\
                    [[field]]\nid=\"f\"\nleft=\"a\"\nright=\"b\"\ndirection=\"->\"\n";
        let error = parse("M.toml", text, &Pair::new("l".into(), "r".into())).unwrap_err().to_string();
        assert!(error.starts_with("M.toml, line 7, column 9: ") && error.contains("master"), "{error}");
    }
}
