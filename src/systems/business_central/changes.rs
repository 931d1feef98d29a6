//! Reading one page of changes.

use super::client::BusinessCentral;
use super::feed::Position;
use super::schema::Asked;
use crate::model::TableName;
use crate::systems::odata::{Query, instant_literal};
use crate::systems::{ChangePage, ChangeQuery, Cursor, Next, SystemError};

impl BusinessCentral {
    pub(super) async fn read_changes(&self, query: &ChangeQuery) -> Result<ChangePage, SystemError> {
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
        let page = self.service.page(&what, &url, &response, |entry| asked.decode(&entry))?;
        let mut rows = page.rows;
        let rates = self.rates(&asked).await?;
        for row in rows.iter_mut().flatten() {
            asked.complete(row, rates.as_ref());
        }
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
}
