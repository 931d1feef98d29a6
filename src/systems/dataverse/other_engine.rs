//! Other engines that keep rows in step here: Business Central's own integration, which has a row of its own for each
//! company it serves once it is set up, and another Tandem, which shows by the rows it made.

use serde_json::Value as Json;

use super::another_tandem::LOOKED_AT;
use super::client::Dataverse;
use crate::model::TableName;
use crate::systems::examine::is_no_answer;
use crate::systems::odata::{Page, Query};
use crate::systems::{Check, Finding, SystemError, Verdict};

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

    /// Says what shows of other engines.
    pub(super) async fn other_engine_findings(
        &self,
        tables: impl Iterator<Item = &TableName>,
    ) -> Vec<Finding> {
        let mut findings = vec![match self.other_engine().await {
            Ok(engine) => engine.finding(),
            Err(error) => Finding::refused(Check::OtherEngine, &error),
        }];
        let mut made = Vec::new();
        for table in tables {
            match self.rows_made_elsewhere(table).await {
                Ok(rows) if rows.is_empty() => {}
                Ok(rows) => made.push(format!("{} in {table}", rows.len())),
                // Whether a table can be read is a finding of its own.
                Err(_) => {}
            }
        }
        findings.push(another_tandem(&made));
        findings
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

impl OtherEngine {
    fn finding(&self) -> Finding {
        let (check, warning) = (Check::OtherEngine, Verdict::Warning);
        match self {
            Self::Absent => Finding::good(
                check,
                format!(
                    "no trace of the integration built into Business Central (its table {COMPANY_TABLE} is not there)"
                ),
            ),
            Self::Installed => Finding::good(
                check,
                "the integration built into Business Central is installed, and no company is set up for it",
            ),
            Self::Hidden => Finding::bad(
                check,
                warning,
                "the integration built into Business Central is installed; whether it is set up may not be read",
                "look in Business Central on the page `Dataverse Connection Setup`",
            ),
            engine @ Self::AtWork(_) => Finding::bad(
                check,
                warning,
                format!("{} keeps rows in step here", engine.at_work().unwrap_or_default()),
                "switch it off for the tables Tandem maps; if both are wanted, \
                 set `other_engine = \"known\"` on this connection",
            ),
        }
    }
}

/// Says how many rows look as if another Tandem had made them, table by table.
fn another_tandem(made: &[String]) -> Finding {
    let looked =
        format!("among the newest {LOOKED_AT} rows of each table; one with the same sign-in would not show");
    if made.is_empty() {
        return Finding::good(
            Check::OtherEngine,
            format!("no row that another Tandem made with another sign-in, {looked}"),
        );
    }
    Finding::bad(
        Check::OtherEngine,
        Verdict::Warning,
        format!("rows that a Tandem made with another sign-in: {} ({looked})", made.join(", ")),
        "find out who runs it and stop one of the two. If it was this one before its sign-in was changed, nothing is \
         amiss; if both are wanted, set `other_engine = \"known\"` on this connection",
    )
}

/// Returns a company's name. The column's own name is not documented, but for its prefix.
fn company_name(company: &Json) -> String {
    let names = company.as_object().into_iter().flatten();
    let name = names.filter(|(column, _)| column.ends_with("_name")).find_map(|(_, name)| name.as_str());
    name.unwrap_or("a company without a name").to_owned()
}
