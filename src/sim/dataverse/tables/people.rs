//! Users, teams, business units and roles, and who belongs to what.

use super::columns::{boolean, choice, column, lookup, memo, required, table, text};
use crate::sim::dataverse::schema::{Kind, ManyToMany, Side, Table};

const ACCESS_MODES: &[(i64, &str)] = &[
    (0, "Read-Write"),
    (1, "Administrative"),
    (2, "Read"),
    (3, "Support User"),
    (4, "Non-interactive"),
    (5, "Delegated Admin"),
];
const TEAM_TYPES: &[(i64, &str)] = &[(0, "Owner"), (1, "Access"), (2, "Security Group"), (3, "Office Group")];

pub(super) fn tables() -> Vec<Table> {
    let memberships = many_to_many().map(|relationship| {
        let [one, other] = &relationship.sides;
        // The schema names of intersect tables have no capitals that matter.
        table(relationship.intersect, &intersect_set(relationship.intersect), one.column, 0)
            .with([column(one.column, Kind::Id), column(other.column, Kind::Id)])
            .untracked()
    });
    [businessunit(), systemuser(), team(), role()].into_iter().chain(memberships).collect()
}

/// Returns the relationships of many with many.
pub(in crate::sim::dataverse) fn many_to_many() -> [ManyToMany; 3] {
    let side = |table, column, navigation| Side { table, column, navigation };
    [
        ManyToMany {
            schema_name: "teammembership_association",
            intersect: "teammembership",
            sides: [
                side("systemuser", "systemuserid", "teammembership_association"),
                side("team", "teamid", "teammembership_association"),
            ],
        },
        ManyToMany {
            schema_name: "systemuserroles_association",
            intersect: "systemuserroles",
            sides: [
                side("systemuser", "systemuserid", "systemuserroles_association"),
                side("role", "roleid", "systemuserroles_association"),
            ],
        },
        ManyToMany {
            schema_name: "teamroles_association",
            intersect: "teamroles",
            sides: [
                side("team", "teamid", "teamroles_association"),
                side("role", "roleid", "teamroles_association"),
            ],
        },
    ]
}

fn intersect_set(name: &str) -> String {
    let suffix = if name.ends_with('s') { "collection" } else { "s" };
    format!("{name}{suffix}")
}

fn businessunit() -> Table {
    let mut table = table("BusinessUnit", "businessunits", "name", 10)
        .with([
            required(text("name", 160)),
            boolean("isdisabled"),
            lookup("parentbusinessunitid", "businessunit", "business_unit_parent_business_unit", true),
        ])
        .stamped();
    table.ownership = "BusinessOwned";
    table
}

fn systemuser() -> Table {
    let mut table = table("SystemUser", "systemusers", "fullname", 8)
        .with([
            text("fullname", 200),
            text("firstname", 256),
            text("lastname", 256),
            text("domainname", 1024),
            text("internalemailaddress", 100),
            text("personalemailaddress", 100),
            text("mobilephone", 64),
            text("jobtitle", 100),
            column("azureactivedirectoryobjectid", Kind::Id),
            column("applicationid", Kind::Id),
            choice("accessmode", ACCESS_MODES),
            boolean("isdisabled"),
            boolean("islicensed"),
            boolean("isintegrationuser"),
            lookup("businessunitid", "businessunit", "business_unit_system_users", true),
        ])
        .stamped();
    table.ownership = "BusinessOwned";
    table
}

fn team() -> Table {
    let mut table = table("Team", "teams", "name", 9)
        .with([
            required(text("name", 160)),
            memo("description"),
            choice("teamtype", TEAM_TYPES),
            boolean("isdefault"),
            column("azureactivedirectoryobjectid", Kind::Id),
            lookup("businessunitid", "businessunit", "business_unit_teams", true),
            lookup("administratorid", "systemuser", "lk_teambase_administratorid", true),
        ])
        .stamped();
    table.ownership = "BusinessOwned";
    table
}

fn role() -> Table {
    let mut table = table("Role", "roles", "name", 1036)
        .with([
            required(text("name", 100)),
            lookup("businessunitid", "businessunit", "business_unit_roles", true),
            column("roletemplateid", Kind::Id),
        ])
        .stamped();
    table.ownership = "BusinessOwned";
    table
}
