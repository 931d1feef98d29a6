//! What a run did, or would do: the lines first, then an empty line and the summary. `plan` and `sync` print the same.

use std::fmt::Write as _;

use crate::agent::{Line, MappingReport, RunReport};
use crate::model::Pair;

use super::output::in_one_line;
use super::report::failures_text;
use super::table::{counted, table};

/// Writes a report for people.
pub(super) fn render(report: &RunReport) -> String {
    let mut text = lines(&report.lines);
    if report.lines_left_out > 0 {
        let _ = writeln!(text, "… and {} that are not listed", counted(report.lines_left_out, "line"));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&summary(&report.mappings));
    if !report.failures.is_empty() {
        let _ = write!(text, "\n{}", failures_text(&report.failures));
    }
    text
}

/// Writes one line for each thing done to a row.
pub(super) fn lines(lines: &[Line]) -> String {
    lines.iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", in_one_line(&line.to_string()));
        text
    })
}

/// Writes the counts of each mapping, then the rows left alone with the reasons.
pub(super) fn summary(mappings: &[MappingReport]) -> String {
    let Some(first) = mappings.first() else { return String::new() };
    let mut text = table(&HEADINGS, mappings.iter().map(row));
    let _ = writeln!(text, "\nWhere there are two numbers: {}/{}.", first.left, first.right);
    text.push_str(&left_alone(mappings));
    text
}

const HEADINGS: [&str; 10] = [
    "mapping",
    "read#",
    "coupled#",
    "created#",
    "updated#",
    "deleted#",
    "conflicts#",
    "refused#",
    "left alone#",
    "couplings#",
];

fn row(report: &MappingReport) -> Vec<String> {
    let pair = |pair: Pair<u64>| format!("{}/{}", pair.left, pair.right);
    vec![
        report.mapping.clone(),
        pair(report.read),
        report.coupled.to_string(),
        pair(report.created),
        pair(report.updated),
        pair(report.deleted),
        report.conflicts_raised.to_string(),
        report.refused.to_string(),
        report.left_alone.values().sum::<u64>().to_string(),
        report.couplings.to_string(),
    ]
}

fn left_alone(mappings: &[MappingReport]) -> String {
    let mut text = String::new();
    for report in mappings {
        for (reason, count) in &report.left_alone {
            let rows = counted(*count, "row");
            let _ = writeln!(text, "left alone in {}: {rows}, {}", report.mapping, in_one_line(reason));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::agent::{Failure, FieldLine, LineAction};

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
            created: Pair::new(100_040, 100_032),
            updated: Pair::new(100_003, 104_001),
            left_alone: BTreeMap::from([("several rows match".to_owned(), 3), ("deleted".to_owned(), 1)]),
            ..MappingReport::default()
        };
        let failure = Failure {
            mapping: Some("VENDOR".to_owned()),
            problem: "cannot reach dataverse".to_owned(),
            remedy: None,
            transient: true,
        };
        RunReport {
            run: None,
            lines: vec![
                line(LineAction::Couple, None, "Alfreds Futterkiste", vec![]),
                line(LineAction::Update, Some("dataverse"), "Bólido", vec![phone]),
            ],
            lines_left_out: 0,
            mappings: vec![mapping],
            failures: vec![failure],
        }
    }

    #[test]
    fn the_lines_come_first_and_the_summary_after_an_empty_line() {
        insta::assert_snapshot!(render(&report()), @"");
    }

    #[test]
    fn tables_are_at_most_100_columns_wide() {
        let text = summary(&report().mappings);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}
