//! Who may do what: permissions taken away from a set, and services switched off as a whole.

use super::error::Fault;
use super::schema::Set;

/// What the administrator has closed.
#[derive(Debug, Default)]
pub(super) struct Access {
    /// The sets whose rows the application may not touch.
    pub(super) denied: Vec<String>,
    /// Whether the API services are off, as they are on premises until someone turns them on.
    pub(super) services_off: bool,
}

impl Access {
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
