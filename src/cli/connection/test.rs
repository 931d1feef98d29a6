//! `tandem connection test`: one finding a line, each with what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use crate::config::{ConnectionSettings, Settings};
use crate::mapping::Mapping;
use crate::model::{ConnectionName, Side, TableName};
use crate::systems::{self, Check, Facts, Finding, SystemError, Verdict};

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::output::in_one_line;
use super::super::report::CommandError;
use super::super::table::table;
use super::arguments::TestArguments;
use super::find;

/// A clock that is further off than this makes stamps hard to read, though no decision depends on it.
const MAX_CLOCK_DIFFERENCE_SECS: i64 = 300;

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
    let mut report = TestReport { connections: Vec::new(), between: Vec::new() };
    let mut currencies = BTreeMap::new();
    for (name, connection) in chosen {
        let (facts, findings) = examine(context, &name, connection, &tables(&mappings, &name)).await;
        if let Some(code) = facts.and_then(|facts| facts.base_currency_code) {
            currencies.insert(name.to_string(), code);
        }
        report.connections.push(Tested { connection: name.to_string(), findings });
    }
    report.between.extend(currency(&currencies));
    context.output.show(&report, render);
    Ok(exit_code(&report))
}

/// Returns the tables of a connection that mappings use.
fn tables(mappings: &[Mapping], connection: &ConnectionName) -> BTreeSet<TableName> {
    let sides = mappings.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side)));
    let own = sides.filter(|(mapping, side)| mapping.connections[*side] == *connection);
    own.map(|(mapping, side)| mapping.tables[side].clone()).collect()
}

async fn examine(
    context: &Context,
    name: &ConnectionName,
    connection: &ConnectionSettings,
    tables: &BTreeSet<TableName>,
) -> (Option<Facts>, Vec<Finding>) {
    let system = match systems::open(name, connection, &context.places.config) {
        Ok(system) => system,
        // Nothing was sent yet: whatever it is, the system has not refused it.
        Err(error) => {
            let finding = Finding::refused(failed_check(&error), &error);
            return (None, vec![Finding { verdict: Verdict::Wrong, ..finding }]);
        }
    };
    let facts = match system.facts().await {
        Ok(facts) => facts,
        Err(error) => return (None, vec![Finding::refused(failed_check(&error), &error)]),
    };
    let mut findings = vec![
        Finding::good(Check::Reach, reached(&connection.url)),
        Finding::good(Check::SignIn, "the sign-in is accepted"),
        Finding::good(Check::Identity, format!("{} ({})", facts.display_name, facts.identity)),
    ];
    findings.extend(system.examine(tables).await);
    findings.push(clock(facts.server_time, Timestamp::now()));
    if !connection.enabled {
        let remedy = format!("tandem connection enable {name}");
        let found = "the connection is disabled: its mappings stand still";
        findings.push(Finding::bad(Check::Configuration, Verdict::Warning, found, remedy));
    }
    (Some(facts), findings)
}

/// Returns the check at which the first contact failed.
const fn failed_check(error: &SystemError) -> Check {
    match error {
        SystemError::Configuration { .. } => Check::Configuration,
        SystemError::SignIn { .. } => Check::SignIn,
        SystemError::Unreachable { .. }
        | SystemError::Unavailable { .. }
        | SystemError::DayUsedUp { .. }
        | SystemError::Throttled { .. } => Check::Reach,
        SystemError::Forbidden { .. }
        | SystemError::NotFound { .. }
        | SystemError::WatermarkExpired { .. }
        | SystemError::BadRequest { .. }
        | SystemError::UnexpectedAnswer { .. } => Check::Identity,
    }
}

/// Says which host and port were reached. A proxy is named by its variable alone: its address may hold a password.
fn reached(address: &str) -> String {
    let Ok(url) = Url::parse(address) else { return address.to_owned() };
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let variables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let is_set = |name: &&&str| env::var_os(name).is_some_and(|text| !text.is_empty());
    match variables.iter().find(is_set).filter(|_| !is_here) {
        Some(variable) => format!("reached {host}, port {port} (a proxy is set by {variable})"),
        None => format!("reached {host}, port {port}"),
    }
}

fn clock(server: Option<Timestamp>, now: Timestamp) -> Finding {
    let Some(server) = server else {
        return Finding::not_told(Check::Clock, "the system does not tell its time");
    };
    let difference = server.as_second() - now.as_second();
    let found = match difference {
        0 => "the clocks agree".to_owned(),
        1.. => format!("the system's clock is {difference} s ahead"),
        _ => format!("the system's clock is {} s behind", -difference),
    };
    if difference.abs() <= MAX_CLOCK_DIFFERENCE_SECS {
        return Finding::good(Check::Clock, found);
    }
    Finding::bad(
        Check::Clock,
        Verdict::Warning,
        found,
        "set this machine's clock; sign-ins may fail otherwise",
    )
}

/// Compares base currencies: amounts would be wrong between different ones.
fn currency(codes: &BTreeMap<String, String>) -> Option<Finding> {
    let mut distinct: Vec<String> = codes.values().map(|code| code.to_uppercase()).collect();
    distinct.sort();
    distinct.dedup();
    match distinct.as_slice() {
        [] => None,
        [one] => Some(Finding::good(Check::Currency, format!("the base currency is {one}"))),
        _ => {
            let each: Vec<String> = codes.iter().map(|(name, code)| format!("{code} in {name}")).collect();
            Some(Finding::bad(
                Check::Currency,
                Verdict::Wrong,
                format!("base currencies differ: {}", each.join(", ")),
                "connect companies with the organisation's base currency; it is fixed when the organisation is made",
            ))
        }
    }
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
        Check::Identity => "identity",
        Check::Environment => "environment",
        Check::Version => "version",
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
    fn base_currencies_have_to_agree() {
        let check = |codes: &[(&str, &str)]| {
            let codes = codes.iter().map(|(name, code)| ((*name).to_owned(), (*code).to_owned())).collect();
            currency(&codes)
        };
        assert_eq!(check(&[]), None);
        assert_eq!(check(&[("crm", "eur"), ("erp", "EUR")]).unwrap().verdict, Verdict::Good);
        let found = check(&[("crm", "USD"), ("erp", "EUR")]).unwrap();
        assert_eq!(found.verdict, Verdict::Wrong);
        assert_eq!(found.found, "base currencies differ: USD in crm, EUR in erp");
    }

    #[test]
    fn a_clock_that_is_far_off_is_warned_of() {
        let now: Timestamp = "2026-01-31T10:00:00Z".parse().unwrap();
        let check = |text: &str| clock(Some(text.parse().unwrap()), now);
        assert_eq!(check("2026-01-31T10:00:00Z").found, "the clocks agree");
        assert_eq!(check("2026-01-31T10:05:00Z").verdict, Verdict::Good);
        let found = check("2026-01-31T09:54:59Z");
        assert_eq!(
            (found.verdict, found.found.as_str()),
            (Verdict::Warning, "the system's clock is 301 s behind")
        );
        assert_eq!(clock(None, now).verdict, Verdict::NotTold);
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
