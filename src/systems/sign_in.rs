//! From a connection's `sign_in` table to what a session signs in with: secrets are fetched, certificates read.

use std::path::Path;
use std::time::Duration;

use super::SystemError;
use crate::config::{
    ConnectionKind, ConnectionSettings, Secret, SecretRef, SignIn as SignInSettings, SignatureSetting,
};
use crate::http::{
    self, ClientCertificate, ClientCredentials, OAuth, Proof, RefreshTokenPlace, SignIn, SignatureAlgorithm,
    Trust,
};
use crate::model::ConnectionName;

/// Signs a person in and keeps the refresh token. `show` gets what the person is to do, once.
pub async fn sign_in(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    config_folder: &Path,
    show: impl FnOnce(&str),
) -> Result<(), SystemError> {
    let refused = |detail: String| SystemError::SignIn { connection: name.clone(), detail };
    let scope = super::connect::scope(settings);
    let SignIn::OAuth(oauth) = read(name, settings, config_folder, scope)? else {
        return Err(refused("this sign-in needs no person".to_owned()));
    };
    let trust = trust(name, settings, config_folder)?;
    let timeout = Duration::from_secs(settings.timeout_secs);
    let result = match settings.sign_in {
        SignInSettings::Browser { .. } => http::browser(&oauth, timeout, &trust, show).await,
        SignInSettings::DeviceCode { .. } => http::device_code(&oauth, timeout, &trust, show).await,
        _ => return Err(refused("this sign-in needs no person".to_owned())),
    };
    result.map_err(|error| refused(error.to_string()))
}

/// Reads the sign-in. `scope` is what an application asks for; a person asks to stay signed in as well.
pub(super) fn read(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    folder: &Path,
    default_scope: String,
) -> Result<SignIn, SystemError> {
    let refused = |detail: String| SystemError::SignIn { connection: name.clone(), detail };
    let fetch = |reference: &SecretRef| reference.fetch(folder).map_err(|error| refused(with_causes(&error)));
    let person = |tenant: &str, client_id: &str, place: &Option<SecretRef>, url, scope: &Option<String>| {
        let reference = place.clone().unwrap_or_else(|| SecretRef::Keyring(name.to_string()));
        SignIn::OAuth(OAuth {
            token_url: token_url(url, tenant),
            client_id: client_id.to_owned(),
            scope: scope.clone().unwrap_or_else(|| format!("{default_scope} offline_access")),
            proof: Proof::Person(RefreshTokenPlace {
                reference,
                folder: folder.to_owned(),
                connection: name.to_string(),
            }),
        })
    };
    match &settings.sign_in {
        SignInSettings::ClientSecret { tenant, client_id, client_secret, token_url: url, scope, .. } => {
            let secret = fetch(client_secret)?;
            Ok(SignIn::OAuth(OAuth {
                token_url: token_url(url, tenant),
                client_id: client_id.clone(),
                scope: scope.clone().unwrap_or(default_scope),
                proof: Proof::Application(ClientCredentials::Secret(secret)),
            }))
        }
        SignInSettings::Certificate {
            tenant,
            client_id,
            certificate,
            private_key,
            password,
            signature,
            token_url: url,
            scope,
        } => {
            let private_key = private_key.as_ref().map(&fetch).transpose()?;
            let password = password.as_ref().map(&fetch).transpose()?;
            let path = folder.join(certificate);
            let certificate = ClientCertificate::read(&path, private_key.as_ref(), password.as_ref())
                .map_err(|error| refused(with_causes(&error)))?;
            let algorithm = match signature {
                SignatureSetting::Ps256 => SignatureAlgorithm::Ps256,
                SignatureSetting::Rs256 => SignatureAlgorithm::Rs256,
            };
            Ok(SignIn::OAuth(OAuth {
                token_url: token_url(url, tenant),
                client_id: client_id.clone(),
                scope: scope.clone().unwrap_or(default_scope),
                proof: Proof::Application(ClientCredentials::Certificate { certificate, algorithm }),
            }))
        }
        SignInSettings::DeviceCode { tenant, client_id, refresh_token, token_url, scope }
        | SignInSettings::Browser { tenant, client_id, refresh_token, token_url, scope } => {
            Ok(person(tenant, client_id, refresh_token, token_url, scope))
        }
        SignInSettings::Basic { user, web_service_key } => {
            let key = fetch(web_service_key)?;
            basic(user, key, settings.kind).map_err(refused)
        }
        SignInSettings::Command { command } => Ok(SignIn::Command(SecretRef::Command(command.clone()))),
    }
}

