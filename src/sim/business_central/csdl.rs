//! `$metadata` as CSDL: every set with types and lengths.

use std::fmt::Write;

use super::schema::{Column, Kind, Set};

/// Writing to a string cannot fail.
macro_rules! push {
    ($text:expr, $($argument:tt)*) => {{
        let _ = writeln!($text, $($argument)*);
    }};
}

/// Returns the CSDL of the sets.
pub(super) fn document<'a>(sets: impl IntoIterator<Item = &'a Set>) -> String {
    let sets: Vec<_> = sets.into_iter().collect();
    let sets = sets.as_slice();
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\
         <edmx:DataServices><Schema Namespace=\"Microsoft.NAV\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n",
    );
    for set in sets {
        push_type(&mut text, set, sets);
    }
    for (name, members) in enums(sets) {
        push!(text, "<EnumType Name=\"{name}\">");
        for (value, member) in members.iter().enumerate() {
            push!(text, "<Member Name=\"{member}\" Value=\"{value}\"/>");
        }
        push!(text, "</EnumType>");
    }
    push!(text, "<EntityContainer Name=\"NAV\">");
    for set in sets {
        push!(text, "<EntitySet Name=\"{}\" EntityType=\"Microsoft.NAV.{}\"/>", set.name, set.entity);
    }
    push!(text, "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>");
    text
}

fn push_type(text: &mut String, set: &Set, sets: &[&Set]) {
    push!(text, "<EntityType Name=\"{}\"><Key><PropertyRef Name=\"id\"/></Key>", set.entity);
    for column in set.columns.iter().filter(|column| column.kind.is_shown()) {
        push_property(text, column);
    }
    for column in &set.columns {
        let Kind::Reference(target) = column.kind else {
            continue;
        };
        let Some(target) = sets.iter().find(|set| set.name == target) else {
            continue;
        };
        push!(
            text,
            "<NavigationProperty Name=\"{0}\" Type=\"Microsoft.NAV.{0}\"><ReferentialConstraint Property=\"{1}\" ReferencedProperty=\"id\"/></NavigationProperty>",
            target.entity,
            column.name
        );
    }
    if set.name == "companies" {
        for contained in sets.iter().filter(|set| set.name != "companies") {
            push!(
                text,
                "<NavigationProperty Name=\"{}\" Type=\"Collection(Microsoft.NAV.{})\" ContainsTarget=\"true\"/>",
                contained.name,
                contained.entity
            );
        }
    }
    push!(text, "</EntityType>");
}

fn push_property(text: &mut String, column: &Column) {
    let nullable = if column.name == "id" { " Nullable=\"false\"" } else { "" };
    let length = column.kind.max_length().map(|max| format!(" MaxLength=\"{max}\"")).unwrap_or_default();
    let scale = if column.kind.edm() == "Edm.Decimal" { " Scale=\"Variable\"" } else { "" };
    let start =
        format!("<Property Name=\"{}\" Type=\"{}\"{nullable}{length}{scale}", column.name, column.kind.edm());
    if column.read_only {
        push!(text, "{start}><Annotation Term=\"Org.OData.Core.V1.Computed\" Bool=\"true\"/></Property>");
    } else {
        push!(text, "{start}/>");
    }
}

fn enums(sets: &[&Set]) -> Vec<(&'static str, &'static [&'static str])> {
    let mut found: Vec<(&str, &[&str])> = Vec::new();
    for column in sets.iter().flat_map(|set| &set.columns) {
        if let Kind::Enum(name, members) = column.kind
            && !found.iter().any(|(other, _)| *other == name)
        {
            found.push((name, members));
        }
    }
    found
}
