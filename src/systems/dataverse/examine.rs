//! Looking a Dataverse organisation over for people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::client::Dataverse;
use super::metadata;
use super::other_engine::OtherEngine;
use super::schema::Schema;
use crate::http::Response;
use crate::mapping::{Filter, FilterFunction, Operator};
use crate::model::{ColumnKind, ColumnName, Row, RowId, TableName, Value};
use crate::systems::examine::is_no_answer;
use crate::systems::odata::{Asking, Object, Query, RowShape, condition, encode, list_rows, literal};
use crate::systems::{Check, Examine, Finding, Listing, RowError, SystemError, Verdict};

/// The role that may do everything, in every organisation under the same template and in English under this name.
const ADMINISTRATOR: &str = "System Administrator";
const ADMINISTRATOR_TEMPLATE: &str = "627090ff-40a3-4053-8790-584edc5be201";
/// Kinds of organisation by the platform's own numbers and names, as far as they are known.
const PRODUCTION: [&str; 2] = ["0", "Customer"];
const SANDBOX: [&str; 2] = ["5", "CustomerTest"];

impl Dataverse {
    async fn list_rows(&self, listing: &Listing) -> Result<Vec<Row>, SystemError> {
        let mut columns = listing.columns.clone();
        columns.extend(listing.filter.iter().flat_map(Filter::columns));
        let shape = self.shape(&listing.table, &columns).await?;
        let schema = self.schema(&listing.table).await?;
        let query = Query::of(listing.table.as_str()).select(shape.properties()).order_by(&shape.key);
        let asked = listing.filter.as_ref().and_then(|filter| condition(filter, &Questions(schema)));
        let query = match asked {
            Some(condition) => query.filter(condition),
            None => query,
        };
        let prefer = listing.page_preference();
        let decode = |entry: Json| decode(&shape, &entry);
        list_rows(&self.service, listing, &query.path(), &prefer, decode).await
    }

    async fn findings(&self, tables: &BTreeSet<TableName>) -> Vec<Finding> {
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
        findings.push(self.other_engine_finding().await);
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
        tables: &BTreeSet<TableName>,
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
        for table in tables {
            let Some(definition) = definitions.get(table.as_str()) else {
                let error = SystemError::NotFound {
                    connection: self.service.name.clone(),
                    what: format!("table {table}"),
                };
                findings.push(Finding::refused(Check::Read, &error));
                continue;
            };
            findings.push(self.read_finding(table).await);
            findings.push(self.write_finding(table, definition, privileges).await);
            findings.push(change_tracking(table, definition));
        }
        findings
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
        write_finding(table, needed.map(Vec::as_slice), privileges)
    }

    async fn other_engine_finding(&self) -> Finding {
        let check = Check::OtherEngine;
        match self.other_engine().await {
            Ok(OtherEngine::Absent) => Finding::good(
                check,
                "no trace of the integration built into Business Central; another Tandem would not show",
            ),
            Ok(OtherEngine::Installed) => Finding::good(
                check,
                "the integration built into Business Central is installed, and no company is set up for it",
            ),
            Ok(OtherEngine::Hidden) => Finding::bad(
                check,
                Verdict::Warning,
                "the integration built into Business Central is installed; whether it is set up may not be read",
                "look in Business Central on the page `Dataverse Connection Setup`",
            ),
            Ok(engine @ OtherEngine::AtWork(_)) => Finding::bad(
                check,
                Verdict::Warning,
                format!("{} keeps rows in step here", engine.at_work().unwrap_or_default()),
                "switch it off for the tables Tandem maps; if both are wanted, \
                 set `other_engine = \"known\"` on this connection",
            ),
            Err(error) => Finding::refused(check, &error),
        }
    }
}

