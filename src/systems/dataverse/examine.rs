//! Looking a Dataverse organisation over for people.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::choices::{self, is_choice};
use super::client::Dataverse;
use super::findings::{
    change_tracking, id, limits, organisation_findings, text, user_finding, write_finding,
};
use super::metadata;
use super::questions::Questions;
use crate::mapping::Filter;
use crate::model::{Row, RowId, TableName};
use crate::systems::examine::is_no_answer;
use crate::systems::odata::{Object, Query, RowShape, condition, list_rows};
use crate::systems::{Check, Examine, Finding, Listing, Needs, RowError, SystemError, TableDetails};

impl Dataverse {
    async fn list_rows(&self, listing: &Listing) -> Result<Vec<Row>, SystemError> {
        let mut columns = listing.columns.clone();
        columns.extend(listing.filter.iter().flat_map(Filter::columns));
        if let Some(choice) = self.choice(&listing.table).await? {
            return choice.list(listing, &columns).await;
        }
        let shape = self.shape(&listing.table, &columns).await?;
        let schema = self.schema(&listing.table).await?;
        let query = Query::of(listing.table.as_str()).select(shape.properties()).order_by(shape.key.name());
        let asked = listing.filter.as_ref().and_then(|filter| condition(filter, &Questions(schema)));
        let query = match asked {
            Some(condition) => query.filter(condition),
            None => query,
        };
        let prefer = listing.page_preference();
        let decode = |entry: Json| decode(&shape, &entry);
        list_rows(&self.service, listing, &query.path(), &prefer, decode).await
    }

    async fn findings(&self, tables: &BTreeMap<TableName, Needs>) -> Vec<Finding> {
        let who = self.service.get("who is signed in", &self.service.url("WhoAmI"), None).await;
        let who = match who {
            Ok(who) => who,
            Err(error) => return vec![Finding::refused(Check::User, &error)],
        };
        let user = serde_json::from_slice::<Object>(&who.body).ok().and_then(|who| text(&who, "UserId"));
        let mut findings = self.organisation().await;
        findings.push(self.version().await);
        let user = user.map(RowId::new);
        findings.push(match &user {
            Some(user) => self.user(user).await,
            None => Finding::not_told(Check::User, "Dataverse does not say who is signed in"),
        });
        let privileges = match &user {
            Some(user) => self.privileges(user).await,
            None => None,
        };
        findings.extend(self.table_findings(tables, privileges.as_ref()).await);
        findings.extend(self.other_engine_findings(tables.keys()).await);
        findings.push(limits(&who));
        findings
    }

    async fn organisation(&self) -> Vec<Finding> {
        let path = "RetrieveCurrentOrganization(AccessType=@p)\
                    ?@p=Microsoft.Dynamics.CRM.EndpointAccessType'Default'";
        let organisation = self.service.object("the organisation", path).await;
        let detail = organisation.ok().and_then(|answer| answer.get("Detail")?.as_object().cloned());
        organisation_findings(detail.as_ref())
    }

    async fn version(&self) -> Finding {
        match self.service.object("the version", "RetrieveVersion").await {
            Ok(answer) => match text(&answer, "Version") {
                Some(version) => Finding::good(Check::Version, format!("Dataverse {version}")),
                None => Finding::not_told(Check::Version, "Dataverse does not tell its version"),
            },
            Err(error) => Finding::refused(Check::Version, &error),
        }
    }

    async fn user(&self, user: &RowId) -> Finding {
        let what = "the user who is signed in";
        let query = Query::of(format!("systemusers({user})")).select(["fullname", "applicationid"]);
        let row = match self.service.object(what, &query.path()).await {
            Ok(row) => row,
            Err(error) if is_no_answer(&error) => {
                return Finding::not_told(Check::User, "the sign-in may not read its own user");
            }
            Err(error) => return Finding::refused(Check::User, &error),
        };
        let path = format!("systemusers({user})/systemuserroles_association");
        let roles = self.service.all("its roles", &path, None, |role| role).await;
        user_finding(&row, roles.ok().as_deref())
    }

    /// Returns the ids of all privileges of a user, where Dataverse tells them.
    async fn privileges(&self, user: &RowId) -> Option<BTreeSet<RowId>> {
        let path = format!("systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()");
        let answer = self.service.object("the privileges", &path).await.ok()?;
        let privileges = answer.get("RolePrivileges")?.as_array()?;
        Some(privileges.iter().filter_map(|privilege| id(privilege, "PrivilegeId")).collect())
    }

