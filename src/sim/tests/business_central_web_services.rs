//! Business Central: pages published as OData web services.

use serde_json::{Value, json};

use super::business_central::{customer, get as get_standard};
use super::{BASE, code, link, northwind, request, texts};
use crate::sim::data::World;
use crate::sim::http::Reply;

const COMPANY: &str = "Company('Northwind%20Traders')";

fn ask(world: &mut World, method: &str, target: &str, headers: &[&str], body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    world.business_central.answer(&request(method, target, headers, &body), &mut Vec::new())
}

/// Sends a request to a page of the company.
fn send(world: &mut World, method: &str, path: &str, headers: &[&str], body: &Value) -> Reply {
    let target = format!("{}/ODataV4/{COMPANY}/{path}", world.business_central.environment_path());
    ask(world, method, &target, headers, body)
}

fn get(world: &mut World, path: &str) -> Reply {
    send(world, "GET", path, &[], &Value::Null)
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn services_companies_and_types_are_listed_online_and_on_premises() {
    let mut world = northwind();
    let online = format!("{}/ODataV4", world.business_central.environment_path());
    for root in [online.as_str(), "/v2.0/production/ODataV4", "/BC/ODataV4"] {
        let mut read = |path: &str| ask(&mut world, "GET", &format!("{root}{path}"), &[], &Value::Null);
        assert_eq!(texts(&read("/"), "name"), ["Company", "Customer", "Vendor", "Item", "SalesOrder"]);
        assert_eq!(texts(&read("/Company?tenant=default"), "Name"), ["Northwind Traders"]);
        assert_eq!(read(&format!("/{COMPANY}")).to_json()["Name"], "Northwind Traders");
        let metadata = String::from_utf8(read("/$metadata").body).unwrap();
        for part in [
            "<Schema Namespace=\"NAV\"",
            "<EntitySet Name=\"Customer\" EntityType=\"NAV.Customer\"/>",
            "<PropertyRef Name=\"Document_Type\"/>\n<PropertyRef Name=\"No\"/>",
            "<Property Name=\"Unit_Price\" Type=\"Edm.Decimal\" Scale=\"Variable\"/>",
        ] {
            assert!(metadata.contains(part), "{part}");
        }
        assert!(!metadata.contains("Microsoft.NAV"));
        assert_eq!(read("/Item/$count").body, b"77");
    }
    assert_eq!(ask(&mut world, "POST", "/BC/ODataV4/Company", &[], &json!({})).status, 405);
    assert_eq!(ask(&mut world, "GET", "/NAV/ODataV4/Company", &[], &Value::Null).status, 404);
}

#[test]
fn a_company_is_named_letter_by_letter_or_by_id() {
    let mut world = northwind();
    let id = world.business_central.company();
    let mut read = |path: &str| ask(&mut world, "GET", &format!("/BC/ODataV4/{path}"), &[], &Value::Null);
    for path in [
        "Company('Northwind%20Traders')/Customer('ALFKI')".to_owned(),
        format!("Company(Id={id})/Customer('ALFKI')"),
        format!("Customer('ALFKI')?company={id}"),
    ] {
        assert_eq!(read(&path).to_json()["Name"], "Alfreds Futterkiste", "{path}");
    }
    for path in ["Company('northwind%20traders')/Customer", "Company()/Customer", "Customer?company=x"] {
        assert_eq!(code(&read(path)), refused(404, "Internal_CompanyNotFound"), "{path}");
    }
    for path in ["customer", "Customer('ALFKI')/Lines", "Nope", "Customer('NOPE')"] {
        assert_eq!(code(&read(path)), refused(404, "BadRequest_ResourceNotFound"), "{path}");
    }
}

#[test]
fn a_page_shows_the_row_of_the_standard_api_under_its_own_names() {
    let mut world = northwind();
    let standard = customer(&mut world, "ALFKI");
    let reply = get(&mut world, "Customer('alfki')");
    let row = reply.to_json();
    assert_eq!(reply.header("ETag"), row["@odata.etag"].as_str());
    let context = row["@odata.context"].as_str().unwrap();
    assert!(
        context.starts_with(BASE)
            && context.ends_with("/ODataV4/$metadata#Company('Northwind%20Traders')/Customer/$entity")
    );
    for (control, column) in [
        ("@odata.etag", "@odata.etag"),
        ("No", "number"),
        ("Name", "displayName"),
        ("Post_Code", "postalCode"),
        ("Phone_No", "phoneNumber"),
        ("Currency_Code", "currencyCode"),
        ("SystemModifiedAt", "lastModifiedDateTime"),
    ] {
        assert_eq!(row[control], standard[column], "{control}");
    }
    assert_eq!((row.get("id"), &row["Blocked"]), (None, &json!(" ")), "an option by its caption");
    let local = get(&mut world, "Customer('GREAL')").to_json();
    assert_eq!(local["Currency_Code"], "", "the local currency is blank on pages");
}

#[test]
fn lists_are_filtered_ordered_selected_and_paged() {
    let mut world = northwind();
    let query = "Customer?$filter=City eq 'London' and Blocked eq ' '&$select=No,City&$orderby=No desc";
    let london = get(&mut world, query);
    let numbers = texts(&london, "No");
    assert!(numbers.len() > 3 && numbers.is_sorted_by(|left, right| left > right), "{numbers:?}");
    assert_eq!(london.to_json()["value"][0].get("Name"), None);
    for (query, expected) in [("", 91), ("&$orderby=City desc", 91), ("&$top=25", 25), ("&$skip=80", 11)] {
        let path = format!("{}/ODataV4/{COMPANY}/Customer", world.business_central.environment_path());
        let mut target = Some(format!("{path}?$select=No{query}"));
        let mut numbers = Vec::new();
        while let Some(page) = target {
            let reply = ask(&mut world, "GET", &page, &["Prefer: odata.maxpagesize=10"], &Value::Null);
            assert!(texts(&reply, "No").len() <= 10);
            numbers.extend(texts(&reply, "No"));
            target = link(&reply.to_json(), "@odata.nextLink");
        }
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), expected, "{query}");
    }
    assert_eq!(get(&mut world, "Customer?$count=true&$top=1").to_json()["@odata.count"], 91);
    let unknown = get(&mut world, "Customer?$filter=number eq 'x'");
    assert_eq!(code(&unknown), refused(400, "BadRequest"));
    let message = unknown.to_json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("'number' on type 'NAV.Customer'"), "{message}");
    let or = get(&mut world, "Customer?$filter=No eq 'ALFKI' or City eq 'Berlin'");
    assert_eq!(code(&or), refused(501, "BadRequest_MethodNotImplemented"));
}

