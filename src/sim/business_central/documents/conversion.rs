//! Quotes become orders or invoices: other documents with other ids, and the quote is gone.

use uuid::Uuid;

use super::super::companion::Cause;
use super::super::schema::Document;
use super::super::service::Service;
use super::super::values::decimal;
use super::super::write::remove;
use crate::sim::store::Row;

/// What a document of another kind does not take over.
const OWN: [&str; 6] = ["id", "number", "status", "documentId", "key", "lastModifiedDateTime"];

impl Service {
    /// Turns a quote into an order, and returns that. No quote number stands in it for API v2.0.
    pub(in super::super) fn make_order(&mut self, quote: Uuid) -> Uuid {
        self.convert(quote, Document::Order)
    }

    pub(super) fn make_invoice(&mut self, quote: Uuid) -> Uuid {
        self.convert(quote, Document::Invoice)
    }

    fn convert(&mut self, quote: Uuid, document: Document) -> Uuid {
        let quotes = self.set("salesQuotes").expect("invariant: the set exists");
        let row = self.store.rows(quotes).get(&quote).cloned().expect("invariant: the caller found it");
        let dated = self.sets[quotes].value(&row, "documentDate").clone();
        let lines: Vec<_> = self.lines_of(Document::Quote, quote).into_iter().cloned().collect();
        let made = self.open_document(Document::Quote, &row, document);
        let headers = self.set(document.headers()).expect("invariant: the set exists");
        let mut header = made;
        for name in ["orderDate", "invoiceDate"] {
            self.sets[headers].put(&mut header, name, dated.clone());
        }
        self.sets[headers].put(&mut header, "status", "Draft");
        let quote_number = self.sets[quotes].value(&row, "number").clone();
        self.put_column(headers, &mut header, "quoteNumber", quote_number);
        let id = header.id;
        let cause = Cause::converted(document.headers(), id, self.sets[headers].text(&header, "number"));
        self.put(headers, header);
        for line in lines {
            let mut made = self.carried_line(Document::Quote, &line, document, id);
            let set = &self.sets[self.set(document.lines()).expect("invariant: the set exists")];
            let quantity = set.number(&made, "quantity");
            for name in ["shipQuantity", "invoiceQuantity"] {
                set.put(&mut made, name, decimal(quantity));
            }
            self.put(self.set(document.lines()).expect("invariant: the set exists"), made);
        }
        self.recalculate(document, id, false);
        self.companion.cause = Some(cause);
        remove(self, quotes, quote);
        self.companion.cause = None;
        id
    }

    /// Makes a header of another kind from one, with a number of its own; it is not stored yet.
    pub(super) fn open_document(&mut self, from: Document, row: &Row, to: Document) -> Row {
        let series = match to {
            Document::Order => "SO",
            Document::Quote => "SQ",
            Document::Invoice => "SI",
            Document::Shipment => "SS",
        };
        let headers = self.set(to.headers()).expect("invariant: the set exists");
        let number = self.next_number(headers, series);
        let mut made = self.blank_row(headers, Uuid::new_v4(), &self.now());
        self.carry(self.set(from.headers()).expect("invariant: the set exists"), row, headers, &mut made);
        self.sets[headers].put(&mut made, "number", number);
        made
    }

    /// Makes a line of another kind from one; it is not stored yet.
    pub(super) fn carried_line(&self, from: Document, line: &Row, to: Document, header: Uuid) -> Row {
        let lines = self.set(to.lines()).expect("invariant: the set exists");
        let mut made = self.blank_row(lines, Uuid::new_v4(), &self.now());
        self.carry(self.set(from.lines()).expect("invariant: the set exists"), line, lines, &mut made);
        self.sets[lines].put(&mut made, "documentId", header.to_string());
        made
    }

    /// Copies what both sets name alike, as it is shown.
    fn carry(&self, from: usize, row: &Row, to: usize, made: &mut Row) {
        let (from, to) = (&self.sets[from], &self.sets[to]);
        for (position, column) in
            to.columns.iter().enumerate().filter(|(_, column)| !OWN.contains(&column.name))
        {
            if let Some(source) = from.position(column.name).filter(|_| column.kind.is_stored()) {
                made.values[position] = self.property(from, row, source).into_owned();
            }
        }
    }
}
