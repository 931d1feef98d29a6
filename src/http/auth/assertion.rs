//! The signed assertion (RFC 7523) with which an application proves that it holds the key of its certificate.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use ring::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{CertificateError, ClientCertificate};
use crate::config::Secret;

/// How an assertion is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureAlgorithm {
    /// RSA-PSS, with the SHA-256 thumbprint of the certificate (`x5t#S256`).
    #[default]
    Ps256,
    /// RSA PKCS#1 v1.5, with the SHA-1 thumbprint (`x5t`): for services that know nothing newer.
    Rs256,
}

/// Long enough for a clock that is some minutes off, and not longer than Entra advises.
const LIFE_SECS: i64 = 600;

impl ClientCertificate {
    /// Signs an assertion for the token endpoint `audience`.
    pub(super) fn assertion(
        &self,
        algorithm: SignatureAlgorithm,
        client_id: &str,
        audience: &str,
        now: Timestamp,
    ) -> Result<Secret, CertificateError> {
        let start = now.as_second();
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": Uuid::new_v4().to_string(),
            "nbf": start,
            "iat": start,
            "exp": start + LIFE_SECS,
        });
        let header = self.header(algorithm);
        let signed = format!("{}.{}", encoded(&header), encoded(&claims));
        let mut signature = vec![0; self.key().public().modulus_len()];
        self.key()
            .sign(encoding(algorithm), &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| CertificateError::NotSigned)?;
        Ok(Secret::new(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    fn header(&self, algorithm: SignatureAlgorithm) -> Value {
        let thumbprint = |algorithm| URL_SAFE_NO_PAD.encode(digest::digest(algorithm, self.der()));
        match algorithm {
            SignatureAlgorithm::Ps256 => {
                json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(&SHA256)})
            }
            SignatureAlgorithm::Rs256 => {
                json!({"alg": "RS256", "typ": "JWT", "x5t": thumbprint(&SHA1_FOR_LEGACY_USE_ONLY)})
            }
        }
    }
}

fn encoding(algorithm: SignatureAlgorithm) -> &'static dyn RsaEncoding {
    match algorithm {
        SignatureAlgorithm::Ps256 => &RSA_PSS_SHA256,
        SignatureAlgorithm::Rs256 => &RSA_PKCS1_SHA256,
    }
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jsonwebtoken::{Algorithm, DecodingKey, Validation};
    use rsa::RsaPublicKey;
    use rsa::pkcs1::DecodeRsaPublicKey as _;
    use rsa::pkcs8::EncodePublicKey as _;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::http::auth::new_certificate;

    const AUDIENCE: &str = "https://login.microsoftonline.com/contoso/oauth2/v2.0/token";

    /// Verifies an assertion with a library that is not ours and returns header and claims.
    fn verified(
        certificate: &ClientCertificate,
        assertion: &str,
        algorithm: Algorithm,
    ) -> Result<(Value, Value), jsonwebtoken::errors::Error> {
        let public = RsaPublicKey::from_pkcs1_der(certificate.key().public().as_ref()).unwrap();
        let pem = public.to_public_key_pem(rsa::pkcs8::LineEnding::LF).unwrap();
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&["app"]);
        validation.sub = Some("app".to_owned());
        validation.set_required_spec_claims(&["aud", "iss", "sub", "nbf", "exp"]);
        validation.validate_nbf = true;
        let key = DecodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
        let token = jsonwebtoken::decode::<Value>(assertion, &key, &validation)?;
        let header = URL_SAFE_NO_PAD.decode(assertion.split('.').next().unwrap()).unwrap();
        Ok((serde_json::from_slice(&header).unwrap(), token.claims))
    }

    #[test]
    fn another_library_verifies_claims_thumbprint_and_signature() {
        let now = Timestamp::now();
        let made = new_certificate("tandem", now, 30).unwrap();
        let pem = made.certificate_pem.as_bytes();
        let certificate = ClientCertificate::from_pem(pem, made.key_pem.reveal().as_bytes(), None).unwrap();
        let der = certificate.der();
        let sha256 = URL_SAFE_NO_PAD.encode(Sha256::digest(der));
        let cases = [
            (SignatureAlgorithm::Ps256, Algorithm::PS256, Algorithm::RS256, "PS256", "x5t#S256"),
            (SignatureAlgorithm::Rs256, Algorithm::RS256, Algorithm::PS256, "RS256", "x5t"),
        ];
        let mut ids = HashSet::new();
        for (algorithm, theirs, wrong, name, thumbprint) in cases {
            let assertion = certificate.assertion(algorithm, "app", AUDIENCE, now).unwrap();
            let (header, claims) = verified(&certificate, assertion.reveal(), theirs).unwrap();
            assert_eq!((&header["alg"], &header["typ"]), (&json!(name), &json!("JWT")));
            match algorithm {
                SignatureAlgorithm::Ps256 => assert_eq!(header[thumbprint], json!(sha256)),
                SignatureAlgorithm::Rs256 => {
                    let bytes = URL_SAFE_NO_PAD.decode(header[thumbprint].as_str().unwrap()).unwrap();
                    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
                    assert_eq!(hex, made.thumbprint);
                }
            }
            let times = ["nbf", "iat", "exp"].map(|claim| claims[claim].as_i64().unwrap());
            assert_eq!(times, [now.as_second(), now.as_second(), now.as_second() + 600]);
            assert!(ids.insert(claims["jti"].as_str().unwrap().to_owned()), "each assertion has its own id");
            assert!(verified(&certificate, assertion.reveal(), wrong).is_err());
            assert!(!format!("{certificate:?} {assertion:?}").contains(assertion.reveal()));
        }
        let assertion = certificate.assertion(SignatureAlgorithm::Ps256, "app", AUDIENCE, now).unwrap();
        let (signed, signature) = assertion.reveal().rsplit_once('.').unwrap();
        let mut changed = URL_SAFE_NO_PAD.decode(signature).unwrap();
        changed[17] ^= 1;
        let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(changed));
        assert!(verified(&certificate, &forged, Algorithm::PS256).is_err());
    }
}
