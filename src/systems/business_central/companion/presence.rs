//! Whether the companion is installed, and in which state.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;
use tracing::{debug, info, warn};

use super::authors::Authors;
use super::position::Mark;
use super::standstill::Standstill;
use super::state::{Break, COLUMNS, CONTRACT_REVISION, SyncState};
use crate::config::CompanionChoice;
use crate::http::{Request, Response};
use crate::mapping::TablesUsed;
use crate::model::{TableName, Watermark};
use crate::systems::SystemError;
use crate::systems::odata::{Csdl, LOCK_RETRIES, Query, Service, ServiceError, is_locked};

const WHAT: &str = "the companion extension";
const NO_COMPANY: &str = "Internal_CompanyNotFound";

/// The companion of one company, installed or not.
#[derive(Debug)]
pub struct Companion {
    pub service: Service,
    /// The company's path below the service.
    pub company: String,
    choice: CompanionChoice,
    /// What the mappings use: a table that needs other columns than the companion has stays where they are.
    pub used: TablesUsed,
    found: Mutex<Found>,
    standstill: Mutex<Standstill>,
    pub authors: Authors,
}

#[derive(Clone, Debug, Default)]
enum Found {
    #[default]
    NotAsked,
    Absent,
    Installed(Arc<Installed>),
}

/// The companion as it was found installed.
#[derive(Debug)]
pub struct Installed {
    pub state: SyncState,
    metadata: Arc<OnceCell<Csdl>>,
    /// The tables of which a read began in this state.
    begun: Mutex<BTreeSet<TableName>>,
}

/// What a look at the companion found.
#[derive(Debug)]
pub struct Look {
    pub installed: Option<Arc<Installed>>,
    /// Whether its tables may be others than those found before.
    pub is_other: bool,
}

impl Companion {
    /// Makes the companion of a company; nothing where it is not to be used.
    pub fn new(service: Service, company: String, choice: CompanionChoice, used: TablesUsed) -> Option<Self> {
        (choice != CompanionChoice::Off).then(|| Self {
            service,
            company,
            choice,
            used,
            found: Mutex::default(),
            standstill: Mutex::default(),
            authors: Authors::default(),
        })
    }

    /// Returns what the last look found; nothing if nobody has looked yet.
    pub fn known(&self) -> Option<Option<Arc<Installed>>> {
        match &*lock(&self.found) {
            Found::NotAsked => None,
            Found::Absent => Some(None),
            Found::Installed(installed) => Some(Some(Arc::clone(installed))),
        }
    }

    /// Looks whether it is installed. The company must be known to exist: a 404 says the one or the other.
    pub async fn look(&self) -> Result<Look, SystemError> {
        let Some(state) = self.ask().await? else { return self.absent() };
        if state.revision > CONTRACT_REVISION {
            debug!(connection = %self.service.name, revision = state.revision, "The companion knows more than this Tandem");
        }
        if let Some(since) = lock(&self.standstill).note(&state) {
            warn!(connection = %self.service.name, %since, "A transaction that does not end holds changes back");
        }
        let mut found = lock(&self.found);
        let same = match &*found {
            Found::Installed(before) if before.is_like(&state) => Some(Arc::clone(&before.metadata)),
            _ => None,
        };
        let is_other = same.is_none();
        if is_other {
            info!(connection = %self.service.name, revision = state.revision, version = state.extension_version, "Using the companion extension");
        }
        let metadata = same.unwrap_or_default();
        let installed = Arc::new(Installed { state, metadata, begun: Mutex::default() });
        *found = Found::Installed(Arc::clone(&installed));
        self.authors.may_be_asked_again();
        Ok(Look { installed: Some(installed), is_other })
    }

    fn absent(&self) -> Result<Look, SystemError> {
        if self.choice == CompanionChoice::Required {
            *lock(&self.found) = Found::NotAsked;
            return Err(SystemError::Configuration {
                connection: self.service.name.clone(),
                detail: "the companion extension is not installed in this environment, and `companion` is \
                         \"required\"; install it, or set `companion` to \"auto\""
                    .to_owned(),
            });
        }
        let before = std::mem::replace(&mut *lock(&self.found), Found::Absent);
        let is_other = matches!(before, Found::Installed(_));
        if is_other {
            info!(connection = %self.service.name, "The companion extension is gone; going on without it");
        }
        Ok(Look { installed: None, is_other })
    }

    /// Makes sure that it is still there: without it every row would seem to be deleted.
    pub async fn is_still_there(&self) -> Result<(), SystemError> {
        match self.ask().await? {
            Some(_) => Ok(()),
            None => Err(self.gone()),
        }
    }

