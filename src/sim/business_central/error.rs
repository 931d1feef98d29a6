//! Errors as Business Central words them.

use serde_json::json;
use uuid::Uuid;

use super::access::denied;
use crate::sim::http::{Reply, Request};

/// A refused operation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn dialog(message: impl Into<String>) -> Self {
        Self::new(400, "Application_DialogException", message)
    }

    /// An unknown set and a missing row look alike.
    pub(crate) fn not_found(segment: &str) -> Self {
        Self::new(
            404,
            "BadRequest_ResourceNotFound",
            format!("Resource not found for the segment '{segment}'."),
        )
    }

    pub(crate) fn unknown_in_query(property: &str, entity: &str) -> Self {
        Self::bad_request(format!(
            "Could not find a property named '{property}' on type 'Microsoft.NAV.{entity}'."
        ))
    }

    pub(crate) fn lock_conflict() -> Self {
        let message = "We can't save your changes right now, because a record in table 'Customer' is being updated in a transaction done by another session.";
        Self::new(409, "Internal_ServerError", message)
    }

    pub(crate) fn reply(&self) -> Reply {
        let message = format!("{}  CorrelationId:  {}.", self.message, Uuid::new_v4());
        Reply::json(self.status, &json!({"error": {"code": self.code, "message": message}}))
    }
}

/// Answers a request without a valid token.
pub(crate) fn unauthorized(request: &Request, _tenant: Uuid) -> Reply {
    let challenge = format!("Bearer realm=\"{}\"", request.base);
    refusal(401).with("WWW-Authenticate", challenge)
}

/// Answers a request that a fault refuses. What stands before the servers answers for itself when they are slow or away.
pub(crate) fn refusal(status: u16) -> Reply {
    let fault = match status {
        502 | 504 => {
            let page = "<html><body><h1>The server did not respond in time.</h1></body></html>";
            return Reply::text(status, "text/html", page.to_owned());
        }
        408 => Fault::new(408, "Internal_ServerError", "The operation has timed out."),
        401 => Fault::new(
            401,
            "Authentication_InvalidCredentials",
            "The server has rejected the client credentials.",
        ),
        403 => denied(18, "Customer", "Read"),
        409 => Fault::lock_conflict(),
        429 => Fault::new(
            429,
            "Application_TooManyRequests",
            "Too many requests reached. Actual (101). Maximum (100).",
        ),
        503 => Fault::new(503, "Internal_TenantUnavailable", "The tenant is not available."),
        _ => Fault::new(status, "Internal_ServerError", "An unexpected error occurred."),
    };
    fault.reply()
}

#[cfg(test)]
mod tests {
    use super::refusal;

    #[test]
    fn a_gateway_speaks_html_and_a_server_json() {
        for (status, kind) in [(408, "application/json"), (503, "application/json"), (504, "text/html")] {
            let reply = refusal(status);
            assert_eq!(reply.status, status);
            assert!(reply.header("content-type").is_some_and(|found| found.starts_with(kind)), "{status}");
        }
    }
}
