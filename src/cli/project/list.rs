//! `tandem project list`.

use jiff::Timestamp;
use serde::Serialize;

use crate::agent::{Command, MappingStatus, Reply};
use crate::config::{ConfigError, Settings, parse_project, project_source};
use crate::mapping::{self, Project};

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::output::in_one_line;
use super::super::reach::ask;
use super::super::report::CommandError;
use super::super::table::table;

/// One template or project.
#[derive(Debug, Serialize)]
struct Listed {
    project: String,
    is_template: bool,
    tasks: Vec<String>,
    /// When the agent runs it, in words.
    runs: Option<String>,
    in_use: bool,
    last_run_at: Option<Timestamp>,
    /// Why its file cannot be used.
    problem: Option<String>,
}

/// Lists templates and one's own projects.
pub(super) async fn list(context: &Context) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let statuses = match settings.projects.is_empty() {
        true => Vec::new(),
        false => statuses(context).await,
    };
    let template = |template: &mapping::ProjectTemplate| Listed {
        project: template.name.to_owned(),
        is_template: true,
        tasks: mapping::parse_project(template.name, template.text, |_| true)
            .map_or(vec![], |read| tasks(&read)),
        runs: None,
        in_use: false,
        last_run_at: None,
        problem: None,
    };
    let mut listed: Vec<_> = mapping::TEMPLATES.iter().map(template).collect();
    for name in super::own(context) {
        let read = project_source(&context.places, &name)
            .and_then(|source| parse_project(&settings, &source, &name));
        listed.push(own(&settings, &statuses, name, read));
    }
    context.output.show(&listed, |listed| render(listed));
    Ok(ExitCode::Success)
}

fn own(
    settings: &Settings,
    statuses: &[MappingStatus],
    name: String,
    read: Result<Project, ConfigError>,
) -> Listed {
    let in_use = settings.projects.contains(&name);
    let (project, problem) = match read {
        Ok(project) => (Some(project), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let names = project.as_ref().map(Project::mapping_names).unwrap_or_default();
    let of_project =
        statuses.iter().filter(|status| names.iter().any(|name| name.as_str() == status.mapping));
    Listed {
        project: name,
        is_template: false,
        tasks: project.as_ref().map(tasks).unwrap_or_default(),
        runs: project.map(|project| project.schedule.to_string()),
        in_use,
        last_run_at: of_project.filter_map(|status| status.passed_at).max(),
        problem,
    }
}

fn tasks(project: &Project) -> Vec<String> {
    project.tasks.iter().map(|task| task.name.clone()).collect()
}

/// Returns how mappings stand; nothing where that cannot be told.
async fn statuses(context: &Context) -> Vec<MappingStatus> {
    match ask(context, &Command::Status).await {
        Ok(Reply::Status(status)) => status.mappings,
        _ => Vec::new(),
    }
}

fn render(listed: &[Listed]) -> String {
    let row = |listed: &Listed| {
        let tasks = listed.problem.as_deref().map_or_else(|| listed.tasks.join(", "), in_one_line);
        let last = listed.last_run_at.map(|at| at.strftime("%Y-%m-%d %H:%M").to_string());
        let standing = match (listed.is_template, listed.in_use) {
            (true, _) => "template",
            (false, true) => "in use",
            (false, false) => "",
        };
        vec![
            listed.project.clone(),
            tasks,
            standing.to_owned(),
            listed.runs.clone().unwrap_or_default(),
            last.unwrap_or_default(),
        ]
    };
    table(&["project", "tasks", "", "runs", "last run"], listed.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projects_are_listed_in_at_most_100_columns() {
        let listed = |project: &str, is_template, last_run_at: Option<&str>| Listed {
            project: project.to_owned(),
            is_template,
            tasks: ["products", "accounts", "contacts"].map(str::to_owned).to_vec(),
            runs: (!is_template).then(|| "every 30m".to_owned()),
            in_use: !is_template,
            last_run_at: last_run_at.map(|at| at.parse().unwrap()),
            problem: None,
        };
        let text = render(&[
            listed("prospect-to-cash-sales-to-erp", true, None),
            listed("P2C", false, Some("2026-01-31T10:00:00Z")),
        ]);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text, @r"
        project                        tasks                                   runs       last run
        ──────────────────────────────────────────────────────────────────────────────────────────────────
        prospect-to-cash-sales-to-erp  products, accounts, contacts  template
        P2C                            products, accounts, contacts  in use    every 30m  2026-01-31 10:00
        ");
    }
}
