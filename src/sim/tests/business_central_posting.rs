//! Business Central: the actions that turn one document into another.

use serde_json::{Value, json};

use super::business_central::{customer, get, patch, post, send, tick};
use super::business_central_documents::{order, read};
use super::{code, northwind, texts};
use crate::sim::data::World;
use crate::sim::http::Reply;

fn call(world: &mut World, set: &str, row: &Value, action: &str) -> Reply {
    let path = format!("{set}({})/Microsoft.NAV.{action}", row["id"].as_str().unwrap());
    send(world, "POST", &path, &[], &Value::Null)
}

fn only(world: &mut World, set: &str) -> Value {
    let rows = get(world, set).to_json()["value"].as_array().unwrap().clone();
    assert_eq!(rows.len(), 1, "{set}: {rows:?}");
    rows[0].clone()
}

fn stock(world: &mut World, number: &str) -> Value {
    get(world, &format!("items?$filter=number eq '{number}'")).to_json()["value"][0].clone()
}

#[test]
fn shipping_and_invoicing_an_order_makes_it_vanish() {
    let mut world = northwind();
    tick(&mut world, 0);
    let made = order(&mut world, "GREAL", [2, 1]);
    let before = stock(&mut world, "1035");
    let reply = call(&mut world, "salesOrders", &made, "SHIPandinvoice");
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    assert_eq!(read(&mut world, "salesOrders", &made["id"])["error"]["code"], "BadRequest_ResourceNotFound");
    let invoice = only(&mut world, "salesInvoices");
    assert_eq!(
        [
            &invoice["status"],
            &invoice["orderNumber"],
            &invoice["orderId"],
            &invoice["externalDocumentNumber"]
        ],
        [&json!("Open"), &made["number"], &made["id"], &json!("T-1")]
    );
    assert_eq!((&invoice["remainingAmount"], &invoice["totalAmountIncludingTax"]), (&json!(55), &json!(55)));
    let lines = format!("salesInvoices({})/salesInvoiceLines", invoice["id"].as_str().unwrap());
    assert_eq!(texts(&get(&mut world, &lines), "lineObjectNumber"), ["1035", "1036"]);
    let shipment = get(&mut world, "salesShipments?$expand=salesShipmentLines").to_json()["value"][0].clone();
    assert_eq!(
        (&shipment["orderNumber"], &shipment["customerNumber"], &shipment["currencyCode"]),
        (&made["number"], &json!("GREAL"), &json!("USD"))
    );
    assert_eq!(shipment["salesShipmentLines"][0]["quantity"], 2);
    let after = stock(&mut world, "1035");
    assert_eq!(after["inventory"], json!(before["inventory"].as_i64().unwrap() - 2));
    assert_eq!(after["lastModifiedDateTime"], before["lastModifiedDateTime"]);
    let entry = get(&mut world, "itemLedgerEntries").to_json()["value"][0].clone();
    assert_eq!(
        [&entry["entryType"], &entry["quantity"], &entry["documentNumber"], &entry["sourceNumber"]],
        [&json!("Sale"), &json!(-2), &shipment["number"], &json!("GREAL")]
    );
    assert_eq!(customer(&mut world, "GREAL")["balanceDue"], 55);
    let number = invoice["number"].as_str().unwrap();
    tick(&mut world, 1);
    world.business_central.set_status("salesInvoices", number, "Paid").unwrap();
    assert_eq!(customer(&mut world, "GREAL")["balanceDue"], 0);
    assert_ne!(only(&mut world, "salesInvoices")["lastModifiedDateTime"], invoice["lastModifiedDateTime"]);
}

