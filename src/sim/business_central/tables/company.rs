//! The company itself: its name, its address and the set-up everything else leans on.

use super::super::schema::{Kind, Set, Verbs};
use super::columns::{address, code, column, date, id, modified, read_only, set, text};

pub(super) fn all() -> Vec<Set> {
    vec![companies(), company_information(), general_ledger_setup()]
}

fn companies() -> Set {
    let columns = vec![
        id(),
        text("systemVersion", 50),
        column("timestamp", Kind::BigInteger),
        text("name", 30),
        text("displayName", 250),
        text("businessProfileId", 250),
        column("systemCreatedAt", Kind::DateTime),
        column("systemCreatedBy", Kind::Id),
        column("systemModifiedAt", Kind::DateTime),
        column("systemModifiedBy", Kind::Id),
    ];
    Set { verbs: Verbs::Read, ..set("companies", "company", (2_000_000_006, "Company"), "name", columns) }
}

fn company_information() -> Set {
    let mut columns = vec![id(), text("displayName", 100)];
    columns.extend(address());
    columns.extend([
        text("faxNumber", 30),
        text("taxRegistrationNumber", 50),
        read_only(code("currencyCode", 10)),
        read_only(date("currentFiscalYearStartDate")),
        text("industry", 30),
        modified(),
    ]);
    let table = (79, "Company Information");
    Set {
        verbs: Verbs::ReadAndUpdate,
        ..set("companyInformation", "companyInformation", table, "id", columns)
    }
}

fn general_ledger_setup() -> Set {
    let columns = vec![
        id(),
        date("allowPostingFrom"),
        date("allowPostingTo"),
        code("additionalReportingCurrency", 10),
        code("localCurrencyCode", 10),
        text("localCurrencySymbol", 10),
        modified(),
    ];
    let table = (98, "General Ledger Setup");
    Set { verbs: Verbs::Read, ..set("generalLedgerSetup", "generalLedgerSetup", table, "id", columns) }
}
