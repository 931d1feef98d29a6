//! What there is once in an organisation, and currencies, solutions and the messages the service knows.

use super::columns::{boolean, column, decimal, integer, lookup, read_only, required, table, text};
use crate::sim::dataverse::schema::{Kind, Table};

pub(super) fn tables() -> Vec<Table> {
    vec![transactioncurrency(), organization(), solution(), sdkmessage(), sdkmessagefilter()]
}

fn transactioncurrency() -> Table {
    table("TransactionCurrency", "transactioncurrencies", "currencyname", 9105)
        .with([
            required(text("isocurrencycode", 5)),
            required(text("currencyname", 100)),
            required(text("currencysymbol", 13)),
            required(decimal("exchangerate", 12)),
            required(integer("currencyprecision", 0, 4)),
        ])
        .kept()
        .with_key("tnd_IsoCurrencyCodeKey", "isocurrencycode")
}

fn organization() -> Table {
    let mut table = table("Organization", "organizations", "name", 1019)
        .with([
            text("name", 160),
            read_only(lookup("basecurrencyid", "transactioncurrency", "basecurrency_organization", true)),
            integer("expirechangetrackingindays", 0, 365),
            integer("pricingdecimalprecision", 0, 4),
            integer("languagecode", 0, 100_000),
            boolean("isauditenabled"),
            read_only(column("createdon", Kind::DateTime)),
            read_only(column("modifiedon", Kind::DateTime)),
            read_only(column("versionnumber", Kind::Version)),
        ])
        .untracked();
    table.ownership = "None";
    table
}

fn solution() -> Table {
    table("Solution", "solutions", "friendlyname", 7100)
        .with([
            required(text("uniquename", 65)),
            required(text("friendlyname", 256)),
            required(text("version", 256)),
            boolean("ismanaged"),
            boolean("isvisible"),
            read_only(column("installedon", Kind::DateTime)),
        ])
        .stamped()
        .untracked()
}

fn sdkmessage() -> Table {
    table("SdkMessage", "sdkmessages", "name", 4606).with([text("name", 256)]).stamped().untracked()
}

/// Which message is there for which table.
fn sdkmessagefilter() -> Table {
    table("SdkMessageFilter", "sdkmessagefilters", "name", 4607)
        .with([
            text("name", 256),
            text("primaryobjecttypecode", 64),
            lookup("sdkmessageid", "sdkmessage", "sdkmessageid_sdkmessagefilter", true),
        ])
        .stamped()
        .untracked()
}
