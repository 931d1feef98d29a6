//! Opportunities and the entries their stage and value come from.

use crate::sim::business_central::companion::computed::parties as computed;
use crate::sim::business_central::companion::declare::{
    ALL, Declaration, Entry, READ, boolean, code, date, decimal, figure, guid, integer, member, pair, read,
    text, view,
};

const STATUS: &[&str] = &["Not_x0020_Started", "In_x0020_Progress", "Won", "Lost"];

pub(super) fn sets() -> Vec<Declaration> {
    vec![
        view("opportunities", "opportunity", "opportunities", &["number"], ALL, opportunity()),
        view(
            "opportunityEntries",
            "opportunityEntry",
            "opportunityEntries",
            &["entryNumber"],
            READ,
            read(vec![
                integer("entryNumber"),
                code("opportunityNumber", 20),
                boolean("active"),
                decimal("estimatedValue"),
                decimal("calculatedCurrentValue"),
                decimal("probability"),
                date("estimatedClosingDate"),
                date("dateClosed"),
            ]),
        ),
    ]
}

fn opportunity() -> Vec<Entry> {
    let mut entries = vec![
        code("number", 20).insert(),
        text("description", 100),
        pair("contactId^", "contactNumber", 20, "contacts"),
        text("contactName", 100).read(),
        figure(guid("contactCompanyId^"), computed::company_of_opportunity),
        figure(code("contactCompanyNumber", 20), computed::company_number_of_opportunity),
        text("contactCompanyName", 100).read(),
        pair("salespersonId^", "salespersonCode", 20, "salespeoplePurchasers"),
        code("salesCycleCode", 10).insert(),
    ];
    entries.extend(read(vec![
        member("status", "opportunityStatus", STATUS),
        boolean("closed"),
        date("creationDate"),
        date("dateClosed"),
        decimal("estimatedValue"),
        date("estimatedClosingDate"),
        decimal("calculatedCurrentValue"),
        decimal("probability"),
        decimal("chancesOfSuccessPrc"),
        decimal("completedPrc"),
    ]));
    entries
}
