//! Dataverse: queries, conditions, types, lookups, metadata.

use serde_json::{Value, json};

use super::{code, empty, link, northwind, request, texts};
use crate::sim::data::World;
use crate::sim::http::Reply;

pub(super) const ACME: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";

pub(super) fn send(world: &mut World, method: &str, path: &str, headers: &[&str], body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = request(method, &format!("/api/data/v9.2/{path}"), headers, &body);
    world.dataverse.answer(&request, &mut Vec::new())
}

pub(super) fn get(world: &mut World, path: &str) -> Reply {
    send(world, "GET", path, &[], &Value::Null)
}

pub(super) fn patch(world: &mut World, path: &str, headers: &[&str], body: &Value) -> Reply {
    send(world, "PATCH", path, headers, body)
}

/// Checks which account numbers a filter finds.
fn check_filter(filter: &str, expected: &[&str]) {
    let mut world = northwind();
    let reply =
        get(&mut world, &format!("accounts?$select=accountnumber&$orderby=accountnumber&$filter={filter}"));
    assert_eq!(reply.status, 200, "{filter}: {}", reply.to_json());
    assert_eq!(texts(&reply, "accountnumber"), expected, "{filter}");
}

#[test]
fn filters_are_evaluated_as_dataverse_does() {
    check_filter("accountnumber eq 'alfki'", &["ALFKI"]);
    check_filter(
        "accountnumber+eq+'ALFKI'%20or%20(name eq 'Bon app''' and statecode eq 0)",
        &["ALFKI", "BONAP"],
    );
    check_filter("startswith(name,'la ') and not contains(name,'corne')", &["LAMAI"]);
    check_filter("address1_city eq 'Berlin' and customertypecode ne 3", &["V0011"]);
    check_filter("endswith(name,'Futter%kiste')", &["ALFKI"]);
    check_filter("customertypecode eq null", &[""]);
    check_filter("accountnumber eq @n and name ne '@n'&@n='ALFKI'", &["ALFKI"]);
    check_filter("creditlimit gt 5", &[]);
    check_filter("createdon lt 2025-01-06T07:59:59Z", &[]);
    check_filter("createdon ge 2025-01-06 and accountnumber eq 'ALFKI'", &["ALFKI"]);
    check_filter(
        "Microsoft.Dynamics.CRM.In(PropertyName='accountnumber',PropertyValues=[\"ALFKI\",\"V0001\"])",
        &["ALFKI", "V0001"],
    );
}

#[test]
fn wrong_queries_are_refused() {
    let mut world = northwind();
    for query in [
        "$filter=nme eq 'x'",
        "$select=nme",
        "$orderby=nme",
        "$filter=name eq 5",
        "$filter=name eq",
        "$skip=5",
        "$filter=transactioncurrencyid eq null",
    ] {
        assert_eq!(get(&mut world, &format!("accounts?{query}")).status, 400, "{query}");
    }
    assert_eq!(get(&mut world, "acounts").status, 404);
}

#[test]
fn a_lookup_filters_by_its_value_property() {
    let mut world = northwind();
    let currency =
        get(&mut world, "transactioncurrencies(isocurrencycode='gbp')?$select=currencyname").to_json();
    let id = currency["transactioncurrencyid"].as_str().unwrap();
    let reply = get(
        &mut world,
        &format!("accounts?$select=address1_country&$filter=_transactioncurrencyid_value eq {id}"),
    );
    let countries = texts(&reply, "address1_country");
    assert!(!countries.is_empty() && countries.iter().all(|country| country == "GB"));
}

#[test]
fn pages_follow_links_and_cover_every_row_once() {
    for order in ["", "&$orderby=name desc"] {
        let mut world = northwind();
        let mut path = Some(format!("/api/data/v9.2/accounts?$select=name&$count=true{order}"));
        let (mut ids, mut pages, mut count) = (Vec::new(), 0, 0);
        while let Some(target) = path {
            let page =
                request("GET", &target, &["Prefer: odata.maxpagesize=7,odata.include-annotations=\"*\""], "");
            let reply = world.dataverse.answer(&page, &mut Vec::new());
            ids.extend(texts(&reply, "accountid"));
            let body = reply.to_json();
            count = body["@odata.count"].as_u64().unwrap();
            path = link(&body, "@odata.nextLink");
            pages += 1;
        }
        assert_eq!(ids.len() as u64, count);
        assert_eq!(pages, ids.len().div_ceil(7));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len() as u64, count);
    }
}