/// Says what the organisation tells of itself.
fn organisation_findings(detail: Option<&Object>) -> Vec<Finding> {
    let Some(detail) = detail else {
        let found = "Dataverse does not tell its kind here; make sure by its address and name";
        return vec![Finding::not_told(Check::Environment, found), administration_mode(None)];
    };
    let name = text(detail, "FriendlyName").unwrap_or_default();
    let kind = detail
        .get("OrganizationType")
        .map(|kind| kind.as_str().map_or_else(|| kind.to_string(), str::to_owned));
    let environment = match kind.as_deref() {
        Some(kind) if PRODUCTION.contains(&kind) => {
            Finding::good(Check::Environment, format!("{name} is a PRODUCTION environment"))
        }
        Some(kind) if SANDBOX.contains(&kind) => {
            Finding::good(Check::Environment, format!("{name} is a sandbox"))
        }
        Some(kind) => Finding::good(Check::Environment, format!("{name} is an environment of kind {kind}")),
        None => Finding::not_told(
            Check::Environment,
            format!("{name}; Dataverse does not tell its kind here: make sure by its address and name"),
        ),
    };
    vec![environment, administration_mode(text(detail, "State").as_deref())]
}

/// Administration mode itself shows nowhere in the Web API; that it is off is inferred.
fn administration_mode(state: Option<&str>) -> Finding {
    let check = Check::AdministrationMode;
    match state {
        Some("Enabled") => Finding::not_told(
            check,
            "the organisation is enabled; Dataverse does not tell whether administration mode is on \
             (inferred: it lets no application in)",
        ),
        Some(state) => Finding::bad(
            check,
            Verdict::Refused,
            format!("the organisation's state is {state}"),
            "ask an administrator to enable the environment and to end administration mode",
        ),
        None => Finding::not_told(
            check,
            "Dataverse does not tell (inferred to be off: in that mode no application gets in)",
        ),
    }
}

fn user_finding(user: &Object, roles: Option<&[Json]>) -> Finding {
    let name = text(user, "fullname").unwrap_or_else(|| "a user without a name".to_owned());
    let is_person = user.get("applicationid").is_none_or(Json::is_null);
    let is_administrator = |role: &Json| {
        role.get("name").and_then(Json::as_str) == Some(ADMINISTRATOR)
            || id(role, "_roletemplateid_value") == Some(RowId::new(ADMINISTRATOR_TEMPLATE))
    };
    let warning = |found: String, remedy: &str| Finding::bad(Check::User, Verdict::Warning, found, remedy);
    match roles {
        Some(roles) if roles.iter().any(is_administrator) => warning(
            format!("signed in as {name}, who is {ADMINISTRATOR}"),
            "give Tandem's application user a role that may do only what the mappings need",
        ),
        _ if is_person => warning(
            format!("signed in as {name}, a person"),
            "sign in as an application user: a person's password, licence or leaving would stop Tandem",
        ),
        Some(_) => Finding::good(Check::User, format!("signed in as the application user {name}")),
        None => Finding::good(
            Check::User,
            format!("signed in as the application user {name}; its roles are not told"),
        ),
    }
}

/// Compares what a table's writes need with what the user has. Neither is documented to be readable by every sign-in.
fn write_finding(table: &TableName, needed: Option<&[Json]>, held: Option<&BTreeSet<RowId>>) -> Finding {
    let (Some(needed), Some(held)) = (needed, held) else {
        let found = format!("whether it may write {table} is not told; the first write will show");
        return Finding::not_told(Check::Write, found);
    };
    let name = |privilege: &Json| privilege.get("Name").and_then(Json::as_str).map(str::to_owned);
    let is_write = |name: &str| ["prvCreate", "prvWrite"].iter().any(|start| name.starts_with(start));
    let is_missing = |privilege: &&Json| id(privilege, "PrivilegeId").is_none_or(|id| !held.contains(&id));
    let missing: Vec<String> =
        needed.iter().filter(is_missing).filter_map(name).filter(|name| is_write(name)).collect();
    if missing.is_empty() {
        return Finding::good(Check::Write, format!("may create and update rows of {table}"));
    }
    Finding::bad(
        Check::Write,
        Verdict::Refused,
        format!("may not write {table}: {} is missing", missing.join(", ")),
        "give Tandem's application user a role with that privilege, unless no mapping writes there",
    )
}

