//! `tandem verify`: both systems compared in full through the mappings.

use std::fmt::Write as _;

use crate::agent::{Command, Difference, Finding, FindingClass, MappingVerdict, Reply, VerifyReport};
use crate::model::Side;

use super::arguments::VerifyArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::output::in_one_line;
use super::reach::{ask, unexpected};
use super::report::{CommandError, failures_text};
use super::table::{counted, table};

/// How many findings of a mapping are named, and how many where all are asked for.
const SOME: usize = 20;
const ALL: usize = 20_000;

/// Compares both systems, and has what is not as the books say looked at where that is wanted.
pub(super) async fn verify(context: &Context, arguments: &VerifyArguments) -> Result<ExitCode, CommandError> {
    let command = Command::Verify {
        mapping: arguments.mapping.clone(),
        repair: arguments.repair,
        most_findings: if arguments.all { ALL } else { SOME },
    };
    let Reply::Verified(report) = ask(context, &command).await? else { return Err(unexpected()) };
    context.output.show(report.as_ref(), render);
    if !context.output.json && !report.failures.is_empty() {
        context.output.note(&failures_text(&report.failures));
    }
    Ok(exit_code(&report))
}

/// What waits or is about to be seen is explained; what differs unexplained is not.
fn exit_code(report: &VerifyReport) -> ExitCode {
    match ExitCode::of_run(&report.failures, false) {
        ExitCode::Success if report.strange() > 0 => ExitCode::Failure,
        exit_code => exit_code,
    }
}

const HEADINGS: [&str; 10] = [
    "mapping",
    "equal#",
    "pending#",
    "waiting#",
    "different#",
    "missing#",
    "unseen#",
    "twins#",
    "unreadable#",
    "alone#",
];

fn render(report: &VerifyReport) -> String {
    let compared = report.mappings.iter().filter(|verdict| verdict.stands_still_for.is_none());
    let mut text = format!("{}\n", table(&HEADINGS, compared.clone().map(row)));
    for verdict in &report.mappings {
        explain(&mut text, verdict);
    }
    for verdict in compared.filter(|verdict| !verdict.findings.is_empty()) {
        text.push('\n');
        for finding in &verdict.findings {
            let _ = writeln!(text, "{}", in_one_line(&finding_text(verdict, finding)));
        }
        if verdict.findings_left_out > 0 {
            let _ = writeln!(text, "… and {} more in {}", verdict.findings_left_out, verdict.mapping);
        }
    }
    let _ = write!(text, "\n{}", conclusion(report));
    text
}

fn row(verdict: &MappingVerdict) -> Vec<String> {
    let alone = verdict.alone.left.values().chain(verdict.alone.right.values()).sum::<u64>();
    let counts = [
        verdict.equal,
        verdict.pending,
        verdict.waits(),
        verdict.different,
        verdict.missing,
        verdict.unseen,
        verdict.twins,
        verdict.unreadable,
        alone,
    ];
    let counts = counts.iter().map(ToString::to_string);
    std::iter::once(verdict.mapping.clone()).chain(counts).collect()
}

/// Says what stands behind the counts that need no care.
fn explain(text: &mut String, verdict: &MappingVerdict) {
    let name = &verdict.mapping;
    if let Some(connection) = &verdict.stands_still_for {
        let _ = writeln!(text, "{name} was not compared: {connection} is disabled");
        return;
    }
    if verdict.conflicts > 0 {
        let _ = writeln!(text, "waiting in {name}: {}", counted(verdict.conflicts, "conflict"));
    }
    let mut lines = |what: &str, reasons: &std::collections::BTreeMap<String, u64>| {
        for (reason, count) in reasons {
            let _ = writeln!(text, "{what}: {}, {}", counted(*count, "row"), in_one_line(reason));
        }
    };
    lines(&format!("waiting in {name}"), &verdict.waiting);
    lines(&format!("waiting in {name}"), &verdict.parked);
    lines(&format!("not compared in {name}"), &verdict.not_compared);
    for side in Side::BOTH {
        lines(&format!("alone in {name}, {}", connection(verdict, side)), &verdict.alone[side]);
    }
}

fn connection(verdict: &MappingVerdict, side: Side) -> &str {
    match side {
        Side::Left => &verdict.left,
        Side::Right => &verdict.right,
    }
}

fn finding_text(verdict: &MappingVerdict, finding: &Finding) -> String {
    let mut text = format!("{:<10} {:<13} {}", finding.class.word(), verdict.mapping, finding.row);
    if let Some(on) = &finding.on {
        let how = match finding.class {
            FindingClass::Missing => "not found in",
            FindingClass::Unreadable => "cannot be read in",
            FindingClass::Different | FindingClass::Unseen | FindingClass::Twins => "in",
        };
        let _ = write!(text, " {how} {on}");
    }
    let _ = match finding.class {
        FindingClass::Twins => write!(text, " (in both, the same by the mapping, and not coupled)"),
        FindingClass::Different if finding.fields.is_empty() => {
            write!(text, " (there again, or in or out of the mapping's filter)")
        }
        _ => Ok(()),
    };
    for (index, difference) in finding.fields.iter().enumerate() {
        text.push_str(if index == 0 { ": " } else { "; " });
        text.push_str(&difference_text(verdict, difference));
    }
    text
}

