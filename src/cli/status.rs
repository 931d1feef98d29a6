//! `tandem status`: how things stand.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::agent::{
    AgentView, Command, ConnectionStatus, Health, MappingStatus, Reply, RunView, StallView, StatusView,
};

use super::context::Context;
use super::exit_code::ExitCode;
use super::output::in_one_line;
use super::reach::{ask, unexpected};
use super::report::{CommandError, brakes_text, failures_text};
use super::sync::conflicts_text;
use super::table::{counted, moment, table};

/// Shows how things stand.
pub(super) async fn status(context: &Context) -> Result<ExitCode, CommandError> {
    let Reply::Status(status) = ask(context, &Command::Status).await? else { return Err(unexpected()) };
    context.output.show(status.as_ref(), render);
    Ok(ExitCode::of_health(status.health))
}

fn render(status: &StatusView) -> String {
    let mut text = format!("{}\n{}\n\n", health(status.health), agent(status.agent.as_ref()));
    let headings = ["mapping", "between", "couplings#", "pending#", "conflicts#", "left alone#"];
    let _ = writeln!(text, "{}", table(&headings, status.mappings.iter().map(row)));
    for mapping in &status.mappings {
        if let Some(name) = &mapping.stands_still_for {
            let way_out = format!("tandem connection enable {name}");
            let _ = writeln!(text, "{} stands still: {name} is disabled (`{way_out}`)", mapping.mapping);
        }
        if let Some(schedule) = &mapping.schedule {
            let _ = writeln!(text, "{} has its own time: {schedule}", mapping.mapping);
        }
        for (reason, count) in &mapping.left_alone {
            let rows = counted(*count, "row");
            let _ = writeln!(text, "left alone in {}: {rows}, {}", mapping.mapping, in_one_line(reason));
        }
    }
    for (at, names) in compared(&status.mappings) {
        let _ = writeln!(text, "compared in full at {} UTC: {}", moment(at), names.join(", "));
    }
    for warning in &status.warnings {
        let _ = writeln!(text, "soon: {}", in_one_line(warning));
    }
    // Without an agent nothing of the budgets is used that this process could know of.
    if status.agent.is_some() {
        for (connection, usage) in used(&status.connections) {
            let _ = writeln!(text, "requests to {connection}: {usage}");
        }
    }
    if !status.brakes.is_empty() {
        let _ = write!(text, "\n{}", brakes_text(&status.brakes));
    }
    if let Some(run) = &status.last_run {
        let _ = writeln!(text, "\n{}", last_run(run));
    }
    if status.open_conflicts > 0 {
        let _ = writeln!(text, "\n{}", conflicts_text(status.open_conflicts, &status.inbox));
    }
    for problem in &status.inbox_problems {
        let _ = writeln!(text, "in the inbox: {}", in_one_line(problem));
    }
    for stall in &status.stalls {
        let _ = writeln!(text, "\n{}", in_one_line(&stalled(stall)));
        let _ = writeln!(text, "  what to do: {}", in_one_line(&stall.remedy));
    }
    if !status.failures.is_empty() {
        let _ = write!(text, "\n{}", failures_text(&status.failures));
    }
    text
}

/// Returns which mappings were last compared in full at which moment.
fn compared(mappings: &[MappingStatus]) -> BTreeMap<jiff::Timestamp, Vec<&str>> {
    let mut compared: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for mapping in mappings {
        if let Some(at) = mapping.compared_at {
            compared.entry(at).or_default().push(mapping.mapping.as_str());
        }
    }
    compared
}

const fn health(health: Health) -> &'static str {
    match health {
        Health::Ok => "All is well.",
        Health::StandingStill => "In step but for mappings that stand still: a connection is disabled.",
        Health::WaitingForPeople => "In step but for what waits for a person.",
        Health::Braked => "More was about to change than the limits allow; a person has to look.",
        Health::Retrying => "Something cannot be reached now; Tandem keeps trying.",
        Health::Failing => "Something has to be corrected.",
        Health::Stalled => "Something has stood still for long.",
        Health::Stopped => "Stopped until a person decides.",
    }
}

fn agent(agent: Option<&AgentView>) -> String {
    let Some(agent) = agent else {
        return "No agent is running; `tandem run` starts one.".to_owned();
    };
    let doing = match (agent.is_running, agent.last_pass_at) {
        (true, _) => "A run is under way".to_owned(),
        (false, Some(at)) => format!("The last run ended {} UTC", moment(at)),
        (false, None) => "No run has ended yet".to_owned(),
    };
    format!("The agent (process {}) runs since {} UTC.\n{doing}.", agent.pid, moment(agent.started_at))
}

/// Returns what is used of each connection's budgets.
fn used(connections: &[ConnectionStatus]) -> impl Iterator<Item = (&str, String)> {
    connections.iter().filter_map(|connection| {
        let usage = connection.usage.as_ref()?;
        let mut text = format!("{} of {} in {} s", usage.requests, usage.requests_limit, usage.window_secs);
        if let (Some(day), Some(limit)) = (usage.day, usage.day_limit) {
            let _ = write!(text, ", {day} of {limit} today");
        }
        Some((connection.connection.as_str(), text))
    })
}

fn stalled(stall: &StallView) -> String {
    let StallView { mapping, cause, since, rows, problem, .. } = stall;
    let what = if *rows == 0 { String::new() } else { format!(" ({})", counted(*rows, "row")) };
    let because = if problem.is_empty() { String::new() } else { format!(": {problem}") };
    format!("{mapping}{what} stands still since {} UTC, {cause}{because}", moment(*since))
}

