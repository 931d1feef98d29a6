//! Dataverse: queries beyond a table's own columns, aggregates and FetchXML.

use serde_json::{Value, json};

use super::dataverse::{ACME, get, send};
use super::{code, link, northwind, request, texts};
use crate::sim::data::World;

/// Northwind with two contacts of ALFKI, one of them its primary one, and three opportunities.
fn world() -> World {
    let mut world = northwind();
    let account = "/accounts(accountnumber='ALFKI')";
    for (id, first, birthdate) in
        [(ACME, "Ann", "1980-05-01"), ("22222222-2222-4222-8222-222222222222", "Ben", "1990-05-01")]
    {
        let body = json!({"contactid": id, "firstname": first, "lastname": "Lee", "birthdate": birthdate, "parentcustomerid_account@odata.bind": account});
        assert_eq!(send(&mut world, "POST", "contacts", &[], &body).status, 204);
    }
    let primary = json!({"primarycontactid@odata.bind": format!("/contacts({ACME})")});
    assert_eq!(send(&mut world, "PATCH", &account[1..], &[], &primary).status, 204);
    for (name, value, number) in [("Tea", 10, "ALFKI"), ("Coffee", 30, "ALFKI"), ("Milk", 5, "ANTON")] {
        let body = json!({"name": name, "estimatedvalue": value, "parentaccountid@odata.bind": format!("/accounts(accountnumber='{number}')")});
        let made = send(&mut world, "POST", "opportunities", &[], &body);
        assert_eq!(made.status, 204, "{}", made.to_json());
    }
    world
}

fn check(world: &mut World, set: &str, property: &str, filter: &str, expected: &[&str]) {
    let reply = get(world, &format!("{set}?$select={property}&$orderby={property}&$filter={filter}"));
    assert_eq!(reply.status, 200, "{filter}: {}", reply.to_json());
    assert_eq!(texts(&reply, property), expected, "{filter}");
}

#[test]
fn filters_reach_related_rows() {
    let mut world = world();
    check(&mut world, "accounts", "accountnumber", "primarycontactid/fullname eq 'ann lee'", &["ALFKI"]);
    check(
        &mut world,
        "accounts",
        "accountnumber",
        "contact_customer_accounts/any(c:c/firstname eq 'Ben')",
        &["ALFKI"],
    );
    check(&mut world, "accounts", "accountnumber", "contact_customer_accounts/any()", &["ALFKI"]);
    check(
        &mut world,
        "accounts",
        "accountnumber",
        "opportunity_parent_account/any(o:o/estimatedvalue gt 5 and o/parentaccountid/name ne name) or accountnumber eq 'ANTON'",
        &["ALFKI", "ANTON"],
    );
    check(
        &mut world,
        "accounts",
        "accountnumber",
        "opportunity_parent_account/any() and opportunity_parent_account/all(o:o/estimatedvalue ge 10)",
        &["ALFKI"],
    );
    check(&mut world, "contacts", "firstname", "lastname eq fullname", &[]);
    check(&mut world, "contacts", "firstname", "firstname lt lastname", &["Ann", "Ben"]);
    for query in [
        "nme/any(c:c/name eq 'x')",
        "primarycontactid/any()",
        "contact_customer_accounts/any(c:c/nme eq 'x')",
        "primarycontactid/nme eq 'x'",
    ] {
        assert_eq!(get(&mut world, &format!("accounts?$filter={query}")).status, 400, "{query}");
    }
}

#[test]
fn query_functions_and_wildcards_filter() {
    let mut world = world();
    let function = |call: &str| format!("Microsoft.Dynamics.CRM.{call}");
    check(
        &mut world,
        "contacts",
        "firstname",
        &function("On(PropertyName='birthdate',PropertyValue='1980-05-01')"),
        &["Ann"],
    );
    check(
        &mut world,
        "contacts",
        "firstname",
        &function("Between(PropertyName='birthdate',PropertyValues=[\"1985-01-01\",\"1995-01-01\"])"),
        &["Ben"],
    );
    check(
        &mut world,
        "contacts",
        "firstname",
        &function("LastXDays(PropertyName='createdon',PropertyValue=1)"),
        &["Ann", "Ben"],
    );
    check(
        &mut world,
        "contacts",
        "firstname",
        &function("OlderThanXMonths(PropertyName='createdon',PropertyValue=1)"),
        &[],
    );
    check(
        &mut world,
        "contacts",
        "firstname",
        &function("NotIn(PropertyName='firstname',PropertyValues=['Ann'])"),
        &["Ben"],
    );
    check(
        &mut world,
        "contacts",
        "firstname",
        &function("EqualUserId(PropertyName='createdby')").replace("'createdby'", "'_createdby_value'"),
        &["Ann", "Ben"],
    );
    check(&mut world, "contacts", "firstname", "contains(firstname,'[a-b]%25n')", &["Ann", "Ben"]);
    check(&mut world, "contacts", "firstname", "startswith(firstname,'[^a]')", &["Ben"]);
    for call in [
        "LastXDays(PropertyName='firstname',PropertyValue=1)",
        "LastXDays(PropertyName='createdon')",
        "Dance(PropertyName='name')",
    ] {
        assert_eq!(get(&mut world, &format!("contacts?$filter={}", function(call))).status, 400, "{call}");
    }
}

