//! `tandem project run`: first the rows that are not sent, then the tasks in their order, then each task counted.

use serde::Serialize;

use crate::agent::{Command, HeldRow, MappingReport, Reply, RunReport};
use crate::config::{Config, Settings};
use crate::mapping::Project;
use crate::model::Side;

use super::super::consent;
use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::lines;
use super::super::reach::{ask, unexpected};
use super::super::report::CommandError;
use super::super::table::table;
use super::arguments::RunArguments;

/// What a run of a project did.
#[derive(Debug, Serialize)]
struct Ran {
    project: String,
    /// Rows that are not sent, as found before the run.
    not_sent: Vec<HeldRow>,
    tasks: Vec<TaskCounts>,
    report: RunReport,
}

/// What came of a task, on one of the ways it goes.
#[derive(Debug, Serialize)]
struct TaskCounts {
    task: String,
    from: String,
    to: String,
    read: u64,
    created: u64,
    updated: u64,
    unchanged: u64,
    /// Not sent, for their business keys.
    held_back: u64,
    failed: u64,
}

/// Runs a project.
pub(super) async fn run(context: &Context, arguments: &RunArguments) -> Result<ExitCode, CommandError> {
    let name = known(context, &arguments.name)?;
    let config = Config::load(&context.places)?;
    let project = config.projects.iter().find(|project| project.name == name);
    let project = project.expect("invariant: what is in use was loaded under its name");
    let mappings: Vec<_> = project.mapping_names().iter().map(ToString::to_string).collect();
    let plan = Command::PlanOf { mappings: mappings.clone() };
    let Reply::Report(planned) = ask(context, &plan).await? else { return Err(unexpected()) };
    let not_sent = lines::held(&planned.held_for_key);
    if !context.output.json && !not_sent.is_empty() {
        context.output.text(&format!("{not_sent}\n"));
    }
    let approve_as = consent::given(context, arguments.yes).await?;
    let command = Command::Sync { approve_as, sweep: false, mappings };
    let Reply::Report(report) = ask(context, &command).await? else { return Err(unexpected()) };
    let ran = Ran {
        project: project.name.clone(),
        not_sent: planned.held_for_key,
        tasks: counts(project, &report),
        report,
    };
    context.output.show(&ran, |ran| render(&ran.tasks));
    Ok(lines::notes(context.output, &ran.report))
}

/// Returns the name of a project in use, whatever its capitals.
fn known(context: &Context, name: &str) -> Result<String, CommandError> {
    let in_use = Settings::load(&context.places)?.projects;
    if let Some(known) = in_use.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(known.clone());
    }
    let remedy = match in_use.is_empty() {
        true => "write one with `tandem project new`".to_owned(),
        false => format!("name one of {}", in_use.join(", ")),
    };
    Err(CommandError::new(ExitCode::Usage, format!("there is no project {name} in use")).with_remedy(remedy))
}

/// Counts each task on each of its ways, in their order. One that was not passed is left out.
fn counts(project: &Project, report: &RunReport) -> Vec<TaskCounts> {
    let mut counted = Vec::new();
    for task in &project.tasks {
        for mapping in &task.mappings {
            let is_of = |report: &&MappingReport| report.mapping == mapping.name.as_str();
            let Some(passed) = report.mappings.iter().find(is_of) else { continue };
            let held = report.held_for_key.iter().filter(|held| held.mapping == passed.mapping);
            let (created, updated) = (passed.created[Side::Right], passed.updated[Side::Right]);
            counted.push(TaskCounts {
                task: task.name.clone(),
                from: passed.left.clone(),
                to: passed.right.clone(),
                read: passed.read[Side::Left],
                created,
                updated,
                unchanged: passed.couplings.saturating_sub(created + updated),
                held_back: held.count() as u64,
                failed: passed.failed,
            });
        }
    }
    counted
}

const HEADINGS: [&str; 9] =
    ["task", "from", "to", "read#", "created#", "updated#", "unchanged#", "held back#", "failed#"];

fn render(tasks: &[TaskCounts]) -> String {
    let row = |counts: &TaskCounts| {
        let numbers =
            [counts.read, counts.created, counts.updated, counts.unchanged, counts.held_back, counts.failed];
        let words = [&counts.task, &counts.from, &counts.to].into_iter().cloned();
        words.chain(numbers.iter().map(u64::to_string)).collect()
    };
    match tasks.is_empty() {
        true => "no task was run".to_owned(),
        false => table(&HEADINGS, tasks.iter().map(row)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_counted_in_at_most_100_columns() {
        let counts = |task: &str, from: &str, to: &str| TaskCounts {
            task: task.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            read: 104_077,
            created: 100_040,
            updated: 7,
            unchanged: 104_002,
            held_back: 2,
            failed: 0,
        };
        let text = render(&[counts("accounts", "dataverse", "erp"), counts("products", "erp", "dataverse")]);
        insta::assert_snapshot!(text, @r"
        task      from       to           read  created  updated  unchanged  held back  failed
        ──────────────────────────────────────────────────────────────────────────────────────
        accounts  dataverse  erp        104077   100040        7     104002          2       0
        products  erp        dataverse  104077   100040        7     104002          2       0
        ");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert_eq!(render(&[]), "no task was run");
    }
}
