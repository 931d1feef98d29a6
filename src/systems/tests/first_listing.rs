//! First listings that are asked to meet a condition, against scripted servers.

use super::*;
use crate::systems::odata_service::{METADATA, ODataService, ServiceTraits};

const RESOURCES: &str = r#"<Schema Namespace="Microsoft.NAV"><EntityType Name="resource"><Key><PropertyRef Name="id"/></Key>
    <Property Name="id" Type="Edm.Guid"/><Property Name="displayName" Type="Edm.String"/>
    <Property Name="rowVersion" Type="Edm.Int64"/></EntityType>
    <EntitySet Name="resources" EntityType="Microsoft.NAV.resource"/></Schema>"#;

fn wanted(table: &str, cursor: Cursor) -> ChangeQuery {
    ChangeQuery { filter: Some("displayName eq '7'".parse().unwrap()), ..query(table, cursor) }
}

/// Reads to the end; returns how many rows came and the watermark.
async fn read(system: &dyn System, mut asks: ChangeQuery) -> (usize, Cursor) {
    let mut rows = 0;
    loop {
        let page = system.changes(&asks).await.unwrap();
        rows += page.rows.len();
        match page.next {
            Next::Page(link) => asks.cursor = Cursor::Page(link),
            Next::Done(watermark) => return (rows, Cursor::Since(watermark)),
        }
    }
}

/// Returns the filters that rows were asked for with, each blank as one.
fn filters(log: &Log) -> Vec<String> {
    let log = log.lock().unwrap();
    let asked = log.iter().filter(|line| line.contains("$orderby"));
    let filter = |line: &String| {
        let filter = line.split("$filter=").nth(1).unwrap_or_default();
        filter.split('&').next().unwrap().replace("%20", " ").replace("%27", "'")
    };
    asked.map(filter).collect()
}

fn resource(version: i64) -> Json {
    json!({"@odata.etag": "1", "id": A, "displayName": "7", "rowVersion": version})
}

#[tokio::test]
async fn the_pages_of_a_first_listing_are_filtered_and_nothing_after_it() {
    let (address, log) = serve(|asked| {
        if asked.is("GET /api/$metadata") {
            return answer("200 OK", "", RESOURCES);
        }
        let next = "resources?$skiptoken=1";
        match asked.line.contains("rowVersion%20gt") {
            true => ok(&json!({"value": [resource(9)]})),
            false => ok(&json!({"value": [resource(8)], "@odata.nextLink": next})),
        }
    });
    let system = business_central(&address);
    let (rows, since) = read(&system, wanted("resources", Cursor::Start)).await;
    assert_eq!(rows, 2);
    read(&system, wanted("resources", since)).await;
    let condition = "displayName eq '7'";
    let expected =
        [condition.to_owned(), format!("rowVersion gt 8 and {condition}"), "rowVersion gt 9".to_owned()];
    assert_eq!(filters(&log), expected);
}

/// A service that refuses the condition is asked for everything.
#[tokio::test]
async fn a_condition_that_is_refused_is_given_up() {
    for status in ["400 Bad Request", "501 Not Implemented", "404 Not Found"] {
        let (address, log) = serve(move |asked| {
            if asked.is("GET /api/$metadata") {
                return answer("200 OK", "", RESOURCES);
            }
            match asked.line.contains("displayName%20eq") {
                true => {
                    answer(status, DATE, r#"{"error":{"code":"BadRequest_X","message":"no such filter"}}"#)
                }
                false => ok(&json!({"value": [resource(8)]})),
            }
        });
        let (rows, _) = read(&business_central(&address), wanted("resources", Cursor::Start)).await;
        assert_eq!(rows, 1);
        assert_eq!(filters(&log), ["displayName eq '7'", ""], "{status}");
    }
}

/// I25: a service that tells no stamps counts its pages off, so that a condition lasts no longer than one page.
#[tokio::test]
async fn a_listing_in_pages_that_are_counted_off_begins_anew_with_everything() {
    let (address, log) = serve(|asked| {
        if asked.is("GET /api/$metadata") {
            return answer("200 OK", "", METADATA);
        }
        let row = |id: u8| json!({"@odata.etag": "1", "ID": id, "Name": "7"});
        match asked.line.contains("$skip") {
            true => ok(&json!({"value": [row(3)]})),
            false => {
                let next = "Products?$orderby=ID&$skip=2";
                ok(&json!({"value": [row(1), row(2)], "@odata.nextLink": next}))
            }
        }
    });
    let traits = ServiceTraits {
        modified: None,
        company: None,
        unguarded: [].into(),
        page_size: 2,
        overlap: Duration::from_secs(300),
        settle: Duration::from_secs(600),
    };
    let system = ODataService::new(service(&address, BatchForm::None), traits);
    let filter = Some("Name eq '7'".parse().unwrap());
    let asks =
        ChangeQuery { table: "Products".into(), columns: columns(&["Name"]), cursor: Cursor::Start, filter };
    assert_eq!(read(&system, asks).await.0, 5);
    assert_eq!(filters(&log), ["Name eq '7'", "", ""]);
}

/// Change tracking takes no filter, and says so.
#[tokio::test]
async fn dataverse_is_asked_for_everything() {
    let (address, log) = serve(|asked| {
        dataverse_metadata(asked).or_else(|| match asked.line.contains("$filter=") {
            true => ok(&json!({"value": []})),
            false => ok(&json!({"value": [account(A, "7")], "@odata.deltaLink": "accounts?$deltatoken=1"})),
        })
    });
    let asks =
        ChangeQuery { filter: Some("name eq '7'".parse().unwrap()), ..query("accounts", Cursor::Start) };
    assert_eq!(read(&dataverse(&address), asks).await.0, 1);
    let log = log.lock().unwrap();
    assert!(log.iter().all(|line| !line.contains("name%20eq")), "{log:?}");
}
