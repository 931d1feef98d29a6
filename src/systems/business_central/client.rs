//! Business Central as a system: one company of one environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, OnceCell};

use super::exchange_rates::ExchangeRates;
use super::schema::{Asked, Schema};
use crate::http::Request;
use crate::model::{ColumnName, ConnectionName, PageLink, Row, RowId, TableDescription, TableName};
use crate::systems::odata::{Csdl, Query, Service, ServiceError, id_page, keyed_reads};
use crate::systems::{
    Abilities, ChangePage, ChangeQuery, Facts, IdPage, KeyedRead, Line, RowError, Search, System,
    SystemError, Write, WriteOutcome,
};

/// The most writes in one batch: all of them share the server's time limit.
pub(super) const BATCH_SIZE: usize = 25;
const MAX_PAGE_SIZE: u32 = 20_000;

/// Which company, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Company {
    pub id: RowId,
    /// Tenant, environment and company: what a row's id is unique in.
    pub identity: String,
    /// The company's path below the service: `companies(…)`, or `Company(Id=…)` among the web services.
    pub path: String,
    /// The company's address in the standard API, which tells its local currency.
    pub standard: String,
}

/// A company in Business Central.
#[derive(Debug)]
pub struct BusinessCentral {
    pub(super) service: Service,
    pub(super) company: Company,
    /// The column that holds the row version, in tables that have it.
    pub(super) row_version: Option<ColumnName>,
    page_size: u32,
    pub(super) overlap: Duration,
    settle: Duration,
    metadata: OnceCell<Csdl>,
    schemas: Mutex<BTreeMap<TableName, Arc<Schema>>>,
}

impl BusinessCentral {
    /// Makes a system of a service and one of its companies.
    pub fn new(
        service: Service,
        company: Company,
        row_version: Option<ColumnName>,
        page_size: u32,
        overlap: Duration,
        settle: Duration,
    ) -> Self {
        Self {
            service,
            company,
            row_version,
            page_size: page_size.clamp(1, MAX_PAGE_SIZE),
            overlap,
            settle,
            metadata: OnceCell::new(),
            schemas: Mutex::default(),
        }
    }

    pub(super) fn set_path(&self, table: &TableName) -> String {
        format!("{}/{table}", self.company.path)
    }

    pub(super) async fn metadata(&self) -> Result<&Csdl, SystemError> {
        let read = || async {
            let request = Request::get(self.service.url("$metadata"))
                .with_header("Accept", "application/xml")
                .with_header("Accept-Language", "en-US");
            self.service.csdl(&request).await
        };
        self.metadata.get_or_try_init(read).await
    }

    pub(super) async fn schema(&self, table: &TableName) -> Result<Arc<Schema>, SystemError> {
        let mut schemas = self.schemas.lock().await;
        if let Some(schema) = schemas.get(table) {
            return Ok(Arc::clone(schema));
        }
        let schema = Schema::assemble(table, self.metadata().await?);
        let schema = Arc::new(schema.ok_or_else(|| self.not_found(format!("table {table}")))?);
        schemas.insert(table.clone(), Arc::clone(&schema));
        Ok(schema)
    }

    pub(super) async fn ask(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        also: Option<&ColumnName>,
    ) -> Result<Asked, SystemError> {
        let asked = self.schema(table).await?.ask(columns, also);
        asked.map_err(|column| self.not_found(format!("column {column} in {table}")))
    }

    pub(super) fn not_found(&self, what: String) -> SystemError {
        SystemError::NotFound { connection: self.service.name.clone(), what }
    }

    pub(super) fn page_preference(&self) -> String {
        format!("odata.maxpagesize={}", self.page_size)
    }

    /// Reads the exchange rates if they were asked for.
    pub(super) async fn rates(&self, asked: &Asked) -> Result<Option<ExchangeRates>, SystemError> {
        if asked.exchange_rate {
            ExchangeRates::read(&self.service, &self.company.path).await.map(Some)
        } else {
            Ok(None)
        }
    }

    async fn read_rows(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        ids: &[RowId],
    ) -> Result<Vec<KeyedRead>, SystemError> {
        let asked = self.ask(table, columns, None).await?;
        let is_absence = |error: &ServiceError| error.code != "Internal_CompanyNotFound";
        let mut reads =
            keyed_reads(&self.service, &self.set_path(table), &asked.shape, ids, is_absence).await?;
        let rates = self.rates(&asked).await?;
        for read in &mut reads {
            if let KeyedRead::Found(row) = read {
                asked.complete(row, rates.as_ref());
            }
        }
        Ok(reads)
    }
}

impl System for BusinessCentral {
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
        Box::pin(self.read_rows(table, columns, ids))
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
        Box::pin(async move {
            let key = &self.schema(table).await?.key;
            let query = Query::of(self.set_path(table)).select(key.properties()).order_by(key.name());
            id_page(&self.service, &query.path(), key, &self.page_preference(), page).await
        })
    }

    /// Rows do not tell who made them, and have no ids that Tandem derives.
    fn made_elsewhere<'a>(&'a self, _table: &'a TableName) -> BoxFuture<'a, Result<Vec<RowId>, SystemError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> BoxFuture<'a, Vec<WriteOutcome>> {
        Box::pin(self.send_all(writes))
    }
}
