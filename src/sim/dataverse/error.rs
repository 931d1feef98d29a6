//! Errors as Dataverse words them.

use serde_json::json;
use uuid::Uuid;

use crate::sim::http::{Reply, Request};
use crate::sim::limits::{Facet, Limiter, Limits};

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

    pub(crate) fn missing_row(table: &str, id: Uuid) -> Self {
        Self::new(404, "0x80040217", format!("{table} With Id = {id} Does Not Exist"))
    }

    pub(crate) fn unknown_segment(name: &str) -> Self {
        Self::new(404, "0x8006088a", format!("Resource not found for the segment '{name}'."))
    }

    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::new(400, "0x80060888", message)
    }

    pub(crate) fn unknown_in_query(property: &str, table: &str) -> Self {
        let message =
            format!("Could not find a property named '{property}' on type 'Microsoft.Dynamics.CRM.{table}'.");
        Self::new(400, "0x0", message)
    }

    pub(crate) fn payload(set: &str, detail: &str) -> Self {
        let message = format!(
            "Error identified in Payload provided by the user for Entity :'{set}', InnerException : {detail}"
        );
        Self::new(400, "0x80048d19", message)
    }

    pub(crate) fn duplicate_id() -> Self {
        Self::new(412, "0x80040237", "A record with matching key values already exists.")
    }

    pub(crate) fn stale() -> Self {
        let message = "The version of the existing record doesn't match the RowVersion property provided.";
        Self::new(412, "0x80060882", message)
    }

    pub(crate) fn lock_conflict() -> Self {
        let message = "Sql error: Generic SQL error. CRM ErrorCode: -2147204784 Sql ErrorCode: -2146232060 Sql Number: 1205";
        Self::new(500, "0x80044150", message)
    }

    pub(crate) fn not_allowed(method: &str) -> Self {
        Self::new(405, "0x80060888", format!("The method {method} is not allowed on this resource."))
    }

    pub(crate) fn reply(&self) -> Reply {
        self.reply_with_code(self.code)
    }

    /// Answers with another form of the code.
    pub(crate) fn reply_with_code(&self, code: &str) -> Reply {
        let body = json!({"error": {"code": code, "message": self.message}});
        Reply::json(self.status, &body)
            .with("OData-Version", "4.0")
            .with("REQ_ID", Uuid::new_v4().to_string())
    }
}

/// Answers a request without a valid token, with the challenge clients derive their authority from.
pub(crate) fn unauthorized(request: &Request, tenant: Uuid) -> Reply {
    let challenge = format!(
        "Bearer authorization_uri=https://login.microsoftonline.com/{tenant}/oauth2/authorize, resource_id={}/",
        request.base
    );
    let fault = match request.header("authorization") {
        Some(_) => Fault::new(401, "0x8005F101", "The access token has expired or is not valid."),
        None => Fault::new(401, "0x80041d50", "No access token was found in the request."),
    };
    fault.reply().with("WWW-Authenticate", challenge)
}

/// Answers a request that a fault refuses.
pub(crate) fn refusal(status: u16) -> Reply {
    let fault = match status {
        429 => return throttled(Facet::Requests, &Limits::default()),
        401 => Fault::new(401, "0x8005F101", "The access token has expired or is not valid."),
        403 => Fault::new(403, "0x80040220", "Principal user is missing a privilege."),
        _ => Fault::new(status, "0x80040216", "An unexpected error occurred."),
    };
    fault.reply()
}

/// Answers a request beyond one of the limits.
pub(crate) fn throttled(facet: Facet, limits: &Limits) -> Reply {
    let window = limits.window.as_secs();
    let fault = match facet {
        Facet::Requests => {
            let most = limits.requests;
            let message = format!(
                "Number of requests exceeded the limit of {most} over time window of {window} seconds."
            );
            Fault::new(429, "0x80072322", message)
        }
        Facet::ExecutionTime => {
            let most = thousands(limits.execution.as_millis());
            let message = format!(
                "Combined execution time of incoming requests exceeded limit of {most} milliseconds over time window of {window} seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later."
            );
            Fault::new(429, "0x80072321", message)
        }
        Facet::Concurrency => {
            let most = limits.dataverse_concurrent;
            Fault::new(
                429,
                "0x80072326",
                format!("Number of concurrent requests exceeded the limit of {most}."),
            )
        }
    };
    fault.reply()
}

/// Tells what is left of the limits: requests, and seconds of work.
pub(crate) fn with_remaining(reply: Reply, limiter: &Limiter) -> Reply {
    let left = limiter.remaining(std::time::Instant::now());
    let (secs, hundredths) = (left.execution.as_secs(), left.execution.subsec_millis() / 10);
    reply.with("x-ms-ratelimit-burst-remaining-xrm-requests", left.requests.to_string()).with(
        "x-ms-ratelimit-time-remaining-xrm-requests",
        format!("{}.{hundredths:02}", thousands(secs.into())),
    )
}

/// Writes a number with commas between the thousands.
fn thousands(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_200, "1,200"), (1_200_000, "1,200,000")] {
            assert_eq!(thousands(number), text);
        }
    }
}
