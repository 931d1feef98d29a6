//! Who the company is.

use std::collections::BTreeMap;

use super::client::BusinessCentral;
use crate::systems::odata::Query;
use crate::systems::{Facts, SystemError};

impl BusinessCentral {
    pub(super) async fn read_facts(&self) -> Result<Facts, SystemError> {
        let what = format!("company {}", self.company.id);
        let response = self.service.get(&what, &self.service.url(&self.company.path), None).await?;
        let company: serde_json::Value = serde_json::from_slice(&response.body)
            .map_err(|error| self.service.unexpected(&what, error.to_string()))?;
        let companion = self.look_for_companion().await?;
        let field =
            |name: &str| company.get(name).and_then(|text| text.as_str()).filter(|text| !text.is_empty());
        let names = ["displayName", "Display_Name", "name", "Name"];
        Ok(Facts {
            identity: self.company.identity.clone(),
            display_name: names.into_iter().find_map(field).unwrap_or_default().to_owned(),
            base_currency_code: self.local_currency().await?,
            base_currency: None,
            currencies: BTreeMap::new(),
            // Its own integration keeps its settings where no API shows them; Dataverse shows its traces.
            other_engine: None,
            companion: Some(companion.is_some()),
            server_time: response.date,
        })
    }

    async fn local_currency(&self) -> Result<Option<String>, SystemError> {
        for (set, property) in
            [("generalLedgerSetup", "localCurrencyCode"), ("companyInformation", "currencyCode")]
        {
            let query = Query::of(format!("{}/{set}", self.company.standard)).select([property]);
            let url = self.service.with_parameters(&query.path());
            let code =
                |row: serde_json::Value| row.get(property).and_then(|code| code.as_str()).map(str::to_owned);
            let codes = match self.service.all_from(set, url, None, code).await {
                // Older versions lack the first, and not every sign-in may read it.
                Err(
                    SystemError::NotFound { .. }
                    | SystemError::Forbidden { .. }
                    | SystemError::Configuration { .. }
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
