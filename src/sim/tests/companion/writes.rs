//! Writing through the companion: ids of the client, order of properties, access, pairs, and what else is stored.

use super::*;

#[test]
fn a_replayed_create_is_refused_and_takes_no_number() {
    let mut world = installed();
    let body = json!({"id": a_guid(1), "displayName": "Neu"});
    let first = post(&mut world, "customers", &body);
    assert_eq!((first.status, &first.to_json()["id"]), (201, &json!(a_guid(1))));
    assert_eq!(
        code(&post(&mut world, "customers", &body)),
        (400, "Internal_EntityWithSameKeyExists".to_owned())
    );
    let second = post(&mut world, "customers", &json!({"id": ZERO, "displayName": "Neu"})).to_json();
    assert_eq!((&first.to_json()["number"], &second["number"]), (&json!("C00010"), &json!("C00020")));
    assert_ne!(second["id"], ZERO);
    let taken = json!({"id": a_guid(2), "displayName": "Neu", "number": "c00010"});
    assert_eq!(
        code(&post(&mut world, "customers", &taken)),
        (400, "Internal_EntityWithSameKeyExists".to_owned())
    );
    assert_eq!(get(&mut world, &format!("customers({})", a_guid(2))).status, 404);
    assert_eq!(get(&mut world, &format!("customers({})", a_guid(1))).status, 200);
    assert_eq!(row(&mut world, "customers", "number eq 'C00010'")["id"], a_guid(1));
}

#[test]
fn an_answer_shows_the_row_as_it_is_stored() {
    let mut world = installed();
    let reply = post(&mut world, "customers", &json!({"displayName": "Neu", "country": " de "}));
    let created = reply.to_json();
    let stored =
        row(&mut world, "customers", &format!("number eq '{}'", created["number"].as_str().unwrap()));
    for property in
        ["@odata.etag", "rowVersion", "country", "systemCreatedBy", "companyContactNumber", "templateCode"]
    {
        assert_eq!(created[property], stored[property], "{property}");
    }
    assert_eq!(reply.header("ETag"), stored["@odata.etag"].as_str());
    assert_eq!((&stored["country"], &stored["blocked"]), (&json!("DE"), &json!("_x0020_")));
    assert_eq!((&stored["shippingAgentId"], &stored["faxNumber"]), (&json!(ZERO), &json!("")));
    assert_eq!((&stored["currencyCode"], &stored["currencyId"]), (&json!("USD"), &json!(ZERO)));
}

#[test]
fn a_new_customer_brings_its_company_contact_through_either_api() {
    let mut world = installed();
    let (_, watermark) = feed(&mut world, "contacts", 0);
    let customer = post(&mut world, "customers", &json!({"displayName": "Neu", "city": "Bonn"})).to_json();
    let target = format!("{}/vendors", super::super::business_central::root(&world));
    let vendor = world
        .business_central
        .answer(&request("POST", &target, &[], &json!({"displayName": "Alt"}).to_string()), &mut Vec::new())
        .to_json();
    let (contacts, _) = feed(&mut world, "contacts", watermark);
    let names: Vec<_> = contacts.iter().map(|contact| contact["displayName"].as_str().unwrap()).collect();
    assert_eq!(names, ["Neu", "Alt"]);
    assert_eq!((&contacts[0]["city"], &contacts[0]["relatedCustomerId"]), (&json!("Bonn"), &customer["id"]));
    assert_eq!(
        (&contacts[0]["id"], &contacts[0]["number"]),
        (&customer["companyContactId"], &customer["companyContactNumber"])
    );
    assert_eq!(
        (&contacts[1]["relatedVendorId"], &contacts[1]["contactBusinessRelation"]),
        (&vendor["id"], &json!("Vendor"))
    );
    assert_eq!(contacts[0]["systemModifiedBy"], state(&mut world)["currentUserId"]);
}

