//! Listing rows for people: page after page, each row judged by the filter, until there are enough.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::Service;
use crate::mapping::Filter;
use crate::model::{Row, TableName};
use crate::systems::{Listing, RowError, SystemError};

/// Reads pages from `path` on until as many rows as wanted pass the filter, or there are no more.
pub async fn list_rows(
    service: &Service,
    listing: &Listing,
    path: &str,
    prefer: &str,
    mut decode: impl FnMut(Json) -> Result<Row, RowError>,
) -> Result<Vec<Row>, SystemError> {
    let what = format!("rows of {}", listing.table);
    let (mut rows, mut url, mut seen) = (Vec::new(), service.url(path), BTreeSet::new());
    while rows.len() < listing.most {
        let response = service.get(&what, &url, Some(prefer)).await?;
        let page = service.page(&what, &url, &response, &mut decode)?;
        for row in page.rows {
            let row = row.map_err(|error| service.unexpected(&what, error.to_string()))?;
            if passes(service, &listing.table, listing.filter.as_ref(), &row)? {
                rows.push(row);
            }
        }
        let Some(next) = page.next_link else { break };
        seen.insert(std::mem::replace(&mut url, next));
        if seen.contains(&url) {
            return Err(service.unexpected(&what, "pages that go round in a circle"));
        }
    }
    rows.truncate(listing.most);
    for row in &mut rows {
        row.values.retain(|column, _| listing.columns.contains(column));
    }
    Ok(rows)
}

/// Returns whether a row passes a filter.
pub fn passes(
    service: &Service,
    table: &TableName,
    filter: Option<&Filter>,
    row: &Row,
) -> Result<bool, SystemError> {
    let what = format!("rows of {table}");
    filter.map_or(Ok(true), |filter| filter.accepts(row)).map_err(|missing| {
        service.unexpected(&what, format!("a row without {}, which the filter needs", missing.0))
    })
}
