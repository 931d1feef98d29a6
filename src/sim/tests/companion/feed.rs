//! The change feed: row versions, the lower edge of what is committed, tombstones, lineage.

use super::*;
use crate::sim::options::Options;
use crate::sim::profile::Profile;

#[test]
fn every_set_is_found_with_and_without_the_tenant_and_only_where_installed() {
    let mut world = installed();
    let whole = root(&world);
    let tenant = world.business_central.environment_path().split('/').nth(2).unwrap().to_owned();
    for target in [whole.clone(), whole.replace(&format!("/{tenant}"), "")] {
        let target = format!("{target}/syncState");
        assert_eq!(
            world.business_central.answer(&request("GET", &target, &[], ""), &mut Vec::new()).status,
            200
        );
    }
    let document = whole.split("/companies").next().unwrap().to_owned();
    let reply = world.business_central.answer(&request("GET", &document, &[], ""), &mut Vec::new());
    let names = texts(&reply, "name");
    assert!(names.contains(&"deletedRows".to_owned()) && !names.contains(&"generalLedgerSetup".to_owned()));
    for name in names.iter().filter(|name| *name != "companies" && *name != "itemAvailabilityByLocation") {
        assert_eq!(get(&mut world, &format!("{name}?$top=1")).status, 200, "{name}");
    }
    let metadata = format!("{document}/$metadata");
    let reply = world.business_central.answer(&request("GET", &metadata, &[], ""), &mut Vec::new());
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.contains("<Property Name=\"rowVersion\" Type=\"Edm.Int64\">"), "{text}");
    world.business_central.install_companion(false);
    for name in names {
        assert_eq!(code(&get(&mut world, &name)), (404, "BadRequest_ResourceNotFound".to_owned()), "{name}");
    }
}

#[test]
fn api_v2_shows_none_of_the_companions_tables_and_columns() {
    let mut world = installed();
    for set in ["deletedRows", "shippingAgents", "syncState"] {
        let reply = super::super::business_central::get(&mut world, set);
        assert_eq!(reply.status, 404, "{set}");
    }
    let customer = super::super::business_central::customer(&mut world, "ALFKI");
    assert_eq!((&customer["faxNumber"], &customer["rowVersion"]), (&Value::Null, &Value::Null));
}

#[test]
fn an_edit_through_either_api_shows_in_both_with_a_higher_version() {
    let mut world = installed();
    let before = row(&mut world, "customers", "number eq 'ALFKI'");
    let v2 = super::super::business_central::customer(&mut world, "ALFKI");
    assert_eq!((&v2["id"], &v2["@odata.etag"]), (&before["id"], &before["@odata.etag"]));
    let (_, watermark) = feed(&mut world, "customers", 0);
    assert_eq!(feed(&mut world, "customers", watermark).0, Vec::<Value>::new());
    super::super::business_central::patch(&mut world, "customers", &v2, &json!({"city": "Bonn"}));
    let (changed, watermark) = feed(&mut world, "customers", watermark);
    assert_eq!((changed.len(), &changed[0]["city"]), (1, &json!("Bonn")));
    assert!(changed[0]["rowVersion"].as_u64() > before["rowVersion"].as_u64());
    let answer = patch(&mut world, "customers", &changed[0], &json!({"faxNumber": "1", "city": "Köln"}));
    assert_eq!(answer.status, 200, "{}", answer.to_json());
    assert_eq!(super::super::business_central::customer(&mut world, "ALFKI")["city"], "Köln");
    let (changed, watermark) = feed(&mut world, "customers", watermark);
    assert_eq!((&changed[0]["faxNumber"], &changed[0]["id"]), (&json!("1"), &before["id"]));
    assert_eq!(feed(&mut world, "customers", watermark).0, Vec::<Value>::new());
}

