//! Business Central as a system: one company of one environment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Mutex, OnceCell};

use super::companion::{CONTROL_SETS, Companion, Installed, choose, serves};
use super::exchange_rates::ExchangeRates;
use super::schema::{Asked, Home, Schema};
use crate::http::Request;
use crate::model::{
    ColumnName, ConnectionName, PageLink, Row, RowId, TableDescription, TableName, Watermark,
};
use crate::systems::odata::{Csdl, Query, Service, ServiceError, id_page, keyed_reads};
use crate::systems::{
    Abilities, ChangePage, ChangeQuery, Facts, Fate, IdPage, KeyedRead, LastKnown, Line, RowError, Search,
    System, SystemError, Write, WriteOutcome,
};

/// The most writes in one batch: all of them share the server's time limit.
pub(super) const BATCH_SIZE: usize = 25;
pub(super) const MAX_PAGE_SIZE: u32 = 20_000;

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
    /// Nothing where it is not to be used.
    pub(super) companion: Option<Companion>,
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
            companion: None,
            page_size: page_size.clamp(1, MAX_PAGE_SIZE),
            overlap,
            settle,
            metadata: OnceCell::new(),
            schemas: Mutex::default(),
        }
    }

    /// Lets it use the companion where it is installed.
    pub fn with_companion(self, companion: Option<Companion>) -> Self {
        Self { companion, ..self }
    }

    /// Looks whether the companion is installed. The company must be known to exist.
    pub(super) async fn look_for_companion(&self) -> Result<Option<Arc<Installed>>, SystemError> {
        let Some(companion) = &self.companion else { return Ok(None) };
        let look = companion.look().await?;
        if look.is_other {
            self.schemas.lock().await.clear();
        }
        Ok(look.installed)
    }

    /// Returns the companion as it was found by the last look, if it is installed.
    pub(super) async fn installed(&self) -> Result<Option<(&Companion, Arc<Installed>)>, SystemError> {
        let Some(companion) = &self.companion else { return Ok(None) };
        let installed = match companion.known() {
            Some(installed) => installed,
            None => {
                let what = format!("company {}", self.company.id);
                self.service.get(&what, &self.service.url(&self.company.path), None).await?;
                self.look_for_companion().await?
            }
        };
        Ok(installed.map(|installed| (companion, installed)))
    }

    /// Returns the companion, if a table lives there.
    pub(super) fn companion_of(&self, schema: &Schema) -> Option<&Companion> {
        self.companion.as_ref().filter(|_| schema.home == Home::Companion)
    }

    /// Tells a failure of what was asked from the table's service having gone away.
    pub(super) async fn unless_gone<T>(
        &self,
        schema: &Schema,
        result: Result<T, SystemError>,
    ) -> Result<T, SystemError> {
        match self.companion_of(schema) {
            Some(companion) => companion.unless_gone(result).await,
            None => result,
        }
    }

    /// Returns the service that a table is read from and written to.
    pub(super) fn service_of(&self, schema: &Schema) -> &Service {
        self.companion_of(schema).map_or(&self.service, |companion| &companion.service)
    }

    pub(super) fn set_path(&self, schema: &Schema) -> String {
        format!("{}/{}", self.company.path, schema.set)
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
        // Before the lock: what is found out may clear the tables.
        let installed = self.installed().await?;
        let mut schemas = self.schemas.lock().await;
        if let Some(schema) = schemas.get(table) {
            return Ok(Arc::clone(schema));
        }
        let schema = self.assemble(table, installed).await?;
        let schema = Arc::new(schema.ok_or_else(|| self.no_table(table))?);
        schemas.insert(table.clone(), Arc::clone(&schema));
        Ok(schema)
    }

    async fn assemble(
        &self,
        table: &TableName,
        installed: Option<(&Companion, Arc<Installed>)>,
    ) -> Result<Option<Schema>, SystemError> {
        let used = self.companion.as_ref().and_then(|companion| companion.used.get(table));
        let used = used.map(|used| &used.columns);
        let own = match installed {
            Some((companion, installed)) => {
                Schema::assemble(table, companion.metadata(&installed).await?, Home::Companion)
            }
            None => None,
        };
        match own {
            Some(schema) if serves(&schema, used) => Ok(Some(schema)),
            own => Ok(choose(own, Schema::assemble(table, self.metadata().await?, Home::Standard), used)),
        }
    }

    /// Lists the tables of both services.
    pub(super) async fn table_names(&self) -> Result<Vec<TableName>, SystemError> {
        let mut names: BTreeSet<TableName> = self.metadata().await?.sets().map(TableName::new).collect();
        if let Some((companion, installed)) = self.installed().await? {
            let sets = companion.metadata(&installed).await?.sets();
            names.extend(sets.filter(|set| !CONTROL_SETS.contains(set)).map(TableName::new));
        }
        Ok(names.into_iter().collect())
    }

    fn no_table(&self, table: &TableName) -> SystemError {
        let is_missing =
            self.companion.as_ref().is_some_and(|companion| matches!(companion.known(), Some(None)));
        let hint =
            if is_missing { " (the companion extension, which may have it, is not installed)" } else { "" };
        self.not_found(format!("table {table}{hint}"))
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

    pub(super) fn page_preference(&self, most: u32) -> String {
        format!("odata.maxpagesize={}", self.page_size.min(most))
    }

    /// Puts names in the place of users' ids, where rows hold some.
    pub(super) async fn name_authors(&self, schema: &Schema, rows: impl Iterator<Item = &mut Row>) {
        if let Some(companion) = self.companion_of(schema) {
            companion.name_authors(rows).await;
        }
    }

    /// Reads the exchange rates if they were asked for.
    pub(super) async fn rates(&self, asked: &Asked) -> Result<Option<ExchangeRates>, SystemError> {
        if asked.exchange_rate {
            ExchangeRates::read(&self.service, &self.company.path).await.map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) async fn read_rows(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        ids: &[RowId],
    ) -> Result<Vec<KeyedRead>, SystemError> {
        let schema = self.schema(table).await?;
        let asked = self.ask(table, columns, None).await?;
        let service = self.service_of(&schema);
        let is_absence = |error: &ServiceError| error.code != "Internal_CompanyNotFound";
        let reads = keyed_reads(service, &self.set_path(&schema), &asked.shape, ids, is_absence).await;
        let mut reads = self.unless_gone(&schema, reads).await?;
        if let Some(companion) = self.companion_of(&schema)
            && reads.contains(&KeyedRead::Absent)
        {
            companion.is_still_there().await?;
        }
        let rates = self.rates(&asked).await?;
        for row in reads.iter_mut().filter_map(found) {
            asked.complete(row, rates.as_ref());
        }
        self.name_authors(&schema, reads.iter_mut().filter_map(found)).await;
        Ok(reads)
    }
}

fn found(read: &mut KeyedRead) -> Option<&mut Row> {
    if let KeyedRead::Found(row) = read { Some(row) } else { None }
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

    fn check_past(&self, read: &[Watermark]) -> Result<(), SystemError> {
        self.companion.as_ref().map_or(Ok(()), |companion| companion.check_past(read))
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
            let schema = self.schema(table).await?;
            let key = &schema.key;
            let query = Query::of(self.set_path(&schema)).select(key.properties()).order_by(key.name());
            let prefer = self.page_preference(MAX_PAGE_SIZE);
            let listed = id_page(self.service_of(&schema), &query.path(), key, &prefer, page).await;
            self.unless_gone(&schema, listed).await
        })
    }

    fn fate<'a>(
        &'a self,
        table: &'a TableName,
        last: &'a LastKnown,
    ) -> BoxFuture<'a, Result<Fate, SystemError>> {
        Box::pin(self.find_fate(table, last))
    }

    /// Rows do not tell who made them, and have no ids that Tandem derives.
    fn made_elsewhere<'a>(&'a self, _table: &'a TableName) -> BoxFuture<'a, Result<Vec<RowId>, SystemError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> BoxFuture<'a, Vec<WriteOutcome>> {
        Box::pin(self.send_all(writes))
    }
}
