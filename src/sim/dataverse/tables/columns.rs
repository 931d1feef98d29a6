//! The building blocks of tables: columns of each type, and the columns many tables share.

use super::options::{ACTIVE_INACTIVE, ACTIVE_INACTIVE_STATUS, choices, states, statuses};
use crate::sim::dataverse::schema::{
    AlternateKey, Column, Deletion, IndexStatus, Kind, PrecisionSource, Table, Target,
};

/// Makes a table, with what most tables have in common.
pub(in crate::sim::dataverse) fn table(schema_name: &str, set: &str, primary_name: &str, code: u32) -> Table {
    let logical_name = schema_name.to_lowercase();
    let primary_id = format!("{logical_name}id");
    Table {
        columns: vec![id(&primary_id)],
        schema_name: schema_name.to_owned(),
        label: schema_name.to_owned(),
        set: set.to_owned(),
        primary_id,
        primary_name: primary_name.to_owned(),
        object_type_code: code,
        ownership: "OrganizationOwned",
        custom: false,
        change_tracking: true,
        trackable: true,
        tracking_unpublished: false,
        versions: true,
        keys: Vec::new(),
        logical_name,
    }
}

impl Table {
    pub(super) fn with(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.columns.extend(columns);
        self
    }

    /// Rows belong to a user or team.
    pub(super) fn owned(mut self) -> Self {
        self.ownership = "UserOwned";
        self.with([column("ownerid", Kind::Owner)])
    }

    /// Rows hold money and therefore a currency.
    pub(super) fn with_currency(self) -> Self {
        let collection = format!("transactioncurrency_{}", self.logical_name);
        self.with([
            lookup("transactioncurrencyid", "transactioncurrency", &collection, true),
            read_only(column("exchangerate", Kind::Decimal { precision: 12 })),
        ])
    }

    /// The columns every table keeps by itself, with the states most tables have.
    pub(super) fn kept(self) -> Self {
        self.kept_in_states(ACTIVE_INACTIVE, ACTIVE_INACTIVE_STATUS)
    }

    pub(super) fn kept_in_states(
        self,
        of_states: &[(i64, &str, i64, bool)],
        of_statuses: &[(i64, &str, i64)],
    ) -> Self {
        self.with([
            column("statecode", Kind::State(states(of_states))),
            column("statuscode", Kind::Status(statuses(of_statuses))),
        ])
        .stamped()
    }

    /// When and by whom rows were made and changed.
    pub(super) fn stamped(self) -> Self {
        let name = self.logical_name.clone();
        let user =
            |column: &str| read_only(lookup(column, "systemuser", &format!("lk_{name}_{column}"), false));
        let stamps = [
            read_only(column("createdon", Kind::DateTime)),
            read_only(column("modifiedon", Kind::DateTime)),
            user("createdby"),
            user("modifiedby"),
            user("createdonbehalfby"),
            user("modifiedonbehalfby"),
            Column { update: false, ..column("overriddencreatedon", Kind::DateTime) },
            read_only(column("versionnumber", Kind::Version)),
        ];
        self.with(stamps)
    }

    pub(super) fn with_key(mut self, schema_name: &str, column: &str) -> Self {
        let columns = vec![column.to_owned()];
        self.keys.push(AlternateKey {
            schema_name: schema_name.to_owned(),
            columns,
            index: IndexStatus::Active,
        });
        self
    }

    pub(super) fn untracked(mut self) -> Self {
        (self.change_tracking, self.trackable) = (false, false);
        self
    }
}

pub(in crate::sim::dataverse) fn column(name: &str, kind: Kind) -> Column {
    let property = if kind.is_lookup() { format!("_{name}_value") } else { name.to_owned() };
    Column {
        name: name.to_owned(),
        schema_name: name.to_owned(),
        label: name.to_owned(),
        property,
        kind,
        required: false,
        create: true,
        update: true,
        custom: false,
        global_choice: None,
    }
}