#[test]
fn an_order_delivered_in_part_stays() {
    let mut world = northwind();
    let made = order(&mut world, "GREAL", [5, 1]);
    let line = made["salesOrderLines"][0].clone();
    let partly = json!({"shipQuantity": 2, "invoiceQuantity": 2});
    assert_eq!(patch(&mut world, "salesOrderLines", &line, &partly).status, 200);
    assert_eq!(call(&mut world, "salesOrders", &made, "shipAndInvoice").status, 204);
    let kept = get(&mut world, &format!("salesOrderLines({})", line["id"].as_str().unwrap())).to_json();
    assert_eq!((&kept["shippedQuantity"], &kept["shipQuantity"]), (&json!(2), &json!(3)));
    assert_eq!(only(&mut world, "salesInvoices")["totalAmountExcludingTax"], json!(55));
    assert_eq!(call(&mut world, "salesOrders", &made, "shipAndInvoice").status, 204);
    assert_eq!(get(&mut world, "salesOrders/$count").body, b"0");
    assert_eq!(get(&mut world, "salesInvoices/$count").body, b"2");
}

#[test]
fn actions_are_refused_where_they_mean_nothing() {
    let mut world = northwind();
    let empty = post(&mut world, "salesOrders", &json!({"customerNumber": "GREAL"})).to_json();
    assert_eq!(
        code(&call(&mut world, "salesOrders", &empty, "shipAndInvoice")).1,
        "Application_DialogException"
    );
    assert_eq!(code(&call(&mut world, "salesOrders", &empty, "makeOrder")).0, 501);
    let made = order(&mut world, "GREAL", [1, 1]);
    let path = format!("salesOrders({})/Microsoft.NAV.shipAndInvoice", made["id"].as_str().unwrap());
    let stale = send(&mut world, "POST", &path, &["If-Match: W/\"eA==\""], &Value::Null);
    assert_eq!(code(&stale), (409, "Request_EntityChanged".to_owned()));
    assert_eq!(send(&mut world, "GET", &path, &[], &Value::Null).status, 405);
    let tag = format!(
        "If-Match: {}",
        read(&mut world, "salesOrders", &made["id"])["@odata.etag"].as_str().unwrap()
    );
    assert_eq!(send(&mut world, "POST", &path, &[&tag], &Value::Null).status, 204);
    assert_eq!(send(&mut world, "POST", &path, &[], &Value::Null).status, 404);
}

#[test]
fn a_quote_becomes_an_order_or_an_invoice_and_is_gone() {
    for (action, set, dated) in
        [("makeOrder", "salesOrders", "orderDate"), ("makeInvoice", "salesInvoices", "invoiceDate")]
    {
        let mut world = northwind();
        let body = json!({"customerNumber": "GREAL", "externalDocumentNumber": "Q-1", "documentDate": "2026-02-03",
            "salesQuoteLines": [{"lineType": "Item", "lineObjectNumber": "1035", "quantity": 2}]});
        let quote = post(&mut world, "salesQuotes", &body).to_json();
        assert_eq!((&quote["status"], &quote["totalAmountExcludingTax"]), (&json!("Draft"), &json!(36)));
        assert_eq!(call(&mut world, "salesQuotes", &quote, "send").status, 204);
        let sent = read(&mut world, "salesQuotes", &quote["id"]);
        assert_eq!((&sent["status"], &sent["sentDate"]), (&json!("Sent"), &sent["lastModifiedDateTime"]));
        assert_eq!(call(&mut world, "salesQuotes", &sent, action).status, 204);
        assert_eq!(get(&mut world, "salesQuotes/$count").body, b"0");
        let made = only(&mut world, set);
        assert_eq!((&made["externalDocumentNumber"], &made["status"]), (&json!("Q-1"), &json!("Draft")));
        assert_eq!((&made[dated], &made["totalAmountExcludingTax"]), (&json!("2026-02-03"), &json!(36)));
        assert_ne!(made["id"], quote["id"]);
    }
}

