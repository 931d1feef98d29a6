//! People and companies one deals with: customers, vendors, contacts, opportunities, and who of one's own looks after them.

use super::super::schema::{Kind, Set, Verbs};
use super::columns::{
    address, boolean, code, code_in, column, date, decimal, id, looked_up, modified, needed, pair,
    postal_address, read_only, reference, set, text,
};

const CONTACT_TYPES: &[&str] = &["Company", "Person"];
const CUSTOMER_BLOCKED: &[&str] = &["_x0020_", "Ship", "Invoice", "All"];
const VENDOR_BLOCKED: &[&str] = &["_x0020_", "Payment", "All"];
const CONTACT_RELATIONS: &[&str] =
    &["_x0020_", "Customer", "Vendor", "Bank_x0020_Account", "Employee", "None", "Other", "Multiple"];
const OPPORTUNITY_STATUS: &[&str] = &["Not_x0020_Started", "In_x0020_Progress", "Won", "Lost"];

pub(super) fn all() -> Vec<Set> {
    vec![
        customers(),
        customer_financial_details(),
        vendors(),
        contacts(),
        salespeople_purchasers(),
        opportunities(),
    ]
}

fn customers() -> Set {
    let mut columns = vec![
        id(),
        code("number", 20),
        needed(text("displayName", 100)),
        column("type", Kind::Enum("contactType", CONTACT_TYPES)),
    ];
    columns.extend(address());
    columns.extend([
        code_in("salespersonCode", 20, "salespeoplePurchasers"),
        read_only(column("balanceDue", Kind::BalanceDue)),
        decimal("creditLimit"),
        boolean("taxLiable"),
        text("taxRegistrationNumber", 50),
    ]);
    columns.extend(pair("currencyId", "currencies", "currencyCode", 10));
    columns.extend([
        reference("paymentTermsId", "paymentTerms"),
        reference("shipmentMethodId", "shipmentMethods"),
        reference("paymentMethodId", "paymentMethods"),
        column("blocked", Kind::Enum("customerBlocked", CUSTOMER_BLOCKED)),
        modified(),
    ]);
    Set { series: Some("C"), ..set("customers", "customer", (18, "Customer"), "number", columns) }
}

/// The stamp is the customer's: figures don't move it.
fn customer_financial_details() -> Set {
    let columns = vec![
        id(),
        read_only(code("number", 20)),
        read_only(decimal("balance")),
        read_only(decimal("totalSalesExcludingTax")),
        read_only(decimal("overdueAmount")),
        modified(),
    ];
    Set {
        verbs: Verbs::Read,
        view_of: Some("customers"),
        ..set("customerFinancialDetails", "customerFinancialDetail", (18, "Customer"), "number", columns)
    }
}

fn vendors() -> Set {
    let mut columns = vec![id(), code("number", 20), needed(text("displayName", 100))];
    columns.extend(address());
    columns.push(text("taxRegistrationNumber", 50));
    columns.extend(pair("currencyId", "currencies", "currencyCode", 10));
    columns.extend([
        reference("paymentTermsId", "paymentTerms"),
        reference("paymentMethodId", "paymentMethods"),
        boolean("taxLiable"),
        column("blocked", Kind::Enum("vendorBlocked", VENDOR_BLOCKED)),
        read_only(decimal("balance")),
        modified(),
    ]);
    Set { series: Some("VEN"), ..set("vendors", "vendor", (23, "Vendor"), "number", columns) }
}

fn contacts() -> Set {
    let mut columns = vec![
        id(),
        code("number", 20),
        column("type", Kind::Enum("contactType", CONTACT_TYPES)),
        needed(text("displayName", 100)),
        text("jobTitle", 30),
        code_in("companyNumber", 20, "contacts"),
        text("companyName", 100),
        column("contactBusinessRelation", Kind::Enum("contactBusinessRelation", CONTACT_RELATIONS)),
    ];
    columns.extend(postal_address());
    columns.extend([
        text("mobilePhoneNumber", 30),
        text("email", 80),
        text("website", 255),
        code("searchName", 100),
        boolean("privacyBlocked"),
        text("taxRegistrationNumber", 50),
        read_only(date("lastInteractionDate")),
        modified(),
    ]);
    Set { series: Some("CT"), ..set("contacts", "contact", (5050, "Contact"), "number", columns) }
}

fn salespeople_purchasers() -> Set {
    let columns = vec![
        id(),
        needed(code("code", 20)),
        text("displayName", 50),
        text("email", 80),
        text("email2", 80),
        text("phoneNo", 30),
        text("jobTitle", 30),
        // So it is spelt in the product.
        decimal("commisionPercent"),
        boolean("privacyBlocked"),
        boolean("blocked"),
        modified(),
    ];
    let table = (13, "Salesperson/Purchaser");
    set("salespeoplePurchasers", "salespersonPurchaser", table, "code", columns)
}

fn opportunities() -> Set {
    let columns = vec![
        id(),
        code("number", 20),
        code_in("contactNumber", 20, "contacts"),
        looked_up("contactName", "contactNumber", "displayName"),
        looked_up("contactCompanyName", "contactNumber", "companyName"),
        code_in("salespersonCode", 20, "salespeoplePurchasers"),
        text("description", 100),
        read_only(column("status", Kind::Enum("opportunityStatus", OPPORTUNITY_STATUS))),
        read_only(boolean("closed")),
        read_only(date("creationDate")),
        read_only(date("dateClosed")),
        read_only(decimal("calculatedCurrentValue")),
        read_only(decimal("chancesOfSuccessPrc")),
        read_only(decimal("completedPrc")),
        read_only(date("estimatedClosingDate")),
        read_only(decimal("estimatedValue")),
        read_only(column("systemCreatedAt", Kind::DateTime)),
        modified(),
    ];
    Set {
        series: Some("OP"),
        ..set("opportunities", "opportunity", (5092, "Opportunity"), "number", columns)
    }
}
