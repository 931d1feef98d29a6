//! Looking a company in Business Central over for people.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::client::BusinessCentral;
use super::companion;
use super::known;
use super::questions::Questions;
use super::schema::Home;
use crate::mapping::Filter;
use crate::model::{ColumnName, Row, TableName};
use crate::systems::discover::{Environment, environment_list};
use crate::systems::odata::{Query, condition, list_rows};
use crate::systems::{Check, Examine, Finding, Listing, Needs, SystemError, TableDetails, Verdict};

impl BusinessCentral {
    async fn list_rows(&self, listing: &Listing) -> Result<Vec<Row>, SystemError> {
        let mut columns = listing.columns.clone();
        columns.extend(listing.filter.iter().flat_map(Filter::columns));
        let asked = self.ask(&listing.table, &columns, None).await?;
        let rates = self.rates(&asked).await?;
        let schema = self.schema(&listing.table).await?;
        let query =
            Query::of(self.set_path(&schema)).select(asked.shape.properties()).order_by(schema.key.name());
        let questions = Questions(schema);
        let query = match listing.filter.as_ref().and_then(|filter| condition(filter, &questions)) {
            Some(condition) => query.filter(condition),
            None => query,
        };
        let decode = |entry: Json| {
            let mut row = asked.decode(&entry)?;
            asked.complete(&mut row, rates.as_ref());
            Ok(row)
        };
        let schema = self.schema(&listing.table).await?;
        list_rows(self.service_of(&schema), listing, &query.path(), &listing.page_preference(), decode).await
    }

    async fn findings(&self, tables: &BTreeMap<TableName, Needs>) -> Vec<Finding> {
        let mut findings = vec![self.environment().await, self.version().await];
        findings.push(Finding::not_told(Check::User, "Business Central does not tell who is signed in"));
        findings.extend(self.companion().await);
        for (table, needs) in tables {
            findings.extend(self.table(table, *needs).await);
        }
        findings.push(Finding::not_told(
            Check::AdministrationMode,
            "Business Central does not tell (inferred to be open: it answered)",
        ));
        findings.push(Finding::not_told(
            Check::OtherEngine,
            "its own integration and another Tandem do not show in its API; the Dataverse connection shows more",
        ));
        findings.push(Finding::not_told(
            Check::Limits,
            "none announced; 6000 requests in 5 minutes and 5 at once are documented for each sign-in",
        ));
        findings
    }

    /// Finds the own environment in the list of all; there is none on premises.
    async fn environment(&self) -> Finding {
        let mut path = self.company.identity.split('+').next().unwrap_or_default().rsplit('/');
        let own = path.next().unwrap_or_default().to_owned();
        let root = self.service.root.split("/v2.0/").next().unwrap_or_default();
        let found = match environment_list(&self.service, root).await {
            Ok(list) => list.into_iter().find(|environment| environment.name.eq_ignore_ascii_case(&own)),
            Err(_) => None,
        };
        environment_finding(&own, found.as_ref())
    }

    async fn version(&self) -> Finding {
        let version = match self.service.object("the company", &self.company.path).await {
            Ok(company) => company.get("systemVersion").and_then(Json::as_str).map(str::to_owned),
            Err(error) => return Finding::refused(Check::Version, &error),
        };
        match version.filter(|version| !version.is_empty()) {
            Some(version) => Finding::good(Check::Version, format!("Business Central {version}, API v2.0")),
            None => {
                Finding::not_told(Check::Version, "API v2.0; the version of Business Central is not told")
            }
        }
    }

    /// Nothing where only another API than v2.0 is spoken to.
    async fn companion(&self) -> Option<Finding> {
        match self.installed().await {
            Ok(Some((_, installed))) => Some(companion::finding(Some(&installed))),
            Ok(None) if self.companion.is_some() => Some(companion::finding(None)),
            Ok(None) => self.service.root.ends_with("/api/v2.0").then(companion::switched_off),
            Err(error) => Some(Finding::refused(Check::Companion, &error)),
        }
    }

    async fn table(&self, table: &TableName, needs: Needs) -> Vec<Finding> {
        let listing = Listing { table: table.clone(), columns: BTreeSet::new(), filter: None, most: 1 };
        if let Err(error) = self.list_rows(&listing).await {
            return vec![Finding::refused(Check::Read, &error)];
        }
        let mut findings = vec![Finding::good(Check::Read, format!("may read {table}"))];
        findings.push(needs.not_told(table));
        let modified = ColumnName::new("lastModifiedDateTime");
        let schema = self.schema(table).await.ok();
        let has_modified =
            schema.as_ref().is_some_and(|schema| schema.description.columns.contains_key(&modified));
        findings.push(match has_modified {
            _ if schema.is_some_and(|schema| schema.home == Home::Companion) => {
                let found = format!("the companion tells by row version when a row of {table} was changed");
                Finding::good(Check::ChangeTracking, found)
            }
            true => Finding::good(Check::ChangeTracking, format!("{table} tells when a row was changed")),
            false => Finding::bad(
                Check::ChangeTracking,
                Verdict::Warning,
                format!("{table} does not tell when a row was changed"),
                "nothing, if a full comparison at each look is acceptable",
            ),
        });
        findings
    }
}

fn environment_finding(own: &str, found: Option<&Environment>) -> Finding {
    let check = Check::Environment;
    let Some(found) = found else {
        let told = format!("{own}; Business Central does not tell its kind here: make sure by its address");
        return Finding::not_told(check, told);
    };
    let name = &found.name;
    match found.kind.as_deref() {
        Some("Production") => Finding::good(check, format!("{name} is a PRODUCTION environment")),
        Some(kind) => Finding::good(check, format!("{name} is an environment of kind {kind}")),
        None => Finding::not_told(check, format!("{name}; its kind is not told")),
    }
}

impl Examine for BusinessCentral {
    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableName>, SystemError>> {
        Box::pin(self.table_names())
    }

    /// Metadata names neither labels nor further keys nor what must not be blank; the last is known.
    fn details<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<TableDetails, SystemError>> {
        Box::pin(async { Ok(TableDetails { required: known::required(table), ..TableDetails::default() }) })
    }

    fn takes<'a>(
        &'a self,
        table: &'a TableName,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<bool, SystemError>> {
        Box::pin(async { Ok(condition(filter, &Questions(self.schema(table).await?)).is_some()) })
    }

    fn list<'a>(&'a self, listing: &'a Listing) -> BoxFuture<'a, Result<Vec<Row>, SystemError>> {
        Box::pin(self.list_rows(listing))
    }

    fn examine<'a>(&'a self, tables: &'a BTreeMap<TableName, Needs>) -> BoxFuture<'a, Vec<Finding>> {
        Box::pin(self.findings(tables))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_production_environment_is_named_as_such() {
        let environment = |kind: Option<&str>| Environment {
            name: "PROD".to_owned(),
            url: String::new(),
            kind: kind.map(str::to_owned),
            place: None,
            state: None,
        };
        let found = |kind: Option<&str>| environment_finding("prod", Some(&environment(kind))).found;
        assert_eq!(found(Some("Production")), "PROD is a PRODUCTION environment");
        assert_eq!(found(Some("Sandbox")), "PROD is an environment of kind Sandbox");
        assert_eq!(environment_finding("prod", None).verdict, Verdict::NotTold);
    }
}
