//! `tandem connection`: the connections in `tandem.toml`, and what can be learned through them.

pub(super) mod arguments;

mod change;
mod discover;
mod list;
mod past;
mod test;
mod upgrade;
mod verdicts;

use crate::config::{ConnectionSettings, Settings};
use crate::model::ConnectionName;

use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;
use arguments::ConnectionCommand;

/// Carries out one of the commands on connections.
pub(super) async fn connection(
    context: &Context,
    command: &ConnectionCommand,
) -> Result<ExitCode, CommandError> {
    match command {
        ConnectionCommand::Add(arguments) => change::add(context, arguments).await,
        ConnectionCommand::List => list::list(context),
        ConnectionCommand::Edit(arguments) => change::edit(context, arguments).await,
        ConnectionCommand::Enable { name } => change::set_enabled(context, name, true).await,
        ConnectionCommand::Disable { name } => change::set_enabled(context, name, false).await,
        ConnectionCommand::Test(arguments) => test::test(context, arguments).await,
        ConnectionCommand::Discover(arguments) => discover::discover(context, arguments).await,
        ConnectionCommand::Companies { name } => discover::companies(context, name).await,
        ConnectionCommand::Remove(arguments) => change::remove(context, arguments).await,
        ConnectionCommand::Upgrade(arguments) => upgrade::upgrade(context, arguments).await,
    }
}

/// Finds a connection by its name.
pub(super) fn find<'a>(
    settings: &'a Settings,
    name: &str,
) -> Result<(ConnectionName, &'a ConnectionSettings), CommandError> {
    match settings.connections.get(name) {
        Some(connection) => Ok((ConnectionName::new(name), connection)),
        None => Err(unknown(settings, name)),
    }
}

fn unknown(settings: &Settings, name: &str) -> CommandError {
    let known: Vec<&str> = settings.connections.keys().map(String::as_str).collect();
    let remedy = match known.is_empty() {
        true => "there is none yet; `tandem connection add` makes one".to_owned(),
        false => format!("there are {}", known.join(", ")),
    };
    CommandError::new(ExitCode::Usage, format!("there is no connection {name}")).with_remedy(remedy)
}