#[test]
fn a_draft_invoice_keeps_its_id_when_it_is_posted_and_can_be_cancelled() {
    let mut world = northwind();
    let body = json!({"customerNumber": "GREAL", "invoiceDate": "2026-02-03",
        "salesInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1035", "quantity": 2}]});
    let draft = post(&mut world, "salesInvoices", &body).to_json();
    assert_eq!((&draft["status"], &draft["remainingAmount"]), (&json!("Draft"), &json!(0)));
    let stocked = stock(&mut world, "1035")["inventory"].as_i64().unwrap();
    assert_eq!(call(&mut world, "salesInvoices", &draft, "cancel").status, 400);
    assert_eq!(call(&mut world, "salesInvoices", &draft, "Post").status, 204);
    let posted = read(&mut world, "salesInvoices", &draft["id"]);
    assert_eq!((&posted["status"], &posted["remainingAmount"]), (&json!("Open"), &json!(36)));
    assert_ne!(posted["number"], draft["number"]);
    assert_eq!(stock(&mut world, "1035")["inventory"], json!(stocked - 2));
    assert_eq!(call(&mut world, "salesInvoices", &posted, "post").status, 400);
    let refused = patch(&mut world, "salesInvoices", &posted, &json!({"externalDocumentNumber": "x"}));
    assert_eq!(code(&refused), (400, "Application_DialogException".to_owned()));
    let promised = patch(&mut world, "salesInvoices", &posted, &json!({"promisedPayDate": "2026-05-01"}));
    assert_eq!(promised.status, 200);
    let path = format!("salesInvoices({})", draft["id"].as_str().unwrap());
    assert_eq!(send(&mut world, "DELETE", &path, &["If-Match: *"], &Value::Null).status, 400);
    assert_eq!(call(&mut world, "salesInvoices", &posted, "cancel").status, 204);
    assert_eq!(read(&mut world, "salesInvoices", &draft["id"])["status"], "Canceled");
    assert_eq!(stock(&mut world, "1035")["inventory"], json!(stocked));
}

#[test]
fn an_invoice_is_due_when_its_terms_say() {
    let mut world = northwind();
    let terms = get(&mut world, "paymentTerms?$filter=code eq '14 DAYS'").to_json()["value"][0]["id"].clone();
    let body = json!({"customerNumber": "GREAL", "invoiceDate": "2026-02-03", "paymentTermsId": terms});
    let invoice = post(&mut world, "salesInvoices", &body).to_json();
    assert_eq!(invoice["dueDate"], "2026-02-17");
    let later = patch(&mut world, "salesInvoices", &invoice, &json!({"invoiceDate": "2026-03-03"})).to_json();
    assert_eq!(later["dueDate"], "2026-03-17");
    let agreed = patch(&mut world, "salesInvoices", &later, &json!({"dueDate": "2026-12-31"})).to_json();
    assert_eq!(agreed["dueDate"], "2026-12-31");
}

#[test]
fn figures_of_a_customer_move_no_stamp() {
    let mut world = northwind();
    tick(&mut world, 0);
    let body = json!({"customerNumber": "GREAL", "postingDate": "2026-02-03", "dueDate": "2026-02-28", "invoiceDate": "2026-02-03",
        "salesInvoiceLines": [{"lineType": "Item", "lineObjectNumber": "1035", "quantity": 2}]});
    let draft = post(&mut world, "salesInvoices", &body).to_json();
    let figures = |world: &mut World| {
        get(world, "customerFinancialDetails?$filter=number eq 'GREAL'").to_json()["value"][0].clone()
    };
    let before = figures(&mut world);
    assert_eq!((&before["balance"], before["@odata.etag"].is_string()), (&json!(0), true));
    assert_eq!(call(&mut world, "salesInvoices", &draft, "post").status, 204);
    let after = figures(&mut world);
    for figure in ["balance", "totalSalesExcludingTax", "overdueAmount"] {
        assert_eq!(after[figure], 36, "{figure}");
    }
    assert_eq!(after["lastModifiedDateTime"], before["lastModifiedDateTime"]);
    assert_ne!(after["@odata.etag"], before["@odata.etag"]);
    for navigation in ["customerFinancialDetail", "customerFinancialDetails"] {
        let query = format!("customers?$filter=number eq 'GREAL'&$expand={navigation}($select=balance)");
        assert_eq!(get(&mut world, &query).to_json()["value"][0][navigation]["balance"], 36);
        let path = format!("customers({})/{navigation}", after["id"].as_str().unwrap());
        assert_eq!(get(&mut world, &path).to_json()["overdueAmount"], 36);
    }
    assert_eq!(post(&mut world, "customerFinancialDetails", &json!({})).status, 405);
}
