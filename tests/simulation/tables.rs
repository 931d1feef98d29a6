//! The two tables of each side and the mappings between them.

use tandem::model::{ColumnKind, Side, TableName};

/// The key of every table.
pub const KEY: &str = "id";
/// A value both systems refuse to store when Tandem sends it.
pub const POISON: &str = "poison";

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

/// Returns the columns of a table: name, kind, and the table a reference points into.
pub fn columns(table: &TableName) -> Vec<(&'static str, ColumnKind, Option<&'static str>)> {
    let text = |name| (name, ColumnKind::Text, None);
    let id = (KEY, ColumnKind::Reference, None);
    match table.as_str() {
        "customers" | "accounts" => {
            let target = if table.as_str() == "customers" { "currencies" } else { "transactioncurrencies" };
            let mut columns =
                vec![id, text("number"), text("tag"), ("currency", ColumnKind::Reference, Some(target))];
            columns.extend(EDITED.map(text));
            columns
        }
        _ => vec![id, text("code"), text("name")],
    }
}

/// Returns the mappings; `deletion` says what becomes of rows deleted on one side.
pub fn mappings(deletion: &str) -> [(&'static str, String); 2] {
    let currency = r#"
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
    let mut customer = format!(
        r#"
name = "CUSTOMER"
label = "name"
match_by = [["number"]]
conflict = "ask"
first_contact = "ask"
deletion = "{deletion}"
depends_on = ["CURRENCY"]
[left]
table = "customers"
create = true
[right]
table = "accounts"
create = true
[[field]]
id = "number"
left = "number"
right = "number"
direction = "match"
type = "code"
on_create = "right"
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
        customer.push_str(&format!(
            "[[field]]\nid = \"{name}\"\nleft = \"{name}\"\nright = \"{name}\"\ndirection = \"{direction}\"\n{more}\n"
        ));
    }
    [("CURRENCY", currency.to_owned()), ("CUSTOMER", customer)]
}
