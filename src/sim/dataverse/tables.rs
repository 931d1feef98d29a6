//! The tables of the simulated organisation. Another table is another function here and a line in [`all`].

use super::schema::{AlternateKey, Choice, Column, Kind, StateOption, StatusOption, Table};

const ACTIVE_INACTIVE: &[StateOption] = &[(0, "Active", 1), (1, "Inactive", 2)];
const ACTIVE_INACTIVE_STATUS: &[StatusOption] = &[(1, "Active", 0), (2, "Inactive", 1)];

const CUSTOMER_TYPES: &[Choice] = &[
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
const PAYMENT_TERMS: &[Choice] = &[(1, "Net 30"), (2, "2% 10, Net 30"), (3, "Net 45"), (4, "Net 60")];
const FREIGHT_TERMS: &[Choice] = &[(1, "FOB"), (2, "No Charge")];
const SHIPPING_METHODS: &[Choice] = &[
    (1, "Airborne"),
    (2, "DHL"),
    (3, "FedEx"),
    (4, "UPS"),
    (5, "Postal Mail"),
    (6, "Full Load"),
    (7, "Will Call"),
];
const PRODUCT_TYPES: &[Choice] =
    &[(1, "Sales Inventory"), (2, "Miscellaneous Charges"), (3, "Services"), (4, "Flat Fees")];
const PRODUCT_STATES: &[StateOption] =
    &[(0, "Active", 1), (1, "Retired", 2), (2, "Draft", 0), (3, "Under Revision", 3)];
const PRODUCT_STATUSES: &[StatusOption] =
    &[(1, "Active", 0), (2, "Retired", 1), (0, "Draft", 2), (3, "Under Revision", 3)];

/// Returns every table.
pub(super) fn all() -> Vec<Table> {
    vec![account(), product(), transactioncurrency(), organization(), systemuser()]
}

fn column(name: &'static str, kind: Kind) -> Column {
    let property = match kind {
        Kind::Lookup { .. } | Kind::Owner => format!("_{name}_value"),
        _ => name.to_owned(),
    };
    Column { name, property, kind, required: false, create: true, update: true }
}

fn text(name: &'static str, max: usize) -> Column {
    column(name, Kind::Text { max })
}

fn required(column: Column) -> Column {
    Column { required: true, ..column }
}

fn read_only(column: Column) -> Column {
    Column { create: false, update: false, ..column }
}

fn lookup(name: &'static str, targets: &'static [&'static str], restrict: bool) -> Column {
    column(name, Kind::Lookup { navigation: name, targets, restrict })
}

/// A primary key can be chosen on create and never changes.
fn id(name: &'static str) -> Column {
    Column { update: false, ..column(name, Kind::Id) }
}

/// A money column and its base-currency companion.
fn money(name: &'static str, base: &'static str) -> [Column; 2] {
    [column(name, Kind::Money), read_only(column(base, Kind::MoneyBase(name)))]
}

/// The columns every table keeps by itself.
fn kept(states: &'static [StateOption], statuses: &'static [StatusOption]) -> Vec<Column> {
    vec![
        column("statecode", Kind::State(states)),
        column("statuscode", Kind::Status(statuses)),
        read_only(column("createdon", Kind::DateTime)),
        read_only(column("modifiedon", Kind::DateTime)),
        read_only(lookup("createdby", &["systemuser"], false)),
        read_only(lookup("modifiedby", &["systemuser"], false)),
        read_only(column("versionnumber", Kind::Version)),
    ]
}

/// The currency of a row that holds money.
fn currency() -> [Column; 2] {
    [
        lookup("transactioncurrencyid", &["transactioncurrency"], true),
        read_only(column("exchangerate", Kind::Decimal { precision: 12 })),
    ]
}

fn account() -> Table {
    let mut columns = vec![
        id("accountid"),
        text("name", 160),
        text("accountnumber", 20),
        column("customertypecode", Kind::Choice(CUSTOMER_TYPES)),
        text("address1_primarycontactname", 100),
        text("address1_line1", 250),
        text("address1_line2", 250),
        text("address1_postalcode", 20),
        text("address1_city", 80),
        text("address1_country", 80),
        text("address1_stateorprovince", 50),
        text("emailaddress1", 100),
        text("fax", 50),
        text("websiteurl", 200),
        text("telephone1", 50),
        text("telephone2", 50),
        column("description", Kind::Memo { max: 2000 }),
        column("address1_freighttermscode", Kind::Choice(FREIGHT_TERMS)),
        column("address1_shippingmethodcode", Kind::Choice(SHIPPING_METHODS)),
        column("paymenttermscode", Kind::Choice(PAYMENT_TERMS)),
        column("creditonhold", Kind::Boolean),
        lookup("primarycontactid", &["contact"], false),
        lookup("parentaccountid", &["account"], false),
        column("ownerid", Kind::Owner),
    ];
    columns.extend(money("creditlimit", "creditlimit_base"));
    columns.extend(currency());
    columns.extend(kept(ACTIVE_INACTIVE, ACTIVE_INACTIVE_STATUS));
    Table {
        logical_name: "account",
        schema_name: "Account",
        set: "accounts",
        primary_id: "accountid",
        primary_name: "name",
        object_type_code: 1,
        ownership: "UserOwned",
        change_tracking: true,
        keys: vec![AlternateKey { schema_name: "tnd_AccountNumberKey", column: "accountnumber" }],
        columns,
    }
}

fn product() -> Table {
    let mut columns = vec![
        id("productid"),
        text("name", 100),
        text("productnumber", 100),
        column("producttypecode", Kind::Choice(PRODUCT_TYPES)),
        column("description", Kind::Memo { max: 2000 }),
        column("stockvolume", Kind::Decimal { precision: 5 }),
        column("stockweight", Kind::Decimal { precision: 5 }),
        text("vendorid", 100),
        text("vendorpartnumber", 100),
        column("quantityonhand", Kind::Decimal { precision: 5 }),
        column("quantitydecimal", Kind::Integer { min: 0, max: 5 }),
        lookup("defaultuomid", &["uom"], true),
        lookup("defaultuomscheduleid", &["uomschedule"], true),
    ];
    columns.extend(money("price", "price_base"));
    columns.extend(money("standardcost", "standardcost_base"));
    columns.extend(money("currentcost", "currentcost_base"));
    columns.extend(currency());
    columns.extend(kept(PRODUCT_STATES, PRODUCT_STATUSES));
    Table {
        logical_name: "product",
        schema_name: "Product",
        set: "products",
        primary_id: "productid",
        primary_name: "name",
        object_type_code: 1024,
        ownership: "OrganizationOwned",
        change_tracking: true,
        keys: vec![AlternateKey { schema_name: "tnd_ProductNumberKey", column: "productnumber" }],
        columns,
    }
}

fn transactioncurrency() -> Table {
    let mut columns = vec![
        id("transactioncurrencyid"),
        required(text("isocurrencycode", 5)),
        required(text("currencyname", 100)),
        required(text("currencysymbol", 13)),
        required(column("exchangerate", Kind::Decimal { precision: 12 })),
        required(column("currencyprecision", Kind::Integer { min: 0, max: 4 })),
    ];
    columns.extend(kept(ACTIVE_INACTIVE, ACTIVE_INACTIVE_STATUS));
    Table {
        logical_name: "transactioncurrency",
        schema_name: "TransactionCurrency",
        set: "transactioncurrencies",
        primary_id: "transactioncurrencyid",
        primary_name: "currencyname",
        object_type_code: 9105,
        ownership: "OrganizationOwned",
        change_tracking: true,
        keys: vec![AlternateKey { schema_name: "tnd_IsoCurrencyCodeKey", column: "isocurrencycode" }],
        columns,
    }
}

fn organization() -> Table {
    let columns = vec![
        id("organizationid"),
        text("name", 160),
        read_only(lookup("basecurrencyid", &["transactioncurrency"], true)),
        column("expirechangetrackingindays", Kind::Integer { min: 0, max: 365 }),
        column("pricingdecimalprecision", Kind::Integer { min: 0, max: 4 }),
        column("languagecode", Kind::Integer { min: 0, max: 100_000 }),
        read_only(column("createdon", Kind::DateTime)),
        read_only(column("modifiedon", Kind::DateTime)),
        read_only(column("versionnumber", Kind::Version)),
    ];
    Table {
        logical_name: "organization",
        schema_name: "Organization",
        set: "organizations",
        primary_id: "organizationid",
        primary_name: "name",
        object_type_code: 1019,
        ownership: "None",
        change_tracking: false,
        keys: Vec::new(),
        columns,
    }
}

fn systemuser() -> Table {
    let columns = vec![
        id("systemuserid"),
        text("fullname", 200),
        text("domainname", 1024),
        text("internalemailaddress", 100),
        column("applicationid", Kind::Id),
        column("isdisabled", Kind::Boolean),
        read_only(column("createdon", Kind::DateTime)),
        read_only(column("modifiedon", Kind::DateTime)),
        read_only(column("versionnumber", Kind::Version)),
    ];
    Table {
        logical_name: "systemuser",
        schema_name: "SystemUser",
        set: "systemusers",
        primary_id: "systemuserid",
        primary_name: "fullname",
        object_type_code: 8,
        ownership: "BusinessOwned",
        change_tracking: true,
        keys: Vec::new(),
        columns,
    }
}
