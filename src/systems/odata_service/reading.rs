//! Reading changes, searching, listing ids.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::client::ODataService;
use super::questions::Questions;
use super::schema::Schema;
use crate::model::{ColumnName, PageLink, Row, TableName, Timestamp, Value};
use crate::systems::odata::{
    Page, Position, Query, RowShape, first_listing, id_page, instant_literal, is_of_condition, literal,
    quoted,
};
use crate::systems::{ChangePage, ChangeQuery, Cursor, IdPage, Next, RowError, Search, SystemError};

impl ODataService {
    pub(super) async fn read_changes(&self, query: &ChangeQuery) -> Result<ChangePage, SystemError> {
        let table = &query.table;
        let shape = self.shape(table, &query.columns).await?;
        let mut position = Position::of(query).ok_or_else(|| self.expired(table))?;
        let questions = Questions(self.schema(table).await?);
        position.condition = position.condition.or_else(|| first_listing(query, &questions));
        let (page, date) = match self.change_page(query, &shape, &position).await {
            Err(error) if is_of_condition(&error) && position.give_up_condition() => {
                self.change_page(query, &shape, &position).await?
            }
            answered => answered?,
        };
        position.note(&page.rows, date);
        let watermark = || match &shape.modified {
            Some(_) => position.watermark().unwrap_or_else(Position::everything),
            None => Position::everything(),
        };
        let next = match page.next_link {
            Some(link) => Next::Page(position.page(link, self.traits.overlap)),
            None => Next::Done(watermark()),
        };
        Ok(ChangePage { rows: page.rows, deleted: Vec::new(), became: Vec::new(), next })
    }

    async fn change_page(
        &self,
        query: &ChangeQuery,
        shape: &RowShape,
        position: &Position,
    ) -> Result<(Page<Result<Row, RowError>>, Option<Timestamp>), SystemError> {
        let what = format!("changes of {}", query.table);
        let first = || self.service.url(&self.first_page(&query.table, shape, position));
        let url = position.link.clone().unwrap_or_else(first);
        let response = self.service.fetch(&what, &url, Some(&self.page_preference())).await?;
        // A page link that is no longer understood is answered by reading again from the start.
        if matches!(query.cursor, Cursor::Page(_)) && matches!(response.status, 400 | 404 | 410) {
            return Err(self.expired(&query.table));
        }
        let response = self.service.success(&what, response)?;
        let page = self.service.page(&what, &url, &response, |entry| decode(shape, &entry))?;
        Ok((page, response.date))
    }

    fn expired(&self, table: &TableName) -> SystemError {
        SystemError::WatermarkExpired { connection: self.service.name.clone(), table: table.clone() }
    }

    fn first_page(&self, table: &TableName, shape: &RowShape, position: &Position) -> String {
        let modified = shape.modified.as_deref();
        let since = modified.zip(position.floor(self.traits.overlap));
        let since = since.map(|(modified, floor)| format!("{modified} ge {}", instant_literal(floor)));
        let conditions = since.into_iter().chain(position.condition.clone());
        let order =
            modified.map_or_else(|| shape.key.name(), |modified| format!("{modified},{}", shape.key.name()));
        self.limited(shape.select(Query::of(table.as_str())), conditions).order_by(order).path()
    }

    /// Adds conditions, and the one that keeps to the company.
    pub(super) fn limited(&self, query: Query, conditions: impl IntoIterator<Item = String>) -> Query {
        let company = self.traits.company.as_ref();
        let company = company.map(|(column, company)| format!("{column} eq {}", quoted(company)));
        query.filters(company.into_iter().chain(conditions))
    }

    pub(super) async fn find_rows(
        &self,
        table: &TableName,
        columns: &BTreeSet<ColumnName>,
        search: &Search,
    ) -> Result<Vec<Result<Row, RowError>>, SystemError> {
        let schema = self.schema(table).await?;
        let shape = self.shape(table, columns).await?;
        let condition = self.condition(&schema, search)?;
        let query = self.limited(shape.select(Query::of(table.as_str())), condition);
        let path = query.order_by(shape.key.name()).path();
        let what = format!("a search in {table}");
        self.service.all(&what, &path, Some(&self.page_preference()), |entry| decode(&shape, &entry)).await
    }

    /// Returns the filter of a search; nothing where only reading everything finds all that may be meant.
    fn condition(&self, schema: &Schema, search: &Search) -> Result<Option<String>, SystemError> {
        Ok(match search {
            Search::ModifiedSince(moment) => {
                schema.modified.as_ref().map(|modified| format!("{modified} ge {}", instant_literal(*moment)))
            }
            Search::Equals(column, Value::Reference(id)) if *column == schema.description.key => {
                Some(schema.key.filter(id))
            }
            Search::Equals(column, value) => {
                let form = schema.form(column);
                let form = form.ok_or_else(|| {
                    self.not_found(format!("column {column} in {}", schema.description.table))
                })?;
                let literal = match value {
                    Value::Blank => "null".to_owned(),
                    Value::Reference(id) => form.literal(id.as_str()),
                    Value::Text(text) => form.literal(text),
                    other => literal(other).unwrap_or_else(|| "null".to_owned()),
                };
                Some(format!("{column} eq {literal}"))
            }
        })
    }

    pub(super) async fn list_ids(
        &self,
        table: &TableName,
        page: Option<&PageLink>,
    ) -> Result<IdPage, SystemError> {
        let key = &self.schema(table).await?.key;
        let query = self.limited(Query::of(table.as_str()).select(key.properties()), None);
        let first = query.order_by(key.name()).path();
        id_page(&self.service, &first, key, &self.page_preference(), page).await
    }
}

pub(super) fn decode(shape: &RowShape, entry: &Json) -> Result<Row, RowError> {
    match entry.as_object() {
        Some(object) => shape.decode(object),
        None => Err(RowError { id: None, message: "an entry that is no object".to_owned() }),
    }
}
