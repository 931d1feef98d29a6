//! The agent's loop: one select over a closed list of events.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::agent::choice::Choice;
use crate::agent::error::ErrorKind;
use crate::agent::run::RunOptions;
use crate::schedule;

use super::Desk;
use super::control::ControlError;
use super::watch::watch;

/// How long an editor is given to finish a save that comes in pieces.
const SAVE_PAUSE: Duration = Duration::from_millis(150);

/// What the agent waits for.
enum Event {
    /// The time for a look has come.
    Poll,
    /// The inbox file was touched.
    InboxTouched,
    /// A run ended, and answers were saved while it was under way.
    AnswersCameIn,
    Shutdown,
}

/// Polls both systems and watches the inbox until `shutdown`.
pub async fn run_agent(
    desk: Arc<Desk>,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ControlError> {
    let inbox = desk.engine().config().inbox_file();
    let (_watcher, mut touched) = watch(&inbox).map_err(|error| ControlError {
        kind: ErrorKind::Configuration,
        problem: format!("cannot watch the inbox folder of {}: {error}", inbox.display()),
        remedy: Some("make the folder, or name another one as `inbox` in tandem.toml".to_owned()),
    })?;
    desk.start_agent();
    info!(inbox = %inbox.display(), "Agent started");
    tokio::pin!(shutdown);
    let interval = Duration::from_secs(desk.engine().config().settings.poll_secs.max(1));
    let mut next = Instant::now();
    let mut failures = 0;
    loop {
        let event = tokio::select! {
            biased;
            () = &mut shutdown => Event::Shutdown,
            Some(()) = touched.recv() => Event::InboxTouched,
            () = desk.answers_came_in() => Event::AnswersCameIn,
            () = tokio::time::sleep_until(next) => Event::Poll,
        };
        match event {
            Event::Shutdown => break,
            Event::Poll => {
                // A run cut short is as good as a crash: intents are stored, and the next start looks them up.
                let is_well = tokio::select! {
                    () = &mut shutdown => break,
                    outcome = look(&desk, "schedule") => outcome?,
                };
                failures = if is_well { 0 } else { failures + 1 };
                if is_well {
                    desk.tidy().await?;
                }
                next = Instant::now() + schedule::wait(interval, failures);
            }
            Event::AnswersCameIn => tokio::select! {
                () = &mut shutdown => break,
                outcome = look(&desk, "answer") => { outcome?; }
            },
            Event::InboxTouched => {
                tokio::time::sleep(SAVE_PAUSE).await;
                while touched.try_recv().is_ok() {}
                match desk.take_answers().await {
                    Ok(0) => {}
                    Ok(answers) => {
                        info!(answers, "Answers taken from the inbox");
                        tokio::select! {
                            () = &mut shutdown => break,
                            outcome = look(&desk, "answer") => { outcome?; }
                        }
                    }
                    Err(error) => warn!(problem = error.problem, "The inbox cannot be used"),
                }
            }
        }
    }
    info!("Agent stopped");
    Ok(())
}

/// Runs once. Returns whether nothing failed; only a failing store ends the agent.
async fn look(desk: &Desk, trigger: &str) -> Result<bool, ControlError> {
    let options = RunOptions { choice: Choice::Due, ..RunOptions::of(trigger) };
    match desk.run(&options).await {
        Ok(report) => Ok(report.failures.is_empty()),
        Err(error) if error.kind == ErrorKind::Store => Err(error),
        Err(error) => {
            warn!(problem = error.problem, "The run failed");
            Ok(false)
        }
    }
}
