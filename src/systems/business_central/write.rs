//! Writes: how each travels, and what each answer means.

use serde_json::{Value as Json, json};

use super::schema::Schema;
use crate::http::Method;
use crate::model::{ColumnKind, ColumnName, ConnectionName, Value};
use crate::systems::odata::{
    BatchPart, Object, PartAnswer, RowShape, ServiceError, encode, landed, of_write, refused_here,
};
use crate::systems::{SystemError, Verb, Write, WriteOutcome};

/// Puts a write on the wire, or says why it cannot be. `set` is the path of the table's set.
pub fn prepare(schema: &Schema, set: &str, write: &Write) -> Result<BatchPart, WriteOutcome> {
    let fixed = |version: Option<&str>| {
        let mut headers =
            vec![("Accept", "application/json".to_owned()), ("Accept-Language", "en-US".to_owned())];
        headers.extend(version.map(|version| ("If-Match", version.to_owned())));
        headers
    };
    let body = |values| body(schema, values).map(Some).map_err(refused_here);
    Ok(match &write.verb {
        Verb::Create { id, values } => {
            let mut values = body(values)?;
            // The standard pages take no id of ours, so none is sent to them.
            if let (Some(id), true) = (id, schema.description.abilities.takes_ids) {
                values.get_or_insert_default().insert(schema.key.name(), Json::from(id.as_str()));
            }
            BatchPart { method: Method::Post, path: set.to_owned(), headers: fixed(None), body: values }
        }
        Verb::Update { id, version, values } => BatchPart {
            method: Method::Patch,
            path: schema.key.address(set, id),
            headers: fixed(Some(version.as_str())),
            body: body(values)?,
        },
        Verb::Delete { id, version } => BatchPart {
            method: Method::Delete,
            path: schema.key.address(set, id),
            headers: fixed(Some(version.as_str())),
            body: None,
        },
    })
}

fn body(schema: &Schema, values: &[(ColumnName, Value)]) -> Result<Object, String> {
    let mut body = Object::new();
    for (column, value) in values {
        let table = &schema.description.table;
        let kind = schema
            .kind(column)
            .ok_or_else(|| format!("{table} has no column {column} that can be written"))?;
        let json = encode(kind, value).map_err(|mismatch| format!("{column}: {mismatch}"))?;
        let json = json.or_else(|| blank(kind)).ok_or_else(|| format!("{column} cannot be emptied"))?;
        body.insert(column.as_str().to_owned(), json);
    }
    Ok(body)
}

/// Returns how blank travels; Business Central knows no null.
pub fn blank(kind: ColumnKind) -> Option<Json> {
    Some(match kind {
        ColumnKind::Text => json!(""),
        ColumnKind::Number | ColumnKind::Choice => json!(0),
        ColumnKind::Flag => json!(false),
        ColumnKind::Date => json!("0001-01-01"),
        ColumnKind::Instant => json!("0001-01-01T00:00:00Z"),
        ColumnKind::Member => json!("_x0020_"),
        ColumnKind::Reference => json!("00000000-0000-0000-0000-000000000000"),
        ColumnKind::Other => return None,
    })
}

const CHANGED: &str = "Request_EntityChanged";
const BAD_ADDRESS: &str = "BadRequest_NotFound";
const SAME_KEY: &str = "Internal_EntityWithSameKeyExists";

/// Says what an answer means for its write.
pub fn judge(
    connection: &ConnectionName,
    shape: &RowShape,
    write: &Write,
    answer: &PartAnswer,
) -> WriteOutcome {
    let id = write.verb.row();
    if let Some(outcome) = landed(answer, shape, write, id) {
        return outcome;
    }
    let status = answer.status;
    let retry_after = answer.retry_after();
    let connection = connection.clone();
    if let Some(outcome) = of_write(&connection, &format!("writing {}", write.table), answer) {
        return outcome;
    }
    let unavailable = SystemError::Unavailable { connection, status, retry_after };
    let error = ServiceError::parse(status, &answer.body);
    match (status, error.code.as_str()) {
        (_, SAME_KEY) => WriteOutcome::DuplicateKey(error.refusal()),
        (409 | 412, _) | (_, CHANGED) if id.is_some() => WriteOutcome::Stale,
        // An address that cannot be read says nothing of the row.
        (404 | 410, code) if id.is_some() && code != BAD_ADDRESS => WriteOutcome::Missing,
        // The version guards an update or delete against a second application; nothing guards a create.
        (500, code) if id.is_some() && !code.is_empty() => WriteOutcome::RowBusy(unavailable),
        (403, _) => WriteOutcome::NotPermitted(error.refusal()),
        (408 | 500 | 502.., _) => WriteOutcome::InDoubt(unavailable),
        _ => WriteOutcome::Refused(error.refusal()),
    }
}

