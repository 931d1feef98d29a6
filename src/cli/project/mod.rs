//! `tandem project`: ordered lists of one-way tasks, from templates or of one's own.

pub(super) mod arguments;
mod list;
mod new;
mod run;

use crate::config::{Settings, project_source};
use crate::mapping;

use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;
use arguments::ProjectCommand;

/// Does what was asked about projects.
pub(super) async fn project(context: &Context, command: &ProjectCommand) -> Result<ExitCode, CommandError> {
    match command {
        ProjectCommand::List => list::list(context).await,
        ProjectCommand::Show { name } => show(context, name),
        ProjectCommand::New(arguments) => new::new(context, arguments),
        ProjectCommand::Run(arguments) => run::run(context, arguments).await,
    }
}

/// Shows a project's file, else the template of that name.
fn show(context: &Context, name: &str) -> Result<ExitCode, CommandError> {
    let own = own(context);
    let text = match own.iter().any(|own| own == name) {
        true => project_source(&context.places, name)?.text,
        false => match mapping::template(name) {
            Some(template) => template.text.to_owned(),
            None => {
                let templates = mapping::TEMPLATES.iter().map(|template| template.name.to_owned());
                let known: Vec<_> = own.into_iter().chain(templates).collect();
                let problem = format!("there is no project or template {name}");
                return Err(CommandError::new(ExitCode::Usage, problem)
                    .with_remedy(format!("name one of {}", known.join(", "))));
            }
        },
    };
    context.output.show(&text, |text| text.trim_end().to_owned());
    Ok(ExitCode::Success)
}

/// Returns the names of one's own projects: those with a file, and those in use.
fn own(context: &Context) -> Vec<String> {
    let files = std::fs::read_dir(context.places.projects()).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".toml")?.to_owned())).collect();
    names.extend(Settings::load(&context.places).into_iter().flat_map(|settings| settings.projects));
    names.sort_unstable();
    names.dedup();
    names
}
