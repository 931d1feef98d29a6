//! The port: all that Tandem asks of a system.
//!
//! Deliberately small. A dialect translates it to one product's wire; nothing behind it knows of mappings,
//! couplings or the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::http::Usage;
use crate::mapping::Filter;
use crate::model::{
    Became, ColumnName, ConnectionName, PageLink, Row, RowId, TableDescription, TableName, Timestamp, Value,
    Version, Watermark,
};

/// One connected system.
pub trait System: Send + Sync + fmt::Debug {
    /// Returns the connection's name.
    fn name(&self) -> &ConnectionName;

    /// Returns what this product can and cannot do.
    fn abilities(&self) -> Abilities;

    /// Returns how the line to the system stands. Asks nothing.
    fn line(&self) -> Line;

    /// Asks who and what the system is.
    fn facts(&self) -> BoxFuture<'_, Result<Facts, SystemError>>;

    /// Says whether what was read up to these watermarks still is this system's past: a restored or copied database is
    /// told by nothing else (I14). Asked right after [`System::facts`].
    fn check_past(&self, _read: &[Watermark]) -> Result<(), SystemError> {
        Ok(())
    }

    /// Describes a table and its columns.
    fn describe<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<TableDescription, SystemError>>;

    /// Reads one page of a table's changes.
    fn changes<'a>(&'a self, query: &'a ChangeQuery) -> BoxFuture<'a, Result<ChangePage, SystemError>>;

    /// Reads rows by id. The answer has one entry for each id, in the same order.
    fn rows<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        ids: &'a [RowId],
    ) -> BoxFuture<'a, Result<Vec<KeyedRead>, SystemError>>;

    /// Finds rows by a simple criterion, all pages. A row that cannot be decoded is its own outcome, and may match.
    fn search<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        search: &'a Search,
    ) -> BoxFuture<'a, Result<Vec<Result<Row, RowError>>, SystemError>>;

    /// Lists one page of the table's row ids, for sweeps.
    fn ids<'a>(
        &'a self,
        table: &'a TableName,
        page: Option<&'a PageLink>,
    ) -> BoxFuture<'a, Result<IdPage, SystemError>>;

    /// Asks what became of a row that is gone. Where nothing else is known of a row's fate, it was deleted.
    fn fate<'a>(
        &'a self,
        _table: &'a TableName,
        _last: &'a LastKnown,
    ) -> BoxFuture<'a, Result<Fate, SystemError>> {
        Box::pin(async { Ok(Fate::Deleted) })
    }

    /// Finds rows that another program seems to have made the way Tandem makes rows, by another user than ours. Whether they
    /// are Tandem's own from before is for the store to know.
    fn made_elsewhere<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<Vec<RowId>, SystemError>>;

    /// Sends writes and returns one outcome for each, in the same order. Never repeats a write whose outcome it
    /// does not know.
    fn write<'a>(&'a self, writes: &'a [Write]) -> BoxFuture<'a, Vec<WriteOutcome>>;
}

/// What a product can and cannot do, whatever the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// How long an accepted request may still take effect.
    pub settle: Duration,
    /// The most writes worth sending in one call.
    pub batch_size: usize,
    /// How many calls are worth having under way at once at present.
    pub parallelism: usize,
}

/// How the line to a system stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Requests used of the budgets, by all connections that share them.
    pub usage: Usage,
    /// When what it signs in with runs out, where that shows.
    pub credential_end: Option<Timestamp>,
}

/// Who and what a system is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Pinned at first contact: organisation id, or tenant + environment + company.
    pub identity: String,
    /// What a person calls it.
    pub display_name: String,
    /// ISO code of the local (base) currency, where the system tells.
    pub base_currency_code: Option<String>,
    /// The row of the base currency, where it is a row (Dataverse); elsewhere blank means local currency.
    pub base_currency: Option<RowId>,
    /// The rows of all currencies by their ISO codes in capitals, where they are rows that stand for a local currency, too.
    pub currencies: BTreeMap<String, RowId>,
    /// Another engine that keeps rows of this system in step, where one shows.
    pub other_engine: Option<String>,
    /// Whether Tandem's companion is installed, where a system can have it.
    pub companion: Option<bool>,
    /// The system's clock, from its `Date` header.
    pub server_time: Option<Timestamp>,
}

