//! Who a request acts as: a person, the application, or whom one of them acts for.

use uuid::Uuid;

use super::error::Fault;
use super::service::Service;
use super::switches::Switch;
use crate::sim::http::Request;

/// A caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The user the request acts as.
    pub(super) user: Uuid,
    /// Who really called, where that is somebody else.
    pub(super) behind: Option<Uuid>,
}

impl Service {
    /// Returns who a request acts as, or why it may not.
    pub(super) fn caller(&self, request: &Request) -> Result<Caller, Fault> {
        let as_person = request.person || request.delegated;
        let real = if as_person { self.seed.person } else { self.seed.application_user };
        self.check_membership(request, real)?;
        let Some(user) = self.impersonated(request)? else {
            return Ok(Caller { user: real, behind: None });
        };
        if !request.person && self.switched(&Switch::NoDelegation) {
            let message = format!(
                "Principal user (Id={real}, type=8) is missing prvActOnBehalfOfAnotherUser privilege."
            );
            return Err(Fault::new(403, "0x8004A110", message));
        }
        Ok(Caller { user, behind: (user != real).then_some(real) })
    }

    fn check_membership(&self, request: &Request, user: Uuid) -> Result<(), Fault> {
        if request.person || request.delegated {
            return Ok(());
        }
        if self.switched(&Switch::UnknownUser) {
            return Err(Fault::new(403, "0x80072560", "The user is not a member of the organization."));
        }
        if self.switched(&Switch::NoRole) {
            let message = format!("User with SystemUserId={user} has not been assigned any roles.");
            return Err(Fault::new(403, "0x80042f09", message));
        }
        Ok(())
    }

    fn impersonated(&self, request: &Request) -> Result<Option<Uuid>, Fault> {
        let named = [("callerobjectid", "azureactivedirectoryobjectid"), ("mscrmcallerid", "systemuserid")];
        let Some((id, column)) =
            named.iter().find_map(|(header, column)| Some((request.header(header)?, column)))
        else {
            return Ok(None);
        };
        let users = self.table("systemusers").expect("invariant: there are users");
        let position = self.tables[users].position(column).expect("invariant: users have these columns");
        let id: Option<Uuid> = id.trim().parse().ok();
        let id = id.map(|id| id.to_string());
        let mut found = self.store.rows(users).iter();
        let user = found.find(|row| id.is_some() && row.values[position].as_str() == id.as_deref());
        let unknown = || Fault::new(403, "0x80072560", "The user is not a member of the organization.");
        user.map(|row| Some(row.id)).ok_or_else(unknown)
    }
}
