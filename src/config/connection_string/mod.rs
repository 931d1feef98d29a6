//! Connection strings of the Dataverse tools (`AuthType=…;Url=…`), converted to a connection's own settings.
//!
//! Pure: nothing is asked, nothing written. A secret that stands in the string comes out hidden, with the reference under
//! which the caller is to keep it.

mod fields;

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::{Secret, SecretRef, SignIn, SignatureSetting};
use fields::Fields;

pub use fields::Field;

/// What a connection string says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadConnectionString {
    /// The organisation's address, without a slash at the end.
    pub url: String,
    pub sign_in: SignIn,
    /// A secret that stood in the string. `sign_in` refers to it; it has to be kept there before the first use.
    pub secret: Option<SecretToKeep>,
    /// What a person should know or do: files to bring, settings that have no counterpart.
    pub notes: Vec<String>,
}

/// A secret, and where it is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretToKeep {
    pub reference: SecretRef,
    pub secret: Secret,
}

/// Why a connection string cannot be converted. No value of the string is repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionStringError {
    #[error("the connection string is not complete at character {at}: write NAME=VALUE;NAME=VALUE")]
    Malformed { at: usize },
    #[error("the connection string has no {0}; add it")]
    Missing(Field),
    #[error("{0} is a placeholder in braces; put in its value")]
    Placeholder(Field),
    #[error("Url is no https address of an organisation, such as https://contoso.crm4.dynamics.com")]
    Url,
    #[error(
        "a connection string does not name the tenant; give it as well (its id or domain is on the overview page of \
         Microsoft Entra)"
    )]
    Tenant,
    #[error(
        "AuthType={0} is retired: its service is switched off; register an application and use \
         AuthType=ClientSecret or AuthType=Certificate, or AuthType=OAuth to sign in as a person"
    )]
    Retired(Retired),
    #[error(
        "AuthType={0} is for servers on premises and signs in with Windows accounts, which Tandem does not do; use an \
         application of AD FS with a client secret (`token_url`), or a command that prints a token"
    )]
    OnPremises(OnPremises),
    #[error("AuthType is none of ClientSecret, Certificate and OAuth")]
    AuthType,
}

/// Ways to sign in that Microsoft has switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    Office365,
}

/// Ways to sign in of servers on premises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnPremises {
    ActiveDirectory,
    InternetFacing,
}

/// Converts a connection string. `tenant` is the tenant's id or domain, where it is known; a person can do without.
pub fn read_connection_string(
    text: &str,
    tenant: Option<&str>,
) -> Result<ReadConnectionString, ConnectionStringError> {
    let fields = Fields::read(text)?;
    let auth_type = fields.value(Field::AuthType)?.to_ascii_lowercase();
    let mut read = match auth_type.as_str() {
        "clientsecret" => client_secret(&fields, tenant)?,
        "certificate" => certificate(&fields, tenant)?,
        "oauth" => person(&fields, tenant)?,
        "office365" => return Err(ConnectionStringError::Retired(Retired::Office365)),
        "ad" => return Err(ConnectionStringError::OnPremises(OnPremises::ActiveDirectory)),
        "ifd" => return Err(ConnectionStringError::OnPremises(OnPremises::InternetFacing)),
        _ => return Err(ConnectionStringError::AuthType),
    };
    read.notes.extend(fields.notes());
    Ok(read)
}

fn client_secret(
    fields: &Fields,
    tenant: Option<&str>,
) -> Result<ReadConnectionString, ConnectionStringError> {
    let url = organisation(fields)?;
    // Named after the organisation, so that two of them do not share a file.
    let host = url.trim_start_matches("https://").replace(':', "-");
    let reference = SecretRef::File(PathBuf::from(format!("{host}.client-secret")));
    let secret = Secret::new(fields.value(Field::ClientSecret)?);
    let sign_in = SignIn::ClientSecret {
        tenant: tenant.ok_or(ConnectionStringError::Tenant)?.to_owned(),
        client_id: fields.value(Field::ClientId)?.to_owned(),
        client_secret: reference.clone(),
        secret_expires: None,
        token_url: None,
        scope: None,
    };
    let secret = Some(SecretToKeep { reference, secret });
    Ok(ReadConnectionString { url, sign_in, secret, notes: Vec::new() })
}

fn certificate(fields: &Fields, tenant: Option<&str>) -> Result<ReadConnectionString, ConnectionStringError> {
    let thumbprint: String = fields
        .value(Field::Thumbprint)?
        .chars()
        // Copied from Windows, a thumbprint has blanks and an invisible mark in front.
        .filter(char::is_ascii_hexdigit)
        .map(|digit| digit.to_ascii_uppercase())
        .collect();
    let file = format!("{thumbprint}.pfx");
    let sign_in = SignIn::Certificate {
        tenant: tenant.ok_or(ConnectionStringError::Tenant)?.to_owned(),
        client_id: fields.value(Field::ClientId)?.to_owned(),
        certificate: PathBuf::from(&file),
        private_key: None,
        password: Some(SecretRef::File(PathBuf::from(format!("{thumbprint}.password")))),
        signature: SignatureSetting::default(),
        token_url: None,
        scope: None,
    };
    let notes = vec![
        format!(
            "export the certificate {thumbprint} with its private key from the Windows store to {file} in the \
             configuration folder, and its password to {thumbprint}.password; only you may read both"
        ),
        "or make a new pair with `tandem certificate new` and have it registered".to_owned(),
    ];
    Ok(ReadConnectionString { url: organisation(fields)?, sign_in, secret: None, notes })
}

/// The application of Microsoft's own samples, which stands for "none of ours".
const SAMPLE_APPLICATION: &str = "51f81489-12ee-4a9e-aaae-a2591f45987d";
/// The tenant is the person's own.
const ANY_TENANT: &str = "organizations";

fn person(fields: &Fields, tenant: Option<&str>) -> Result<ReadConnectionString, ConnectionStringError> {
    let mut notes = Vec::new();
    let client_id = match fields.value(Field::ClientId) {
        Ok(client_id) => client_id.to_owned(),
        Err(ConnectionStringError::Missing(_)) => SAMPLE_APPLICATION.to_owned(),
        Err(error) => return Err(error),
    };
    if client_id.eq_ignore_ascii_case(SAMPLE_APPLICATION) {
        notes.push(
            "the application is that of Microsoft's samples; register one of your own for daily use"
                .to_owned(),
        );
    }
    if fields.has(Field::Password) {
        notes.push(
            "the password is not used: a person signs in once with `tandem sign-in`, second factor included"
                .to_owned(),
        );
    }
    let sign_in = SignIn::Browser {
        tenant: tenant.unwrap_or(ANY_TENANT).to_owned(),
        client_id,
        refresh_token: None,
        token_url: None,
        scope: None,
    };
    Ok(ReadConnectionString { url: organisation(fields)?, sign_in, secret: None, notes })
}

fn organisation(fields: &Fields) -> Result<String, ConnectionStringError> {
    let url = Url::parse(fields.value(Field::Url)?).map_err(|_| ConnectionStringError::Url)?;
    if url.scheme() != "https" || url.host().is_none() {
        return Err(ConnectionStringError::Url);
    }
    Ok(url.origin().ascii_serialization())
}

impl fmt::Display for Retired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Office365 => "Office365",
        })
    }
}

impl fmt::Display for OnPremises {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ActiveDirectory => "AD",
            Self::InternetFacing => "IFD",
        })
    }
}

#[cfg(test)]
mod tests;
