//! Consent: before data first flows between two systems, a person is told what goes where, and agrees.

use crate::config::{Config, ConnectionKind};
use crate::mapping::Mapping;
use crate::model::{ConnectionName, MappingName, Side};
use crate::store::{Approval, Consent, MappingState, StoreError};

use super::engine::Engine;
use super::error::EngineError;

impl Engine {
    /// Records that a person agreed to the flow of data and to the first sync of every mapping.
    pub fn approve(&self, by: &str) -> Result<(), StoreError> {
        let at = self.now();
        let mut transaction = self.store().transaction()?;
        let flows: Vec<_> =
            self.config().mappings.iter().map(|mapping| flow(self.config(), mapping)).collect();
        transaction.put_consent(&Consent { by: by.to_owned(), at, text: flows.join("; ") })?;
        for mapping in &self.config().mappings {
            let state = transaction.mapping_state(&mapping.name)?.unwrap_or_default();
            let first_sync_approved = Some(Approval { by: by.to_owned(), at });
            transaction.put_mapping_state(&mapping.name, &MappingState { first_sync_approved, ..state })?;
        }
        transaction.commit()
    }

    /// Returns an error while nobody agreed to what a mapping moves.
    pub(super) fn check_approval(&self, mapping: &Mapping) -> Result<(), EngineError> {
        if self.is_rehearsal() || self.is_approved(mapping)? {
            return Ok(());
        }
        let flow = flow(self.config(), mapping);
        Err(EngineError::NotApproved { mapping: mapping.name.clone(), flow })
    }

    fn is_approved(&self, mapping: &Mapping) -> Result<bool, StoreError> {
        let configured = self.config().settings.consent.as_ref();
        if configured.is_some_and(|consent| consent.first_sync_approved) {
            return Ok(true);
        }
        let state = self.store().snapshot()?.mapping_state(&mapping.name)?;
        Ok(self.has_consent()? && state.is_some_and(|state| state.first_sync_approved.is_some()))
    }

    /// Lists the mappings that nobody agreed to yet, each with what it would move.
    pub fn unapproved_flows(&self) -> Result<Vec<(MappingName, String)>, StoreError> {
        let mut flows = Vec::new();
        for mapping in &self.config().mappings {
            if self.config().standing_still_for(mapping).is_none() && !self.is_approved(mapping)? {
                flows.push((mapping.name.clone(), flow(self.config(), mapping)));
            }
        }
        Ok(flows)
    }

    /// Returns whether a person ever agreed that data flows.
    pub fn has_consent(&self) -> Result<bool, StoreError> {
        Ok(self.config().settings.consent.is_some() || self.store().snapshot()?.consent()?.is_some())
    }

    /// Says what all mappings would move, as long as nobody agreed to that.
    pub fn unapproved(&self) -> Result<Option<EngineError>, StoreError> {
        if self.has_consent()? {
            return Ok(None);
        }
        Ok(self.config().mappings.first().and_then(|mapping| self.check_approval(mapping).err()))
    }
}

/// Says which tables a mapping moves data between, how many columns each way, and where they are.
fn flow(config: &Config, mapping: &Mapping) -> String {
    let place = |side: Side| {
        let (table, connection) = (&mapping.tables[side], &mapping.connections[side]);
        format!("{table} of {}", whereabouts(config, connection))
    };
    let columns = |to: Side| {
        let fields =
            mapping.fields.iter().filter(|field| field.direction.flows_to(to) || field.on_create[to]);
        fields.map(|field| field.columns(to).len()).sum::<usize>()
    };
    let (left, right) = (columns(Side::Left), columns(Side::Right));
    let one_way = |count: usize, from: Side, to: Side| {
        format!("{} from {} to {}", counted(count), place(from), place(to))
    };
    match (left, right) {
        (0, right) => one_way(right, Side::Left, Side::Right),
        (left, 0) => one_way(left, Side::Right, Side::Left),
        (left, right) => format!("{}, and {} back", one_way(right, Side::Left, Side::Right), counted(left)),
    }
}

fn counted(columns: usize) -> String {
    format!("{columns} column{}", if columns == 1 { "" } else { "s" })
}

/// Names a connection with the kind of its system, its host and, where that shows, its region.
fn whereabouts(config: &Config, name: &ConnectionName) -> String {
    let Some(settings) = config.settings.connections.get(name.as_str()) else { return name.to_string() };
    let kind = match settings.kind {
        ConnectionKind::Dataverse => "Dataverse",
        ConnectionKind::BusinessCentral => "Business Central",
        ConnectionKind::Odata => "OData service",
    };
    let host = url::Url::parse(&settings.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_default();
    let region = region(&host).map(|region| format!(", {region}")).unwrap_or_default();
    format!("{name} ({kind} at {host}{region})")
}

/// Regions by the second label of a Dataverse host.
const REGIONS: [(&str, &str); 18] = [
    ("crm", "North America"),
    ("crm2", "South America"),
    ("crm3", "Canada"),
    ("crm4", "Europe"),
    ("crm5", "Asia Pacific"),
    ("crm6", "Oceania"),
    ("crm7", "Japan"),
    ("crm8", "India"),
    ("crm9", "North America, Government"),
    ("crm11", "United Kingdom"),
    ("crm12", "France"),
    ("crm14", "South Africa"),
    ("crm15", "United Arab Emirates"),
    ("crm16", "Germany"),
    ("crm17", "Switzerland"),
    ("crm19", "Norway"),
    ("crm20", "Singapore"),
    ("crm21", "Korea"),
];

fn region(host: &str) -> Option<&'static str> {
    let label = host.strip_suffix(".dynamics.com")?.rsplit('.').next()?;
    REGIONS.iter().find(|(known, _)| *known == label).map(|(_, region)| *region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_organisation_tells_its_region() {
        assert_eq!(region("fabrikam.crm4.dynamics.com"), Some("Europe"));
        assert_eq!(region("fabrikam.api.crm.dynamics.com"), Some("North America"));
        assert_eq!(region("api.businesscentral.dynamics.com"), None);
        assert_eq!(region("127.0.0.1"), None);
    }
}
