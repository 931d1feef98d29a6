//! Documents through the companion: what is read of them, what follows from their lines, and what becomes of them.

use super::super::business_central as v2;
use super::super::business_central_documents::order;
use super::*;

fn act(world: &mut World, set: &str, row: &Value, action: &str) -> Reply {
    let path = format!("{set}({})/Microsoft.NAV.{action}", row["id"].as_str().unwrap());
    send(world, "POST", &path, &[], &Value::Null)
}

fn v2_act(world: &mut World, set: &str, row: &Value, action: &str) -> Reply {
    let path = format!("{set}({})/Microsoft.NAV.{action}", row["id"].as_str().unwrap());
    v2::send(world, "POST", &path, &[], &Value::Null)
}

fn by_id(world: &mut World, set: &str, id: &Value) -> Value {
    get(world, &format!("{set}({})", id.as_str().unwrap())).to_json()
}

fn quote(world: &mut World) -> Value {
    let item = row(world, "items", "number eq '1035'")["id"].clone();
    let lines = json!([{"itemId": item, "quantity": 3}]);
    let body = json!({"customerNumber": "ALFKI", "salesQuoteLines": lines});
    let reply = v2::post(world, "salesQuotes", &body);
    assert_eq!(reply.status, 201, "{}", reply.to_json());
    reply.to_json()
}

fn buried(world: &mut World, id: &Value) -> Value {
    row(world, "deletedRows", &format!("systemId eq {}", id.as_str().unwrap()))
}

/// Returns the rows of a set that belong to documents made in the test: Northwind's bear the numbers of its orders.
fn unseeded(world: &mut World, set: &str) -> Vec<Value> {
    let is_made = |row: &Value| {
        let number = row["documentNumber"].as_str().or(row["number"].as_str()).unwrap_or_default();
        number.trim_start_matches(char::is_alphabetic).starts_with('0')
    };
    rows(&get(world, set)).into_iter().filter(is_made).collect()
}

#[test]
fn lines_of_orders_and_quotes_are_one_set() {
    let mut world = installed();
    let quote = quote(&mut world);
    let order = order(&mut world, "GREAL", [2, 1]);
    let lines = unseeded(&mut world, "salesLines");
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            [&line["documentType"], &line["documentNumber"], &line["customerNumber"], &line["quantity"]]
        })
        .collect();
    assert_eq!(
        told,
        [
            [&json!("Order"), &order["number"], &json!("GREAL"), &json!(2)],
            [&json!("Order"), &order["number"], &json!("GREAL"), &json!(1)],
            [&json!("Quote"), &quote["number"], &json!("ALFKI"), &json!(3)],
        ]
    );
    for line in &lines {
        assert_eq!(by_id(&mut world, "salesLines", &line["id"])["sequence"], line["sequence"]);
        assert_ne!(line["unitRowId"], ZERO);
        assert!(line["lastModifiedDateTime"].as_str() > Some("2000"), "{line}");
        assert_eq!(line["systemCreatedBy"], state(&mut world)["currentUserId"]);
    }
    let first = get(&mut world, "salesLines?$filter=documentType eq 'Quote'&$count=true").to_json();
    assert_eq!(first["@odata.count"], 1);
    let mut page = send(
        &mut world,
        "GET",
        "salesLines?$orderby=rowVersion",
        &["Prefer: odata.maxpagesize=2"],
        &Value::Null,
    )
    .to_json();
    let mut seen = page["value"].as_array().unwrap().clone();
    while let Some(next) = super::super::link(&page, "@odata.nextLink") {
        let request = request("GET", &next, &["Prefer: odata.maxpagesize=2"], "");
        page = world.business_central.answer(&request, &mut Vec::new()).to_json();
        seen.extend(page["value"].as_array().unwrap().clone());
    }
    assert_eq!(seen.len(), rows(&get(&mut world, "salesLines")).len());
    assert!(seen.is_sorted_by_key(|line| line["rowVersion"].as_u64().unwrap()));
    let root = root(&world);
    let document = root.split("/companies").next().unwrap();
    for path in [document.to_owned(), format!("{document}/$metadata")] {
        let reply = world.business_central.answer(&request("GET", &path, &[], ""), &mut Vec::new());
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(
            text.to_lowercase().matches("entityset name=\"saleslines\"").count(),
            usize::from(path.ends_with("$metadata"))
        );
        assert_eq!(
            text.matches("\"url\":\"salesLines\"").count(),
            usize::from(!path.ends_with("$metadata")),
            "{text}"
        );
    }
}

