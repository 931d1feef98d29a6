//! Units, resources, prices, opportunities, and the figures of customers and items.

use super::super::business_central as v2;
use super::super::business_central_documents::order;
use super::*;

fn act(world: &mut World, set: &str, row: &Value, action: &str) {
    let path = format!("{set}({})/Microsoft.NAV.{action}", row["id"].as_str().unwrap());
    assert_eq!(v2::send(world, "POST", &path, &[], &Value::Null).status, 204, "{action}");
}

#[test]
fn units_belong_to_their_product_and_its_group() {
    let mut world = installed();
    let item = row(&mut world, "items", "number eq '1001'");
    let units = rows(&get(&mut world, "itemUnitsOfMeasure?$filter=itemNumber eq '1001'"));
    assert_eq!(
        units.iter().map(|unit| unit["code"].clone()).collect::<Vec<_>>(),
        [json!("BOX"), json!("PCS")]
    );
    assert_eq!(
        units.iter().map(|unit| unit["baseUnit"].clone()).collect::<Vec<_>>(),
        [json!(false), json!(true)]
    );
    assert_eq!((&units[1]["id"], &units[0]["unitGroupId"]), (&item["unitRowId"], &item["id"]));
    assert_eq!(
        item["vendorNumber"],
        row(&mut world, "vendors", &format!("id eq {}", item["vendorId"].as_str().unwrap()))["number"]
    );
    let resource = row(&mut world, "resources", "number eq 'DELIVERY'");
    let unit = row(&mut world, "resourceUnitsOfMeasure", "resourceNumber eq 'DELIVERY'");
    assert_eq!((&unit["id"], &unit["unitGroupId"]), (&resource["unitRowId"], &resource["id"]));
    assert_eq!(row(&mut world, "unitGroups", "sourceNumber eq 'DELIVERY'")["sourceType"], "Resource");
    let body = json!({"displayName": "Crane", "type": "Machine", "baseUnitOfMeasureCode": "BOX"});
    let crane = post(&mut world, "resources", &body).to_json();
    assert_eq!(crane["number"], "R00010");
    let moved = patch(&mut world, "resources", &crane, &json!({"baseUnitOfMeasureCode": "PCS"})).to_json();
    assert_ne!((&moved["unitRowId"], &json!(ZERO)), (&crane["unitRowId"], &moved["unitRowId"]));
    assert_eq!(rows(&get(&mut world, "resourceUnitsOfMeasure?$filter=resourceNumber eq 'R00010'")).len(), 2);
}

