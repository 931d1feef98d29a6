//! Dataverse as a system.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, OnceCell};

use super::choices::is_choice;
use super::metadata::{self, Definition};
use super::other_engine::OtherEngine;
use super::references::References;
use super::schema::Schema;
use super::write::{judge, prepare};
use crate::model::{ColumnName, ConnectionName, PageLink, Row, RowId, TableDescription, TableName};
use crate::systems::odata::{
    Query, RowShape, Service, ServiceError, id_page, instant_literal, keyed_reads, literal, send_writes,
};
use crate::systems::{
    Abilities, ChangePage, ChangeQuery, Facts, IdPage, KeyedRead, Line, RowError, Search, System,
    SystemError, Write, WriteOutcome,
};

/// The most writes or keyed reads in one batch.
pub(super) const BATCH_SIZE: usize = 50;
/// The largest page Dataverse gives.
const MAX_PAGE_SIZE: u32 = 5000;

/// A Dataverse organisation.
#[derive(Debug)]
pub struct Dataverse {
    pub(super) service: Service,
    page_size: u32,
    pub(super) overlap: Duration,
    settle: Duration,
    references: References,
    /// The names of all tables by logical name; empty until first needed.
    definitions: Mutex<Arc<BTreeMap<String, Definition>>>,
    schemas: Mutex<BTreeMap<TableName, Arc<Schema>>>,
    /// Looked for once.
    pub(super) other_engine: OnceCell<OtherEngine>,
    /// Looked for once in each table.
    pub(super) made_elsewhere: Mutex<BTreeMap<TableName, Vec<RowId>>>,
}

impl Dataverse {
    /// Makes a system of a service.
    pub fn new(service: Service, page_size: u32, overlap: Duration, settle: Duration) -> Self {
        Self {
            service,
            page_size: page_size.clamp(1, MAX_PAGE_SIZE),
            overlap,
            settle,
            references: References::default(),
            definitions: Mutex::default(),
            schemas: Mutex::default(),
            other_engine: OnceCell::new(),
            made_elsewhere: Mutex::default(),
        }
    }

    pub(super) async fn schema(&self, table: &TableName) -> Result<Arc<Schema>, SystemError> {
        let mut schemas = self.schemas.lock().await;
        if let Some(schema) = schemas.get(table) {
            return Ok(Arc::clone(schema));
        }
        let definitions = self.definitions_with(table).await?;
        let definition =
            definition_of(&definitions, table).ok_or_else(|| self.not_found(format!("table {table}")))?;
        let metadata = metadata::table(&self.service, &definition.logical_name).await?;
        let schema = Arc::new(Schema::assemble(table, definition, &metadata, &definitions));
        schemas.insert(table.clone(), Arc::clone(&schema));
        Ok(schema)
    }

    /// Returns the names of all tables, asked for again if the wanted one is not among those known.
    async fn definitions_with(
        &self,
        table: &TableName,
    ) -> Result<Arc<BTreeMap<String, Definition>>, SystemError> {
        let mut known = self.definitions.lock().await;
        if definition_of(&known, table).is_none() {
            let definitions = metadata::definitions(&self.service).await?;
            let by_name =
                definitions.into_iter().map(|definition| (definition.logical_name.clone(), definition));
            *known = Arc::new(by_name.collect());
        }
        Ok(Arc::clone(&known))
    }

    /// Returns the name by which metadata knows a table.
    pub(super) async fn logical_name(&self, table: &TableName) -> Result<String, SystemError> {
        let definitions = self.definitions_with(table).await?;
        let definition = definition_of(&definitions, table);
        definition
            .map(|definition| definition.logical_name.clone())
            .ok_or_else(|| self.not_found(format!("table {table}")))
    }

    pub(super) async fn shape(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
    ) -> Result<RowShape, SystemError> {
        let schema = self.schema(table).await?;
        schema.shape(columns).map_err(|column| self.not_found(format!("column {column} in {table}")))
    }

    fn not_found(&self, what: String) -> SystemError {
        SystemError::NotFound { connection: self.service.name.clone(), what }
    }

    pub(super) fn page_preference(&self) -> String {
        format!("odata.maxpagesize={}", self.page_size)
    }

    async fn find_rows(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        search: &Search,
    ) -> Result<Vec<Result<Row, RowError>>, SystemError> {
        let shape = self.shape(table, columns).await?;
        let condition = self.condition(table, search).await?;
        let query =
            Query::of(table.as_str()).select(shape.properties()).filter(condition).order_by(shape.key.name());
        let what = format!("a search in {table}");
        self.service
            .all(&what, &query.path(), Some(&self.page_preference()), |entry| decode_row(&shape, &entry))
            .await
    }

    async fn condition(&self, table: &TableName, search: &Search) -> Result<String, SystemError> {
        match search {
            Search::ModifiedSince(moment) => Ok(format!("modifiedon ge {}", instant_literal(*moment))),
            Search::Equals(column, value) => {
                let schema = self.schema(table).await?;
                let wire = schema
                    .wire(column)
                    .ok_or_else(|| self.not_found(format!("column {column} in {table}")))?;
                Ok(format!("{} eq {}", wire.property, literal(value).unwrap_or_else(|| "null".to_owned())))
            }
        }
    }