#[test]
fn a_changed_line_moves_the_totals_and_the_tag_of_its_order_but_not_its_version() {
    let mut world = installed();
    let made = order(&mut world, "GREAL", [2, 1]);
    let before = by_id(&mut world, "salesOrders", &made["id"]);
    assert_eq!(before["systemCreatedBy"], state(&mut world)["currentUserId"]);
    let (_, watermark) = feed(&mut world, "salesLines", 0);
    let (_, orders) = feed(&mut world, "salesOrders", 0);
    let line = v2::get(&mut world, &format!("salesOrders({})/salesOrderLines", made["id"].as_str().unwrap()));
    let line = line.to_json()["value"][0].clone();
    v2::patch(&mut world, "salesOrderLines", &line, &json!({"quantity": 5}));
    let after = by_id(&mut world, "salesOrders", &made["id"]);
    assert!(after["totalAmountIncludingTax"].as_f64() > before["totalAmountIncludingTax"].as_f64());
    assert_eq!(after["rowVersion"], before["rowVersion"]);
    assert_ne!(after["@odata.etag"], before["@odata.etag"]);
    assert_eq!(feed(&mut world, "salesOrders", orders).0, Vec::<Value>::new());
    let (changed, _) = feed(&mut world, "salesLines", watermark);
    assert_eq!((changed.len(), &changed[0]["outstandingQuantity"]), (1, &json!(5)));
    let v2_order = v2::get(&mut world, &format!("salesOrders({})", made["id"].as_str().unwrap())).to_json();
    v2::patch(&mut world, "salesOrders", &v2_order, &json!({"externalDocumentNumber": "T-2"}));
    let (changed, _) = feed(&mut world, "salesOrders", orders);
    assert_eq!(changed[0]["externalDocumentNumber"], "T-2");
}

#[test]
fn release_and_reopen_are_the_same_twice_and_archiving_counts() {
    let mut world = installed();
    let made = [("salesOrders", order(&mut world, "GREAL", [2, 1])), ("salesQuotes", quote(&mut world))];
    for (set, made) in made {
        for (action, status) in [("release", "Released"), ("reopen", "Open")] {
            assert_eq!(act(&mut world, set, &made, action).status, 204);
            let once = by_id(&mut world, set, &made["id"]);
            assert_eq!(once["documentStatus"], status, "{set}");
            assert_eq!(act(&mut world, set, &made, action).status, 204);
            assert_eq!(by_id(&mut world, set, &made["id"]), once, "{set} {action}");
        }
        for versions in [1, 2] {
            assert_eq!(act(&mut world, set, &made, "archive").status, 204);
            assert_eq!(by_id(&mut world, set, &made["id"])["archivedVersions"], versions);
        }
        assert_eq!(code(&act(&mut world, set, &made, "post")).0, 501);
    }
    let order = unseeded(&mut world, "salesOrders")[0].clone();
    let path = format!("salesOrders({})/Microsoft.NAV.release", order["id"].as_str().unwrap());
    let stale = send(&mut world, "POST", &path, &["If-Match: W/\"stale\""], &Value::Null);
    assert_eq!(code(&stale), (409, "Request_EntityChanged".to_owned()));
    assert_eq!(act(&mut world, "salesOrders", &order, "makeOrder").status, 501);
}

#[test]
fn a_batch_that_fails_takes_its_release_back() {
    let mut world = installed();
    let made = order(&mut world, "GREAL", [2, 1]);
    let company = world.business_central.company();
    let path = format!("companies({company})/salesOrders({})", made["id"].as_str().unwrap());
    let requests = json!({"requests": [
        {"id": "1", "method": "POST", "url": format!("{path}/Microsoft.NAV.release")},
        {"id": "2", "method": "POST", "url": format!("{path}/Microsoft.NAV.nothing")},
    ]});
    let target = format!("{}/$batch", root(&world).split("/companies").next().unwrap());
    let headers = ["Accept: application/json", "Isolation: snapshot"];
    let reply = world
        .business_central
        .answer(&request("POST", &target, &headers, &requests.to_string()), &mut Vec::new());
    assert_eq!(reply.to_json()["responses"][0]["status"], 204, "{}", reply.to_json());
    assert_eq!(by_id(&mut world, "salesOrders", &made["id"])["documentStatus"], "Open");
}

