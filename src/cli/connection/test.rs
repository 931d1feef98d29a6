//! `tandem connection test`: one finding a line, each with what to do.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::config::{ConnectionSettings, Settings};
use crate::mapping::{self, TablesUsed};
use crate::model::{ConnectionName, TableName};
use crate::systems::{self, Check, Expiry, Facts, Finding, Needs, Verdict};

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::output::in_one_line;
use super::super::report::CommandError;
use super::super::table::table;
use super::arguments::TestArguments;
use super::{find, past, verdicts};

/// What was found.
#[derive(Debug, Serialize)]
struct TestReport {
    connections: Vec<Tested>,
    /// Whether the connections fit together.
    between: Vec<Finding>,
}

/// What was found of one connection.
#[derive(Debug, Serialize)]
struct Tested {
    connection: String,
    findings: Vec<Finding>,
}

/// Tests one connection, or all.
pub(super) async fn test(context: &Context, arguments: &TestArguments) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let chosen: Vec<(ConnectionName, &ConnectionSettings)> = match &arguments.name {
        Some(name) => vec![find(&settings, name)?],
        None => {
            let all = settings.connections.iter();
            all.map(|(name, connection)| (ConnectionName::new(name.as_str()), connection)).collect()
        }
    };
    let mappings = settings.read_mappings(&context.places)?;
    let standing = past::standing(context).await;
    let mut report = TestReport { connections: Vec::new(), between: Vec::new() };
    let mut currencies: BTreeMap<ConnectionName, Option<String>> = BTreeMap::new();
    for (name, connection) in chosen {
        let (facts, mut findings) = examine(
            context,
            &name,
            connection,
            &verdicts::tables(&mappings, &name),
            mapping::tables_used(&mappings, &name),
        )
        .await;
        if let Some(facts) = facts {
            findings.extend(past::findings(&name, &facts, &standing));
            currencies.insert(name.clone(), facts.base_currency_code);
        }
        report.connections.push(Tested { connection: name.to_string(), findings });
    }
    report.between.extend(verdicts::currencies(&mappings, &currencies, settings.other_base_currency));
    context.output.show(&report, render);
    Ok(exit_code(&report))
}

async fn examine(
    context: &Context,
    name: &ConnectionName,
    connection: &ConnectionSettings,
    tables: &BTreeMap<TableName, Needs>,
    used: TablesUsed,
) -> (Option<Facts>, Vec<Finding>) {
    let system = match systems::open(name, connection, &context.places.config, used) {
        Ok(system) => system,
        // Nothing was sent yet: whatever it is, the system has not refused it.
        Err(error) => {
            let finding = verdicts::failed(&connection.url, &error);
            return (None, vec![Finding { verdict: Verdict::Wrong, ..finding }]);
        }
    };
    let now = Timestamp::now();
    let credential = Expiry::of(system.as_ref(), connection).map(|expiry| expiry.finding(now));
    let facts = match system.facts().await {
        Ok(facts) => facts,
        Err(error) => {
            let mut findings = vec![verdicts::failed(&connection.url, &error)];
            findings.extend(credential);
            return (None, findings);
        }
    };
    let mut findings = vec![
        Finding::good(Check::Reach, format!("reached {}", verdicts::place(&connection.url))),
        Finding::good(Check::SignIn, "the sign-in is accepted"),
        Finding::good(Check::Identity, format!("{} ({})", facts.display_name, facts.identity)),
    ];
    findings.extend(credential);
    findings.extend(system.examine(tables).await);
    for finding in &mut findings {
        if finding.check == Check::User
            && finding.verdict == Verdict::NotTold
            && let Some(user) = verdicts::user(&connection.sign_in)
        {
            *finding = user;
        }
    }
    findings.push(verdicts::clock(facts.server_time, now));
    if !connection.enabled {
        let remedy = format!("tandem connection enable {name}");
        let found = "the connection is disabled: its mappings stand still";
        findings.push(Finding::bad(Check::Configuration, Verdict::Warning, found, remedy));
    }
    (Some(facts), findings)
}

