//! From what a set declares to where its values stand: columns that v2.0 lacks are added behind its own.

use super::declare::{Declaration, Entry, Place, Rows};
use super::schema::{Access, Origin, Pair, Property, Source, Stored, View};
use crate::sim::business_central::schema::{Column, Role, Set, Verbs};

/// Finds every declared property its place.
pub(super) fn resolve(declaration: Declaration, tables: &[Set], extensions: &mut [Vec<Column>]) -> View {
    let Declaration { name, entity, rows, key, offered, table: named, only, entries } = declaration;
    let origin = match rows {
        Rows::Of(table) => Origin::Table(table_named(tables, table)),
        Rows::Made(maker) => Origin::Made(maker),
    };
    let table = match origin {
        Origin::Table(table) => Some(table),
        Origin::Made(_) => None,
    };
    let mut places =
        Places { tables, extensions, table, columns: Vec::new(), found: Vec::new(), pairs: Vec::new() };
    for entry in entries {
        let created = offered.create || !matches!(entry.place, Place::Id);
        let access = if created { entry.access } else { Access::ReadOnly };
        places.add(Entry { access, ..entry });
    }
    let Places { columns, found, pairs, .. } = places;
    let at = |name: &&'static str| {
        let position = columns.iter().position(|column: &Column| column.name == *name);
        position.expect("invariant: a set has its key")
    };
    let order = key.iter().map(at).collect();
    let base = table.map(|table| &tables[table]);
    let (number, caption) =
        named.unwrap_or_else(|| base.map_or((0, name), |base| (base.table, base.caption)));
    let set = Set {
        name,
        entity,
        table: number,
        caption,
        key: key.first().copied().expect("invariant: a set has a key"),
        series: base.and_then(|base| base.series),
        verbs: Verbs::All,
        part_of: None,
        view_of: None,
        role: Role::Table,
        columns,
    };
    View { set, origin, offered, only, properties: found, pairs, order }
}

fn table_named(tables: &[Set], name: &str) -> usize {
    tables.iter().position(|set| set.name == name).expect("invariant: views name tables")
}

/// The properties placed so far, and the columns of the tables.
struct Places<'a> {
    tables: &'a [Set],
    extensions: &'a mut [Vec<Column>],
    table: Option<usize>,
    columns: Vec<Column>,
    found: Vec<Property>,
    pairs: Vec<Pair>,
}

impl Places<'_> {
    /// Places a property, or both of a pair.
    fn add(&mut self, entry: Entry) {
        let sources = self.sources(&entry);
        let Entry { columns, unfiltered, access, .. } = entry;
        for ((column, unfiltered), source) in columns.into_iter().zip(unfiltered).zip(sources) {
            let base = self.table.map(|table| &self.tables[table]);
            let base = base.and_then(|base| base.columns.iter().find(|other| other.name == column.name));
            let needed = base.is_some_and(|base| base.needed);
            self.columns.push(Column { read_only: access == Access::ReadOnly, needed, ..column });
            self.found.push(Property { access, unfiltered, source });
        }
    }

    fn sources(&mut self, entry: &Entry) -> Vec<Source> {
        let first = self.columns.len();
        let Some(table) = self.table else { return vec![Source::Made(first)] };
        let source = match entry.place {
            Place::Id => Source::Id,
            Place::RowVersion => Source::RowVersion,
            Place::Figure(figure) => Source::Figure(figure),
            Place::Forgotten => Source::Forgotten,
            Place::Named => Source::Kept(self.kept(table, entry.columns[0].name, &entry.columns[0])),
            Place::As(name) => Source::Kept(self.kept(table, name, &entry.columns[0])),
            Place::PairWith(target) => {
                let target = table_named(self.tables, target);
                let stored = self.half(table, &entry.columns[0], &entry.columns[1]);
                let local_currency = self.tables[target].name == "currencies";
                self.pairs.push(Pair { id: first, code: first + 1, target, stored, local_currency });
                let pair = self.pairs.len() - 1;
                return vec![Source::PairId(pair), Source::PairCode(pair)];
            }
        };
        vec![source]
    }

    /// Returns the position of the column of that name, which may have to be added.
    fn kept(&mut self, table: usize, name: &'static str, column: &Column) -> usize {
        if let Some(position) = self.tables[table].position(name) {
            return position;
        }
        let extension = &mut self.extensions[table];
        let at = extension.iter().position(|other| other.name == name).unwrap_or_else(|| {
            extension.push(Column { name, ..column.clone() });
            extension.len() - 1
        });
        self.tables[table].columns.len() + at
    }

    /// Returns which half of a pair is stored: the id where v2.0 keeps one, else the code.
    fn half(&mut self, table: usize, id: &Column, code: &Column) -> Stored {
        match self.tables[table].position(id.name) {
            Some(position) => Stored::Id(position),
            None => Stored::Code(self.kept(table, code.name, code)),
        }
    }
}
