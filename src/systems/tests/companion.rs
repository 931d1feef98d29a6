//! Business Central with the companion extension against scripted servers.

use super::*;
use crate::config::CompanionChoice;
use crate::model::{Became, Watermark};
use crate::systems::business_central::Companion;
use crate::systems::{ChangePage, Check, Fate, LastKnown, Verdict};
use std::collections::BTreeMap;

const LINEAGE: &str = "11111111-0000-4000-8000-000000000001";
const IDA: &str = "1da00000-0000-4000-8000-000000000007";
const AUTO: CompanionChoice = CompanionChoice::Auto;

const METADATA: &str = r#"<Schema Namespace="Microsoft.NAV">
    <EntityType Name="vendor"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/>
    <Property Name="rowVersion" Type="Edm.Int64"/><Property Name="systemModifiedBy" Type="Edm.Guid"/>
    <Property Name="number" Type="Edm.String" MaxLength="20"/><Property Name="displayName" Type="Edm.String"/>
    <Property Name="currencyCode" Type="Edm.String"/></EntityType>
    <EntityType Name="order"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/>
    <Property Name="rowVersion" Type="Edm.Int64"/><Property Name="displayName" Type="Edm.String"/>
    <Property Name="orderNumber" Type="Edm.String"/></EntityType>
    <EntitySet Name="vendors" EntityType="Microsoft.NAV.vendor"/>
    <EntitySet Name="salesOrders" EntityType="Microsoft.NAV.order"/>
    <EntitySet Name="postedSalesInvoices" EntityType="Microsoft.NAV.order"/></Schema>"#;

fn with_companion(address: &str, choice: CompanionChoice) -> BusinessCentral {
    let service = service(address, BatchForm::Json).beside(format!("{address}/own"));
    let companion = Companion::new(service, format!("companies({COMPANY})"), choice, [].into());
    business_central(address).with_companion(companion)
}

fn state(last_used: i64, committed_below: i64) -> Option<String> {
    ok(&json!({"value": [{"contractRevision": 1, "extensionVersion": "1.0.0.0", "lineageId": LINEAGE,
        "lastUsedRowVersion": last_used, "minimumActiveRowVersion": committed_below,
        "tombstonesFromRowVersion": 1, "serverTime": "2026-11-21T12:00:00Z"}]}))
}

/// Answers what every conversation begins with.
fn beginning(asked: &Asked<'_>) -> Option<String> {
    if asked.is("GET /own/$metadata") {
        return answer("200 OK", "", METADATA);
    }
    if asked.line.contains("/syncState?") {
        return state(100, 101);
    }
    if asked.line.ends_with(&format!("/api/companies({COMPANY})")) {
        return ok(&json!({"id": COMPANY, "name": "CRONUS"}));
    }
    business_central_metadata(asked)
}

fn nothing() -> Option<String> {
    answer("404 Not Found", "", "{}")
}

fn vendor(id: &str, name: &str, version: i64) -> Json {
    json!({"@odata.etag": "W/\"1\"", "id": id, "displayName": name, "rowVersion": version, "systemModifiedBy": IDA})
}

fn tombstone(id: &str, number: &str, cause: &str, version: i64) -> Json {
    json!({"systemId": id, "number": number, "cause": cause, "rowVersion": version})
}

/// Answers a batch, each part with a status and a body.
fn parts(parts: &[(u16, Json)]) -> Option<String> {
    let part = |(index, (status, body)): (usize, &(u16, Json))| json!({"id": (index + 1).to_string(), "status": status, "body": body});
    ok(&json!({"responses": parts.iter().enumerate().map(part).collect::<Vec<_>>()}))
}

fn error(code: &str) -> Json {
    json!({"error": {"code": code, "message": "no"}})
}

fn mark(rows: i64, deleted: i64) -> Watermark {
    let mark = json!({"companion": {"lineage": LINEAGE, "rows": rows, "deleted": deleted}});
    Watermark::new(mark.to_string())
}

async fn changes(system: &BusinessCentral, table: &str, since: Watermark) -> ChangePage {
    system.changes(&query(table, Cursor::Since(since))).await.unwrap()
}

fn delete(id: &str) -> Write {
    let verb = Verb::Delete { id: RowId::new(id), version: "W/\"1\"".into() };
    Write { table: "vendors".into(), verb, returning: BTreeSet::new() }
}

