//! What a run did, or would do: the lines first, then an empty line and the summary. `plan` and `sync` print the same.

use std::fmt::Write as _;

use crate::agent::{HeldRow, Line, MappingReport, RunReport};
use crate::model::Side;

use super::exit_code::ExitCode;
use super::output::{Output, in_one_line};
use super::report::{brakes_text, failures_text};
use super::table::{counted, table};

/// Prints a report, and what failed beside it. Returns how the command ends.
pub(super) fn show(output: Output, report: &RunReport) -> ExitCode {
    output.show(report, render);
    notes(output, report)
}

/// Prints what a run would do: first the rows that are not sent for their business keys. Returns how the command ends.
pub(super) fn show_plan(output: Output, report: &RunReport) -> ExitCode {
    output.show(report, |report| match held(&report.held_for_key) {
        held if held.is_empty() => render(report),
        held => format!("{held}\n{}", render(report)),
    });
    notes(output, report)
}

/// Writes the rows that nothing is made from, for their business keys.
pub(super) fn held(rows: &[HeldRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let row = |held: &HeldRow| {
        [&held.mapping, &held.connection, &held.row, &held.reason].map(|text| in_one_line(text)).to_vec()
    };
    let count = counted(rows.len() as u64, "row");
    format!("not sent, {count}:\n{}\n", table(&["mapping", "in", "row", "because it"], rows.iter().map(row)))
}

/// Prints what failed in a run and what waits for a person. Returns how the command ends.
pub(super) fn notes(output: Output, report: &RunReport) -> ExitCode {
    let text = failures_text(&report.failures) + &brakes_text(&report.brakes);
    if !output.json && !text.is_empty() {
        output.note(&text);
    }
    ExitCode::of_run(&report.failures, !report.brakes.is_empty())
}

/// Writes a report for people.
fn render(report: &RunReport) -> String {
    let mut done = lines(&report.lines);
    if report.lines_left_out > 0 {
        let _ = writeln!(done, "… and {} that are not listed", counted(report.lines_left_out, "line"));
    }
    match (done.is_empty(), summary(&report.mappings)) {
        (false, summary) if !summary.is_empty() => format!("{done}\n{summary}"),
        (_, summary) => done + &summary,
    }
}

/// Writes one line for each thing done to a row.
pub(super) fn lines(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", in_one_line(&line.to_string()));
        text
    })
}

/// Writes the counts of each mapping, one line for each of its two systems, then the rows left alone with the reasons.
pub(super) fn summary(mappings: &[MappingReport]) -> String {
    if mappings.is_empty() {
        return String::new();
    }
    let mut text =
        table(&HEADINGS, mappings.iter().flat_map(|report| Side::BOTH.map(|side| row(report, side))));
    text.push('\n');
    for report in mappings {
        if report.refused > 0 {
            let _ = writeln!(text, "refused in {}: {}", report.mapping, counted(report.refused, "row"));
        }
        for (reason, count) in &report.left_alone {
            let rows = counted(*count, "row");
            let _ = writeln!(text, "left alone in {}: {rows}, {}", report.mapping, in_one_line(reason));
        }
    }
    text
}

const HEADINGS: [&str; 9] =
    ["mapping", "in", "read#", "created#", "updated#", "deleted#", "coupled#", "conflicts#", "left alone#"];

/// What belongs to both systems stands in the first line only.
fn row(report: &MappingReport, side: Side) -> Vec<String> {
    let system = match side {
        Side::Left => &report.left,
        Side::Right => &report.right,
    };
    let once = |text: String| if side == Side::Left { text } else { String::new() };
    vec![
        once(report.mapping.clone()),
        system.clone(),
        report.read[side].to_string(),
        report.created[side].to_string(),
        report.updated[side].to_string(),
        report.deleted[side].to_string(),
        once(report.coupled.to_string()),
        once(report.conflicts_raised.to_string()),
        once(report.left_alone.values().sum::<u64>().to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::agent::{FieldLine, LineAction};
    use crate::model::Pair;

    fn report() -> RunReport {
        let line = |action, on: Option<&str>, row: &str, fields| Line {
            mapping: "CUSTOMER".to_owned(),
            action,
            on: on.map(str::to_owned),
            row: row.to_owned(),
            fields,
            note: None,
        };
        let phone = FieldLine {
            field: "phone".to_owned(),
            before: Some("\"030\"".to_owned()),
            after: "\"031\nx\"".to_owned(),
        };
        let mapping = MappingReport {
            mapping: "ITEM-PRODUCT".to_owned(),
            left: "business-central".to_owned(),
            right: "dataverse".to_owned(),
            read: Pair::new(104_077, 104_093),
            coupled: 103_911,
            refused: 2,
            created: Pair::new(100_040, 100_032),
            updated: Pair::new(100_003, 104_001),
            left_alone: BTreeMap::from([("several rows match".to_owned(), 3), ("deleted".to_owned(), 1)]),
            ..MappingReport::default()
        };
        RunReport {
            run: None,
            lines: vec![
                line(LineAction::Couple, None, "Alfreds Futterkiste", vec![]),
                line(LineAction::Update, Some("dataverse"), "Bólido", vec![phone]),
            ],
            lines_left_out: 0,
            rows_read: 208_170,
            mappings: vec![mapping],
            is_partial: false,
            held_for_key: vec![],
            failures: vec![],
            brakes: vec![],
        }
    }

    #[test]
    fn the_lines_come_first_and_the_summary_after_an_empty_line() {
        insta::assert_snapshot!(render(&report()), @r#"
        couple   CUSTOMER      Alfreds Futterkiste
        update   CUSTOMER      Bólido in dataverse: phone "030" -> "031\nx"

        mapping       in                  read  created  updated  deleted  coupled  conflicts  left alone
        ─────────────────────────────────────────────────────────────────────────────────────────────────
        ITEM-PRODUCT  business-central  104077   100040   100003        0   103911          0           4
                      dataverse         104093   100032   104001        0
        refused in ITEM-PRODUCT: 2 rows
        left alone in ITEM-PRODUCT: 1 row, deleted
        left alone in ITEM-PRODUCT: 3 rows, several rows match
        "#);
    }

    #[test]
    fn rows_held_for_their_keys_are_listed_in_at_most_100_columns() {
        let row = |row: &str, reason: &str| HeldRow {
            mapping: "prospect-to-cash/accounts/out".to_owned(),
            connection: "dataverse".to_owned(),
            row: row.to_owned(),
            id: "1".to_owned(),
            key: None,
            reason: reason.to_owned(),
        };
        let rows = [
            row("Alfreds Futterkiste", "has no business key (number)"),
            row("A Datum", "shares its business key us-001 with 2 other rows"),
        ];
        let text = held(&rows);
        assert!(text.starts_with("not sent, 2 rows:\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert_eq!(held(&[]), "");
    }

    #[test]
    fn tables_are_at_most_100_columns_wide() {
        let text = summary(&report().mappings);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}
