//! The switches of the simulated Dataverse: each makes the difference it says.

use serde_json::{Value, json};

use super::dataverse::{ACME, get, patch, send};
use super::{code, link, northwind, request, switched, texts};
use crate::sim::data::World;
use crate::sim::http::Reply;

const PERSON: &str = "/api/data/v9.2/accounts?$top=1";

fn follow(world: &mut World, target: &str, headers: &[&str]) -> Reply {
    world.dataverse.answer(&request("GET", target, headers, ""), &mut Vec::new())
}

/// Reads all pages and returns the names, the number of pages and the delta link.
fn pages(world: &mut World, start: &str, prefer: &str) -> (Vec<String>, Vec<usize>, Option<String>) {
    let (mut names, mut sizes, mut next) = (Vec::new(), Vec::new(), Some(start.to_owned()));
    let mut delta = None;
    while let Some(target) = next {
        let reply = follow(world, &target, &[prefer]);
        let found = texts(&reply, "name");
        sizes.push(found.len());
        names.extend(found);
        next = link(&reply.to_json(), "@odata.nextLink");
        delta = link(&reply.to_json(), "@odata.deltaLink");
    }
    (names, sizes, delta)
}

#[test]
fn codes_are_hexadecimal_empty_zero_or_decimal() {
    let missing = format!("accounts({ACME})");
    for (switches, expected) in [
        (&[][..], "0x80040217"),
        (&["empty-codes"], ""),
        (&["zero-codes"], "0x0"),
        (&["decimal-codes"], "-2147220969"),
    ] {
        let reply = get(&mut switched(switches), &missing);
        assert_eq!(code(&reply), (404, expected.to_owned()), "{switches:?}");
        assert!(reply.to_json()["error"]["message"].as_str().unwrap().contains(ACME));
    }
}

#[test]
fn duplicate_rules_answer_412_or_500_and_only_where_they_are_asked() {
    let body = json!({"name": "bon APP'"});
    let ask = ["MSCRM.SuppressDuplicateDetection: false"];
    for (switches, status) in [(&[][..], 412), (&["duplicates-500"], 500)] {
        let mut world = switched(switches);
        let reply = send(&mut world, "POST", "accounts", &ask, &body);
        assert_eq!(code(&reply), (status, "0x80040333".to_owned()));
        assert_eq!(send(&mut world, "POST", "accounts", &[], &body).status, 204);
    }
}

#[test]
fn a_guarded_write_to_a_missing_row_answers_404_or_412() {
    let path = format!("accounts({ACME})");
    for (switches, expected) in [(&[][..], (404, "0x80040217")), (&["missing-412"], (412, "0x80060882"))] {
        for method in ["PATCH", "DELETE"] {
            let body = json!({"name": "x"});
            let reply = send(&mut switched(switches), method, &path, &["If-Match: W/\"5\""], &body);
            assert_eq!(code(&reply), (expected.0, expected.1.to_owned()), "{method}");
        }
    }
}

#[test]
fn a_key_without_an_active_index_addresses_nothing() {
    let mut world = switched(&["pending-keys"]);
    let keys = "EntityDefinitions(LogicalName='account')/Keys";
    for _ in 0..3 {
        assert_eq!(get(&mut world, keys).to_json()["value"][0]["EntityKeyIndexStatus"], "Pending");
    }
    assert_eq!(code(&get(&mut world, "accounts(accountnumber='ALFKI')")), (400, "0x80060890".to_owned()));
    let twin = json!({"accountnumber": "ALFKI"});
    assert_eq!(send(&mut world, "POST", "accounts", &[], &twin).status, 204);
}

fn change_set(world: &mut World) -> (u16, String) {
    let part = |name: &str| {
        format!(
            "--c\nContent-Type: application/http\nContent-ID: 1\n\nPOST /api/data/v9.2/accounts HTTP/1.1\n\n{{\"name\":\"{name}\"}}\n"
        )
    };
    let text = format!(
        "--b\nContent-Type: multipart/mixed;boundary=c\n\n{}{}--c--\n--b--\n",
        part("first part"),
        part("second part")
    );
    let headers = ["Content-Type: multipart/mixed;boundary=b"];
    let reply =
        world.dataverse.answer(&request("POST", "/api/data/v9.2/$batch", &headers, &text), &mut Vec::new());
    (reply.status, String::from_utf8(reply.body).unwrap())
}