/// I25: rows and tombstones are read between the version reached and the first that may not be committed.
#[tokio::test]
async fn changes_are_read_by_version_and_deletions_by_tombstone() {
    let (address, log) = serve(|asked| {
        if asked.line.contains("/deletedRows?") {
            return ok(&json!({"value": [tombstone(B, "1", "Deleted", 60), tombstone(C, "2", "Merged", 61),
                tombstone(D, "3", "Deleted", 62)]}));
        }
        if asked.is("POST /own/$batch") {
            let missing = error("Internal_RecordNotFound");
            return parts(&[(404, missing.clone()), (404, missing), (200, vendor(D, "Dam", 63))]);
        }
        if asked.line.contains("/users?") {
            let ida = json!({"id": IDA.to_uppercase(), "userName": "IDA", "displayName": "Ida Holm"});
            return ok(&json!({ "value": [ida] }));
        }
        if asked.line.contains("/vendors?") {
            return ok(&json!({"value": [vendor(A, "Acme", 55)]}));
        }
        beginning(asked)
    });
    let page = changes(&with_companion(&address, AUTO), "vendors", mark(50, 40)).await;
    let row = page.rows[0].as_ref().unwrap();
    assert_eq!((row.id.as_str(), row.modified_by.as_deref()), (A, Some("Ida Holm")));
    assert_eq!(row.values.len(), 1, "the version itself was not asked for");
    assert_eq!((page.deleted, page.became), (vec![RowId::new(B)], vec![(RowId::new(C), Became::Merged)]));
    assert_eq!(page.next, Next::Done(mark(100, 100)));
    let log = log.lock().unwrap();
    let at = |line: &str| {
        let found = log.iter().rposition(|seen| seen.starts_with(line));
        found.unwrap_or_else(|| panic!("{line}: {log:#?}"))
    };
    let set = format!("GET /own/companies({COMPANY})");
    let rows = "select=id,systemModifiedBy,displayName,rowVersion&$filter=rowVersion%20gt%2050%20and%20rowVersion%20lt%20101&$orderby=rowVersion";
    let tombstones = "select=systemId,number,cause,rowVersion&$filter=entitySetName%20eq%20%27vendors%27%20and%20rowVersion%20gt%2040%20and%20rowVersion%20lt%20101&$orderby=rowVersion";
    let (rows, tombstones) = (format!("{set}/vendors?${rows}"), format!("{set}/deletedRows?${tombstones}"));
    assert!(at(&rows) < at(&tombstones), "{log:#?}");
    assert!(
        at("POST /own/$batch") < at(&format!("{set}/syncState?")),
        "a 404 counts while the state answers"
    );
}

#[tokio::test]
async fn where_nothing_was_committed_nothing_is_asked() {
    let (address, log) = serve(beginning);
    let page = changes(&with_companion(&address, AUTO), "vendors", mark(100, 100)).await;
    assert_eq!(page.next, Next::Done(mark(100, 100)));
    assert!(
        !log.lock().unwrap().iter().any(|line| line.contains("vendors?") || line.contains("deletedRows"))
    );
}

/// I24: page links may count rows, which shift while others are edited; versions say where the read stands.
#[tokio::test]
async fn the_next_page_is_asked_for_by_the_version_reached() {
    let (address, log) = serve(|asked| {
        assert!(!asked.line.contains("$skiptoken"), "{}", asked.line);
        if asked.line.contains("rowVersion%20gt%200%20") {
            return ok(&json!({"value": [vendor(A, "Acme", 7)], "@odata.nextLink": "vendors?$skiptoken=1"}));
        }
        if asked.line.contains("rowVersion%20gt%207%20") {
            return ok(&json!({"value": [vendor(B, "Bos", 8)]}));
        }
        beginning(asked).or_else(|| ok(&json!({"value": []})))
    });
    let system = with_companion(&address, AUTO);
    let (names, _, _, since) = read_all(&system, "vendors", Cursor::Start).await;
    assert_eq!(names, ["Acme", "Bos"].map(Value::text));
    assert_eq!(since, Cursor::Since(mark(100, 100)));
    assert!(!log.lock().unwrap().iter().any(|line| line.contains("deletedRows")), "a first read has no past");
}

/// A batch job deletes invoiced orders: that is no deletion of the order.
#[tokio::test]
async fn an_invoiced_order_is_posted_and_not_deleted() {
    let (address, _) = serve(|asked| {
        if asked.line.contains("/deletedRows?") {
            return ok(
                &json!({"value": [tombstone(A, "S-1", "Deleted", 60), tombstone(B, "S-2", "Deleted", 61)]}),
            );
        }
        if asked.is("POST /own/$batch") {
            let missing = error("Internal_RecordNotFound");
            return parts(&[(404, missing.clone()), (404, missing)]);
        }
        if asked.line.contains("/postedSalesInvoices?") {
            let is_first = asked.line.contains("orderNumber%20eq%20%27S-1%27");
            let invoices = if is_first { json!([{"id": C, "orderNumber": "S-1"}]) } else { json!([]) };
            return ok(&json!({ "value": invoices }));
        }
        beginning(asked)
    });
    let page = changes(&with_companion(&address, AUTO), "salesOrders", mark(100, 50)).await;
    assert_eq!((page.deleted, page.became), (vec![RowId::new(B)], vec![(RowId::new(A), Became::Posted)]));
}