fn change_tracking(table: &TableName, definition: &Json) -> Finding {
    let check = Check::ChangeTracking;
    match definition.get("ChangeTrackingEnabled").and_then(Json::as_bool) {
        Some(true) => Finding::good(check, format!("change tracking of {table} is on")),
        Some(false) => Finding::bad(
            check,
            Verdict::Wrong,
            format!("change tracking of {table} is off"),
            "switch on `Track changes` in the table's properties, in Power Apps, and publish it",
        ),
        None => Finding::not_told(check, format!("whether change tracking of {table} is on is not told")),
    }
}

fn limits(who: &Response) -> Finding {
    let announced = [
        ("x-ms-dop-hint", "requests at once advised"),
        ("x-ms-ratelimit-burst-remaining-xrm-requests", "requests left in this window"),
    ];
    let announced: Vec<String> = announced
        .iter()
        .filter_map(|(header, meaning)| Some(format!("{} {meaning}", who.header(header)?)))
        .collect();
    let documented = "6000 requests in 5 minutes are documented";
    match announced.is_empty() {
        true => Finding::not_told(Check::Limits, format!("none announced; {documented}")),
        false => Finding::good(Check::Limits, format!("{}; {documented}", announced.join(", "))),
    }
}

fn text(object: &Object, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

fn id(json: &Json, name: &str) -> Option<RowId> {
    json.get(name)?.as_str().map(RowId::new)
}

fn decode(shape: &RowShape, entry: &Json) -> Result<Row, RowError> {
    match entry.as_object() {
        Some(object) => shape.decode(object),
        None => Err(RowError { id: None, message: "an entry that is no object".to_owned() }),
    }
}

/// What can be asked of one table.
struct Questions(Arc<Schema>);

impl Asking for Questions {
    fn compare(&self, column: &ColumnName, operator: Operator, value: &Value) -> Option<String> {
        let wire = self.0.wire(column)?;
        let property = &wire.property;
        match (operator, value) {
            (Operator::Equal, Value::Blank) if wire.kind == ColumnKind::Text => {
                Some(format!("({property} eq null or {property} eq '')"))
            }
            (Operator::Equal, Value::Blank) => Some(format!("{property} eq null")),
            (Operator::NotEqual, Value::Blank) => Some(format!("{property} ne null")),
            // Rows without a value are left out of such an answer.
            (Operator::NotEqual, _) => None,
            _ if encode(wire.kind, value).is_err() => None,
            (Operator::Equal, _) => Some(format!("{property} eq {}", literal(value)?)),
            // The order of texts and choices is the service's own.
            _ if !matches!(wire.kind, ColumnKind::Number | ColumnKind::Date | ColumnKind::Instant) => None,
            _ => Some(format!("{property} {} {}", operator.word(), literal(value)?)),
        }
    }

    fn function(&self, function: FilterFunction, column: &ColumnName, text: &str) -> Option<String> {
        let wire = self.0.wire(column)?;
        // A bracket begins a set of characters in the database's own patterns.
        if wire.kind != ColumnKind::Text || text.contains('[') {
            return None;
        }
        Some(format!("{}({},{})", function.word(), wire.property, literal(&Value::text(text))?))
    }

    fn joins(&self, _left: &Filter, _right: &Filter) -> bool {
        true
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

    fn list<'a>(&'a self, listing: &'a Listing) -> BoxFuture<'a, Result<Vec<Row>, SystemError>> {
        Box::pin(self.list_rows(listing))
    }

    fn examine<'a>(&'a self, tables: &'a BTreeSet<TableName>) -> BoxFuture<'a, Vec<Finding>> {
        Box::pin(self.findings(tables))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::systems::dataverse::schema::tests::contacts;
    use serde_json::json;

    fn object(json: &Json) -> Object {
        json.as_object().unwrap().clone()
    }

    #[test]
    fn only_what_the_service_judges_alike_is_asked() {
        let questions = Questions(Arc::new(contacts()));
        let check = |filter: &str, expected: Option<&str>| {
            assert_eq!(condition(&filter.parse().unwrap(), &questions).as_deref(), expected, "{filter}");
        };
        let id = "5c1e0000-0000-4000-8000-000000000001";
        check(&format!("parentcustomerid eq {id}"), Some(&format!("_parentcustomerid_value eq {id}")));
        check("parentcustomerid eq null", Some("_parentcustomerid_value eq null"));
        check("fullname eq null", Some("(fullname eq null or fullname eq '')"));
        check("fullname ne null", Some("fullname ne null"));
        check("fullname ne 'x'", None);
        check("fullname gt 'x'", None);
        check("contains(fullname,'O''B')", Some("contains(fullname,'O''B')"));
        check("contains(fullname,'[a]')", None);
        check("statecode eq 0 or fullname eq 'x'", Some("(statecode eq 0 or fullname eq 'x')"));
        check("statecode lt 1", None);
        check("creditlimit lt 1.50", Some("creditlimit lt 1.5"));
        check("creditlimit eq 'x'", None);
        check("unheard eq 1", None);
    }

    #[test]
    fn persons_and_administrators_are_warned_of() {
        let check = |user: Json, roles: Option<Json>, verdict: Verdict, word: &str| {
            let roles = roles.map(|roles| roles.as_array().unwrap().clone());
            let finding = user_finding(&object(&user), roles.as_deref());
            assert!(finding.verdict == verdict && finding.found.contains(word), "{finding:?}");
        };
        let application = json!({"fullname": "# tandem", "applicationid": "1"});
        let person = json!({"fullname": "Ann", "applicationid": null});
        let plain = json!([{"name": "Tandem"}]);
        let named = json!([{"name": "Tandem"}, {"name": "System Administrator"}]);
        let translated =
            json!([{"name": "Systemadministrator", "_roletemplateid_value": ADMINISTRATOR_TEMPLATE}]);
        check(application.clone(), Some(plain.clone()), Verdict::Good, "application user # tandem");
        check(application.clone(), None, Verdict::Good, "roles are not told");
        check(application.clone(), Some(named), Verdict::Warning, "System Administrator");
        check(application, Some(translated), Verdict::Warning, "System Administrator");
        check(person, Some(plain), Verdict::Warning, "Ann, a person");
    }

    #[test]
    fn a_missing_write_privilege_is_named() {
        let privilege = |name: &str, id: &str| json!({"Name": name, "PrivilegeId": id});
        let needed = [
            privilege("prvReadAccount", "r"),
            privilege("prvCreateAccount", "c"),
            privilege("prvWriteAccount", "w"),
        ];
        let check = |held: &[&str]| {
            let held = held.iter().map(|id| RowId::new(*id)).collect();
            write_finding(&"accounts".into(), Some(&needed), Some(&held))
        };
        assert_eq!(check(&["c", "w"]).verdict, Verdict::Good);
        let found = check(&["r", "c"]);
        assert_eq!(found.found, "may not write accounts: prvWriteAccount is missing");
        assert_eq!(found.verdict, Verdict::Refused);
        assert_eq!(write_finding(&"accounts".into(), None, None).verdict, Verdict::NotTold);
    }

    #[test]
    fn a_production_environment_and_a_closed_one_are_named() {
        let check = |detail: Json| organisation_findings(Some(&object(&detail)));
        let found = check(json!({"FriendlyName": "Contoso", "State": "Enabled", "OrganizationType": 0}));
        assert_eq!(found[0].found, "Contoso is a PRODUCTION environment");
        assert_eq!(found[1].verdict, Verdict::NotTold);
        let found = check(
            json!({"FriendlyName": "Contoso", "State": "Disabled", "OrganizationType": "CustomerTest"}),
        );
        assert_eq!(found[0].found, "Contoso is a sandbox");
        assert_eq!(
            (found[1].verdict, found[1].found.as_str()),
            (Verdict::Refused, "the organisation's state is Disabled")
        );
        assert!(organisation_findings(None).iter().all(|finding| finding.verdict == Verdict::NotTold));
    }

    #[test]
    fn change_tracking_that_is_off_has_to_be_switched_on() {
        let verdict = |json| change_tracking(&"accounts".into(), &json).verdict;
        assert_eq!(verdict(json!({"ChangeTrackingEnabled": true})), Verdict::Good);
        assert_eq!(verdict(json!({"ChangeTrackingEnabled": false})), Verdict::Wrong);
        assert_eq!(verdict(json!({})), Verdict::NotTold);
    }
}