#[test]
fn rows_are_created_changed_and_deleted_under_their_tags() {
    let mut world = northwind();
    let body = json!({"Name": "Ada", "Phone_No": "1", "Currency_Code": "eur", "Blocked": "Ship"});
    let made = send(&mut world, "POST", "Customer", &[], &body);
    let row = made.to_json();
    assert_eq!((made.status, &row["Name"], &row["Blocked"]), (201, &json!("Ada"), &json!("Ship")));
    assert_eq!(row["Currency_Code"], "EUR");
    let number = row["No"].as_str().unwrap();
    assert!(!number.is_empty(), "the series gave a number");
    assert_eq!(customer(&mut world, number)["phoneNumber"], "1");
    let path = format!("Customer('{number}')");
    let change = json!({"Phone_No": "2"});
    let untagged = send(&mut world, "PATCH", &path, &[], &change);
    assert_eq!(code(&untagged), refused(400, "BadRequest_InvalidToken"));
    let tag = format!("If-Match: {}", row["@odata.etag"].as_str().unwrap());
    let changed = send(&mut world, "PATCH", &format!("{path}?$select=Phone_No"), &[&tag], &change);
    assert_eq!((changed.status, &changed.to_json()["Phone_No"]), (200, &json!("2")));
    for method in ["PATCH", "DELETE"] {
        let stale = send(&mut world, method, &path, &[&tag], &change);
        assert_eq!(code(&stale), refused(409, "Request_EntityChanged"), "{method}");
    }
    let tag = format!("If-Match: {}", changed.to_json()["@odata.etag"].as_str().unwrap());
    assert_eq!(send(&mut world, "DELETE", &path, &[&tag], &Value::Null).status, 204);
    assert_eq!(code(&get(&mut world, &path)), refused(404, "BadRequest_ResourceNotFound"));
}

