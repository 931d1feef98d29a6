//! Traces of Business Central's own integration: once it is set up, each company it serves has a row of its own.

use serde_json::Value as Json;

use super::client::Dataverse;
use crate::systems::SystemError;
use crate::systems::examine::is_no_answer;
use crate::systems::odata::{Page, Query};

const COMPANY_TABLE: &str = "bcbi_company";

/// What shows of another engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtherEngine {
    Absent,
    /// Its solution is there, and no company is set up.
    Installed,
    /// Its solution is there, and this sign-in may not read which companies are set up.
    Hidden,
    /// Set up for companies of these names.
    AtWork(Vec<String>),
}

impl OtherEngine {
    /// Names the engine if it is at work.
    pub fn at_work(&self) -> Option<String> {
        match self {
            Self::AtWork(companies) => {
                let companies = companies.join(", ");
                Some(format!("the integration built into Business Central (set up for {companies})"))
            }
            Self::Absent | Self::Installed | Self::Hidden => None,
        }
    }
}

impl Dataverse {
    /// Looks for the integration built into Business Central, once.
    pub(super) async fn other_engine(&self) -> Result<&OtherEngine, SystemError> {
        self.other_engine.get_or_try_init(|| self.look_for_other_engine()).await
    }

    async fn look_for_other_engine(&self) -> Result<OtherEngine, SystemError> {
        let table = Query::of(format!("EntityDefinitions(LogicalName='{COMPANY_TABLE}')"));
        let table = self.service.object("another engine", &table.select(["EntitySetName"]).path()).await;
        let set = match table {
            Ok(table) => table.get("EntitySetName").and_then(Json::as_str).map(str::to_owned),
            Err(error) if is_no_answer(&error) => None,
            Err(error) => return Err(error),
        };
        let Some(set) = set else { return Ok(OtherEngine::Absent) };
        let what = "the companies of another engine";
        let url = self.service.url(&set);
        // Not all of them need be named: the first page is enough.
        match self.service.get(what, &url, Some("odata.maxpagesize=10")).await {
            Ok(response) => {
                let page: Page<String> =
                    self.service.page(what, &url, &response, |company| company_name(&company))?;
                Ok(if page.rows.is_empty() { OtherEngine::Installed } else { OtherEngine::AtWork(page.rows) })
            }
            Err(error) if is_no_answer(&error) => Ok(OtherEngine::Hidden),
            Err(error) => Err(error),
        }
    }
}

/// Returns a company's name. The column's own name is not documented, but for its prefix.
fn company_name(company: &Json) -> String {
    let names = company.as_object().into_iter().flatten();
    let name = names.filter(|(column, _)| column.ends_with("_name")).find_map(|(_, name)| name.as_str());
    name.unwrap_or("a company without a name").to_owned()
}
