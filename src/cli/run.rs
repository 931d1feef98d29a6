//! `tandem run`: the agent, until Ctrl-C.

use std::sync::Arc;

use crate::agent::{Desk, run_agent};
use crate::config::Places;
use crate::web;

use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;
use super::shutdown::shutdown;

/// Keeps both systems in step until someone wants it to stop.
pub(super) async fn run(context: &Context) -> Result<ExitCode, CommandError> {
    let desk = Arc::new(Desk::open(&context.places)?);
    desk.check_consent()?;
    be_the_agent(desk, &context.places).await?;
    Ok(ExitCode::Success)
}

/// Runs the agent and lets other commands reach it meanwhile.
pub(super) async fn be_the_agent(desk: Arc<Desk>, places: &Places) -> Result<(), CommandError> {
    let _served = web::serve(Arc::clone(&desk), places).await?;
    run_agent(desk, shutdown()).await?;
    Ok(())
}