#[test]
fn the_feed_pages_in_the_order_of_versions_and_each_row_comes_once() {
    let mut world = installed();
    let prefer = ["Prefer: odata.maxpagesize=20"];
    let minimum = version(&state(&mut world), "minimumActiveRowVersion");
    let filter = format!("rowVersion gt 0 and rowVersion lt {minimum}");
    let path = format!("customers?$filter={filter}&$orderby=rowVersion&$select=number,rowVersion");
    let mut versions = Vec::new();
    let mut body = send(&mut world, "GET", &path, &prefer, &Value::Null).to_json();
    loop {
        let page = body["value"].as_array().unwrap();
        versions.extend(page.iter().map(|row| row["rowVersion"].as_u64().unwrap()));
        // Whoever edits a row already shown moves it behind the end.
        let first =
            row(&mut world, "customers", &format!("number eq '{}'", page[0]["number"].as_str().unwrap()));
        assert_eq!(patch(&mut world, "customers", &first, &json!({"faxNumber": "x"})).status, 200);
        let Some(next) = super::super::link(&body, "@odata.nextLink") else { break };
        body = world.business_central.answer(&request("GET", &next, &prefer, ""), &mut Vec::new()).to_json();
    }
    assert_eq!(versions.len(), 91);
    assert!(versions.is_sorted_by(|left, right| left < right), "{versions:?}");
}

#[test]
fn stock_moves_the_tag_but_not_the_row_version() {
    let mut world = installed();
    let before = row(&mut world, "items", "number eq '1001'");
    let v2 = super::super::business_central::get(&mut world, "items?$filter=number eq '1001'").to_json();
    super::super::business_central::patch(&mut world, "items", &v2["value"][0], &json!({"inventory": 30}));
    let after = row(&mut world, "items", "number eq '1001'");
    assert_eq!((&after["inventory"], &after["rowVersion"]), (&json!(30), &before["rowVersion"]));
    assert_ne!(after["@odata.etag"], before["@odata.etag"]);
    let renamed = patch(&mut world, "items", &after, &json!({"displayName": "Tea"})).to_json();
    assert!(renamed["rowVersion"].as_u64() > before["rowVersion"].as_u64());
}

#[test]
fn the_state_is_one_row_that_names_the_caller() {
    let mut world = installed();
    let mine = state(&mut world);
    assert_eq!((&mine["contractRevision"], &mine["localCurrencyCode"]), (&json!(1), &json!("USD")));
    assert_eq!(version(&mine, "minimumActiveRowVersion"), version(&mine, "lastUsedRowVersion") + 1);
    let theirs = rows(&person(&mut world, "GET", "syncState", &Value::Null))[0].clone();
    assert_ne!(mine["currentUserId"], theirs["currentUserId"]);
    let users = texts(&get(&mut world, "users"), "id");
    for state in [&mine, &theirs] {
        assert!(users.iter().any(|user| state["currentUserId"] == user.as_str()));
    }
    let alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    assert_eq!(alfki["systemModifiedBy"], theirs["currentUserId"]);
    let changed = patch(&mut world, "customers", &alfki, &json!({"city": "Bonn"})).to_json();
    assert_eq!(changed["systemModifiedBy"], mine["currentUserId"]);
    assert_eq!(changed["systemCreatedBy"], theirs["currentUserId"]);
    assert_eq!(changed["systemModifiedAt"], changed["lastModifiedDateTime"]);
}

#[test]
fn every_deletion_leaves_a_tombstone_in_the_same_feed() {
    let mut world = installed();
    let (_, watermark) = feed(&mut world, "deletedRows", 0);
    let one = row(&mut world, "customers", "number eq 'ALFKI'");
    let other = super::super::business_central::customer(&mut world, "ANATR");
    assert_eq!(delete(&mut world, "customers", &one).status, 204);
    person(&mut world, "DELETE", &format!("customers({})", other["id"].as_str().unwrap()), &Value::Null);
    let (buried, _) = feed(&mut world, "deletedRows", watermark);
    let of = |id: &Value| buried.iter().find(|row| row["systemId"] == *id).cloned().unwrap();
    let (first, second) = (of(&one["id"]), of(&other["id"]));
    assert_eq!((&first["entitySetName"], &first["number"]), (&json!("customers"), &json!("ALFKI")));
    assert_eq!((&first["cause"], &first["successorId"]), (&json!("Deleted"), &json!(ZERO)));
    assert_ne!(first["deletedBy"], second["deletedBy"]);
    assert!(first["rowVersion"].as_u64() < second["rowVersion"].as_u64());
    let related = buried.iter().filter(|row| row["entitySetName"] == "contactBusinessRelations");
    assert_eq!(related.count(), 2);
    assert_eq!(get(&mut world, &format!("customers({})", one["id"].as_str().unwrap())).status, 404);
}

