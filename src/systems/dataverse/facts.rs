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
        let currencies = match &base_currency {
            Some(_) => self.currencies().await?,
            None => Vec::new(),
        };
        let is_base = |(row, _): &&(RowId, String)| base_currency.as_ref() == Some(row);
        let other_engine = self.other_engine().await?.at_work();
        Ok(Facts {
            identity: RowId::new(identity).as_str().to_owned(),
            display_name: field("name").unwrap_or_default().to_owned(),
            base_currency_code: currencies.iter().find(is_base).map(|(_, code)| code.clone()),
            // Where several have one code, the one that was first.
            currencies: currencies
                .iter()
                .rev()
                .map(|(row, code)| (code.to_uppercase(), row.clone()))
                .collect(),
            base_currency,
            other_engine,
            companion: None,
            server_time: who.date,
        })
    }

    /// Lists the currencies that have a code, with it.
    async fn currencies(&self) -> Result<Vec<(RowId, String)>, SystemError> {
        let columns = ["transactioncurrencyid", "isocurrencycode"];
        let query = Query::of("transactioncurrencies").select(columns).order_by("createdon");
        let currency = |row: serde_json::Value| {
            let [id, code] = columns.map(|column| row.get(column).and_then(|value| value.as_str()));
            Some((RowId::new(id?), code?.to_owned()))
        };
        let listed = self.service.all("the currencies", &query.path(), None, currency).await?;
        Ok(listed.into_iter().flatten().collect())
    }
}

fn text(body: &[u8], name: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    json.get(name)?.as_str().map(str::to_owned)
}