/// Returns whether a write met a lock and deserves another try at once.
pub fn is_locked(outcome: &WriteOutcome) -> bool {
    matches!(outcome, WriteOutcome::RowBusy(SystemError::Unavailable { status: 409, .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Response;
    use crate::model::RowId;
    use crate::systems::business_central::schema::tests::schema;

    const ID: &str = "9a000000-0000-4000-8000-000000000001";
    const SET: &str = "companies(3f000000-0000-4000-8000-000000000002)/customers";

    fn write(verb: Verb) -> Write {
        Write { table: "customers".into(), verb, returning: ["displayName".into()].into() }
    }

    fn create(values: Vec<(ColumnName, Value)>) -> Write {
        write(Verb::Create { id: Some(RowId::new(ID)), values })
    }

    fn update(values: Vec<(ColumnName, Value)>) -> Write {
        write(Verb::Update { id: RowId::new(ID), version: "W/\"J\"".into(), values })
    }

    fn delete() -> Write {
        write(Verb::Delete { id: RowId::new(ID), version: "W/\"J\"".into() })
    }

    fn prepared(write: &Write) -> Result<BatchPart, WriteOutcome> {
        prepare(&schema("customers"), SET, write)
    }

    /// I2: every update and delete carries the version it was decided from.
    #[test]
    fn updates_and_deletes_carry_their_version() {
        for write in [update(vec![]), delete()] {
            let part = prepared(&write).unwrap();
            assert!(part.headers.contains(&("If-Match", "W/\"J\"".to_owned())));
            assert_eq!(part.path, format!("{SET}({ID})"));
        }
        let part = prepared(&create(vec![])).unwrap();
        assert_eq!((part.method, part.path.as_str()), (Method::Post, SET));
        assert_eq!(part.body, Some(Object::new()), "the id is not sent");
    }

    /// I37: fields are sent in the mapping's order.
    #[test]
    fn a_body_keeps_its_order_and_never_holds_null() {
        let columns =
            ["startDate", "number", "blocked", "currencyId", "creditLimit", "taxLiable", "displayName"];
        let mut values: Vec<(ColumnName, Value)> =
            columns.iter().map(|column| ((*column).into(), Value::Blank)).collect();
        values[6].1 = Value::text("Acme");
        let body = prepared(&update(values)).unwrap().body.unwrap();
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"startDate":"0001-01-01","number":"","blocked":"_x0020_","currencyId":"00000000-0000-0000-0000-000000000000","creditLimit":0,"taxLiable":false,"displayName":"Acme"}"#
        );
    }

    #[test]
    fn what_cannot_be_written_is_refused_here() {
        for (column, value) in
            [("nope", Value::Blank), ("address", Value::Blank), ("creditLimit", Value::text("x"))]
        {
            let outcome = prepared(&update(vec![(column.into(), value)]));
            assert!(matches!(outcome, Err(WriteOutcome::Refused(_))), "{column}");
        }
    }

    fn judged(write: &Write, status: u16, body: &str) -> String {
        let shape = schema("customers").ask(&write.returning, None).unwrap().shape;
        let answer = Response::new(status, Vec::new(), body.as_bytes().to_vec());
        let outcome = format!("{:?}", judge(&"erp".into(), &shape, write, &answer));
        outcome.split([' ', '{']).next().unwrap().to_owned()
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let (stale, missing, refused) = ("Stale", "Missing", "Refused(Refusal");
        let (duplicate, throttled) = ("DuplicateKey(Refusal", "NotApplied(Throttled");
        let (unavailable, doubt) = ("NotApplied(Unavailable", "InDoubt(Unavailable");
        let (busy, forbidden) = ("RowBusy(Unavailable", "NotPermitted(Refusal");
        let (sign_in, company) = ("NotApplied(SignIn", "NotApplied(NotFound");
        // What one row may be blamed for, whatever its verb.
        let own_fault = [
            (400, "BadRequest"),
            (400, "BadRequest_InvalidRequestUrl"),
            (400, "BadRequest_InvalidOperation"),
            (400, "BadRequest_InvalidToken"),
            (400, "BadRequest_RequiredParamNotProvided"),
            (400, "Application_DialogException"),
            (400, "Application_FieldValidationException"),
            (400, "Application_StringExceededLength"),
            (400, "Application_EvaluateException"),
            (400, "Application_InvalidGUID"),
            (400, "Application_FilterErrorException"),
            (400, "Application_CallbackNotAllowed"),
            (400, "Internal_InvalidTableRelation"),
            (404, "BadRequest_NotFound"),
            (405, "BadRequest_MethodNotAllowed"),
            (413, ""),
            (415, ""),
            (501, "BadRequest_MethodNotImplemented"),
        ];
        // Status, code, create, update or delete.
        let mut cases = vec![
            (409, "Request_EntityChanged", refused, stale),
            (412, "", refused, stale),
            (409, "", refused, stale),
            (403, "Authorization_X", forbidden, forbidden),
            (403, "", forbidden, forbidden),
            (409, "Internal_ServerError", busy, busy),
            (400, "Internal_EntityWithSameKeyExists", duplicate, duplicate),
            (409, "Internal_EntityWithSameKeyExists", duplicate, duplicate),
            (404, "BadRequest_ResourceNotFound", refused, missing),
            (404, "Internal_RecordNotFound", refused, missing),
            (404, "Internal_DataNotFoundFilter", refused, missing),
            (404, "Internal_CompanyNotFound", company, company),
            (429, "Application_TooManyRequests", throttled, throttled),
            (503, "", unavailable, unavailable),
            (503, "Internal_TenantUnavailable", unavailable, unavailable),
            (500, "Internal_ServerError", doubt, busy),
            (500, "Unknown", doubt, busy),
            (500, "", doubt, doubt),
            (408, "", doubt, doubt),
            (502, "", doubt, doubt),
            (504, "", doubt, doubt),
            (401, "Authentication_InvalidCredentials", sign_in, sign_in),
        ];
        cases.extend(own_fault.map(|(status, code)| (status, code, refused, refused)));
        for (status, code, for_create, otherwise) in cases {
            let body = json!({"error": {"code": code, "message": "x"}}).to_string();
            assert_eq!(judged(&create(vec![]), status, &body), for_create, "create {status} {code}");
            assert_eq!(judged(&update(vec![]), status, &body), otherwise, "update {status} {code}");
            assert_eq!(judged(&delete(), status, &body), otherwise, "delete {status} {code}");
        }
    }

    /// A person reads the service's own text with its code.
    #[test]
    fn a_refusal_keeps_the_services_words() {
        let shape = schema("customers").ask(&["displayName".into()].into(), None).unwrap().shape;
        let body = br#"{"error":{"code":"Application_DialogException","message":"A \"displayName\" must be provided."}}"#;
        let answer = Response::new(400, Vec::new(), body.to_vec());
        let WriteOutcome::Refused(refusal) = judge(&"erp".into(), &shape, &create(vec![]), &answer) else {
            panic!("not refused")
        };
        assert_eq!(refusal.status, Some(400));
        assert_eq!(refusal.code, "Application_DialogException");
        assert_eq!(refusal.message, "A \"displayName\" must be provided.");
    }

    #[test]
    fn a_success_may_come_with_a_full_row_or_none() {
        let row = json!({"@odata.etag": "W/\"K\"", "id": ID, "displayName": "Acme", "city": "Aarhus",
            "lastModifiedDateTime": "2026-11-21T08:15:30.537Z"});
        assert_eq!(judged(&create(vec![]), 201, &row.to_string()), "Written(Row");
        assert_eq!(judged(&update(vec![]), 200, &row.to_string()), "Written(Row");
        assert!(judged(&update(vec![]), 204, "").starts_with("WrittenUnseen(Some"));
        assert_eq!(judged(&create(vec![]), 204, ""), "WrittenUnseen(None)");
        assert_eq!(
            judged(&create(vec![]), 201, &json!({"id": ID}).to_string()),
            format!("WrittenUnseen(Some(RowId(\"{ID}\")))")
        );
        assert_eq!(judged(&delete(), 204, ""), "Deleted");
    }
}
