//! `$metadata` as CSDL: every table, its columns, lookups and sets.

use std::fmt::Write;

use super::schema::{Kind, Table};

/// Returns the CSDL of the tables.
pub(super) fn document(tables: &[Table]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\
         <edmx:DataServices><Schema Namespace=\"Microsoft.Dynamics.CRM\" Alias=\"mscrm\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n",
    );
    for table in tables {
        push_type(&mut text, table, tables);
    }
    text.push_str("<EntityContainer Name=\"System\">\n");
    for table in tables {
        push_set(&mut text, table, tables);
    }
    text.push_str("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>\n");
    text
}

/// Writing to a string cannot fail.
macro_rules! push {
    ($text:expr, $($argument:tt)*) => {{
        let _ = writeln!($text, $($argument)*);
    }};
}

fn push_type(text: &mut String, table: &Table, tables: &[Table]) {
    push!(
        text,
        "<EntityType Name=\"{}\"><Key><PropertyRef Name=\"{}\"/></Key>",
        table.logical_name,
        table.primary_id
    );
    for column in &table.columns {
        let facets = match column.kind {
            Kind::Text { max } | Kind::Memo { max } => {
                format!(" MaxLength=\"{max}\" Unicode=\"true\"")
            }
            Kind::Decimal { precision } => format!(" Scale=\"{precision}\""),
            Kind::Money { .. } | Kind::MoneyBase(_) => " Scale=\"4\"".to_owned(),
            _ => String::new(),
        };
        push!(text, "<Property Name=\"{}\" Type=\"{}\"{facets}/>", column.property, column.kind.edm());
    }
    for (navigation, column, target) in navigations(table, tables) {
        push!(
            text,
            "<NavigationProperty Name=\"{navigation}\" Type=\"mscrm.{}\" Nullable=\"true\"><ReferentialConstraint Property=\"{column}\" ReferencedProperty=\"{}\"/></NavigationProperty>",
            target.logical_name,
            target.primary_id
        );
    }
    for (navigation, other) in collections(table, tables) {
        push!(
            text,
            "<NavigationProperty Name=\"{navigation}\" Type=\"Collection(mscrm.{})\"/>",
            other.logical_name
        );
    }
    push!(text, "</EntityType>");
}

fn push_set(text: &mut String, table: &Table, tables: &[Table]) {
    push!(
        text,
        "<EntitySet Name=\"{}\" EntityType=\"Microsoft.Dynamics.CRM.{}\">",
        table.set,
        table.logical_name
    );
    for (navigation, _, target) in navigations(table, tables) {
        push!(text, "<NavigationPropertyBinding Path=\"{navigation}\" Target=\"{}\"/>", target.set);
    }
    for (navigation, other) in collections(table, tables) {
        push!(text, "<NavigationPropertyBinding Path=\"{navigation}\" Target=\"{}\"/>", other.set);
    }
    if table.change_tracking {
        push!(
            text,
            "<Annotation Term=\"Org.OData.Capabilities.V1.ChangeTracking\"><Record><PropertyValue Property=\"Supported\" Bool=\"true\"/></Record></Annotation>"
        );
    }
    push!(text, "</EntitySet>");
}

/// Returns navigation, property and target of the lookups whose target exists; an owner is shown as a user.
fn navigations<'a>(table: &'a Table, tables: &'a [Table]) -> Vec<(String, &'a str, &'a Table)> {
    let mut found: Vec<(String, &str, &Table)> = Vec::new();
    for (position, column) in table.columns.iter().enumerate() {
        for target in table.targets(position) {
            let named = tables.iter().find(|table| table.logical_name == target.table);
            let twice = found.iter().any(|(navigation, _, _)| *navigation == target.navigation);
            if let Some(named) = named.filter(|_| !twice) {
                found.push((target.navigation, column.property.as_str(), named));
            }
        }
    }
    found
}

/// Returns navigation and table of the rows that refer to a table's.
fn collections<'a>(table: &'a Table, tables: &'a [Table]) -> impl Iterator<Item = (String, &'a Table)> {
    tables.iter().flat_map(move |other| {
        let lookups = (0..other.columns.len()).flat_map(|position| other.targets(position));
        let ours = lookups.filter(|target| target.table == table.logical_name);
        ours.map(move |target| (target.collection, other))
    })
}
