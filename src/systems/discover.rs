//! Finding environments and companies with the sign-in of a connection, before the connection itself is complete.

use std::path::Path;

use serde::Serialize;
use serde_json::Value as Json;
use url::Url;

use super::SystemError;
use super::connect::{
    DATAVERSE_LIMITS, ODATA_HEADERS, Surroundings, business_central_service, owned, session,
};
use super::odata::{BatchForm, Portions, Query, Service};
use crate::config::{ConnectionKind, ConnectionSettings};
use crate::model::ConnectionName;

const GLOBAL_DISCOVERY: &str = "https://globaldisco.crm.dynamics.com";
/// Clouds with a discovery service of their own, by the end of their organisations' hosts.
const OTHER_CLOUDS: [(&str, &str); 4] = [
    (".crm9.dynamics.com", "https://globaldisco.crm9.dynamics.com"),
    (".crm.microsoftdynamics.us", "https://globaldisco.crm.microsoftdynamics.us"),
    (".crm.appsplatform.us", "https://globaldisco.crm.appsplatform.us"),
    (".crm.dynamics.cn", "https://globaldisco.crm.dynamics.cn"),
];

/// One environment that a sign-in can reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Environment {
    pub name: String,
    /// What to write as `url` of a connection.
    pub url: String,
    /// `Production`, `Sandbox` and the like, where told.
    pub kind: Option<String>,
    /// The region or country.
    pub place: Option<String>,
    pub state: Option<String>,
}

/// One company of an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Company {
    /// What to write as `company` of a connection.
    pub id: String,
    pub name: String,
}

/// Why nothing can be listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoverError {
    #[error("{0} is no connection to Business Central, and so has no companies")]
    NoCompanies(ConnectionName),
    #[error("{0} is a connection to an OData service, and such services have nothing that lists them")]
    NoDirectory(ConnectionName),
    #[error(transparent)]
    System(#[from] SystemError),
}

/// Lists the environments that the sign-in of a connection can reach. `service` is the address of the discovery service
/// or of Business Central, where it is not that of the connection's own cloud.
pub async fn environments(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    config_folder: &Path,
    service: Option<&str>,
) -> Result<Vec<Environment>, DiscoverError> {
    let own = |url: &str| ConnectionSettings { url: url.to_owned(), ..settings.clone() };
    let around = Surroundings::new(config_folder);
    let origin = origin(&settings.url);
    match settings.kind {
        ConnectionKind::Dataverse => {
            let root = service.map_or_else(|| discovery_service(&settings.url), str::to_owned);
            let root = root.trim_end_matches('/');
            let scope = format!("{root}/.default");
            let service = Service {
                name: name.clone(),
                // A scope of the settings is for the organisation, which is another audience.
                session: session(name, &own(root).without_scope(), &around, scope, DATAVERSE_LIMITS)?,
                root: format!("{root}/api/discovery/v2.0"),
                headers: owned(&ODATA_HEADERS),
                batch_form: BatchForm::Multipart,
                parameters: String::new(),
                portions: Portions::default(),
            };
            let instances = service.all("environments", "Instances", None, |row| instance(&row)).await?;
            Ok(instances.into_iter().flatten().collect())
        }
        ConnectionKind::BusinessCentral => {
            let root = service.map_or(origin, str::to_owned);
            let service = business_central_service(name, &own(&root), &around)?;
            Ok(environment_list(&service, root.trim_end_matches('/')).await?)
        }
        ConnectionKind::Odata => Err(DiscoverError::NoDirectory(name.clone())),
    }
}

/// Lists the companies of a connection's environment.
pub async fn companies(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    config_folder: &Path,
) -> Result<Vec<Company>, DiscoverError> {
    match settings.kind {
        ConnectionKind::Dataverse | ConnectionKind::Odata => Err(DiscoverError::NoCompanies(name.clone())),
        ConnectionKind::BusinessCentral => {
            let service = business_central_service(name, settings, &Surroundings::new(config_folder))?;
            let query = Query::of("companies").select(["id", "name", "displayName"]);
            let companies = service.all("companies", &query.path(), None, |row| company(&row)).await?;
            Ok(companies.into_iter().flatten().collect())
        }
    }
}

