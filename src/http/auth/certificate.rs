//! A certificate with its key, read from PEM or PFX.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use ring::signature::RsaKeyPair;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::{Secret, SecretError, read_private};

/// A certificate with its key. `Debug` shows neither.
#[derive(Clone)]
pub struct ClientCertificate {
    der: Vec<u8>,
    key: Arc<RsaKeyPair>,
    /// Absent where the certificate's dates cannot be read.
    not_after: Option<Timestamp>,
}

/// Why a certificate cannot be used to sign in.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot read the certificate {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the file holds no certificate; it must be PEM (`-----BEGIN CERTIFICATE-----`) or PFX")]
    NoCertificate,
    #[error(
        "there is no private key beside the certificate; name its file: `private_key = \"file:PATH\"` (PEM)"
    )]
    NoKey,
    #[error(
        "the private key is encrypted; say with what: `password = \"keyring:NAME\"` or another reference"
    )]
    LockedKey,
    #[error(
        "`password` does not open the private key, or it is encrypted in a way that is not known here; check it, or \
         convert the key: openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem"
    )]
    WrongPassword,
    #[error(
        "the private key is encrypted in an old way (`Proc-Type: 4,ENCRYPTED`); convert it: \
         openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem"
    )]
    OldEncryption,
    #[error("the key is no RSA key of 2048 to 4096 bits; make one with `tandem certificate new`")]
    UnusableKey,
    #[error("no certificate in the file belongs to the private key; check that both are of one pair")]
    NoPair,
    #[error("the PFX cannot be opened; check `password`, and export it with its private key")]
    Pfx,
    #[error("the assertion could not be signed")]
    NotSigned,
    #[error("a key and a certificate could not be made")]
    NotMade,
}

impl ClientCertificate {
    /// Reads a PEM or PFX file. The key stands in the same file, which then must be private, or is given as PEM.
    pub fn read(
        path: &Path,
        private_key: Option<&Secret>,
        password: Option<&Secret>,
    ) -> Result<Self, CertificateError> {
        let unreadable = |source| CertificateError::Unreadable { path: path.to_owned(), source };
        let Some(key) = private_key else {
            let bytes = read_private(path)?;
            return if is_der(&bytes) {
                Self::from_pfx(&bytes, password.map_or("", Secret::reveal))
            } else {
                Self::from_pem(&bytes, &bytes, password)
            };
        };
        let bytes = std::fs::read(path).map_err(unreadable)?;
        Self::from_pem(&bytes, key.reveal().as_bytes(), password)
    }

    /// Reads certificate and key from PEM text, the key opened with its password where it is encrypted; among several
    /// certificates the key's own one is taken.
    pub fn from_pem(
        certificates: &[u8],
        key: &[u8],
        password: Option<&Secret>,
    ) -> Result<Self, CertificateError> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(certificates)
            .filter_map(Result::ok)
            .map(|certificate| certificate.to_vec())
            .collect();
        if key.windows(OLD_ENCRYPTION.len()).any(|part| part == OLD_ENCRYPTION) {
            return Err(CertificateError::OldEncryption);
        }
        if let Some(locked) = locked_key(key) {
            let password = password.ok_or(CertificateError::LockedKey)?;
            let key = unlock(locked, password).ok_or(CertificateError::WrongPassword)?;
            return Self::pair(certificates, &PrivateKeyDer::Pkcs8(key.as_bytes().into()));
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::NoKey)?;
        Self::pair(certificates, &key)
    }

    /// Returns when it runs out, if that can be read.
    #[must_use]
    pub const fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }

    fn from_pfx(bytes: &[u8], password: &str) -> Result<Self, CertificateError> {
        let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed)
            .map_err(|_| CertificateError::Pfx)?;
        let (_, chain) = store.private_key_chain().ok_or(CertificateError::NoKey)?;
        let certificates = chain.certs().iter().map(|certificate| certificate.as_der().to_vec()).collect();
        let key = PrivateKeyDer::Pkcs8(chain.key().as_der().to_vec().into());
        Self::pair(certificates, &key)
    }

    fn pair(certificates: Vec<Vec<u8>>, key: &PrivateKeyDer<'_>) -> Result<Self, CertificateError> {
        if certificates.is_empty() {
            return Err(CertificateError::NoCertificate);
        }
        let key = match key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(CertificateError::UnusableKey),
        }
        .map_err(|_| CertificateError::UnusableKey)?;
        // A certificate holds its public key in the very bytes in which the key pair has it.
        let public = key.public().as_ref().to_vec();
        let holds_key = |der: &Vec<u8>| der.windows(public.len()).any(|part| part == public);
        let der = certificates.into_iter().find(holds_key).ok_or(CertificateError::NoPair)?;
        let not_after = not_after(&der);
        Ok(Self { der, key: Arc::new(key), not_after })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn key(&self) -> &RsaKeyPair {
        &self.key
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}

const OLD_ENCRYPTION: &[u8] = b"Proc-Type: 4,ENCRYPTED";
const LOCKED_START: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const LOCKED_END: &str = "-----END ENCRYPTED PRIVATE KEY-----";

/// Returns the encrypted key in a text, if there is one.
fn locked_key(pem: &[u8]) -> Option<&str> {
    let pem = std::str::from_utf8(pem).ok()?;
    let start = pem.find(LOCKED_START)?;
    let length = pem[start..].find(LOCKED_END)? + LOCKED_END.len();
    Some(&pem[start..start + length])
}

