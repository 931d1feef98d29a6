//! What became of a sales document of API v2.0, by the documents in its place.

use super::*;
use crate::model::Became;
use crate::systems::{Fate, LastKnown};

const METADATA: &str = r#"<Schema Namespace="Microsoft.NAV">
    <EntityType Name="document"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/>
    <Property Name="number" Type="Edm.String"/><Property Name="orderNumber" Type="Edm.String"/>
    <Property Name="externalDocumentNumber" Type="Edm.String"/></EntityType>
    <EntitySet Name="salesQuotes" EntityType="Microsoft.NAV.document"/>
    <EntitySet Name="salesOrders" EntityType="Microsoft.NAV.document"/>
    <EntitySet Name="salesInvoices" EntityType="Microsoft.NAV.document"/>
    <EntitySet Name="salesShipments" EntityType="Microsoft.NAV.document"/>
    <EntitySet Name="customers" EntityType="Microsoft.NAV.document"/></Schema>"#;

fn last(values: &[(&str, Value)]) -> LastKnown {
    let values = values.iter().map(|(column, value)| ((*column).into(), value.clone())).collect();
    LastKnown { row: RowId::new(A), values }
}

/// Asks for the fate of a row. `there` holds sets, and the value by which each has a successor. Returns what was asked
/// for, too: the sets with their filters.
async fn ask(
    table: &str,
    values: &[(&str, Value)],
    there: &'static [(&str, &str, &str)],
) -> (Result<Fate, SystemError>, Vec<String>) {
    let (address, log) = serve(move |asked| {
        if asked.is("GET /api/$metadata") {
            return answer("200 OK", "", METADATA);
        }
        let found = there.iter().filter(|(set, ..)| asked.line.contains(&format!("/{set}?")));
        let rows: Vec<_> = found.map(|(_, column, value)| json!({"id": B, *column: value})).collect();
        ok(&json!({ "value": rows }))
    });
    let fate = business_central(&address).fate(&table.into(), &last(values)).await;
    let log = log.lock().unwrap();
    let part = |line: &String| {
        let (path, query) = line.split_once('?')?;
        let filter = query.split('&').find_map(|part| part.strip_prefix("$filter=")).unwrap_or("everything");
        Some(format!("{} {filter}", path.rsplit('/').next()?))
    };
    (fate, log.iter().filter_map(part).collect())
}

#[tokio::test]
async fn an_order_with_an_invoice_or_a_shipment_was_posted() {
    let number = [("number", Value::text("S'1"))];
    let (fate, asked) = ask("salesOrders", &number, &[("salesInvoices", "orderNumber", "S'1")]).await;
    assert_eq!(fate, Ok(Fate::Became(Became::Posted)));
    assert_eq!(asked, ["salesInvoices orderNumber%20eq%20%27S%27%271%27"]);
    let (fate, asked) = ask("salesOrders", &number, &[("salesShipments", "orderNumber", "s'1")]).await;
    assert_eq!(fate, Ok(Fate::Became(Became::Posted)));
    assert_eq!(asked.len(), 2);
    let (fate, asked) = ask("salesOrders", &number, &[("salesInvoices", "orderNumber", "S'12")]).await;
    assert_eq!((fate, asked.len()), (Ok(Fate::Deleted), 2), "the successor of another order");
}

/// What means something in a filter of Business Central is not left to it.
#[tokio::test]
async fn a_number_that_reads_like_a_filter_is_compared_here() {
    let number = [("number", Value::text("S*"))];
    let (fate, asked) = ask("salesOrders", &number, &[("salesInvoices", "orderNumber", "S12")]).await;
    assert_eq!(fate, Ok(Fate::Deleted));
    assert_eq!(asked, ["salesInvoices everything", "salesShipments everything"]);
}

#[tokio::test]
async fn a_quote_whose_external_number_lives_on_was_converted() {
    let external = [("number", Value::text("Q1")), ("externalDocumentNumber", Value::text("T-1"))];
    for there in [
        &[("salesOrders", "externalDocumentNumber", "T-1")],
        &[("salesInvoices", "externalDocumentNumber", "T-1")],
    ] {
        let (fate, _) = ask("salesQuotes", &external, there).await;
        assert_eq!(fate, Ok(Fate::Became(Became::Converted)));
    }
    let (fate, asked) = ask("salesQuotes", &external, &[]).await;
    assert_eq!((fate, asked.len()), (Ok(Fate::Deleted), 2));
    for blank in [Value::Blank, Value::text("")] {
        let (fate, asked) = ask("salesQuotes", &[("externalDocumentNumber", blank)], &[]).await;
        assert_eq!((fate, asked.len()), (Ok(Fate::Deleted), 0), "blank leads nowhere");
    }
}

#[tokio::test]
async fn what_would_tell_is_not_guessed() {
    for (table, values) in [
        ("salesOrders", [("externalDocumentNumber", Value::text("T-1"))]),
        ("salesOrders", [("number", Value::Blank)]),
        ("salesQuotes", [("number", Value::text("Q1"))]),
    ] {
        let (fate, asked) = ask(table, &values, &[]).await;
        assert_eq!(asked, Vec::<String>::new());
        assert!(
            matches!(&fate, Ok(Fate::CannotTell(text)) if text.contains("is not known; map sales")),
            "{fate:?}"
        );
    }
}

/// A posted invoice keeps its draft's id, and customers become nothing else.
#[tokio::test]
async fn rows_of_other_tables_that_are_gone_are_deleted() {
    for table in ["salesInvoices", "customers"] {
        let (fate, asked) = ask(table, &[("number", Value::text("1"))], &[]).await;
        assert_eq!((fate, asked), (Ok(Fate::Deleted), vec![]));
    }
}

#[tokio::test]
async fn a_question_that_fails_has_no_answer() {
    for (status, is_transient) in [("403 Forbidden", false), ("400 Bad Request", false), ("503 Busy", true)] {
        let (address, _) = serve(move |asked| match asked.is("GET /api/$metadata") {
            true => answer("200 OK", "", METADATA),
            false if asked.line.contains("/salesShipments?") => answer(status, "", "{}"),
            false => ok(&json!({"value": []})),
        });
        let number = last(&[("number", Value::text("S1"))]);
        let error = business_central(&address).fate(&"salesOrders".into(), &number).await.unwrap_err();
        assert_eq!(error.is_transient(), is_transient, "{error}");
    }
}
