//! Business Central: documents and their lines, as one writes them.

use serde_json::{Value, json};

use super::business_central::{customer, get, patch, post, send, tick};
use super::{code, northwind};
use crate::sim::data::World;

/// Makes an order for a customer with so many of items 1035 (18 each) and 1036 (19 each).
pub(super) fn order(world: &mut World, customer: &str, quantities: [i64; 2]) -> Value {
    let lines = [("1035", quantities[0]), ("1036", quantities[1])].map(
        |(number, quantity)| json!({"lineType": "Item", "lineObjectNumber": number, "quantity": quantity}),
    );
    let body = json!({"customerNumber": customer, "externalDocumentNumber": "T-1", "salesOrderLines": lines});
    let reply = post(world, "salesOrders?$expand=salesOrderLines", &body);
    assert_eq!(reply.status, 201, "{}", reply.to_json());
    reply.to_json()
}

pub(super) fn read(world: &mut World, set: &str, id: &Value) -> Value {
    get(world, &format!("{set}({})", id.as_str().unwrap())).to_json()
}

fn lines(world: &mut World, order: &Value) -> Vec<Value> {
    let path = format!("salesOrders({})/salesOrderLines", order["id"].as_str().unwrap());
    get(world, &path).to_json()["value"].as_array().unwrap().clone()
}

