//! Who may do what: permissions taken away from a set, and services switched off as a whole.

use super::error::Fault;
use super::schema::Set;
use crate::sim::http::Request;

/// What the administrator has closed.
#[derive(Debug)]
pub(super) struct Access {
    /// The sets whose rows the application may not touch.
    pub(super) denied: Vec<String>,
    /// Whether the API services are off, as they are on premises until someone turns them on.
    pub(super) services_off: bool,
    /// How long a body may be.
    pub(super) body_bytes_max: usize,
}

impl Default for Access {
    fn default() -> Self {
        Self { denied: Vec::new(), services_off: false, body_bytes_max: 350 * 1024 * 1024 }
    }
}

impl Access {
    /// Refuses bodies that are too long or of a kind nobody reads.
    pub(super) fn check_body(&self, request: &Request) -> Result<(), Fault> {
        if request.body.len() > self.body_bytes_max {
            let message = "The request body is too large.";
            return Err(Fault::new(413, "RequestEntityTooLarge", message));
        }
        let readable = |kind: &str| kind.to_ascii_lowercase().starts_with("application/json");
        let kind = request.header("content-type").map(str::trim);
        if matches!(request.method.as_str(), "POST" | "PATCH")
            && !request.body.is_empty()
            && kind.is_some_and(|kind| !readable(kind))
        {
            let message = format!("The content type '{}' is not supported.", kind.unwrap_or_default());
            return Err(Fault::new(415, "BadRequest", message));
        }
        Ok(())
    }

    /// Refuses what the permissions on the set's table don't allow.
    pub(super) fn check(&self, set: &Set, method: &str) -> Result<(), Fault> {
        if !self.denied.iter().any(|denied| denied == set.name) {
            return Ok(());
        }
        let right = match method {
            "POST" => "Insert",
            "PATCH" => "Modify",
            "DELETE" => "Delete",
            _ => "Read",
        };
        Err(denied(set.table, set.caption, right))
    }
}

/// Says which right is missing.
pub(super) fn denied(table: u32, caption: &str, right: &str) -> Fault {
    let message = format!(
        "Sorry, the current permissions prevented the action. (TableData {table} {caption} {right}: Base Application)"
    );
    Fault::new(403, "Authorization_Forbidden", message)
}
