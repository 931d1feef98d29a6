//! `tandem project new`: a project's file from a template, put into use.

use std::path::PathBuf;

use serde::Serialize;

use crate::config::{ConnectionKind, NewProject, Settings, SettingsFile, parse_project};
use crate::mapping;

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::report::CommandError;
use super::arguments::NewArguments;

/// What was made.
#[derive(Debug, Serialize)]
struct Made {
    project: String,
    file: PathBuf,
    tasks: Vec<String>,
}

/// Writes a project from a template and puts it into use. Nothing is written unless all of it is right.
pub(super) fn new(context: &Context, arguments: &NewArguments) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let template = mapping::template(&arguments.template).ok_or_else(|| {
        let known: Vec<_> = mapping::TEMPLATES.iter().map(|template| template.name).collect();
        CommandError::new(ExitCode::Usage, format!("there is no template {}", arguments.template))
            .with_remedy(format!("name one of {}", known.join(", ")))
    })?;
    let connection = |key: &str, given: Option<&String>, kind: ConnectionKind| {
        let is_asked = template.text.lines().any(|line| line.starts_with(&format!("{key} = ")));
        match (is_asked, given) {
            (true, given) => connection(&settings, key, given, kind).map(Some),
            (false, None) => Ok(None),
            (false, Some(_)) => {
                Err(CommandError::new(ExitCode::Usage, format!("{} has no {key}", template.name))
                    .with_remedy(format!("leave out --{key}")))
            }
        }
    };
    let new = NewProject {
        name: arguments.name.clone(),
        source: connection("source", arguments.source.as_ref(), ConnectionKind::Odata)?,
        dataverse: connection("dataverse", arguments.dataverse.as_ref(), ConnectionKind::Dataverse)?,
        destination: connection("destination", arguments.destination.as_ref(), ConnectionKind::Odata)?,
        company: arguments.company.clone(),
        every: arguments.every.clone(),
    };
    let source = new.source_of(&context.places, template.text);
    let project = parse_project(&settings, &source, &new.name)?;
    let file = new.write(&context.places, &source)?;
    if !settings.projects.contains(&new.name) {
        let mut in_use = settings.projects.clone();
        in_use.push(new.name.clone());
        let mut file = SettingsFile::open(&context.places)?;
        file.set_projects(&in_use);
        file.save()?;
    }
    let tasks = project.tasks.into_iter().map(|task| task.name).collect();
    context.output.show(&Made { project: new.name, file, tasks }, |made| {
        let Made { project, file, tasks } = made;
        format!(
            "{project} is in use from now on, with the tasks {}: {}\n`tandem mapping check` says whether it fits both systems, \
             `tandem project run {project}` runs it",
            tasks.join(", "),
            file.display()
        )
    });
    Ok(ExitCode::Success)
}

/// Returns the connection that was named, or the only one of the kind.
fn connection(
    settings: &Settings,
    key: &str,
    given: Option<&String>,
    kind: ConnectionKind,
) -> Result<String, CommandError> {
    let known = || settings.connections.keys().cloned().collect::<Vec<_>>().join(", ");
    if let Some(name) = given {
        return match settings.connections.contains_key(name) {
            true => Ok(name.clone()),
            false => Err(CommandError::new(ExitCode::Usage, format!("there is no [connections.{name}]"))
                .with_remedy(format!("name one of {}, or add it with `tandem connection add`", known()))),
        };
    }
    let mut found = settings.connections.iter().filter(|(_, connection)| connection.kind == kind);
    match (found.next(), found.next()) {
        (Some((name, _)), None) => Ok(name.clone()),
        (Some(_), Some(_)) | (None, _) => {
            let problem = format!("which connection is the project's {key}?");
            Err(CommandError::new(ExitCode::Usage, problem)
                .with_remedy(format!("name it with --{key}; there are {}", known())))
        }
    }
}
