//! Writes: how each travels, and what each answer means.
//!
//! Every write is a conditional operation of its own, creates included: `CreateMultiple` would roll all back for one bad
//! row, says of none whether it was there before, and returns no versions.

use serde_json::Value as Json;

use super::references::References;
use super::schema::{Schema, Target, Wire};
use crate::http::Method;
use crate::model::{ColumnKind, ColumnName, ConnectionName, RowId, Value};
use crate::systems::odata::{
    BatchPart, Object, PartAnswer, Query, RowShape, ServiceError, encode, guid_in, keyed, landed, of_write,
    refused_here,
};
use crate::systems::{SystemError, Verb, Write, WriteOutcome};

/// Puts a write on the wire, or says why it cannot be.
pub fn prepare(
    schema: &Schema,
    shape: &RowShape,
    references: &References,
    write: &Write,
) -> Result<BatchPart, WriteOutcome> {
    let set = write.table.as_str();
    let returned = |resource: String| Query::of(resource).select(shape.properties()).path();
    let (method, path, condition, values) = match &write.verb {
        Verb::Create { id: Some(id), values } => {
            (Method::Patch, returned(keyed(set, id)), Some(("If-None-Match", "*".to_owned())), values)
        }
        Verb::Create { id: None, values } => (Method::Post, returned(set.to_owned()), None, values),
        Verb::Update { id, version, values } => {
            (Method::Patch, returned(keyed(set, id)), Some(("If-Match", version.as_str().to_owned())), values)
        }
        Verb::Delete { id, version } => {
            let headers = vec![("If-Match", version.as_str().to_owned())];
            return Ok(BatchPart { method: Method::Delete, path: keyed(set, id), headers, body: None });
        }
    };
    let is_create = matches!(write.verb, Verb::Create { .. });
    let body = body(schema, references, values, is_create).map_err(refused_here)?;
    let mut headers =
        vec![("Accept", "application/json".to_owned()), ("Prefer", "return=representation".to_owned())];
    headers.extend(condition);
    Ok(BatchPart { method, path, headers, body: Some(body) })
}

fn body(
    schema: &Schema,
    references: &References,
    values: &[(ColumnName, Value)],
    is_create: bool,
) -> Result<Object, String> {
    let mut body = Object::new();
    for (column, value) in values {
        let wire = schema
            .wire(column)
            .ok_or_else(|| format!("{} has no column {column}", schema.description.table))?;
        if wire.targets.is_empty() {
            let value = option_number(wire, value).unwrap_or_else(|| value.clone());
            let json = encode(wire.kind, &value).map_err(|mismatch| format!("{column}: {mismatch}"))?;
            body.insert(wire.property.clone(), json.unwrap_or(Json::Null));
        } else {
            lookup(&mut body, references, column, wire, value, is_create)?;
        }
    }
    Ok(body)
}

/// Returns the number of an option that is referred to as a row.
fn option_number(wire: &Wire, value: &Value) -> Option<Value> {
    match value {
        Value::Reference(id) if wire.kind == ColumnKind::Choice => {
            id.as_str().parse().ok().map(Value::Number)
        }
        _ => None,
    }
}

/// Writes a lookup through its navigation property; `_x_value` is read-only.
fn lookup(
    body: &mut Object,
    references: &References,
    column: &ColumnName,
    wire: &Wire,
    value: &Value,
    is_create: bool,
) -> Result<(), String> {
    match value {
        Value::Reference(id) => {
            let target =
                references.choose(&wire.targets, id).ok_or_else(|| no_target(column, &wire.targets, id))?;
            let address = format!("/{}", keyed(target.set.as_str(), id));
            body.insert(format!("{}@odata.bind", target.navigation), Json::from(address));
        }
        // A new row's lookups are empty anyway.
        Value::Blank if is_create => {}
        Value::Blank => {
            for target in &wire.targets {
                body.insert(target.navigation.clone(), Json::Null);
            }
        }
        other => {
            encode(wire.kind, other).map_err(|mismatch| format!("{column}: {mismatch}"))?;
        }
    }
    Ok(())
}

