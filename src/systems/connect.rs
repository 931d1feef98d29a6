//! Making a system out of a connection's settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;
use uuid::Uuid;

use super::business_central::{BusinessCentral, COMPANION_API, Companion, Company};
use super::dataverse::Dataverse;
use super::odata::{BatchForm, CALLER, Portions, Service};
use super::odata_service::{ODataService, ServiceTraits};
use super::sign_in;
use super::{Examine, System, SystemError};
use crate::config::{BatchChoice, ConnectionKind, ConnectionSettings, LimitSettings};
use crate::http::{HttpError, Limits, Retry, Session, SessionSettings, Throttles};
use crate::mapping::TablesUsed;
use crate::model::{ColumnName, ConnectionName, RowId};

const DATAVERSE_API: &str = "api/data/v9.2";
/// What Microsoft announces for one user. It recommends a smaller parallelism with its answers, which is kept.
pub(super) const DATAVERSE_LIMITS: Limits =
    Limits { requests: 6000, window: Duration::from_secs(300), running: 52, per_day: None };
const DATAVERSE_SETTLE_SECS: u64 = 120;
pub(super) const ODATA_HEADERS: [(&str, &str); 3] =
    [("Accept", "application/json"), ("OData-Version", "4.0"), ("OData-MaxVersion", "4.0")];

/// Nothing is announced for services in general: a modest share.
const ODATA_LIMITS: Limits =
    Limits { requests: 6000, window: Duration::from_secs(300), running: 4, per_day: None };
const ODATA_SETTLE_SECS: u64 = 600;
/// What Dynamics 365 Finance calls the column of the company.
const COMPANY_COLUMN: &str = "dataAreaId";

const BUSINESS_CENTRAL_API: &str = "api/v2.0";
const BUSINESS_CENTRAL_WEB_SERVICES: &str = "ODataV4";
/// Where all online environments live; elsewhere the address is part of the identity.
const BUSINESS_CENTRAL_ONLINE: &str = "api.businesscentral.dynamics.com";
const BUSINESS_CENTRAL_SCOPE: &str = "https://api.businesscentral.dynamics.com/.default";
/// What Microsoft announces for one user; further requests would wait in a queue at the server.
const BUSINESS_CENTRAL_LIMITS: Limits =
    Limits { requests: 6000, window: Duration::from_secs(300), running: 5, per_day: None };
const BUSINESS_CENTRAL_SETTLE_SECS: u64 = 600;
/// The language of messages is pinned, so that they stay the same for every sign-in.
const BUSINESS_CENTRAL_HEADERS: [(&str, &str); 2] =
    [("Accept", "application/json"), ("Accept-Language", "en-US")];

/// What connections have in common.
#[derive(Debug)]
pub struct Surroundings {
    /// Where relative files of secrets start.
    config_folder: PathBuf,
    throttles: Throttles,
}

impl Surroundings {
    /// Makes the surroundings of connections that share the limits of their services.
    #[must_use]
    pub fn new(config_folder: &Path) -> Self {
        Self { config_folder: config_folder.to_owned(), throttles: Throttles::default() }
    }
}

/// Makes the system a connection describes. Nothing is sent yet. `used` is what mappings use of its tables.
pub fn connect(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    around: &Surroundings,
    used: TablesUsed,
) -> Result<Arc<dyn System>, SystemError> {
    Ok(examinable(name, settings, around, used)?)
}

/// Makes the same system for people to look over.
pub fn open(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    config_folder: &Path,
    used: TablesUsed,
) -> Result<Arc<dyn Examine>, SystemError> {
    examinable(name, settings, &Surroundings::new(config_folder), used)
}