#[test]
fn conditions_decide_between_create_update_and_refusal() {
    let mut world = empty();
    let path = format!("accounts({ACME})");
    let body = json!({"name": "Acme"});
    assert_eq!(patch(&mut world, &path, &["If-Match: *"], &body).status, 404);
    let created = patch(&mut world, &path, &["If-None-Match: *", "Prefer: return=representation"], &body);
    assert_eq!(created.status, 201);
    assert_eq!(code(&patch(&mut world, &path, &["If-None-Match: *"], &body)), (412, "0x80040237".to_owned()));
    let etag = format!("If-Match: {}", created.header("ETag").unwrap());
    assert_eq!(patch(&mut world, &path, &[&etag], &json!({"name": "Acme 2"})).status, 204);
    assert_eq!(code(&patch(&mut world, &path, &[&etag], &body)), (412, "0x80060882".to_owned()));
    assert_eq!(
        code(&send(&mut world, "DELETE", &path, &[&etag], &Value::Null)),
        (412, "0x80060882".to_owned())
    );
    let changed = patch(&mut world, &path, &["If-None-Match: null", "Prefer: return=representation"], &body);
    assert_eq!(changed.status, 200);
    let known = format!("If-None-Match: {}", changed.header("ETag").unwrap());
    assert_eq!(send(&mut world, "GET", &path, &[&known], &Value::Null).status, 304);
    assert_eq!(send(&mut world, "DELETE", &path, &[], &Value::Null).status, 204);
    assert_eq!(code(&send(&mut world, "DELETE", &path, &[], &Value::Null)), (404, "0x80040217".to_owned()));
}

#[test]
fn an_upsert_by_key_repeats_the_key_in_its_address() {
    let mut world = empty();
    let path = "accounts(accountnumber='O''Brien%20S%C3%B8n')";
    let reply = patch(&mut world, path, &[], &json!({"name": "O'Brien"}));
    assert_eq!(
        reply.header("OData-EntityId"),
        Some(format!("http://localhost:8000/api/data/v9.2/{path}").as_str())
    );
    let row = get(&mut world, "accounts(accountnumber='o''brien søn')").to_json();
    assert_eq!(row["accountnumber"], "O'Brien Søn");
    assert_eq!(
        code(&send(&mut world, "POST", "accounts", &[], &json!({"accountnumber": "O'BRIEN SØN"}))),
        (412, "0x80060892".to_owned())
    );
    assert_eq!(get(&mut world, "accounts(name='x')").status, 400);
    assert_eq!(code(&get(&mut world, "accounts(accountnumber='x')")), (404, "0x80060891".to_owned()));
}

#[test]
fn wrong_bodies_are_refused() {
    let mut world = empty();
    let long = "x".repeat(161);
    let cases = [
        (json!({"nme": "x"}), 400, "0x80048d19"),
        (json!({"name": 5}), 400, "0x80048d19"),
        (json!({"name": long}), 400, "0x80044331"),
        (json!({"name": "a\u{1}"}), 400, "0x80040278"),
        (json!({"customertypecode": 77}), 400, "0x8004431A"),
        (json!({"creditlimit": "5"}), 400, "0x80048d19"),
        (json!({"statecode": 1, "statuscode": 1}), 400, "0x80048408"),
        (json!({"_transactioncurrencyid_value": ACME}), 400, "0x80048d19"),
        (json!({"TransactionCurrencyId@odata.bind": "/x"}), 400, "0x80048d19"),
        (
            json!({"transactioncurrencyid@odata.bind": format!("/transactioncurrencies({ACME})")}),
            404,
            "0x80040217",
        ),
        (json!({"@logicalName": "x"}), 400, "0x80048d19"),
    ];
    for (body, status, expected) in cases {
        let reply = send(&mut world, "POST", "accounts", &[], &body);
        assert_eq!(code(&reply), (status, expected.to_owned()), "{body}");
    }
    let currency = json!({"isocurrencycode": "NOK", "currencyname": "Krone", "currencysymbol": "kr", "exchangerate": 10});
    assert_eq!(
        code(&send(&mut world, "POST", "transactioncurrencies", &[], &currency)),
        (400, "0x8004203e".to_owned())
    );
}