#[test]
fn bad_bodies_are_refused_in_the_words_of_the_contract() {
    let mut world = installed();
    let euro = row(&mut world, "currencies", "code eq 'EUR'");
    let unknown = a_guid(9);
    let cases = [
        ("customers", json!({"displayName": "x", "rowVersion": 1}), "BadRequest_InvalidOperation"),
        (
            "customers",
            json!({"displayName": "x", "companyContactNumber": "1"}),
            "BadRequest_InvalidOperation",
        ),
        ("items", json!({"displayName": "x", "inventory": 1}), "BadRequest_InvalidOperation"),
        ("customers", json!({"displayName": "x", "nme": "1"}), "BadRequest"),
        ("customers", json!({"displayName": ""}), "Application_DialogException"),
        ("customers", json!({"displayName": "x", "faxNumber": null}), "BadRequest_RequiredParamNotProvided"),
        (
            "customers",
            json!({"displayName": "x", "faxNumber": "1".repeat(31)}),
            "Application_StringExceededLength",
        ),
        ("customers", json!({"displayName": "x", "id": "no"}), "Application_InvalidGUID"),
        ("customers", json!({"displayName": "x", "paymentTermsId": unknown}), "Application_DialogException"),
        ("customers", json!({"displayName": "x", "shippingAgentId": unknown}), "Application_DialogException"),
        (
            "customers",
            json!({"displayName": "x", "shippingAgentCode": "NONE"}),
            "Internal_InvalidTableRelation",
        ),
        ("customers", json!({"displayName": "x", "salespersonCode": "XX"}), "Internal_InvalidTableRelation"),
        ("customers", json!({"displayName": "x", "templateCode": "NONE"}), "Internal_InvalidTableRelation"),
        (
            "customers",
            json!({"displayName": "x", "currencyId": euro["id"], "currencyCode": "GBP"}),
            "Application_DialogException",
        ),
        ("shippingAgents", json!({"displayName": "x"}), "Application_FieldValidationException"),
    ];
    for (set, body, expected) in cases {
        assert_eq!(code(&post(&mut world, set, &body)), (400, expected.to_owned()), "{body}");
    }
}

#[test]
fn one_half_of_a_pair_names_the_whole_and_blank_clears_it() {
    let mut world = installed();
    let agent = row(&mut world, "shippingAgents", "code eq 'FEDERAL'");
    let mut alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    for (body, expected) in [
        (json!({"shippingAgentCode": "federal"}), "FEDERAL"),
        (json!({"shippingAgentId": ZERO}), ""),
        (json!({"shippingAgentId": agent["id"]}), "FEDERAL"),
        (json!({"shippingAgentCode": ""}), ""),
        (json!({"shippingAgentId": agent["id"], "shippingAgentCode": "FEDERAL"}), "FEDERAL"),
    ] {
        alfki = patch(&mut world, "customers", &alfki, &body).to_json();
        assert_eq!(alfki["shippingAgentCode"], expected, "{body}: {alfki}");
        let id = if expected.is_empty() { json!(ZERO) } else { agent["id"].clone() };
        assert_eq!(alfki["shippingAgentId"], id);
    }
    let terms = patch(&mut world, "customers", &alfki, &json!({"paymentTermsCode": "cod"})).to_json();
    assert_eq!(terms["paymentTermsCode"], "COD");
    let v2 = super::super::business_central::customer(&mut world, "ALFKI");
    assert_eq!(v2["paymentTermsId"], terms["paymentTermsId"]);
    let found = get(&mut world, "customers?$filter=paymentTermsCode eq 'COD'");
    assert_eq!(texts(&found, "number"), ["ALFKI"]);
}