fn all_findings(report: &TestReport) -> impl Iterator<Item = &Finding> {
    report.connections.iter().flat_map(|tested| &tested.findings).chain(&report.between)
}

fn exit_code(report: &TestReport) -> ExitCode {
    let is_there = |verdict| all_findings(report).any(|finding| finding.verdict == verdict);
    match (is_there(Verdict::Wrong), is_there(Verdict::Refused)) {
        (false, false) => ExitCode::Success,
        (true, false) => ExitCode::Configuration,
        (false, true) => ExitCode::System,
        (true, true) => ExitCode::Failure,
    }
}

fn render(report: &TestReport) -> String {
    let mut text = String::new();
    for tested in &report.connections {
        let _ = writeln!(text, "{}\n", findings(&tested.connection, &tested.findings));
    }
    if !report.between.is_empty() {
        let _ = writeln!(text, "{}", findings("together", &report.between));
    }
    text
}

/// Writes a line for each finding, and below it what to do.
fn findings(heading: &str, findings: &[Finding]) -> String {
    let lines = findings.iter().flat_map(|finding| {
        let found = in_one_line(&finding.found);
        let line = vec![check(finding.check).to_owned(), verdict(finding.verdict).to_owned(), found];
        let remedy = finding
            .remedy
            .as_ref()
            .map(|remedy| vec![String::new(), String::new(), format!("what to do: {}", in_one_line(remedy))]);
        [line].into_iter().chain(remedy)
    });
    table(&[heading, "", "found"], lines)
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "ok",
        Verdict::NotTold => "not told",
        Verdict::Warning => "warning",
        Verdict::Wrong => "wrong",
        Verdict::Refused => "refused",
    }
}

const fn check(check: Check) -> &'static str {
    match check {
        Check::Configuration => "configuration",
        Check::Reach => "reach",
        Check::SignIn => "sign-in",
        Check::Credential => "credential",
        Check::Identity => "identity",
        Check::Environment => "environment",
        Check::Version => "version",
        Check::Companion => "companion",
        Check::User => "user",
        Check::Read => "read",
        Check::Write => "write",
        Check::ChangeTracking => "change tracking",
        Check::Currency => "currency",
        Check::AdministrationMode => "administration mode",
        Check::OtherEngine => "other engine",
        Check::Clock => "clock",
        Check::Limits => "limits",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: Vec<Finding>) -> TestReport {
        TestReport { connections: vec![Tested { connection: "crm".to_owned(), findings }], between: vec![] }
    }

    #[test]
    fn the_exit_code_says_who_has_to_act() {
        let bad = |verdict| Finding::bad(Check::Read, verdict, "x", "y");
        let check = |verdicts: &[Verdict], expected: ExitCode| {
            let findings = verdicts.iter().map(|verdict| bad(*verdict)).collect();
            assert_eq!(exit_code(&report(findings)), expected, "{verdicts:?}");
        };
        check(&[], ExitCode::Success);
        check(&[Verdict::Good, Verdict::NotTold, Verdict::Warning], ExitCode::Success);
        check(&[Verdict::Warning, Verdict::Wrong], ExitCode::Configuration);
        check(&[Verdict::Refused], ExitCode::System);
        check(&[Verdict::Refused, Verdict::Wrong], ExitCode::Failure);
    }

    #[test]
    fn each_finding_is_a_line_and_says_what_to_do() {
        let findings = vec![
            Finding::good(Check::SignIn, "the sign-in is accepted"),
            Finding::bad(
                Check::ChangeTracking,
                Verdict::Wrong,
                "change tracking of x is off",
                "y ".repeat(60),
            ),
        ];
        let text = render(&report(findings));
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text, @r"
        crm                     found
        ────────────────────────────────────────────────────────────────────────────────────────────────────
        sign-in          ok     the sign-in is accepted
        change tracking  wrong  change tracking of x is off
                                what to do: y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y y
                                y y y y y y y y y y y y y y y y y y y y y y y y y y y y
        ");
    }
}
