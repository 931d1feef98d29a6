//! Making a system out of a connection's settings.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

use super::business_central::BusinessCentral;
use super::dataverse::Dataverse;
use super::odata::{BatchForm, Service};
use super::sign_in;
use super::{System, SystemError};
use crate::config::{ConnectionKind, ConnectionSettings};
use crate::http::{HttpError, Retry, Session, SessionSettings};
use crate::model::{ConnectionName, RowId};

const DATAVERSE_API: &str = "api/data/v9.2";
const DATAVERSE_CONCURRENCY: usize = 8;
const DATAVERSE_SETTLE_SECS: u64 = 120;
const DATAVERSE_HEADERS: [(&str, &str); 3] =
    [("Accept", "application/json"), ("OData-Version", "4.0"), ("OData-MaxVersion", "4.0")];

const BUSINESS_CENTRAL_API: &str = "api/v2.0";
const BUSINESS_CENTRAL_SCOPE: &str = "https://api.businesscentral.dynamics.com/.default";
/// Below the five requests that one user may have under way.
const BUSINESS_CENTRAL_CONCURRENCY: usize = 4;
const BUSINESS_CENTRAL_SETTLE_SECS: u64 = 600;
/// The language of messages is pinned, so that they stay the same for every sign-in.
const BUSINESS_CENTRAL_HEADERS: [(&str, &str); 2] =
    [("Accept", "application/json"), ("Accept-Language", "en-US")];

/// Makes the system a connection describes. Nothing is sent yet; relative secret files start at `config_folder`.
pub fn connect(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    config_folder: &Path,
) -> Result<Arc<dyn System>, SystemError> {
    let overlap = Duration::from_secs(settings.overlap_secs);
    let settle = |default: u64| Duration::from_secs(settings.settle_secs.unwrap_or(default));
    match settings.kind {
        ConnectionKind::Dataverse => {
            let service = dataverse_service(name, settings, config_folder)?;
            let settle = settle(DATAVERSE_SETTLE_SECS);
            Ok(Arc::new(Dataverse::new(service, settings.page_size, overlap, settle)))
        }
        ConnectionKind::BusinessCentral => {
            let company = company(name, settings)?;
            let environment = environment(name, settings)?;
            let service = business_central_service(name, settings, config_folder)?;
            let settle = settle(BUSINESS_CENTRAL_SETTLE_SECS);
            let page_size = settings.page_size;
            Ok(Arc::new(BusinessCentral::new(service, &environment, company, page_size, overlap, settle)))
        }
    }
}

fn dataverse_service(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    config_folder: &Path,
) -> Result<Service, SystemError> {
    let url = settings.url.trim_end_matches('/');
    Ok(Service {
        name: name.clone(),
        session: session(name, settings, config_folder, DATAVERSE_CONCURRENCY)?,
        root: format!("{url}/{DATAVERSE_API}"),
        headers: DATAVERSE_HEADERS.to_vec(),
        batch_form: BatchForm::Multipart,
    })
}

fn business_central_service(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    config_folder: &Path,
) -> Result<Service, SystemError> {
    let url = settings.url.trim_end_matches('/');
    Ok(Service {
        name: name.clone(),
        session: session(name, settings, config_folder, BUSINESS_CENTRAL_CONCURRENCY)?,
        root: format!("{url}/{BUSINESS_CENTRAL_API}"),
        headers: BUSINESS_CENTRAL_HEADERS.to_vec(),
        batch_form: BatchForm::Json,
    })
}

fn session(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    config_folder: &Path,
    concurrency: usize,
) -> Result<Session, SystemError> {
    Session::open(SessionSettings {
        address: settings.url.clone(),
        timeout: Duration::from_secs(settings.timeout_secs),
        concurrency,
        retry: Retry::default(),
        sign_in: sign_in::read(name, settings, config_folder, scope(settings))?,
        trust: sign_in::trust(name, settings, config_folder)?,
    })
    .map_err(|error: HttpError| configuration(name, error.to_string()))
}

/// Returns what an application asks a token for: everything the service has granted it.
pub(super) fn scope(settings: &ConnectionSettings) -> String {
    match settings.kind {
        ConnectionKind::Dataverse => format!("{}/.default", settings.url.trim_end_matches('/')),
        ConnectionKind::BusinessCentral => BUSINESS_CENTRAL_SCOPE.to_owned(),
    }
}

fn company(name: &ConnectionName, settings: &ConnectionSettings) -> Result<RowId, SystemError> {
    let text = settings.company.as_deref().unwrap_or_default();
    let company = Uuid::try_parse(text).map_err(|_| {
        configuration(name, format!("`company` must be the company's id (a GUID), and is `{text}`"))
    })?;
    Ok(RowId::from(company))
}

/// Returns tenant and environment as they stand in the address, in lower case.
fn environment(name: &ConnectionName, settings: &ConnectionSettings) -> Result<String, SystemError> {
    let url = Url::parse(&settings.url)
        .map_err(|error| configuration(name, format!("`url` is no address: {error}")))?;
    Ok(url.path().trim_matches('/').to_lowercase())
}

fn configuration(connection: &ConnectionName, detail: String) -> SystemError {
    SystemError::Configuration { connection: connection.clone(), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connected(kind: &str, url: &str, company: &str) -> Result<Arc<dyn System>, SystemError> {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "s3cret").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let settings = serde_json::json!({"kind": kind, "url": url, "company": company, "sign_in": {
            "kind": "client-secret", "tenant": "t", "client_id": "app", "client_secret": "file:secret"}});
        connect(&"x".into(), &serde_json::from_value(settings).unwrap(), folder.path())
    }

    const COMPANY: &str = "3f000000-0000-4000-8000-000000000002";

    #[test]
    fn each_kind_of_connection_has_its_abilities() {
        let dataverse = connected("dataverse", "https://contoso.crm4.dynamics.com/", "").unwrap().abilities();
        assert!(dataverse.takes_ids && dataverse.lists_deletions && !dataverse.dirty_reads);
        assert_eq!((dataverse.settle.as_secs(), dataverse.batch_size), (120, 50));
        let url = "https://api.businesscentral.dynamics.com/v2.0/t/production";
        let business_central = connected("business-central", url, COMPANY).unwrap().abilities();
        assert!(
            !business_central.takes_ids && !business_central.lists_deletions && business_central.dirty_reads
        );
        assert_eq!((business_central.settle.as_secs(), business_central.batch_size), (600, 25));
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let error = |kind, url, company| connected(kind, url, company).unwrap_err().to_string();
        assert!(error("dataverse", "http://contoso.example", "").contains("use https"));
        assert!(error("business-central", "https://a.example/v2.0/t/p", "CRONUS").contains("`CRONUS`"));
        assert!(error("business-central", "nowhere", COMPANY).contains("no address"));
    }
}
