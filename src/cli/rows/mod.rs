//! `tandem rows`: reading and writing single rows by hand, with the connection's own sign-in.
//!
//! Writes are as careful as those of a run: an update or a deletion names the version it was decided from.

pub(super) mod arguments;

mod face;
mod values;

pub(super) use values::kind_name;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::config::Settings;
use crate::mapping::TablesUsed;
use crate::model::{ColumnKind, ColumnName, Row, RowId, TableDescription, TableName, Version};
use crate::systems::{self, Examine, KeyedRead, Listing, Verb, Write, WriteOutcome};

use super::connection::find;
use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;
use arguments::{RowsArguments, RowsCommand};

/// One table of one connection.
struct Place {
    system: Arc<dyn Examine>,
    table: TableName,
    description: TableDescription,
}

/// Carries out one of the commands on rows.
pub(super) async fn rows(context: &Context, arguments: &RowsArguments) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let (name, connection) = find(&settings, &arguments.connection)?;
    let system = systems::open(&name, connection, &context.places.config, TablesUsed::new())?;
    let table = TableName::new(arguments.table.as_str());
    let description = system.describe(&table).await?;
    let place = Place { system, table, description };
    match &arguments.command {
        RowsCommand::Get { id, select } => place.get(context, id, select.as_deref()).await?,
        RowsCommand::List { filter, select, limit } => {
            place.list(context, filter.as_deref(), select.as_deref(), *limit).await?;
        }
        RowsCommand::Create { values } => place.create(context, values).await?,
        RowsCommand::Update { id, values } => place.update(context, id, values).await?,
        RowsCommand::Delete { id } => place.delete(context, id).await?,
    }
    Ok(ExitCode::Success)
}

impl Place {
    async fn get(&self, context: &Context, id: &str, select: Option<&str>) -> Result<(), CommandError> {
        let row = self.read(&RowId::new(id), &self.columns(select)?).await?;
        context.output.show(&face::json(&row), |_| face::one(&row));
        Ok(())
    }

    async fn list(
        &self,
        context: &Context,
        filter: Option<&str>,
        select: Option<&str>,
        most: usize,
    ) -> Result<(), CommandError> {
        let filter = filter.map(|filter| values::filter(&self.description, filter)).transpose()?;
        let columns = self.columns(select)?;
        let listing = Listing { table: self.table.clone(), columns, filter, most };
        let rows = self.system.list(&listing).await?;
        let json: Vec<_> = rows.iter().map(face::json).collect();
        let shown = match select {
            Some(_) => listing.columns.iter().cloned().collect(),
            None => face::telling(&self.description),
        };
        context.output.show(&json, |_| face::many(&rows, &shown, most));
        Ok(())
    }

    async fn create(&self, context: &Context, pairs: &[(String, String)]) -> Result<(), CommandError> {
        let values = values::typed(&self.description, pairs, |column| column.creatable)?;
        let id = self.description.abilities.takes_ids.then(|| RowId::from(Uuid::new_v4()));
        let row = self.write(Verb::Create { id, values }).await?;
        self.show_written(context, "created", row.as_ref());
        Ok(())
    }

    async fn update(
        &self,
        context: &Context,
        id: &str,
        pairs: &[(String, String)],
    ) -> Result<(), CommandError> {
        let id = RowId::new(id);
        let values = values::typed(&self.description, pairs, |column| column.updatable)?;
        let version = self.version(&id).await?;
        let row = self.write(Verb::Update { id, version, values }).await?;
        self.show_written(context, "updated", row.as_ref());
        Ok(())
    }

    async fn delete(&self, context: &Context, id: &str) -> Result<(), CommandError> {
        let id = RowId::new(id);
        let version = self.version(&id).await?;
        self.write(Verb::Delete { id: id.clone(), version }).await?;
        context.output.show(&json!({"done": "deleted", "id": id.as_str()}), |_| format!("deleted row {id}"));
        Ok(())
    }

    fn show_written(&self, context: &Context, done: &str, row: Option<&Row>) {
        let json = json!({"done": done, "row": row.map(face::json)});
        context.output.show(&json, |_| match row {
            Some(row) => format!("{done}\n{}", face::one(row)),
            None => format!("{done}; {} did not show the row", self.system.name()),
        });
    }

