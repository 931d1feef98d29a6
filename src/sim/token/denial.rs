//! What is denied, in Entra's words and with its numbers.

use std::str::FromStr;

use serde_json::json;
use uuid::Uuid;

use crate::sim::http::Reply;

/// A denied request.
#[derive(Debug)]
pub(super) struct Denial {
    pub(super) status: u16,
    pub(super) error: &'static str,
    pub(super) number: u32,
    pub(super) text: String,
}

pub(super) fn denial(status: u16, error: &'static str, number: u32, text: impl Into<String>) -> Denial {
    Denial { status, error, number, text: text.into() }
}

pub(super) fn missing(name: &str) -> Denial {
    let text = format!("The request body must contain the following parameter: '{name}'.");
    denial(400, "invalid_request", 900_144, text)
}

/// Why every sign-in is denied, by the number of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInDenial(&'static (u32, u16, &'static str, &'static str));

/// A number that stands for no denial the simulator knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("AADSTS{0} is no error the simulated sign-in can play; --help lists those it can")]
pub struct UnknownDenial(String);

const DENIALS: &[(u32, u16, &str, &str)] = &[
    (7_000_222, 401, "invalid_client", "The provided client secret keys for app are expired."),
    (7_000_112, 400, "unauthorized_client", "Application is disabled."),
    (50012, 401, "invalid_client", "Authentication failed."),
    (500_011, 400, "invalid_resource", "The resource principal was not found in the tenant."),
    (65001, 400, "invalid_grant", "The user or administrator has not consented to use the application."),
    (
        50076,
        400,
        "interaction_required",
        "Due to a configuration change made by your administrator, you must use multi-factor authentication to access the resource.",
    ),
    (
        50079,
        400,
        "interaction_required",
        "You must enroll in multi-factor authentication to access the resource.",
    ),
    (
        53003,
        400,
        "invalid_grant",
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    (
        70008,
        400,
        "invalid_grant",
        "The provided authorization code or refresh token has expired due to inactivity.",
    ),
    (700_082, 400, "invalid_grant", "The refresh token has expired due to inactivity."),
    (90033, 503, "temporarily_unavailable", "A transient error has occurred. Please try again."),
    (90006, 503, "temporarily_unavailable", "Service temporarily unavailable. Please retry."),
];

impl SignInDenial {
    /// Returns the numbers of all denials.
    pub fn numbers() -> Vec<u32> {
        DENIALS.iter().map(|(number, ..)| *number).collect()
    }

    pub(super) fn denial(self) -> Denial {
        let (number, status, error, text) = self.0;
        denial(*status, error, *number, *text)
    }
}

impl FromStr for SignInDenial {
    type Err = UnknownDenial;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_start_matches("AADSTS");
        let known = DENIALS.iter().find(|(number, ..)| number.to_string() == digits);
        known.map(SignInDenial).ok_or_else(|| UnknownDenial(digits.to_owned()))
    }
}

pub(super) fn denied_reply(denial: &Denial) -> Reply {
    let (trace, correlation) = (Uuid::new_v4(), Uuid::new_v4());
    let timestamp = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let description = format!(
        "AADSTS{}: {}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}",
        denial.number, denial.text
    );
    let body = json!({
        "error": denial.error, "error_description": description, "error_codes": [denial.number], "timestamp": timestamp,
        "trace_id": trace, "correlation_id": correlation,
        "error_uri": format!("https://login.microsoftonline.com/error?code={}", denial.number),
    });
    Reply::text(denial.status, "application/json; charset=utf-8", body.to_string())
}
