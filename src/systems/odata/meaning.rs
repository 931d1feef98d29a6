//! What a refusal means that is not one row's own affair, whichever product says it.
//!
//! The codes of the two products cannot be confused (names here, HRESULTs there), so one table serves both.

use super::ServiceError;
use crate::http::Response;
use crate::model::ConnectionName;
use crate::systems::{SystemError, WriteOutcome};

/// The token is not taken (any more).
const SIGN_IN: [&str; 3] = ["Authentication_InvalidCredentials", "0x80041D50", "0x8005F101"];
/// Limits on requests, their time and their number at once.
const THROTTLED: [&str; 5] =
    ["Application_TooManyRequests", "0x80072321", "0x80072322", "0x80072326", "0x8005F103"];
/// Deadlocks, timeouts and limits of the database, maintenance: the same request may succeed a little later.
const BUSY: [&str; 6] =
    ["0x80044150", "0x80044151", "0x80044339", "0x80072323", "0x80072324", "Internal_TenantUnavailable"];
/// Business Central reports a record that another session holds as 409 with this code.
const SERVER_ERROR: &str = "Internal_ServerError";
const NO_COMPANY: &str = "Internal_CompanyNotFound";
const UNKNOWN_TABLE: &str = "0x80041102";
const UNKNOWN_COLUMN: &str = "0x80041103";
const VERSIONS_OFF: &str = "0x8006088D";

/// What keeps the application out altogether, with what to tell the administrator.
const SHUT_OUT: [(&str, &str); 6] = [
    ("0x80072560", "the application is not a user of this environment"),
    ("0x80042F09", "the application user has no security role"),
    ("0x8004D24B", "the user has no licence"),
    ("0x8004A110", "acting on behalf of another user (the Delegate role)"),
    ("0x8004A112", "the user is disabled"),
    ("0x8004A104", "the organisation is disabled"),
];

/// Deadlocks and locks: somebody else is at the same rows.
const HELD: [&str; 3] = ["0x80044150", "0x80044151", "0x80044339"];

/// Says what the refusal of a write means where it is not the row's own fault: the row is held by somebody, or the whole
/// system is in trouble.
pub fn of_write(connection: &ConnectionName, what: &str, answer: &Response) -> Option<WriteOutcome> {
    let error = for_all(connection, what, answer)?;
    let code = ServiceError::parse(answer.status, &answer.body).code;
    let is_held = is_locked(answer) || HELD.contains(&code.as_str());
    Some(if is_held { WriteOutcome::RowBusy(error) } else { WriteOutcome::NotApplied(error) })
}

/// Returns whether an answer says that another session holds what was asked for: a little later it may be had.
pub fn is_locked(answer: &Response) -> bool {
    answer.status == 409 && ServiceError::parse(answer.status, &answer.body).code == SERVER_ERROR
}

/// Says what a refusal means for every request of its kind, not for one row: to sign in, to wait, to ask the
/// administrator. Nothing where it may be the fault of what was asked.
pub fn for_all(connection: &ConnectionName, what: &str, answer: &Response) -> Option<SystemError> {
    let error = ServiceError::parse(answer.status, &answer.body);
    let (connection, what) = (connection.clone(), what.to_owned());
    let (status, code, retry_after) = (answer.status, error.code.as_str(), answer.retry_after());
    if let Some((_, why)) = SHUT_OUT.iter().find(|(known, _)| *known == code) {
        return Some(SystemError::Forbidden { connection, what: format!("{what}: {why}") });
    }
    Some(match (status, code) {
        (_, NO_COMPANY) => SystemError::NotFound { connection, what: "such company".to_owned() },
        (_, VERSIONS_OFF) => SystemError::Configuration {
            connection,
            detail: format!(
                "{what}: the table has no versions (optimistic concurrency is off), so no write could be guarded"
            ),
        },
        (_, code) if SIGN_IN.contains(&code) => {
            SystemError::SignIn { connection, detail: sign_in_detail(&error) }
        }
        (401, _) => SystemError::SignIn { connection, detail: sign_in_detail(&error) },
        (_, code) if THROTTLED.contains(&code) => SystemError::Throttled { connection, retry_after },
        (429, _) => SystemError::Throttled { connection, retry_after },
        (_, code) if BUSY.contains(&code) => SystemError::Unavailable { connection, status, retry_after },
        (409, SERVER_ERROR) | (503, _) => SystemError::Unavailable { connection, status, retry_after },
        _ => return None,
    })
}

/// Names the failure of a request that is about no single row.
pub fn of_request(connection: &ConnectionName, what: &str, answer: &Response) -> SystemError {
    if let Some(error) = for_all(connection, what, answer) {
        return error;
    }
    let error = ServiceError::parse(answer.status, &answer.body);
    let (connection, what) = (connection.clone(), what.to_owned());
    match (error.status, error.code.as_str()) {
        (403, code) => {
            SystemError::Forbidden { connection, what: forbidden_what(&what, code, &error.message) }
        }
        (_, UNKNOWN_TABLE | UNKNOWN_COLUMN) => {
            SystemError::NotFound { connection, what: format!("table or column asked for in {what}") }
        }
        (404, "BadRequest_NotFound") | (501, _) => bad_request(connection, what, error),
        (404, _) => SystemError::NotFound { connection, what },
        (405, _) => SystemError::Configuration {
            connection,
            detail: format!(
                "{what} is answered with 405; on premises, switch on API services (ApiServicesEnabled) and run Integrate APIs"
            ),
        },
        (status @ (408 | 500..), _) => {
            SystemError::Unavailable { connection, status, retry_after: answer.retry_after() }
        }
        _ => bad_request(connection, what, error),
    }
}

fn bad_request(connection: ConnectionName, what: String, error: ServiceError) -> SystemError {
    let ServiceError { status, code, message } = error;
    SystemError::BadRequest { connection, what, status, code, message }
}

fn sign_in_detail(error: &ServiceError) -> String {
    let code = if error.code.is_empty() { String::new() } else { format!(" ({})", error.code) };
    format!("the token is not accepted{code}; is the application registered and enabled in this environment?")
}

/// Names what is missing: Dataverse's text holds the privilege's name, Business Central's the table in parentheses.
fn forbidden_what(what: &str, code: &str, message: &str) -> String {
    let privilege = message.split_whitespace().find(|word| word.starts_with("prv"));
    let table = message.split_once("(TableData ").and_then(|(_, rest)| rest.split_once(')'));
    match (code, privilege, table) {
        (_, Some(privilege), _) => format!("{what}: {privilege} is missing"),
        (_, _, Some((table, _))) => format!("{what}: TableData {table} is missing"),
        ("", _, _) => what.to_owned(),
        (code, _, _) => format!("{what} ({code})"),
    }
}

#[cfg(test)]
mod tests;