fn no_target(column: &ColumnName, targets: &[Target], id: &RowId) -> String {
    let sets: Vec<&str> = targets.iter().map(|target| target.set.as_str()).collect();
    format!("{column}: there is no row {id} in {}", sets.join(", "))
}

const ROW_NOT_FOUND: &str = "0x80040217";
const DUPLICATE_RECORD: &str = "0x80040237";
const DUPLICATE_KEYS: [&str; 3] = ["0x80060892", "0x80073002", "0x80040333"];
const VERSION_MISMATCH: &str = "0x80060882";

/// Says what an answer means for its write.
pub fn judge(
    connection: &ConnectionName,
    shape: &RowShape,
    write: &Write,
    answer: &PartAnswer,
) -> WriteOutcome {
    let (id, is_create) = match &write.verb {
        Verb::Create { id, .. } => (id.as_ref(), true),
        Verb::Update { id, .. } => (Some(id), false),
        Verb::Delete { id, .. } => (Some(id), false),
    };
    if let Some(outcome) = landed(answer, shape, write, id) {
        return outcome;
    }
    let status = answer.status;
    let retry_after = answer.retry_after();
    let connection = connection.clone();
    if let Some(outcome) = of_write(&connection, &format!("writing {}", write.table), answer) {
        return outcome;
    }
    let error = ServiceError::parse(status, &answer.body);
    let code = error.code.as_str();
    if DUPLICATE_KEYS.contains(&code) {
        return WriteOutcome::DuplicateKey(error.refusal());
    }
    match status {
        _ if code == DUPLICATE_RECORD && is_create => WriteOutcome::AlreadyThere,
        _ if code == DUPLICATE_RECORD => WriteOutcome::DuplicateKey(error.refusal()),
        412 if is_create => WriteOutcome::AlreadyThere,
        409 | 412 => stale(is_create, error),
        _ if code == VERSION_MISMATCH => stale(is_create, error),
        404 | 410 => missing(id, is_create, error),
        _ if code == ROW_NOT_FOUND => missing(id, is_create, error),
        // The server says it failed: its transaction is rolled back. A create is provable by its id anyway.
        500 if !code.is_empty() => {
            WriteOutcome::RowBusy(SystemError::Unavailable { connection, status, retry_after })
        }
        403 => WriteOutcome::NotPermitted(error.refusal()),
        408 | 500 | 502.. => {
            WriteOutcome::InDoubt(SystemError::Unavailable { connection, status, retry_after })
        }
        _ => WriteOutcome::Refused(error.refusal()),
    }
}

fn stale(is_create: bool, error: ServiceError) -> WriteOutcome {
    if is_create { WriteOutcome::Refused(error.refusal()) } else { WriteOutcome::Stale }
}

