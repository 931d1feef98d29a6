//! `tandem mapping`: the shipped mappings and your own, and whether they fit the two systems.

pub(super) mod arguments;
mod check;
mod list;

use crate::mapping;

use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;
use arguments::MappingCommand;

/// Does what was asked about mappings.
pub(super) async fn mapping(context: &Context, command: &MappingCommand) -> Result<ExitCode, CommandError> {
    match command {
        MappingCommand::List => list::list(context),
        MappingCommand::Show { name } => show(context, name),
        MappingCommand::Check(arguments) => check::check(context, arguments).await,
    }
}

/// Shows a mapping's file as it is used, comments included.
fn show(context: &Context, name: &str) -> Result<ExitCode, CommandError> {
    let source = crate::config::mapping_source(&context.places, name)?;
    context.output.show(&source.text, |text| text.trim_end().to_owned());
    Ok(ExitCode::Success)
}

/// Returns the names of shipped mappings.
fn shipped() -> impl Iterator<Item = &'static str> {
    mapping::STANDARD.into_iter().map(|(name, _)| name)
}