#[test]
fn every_second_change_set_fails_and_leaves_nothing() {
    for (switches, wrapped) in
        [(&["failing-change-sets"][..], false), (&["failing-change-sets", "wrapped-change-set-errors"], true)]
    {
        let mut world = switched(switches);
        assert_eq!(change_set(&mut world).0, 200);
        let (status, text) = change_set(&mut world);
        assert_eq!(status, 400);
        assert_eq!((text.matches("HTTP/1.1 ").count(), text.contains("0x80044150")), (1, true), "{text}");
        assert_eq!(text.contains("--changesetresponse_"), wrapped, "{text}");
        let found = get(&mut world, "accounts?$select=name&$filter=endswith(name,' part')");
        assert_eq!(texts(&found, "name").len(), 2);
    }
}

#[test]
fn empty_and_short_pages_lose_no_row() {
    let start = "/api/data/v9.2/accounts?$select=name";
    let usual = pages(&mut northwind(), start, "Prefer: odata.maxpagesize=20");
    let empty = pages(&mut switched(&["empty-pages"]), start, "Prefer: odata.maxpagesize=20");
    assert_eq!(usual.0, empty.0);
    assert_eq!(empty.1[..4], [20, 0, 20, 0]);
    let short = pages(&mut switched(&["short-pages"]), start, "Prefer: odata.maxpagesize=20");
    assert_eq!((usual.0, &short.1[..2]), (short.0, &[10, 10][..]));
    let tracked =
        pages(&mut switched(&["empty-pages"]), start, "Prefer: odata.track-changes,odata.maxpagesize=20");
    assert_eq!(tracked.1[..3], [20, 0, 20]);
    assert!(tracked.2.is_some());
}

#[test]
fn a_first_read_can_lose_what_changes_while_it_pages() {
    for (switches, expected) in [(&[][..], vec!["meanwhile"]), (&["first-read-loses"], vec![])] {
        let mut world = switched(switches);
        let prefer = "Prefer: odata.track-changes,odata.maxpagesize=30";
        let start = "/api/data/v9.2/accounts?$select=name";
        let first = follow(&mut world, start, &[prefer]).to_json();
        let row = format!("accounts({})", first["value"][0]["accountid"].as_str().unwrap());
        patch(&mut world, &row, &[], &json!({"name": "meanwhile"}));
        let next = link(&first, "@odata.nextLink").unwrap();
        let delta = pages(&mut world, &next, prefer).2.unwrap();
        assert_eq!(texts(&follow(&mut world, &delta, &[]), "name"), expected);
    }
}

#[test]
fn annotations_can_hide_the_delta_link() {
    let prefer = "Prefer: odata.track-changes,odata.include-annotations=\"*\"";
    let start = "/api/data/v9.2/accounts?$select=name";
    assert!(pages(&mut northwind(), start, prefer).2.is_some());
    let mut world = switched(&["annotations-hide-delta-links"]);
    assert!(pages(&mut world, start, prefer).2.is_none());
    assert!(pages(&mut world, start, "Prefer: odata.track-changes").2.is_some());
}

#[test]
fn a_closed_organisation_lets_only_administrators_in_or_nobody() {
    for (switch, person, disabled) in [("administration-mode", 200, 1), ("disabled", 403, 1)] {
        let mut world = switched(&[switch]);
        assert_eq!(code(&get(&mut world, "WhoAmI")), (403, "0x8004A104".to_owned()));
        let mut asked = request("GET", PERSON, &[], "");
        asked.person = true;
        assert_eq!(world.dataverse.answer(&asked, &mut Vec::new()).status, person, "{switch}");
        let found = follow(&mut world, "/api/discovery/v2.0/Instances", &[]).to_json();
        assert_eq!(found["value"][0]["State"], disabled);
    }
}

#[test]
fn an_application_user_can_be_missing_without_role_or_without_delegation() {
    assert_eq!(code(&get(&mut switched(&["unknown-user"]), "WhoAmI")), (403, "0x80072560".to_owned()));
    assert_eq!(code(&get(&mut switched(&["no-role"]), "WhoAmI")), (403, "0x80042f09".to_owned()));
    let mut world = switched(&["no-delegation"]);
    let users = get(&mut world, "systemusers?$filter=firstname eq 'Nancy'").to_json();
    let header = format!("MSCRMCallerID: {}", users["value"][0]["systemuserid"].as_str().unwrap());
    let reply = send(&mut world, "GET", "WhoAmI", &[&header], &Value::Null);
    assert_eq!(code(&reply), (403, "0x8004A110".to_owned()));
    assert_eq!(get(&mut world, "WhoAmI").status, 200);
}

