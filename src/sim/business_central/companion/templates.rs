//! Customer, vendor and item templates: what `templateCode` fills in before the sent properties.

use serde_json::{Map, Value};

use super::schema::View;
use crate::sim::business_central::error::Fault;
use crate::sim::business_central::service::Service;
use crate::sim::store::Row;

/// A template of one table: the reference it fills in, the table that leads to and the code there.
struct Template {
    table: &'static str,
    code: &'static str,
    column: &'static str,
    target: &'static str,
    value: &'static str,
}

const TEMPLATES: &[Template] = &[
    Template {
        table: "customers",
        code: "CUSTOMER COMPANY",
        column: "paymentTermsId",
        target: "paymentTerms",
        value: "30 DAYS",
    },
    Template {
        table: "vendors",
        code: "VENDOR COMPANY",
        column: "paymentTermsId",
        target: "paymentTerms",
        value: "14 DAYS",
    },
    Template {
        table: "items",
        code: "ITEM",
        column: "baseUnitOfMeasureId",
        target: "unitsOfMeasure",
        value: "PCS",
    },
];

impl Service {
    /// Applies the template a body names; a blank name leaves the row as it is.
    pub(super) fn apply_template(
        &self,
        view: &View,
        table: usize,
        row: &mut Row,
        body: &Map<String, Value>,
    ) -> Result<(), Fault> {
        let code = body.get("templateCode").and_then(Value::as_str).unwrap_or_default().trim();
        if code.is_empty() || view.set.position("templateCode").is_none() {
            return Ok(());
        }
        let known = TEMPLATES.iter().find(|template| {
            template.table == self.sets[table].name && template.code.eq_ignore_ascii_case(code)
        });
        let template = known.ok_or_else(|| {
            let caption = view.set.caption;
            let message = format!("The field templateCode of table {caption} contains a value ({code}) that cannot be found in the related table ({caption} Templ.).");
            Fault::new(400, "Internal_InvalidTableRelation", message)
        })?;
        if let Some(found) = self.by_code(self.table(template.target), &Value::from(template.value)) {
            self.put_column(table, row, template.column, Value::String(found.id.to_string()));
        }
        Ok(())
    }
}