    /// Reads the version that a write is to name.
    async fn version(&self, id: &RowId) -> Result<Version, CommandError> {
        let row = self.read(id, &BTreeSet::new()).await?;
        row.version.ok_or_else(|| {
            CommandError::new(
                ExitCode::Failure,
                format!(
                    "{} gives rows of {} no version; nothing was written",
                    self.system.name(),
                    self.table
                ),
            )
            .with_remedy("change this row in the system itself")
        })
    }

    async fn read(&self, id: &RowId, columns: &BTreeSet<ColumnName>) -> Result<Row, CommandError> {
        let read = self.system.rows(&self.table, columns, std::slice::from_ref(id)).await?.pop();
        match read {
            Some(KeyedRead::Found(row)) => Ok(row),
            Some(KeyedRead::Unreadable(error)) => Err(CommandError::new(ExitCode::System, error.to_string())
                .with_remedy("ask for other columns with --select")),
            Some(KeyedRead::Absent) | None => Err(self.no_row(id.as_str())),
        }
    }

    /// Sends one write. Returns the row as it is afterwards, where the system shows it.
    async fn write(&self, verb: Verb) -> Result<Option<Row>, CommandError> {
        let id = match &verb {
            Verb::Create { id, .. } => id.clone(),
            Verb::Update { id, .. } | Verb::Delete { id, .. } => Some(id.clone()),
        };
        let id = id.map_or_else(String::new, |id| id.as_str().to_owned());
        let write = Write { table: self.table.clone(), verb, returning: self.columns(None)? };
        let outcome = self.system.write(std::slice::from_ref(&write)).await.pop();
        let system = self.system.name();
        let refused = |problem: String, remedy: &str| {
            Err(CommandError::new(ExitCode::System, problem).with_remedy(remedy))
        };
        match outcome {
            Some(WriteOutcome::Written(row)) => Ok(Some(row)),
            Some(WriteOutcome::WrittenUnseen(_) | WriteOutcome::Deleted) => Ok(None),
            Some(WriteOutcome::Missing) => Err(self.no_row(&id)),
            Some(WriteOutcome::Stale) => refused(
                format!("{system} changed the row meanwhile; nothing was written"),
                "look, and try again",
            ),
            Some(WriteOutcome::AlreadyThere) => {
                refused(format!("{system} has a row with this id already"), "look with `tandem rows … get`")
            }
            Some(WriteOutcome::DuplicateKey(refusal) | WriteOutcome::Refused(refusal)) => {
                refused(format!("{system} refused: {refusal}"), "correct the values; nothing was written")
            }
            Some(WriteOutcome::NotPermitted(refusal)) => refused(
                format!("{system} does not permit it: {refusal}"),
                "ask the administrator to permit it to this sign-in; nothing was written",
            ),
            Some(WriteOutcome::RowBusy(error) | WriteOutcome::NotApplied(error)) => Err(error.into()),
            Some(WriteOutcome::InDoubt(error)) => refused(
                format!("no answer came, so that the write may have been applied: {error}"),
                "look with `tandem rows … list` before trying again",
            ),
            None => refused(format!("{system} gave no answer to the write"), "look before trying again"),
        }
    }

    fn no_row(&self, id: &str) -> CommandError {
        CommandError::new(
            ExitCode::System,
            format!("{} has no row {id} in {}", self.system.name(), self.table),
        )
        .with_remedy(format!(
            "`tandem rows {} {} list` shows which there are",
            self.system.name(),
            self.table
        ))
    }

    /// Returns the columns to read: those chosen, or all that hold a value Tandem reads.
    fn columns(&self, select: Option<&str>) -> Result<BTreeSet<ColumnName>, CommandError> {
        let all = self.description.columns.iter();
        let Some(select) = select else {
            let readable = all.filter(|(_, column)| column.kind != ColumnKind::Other);
            return Ok(readable.map(|(name, _)| name.clone()).collect());
        };
        let chosen = select.split(',').map(str::trim).filter(|name| !name.is_empty());
        chosen.map(|name| values::known(&self.description, name).map(|(name, _)| name.clone())).collect()
    }
}