/// Asks Business Central for the environments of its tenant. `root` is the server's address.
pub(super) async fn environment_list(service: &Service, root: &str) -> Result<Vec<Environment>, SystemError> {
    let what = "environments";
    let url = format!("{root}/environments/v1.2");
    let response = service.get(what, &url, None).await?;
    let page = service.page(what, &url, &response, |row| business_central_environment(&row))?;
    Ok(page.rows.into_iter().flatten().collect())
}

/// Returns the discovery service of the cloud an organisation is in; on this machine the simulated one.
fn discovery_service(url: &str) -> String {
    let Some(url) = Url::parse(url).ok() else { return GLOBAL_DISCOVERY.to_owned() };
    let host = url.host_str().unwrap_or_default();
    if matches!(host, "localhost" | "127.0.0.1" | "[::1]") {
        return url.origin().ascii_serialization();
    }
    let other = OTHER_CLOUDS.iter().find(|(end, _)| host.ends_with(end));
    other.map_or(GLOBAL_DISCOVERY, |(_, service)| service).to_owned()
}

/// Returns scheme, host and port. What is no address stays as it is, for the session to refuse.
fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.origin().ascii_serialization())
}

fn instance(row: &Json) -> Option<Environment> {
    let kind = row.get("OrganizationType").and_then(Json::as_i64).map(|kind| match kind {
        // The platform's own numbers, as far as they are known.
        0 => "Production".to_owned(),
        5 => "Sandbox".to_owned(),
        13 => "Developer".to_owned(),
        other => format!("kind {other}"),
    });
    let state = row.get("State").and_then(Json::as_i64).map(|state| match state {
        0 => "enabled".to_owned(),
        other => format!("state {other}"),
    });
    Some(Environment {
        name: text(row, "FriendlyName").or_else(|| text(row, "UniqueName"))?,
        url: text(row, "Url")?,
        kind,
        place: text(row, "Region"),
        state,
    })
}

fn business_central_environment(row: &Json) -> Option<Environment> {
    let name = text(row, "name")?;
    let service = text(row, "webServiceUrl").unwrap_or_default();
    let tenant = text(row, "aadTenantId").map_or_else(String::new, |tenant| format!("{tenant}/"));
    Some(Environment {
        url: format!("{}/v2.0/{tenant}{name}", service.trim_end_matches('/')),
        kind: text(row, "type"),
        place: text(row, "countryCode"),
        state: text(row, "status"),
        name,
    })
}

fn company(row: &Json) -> Option<Company> {
    let name = text(row, "displayName").or_else(|| text(row, "name")).unwrap_or_default();
    Some(Company { id: text(row, "id")?, name })
}

