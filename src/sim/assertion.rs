//! Signed assertions: a token request proved with a registered certificate instead of a secret.
//!
//! Checks what Entra checks: signature, thumbprint, audience, issuer, life time, and that each assertion is used once.

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use webpki::EndEntityCert;
use webpki::ring::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256_LEGACY_KEY};

use super::faults::lock;

const LEEWAY_SECS: f64 = 30.0;

/// Why an assertion is refused: the number and text of Entra's error.
pub(crate) type Refusal = (u32, &'static str);

/// What the claims of a good assertion say.
pub(crate) struct Expected<'a> {
    pub(crate) client_id: &'a str,
    /// The token endpoint's own address, or the issuer's.
    pub(crate) audiences: [String; 2],
    /// Seconds since 1970.
    pub(crate) now: f64,
}

/// The registered certificates, and the assertions seen.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    registered: Vec<CertificateDer<'static>>,
    seen: Mutex<BTreeSet<String>>,
}

impl Certificates {
    /// Reads the certificates, one from each PEM text.
    pub(crate) fn new(texts: &[String]) -> io::Result<Self> {
        let read = |text: &String| {
            let certificate = CertificateDer::from_pem_slice(text.as_bytes()).map_err(io::Error::other)?;
            EndEntityCert::try_from(&certificate).map_err(io::Error::other)?;
            Ok(certificate)
        };
        let registered = texts.iter().map(read).collect::<io::Result<_>>()?;
        Ok(Self { registered, seen: Mutex::default() })
    }

    /// Checks an assertion.
    pub(crate) fn check(&self, assertion: &str, expected: &Expected<'_>) -> Result<(), Refusal> {
        let malformed = (50027, "JWT token is invalid or malformed.");
        let (signed, signature) = assertion.rsplit_once('.').ok_or(malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(malformed)?;
        let (header, claims) = (json(header).ok_or(malformed)?, json(claims).ok_or(malformed)?);
        let signature = decoded(signature).ok_or(malformed)?;
        self.check_signature(&header, signed, &signature)?;
        check_claims(&claims, expected)?;
        let id = claims["jti"].as_str().filter(|id| !id.is_empty()).ok_or(malformed)?;
        if lock(&self.seen).insert(id.to_owned()) {
            Ok(())
        } else {
            Err((50012, "Client assertion was used before; its 'jti' must be unique."))
        }
    }

    fn check_signature(&self, header: &Value, signed: &str, signature: &[u8]) -> Result<(), Refusal> {
        let unknown = (700_027, "The certificate with this thumbprint is not registered on the application.");
        let algorithm = match header["alg"].as_str() {
            Some("PS256") => RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            Some("RS256") => RSA_PKCS1_2048_8192_SHA256,
            _ => return Err((5_002_738, "The assertion's signing algorithm is not supported.")),
        };
        let certificate = self.named_by(header).ok_or(unknown)?;
        let certificate = EndEntityCert::try_from(certificate).map_err(|_| unknown)?;
        let verified = certificate.verify_signature(algorithm, signed.as_bytes(), signature);
        verified.map_err(|_| (700_027, "Client assertion failed signature validation."))
    }

    /// Returns the certificate whose thumbprints are the header's; one of the two must be given.
    fn named_by(&self, header: &Value) -> Option<&CertificateDer<'static>> {
        let thumbprint = |name: &str| header[name].as_str().map(|text| decoded(text).unwrap_or_default());
        let (sha256, sha1) = (thumbprint("x5t#S256"), thumbprint("x5t"));
        self.registered.iter().filter(|_| sha256.is_some() || sha1.is_some()).find(|certificate| {
            let fits = |given: &Option<Vec<u8>>, algorithm| {
                given.as_ref().is_none_or(|given| given == digest(algorithm, certificate).as_ref())
            };
            fits(&sha256, &SHA256) && fits(&sha1, &SHA1_FOR_LEGACY_USE_ONLY)
        })
    }
}

fn check_claims(claims: &Value, expected: &Expected<'_>) -> Result<(), Refusal> {
    if claims["iss"] != expected.client_id || claims["sub"] != expected.client_id {
        return Err((
            700_021,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        ));
    }
    if !expected.audiences.iter().any(|audience| claims["aud"] == audience.as_str()) {
        return Err((700_023, "Client assertion audience claim does not match Realm issuer."));
    }
    let time = |name: &str| claims[name].as_f64();
    let alive = time("exp").is_some_and(|end| end > expected.now - LEEWAY_SECS);
    let begun = time("nbf").is_none_or(|start| start < expected.now + LEEWAY_SECS);
    if alive && begun {
        Ok(())
    } else {
        Err((700_024, "Client assertion is not within its valid time range."))
    }
}

