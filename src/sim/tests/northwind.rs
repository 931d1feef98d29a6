//! The overlap of the two Northwinds: what a first synchronisation finds.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{business_central, dataverse, northwind};

fn rows(reply: &crate::sim::http::Reply) -> Vec<Value> {
    reply.to_json()["value"].as_array().unwrap().clone()
}

#[test]
fn about_half_of_the_customers_are_accounts_and_some_differ() {
    let mut world = northwind();
    let customers = rows(&business_central::get(&mut world, "customers"));
    let customers: BTreeMap<_, _> =
        customers.iter().map(|row| (row["displayName"].as_str().unwrap(), row)).collect();
    let accounts = rows(&dataverse::get(&mut world, "accounts?$filter=customertypecode eq 3"));
    let known: Vec<_> = accounts
        .iter()
        .filter_map(|account| Some((account, *customers.get(account["name"].as_str()?)?)))
        .collect();
    let count = |test: &dyn Fn(&Value, &Value) -> bool| {
        known.iter().filter(|(account, customer)| test(account, customer)).count()
    };
    assert_eq!((accounts.len(), known.len()), (51, 47));
    let numbered = |account: &Value| !account["accountnumber"].is_null();
    assert_eq!(count(&|account, _| !numbered(account) && account["telephone1"] != "555-0100"), 5);
    assert_eq!(count(&|account, _| account["telephone1"].is_null()), 6);
    let differs = |account: &Value, customer: &Value| {
        let other_phone =
            !account["telephone1"].is_null() && account["telephone1"] != customer["phoneNumber"];
        numbered(account) && (other_phone || account["address1_line1"] != customer["addressLine1"])
    };
    assert_eq!(count(&differs), 6);
    assert_eq!(count(&|_, customer| customer["number"] == "ANATR"), 2);
    assert_eq!(
        rows(&dataverse::get(&mut world, "transactioncurrencies?$filter=isocurrencycode eq 'CAD'")).len(),
        0
    );
    assert_eq!(
        rows(&dataverse::get(
            &mut world,
            "accounts?$filter=customertypecode ne 3 and customertypecode ne 11"
        ))
        .len(),
        2
    );
}

#[test]
fn every_seeded_row_can_be_updated() {
    let mut world = northwind();
    for (set, id, property) in
        [("accounts", "accountid", "fax"), ("products", "productid", "vendorpartnumber")]
    {
        for row in rows(&dataverse::get(&mut world, set)) {
            assert!(!row["_transactioncurrencyid_value"].is_null(), "{row}");
            let path = format!("{set}({})", row[id].as_str().unwrap());
            let reply = dataverse::patch(&mut world, &path, &[], &serde_json::json!({property: "1"}));
            assert_eq!(reply.status, 204, "{row}: {}", reply.to_json());
        }
    }
    for set in ["customers", "vendors", "items"] {
        for row in rows(&business_central::get(&mut world, set)) {
            let same = serde_json::json!({"displayName": row["displayName"], "number": row["number"], "blocked": row["blocked"]});
            let reply = business_central::patch(&mut world, set, &row, &same);
            assert_eq!(reply.to_json()["@odata.etag"], row["@odata.etag"], "{row}: {}", reply.to_json());
        }
    }
}