#[test]
fn money_has_four_decimals_and_a_base_amount() {
    let mut world = northwind();
    let body = json!({
        "accountid": ACME, "creditlimit": 100.5, "modifiedon": "2001-01-01T00:00:00Z",
        "transactioncurrencyid@odata.bind": "/transactioncurrencies(isocurrencycode='GBP')",
    });
    assert_eq!(send(&mut world, "POST", "accounts", &[], &body).status, 204);
    let text = get(&mut world, &format!("accounts({ACME})?$select=creditlimit,creditlimit_base,name")).body;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\"creditlimit\":100.5000"), "{text}");
    assert!(text.contains("\"creditlimit_base\":127.6350"), "{text}");
    assert!(text.contains("\"_transactioncurrencyid_value\""), "{text}");
    let cleared = json!({"transactioncurrencyid": null});
    assert_eq!(
        code(&patch(&mut world, &format!("accounts({ACME})"), &[], &cleared)),
        (400, "0x80048cfb".to_owned())
    );
}

#[test]
fn a_new_row_has_its_defaults() {
    let mut world = empty();
    let reply =
        send(&mut world, "POST", "accounts", &["Prefer: return=representation"], &json!({"name": ""}));
    let row = reply.to_json();
    assert_eq!((&row["statecode"], &row["statuscode"]), (&json!(0), &json!(1)));
    assert_eq!((&row["name"], &row["customertypecode"]), (&Value::Null, &Value::Null));
    let organization = get(&mut world, "organizations?$select=_basecurrencyid_value").to_json();
    assert_eq!(row["_transactioncurrencyid_value"], organization["value"][0]["_basecurrencyid_value"]);
    assert_eq!(row["@odata.etag"], format!("W/\"{}\"", row["versionnumber"]));
    assert_eq!(row["_modifiedby_value"], get(&mut world, "WhoAmI()").to_json()["UserId"]);
}

#[test]
fn bulk_actions_happen_as_a_whole() {
    let mut world = empty();
    let target = |id: &str, name: &str| json!({"@odata.type": "Microsoft.Dynamics.CRM.account", "accountid": id, "name": name});
    let path = "accounts/Microsoft.Dynamics.CRM.CreateMultiple";
    let twice = json!({"Targets": [target(ACME, "a"), target(ACME, "b")]});
    assert_eq!(send(&mut world, "POST", path, &[], &twice).status, 412);
    assert_eq!(get(&mut world, "accounts/$count").body, b"0");
    let both = json!({"Targets": [target(ACME, "a"), target(OTHER, "b")]});
    assert_eq!(send(&mut world, "POST", path, &[], &both).to_json()["Ids"], json!([ACME, OTHER]));
}

