//! Any OData service, without batches: the conversations that no single value shows.

use super::*;
use crate::systems::odata_service::{METADATA, ODataService, ServiceTraits};

fn traits() -> ServiceTraits {
    ServiceTraits {
        modified: Some("Changed".into()),
        company: None,
        unguarded: [].into(),
        page_size: 2,
        overlap: Duration::from_secs(300),
        settle: Duration::from_secs(600),
    }
}

fn odata(address: &str, traits: ServiceTraits) -> ODataService {
    ODataService::new(service(address, BatchForm::None), traits)
}

fn metadata(asked: &Asked<'_>) -> Option<String> {
    asked.is("GET /api/$metadata").then(|| answer("200 OK", "", METADATA))?
}

fn product(id: u8, name: &str, changed: &str) -> Json {
    json!({"@odata.etag": format!("W/\"{id}\""), "ID": id, "Name": name, "Changed": changed})
}

fn asks(table: &str, column: &str, cursor: Cursor) -> ChangeQuery {
    ChangeQuery { table: table.into(), columns: columns(&[column]), cursor, filter: None }
}

#[tokio::test]
async fn changes_are_read_by_the_modified_column() {
    let (address, log) = serve(|asked| {
        metadata(asked).or_else(|| match asked.line.contains("$filter") {
            true => ok(&json!({"value": []})),
            false => ok(&json!({"value": [product(7, "Tea", "2026-11-21T10:00:00Z")]})),
        })
    });
    let system = odata(&address, traits());
    let page = system.changes(&asks("Products", "Name", Cursor::Start)).await.unwrap();
    let row = page.rows[0].as_ref().unwrap();
    assert_eq!((row.id.as_str(), row.version.as_ref().unwrap().as_str()), ("7", "W/\"7\""));
    let Next::Done(watermark) = page.next else { panic!("more pages") };
    system.changes(&asks("Products", "Name", Cursor::Since(watermark))).await.unwrap();
    let log = log.lock().unwrap();
    assert_eq!(log[1], "GET /api/Products?$select=ID,Changed,Name&$orderby=Changed,ID");
    let filter = "$filter=Changed%20ge%202026-11-21T09:55:00Z";
    assert_eq!(log[2], format!("GET /api/Products?$select=ID,Changed,Name&{filter}&$orderby=Changed,ID"));
}