fn row(mapping: &MappingStatus) -> Vec<String> {
    vec![
        mapping.mapping.clone(),
        format!("{} / {}", mapping.left, mapping.right),
        mapping.couplings.to_string(),
        mapping.pending.to_string(),
        mapping.conflicts.to_string(),
        mapping.left_alone.values().sum::<u64>().to_string(),
    ]
}

fn last_run(run: &RunView) -> String {
    let done = [
        (run.coupled, "coupled"),
        (run.created, "created"),
        (run.updated, "updated"),
        (run.deleted, "deleted"),
        (run.conflicts_raised, "new in conflict"),
        (run.conflicts_settled, "settled"),
        (run.refused, "refused"),
    ];
    let done: Vec<_> = done.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
    let done = if done.is_empty() { "nothing to do".to_owned() } else { done.join(", ") };
    format!("Last run: {} ({}) at {} UTC: {done}.", run.run, run.trigger, moment(run.started_at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{BrakeView, ErrorKind, Failure, UsageView};

    #[test]
    fn status_says_how_things_stand_in_at_most_100_columns() {
        let at = "2026-01-31T10:00:00Z".parse().unwrap();
        let run = RunView {
            run: 12,
            started_at: at,
            finished_at: Some(at),
            trigger: "schedule".to_owned(),
            coupled: 0,
            created: 2,
            updated: 1,
            deleted: 0,
            conflicts_raised: 1,
            conflicts_settled: 0,
            refused: 0,
            failures: vec![],
            entries: vec![],
        };
        let mapping = MappingStatus {
            mapping: "CUSTOMER".to_owned(),
            left: "business-central".to_owned(),
            right: "dataverse".to_owned(),
            couplings: 91,
            pending: 2,
            conflicts: 1,
            left_alone: BTreeMap::from([("several rows match".to_owned(), 3)]),
            stands_still_for: Some("dataverse".to_owned()),
            schedule: Some("every 30m; passed at 2026-01-31 09:50 UTC".to_owned()),
            passed_at: None,
            compared_at: Some(at),
        };
        let failure = Failure {
            mapping: None,
            problem: "cannot reach dataverse: connection refused".to_owned(),
            remedy: Some("check the address and the network".to_owned()),
            transient: true,
            kind: ErrorKind::System,
        };
        let connection = |name: &str, enabled, usage| ConnectionStatus {
            connection: name.to_owned(),
            enabled,
            usage,
            pinned: None,
            frozen: None,
        };
        let usage = UsageView {
            requests: 120,
            requests_limit: 6000,
            window_secs: 300,
            day: Some(900),
            day_limit: Some(40_000),
        };
        let brake = BrakeView {
            mapping: "CUSTOMER".to_owned(),
            plan: "3f9a2b7c1d04".to_owned(),
            since: at,
            rows: 91,
            reasons: vec![
                "91 rows are gone from dataverse, which would be passed on to business-central; that is much"
                    .to_owned(),
            ],
            examples: vec!["delete Alfreds Futterkiste in business-central".to_owned()],
        };
        let text = render(&StatusView {
            health: Health::Retrying,
            failures: vec![failure],
            agent: Some(AgentView { pid: 7, started_at: at, last_pass_at: Some(at), is_running: false }),
            warnings: vec![
                "dataverse: the certificate runs out on 2026-02-20, in 20 days; make another".to_owned(),
            ],
            connections: vec![
                connection("business-central", true, Some(usage)),
                connection("dataverse", false, None),
            ],
            mappings: vec![mapping],
            brakes: vec![brake],
            open_conflicts: 1,
            inbox: "/tandem/resolve-conflicts.toml".to_owned(),
            stalls: vec![StallView {
                mapping: "CUSTOMER".to_owned(),
                cause: "cannot read".to_owned(),
                since: at,
                rows: 0,
                problem: "cannot reach dataverse".to_owned(),
                remedy: "check the network".to_owned(),
            }],
            inbox_problems: vec![],
            last_run: Some(run),
        });
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text, @r#"
        Something cannot be reached now; Tandem keeps trying.
        The agent (process 7) runs since 2026-01-31 10:00:00 UTC.
        The last run ended 2026-01-31 10:00:00 UTC.

        mapping   between                       couplings  pending  conflicts  left alone
        ─────────────────────────────────────────────────────────────────────────────────
        CUSTOMER  business-central / dataverse         91        2          1           3
        CUSTOMER stands still: dataverse is disabled (`tandem connection enable dataverse`)
        CUSTOMER has its own time: every 30m; passed at 2026-01-31 09:50 UTC
        left alone in CUSTOMER: 3 rows, several rows match
        compared in full at 2026-01-31 10:00:00 UTC: CUSTOMER
        soon: dataverse: the certificate runs out on 2026-02-20, in 20 days; make another
        requests to business-central: 120 of 6000 in 300 s, 900 of 40000 today

        stopped: CUSTOMER waits for a person; nothing of it is written meanwhile
          91 rows are gone from dataverse, which would be passed on to business-central
          that is much
          for example: delete Alfreds Futterkiste in business-central
          if that is right: tandem approve 3f9a2b7c1d04    (does just that, 91 rows in all)
          if not: put it right where it was done; what is undone there drops out by itself
          to look at every row: tandem plan --save FILE

        Last run: 12 (schedule) at 2026-01-31 10:00:00 UTC: 2 created, 1 updated, 1 new in conflict.

        1 conflict waits for an answer in /tandem/resolve-conflicts.toml
        (or: tandem conflicts)

        CUSTOMER stands still since 2026-01-31 10:00:00 UTC, cannot read: cannot reach dataverse
          what to do: check the network

        failed: cannot reach dataverse: connection refused
          what to do: check the address and the network
        "#);
    }
}