/// Tells a row that is gone from a lookup's target that is gone: only the text says which row is meant.
fn missing(id: Option<&RowId>, is_create: bool, error: ServiceError) -> WriteOutcome {
    let named = guid_in(&error.message);
    let is_own =
        named.is_none() || id.is_some_and(|id| error.message.to_ascii_lowercase().contains(id.as_str()));
    if !is_create && is_own && (named.is_some() || error.status == 404 || error.status == 410) {
        WriteOutcome::Missing
    } else {
        WriteOutcome::Refused(error.refusal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Response;
    use crate::systems::dataverse::schema::tests::contacts;

    const ID: &str = "5c1e0000-0000-4000-8000-000000000001";
    const OTHER: &str = "e2b00000-0000-4000-8000-000000000002";

    fn write(verb: Verb) -> Write {
        Write { table: "contacts".into(), verb, returning: ["fullname".into()].into() }
    }

    fn create(values: Vec<(ColumnName, Value)>) -> Write {
        write(Verb::Create { id: Some(RowId::new(ID)), values })
    }

    fn update(values: Vec<(ColumnName, Value)>) -> Write {
        write(Verb::Update { id: RowId::new(ID), version: "W/\"7\"".into(), values })
    }

    fn delete() -> Write {
        write(Verb::Delete { id: RowId::new(ID), version: "W/\"7\"".into() })
    }

    fn prepared(write: &Write, references: &References) -> Result<BatchPart, WriteOutcome> {
        let schema = contacts();
        let shape = schema.shape(&write.returning).unwrap();
        prepare(&schema, &shape, references, write)
    }

    fn body_of(write: &Write, references: &References) -> String {
        serde_json::to_string(&prepared(write, references).unwrap().body.unwrap()).unwrap()
    }

    /// I2: every update and delete carries the version it was decided from, every create that it creates only.
    #[test]
    fn every_write_is_conditional() {
        let condition = |write: &Write| {
            let headers = prepared(write, &References::default()).unwrap().headers;
            headers.into_iter().find(|(name, _)| name.starts_with("If-")).unwrap()
        };
        assert_eq!(condition(&create(vec![])), ("If-None-Match", "*".to_owned()));
        assert_eq!(condition(&update(vec![])), ("If-Match", "W/\"7\"".to_owned()));
        assert_eq!(condition(&delete()), ("If-Match", "W/\"7\"".to_owned()));
    }

    /// I37: fields are sent in the mapping's order.
    #[test]
    fn a_body_keeps_its_order_and_binds_lookups() {
        let references = References::default();
        let customer = RowId::new(OTHER);
        references.remember(&customer, &"accounts".into());
        let values: Vec<(ColumnName, Value)> = vec![
            ("parentcustomerid".into(), Value::Reference(customer)),
            ("fullname".into(), Value::text("Bos")),
            ("new_regionid".into(), Value::Reference(RowId::new(ID))),
            ("birthdate".into(), Value::Blank),
        ];
        assert_eq!(
            body_of(&create(values), &references),
            format!(
                r#"{{"parentcustomerid_account@odata.bind":"/accounts({OTHER})","fullname":"Bos","new_RegionId@odata.bind":"/new_regions({ID})","birthdate":null}}"#
            )
        );
    }

    #[test]
    fn an_option_that_is_referred_to_is_its_number() {
        let values = vec![("statecode".into(), Value::Reference(RowId::new("100000004")))];
        assert_eq!(body_of(&update(values), &References::default()), r#"{"statecode":100000004}"#);
    }

    #[test]
    fn a_lookup_is_cleared_through_its_navigation_property() {
        let values: Vec<(ColumnName, Value)> =
            vec![("new_regionid".into(), Value::Blank), ("ownerid".into(), Value::Blank)];
        assert_eq!(
            body_of(&update(values.clone()), &References::default()),
            r#"{"new_RegionId":null,"ownerid":null}"#
        );
        assert_eq!(body_of(&create(values), &References::default()), "{}");
    }

    #[test]
    fn what_cannot_be_written_is_refused_here() {
        let refused = |column: &str, value: Value| {
            let outcome =
                prepared(&update(vec![(column.into(), value)]), &References::default()).unwrap_err();
            let WriteOutcome::Refused(refusal) = outcome else { panic!("{outcome:?}") };
            refusal.message
        };
        assert_eq!(refused("nope", Value::Blank), "contacts has no column nope");
        assert_eq!(refused("birthdate", Value::text("x")), "birthdate: a text is no date");
        assert_eq!(
            refused("statecode", Value::Reference(RowId::new(ID))),
            "statecode: a reference is no numbered choice"
        );
        let uncoupled = Value::Uncoupled(crate::model::Side::Left, RowId::new(ID));
        assert!(refused("new_regionid", uncoupled).contains("uncoupled"));
        let unknown = refused("parentcustomerid", Value::Reference(RowId::new(OTHER)));
        assert!(unknown.contains("no row") && unknown.contains("accounts, contacts"), "{unknown}");
    }

    fn judged(write: &Write, status: u16, code: &str, message: &str) -> String {
        let body = serde_json::json!({"error": {"code": code, "message": message}}).to_string();
        judged_raw(write, status, &body)
    }

    fn judged_raw(write: &Write, status: u16, body: &str) -> String {
        let shape = contacts().shape(&write.returning).unwrap();
        let answer = Response::new(status, Vec::new(), body.as_bytes().to_vec());
        let outcome = format!("{:?}", judge(&"crm".into(), &shape, write, &answer));
        outcome.split([' ', '{']).next().unwrap().trim_end_matches("SystemError::").to_owned()
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let gone = format!("contact With Id = {ID} Does Not Exist");
        let target_gone = format!("account With Id = {OTHER} Does Not Exist");
        let cases: &[(u16, &str, &str, &str, &str, &str)] = &[
            // status, code, message, create, update, delete
            (412, "", "A record with matching key values already exists.", "AlreadyThere", "Stale", "Stale"),
            (412, "0x80060882", "version", "AlreadyThere", "Stale", "Stale"),
            (412, "0x80040237", "matching", "AlreadyThere", "DuplicateKey(Refusal", "DuplicateKey(Refusal"),
            (409, "", "version", "Refused(Refusal", "Stale", "Stale"),
            (
                412,
                "0x80060892",
                "key",
                "DuplicateKey(Refusal",
                "DuplicateKey(Refusal",
                "DuplicateKey(Refusal",
            ),
            (
                400,
                "-2147088238",
                "key",
                "DuplicateKey(Refusal",
                "DuplicateKey(Refusal",
                "DuplicateKey(Refusal",
            ),
            (404, "0x80040217", &gone, "Refused(Refusal", "Missing", "Missing"),
            (404, "", "", "Refused(Refusal", "Missing", "Missing"),
            (400, "0x80040217", &gone, "Refused(Refusal", "Missing", "Missing"),
            (404, "0x80040217", &target_gone, "Refused(Refusal", "Refused(Refusal", "Refused(Refusal"),
            (400, "0x80040217", &target_gone, "Refused(Refusal", "Refused(Refusal", "Refused(Refusal"),
            (400, "0x80044331", "too long", "Refused(Refusal", "Refused(Refusal", "Refused(Refusal"),
            (
                403,
                "0x80040220",
                "prvWrite",
                "NotPermitted(Refusal",
                "NotPermitted(Refusal",
                "NotPermitted(Refusal",
            ),
            (428, "", "", "Refused(Refusal", "Refused(Refusal", "Refused(Refusal"),
            (429, "0x80072322", "", "NotApplied(Throttled", "NotApplied(Throttled", "NotApplied(Throttled"),
            (503, "", "", "NotApplied(Unavailable", "NotApplied(Unavailable", "NotApplied(Unavailable"),
            (500, "0x80044150", "", "RowBusy(Unavailable", "RowBusy(Unavailable", "RowBusy(Unavailable"),
            (500, "", "", "InDoubt(Unavailable", "InDoubt(Unavailable", "InDoubt(Unavailable"),
            (504, "", "", "InDoubt(Unavailable", "InDoubt(Unavailable", "InDoubt(Unavailable"),
            (401, "", "", "NotApplied(SignIn", "NotApplied(SignIn", "NotApplied(SignIn"),
        ];
        // What one row may be blamed for, and what is to be waited for or told, whatever the verb.
        let own_fault = [
            "0x80040203",
            "0x80048d19",
            "0x80060888",
            "0x0",
            "0x8006088A",
            "0x80044331",
            "0x80040278",
            "0x8004431A",
            "0x80050222",
            "0x80044354",
            "0x80040239",
            "0x80048408",
            "0x80040233",
            "0x8004F00E",
            "0x80040230",
            "0x80040515",
            "0x80040227",
            "0x8004203e",
            "0x80048cea",
            "0x80048cfb",
            "0x80048cfc",
            "0x80048cec",
            "0x80041103",
            "0x80040265",
            "0x80040315",
            "0x8004418a",
            "0x80060883",
            "0x80060890",
            "0x8006089D",
            "0x80060891",
        ];
        let refused = own_fault.map(|code| (400, code, "Refused(Refusal"));
        let forbidden = ["0x80040220", "0x80040231", "0x80048405", "0x80048306", "0x80040256", "0x8004F507"];
        let forbidden = forbidden.map(|code| (403, code, "NotPermitted(Refusal"));
        let shut_out = ["0x80072560", "0x80042f09", "0x8004D24B", "0x8004A110", "0x8004A112", "0x8004A104"];
        let shut_out = shut_out.map(|code| (403, code, "NotApplied(Forbidden"));
        let held = ["0x80044150", "0x80044151", "0x80044339"];
        let held = held.map(|code| (400, code, "RowBusy(Unavailable"));
        let busy = ["0x80072323", "0x80072324"];
        let busy = busy.map(|code| (400, code, "NotApplied(Unavailable"));
        let throttled = ["0x80072321", "0x80072322", "0x80072326", "0x8005F103"];
        let throttled = throttled.map(|code| (429, code, "NotApplied(Throttled"));
        let duplicate = ["0x80060892", "0x80073002", "0x80040333"];
        let duplicate = duplicate.map(|code| (500, code, "DuplicateKey(Refusal"));
        let others = [
            (401, "0x8005F101", "NotApplied(SignIn"),
            (401, "0x80041d50", "NotApplied(SignIn"),
            (400, "0x8006088D", "NotApplied(Configuration"),
            (405, "0x80040227", "Refused(Refusal"),
            (413, "0x8004418a", "Refused(Refusal"),
            (500, "0x80040216", "RowBusy(Unavailable"),
            (501, "0x80040219", "Refused(Refusal"),
            (502, "", "InDoubt(Unavailable"),
            (408, "", "InDoubt(Unavailable"),
        ];
        let all =
            refused.into_iter().chain(forbidden).chain(shut_out).chain(held).chain(busy).chain(throttled);
        for (status, code, expected) in all.chain(duplicate).chain(others) {
            for write in [create(vec![]), update(vec![]), delete()] {
                assert_eq!(judged(&write, status, code, "x"), expected, "{:?} {status} {code}", write.verb);
            }
        }
        for (status, code, message, for_create, for_update, for_delete) in cases {
            let meaning = |write: &Write| judged(write, *status, code, message);
            assert_eq!(meaning(&create(vec![])), *for_create, "create {status} {code}");
            assert_eq!(meaning(&update(vec![])), *for_update, "update {status} {code}");
            assert_eq!(meaning(&delete()), *for_delete, "delete {status} {code}");
        }
    }

    #[test]
    fn a_success_may_come_with_or_without_the_row() {
        let row =
            format!(r#"{{"@odata.etag":"W/\"8\"","contactid":"{ID}","fullname":"Bos","modifiedon":null}}"#);
        assert_eq!(judged_raw(&create(vec![]), 201, &row), "Written(Row");
        assert_eq!(judged_raw(&update(vec![]), 200, &row), "Written(Row");
        assert_eq!(
            judged_raw(&update(vec![]), 204, ""),
            "WrittenUnseen(Some(RowId(\"5c1e0000-0000-4000-8000-000000000001\")))"
        );
        assert!(judged_raw(&update(vec![]), 200, r#"{"contactid":"x"}"#).starts_with("WrittenUnseen"));
        assert_eq!(judged_raw(&delete(), 204, ""), "Deleted");
    }
}
