//! Generated filters of the whole language, on real tables of every kind of service.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;
use tandem::mapping::{Filter, FilterFunction, Operator};
use tandem::model::{ColumnKind, ColumnName, Row, RowId, Value};
use tandem::systems::{Examine, Listing};

use super::{AWKWARD, COMPANION, DATAVERSE, ODATA, Questioned, STANDARD, WEB_SERVICES, listing};

/// How many filters each table is read with.
const FILTERS: usize = 40;

const OPERATORS: [Operator; 6] = [
    Operator::Equal,
    Operator::NotEqual,
    Operator::Greater,
    Operator::GreaterOrEqual,
    Operator::Less,
    Operator::LessOrEqual,
];
const FUNCTIONS: [FilterFunction; 3] =
    [FilterFunction::Contains, FilterFunction::StartsWith, FilterFunction::EndsWith];

/// A column and what its rows hold, with what is close to that.
#[derive(Clone, Debug)]
struct Known {
    column: ColumnName,
    values: Vec<Value>,
}

/// Returns what is worth comparing a column with.
fn known(column: &ColumnName, kind: ColumnKind, rows: &BTreeMap<RowId, Row>) -> Known {
    let mut values: Vec<Value> = Vec::new();
    for value in rows.values().map(|row| &row.values[column]) {
        if !values.contains(value) && values.len() < 40 {
            values.push(value.clone());
        }
    }
    let near: Vec<Value> = values.iter().flat_map(near).collect();
    values.extend(near);
    values.push(Value::Blank);
    match kind {
        ColumnKind::Text => values.extend(AWKWARD.map(Value::text)),
        ColumnKind::Flag => values.extend([true, false].map(Value::Flag)),
        _ => {}
    }
    // What is of another kind is found in no row.
    values.extend([Value::text("x"), Value::Number(7.into()), Value::Flag(true)]);
    Known { column: column.clone(), values }
}

fn near(value: &Value) -> Vec<Value> {
    match value {
        Value::Text(text) => {
            let start: String = text.chars().take(3).collect();
            vec![
                Value::text(text.to_uppercase()),
                Value::text(text.to_lowercase()),
                Value::text(format!("{text} ")),
                Value::text(start),
            ]
        }
        Value::Number(number) => {
            vec![
                Value::Number(number + Decimal::new(1, 3)),
                Value::Number(-number),
                Value::Number(Decimal::ONE),
            ]
        }
        Value::Instant(moment) => {
            let by = std::time::Duration::from_millis(1);
            vec![Value::Instant(*moment + by), Value::Instant(*moment - by)]
        }
        Value::Date(date) => vec![Value::Date(date.tomorrow().unwrap())],
        Value::Blank | Value::Flag(_) | Value::Reference(_) | Value::Uncoupled(..) => Vec::new(),
    }
}

/// Any filter over some columns.
fn filters(columns: Vec<Known>) -> impl Strategy<Value = Filter> {
    let compare = (select(columns.clone()), select(OPERATORS.to_vec()), any::<prop::sample::Index>())
        .prop_map(|(known, operator, at)| {
            Filter::Compare(known.column.clone(), operator, at.get(&known.values).clone())
        });
    let function = (select(columns), select(FUNCTIONS.to_vec()), any::<prop::sample::Index>()).prop_map(
        |(known, function, at)| {
            let texts = known.values.iter().filter_map(|value| match value {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            });
            let texts: Vec<String> = texts.collect();
            Filter::Function(function, known.column, at.get(&texts).clone())
        },
    );
    let leaf = prop_oneof![4 => compare, 1 => function];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            3 => pair.clone().prop_map(|(one, other)| Filter::And(Box::new(one), Box::new(other))),
            3 => pair.prop_map(|(one, other)| Filter::Or(Box::new(one), Box::new(other))),
            1 => inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
}

fn accepted(rows: BTreeMap<RowId, Row>, filter: &Filter) -> BTreeMap<RowId, Row> {
    rows.into_iter().filter(|(_, row)| filter.accepts(row).unwrap()).collect()
}

/// What came of the filters of one table.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    matched: usize,
    spared: usize,
}

/// Reads a table with one filter after the other, as feeds do and as people do.
async fn check(questioned: &Questioned, connection: &str, table: &str, columns: &[&str]) -> Tally {
    let system = questioned.open(connection);
    let described = system.describe(&table.into()).await.unwrap();
    let columns = columns.iter().map(|name| ColumnName::new(*name));
    let columns: Vec<ColumnName> = columns.filter(|column| described.columns.contains_key(column)).collect();
    assert!(columns.len() > 3, "{connection} {table} has {columns:?}");
    let all = listing(system.as_ref(), table, &columns, None).await;
    assert!(all.len() > 3, "{connection} {table} has {} rows", all.len());
    let known = columns.iter().map(|column| known(column, described.columns[column].kind, &all)).collect();
    let (strategy, mut runner) = (filters(known), TestRunner::deterministic());
    let mut tally = Tally::default();
    for _ in 0..FILTERS {
        let generated = strategy.new_tree(&mut runner).unwrap().current();
        // As a mapping file has it.
        let filter: Filter = generated.to_string().parse().unwrap();
        let expected = accepted(all.clone(), &filter);
        questioned.log().clear();
        let read = listing(system.as_ref(), table, &columns, Some(filter.clone())).await;
        tally.sent += usize::from(is_asked(questioned, connection, table));
        tally.spared += all.len() - read.len();
        tally.matched += expected.len();
        assert_eq!(accepted(read, &filter), expected, "{connection} {table}: {filter}");
        let expected: Rows = expected.into_iter().map(|(id, row)| (id, row.values)).collect();
        assert_eq!(listed(system.as_ref(), table, &columns, filter.clone()).await, expected, "{filter}");
        let refused = questioned.refused.lock().unwrap();
        assert!(refused.is_empty(), "{connection} {table}: {filter}: {refused:?}");
    }
    tally
}

