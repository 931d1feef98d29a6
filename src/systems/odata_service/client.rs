//! An OData v4 service as a system.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, OnceCell};

use super::schema::Schema;
use crate::http::Request;
use crate::model::Row;
use crate::model::{ColumnName, ConnectionName, PageLink, RowId, TableDescription, TableName, Timestamp};
use crate::systems::odata::{Csdl, RowShape, Service, ServiceError, keyed_reads};
use crate::systems::{
    Abilities, ChangePage, ChangeQuery, Facts, IdPage, KeyedRead, Line, RowError, Search, System,
    SystemError, Write, WriteOutcome,
};

/// The most writes in one call.
pub(super) const BATCH_SIZE: usize = 25;

/// What a person has to say of a service because its metadata does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceTraits {
    /// The column that holds the time of the last change, in tables that have it.
    pub modified: Option<String>,
    /// Rows are limited to one company: the column that names it, and its name.
    pub company: Option<(String, String)>,
    /// The tables whose rows are written even where they carry no versions: read and compare before each such write.
    pub unguarded: BTreeSet<TableName>,
    pub page_size: u32,
    pub overlap: Duration,
    pub settle: Duration,
}

/// An OData v4 service.
#[derive(Debug)]
pub struct ODataService {
    pub(super) service: Service,
    pub(super) traits: ServiceTraits,
    metadata: OnceCell<Csdl>,
    schemas: Mutex<BTreeMap<TableName, Arc<Schema>>>,
}

impl ODataService {
    /// Makes a system of a service.
    pub fn new(service: Service, traits: ServiceTraits) -> Self {
        Self { service, traits, metadata: OnceCell::new(), schemas: Mutex::default() }
    }

    pub(super) async fn metadata(&self) -> Result<&Csdl, SystemError> {
        let read = || async {
            let request =
                Request::get(self.service.url("$metadata")).with_header("Accept", "application/xml");
            self.service.csdl(&request).await
        };
        self.metadata.get_or_try_init(read).await
    }

    pub(super) async fn schema(&self, table: &TableName) -> Result<Arc<Schema>, SystemError> {
        let mut schemas = self.schemas.lock().await;
        if let Some(schema) = schemas.get(table) {
            return Ok(Arc::clone(schema));
        }
        let schema = Schema::assemble(table, self.metadata().await?, self.traits.modified.as_deref());
        let schema = Arc::new(schema.ok_or_else(|| self.not_found(format!("table {table}")))?);
        schemas.insert(table.clone(), Arc::clone(&schema));
        Ok(schema)
    }

    pub(super) async fn shape(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
    ) -> Result<RowShape, SystemError> {
        let is_unguarded = self.traits.unguarded.contains(table);
        let shape = self.schema(table).await?.shape(columns, is_unguarded);
        shape.map_err(|column| self.not_found(format!("column {column} in {table}")))
    }

    pub(super) fn not_found(&self, what: String) -> SystemError {
        SystemError::NotFound { connection: self.service.name.clone(), what }
    }

    pub(super) fn page_preference(&self) -> String {
        format!("odata.maxpagesize={}", self.traits.page_size)
    }

    /// Such a service has no id of its own: its address and company stand for it.
    async fn read_facts(&self) -> Result<Facts, SystemError> {
        let root = self.service.url("");
        let response = self.service.get("the service", &root, None).await?;
        let company = self.traits.company.as_ref().map(|(_, company)| company.as_str());
        let address = self.service.root.trim_end_matches('/').to_lowercase();
        let identity = company.map_or_else(|| address.clone(), |company| format!("{address}+{company}"));
        let server_time: Option<Timestamp> = response.date;
        Ok(Facts {
            identity,
            display_name: company.unwrap_or(self.service.name.as_str()).to_owned(),
            base_currency_code: None,
            base_currency: None,
            currencies: BTreeMap::new(),
            other_engine: None,
            companion: None,
            server_time,
        })
    }
}

impl System for ODataService {
    fn name(&self) -> &ConnectionName {
        &self.service.name
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            settle: self.traits.settle,
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
        Box::pin(async { Ok(self.schema(table).await?.description.clone()) })
    }

    fn changes<'a>(&'a self, query: &'a ChangeQuery) -> BoxFuture<'a, Result<ChangePage, SystemError>> {
        Box::pin(self.read_changes(query))
    }

    fn rows<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        ids: &'a [RowId],
    ) -> BoxFuture<'a, Result<Vec<KeyedRead>, SystemError>> {
        Box::pin(async {
            let shape = self.shape(table, columns).await?;
            let is_absence = |_: &ServiceError| true;
            keyed_reads(&self.service, table.as_str(), &shape, ids, is_absence).await
        })
    }

    fn search<'a>(
        &'a self,
        table: &'a TableName,
        columns: &'a BTreeSet<ColumnName>,
        search: &'a Search,
    ) -> BoxFuture<'a, Result<Vec<Result<Row, RowError>>, SystemError>> {
        Box::pin(self.find_rows(table, columns, search))
    }

    fn ids<'a>(
        &'a self,
        table: &'a TableName,
        page: Option<&'a PageLink>,
    ) -> BoxFuture<'a, Result<IdPage, SystemError>> {
        Box::pin(self.list_ids(table, page))
    }

    /// Rows do not tell who made them, and have no ids that Tandem derives.
    fn made_elsewhere<'a>(&'a self, _table: &'a TableName) -> BoxFuture<'a, Result<Vec<RowId>, SystemError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> BoxFuture<'a, Vec<WriteOutcome>> {
        Box::pin(self.send_all(writes))
    }
}
