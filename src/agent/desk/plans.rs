//! Plans at the desk: shown without a write, kept in full, approved.

use crate::agent::brake::approve;
use crate::agent::brake::plan_file::PlanFile;
use crate::agent::choice::Choice;
use crate::agent::report::RunReport;
use crate::agent::run::RunOptions;

use super::control::{ControlError, Reply};
use super::{Desk, store};

impl Desk {
    pub(super) async fn plan(&self, choice: Choice) -> Result<RunReport, ControlError> {
        let _busy = self.busy.lock().await;
        let rehearsal = self.engine.rehearsal().map_err(|error| store(&error))?;
        let options = RunOptions { choice, ..RunOptions::of("plan") };
        rehearsal.run(&options).await.map_err(|error| store(&error))
    }

    pub(super) async fn plan_in_full(&self) -> Result<Reply, ControlError> {
        let _busy = self.busy.lock().await;
        let rehearsal = self.engine.rehearsal().map_err(|error| store(&error))?;
        let options = RunOptions::of("plan");
        let kept = rehearsal.run_and_keep_plans(&options).await;
        let (report, plans) = kept.map_err(|error| store(&error))?;
        let plan = PlanFile::of(&plans, self.mappings(), &report.brakes, self.engine.now());
        Ok(Reply::Plan { plan, report: Box::new(report) })
    }

    pub(super) async fn approve(&self, plan: &str, by: &str) -> Result<RunReport, ControlError> {
        let _busy = self.busy.lock().await;
        let mapping = match approve::approve(&self.engine, plan, by).map_err(|error| store(&error))? {
            Ok(mapping) => mapping,
            Err(waiting) => return Err(approve::not_waiting(plan, &waiting)),
        };
        let options = RunOptions { choice: Choice::Only([mapping].into()), ..RunOptions::of("approve") };
        self.run_noted(&options, true).await
    }
}
