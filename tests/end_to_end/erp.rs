//! A small ERP in the manner of Dynamics 365 Finance: an OData service whose rows belong to companies, with keys of two parts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// The company of whoever does not ask across companies.
const OWN_COMPANY: &str = "USMF";

/// The tables: the second part of the key, and the other columns.
const TABLES: [(&str, &str, &[&str]); 4] = [
    (
        "CustomersV3",
        "CustomerAccount",
        &[
            "OrganizationName",
            "PartyType:DirPartyType",
            "CustomerGroupId",
            "SalesCurrencyCode",
            "PrimaryContactPhone",
            "PrimaryContactEmail",
            "DeliveryAddressStreet",
            "DeliveryAddressCity",
            "DeliveryAddressZipCode",
            "DeliveryAddressCountryRegionIsoCode",
        ],
    ),
    (
        "CDSContactsV2",
        "ContactPersonId",
        &[
            "FirstName",
            "LastName",
            "EmploymentProfession",
            "PrimaryPhoneNumber",
            "PrimaryEmailAddress",
            "AssociatedContactType:ContactType",
        ],
    ),
    (
        "CDSReleasedDistinctProducts",
        "ItemNumber",
        &[
            "ProductNumber",
            "ProductName",
            "ProductDescription",
            "ProductType:ProductType",
            "SalesPrice:Decimal",
        ],
    ),
    ("WebShopCustomers", "Number", &["Name", "Phone"]),
];

const ENUMS: [(&str, &[&str]); 3] = [
    ("DirPartyType", &["Organization", "Person"]),
    ("ContactType", &["Customer", "Vendor"]),
    ("ProductType", &["Item", "Service"]),
];

type Rows = BTreeMap<String, Vec<Map<String, Value>>>;

/// The ERP, as the people see it who work with it.
#[derive(Clone, Default)]
pub struct Erp {
    rows: Arc<Mutex<Rows>>,
    writes: Arc<Mutex<Vec<String>>>,
}

impl Erp {
    /// Starts it. Returns it and its address.
    pub async fn start() -> (Self, String) {
        let erp = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/data", listener.local_addr().unwrap());
        let answering = erp.clone();
        let answer = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let erp = answering.clone();
            async move { erp.answer(&method, &uri, &headers, &body) }
        };
        let app = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (erp, address)
    }

    /// Somebody makes a row.
    pub fn create(&self, set: &str, company: &str, row: Value) {
        let mut row = row;
        row["dataAreaId"] = json!(company);
        self.rows.lock().unwrap().entry(set.to_owned()).or_default().push(complete(set, &row, 1));
    }

    /// Somebody edits the row with that value in that column.
    pub fn edit(&self, set: &str, column: &str, value: &str, change: &Value) {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.get_mut(set).unwrap().iter_mut().find(|row| row[column] == value).unwrap();
        change_row(row, change.as_object().unwrap());
    }

    /// Returns all rows of a table, of all companies.
    pub fn list(&self, set: &str) -> Vec<Value> {
        self.rows.lock().unwrap().get(set).into_iter().flatten().cloned().map(Value::Object).collect()
    }

    /// Returns the row with that value in that column, if there is exactly one.
    pub fn find(&self, set: &str, column: &str, value: &str) -> Option<Value> {
        let mut found: Vec<_> = self.list(set).into_iter().filter(|row| row[column] == value).collect();
        if found.len() == 1 { found.pop() } else { None }
    }

    /// Returns the writes that came since the last question.
    pub fn writes(&self) -> Vec<String> {
        std::mem::take(&mut self.writes.lock().unwrap())
    }

    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
        let path = decoded(uri.path().trim_start_matches("/data").trim_start_matches('/'));
        let query = decoded(uri.query().unwrap_or_default());
        if path.is_empty() {
            return ok(StatusCode::OK, &json!({"value": []}));
        }
        if path == "$metadata" {
            return ([("Content-Type", "application/xml")], metadata()).into_response();
        }
        let (set, key) = path.split_once('(').map_or((path.as_str(), None), |(set, key)| (set, Some(key)));
        let mut rows = self.rows.lock().unwrap();
        let rows = rows.entry(set.to_owned()).or_default();
        if *method != Method::GET {
            self.writes.lock().unwrap().push(format!("{method} {path}"));
        }
        let own = |row: &&Map<String, Value>| {
            query.contains("cross-company=true") || row["dataAreaId"] == OWN_COMPANY
        };
        let Some(key) = key else {
            if *method == Method::POST {
                return post(rows, set, body);
            }
            let accepted = rows.iter().filter(own).filter(|row| accepts(&query, row));
            return ok(StatusCode::OK, &json!({"value": accepted.collect::<Vec<_>>()}));
        };
        let Some(row) = rows.iter_mut().find(|row| has_key(set, row, key)) else {
            return ok(StatusCode::NOT_FOUND, &json!({"error": {"code": "", "message": "no such row"}}));
        };
        if *method == Method::PATCH {
            if headers.get("if-match").and_then(|tag| tag.to_str().ok()) != row["@odata.etag"].as_str() {
                return ok(
                    StatusCode::PRECONDITION_FAILED,
                    &json!({"error": {"code": "", "message": "stale"}}),
                );
            }
            let change: Value = serde_json::from_slice(body).unwrap();
            change_row(row, change.as_object().unwrap());
        }
        ok(StatusCode::OK, &json!(row))
    }
}

