//! Writes: how each travels, and what each answer means.

use serde_json::Value as Json;

use super::schema::Schema;
use crate::http::Method;
use crate::model::{ColumnKind, ColumnName, ConnectionName, Value, Version};
use crate::systems::odata::{
    BatchPart, Object, PartAnswer, RowShape, ServiceError, encode, landed, of_write, refused_here,
};
use crate::systems::{SystemError, Verb, Write, WriteOutcome};

/// Puts a write on the wire, or says why it cannot be. `company` is the column that names the company, and its name.
pub fn prepare(
    schema: &Schema,
    company: Option<&(String, String)>,
    write: &Write,
) -> Result<BatchPart, WriteOutcome> {
    let set = write.table.as_str();
    let body = |values| body(schema, values).map_err(refused_here);
    let (method, path, version, body) = match &write.verb {
        Verb::Create { id: _, values } => {
            let mut body = body(values)?;
            if let Some((column, company)) = company {
                body.entry(column.as_str()).or_insert_with(|| Json::from(company.as_str()));
            }
            (Method::Post, set.to_owned(), None, Some(body))
        }
        Verb::Update { id, version, values } => {
            (Method::Patch, schema.key.address(set, id), Some(version), Some(body(values)?))
        }
        Verb::Delete { id, version } => (Method::Delete, schema.key.address(set, id), Some(version), None),
    };
    let mut headers = vec![("Accept", "application/json".to_owned())];
    if body.is_some() {
        headers.push(("Prefer", "return=representation".to_owned()));
    }
    headers.extend(version.and_then(condition));
    Ok(BatchPart { method, path, headers, body })
}

/// Returns the header that makes a write conditional. A digest of the content is ours: it was compared already.
fn condition(version: &Version) -> Option<(&'static str, String)> {
    (!version.is_content()).then(|| ("If-Match", version.as_str().to_owned()))
}

fn body(schema: &Schema, values: &[(ColumnName, Value)]) -> Result<Object, String> {
    let mut body = Object::new();
    for (column, value) in values {
        let kind = schema
            .kind(column)
            .ok_or_else(|| format!("{} has no column {column}", schema.description.table))?;
        let json = match value {
            Value::Reference(id) if kind == ColumnKind::Reference && schema.is_numbered(column) => {
                let number = id.as_str().parse().map(Json::Number);
                number.map_err(|_| format!("{column}: {id} is no number"))?
            }
            value => {
                encode(kind, value).map_err(|mismatch| format!("{column}: {mismatch}"))?.unwrap_or(Json::Null)
            }
        };
        body.insert(column.as_str().to_owned(), json);
    }
    Ok(body)
}

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
    if let Some(outcome) = of_write(connection, &format!("writing {}", write.table), answer) {
        return outcome;
    }
    let status = answer.status;
    let error = ServiceError::parse(status, &answer.body);
    match status {
        409 if id.is_none() => WriteOutcome::DuplicateKey(error.refusal()),
        409 | 412 if id.is_some() => WriteOutcome::Stale,
        404 | 410 if id.is_some() => WriteOutcome::Missing,
        403 => WriteOutcome::NotPermitted(error.refusal()),
        408 | 500 | 502.. => WriteOutcome::InDoubt(SystemError::Unavailable {
            connection: connection.clone(),
            status,
            retry_after: answer.retry_after(),
        }),
        _ => WriteOutcome::Refused(error.refusal()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Response;
    use crate::model::RowId;
    use crate::systems::odata_service::schema::tests::schema;

    fn write(table: &str, verb: Verb) -> Write {
        Write { table: table.into(), verb, returning: [].into() }
    }

    fn update(version: impl Into<Version>) -> Write {
        let values =
            vec![("Name".into(), Value::Blank), ("CategoryID".into(), Value::Reference(RowId::new("3")))];
        write("Products", Verb::Update { id: RowId::new("7"), version: version.into(), values })
    }

    #[test]
    fn a_write_is_conditional_where_the_service_gives_versions() {
        let part = prepare(&schema("Products"), None, &update("W/\"1\"")).unwrap();
        assert_eq!((part.method, part.path.as_str()), (Method::Patch, "Products(7)"));
        assert!(part.headers.contains(&("If-Match", "W/\"1\"".to_owned())));
        assert_eq!(Json::Object(part.body.unwrap()).to_string(), r#"{"Name":null,"CategoryID":3}"#);
        let part = prepare(&schema("Products"), None, &update(Version::of_content("1"))).unwrap();
        assert!(!part.headers.iter().any(|(name, _)| *name == "If-Match"));
    }

    #[test]
    fn a_new_row_belongs_to_the_company() {
        let company = ("dataAreaId".to_owned(), "usmf".to_owned());
        let values = vec![("account".into(), Value::text("C-1"))];
        let create = write("Customers", Verb::Create { id: None, values });
        let part = prepare(&schema("Customers"), Some(&company), &create).unwrap();
        assert_eq!((part.method, part.path.as_str()), (Method::Post, "Customers"));
        assert_eq!(Json::Object(part.body.unwrap()).to_string(), r#"{"account":"C-1","dataAreaId":"usmf"}"#);
    }

    #[test]
    fn each_answer_has_its_meaning() {
        let cases = [
            // status, create, update
            (200, "WrittenUnseen(None)", "WrittenUnseen(Some"),
            (204, "WrittenUnseen(None)", "WrittenUnseen(Some"),
            (400, "Refused", "Refused"),
            (401, "NotApplied(SignIn", "NotApplied(SignIn"),
            (403, "NotPermitted", "NotPermitted"),
            (404, "Refused", "Missing"),
            (405, "Refused", "Refused"),
            (409, "DuplicateKey", "Stale"),
            (410, "Refused", "Missing"),
            (412, "Refused", "Stale"),
            (428, "Refused", "Refused"),
            (429, "NotApplied(Throttled", "NotApplied(Throttled"),
            (500, "InDoubt", "InDoubt"),
            (501, "Refused", "Refused"),
            (502, "InDoubt", "InDoubt"),
            (503, "NotApplied(Unavailable", "NotApplied(Unavailable"),
        ];
        let shape = schema("Products").shape(&[].into(), false).unwrap();
        for (status, for_create, for_update) in cases {
            let answer = Response::new(status, Vec::new(), Vec::new());
            let meaning = |write: &Write| format!("{:?}", judge(&"x".into(), &shape, write, &answer));
            let create = write("Products", Verb::Create { id: None, values: vec![] });
            assert!(meaning(&create).starts_with(for_create), "create {status}");
            assert!(meaning(&update("W/\"1\"")).starts_with(for_update), "update {status}");
        }
    }
}
