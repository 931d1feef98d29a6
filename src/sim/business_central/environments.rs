//! What stands outside of any environment's standard API: the lists of environments, and which sets can be subscribed to.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::error::Fault;
use super::service::Service;
use crate::sim::http::{Reply, Request};
use crate::sim::odata::filter::{Dialect, parse};
use crate::sim::odata::path::segments;
use crate::sim::odata::query::Query;

impl Service {
    /// Answers a request that is none of the standard API's; `None` if it is one of that.
    pub(super) fn answer_outside(&self, request: &Request) -> Option<Reply> {
        if request.method != "GET" {
            return None;
        }
        let segments = segments(&request.path);
        let names: Vec<_> = segments.iter().map(|segment| segment.name.as_str()).collect();
        match names.as_slice() {
            ["environments", "v1.2"] => Some(self.environments(request)),
            ["admin", version, "applications", family, "environments"] if version.starts_with('v') => {
                Some(if family.eq_ignore_ascii_case("BusinessCentral") {
                    self.administered(request)
                } else {
                    Reply::json(200, &json!({"value": []}))
                })
            }
            [.., "api", "microsoft", "runtime", "beta", "companies", "webhookSupportedResources"] => {
                Some(self.supported_resources(request).unwrap_or_else(|fault| fault.reply()))
            }
            _ => None,
        }
    }

    fn environments(&self, request: &Request) -> Reply {
        let environment = json!({
            "aadTenantId": self.seed.tenant, "applicationFamily": "BusinessCentral", "type": "Production",
            "name": self.seed.environment, "countryCode": "US", "webServiceUrl": request.base,
            "webClientLoginUrl": request.base, "ringName": "PROD",
        });
        Reply::json(200, &json!({"value": [environment]}))
    }

    /// The administrator's list says more: whether an environment is up, and its version.
    fn administered(&self, request: &Request) -> Reply {
        let environment = json!({
            "aadTenantId": self.seed.tenant, "applicationFamily": "BusinessCentral", "type": "Production",
            "name": self.seed.environment, "friendlyName": self.seed.environment, "countryCode": "US",
            "webServiceUrl": request.base, "webClientLoginUrl": request.base, "ringName": "PROD",
            "status": "Active", "locationName": "West US", "geoName": "United States",
            "versionDetails": {"version": "29.0"},
        });
        Reply::json(200, &json!({"value": [environment]}))
    }

    fn supported_resources(&self, request: &Request) -> Result<Reply, Fault> {
        let query = Query::parse(&request.query);
        let syntax = |_| Fault::bad_request("Syntax error in the filter.");
        let filter = query.get("$filter").map(parse).transpose().map_err(syntax)?;
        let sets = (0..self.sets.len()).filter(|set| self.supports_webhooks(*set));
        let rows = sets.map(|set| json!({"resource": format!("v2.0/{}", self.sets[set].name)}));
        let wanted = |row: &Value| {
            let property = |name: &str| Cow::Owned(row[name].clone());
            filter.as_ref().is_none_or(|filter| filter.holds(Dialect::BusinessCentral, &property))
        };
        Ok(Reply::json(200, &json!({"value": rows.filter(wanted).collect::<Vec<_>>()})))
    }
}