    async fn table_findings(
        &self,
        tables: &BTreeMap<TableName, Needs>,
        privileges: Option<&BTreeSet<RowId>>,
    ) -> Vec<Finding> {
        let query =
            Query::of("EntityDefinitions").select(["LogicalName", "EntitySetName", "ChangeTrackingEnabled"]);
        let definitions = self.service.all("the tables", &query.path(), None, |definition| definition).await;
        let definitions: BTreeMap<String, Json> = match definitions {
            Ok(definitions) => definitions
                .into_iter()
                .filter_map(|definition| {
                    Some((definition.get("EntitySetName")?.as_str()?.to_owned(), definition))
                })
                .collect(),
            Err(error) => return vec![Finding::refused(Check::Read, &error)],
        };
        let mut findings = Vec::new();
        for (table, needs) in tables {
            if is_choice(table) {
                findings.push(self.choice_finding(table).await);
                continue;
            }
            let Some(definition) = definitions.get(table.as_str()) else {
                let error = SystemError::NotFound {
                    connection: self.service.name.clone(),
                    what: format!("table {table}"),
                };
                findings.push(Finding::refused(Check::Read, &error));
                continue;
            };
            findings.push(self.read_finding(table).await);
            findings.push(self.write_finding(table, *needs, definition, privileges).await);
            findings.push(change_tracking(table, definition));
        }
        findings
    }

    async fn choice_finding(&self, table: &TableName) -> Finding {
        let options = match self.choice(table).await {
            Ok(Some(choice)) => choice.describe().await,
            Ok(None) => return Finding::not_told(Check::Read, format!("{table} is no choice column")),
            Err(error) => Err(error),
        };
        match options {
            Ok(_) => Finding::good(Check::Read, format!("may read the options of {table}")),
            Err(error) => Finding::refused(Check::Read, &error),
        }
    }

    async fn read_finding(&self, table: &TableName) -> Finding {
        let listing = Listing { table: table.clone(), columns: BTreeSet::new(), filter: None, most: 1 };
        match self.list_rows(&listing).await {
            Ok(_) => Finding::good(Check::Read, format!("may read {table}")),
            Err(error) => Finding::refused(Check::Read, &error),
        }
    }

    async fn write_finding(
        &self,
        table: &TableName,
        needs: Needs,
        definition: &Json,
        privileges: Option<&BTreeSet<RowId>>,
    ) -> Finding {
        let logical_name = definition.get("LogicalName").and_then(Json::as_str).unwrap_or_default();
        let query = Query::of(format!("EntityDefinitions(LogicalName='{logical_name}')"));
        let needed = match privileges {
            None => None,
            Some(_) => self.service.object("its privileges", &query.select(["Privileges"]).path()).await.ok(),
        };
        let needed = needed.as_ref().and_then(|answer| answer.get("Privileges")?.as_array());
        write_finding(table, needs, needed.map(Vec::as_slice), privileges)
    }
}

fn decode(shape: &RowShape, entry: &Json) -> Result<Row, RowError> {
    match entry.as_object() {
        Some(object) => shape.decode(object),
        None => Err(RowError { id: None, message: "an entry that is no object".to_owned() }),
    }
}

impl Examine for Dataverse {
    fn tables(&self) -> BoxFuture<'_, Result<Vec<TableName>, SystemError>> {
        Box::pin(async {
            let definitions = metadata::definitions(&self.service).await?;
            let sets = definitions.into_iter().filter_map(|definition| definition.entity_set_name);
            let sets: BTreeSet<String> = sets.filter(|set| !set.is_empty()).collect();
            Ok(sets.into_iter().map(TableName::new).collect())
        })
    }

    fn details<'a>(&'a self, table: &'a TableName) -> BoxFuture<'a, Result<TableDetails, SystemError>> {
        Box::pin(async {
            match is_choice(table) {
                true => Ok(TableDetails { required: choices::required(), ..TableDetails::default() }),
                false => self.read_details(table).await,
            }
        })
    }

    fn takes<'a>(
        &'a self,
        table: &'a TableName,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<bool, SystemError>> {
        Box::pin(async {
            // The options of a choice are read as a whole.
            Ok(is_choice(table) || condition(filter, &Questions(self.schema(table).await?)).is_some())
        })
    }

    fn list<'a>(&'a self, listing: &'a Listing) -> BoxFuture<'a, Result<Vec<Row>, SystemError>> {
        Box::pin(self.list_rows(listing))
    }

    fn examine<'a>(&'a self, tables: &'a BTreeMap<TableName, Needs>) -> BoxFuture<'a, Vec<Finding>> {
        Box::pin(self.findings(tables))
    }
}
