//! `rebaseline` at the desk: one at a time with runs, and in words for people where it fails.

use crate::agent::error::{EngineError, ErrorKind};
use crate::agent::identity::rebaseline::rebaseline;
use crate::model::ConnectionName;

use super::control::{ControlError, RebaselineView};
use super::{Desk, chain};

impl Desk {
    /// Shows what is found of a connection, and goes on from it where a person agreed.
    pub(super) async fn rebaseline(
        &self,
        name: &str,
        agreed_by: Option<&str>,
    ) -> Result<RebaselineView, ControlError> {
        let _busy = self.busy.lock().await;
        let connection = self.known_connection(name)?;
        let view = rebaseline(&self.engine, &connection, agreed_by).await.map_err(|error| failed(&error))?;
        if view.run.is_some() {
            // What the last run said about this connection is settled.
            self.memory().failures = None;
        }
        Ok(view)
    }

    fn known_connection(&self, name: &str) -> Result<ConnectionName, ControlError> {
        let connections = &self.engine.config().settings.connections;
        let refuse = |problem: String, remedy: &str| ControlError {
            kind: ErrorKind::Usage,
            problem,
            remedy: Some(remedy.to_owned()),
        };
        match connections.get(name) {
            Some(settings) if settings.enabled => Ok(ConnectionName::new(name)),
            Some(_) => Err(refuse(
                format!("{name} is disabled, so that nothing can be found of it"),
                "`tandem connection enable` lets it be reached again",
            )),
            None => {
                Err(refuse(format!("there is no connection {name}"), "`tandem connection list` names them"))
            }
        }
    }
}

fn failed(error: &EngineError) -> ControlError {
    ControlError { kind: error.kind(), problem: chain(error), remedy: error.remedy() }
}