#[test]
fn collections_are_expanded_filtered_and_limited() {
    let mut world = world();
    let path = "accounts(accountnumber='ALFKI')?$select=name&$expand=contact_customer_accounts($select=firstname;$filter=firstname ne 'Ann';$top=1),opportunity_parent_account($select=name;$orderby=estimatedvalue desc)";
    let row = get(&mut world, path).to_json();
    assert_eq!(row["contact_customer_accounts"].as_array().unwrap().len(), 1);
    assert_eq!(row["contact_customer_accounts"][0]["firstname"], "Ben");
    assert_eq!(row["opportunity_parent_account"][0]["name"], "Coffee");
    let more = link(&row, "contact_customer_accounts@odata.nextLink").unwrap();
    assert!(!more.contains("skiptoken"), "{more}");
    let again = world.dataverse.answer(&request("GET", &more, &[], ""), &mut Vec::new());
    assert_eq!(texts(&again, "firstname"), ["Ben"]);
    let nested = "contacts?$expand=parentcustomerid_account($select=name;$expand=opportunity_parent_account($select=name))";
    let rows = get(&mut world, nested).to_json();
    assert_eq!(
        rows["value"][0]["parentcustomerid_account"]["opportunity_parent_account"].as_array().unwrap().len(),
        2
    );
    let many = vec!["createdby"; 16].join(",");
    for query in
        [format!("$expand={many}"), "$expand=contact_customer_accounts($top=1;$expand=createdby)".to_owned()]
    {
        assert_eq!(
            code(&get(&mut world, &format!("accounts?{query}"))),
            (400, "0x80060888".to_owned()),
            "{query}"
        );
    }
    assert_eq!(get(&mut world, "teams?$expand=teammembership_association,createdby").status, 400);
    let references =
        get(&mut world, "accounts(accountnumber='ALFKI')?$select=name&$expand=primarycontactid/$ref")
            .to_json();
    assert!(
        references["primarycontactid"]["@odata.id"].as_str().unwrap().ends_with(&format!("contacts({ACME})"))
    );
}

#[test]
fn a_navigation_property_leads_to_rows() {
    let mut world = world();
    let account = "accounts(accountnumber='ALFKI')";
    let people = get(
        &mut world,
        &format!("{account}/contact_customer_accounts?$select=firstname&$orderby=firstname desc"),
    );
    assert_eq!(texts(&people, "firstname"), ["Ben", "Ann"]);
    assert_eq!(
        get(&mut world, &format!("{account}/primarycontactid?$select=firstname")).to_json()["firstname"],
        "Ann"
    );
    assert_eq!(get(&mut world, &format!("{account}/parentaccountid")).status, 204);
    let first = get(&mut world, &format!("{account}/primarycontactid/$ref")).to_json();
    assert!(first["@odata.id"].as_str().unwrap().ends_with(&format!("contacts({ACME})")));
    let page = send(
        &mut world,
        "GET",
        &format!("{account}/contact_customer_accounts"),
        &["Prefer: odata.maxpagesize=1"],
        &Value::Null,
    )
    .to_json();
    let next = link(&page, "@odata.nextLink").unwrap();
    let last =
        world.dataverse.answer(&request("GET", &next, &["Prefer: odata.maxpagesize=1"], ""), &mut Vec::new());
    assert_eq!((texts(&last, "firstname").len(), link(&last.to_json(), "@odata.nextLink")), (1, None));
    assert_ne!(last.to_json()["value"][0], page["value"][0]);
}

#[test]
fn rows_are_aggregated_in_groups() {
    let mut world = world();
    let query = "opportunities?$apply=filter(estimatedvalue ge 5)/groupby((parentaccountid/accountnumber),aggregate(estimatedvalue with sum as total,$count as n))";
    let reply = get(&mut world, query).to_json();
    let mut found: Vec<_> = reply["value"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["account_accountnumber"].to_string(), row["total"].to_string(), row["n"].to_string()))
        .collect();
    found.sort();
    let row = |a: &str, b: &str, c: &str| (format!("\"{a}\""), b.to_owned(), c.to_owned());
    assert_eq!(found, [row("ALFKI", "40", "2"), row("ANTON", "5", "1")]);
    let all = get(&mut world, "opportunities?$apply=aggregate(estimatedvalue with average as mean,estimatedvalue with max as most,name with countdistinct as names)").to_json();
    assert_eq!(
        (all["value"][0]["mean"].to_string(), all["value"][0]["most"].to_string()),
        ("15".to_owned(), "30.0000".to_owned())
    );
    assert_eq!(all["value"][0]["names"], 3);
    let groups = get(&mut world, "accounts?$apply=groupby((customertypecode))").to_json();
    assert!(
        groups["value"].as_array().unwrap().iter().any(|row| row.as_object().unwrap().is_empty()),
        "{groups}"
    );
    for wrong in ["$apply=groupby((nme))", "$apply=aggregate(name)", "$apply=groupby((name))&$orderby=name"] {
        assert_eq!(get(&mut world, &format!("accounts?{wrong}")).status, 400, "{wrong}");
    }
}

