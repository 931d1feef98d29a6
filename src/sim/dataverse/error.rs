//! Errors as Dataverse words them.

use serde_json::json;
use uuid::Uuid;

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

    pub(crate) fn reply(&self) -> Reply {
        let body = json!({"error": {"code": self.code, "message": self.message}});
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
        429 => Fault::new(
            429,
            "0x80072322",
            "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
        ),
        401 => Fault::new(401, "0x8005F101", "The access token has expired or is not valid."),
        403 => Fault::new(403, "0x80040220", "Principal user is missing a privilege."),
        _ => Fault::new(status, "0x80040216", "An unexpected error occurred."),
    };
    fault.reply()
}
