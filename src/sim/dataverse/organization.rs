//! What the organisation says of itself: who is asking, its version, its details, how many rows its tables hold.

use serde_json::{Value, json};
use uuid::Uuid;

use super::error::Fault;
use super::link::Operation;
use super::service::Service;
use crate::sim::http::Reply;
use crate::sim::odata::path::{Key, Segment};

pub(super) const VERSION: &str = "9.2.26105.155";
pub(super) const FRIENDLY_NAME: &str = "Northwind Traders";
pub(super) const UNIQUE_NAME: &str = "unqnorthwind";
pub(super) const URL_NAME: &str = "northwind";
/// How many requests a client should send side by side.
const DEGREE_OF_PARALLELISM: &str = "4";

/// Answers a function of the organisation; `None` if the segment names none.
pub(super) fn answer(
    service: &Service,
    operation: &Operation<'_>,
    segment: &Segment,
) -> Option<Result<Reply, Fault>> {
    if operation.request.method != "GET" {
        return None;
    }
    let response = match segment.name.as_str() {
        "WhoAmI" => who_am_i(service, operation),
        "RetrieveVersion" => Ok(json!({"Version": VERSION})),
        "RetrieveCurrentOrganization" => current(service, operation, segment),
        "RetrieveTotalRecordCount" => record_count(service, operation, segment),
        _ => return None,
    };
    Some(response.map(|mut body| {
        let context = operation.context(&format!("Microsoft.Dynamics.CRM.{}Response", segment.name));
        let mut whole = json!({ "@odata.context": context });
        if let (Value::Object(whole), Value::Object(body)) = (&mut whole, &mut body) {
            whole.append(body);
        }
        Reply::json(200, &whole).with("x-ms-dop-hint", DEGREE_OF_PARALLELISM)
    }))
}

/// Returns the argument of a function, directly or by its alias.
fn argument(operation: &Operation<'_>, segment: &Segment, name: &str) -> Option<String> {
    let Some(Key::Named(pairs)) = &segment.key else { return None };
    let (_, value) = pairs.iter().find(|(other, _)| other == name)?;
    let text = if value.starts_with('@') { operation.query.get(value)? } else { value };
    Some(text.to_owned())
}

fn who_am_i(service: &Service, operation: &Operation<'_>) -> Result<Value, Fault> {
    Ok(json!({
        "BusinessUnitId": service.seed.business_unit,
        "UserId": service.caller(operation.request)?.user,
        "OrganizationId": service.seed.organization,
    }))
}

fn current(service: &Service, operation: &Operation<'_>, segment: &Segment) -> Result<Value, Fault> {
    let access = argument(operation, segment, "AccessType");
    let known = ["Default", "Internet", "Intranet"];
    if !access.is_some_and(|access| {
        known.iter().any(|name| access.ends_with(&format!("'{name}'")) || access == *name)
    }) {
        let message = "The parameter 'AccessType' of RetrieveCurrentOrganization is missing or not valid.";
        return Err(Fault::query(message));
    }
    let base = &operation.request.base;
    Ok(json!({"Detail": {
        "OrganizationId": service.seed.organization,
        "FriendlyName": FRIENDLY_NAME,
        "OrganizationVersion": VERSION,
        "EnvironmentId": service.environment_id(),
        "DatacenterId": super::schema::metadata_id("datacenter"),
        "Geo": "EMEA",
        "TenantId": service.seed.tenant,
        "UrlName": URL_NAME,
        "UniqueName": UNIQUE_NAME,
        "Endpoints": {
            "Count": 3,
            "IsReadOnly": false,
            "Keys": ["WebApplication", "OrganizationService", "OrganizationDataService"],
            "Values": [
                format!("{base}/"),
                format!("{base}/XRMServices/2011/Organization.svc"),
                format!("{base}/XRMServices/2011/OrganizationData.svc"),
            ],
        },
        "State": "Enabled",
    }}))
}

fn record_count(service: &Service, operation: &Operation<'_>, segment: &Segment) -> Result<Value, Fault> {
    let names = argument(operation, segment, "EntityNames").unwrap_or_default();
    let names: Vec<String> = serde_json::from_str(&names).map_err(|_| {
        Fault::query("The parameter 'EntityNames' of RetrieveTotalRecordCount is not a list.")
    })?;
    let mut values = Vec::new();
    for name in &names {
        let table = service.table_by_logical_name(name);
        let table = table.ok_or_else(|| {
            Fault::new(404, "0x80041102", format!("The entity with a name = '{name}' was not found."))
        })?;
        values.push(service.store.rows(table).iter().count());
    }
    Ok(json!({"EntityRecordCountCollection": {
        "Count": names.len(), "IsReadOnly": false, "Keys": names, "Values": values,
    }}))
}

impl Service {
    /// Returns the id of the environment, which stands for the organisation outside of it.
    pub(super) fn environment_id(&self) -> Uuid {
        Uuid::new_v5(&self.seed.organization, b"environment")
    }
}