fn difference_text(verdict: &MappingVerdict, difference: &Difference) -> String {
    let Difference { field, agreed, values } = difference;
    let agreed = agreed.as_ref().map_or_else(String::new, |agreed| format!(", agreed {agreed}"));
    format!("{field} {} in {}, {} in {}{agreed}", values.left, verdict.left, values.right, verdict.right)
}

fn conclusion(report: &VerifyReport) -> String {
    match (report.strange(), report.repaired) {
        (0, _) if report.failures.is_empty() => "Both systems are as Tandem's books say.".to_owned(),
        (0, _) => "What could be read is as Tandem's books say.".to_owned(),
        (strange, false) => format!(
            "{} not as Tandem's books say.\n`tandem verify --repair` lets the next run look at that; nothing was changed.",
            are(strange)
        ),
        (strange, true) => format!(
            "{} not as Tandem's books said.\nThe next run looks at that and decides as ever: `tandem plan` shows what it would do, `tandem sync` does it.",
            are(strange)
        ),
    }
}

fn are(strange: u64) -> String {
    format!("{} {}", counted(strange, "row"), if strange == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Pair;

    fn report() -> VerifyReport {
        let difference = Difference {
            field: "phone".to_owned(),
            agreed: Some("\"030\"".to_owned()),
            values: Pair::new("\"031\nx\"".to_owned(), "\"030\"".to_owned()),
        };
        let finding = |class, row: &str, on: Option<&str>, fields| Finding {
            class,
            row: row.to_owned(),
            ids: Pair::default(),
            on: on.map(str::to_owned),
            fields,
        };
        let customer = MappingVerdict {
            mapping: "ITEM-PRODUCT".to_owned(),
            left: "business-central".to_owned(),
            right: "dataverse".to_owned(),
            equal: 103_911,
            pending: 2,
            conflicts: 1,
            parked: BTreeMap::from([("a value does not fit".to_owned(), 3)]),
            not_compared: BTreeMap::from([("a row is outside the mapping's filter".to_owned(), 4)]),
            alone: Pair::new(BTreeMap::new(), BTreeMap::from([("several rows match".to_owned(), 2)])),
            different: 1,
            missing: 1,
            twins: 1,
            findings: vec![
                finding(FindingClass::Different, "Bólido", None, vec![difference]),
                finding(FindingClass::Missing, "Chai", Some("dataverse"), vec![]),
            ],
            findings_left_out: 1,
            ..MappingVerdict::default()
        };
        let still = MappingVerdict {
            mapping: "VENDOR".to_owned(),
            stands_still_for: Some("dataverse".to_owned()),
            ..MappingVerdict::default()
        };
        VerifyReport { mappings: vec![customer, still], failures: vec![], repaired: false }
    }

    #[test]
    fn the_counts_come_first_and_then_what_is_not_as_the_books_say() {
        insta::assert_snapshot!(render(&report()), @r#"
        mapping        equal  pending  waiting  different  missing  unseen  twins  unreadable  alone
        ────────────────────────────────────────────────────────────────────────────────────────────
        ITEM-PRODUCT  103911        2        4          1        1       0      1           0      2
        waiting in ITEM-PRODUCT: 1 conflict
        waiting in ITEM-PRODUCT: 3 rows, a value does not fit
        not compared in ITEM-PRODUCT: 4 rows, a row is outside the mapping's filter
        alone in ITEM-PRODUCT, dataverse: 2 rows, several rows match
        VENDOR was not compared: dataverse is disabled

        different  ITEM-PRODUCT  Bólido: phone "031\nx" in business-central, "030" in dataverse, agreed "030"
        missing    ITEM-PRODUCT  Chai not found in dataverse
        … and 1 more in ITEM-PRODUCT

        3 rows are not as Tandem's books say.
        `tandem verify --repair` lets the next run look at that; nothing was changed.
        "#);
    }

    #[test]
    fn the_table_is_at_most_100_columns_wide() {
        let text = render(&report());
        let table = text.lines().take(3);
        assert!(table.clone().all(|line| line.chars().count() <= 100), "{text}");
    }

    #[test]
    fn only_what_is_unexplained_fails_the_command() {
        let mut report = report();
        assert_eq!(exit_code(&report), ExitCode::Failure);
        let verdict = &mut report.mappings[0];
        (verdict.different, verdict.missing, verdict.twins) = (0, 0, 0);
        assert_eq!(exit_code(&report), ExitCode::Success);
    }
}
