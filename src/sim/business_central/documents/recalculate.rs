//! The totals of a header, and when a change of a line moves it.

use uuid::Uuid;

use super::super::error::Fault;
use super::super::schema::{Document, Role, Set};
use super::super::service::Service;
use super::super::values::decimal;
use super::header::released;
use super::line::priced;
use super::totals::{Amount, spread, taxed};
use crate::sim::store::Row;

/// What happened to a row.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Written<'a> {
    Inserted(&'a Row),
    /// The row before and after.
    Updated(&'a Row, &'a Row),
    Deleted(&'a Row),
}

impl Service {
    /// Returns a document's lines in their order.
    pub(in super::super) fn lines_of(&self, document: Document, header: Uuid) -> Vec<&Row> {
        let index = self.set(document.lines()).expect("invariant: the set exists");
        let prefix = format!("{header}|").to_uppercase();
        let key = self.sets[index].key_position();
        let rows = self.store.rows(index).after_key(Some(&prefix));
        rows.take_while(|row| {
            row.values[key].as_str().unwrap_or_default().to_uppercase().starts_with(&prefix)
        })
        .collect()
    }

    /// Brings a document's totals in step with a row of it that was written.
    pub(in super::super) fn follow_up(&mut self, index: usize, written: Written<'_>) -> Result<(), Fault> {
        let set = &self.sets[index];
        match (set.role, written) {
            (Role::Table, _) | (Role::Document(_), Written::Inserted(_) | Written::Deleted(_)) => Ok(()),
            (Role::Document(document), Written::Updated(old, row)) => {
                let reprices = ["discountAmount", "pricesIncludeTax"];
                let differs = |name: &&str| {
                    set.position(name).is_some_and(|position| old.values[position] != row.values[position])
                };
                if reprices.iter().any(differs) {
                    self.check_discount(document, row)?;
                    self.recalculate(document, row.id, false);
                }
                Ok(())
            }
            (Role::Line(document), written) => {
                let (row, rewritten) = match written {
                    Written::Inserted(row) => (row, true),
                    // Only amounts reach the header: a description moves nothing.
                    Written::Updated(_, row) => (row, false),
                    Written::Deleted(row) => {
                        (row, self.lines_of(document, set.id(row, "documentId")).is_empty())
                    }
                };
                let header = set.id(row, "documentId");
                self.recalculate(document, header, rewritten);
                Ok(())
            }
        }
    }

    /// Refuses to delete what is posted, or what was delivered in part.
    pub(in super::super) fn check_deletion(&self, index: usize, row: &Row) -> Result<(), Fault> {
        let set = &self.sets[index];
        let (document, id) = match set.role {
            Role::Table => return Ok(()),
            Role::Document(document) => (document, row.id),
            Role::Line(document) => (document, set.id(row, "documentId")),
        };
        let Some((headers, header)) = self.header_of(document, id) else { return Ok(()) };
        let status = headers.text(header, "status");
        if document == Document::Invoice && status != "Draft" {
            return Err(Fault::dialog("A posted invoice cannot be deleted."));
        }
        if document == Document::Order && matches!(set.role, Role::Line(_)) && status == "Open" {
            return Err(released(headers, header, "Line"));
        }
        let lines = &self.sets[self.set(document.lines()).expect("invariant: the set exists")];
        let open = |line: &Row| {
            document == Document::Order
                && lines.number(line, "shippedQuantity") != lines.number(line, "invoicedQuantity")
        };
        let concerned = |line: &&Row| matches!(set.role, Role::Document(_)) || line.id == row.id;
        if self.lines_of(document, id).into_iter().filter(concerned).any(open) {
            return Err(Fault::dialog("You cannot delete what has been shipped but not invoiced."));
        }
        Ok(())
    }

    fn check_discount(&self, document: Document, header: &Row) -> Result<(), Fault> {
        let index = self.set(document.headers()).expect("invariant: the set exists");
        let lines = &self.sets[self.set(document.lines()).expect("invariant: the set exists")];
        let rows = self.lines_of(document, header.id);
        let sum = rows.iter().map(|row| lines.number(row, "amountExcludingTax")).sum();
        if self.sets[index].number(header, "discountAmount") > sum {
            return Err(Fault::dialog(
                "The invoice discount cannot be greater than the amount of the lines.",
            ));
        }
        Ok(())
    }

    /// Spreads the document's discount over its lines and sums them up; `rewritten` moves the header's stamp in any case.
    pub(super) fn recalculate(&mut self, document: Document, header: Uuid, rewritten: bool) {
        let headers = self.set(document.headers()).expect("invariant: the set exists");
        let lines = self.set(document.lines()).expect("invariant: the set exists");
        let Some(old) = self.store.rows(headers).get(&header).cloned() else { return };
        let before: Vec<_> = self.lines_of(document, header).into_iter().cloned().collect();
        let mut after = before.clone();
        let (set, line_set) = (&self.sets[headers], &self.sets[lines]);
        let mut row = old.clone();
        let total = sum_up(set, &mut row, line_set, &mut after);
        set.put(&mut row, "totalAmountExcludingTax", decimal(total.excluding_tax));
        set.put(&mut row, "totalTaxAmount", decimal(total.tax));
        set.put(&mut row, "totalAmountIncludingTax", decimal(total.including_tax()));
        if set.text(&row, "status") == "Draft" {
            set.put(&mut row, "remainingAmount", 0);
        }
        for (line, before) in after.into_iter().zip(before) {
            if line != before {
                self.put(lines, line);
            }
        }
        if row != old || rewritten {
            self.touch(headers, row);
            // The totals of what is not posted are calculated from its lines.
            if matches!(document, Document::Order | Document::Quote) {
                self.keep_version(headers, &old);
            }
        }
    }
}

/// Puts net amounts into the lines and returns the document's total.
fn sum_up(set: &Set, header: &mut Row, line_set: &Set, lines: &mut [Row]) -> Amount {
    let mut amounts = Vec::new();
    for line in lines.iter_mut() {
        let amount = priced(line_set, line, set, header).amount();
        line_set.put(line, "amountExcludingTax", decimal(amount.excluding_tax));
        line_set.put(line, "totalTaxAmount", decimal(amount.tax));
        line_set.put(line, "amountIncludingTax", decimal(amount.including_tax()));
        amounts.push(amount.excluding_tax);
    }
    let sum = amounts.iter().sum();
    let discount = set.number(header, "discountAmount").min(sum);
    set.put(header, "discountAmount", decimal(discount));
    let mut total = Amount::default();
    for ((line, share), amount) in lines.iter_mut().zip(spread(discount, &amounts)).zip(&amounts) {
        let net = if share.is_zero() {
            Amount { excluding_tax: *amount, tax: line_set.number(line, "totalTaxAmount") }
        } else {
            taxed(amount - share, line_set.number(line, "taxPercent"))
        };
        line_set.put(line, "invoiceDiscountAllocation", decimal(share));
        line_set.put(line, "netAmount", decimal(net.excluding_tax));
        line_set.put(line, "netTaxAmount", decimal(net.tax));
        line_set.put(line, "netAmountIncludingTax", decimal(net.including_tax()));
        total.excluding_tax += net.excluding_tax;
        total.tax += net.tax;
    }
    total
}
