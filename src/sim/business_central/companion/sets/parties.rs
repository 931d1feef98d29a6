//! Customers, vendors, contacts and salespeople.

use crate::sim::business_central::companion::computed::parties as computed;
use crate::sim::business_central::companion::declare::{
    ALL, CREATE_UPDATE, Declaration, Entry, READ, boolean, code, decimal, figure, guid, member, pair, read,
    template, text, view,
};

const CONTACT_TYPES: &[&str] = &["Company", "Person"];
const CUSTOMER_BLOCKED: &[&str] = &["_x0020_", "Ship", "Invoice", "All"];
const VENDOR_BLOCKED: &[&str] = &["_x0020_", "Payment", "All"];
const RELATIONS: &[&str] =
    &["_x0020_", "Customer", "Vendor", "Bank_x0020_Account", "Employee", "None", "Other", "Multiple"];
const LINKS: &[&str] = &["_x0020_", "Customer", "Vendor", "Bank_x0020_Account", "Employee"];

pub(super) fn sets() -> Vec<Declaration> {
    vec![
        view("customers", "customer", "customers", &["number"], ALL, customer()),
        view("vendors", "vendor", "vendors", &["number"], ALL, vendor()),
        view("contacts", "contact", "contacts", &["number"], ALL, contact()),
        view(
            "contactBusinessRelations",
            "contactBusinessRelation",
            "contactBusinessRelations",
            &["contactNumber", "businessRelationCode"],
            READ,
            read(vec![
                pair("contactId^", "contactNumber", 20, "contacts"),
                code("businessRelationCode", 10),
                member("linkToTable", "contactBusinessRelationLinkToTable", LINKS),
                code("number", 20),
            ]),
        ),
        view(
            "salespeople",
            "salesperson",
            "salespeoplePurchasers",
            &["code"],
            CREATE_UPDATE,
            vec![
                code("code", 20).insert(),
                text("displayName", 50),
                text("email", 80),
                text("email2", 80),
                text("phoneNo", 30),
                text("jobTitle", 30),
                boolean("privacyBlocked"),
                boolean("blocked"),
            ],
        ),
    ]
}

fn customer() -> Vec<Entry> {
    let mut entries = vec![
        template(),
        code("number", 20).insert(),
        member("type", "contactType", CONTACT_TYPES),
        text("displayName", 100),
    ];
    entries.extend(address());
    entries.extend(business_contact());
    entries.push(pair("salespersonId^", "salespersonCode", 20, "salespeoplePurchasers"));
    entries.extend(terms());
    entries.extend([
        pair("customerPriceGroupId^", "customerPriceGroupCode", 10, "customerPriceGroups"),
        decimal("creditLimit"),
        member("blocked", "customerBlocked", CUSTOMER_BLOCKED),
        figure(guid("companyContactId^"), computed::contact_of_customer),
        figure(code("companyContactNumber^", 20), computed::contact_number_of_customer),
    ]);
    entries
}

fn vendor() -> Vec<Entry> {
    let mut entries = vec![template(), code("number", 20).insert(), text("displayName", 100)];
    entries.extend(address());
    entries.extend(business_contact());
    entries.push(pair("purchaserId^", "purchaserCode", 20, "salespeoplePurchasers"));
    entries.extend(terms());
    entries.extend([
        member("blocked", "vendorBlocked", VENDOR_BLOCKED),
        figure(guid("companyContactId^"), computed::contact_of_vendor),
        figure(code("companyContactNumber^", 20), computed::contact_number_of_vendor),
    ]);
    entries
}

fn address() -> Vec<Entry> {
    vec![
        text("addressLine1", 100),
        text("addressLine2", 50),
        code("country", 10),
        code("postalCode", 20),
        text("city", 30),
        text("state", 30),
    ]
}

/// The primary contact stands before what is copied from it.
fn business_contact() -> Vec<Entry> {
    vec![
        pair("primaryContactId^", "primaryContactNumber", 20, "contacts"),
        text("contact", 100),
        text("phoneNumber", 30),
        text("mobilePhoneNumber", 30),
        text("faxNumber", 30),
        text("email", 80),
        text("website", 255),
    ]
}

fn terms() -> Vec<Entry> {
    vec![
        pair("currencyId", "currencyCode^", 10, "currencies"),
        pair("paymentTermsId", "paymentTermsCode", 10, "paymentTerms"),
        pair("shipmentMethodId", "shipmentMethodCode", 10, "shipmentMethods"),
        pair("shippingAgentId^", "shippingAgentCode", 10, "shippingAgents"),
    ]
}

fn contact() -> Vec<Entry> {
    let mut entries = vec![
        code("number", 20).insert(),
        member("type", "contactType", CONTACT_TYPES).insert(),
        pair("companyId^", "companyNumber", 20, "contacts"),
        text("companyName", 100).read(),
        text("displayName", 100),
        text("firstName", 30),
        text("middleName", 30),
        text("lastName", 30),
        code("salutationCode", 10),
        text("jobTitle", 30),
    ];
    entries.extend(address());
    entries.extend([
        text("phoneNumber", 30),
        text("mobilePhoneNumber", 30),
        text("pager", 30),
        text("faxNumber", 30),
        text("email", 80),
        text("email2", 80),
        text("website", 255),
        pair("currencyId^", "currencyCode^", 10, "currencies"),
        pair("salespersonId^", "salespersonCode", 20, "salespeoplePurchasers"),
        boolean("privacyBlocked"),
        member("contactBusinessRelation", "contactBusinessRelation", RELATIONS).read(),
        figure(guid("relatedCustomerId^"), computed::related_customer),
        figure(code("relatedCustomerNumber^", 20), computed::related_customer_number),
        figure(guid("relatedVendorId^"), computed::related_vendor),
        figure(code("relatedVendorNumber^", 20), computed::related_vendor_number),
    ]);
    entries
}
