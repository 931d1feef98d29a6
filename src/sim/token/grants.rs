//! What people have been asked and have granted: device codes, authorization codes, refresh tokens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::denial::{Denial, denial, missing};
use super::{Fields, field};

pub(super) const DEVICE_SECS: u64 = 900;
const CODE_SECS: u64 = 600;

/// What a person agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) scope: String,
    /// What the client wants repeated in the id token.
    pub(super) nonce: Option<String>,
}

/// Whether a person has decided about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// The next poll finds the person still typing; the one after it finds them done.
    Asked,
    Agreed,
    Declined,
}

#[derive(Debug)]
struct Device {
    user_code: String,
    grant: Grant,
    end: Instant,
    decision: Decision,
}

#[derive(Debug)]
struct Code {
    grant: Grant,
    redirect: String,
    challenge: Option<String>,
    end: Instant,
    redeemed: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Grants {
    devices: BTreeMap<String, Device>,
    codes: BTreeMap<String, Code>,
    refresh: BTreeMap<String, Grant>,
    forgotten: Vec<String>,
}

impl Grants {
    /// Starts to ask a person about a device; returns the device's code and the person's.
    pub(super) fn ask(&mut self, grant: Grant, now: Instant) -> (String, String) {
        let code = Uuid::new_v4().simple().to_string();
        let user_code = code[..9].to_uppercase();
        let end = now + Duration::from_secs(DEVICE_SECS);
        let device = Device { user_code: user_code.clone(), grant, end, decision: Decision::Asked };
        self.devices.insert(code.clone(), device);
        (code, user_code)
    }

    /// Notes what the person decided; returns whether there is such a device.
    pub(super) fn decide(&mut self, user_code: &str, agrees: bool) -> bool {
        let mut devices = self.devices.values_mut();
        let device = devices.find(|device| device.user_code.eq_ignore_ascii_case(user_code));
        device
            .map(|device| device.decision = if agrees { Decision::Agreed } else { Decision::Declined })
            .is_some()
    }

    pub(super) fn redeem_device(&mut self, form: &Fields, now: Instant) -> Result<Grant, Denial> {
        let code = field(form, "device_code");
        let unknown = || {
            denial(400, "bad_verification_code", 70018, "Invalid verification code, or it was used before.")
        };
        let device = self.devices.get_mut(code).ok_or_else(unknown)?;
        if now >= device.end {
            return Err(denial(400, "expired_token", 70019, "Verification code expired."));
        }
        match device.decision {
            Decision::Asked => {
                device.decision = Decision::Agreed;
                let text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
                Err(denial(400, "authorization_pending", 70016, text))
            }
            Decision::Declined => {
                Err(denial(400, "authorization_declined", 70020, "The user declined the request."))
            }
            Decision::Agreed => self.devices.remove(code).map(|device| device.grant).ok_or_else(unknown),
        }
    }

    /// Makes an authorization code.
    pub(super) fn code(
        &mut self,
        grant: Grant,
        redirect: &str,
        challenge: Option<&str>,
        now: Instant,
    ) -> String {
        let code = format!("0.{}", Uuid::new_v4().simple());
        let made = Code {
            grant,
            redirect: redirect.to_owned(),
            challenge: challenge.map(str::to_owned),
            end: now + Duration::from_secs(CODE_SECS),
            redeemed: false,
        };
        self.codes.insert(code.clone(), made);
        code
    }

    pub(super) fn redeem_code(&mut self, form: &Fields, now: Instant) -> Result<Grant, Denial> {
        let refused = |number, text: &str| Err(denial(400, "invalid_grant", number, text));
        if field(form, "code").is_empty() {
            return Err(missing("code"));
        }
        let Some(code) = self.codes.get_mut(field(form, "code")) else {
            return refused(9_002_313, "Invalid request. Request is malformed or invalid.");
        };
        if code.redeemed {
            return refused(54005, "OAuth2 Authorization code was already redeemed.");
        }
        if now >= code.end {
            return refused(70008, "The provided authorization code has expired.");
        }
        if code.redirect != field(form, "redirect_uri") {
            return refused(500_112, "The reply address does not match the one the code was made for.");
        }
        let sent = URL_SAFE_NO_PAD.encode(digest(&SHA256, field(form, "code_verifier").as_bytes()));
        if code.challenge.as_ref().is_some_and(|challenge| *challenge != sent) {
            return refused(
                501_481,
                "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
            );
        }
        code.redeemed = true;
        Ok(code.grant.clone())
    }

    /// Makes a refresh token.
    pub(super) fn remember(&mut self, grant: &Grant) -> String {
        let token = format!("1.{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.refresh.insert(token.clone(), grant.clone());
        token
    }

    /// Returns what a refresh token stands for; it stays valid. Another scope may be asked for, to which the person agrees too.
    pub(super) fn refresh(&self, form: &Fields) -> Result<Grant, Denial> {
        let token = field(form, "refresh_token");
        if token.is_empty() {
            return Err(missing("refresh_token"));
        }
        if self.forgotten.iter().any(|forgotten| forgotten == token) {
            let text = "The refresh token has expired due to inactivity.";
            return Err(denial(400, "invalid_grant", 700_082, text));
        }
        let malformed =
            || denial(400, "invalid_grant", 9_002_313, "Invalid request. Request is malformed or invalid.");
        let grant = self.refresh.get(token).ok_or_else(malformed)?.clone();
        let scope = match field(form, "scope") {
            "" => grant.scope,
            scope => scope.to_owned(),
        };
        Ok(Grant { scope, nonce: None })
    }

    pub(super) fn forget_people(&mut self) {
        self.forgotten.extend(std::mem::take(&mut self.refresh).into_keys());
    }
}