#[test]
fn tables_can_lack_tracking_versions_and_bulk_actions() {
    let mut world = switched(&["untracked=account", "unversioned=account", "no-bulk=account"]);
    let definition = get(&mut world, "EntityDefinitions(LogicalName='account')").to_json();
    assert_eq!(definition["ChangeTrackingEnabled"], false);
    assert_eq!(definition["IsOptimisticConcurrencyEnabled"], false);
    let tracked = send(&mut world, "GET", "accounts", &["Prefer: odata.track-changes"], &Value::Null);
    assert_eq!(code(&tracked), (400, "0x80072491".to_owned()));
    let row = get(&mut world, "accounts(accountnumber='ALFKI')");
    let etag = row.header("ETag").unwrap().to_owned();
    let guarded = [format!("If-Match: {etag}")];
    let path = "accounts(accountnumber='ALFKI')";
    let body = json!({"fax": "1"});
    assert_eq!(code(&patch(&mut world, path, &[&guarded[0]], &body)), (400, "0x8006088D".to_owned()));
    assert_eq!(patch(&mut world, path, &["If-Match: *"], &body).status, 204);
    let known = [format!("If-None-Match: {etag}")];
    assert_eq!(send(&mut world, "GET", path, &[&known[0]], &Value::Null).status, 200);
    let probe = "sdkmessagefilters?$select=sdkmessagefilterid&$filter=sdkmessageid/name eq 'UpsertMultiple' and primaryobjecttypecode eq";
    assert_eq!(texts(&get(&mut world, &format!("{probe} 'account'")), "sdkmessagefilterid").len(), 0);
    assert_eq!(texts(&get(&mut world, &format!("{probe} 'product'")), "sdkmessagefilterid").len(), 1);
    let bulk = send(
        &mut world,
        "POST",
        "accounts/Microsoft.Dynamics.CRM.CreateMultiple",
        &[],
        &json!({"Targets": []}),
    );
    assert_eq!(code(&bulk), (501, "0x80044824".to_owned()));
}

#[test]
fn privileges_are_denied_table_by_table() {
    let mut world = switched(&["unreadable=product", "unwritable=account"]);
    let denied = get(&mut world, "products?$top=1");
    assert_eq!(code(&denied), (403, "0x80040220".to_owned()));
    let text = denied.to_json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(text.contains("is missing prvReadProduct privilege") && text.contains("OTC=1024"), "{text}");
    assert_eq!(get(&mut world, "accounts?$top=1").status, 200);
    let path = "accounts(accountnumber='ALFKI')";
    for (method, path, privilege) in [
        ("POST", "accounts", "prvCreateAccount"),
        ("PATCH", path, "prvWriteAccount"),
        ("DELETE", path, "prvDeleteAccount"),
    ] {
        let reply = send(&mut world, method, path, &[], &json!({"name": "x"}));
        assert_eq!(code(&reply), (403, "0x80040220".to_owned()));
        assert!(String::from_utf8_lossy(&reply.body).contains(privilege), "{method}");
    }
}

#[test]
fn another_engine_shows_by_its_table_its_column_and_its_solution() {
    for (switches, companies) in
        [(&[][..], None), (&["other-engine-installed"], Some(0)), (&["other-engine"], Some(1))]
    {
        let mut world = switched(switches);
        let table = get(&mut world, "EntityDefinitions(LogicalName='bcbi_company')?$select=EntitySetName");
        assert_eq!(table.status == 200, companies.is_some(), "{switches:?}");
        let solutions = get(&mut world, "solutions?$select=uniquename&$filter=startswith(uniquename,'bcbi')");
        assert_eq!(texts(&solutions, "uniquename").len(), usize::from(companies.is_some()));
        let rows = get(&mut world, "accounts?$select=_bcbi_companyid_value&$top=1");
        assert_eq!(rows.status == 200, companies.is_some());
        if let Some(companies) = companies {
            let set = table.to_json()["EntitySetName"].as_str().unwrap().to_owned();
            assert_eq!(texts(&get(&mut world, &set), "bcbi_name").len(), companies);
        }
    }
}
