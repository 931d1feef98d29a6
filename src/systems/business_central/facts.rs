//! Who the company is.

use super::client::BusinessCentral;
use crate::systems::odata::Query;
use crate::systems::{Facts, SystemError};

impl BusinessCentral {
    pub(super) async fn read_facts(&self) -> Result<Facts, SystemError> {
        let what = format!("company {}", self.company);
        let query = Query::of(self.company_path()).select(["id", "name", "displayName"]);
        let response = self.service.get(&what, &self.service.url(&query.path()), None).await?;
        let company: serde_json::Value = serde_json::from_slice(&response.body)
            .map_err(|error| self.service.unexpected(&what, error.to_string()))?;
        let field =
            |name: &str| company.get(name).and_then(|text| text.as_str()).filter(|text| !text.is_empty());
        Ok(Facts {
            identity: self.identity.clone(),
            display_name: field("displayName").or(field("name")).unwrap_or_default().to_owned(),
            base_currency_code: self.local_currency().await?,
            base_currency: None,
            // Its own integration keeps its settings where no API shows them; Dataverse shows its traces.
            other_engine: None,
            server_time: response.date,
        })
    }

    async fn local_currency(&self) -> Result<Option<String>, SystemError> {
        for (set, property) in
            [("generalLedgerSetup", "localCurrencyCode"), ("companyInformation", "currencyCode")]
        {
            let query = Query::of(format!("{}/{set}", self.company_path())).select([property]);
            let code =
                |row: serde_json::Value| row.get(property).and_then(|code| code.as_str()).map(str::to_owned);
            let codes = match self.service.all(set, &query.path(), None, code).await {
                // Older versions lack the first, and not every sign-in may read it.
                Err(
                    SystemError::NotFound { .. }
                    | SystemError::Forbidden { .. }
                    | SystemError::BadRequest { .. },
                ) => {
                    continue;
                }
                codes => codes?,
            };
            if let Some(code) = codes.into_iter().flatten().find(|code| !code.is_empty()) {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }
}