#[test]
fn prices_lead_to_their_list_their_group_and_their_product() {
    let mut world = installed();
    let header = row(&mut world, "priceListHeaders", "code eq 'S00002'");
    assert_eq!((&header["currencyCode"], &header["currencyId"]), (&json!("USD"), &json!(ZERO)));
    let item = row(&mut world, "items", "number eq '1001'");
    let line = row(&mut world, "priceListLines", "priceListCode eq 'S00002' and assetNumber eq '1001'");
    assert_eq!((&line["priceListId"], &line["assetId"]), (&header["id"], &item["id"]));
    assert_eq!((&line["unitRowId"], &line["unitPrice"]), (&item["unitRowId"], &json!(16.2)));
    let price = row(&mut world, "salesPrices", "itemNumber eq '1001'");
    let group = row(&mut world, "customerPriceGroups", "code eq 'WHOLESALE'");
    assert_eq!((&price["customerPriceGroupId"], &price["unitPrice"]), (&group["id"], &json!(16.2)));
    assert_eq!(code(&post(&mut world, "priceListLines", &json!({}))).0, 405);
    let lines = rows(&get(&mut world, "priceListLines?$filter=priceListCode eq 'S00001'&$top=3"));
    let numbers: Vec<_> = lines.iter().map(|line| line["lineNumber"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [10_000, 20_000, 30_000]);
    assert_eq!(state(&mut world)["defaultPriceListCode"], "S00001");
}

#[test]
fn an_order_moves_the_figures_and_its_posting_the_ledgers() {
    let mut world = installed();
    let figures = |world: &mut World| row(world, "customerStatistics", "customerNumber eq 'GREAL'");
    let available = |world: &mut World| row(world, "itemAvailability", "itemNumber eq '1035'");
    let (before, stock) = (figures(&mut world), available(&mut world));
    let (_, ledger) = feed(&mut world, "customerLedgerActivity", 0);
    let (_, movements) = feed(&mut world, "itemLedgerActivity", 0);
    let made = order(&mut world, "GREAL", [2, 1]);
    let ordered = figures(&mut world);
    assert_eq!((&ordered["outstandingOrders"], &ordered["total"]), (&json!(55), &json!(55)));
    assert_eq!(ordered["rowVersion"], before["rowVersion"]);
    assert_eq!(available(&mut world)["onSalesOrders"], 2);
    act(&mut world, "salesOrders", &made, "shipAndInvoice");
    let invoiced = figures(&mut world);
    assert_eq!((&invoiced["outstandingOrders"], &invoiced["balance"]), (&json!(0), &json!(55)));
    assert_eq!((&invoiced["overdueAmounts"], &invoiced["total"]), (&json!(0), &json!(55)));
    let left = available(&mut world);
    assert_eq!(left["inventory"], json!(stock["inventory"].as_i64().unwrap() - 2));
    assert_eq!((&left["available"], &left["rowVersion"]), (&left["inventory"], &stock["rowVersion"]));
    let (entries, ledger) = feed(&mut world, "customerLedgerActivity", ledger);
    assert_eq!((entries.len(), &entries[0]["customerNumber"]), (1, &json!("GREAL")));
    let (moved, _) = feed(&mut world, "itemLedgerActivity", movements);
    let moved: Vec<_> =
        moved.iter().map(|entry| (entry["itemNumber"].clone(), entry["quantity"].clone())).collect();
    assert_eq!(moved, [(json!("1035"), json!(-2)), (json!("1036"), json!(-1))]);
    let number = entries[0]["documentNumber"].as_str().unwrap().to_owned();
    world.business_central.set_status("salesInvoices", &number, "Paid").unwrap();
    let (paid, _) = feed(&mut world, "customerLedgerActivity", ledger);
    assert_eq!((paid.len(), &paid[0]["amountLCY"]), (1, &json!(-55)));
    assert_eq!(paid[0]["ledgerEntryNumber"], entries[0]["ledgerEntryNumber"]);
    assert_eq!(figures(&mut world)["balance"], 0);
}

#[test]
fn availability_by_location_needs_an_item() {
    let mut world = installed();
    let reply = get(&mut world, "itemAvailabilityByLocation");
    assert_eq!(code(&reply), (400, "Application_DialogException".to_owned()));
    let found = rows(&get(&mut world, "itemAvailabilityByLocation?$filter=itemNumber eq '1001'"));
    assert_eq!((found.len(), &found[0]["locationCode"]), (1, &json!("MAIN")));
    assert_eq!(found[0]["inventory"], row(&mut world, "items", "number eq '1001'")["inventory"]);
}

#[test]
fn an_opportunity_follows_its_contact_and_keeps_its_stage_to_itself() {
    let mut world = installed();
    let body = json!({"description": "Tea for all", "contactNumber": "CT-ANATR-1", "id": a_guid(1)});
    let made = post(&mut world, "opportunities", &body);
    assert_eq!(made.status, 201, "{}", made.to_json());
    let made = made.to_json();
    let company = row(&mut world, "contacts", "number eq 'CT-ANATR'");
    assert_eq!(
        (&made["contactCompanyId"], &made["contactCompanyNumber"]),
        (&company["id"], &company["number"])
    );
    assert_eq!(
        (&made["contactName"], &made["status"]),
        (&json!("Ana Trujillo"), &json!("Not_x0020_Started"))
    );
    let refused = patch(&mut world, "opportunities", &made, &json!({"probability": 50}));
    assert_eq!(code(&refused), (400, "BadRequest_InvalidOperation".to_owned()));
    let v2 = v2::get(&mut world, &format!("opportunities({})", a_guid(1))).to_json();
    assert_eq!((&v2["number"], &v2["@odata.etag"]), (&made["number"], &made["@odata.etag"]));
}
