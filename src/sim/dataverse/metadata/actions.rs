//! Actions on metadata: tables made at once, options of choices, publishing, and another try at an index.

use serde_json::{Value, json};

use super::changes::make_table;
use super::columns::next_value;
use super::labels::text;
use crate::sim::dataverse::error::Fault;
use crate::sim::dataverse::link::Operation;
use crate::sim::dataverse::schema::{Choice, IndexStatus, Kind};
use crate::sim::dataverse::service::Service;
use crate::sim::http::Reply;

/// Answers an action.
pub(super) fn answer(service: &mut Service, operation: &Operation<'_>, name: &str) -> Result<Reply, Fault> {
    let body = match name {
        "PublishAllXml" => Value::Null,
        _ => Value::Object(operation.body()?),
    };
    match name {
        "PublishAllXml" => publish(service, |_| true),
        "PublishXml" => {
            let xml = body["ParameterXml"].as_str().unwrap_or_default();
            if !xml.contains("<importexportxml>") {
                return Err(Fault::new(400, "0x80048403", "'ParameterXml' is missing or not valid."));
            }
            publish(service, |table| xml.contains(&format!("<entity>{table}</entity>")));
        }
        "ReactivateEntityKey" => reactivate(service, &body)?,
        "CreateEntities" => {
            for table in body["Entities"].as_array().into_iter().flatten() {
                make_table(service, table)?;
            }
        }
        _ => return change_options(service, operation, name, &body),
    }
    Ok(Reply::empty(204))
}

/// Lets unpublished changes take effect.
fn publish(service: &mut Service, is_named: impl Fn(&str) -> bool) {
    for table in service.tables.iter_mut().filter(|table| is_named(&table.logical_name)) {
        table.change_tracking |= std::mem::take(&mut table.tracking_unpublished);
    }
}

fn reactivate(service: &mut Service, body: &Value) -> Result<(), Fault> {
    let table = body["EntityLogicalName"].as_str().and_then(|name| service.table_by_logical_name(name));
    let key = table.and_then(|table| {
        let mut keys = service.tables[table].keys.iter_mut();
        keys.find(|key| body["EntityKeyLogicalName"] == key.schema_name.to_lowercase())
    });
    let key = key.ok_or_else(|| Fault::new(404, "0x80060890", "The entity key does not exist."))?;
    if key.index == IndexStatus::Failed {
        key.index = IndexStatus::Pending;
    }
    Ok(())
}

fn change_options(
    service: &mut Service,
    operation: &Operation<'_>,
    name: &str,
    body: &Value,
) -> Result<Reply, Fault> {
    let mut options = sent_options(service, body)?;
    let value = body["Value"].as_i64();
    let at = options.iter().position(|option| Some(option.value) == value);
    let missing =
        || Fault::new(400, "0x80048403", format!("There is no option with the value {}.", body["Value"]));
    let label = text(&body["Label"]);
    match name {
        "InsertOptionValue" => {
            if at.is_some() {
                return Err(Fault::new(
                    400,
                    "0x80048403",
                    format!("The value {} is an option already.", body["Value"]),
                ));
            }
            let value = value.unwrap_or_else(|| next_value(&options));
            options.push(Choice { value, label: label.unwrap_or_else(|| value.to_string()) });
            store_options(service, body, &options);
            let context = operation.context("Microsoft.Dynamics.CRM.InsertOptionValueResponse");
            return Ok(Reply::json(200, &json!({"@odata.context": context, "NewOptionValue": value})));
        }
        "UpdateOptionValue" => {
            let option = &mut options[at.ok_or_else(missing)?];
            option.label = label.unwrap_or_else(|| option.label.clone());
        }
        _ => {
            options.remove(at.ok_or_else(missing)?);
        }
    }
    store_options(service, body, &options);
    Ok(Reply::empty(204))
}

/// Returns the options an action is about.
fn sent_options(service: &Service, body: &Value) -> Result<Vec<Choice>, Fault> {
    let missing = || Fault::new(404, "0x80040217", "The option set does not exist.");
    if let Some(name) = body["OptionSetName"].as_str() {
        let choice = service.global_choices.iter().find(|choice| choice.name == name);
        return choice.map(|choice| choice.options.clone()).ok_or_else(missing);
    }
    let (table, column) = column_of(service, body).ok_or_else(missing)?;
    match &service.tables[table].columns[column].kind {
        Kind::Choice(options) | Kind::Choices(options) => Ok(options.clone()),
        _ => Err(missing()),
    }
}

fn column_of(service: &Service, body: &Value) -> Option<(usize, usize)> {
    let table = service.table_by_logical_name(body["EntityLogicalName"].as_str()?)?;
    Some((table, service.tables[table].position(body["AttributeLogicalName"].as_str()?)?))
}

/// A global choice changes in every column that has it.
fn store_options(service: &mut Service, body: &Value, options: &[Choice]) {
    let own = column_of(service, body);
    let global = body["OptionSetName"].as_str().map(str::to_owned).or_else(|| {
        let (table, column) = own?;
        service.tables[table].columns[column].global_choice.clone()
    });
    for choice in service.global_choices.iter_mut().filter(|choice| Some(&choice.name) == global.as_ref()) {
        choice.options = options.to_vec();
    }
    for (table, definition) in service.tables.iter_mut().enumerate() {
        for (position, column) in definition.columns.iter_mut().enumerate() {
            let shares = global.is_some() && column.global_choice == global;
            if let Kind::Choice(of) | Kind::Choices(of) = &mut column.kind
                && (shares || own == Some((table, position)))
            {
                *of = options.to_vec();
            }
        }
    }
}
