//! Reading one page of changes.

use super::client::Dataverse;
use super::feed::{Entry, Phase, Position};
use crate::http::Response;
use crate::model::{TableName, Timestamp};
use crate::systems::odata::{Page, Query, RowShape, ServiceError, instant_literal};
use crate::systems::{ChangePage, ChangeQuery, Cursor, Next, SystemError};

impl Dataverse {
    pub(super) async fn read_changes(&self, query: &ChangeQuery) -> Result<ChangePage, SystemError> {
        let shape = self.shape(&query.table, &query.columns).await?;
        let Some(position) = Position::of(query) else { return Err(self.expired(&query.table)) };
        let reading = Reading { system: self, query, shape, position };
        match reading.position.phase.clone() {
            Phase::Start => reading.listing(None, None).await,
            Phase::Listing { link, started } => reading.listing(Some(link), Some(started)).await,
            Phase::Overlap { link, since, delta } => reading.overlap(link, since, delta).await,
            Phase::Following { link, previous } => reading.following(link, previous).await,
        }
    }

    fn expired(&self, table: &TableName) -> SystemError {
        SystemError::WatermarkExpired { connection: self.service.name.clone(), table: table.clone() }
    }
}

/// One step of reading changes.
struct Reading<'a> {
    system: &'a Dataverse,
    query: &'a ChangeQuery,
    shape: RowShape,
    position: Position,
}

impl Reading<'_> {
    async fn listing(
        self,
        link: Option<String>,
        started: Option<Timestamp>,
    ) -> Result<ChangePage, SystemError> {
        let first = Query::of(self.query.table.as_str()).select(self.shape.properties()).path();
        let url = link.unwrap_or_else(|| self.system.service.url(&first));
        let prefer = format!("odata.track-changes,{}", self.system.page_preference());
        let (page, response) = self.page(&url, Some(&prefer)).await?;
        let started = started.or(response.date).ok_or_else(|| self.unexpected("no Date header"))?;
        let next = match (page.next_link, page.delta_link) {
            (Some(link), _) => Next::Page(self.position.page(Phase::Listing { link, started })),
            (None, Some(delta)) => self.after_listing(started, delta),
            (None, None) => return Err(self.unexpected("neither a next nor a delta link")),
        };
        Ok(changes(page.rows, next))
    }

    fn after_listing(&self, started: Timestamp, delta: String) -> Next {
        if self.shape.modified.is_none() {
            return Next::Done(self.position.watermark(delta));
        }
        let since = started.checked_sub(self.system.overlap).unwrap_or(Timestamp::MIN);
        Next::Page(self.position.page(Phase::Overlap { link: None, since, delta }))
    }

    async fn overlap(
        self,
        link: Option<String>,
        since: Timestamp,
        delta: String,
    ) -> Result<ChangePage, SystemError> {
        let first = Query::of(self.query.table.as_str())
            .select(self.shape.properties())
            .filter(format!("modifiedon ge {}", instant_literal(since)))
            .order_by(format!("modifiedon,{}", self.shape.key.name()))
            .path();
        let url = link.unwrap_or_else(|| self.system.service.url(&first));
        let (page, _) = self.page(&url, Some(&self.system.page_preference())).await?;
        let next = match page.next_link {
            Some(link) => {
                let (link, since) = match reached(&page.rows).filter(|reached| *reached > since) {
                    Some(reached) => (None, reached),
                    None => (Some(link), since),
                };
                Next::Page(self.position.page(Phase::Overlap { link, since, delta }))
            }
            None => Next::Done(self.position.watermark(delta)),
        };
        Ok(changes(page.rows, next))
    }

    async fn following(self, link: String, previous: String) -> Result<ChangePage, SystemError> {
        let (page, _) = self.page(&link, None).await?;
        let next = match (page.next_link, page.delta_link) {
            (Some(link), _) => Next::Page(self.position.page(Phase::Following { link, previous })),
            (None, delta) => Next::Done(self.position.watermark(delta.unwrap_or(previous))),
        };
        Ok(changes(page.rows, next))
    }

    async fn page(&self, url: &str, prefer: Option<&str>) -> Result<(Page<Entry>, Response), SystemError> {
        let service = &self.system.service;
        let what = self.what();
        let response = service.fetch(&what, url, prefer).await?;
        if !response.is_success() {
            return Err(self.refused(&response));
        }
        if self.is_nothing_new(&response) {
            return Ok((Page { rows: Vec::new(), next_link: None, delta_link: None }, response));
        }
        let page = service.page(&what, url, &response, |entry| Entry::decode(&entry, &self.shape))?;
        Ok((page, response))
    }

    /// Where nothing has changed, the answer to a delta link may be empty altogether.
    fn is_nothing_new(&self, response: &Response) -> bool {
        let is_following = matches!(self.position.phase, Phase::Following { .. });
        is_following && matches!(response.body.trim_ascii(), b"" | b"{}")
    }

    fn refused(&self, response: &Response) -> SystemError {
        let error = ServiceError::parse(response.status, &response.body);
        let connection = self.system.service.name.clone();
        let table = self.query.table.clone();
        match (error.code.as_str(), response.status) {
            ("0x80044352", _) | (_, 410) => SystemError::WatermarkExpired { connection, table },
            ("0x80072491", _) => SystemError::Configuration {
                connection,
                detail: format!("change tracking of {table} is off; turn it on in the table's properties"),
            },
            // A link that is no longer understood is answered by reading again from the start.
            (_, 400) if matches!(self.query.cursor, Cursor::Page(_)) => {
                SystemError::WatermarkExpired { connection, table }
            }
            _ => self.system.service.refused(&self.what(), response),
        }
    }

    fn unexpected(&self, detail: &str) -> SystemError {
        self.system.service.unexpected(&self.what(), detail)
    }

    fn what(&self) -> String {
        format!("changes of {}", self.query.table)
    }
}

/// Returns the last stamp of a page: the next is asked for from there, since pages in an order of their own may be counted
/// off, and leave out a row where another one moved up.
fn reached(entries: &[Entry]) -> Option<Timestamp> {
    let stamp = |entry: &Entry| match entry {
        Entry::Row(row) => row.as_ref().ok()?.modified_at,
        Entry::Deleted(_) => None,
    };
    let stamps: Vec<_> = entries.iter().filter_map(stamp).collect();
    stamps.last().copied().filter(|_| stamps.is_sorted())
}

fn changes(entries: Vec<Entry>, next: Next) -> ChangePage {
    let (mut rows, mut deleted) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            Entry::Row(row) => rows.push(row),
            Entry::Deleted(id) => deleted.push(id),
        }
    }
    ChangePage { rows, deleted, became: Vec::new(), next }
}
