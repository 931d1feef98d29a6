//! What the integration built into Business Central adds when its solution is there.

use super::columns::{column, lookup, required, table, text};
use crate::sim::dataverse::schema::{Column, Kind, Table};

/// Its table of companies.
const COMPANY: &str = "bcbi_company";
/// The tables whose rows name their company.
const WITH_COMPANY: &[&str] =
    &["account", "contact", "product", "invoice", "quote", "salesorder", "opportunity", "pricelevel"];

pub(super) fn tables() -> Vec<Table> {
    let mut company = table(COMPANY, "bcbi_companies", "bcbi_name", 10_101)
        .with([
            required(text("bcbi_name", 100)),
            text("bcbi_externalid", 100),
            lookup("bcbi_defaultowningteamid", "team", "bcbi_team_company", false),
            column("bcbi_ishidden", Kind::Boolean),
        ])
        .owned()
        .kept();
    company.custom = true;
    for column in company.columns.iter_mut().filter(|column| column.name.starts_with("bcbi_")) {
        column.custom = true;
    }
    vec![company]
}

/// Returns the column with which a table's rows name their company.
pub(super) fn company_lookup(table: &str) -> Option<Column> {
    if !WITH_COMPANY.contains(&table) {
        return None;
    }
    let lookup = lookup("bcbi_companyid", COMPANY, &format!("bcbi_company_{table}"), false);
    Some(Column { custom: true, ..lookup })
}
