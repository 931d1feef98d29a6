//! `tandem mapping`: the shipped mappings and your own, and whether they fit the two systems.

pub(super) mod arguments;
mod change;
mod check;
mod graph;
mod list;

use std::path::Path;
use std::{fs, io};

use crate::mapping;

use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;
use arguments::MappingCommand;

/// Does what was asked about mappings.
pub(super) async fn mapping(context: &Context, command: &MappingCommand) -> Result<ExitCode, CommandError> {
    match command {
        MappingCommand::List => list::list(context),
        MappingCommand::Add { names, profile } => change::add(context, names, *profile),
        MappingCommand::Reset { name } => change::reset(context, name),
        MappingCommand::Graph => graph::graph(context),
        MappingCommand::Show { name } => show(context, name),
        MappingCommand::Import { file, side } => import(context, file, side),
        MappingCommand::Check(arguments) => check::check(context, arguments).await,
    }
}

/// Shows a mapping's file as it is used, comments included.
fn show(context: &Context, name: &str) -> Result<ExitCode, CommandError> {
    let source = crate::config::mapping_source(&context.places, name)?;
    context.output.show(&source.text, |text| text.trim_end().to_owned());
    Ok(ExitCode::Success)
}

/// Writes transforms of 2017 as a mapping file has them.
fn import(context: &Context, file: &Path, side: &str) -> Result<ExitCode, CommandError> {
    let text = match file == Path::new("-") {
        true => io::read_to_string(io::stdin()),
        false => fs::read_to_string(file),
    };
    let text = text.map_err(|error| {
        CommandError::because(ExitCode::Usage, format!("cannot read {}", file.display()), &error)
    })?;
    let steps = mapping::parse_legacy(&text).map_err(|problem| {
        CommandError::new(ExitCode::Configuration, format!("{}: {problem}", file.display()))
            .with_remedy("give the JSON text that the project kept for one field")
    })?;
    let line = format!("{side}_transform = {}", mapping::in_own_words(&steps));
    context.output.show(&line, Clone::clone);
    Ok(ExitCode::Success)
}

/// Returns the names of shipped mappings.
fn shipped() -> impl Iterator<Item = &'static str> {
    mapping::STANDARD.into_iter().map(|(name, _)| name)
}
