//! What stops a run or one mapping of it.

use serde::{Deserialize, Serialize};

use crate::model::{ConnectionName, Freeze, MappingName, Pin, TableName};
use crate::store::StoreError;
use crate::sync::Finding;
use crate::systems::SystemError;

use super::identity::words;

/// What stops a run, or one mapping of it. The fault of a single row is never one of these.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error("{place}: {problem}")]
    Mapping { mapping: MappingName, place: String, problem: String },
    #[error("{}", words::other_identity(connection, pinned, found))]
    OtherIdentity { connection: ConnectionName, pinned: Pin, found: Pin },
    #[error("{}", words::frozen(connection, freeze))]
    Frozen { connection: ConnectionName, freeze: Box<Freeze> },
    #[error(
        "the local currency of {left} is {left_code}, but the base currency of {right} is {right_code}: amounts would \
         be wrong; nothing was written"
    )]
    OtherCurrency { left: ConnectionName, left_code: String, right: ConnectionName, right_code: String },
    #[error(
        "{connection} has no currency {code}, which is the local currency of {local}; nothing was written"
    )]
    NoCurrency { connection: ConnectionName, code: String, local: ConnectionName },
    #[error(
        "{connection} has no exchange rate of {code}, the base currency of {base}, without which {mapping} can convert none; \
         nothing was written"
    )]
    NoRate { mapping: MappingName, connection: ConnectionName, code: String, base: ConnectionName },
    #[error("{mapping} needs Tandem's companion in {connection}, and it is not installed there")]
    NoCompanion { mapping: MappingName, connection: ConnectionName },
    #[error(
        "no row of {table} in {connection} stands for the company of {company}, whose rows {mapping} keeps in step; nothing \
         was written"
    )]
    NoCompany { mapping: MappingName, connection: ConnectionName, company: ConnectionName, table: TableName },
    #[error("the mapping {mapping} was about {was}, and is about {found} by now; nothing was written")]
    OtherTables { mapping: MappingName, was: String, found: String },
    #[error(
        "{engine} keeps rows of {connection} in step as well, and {mapping} writes to both sides: the two would undo \
         each other's work; nothing was written"
    )]
    OtherEngine { mapping: MappingName, connection: ConnectionName, engine: String },
    #[error("{row} of {mapping} was stopped by Tandem's own check: {finding}; nothing of it was written")]
    Unsafe { mapping: MappingName, row: String, finding: Finding },
    #[error("nobody has agreed yet to what {mapping} moves: {flow}; nothing was written")]
    NotApproved { mapping: MappingName, flow: String },
}

impl EngineError {
    /// Returns what kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(_) => ErrorKind::Store,
            Self::System(SystemError::Configuration { .. })
            | Self::Mapping { .. }
            | Self::OtherTables { .. }
            | Self::NoCompanion { .. }
            | Self::NoCompany { .. }
            | Self::OtherCurrency { .. }
            | Self::NoCurrency { .. }
            | Self::NoRate { .. }
            | Self::OtherEngine { .. } => ErrorKind::Configuration,
            Self::System(SystemError::Restored { .. })
            | Self::NotApproved { .. }
            | Self::OtherIdentity { .. }
            | Self::Frozen { .. }
            | Self::Unsafe { .. } => ErrorKind::NeedsPerson,
            Self::System(_) => ErrorKind::System,
        }
    }

    /// Returns what a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::System(error) => Some(error.remedy()),
            Self::NotApproved { .. } => {
                Some("look with `tandem plan`, then agree with `tandem sync --yes`".to_owned())
            }
            Self::OtherIdentity { connection, pinned, found } => {
                Some(words::way_back(connection, pinned, found))
            }
            Self::Frozen { connection, .. } => Some(words::way_out_of_freeze(connection)),
            Self::OtherTables { .. } => Some(
                "give the mapping a new name: what is known of its rows is about the old tables".to_owned(),
            ),
            Self::OtherEngine { connection, .. } => Some(format!(
                "switch the other one off for these tables; if both are wanted, set `other_engine = \"known\"` in \
                 [connections.{connection}]"
            )),
            Self::NoCompanion { mapping, .. } => Some(format!(
                "install the companion extension in Business Central, or take {mapping} out of `mappings` in tandem.toml"
            )),
            Self::NoCompany { company, table, .. } => Some(format!(
                "give a row of {table} the company's id, or name its row as `company_row` in [connections.{company}]"
            )),
            Self::Unsafe { .. } => {
                Some("leave the row as it is and report this: it is a fault of Tandem's".to_owned())
            }
            Self::OtherCurrency { left_code, right_code, .. } => Some(format!(
                "connect a company that keeps its books in {right_code}; or set `other_base_currency = \"convert\"` in tandem.toml: \
                 then what has no currency is in {left_code} on both sides, and exchange rates are converted"
            )),
            Self::NoCurrency { connection, code, .. } => {
                Some(format!("make the currency {code} in {connection}, with its exchange rate"))
            }
            Self::NoRate { connection, code, .. } => Some(format!(
                "make the currency {code} in {connection}, with an exchange rate that is in force"
            )),
            Self::Store(_) | Self::Mapping { .. } => None,
        }
    }

    /// Returns whether time alone may heal it.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::System(error) if error.is_transient())
    }
}

/// What kind of failure it is; it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// What was asked for makes no sense or is not there.
    Usage,
    /// Something in configuration or mapping files has to be corrected.
    Configuration,
    /// The store cannot be used.
    Store,
    /// A person has to agree or answer first.
    NeedsPerson,
    /// A system could not be reached or refused.
    System,
}