fn post(rows: &mut Vec<Map<String, Value>>, set: &str, body: &Bytes) -> Response {
    let mut row: Value = serde_json::from_slice(body).unwrap();
    if row["dataAreaId"].is_null() {
        row["dataAreaId"] = json!(OWN_COMPANY);
    }
    let row = complete(set, &row, 1);
    let key = key_of(set);
    if rows.iter().any(|other| other["dataAreaId"] == row["dataAreaId"] && other[key] == row[key]) {
        return ok(StatusCode::CONFLICT, &json!({"error": {"code": "", "message": "the key exists"}}));
    }
    rows.push(row.clone());
    ok(StatusCode::CREATED, &json!(row))
}

fn ok(status: StatusCode, body: &Value) -> Response {
    let headers = [("Content-Type", "application/json"), ("Date", "Sat, 21 Nov 2026 12:00:00 GMT")];
    (status, headers, body.to_string()).into_response()
}

fn table(set: &str) -> (&'static str, &'static [&'static str]) {
    let (_, key, columns) = TABLES.into_iter().find(|(name, ..)| *name == set).unwrap();
    (key, columns)
}

fn key_of(set: &str) -> &'static str {
    table(set).0
}

fn name(column: &str) -> &str {
    column.split(':').next().unwrap()
}

/// Gives a row all columns of its table and a version.
fn complete(set: &str, row: &Value, version: u64) -> Map<String, Value> {
    let (key, columns) = table(set);
    let mut complete = Map::from_iter([("@odata.etag".to_owned(), json!(format!("W/\"{version}\"")))]);
    for column in ["dataAreaId", key].into_iter().chain(columns.iter().copied().map(name)) {
        complete.insert(column.to_owned(), row[column].clone());
    }
    complete
}

fn change_row(row: &mut Map<String, Value>, change: &Map<String, Value>) {
    let version: u64 = row["@odata.etag"].as_str().unwrap().trim_matches(['W', '/', '"']).parse().unwrap();
    row.insert("@odata.etag".to_owned(), json!(format!("W/\"{}\"", version + 1)));
    row.extend(change.clone());
}

fn has_key(set: &str, row: &Map<String, Value>, key: &str) -> bool {
    let part = |column: &str| format!("{column}='{}'", row[column].as_str().unwrap_or_default());
    key.trim_end_matches(')') == format!("{},{}", part("dataAreaId"), part(key_of(set)))
}

/// Reads conditions of the form `column eq 'value'`, joined by `and`.
fn accepts(query: &str, row: &Map<String, Value>) -> bool {
    let filter = query.split('&').find_map(|part| part.strip_prefix("$filter="));
    filter.into_iter().flat_map(|filter| filter.split(" and ")).all(|condition| {
        let (column, value) = condition.split_once(" eq ").unwrap();
        row[column].as_str().unwrap_or_default().eq_ignore_ascii_case(value.trim_matches('\''))
    })
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

fn metadata() -> String {
    let property = |column: &str| {
        let (name, kind) = column.split_once(':').unwrap_or((column, "String"));
        let known = ENUMS.iter().any(|(name, _)| *name == kind);
        let kind = if known { format!("Erp.{kind}") } else { format!("Edm.{kind}") };
        let scale = if kind == "Edm.Decimal" { " Scale=\"2\"" } else { "" };
        format!("<Property Name=\"{name}\" Type=\"{kind}\"{scale}/>")
    };
    let (mut types, mut sets) = (String::new(), String::new());
    for (name, members) in ENUMS {
        let members = members
            .iter()
            .zip(0..)
            .map(|(name, value)| format!("<Member Name=\"{name}\" Value=\"{value}\"/>"));
        types += &format!("<EnumType Name=\"{name}\">{}</EnumType>", members.collect::<String>());
    }
    for (set, key, columns) in TABLES {
        let columns: String =
            ["dataAreaId", key].into_iter().chain(columns.iter().copied()).map(property).collect();
        types += &format!(
            "<EntityType Name=\"{set}Row\"><Key><PropertyRef Name=\"dataAreaId\"/><PropertyRef Name=\"{key}\"/></Key>{columns}</EntityType>"
        );
        sets += &format!("<EntitySet Name=\"{set}\" EntityType=\"Erp.{set}Row\"/>");
    }
    format!(
        "<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices><Schema \
         Namespace=\"Erp\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">{types}<EntityContainer Name=\"C\">{sets}\
         </EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )
}
