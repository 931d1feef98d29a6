//! What Microsoft Entra says when it refuses a sign-in, in words a person can act on.

use serde::Deserialize;

use crate::http::{HttpError, Response};

#[derive(Default, Deserialize)]
#[serde(default)]
struct EntraError {
    error: String,
    error_description: String,
    error_codes: Vec<u64>,
}

/// Numbers that mean "try again later".
const TRANSIENT: [u64; 2] = [90006, 90033];

/// Reads a refusal. The description is left out beyond its first line, and the secret is never part of it.
pub(super) fn read(response: &Response, client_id: &str) -> HttpError {
    let error: EntraError = serde_json::from_slice(&response.body).unwrap_or_default();
    let number = error.error_codes.first().copied().or_else(|| number_in(&error.error_description));
    let status = response.status;
    if status == 429 || status >= 500 || number.is_some_and(|number| TRANSIENT.contains(&number)) {
        return HttpError::SignInUnavailable { status, retry_after: response.retry_after() };
    }
    let detail = match number {
        Some(number) => format!("AADSTS{number} ({}): {}", error.error, advice(number, client_id)),
        None if error.error.is_empty() => format!("HTTP {status} without a reason; check token_url"),
        None => format!("{} (HTTP {status}){}", error.error, advice_on_word(&error.error)),
    };
    HttpError::SignIn { detail }
}

/// Returns the one-word reason of a refusal, such as `authorization_pending`.
pub(super) fn word(response: &Response) -> String {
    serde_json::from_slice::<EntraError>(&response.body).unwrap_or_default().error
}

fn number_in(description: &str) -> Option<u64> {
    let digits = description.split("AADSTS").nth(1)?;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

fn advice(number: u64, client_id: &str) -> String {
    match number {
        700_016 => format!("the application {client_id} is not in this tenant; check client_id and tenant"),
        7_000_215 => "the secret is wrong; use the secret's value, not its id".into(),
        7_000_222 => "the secret has expired; create another one for the application".into(),
        7_000_218 => "the service wants a secret and got none; check client_secret".into(),
        700_027 | 50_012 => {
            format!("the certificate is not registered for the application {client_id}; upload it in Entra")
        }
        700_025 => "the application is registered as public and takes no secret or certificate".into(),
        70_008 | 700_082 | 50_173 | 70_043 => {
            "the sign-in has expired; run `tandem sign-in` for the connection".into()
        }
        70_016 => "nobody has entered the code yet".into(),
        70_018 | 70_019 => "the code is wrong or has expired; start again".into(),
        50_076 | 50_079 => {
            "a second factor is needed; run `tandem sign-in` for the connection, or use a certificate".into()
        }
        7_000_112 => format!("the application {client_id} is disabled; enable it in Entra"),
        90_002 => "there is no such tenant; check tenant".into(),
        500_011 => "the resource is not in this tenant; check url and scope".into(),
        70_011 => "the scope is not valid; check scope".into(),
        700_022 => "the scope names several resources; name one".into(),
        65_001 => "an administrator has not consented to the application's permissions".into(),
        53_003 => "conditional access blocks this sign-in; ask an administrator".into(),
        _ => "look the number up at https://login.microsoftonline.com/error".into(),
    }
}

/// Says what to do where the service gives a word and no number, as AD FS and the device code endpoint do.
fn advice_on_word(word: &str) -> &'static str {
    match word {
        "authorization_declined" | "access_denied" => ": the sign-in was declined",
        "expired_token" | "bad_verification_code" => ": the code has expired; start again",
        "invalid_grant" => ": the sign-in has expired; run `tandem sign-in` for the connection",
        "invalid_client" => ": check client_id and its secret or certificate",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str) -> HttpError {
        read(&Response::new(status, Vec::new(), body.as_bytes().to_vec()), "app")
    }

    #[test]
    fn a_refusal_names_its_number_and_what_to_do() {
        let body = r#"{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier…"}"#;
        let text = check(400, body).to_string();
        assert!(text.starts_with("AADSTS700016 (unauthorized_client): the application app is not"), "{text}");
        assert!(check(404, "<html>").to_string().contains("HTTP 404"));
    }

    #[test]
    fn a_busy_service_is_not_a_refusal() {
        for (status, body) in [(503, ""), (429, "{}"), (400, r#"{"error":"x","error_codes":[90033]}"#)] {
            assert!(matches!(check(status, body), HttpError::SignInUnavailable { .. }), "{status}");
        }
    }
}
