//! Global discovery: the organisations the caller may use, all or one by id or unique name.

use serde_json::{Map, Value, json};

use super::error::Fault;
use super::organization::{FRIENDLY_NAME, UNIQUE_NAME, URL_NAME, VERSION};
use super::service::Service;
use super::switches::Switch;
use crate::sim::http::{Reply, Request};
use crate::sim::odata::filter::{Dialect, parse};
use crate::sim::odata::path::{Key, segments};
use crate::sim::odata::query::Query;
use crate::sim::odata::select::select;

/// Answers a request of the discovery service; `None` if it is not for it.
pub(super) fn answer(service: &Service, request: &Request) -> Option<Reply> {
    let rest = request.path.strip_prefix("/api/discovery/v2.0/")?;
    let segments = segments(rest);
    let [segment] = segments.as_slice() else { return None };
    if request.method != "GET" || segment.name != "Instances" {
        return None;
    }
    Some(instances(service, request, segment.key.as_ref()).unwrap_or_else(|fault| fault.reply()))
}

fn instances(service: &Service, request: &Request, key: Option<&Key>) -> Result<Reply, Fault> {
    let query = Query::parse(&request.query);
    let instance = instance(service, request);
    let names = select(query.get("$select"));
    let shown = |instance: &Value| -> Value {
        let members = instance.as_object().cloned().unwrap_or_default().into_iter();
        let wanted = |name: &String| names.as_ref().is_none_or(|names| names.contains(name));
        members.filter(|(name, _)| wanted(name)).collect::<Map<_, _>>().into()
    };
    let context = format!("{}/api/discovery/v2.0/$metadata#Instances", request.base);
    if let Some(key) = key {
        let (name, value) = match key {
            Key::Single(id) => ("Id", id.as_str()),
            Key::Named(pairs) => pairs.first().map_or(("", ""), |(name, value)| (name.as_str(), value)),
            Key::Empty => ("", ""),
        };
        let same = |text: &str| text.eq_ignore_ascii_case(value);
        if !instance.get(name).and_then(Value::as_str).is_some_and(same) {
            return Err(Fault::new(404, "0x80040217", format!("The instance '{value}' was not found.")));
        }
        let mut body = shown(&instance);
        body["@odata.context"] = format!("{context}/$entity").into();
        return Ok(Reply::json(200, &body));
    }
    let filter = query.get("$filter").map(parse).transpose();
    let filter = filter.map_err(|error| Fault::new(400, "0x0", error.to_string()))?;
    let property = |name: &str| std::borrow::Cow::Owned(instance.get(name).cloned().unwrap_or_default());
    let holds = filter.is_none_or(|filter| filter.holds(Dialect::Dataverse, &property));
    let value: Vec<_> = holds.then(|| shown(&instance)).into_iter().collect();
    Ok(Reply::json(200, &json!({"@odata.context": context, "value": value})))
}

fn instance(service: &Service, request: &Request) -> Value {
    let disabled = service.switched(&Switch::Disabled) || service.switched(&Switch::AdministrationMode);
    json!({
        "Id": service.seed.organization,
        "UniqueName": UNIQUE_NAME,
        "UrlName": URL_NAME,
        "FriendlyName": FRIENDLY_NAME,
        "State": i32::from(disabled),
        "Version": VERSION,
        "Url": request.base,
        "ApiUrl": request.base,
        "LastUpdated": "2026-01-05T00:00:00Z",
        "Region": "EMEA",
        "OrganizationType": 0,
        "TenantId": service.seed.tenant,
        "EnvironmentId": service.environment_id(),
        "StatusMessage": "0",
        "Purpose": "",
        "SchemaType": "Standard",
    })
}
