//! What people ask of a connection beyond what keeping it in step needs: its tables, rows by their own filter, and what
//! is amiss with it. Nothing here writes.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{System, SystemError};
use crate::mapping::Filter;
use crate::model::{ColumnName, Row, TableName};

/// The most rows asked for in one page.
const MAX_PAGE_SIZE: usize = 1000;

/// A system that can be looked over by people.
pub trait Examine: System {
    /// Lists the tables, in the order of their names.
    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableName>, SystemError>>;

    /// Says of a table what people want to know beside its columns.
    fn details<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<TableDetails, SystemError>>;

    /// Says whether the service can be asked for the rows of a filter, or all are read and judged here.
    fn takes<'a>(
        &'a self,
        table: &'a TableName,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<bool, SystemError>>;

    /// Lists rows that pass a filter, at most so many. The columns are those asked for.
    fn list<'a>(&'a self, listing: &'a Listing) -> BoxFuture<'a, Result<Vec<Row>, SystemError>>;

    /// Looks at what reading [`Facts`](super::Facts) does not show: who signed in, what it may do to these tables, how
    /// they are set up. A question that the system does not answer is a finding as well.
    fn examine<'a>(&'a self, tables: &'a BTreeMap<TableName, Needs>) -> BoxFuture<'a, Vec<Finding>>;
}

/// What people want to know of a table beside its columns, as far as the system tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableDetails {
    /// Values and labels of choices.
    pub choices: BTreeMap<ColumnName, Vec<(String, String)>>,
    pub keys: Vec<TableKey>,
    /// Columns that a new row must have a value in.
    pub required: BTreeSet<ColumnName>,
}

/// Columns that identify a row together, beside its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableKey {
    pub name: String,
    pub columns: Vec<ColumnName>,
}

/// What mappings do to a table, beside reading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub create: bool,
    pub update: bool,
    pub delete: bool,
    /// Lookups are written.
    pub refer: bool,
}

impl Needs {
    /// Returns the needs of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            create: self.create || other.create,
            update: self.update || other.update,
            delete: self.delete || other.delete,
            refer: self.refer || other.refer,
        }
    }

    /// Returns whether nothing is written.
    #[must_use]
    pub const fn is_only_to_read(self) -> bool {
        !(self.create || self.update || self.delete)
    }

    /// Makes the finding of a system that does not tell what may be written.
    pub(super) fn not_told(self, table: &TableName) -> Finding {
        if self.is_only_to_read() {
            return Finding::good(Check::Write, format!("no mapping writes to {table}"));
        }
        let found = format!("whether it may write {table} is not told; the first write will show");
        Finding::not_told(Check::Write, found)
    }
}

/// Which rows to list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    pub table: TableName,
    pub columns: BTreeSet<ColumnName>,
    pub filter: Option<Filter>,
    pub most: usize,
}

impl Listing {
    /// Asks for pages of a size that fits.
    pub(super) fn page_preference(&self) -> String {
        // A filter that is judged here passes over rows, so that small pages would be many.
        let size = if self.filter.is_some() { MAX_PAGE_SIZE } else { self.most.clamp(1, MAX_PAGE_SIZE) };
        format!("odata.maxpagesize={size}")
    }
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: Check,
    pub verdict: Verdict,
    /// What was found, in words.
    pub found: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    Configuration,
    Reach,
    SignIn,
    Credential,
    Identity,
    Environment,
    Version,
    Companion,
    User,
    Read,
    Write,
    ChangeTracking,
    Currency,
    AdministrationMode,
    OtherEngine,
    Clock,
    Limits,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Good,
    /// The system does not tell, or not to this sign-in.
    NotTold,
    /// It works, and is not as it should be.
    Warning,
    /// Something has to be corrected in `tandem.toml`, a mapping or the set-up of a system.
    Wrong,
    /// The system cannot be reached or refuses.
    Refused,
}

impl Finding {
    /// Makes a finding that asks for nothing.
    pub fn good(check: Check, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, found: found.into(), remedy: None }
    }

    /// Says that the system does not tell.
    pub fn not_told(check: Check, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::NotTold, found: found.into(), remedy: None }
    }

    /// Makes a finding that asks for something.
    pub fn bad(check: Check, verdict: Verdict, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// Says that a question was refused, or got no answer.
    pub fn refused(check: Check, error: &SystemError) -> Self {
        let verdict = match error {
            SystemError::Configuration { .. } | SystemError::NotFound { .. } => Verdict::Wrong,
            _ => Verdict::Refused,
        };
        Self::bad(check, verdict, error.to_string(), error.remedy())
    }
}

/// Returns whether a system's answer means that it does not know the question, or does not let this sign-in ask it.
pub(super) const fn is_no_answer(error: &SystemError) -> bool {
    matches!(
        error,
        SystemError::NotFound { .. } | SystemError::Forbidden { .. } | SystemError::BadRequest { .. }
    )
}