fn examinable(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    around: &Surroundings,
    used: TablesUsed,
) -> Result<Arc<dyn Examine>, SystemError> {
    let overlap = Duration::from_secs(settings.overlap_secs);
    let settle = |default: u64| Duration::from_secs(settings.settle_secs.unwrap_or(default));
    match settings.kind {
        ConnectionKind::Dataverse => {
            let service = dataverse_service(name, settings, around)?;
            let settle = settle(DATAVERSE_SETTLE_SECS);
            Ok(Arc::new(Dataverse::new(service, settings.page_size, overlap, settle)))
        }
        ConnectionKind::BusinessCentral => {
            let company = company(name, settings)?;
            let service = business_central_service(name, settings, around)?;
            let companion = companion(&service, &company, name, settings, used)?;
            let settle = settle(BUSINESS_CENTRAL_SETTLE_SECS);
            let system = BusinessCentral::new(
                service,
                company,
                settings.row_version.as_deref().map(ColumnName::new),
                settings.page_size,
                overlap,
                settle,
            );
            Ok(Arc::new(system.with_companion(companion)))
        }
        ConnectionKind::Odata => {
            let company = settings.company.clone().map(|company| {
                let column = settings.company_column.clone();
                (column.unwrap_or_else(|| COMPANY_COLUMN.to_owned()), company)
            });
            let across_companies = company.is_some() || used.values().any(|used| used.across_companies);
            let unguarded = used.into_iter().filter(|(_, used)| used.unguarded).map(|(table, _)| table);
            let traits = ServiceTraits {
                modified: settings.modified.clone(),
                company,
                unguarded: unguarded.collect(),
                page_size: settings.page_size,
                overlap,
                settle: settle(ODATA_SETTLE_SECS),
            };
            let mut service = odata_service(name, settings, around)?;
            if across_companies {
                // Rows of other companies than the user's own are shown only where they are asked for.
                service.parameters = "cross-company=true".to_owned();
            }
            Ok(Arc::new(ODataService::new(service, traits)))
        }
    }
}

fn dataverse_service(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    around: &Surroundings,
) -> Result<Service, SystemError> {
    let url = settings.url.trim_end_matches('/');
    let mut headers = owned(&ODATA_HEADERS);
    if let Some(caller) = &settings.caller {
        let caller = Uuid::try_parse(caller).map_err(|_| {
            configuration(
                name,
                format!("`caller` must be a user's Entra object id (a GUID), and is `{caller}`"),
            )
        })?;
        headers.push((CALLER, caller.to_string()));
    }
    Ok(Service {
        name: name.clone(),
        session: session(name, settings, around, scope(settings), DATAVERSE_LIMITS)?,
        root: format!("{url}/{DATAVERSE_API}"),
        headers,
        batch_form: BatchForm::Multipart,
        parameters: String::new(),
        portions: Portions::default(),
    })
}

fn odata_service(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    around: &Surroundings,
) -> Result<Service, SystemError> {
    let url = settings.url.trim_end_matches('/');
    Ok(Service {
        name: name.clone(),
        session: session(name, settings, around, scope(settings), ODATA_LIMITS)?,
        root: url.to_owned(),
        headers: owned(&ODATA_HEADERS),
        batch_form: batch_form(settings, BatchForm::None),
        parameters: String::new(),
        portions: Portions::default(),
    })
}

/// Returns the companion of a company: beside the standard API, unless it is not wanted.
fn companion(
    service: &Service,
    company: &Company,
    name: &ConnectionName,
    settings: &ConnectionSettings,
    used: TablesUsed,
) -> Result<Option<Companion>, SystemError> {
    if api(name, settings)? != BUSINESS_CENTRAL_API {
        return Ok(None);
    }
    let root = format!("{}/{COMPANION_API}", settings.url.trim_end_matches('/'));
    let choice = settings.companion.unwrap_or_default();
    Ok(Companion::new(service.beside(root), company.path.clone(), choice, used))
}

fn batch_form(settings: &ConnectionSettings, default: BatchForm) -> BatchForm {
    match settings.batch {
        None => default,
        Some(BatchChoice::None) => BatchForm::None,
        Some(BatchChoice::Json) => BatchForm::Json,
        Some(BatchChoice::Multipart) => BatchForm::Multipart,
    }
}