/// Reads whom the connection trusts.
pub(super) fn trust(
    name: &ConnectionName,
    settings: &ConnectionSettings,
    folder: &Path,
) -> Result<Trust, SystemError> {
    let authorities_pem = match &settings.ca_file {
        None => Vec::new(),
        Some(path) => {
            let path = folder.join(path);
            std::fs::read(&path).map_err(|error| SystemError::Configuration {
                connection: name.clone(),
                detail: format!("cannot read ca_file {}: {error}", path.display()),
            })?
        }
    };
    Ok(Trust { authorities_pem, allow_http: settings.allow_http })
}

/// HTTP Basic has no place for other letters, and a colon would end the name.
fn basic(user: &str, key: Secret, kind: ConnectionKind) -> Result<SignIn, String> {
    if kind == ConnectionKind::Dataverse {
        return Err("Dataverse takes no user and key; use a certificate or a client secret".to_owned());
    }
    if !user.is_ascii() || user.contains(':') || !key.reveal().is_ascii() {
        let detail = "user and web service key must be ASCII, and the user without a colon: the server can read no others";
        return Err(detail.to_owned());
    }
    Ok(SignIn::Basic { user: user.to_owned(), key })
}

fn token_url(url: &Option<String>, tenant: &str) -> String {
    let default = || format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
    url.clone().unwrap_or_else(default)
}

fn with_causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_causes(cause)),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn settings(kind: &str, sign_in: &Value) -> ConnectionSettings {
        let settings = json!({"kind": kind, "url": "https://contoso.example", "sign_in": sign_in});
        serde_json::from_value(settings).unwrap()
    }

    fn read_with(kind: &str, sign_in: &Value) -> Result<SignIn, SystemError> {
        read(&"erp".into(), &settings(kind, sign_in), Path::new("."), "x/.default".to_owned())
    }

    #[test]
    fn a_person_stays_signed_in_and_the_keyring_keeps_it() {
        for kind in ["device-code", "browser"] {
            let sign_in = json!({"kind": kind, "tenant": "t", "client_id": "app"});
            let SignIn::OAuth(oauth) = read_with("dataverse", &sign_in).unwrap() else { panic!("{kind}") };
            assert_eq!(oauth.token_url, "https://login.microsoftonline.com/t/oauth2/v2.0/token");
            assert_eq!(oauth.scope, "x/.default offline_access");
            let Proof::Person(place) = oauth.proof else { panic!("{kind}") };
            assert_eq!(place.reference.to_string(), "keyring:erp");
        }
    }

    #[test]
    fn what_cannot_sign_in_is_named() {
        let basic = |user: &str| json!({"kind": "basic", "user": user, "web_service_key": "command:echo k"});
        let error = |kind, sign_in| read_with(kind, &sign_in).unwrap_err().to_string();
        assert!(read_with("business-central", &basic("SYNC")).is_ok());
        assert!(error("dataverse", basic("SYNC")).contains("use a certificate or a client secret"));
        assert!(error("business-central", basic("JÖRG")).contains("must be ASCII"));
        assert!(error("business-central", basic("A:B")).contains("without a colon"));
        let absent =
            json!({"kind": "certificate", "tenant": "t", "client_id": "app", "certificate": "no.pem"});
        assert!(error("dataverse", absent).contains("no.pem"));
    }

    #[test]
    fn further_authorities_are_read_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings("business-central", &json!({"kind": "command", "command": "x"}));
        settings.ca_file = Some("ca.pem".into());
        settings.allow_http = true;
        let error = trust(&"erp".into(), &settings, folder.path()).unwrap_err().to_string();
        assert!(error.contains("ca.pem"), "{error}");
        std::fs::write(folder.path().join("ca.pem"), "PEM").unwrap();
        let expected = Trust { authorities_pem: b"PEM".to_vec(), allow_http: true };
        assert_eq!(trust(&"erp".into(), &settings, folder.path()).unwrap(), expected);
    }
}
