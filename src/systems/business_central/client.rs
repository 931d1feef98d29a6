//! Business Central as a system: one company of one environment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::csdl::Csdl;
use super::exchange_rates::ExchangeRates;
use super::feed::Position;
use super::schema::{Asked, CURRENCY_CODE, EXCHANGE_RATE, Schema};
use super::search;
use super::write::{is_locked, judge, prepare};
use crate::http::Request;
use crate::model::{ColumnName, ConnectionName, PageLink, Row, RowId, TableDescription, TableName, Value};
use crate::systems::odata::{
    Query, Service, ServiceError, id_page, instant_literal, keyed_reads, send_writes,
};
use crate::systems::{
    Abilities, ChangePage, ChangeQuery, Cursor, Facts, IdPage, KeyedRead, Next, RowError, Search, System,
    SystemError, Verb, Write, WriteOutcome,
};

/// The most writes in one batch: all of them share the server's time limit.
const BATCH_SIZE: usize = 25;
const MAX_PAGE_SIZE: u32 = 20_000;
/// How many times a write that met a lock is sent again.
const LOCK_RETRIES: u32 = 3;

/// A company in Business Central.
#[derive(Debug)]
pub struct BusinessCentral {
    service: Service,
    company: RowId,
    /// Tenant, environment and company.
    identity: String,
    page_size: u32,
    overlap: Duration,
    settle: Duration,
    metadata: OnceCell<Csdl>,
}

impl BusinessCentral {
    /// Makes a system of a service and one of its companies. `environment` names tenant and environment.
    pub fn new(
        service: Service,
        environment: &str,
        company: RowId,
        page_size: u32,
        overlap: Duration,
        settle: Duration,
    ) -> Self {
        Self {
            identity: format!("{environment}+{company}"),
            service,
            company,
            page_size: page_size.clamp(1, MAX_PAGE_SIZE),
            overlap,
            settle,
            metadata: OnceCell::new(),
        }
    }

    fn company_path(&self) -> String {
        format!("companies({})", self.company)
    }

    fn set_path(&self, table: &TableName) -> String {
        format!("{}/{table}", self.company_path())
    }

    async fn read_facts(&self) -> Result<Facts, SystemError> {
        let what = format!("company {}", self.company);
        let query = Query::of(self.company_path()).select(["id", "name", "displayName"]);
        let response = self.service.get(&what, &self.service.url(&query.path()), None).await?;
        let company: serde_json::Value = serde_json::from_slice(&response.body)
            .map_err(|error| self.service.unexpected(&what, error.to_string()))?;
        let field =
            |name: &str| company.get(name).and_then(|text| text.as_str()).filter(|text| !text.is_empty());
        Ok(Facts {
            identity: self.identity.clone(),
            display_name: field("displayName").or(field("name")).unwrap_or_default().to_owned(),
            base_currency_code: self.local_currency().await?,
            base_currency: None,
            server_time: response.date,
        })
    }

