//! The tables the simulated organisation begins with, by theme. Another table is another function in one of these files and a
//! line in [`all`].

mod columns;
mod options;

mod catalogue;
mod customers;
mod organization;
mod other_engine;
mod people;
mod sales;

use super::schema::{IndexStatus, ManyToMany, Table};
use super::switches::Switch;

pub(super) use columns::{column, lookup, made};

/// Returns every table, as the switches have them.
pub(super) fn all(switches: &[Switch]) -> Vec<Table> {
    let on = |switch: Switch| switches.contains(&switch);
    let other_engine = on(Switch::OtherEngine) || on(Switch::OtherEngineInstalled);
    let mut tables: Vec<Table> =
        [customers::tables(), catalogue::tables(), sales::tables(), people::tables(), organization::tables()]
            .into_iter()
            .flatten()
            .collect();
    if other_engine {
        for table in &mut tables {
            table.columns.extend(other_engine::company_lookup(&table.logical_name));
        }
        tables.extend(other_engine::tables());
    }
    for table in &mut tables {
        table.change_tracking &= !on(Switch::Untracked(table.logical_name.clone()));
        table.versions = !on(Switch::Unversioned(table.logical_name.clone()));
        if on(Switch::PendingKeys) {
            table.keys.iter_mut().for_each(|key| key.index = IndexStatus::Pending);
        }
    }
    tables
}

/// Returns the relationships of many with many.
pub(super) fn relationships() -> Vec<ManyToMany> {
    people::many_to_many().to_vec()
}