#[tokio::test]
async fn a_table_without_a_modified_column_is_read_whole_and_within_its_company() {
    let (address, log) = serve(|asked| {
        let row = json!({"@odata.etag": "1", "dataAreaId": "usmf", "account": "C-1", "name": "Acme"});
        metadata(asked).or_else(|| ok(&json!({ "value": [row] })))
    });
    let company = Some(("dataAreaId".to_owned(), "usmf".to_owned()));
    let mut service = service(&address, BatchForm::None);
    service.parameters = "cross-company=true".to_owned();
    let system = ODataService::new(service, ServiceTraits { company, ..traits() });
    let page = system.changes(&asks("Customers", "name", Cursor::Start)).await.unwrap();
    let id = page.rows[0].as_ref().unwrap().id.clone();
    assert_eq!(id.as_str(), r#"["usmf","C-1"]"#);
    let Next::Done(watermark) = page.next else { panic!("more pages") };
    let again = system.changes(&asks("Customers", "name", Cursor::Since(watermark.clone()))).await.unwrap();
    assert_eq!(again.next, Next::Done(watermark));
    system.rows(&"Customers".into(), &columns(&["name"]), std::slice::from_ref(&id)).await.unwrap();
    let search = Search::Equals("dataAreaId,account".into(), Value::Reference(id));
    let found = system.search(&"Customers".into(), &columns(&["name"]), &search).await.unwrap();
    assert_eq!(found.len(), 1);
    let log: Vec<String> = log.lock().unwrap().iter().map(|line| line.replace("%27", "'")).collect();
    let select = "$select=dataAreaId,account,name";
    let usmf = "$filter=dataAreaId%20eq%20'usmf'";
    let order = "$orderby=dataAreaId,account&cross-company=true";
    let whole = format!("GET /api/Customers?{select}&{usmf}&{order}");
    assert_eq!((&log[1], &log[2]), (&whole, &whole));
    let keyed = format!("GET /api/Customers(dataAreaId='usmf',account='C-1')?{select}&cross-company=true");
    assert_eq!(log[3], keyed);
    let both = format!("{usmf}%20and%20dataAreaId%20eq%20'usmf'%20and%20account%20eq%20'C-1'");
    assert_eq!(log[4], format!("GET /api/Customers?{select}&{both}&{order}"));
}

/// I2, where rows have no versions: read, compare, write.
#[tokio::test]
async fn without_versions_a_row_is_compared_right_before_its_write() {
    let (address, log) = serve(|asked| {
        if asked.is("PATCH") {
            assert!(!asked.text.to_lowercase().contains("if-match"));
            return answer("204 No Content", "", "");
        }
        let row = |id: u8, name: &str| json!({"ID": id, "Name": name});
        metadata(asked).or_else(|| match asked.line {
            "GET /api/Products(7)" => ok(&row(7, "Tea")),
            "GET /api/Products(8)" => ok(&row(8, "Edited")),
            "GET /api/Products(9)" => answer("404 Not Found", "", "{}"),
            _ => ok(&json!({"value": [row(7, "Tea"), row(8, "Rice"), row(9, "Salt")]})),
        })
    });
    let system =
        odata(&address, ServiceTraits { unguarded: ["Products".into()].into(), modified: None, ..traits() });
    let page = system.changes(&asks("Products", "Name", Cursor::Start)).await.unwrap();
    let writes: Vec<Write> = page
        .rows
        .into_iter()
        .map(|row| {
            let row = row.unwrap();
            let values = vec![("Name".into(), Value::text("New"))];
            let verb = Verb::Update { id: row.id, version: row.version.unwrap(), values };
            Write { table: "Products".into(), verb, returning: columns(&["Name"]) }
        })
        .collect();
    let outcomes = system.write(&writes).await;
    assert_eq!(outcomes[0], WriteOutcome::WrittenUnseen(Some(RowId::new("7"))));
    assert_eq!(outcomes[1..], [WriteOutcome::Stale, WriteOutcome::Missing]);
    assert_eq!(log.lock().unwrap().iter().filter(|line| line.starts_with("PATCH")).count(), 1);
}

/// I2: beside a table that is written without versions, others keep theirs.
#[tokio::test]
async fn only_tables_that_mappings_write_unguarded_are_read_whole() {
    let (address, log) = serve(|asked| {
        if asked.is("PATCH") {
            assert!(asked.text.to_lowercase().contains("if-match: w/\"7\""), "{}", asked.text);
            return answer("204 No Content", "", "");
        }
        let tea = product(7, "Tea", "2026-11-21T10:00:00Z");
        metadata(asked).or_else(|| match asked.line.contains("Categories") {
            true => ok(&json!({"value": [{"ID": 3}]})),
            false => ok(&json!({"value": [tea, {"ID": 8, "Name": "Rice", "Changed": null}]})),
        })
    });
    let unguarded = ["Categories".into()].into();
    let system = odata(&address, ServiceTraits { unguarded, ..traits() });
    let versions = async |table: &str, column: &str| {
        let page = system.changes(&asks(table, column, Cursor::Start)).await.unwrap();
        page.rows.into_iter().map(|row| row.unwrap().version).collect::<Vec<_>>()
    };
    assert!(versions("Categories", "ID").await[0].as_ref().unwrap().is_content());
    assert_eq!(versions("Products", "Name").await, [Some("W/\"7\"".into()), None]);
    let verb = Verb::Update { id: RowId::new("7"), version: "W/\"7\"".into(), values: vec![] };
    let write = Write { table: "Products".into(), verb, returning: columns(&["Name"]) };
    let outcomes = system.write(&[write]).await;
    assert_eq!(outcomes, [WriteOutcome::WrittenUnseen(Some(RowId::new("7")))]);
    let log = log.lock().unwrap();
    let whole = log.iter().filter(|line| line.starts_with("GET /api/Categories?$orderby")).count();
    let selected = log.iter().filter(|line| line.contains("/Products?$select=ID,Changed,Name&")).count();
    assert_eq!((whole, selected, log.iter().filter(|line| line.contains("Products(7)")).count()), (1, 1, 1));
}

fn new_product(name: &str) -> Write {
    let values = vec![("Name".into(), Value::text(name))];
    Write { table: "Products".into(), verb: Verb::Create { id: None, values }, returning: columns(&["Name"]) }
}

/// I3: a gateway that says 503 may have passed the write on before.
#[tokio::test]
async fn a_bare_503_leaves_a_single_write_in_doubt() {
    let (address, _) = serve(|asked| match asked.is("POST") {
        true => answer("503 Service Unavailable", "", "<html>"),
        false => metadata(asked),
    });
    let outcomes = odata(&address, traits()).write(&[new_product("a")]).await;
    assert!(matches!(outcomes[0], WriteOutcome::InDoubt(SystemError::Unavailable { .. })), "{outcomes:?}");
}

/// A write whose answer is lost is in doubt; what stands behind it is not sent.
#[tokio::test]
async fn behind_a_lost_answer_nothing_more_is_sent() {
    let (address, log) = serve(|asked| match asked.is("POST") {
        true => None,
        false => metadata(asked),
    });
    let outcomes = odata(&address, traits()).write(&["a", "b"].map(new_product)).await;
    assert!(matches!(outcomes[0], WriteOutcome::InDoubt(SystemError::Unreachable { .. })), "{outcomes:?}");
    assert!(matches!(outcomes[1], WriteOutcome::NotApplied(_)), "{outcomes:?}");
    assert_eq!(log.lock().unwrap().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn a_service_is_known_by_its_address_and_company() {
    let (address, _) = serve(|asked| {
        assert_eq!(asked.line, "GET /api/");
        ok(&json!({"value": []}))
    });
    let company = Some(("dataAreaId".to_owned(), "usmf".to_owned()));
    let facts = odata(&address, ServiceTraits { company, ..traits() }).facts().await.unwrap();
    assert_eq!((facts.identity, facts.display_name), (format!("{address}/api+usmf"), "usmf".to_owned()));
    assert!(facts.server_time.is_some());
}
