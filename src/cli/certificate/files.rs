//! The files of one certificate, all in the configuration folder.

use std::path::{Path, PathBuf};

use crate::config::{SecretRef, SignIn, SignatureSetting};
use crate::http::{CertificateError, ClientCertificate};

/// The names of the files, without their folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Files {
    pub(in crate::cli) key: PathBuf,
    pub(in crate::cli) certificate: PathBuf,
    pub(in crate::cli) letter: PathBuf,
    pub(in crate::cli) mail: PathBuf,
}

/// Who signs in with a certificate, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Application {
    pub(in crate::cli) tenant: String,
    pub(in crate::cli) client_id: String,
    pub(in crate::cli) token_url: Option<String>,
    pub(in crate::cli) scope: Option<String>,
}

impl Files {
    /// Names the files.
    pub(in crate::cli) fn of(name: &str) -> Self {
        let file = |end: &str| PathBuf::from(format!("{name}.{end}"));
        Self {
            key: file("key.pem"),
            certificate: file("cert.pem"),
            letter: file("letter.txt"),
            mail: file("letter.eml"),
        }
    }

    /// Checks that key and certificate are there and belong together.
    pub(in crate::cli) fn check(&self, folder: &Path) -> Result<(), CertificateError> {
        let key = SecretRef::File(self.key.clone()).fetch(folder)?;
        ClientCertificate::read(&folder.join(&self.certificate), Some(&key), None).map(|_| ())
    }

    /// Returns the sign-in of an application with this certificate.
    pub(in crate::cli) fn sign_in(&self, application: Application) -> SignIn {
        SignIn::Certificate {
            tenant: application.tenant,
            client_id: application.client_id,
            certificate: self.certificate.clone(),
            private_key: Some(SecretRef::File(self.key.clone())),
            password: None,
            signature: SignatureSetting::default(),
            token_url: application.token_url,
            scope: application.scope,
        }
    }
}

/// Reads a name that is a file's as well.
pub(super) fn name(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match !text.is_empty() && text.chars().all(fits) {
        true => Ok(text.to_owned()),
        false => Err("use letters, digits, - and _ only".to_owned()),
    }
}