#[test]
fn an_order_copies_from_its_customer_and_comes_with_its_lines() {
    let mut world = northwind();
    let alfki = customer(&mut world, "ALFKI");
    let order = order(&mut world, "alfki", [2, 1]);
    assert_eq!((&order["number"], &order["status"]), (&json!("SO00010"), &json!("Draft")));
    for (name, from) in [
        ("customerId", "id"),
        ("customerName", "displayName"),
        ("billToName", "displayName"),
        ("shipToCity", "city"),
        ("billToPostCode", "postalCode"),
        ("currencyCode", "currencyCode"),
    ] {
        assert_eq!(order[name], alfki[from], "{name}");
    }
    let lines = order["salesOrderLines"].as_array().unwrap();
    let sequences: Vec<_> = lines.iter().map(|line| line["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, [10_000, 20_000]);
    assert_eq!((&lines[0]["lineType"], &lines[0]["description"]), (&json!("Item"), &json!("Steeleye Stout")));
    assert_eq!((&lines[0]["unitOfMeasureCode"], &lines[0]["shipQuantity"]), (&json!("PCS"), &json!(2)));
    assert_eq!(lines[0].get("key"), None);
    // The price of 18 in the local currency, in euros at 1.08.
    assert_eq!(lines[0]["unitPrice"].to_string(), "16.66667");
    assert_eq!(lines[0]["amountExcludingTax"].to_string(), "33.33");
    assert_eq!(order["totalAmountExcludingTax"].to_string(), "50.92");
    let plain = get(&mut world, "salesOrders").to_json()["value"][0].clone();
    assert_eq!(plain.get("salesOrderLines"), None);
}

#[test]
fn nothing_is_created_when_a_line_fails() {
    let mut world = northwind();
    let body = json!({"customerNumber": "ALFKI", "salesOrderLines": [{"lineType": "Comment"}, {"itemId": "11111111-1111-4111-8111-111111111111"}]});
    let reply = post(&mut world, "salesOrders", &body);
    assert_eq!(code(&reply), (400, "Application_DialogException".to_owned()));
    assert!(reply.to_json()["error"]["message"].as_str().unwrap().starts_with("Item does not exist."));
    assert_eq!(get(&mut world, "salesOrders/$count").body, b"0");
    for (body, expected) in [
        (json!({"externalDocumentNumber": "x"}), "Application_DialogException"),
        (json!({"customerNumber": "nobody"}), "Internal_InvalidTableRelation"),
        (json!({"customerNumber": "ALFKI", "number": "1"}), "BadRequest_InvalidOperation"),
        (json!({"customerNumber": "ALFKI", "salesOrderLines": {}}), "BadRequest"),
        (json!({"customerNumber": "ALFKI", "salesInvoiceLines": []}), "BadRequest"),
    ] {
        assert_eq!(code(&post(&mut world, "salesOrders", &body)), (400, expected.to_owned()), "{body}");
    }
}

#[test]
fn lines_are_read_below_their_document_only() {
    let mut world = northwind();
    let order = order(&mut world, "GREAL", [2, 1]);
    let id = order["id"].as_str().unwrap();
    let line = order["salesOrderLines"][1]["id"].as_str().unwrap();
    let count = |world: &mut World, path: &str| {
        get(world, path).to_json()["value"].as_array().map(Vec::len).unwrap_or_default()
    };
    for bare in ["salesOrderLines", "salesOrderLines?$filter=quantity eq 1", "salesOrderLines/$count"] {
        assert_eq!(code(&get(&mut world, bare)), (400, "Application_DialogException".to_owned()), "{bare}");
    }
    assert_eq!(count(&mut world, &format!("salesOrderLines?$filter=documentId eq {id}")), 2);
    assert_eq!(
        count(&mut world, &format!("salesOrderLines?$filter=documentId eq {id} and quantity eq 1")),
        1
    );
    assert_eq!(count(&mut world, &format!("salesOrders({id})/salesOrderLines?$filter=quantity gt 1")), 1);
    assert_eq!(get(&mut world, &format!("salesOrders({id})/salesOrderLines/$count")).body, b"2");
    assert_eq!(get(&mut world, &format!("salesOrderLines({line})")).to_json()["lineObjectNumber"], "1036");
    assert_eq!(get(&mut world, &format!("salesOrders({id})/salesOrderLines({line})")).status, 200);
    let other = super::business_central_documents::order(&mut world, "GREAL", [1, 1]);
    let elsewhere = format!("salesOrders({})/salesOrderLines({line})", other["id"].as_str().unwrap());
    assert_eq!(get(&mut world, &elsewhere).status, 404);
    let buyer = get(&mut world, &format!("salesOrders({id})/customer")).to_json();
    assert_eq!(buyer["number"], "GREAL");
}

#[test]
fn lines_page_below_their_document() {
    let mut world = northwind();
    let order = order(&mut world, "GREAL", [2, 1]);
    let path = format!("salesOrders({})/salesOrderLines", order["id"].as_str().unwrap());
    let first = send(&mut world, "GET", &path, &["Prefer: odata.maxpagesize=1"], &Value::Null).to_json();
    assert_eq!(
        (first["value"].as_array().unwrap().len(), &first["value"][0]["sequence"]),
        (1, &json!(10_000))
    );
    let next = super::link(&first, "@odata.nextLink").unwrap();
    let next = super::request("GET", &next, &["Prefer: odata.maxpagesize=1"], "");
    let second = world.business_central.answer(&next, &mut Vec::new()).to_json();
    assert_eq!((&second["value"][0]["sequence"], second.get("@odata.nextLink")), (&json!(20_000), None));
}

#[test]
fn collections_are_expanded_with_their_options() {
    let mut world = northwind();
    order(&mut world, "GREAL", [2, 1]);
    let expand = "$expand=customer($select=number),salesOrderLines($select=sequence;$filter=quantity gt 0;$orderby=sequence desc;$top=1;$expand=item($select=number))";
    let row = get(&mut world, &format!("salesOrders?$select=number&{expand}")).to_json()["value"][0].clone();
    assert_eq!(row["customer"]["number"], "GREAL");
    let lines = row["salesOrderLines"].as_array().unwrap();
    assert_eq!(
        (lines.len(), &lines[0]["sequence"], &lines[0]["item"]["number"]),
        (1, &json!(20_000), &json!("1036"))
    );
    let refused = get(&mut world, "salesOrders?$expand=salesOrderLines($levels=2)");
    assert_eq!(code(&refused), (501, "BadRequest_MethodNotImplemented".to_owned()));
}

#[test]
fn only_what_touches_amounts_moves_the_header() {
    let mut world = northwind();
    tick(&mut world, 0);
    let made = order(&mut world, "GREAL", [2, 1]);
    let line = made["salesOrderLines"][0].clone();
    let header = |world: &mut World| read(world, "salesOrders", &made["id"]);
    let before = header(&mut world);
    let described = patch(&mut world, "salesOrderLines", &line, &json!({"description": "Tea"})).to_json();
    assert_eq!(described["description"], "Tea");
    assert_eq!(header(&mut world), before);
    tick(&mut world, 1);
    let more = patch(&mut world, "salesOrderLines", &described, &json!({"quantity": 3})).to_json();
    assert_eq!((&more["netAmount"], &more["shipQuantity"]), (&json!(54), &json!(3)));
    let after = header(&mut world);
    assert_eq!(after["totalAmountIncludingTax"], json!(73));
    assert_ne!(after["@odata.etag"], before["@odata.etag"]);
    assert_ne!(after["lastModifiedDateTime"], before["lastModifiedDateTime"]);
    let cheaper = patch(&mut world, "salesOrderLines", &more, &json!({"discountPercent": 10})).to_json();
    assert_eq!(cheaper["discountAmount"].to_string(), "5.4");
    let by_amount = patch(&mut world, "salesOrderLines", &cheaper, &json!({"discountAmount": 27})).to_json();
    assert_eq!(by_amount["discountPercent"], 50);
    assert_eq!(header(&mut world)["totalAmountExcludingTax"], json!(46));
    let comment = format!("salesOrders({})/salesOrderLines", made["id"].as_str().unwrap());
    let before = header(&mut world);
    let comment = post(&mut world, &comment, &json!({"lineType": "Comment", "description": "x"})).to_json();
    assert_eq!(comment["sequence"], 30_000);
    assert_ne!(header(&mut world)["@odata.etag"], before["@odata.etag"]);
    for line in lines(&mut world, &made) {
        let path = format!("salesOrderLines({})", line["id"].as_str().unwrap());
        assert_eq!(send(&mut world, "DELETE", &path, &["If-Match: *"], &Value::Null).status, 204);
    }
    assert_eq!(header(&mut world)["totalAmountIncludingTax"], 0);
}

#[test]
fn a_discount_of_the_document_is_spread_and_taxed() {
    let mut world = northwind();
    let buyer = customer(&mut world, "GREAL");
    patch(&mut world, "customers", &buyer, &json!({"taxLiable": true}));
    let made = order(&mut world, "GREAL", [2, 1]);
    assert_eq!(
        (&made["totalTaxAmount"], &made["salesOrderLines"][0]["taxPercent"]),
        (&json!(5.5), &json!(10))
    );
    let discounted = patch(&mut world, "salesOrders", &made, &json!({"discountAmount": 11})).to_json();
    assert_eq!(discounted["totalAmountExcludingTax"], 44);
    assert_eq!(discounted["totalAmountIncludingTax"].to_string(), "48.4");
    let shares: Vec<_> =
        lines(&mut world, &made).iter().map(|line| line["invoiceDiscountAllocation"].to_string()).collect();
    assert_eq!(shares, ["7.2", "3.8"]);
    let included = patch(
        &mut world,
        "salesOrders",
        &discounted,
        &json!({"discountAmount": 0, "pricesIncludeTax": true}),
    );
    assert_eq!(included.to_json()["totalAmountIncludingTax"], 55);
    let too_much = patch(&mut world, "salesOrders", &included.to_json(), &json!({"discountAmount": 56}));
    assert_eq!(code(&too_much), (400, "Application_DialogException".to_owned()));
}

#[test]
fn what_a_line_was_inserted_with_stays() {
    let mut world = northwind();
    let made = order(&mut world, "GREAL", [2, 1]);
    let line = made["salesOrderLines"][0].clone();
    for body in [
        json!({"sequence": 5}),
        json!({"lineObjectNumber": "1036"}),
        json!({"documentId": "11111111-1111-4111-8111-111111111111"}),
        json!({"shipQuantity": 3}),
        json!({"discountPercent": 101}),
        json!({"unitPrice": 999_999_999_999_999_i64}),
    ] {
        let reply = patch(&mut world, "salesOrderLines", &line, &body);
        assert_eq!(code(&reply), (400, "Application_DialogException".to_owned()), "{body}");
    }
    let same = json!({"sequence": 10_000, "lineObjectNumber": "1035", "documentId": made["id"]});
    assert_eq!(
        patch(&mut world, "salesOrderLines", &line, &same).to_json()["@odata.etag"],
        line["@odata.etag"]
    );
    let path = format!("salesOrders({})/salesOrderLines", made["id"].as_str().unwrap());
    let twice = json!({"lineType": "Comment", "sequence": 10_000});
    assert_eq!(code(&post(&mut world, &path, &twice)), (400, "Internal_EntityWithSameKeyExists".to_owned()));
    assert_eq!(post(&mut world, &path, &json!({"lineType": "Comment", "sequence": 15_000})).status, 201);
    let sequences: Vec<_> =
        lines(&mut world, &made).iter().map(|line| line["sequence"].as_i64().unwrap()).collect();
    assert_eq!(sequences, [10_000, 15_000, 20_000]);
    let orphan = json!({"lineType": "Comment", "documentId": line["id"]});
    assert_eq!(post(&mut world, "salesOrderLines", &orphan).status, 400);
}

#[test]
fn a_deleted_order_takes_its_lines_with_it_and_its_number_is_not_given_out_again() {
    let mut world = northwind();
    let made = order(&mut world, "GREAL", [2, 1]);
    let buyer = format!("customers({})", made["customerId"].as_str().unwrap());
    assert_eq!(code(&send(&mut world, "DELETE", &buyer, &[], &Value::Null)).1, "Application_DialogException");
    let path = format!("salesOrders({})", made["id"].as_str().unwrap());
    assert_eq!(send(&mut world, "DELETE", &path, &["If-Match: *"], &Value::Null).status, 204);
    let line = format!("salesOrderLines({})", made["salesOrderLines"][0]["id"].as_str().unwrap());
    assert_eq!(get(&mut world, &line).status, 404);
    assert_eq!(order(&mut world, "GREAL", [1, 1])["number"], "SO00020");
    assert_eq!(send(&mut world, "DELETE", &buyer, &[], &Value::Null).status, 400);
}

#[test]
fn a_released_order_refuses_changes_until_it_is_reopened() {
    let mut world = northwind();
    tick(&mut world, 0);
    let made = order(&mut world, "GREAL", [2, 1]);
    let number = made["number"].as_str().unwrap();
    tick(&mut world, 1);
    world.business_central.set_status("salesOrders", number, "Open").unwrap();
    let released = read(&mut world, "salesOrders", &made["id"]);
    assert_ne!(released["lastModifiedDateTime"], made["lastModifiedDateTime"]);
    let line = made["salesOrderLines"][0].clone();
    let refused = (400, "Application_FieldValidationException".to_owned());
    assert_eq!(code(&patch(&mut world, "salesOrders", &released, &json!({"shipToCity": "Bonn"}))), refused);
    assert_eq!(code(&patch(&mut world, "salesOrderLines", &line, &json!({"quantity": 1}))), refused);
    assert_eq!(patch(&mut world, "salesOrderLines", &line, &json!({"description": "Tea"})).status, 200);
    let noted = json!({"externalDocumentNumber": "T-2"});
    assert_eq!(patch(&mut world, "salesOrders", &released, &noted).status, 200);
    world.business_central.set_status("salesOrders", number, "Draft").unwrap();
    let reopened = read(&mut world, "salesOrders", &made["id"]);
    assert_eq!(patch(&mut world, "salesOrders", &reopened, &json!({"shipToCity": "Bonn"})).status, 200);
    assert_eq!(world.business_central.set_status("salesOrders", "x", "Open"), None);
}

#[test]
fn an_address_of_sale_is_copied_to_the_bill() {
    let mut world = northwind();
    let made = order(&mut world, "GREAL", [1, 1]);
    let moved = patch(&mut world, "salesOrders", &made, &json!({"sellToCity": "Boise"})).to_json();
    assert_eq!((&moved["billToCity"], &moved["shipToCity"]), (&json!("Boise"), &made["shipToCity"]));
    assert_eq!(
        code(&patch(&mut world, "salesOrders", &moved, &json!({"billToCity": "x"}))).1,
        "BadRequest_InvalidOperation"
    );
}