pub(super) fn owned(headers: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

pub(super) fn business_central_service(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    around: &Surroundings,
) -> Result<Service, SystemError> {
    let url = settings.url.trim_end_matches('/');
    Ok(Service {
        name: name.clone(),
        session: session(name, settings, around, scope(settings), BUSINESS_CENTRAL_LIMITS)?,
        root: format!("{url}/{}", api(name, settings)?),
        headers: owned(&BUSINESS_CENTRAL_HEADERS),
        batch_form: batch_form(settings, BatchForm::Json),
        parameters: match &settings.tenant {
            Some(tenant) => format!("tenant={}", utf8_percent_encode(tenant, NON_ALPHANUMERIC)),
            None => String::new(),
        },
        portions: Portions::default(),
    })
}

/// Returns the path of the API that was chosen, below the environment.
fn api(name: &ConnectionName, settings: &ConnectionSettings) -> Result<String, SystemError> {
    let is_word = |word: &str| {
        let is_fit = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        word.chars().any(char::is_alphanumeric) && word.chars().all(is_fit)
    };
    match settings.api.as_deref() {
        None | Some("v2.0") => Ok(BUSINESS_CENTRAL_API.to_owned()),
        Some("odata-v4") => Ok(BUSINESS_CENTRAL_WEB_SERVICES.to_owned()),
        Some(custom) if custom.split('/').count() == 3 && custom.split('/').all(is_word) => {
            Ok(format!("api/{custom}"))
        }
        Some(other) => Err(configuration(
            name,
            format!(
                "`api` is `{other}`; it can be `v2.0`, `odata-v4` or `PUBLISHER/GROUP/VERSION` of a custom API"
            ),
        )),
    }
}

pub(super) fn session(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    around: &Surroundings,
    scope: String,
    announced: Limits,
) -> Result<Arc<Session>, SystemError> {
    Session::open(SessionSettings {
        address: settings.url.clone(),
        timeout: Duration::from_secs(settings.timeout_secs),
        limits: limits(&settings.limits, announced),
        retry: Retry::default(),
        seed: fastrand::u64(..),
        sign_in: sign_in::read(name, settings, &around.config_folder, scope)?,
        trust: sign_in::trust(name, settings, &around.config_folder)?,
        throttles: around.throttles.clone(),
    })
    .map(Arc::new)
    .map_err(|error: HttpError| configuration(name, error.to_string()))
}

/// Puts what is set in the place of what the product announces.
fn limits(settings: &LimitSettings, announced: Limits) -> Limits {
    Limits {
        requests: settings.requests.unwrap_or(announced.requests),
        window: settings.window_secs.map_or(announced.window, Duration::from_secs),
        running: settings.running.unwrap_or(announced.running),
        per_day: settings.per_day.or(announced.per_day),
    }
}

/// Returns what an application asks a token for: everything the service has granted it.
pub(super) fn scope(settings: &ConnectionSettings) -> String {
    match settings.kind {
        ConnectionKind::Dataverse => format!("{}/.default", settings.url.trim_end_matches('/')),
        ConnectionKind::BusinessCentral => BUSINESS_CENTRAL_SCOPE.to_owned(),
        ConnectionKind::Odata => {
            let origin = Url::parse(&settings.url).map(|url| url.origin().ascii_serialization());
            format!("{}/.default", origin.unwrap_or_else(|_| settings.url.clone()))
        }
    }
}

fn company(name: &ConnectionName, settings: &ConnectionSettings) -> Result<Company, SystemError> {
    let text = settings.company.as_deref().unwrap_or_default();
    let company = Uuid::try_parse(text).map_err(|_| {
        configuration(name, format!("`company` must be the company's id (a GUID), and is `{text}`"))
    })?;
    let is_web_service = api(name, settings)? == BUSINESS_CENTRAL_WEB_SERVICES;
    let url = settings.url.trim_end_matches('/');
    Ok(Company {
        id: RowId::from(company),
        identity: format!("{}+{company}", environment(name, settings)?),
        path: if is_web_service { format!("Company(Id={company})") } else { format!("companies({company})") },
        standard: format!("{url}/{BUSINESS_CENTRAL_API}/companies({company})"),
    })
}

/// Returns tenant and environment as they stand in the address, in lower case; on premises the server stands before
/// them. A server on this machine is a trial: it may come back on another port.
fn environment(name: &ConnectionName, settings: &ConnectionSettings) -> Result<String, SystemError> {
    let url = address(name, settings)?;
    let path = url.path().trim_matches('/').to_lowercase();
    let tenant = settings.tenant.as_ref().map(|tenant| format!("?{}", tenant.to_lowercase()));
    let tenant = tenant.unwrap_or_default();
    match url.host_str() {
        Some(BUSINESS_CENTRAL_ONLINE | "localhost" | "127.0.0.1" | "[::1]") | None => {
            Ok(format!("{path}{tenant}"))
        }
        Some(host) => {
            Ok(format!("{host}:{}/{path}{tenant}", url.port_or_known_default().unwrap_or_default()))
        }
    }
}

fn address(name: &ConnectionName, settings: &ConnectionSettings) -> Result<Url, SystemError> {
    Url::parse(&settings.url).map_err(|error| configuration(name, format!("`url` is no address: {error}")))
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
        let around = Surroundings::new(folder.path());
        connect(&"x".into(), &serde_json::from_value(settings).unwrap(), &around, TablesUsed::new())
    }

    const COMPANY: &str = "3f000000-0000-4000-8000-000000000002";

    #[test]
    fn each_kind_of_connection_has_its_abilities() {
        let dataverse = connected("dataverse", "https://contoso.crm4.dynamics.com/", "").unwrap().abilities();
        assert_eq!((dataverse.settle.as_secs(), dataverse.batch_size), (120, 50));
        let url = "https://api.businesscentral.dynamics.com/v2.0/t/production";
        let business_central = connected("business-central", url, COMPANY).unwrap().abilities();
        assert_eq!((business_central.settle.as_secs(), business_central.batch_size), (600, 25));
        let odata = connected("odata", "https://a.example/data", "usmf").unwrap().abilities();
        assert_eq!(odata.settle.as_secs(), 600);
    }

    fn business_central(url: &str, more: &serde_json::Value) -> ConnectionSettings {
        let mut settings = serde_json::json!({"kind": "business-central", "url": url, "company": COMPANY, "sign_in": {
            "kind": "client-secret", "tenant": "t", "client_id": "app", "client_secret": "file:secret"}});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(settings).unwrap()
    }

    #[test]
    fn each_api_of_business_central_has_its_address() {
        let online = "https://api.businesscentral.dynamics.com/v2.0/T/Production";
        let check = |url: &str, more: &serde_json::Value, path: &str, company: &str, identity: &str| {
            let settings = business_central(url, more);
            assert_eq!(api(&"x".into(), &settings).unwrap(), path);
            let found = super::company(&"x".into(), &settings).unwrap();
            assert_eq!(found.path, format!("{company}{COMPANY})"));
            assert_eq!(found.identity, format!("{identity}+{COMPANY}"));
            assert_eq!(found.standard, format!("{url}/api/v2.0/companies({COMPANY})"));
        };
        let api = |api: &str| serde_json::json!({ "api": api });
        check(online, &serde_json::json!({}), "api/v2.0", "companies(", "v2.0/t/production");
        check(online, &api("v2.0"), "api/v2.0", "companies(", "v2.0/t/production");
        check(online, &api("tandem/sync/v1.0"), "api/tandem/sync/v1.0", "companies(", "v2.0/t/production");
        check(online, &api("odata-v4"), "ODataV4", "Company(Id=", "v2.0/t/production");
        let tenant = serde_json::json!({"tenant": "Default"});
        let server = "https://erp.example:7048/BC";
        check(server, &tenant, "api/v2.0", "companies(", "erp.example:7048/bc?default");
        let unknown = business_central(online, &api("tandem/../x"));
        let error = super::company(&"x".into(), &unknown).unwrap_err().to_string();
        assert!(error.contains("PUBLISHER/GROUP/VERSION"), "{error}");
    }

    #[test]
    fn a_limit_that_is_set_takes_the_place_of_the_announced_one() {
        let settings = LimitSettings { running: Some(2), per_day: Some(9), ..LimitSettings::default() };
        assert_eq!(
            limits(&settings, BUSINESS_CENTRAL_LIMITS),
            Limits { running: 2, per_day: Some(9), ..BUSINESS_CENTRAL_LIMITS }
        );
        let settings =
            LimitSettings { requests: Some(10), window_secs: Some(60), ..LimitSettings::default() };
        let window = Duration::from_secs(60);
        assert_eq!(limits(&settings, DATAVERSE_LIMITS), Limits { requests: 10, window, ..DATAVERSE_LIMITS });
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        let error = |kind, url, company| connected(kind, url, company).unwrap_err().to_string();
        assert!(error("dataverse", "http://contoso.example", "").contains("use https"));
        assert!(error("business-central", "https://a.example/v2.0/t/p", "CRONUS").contains("`CRONUS`"));
        assert!(error("business-central", "nowhere", COMPANY).contains("no address"));
    }
}
