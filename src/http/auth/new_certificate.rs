//! Making a key and a self-signed certificate for it. No authority is needed: the service is told which one to trust.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{CertificateParams, DnType, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, date_time_ymd};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey as _, LineEnding};
use rsa::rand_core::OsRng;

use super::CertificateError;
use crate::config::Secret;

/// A key and its certificate, both as PEM.
#[derive(Debug)]
pub struct NewCertificate {
    pub key_pem: Secret,
    pub certificate_pem: String,
    /// SHA-1 in hexadecimal, as portals show it.
    pub thumbprint: String,
    pub not_after: Date,
}

const KEY_BITS: usize = 2048;

/// Makes an RSA key and a certificate that is valid from the day before `now` (clocks differ) for `days` days.
pub fn new_certificate(name: &str, now: Timestamp, days: u32) -> Result<NewCertificate, CertificateError> {
    let key = RsaPrivateKey::new(&mut OsRng, KEY_BITS).map_err(|_| CertificateError::NotMade)?;
    let key_pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| CertificateError::NotMade)?;
    let today = now.to_zoned(TimeZone::UTC).date();
    let not_after = today.saturating_add(i64::from(days).days());
    let not_made = |_: rcgen::Error| CertificateError::NotMade;
    let pair = KeyPair::from_pkcs8_pem_and_sign_algo(&key_pem, &PKCS_RSA_SHA256).map_err(not_made)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let (year, month, day) = parts(today.saturating_sub(1.day()));
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) = parts(not_after);
    params.not_after = date_time_ymd(year, month, day);
    let certificate = params.self_signed(&pair).map_err(not_made)?;
    let thumbprint = digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate.der());
    Ok(NewCertificate {
        key_pem: Secret::new(&key_pem),
        certificate_pem: certificate.pem(),
        thumbprint: thumbprint.as_ref().iter().map(|byte| format!("{byte:02X}")).collect(),
        not_after,
    })
}

fn parts(date: Date) -> (i32, u8, u8) {
    (i32::from(date.year()), date.month().unsigned_abs(), date.day().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::auth::ClientCertificate;

    #[test]
    fn key_and_certificate_are_a_pair_that_another_library_can_read() {
        let now = "2026-02-27T23:30:00Z".parse().unwrap();
        let made = new_certificate("tandem", now, 2).unwrap();
        let (key, certificate) = (made.key_pem.reveal(), &made.certificate_pem);
        assert!(ClientCertificate::from_pem(certificate.as_bytes(), key.as_bytes(), None).is_ok());
        let der = pem(certificate);
        let read = p12_keystore::Certificate::from_der(&der).unwrap();
        assert_eq!((read.subject(), read.issuer()), ("CN=tandem", "CN=tandem"));
        assert_eq!(made.not_after.to_string(), "2026-03-01");
        assert!(!format!("{made:?}").contains("PRIVATE KEY"));
    }

    fn pem(text: &str) -> Vec<u8> {
        use rustls::pki_types::{CertificateDer, pem::PemObject as _};
        CertificateDer::from_pem_slice(text.as_bytes()).unwrap().to_vec()
    }
}