fn text(row: &Json, name: &str) -> Option<String> {
    row.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::http::testing::{answer, serve_raw};
    use serde_json::json;

    #[test]
    fn each_cloud_has_its_discovery_service() {
        let check = |url: &str, expected: &str| assert_eq!(discovery_service(url), expected);
        check("https://contoso.crm4.dynamics.com/", GLOBAL_DISCOVERY);
        check("https://contoso.crm9.dynamics.com", "https://globaldisco.crm9.dynamics.com");
        check("https://contoso.crm.dynamics.cn", "https://globaldisco.crm.dynamics.cn");
        check("http://127.0.0.1:7049/x", "http://127.0.0.1:7049");
        check("contoso", GLOBAL_DISCOVERY);
    }

    #[test]
    fn environments_of_both_services_are_read() {
        let found =
            instance(&json!({"Id": "1", "FriendlyName": "Fabrikam", "State": 0, "OrganizationType": 0,
            "Url": "https://fabrikam.crm4.dynamics.com", "Region": "EMEA"}));
        let found = found.unwrap();
        assert_eq!((found.name.as_str(), found.kind.as_deref()), ("Fabrikam", Some("Production")));
        assert_eq!(found.url, "https://fabrikam.crm4.dynamics.com");
        assert_eq!(found.state.as_deref(), Some("enabled"));
        assert_eq!(instance(&json!({"FriendlyName": "without an address"})), None);
        let found =
            business_central_environment(&json!({"aadTenantId": "t", "type": "Production", "name": "PROD",
            "countryCode": "DK", "webServiceUrl": "https://api.businesscentral.dynamics.com"}));
        let found = found.unwrap();
        assert_eq!(found.url, "https://api.businesscentral.dynamics.com/v2.0/t/PROD");
        assert_eq!((found.kind.as_deref(), found.place.as_deref()), (Some("Production"), Some("DK")));
    }

    fn connection(kind: &str, url: &str) -> ConnectionSettings {
        let sign_in = json!({"kind": "client-secret", "tenant": "t", "client_id": "app",
            "client_secret": "env:PATH", "token_url": format!("{url}/token")});
        serde_json::from_value(json!({"kind": kind, "url": format!("{url}/v2.0/t/p"), "sign_in": sign_in}))
            .unwrap()
    }

    /// The scope of the settings is for another audience than the directory's.
    #[tokio::test]
    async fn an_explicit_scope_is_not_asked_of_the_directory() {
        let scopes = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&scopes);
        let address = serve_raw(move |text| {
            if text.starts_with("POST /token") {
                seen.lock().unwrap().push(text.contains("scope=api"));
                return answer("200 OK", "", r#"{"access_token":"t","expires_in":3599}"#);
            }
            answer("200 OK", "", r#"{"value":[]}"#)
        });
        let mut settings = connection("dataverse", &address);
        if let crate::config::SignIn::ClientSecret { scope, .. } = &mut settings.sign_in {
            *scope = Some("api://organisation/.default".to_owned());
        }
        environments(&"x".into(), &settings, Path::new("."), None).await.unwrap();
        assert_eq!(*scopes.lock().unwrap(), [false]);
    }

    #[tokio::test]
    async fn a_service_without_a_directory_says_so() {
        let settings = connection("odata", "https://a.example");
        let found = environments(&"x".into(), &settings, Path::new("."), None).await;
        assert_eq!(found, Err(DiscoverError::NoDirectory("x".into())));
    }

    /// Both services are found at the connection's own address, for the simulated ones are there.
    #[tokio::test]
    async fn environments_are_asked_for_with_the_connections_sign_in() {
        let address = serve_raw(|text| match text.lines().next().unwrap().split(' ').nth(1).unwrap() {
            "/token" => answer("200 OK", "", r#"{"access_token":"t","expires_in":3599}"#),
            "/api/discovery/v2.0/Instances" => {
                answer("200 OK", "", r#"{"value":[{"FriendlyName":"A","Url":"https://a.example"}]}"#)
            }
            "/environments/v1.2" => answer("200 OK", "", r#"{"value":[{"name":"B","type":"Sandbox"}]}"#),
            _ => answer("404 Not Found", "", ""),
        });
        let mut names = Vec::new();
        for kind in ["dataverse", "business-central"] {
            let settings = connection(kind, &address);
            let found = environments(&"x".into(), &settings, Path::new("."), None).await.unwrap();
            names.extend(found.into_iter().map(|environment| environment.name));
        }
        assert_eq!(names, ["A", "B"]);
    }

    #[test]
    fn a_company_goes_by_the_name_people_see() {
        let found = company(&json!({"id": "1", "name": "CRONUS", "displayName": ""})).unwrap();
        assert_eq!(found, Company { id: "1".to_owned(), name: "CRONUS".to_owned() });
        assert_eq!(company(&json!({"name": "x"})), None);
    }
}