#[test]
fn a_quote_becomes_an_order_and_its_tombstones_name_it() {
    let mut world = installed();
    let quote = quote(&mut world);
    let line = unseeded(&mut world, "salesLines")[0].clone();
    let reply = act(&mut world, "salesQuotes", &quote, "makeOrder");
    assert_eq!(reply.status, 204);
    let location = reply.headers.iter().find(|(name, _)| name == "Location").unwrap().1.clone();
    let order =
        row(&mut world, "salesOrders", &format!("quoteNumber eq '{}'", quote["number"].as_str().unwrap()));
    assert!(location.ends_with(&format!("/salesOrders({})", order["id"].as_str().unwrap())), "{location}");
    for (gone, set, parent) in
        [(&quote["id"], "salesQuotes", json!(ZERO)), (&line["id"], "salesLines", quote["id"].clone())]
    {
        let tombstone = buried(&mut world, gone);
        assert_eq!(
            [&tombstone["cause"], &tombstone["successorEntitySetName"], &tombstone["successorId"]],
            [&json!("Converted"), &json!("salesOrders"), &order["id"]]
        );
        assert_eq!((&tombstone["entitySetName"], &tombstone["parentId"]), (&json!(set), &parent));
        assert_eq!(get(&mut world, &format!("{set}({})", gone.as_str().unwrap())).status, 404);
    }
    assert_eq!(buried(&mut world, &quote["id"])["tableName"], "Sales Header");
    assert_eq!(buried(&mut world, &quote["id"])["number"], quote["number"]);
}

#[test]
fn a_posted_order_is_succeeded_by_its_invoice_and_a_deleted_one_by_nothing() {
    let mut world = installed();
    let made = order(&mut world, "GREAL", [2, 1]);
    let dropped = order(&mut world, "GREAL", [1, 1]);
    let draft = v2::post(&mut world, "salesInvoices", &json!({"customerNumber": "ALFKI"})).to_json();
    assert_eq!(unseeded(&mut world, "postedSalesInvoices"), Vec::<Value>::new());
    assert_eq!(
        get(&mut world, &format!("postedSalesInvoices({})", draft["id"].as_str().unwrap())).status,
        404
    );
    assert_eq!(v2_act(&mut world, "salesOrders", &made, "shipAndInvoice").status, 204);
    for (set, row) in [("salesOrders", &dropped), ("salesInvoices", &draft)] {
        let path = format!("{set}({})", row["id"].as_str().unwrap());
        assert_eq!(v2::send(&mut world, "DELETE", &path, &[], &Value::Null).status, 204);
    }
    let invoice = row(
        &mut world,
        "postedSalesInvoices",
        &format!("orderNumber eq '{}'", made["number"].as_str().unwrap()),
    );
    assert_eq!((&invoice["closed"], &invoice["customerNumber"]), (&json!(false), &json!("GREAL")));
    let entry = row(
        &mut world,
        "customerLedgerActivity",
        &format!("documentNumber eq '{}'", invoice["number"].as_str().unwrap()),
    );
    assert_eq!(invoice["customerLedgerEntryNumber"], entry["ledgerEntryNumber"]);
    let lines = unseeded(&mut world, "postedSalesInvoiceLines");
    assert_eq!(lines.len(), 2);
    assert!(
        lines
            .iter()
            .all(|line| line["orderNumber"] == made["number"] && line["documentNumber"] == invoice["number"])
    );
    let tombstone = buried(&mut world, &made["id"]);
    assert_eq!(
        [&tombstone["cause"], &tombstone["successorId"], &tombstone["successorNumber"]],
        [&json!("Posted"), &invoice["id"], &invoice["number"]]
    );
    let of_lines = format!("deletedRows?$filter=parentId eq {}", made["id"].as_str().unwrap());
    assert_eq!(texts(&get(&mut world, &of_lines), "cause"), ["Posted", "Posted"]);
    assert_eq!(buried(&mut world, &dropped["id"])["cause"], "Deleted");
    let of_draft = format!("deletedRows?$filter=systemId eq {}", draft["id"].as_str().unwrap());
    assert_eq!(rows(&get(&mut world, &of_draft)), Vec::<Value>::new(), "a draft is no posted invoice");
}

#[test]
fn an_order_is_made_with_its_lines_under_ids_of_the_client_and_once() {
    let mut world = installed();
    let item = row(&mut world, "items", "number eq '1035'");
    let body = json!({
        "id": a_guid(1), "customerNumber": "GREAL", "billToCity": "Bonn", "yourReference": "R",
        "salesLines": [
            {"id": a_guid(2), "lineType": "Item", "lineObjectNumber": "1035", "quantity": 2, "sequence": 0},
            {"id": a_guid(3), "itemId": item["id"], "quantity": 1},
        ],
    });
    let reply = post(&mut world, "salesOrders", &body);
    assert_eq!(reply.status, 201, "{}", reply.to_json());
    let made = reply.to_json();
    assert_eq!(
        [&made["id"], &made["billToCity"], &made["yourReference"]],
        [&json!(a_guid(1)), &json!("Bonn"), &json!("R")]
    );
    let total = item["unitPrice"].as_f64().unwrap() * 3.0;
    assert_eq!(made["totalAmountExcludingTax"].as_f64(), Some(total));
    let again = post(&mut world, "salesOrders", &body);
    assert_eq!(code(&again), (400, "Internal_EntityWithSameKeyExists".to_owned()));
    let lines = unseeded(&mut world, "salesLines");
    let told: Vec<_> = lines.iter().map(|line| (line["id"].clone(), line["sequence"].clone())).collect();
    assert_eq!(told, [(json!(a_guid(2)), json!(10000)), (json!(a_guid(3)), json!(20000))]);
    assert_eq!(code(&post(&mut world, "salesOrders", &json!({}))).1, "Application_DialogException");
    let v2 = v2::get(&mut world, &format!("salesOrders({})?$expand=salesOrderLines", a_guid(1))).to_json();
    assert_eq!(v2["salesOrderLines"].as_array().unwrap().len(), 2);
}

