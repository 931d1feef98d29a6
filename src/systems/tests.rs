//! Both products against scripted servers: the conversations that no single value shows.

mod batches;
mod companion;
mod fate;
mod first_listing;
mod odata_service;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::business_central::{BusinessCentral, Company};
use super::dataverse::Dataverse;
use super::odata::{BatchForm, CALLER, Portions, Service};
use super::{
    ChangeQuery, Cursor, Examine, KeyedRead, Needs, Next, Search, System, SystemError, Verb, Write,
    WriteOutcome,
};
use crate::http::testing::{answer, serve_raw};
use crate::http::{
    ClientCredentials, Limits, OAuth, Proof, Retry, Secret, Session, SessionSettings, SignIn, Throttles,
    Trust,
};
use crate::model::{ColumnName, RowId, Value};

const DATE: &str = "Date: Sat, 21 Nov 2026 12:00:00 GMT\r\n";
const A: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const B: &str = "bbbbbbbb-0000-4000-8000-000000000002";
const C: &str = "cccccccc-0000-4000-8000-000000000003";
const D: &str = "dddddddd-0000-4000-8000-000000000004";
const COMPANY: &str = "3f000000-0000-4000-8000-000000000002";

/// One request as the script sees it.
struct Asked<'a> {
    /// Method, path and query.
    line: &'a str,
    text: &'a str,
}

impl Asked<'_> {
    fn is(&self, start: &str) -> bool {
        self.line.starts_with(start)
    }
}

type Log = Arc<Mutex<Vec<String>>>;

