//! Reading one page of changes.

use super::client::{BusinessCentral, MAX_PAGE_SIZE};
use super::questions::Questions;
use super::schema::{Asked, Schema};
use super::version_feed::VersionPosition;
use crate::model::{ColumnKind, ColumnName, Row, TableName, Timestamp};
use crate::systems::odata::{Position, Query, first_listing, instant_literal, is_of_condition};
use crate::systems::{ChangePage, ChangeQuery, Cursor, Next, RowError, SystemError};

/// One page as it was answered.
struct Answered {
    rows: Vec<Result<Row, RowError>>,
    next_link: Option<String>,
    /// The server's time.
    date: Option<Timestamp>,
}

impl BusinessCentral {
    pub(super) async fn read_changes(&self, query: &ChangeQuery) -> Result<ChangePage, SystemError> {
        let table = &query.table;
        let what = format!("changes of {table}");
        let schema = self.schema(table).await?;
        if let Some(companion) = self.companion_of(&schema) {
            return self.read_committed(companion, query).await;
        }
        if let Some(column) = self.version_column(table).await? {
            return self.read_versions(query, &column).await;
        }
        let asked = self.ask(table, &query.columns, None).await?;
        let mut position = Position::of(query).ok_or_else(|| self.expired(table))?;
        position.condition = position.condition.or_else(|| first_listing(query, &Questions(schema.clone())));
        let url = |position: &Position| {
            let first = || self.service.url(&self.first_page(&schema, &asked, position));
            position.link.clone().unwrap_or_else(first)
        };
        let first = url(&position);
        let without_condition = || position.give_up_condition().then(|| url(&position));
        let answered = self.page_or_whole(query, &asked, &what, &first, without_condition).await?;
        let Answered { mut rows, next_link, date } = answered;
        let rates = self.rates(&asked).await?;
        for row in rows.iter_mut().flatten() {
            asked.complete(row, rates.as_ref());
        }
        position.note(&rows, date);
        let next = match next_link {
            Some(link) => Next::Page(position.page(link, self.overlap)),
            None => {
                let watermark = match asked.shape.modified {
                    Some(_) => position.watermark(),
                    None => Some(Position::everything()),
                };
                Next::Done(watermark.ok_or_else(|| self.service.unexpected(&what, "no Date header"))?)
            }
        };
        Ok(ChangePage { rows, deleted: Vec::new(), became: Vec::new(), next })
    }

    /// Returns the column that holds the row version, where the table has it.
    async fn version_column(&self, table: &TableName) -> Result<Option<ColumnName>, SystemError> {
        let schema = self.schema(table).await?;
        Ok(self.row_version.clone().filter(|column| schema.kind(column) == Some(ColumnKind::Number)))
    }

    async fn read_versions(
        &self,
        query: &ChangeQuery,
        column: &ColumnName,
    ) -> Result<ChangePage, SystemError> {
        let table = &query.table;
        let what = format!("changes of {table}");
        let schema = self.schema(table).await?;
        let asked = self.ask(table, &query.columns, Some(column)).await?;
        let mut position = VersionPosition::of(query).ok_or_else(|| self.expired(table))?;
        position.condition = position.condition.or_else(|| first_listing(query, &Questions(schema.clone())));
        let url = |position: &VersionPosition| {
            let floor = position.floor().map(|floor| format!("{column} gt {floor}"));
            let request = asked.shape.select(Query::of(self.set_path(&schema)));
            let request = request.filters(floor.into_iter().chain(position.condition.clone()));
            let first = || self.service.url(&request.order_by(column.as_str()).path());
            position.link.clone().unwrap_or_else(first)
        };
        let first = url(&position);
        let without_condition = || position.give_up_condition().then(|| url(&position));
        let answered = self.page_or_whole(query, &asked, &what, &first, without_condition).await?;
        let Answered { mut rows, next_link, date } = answered;
        position.note(&rows, column, date);
        for row in rows.iter_mut().flatten() {
            asked.complete(row, None);
        }
        let next = match next_link {
            Some(link) => Next::Page(position.page(link)),
            None => {
                let watermark = position.watermark(self.overlap);
                Next::Done(watermark.ok_or_else(|| self.service.unexpected(&what, "no Date header"))?)
            }
        };
        Ok(ChangePage { rows, deleted: Vec::new(), became: Vec::new(), next })
    }

    /// Reads a page, or where the service does not understand the condition on its rows, the one without it.
    async fn page_or_whole(
        &self,
        query: &ChangeQuery,
        asked: &Asked,
        what: &str,
        url: &str,
        without_condition: impl FnOnce() -> Option<String>,
    ) -> Result<Answered, SystemError> {
        let answered = self.page(query, asked, what, url).await;
        let whole =
            answered.as_ref().err().filter(|error| is_of_condition(error)).and_then(|_| without_condition());
        match whole {
            Some(url) => self.page(query, asked, what, &url).await,
            None => answered,
        }
    }

    async fn page(
        &self,
        query: &ChangeQuery,
        asked: &Asked,
        what: &str,
        url: &str,
    ) -> Result<Answered, SystemError> {
        let response = self.service.fetch(what, url, Some(&self.page_preference(MAX_PAGE_SIZE))).await?;
        // A page link that is no longer understood is answered by reading again from the start.
        if matches!(query.cursor, Cursor::Page(_)) && matches!(response.status, 400 | 410) {
            return Err(self.expired(&query.table));
        }
        let response = self.service.success(what, response)?;
        let page = self.service.page(what, url, &response, |entry| asked.decode(&entry))?;
        Ok(Answered { rows: page.rows, next_link: page.next_link, date: response.date })
    }

    fn expired(&self, table: &TableName) -> SystemError {
        SystemError::WatermarkExpired { connection: self.service.name.clone(), table: table.clone() }
    }

    fn first_page(&self, schema: &Schema, asked: &Asked, position: &Position) -> String {
        let query = Query::of(self.set_path(schema)).select(asked.shape.properties());
        let condition = position.condition.clone();
        let Some(modified) = &asked.shape.modified else {
            return query.filters(condition).order_by(asked.shape.key.name()).path();
        };
        // A rate takes effect without moving its currency's stamp, so currencies are read whole.
        let floor = match asked.exchange_rate {
            true => position.reached(),
            false => position.floor(self.overlap),
        };
        let floor = floor.map(|floor| format!("{modified} ge {}", instant_literal(floor)));
        let query = query.filters(floor.into_iter().chain(condition));
        query.order_by(format!("{modified},{}", asked.shape.key.name())).path()
    }
}
