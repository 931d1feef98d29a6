//! What a reader needs beside the rows: where the change feed stands, what was deleted, who the users are.

use crate::sim::business_central::companion::control::{sync_state, users};
use crate::sim::business_central::companion::declare::{
    Declaration, Entry, READ, big_integer, boolean, code, guid, integer, made, member, moment, read, text,
    view,
};

const CAUSES: &[&str] = &["Deleted", "Posted", "Converted", "Merged"];

pub(super) fn sets() -> Vec<Declaration> {
    vec![
        made("syncState", "syncState", &["id"], sync_state, state()),
        view("deletedRows", "deletedRow", "deletedRows", &["id"], READ, read(deleted_row())),
        made(
            "users",
            "user",
            &["id"],
            users,
            vec![guid("id"), code("userName", 50), text("displayName", 80)],
        ),
    ]
}

/// In the order in which the row is made.
fn state() -> Vec<Entry> {
    vec![
        guid("id"),
        integer("contractRevision"),
        text("extensionVersion", 20),
        guid("lineageId"),
        big_integer("lastUsedRowVersion"),
        big_integer("minimumActiveRowVersion"),
        big_integer("tombstonesFromRowVersion"),
        moment("serverTime"),
        guid("currentUserId"),
        code("localCurrencyCode", 10),
        boolean("newSalesPricing"),
        code("defaultPriceListCode", 20),
        text("writeInProductType", 10),
        code("writeInProductNumber", 20),
        code("freightAccountNumber", 20),
        boolean("archiveOrders"),
    ]
}

fn deleted_row() -> Vec<Entry> {
    vec![
        text("tableName", 30),
        text("entitySetName", 50),
        guid("systemId"),
        code("number", 20),
        guid("parentId"),
        moment("deletedAt"),
        guid("deletedBy"),
        member("cause", "tombstoneCause", CAUSES),
        text("successorEntitySetName", 50),
        guid("successorId"),
        code("successorNumber", 20),
    ]
}