/// Serves a script, with sign-in. Returns the address and the requests that came, by line.
fn serve(script: impl Fn(&Asked<'_>) -> Option<String> + Send + 'static) -> (String, Log) {
    let log = Log::default();
    let seen = Arc::clone(&log);
    let address = serve_raw(move |text| {
        let line = text.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
        if line == "POST /token" {
            return answer("200 OK", "", r#"{"access_token":"t","expires_in":3599}"#);
        }
        seen.lock().unwrap().push(line.to_owned());
        script(&Asked { line, text })
    });
    (address, log)
}

fn ok(body: &Json) -> Option<String> {
    answer("200 OK", DATE, &body.to_string())
}

fn service(address: &str, form: BatchForm) -> Service {
    let session = Session::open(SessionSettings {
        address: address.to_owned(),
        timeout: Duration::from_secs(10),
        limits: Limits { requests: 6000, window: Duration::from_secs(300), running: 4, per_day: None },
        retry: Retry { base: Duration::ZERO, ..Retry::default() },
        seed: 1,
        sign_in: SignIn::OAuth(OAuth {
            token_url: format!("{address}/token"),
            client_id: "app".into(),
            scope: "x".into(),
            proof: Proof::Application(ClientCredentials::Secret(Secret::new("s"))),
        }),
        trust: Trust::default(),
        throttles: Throttles::default(),
    });
    let headers = vec![("Accept", "application/json".to_owned())];
    Service {
        name: "x".into(),
        session: Arc::new(session.unwrap()),
        root: format!("{address}/api"),
        headers,
        batch_form: form,
        parameters: String::new(),
        portions: Portions::default(),
    }
}

fn dataverse(address: &str) -> Dataverse {
    let service = service(address, BatchForm::Multipart);
    Dataverse::new(service, 2, Duration::from_secs(300), Duration::from_secs(120))
}

fn business_central(address: &str) -> BusinessCentral {
    let service = service(address, BatchForm::Json);
    let company = Company {
        id: RowId::new(COMPANY),
        identity: format!("t/p+{COMPANY}"),
        path: format!("companies({COMPANY})"),
        standard: format!("{address}/api/companies({COMPANY})"),
    };
    BusinessCentral::new(
        service,
        company,
        Some("rowVersion".into()),
        2,
        Duration::from_secs(300),
        Duration::from_secs(600),
    )
}

/// Answers Dataverse's metadata requests for `accounts`.
fn dataverse_metadata(asked: &Asked<'_>) -> Option<String> {
    if asked.is("GET /api/EntityDefinitions?") {
        return ok(&json!({"value": [
            {"LogicalName": "account", "EntitySetName": "accounts", "PrimaryIdAttribute": "accountid"},
            {"LogicalName": "contact", "EntitySetName": "contacts", "PrimaryIdAttribute": "contactid"}]}));
    }
    let path = asked.line.strip_prefix("GET /api/EntityDefinitions(LogicalName='account')/")?;
    let attribute =
        |name: &str, kind: &str| json!({"LogicalName": name, "AttributeTypeName": {"Value": kind}});
    let entries = match path.split('?').next().unwrap() {
        "Attributes" => json!([
            attribute("accountid", "UniqueidentifierType"),
            attribute("name", "StringType"),
            attribute("modifiedon", "DateTimeType"),
            attribute("customerid", "CustomerType"),
        ]),
        "Attributes/Microsoft.Dynamics.CRM.LookupAttributeMetadata" => {
            json!([{"LogicalName": "customerid", "Targets": ["account", "contact"]}])
        }
        "ManyToOneRelationships" => {
            let relationship = |table: &str, navigation: &str| {
                json!({"ReferencingAttribute": "customerid", "ReferencedEntity": table,
                    "ReferencingEntityNavigationPropertyName": navigation})
            };
            json!([
                relationship("account", "customerid_account"),
                relationship("contact", "customerid_contact")
            ])
        }
        // This server knows no memos; Tandem can do without.
        "Attributes/Microsoft.Dynamics.CRM.MemoAttributeMetadata" => {
            return answer("404 Not Found", "", "{}");
        }
        _ => json!([]),
    };
    ok(&json!({ "value": entries }))
}

fn account(id: &str, name: &str) -> Json {
    json!({"@odata.etag": "W/\"1\"", "accountid": id, "name": name, "modifiedon": "2026-11-21T11:00:00Z"})
}

/// Writes a multipart answer with these statuses and bodies.
fn multipart(parts: &[(u16, String)]) -> Option<String> {
    let mut body = String::new();
    for (status, part) in parts {
        body.push_str(&format!(
            "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 {status} X\r\n\r\n{part}\r\n"
        ));
    }
    body.push_str("--b--\r\n");
    answer("200 OK", "content-type: multipart/mixed; boundary=b\r\n", &body)
}

fn columns(names: &[&str]) -> BTreeSet<ColumnName> {
    names.iter().map(|name| ColumnName::new(*name)).collect()
}

fn query(table: &str, cursor: Cursor) -> ChangeQuery {
    let names: &[&str] = if table == "accounts" { &["name"] } else { &["displayName"] };
    ChangeQuery { table: table.into(), columns: columns(names), cursor, filter: None }
}

/// Reads to the end; returns the names seen, the ids of deleted rows and how many rows were unreadable.
async fn read_all(
    system: &dyn System,
    table: &str,
    mut cursor: Cursor,
) -> (Vec<Value>, Vec<RowId>, usize, Cursor) {
    let (mut names, mut deleted, mut unreadable) = (Vec::new(), Vec::new(), 0);
    loop {
        let page = system.changes(&query(table, cursor)).await.unwrap();
        for row in page.rows {
            match row {
                Ok(row) => names.extend(row.values.into_values()),
                Err(_) => unreadable += 1,
            }
        }
        deleted.extend(page.deleted);
        match page.next {
            Next::Page(link) => cursor = Cursor::Page(link),
            Next::Done(watermark) => return (names, deleted, unreadable, Cursor::Since(watermark)),
        }
    }
}

#[tokio::test]
async fn dataverse_changes_are_listed_then_looked_behind_then_followed() {
    let (address, log) = serve(|asked| {
        if asked.line.contains("EntityDefinitions") {
            return dataverse_metadata(asked);
        }
        if asked.line.contains("$deltatoken=1") {
            let context = "x/$metadata#accounts/$deletedEntity";
            return ok(
                &json!({"value": [account(A, "Acme NV"), {"@odata.context": context, "id": B, "reason": "deleted"}],
                "@odata.deltaLink": "accounts?$deltatoken=2"}),
            );
        }
        if asked.line.contains("$deltatoken=2") {
            return answer("204 No Content", "", "");
        }
        if asked.line.contains("$filter=modifiedon%20ge%202026-11-21T11:55:00Z") {
            return ok(&json!({"value": [account(C, "Late")]}));
        }
        assert!(asked.text.contains("odata.track-changes,odata.maxpagesize=2"), "{}", asked.text);
        if asked.line.contains("$skiptoken") {
            return ok(
                &json!({"value": [{"accountid": C, "modifiedon": null}], "@odata.deltaLink": "accounts?$deltatoken=1"}),
            );
        }
        ok(
            &json!({"value": [account(A, "Acme"), account(B, "Bos")], "@odata.nextLink": "/api/accounts?$skiptoken=x"}),
        )
    });
    let system = dataverse(&address);
    let (names, deleted, unreadable, since) = read_all(&system, "accounts", Cursor::Start).await;
    assert_eq!(names, ["Acme", "Bos", "Late"].map(Value::text));
    assert_eq!((deleted.len(), unreadable), (0, 1));
    let (names, deleted, _, since) = read_all(&system, "accounts", since).await;
    assert_eq!((names, deleted), (vec![Value::text("Acme NV")], vec![RowId::new(B)]));
    let (_, _, _, unchanged) = read_all(&system, "accounts", since.clone()).await;
    assert_eq!(unchanged, since, "an answer without a delta link keeps the watermark");
    assert_eq!(log.lock().unwrap().iter().filter(|line| line.contains("EntityDefinitions?")).count(), 1);
}

#[tokio::test]
async fn an_expired_delta_link_is_told_whatever_its_status() {
    for status in ["400 Bad Request", "410 Gone", "500 Internal Server Error"] {
        let (address, _) = serve(move |asked| {
            dataverse_metadata(asked).or_else(|| {
                answer(status, "", r#"{"error":{"code":"-2147204270","message":"Version stamp"}}"#)
            })
        });
        let watermark = format!(r#"{{"delta":"{address}/api/accounts?$deltatoken=1","columns":["name"]}}"#);
        let query = query("accounts", Cursor::Since(watermark.as_str().into()));
        let error = dataverse(&address).changes(&query).await.unwrap_err();
        assert!(matches!(error, SystemError::WatermarkExpired { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_delta_link_to_another_server_is_not_followed() {
    let (address, _) = serve(dataverse_metadata);
    let watermark = r#"{"delta":"http://127.0.0.1:1/api/accounts?$deltatoken=1","columns":["name"]}"#;
    let error =
        dataverse(&address).changes(&query("accounts", Cursor::Since(watermark.into()))).await.unwrap_err();
    assert!(error.to_string().contains("the sign-in is not sent there"), "{error}");
}

#[tokio::test]
async fn keyed_reads_tell_found_absent_and_unreadable() {
    let (address, _) = serve(|asked| {
        if !asked.is("POST /api/$batch") {
            return dataverse_metadata(asked);
        }
        assert!(
            asked.text.contains(&format!("/api/accounts({A})?$select=accountid,modifiedon,name HTTP/1.1"))
        );
        let gone = r#"{"error":{"code":"0x80040217","message":"account With Id = x Does Not Exist"}}"#;
        multipart(&[
            (200, account(A, "Acme").to_string()),
            (404, gone.into()),
            (200, json!({"accountid": C}).to_string()),
            (500, r#"{"error":{"code":"0x80040216","message":"unexpected"}}"#.into()),
        ])
    });
    let ids = [A, B, C, D].map(RowId::new);
    let reads = dataverse(&address).rows(&"accounts".into(), &columns(&["name"]), &ids).await.unwrap();
    assert!(matches!(&reads[0], KeyedRead::Found(row) if row.version.is_some()));
    assert_eq!(reads[1], KeyedRead::Absent);
    assert!(matches!(&reads[2], KeyedRead::Unreadable(error) if error.message.contains("lacks name")));
    assert!(matches!(&reads[3], KeyedRead::Unreadable(error) if error.message.contains("0x80040216")));
}

fn update(table: &str, id: &str, column: &str, value: Value) -> Write {
    let verb =
        Verb::Update { id: RowId::new(id), version: "W/\"1\"".into(), values: vec![(column.into(), value)] };
    let returning = if table == "accounts" { columns(&["name"]) } else { columns(&["displayName"]) };
    Write { table: table.into(), verb, returning }
}

fn create(table: &str, id: Option<&str>, column: &str) -> Write {
    let values = vec![(column.into(), Value::text("Acme"))];
    Write {
        table: table.into(),
        verb: Verb::Create { id: id.map(RowId::new), values },
        returning: columns(&[column]),
    }
}

#[tokio::test]
async fn each_dataverse_write_has_its_own_outcome() {
    let (address, _) = serve(|asked| {
        if !asked.is("POST /api/$batch") {
            return dataverse_metadata(asked);
        }
        assert!(asked.text.contains("prefer: odata.continue-on-error"));
        let stale = r#"{"error":{"code":"0x80060882","message":"version"}}"#;
        multipart(&[(201, account(A, "Acme").to_string()), (412, stale.into()), (204, String::new())])
    });
    let delete = Write {
        table: "accounts".into(),
        verb: Verb::Delete { id: RowId::new(C), version: "W/\"1\"".into() },
        returning: BTreeSet::new(),
    };
    let impossible = update("accounts", B, "name", Value::Flag(true));
    let writes = [
        create("accounts", Some(A), "name"),
        impossible,
        update("accounts", B, "name", Value::Blank),
        delete,
    ];
    let outcomes = dataverse(&address).write(&writes).await;
    assert!(matches!(&outcomes[0], WriteOutcome::Written(row) if row.id.as_str() == A));
    assert!(matches!(outcomes[1], WriteOutcome::Refused(_)));
    assert_eq!(outcomes[2], WriteOutcome::Stale);
    assert_eq!(outcomes[3], WriteOutcome::Deleted);
}

#[tokio::test]
async fn a_lookup_with_several_targets_is_bound_to_the_table_that_has_the_row() {
    let (address, _) = serve(|asked| {
        if !asked.is("POST /api/$batch") {
            return dataverse_metadata(asked);
        }
        if asked.text.contains("PATCH") {
            assert!(asked.text.contains(&format!(r#"{{"customerid_contact@odata.bind":"/contacts({B})"}}"#)));
            return multipart(&[(204, String::new())]);
        }
        multipart(&[(404, "{}".into()), (200, json!({"contactid": B}).to_string())])
    });
    let write = update("accounts", A, "customerid", Value::Reference(RowId::new(B)));
    let outcomes = dataverse(&address).write(&[write]).await;
    assert_eq!(outcomes, [WriteOutcome::WrittenUnseen(Some(RowId::new(A)))]);
}

/// I3: a lost answer leaves every write of the batch in doubt; so does an answer that breaks off.
/// A batch refused for what is in it is cut until the row that spoils it stands alone.
#[tokio::test]
async fn one_row_that_spoils_its_batch_is_refused_alone() {
    let (address, log) = serve(|asked| {
        if !asked.is("POST /api/$batch") {
            return business_central_metadata(asked);
        }
        if asked.text.contains("poison") {
            return answer("400 Bad Request", "", r#"{"error":{"code":"BadRequest","message":"malformed"}}"#);
        }
        let row = customer(A, "Acme", "2026-11-21T09:00:00Z");
        let requests = asked.text.matches("\"method\"").count();
        let answers: Vec<Json> =
            (1..=requests).map(|id| json!({"id": id.to_string(), "status": 200, "body": row})).collect();
        ok(&json!({ "responses": answers }))
    });
    let writes =
        ["a", "b", "poison", "c", "d"].map(|text| update("customers", A, "displayName", Value::text(text)));
    let outcomes = business_central(&address).write(&writes).await;
    for (index, outcome) in outcomes.iter().enumerate() {
        match index {
            2 => assert!(matches!(outcome, WriteOutcome::Refused(refusal) if refusal.code == "BadRequest")),
            _ => assert!(matches!(outcome, WriteOutcome::Written(_)), "{outcome:?}"),
        }
    }
    assert_eq!(log.lock().unwrap().iter().filter(|line| line.contains("$batch")).count(), 5);
}

#[tokio::test]
async fn a_batch_without_a_whole_answer_is_in_doubt() {
    for torn in [None, answer("504 Gateway Timeout", "", "<html>"), answer("200 OK", "", "ok"), {
        answer(
            "200 OK",
            "content-type: multipart/mixed; boundary=b\r\n",
            "--b\r\nContent-Type: application/http\r\n",
        )
    }] {
        let (address, log) = serve(move |asked| match asked.is("POST /api/$batch") {
            true => torn.clone(),
            false => dataverse_metadata(asked),
        });
        let writes = [create("accounts", Some(A), "name"), update("accounts", B, "name", Value::Blank)];
        for outcome in dataverse(&address).write(&writes).await {
            assert!(matches!(outcome, WriteOutcome::InDoubt(_)), "{outcome:?}");
        }
        assert_eq!(
            log.lock().unwrap().iter().filter(|line| line.contains("$batch")).count(),
            1,
            "never repeated"
        );
    }
}

#[tokio::test]
async fn a_batch_of_one_refused_as_a_whole_is_its_rows_refusal() {
    let (address, _) = serve(|asked| match asked.is("POST /api/$batch") {
        true => answer("400 Bad Request", "", r#"{"error":{"code":"0x0","message":"malformed"}}"#),
        false => dataverse_metadata(asked),
    });
    let outcomes = dataverse(&address).write(&[create("accounts", Some(A), "name")]).await;
    assert!(matches!(&outcomes[0], WriteOutcome::Refused(refusal) if refusal.message == "malformed"));
}

#[tokio::test]
async fn nothing_is_applied_where_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcomes = dataverse(&address).write(&[create("accounts", Some(A), "name")]).await;
    assert!(matches!(outcomes[0], WriteOutcome::NotApplied(SystemError::Unreachable { .. })), "{outcomes:?}");
}

/// Serves an organisation. `companies` are those the integration built into Business Central is set up for, if it is
/// installed.
fn organisation(companies: Option<Json>) -> (String, Log) {
    serve(move |asked| {
        if asked.is("GET /api/WhoAmI") {
            return ok(&json!({"OrganizationId": A.to_uppercase()}));
        }
        if asked.is("GET /api/organizations?$select=name,_basecurrencyid_value") {
            return ok(&json!({"value": [{"name": "Contoso", "_basecurrencyid_value": B}]}));
        }
        match (&companies, asked.line) {
            (None, line) if line.contains("bcbi_company") => answer("404 Not Found", "", "{}"),
            (Some(_), "GET /api/EntityDefinitions(LogicalName='bcbi_company')?$select=EntitySetName") => {
                ok(&json!({"EntitySetName": "bcbi_companies"}))
            }
            (Some(companies), "GET /api/bcbi_companies") => ok(&json!({ "value": companies })),
            _ => {
                let currencies = "GET /api/transactioncurrencies?$select=transactioncurrencyid,isocurrencycode&$orderby=createdon";
                assert!(asked.is(currencies), "{}", asked.line);
                let currency =
                    |id: &str, code: Json| json!({"transactioncurrencyid": id, "isocurrencycode": code});
                let rows = [
                    currency(C, json!("usd")),
                    currency(B, json!("EUR")),
                    currency(A, json!("USD")),
                    currency(A, Json::Null),
                ];
                ok(&json!({ "value": rows }))
            }
        }
    })
}

#[tokio::test]
async fn dataverse_tells_who_it_is() {
    let (address, _) = organisation(None);
    let facts = dataverse(&address).facts().await.unwrap();
    assert_eq!((facts.identity.as_str(), facts.display_name.as_str()), (A, "Contoso"));
    assert_eq!(facts.base_currency_code.as_deref(), Some("EUR"));
    assert_eq!(facts.base_currency, Some(RowId::new(B)));
    assert_eq!(
        facts.currencies,
        [("EUR".to_owned(), RowId::new(B)), ("USD".to_owned(), RowId::new(C))].into()
    );
    assert_eq!(facts.other_engine, None);
    assert_eq!(facts.server_time, Some("2026-11-21T12:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn the_integration_built_into_business_central_shows_by_its_companies() {
    let companies = json!([{"bcbi_companyid": A, "bcbi_name": "CRONUS"}]);
    let (address, log) = organisation(Some(companies));
    let dataverse = dataverse(&address);
    let engine = dataverse.facts().await.unwrap().other_engine.unwrap();
    assert!(engine.contains("built into Business Central") && engine.contains("CRONUS"), "{engine}");
    dataverse.facts().await.unwrap();
    let asked = log.lock().unwrap().iter().filter(|line| line.contains("bcbi")).count();
    assert_eq!(asked, 2, "looked for once");
    let (address, _) = organisation(Some(json!([])));
    assert_eq!(self::dataverse(&address).facts().await.unwrap().other_engine, None);
}

/// What an administrator in production sees, where Dataverse tells all it can.
#[tokio::test]
async fn dataverse_is_looked_over_as_far_as_it_tells() {
    let (address, _) = serve(|asked| {
        let definition = "GET /api/EntityDefinitions(LogicalName='account')?$select=Privileges";
        let privilege = |name: &str, id: &str| json!({"Name": name, "PrivilegeId": id});
        let user = format!("GET /api/systemusers({A})");
        match asked.line {
            "GET /api/WhoAmI" => {
                let body = json!({"OrganizationId": B, "UserId": A}).to_string();
                answer("200 OK", "x-ms-dop-hint: 7\r\n", &body)
            }
            "GET /api/RetrieveVersion" => ok(&json!({"Version": "9.2.1"})),
            "GET /api/EntityDefinitions?$select=LogicalName,EntitySetName,ChangeTrackingEnabled" => {
                ok(&json!({"value": [{"LogicalName": "account", "EntitySetName": "accounts",
                    "ChangeTrackingEnabled": false}]}))
            }
            line if line == definition => ok(&json!({"Privileges":
                [privilege("prvCreateAccount", C), privilege("prvWriteAccount", D)]})),
            line if line.starts_with("GET /api/RetrieveCurrentOrganization") => {
                ok(&json!({"Detail": {"FriendlyName": "Contoso", "State": "Enabled", "OrganizationType": 0}}))
            }
            line if line == format!("{user}?$select=fullname,applicationid") => {
                ok(&json!({"fullname": "# tandem", "applicationid": B}))
            }
            line if line == format!("{user}/systemuserroles_association") => {
                ok(&json!({"value": [{"name": "System Administrator"}]}))
            }
            line if line == format!("{user}/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()") => {
                ok(&json!({"RolePrivileges": [{"PrivilegeId": C}]}))
            }
            line if line.contains("bcbi_company") => answer("404 Not Found", "", "{}"),
            line if line.starts_with("GET /api/accounts?") => ok(&json!({ "value": [account(A, "Acme")] })),
            _ => dataverse_metadata(asked),
        }
    });
    let writes = Needs { create: true, update: true, ..Needs::default() };
    let findings =
        dataverse(&address).examine(&["accounts", "none"].map(|table| (table.into(), writes)).into()).await;
    let lines: Vec<_> =
        findings.iter().map(|finding| format!("{:?}: {}", finding.verdict, finding.found)).collect();
    for expected in [
        "Good: Contoso is a PRODUCTION environment",
        "Good: Dataverse 9.2.1",
        "Warning: signed in as # tandem, who is System Administrator",
        "Good: may read accounts",
        "Refused: may not write accounts as its mappings need: prvWriteAccount is missing",
        "Wrong: change tracking of accounts is off",
        "Wrong: x has no table none",
        "Good: 7 requests at once advised; 6000 requests in 5 minutes are documented",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{expected}: {lines:#?}");
    }
}

/// Answers Business Central's metadata request.
fn business_central_metadata(asked: &Asked<'_>) -> Option<String> {
    assert!(!asked.text.to_lowercase().contains("data-access-intent"));
    asked.is("GET /api/$metadata").then(|| answer("200 OK", "", super::odata::METADATA))?
}

fn customer(id: &str, name: &str, modified: &str) -> Json {
    json!({"@odata.etag": "W/\"1\"", "id": id, "displayName": name, "lastModifiedDateTime": modified})
}

#[tokio::test]
async fn business_central_changes_are_read_by_modified_time() {
    let (address, log) = serve(|asked| {
        if asked.line.contains("ge%202026-11-21T08:59:59.9Z") {
            let rows = json!([
                customer(A, "Acme", "2026-11-21T09:00:00Z"),
                customer(B, "Bos", "2026-11-21T10:00:00.003Z")
            ]);
            return ok(&json!({ "value": rows }));
        }
        if asked.line.contains("$filter") {
            return ok(&json!({"value": []}));
        }
        let rows = json!([customer(A, "Acme", "2026-11-21T09:00:00Z")]);
        let next = "customers?$skiptoken=1";
        business_central_metadata(asked).or_else(|| ok(&json!({"value": rows, "@odata.nextLink": next})))
    });
    let system = business_central(&address);
    let (names, _, _, since) = read_all(&system, "customers", Cursor::Start).await;
    assert_eq!(names, ["Acme", "Acme", "Bos"].map(Value::text), "the next page begins at the last stamp");
    let (_, _, _, again) = read_all(&system, "customers", since.clone()).await;
    assert_eq!(again, since);
    let log = log.lock().unwrap();
    let first =
        format!("GET /api/companies({COMPANY})/customers?$select=id,lastModifiedDateTime,displayName");
    assert_eq!(log[1], format!("{first}&$orderby=lastModifiedDateTime,id"));
    let filter = "$filter=lastModifiedDateTime%20ge%202026-11-21T09:55:00.003Z";
    assert_eq!(log[3], format!("{first}&{filter}&$orderby=lastModifiedDateTime,id"));
}

#[tokio::test]
async fn a_custom_api_with_row_versions_is_read_by_them() {
    let metadata = r#"<Schema Namespace="Microsoft.NAV"><EntityType Name="resource"><Key><PropertyRef Name="id"/></Key>
        <Property Name="id" Type="Edm.Guid"/><Property Name="displayName" Type="Edm.String"/>
        <Property Name="rowVersion" Type="Edm.Int64"/></EntityType>
        <EntitySet Name="resources" EntityType="Microsoft.NAV.resource"/></Schema>"#;
    let (address, log) = serve(move |asked| match asked.is("GET /api/$metadata") {
        true => answer("200 OK", "", metadata),
        false => ok(
            &json!({"value": [{"@odata.etag": "1", "id": A, "displayName": "Truck", "rowVersion": 9_007_199_254_740_993_i64}]}),
        ),
    });
    let system = business_central(&address);
    let (names, _, _, since) = read_all(&system, "resources", Cursor::Start).await;
    assert_eq!(names, [Value::text("Truck")], "the version itself was not asked for");
    read_all(&system, "resources", since).await;
    let log = log.lock().unwrap();
    let first = format!("GET /api/companies({COMPANY})/resources?$select=id,displayName,rowVersion");
    assert_eq!(log[1], format!("{first}&$orderby=rowVersion"));
    assert_eq!(log[2], format!("{first}&$filter=rowVersion%20gt%209007199254740993&$orderby=rowVersion"));
}

/// Whether a batch's own caller counts for its parts is not documented, so each part names it.
#[tokio::test]
async fn the_caller_stands_on_every_request_and_part() {
    let (address, _) = serve(|asked| {
        let callers = asked.text.to_lowercase().matches(&format!("callerobjectid: {B}")).count();
        if !asked.is("POST /api/$batch") {
            assert_eq!(callers, 1, "{}", asked.line);
            return dataverse_metadata(asked);
        }
        assert_eq!(callers, 2);
        multipart(&[(200, account(A, "Acme").to_string())])
    });
    let mut service = service(&address, BatchForm::Multipart);
    service.headers.push((CALLER, B.to_owned()));
    let system = Dataverse::new(service, 2, Duration::from_secs(300), Duration::from_secs(120));
    let reads = system.rows(&"accounts".into(), &columns(&["name"]), &[RowId::new(A)]).await.unwrap();
    assert!(matches!(&reads[0], KeyedRead::Found(row) if row.id.as_str() == A));
}

#[tokio::test]
async fn a_locked_row_is_written_once_the_lock_is_gone() {
    let batches = Mutex::new(0);
    let (address, _) = serve(move |asked| {
        if !asked.is("POST /api/$batch") {
            return business_central_metadata(asked);
        }
        let mut batches = batches.lock().unwrap();
        *batches += 1;
        let locked = json!({"error": {"code": "Internal_ServerError", "message": "in a transaction"}});
        let written = |id: &str, row: &str| json!({"id": id, "status": 200, "body": customer(row, "Acme", "2026-11-21T09:00:00Z")});
        let answers = match *batches {
            1 => json!([written("1", A), {"id": "2", "status": 409, "body": locked}]),
            _ => json!([written("1", B)]),
        };
        ok(&json!({ "responses": answers }))
    });
    let writes = [A, B].map(|id| update("customers", id, "displayName", Value::text("Acme")));
    let outcomes = business_central(&address).write(&writes).await;
    for (outcome, id) in outcomes.iter().zip([A, B]) {
        assert!(matches!(outcome, WriteOutcome::Written(row) if row.id.as_str() == id), "{outcome:?}");
    }
}

#[tokio::test]
async fn parts_behind_the_first_failure_were_not_applied() {
    let (address, _) = serve(|asked| {
        let refusal = json!({"error": {"code": "Application_DialogException", "message": "no"}});
        business_central_metadata(asked)
            .or_else(|| ok(&json!({"responses": [{"id": "1", "status": 400, "body": refusal}]})))
    });
    let writes = [create("customers", None, "displayName"), create("customers", None, "displayName")];
    let outcomes = business_central(&address).write(&writes).await;
    assert!(matches!(outcomes[0], WriteOutcome::Refused(_)));
    assert!(matches!(outcomes[1], WriteOutcome::NotApplied(_)), "{outcomes:?}");
}

#[tokio::test]
async fn a_currency_gets_its_rate_of_today() {
    let (address, log) = serve(|asked| {
        if asked.line.contains("currencyExchangeRates") {
            let line = |date: &str, amount: i32| {
                json!({"currencyCode": "EUR", "startingDate": date, "exchangeRateAmount": 100,
                    "relationalExchangeRateAmount": amount})
            };
            return ok(
                &json!({"value": [line("2026-11-21", 125), line("2026-11-22", 1), line("2026-01-01", 2)]}),
            );
        }
        let currency = |id: &str, code: &str| json!({"id": id, "code": code, "lastModifiedDateTime": "2026-01-01T00:00:00Z"});
        business_central_metadata(asked)
            .or_else(|| ok(&json!({"value": [currency(A, "EUR"), currency(B, "USD")]})))
    });
    let system = business_central(&address);
    for cursor in [Cursor::Start, Cursor::Since(r#"{"modified":"2026-11-21T00:00:00Z"}"#.into())] {
        let query = ChangeQuery {
            table: "currencies".into(),
            columns: columns(&["exchangeRate"]),
            cursor,
            filter: None,
        };
        let page = system.changes(&query).await.unwrap();
        let rates: Vec<_> = page.rows.into_iter().map(|row| row.unwrap().values).collect();
        let rate = |value| [(ColumnName::new("exchangeRate"), value)].into();
        assert_eq!(rates, [rate(Value::Number("0.8".parse().unwrap())), rate(Value::Blank)]);
    }
    assert!(!log.lock().unwrap().iter().any(|line| line.contains("$filter")), "rates move no stamp");
}

#[tokio::test]
async fn a_search_is_checked_here_where_filters_are_not_reliable() {
    let (address, log) = serve(|asked| {
        let rows = json!([customer(A, "A*", "2026-01-01T00:00:00Z"), customer(B, "AB", "2026-01-01T00:00:00Z"), {"id": C}]);
        business_central_metadata(asked).or_else(|| ok(&json!({ "value": rows })))
    });
    let search = Search::Equals("displayName".into(), Value::text("A*"));
    let rows = business_central(&address).search(&"customers".into(), &columns(&[]), &search).await.unwrap();
    let found = rows[0].as_ref().unwrap();
    assert!(found.id.as_str() == A && found.values.is_empty());
    // One that cannot be read may match: it is told, and holds up no other.
    assert_eq!(rows[1].as_ref().unwrap_err().id, Some(RowId::new(C)));
    assert_eq!(rows.len(), 2);
    assert!(!log.lock().unwrap().iter().any(|line| line.contains("$filter")));
}

#[tokio::test]
async fn business_central_tells_who_it_is() {
    let (address, _) = serve(|asked| {
        if asked.line.contains("generalLedgerSetup") {
            return answer("404 Not Found", "", "{}");
        }
        if asked.line.contains("companyInformation") {
            return ok(&json!({"value": [{"currencyCode": "DKK"}]}));
        }
        assert!(asked.is(&format!("GET /api/companies({COMPANY})")));
        ok(&json!({"id": COMPANY, "name": "CRONUS", "displayName": "CRONUS Danmark"}))
    });
    let facts = business_central(&address).facts().await.unwrap();
    assert_eq!(facts.identity, format!("t/p+{COMPANY}"));
    assert_eq!(
        (facts.display_name.as_str(), facts.base_currency_code.as_deref()),
        ("CRONUS Danmark", Some("DKK"))
    );
}
