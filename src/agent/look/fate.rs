//! What became of a row whose absence is proved: its system is asked before that is taken for a deletion.

use std::collections::BTreeMap;

use tracing::debug;

use crate::agent::engine::Engine;
use crate::agent::error::EngineError;
use crate::agent::prepare::Prepared;
use crate::mapping::{self, FieldKind, Mapping};
use crate::model::{ColumnName, Coupling, FieldId, RowId, Side, Value};
use crate::systems::{Fate, LastKnown, SystemError};

/// Asks what became of a row. Nothing that fails is ever a deletion.
pub async fn ask(engine: &Engine, prepared: &Prepared, side: Side, row: &RowId) -> Result<Fate, EngineError> {
    let coupling = engine.store().snapshot()?.coupling_of(prepared.name(), side, row)?;
    // Without a coupling nothing follows from it.
    let Some(coupling) = coupling else { return Ok(Fate::Deleted) };
    let last = last_known(&prepared.mapping, side, &coupling);
    let answer = prepared.systems[side].fate(&prepared.mapping.tables[side], &last).await;
    Ok(answer.or_else(unanswered)?)
}

/// Takes what was last known of a row from what both sides last agreed on, and from what people call it.
fn last_known(mapping: &Mapping, side: Side, coupling: &Coupling) -> LastKnown {
    let mut values: BTreeMap<ColumnName, Value> = BTreeMap::new();
    for field in &mapping.fields {
        let value = match (&field.kind, coupling.base.get(&field.id)) {
            // A reference names a row of the left side, whichever side is asked.
            (FieldKind::Lookup(_), _) => None,
            (_, Some(value)) => Some(value.clone()),
            // A field that only matches has no base, but it may be what people call the row by.
            (FieldKind::Text | FieldKind::Code, None) => label(mapping, coupling, &field.id),
            (_, None) => None,
        };
        values.extend(value.into_iter().flat_map(|value| mapping::plain_values(field, side, value)));
    }
    LastKnown { row: coupling.rows[side].clone(), values }
}

fn label(mapping: &Mapping, coupling: &Coupling, field: &FieldId) -> Option<Value> {
    // A row without a name is called by its id.
    let is_name = !Side::BOTH.iter().any(|side| coupling.label == coupling.rows[*side].as_str());
    (mapping.label == *field && is_name).then(|| Value::text(coupling.label.as_str()))
}

/// A failure that is not of the whole connection leaves this row alone, and holds up no other.
fn unanswered(error: SystemError) -> Result<Fate, SystemError> {
    debug!(%error, "What became of a row was not answered");
    match error {
        SystemError::Forbidden { .. }
        | SystemError::NotFound { .. }
        | SystemError::UnexpectedAnswer { .. } => Ok(Fate::CannotTell(error.to_string())),
        // The system's own text may hold what is in rows.
        SystemError::BadRequest { what, status, code, .. } => {
            Ok(Fate::CannotTell(format!("the request for {what} was refused: {code} (HTTP {status})")))
        }
        error => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;
    use crate::model::{CouplingId, CouplingState, Pair, Record};

    const MAPPING: &str = r#"
        name = "ORDER"
        label = "number"
        match_by = [["number"]]
        conflict = "ask"
        first_contact = "ask"
        deletion = "delete"
        left = { table = "salesOrders", create = false }
        right = { table = "salesorders", create = true }
        [[field]]
        id = "number"
        left = "number"
        right = "ordernumber"
        direction = "match"
        type = "code"
        [[field]]
        id = "external"
        left = "externalDocumentNumber"
        right = "name"
        direction = "->"
        [[field]]
        id = "customer"
        left = "customerId"
        right = "customerid"
        direction = "->"
        type = "lookup"
        lookup = "CUSTOMER"
    "#;

    fn check(label: &str, base: &[(&str, Value)], side: Side, expected: &[(&str, &str)]) {
        let connections = Pair::new("business-central".into(), "dataverse".into());
        let mapping = parse("ORDER.toml", MAPPING, &connections).unwrap();
        let coupling = Coupling {
            id: CouplingId(1),
            mapping: "ORDER".into(),
            rows: Pair::new(RowId::new("l"), RowId::new("r")),
            base: base.iter().map(|(field, value)| ((*field).into(), value.clone())).collect::<Record>(),
            versions: Pair::default(),
            state: CouplingState::IN_SCOPE,
            label: label.to_owned(),
        };
        let last = last_known(&mapping, side, &coupling);
        let expected = expected.iter().map(|(column, text)| ((*column).into(), Value::text(*text)));
        assert_eq!(last, LastKnown { row: coupling.rows[side].clone(), values: expected.collect() });
    }

    #[test]
    fn what_was_last_known_is_the_base_in_the_columns_of_the_side() {
        let base = [
            ("number", Value::text("S-1")),
            ("external", Value::text("T-1")),
            ("customer", Value::Reference(RowId::new("c"))),
        ];
        check("Name", &base, Side::Left, &[("number", "S-1"), ("externalDocumentNumber", "T-1")]);
        check("Name", &base, Side::Right, &[("ordernumber", "S-1"), ("name", "T-1")]);
    }

    #[test]
    fn what_people_call_a_row_stands_in_where_there_is_no_base() {
        check("S-1", &[], Side::Left, &[("number", "S-1")]);
        for id in ["l", "r"] {
            check(id, &[], Side::Left, &[]);
        }
    }

    #[test]
    fn a_question_that_fails_is_never_a_deletion() {
        let connection = || "x".into();
        let forbidden = SystemError::Forbidden { connection: connection(), what: "salesInvoices".to_owned() };
        let refused = SystemError::BadRequest {
            connection: connection(),
            what: "a search".to_owned(),
            status: 400,
            code: "Bad".to_owned(),
            message: "secret".to_owned(),
        };
        let cannot_tell = |text: &str| Ok(Fate::CannotTell(text.to_owned()));
        assert_eq!(unanswered(forbidden), cannot_tell("x does not permit salesInvoices"));
        assert_eq!(unanswered(refused), cannot_tell("the request for a search was refused: Bad (HTTP 400)"));
        let busy = SystemError::Unavailable { connection: connection(), status: 503, retry_after: None };
        assert_eq!(unanswered(busy.clone()), Err(busy));
    }
}
