//! `tandem rebaseline`: what a restored, copied or exchanged system holds, and going on with it.

use std::fmt::Write as _;
use std::io;

use crate::agent::{Command, DifferentRow, IdentityView, RebaselineMapping, RebaselineView, Reply};

use super::arguments::RebaselineArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::output::in_one_line;
use super::reach::{ask, unexpected};
use super::report::CommandError;
use super::sync::user_name;
use super::table::{counted, moment, table};

/// Shows what is found of a connection, and goes on from it where the person agrees.
pub(super) async fn rebaseline(
    context: &Context,
    arguments: &RebaselineArguments,
) -> Result<ExitCode, CommandError> {
    let view = send(context, &arguments.connection, arguments.yes.then(user_name)).await?;
    context.output.show(&view, render);
    if view.run.is_some() {
        return Ok(ExitCode::Success);
    }
    if context.output.can_ask() {
        context.output.note(&format!(
            "\nTo go on with this state, type {}; anything else leaves all as it is:",
            view.connection
        ));
        if typed() == view.connection {
            let done = send(context, &arguments.connection, Some(user_name())).await?;
            context.output.text(&done_text(&done));
            return Ok(ExitCode::Success);
        }
    }
    if !context.output.json {
        context.output.note(&format!(
            "\nNothing was changed. To go on with this state: tandem rebaseline {} --yes",
            view.connection
        ));
    }
    Ok(ExitCode::NeedsPerson)
}

async fn send(
    context: &Context,
    connection: &str,
    agreed_by: Option<String>,
) -> Result<RebaselineView, CommandError> {
    let command = Command::Rebaseline { connection: connection.to_owned(), agreed_by };
    match ask(context, &command).await? {
        Reply::Rebaseline(view) => Ok(*view),
        _ => Err(unexpected()),
    }
}

fn typed() -> String {
    let mut line = String::new();
    // A line that cannot be read agrees to nothing.
    let _ = io::stdin().read_line(&mut line);
    line.trim().to_owned()
}

fn render(view: &RebaselineView) -> String {
    let mut text = String::new();
    match &view.frozen {
        Some(frozen) => {
            let since = moment(frozen.since);
            let _ = writeln!(text, "Frozen since {since} UTC: {}\n", in_one_line(&frozen.problem));
        }
        None => {
            let _ = writeln!(text, "{} is not frozen.\n", view.connection);
        }
    }
    match &view.pinned {
        Some(pinned) if pinned.identity != view.found.identity => {
            let _ = writeln!(text, "was:  {}\nis:   {}\n", named(pinned), named(&view.found));
        }
        Some(_) | None => {
            let _ = writeln!(text, "It is {}.\n", named(&view.found));
        }
    }
    let headings =
        ["mapping", "table", "in step#", "as agreed#", "different#", "gone#", "unreadable#", "unknown#"];
    let _ = writeln!(text, "{}", table(&headings, view.mappings.iter().map(row)));
    if !view.different.is_empty() {
        text.push('\n');
    }
    for different in &view.different {
        let _ = writeln!(text, "{}", in_one_line(&difference(different)));
    }
    let total: u64 = view.mappings.iter().map(|mapping| mapping.different).sum();
    let left_out = total.saturating_sub(view.different.len() as u64);
    if left_out > 0 {
        let _ = writeln!(text, "… and {left_out} more");
    }
    if view.run.is_some() {
        let _ = write!(text, "\n{}", done_text(view));
    }
    text
}

fn named(identity: &IdentityView) -> String {
    match identity.name.as_str() {
        "" => identity.identity.clone(),
        name => format!("{} ({})", in_one_line(name), identity.identity),
    }
}

fn row(mapping: &RebaselineMapping) -> Vec<String> {
    let counts = [
        mapping.coupled,
        mapping.as_agreed,
        mapping.different,
        mapping.gone,
        mapping.unreadable,
        mapping.unknown,
    ];
    [mapping.mapping.clone(), mapping.table.clone()]
        .into_iter()
        .chain(counts.iter().map(ToString::to_string))
        .collect()
}

fn difference(different: &DifferentRow) -> String {
    let fields: Vec<_> = different
        .fields
        .iter()
        .map(|field| {
            let agreed = field.before.as_deref().unwrap_or("nothing");
            format!("{} is {}, agreed was {agreed}", field.field, field.after)
        })
        .collect();
    format!("different in {}: {}: {}", different.mapping, different.row, fields.join(", "))
}

fn done_text(view: &RebaselineView) -> String {
    let gone: u64 = view.mappings.iter().map(|mapping| mapping.gone).sum();
    let asked = if gone > 0 {
        format!(" You will be asked about the {} that are gone.", counted(gone, "row"))
    } else {
        String::new()
    };
    format!(
        "{} was rebaselined (number {} in `tandem history`).\nThe next run compares every row as at first contact.{asked}\n\
         To see what it would do: tandem plan",
        view.connection,
        view.run.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{FieldLine, FrozenView};

    fn view() -> RebaselineView {
        let identity = |identity: &str, name: &str| IdentityView {
            identity: identity.to_owned(),
            name: name.to_owned(),
        };
        let mapping = RebaselineMapping {
            mapping: "ITEM-PRODUCT".to_owned(),
            table: "products".to_owned(),
            coupled: 100_091,
            as_agreed: 100_087,
            different: 2,
            gone: 2,
            unreadable: 0,
            unknown: 14,
        };
        let phone =
            FieldLine { field: "price".to_owned(), before: Some("18".to_owned()), after: "17".to_owned() };
        RebaselineView {
            connection: "crm".to_owned(),
            frozen: Some(FrozenView {
                since: "2026-01-31T10:00:00Z".parse().unwrap(),
                problem: "crm was set back".to_owned(),
                remedy: "find out why".to_owned(),
            }),
            pinned: Some(identity("1", "Contoso")),
            found: identity("2", "Contoso (copy)"),
            mappings: vec![mapping],
            different: vec![DifferentRow {
                mapping: "ITEM-PRODUCT".to_owned(),
                row: "Chai".to_owned(),
                fields: vec![phone],
            }],
            run: None,
        }
    }

    #[test]
    fn what_is_found_is_shown_in_at_most_100_columns() {
        let text = render(&view());
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text, @r"
        Frozen since 2026-01-31 10:00:00 UTC: crm was set back

        was:  Contoso (1)
        is:   Contoso (copy) (2)

        mapping       table     in step  as agreed  different  gone  unreadable  unknown
        ────────────────────────────────────────────────────────────────────────────────
        ITEM-PRODUCT  products   100091     100087          2     2           0       14

        different in ITEM-PRODUCT: Chai: price is 17, agreed was 18
        … and 1 more
        ");
    }

    #[test]
    fn what_was_done_says_what_follows() {
        let text = render(&RebaselineView { run: Some(7), pinned: None, frozen: None, ..view() });
        assert!(text.starts_with("crm is not frozen.\n\nIt is Contoso (copy) (2)."), "{text}");
        assert!(
            text.contains("(number 7 in `tandem history`)") && text.contains("the 2 rows that are gone"),
            "{text}"
        );
    }
}