    /// Sends writes to tables, or to one choice column.
    async fn send_to_tables(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let Some(first) = writes.first() else { return Vec::new() };
        match self.choice(&first.table).await {
            Ok(Some(choice)) => choice.write(writes).await,
            Ok(None) => self.send(writes).await,
            Err(error) => writes.iter().map(|_| WriteOutcome::NotApplied(error.clone())).collect(),
        }
    }

    async fn send(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let mut ready = Vec::with_capacity(writes.len());
        for write in writes {
            ready.push(self.ready(write).await);
        }
        let known = writes.iter().zip(&ready);
        let known = known.filter_map(|(write, ready)| Some((&*ready.as_ref().ok()?.0, &write.verb)));
        if let Err(error) = self.references.find(&self.service, known).await {
            return writes.iter().map(|_| WriteOutcome::NotApplied(error.clone())).collect();
        }
        let prepared = writes.iter().zip(&ready).map(|(write, ready)| match ready {
            Ok((schema, shape)) => prepare(schema, shape, &self.references, write),
            Err(error) => Err(WriteOutcome::NotApplied(error.clone())),
        });
        send_writes(&self.service, prepared.collect(), BATCH_SIZE, |index, answer| {
            let (_, shape) = ready[index].as_ref().expect("only a write whose table is known was sent");
            judge(&self.service.name, shape, &writes[index], answer)
        })
        .await
    }

    async fn ready(&self, write: &Write) -> Result<(Arc<Schema>, RowShape), SystemError> {
        Ok((self.schema(&write.table).await?, self.shape(&write.table, &write.returning).await?))
    }
}

fn touch_choices(one: &Write, other: &Write) -> bool {
    is_choice(&one.table) || is_choice(&other.table)
}

fn decode_row(shape: &RowShape, entry: &serde_json::Value) -> Result<Row, RowError> {
    match entry.as_object() {
        Some(object) => shape.decode(object),
        None => Err(RowError { id: None, message: "an entry that is no object".to_owned() }),
    }
}

fn definition_of<'a>(
    definitions: &'a BTreeMap<String, Definition>,
    table: &TableName,
) -> Option<&'a Definition> {
    definitions.values().find(|definition| definition.entity_set_name.as_deref() == Some(table.as_str()))
}

impl System for Dataverse {
    fn name(&self) -> &ConnectionName {
        &self.service.name
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            settle: self.settle,
            batch_size: BATCH_SIZE,
            parallelism: self.service.session.parallelism(),
        }
    }

    fn line(&self) -> Line {
        self.service.line()
    }

    fn facts(&self) -> BoxFuture<'_, Result<Facts, SystemError>> {
        Box::pin(self.read_facts())
    }

    fn describe<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<TableDescription, SystemError>> {
        Box::pin(async {
            match self.choice(table).await? {
                Some(choice) => choice.describe().await,
                None => Ok(self.schema(table).await?.description.clone()),
            }
        })
    }

    fn changes<'a>(&'a self, query: &'a ChangeQuery) -> BoxFuture<'a, Result<ChangePage, SystemError>> {
        Box::pin(async {
            match self.choice(&query.table).await? {
                Some(choice) => choice.changes(query).await,
                None => self.read_changes(query).await,
            }
        })
    }

    fn rows<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        ids: &'a [RowId],
    ) -> BoxFuture<'a, Result<Vec<KeyedRead>, SystemError>> {
        Box::pin(async {
            if let Some(choice) = self.choice(table).await? {
                return choice.rows(columns, ids).await;
            }
            let shape = self.shape(table, columns).await?;
            let is_absence = |error: &ServiceError| error.code.is_empty() || error.code == "0x80040217";
            keyed_reads(&self.service, table.as_str(), &shape, ids, is_absence).await
        })
    }

    fn search<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        search: &'a Search,
    ) -> BoxFuture<'a, Result<Vec<Result<Row, RowError>>, SystemError>> {
        Box::pin(async {
            match self.choice(table).await? {
                Some(choice) => choice.search(columns, search).await,
                None => self.find_rows(table, columns, search).await,
            }
        })
    }

    fn ids<'a>(
        &'a self,
        table: &'a TableName,
        page: Option<&'a PageLink>,
    ) -> BoxFuture<'a, Result<IdPage, SystemError>> {
        Box::pin(async move {
            if let Some(choice) = self.choice(table).await? {
                return choice.ids().await;
            }
            let schema = self.schema(table).await?;
            let key = schema.description.key.as_str();
            let first = Query::of(table.as_str()).select([key]).order_by(key).path();
            id_page(&self.service, &first, &key.into(), &self.page_preference(), page).await
        })
    }

    fn made_elsewhere<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<Vec<RowId>, SystemError>> {
        Box::pin(self.rows_made_elsewhere(table))
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> BoxFuture<'a, Vec<WriteOutcome>> {
        Box::pin(async {
            let mut outcomes = Vec::with_capacity(writes.len());
            for writes in writes.chunk_by(|one, next| one.table == next.table || !touch_choices(one, next)) {
                outcomes.extend(self.send_to_tables(writes).await);
            }
            outcomes
        })
    }
}
