//! Reading one page of a table's changes by row version, and its tombstones.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::position::{NoWay, Position, Reading};
use super::tombstones::{self, Sifted, Tombstone, sift};
use super::{Companion, ROW_VERSION};
use crate::http::Response;
use crate::model::{Became, ColumnName, Row, RowId, TableName, Value};
use crate::systems::business_central::client::BusinessCentral;
use crate::systems::business_central::questions::Questions;
use crate::systems::business_central::schema::Asked;
use crate::systems::odata::{Query, first_listing, is_of_condition, keyed_reads, quoted};
use crate::systems::{ChangePage, ChangeQuery, Next, RowError, Search, SystemError};

/// Where orders are, and where they are posted to.
const ORDERS: &str = "salesOrders";
const INVOICES: &str = "postedSalesInvoices";

/// More rows than this come in no page.
const MAX_PAGE_SIZE: u32 = 1000;

impl BusinessCentral {
    /// Reads one page: of rows, or behind the last of them of tombstones.
    pub(in super::super) async fn read_committed(
        &self,
        companion: &Companion,
        query: &ChangeQuery,
    ) -> Result<ChangePage, SystemError> {
        let version = ColumnName::new(ROW_VERSION);
        let asked = self.ask(&query.table, &query.columns, Some(&version)).await?;
        let mut position = companion.position(query, &asked).await?;
        let questions = Questions(self.schema(&query.table).await?);
        position.condition = position.condition.or_else(|| first_listing(query, &questions));
        let prefer = self.page_preference(MAX_PAGE_SIZE);
        let mut page = ChangePage {
            rows: Vec::new(),
            deleted: Vec::new(),
            became: Vec::new(),
            next: Next::Done(position.clone().watermark()),
        };
        if position.reading == Reading::Rows {
            let (mut rows, link) = match companion.row_page(query, &asked, &position, &prefer).await {
                Err(error) if is_of_condition(&error) && position.give_up_condition() => {
                    companion.row_page(query, &asked, &position, &prefer).await?
                }
                page => page?,
            };
            let versions: Vec<_> = rows.iter().map(|row| version_of(row, &version)).collect();
            let rates = self.rates(&asked).await?;
            for row in rows.iter_mut().flatten() {
                asked.complete(row, rates.as_ref());
            }
            companion.name_authors(rows.iter_mut().flatten()).await;
            page.rows = rows;
            if let Some(link) = link {
                page.next = Next::Page(position.page(&versions, link));
                return Ok(page);
            }
            position.rows_are_read();
        }
        let (tombstones, link) = companion.tombstone_page(&query.table, &position, &prefer).await?;
        let versions: Vec<_> = tombstones.iter().map(|tombstone| tombstone.version).collect();
        let Sifted { deleted, became, unread } =
            companion.hold_against_rows(query, &asked, tombstones).await?;
        page.rows.extend(unread.into_iter().map(Err));
        page.became = became;
        for tombstone in deleted {
            match self.is_invoiced(&query.table, &tombstone).await? {
                true => page.became.push((tombstone.row, Became::Posted)),
                false => page.deleted.push(tombstone.row),
            }
        }
        page.next = match link {
            Some(link) => Next::Page(position.page(&versions, link)),
            None => Next::Done(position.watermark()),
        };
        Ok(page)
    }

    /// Returns whether a deleted order was invoiced before: a batch job of Business Central deletes such orders.
    pub(in super::super) async fn is_invoiced(
        &self,
        table: &TableName,
        tombstone: &Tombstone,
    ) -> Result<bool, SystemError> {
        if table.as_str() != ORDERS || tombstone.number.is_empty() {
            return Ok(false);
        }
        let of_order = Search::Equals(ColumnName::new("orderNumber"), Value::text(tombstone.number.as_str()));
        Ok(!self.find_rows(&TableName::new(INVOICES), &BTreeSet::new(), &of_order).await?.is_empty())
    }
}

impl Companion {
    async fn position(&self, query: &ChangeQuery, asked: &Asked) -> Result<Position, SystemError> {
        let no_way = |no_way| match no_way {
            NoWay::Expired => SystemError::WatermarkExpired {
                connection: self.service.name.clone(),
                table: query.table.clone(),
            },
            NoWay::Broken(broken) => self.restored(&broken),
        };
        if let Some(position) = Position::under_way(query).map_err(no_way)? {
            if let Some(Some(installed)) = self.known() {
                position.reached.check(&installed.state).map_err(|broken| self.restored(&broken))?;
            }
            return Ok(position);
        }
        let state = self.state_to_read(&query.table).await?;
        let mut position = Position::begin(query, &state).map_err(no_way)?;
        if asked.exchange_rate {
            // A rate takes effect without moving its currency's version, so currencies are read whole.
            position.reached.rows = 0;
        }
        Ok(position)
    }