#[test]
fn what_api_v2_deletes_is_buried_too_but_not_while_the_companion_is_away() {
    let mut world = installed();
    let before = version(&state(&mut world), "tombstonesFromRowVersion");
    for (number, installed) in [("ALFKI", true), ("ANATR", false)] {
        world.business_central.install_companion(installed);
        let customer = super::super::business_central::customer(&mut world, number);
        let target = format!(
            "{}/customers({})",
            super::super::business_central::root(&world),
            customer["id"].as_str().unwrap()
        );
        let reply = world.business_central.answer(&request("DELETE", &target, &[], ""), &mut Vec::new());
        assert_eq!(reply.status, 204, "{}", reply.to_json());
    }
    world.business_central.install_companion(true);
    assert_eq!(
        texts(&get(&mut world, "deletedRows?$filter=entitySetName eq 'customers'"), "number"),
        ["ALFKI"]
    );
    assert!(version(&state(&mut world), "tombstonesFromRowVersion") > before);
}

#[test]
fn a_transaction_elsewhere_holds_the_feed_back_and_loses_nothing() {
    let mut world = installed();
    let (_, watermark) = feed(&mut world, "customers", 0);
    world.business_central.hold_row_versions(true);
    let alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    patch(&mut world, "customers", &alfki, &json!({"city": "Bonn"}));
    let (held, watermark) = feed(&mut world, "customers", watermark);
    assert_eq!(held, Vec::<Value>::new());
    let mine = state(&mut world);
    assert!(version(&mine, "minimumActiveRowVersion") < version(&mine, "lastUsedRowVersion"));
    world.business_central.hold_row_versions(false);
    assert_eq!(feed(&mut world, "customers", watermark).0.len(), 1);
}

#[test]
fn an_edit_that_is_not_committed_is_neither_shown_nor_passed() {
    let options = Options { companion: true, faults: vec![Profile::LateRows], ..Options::default() };
    let mut world = world(&options);
    let disturbance = crate::sim::disturbance::Disturbance::new(&options.faults, options.seed);
    world.business_central.disturb(disturbance.into());
    let mut watermark = feed(&mut world, "customers", 0).1;
    let ids = texts(&get(&mut world, "customers?$top=40"), "id");
    let mut late = 0;
    for (at, id) in ids.iter().enumerate() {
        let city = format!("City {at}");
        person(&mut world, "PATCH", &format!("customers({id})"), &json!({"city": city}));
        let held = version(&state(&mut world), "minimumActiveRowVersion");
        let shown = get(&mut world, &format!("customers({id})")).to_json();
        let is_late = shown["city"] != city.as_str();
        late += usize::from(is_late);
        let last = version(&state(&mut world), "lastUsedRowVersion");
        assert_eq!(held <= last, is_late, "the minimum stands at or below what is open");
        let mut passes = 0;
        loop {
            let (rows, next) = feed(&mut world, "customers", watermark);
            watermark = next;
            if rows.iter().any(|row| row["id"] == id.as_str() && row["city"] == city.as_str()) {
                break;
            }
            passes += 1;
            assert!(passes < 5, "the edit of {id} never came");
        }
    }
    assert!(late > 3, "{late}");
}

#[test]
fn a_merge_buries_both_and_the_survivor_is_back() {
    let mut world = installed();
    let (_, watermark) = feed(&mut world, "deletedRows", 0);
    let duplicate = row(&mut world, "customers", "number eq 'ALFKI'");
    let survivor = row(&mut world, "customers", "number eq 'ANATR'");
    let id = |row: &Value| Uuid::parse_str(row["id"].as_str().unwrap()).unwrap();
    assert!(world.business_central.merge("customers", id(&duplicate), id(&survivor)));
    assert!(!world.business_central.merge("customers", id(&duplicate), id(&survivor)));
    let (buried, _) = feed(&mut world, "deletedRows", watermark);
    for gone in [&duplicate, &survivor] {
        let tombstone = buried.iter().find(|row| row["systemId"] == gone["id"]).unwrap();
        assert_eq!((&tombstone["cause"], &tombstone["successorId"]), (&json!("Merged"), &survivor["id"]));
    }
    let status = |world: &mut World, row: &Value| {
        get(world, &format!("customers({})", row["id"].as_str().unwrap())).status
    };
    assert_eq!((status(&mut world, &duplicate), status(&mut world, &survivor)), (404, 200));
    let back = row(&mut world, "customers", "number eq 'ANATR'");
    assert!(back["rowVersion"].as_u64() > survivor["rowVersion"].as_u64());
    assert_eq!(back["companyContactNumber"], survivor["companyContactNumber"]);
}