/// A sweep may find what no feed told, because the read began later: the tombstone is asked for.
#[tokio::test]
async fn a_tombstone_tells_the_fate_of_a_row() {
    let (address, log) = serve(|asked| {
        if asked.line.contains("/deletedRows?") {
            let of = |id: &str| asked.line.contains(&format!("systemId%20eq%20{id}"));
            let stones = match (of(A), of(B)) {
                (true, _) => vec![tombstone(A, "S-1", "Deleted", 60), tombstone(A, "S-1", "Converted", 61)],
                (_, true) => vec![tombstone(B, "S-2", "Deleted", 60)],
                _ => vec![tombstone(C, "S-3", "Deleted", 60)],
            };
            return ok(&json!({ "value": stones }));
        }
        if asked.line.contains("/postedSalesInvoices?") {
            let is_third = asked.line.contains("orderNumber%20eq%20%27S-3%27");
            let invoices = if is_third { json!([{"id": D, "orderNumber": "S-3"}]) } else { json!([]) };
            return ok(&json!({ "value": invoices }));
        }
        beginning(asked)
    });
    let system = with_companion(&address, AUTO);
    for (row, fate) in
        [(A, Fate::Became(Became::Converted)), (B, Fate::Deleted), (C, Fate::Became(Became::Posted))]
    {
        let last = LastKnown { row: RowId::new(row), values: [].into() };
        assert_eq!(system.fate(&"salesOrders".into(), &last).await, Ok(fate));
    }
    let of_table = "filter=entitySetName%20eq%20%27salesOrders%27%20and%20systemId%20eq%20";
    assert!(log.lock().unwrap().iter().any(|line| line.contains(of_table)));
}

/// I14
#[tokio::test]
async fn a_restored_database_is_said_and_not_read() {
    let (address, _) = serve(|asked| beginning(asked).or_else(nothing));
    let system = with_companion(&address, AUTO);
    system.facts().await.unwrap();
    assert_eq!(system.check_past(&[mark(100, 99), "everything".into()]), Ok(()));
    let error = system.check_past(&[mark(90, 101)]).unwrap_err();
    assert!(error.to_string().contains("was restored or copied: its versions end at 100"), "{error}");
    let error = system.changes(&query("vendors", Cursor::Since(mark(101, 90)))).await.unwrap_err();
    assert!(matches!(error, SystemError::Restored { .. }), "{error:?}");
}

