//! Writing orders, quotes and their lines: below which header a line stands, and what needs an open document.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::computed::documents::order_status;
use super::schema::{Access, View};
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::schema::Role;
use crate::sim::business_central::service::Service;
use crate::sim::store::Row;

const LINES: &str = "salesLines";

/// Takes the lines out of a document's body.
pub(super) fn take_lines(
    view: &View,
    body: &mut Map<String, Value>,
) -> Result<Vec<Map<String, Value>>, Fault> {
    if !matches!(view.set.name, "salesOrders" | "salesQuotes") {
        return Ok(Vec::new());
    }
    let wrong = || Fault::bad_request(format!("'{LINES}' is not a list of objects."));
    let lines = match body.shift_remove(LINES) {
        None => return Ok(Vec::new()),
        Some(Value::Array(lines)) => lines,
        Some(_) => return Err(wrong()),
    };
    let objects = lines.into_iter().map(|line| match line {
        Value::Object(line) => Ok(line),
        _ => Err(wrong()),
    });
    objects.collect()
}

/// Finds the header a sent line names, by id or by type and number, and returns the view and table of its lines; `None` if
/// the set is another one. The line then names its header by id, and leaves a sequence of zero to the server.
pub(super) fn place_line(
    service: &Service,
    index: usize,
    body: &mut Map<String, Value>,
) -> Result<Option<(usize, usize)>, Fault> {
    if service.companion.views[index].set.name != LINES {
        return Ok(None);
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let id: Uuid = text("documentId").parse().unwrap_or_default();
    let kinds = [("Order", "salesOrders", "salesOrderLines"), ("Quote", "salesQuotes", "salesQuoteLines")];
    let found = kinds.into_iter().find_map(|(kind, headers, lines)| {
        let headers = service.table(headers);
        let header = if id.is_nil() {
            let number = Value::from(text("documentNumber"));
            service.by_code(headers, &number).filter(|_| text("documentType") == kind)
        } else {
            service.store.rows(headers).get(&id)
        };
        header.map(|header| (header.id, service.table(lines)))
    });
    let Some((header, table)) = found else {
        let message =
            "A line needs the documentId, or documentType and documentNumber, of an order or quote.";
        return Err(Fault::dialog(message));
    };
    body.insert("documentId".to_owned(), Value::String(header.to_string()));
    if body.get("sequence").is_some_and(|sequence| sequence.as_i64() == Some(0)) {
        body.shift_remove("sequence");
    }
    let view = service.companion.views.iter().position(|view| view.table() == Some(table));
    Ok(view.map(|view| (view, table)))
}

/// Refuses what needs an open document: all of a line, and those properties of a header.
pub(super) fn check_open(
    service: &Service,
    index: usize,
    table: usize,
    row: &Row,
    sent: Option<&Map<String, Value>>,
) -> Result<(), Fault> {
    let view = &service.companion.views[index];
    let role = service.sets[table].role;
    let (headers, header) = match role {
        Role::Table => return Ok(()),
        Role::Document(_) => (table, Some(row)),
        Role::Line(_) => match service.header_of_line(service.sets[table].name, row) {
            Some((headers, header)) => (headers, Some(header)),
            None => (table, None),
        },
    };
    let Some(header) = header else { return Ok(()) };
    let status = match service.sets[headers].name {
        "salesOrders" => order_status(service, header),
        _ => service.column(headers, header, "documentStatus").clone(),
    };
    let needs_open = |name: &str| {
        let position = view.set.position(name);
        position.is_some_and(|position| view.properties[position].access == Access::WhileOpen)
    };
    let property = match role {
        Role::Line(_) => Some("Line"),
        _ => sent.and_then(|sent| sent.keys().map(String::as_str).find(|name| needs_open(name))),
    };
    match property {
        Some(property) if status != "Open" => {
            let kind = if service.sets[headers].name == "salesOrders" { "Order" } else { "Quote" };
            let message = format!(
                "Status must be equal to 'Open' in Sales Header: Document Type={kind}, No.={}. Current value is '{}'. ({property})",
                service.code_of_row(headers, header),
                status.as_str().unwrap_or_default()
            );
            Err(Fault::new(400, "Application_FieldValidationException", message))
        }
        _ => Ok(()),
    }
}

impl Service {
    /// Returns the position of the first view of lines.
    pub(super) fn line_view(&self) -> usize {
        let view = self.companion.views.iter().position(|view| view.set.name == LINES);
        view.expect("invariant: the set exists")
    }

    /// Returns whether a set, in whatever table, has a row of this id.
    pub(super) fn has_row(&self, view: &View, id: Uuid) -> bool {
        let views = self.companion.views.iter().filter(|other| other.set.name == view.set.name);
        views.filter_map(View::table).any(|table| self.store.rows(table).get(&id).is_some())
    }

    /// Returns an order as if it were open: what a released one takes is judged by the companion, not by API v2.0.
    pub(super) fn as_open(&self, table: usize, row: &Row) -> Row {
        let mut row = row.clone();
        if self.sets[table].name == "salesOrders" {
            self.put_column(table, &mut row, "status", Value::from("Draft"));
        }
        row
    }
}