    /// Tells a failure of what was asked from the extension having gone away, which time heals.
    pub async fn unless_gone<T>(&self, result: Result<T, SystemError>) -> Result<T, SystemError> {
        if let Err(SystemError::NotFound { .. } | SystemError::BadRequest { .. }) = &result {
            self.is_still_there().await?;
        }
        result
    }

    /// Returns the state to read a table's changes by: the last one found if no read of the table began in it, so that
    /// all tables of a run share one.
    pub async fn state_to_read(&self, table: &TableName) -> Result<SyncState, SystemError> {
        if let Some(Some(installed)) = self.known()
            && lock(&installed.begun).insert(table.clone())
        {
            return Ok(installed.state.clone());
        }
        self.ask().await?.ok_or_else(|| self.gone())
    }

    /// Says whether what was read up to these watermarks still is this database's past (I14).
    pub fn check_past(&self, read: &[Watermark]) -> Result<(), SystemError> {
        let Some(Some(installed)) = self.known() else { return Ok(()) };
        for mark in read.iter().filter_map(Mark::of) {
            mark.check(&installed.state).map_err(|broken| self.restored(&broken))?;
        }
        Ok(())
    }

    /// Names a database that was restored or copied.
    pub fn restored(&self, broken: &Break) -> SystemError {
        SystemError::Restored { connection: self.service.name.clone(), detail: broken.to_string() }
    }

    /// Returns its metadata, read once for each way it is installed.
    pub async fn metadata<'a>(&self, installed: &'a Installed) -> Result<&'a Csdl, SystemError> {
        let read = || async {
            let request = Request::get(self.service.url("$metadata"))
                .with_header("Accept", "application/xml")
                .with_header("Accept-Language", "en-US");
            self.service.csdl(&request).await
        };
        installed.metadata.get_or_try_init(read).await
    }

    /// Gets an address, again where a lock was met: only committed rows are served, so a read may have to wait.
    pub async fn fetch(&self, what: &str, url: &str, prefer: Option<&str>) -> Result<Response, SystemError> {
        let mut response = self.service.fetch(what, url, prefer).await?;
        for attempt in 0..LOCK_RETRIES {
            if !is_locked(&response) {
                break;
            }
            self.service.session.back_off(attempt).await;
            response = self.service.fetch(what, url, prefer).await?;
        }
        Ok(response)
    }

    /// Asks for the state; nothing if there is no companion.
    async fn ask(&self) -> Result<Option<SyncState>, SystemError> {
        let path = Query::of(format!("{}/syncState", self.company)).select(COLUMNS).path();
        let url = self.service.url(&path);
        let response = self.fetch(WHAT, &url, None).await?;
        let code = ServiceError::parse(response.status, &response.body).code;
        let connection = self.service.name.clone();
        match response.status {
            404 if code != NO_COMPANY => return Ok(None),
            403 => {
                let what = "the use of the companion extension: its permission set TANDEM SYNC (TANDEM READ where \
                            nothing is written to Business Central) is missing";
                return Err(SystemError::Forbidden { connection, what: what.to_owned() });
            }
            405 => {
                let detail = "the companion extension is answered with 405: switch on API services \
                              (ApiServicesEnabled) on the server";
                return Err(SystemError::Configuration { connection, detail: detail.to_owned() });
            }
            _ => {}
        }
        let response = self.service.success(WHAT, response)?;
        let page = self.service.page(WHAT, &url, &response, |entry| entry)?;
        let [row] = page.rows.as_slice() else {
            return Err(self.service.unexpected(WHAT, format!("{} rows of syncState", page.rows.len())));
        };
        let row = row.as_object().ok_or_else(|| self.service.unexpected(WHAT, "syncState is no object"))?;
        SyncState::read(row).map(Some).map_err(|problem| self.service.unexpected(WHAT, problem))
    }

    /// It was there when this run began. The next run goes on without it.
    fn gone(&self) -> SystemError {
        info!(connection = %self.service.name, "The companion extension went away while it was used");
        SystemError::Unavailable { connection: self.service.name.clone(), status: 404, retry_after: None }
    }
}

impl Installed {
    /// Returns whether its tables are the same in that state.
    fn is_like(&self, state: &SyncState) -> bool {
        self.state.revision == state.revision && self.state.extension_version == state.extension_version
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn installed(state: SyncState) -> Installed {
        Installed { state, metadata: Arc::default(), begun: Mutex::default() }
    }

    #[test]
    fn another_version_of_the_extension_may_have_other_tables() {
        let state = super::super::state::tests::state(100, 101);
        let installed = installed(state.clone());
        assert!(installed.is_like(&SyncState { last_used: 200, ..state.clone() }));
        assert!(!installed.is_like(&SyncState { extension_version: "1.1.0.0".to_owned(), ..state }));
    }
}