#[test]
fn counts_are_annotated_where_asked() {
    let mut world = northwind();
    let prefer = ["Prefer: odata.include-annotations=\"Microsoft.Dynamics.CRM.*\""];
    let total = "@Microsoft.Dynamics.CRM.totalrecordcount";
    let counted =
        send(&mut world, "GET", "accounts?$select=name&$count=true&$top=2", &prefer, &Value::Null).to_json();
    assert_eq!(counted[total], counted["@odata.count"]);
    assert_eq!(counted[format!("{total}limitexceeded")], false);
    let not = send(&mut world, "GET", "accounts?$select=name&$top=2", &prefer, &Value::Null).to_json();
    assert_eq!((&not[total], &not["@odata.count"]), (&json!(-1), &Value::Null));
}

fn fetch(world: &mut World, set: &str, xml: &str, headers: &[&str]) -> Value {
    let xml = xml.replace('%', "%25").replace('&', "%26").replace('+', "%2B");
    let reply = send(world, "GET", &format!("{set}?fetchXml={xml}"), headers, &Value::Null);
    assert_eq!(reply.status, 200, "{}", reply.to_json());
    reply.to_json()
}

#[test]
fn fetch_xml_filters_orders_and_joins() {
    let mut world = world();
    let found = fetch(
        &mut world,
        "opportunities",
        "<fetch><entity name='opportunity'><attribute name='name'/><order attribute='estimatedvalue' descending='true'/><filter type='or'><condition attribute='name' operator='like' value='T%'/><condition attribute='estimatedvalue' operator='gt' value='20'/></filter><link-entity name='account' from='accountid' to='parentaccountid' alias='a'><attribute name='accountnumber'/><filter><condition attribute='accountnumber' operator='in'><value>ALFKI</value><value>a &amp; b</value></condition></filter></link-entity></entity></fetch>",
        &[],
    );
    let rows = found["value"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Coffee", "Tea"]);
    assert_eq!((&rows[0]["a.accountnumber"], &rows[0]["estimatedvalue"]), (&json!("ALFKI"), &Value::Null));
    let outer = fetch(
        &mut world,
        "accounts",
        "<fetch top='100'><entity name='account'><attribute name='accountnumber'/><link-entity name='opportunity' from='parentaccountid' to='accountid' link-type='outer' alias='o'><attribute name='name' alias='opportunity'/></link-entity></entity></fetch>",
        &[],
    );
    let with =
        outer["value"].as_array().unwrap().iter().filter(|row| row.get("opportunity").is_some()).count();
    assert_eq!(with, 3);
    let count = get(&mut world, "accounts/$count").body;
    assert_eq!(
        outer["value"].as_array().unwrap().len().to_string(),
        (String::from_utf8(count).unwrap().parse::<usize>().unwrap() + 1).to_string()
    );
}

#[test]
fn fetch_xml_pages_and_aggregates() {
    let mut world = world();
    let prefer = ["Prefer: odata.include-annotations=\"*\""];
    let page = |world: &mut World, number: usize| {
        fetch(
            world,
            "opportunities",
            &format!(
                "<fetch count='2' page='{number}' returntotalrecordcount='true'><entity name='opportunity'><attribute name='name'/><order attribute='name'/></entity></fetch>"
            ),
            &prefer,
        )
    };
    let (first, second) = (page(&mut world, 1), page(&mut world, 2));
    assert_eq!((first["value"].as_array().unwrap().len(), second["value"].as_array().unwrap().len()), (2, 1));
    let more = "@Microsoft.Dynamics.CRM.morerecords";
    assert_eq!(
        (&first[more], &second[more], &first["@odata.count"]),
        (&json!(true), &json!(false), &json!(3))
    );
    assert!(
        first["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].as_str().unwrap().contains("pagenumber=\"2\"")
    );
    let sums = fetch(
        &mut world,
        "opportunities",
        "<fetch aggregate='true'><entity name='opportunity'><attribute name='estimatedvalue' aggregate='sum' alias='total'/><attribute name='parentaccountid' groupby='true' alias='account'/></entity></fetch>",
        &[],
    );
    let mut totals: Vec<_> =
        sums["value"].as_array().unwrap().iter().map(|row| row["total"].to_string()).collect();
    totals.sort();
    assert_eq!(totals, ["40", "5"]);
    for (set, xml, expected) in [
        ("accounts", "<fetch><entity name='contact'/></fetch>", "0x80060888"),
        ("accounts", "<fetch><entity name='account'>", "0x80041110"),
        ("accounts", "<fetch><entity name='account'><attribute name='nme'/></entity></fetch>", "0x80041103"),
        (
            "accounts",
            "<fetch><entity name='account'><filter><condition attribute='name' operator='dance'/></filter></entity></fetch>",
            "0x80060888",
        ),
    ] {
        assert_eq!(
            code(&get(&mut world, &format!("{set}?fetchXml={xml}"))),
            (400, expected.to_owned()),
            "{xml}"
        );
    }
}