/// Decodes base64url; some libraries pad it.
fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&decoded(part)?).ok()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use serde_json::json;

    use super::*;

    const CERTIFICATE: &str = include_str!("tests/fixtures/application.crt");
    const KEY: &str = include_str!("tests/fixtures/application.key");
    const NOW: f64 = 1_000_000.0;

    fn encoded(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn thumbprint(algorithm: &'static ring::digest::Algorithm) -> String {
        let der = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
        encoded(digest(algorithm, &der).as_ref())
    }

    fn good_header() -> Value {
        json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(&SHA256)})
    }

    fn good_claims() -> Value {
        json!({"iss": "app", "sub": "app", "aud": "https://x/token", "jti": "1", "exp": NOW + 300.5, "nbf": NOW})
    }

    fn signed(header: &Value, claims: &Value) -> String {
        let text =
            format!("{}.{}", encoded(header.to_string().as_bytes()), encoded(claims.to_string().as_bytes()));
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let key = RsaKeyPair::from_pkcs8(key.secret_der()).unwrap();
        let mut signature = vec![0; key.public().modulus_len()];
        let (random, bytes) = (SystemRandom::new(), text.as_bytes());
        match header["alg"].as_str() {
            Some("RS256") => key.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature),
            _ => key.sign(&RSA_PSS_SHA256, &random, bytes, &mut signature),
        }
        .unwrap();
        format!("{text}.{}", encoded(&signature))
    }

    fn check(certificates: &Certificates, assertion: &str) -> u32 {
        let audiences = ["https://x/token".to_owned(), "https://x/v2.0".to_owned()];
        let expected = Expected { client_id: "app", audiences, now: NOW };
        certificates.check(assertion, &expected).map_or_else(|(number, _)| number, |()| 0)
    }

    #[test]
    fn each_part_of_an_assertion_is_checked() {
        let legacy = json!({"alg": "RS256", "x5t": thumbprint(&SHA1_FOR_LEGACY_USE_ONLY)});
        let padded = json!({"alg": "PS256", "x5t#S256": format!("{}=", thumbprint(&SHA256))});
        let claims = |name: &str, value: Value| {
            let mut claims = good_claims();
            claims[name] = value;
            claims
        };
        let cases = [
            (good_header(), good_claims(), 0),
            (legacy, good_claims(), 0),
            (padded, good_claims(), 0),
            (json!({"alg": "PS256"}), good_claims(), 700_027),
            (json!({"alg": "PS256", "x5t#S256": "AAAA"}), good_claims(), 700_027),
            (json!({"alg": "none", "x5t#S256": thumbprint(&SHA256)}), good_claims(), 5_002_738),
            (good_header(), claims("iss", json!("other")), 700_021),
            (good_header(), claims("sub", json!("other")), 700_021),
            (good_header(), claims("aud", json!("https://y/token")), 700_023),
            (good_header(), claims("aud", json!("https://x/v2.0")), 0),
            (good_header(), claims("exp", json!(NOW - 10.5)), 0),
            (good_header(), claims("exp", json!(NOW - 31.0)), 700_024),
            (good_header(), claims("nbf", json!(NOW + 31.0)), 700_024),
            (good_header(), claims("jti", Value::Null), 50027),
        ];
        for (header, claims, number) in cases {
            let certificates = Certificates::new(&[CERTIFICATE.to_owned()]).unwrap();
            assert_eq!(check(&certificates, &signed(&header, &claims)), number, "{header} {claims}");
        }
    }

    #[test]
    fn an_assertion_is_used_once_and_only_as_it_was_signed() {
        let certificates = Certificates::new(&[CERTIFICATE.to_owned()]).unwrap();
        let assertion = signed(&good_header(), &good_claims());
        let (_, signature) = assertion.rsplit_once('.').unwrap();
        let forged = good_claims().to_string().replace("300.5", "900.5");
        let header = encoded(good_header().to_string().as_bytes());
        assert_eq!(
            check(&certificates, &format!("{header}.{}.{signature}", encoded(forged.as_bytes()))),
            700_027
        );
        assert_eq!(check(&certificates, &assertion), 0);
        assert_eq!(check(&certificates, &assertion), 50012);
        assert_eq!(check(&Certificates::default(), &assertion), 700_027);
        assert_eq!(check(&certificates, "no assertion"), 50027);
    }

    #[test]
    fn what_is_no_certificate_is_not_registered() {
        assert!(Certificates::new(&["-----BEGIN CERTIFICATE-----".to_owned()]).is_err());
        assert!(Certificates::new(&[KEY.to_owned()]).is_err());
    }
}
