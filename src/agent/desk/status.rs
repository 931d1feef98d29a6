//! How things stand, as the desk knows it: from the store, and from what happened in this process.

use crate::agent::brake::view;
use crate::agent::error::ErrorKind;
use crate::agent::report::Failure;
use crate::agent::standstill;
use crate::store::StoreError;

use super::control::{AgentView, ControlError, Health, StatusView};
use super::{Desk, store, views};

impl Desk {
    /// Notes that this process is the agent.
    pub fn start_agent(&self) {
        self.memory().agent = Some(AgentView {
            pid: std::process::id(),
            started_at: self.engine.now(),
            last_pass_at: None,
            is_running: false,
        });
    }

    pub(super) fn set_running(&self, is_running: bool) {
        let now = self.engine.now();
        if let Some(agent) = &mut self.memory().agent {
            agent.is_running = is_running;
            if !is_running {
                agent.last_pass_at = Some(now);
            }
        }
    }

    pub(super) fn status(&self) -> Result<StatusView, ControlError> {
        let view = || -> Result<StatusView, StoreError> {
            let snapshot = self.engine.store().snapshot()?;
            let last_run = snapshot.runs(1)?.pop();
            let memory = self.memory();
            let mut failures = match (&memory.failures, &last_run) {
                (Some(failures), _) => failures.clone(),
                (None, Some(run)) => run.failures.iter().map(|problem| remembered(problem)).collect(),
                (None, None) => Vec::new(),
            };
            let connections = views::connections(&self.engine, &snapshot)?;
            views::add_frozen(&mut failures, &connections);
            let open_conflicts = snapshot.conflicts()?.len() as u64;
            let mappings = views::mappings(&self.engine, &snapshot)?;
            let stalls = standstill::stalls(&self.engine, &snapshot)?;
            let brakes = view::brakes(&self.engine, &snapshot)?;
            let health = views::health(&failures, open_conflicts, &memory.inbox_problems, &mappings, &brakes);
            Ok(StatusView {
                health: match health {
                    // It says why, and what to do.
                    Health::Stopped => health,
                    _ if stalls.is_empty() => health,
                    _ => Health::Stalled,
                },
                stalls,
                failures,
                agent: memory.agent.clone(),
                warnings: self.engine.warnings(),
                connections,
                mappings,
                brakes,
                open_conflicts,
                inbox: self.engine.config().inbox_file().display().to_string(),
                inbox_problems: memory.inbox_problems.clone(),
                last_run: last_run.map(|run| views::run(&self.engine, &run, &[])),
            })
        };
        view().map_err(|error| store(&error))
    }
}

/// A failure known only by its words, from the last run of an earlier process.
fn remembered(problem: &str) -> Failure {
    let kind = ErrorKind::System;
    Failure { mapping: None, problem: problem.to_owned(), remedy: None, kind, transient: false }
}
