//! The tables of each side and the mappings between them.

use tandem::model::{ColumnKind, Side, TableName};

use super::circumstances::Circumstances;

/// The key of every table.
pub const KEY: &str = "id";
/// A value both systems refuse to store when Tandem sends it.
pub const POISON: &str = "poison";
/// The tag of rows that were shown and never committed.
pub const PHANTOM: &str = "phantom";

/// The columns people edit, both ways the same name.
pub const EDITED: [&str; 5] = ["name", "phone", "street", "city", "note"];

pub fn customers(side: Side) -> TableName {
    TableName::new(match side {
        Side::Left => "customers",
        Side::Right => "accounts",
    })
}

pub fn currencies(side: Side) -> TableName {
    TableName::new(match side {
        Side::Left => "currencies",
        Side::Right => "transactioncurrencies",
    })
}

/// Made from the left customers, on the right.
pub fn cards() -> TableName {
    TableName::new("cards")
}

/// Returns the columns of a table: name, kind, and the table a reference points into.
pub fn columns(table: &TableName) -> Vec<(&'static str, ColumnKind, Option<&'static str>)> {
    let text = |name| (name, ColumnKind::Text, None);
    let id = (KEY, ColumnKind::Reference, None);
    match table.as_str() {
        "customers" | "accounts" => {
            let target = if table.as_str() == "customers" { "currencies" } else { "transactioncurrencies" };
            let mut columns = vec![
                id,
                text("number"),
                text("tag"),
                text("blocked"),
                ("currency", ColumnKind::Reference, Some(target)),
            ];
            columns.extend(EDITED.map(text));
            columns
        }
        "cards" => vec![id, text("number"), text("tag"), text("name"), text("phone")],
        _ => vec![id, text("code"), text("name")],
    }
}

const CURRENCY: &str = r#"
name = "CURRENCY"
label = "code"
match_by = [["code"]]
conflict = "left"
first_contact = "left"
[left]
table = "currencies"
[right]
table = "transactioncurrencies"
create = true
[[field]]
id = "code"
left = "code"
right = "code"
direction = "match"
type = "code"
on_create = "right"
[[field]]
id = "name"
left = "name"
right = "name"
direction = "->"
"#;

const NUMBER: &str = r#"
[[field]]
id = "number"
left = "number"
right = "number"
direction = "match"
type = "code"
on_create = "right"
"#;

/// Returns the mappings.
pub fn mappings(circumstances: &Circumstances) -> Vec<(&'static str, String)> {
    let mut mappings = vec![("CURRENCY", CURRENCY.to_owned()), ("CUSTOMER", customer(circumstances))];
    if circumstances.has_cards {
        mappings.push(("CARD", card(circumstances)));
    }
    mappings
}

fn customer(circumstances: &Circumstances) -> String {
    let filter = if circumstances.has_filter { "filter = \"blocked eq ''\"" } else { "" };
    let deletion = circumstances.deletion;
    let match_by = if circumstances.matches_tags { "[[\"number\"], [\"tag\"]]" } else { "[[\"number\"]]" };
    let mut text = format!(
        r#"
name = "CUSTOMER"
label = "name"
match_by = {match_by}
conflict = "ask"
first_contact = "ask"
deletion = "{deletion}"
depends_on = ["CURRENCY"]
[left]
table = "customers"
create = true
{filter}
[right]
table = "accounts"
create = true
{filter}
{NUMBER}
[[field]]
id = "currency"
left = "currency"
right = "currency"
direction = "<->"
type = "lookup"
lookup = "CURRENCY"
"#
    );
    let fields = [
        ("tag", "<->", ""),
        ("name", "<->", ""),
        ("phone", "<->", ""),
        ("street", "<->", "group = \"address\""),
        ("city", "<->", "type = \"code\"\ngroup = \"address\""),
        ("note", "->", ""),
    ];
    for (name, direction, more) in fields {
        text.push_str(&field(name, direction, more));
    }
    text
}

fn card(circumstances: &Circumstances) -> String {
    let deletion = if circumstances.deletion == "delete" { "delete" } else { "ignore" };
    let mut text = format!(
        r#"
name = "CARD"
label = "name"
match_by = [["number"]]
conflict = "left"
first_contact = "left"
deletion = "{deletion}"
[left]
table = "customers"
[right]
table = "cards"
create = true
{NUMBER}
"#
    );
    for name in ["tag", "name", "phone"] {
        text.push_str(&field(name, "->", ""));
    }
    text
}

fn field(name: &str, direction: &str, more: &str) -> String {
    format!(
        "[[field]]\nid = \"{name}\"\nleft = \"{name}\"\nright = \"{name}\"\ndirection = \"{direction}\"\n{more}\n"
    )
}
