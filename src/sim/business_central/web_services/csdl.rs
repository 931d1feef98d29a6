//! `$metadata` of the web services: one entity type for each page, in the namespace `NAV`, keyed by its primary key.

use std::fmt::Write;

use super::page::Page;

/// Returns the CSDL of the pages.
pub(super) fn document(pages: &[Page]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\
         <edmx:DataServices><Schema Namespace=\"NAV\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n",
    );
    text.push_str(
        "<EntityType Name=\"Company\"><Key><PropertyRef Name=\"Name\"/></Key>\
         <Property Name=\"Name\" Type=\"Edm.String\" Nullable=\"false\" MaxLength=\"30\"/>\
         <Property Name=\"Id\" Type=\"Edm.Guid\" Nullable=\"false\"/>\n",
    );
    for page in pages {
        let name = page.set.name;
        push(
            &mut text,
            format_args!(
                "<NavigationProperty Name=\"{name}\" Type=\"Collection(NAV.{name})\" ContainsTarget=\"true\"/>"
            ),
        );
    }
    push(&mut text, format_args!("</EntityType>"));
    for page in pages {
        push_type(&mut text, page);
    }
    push(
        &mut text,
        format_args!(
            "<EntityContainer Name=\"NAV\"><EntitySet Name=\"Company\" EntityType=\"NAV.Company\"/>"
        ),
    );
    for page in pages {
        push(&mut text, format_args!("<EntitySet Name=\"{0}\" EntityType=\"NAV.{0}\"/>", page.set.name));
    }
    push(&mut text, format_args!("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"));
    text
}

fn push_type(text: &mut String, page: &Page) {
    push(text, format_args!("<EntityType Name=\"{}\"><Key>", page.set.name));
    for key in &page.keys {
        push(text, format_args!("<PropertyRef Name=\"{key}\"/>"));
    }
    push(text, format_args!("</Key>"));
    for column in &page.set.columns {
        let kind = column.kind.edm();
        let nullable = if page.keys.contains(&column.name) { " Nullable=\"false\"" } else { "" };
        let length = column.kind.max_length().map(|max| format!(" MaxLength=\"{max}\"")).unwrap_or_default();
        let scale = if kind == "Edm.Decimal" { " Scale=\"Variable\"" } else { "" };
        let name = column.name;
        push(text, format_args!("<Property Name=\"{name}\" Type=\"{kind}\"{nullable}{length}{scale}/>"));
    }
    push(text, format_args!("</EntityType>"));
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}
