//! Who the organisation is.

use super::client::Dataverse;
use crate::model::RowId;
use crate::systems::odata::{Page, Query};
use crate::systems::{Facts, SystemError};

impl Dataverse {
    pub(super) async fn read_facts(&self) -> Result<Facts, SystemError> {
        let what = "the organisation";
        let who = self.service.get(what, &self.service.url("WhoAmI"), None).await?;
        let identity =
            text(&who.body, "OrganizationId").ok_or_else(|| self.service.unexpected(what, "no id"))?;
        let query = Query::of("organizations").select(["name", "_basecurrencyid_value"]);
        let response = self.service.get(what, &self.service.url(&query.path()), None).await?;
        let page: Page<serde_json::Value> =
            self.service.page(what, &self.service.root, &response, |entry| entry)?;
        let organisation =
            page.rows.first().ok_or_else(|| self.service.unexpected(what, "no organisation"))?;
        let field = |name: &str| organisation.get(name).and_then(|value| value.as_str());
        let base_currency = field("_basecurrencyid_value").map(RowId::new).filter(|id| !id.is_zero());
        let base_currency_code = match &base_currency {
            Some(currency) => self.currency_code(currency).await?,
            None => None,
        };
        let other_engine = self.other_engine().await?.at_work();
        Ok(Facts {
            identity: RowId::new(identity).as_str().to_owned(),
            display_name: field("name").unwrap_or_default().to_owned(),
            base_currency_code,
            base_currency,
            other_engine,
            companion: None,
            server_time: who.date,
        })
    }

    async fn currency_code(&self, currency: &RowId) -> Result<Option<String>, SystemError> {
        let query = Query::of(format!("transactioncurrencies({currency})")).select(["isocurrencycode"]);
        let currency = self.service.object("the base currency", &query.path()).await?;
        Ok(currency.get("isocurrencycode").and_then(|code| code.as_str()).map(str::to_owned))
    }
}

fn text(body: &[u8], name: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    json.get(name)?.as_str().map(str::to_owned)
}
