//! Bound actions: `POST salesOrders(id)/Microsoft.NAV.shipAndInvoice`. Names match without regard to case.

use uuid::Uuid;

use super::super::error::Fault;
use super::super::read::existing;
use super::super::schema::{Document, Role};
use super::super::service::{Operation, Service};
use super::super::write::check_sent_tag;
use crate::sim::http::Reply;
use crate::sim::odata::path::Key;

const NAMESPACE: &str = "microsoft.nav.";

/// Returns the lower-case name of the action a segment calls.
pub(in super::super) fn action(segment: &str) -> Option<String> {
    segment.to_ascii_lowercase().strip_prefix(NAMESPACE).map(str::to_owned)
}

/// Answers an action on a row.
pub(in super::super) fn call(
    service: &mut Service,
    operation: &Operation<'_>,
    index: usize,
    key: &Key,
    action: &str,
) -> Result<Reply, Fault> {
    let row = existing(service, index, key)?;
    check_sent_tag(operation, row)?;
    let id = row.id;
    let Role::Document(document) = service.sets[index].role else {
        return Err(unknown(action));
    };
    match (document, action) {
        (Document::Order, "shipandinvoice") => service.ship_and_invoice(id)?,
        (Document::Quote, "makeorder") => {
            service.make_order(id);
        }
        (Document::Quote, "makeinvoice") => {
            service.make_invoice(id);
        }
        (Document::Quote, "send") => service.send_quote(index, id),
        (Document::Invoice, "post" | "postandsend") => service.post_invoice(id)?,
        (Document::Invoice, "cancel" | "cancelandsend") => service.cancel_invoice(id)?,
        (Document::Invoice, "send") => {}
        _ => return Err(unknown(action)),
    }
    Ok(Reply::empty(204))
}

fn unknown(action: &str) -> Fault {
    let message = format!("The bound action '{action}' is not supported.");
    Fault::new(501, "BadRequest_MethodNotImplemented", message)
}

impl Service {
    fn send_quote(&mut self, index: usize, id: Uuid) {
        let mut row = self.store.rows(index).get(&id).cloned().expect("invariant: the caller found it");
        let set = &self.sets[index];
        set.put(&mut row, "status", "Sent");
        set.put(&mut row, "sentDate", self.now());
        self.touch(index, row);
    }

    /// Gives a document another status, as people do in the web client; `None` if there is no such document.
    pub(crate) fn set_status(&mut self, set: &str, number: &str, status: &str) -> Option<()> {
        let index = self.set(set)?;
        let key = self.sets[index].key_position();
        let mut row = self.store.rows(index).by_key(key, &number.into())?.clone();
        let set = &self.sets[index];
        set.put(&mut row, "status", status);
        match status {
            "Paid" => set.put(&mut row, "remainingAmount", 0),
            "Accepted" => set.put(&mut row, "acceptedDate", self.clock.today()),
            _ => {}
        }
        let since = self.store.version();
        self.touch(index, row);
        self.sign_changes(since, self.seed.person);
        Some(())
    }
}