#[test]
fn lines_are_written_below_either_kind_of_document() {
    let mut world = installed();
    let quote = quote(&mut world);
    let order = order(&mut world, "GREAL", [2, 1]);
    for (kind, set, header, id) in [("Quote", "salesQuotes", &quote, 1), ("Order", "salesOrders", &order, 2)]
    {
        let before = by_id(&mut world, set, &header["id"]);
        let body = json!({
            "id": a_guid(id), "documentType": kind, "documentNumber": header["number"],
            "lineType": "Item", "lineObjectNumber": "1036", "quantity": 4,
        });
        let reply = post(&mut world, "salesLines", &body);
        assert_eq!(reply.status, 201, "{}", reply.to_json());
        let made = reply.to_json();
        assert_eq!((&made["documentId"], &made["documentType"]), (&header["id"], &json!(kind)));
        assert_eq!(code(&post(&mut world, "salesLines", &body)).1, "Internal_EntityWithSameKeyExists");
        let changed = patch(&mut world, "salesLines", &made, &json!({"quantity": 5}));
        assert_eq!(changed.to_json()["quantity"], 5, "{}", changed.to_json());
        let moved = patch(&mut world, "salesLines", &changed.to_json(), &json!({"sequence": 1}));
        assert_eq!(moved.status, 400);
        let with = by_id(&mut world, set, &header["id"])["totalAmountIncludingTax"].as_f64();
        assert!(with > before["totalAmountIncludingTax"].as_f64());
        assert_eq!(delete(&mut world, "salesLines", &changed.to_json()).status, 204);
        assert_eq!(buried(&mut world, &made["id"])["parentId"], header["id"]);
        let after = by_id(&mut world, set, &header["id"]);
        assert_eq!(after["totalAmountIncludingTax"], before["totalAmountIncludingTax"]);
    }
    let lost = json!({"documentType": "Order", "documentNumber": "NONE", "lineType": "Item", "lineObjectNumber": "1036"});
    assert_eq!(code(&post(&mut world, "salesLines", &lost)).1, "Application_DialogException");
}

#[test]
fn a_released_document_takes_what_needs_no_open_one() {
    let mut world = installed();
    let made = [("salesOrders", order(&mut world, "GREAL", [2, 1])), ("salesQuotes", quote(&mut world))];
    for (set, made) in made {
        assert_eq!(act(&mut world, set, &made, "release").status, 204);
        let released = by_id(&mut world, set, &made["id"]);
        let refused = (400, "Application_FieldValidationException".to_owned());
        let reply = patch(&mut world, set, &released, &json!({"requestedDeliveryDate": "2026-12-24"}));
        assert_eq!(code(&reply), refused, "{set}");
        let filter = format!("salesLines?$filter=documentNumber eq '{}'", made["number"].as_str().unwrap());
        let line = rows(&get(&mut world, &filter))[0].clone();
        assert_eq!(
            code(&patch(&mut world, "salesLines", &line, &json!({"description": "x"}))),
            refused,
            "{set}"
        );
        assert_eq!(code(&delete(&mut world, "salesLines", &line)), refused, "{set}");
        let more =
            json!({"documentId": made["id"], "lineType": "Item", "lineObjectNumber": "1036", "quantity": 1});
        assert_eq!(code(&post(&mut world, "salesLines", &more)), refused, "{set}");
        let taken = patch(&mut world, set, &released, &json!({"shipToCity": "Bonn", "billToName": "B"}));
        assert_eq!(
            (&taken.to_json()["shipToCity"], &taken.to_json()["documentStatus"]),
            (&json!("Bonn"), &json!("Released"))
        );
        assert_eq!(act(&mut world, set, &made, "reopen").status, 204);
        let open = by_id(&mut world, set, &made["id"]);
        let reply = patch(&mut world, set, &open, &json!({"requestedDeliveryDate": "2026-12-24"}));
        assert_eq!(reply.to_json()["requestedDeliveryDate"], "2026-12-24", "{set}");
        assert_eq!(delete(&mut world, set, &reply.to_json()).status, 204);
    }
    assert_eq!(unseeded(&mut world, "salesLines"), Vec::<Value>::new());
}
