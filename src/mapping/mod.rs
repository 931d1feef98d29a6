//! How two tables correspond: the user's file, filters, normal forms, and the way from a row to a record and back.
//!
//! Pure. A mapping is parsed once into types that cannot be wrong in themselves; `check` then holds them against
//! what the two systems say about their tables.

mod check;
mod clash;
mod company;
mod definition;
mod file;
mod filter;
mod gaps;
mod lens;
mod names;
mod nearest;
mod normal;
mod order;
mod project;
mod rate;
mod schedule;
mod standard;
mod table_use;
mod template;
mod transform;
mod translate;

pub use check::{Finding, check, fitted};
pub use clash::{Clash, clashes};
pub use company::{Belonging, Company, CompanyRows};
pub use definition::{
    DeletionPolicy, Direction, Drift, End, Field, FieldKind, LeftOut, Lookup, Mapping, Policy, Unresolved,
};
pub use file::{MappingError, parse, parse_project};
pub use filter::{Filter, FilterError, Function as FilterFunction, MissingColumn, Operator};
pub use gaps::{Choices, strange_options, strange_values, unfilled};
pub use lens::{Lapse, lapses};
pub use names::{NoName, named_targets, nameless, names_of, note_names};
pub use normal::normalise;
pub use order::{OrderError, dependency_order};
pub use project::{Project, ProjectTemplate, TEMPLATES, Task, template};
pub use schedule::Schedule;
pub use standard::{STANDARD, StandardSet, TWO_WAY, USUAL, standard};
pub use table_use::{TableUse, TablesUsed, tables_used};
pub use template::Template;
pub use transform::{Law, Shape, Stuck, Transform, in_own_words, parse_legacy};
pub use translate::{
    Nameless, Names, Resolver, TranslateError, Unfit, fits, may_change, plain_values, to_record, to_values,
};
