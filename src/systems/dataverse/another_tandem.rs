//! Traces of another Tandem: rows under an id derived from a row of another system, as Tandem makes them, that another user
//! made.
//!
//! Whether such a row is ours from before, when the sign-in was another one, only the store knows. A Tandem with the same
//! sign-in leaves no trace that could be told from our own.

use serde_json::Value as Json;
use uuid::{Uuid, Variant};

use super::choices::is_choice;
use super::client::Dataverse;
use crate::model::{ColumnName, RowId, TableName};
use crate::systems::SystemError;
use crate::systems::odata::{Object, Page, Query};

/// How many of the newest rows of a table are looked at.
pub(super) const LOOKED_AT: usize = 500;

impl Dataverse {
    /// Looks once at the newest rows of a table.
    pub(super) async fn rows_made_elsewhere(&self, table: &TableName) -> Result<Vec<RowId>, SystemError> {
        // Options have numbers, which tell nothing of who made them.
        if is_choice(table) {
            return Ok(Vec::new());
        }
        let mut known = self.made_elsewhere.lock().await;
        if let Some(rows) = known.get(table) {
            return Ok(rows.clone());
        }
        let rows = self.look_for_rows_made_elsewhere(table).await?;
        known.insert(table.clone(), rows.clone());
        Ok(rows)
    }

    async fn look_for_rows_made_elsewhere(&self, table: &TableName) -> Result<Vec<RowId>, SystemError> {
        let schema = self.schema(table).await?;
        let tells = |column: &str| schema.wire(&ColumnName::new(column)).is_some();
        if !tells("createdby") || !tells("createdon") {
            return Ok(Vec::new());
        }
        let what = "who made its rows";
        let Some(own) = self.own_user(what).await? else { return Ok(Vec::new()) };
        let key = schema.description.key.as_str();
        let query = Query::of(table.as_str()).select([key, "_createdby_value"]).order_by("createdon desc");
        let url = self.service.url(&query.path());
        let prefer = format!("odata.maxpagesize={LOOKED_AT}");
        let response = self.service.get(what, &url, Some(&prefer)).await?;
        let page: Page<Option<RowId>> =
            self.service.page(what, &url, &response, |row| made_elsewhere(row.as_object()?, key, &own))?;
        Ok(page.rows.into_iter().flatten().collect())
    }

    async fn own_user(&self, what: &str) -> Result<Option<RowId>, SystemError> {
        let who = self.service.object(what, "WhoAmI").await?;
        Ok(who.get("UserId").and_then(Json::as_str).map(RowId::new))
    }
}

/// Returns a row's id if Tandem's way of making rows shows in it, and another user made it.
fn made_elsewhere(row: &Object, key: &str, own: &RowId) -> Option<RowId> {
    let id = row.get(key)?.as_str()?;
    let maker = RowId::new(row.get("_createdby_value")?.as_str()?);
    (is_derived(id) && maker != *own).then(|| RowId::new(id))
}

/// Returns whether an id is derived from a name (UUID version 5). Dataverse itself counts its ids up, and other programs
/// draw theirs by chance.
fn is_derived(id: &str) -> bool {
    Uuid::try_parse(id).is_ok_and(|id| id.get_version_num() == 5 && id.get_variant() == Variant::RFC4122)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_derived_id_of_another_maker_is_a_trace() {
        let own = RowId::new("aaaaaaaa-0000-4000-8000-000000000001");
        let other = "bbbbbbbb-0000-4000-8000-000000000002";
        let derived = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"x").to_string();
        let check = |id: &str, maker: &str| {
            let row = json!({"accountid": id, "_createdby_value": maker});
            made_elsewhere(row.as_object().unwrap(), "accountid", &own).is_some()
        };
        assert!(check(&derived, other));
        assert!(check(&derived.to_uppercase(), other));
        assert!(!check(&derived, own.as_str()));
        assert!(!check(&Uuid::new_v4().to_string(), other));
        assert!(!check("5d0e1a52-9f3a-ee11-a81c-000d3a2b1c4d", other), "Dataverse's own");
        assert!(!check("5d0e1a52-9f3a-5e11-281c-000d3a2b1c4d", other), "of another variant");
        assert!(!check("no id", other));
    }
}
