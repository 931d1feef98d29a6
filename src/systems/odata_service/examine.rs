//! Looking an OData service over for people. It tells little of itself: what is not told is said to be so.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;

use super::client::ODataService;
use super::reading::decode;
use crate::mapping::Filter;
use crate::model::{Row, TableName};
use crate::systems::odata::{Query, list_rows};
use crate::systems::{Check, Examine, Finding, Listing, Needs, SystemError, TableDetails, Verdict};

impl ODataService {
    async fn list_rows(&self, listing: &Listing) -> Result<Vec<Row>, SystemError> {
        let mut columns = listing.columns.clone();
        columns.extend(listing.filter.iter().flat_map(Filter::columns));
        let shape = self.shape(&listing.table, &columns).await?;
        // How a service compares is not known, so the filter is judged here.
        let query = self.limited(shape.select(Query::of(listing.table.as_str())), None);
        let path = query.order_by(shape.key.name()).path();
        let prefer = listing.page_preference();
        list_rows(&self.service, listing, &path, &prefer, |entry| decode(&shape, &entry)).await
    }

    async fn table(&self, table: &TableName, needs: Needs) -> Vec<Finding> {
        let listing = Listing { table: table.clone(), columns: BTreeSet::new(), filter: None, most: 1 };
        if let Err(error) = self.list_rows(&listing).await {
            return vec![Finding::refused(Check::Read, &error)];
        }
        let mut findings = vec![Finding::good(Check::Read, format!("may read {table}"))];
        findings.push(needs.not_told(table));
        let has_modified = self.schema(table).await.is_ok_and(|schema| schema.modified.is_some());
        findings.push(match has_modified {
            true => Finding::good(Check::ChangeTracking, format!("{table} tells when a row was changed")),
            false => Finding::bad(
                Check::ChangeTracking,
                Verdict::Warning,
                format!("{table} does not tell when a row was changed"),
                "name such a column as `modified`; without one everything is compared at each look",
            ),
        });
        findings
    }

    async fn findings(&self, tables: &BTreeMap<TableName, Needs>) -> Vec<Finding> {
        let not_told = |check| Finding::not_told(check, "an OData service does not tell");
        let mut findings = [Check::Environment, Check::Version, Check::User].map(not_told).to_vec();
        for (table, needs) in tables {
            findings.extend(self.table(table, *needs).await);
        }
        findings.extend([Check::AdministrationMode, Check::OtherEngine, Check::Limits].map(not_told));
        findings
    }
}

impl Examine for ODataService {
    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableName>, SystemError>> {
        Box::pin(async { Ok(self.metadata().await?.sets().map(TableName::new).collect()) })
    }

    /// Metadata names neither labels nor further keys.
    fn details<'a>(&'a self, _table: &'a TableName) -> BoxFuture<'a, Result<TableDetails, SystemError>> {
        Box::pin(async { Ok(TableDetails::default()) })
    }

    /// Little is known of how such a service compares: rows are judged here.
    fn takes<'a>(
        &'a self,
        _table: &'a TableName,
        _filter: &'a Filter,
    ) -> BoxFuture<'a, Result<bool, SystemError>> {
        Box::pin(async { Ok(false) })
    }

    fn list<'a>(&'a self, listing: &'a Listing) -> BoxFuture<'a, Result<Vec<Row>, SystemError>> {
        Box::pin(self.list_rows(listing))
    }

    fn examine<'a>(&'a self, tables: &'a BTreeMap<TableName, Needs>) -> BoxFuture<'a, Vec<Finding>> {
        Box::pin(self.findings(tables))
    }
}