    async fn local_currency(&self) -> Result<Option<String>, SystemError> {
        for (set, property) in
            [("generalLedgerSetup", "localCurrencyCode"), ("companyInformation", "currencyCode")]
        {
            let query = Query::of(format!("{}/{set}", self.company_path())).select([property]);
            let code =
                |row: serde_json::Value| row.get(property).and_then(|code| code.as_str()).map(str::to_owned);
            let codes = match self.service.all(set, &query.path(), None, code).await {
                // Older versions lack the first, and not every sign-in may read it.
                Err(
                    SystemError::NotFound { .. }
                    | SystemError::Forbidden { .. }
                    | SystemError::BadRequest { .. },
                ) => {
                    continue;
                }
                codes => codes?,
            };
            if let Some(code) = codes.into_iter().flatten().find(|code| !code.is_empty()) {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }

    async fn metadata(&self) -> Result<&Csdl, SystemError> {
        let what = "metadata";
        let read = || async {
            let request = Request::get(self.service.url("$metadata"))
                .with_header("Accept", "application/xml")
                .with_header("Accept-Language", "en-US");
            let response = self.service.session.send(&request).await;
            let response = response.map_err(|error| self.service.unanswered(what, error))?;
            let response = self.service.success(what, response)?;
            let text = String::from_utf8_lossy(&response.body);
            Csdl::parse(text.trim_start_matches('\u{feff}'))
                .map_err(|error| self.service.unexpected(what, error.to_string()))
        };
        self.metadata.get_or_try_init(read).await
    }

    async fn schema(&self, table: &TableName) -> Result<Schema, SystemError> {
        let schema = Schema::assemble(table, self.metadata().await?);
        schema.ok_or_else(|| self.not_found(format!("table {table}")))
    }

    async fn ask(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        also: Option<&ColumnName>,
    ) -> Result<Asked, SystemError> {
        let asked = self.schema(table).await?.ask(columns, also);
        asked.map_err(|column| self.not_found(format!("column {column} in {table}")))
    }

    fn not_found(&self, what: String) -> SystemError {
        SystemError::NotFound { connection: self.service.name.clone(), what }
    }

    fn page_preference(&self) -> String {
        format!("odata.maxpagesize={}", self.page_size)
    }

    async fn read_changes(&self, query: &ChangeQuery) -> Result<ChangePage, SystemError> {
        let table = &query.table;
        let expired =
            || SystemError::WatermarkExpired { connection: self.service.name.clone(), table: table.clone() };
        let what = format!("changes of {table}");
        let asked = self.ask(table, &query.columns, None).await?;
        let mut position = Position::of(query).ok_or_else(expired)?;
        let url = position
            .link
            .clone()
            .unwrap_or_else(|| self.service.url(&self.first_page(table, &asked, &position)));
        let response = self.service.fetch(&what, &url, Some(&self.page_preference())).await?;
        // A page link that is no longer understood is answered by reading again from the start.
        if matches!(query.cursor, Cursor::Page(_)) && matches!(response.status, 400 | 410) {
            return Err(expired());
        }
        let response = self.service.success(&what, response)?;
        let page = self.service.page(&what, &url, &response, |entry| decode_row(&asked, &entry))?;
        let mut rows = page.rows;
        self.complete(&asked, rows.iter_mut().flatten()).await?;
        position.note(&rows, response.date);
        let next = match page.next_link {
            Some(link) => Next::Page(position.page(link)),
            None => {
                let watermark = position.watermark();
                Next::Done(watermark.ok_or_else(|| self.service.unexpected(&what, "no Date header"))?)
            }
        };
        Ok(ChangePage { rows, deleted: Vec::new(), next })
    }

    fn first_page(&self, table: &TableName, asked: &Asked, position: &Position) -> String {
        let query = Query::of(self.set_path(table)).select(asked.shape.properties());
        let Some(modified) = &asked.shape.modified else { return query.order_by("id").path() };
        // A rate takes effect without moving its currency's stamp, so currencies are read whole.
        let floor = position.floor(self.overlap).filter(|_| !asked.exchange_rate);
        let query = match floor {
            Some(floor) => query.filter(format!("{modified} ge {}", instant_literal(floor))),
            None => query,
        };
        query.order_by(format!("{modified},id")).path()
    }

    /// Adds what Tandem computes and takes out what was asked for only to compute it.
    async fn complete<'a>(
        &self,
        asked: &Asked,
        rows: impl Iterator<Item = &'a mut Row>,
    ) -> Result<(), SystemError> {
        let rates = match asked.exchange_rate {
            true => Some(ExchangeRates::read(&self.service, &self.company_path()).await?),
            false => None,
        };
        for row in rows {
            if let Some(rates) = &rates {
                let code = row.values.get(&ColumnName::new(CURRENCY_CODE)).unwrap_or(&Value::Blank);
                let rate = rates.rate(code);
                row.values.insert(ColumnName::new(EXCHANGE_RATE), rate);
            }
            if let Some(surplus) = &asked.surplus {
                row.values.remove(surplus);
            }
        }
        Ok(())
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
        let rows = reads.iter_mut().filter_map(|read| match read {
            KeyedRead::Found(row) => Some(row),
            KeyedRead::Absent | KeyedRead::Unreadable(_) => None,
        });
        self.complete(&asked, rows).await?;
        Ok(reads)
    }

    async fn find_rows(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        search: &Search,
    ) -> Result<Vec<Row>, SystemError> {
        let what = format!("a search in {table}");
        let also = match search {
            Search::Equals(column, _) => Some(column),
            Search::ModifiedSince(_) => None,
        };
        let mut asked = self.ask(table, columns, also).await?;
        let code = ColumnName::new(CURRENCY_CODE);
        if asked.exchange_rate && also != Some(&code) {
            asked = self.ask(table, &columns.iter().cloned().chain([code]).collect(), also).await?;
        }
        let query = Query::of(self.set_path(table)).select(asked.shape.properties()).order_by("id");
        let query = match self.condition(table, search).await? {
            Some(condition) => query.filter(condition),
            None => query,
        };
        let prefer = self.page_preference();
        let rows =
            self.service.all(&what, &query.path(), Some(&prefer), |entry| decode_row(&asked, &entry)).await?;
        let unreadable = |error: RowError| self.service.unexpected(&what, error.to_string());
        let mut rows = rows.into_iter().collect::<Result<Vec<Row>, _>>().map_err(unreadable)?;
        if let Search::Equals(column, value) = search {
            rows.retain(|row| search::matches(row, column, value));
        }
        self.complete(&asked, rows.iter_mut()).await?;
        for row in &mut rows {
            row.values.retain(|column, _| columns.contains(column));
        }
        Ok(rows)
    }

    async fn condition(&self, table: &TableName, search: &Search) -> Result<Option<String>, SystemError> {
        Ok(match search {
            Search::ModifiedSince(moment) => {
                Some(format!("lastModifiedDateTime ge {}", instant_literal(*moment)))
            }
            Search::Equals(column, value) => {
                let kind = self.schema(table).await?.kind(column);
                let kind = kind.ok_or_else(|| self.not_found(format!("column {column} in {table}")))?;
                search::condition(column, kind, value)
            }
        })
    }

    async fn send(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let writes: Vec<&Write> = writes.iter().collect();
        let mut outcomes = self.send_once(&writes).await;
        for attempt in 0..LOCK_RETRIES {
            let locked: Vec<usize> = (0..writes.len()).filter(|index| is_locked(&outcomes[*index])).collect();
            if locked.is_empty() {
                break;
            }
            self.service.session.back_off(attempt).await;
            let again: Vec<&Write> = locked.iter().map(|index| writes[*index]).collect();
            for (index, outcome) in locked.into_iter().zip(self.send_once(&again).await) {
                outcomes[index] = outcome;
            }
        }
        self.complete_written(&writes, &mut outcomes).await;
        outcomes
    }

    async fn send_once(&self, writes: &[&Write]) -> Vec<WriteOutcome> {
        let (mut prepared, mut shapes) = (Vec::new(), Vec::new());
        for write in writes {
            let ready = self.ready(write).await;
            prepared.push(match &ready {
                Ok((schema, _)) => prepare(schema, &self.set_path(&write.table), write),
                Err(error) => Err(WriteOutcome::NotApplied(error.clone())),
            });
            shapes.push(ready.ok().map(|(_, asked)| asked.shape));
        }
        send_writes(&self.service, prepared, BATCH_SIZE, |index, answer| {
            let shape = shapes[index].as_ref().expect("only a write whose table is known was sent");
            judge(&self.service.name, shape, writes[index], answer)
        })
        .await
    }

    async fn ready(&self, write: &Write) -> Result<(Schema, Asked), SystemError> {
        Ok((self.schema(&write.table).await?, self.ask(&write.table, &write.returning, None).await?))
    }

    /// Adds computed columns to the rows that writes returned.
    async fn complete_written(&self, writes: &[&Write], outcomes: &mut [WriteOutcome]) {
        for (write, outcome) in writes.iter().zip(outcomes) {
            let WriteOutcome::Written(row) = outcome else { continue };
            let completed = match self.ask(&write.table, &write.returning, None).await {
                Ok(asked) => self.complete(&asked, std::iter::once(&mut *row)).await,
                Err(error) => Err(error),
            };
            if completed.is_err() {
                *outcome = WriteOutcome::WrittenUnseen(Some(row.id.clone()));
            }
        }
    }
}

fn decode_row(asked: &Asked, entry: &serde_json::Value) -> Result<Row, RowError> {
    match entry.as_object() {
        Some(object) => asked.shape.decode(object),
        None => Err(RowError { id: None, message: "an entry that is no object".to_owned() }),
    }
}

impl System for BusinessCentral {
    fn name(&self) -> &ConnectionName {
        &self.service.name
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            takes_ids: false,
            lists_deletions: false,
            dirty_reads: true,
            settle: self.settle,
            batch_size: BATCH_SIZE,
        }
    }

    fn facts(&self) -> BoxFuture<'_, Result<Facts, SystemError>> {
        Box::pin(self.read_facts())
    }

    fn describe<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<TableDescription, SystemError>> {
        Box::pin(async { Ok(self.schema(table).await?.description) })
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
    ) -> BoxFuture<'a, Result<Vec<Row>, SystemError>> {
        Box::pin(self.find_rows(table, columns, search))
    }

    fn ids<'a>(
        &'a self,
        table: &'a TableName,
        page: Option<&'a PageLink>,
    ) -> BoxFuture<'a, Result<IdPage, SystemError>> {
        Box::pin(async move {
            let first = Query::of(self.set_path(table)).select(["id"]).path();
            id_page(&self.service, &first, "id", &self.page_preference(), page).await
        })
    }

    fn write<'a>(&'a self, writes: &'a [Write]) -> BoxFuture<'a, Vec<WriteOutcome>> {
        Box::pin(self.send(writes))
    }
}