/// Makes a table as an administrator does.
pub(in crate::sim::dataverse) fn made(
    schema_name: &str,
    primary_name: &str,
    code: u32,
    columns: Vec<Column>,
    owned: bool,
) -> Table {
    let set = format!("{}s", schema_name.to_lowercase());
    let table = table(schema_name, &set, primary_name, code).with(columns);
    let mut table = if owned { table.owned() } else { table }.kept();
    (table.custom, table.change_tracking) = (true, false);
    table
}

pub(super) fn text(name: &str, max: usize) -> Column {
    column(name, Kind::Text { max })
}

pub(super) fn memo(name: &str) -> Column {
    column(name, Kind::Memo { max: 2000 })
}

pub(super) fn decimal(name: &str, precision: u32) -> Column {
    column(name, Kind::Decimal { precision })
}

pub(super) fn integer(name: &str, min: i64, max: i64) -> Column {
    column(name, Kind::Integer { min, max })
}

pub(super) fn choice(name: &str, options: &[(i64, &str)]) -> Column {
    column(name, Kind::Choice(choices(options)))
}

pub(super) fn boolean(name: &str) -> Column {
    column(name, Kind::Boolean)
}

pub(super) fn date(name: &str) -> Column {
    column(name, Kind::DateOnly)
}

pub(super) fn date_time(name: &str) -> Column {
    column(name, Kind::DateTime)
}

pub(super) fn required(column: Column) -> Column {
    Column { required: true, ..column }
}

pub(super) fn read_only(column: Column) -> Column {
    Column { create: false, update: false, ..column }
}

/// A lookup whose navigation property has its own name.
pub(in crate::sim::dataverse) fn lookup(
    name: &str,
    target: &str,
    collection: &str,
    restrict: bool,
) -> Column {
    let target =
        Target { table: target.to_owned(), navigation: name.to_owned(), collection: collection.to_owned() };
    let deletion = if restrict { Deletion::Restrict } else { Deletion::RemoveLink };
    column(name, Kind::Lookup { targets: vec![target], deletion })
}

/// A lookup whose row goes with the row it refers to.
pub(super) fn parent(name: &str, target: &str, collection: &str) -> Column {
    let mut column = lookup(name, target, collection, false);
    if let Kind::Lookup { deletion, .. } = &mut column.kind {
        *deletion = Deletion::Cascade;
    }
    column
}

/// A lookup that names an account or a contact.
pub(super) fn customer(name: &str, table: &str) -> Column {
    let targets = ["account", "contact"].map(|target| Target {
        table: target.to_owned(),
        navigation: format!("{name}_{target}"),
        collection: match (name, target) {
            ("parentcustomerid", "account") => "contact_customer_accounts".to_owned(),
            ("parentcustomerid", _) => "contact_customer_contacts".to_owned(),
            _ => format!("{table}_customer_{target}s"),
        },
    });
    column(name, Kind::Lookup { targets: targets.to_vec(), deletion: Deletion::RemoveLink })
}

/// A primary key can be chosen on create and never changes.
pub(super) fn id(name: &str) -> Column {
    Column { update: false, ..column(name, Kind::Id) }
}

/// A money column and its base-currency companion.
pub(super) fn money(name: &str) -> [Column; 2] {
    let base = column(&format!("{name}_base"), Kind::MoneyBase(name.to_owned()));
    [column(name, Kind::Money { source: PrecisionSource::Currency }), read_only(base)]
}

/// Money the service calculates.
pub(super) fn calculated_money(name: &str) -> [Column; 2] {
    money(name).map(read_only)
}

/// The columns of one address: `billto_line1`, `address1_line1`.
pub(super) fn address(prefix: &str) -> Vec<Column> {
    let parts = [
        ("line1", 250),
        ("line2", 250),
        ("postalcode", 20),
        ("city", 80),
        ("country", 80),
        ("stateorprovince", 50),
    ];
    parts.map(|(part, max)| text(&format!("{prefix}_{part}"), max)).to_vec()
}
