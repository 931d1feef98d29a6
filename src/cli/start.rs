//! From the command line to a command, and from its outcome to the exit code.

use std::env;

use tokio::runtime::{Builder, Runtime};

use super::arguments::{self, Arguments, Command};
use super::context::Context;
use super::exit_code::ExitCode;
use super::output::{Output, json_text};
use super::report::CommandError;
use super::{
    approve, backup, certificate, compact, conflicts, connection, demo, doctor, history, logging, mapping,
    plan, project, rebaseline, restore, rows, run, sign_in, simulate, status, sync, tables, undo, verify,
    why,
};

/// Runs the program with the process's own arguments.
#[must_use]
pub fn main() -> std::process::ExitCode {
    let arguments = match arguments::parse(env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    let output = Output { json: arguments.common.json };
    let exit_code = execute(&arguments).unwrap_or_else(|error| {
        output.note(&if output.json { json_text(&error.json()) } else { error.text() });
        error.exit_code
    });
    exit_code.number().into()
}

/// Shows what clap says: help and version as well as mistakes.
fn not_understood(error: &clap::Error) -> std::process::ExitCode {
    let wants_json = env::args_os().any(|word| word == "--json");
    if !(wants_json && error.use_stderr()) {
        error.exit();
    }
    let text = error.render().to_string();
    let problem = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    let error = CommandError::new(ExitCode::Usage, problem).with_remedy("see `tandem --help`");
    Output { json: true }.note(&json_text(&error.json()));
    error.exit_code.number().into()
}

fn execute(arguments: &Arguments) -> Result<ExitCode, CommandError> {
    let common = &arguments.common;
    let is_agent = matches!(arguments.command, Command::Run);
    let logs = if is_agent { Some(Context::of(common)?.places.logs()) } else { None };
    logging::start(logging::level(is_agent, common.verbose), logs.as_deref())?;
    let runtime = runtime()?;
    runtime.block_on(command(arguments))
}

async fn command(arguments: &Arguments) -> Result<ExitCode, CommandError> {
    let common = &arguments.common;
    let context = || Context::of(common);
    match &arguments.command {
        Command::Demo(options) => demo::demo(common, options).await,
        Command::Simulate(options) => simulate::simulate(common, options).await,
        Command::Run => run::run(&context()?).await,
        Command::Sync(options) => sync::sync(&context()?, options).await,
        Command::Plan(options) => plan::plan(&context()?, options).await,
        Command::Approve(options) => approve::approve(&context()?, options).await,
        Command::Status => status::status(&context()?).await,
        Command::Conflicts { action } => conflicts::conflicts(&context()?, action.as_ref()).await,
        Command::History(options) => history::history(&context()?, options).await,
        Command::Rebaseline(options) => rebaseline::rebaseline(&context()?, options).await,
        Command::Connection { command } => connection::connection(&context()?, command).await,
        Command::Mapping { command } => mapping::mapping(&context()?, command).await,
        Command::Project { command } => project::project(&context()?, command).await,
        Command::Tables(options) => tables::tables(&context()?, options).await,
        Command::Rows(options) => rows::rows(&context()?, options).await,
        Command::Certificate { action } => certificate::certificate(&context()?, action),
        Command::Undo(options) => undo::undo(&context()?, options).await,
        Command::Resume(options) => undo::resume(&context()?, options).await,
        Command::Why(options) => why::why(&context()?, options).await,
        Command::SignIn(options) => sign_in::sign_in(&context()?, options).await,
        Command::Verify(options) => verify::verify(&context()?, options).await,
        Command::Backup(options) => backup::backup(&context()?, options).await,
        Command::Restore(options) => restore::restore(&context()?, options).await,
        Command::Doctor(options) => doctor::doctor(&context()?, options).await,
        Command::Compact => compact::compact(&context()?).await,
    }
}

fn runtime() -> Result<Runtime, CommandError> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
        CommandError::because(ExitCode::Failure, "cannot start the asynchronous runtime", &error)
    })
}
