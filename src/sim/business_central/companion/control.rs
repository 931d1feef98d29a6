//! `syncState` and `users`: rows without a table.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::sim::business_central::error::Fault;
use crate::sim::business_central::service::{Operation, Service};
use crate::sim::business_central::stamp;
use crate::sim::store::Row;

const CONTRACT_REVISION: u32 = 1;

/// Makes the one row that says where the change feed stands.
pub(super) fn sync_state(service: &Service, operation: &Operation<'_>) -> Result<Vec<Row>, Fault> {
    let id = service.company();
    // The minimum is taken before the last, so that it can only be too low.
    let minimum = service.minimum_active_version();
    let values = vec![
        json!(id),
        json!(CONTRACT_REVISION),
        json!("1.0.0.0"),
        json!(service.companion.lineage),
        json!(service.store.version()),
        json!(minimum),
        json!(service.companion.tombstones_from),
        json!(stamp(service.clock.millis())),
        json!(service.author(operation.request)),
        json!(service.local_currency()),
        json!(true),
        json!(service.default_price_list()),
        json!("Resource"),
        json!(""),
        json!(""),
        json!(false),
    ];
    Ok(vec![Row { id, version: service.store.version(), values }])
}

/// Makes a row for each user.
pub(super) fn users(service: &Service, _: &Operation<'_>) -> Result<Vec<Row>, Fault> {
    let user = |id: Uuid, name: &str, display_name: &str| Row {
        id,
        version: 1,
        values: vec![json!(id), Value::from(name), Value::from(display_name)],
    };
    Ok(vec![
        user(service.seed.application_user, "TANDEM", "# Tandem"),
        user(service.seed.person, "NANCY", "Nancy Davolio"),
    ])
}

impl Service {
    /// Returns the lowest version a transaction that is still open may have used, or the next one.
    pub(super) fn minimum_active_version(&self) -> u64 {
        let late = self.late.values().map(|late| late.version);
        let uncommitted = self.uncommitted.iter().map(|(_, row)| row.version);
        let open = late.chain(uncommitted).chain(self.companion.open_transaction).min();
        open.unwrap_or(self.store.version() + 1)
    }

    fn default_price_list(&self) -> String {
        let headers = self.set("priceListHeaders");
        let mut found = headers
            .into_iter()
            .flat_map(|table| self.store.rows(table).after_key(None).map(move |row| (table, row)));
        found.next().map(|(table, row)| self.code_of_row(table, row).to_owned()).unwrap_or_default()
    }
}
