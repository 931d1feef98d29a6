//! Posting: an order is shipped and invoiced and goes, a draft invoice keeps its id, a posted one can be cancelled.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::super::companion::Cause;
use super::super::error::Fault;
use super::super::schema::{Document, Set};
use super::super::service::Service;
use super::super::stock::Movement;
use super::super::values::decimal;
use super::super::write::remove;
use super::line::priced;
use super::totals::part;
use crate::sim::store::Row;

impl Service {
    /// Ships and invoices what the lines say is to be shipped and invoiced.
    pub(super) fn ship_and_invoice(&mut self, order: Uuid) -> Result<(), Fault> {
        let orders = self.set("salesOrders").expect("invariant: the set exists");
        let header = self.store.rows(orders).get(&order).cloned().expect("invariant: the caller found it");
        let lines: Vec<_> = self.lines_of(Document::Order, order).into_iter().cloned().collect();
        let line_set = self.set("salesOrderLines").expect("invariant: the set exists");
        let quantity = |set: &Set, line: &Row, name: &str| set.number(line, name);
        let any = |name: &str| lines.iter().any(|line| !quantity(&self.sets[line_set], line, name).is_zero());
        let (ships, invoices) = (any("shipQuantity"), any("invoiceQuantity"));
        if !ships && !invoices {
            return Err(Fault::dialog("There is nothing to post."));
        }
        if ships {
            self.post_shipment(&header, &lines);
        }
        if invoices {
            self.companion.cause = Some(self.post_order_invoice(&header, &lines));
        }
        let mut complete = true;
        for mut line in lines {
            let set = &self.sets[line_set];
            for (open, done) in [("shipQuantity", "shippedQuantity"), ("invoiceQuantity", "invoicedQuantity")]
            {
                let sum = set.number(&line, done) + set.number(&line, open);
                let left = set.number(&line, "quantity") - sum;
                set.put(&mut line, done, decimal(sum));
                set.put(&mut line, open, decimal(left));
                complete &= left.is_zero();
            }
            self.put(line_set, line);
        }
        if complete {
            remove(self, orders, order);
        } else {
            self.touch(orders, header);
        }
        self.companion.cause = None;
        Ok(())
    }

    fn post_shipment(&mut self, order: &Row, lines: &[Row]) {
        let orders = self.set("salesOrders").expect("invariant: the set exists");
        let mut shipment = self.open_document(Document::Order, order, Document::Shipment);
        let headers = self.set("salesShipments").expect("invariant: the set exists");
        let number = self.sets[headers].text(&shipment, "number").to_owned();
        let source = &self.sets[orders];
        let terms = self.code_of(source, order, "paymentTermsId", false);
        let method = self.code_of(source, order, "shipmentMethodId", false);
        let set = &self.sets[headers];
        set.put(&mut shipment, "paymentTermsCode", terms);
        set.put(&mut shipment, "shipmentMethodCode", method);
        set.put(&mut shipment, "orderNumber", source.text(order, "number"));
        set.put(&mut shipment, "invoiceDate", source.text(order, "orderDate"));
        let id = shipment.id;
        let customer = self.code_of(source, order, "customerId", false);
        self.put(headers, shipment);
        let line_set = self.set("salesOrderLines").expect("invariant: the set exists");
        for line in lines {
            let shipped = self.sets[line_set].number(line, "shipQuantity");
            let mut made = self.carried_line(Document::Order, line, Document::Shipment, id);
            let to = self.set("salesShipmentLines").expect("invariant: the set exists");
            self.sets[to].put(&mut made, "quantity", decimal(shipped));
            self.sets[to].put(&mut made, "documentNo", number.as_str());
            self.put(to, made);
            self.move_stock(line_set, line, -shipped, &number, &customer);
        }
    }

    /// Returns why the order goes if nothing of it is left.
    fn post_order_invoice(&mut self, order: &Row, lines: &[Row]) -> Cause {
        let orders = self.set("salesOrders").expect("invariant: the set exists");
        let mut invoice = self.open_document(Document::Order, order, Document::Invoice);
        let headers = self.set("salesInvoices").expect("invariant: the set exists");
        let number = self.next_number(headers, "PSI");
        let source = &self.sets[orders];
        let set = &self.sets[headers];
        let dated = source.text(order, "orderDate").to_owned();
        set.put(&mut invoice, "number", number.as_str());
        set.put(&mut invoice, "orderId", order.id.to_string());
        set.put(&mut invoice, "orderNumber", source.text(order, "number"));
        let due = self.due_date(&dated, source.id(order, "paymentTermsId"));
        set.put(&mut invoice, "dueDate", due);
        set.put(&mut invoice, "invoiceDate", dated);
        let line_set = self.set("salesOrderLines").expect("invariant: the set exists");
        let mut discount = Decimal::ZERO;
        let mut made_lines = Vec::new();
        for line in lines {
            let from = &self.sets[line_set];
            let (whole, invoiced) = (from.number(line, "quantity"), from.number(line, "invoiceQuantity"));
            let share = invoiced.checked_div(whole).unwrap_or_default();
            discount += (from.number(line, "invoiceDiscountAllocation") * share).round_dp(2);
            let mut made = self.carried_line(Document::Order, line, Document::Invoice, invoice.id);
            let to = &self.sets[self.set("salesInvoiceLines").expect("invariant: the set exists")];
            to.put(&mut made, "quantity", decimal(invoiced));
            let gross = priced(to, &made, source, order).gross();
            let percent = to.number(&made, "discountPercent");
            if invoiced != whole {
                to.put(&mut made, "discountAmount", decimal(part(gross, percent)));
            }
            made_lines.push(made);
        }
        set.put(&mut invoice, "discountAmount", decimal(discount));
        for name in ["quoteNumber", "opportunityNumber", "shippingAgentCode", "workDescription"] {
            self.put_column(headers, &mut invoice, name, self.column(orders, order, name).clone());
        }
        let id = invoice.id;
        self.put(headers, invoice);
        let to = self.set("salesInvoiceLines").expect("invariant: the set exists");
        for line in made_lines {
            self.put(to, line);
        }
        self.recalculate(Document::Invoice, id, false);
        self.open_invoice(headers, id);
        Cause::posted(id, &number)
    }