/// I3: a create carries our id, and a look by it tells our own earlier one from another row with the same number.
#[tokio::test]
async fn a_create_that_landed_before_is_told_from_a_number_that_is_taken() {
    for (found, expected) in [(200, "AlreadyThere"), (404, "DuplicateKey")] {
        let (address, _) = serve(move |asked| {
            if !asked.is("POST /own/$batch") {
                return beginning(asked);
            }
            let is_create = asked.text.contains(r#""method":"POST""#);
            assert_eq!(asked.text.contains(&format!(r#""id":"{A}""#)), is_create, "{}", asked.text);
            match (is_create, found) {
                (true, _) => parts(&[(400, error("Internal_EntityWithSameKeyExists"))]),
                (false, 200) => parts(&[(200, vendor(A, "Acme", 7))]),
                (false, _) => parts(&[(404, error("Internal_RecordNotFound"))]),
            }
        });
        let system = with_companion(&address, AUTO);
        assert!(system.describe(&"vendors".into()).await.unwrap().abilities.takes_ids);
        let outcomes = system.write(&[create("vendors", Some(A), "displayName")]).await;
        assert!(format!("{:?}", outcomes[0]).starts_with(expected), "{:?}", outcomes[0]);
    }
}

/// Each refusal of the contract, for a create, an update and a delete.
#[tokio::test]
async fn each_refusal_has_its_meaning() {
    let refused = ["Refused"; 3];
    let cases = [
        (400, "BadRequest_InvalidOperation", refused),
        (400, "Application_DialogException", refused),
        (400, "Internal_InvalidTableRelation", refused),
        (400, "Application_FieldValidationException", refused),
        (400, "BadRequest", refused),
        (405, "BadRequest_MethodNotAllowed", refused),
        (400, "BadRequest_InvalidToken", refused),
        (409, "Request_EntityChanged", ["Refused", "Stale", "Stale"]),
        (409, "Internal_ServerError", ["RowBusy"; 3]),
        (404, "Internal_RecordNotFound", ["Refused", "Missing", "Missing"]),
    ];
    for (status, code, expected) in cases {
        let (address, _) = serve(move |asked| {
            if !asked.is("POST /own/$batch") {
                return beginning(asked);
            }
            let requests = asked.text.matches("\"method\"").count();
            parts(&vec![(status, error(code)); requests])
        });
        let create = create("vendors", Some(A), "displayName");
        let writes = [create, update("vendors", B, "displayName", Value::text("x")), delete(C)];
        let outcomes = with_companion(&address, AUTO).write(&writes).await;
        for (outcome, expected) in outcomes.iter().zip(expected) {
            assert!(format!("{outcome:?}").starts_with(expected), "{status} {code}: {outcome:?}");
        }
    }
}

/// I8: without the extension everything answers 404, and nothing of it is a deletion.
#[tokio::test]
async fn a_404_counts_only_while_the_extension_is_there() {
    let looks = Mutex::new(0);
    let (address, _) = serve(move |asked| {
        if asked.line.contains("/syncState?") {
            let mut looks = looks.lock().unwrap();
            *looks += 1;
            return if *looks == 1 { state(100, 101) } else { nothing() };
        }
        match asked.is("POST /own/$batch") {
            true => parts(&[(404, error("Internal_RecordNotFound"))]),
            false => beginning(asked),
        }
    });
    let system = with_companion(&address, AUTO);
    let error = system.rows(&"vendors".into(), &columns(&[]), &[RowId::new(A)]).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let outcomes = system.write(&[delete(A)]).await;
    assert!(matches!(outcomes[0], WriteOutcome::NotApplied(_)), "{:?}", outcomes[0]);
}

/// What each answer to the probe means.
#[tokio::test]
async fn the_probe_tells_installed_from_missing_and_from_forbidden() {
    let facts = async |status: &'static str, body: &'static str, choice| {
        let (address, _) = serve(move |asked| match asked.line.contains("/syncState?") {
            true => answer(status, "", body),
            false => beginning(asked).or_else(nothing),
        });
        with_companion(&address, choice).facts().await.map(|_| ())
    };
    assert_eq!(facts("404 Not Found", "{}", AUTO).await, Ok(()));
    let error = facts("404 Not Found", "{}", CompanionChoice::Required).await.unwrap_err();
    assert!(
        matches!(&error, SystemError::Configuration { .. }) && error.to_string().contains("not installed")
    );
    let error = facts("403 Forbidden", "{}", AUTO).await.unwrap_err();
    assert!(matches!(&error, SystemError::Forbidden { .. }) && error.to_string().contains("TANDEM SYNC"));
    let error = facts("405 Method Not Allowed", "{}", AUTO).await.unwrap_err();
    assert!(error.to_string().contains("ApiServicesEnabled"), "{error}");
    assert!(facts("503 Service Unavailable", "", AUTO).await.unwrap_err().is_transient());
    for body in [r#"{"value":[]}"#, r#"{"value":[{"contractRevision":1}]}"#, "<html>"] {
        let error = facts("200 OK", body, AUTO).await.unwrap_err();
        assert!(matches!(error, SystemError::UnexpectedAnswer { .. }), "{error:?}");
    }
}

/// The server refuses to filter by what a page computes, so that such a search reads everything.
#[tokio::test]
async fn a_computed_column_is_never_filtered_by() {
    let (address, log) = serve(|asked| {
        if asked.line.contains("/vendors?") {
            let mut rows = [vendor(A, "Acme", 1), vendor(B, "Bos", 2)];
            rows[0]["currencyCode"] = json!("EUR");
            rows[1]["currencyCode"] = json!("USD");
            return ok(&json!({ "value": rows }));
        }
        beginning(asked)
    });
    let search = Search::Equals("currencyCode".into(), Value::text("EUR"));
    let found =
        with_companion(&address, AUTO).search(&"vendors".into(), &columns(&[]), &search).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(!log.lock().unwrap().iter().any(|line| line.contains("vendors") && line.contains("$filter")));
}

#[tokio::test]
async fn a_test_of_the_connection_tells_whether_it_is_installed() {
    for (is_installed, expected) in [(true, Verdict::Good), (false, Verdict::Warning)] {
        let (address, _) = serve(move |asked| match asked.line.contains("/syncState?") && !is_installed {
            true => nothing(),
            false => beginning(asked).or_else(nothing),
        });
        let findings = with_companion(&address, AUTO).examine(&BTreeMap::new()).await;
        let found = findings.iter().find(|finding| finding.check == Check::Companion).unwrap();
        assert_eq!(found.verdict, expected, "{found:?}");
    }
}