#[test]
fn bodies_are_refused_in_the_words_of_the_page() {
    let mut world = northwind();
    for (body, expected, words) in [
        (json!({"displayName": "x"}), "BadRequest", "'displayName' does not exist on type 'NAV.Customer'"),
        (json!({"Balance_LCY": 1}), "BadRequest_InvalidOperation", "Control 'Balance_LCY' is read-only."),
        (json!({"SystemModifiedAt": "2026-01-01T00:00:00Z"}), "BadRequest_InvalidOperation", "read-only"),
        (json!({"Currency_Code": "NOPE"}), "Internal_InvalidTableRelation", "NOPE"),
        (json!({"Blocked": "Never"}), "Application_EvaluateException", "Ship,Invoice,All"),
        (json!({"City": "x".repeat(31)}), "Application_StringExceededLength", "30"),
    ] {
        let reply = send(&mut world, "PATCH", "Customer('ALFKI')", &["If-Match: *"], &body);
        assert_eq!(code(&reply), refused(400, expected), "{body}");
        let message = reply.to_json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{message}");
    }
    let twin = send(&mut world, "POST", "Item", &[], &json!({"No": "1001", "Description": "x"}));
    assert_eq!(code(&twin), refused(400, "Internal_EntityWithSameKeyExists"));
}

#[test]
fn an_order_is_addressed_by_type_and_number() {
    let mut world = northwind();
    let body =
        json!({"Document_Type": "Order", "Sell_to_Customer_No": "ALFKI", "External_Document_No": "T-1"});
    let made = send(&mut world, "POST", "SalesOrder", &[], &body);
    let row = made.to_json();
    assert_eq!((made.status, &row["Document_Type"]), (201, &json!("Order")));
    assert_eq!(row["Sell_to_Customer_Name"], "Alfreds Futterkiste");
    let number = row["No"].as_str().unwrap();
    let read = get(&mut world, &format!("SalesOrder(Document_Type='Order',No='{number}')")).to_json();
    assert_eq!(read["External_Document_No"], "T-1");
    let quote = get(&mut world, &format!("SalesOrder(Document_Type='Quote',No='{number}')"));
    assert_eq!(quote.status, 404);
    let half = get(&mut world, &format!("SalesOrder('{number}')"));
    assert_eq!(code(&half), refused(400, "BadRequest_InvalidRequestUrl"));
    let quote = json!({"Document_Type": "Quote", "Sell_to_Customer_No": "ALFKI"});
    let quote = send(&mut world, "POST", "SalesOrder", &[], &quote);
    assert_eq!(code(&quote), refused(400, "Application_DialogException"));
    let listed = get_standard(&mut world, "salesOrders?$filter=externalDocumentNumber eq 'T-1'");
    assert_eq!(texts(&listed, "number"), [number]);
}

#[test]
fn permissions_and_the_switch_of_the_services_hold_for_pages_too() {
    let mut world = northwind();
    world.business_central.deny("customers", true);
    assert_eq!(get(&mut world, "Customer").status, 403);
    assert_eq!(get(&mut world, "Vendor").status, 200);
    world.business_central.switch_services(false);
    assert_eq!(get(&mut world, "Vendor").status, 405);
}

#[test]
fn a_batch_below_the_services_reaches_pages_only() {
    let mut world = northwind();
    let root = format!("{}/ODataV4", world.business_central.environment_path());
    let parts = json!({"requests": [
        {"method": "GET", "id": "1", "url": format!("{COMPANY}/Item('1001')")},
        {"method": "GET", "id": "2", "url": "/v2.0/production/api/v2.0/companies"},
    ]});
    let headers = ["Content-Type: application/json", "Accept: application/json"];
    let replies = ask(&mut world, "POST", &format!("{root}/$batch"), &headers, &parts).to_json();
    assert_eq!(replies["responses"][0]["body"]["No"], "1001", "{replies}");
    assert_eq!(replies["responses"][1]["status"], 400, "{replies}");
}