#[test]
fn what_is_set_on_insert_stays() {
    let mut world = installed();
    let alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    let same = patch(
        &mut world,
        "customers",
        &alfki,
        &json!({"number": "alfki", "id": alfki["id"], "templateCode": ""}),
    );
    assert_eq!((same.status, &same.to_json()["rowVersion"]), (200, &alfki["rowVersion"]));
    for body in
        [json!({"number": "OTHER"}), json!({"id": a_guid(1)}), json!({"templateCode": "CUSTOMER COMPANY"})]
    {
        let reply = patch(&mut world, "customers", &alfki, &body);
        assert_eq!(code(&reply), (400, "Application_DialogException".to_owned()), "{body}");
    }
    let text = patch(&mut world, "customers", &alfki, &json!({"number": "OTHER"})).to_json();
    let message = text["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("The number cannot be changed through this API."), "{message}");
}

#[test]
fn writes_need_the_present_tag_and_each_set_takes_its_verbs_only() {
    let mut world = installed();
    let alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    let path = format!("customers({})", alfki["id"].as_str().unwrap());
    for method in ["PATCH", "DELETE"] {
        let reply = send(&mut world, method, &path, &[], &json!({"city": "Bonn"}));
        assert_eq!(code(&reply), (400, "BadRequest_InvalidToken".to_owned()), "{method}");
    }
    assert_eq!(patch(&mut world, "customers", &alfki, &json!({"faxNumber": "1"})).status, 200);
    assert_eq!(
        code(&patch(&mut world, "customers", &alfki, &json!({"faxNumber": "2"}))),
        (409, "Request_EntityChanged".to_owned())
    );
    assert_eq!(code(&delete(&mut world, "customers", &alfki)), (409, "Request_EntityChanged".to_owned()));
    let id = a_guid(1);
    for (method, path) in [
        ("POST", "syncState".to_owned()),
        ("POST", "deletedRows".to_owned()),
        ("PATCH", format!("deletedRows({id})")),
        ("POST", "currencyExchangeRates".to_owned()),
        ("DELETE", format!("currencies({id})")),
        ("DELETE", format!("salespeople({id})")),
        ("PATCH", format!("itemUnitsOfMeasure({id})")),
        ("DELETE", format!("users({id})")),
    ] {
        let reply = send(&mut world, method, &path, &["If-Match: *"], &json!({}));
        assert_eq!(code(&reply), (405, "BadRequest_MethodNotAllowed".to_owned()), "{method} {path}");
    }
}

#[test]
fn properties_are_applied_in_the_order_of_the_contract() {
    let mut world = installed();
    let company = row(&mut world, "contacts", "number eq 'CT-ANATR'");
    let person = post(
        &mut world,
        "contacts",
        &json!({"city": "Bonn", "displayName": "Ana Maria Trujillo", "companyId": company["id"], "type": "Person"}),
    )
    .to_json();
    assert_eq!((&person["city"], &person["addressLine1"]), (&json!("Bonn"), &company["addressLine1"]));
    assert_eq!(
        (&person["companyNumber"], &person["companyName"]),
        (&company["number"], &company["displayName"])
    );
    let names = |row: &Value| {
        ["firstName", "middleName", "lastName"].map(|name| row[name].as_str().unwrap().to_owned())
    };
    assert_eq!(names(&person), ["Ana", "Maria", "Trujillo"]);
    let renamed = patch(&mut world, "contacts", &person, &json!({"lastName": "Moreno"})).to_json();
    assert_eq!(renamed["displayName"], "Ana Maria Moreno");
    assert_eq!(person["relatedCustomerNumber"], "ANATR");
    let alfki = row(&mut world, "customers", "number eq 'ALFKI'");
    let body = json!({"email": "me@alfki.example", "primaryContactNumber": "CT-ANATR"});
    let customer = patch(&mut world, "customers", &alfki, &body).to_json();
    assert_eq!(
        (&customer["contact"], &customer["phoneNumber"]),
        (&company["displayName"], &company["phoneNumber"])
    );
    assert_eq!(customer["email"], "me@alfki.example");
}

#[test]
fn a_template_fills_in_what_was_not_sent() {
    let mut world = installed();
    let body = json!({"displayName": "Neu", "templateCode": "customer company"});
    let filled = post(&mut world, "customers", &body).to_json();
    assert_eq!((&filled["paymentTermsCode"], &filled["templateCode"]), (&json!("30 DAYS"), &json!("")));
    let body = json!({"displayName": "Neu", "templateCode": "CUSTOMER COMPANY", "paymentTermsCode": "COD"});
    assert_eq!(post(&mut world, "customers", &body).to_json()["paymentTermsCode"], "COD");
}

#[test]
fn a_new_item_brings_its_unit_and_its_unit_group_and_takes_them_along() {
    let mut world = installed();
    let body = json!({"displayName": "Neu", "baseUnitOfMeasureCode": "BOX", "vendorNumber": "v0001"});
    let item = post(&mut world, "items", &body).to_json();
    let unit = row(
        &mut world,
        "itemUnitsOfMeasure",
        &format!("itemNumber eq '{}'", item["number"].as_str().unwrap()),
    );
    assert_eq!(
        (&unit["id"], &unit["code"], &unit["baseUnit"]),
        (&item["unitRowId"], &json!("BOX"), &json!(true))
    );
    assert_eq!((&unit["unitGroupId"], &unit["quantityPerUnitOfMeasure"]), (&item["id"], &json!(1)));
    let group = get(&mut world, &format!("unitGroups({})", item["id"].as_str().unwrap())).to_json();
    assert_eq!(group["code"], format!("ITEM {} UOM GR", item["number"].as_str().unwrap()));
    assert_eq!(item["vendorName"], "Exotic Liquids");
    assert_eq!(delete(&mut world, "items", &item).status, 204);
    let buried = texts(&get(&mut world, "deletedRows"), "entitySetName");
    let mut buried: Vec<_> = buried.iter().map(String::as_str).collect();
    buried.sort_unstable();
    assert_eq!(buried, ["itemUnitsOfMeasure", "items", "unitGroups"]);
}