/// Which changes to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeQuery {
    pub table: TableName,
    pub columns: BTreeSet<ColumnName>,
    pub cursor: Cursor,
    /// The rows that are wanted of a listing that begins at the start; its pages carry that on by themselves. Only a wish:
    /// an answer may hold more rows, never fewer, and whoever asks judges each. What follows a watermark is never filtered.
    pub filter: Option<Filter>,
}

/// Where a read of changes stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// Everything, from the start.
    Start,
    /// The next page of a read under way.
    Page(PageLink),
    /// Changes since a read that was finished.
    Since(Watermark),
}

/// One page of changes. A row may come again; the last page carries the new watermark.
#[derive(Clone, Debug)]
pub struct ChangePage {
    pub rows: Vec<Result<Row, RowError>>,
    pub deleted: Vec<RowId>,
    /// Rows that are gone because they became others: no deletions.
    pub became: Vec<(RowId, Became)>,
    pub next: Next,
}

/// What follows a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Page(PageLink),
    Done(Watermark),
}

/// One page of row ids.
#[derive(Clone, Debug)]
pub struct IdPage {
    pub ids: Vec<RowId>,
    pub next: Option<PageLink>,
}

/// A row that could not be decoded: its own problem, not its page's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {} cannot be read: {message}", id.as_ref().map_or("(no id)", RowId::as_str))]
pub struct RowError {
    pub id: Option<RowId>,
    pub message: String,
}

/// The answer to a read by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyedRead {
    Found(Row),
    Absent,
    Unreadable(RowError),
}

/// What was last known of a row that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastKnown {
    pub row: RowId,
    /// As far as they are known; a column that is absent is not known, and not blank.
    pub values: BTreeMap<ColumnName, Value>,
}

/// What became of a row that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing stands in its place.
    Deleted,
    Became(Became),
    /// What would tell is not known; the text says what, and what to do.
    CannotTell(String),
}

/// A simple criterion for [`System::search`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// Changed at or after that moment of the system's clock.
    ModifiedSince(Timestamp),
    /// The column has that value.
    Equals(ColumnName, Value),
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub table: TableName,
    pub verb: Verb,
    /// The columns wanted in what the write returns.
    pub returning: BTreeSet<ColumnName>,
}

/// What to write. Values keep the mapping's field order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Create only: never overwrites. `id` is set exactly where the table [takes ids](crate::model::TableAbilities).
    Create { id: Option<RowId>, values: Vec<(ColumnName, Value)> },
    /// Update only, and only this version.
    Update { id: RowId, version: Version, values: Vec<(ColumnName, Value)> },
    /// Delete only this version.
    Delete { id: RowId, version: Version },
}

impl Verb {
    /// Returns the row that is written; none where it is made.
    #[must_use]
    pub const fn row(&self) -> Option<&RowId> {
        match self {
            Self::Create { .. } => None,
            Self::Update { id, .. } | Self::Delete { id, .. } => Some(id),
        }
    }
}

/// What became of one write.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteOutcome {
    /// Applied; the row as the system returns it afterwards, with its version.
    Written(Row),
    /// Applied, but the answer could not be decoded or lacked the row: read it by key.
    WrittenUnseen(Option<RowId>),
    Deleted,
    /// The version is no longer current: read the row by key and decide again.
    Stale,
    /// No such row (404).
    Missing,
    /// A create's id exists already: an earlier attempt landed.
    AlreadyThere,
    /// Another row holds a key that must be unique.
    DuplicateKey(Refusal),
    /// The row's own fault: give up on it until it or the mapping changes.
    Refused(Refusal),
    /// The sign-in may not do that. Permissions come without a change of the row: try again from time to time.
    NotPermitted(Refusal),
    /// Certainly not applied, for a trouble of this row alone: somebody holds it, or the system failed on it. The system
    /// is well otherwise; try this row again later.
    RowBusy(SystemError),
    /// Certainly not applied, for a trouble of the system; try again later (not sent, throttled, a batch that stopped
    /// before it).
    NotApplied(SystemError),
    /// Sent, and no answer came: it may have been applied. Look before doing anything else.
    InDoubt(SystemError),
}

