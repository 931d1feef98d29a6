//! Commands about the store alone, and the agent's own upkeep of it.

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::agent::error::ErrorKind;
use crate::agent::keeping;
use crate::store::StoreError;

use super::control::{Command, ControlError, Reply};
use super::{Desk, store};

impl Desk {
    /// Carries out a command about the store alone. Copying and looking need no pause of the runs.
    pub(super) async fn keep(&self, command: &Command) -> Result<Reply, ControlError> {
        let file = Arc::clone(self.engine.store());
        match command {
            Command::Backup { to, replace } => {
                let (to, replace) = (to.clone(), *replace);
                apart(move || keeping::backup(&file, Path::new(&to), replace)).await
            }
            Command::Compact => {
                let _busy = self.busy.lock().await;
                let compacted = keeping::compact(&file).await.map_err(|error| failed(&error))?;
                compacted.ok_or_else(|| ControlError {
                    kind: ErrorKind::Store,
                    problem: "the store is being read all the time".to_owned(),
                    remedy: Some("try again in a while".to_owned()),
                })
            }
            _ => {
                let configured = self.mappings().iter().map(|mapping| mapping.name.clone()).collect();
                apart(move || keeping::examine(&file, &configured).map(Box::new).map(Reply::Examined)).await
            }
        }
    }

    /// Once a day, and in small steps: forgets what is older than the settings keep, and gives room back.
    pub(super) async fn tidy(&self) -> Result<(), ControlError> {
        let today = self.engine.now().to_zoned(TimeZone::UTC).date();
        if self.memory().tidied_on == Some(today) {
            return Ok(());
        }
        let _busy = self.busy.lock().await;
        let engine = self.engine.clone();
        let is_more = apart(move || keeping::tidy(&engine)).await?;
        if !is_more {
            self.memory().tidied_on = Some(today);
        }
        Ok(())
    }
}

/// Does long work with the disk beside everything else.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ControlError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.expect("invariant: work with the store ends in an outcome").map_err(|error| failed(&error))
}

fn failed(error: &StoreError) -> ControlError {
    let kind = match error {
        StoreError::Exists { .. } | StoreError::Io { .. } => ErrorKind::Usage,
        _ => ErrorKind::Store,
    };
    ControlError { kind, ..store(error) }
}
