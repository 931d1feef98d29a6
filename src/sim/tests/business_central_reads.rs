//! Business Central: filters, stamps, pages, addresses, seeded rows.

use serde_json::{Value, json};

use super::business_central::{customer, get, patch, root};
use super::{BASE, code, link, northwind, request, texts};
use crate::sim::data::world;
use crate::sim::options::Options;

#[test]
fn filters_follow_the_products_rules() {
    let mut world = northwind();
    let or = get(&mut world, "customers?$filter=number eq 'ALFKI' or city eq 'Berlin'");
    assert_eq!(code(&or), (501, "BadRequest_MethodNotImplemented".to_owned()));
    let same = get(
        &mut world,
        "customers?$filter=(number eq 'ALFKI' or number eq 'bonap') and startswith(displayName,'B')",
    );
    assert_eq!(texts(&same, "number"), ["BONAP"]);
    assert_eq!(texts(&get(&mut world, "customers?$filter=number in ('ALFKI')"), "number").len(), 91);
    assert_eq!(texts(&get(&mut world, "items?$filter=lines/any(l:l/x eq 1)"), "number").len(), 77);
    assert_eq!(texts(&get(&mut world, "customers?$filter=number eq 'AL*'"), "number"), ["ALFKI"]);
    assert_eq!(texts(&get(&mut world, "items?$filter=type eq 'Non-Inventory'"), "number").len(), 0);
    assert_eq!(code(&get(&mut world, "customers?$filter=nme eq 'x'")), (400, "BadRequest".to_owned()));
    assert_eq!(code(&get(&mut world, "customers?$select=nme")), (400, "BadRequest".to_owned()));
    let long = format!("customers?$filter=number eq '{}'", "x".repeat(21));
    assert_eq!(code(&get(&mut world, &long)), (400, "Application_FilterErrorException".to_owned()));
    let row = customer(&mut world, "ALFKI");
    let by_id = get(&mut world, &format!("customers?$filter=id eq {}", row["id"].as_str().unwrap()));
    assert_eq!(texts(&by_id, "number"), ["ALFKI"]);
}

#[test]
fn changes_are_found_by_their_stamp() {
    let mut world = northwind();
    let stamp = customer(&mut world, "ALFKI")["lastModifiedDateTime"].as_str().unwrap().to_owned();
    let row = customer(&mut world, "BONAP");
    patch(&mut world, "customers", &row, &json!({"city": "Lyon"}));
    let newer = get(
        &mut world,
        &format!(
            "customers?$filter=lastModifiedDateTime gt {stamp}&$orderby=lastModifiedDateTime asc,id asc"
        ),
    );
    assert_eq!(texts(&newer, "number"), ["BONAP"]);
    let all =
        get(&mut world, &format!("customers?$filter=lastModifiedDateTime ge {stamp}&$count=true")).to_json();
    assert_eq!(all["@odata.count"], 91);
}

#[test]
fn pages_follow_links_and_cover_every_row_once() {
    for (query, expected) in [
        ("", 91),
        ("&$orderby=city desc", 91),
        ("&$top=25", 25),
        ("&$skip=80&$orderby=city", 11),
        ("&$skip=80", 11),
    ] {
        let mut world = northwind();
        let mut target = Some(format!("{}/customers?$select=number{query}", root(&world)));
        let mut numbers = Vec::new();
        while let Some(page) = target {
            let page = request("GET", &page, &["Prefer: odata.maxpagesize=10"], "");
            let reply = world.business_central.answer(&page, &mut Vec::new());
            assert!(texts(&reply, "number").len() <= 10);
            numbers.extend(texts(&reply, "number"));
            target = link(&reply.to_json(), "@odata.nextLink");
        }
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), expected, "{query}");
    }
    let mut world = northwind();
    assert_eq!(get(&mut world, "customers?$top=5").to_json().get("@odata.nextLink"), None);
}

#[test]
fn the_tenant_may_be_left_out_and_the_company_named() {
    let mut world = northwind();
    for target in [
        "/v2.0/production/api/v2.0/companies(name='Northwind%20Traders')/items/$count",
        "/v2.0/Production/api/v2.0/items/$count?company=Northwind%20Traders",
    ] {
        assert_eq!(
            world.business_central.answer(&request("GET", target, &[], ""), &mut Vec::new()).body,
            b"77"
        );
    }
    for target in
        ["/v2.0/Sandbox/api/v2.0/companies", "/v2.0/Production/api/v2.0/companies(name='x')/items", "/"]
    {
        assert_eq!(
            world.business_central.answer(&request("GET", target, &[], ""), &mut Vec::new()).status,
            404
        );
    }
    let context =
        get(&mut world, "customers?$top=1").to_json()["@odata.context"].as_str().unwrap().to_owned();
    assert!(context.starts_with(BASE) && context.ends_with(")/customers"));
}

#[test]
fn seeded_rows_fit_their_columns_and_repeat() {
    let options = Options { rows: 2000, ..Options::default() };
    let (mut world, mut twin) = (world(&options), world(&options));
    for set in ["customers", "vendors", "items", "currencies"] {
        let rows = get(&mut world, set).to_json()["value"].as_array().unwrap().clone();
        assert_eq!(Value::Array(rows.clone()), get(&mut twin, set).to_json()["value"]);
        for row in rows {
            let limits = [
                ("displayName", 100),
                ("city", 30),
                ("phoneNumber", 30),
                ("postalCode", 20),
                ("country", 2),
                ("addressLine1", 100),
                ("email", 80),
            ];
            for (name, max) in limits {
                let length = row[name].as_str().unwrap_or_default().encode_utf16().count();
                assert!(length <= max, "{set} {name}: {row}");
            }
        }
    }
}

#[test]
fn a_reference_is_expanded_to_the_row_it_names() {
    let mut world = northwind();
    let page = get(&mut world, "items?$top=1&$select=number&$expand=unitOfMeasure($select=code)").to_json();
    let item = &page["value"][0];
    assert_eq!(item["unitOfMeasure"].as_object().unwrap().len(), 2, "{item}");
    let code_of_row = get(&mut world, "items?$top=1").to_json();
    assert_eq!(item["unitOfMeasure"]["code"], code_of_row["value"][0]["baseUnitOfMeasureCode"]);
    // The local currency is stored as none.
    let local = "currencyId eq 00000000-0000-0000-0000-000000000000";
    let customer = get(&mut world, &format!("customers?$filter={local}&$top=1&$expand=currency")).to_json();
    assert_eq!(customer["value"][0].as_object().unwrap().get("currency"), Some(&Value::Null));
    for (query, expected) in [
        ("items?$expand=nme", (400, "BadRequest")),
        ("items?$expand=unitOfMeasure(", (400, "BadRequest")),
        ("items?$expand=unitOfMeasure($filter=code eq 'PCS')", (501, "BadRequest_MethodNotImplemented")),
    ] {
        assert_eq!(code(&get(&mut world, query)), (expected.0, expected.1.to_owned()), "{query}");
    }
}