#[test]
fn a_restore_takes_versions_back_and_may_change_the_lineage() {
    let mut world = installed();
    world.business_central.back_up();
    let before = state(&mut world);
    let alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    let changed = patch(&mut world, "customers", &alfki, &json!({"city": "Bonn"})).to_json();
    world.business_central.restore(false);
    let quiet = state(&mut world);
    assert!(version(&quiet, "lastUsedRowVersion") < changed["rowVersion"].as_u64().unwrap());
    assert_eq!(quiet["lineageId"], before["lineageId"]);
    assert_eq!(row(&mut world, "customers", "number eq 'ALFKI'")["city"], "Berlin");
    world.business_central.restore(true);
    assert_ne!(state(&mut world)["lineageId"], before["lineageId"]);
}

#[test]
fn a_read_that_meets_a_lock_fails_and_the_next_succeeds() {
    let mut world = installed();
    world.business_central.lock_companion_reads(1);
    assert_eq!(code(&get(&mut world, "customers")), (409, "Internal_ServerError".to_owned()));
    assert_eq!(get(&mut world, "customers").status, 200);
}

#[test]
fn what_page_code_works_out_cannot_be_searched() {
    let mut world = installed();
    for (query, expected) in [
        ("$filter=currencyCode eq 'EUR'", 400),
        ("$filter=primaryContactId eq 00000000-0000-0000-0000-000000000000", 400),
        ("$orderby=companyContactNumber", 400),
        ("$filter=nothing eq 1", 400),
        ("$expand=currency", 400),
        ("$filter=paymentTermsCode eq ''", 200),
        ("$filter=systemCreatedAt gt 2020-01-01T00:00:00Z&$orderby=city desc&$top=3", 200),
    ] {
        let reply = get(&mut world, &format!("customers?{query}"));
        assert_eq!(reply.status, expected, "{query}: {}", reply.to_json());
    }
    let top = get(&mut world, "customers?$top=3&$orderby=city desc&$select=id,city&$count=true").to_json();
    assert_eq!((top["value"].as_array().unwrap().len(), &top["@odata.count"]), (3, &json!(91)));
    assert_eq!((&top["value"][0]["number"], top.get("@odata.nextLink")), (&Value::Null, None));
    assert_eq!(get(&mut world, "customers/$count").body, b"91");
}

#[test]
fn without_permission_a_set_answers_403_and_the_others_go_on() {
    let mut world = installed();
    world.business_central.deny("syncState", true);
    world.business_central.deny("customers", true);
    for set in ["syncState", "customers"] {
        assert_eq!(code(&get(&mut world, set)), (403, "Authorization_Forbidden".to_owned()), "{set}");
    }
    assert_eq!(get(&mut world, "vendors").status, 200);
}

#[test]
fn a_batch_stays_below_its_root() {
    let mut world = installed();
    let company = world.business_central.company();
    let v2 = format!("{}/customers", super::super::business_central::root(&world));
    let requests = json!({"requests": [
        {"id": "1", "method": "POST", "url": format!("companies({company})/customers"), "body": {"id": a_guid(1), "displayName": "Neu"}},
        {"id": "2", "method": "GET", "url": format!("companies({company})/syncState")},
        {"id": "3", "method": "GET", "url": format!("http://localhost:8000{v2}")},
    ]});
    let target = format!("{}/$batch", root(&world).split("/companies").next().unwrap());
    let batch = request("POST", &target, &["Accept: application/json"], &requests.to_string());
    let body = world.business_central.answer(&batch, &mut Vec::new()).to_json();
    let statuses: Vec<_> =
        body["responses"].as_array().unwrap().iter().map(|part| part["status"].clone()).collect();
    assert_eq!(statuses, [json!(201), json!(200), json!(400)]);
    assert_eq!(body["responses"][0]["body"]["id"], a_guid(1));
}
