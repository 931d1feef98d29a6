//! Accounts and contacts.

use super::columns::{address, boolean, choice, customer, date, lookup, memo, money, table, text};
use super::options::{FREIGHT_TERMS, PAYMENT_TERMS, SHIPPING_METHODS};
use crate::sim::dataverse::schema::Table;

const CUSTOMER_TYPES: &[(i64, &str)] = &[
    (1, "Competitor"),
    (2, "Consultant"),
    (3, "Customer"),
    (4, "Investor"),
    (5, "Partner"),
    (6, "Influencer"),
    (7, "Press"),
    (8, "Prospect"),
    (9, "Reseller"),
    (10, "Supplier"),
    (11, "Vendor"),
    (12, "Other"),
];

pub(super) fn tables() -> Vec<Table> {
    vec![account(), contact()]
}

fn account() -> Table {
    table("Account", "accounts", "name", 1)
        .with([
            text("name", 160),
            text("accountnumber", 20),
            choice("customertypecode", CUSTOMER_TYPES),
            text("address1_primarycontactname", 100),
        ])
        .with(address("address1"))
        .with([
            text("emailaddress1", 100),
            text("fax", 50),
            text("websiteurl", 200),
            text("telephone1", 50),
            text("telephone2", 50),
            memo("description"),
            choice("address1_freighttermscode", FREIGHT_TERMS),
            choice("address1_shippingmethodcode", SHIPPING_METHODS),
            choice("paymenttermscode", PAYMENT_TERMS),
            boolean("creditonhold"),
            lookup("primarycontactid", "contact", "account_primary_contact", false),
            lookup("parentaccountid", "account", "account_parent_account", false),
            lookup("defaultpricelevelid", "pricelevel", "price_level_accounts", false),
        ])
        .with(money("creditlimit"))
        .with_currency()
        .owned()
        .kept()
        .with_key("tnd_AccountNumberKey", "accountnumber")
}

fn contact() -> Table {
    let mut table = table("Contact", "contacts", "fullname", 2)
        .with([
            text("fullname", 160),
            text("salutation", 100),
            text("firstname", 50),
            text("middlename", 50),
            text("lastname", 50),
            text("jobtitle", 100),
        ])
        .with(address("address1"))
        .with([
            text("emailaddress1", 100),
            text("fax", 50),
            text("websiteurl", 200),
            text("telephone1", 50),
            text("telephone2", 50),
            text("mobilephone", 50),
            text("pager", 50),
            date("birthdate"),
            memo("description"),
            boolean("creditonhold"),
            customer("parentcustomerid", "contact"),
            lookup("defaultpricelevelid", "pricelevel", "price_level_contacts", false),
        ])
        .with(money("creditlimit"))
        .with_currency()
        .owned()
        .kept();
    // Made of the parts of the name.
    if let Some(position) = table.position("fullname") {
        let column = &mut table.columns[position];
        (column.create, column.update) = (false, false);
    }
    table
}