#[test]
fn metadata_describes_columns_keys_and_relationships() {
    let mut world = empty();
    let one = get(
        &mut world,
        "EntityDefinitions?%24select=LogicalName%2CEntitySetName&%24filter=LogicalName+eq+%27account%27",
    )
    .to_json();
    assert_eq!(one["value"][0]["EntitySetName"], "accounts");
    assert_eq!(one["value"][0].as_object().unwrap().len(), 3);
    let table = "EntityDefinitions(LogicalName='account')";
    let definition = get(
        &mut world,
        &format!("{table}?$select=ChangeTrackingEnabled&$expand=Attributes($select=LogicalName)"),
    )
    .to_json();
    assert_eq!(definition["ChangeTrackingEnabled"], true);
    assert!(definition["Attributes"].as_array().unwrap().len() > 30);
    let choices = get(&mut world, &format!("{table}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)&$filter=LogicalName eq 'customertypecode'")).to_json();
    assert_eq!(choices["value"][0]["OptionSet"]["Options"][2]["Value"], 3);
    let keys = get(&mut world, &format!("{table}/Keys")).to_json();
    assert_eq!(keys["value"][0]["KeyAttributes"], json!(["accountnumber"]));
    let many = get(&mut world, &format!("{table}/ManyToManyRelationships"));
    assert_eq!((many.status, many.to_json()["value"].clone()), (200, json!([])));
    let relationships = get(
        &mut world,
        &format!("{table}/ManyToOneRelationships?$filter=ReferencingAttribute eq 'transactioncurrencyid'"),
    )
    .to_json();
    assert_eq!(relationships["value"][0]["ReferencingEntityNavigationPropertyName"], "transactioncurrencyid");
    assert!(
        String::from_utf8(get(&mut world, "$metadata").body)
            .unwrap()
            .contains("EntitySet Name=\"transactioncurrencies\"")
    );
}

#[test]
fn a_currency_in_use_cannot_be_deleted() {
    let mut world = northwind();
    assert_eq!(
        code(&send(&mut world, "DELETE", "transactioncurrencies(isocurrencycode='EUR')", &[], &Value::Null)),
        (405, "0x80040227".to_owned())
    );
}

#[test]
fn a_lookup_is_expanded_to_the_row_it_names() {
    let mut world = northwind();
    let query = "accounts?$filter=accountnumber eq 'ALFKI'&$select=name&$expand=transactioncurrencyid($select=isocurrencycode),parentaccountid($select=name)";
    let page = get(&mut world, query).to_json();
    assert!(
        page["@odata.context"]
            .as_str()
            .unwrap()
            .ends_with("#accounts(name,transactioncurrencyid(isocurrencycode),parentaccountid(name))"),
        "{page}"
    );
    let row = &page["value"][0];
    assert_eq!(row["transactioncurrencyid"]["isocurrencycode"], "EUR", "{row}");
    assert_eq!(row["transactioncurrencyid"].as_object().unwrap().len(), 3);
    assert_eq!(row.as_object().unwrap().get("parentaccountid"), Some(&Value::Null));
    let single =
        get(&mut world, &format!("accounts({})?$expand=ownerid", row["accountid"].as_str().unwrap()));
    assert!(single.to_json()["ownerid"]["fullname"].is_string(), "{}", single.to_json());
    for (query, expected) in [
        ("accounts?$expand=nme", (400, "0x0")),
        ("accounts?$expand=ownerid($select=nme)", (400, "0x0")),
        ("accounts?$expand=ownerid($select=fullname", (400, "0x80060888")),
        ("accounts?$expand=ownerid($levels=2)", (400, "0x80060888")),
    ] {
        assert_eq!(code(&get(&mut world, query)), (expected.0, expected.1.to_owned()), "{query}");
    }
}

#[test]
fn a_lookup_is_set_by_the_reference_to_its_row() {
    let mut world = northwind();
    let rows = get(&mut world, "accounts?$select=accountid&$top=2").to_json();
    let id = |at: usize| rows["value"][at]["accountid"].as_str().unwrap().to_owned();
    let (child, parent) = (id(0), id(1));
    let reference = format!("accounts({child})/parentaccountid/$ref");
    let body = json!({"@odata.id": format!("accounts({parent})")});
    assert_eq!(send(&mut world, "PUT", &reference, &[], &body).status, 204);
    let row = get(&mut world, &format!("accounts({child})?$select=_parentaccountid_value")).to_json();
    assert_eq!(row["_parentaccountid_value"], parent.as_str());
    assert_eq!(code(&send(&mut world, "PUT", &reference, &[], &json!({}))).0, 400);
    let elsewhere = json!({"@odata.id": "transactioncurrencies(isocurrencycode='EUR')"});
    assert_eq!(code(&send(&mut world, "PUT", &reference, &[], &elsewhere)).0, 400);
}
