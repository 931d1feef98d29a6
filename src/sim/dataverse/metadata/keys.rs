//! Alternate keys as JSON, and the job that makes their indexes: it gets one step further each time somebody looks.

use serde_json::{Value, json};

use crate::sim::dataverse::schema::{AlternateKey, IndexStatus, Table, metadata_id};
use crate::sim::dataverse::service::Service;
use crate::sim::dataverse::switches::Switch;

pub(super) fn definitions(table: &Table) -> Vec<Value> {
    let keys = table.keys.iter().map(|key| {
        json!({
            "MetadataId": key_id(table, key),
            "SchemaName": key.schema_name,
            "LogicalName": key.schema_name.to_lowercase(),
            "DisplayName": super::labels::label(&key.schema_name),
            "EntityLogicalName": table.logical_name,
            "KeyAttributes": key.columns,
            "EntityKeyIndexStatus": key.index.name(),
            "AsyncJob": null,
            "IsManaged": false,
        })
    });
    keys.collect()
}

pub(super) fn key_id(table: &Table, key: &AlternateKey) -> uuid::Uuid {
    metadata_id(&format!("{}/key/{}", table.logical_name, key.schema_name))
}

/// Lets the jobs of a table's keys get on.
pub(super) fn advance(service: &mut Service, table: usize) {
    if service.switched(&Switch::PendingKeys) {
        return;
    }
    for at in 0..service.tables[table].keys.len() {
        let key = service.tables[table].keys[at].clone();
        let next = match key.index {
            IndexStatus::Pending => IndexStatus::InProgress,
            IndexStatus::InProgress => finished(service, table, &key),
            done => done,
        };
        service.tables[table].keys[at].index = next;
    }
}

/// An index cannot be made where two rows have the same key.
fn finished(service: &mut Service, table: usize, key: &AlternateKey) -> IndexStatus {
    let twins = service.store.rows(table).iter().any(|row| service.has_twin(table, key, row));
    if twins {
        return IndexStatus::Failed;
    }
    if let [name] = key.columns.as_slice()
        && let Some(column) = service.tables[table].position(name)
        && !service.store.rows(table).is_unique(column)
    {
        service.store.add_unique(table, column);
    }
    IndexStatus::Active
}
