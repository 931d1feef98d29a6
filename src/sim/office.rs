//! People at their desks in Business Central, doing what no API can do to a document.

use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::business_central;
use super::faults::lock;

/// A handle on what people do in the web client. Clones share everything.
#[derive(Clone, Debug)]
pub struct Office {
    pub(crate) service: Arc<Mutex<business_central::Service>>,
}

/// There is no such document.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{set} has no document {number}")]
pub struct UnknownDocument {
    set: &'static str,
    number: String,
}

impl Office {
    /// Releases an order: from then on it refuses most changes.
    pub fn release(&self, order: &str) -> Result<(), UnknownDocument> {
        self.set_status("salesOrders", order, "Open")
    }

    /// Opens a released order again.
    pub fn reopen(&self, order: &str) -> Result<(), UnknownDocument> {
        self.set_status("salesOrders", order, "Draft")
    }

    /// Notes that the customer accepted a quote.
    pub fn accept(&self, quote: &str) -> Result<(), UnknownDocument> {
        self.set_status("salesQuotes", quote, "Accepted")
    }

    /// Applies a payment to a posted invoice, so that nothing remains to be paid.
    pub fn pay(&self, invoice: &str) -> Result<(), UnknownDocument> {
        self.set_status("salesInvoices", invoice, "Paid")
    }

    /// Edits a row of the companion as the pages of the web client let people: also what its API only shows, and codes.
    ///
    /// Returns whether there is such a row with such properties.
    pub fn edit(&self, set: &str, id: Uuid, change: &Map<String, Value>) -> bool {
        lock(&self.service).edit_by_hand(set, id, change).is_some()
    }

    /// Edits a row, or makes one of that number, in a transaction that stays open: reads show it already.
    ///
    /// Returns whether there is such a set with such properties.
    pub fn edit_uncommitted(&self, set: &str, number: &str, change: &Map<String, Value>) -> bool {
        lock(&self.service).edit_uncommitted(set, number, change).is_some()
    }

    /// Edits a row straight in the database: neither its stamp nor its version moves, so that no feed tells of it.
    ///
    /// Returns whether there is such a row with such properties.
    pub fn edit_unnoticed(&self, set: &str, number: &str, change: &Map<String, Value>) -> bool {
        lock(&self.service).edit_unnoticed(set, number, change).is_some()
    }

    /// Rolls back what is not committed: it never was.
    pub fn roll_back(&self) {
        lock(&self.service).roll_back();
    }

    /// Commits what is not committed; rows surface with the stamp of their edit, older than others seen meanwhile.
    pub fn commit(&self) {
        lock(&self.service).commit();
    }

    fn set_status(&self, set: &'static str, number: &str, status: &str) -> Result<(), UnknownDocument> {
        let done = lock(&self.service).set_status(set, number, status);
        done.ok_or_else(|| UnknownDocument { set, number: number.to_owned() })
    }
}