/// What a system said when it refused a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status of the answer; none where nothing was sent.
    pub status: Option<u16>,
    pub code: String,
    /// The system's own text. It may hold row contents: never log it above debug.
    pub message: String,
}

impl Refusal {
    /// Makes a refusal of Tandem's own.
    pub fn ours(code: &str, message: impl Into<String>) -> Self {
        Self { status: None, code: code.to_owned(), message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.message)?;
        self.status.map_or(Ok(()), |status| write!(f, " (HTTP {status})"))
    }
}

/// A request that failed as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SystemError {
    #[error("cannot reach {connection}: {detail}")]
    Unreachable { connection: ConnectionName, detail: String },
    #[error("{connection} is not available (HTTP {status})")]
    Unavailable { connection: ConnectionName, status: u16, retry_after: Option<Duration> },
    #[error("{connection} asked us to slow down")]
    Throttled { connection: ConnectionName, retry_after: Option<Duration> },
    #[error("the day's budget of requests to {connection} is used up")]
    DayUsedUp { connection: ConnectionName, retry_after: Duration },
    #[error("{connection} refused the sign-in: {detail}")]
    SignIn { connection: ConnectionName, detail: String },
    #[error("{connection} does not permit {what}")]
    Forbidden { connection: ConnectionName, what: String },
    #[error("{connection} has no {what}")]
    NotFound { connection: ConnectionName, what: String },
    #[error("{connection} no longer knows the watermark of {table}")]
    WatermarkExpired { connection: ConnectionName, table: TableName },
    #[error("{connection} refused the request for {what}: {code} {message} (HTTP {status})")]
    BadRequest { connection: ConnectionName, what: String, status: u16, code: String, message: String },
    #[error("{connection} sent an answer for {what} that cannot be used: {detail}")]
    UnexpectedAnswer { connection: ConnectionName, what: String, detail: String },
    #[error("the database behind {connection} was restored or copied: {detail}; nothing was written")]
    Restored { connection: ConnectionName, detail: String },
    #[error("{connection} cannot be used as configured: {detail}")]
    Configuration { connection: ConnectionName, detail: String },
}

impl SystemError {
    /// Returns whether time alone may heal it.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Unavailable { .. }
                | Self::Throttled { .. }
                | Self::DayUsedUp { .. }
        )
    }

    /// Returns how long the system asked us to wait.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } | Self::Throttled { retry_after, .. } => *retry_after,
            Self::DayUsedUp { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// Returns what a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "check the address and the network; Tandem keeps trying and catches up by itself".into()
            }
            Self::Unavailable { .. } | Self::Throttled { .. } => {
                "nothing: Tandem waits as asked and goes on by itself".into()
            }
            Self::DayUsedUp { connection, retry_after } => format!(
                "nothing: Tandem goes on by itself in {} min; or raise `per_day` in [connections.{connection}.limits]",
                retry_after.as_secs() / 60 + 1
            ),
            Self::SignIn { connection, .. } => {
                format!("check the sign-in of [connections.{connection}] in tandem.toml and its secret")
            }
            Self::Forbidden { connection, .. } => {
                format!("ask the administrator of {connection} to permit it to Tandem's application user")
            }
            Self::NotFound { connection, .. } => {
                format!("check url, company and table names of [connections.{connection}] and its mappings")
            }
            Self::WatermarkExpired { .. } => "nothing: Tandem compares everything once".into(),
            Self::BadRequest { .. } | Self::UnexpectedAnswer { .. } => {
                "look at the log at debug level; if the service is right, this is a fault in Tandem".into()
            }
            Self::Restored { connection, .. } => format!(
                "find out which state is the right one; to go on with the restored or copied database: \
                 `tandem rebaseline {connection}`"
            ),
            Self::Configuration { connection, .. } => {
                format!("correct [connections.{connection}] in tandem.toml, or the service itself")
            }
        }
    }
}