    async fn row_page(
        &self,
        query: &ChangeQuery,
        asked: &Asked,
        position: &Position,
        prefer: &str,
    ) -> Result<(Vec<Result<Row, RowError>>, Option<String>), SystemError> {
        let what = format!("changes of {}", query.table);
        let Some((after, before)) = position.range() else { return Ok((Vec::new(), None)) };
        let range = format!("{ROW_VERSION} gt {after} and {ROW_VERSION} lt {before}");
        let first = asked
            .shape
            .select(Query::of(format!("{}/{}", self.company, query.table)))
            .filters([range].into_iter().chain(position.condition.clone()))
            .order_by(ROW_VERSION);
        let (url, response) = self.page(&what, position, &first, prefer).await?;
        let page = self.service.page(&what, &url, &response, |entry| asked.decode(&entry))?;
        Ok((page.rows, page.next_link))
    }

    /// Returns the last tombstone of a row, if it has any.
    pub async fn tombstone_of(
        &self,
        table: &TableName,
        row: &RowId,
    ) -> Result<Option<Tombstone>, SystemError> {
        let what = format!("the tombstone of a row of {table}");
        let of_row = format!("entitySetName eq {} and systemId eq {}", quoted(table.as_str()), row.as_str());
        let query = Query::of(format!("{}/deletedRows", self.company))
            .select(tombstones::COLUMNS)
            .filter(of_row)
            .order_by(ROW_VERSION);
        let url = self.service.url(&query.path());
        let response = self.fetch(&what, &url, None).await?;
        let response = self.unless_gone(self.service.success(&what, response)).await?;
        let page = self.service.page(&what, &url, &response, |entry| Tombstone::read(&entry))?;
        let last = page.rows.into_iter().next_back();
        last.map(|last| last.ok_or_else(|| self.service.unexpected(&what, "a tombstone of no row")))
            .transpose()
    }

    async fn tombstone_page(
        &self,
        table: &TableName,
        position: &Position,
        prefer: &str,
    ) -> Result<(Vec<Tombstone>, Option<String>), SystemError> {
        let what = format!("deleted rows of {table}");
        let Some((after, before)) = position.range() else { return Ok((Vec::new(), None)) };
        let of_table = format!("entitySetName eq {}", quoted(table.as_str()));
        let first = Query::of(format!("{}/deletedRows", self.company))
            .select(tombstones::COLUMNS)
            .filter(format!("{of_table} and {ROW_VERSION} gt {after} and {ROW_VERSION} lt {before}"))
            .order_by(ROW_VERSION);
        let (url, response) = self.page(&what, position, &first, prefer).await?;
        let read = |entry: Json| Tombstone::read(&entry);
        let page = self.service.page(&what, &url, &response, read)?;
        let tombstones: Option<Vec<Tombstone>> = page.rows.into_iter().collect();
        // One that is passed over would leave a deletion unnoticed.
        let tombstones = tombstones.ok_or_else(|| self.service.unexpected(&what, "a tombstone of no row"))?;
        Ok((tombstones, page.next_link))
    }

    /// Gets the next page: by its link, or from where the read stands.
    async fn page(
        &self,
        what: &str,
        position: &Position,
        first: &Query,
        prefer: &str,
    ) -> Result<(String, Response), SystemError> {
        let url = position.link.clone().unwrap_or_else(|| self.service.url(&first.path()));
        let response = self.fetch(what, &url, Some(prefer)).await?;
        let response = self.unless_gone(self.service.success(what, response)).await?;
        Ok((url, response))
    }

    /// Reads the rows that tombstones are about.
    async fn hold_against_rows(
        &self,
        query: &ChangeQuery,
        asked: &Asked,
        tombstones: Vec<Tombstone>,
    ) -> Result<Sifted, SystemError> {
        if tombstones.is_empty() {
            return Ok(Sifted::default());
        }
        let ids: Vec<_> = tombstones.iter().map(|tombstone| tombstone.row.clone()).collect();
        let set = format!("{}/{}", self.company, query.table);
        let reads = keyed_reads(&self.service, &set, &asked.shape, &ids, |_| true).await;
        let reads = self.unless_gone(reads).await?;
        self.is_still_there().await?;
        Ok(sift(tombstones, reads))
    }
}

fn version_of(row: &Result<Row, RowError>, column: &ColumnName) -> Option<i64> {
    match row.as_ref().ok()?.values.get(column)? {
        Value::Number(version) => i64::try_from(*version).ok(),
        _ => None,
    }
}