/// Returns whether a listing was asked with a condition, beside the range that the companion is always asked with.
fn is_asked(questioned: &Questioned, connection: &str, table: &str) -> bool {
    let filter = questioned.asked(table);
    filter.is_some_and(|filter| connection != COMPANION || filter.matches(" and ").count() > 1)
}

type Rows = BTreeMap<RowId, BTreeMap<ColumnName, Value>>;

/// Lists rows as people do: who changed them last is not part of it.
async fn listed(system: &dyn Examine, table: &str, columns: &[ColumnName], filter: Filter) -> Rows {
    let columns: BTreeSet<ColumnName> = columns.iter().cloned().collect();
    let listing = Listing { table: table.into(), columns, filter: Some(filter), most: 100_000 };
    let rows = system.list(&listing).await.unwrap();
    rows.into_iter().map(|row| (row.id, row.values)).collect()
}

const CUSTOMERS: [&str; 12] = [
    "number",
    "displayName",
    "addressLine1",
    "city",
    "phoneNumber",
    "creditLimit",
    "taxLiable",
    "currencyId",
    "currencyCode",
    "paymentTermsId",
    "blocked",
    "lastModifiedDateTime",
];
const ITEMS: [&str; 8] = [
    "number",
    "displayName",
    "type",
    "blocked",
    "inventory",
    "unitPrice",
    "itemCategoryCode",
    "lastModifiedDateTime",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn business_central_gives_what_a_whole_listing_gives() {
    let questioned = Questioned::start().await;
    for connection in [STANDARD, COMPANION] {
        for (table, columns) in [("customers", &CUSTOMERS[..]), ("items", &ITEMS[..])] {
            let tally = check(&questioned, connection, table, columns).await;
            assert!(
                tally.sent > 5 && tally.sent < FILTERS && tally.spared > 0,
                "{connection} {table} {tally:?}"
            );
            assert!(tally.matched > 0, "{connection} {table} {tally:?}");
        }
    }
    let orders = ["number", "customerNumber", "orderDate", "lastModifiedDateTime"];
    let tally = check(&questioned, STANDARD, "salesOrders", &orders).await;
    assert!(tally.sent > 5 && tally.spared > 0, "{tally:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web_services_give_what_a_whole_listing_gives() {
    let questioned = Questioned::start().await;
    for (table, columns) in [
        (
            "Customer",
            &["No", "Name", "Address", "City", "Credit_Limit_LCY", "Tax_Liable", "SystemModifiedAt"][..],
        ),
        (
            "Item",
            &["No", "Description", "Type", "Blocked", "Inventory", "Unit_Price", "SystemModifiedAt"][..],
        ),
    ] {
        let tally = check(&questioned, WEB_SERVICES, table, columns).await;
        assert!(tally.sent > 5 && tally.sent < FILTERS && tally.spared > 0, "{table} {tally:?}");
    }
}

/// The columns of tables of Dataverse, lookups left out: those have a name of their own on the wire.
const TABLES: [(&str, &[&str]); 3] = [
    (
        "accounts",
        &[
            "name",
            "accountnumber",
            "address1_line1",
            "telephone1",
            "creditlimit",
            "creditonhold",
            "statecode",
            "customertypecode",
            "modifiedon",
        ],
    ),
    ("contacts", &["fullname", "lastname", "birthdate", "statecode", "modifiedon"]),
    ("products", &["name", "productnumber", "price", "producttypecode", "statecode", "modifiedon"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_nothing_is_known_of_gives_what_a_whole_listing_gives() {
    let questioned = Questioned::start().await;
    for (table, columns) in TABLES {
        let tally = check(&questioned, ODATA, table, columns).await;
        assert!(tally.sent > 5 && tally.sent < FILTERS && tally.spared > 0, "{table} {tally:?}");
    }
}

/// A listing with change tracking takes no filter; what people list does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dataverse_gives_what_a_whole_listing_gives() {
    let questioned = Questioned::start().await;
    for (table, columns) in TABLES {
        let lookup: &[&str] = match table {
            "accounts" => &["primarycontactid"],
            "contacts" => &["parentcustomerid"],
            _ => &[],
        };
        let tally = check(&questioned, DATAVERSE, table, &[columns, lookup].concat()).await;
        assert_eq!((tally.sent, tally.spared), (0, 0), "{table}");
        assert!(tally.matched > 0, "{table}");
    }
}
