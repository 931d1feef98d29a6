//! Reading options as rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, Options, Place, VALUE, description};
use crate::model::{ColumnName, Row, RowId, TableDescription, Value, Watermark};
use crate::systems::odata::{Query, passes};
use crate::systems::{
    ChangePage, ChangeQuery, Cursor, IdPage, KeyedRead, Listing, Next, RowError, Search, SystemError,
};

impl Choice<'_> {
    /// Describes the table, if the column is a choice.
    pub async fn describe(&self) -> Result<TableDescription, SystemError> {
        self.options().await?;
        Ok(description(self.table.clone()))
    }

    /// Reads the options as they are now.
    pub(super) async fn options(&self) -> Result<Options, SystemError> {
        self.options_at(&self.place).await?.ok_or_else(|| SystemError::NotFound {
            connection: self.system.service.name.clone(),
            what: format!("choice column {} in {}", self.place.column, self.set),
        })
    }

    /// Reads the options of a column; nothing where there is no such choice.
    pub(super) async fn options_at(&self, place: &Place) -> Result<Option<Options>, SystemError> {
        let path = format!(
            "EntityDefinitions(LogicalName='{}')/Attributes(LogicalName='{}')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
            place.table, place.column
        );
        let path =
            format!("{}&$expand=OptionSet,GlobalOptionSet", Query::of(path).select(["LogicalName"]).path());
        match self.system.service.object("the options of a choice", &path).await {
            Ok(attribute) => Ok(Options::decode(&attribute.into())),
            Err(SystemError::NotFound { .. }) => Ok(None),
            // A column of another kind is refused where it is cast to a choice.
            Err(SystemError::BadRequest { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns all options that are not as they were, and those that are gone.
    pub async fn changes(&self, query: &ChangeQuery) -> Result<ChangePage, SystemError> {
        let options = self.options().await?;
        let before: BTreeMap<String, String> = match &query.cursor {
            Cursor::Start | Cursor::Page(_) => BTreeMap::new(),
            Cursor::Since(watermark) => {
                serde_json::from_str(watermark.as_str()).map_err(|_| SystemError::WatermarkExpired {
                    connection: self.system.service.name.clone(),
                    table: self.table.clone(),
                })?
            }
        };
        let now = options.labels();
        let is_news = |value: &str| before.get(value) != now.get(value);
        let rows = options.options.iter().filter(|option| is_news(&option.value.to_string()));
        Ok(ChangePage {
            rows: rows.map(|option| Ok(option.row(&query.columns))).collect(),
            deleted: before.keys().filter(|value| !now.contains_key(*value)).map(RowId::new).collect(),
            became: Vec::new(),
            next: Next::Done(Watermark::new(serde_json::to_string(&now).expect("texts by texts are JSON"))),
        })
    }

    /// Reads options by number.
    pub async fn rows(
        &self,
        columns: &BTreeSet<ColumnName>,
        ids: &[RowId],
    ) -> Result<Vec<KeyedRead>, SystemError> {
        let options = self.options().await?;
        let read = |id: &RowId| {
            let option = options.options.iter().find(|option| option.id() == *id);
            option.map_or(KeyedRead::Absent, |option| KeyedRead::Found(option.row(columns)))
        };
        Ok(ids.iter().map(read).collect())
    }

    /// Finds options. They do not tell when they were made, so that any may be young.
    pub async fn search(
        &self,
        columns: &BTreeSet<ColumnName>,
        search: &Search,
    ) -> Result<Vec<Result<Row, RowError>>, SystemError> {
        let options = self.options().await?;
        let found = options.options.iter().filter(|option| match search {
            Search::ModifiedSince(_) => true,
            Search::Equals(column, Value::Number(value)) if column.as_str() == VALUE => {
                *value == option.value.into()
            }
            Search::Equals(column, Value::Reference(id)) if column.as_str() == VALUE => option.id() == *id,
            Search::Equals(column, Value::Text(text)) if column.as_str() != VALUE => option.is_labelled(text),
            Search::Equals(..) => false,
        });
        Ok(found.map(|option| Ok(option.row(columns))).collect())
    }

    /// Lists options for people.
    pub async fn list(
        &self,
        listing: &Listing,
        columns: &BTreeSet<ColumnName>,
    ) -> Result<Vec<Row>, SystemError> {
        let mut rows = Vec::new();
        for option in self.options().await?.options {
            let mut row = option.row(columns);
            if passes(&self.system.service, &self.table, listing.filter.as_ref(), &row)?
                && rows.len() < listing.most
            {
                row.values.retain(|column, _| listing.columns.contains(column));
                rows.push(row);
            }
        }
        Ok(rows)
    }

    /// Lists all numbers.
    pub async fn ids(&self) -> Result<IdPage, SystemError> {
        let options = self.options().await?;
        Ok(IdPage { ids: options.options.iter().map(super::ChoiceOption::id).collect(), next: None })
    }
}
