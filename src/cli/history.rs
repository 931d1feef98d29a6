//! `tandem history`: the latest runs, and what one run did.

use std::fmt::Write as _;

use crate::agent::{Command, EntryView, Reply, RunView};

use super::arguments::HistoryArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::output::in_one_line;
use super::reach::{ask, unexpected};
use super::report::CommandError;
use super::table::{moment, table};

/// Lists runs, or shows one.
pub(super) async fn history(
    context: &Context,
    arguments: &HistoryArguments,
) -> Result<ExitCode, CommandError> {
    let command = match arguments.run {
        Some(run) => Command::Run { run },
        None => Command::History { limit: arguments.limit },
    };
    match ask(context, &command).await? {
        Reply::Runs(runs) => context.output.show(&runs, |runs| list(runs)),
        Reply::Run(run) => context.output.show(&run, detail),
        _ => return Err(unexpected()),
    }
    Ok(ExitCode::Success)
}

const HEADINGS: [&str; 10] = [
    "run#",
    "started (UTC)",
    "by",
    "coupled#",
    "created#",
    "updated#",
    "deleted#",
    "conflicts#",
    "refused#",
    "failed#",
];

fn list(runs: &[RunView]) -> String {
    if runs.is_empty() {
        return "There was no run yet.".to_owned();
    }
    table(&HEADINGS, runs.iter().map(row))
}

fn row(run: &RunView) -> Vec<String> {
    vec![
        run.run.to_string(),
        moment(run.started_at),
        run.trigger.clone(),
        run.coupled.to_string(),
        run.created.to_string(),
        run.updated.to_string(),
        run.deleted.to_string(),
        run.conflicts_raised.to_string(),
        run.refused.to_string(),
        run.failures.len().to_string(),
    ]
}

fn detail(run: &RunView) -> String {
    let mut text = table(&HEADINGS, [row(run)]);
    text.push('\n');
    for entry in &run.entries {
        let _ = writeln!(text, "{}", in_one_line(&entry_text(entry)));
    }
    for failure in &run.failures {
        let _ = writeln!(text, "failed: {}", in_one_line(failure));
    }
    text
}

/// Writes one line of the journal.
pub(super) fn entry_text(entry: &EntryView) -> String {
    let EntryView { mapping, action, on, row, cause, outcome, .. } = entry;
    let mut text = format!("{} {action:<8} {mapping:<13} {row} in {on}", moment(entry.at));
    for (index, field) in entry.fields.iter().enumerate() {
        text.push_str(if index == 0 { ": " } else { ", " });
        let before = field.before.as_ref().map_or_else(String::new, |before| format!("{before} -> "));
        let _ = write!(text, "{} {before}{}", field.field, field.after);
    }
    let _ = write!(text, " ({cause}; {outcome})");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::FieldLine;

    #[test]
    fn a_run_is_shown_with_what_it_did() {
        let at = "2026-01-31T10:00:00Z".parse().unwrap();
        let entry = EntryView {
            run: 1012,
            at,
            mapping: "CUSTOMER".to_owned(),
            action: "update".to_owned(),
            on: "dataverse".to_owned(),
            row: "Alfreds Futterkiste".to_owned(),
            cause: "edited in business-central".to_owned(),
            fields: vec![FieldLine {
                field: "phone".to_owned(),
                before: Some("\"030-0\"".to_owned()),
                after: "\"030-1\"".to_owned(),
            }],
            outcome: "written".to_owned(),
        };
        let run = RunView {
            run: 1012,
            started_at: at,
            finished_at: Some(at),
            trigger: "schedule".to_owned(),
            coupled: 0,
            created: 0,
            updated: 100_000,
            deleted: 0,
            conflicts_raised: 0,
            conflicts_settled: 0,
            refused: 0,
            failures: vec![],
            entries: vec![entry],
        };
        assert!(list(std::slice::from_ref(&run)).lines().all(|line| line.chars().count() <= 100));
        insta::assert_snapshot!(detail(&run), @r#"
         run  started (UTC)        by        coupled  created  updated  deleted  conflicts  refused  failed
        ───────────────────────────────────────────────────────────────────────────────────────────────────
        1012  2026-01-31 10:00:00  schedule        0        0   100000        0          0        0       0
        2026-01-31 10:00:00 update   CUSTOMER      Alfreds Futterkiste in dataverse: phone "030-0" -> "030-1" (edited in business-central; written)
        "#);
    }
}