    /// Posts a draft: it keeps its id and takes another number, and its items leave the stock.
    pub(super) fn post_invoice(&mut self, invoice: Uuid) -> Result<(), Fault> {
        let headers = self.set("salesInvoices").expect("invariant: the set exists");
        let mut row =
            self.store.rows(headers).get(&invoice).cloned().expect("invariant: the caller found it");
        if self.sets[headers].text(&row, "status") != "Draft" {
            return Err(Fault::dialog("The action can be applied to a draft invoice only."));
        }
        let lines: Vec<_> = self.lines_of(Document::Invoice, invoice).into_iter().cloned().collect();
        let line_set = self.set("salesInvoiceLines").expect("invariant: the set exists");
        if lines.iter().all(|line| self.sets[line_set].number(line, "quantity").is_zero()) {
            return Err(Fault::dialog("There is nothing to post."));
        }
        let number = self.next_number(headers, "PSI");
        self.sets[headers].put(&mut row, "number", number.as_str());
        let customer = self.code_of(&self.sets[headers], &row, "customerId", false);
        self.put(headers, row);
        for line in &lines {
            let quantity = self.sets[line_set].number(line, "quantity");
            self.move_stock(line_set, line, -quantity, &number, &customer);
        }
        self.open_invoice(headers, invoice);
        Ok(())
    }

    /// Takes a posted invoice back: nothing is owed, and its items return to the stock.
    pub(super) fn cancel_invoice(&mut self, invoice: Uuid) -> Result<(), Fault> {
        let headers = self.set("salesInvoices").expect("invariant: the set exists");
        let mut row =
            self.store.rows(headers).get(&invoice).cloned().expect("invariant: the caller found it");
        let set = &self.sets[headers];
        if set.text(&row, "status") != "Open" {
            return Err(Fault::dialog("The action can be applied to an open posted invoice only."));
        }
        let number = set.text(&row, "number").to_owned();
        let customer = self.code_of(set, &row, "customerId", false);
        set.put(&mut row, "status", "Canceled");
        set.put(&mut row, "remainingAmount", 0);
        self.touch(headers, row);
        let line_set = self.set("salesInvoiceLines").expect("invariant: the set exists");
        let lines: Vec<_> = self.lines_of(Document::Invoice, invoice).into_iter().cloned().collect();
        for line in &lines {
            let quantity = self.sets[line_set].number(line, "quantity");
            self.move_stock(line_set, line, quantity, &number, &customer);
        }
        Ok(())
    }

    /// From here on the customer owes it.
    fn open_invoice(&mut self, headers: usize, id: Uuid) {
        let mut row = self.store.rows(headers).get(&id).cloned().expect("invariant: it was just stored");
        let set = &self.sets[headers];
        let owed = set.value(&row, "totalAmountIncludingTax").clone();
        set.put(&mut row, "remainingAmount", owed);
        set.put(&mut row, "status", "Open");
        self.touch(headers, row);
    }

    fn move_stock(&mut self, line_set: usize, line: &Row, quantity: Decimal, number: &str, customer: &str) {
        let set = &self.sets[line_set];
        let item = set.id(line, "itemId");
        if quantity.is_zero() || item.is_nil() {
            return;
        }
        let description = set.text(line, "description").to_owned();
        let items = self.set("items").expect("invariant: the set exists");
        let is_stocked = self
            .store
            .rows(items)
            .get(&item)
            .is_some_and(|row| self.sets[items].text(row, "type") == "Inventory");
        if is_stocked {
            self.move_item(
                item,
                quantity,
                &Movement { kind: "Sale", document: number, source: customer, description: &description },
            );
        }
    }

    /// Returns what a customer owes in all.
    pub(in super::super) fn balance_due(&self, customer: Uuid) -> Decimal {
        let headers = self.set("salesInvoices").expect("invariant: the set exists");
        let set = &self.sets[headers];
        let owing = self.store.rows(headers).iter().filter(|row| set.id(row, "billToCustomerId") == customer);
        owing.map(|row| set.number(row, "remainingAmount")).sum()
    }
}
