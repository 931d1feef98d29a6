//! The `sign_in` table of a connection.

use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::SecretRef;

/// How to sign in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SignIn {
    /// OAuth2 client credentials with a secret.
    ClientSecret {
        tenant: String,
        client_id: String,
        client_secret: SecretRef,
        /// The day on which the secret runs out, as the portal shows it (`2027-01-31`): Tandem warns before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret_expires: Option<Date>,
        /// Default: `https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_url: Option<String>,
        /// Default: what the product asks for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
    /// OAuth2 client credentials with an assertion that the key of a certificate signs.
    Certificate {
        tenant: String,
        client_id: String,
        /// PEM or PFX; a relative path starts at the configuration folder.
        certificate: PathBuf,
        /// The key as PEM, where it does not stand in the certificate's file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        private_key: Option<SecretRef>,
        /// The password of a PFX.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<SecretRef>,
        #[serde(default, skip_serializing_if = "SignatureSetting::is_default")]
        signature: SignatureSetting,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
    /// A person, who once types a code into any browser (`tandem sign-in`).
    DeviceCode {
        tenant: String,
        client_id: String,
        /// Where the refresh token is kept. Default: `keyring:` and the connection's name. A `file:` is private, and
        /// naming one is agreeing to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh_token: Option<SecretRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
    /// A person, who once signs in with the browser of this machine (`tandem sign-in`).
    Browser {
        tenant: String,
        client_id: String,
        /// As for a device code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh_token: Option<SecretRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
    /// A user and the web service key of that user: Business Central on premises.
    Basic { user: String, web_service_key: SecretRef },
    /// A command that prints a token; the system's shell runs it.
    Command { command: String },
}

/// How an assertion is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureSetting {
    /// RSA-PSS, with the SHA-256 thumbprint.
    #[default]
    Ps256,
    /// RSA PKCS#1 v1.5, with the SHA-1 thumbprint.
    Rs256,
}

impl SignatureSetting {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_sign_in_is_written_as_it_is_read() {
        let texts = [
            "kind = \"client-secret\"\ntenant = \"t\"\nclient_id = \"c\"\nclient_secret = \"env:S\"\nsecret_expires = \"2027-01-31\"\n",
            "kind = \"certificate\"\ntenant = \"t\"\nclient_id = \"c\"\ncertificate = \"tandem.cert.pem\"\nprivate_key = \"file:tandem.key.pem\"\nsignature = \"rs256\"\n",
            "kind = \"certificate\"\ntenant = \"t\"\nclient_id = \"c\"\ncertificate = \"tandem.pfx\"\npassword = \"keyring:pfx\"\n",
            "kind = \"device-code\"\ntenant = \"t\"\nclient_id = \"c\"\nrefresh_token = \"file:token\"\n",
            "kind = \"browser\"\ntenant = \"t\"\nclient_id = \"c\"\n",
            "kind = \"basic\"\nuser = \"SYNC\"\nweb_service_key = \"command:pass show bc\"\n",
            "kind = \"command\"\ncommand = \"az account get-access-token\"\n",
        ];
        for text in texts {
            let read: SignIn = toml::from_str(text).unwrap();
            assert_eq!(toml::to_string(&read).unwrap(), text);
        }
    }

    #[test]
    fn a_literal_secret_is_refused_in_every_place_for_secrets() {
        let texts = [
            "kind = \"client-secret\"\ntenant = \"t\"\nclient_id = \"c\"\nclient_secret = \"hunter2\"",
            "kind = \"certificate\"\ntenant = \"t\"\nclient_id = \"c\"\ncertificate = \"x\"\npassword = \"hunter2\"",
            "kind = \"browser\"\ntenant = \"t\"\nclient_id = \"c\"\nrefresh_token = \"hunter2\"",
            "kind = \"basic\"\nuser = \"SYNC\"\nweb_service_key = \"hunter2\"",
        ];
        for text in texts {
            let error = toml::from_str::<SignIn>(text).unwrap_err();
            let message = error.message();
            assert!(message.contains("never the secret itself") && !message.contains("hunter2"), "{message}");
        }
    }
}