fn unlock(pem: &str, password: &Secret) -> Option<SecretDocument> {
    let (_, document) = SecretDocument::from_pem(pem).ok()?;
    let locked = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).ok()?;
    locked.decrypt(password.reveal()).ok()
}

fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

/// PFX is DER, which starts with a sequence; PEM is text.
fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x30)
}

#[cfg(test)]
mod tests {
    use p12_keystore::{Certificate, KeyStoreEntry, PrivateKey, PrivateKeyChain};

    use super::*;
    use crate::config::write_private;
    use crate::http::auth::{NewCertificate, new_certificate};

    fn made() -> NewCertificate {
        new_certificate("tandem", jiff::Timestamp::UNIX_EPOCH, 1).unwrap()
    }

    fn der(made: &NewCertificate) -> Vec<u8> {
        CertificateDer::from_pem_slice(made.certificate_pem.as_bytes()).unwrap().to_vec()
    }

    fn pfx(made: &NewCertificate, password: &str) -> Vec<u8> {
        let key = PrivateKeyDer::from_pem_slice(made.key_pem.reveal().as_bytes()).unwrap();
        let key = PrivateKey::from_der(key.secret_der()).unwrap();
        let certificate = Certificate::from_der(&der(made)).unwrap();
        let mut store = KeyStore::new();
        store.add_entry("x", KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new("1", key, [certificate])));
        store.writer(password).write().unwrap()
    }

    #[test]
    fn a_pfx_opens_with_its_password() {
        let (folder, made) = (tempfile::tempdir().unwrap(), made());
        let path = folder.path().join("tandem.pfx");
        write_private(&path, &pfx(&made, "hunter2")).unwrap();
        let read = |password| ClientCertificate::read(&path, None, Some(&Secret::new(password)));
        assert_eq!(read("hunter2").unwrap().der(), der(&made));
        assert!(matches!(read("wrong"), Err(CertificateError::Pfx)));
    }

    #[test]
    fn pem_may_hold_both_or_leave_the_key_to_another_file() {
        let (folder, made) = (tempfile::tempdir().unwrap(), made());
        let path = folder.path().join("both.pem");
        write_private(&path, format!("{}{}", made.certificate_pem, made.key_pem.reveal()).as_bytes())
            .unwrap();
        assert_eq!(ClientCertificate::read(&path, None, None).unwrap().der(), der(&made));
        write_private(&path, made.certificate_pem.as_bytes()).unwrap();
        assert_eq!(ClientCertificate::read(&path, Some(&made.key_pem), None).unwrap().der(), der(&made));
        assert!(matches!(ClientCertificate::read(&path, None, None), Err(CertificateError::NoKey)));
    }

    /// The files are openssl's.
    #[test]
    fn an_encrypted_key_opens_with_its_password() {
        let certificate = include_bytes!("fixtures/locked.crt");
        let locked = include_str!("fixtures/locked.key");
        let read = |key: &str, password: Option<&str>| {
            let password = password.map(Secret::new);
            ClientCertificate::from_pem(certificate, key.as_bytes(), password.as_ref())
        };
        assert!(read(locked, Some("hunter2")).is_ok());
        let both = format!("{}\n{locked}", String::from_utf8_lossy(certificate));
        assert!(read(&both, Some("hunter2")).is_ok());
        assert!(matches!(read(locked, Some("wrong")), Err(CertificateError::WrongPassword)));
        assert!(matches!(read(&locked[..200], Some("hunter2")), Err(CertificateError::NoKey)));
        let torn = locked.replace("\nMII", "\nMIX");
        assert!(matches!(read(&torn, Some("hunter2")), Err(CertificateError::WrongPassword)));
        assert!(read(locked, None).unwrap_err().to_string().contains("password"));
        let old = read(include_str!("fixtures/old.key"), Some("hunter2")).unwrap_err();
        assert!(old.to_string().contains("openssl pkcs8"), "{old}");
    }

    #[test]
    fn it_is_known_when_a_certificate_runs_out() {
        let made = made();
        let certificate = ClientCertificate::from_pem(
            made.certificate_pem.as_bytes(),
            made.key_pem.reveal().as_bytes(),
            None,
        );
        let expected = made.not_after.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        assert_eq!(certificate.unwrap().not_after(), Some(expected));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        let (ours, theirs) = (made(), made());
        let pair = |certificate: &str, key: &str| {
            ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes(), None).unwrap_err()
        };
        let key = ours.key_pem.reveal();
        assert!(matches!(pair(&theirs.certificate_pem, key), CertificateError::NoPair));
        assert!(matches!(pair("", key), CertificateError::NoCertificate));
        assert!(matches!(pair(&ours.certificate_pem, "hunter2"), CertificateError::NoKey));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_a_key_must_be_private() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, made) = (tempfile::tempdir().unwrap(), made());
        let path = folder.path().join("both.pem");
        write_private(&path, format!("{}{}", made.certificate_pem, made.key_pem.reveal()).as_bytes())
            .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = ClientCertificate::read(&path, None, None).unwrap_err();
        assert!(matches!(error, CertificateError::Secret(SecretError::Exposed(_))), "{error}");
    }
}
