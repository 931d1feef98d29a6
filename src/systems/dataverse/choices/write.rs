//! Writing options: actions of their own, one option at a time, read anew before each.
//!
//! Options of mirrors are written before the column's own, so that what an interruption leaves behind is found by its label and
//! used when the write is repeated.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tracing::warn;

use super::{Choice, ChoiceOption, LABEL, MIRRORS, Options, Place};
use crate::http::Method;
use crate::model::{ColumnName, RowId, Value, Version};
use crate::systems::odata::{BatchPart, Object, Query, ServiceError, of_write, refused_here};
use crate::systems::{Refusal, SystemError, Verb, Write, WriteOutcome};

/// The first number Dataverse gives to options that organisations make themselves.
const FIRST_OWN: i64 = 100_000_000;

/// What was changed and is to be published.
#[derive(Debug, Default)]
struct Changed {
    tables: BTreeSet<String>,
    /// Global choices, by name.
    choices: BTreeSet<String>,
}

impl Changed {
    /// Returns what `PublishXml` takes; nothing where nothing was changed.
    fn xml(&self) -> Option<String> {
        let list = |names: &BTreeSet<String>, one: &str| -> String {
            names.iter().map(|name| format!("<{one}>{name}</{one}>")).collect()
        };
        let (tables, choices) = (list(&self.tables, "entity"), list(&self.choices, "optionset"));
        let is_any = !(tables.is_empty() && choices.is_empty());
        is_any.then(|| {
            format!("<importexportxml><entities>{tables}</entities><optionsets>{choices}</optionsets></importexportxml>")
        })
    }
}

/// A choice column and the options it has.
#[derive(Clone, Debug)]
struct Column {
    place: Place,
    options: Options,
}

impl Choice<'_> {
    /// Writes options one after another and publishes them together.
    pub async fn write(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let (mut outcomes, mut changed) = (Vec::with_capacity(writes.len()), Changed::default());
        for write in writes {
            outcomes.push(self.write_one(write, &mut changed).await.unwrap_or_else(|outcome| outcome));
        }
        if let Some(xml) = changed.xml() {
            self.publish(xml).await;
        }
        outcomes
    }

    async fn write_one(&self, write: &Write, changed: &mut Changed) -> Result<WriteOutcome, WriteOutcome> {
        let unread = WriteOutcome::NotApplied;
        let own = Column { place: self.place.clone(), options: self.options().await.map_err(unread)? };
        let mirrors = self.mirrors(&own).await.map_err(unread)?;
        let mut writing = Writing { choice: self, own, mirrors, changed };
        match &write.verb {
            Verb::Create { values, .. } => writing.insert(label_in(values).map_err(refused_here)?).await,
            Verb::Update { id, version, values } => match writing.find(id, version) {
                Ok(option) => writing.relabel(option, label_in(values).map_err(refused_here)?).await,
                Err(outcome) => Err(outcome),
            },
            Verb::Delete { id, version } => match writing.find(id, version) {
                Ok(option) => writing.delete(&option).await,
                Err(outcome) => Err(outcome),
            },
        }
        .map(|written| {
            written
                .map_or(WriteOutcome::Deleted, |option| WriteOutcome::Written(option.row(&write.returning)))
        })
    }

    /// Reads the columns that take the same codes; without Dynamics 365 Sales there are none. One that shares a global choice
    /// needs no options of its own.
    async fn mirrors(&self, own: &Column) -> Result<Vec<Column>, SystemError> {
        let is_account = own.place.table == "account";
        let named = MIRRORS.iter().find(|(column, _)| is_account && *column == own.place.column);
        let mut mirrors = Vec::new();
        for (table, column) in named.into_iter().flat_map(|(_, places)| *places) {
            let place = Place { table: (*table).to_owned(), column: (*column).to_owned() };
            let options = self.options_at(&place).await?;
            let is_shared =
                |options: &Options| options.global.is_some() && options.global == own.options.global;
            mirrors.extend(
                options.filter(|options| !is_shared(options)).map(|options| Column { place, options }),
            );
        }
        Ok(mirrors)
    }

    async fn post(&self, what: &str, action: &str, body: Object) -> Result<(), WriteOutcome> {
        let headers = vec![("Accept", "application/json".to_owned())];
        let part = BatchPart { method: Method::Post, path: action.to_owned(), headers, body: Some(body) };
        let service = &self.system.service;
        let answer = service.write_batch(&[&part]).await.pop().expect("one part has one answer")?;
        if answer.is_success() {
            return Ok(());
        }
        if let Some(outcome) = of_write(&service.name, what, &answer) {
            return Err(outcome);
        }
        let (status, retry_after) = (answer.status, answer.retry_after());
        let error = ServiceError::parse(status, &answer.body);
        Err(match status {
            403 => WriteOutcome::NotPermitted(error.refusal()),
            408 | 500 | 502.. => WriteOutcome::InDoubt(SystemError::Unavailable {
                connection: service.name.clone(),
                status,
                retry_after,
            }),
            _ => WriteOutcome::Refused(error.refusal()),
        })
    }

    /// Shows new labels in forms. Rows take the options before that, too.
    async fn publish(&self, xml: String) {
        let body = Object::from_iter([("ParameterXml".to_owned(), Json::from(xml))]);
        if let Err(outcome) = self.post("publishing options", "PublishXml", body).await {
            warn!(table = %self.table, ?outcome, "New options could not be published; publish all customisations in Dataverse");
        }
    }

    /// Returns the number of the organisation's language.
    async fn base_language(&self) -> Result<i64, SystemError> {
        let (service, what) = (&self.system.service, "the organisation's language");
        let query = Query::of("organizations").select(["languagecode"]);
        let languages = service
            .all(what, &query.path(), None, |row| row.get("languagecode").and_then(Json::as_i64))
            .await?;
        languages.into_iter().flatten().next().ok_or_else(|| service.unexpected(what, "no language"))
    }
}

/// One option to be written, with all columns that have it or get it.
struct Writing<'a> {
    choice: &'a Choice<'a>,
    own: Column,
    mirrors: Vec<Column>,
    changed: &'a mut Changed,
}

impl Writing<'_> {
    /// Returns an option as it was when the write was decided.
    fn find(&self, id: &RowId, version: &Version) -> Result<ChoiceOption, WriteOutcome> {
        match self.own.options.options.iter().find(|option| option.id() == *id) {
            Some(option) if option.version() == *version => Ok(option.clone()),
            Some(_) => Err(WriteOutcome::Stale),
            None => Err(WriteOutcome::Missing),
        }
    }

    async fn insert(&mut self, label: &str) -> Result<Option<ChoiceOption>, WriteOutcome> {
        let own = &self.own.options;
        if let Some(same) = own.labelled(label) {
            let table = &self.choice.table;
            let message = format!("option {} of {table} is called {} already", same.value, same.label);
            return Err(WriteOutcome::DuplicateKey(Refusal::ours("DuplicateLabel", message)));
        }
        let value = free_value(own, self.mirrors.iter().map(|mirror| &mirror.options), label);
        let language = self.language(own.options.iter().find_map(|option| option.language)).await?;
        let option = ChoiceOption { value, label: label.to_owned(), language: Some(language) };
        let lacking = self.mirrors.iter().filter(|mirror| mirror.options.get(value).is_none());
        let lacking: Vec<_> = lacking.cloned().collect();
        self.act_on_all("InsertOptionValue", &lacking, &option).await?;
        Ok(Some(option))
    }

    async fn relabel(
        &mut self,
        old: ChoiceOption,
        label: &str,
    ) -> Result<Option<ChoiceOption>, WriteOutcome> {
        let language = self.language(old.language).await?;
        let new = ChoiceOption { label: label.to_owned(), language: Some(language), ..old.clone() };
        self.act_on_all("UpdateOptionValue", &same(&self.mirrors, &old), &new).await?;
        Ok(Some(new))
    }

    async fn delete(&mut self, option: &ChoiceOption) -> Result<Option<ChoiceOption>, WriteOutcome> {
        self.act_on_all("DeleteOptionValue", &same(&self.mirrors, option), option).await?;
        Ok(None)
    }

    /// Takes an action on an option of mirrors, then on that of the column itself.
    async fn act_on_all(
        &mut self,
        action: &str,
        mirrors: &[Column],
        option: &ChoiceOption,
    ) -> Result<(), WriteOutcome> {
        for mirror in mirrors {
            self.act(action, mirror, option).await.map_err(not_its_own)?;
        }
        self.act(action, &self.own.clone(), option).await
    }

    async fn act(
        &mut self,
        action: &str,
        column: &Column,
        option: &ChoiceOption,
    ) -> Result<(), WriteOutcome> {
        let what = format!("the options of {}", self.choice.table);
        self.choice.post(&what, action, body(action, column, option)).await?;
        match &column.options.global {
            Some(name) => self.changed.choices.insert(name.clone()),
            None => self.changed.tables.insert(column.place.table.clone()),
        };
        Ok(())
    }

    /// Returns the language to write a label in: that of the labels that are there, else the organisation's.
    async fn language(&self, known: Option<i64>) -> Result<i64, WriteOutcome> {
        match known {
            Some(language) => Ok(language),
            None => self.choice.base_language().await.map_err(WriteOutcome::NotApplied),
        }
    }
}

/// Returns what an action on an option of a column takes.
fn body(action: &str, column: &Column, option: &ChoiceOption) -> Object {
    let place = match &column.options.global {
        Some(name) => json!({ "OptionSetName": name }),
        None => {
            json!({"EntityLogicalName": column.place.table, "AttributeLogicalName": column.place.column})
        }
    };
    let label = json!({"LocalizedLabels": [{"Label": option.label, "LanguageCode": option.language}]});
    let more = match action {
        "InsertOptionValue" => json!({ "Label": label }),
        // Labels in other languages stay.
        "UpdateOptionValue" => json!({"Label": label, "MergeLabels": true}),
        _ => json!({}),
    };
    let parts = [place, json!({"Value": option.value}), more];
    parts.into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect()
}

/// Returns the mirrors that have that option under the same number and label.
fn same(mirrors: &[Column], option: &ChoiceOption) -> Vec<Column> {
    let is_same = |mirror: &&Column| {
        mirror.options.get(option.value).is_some_and(|there| there.is_labelled(&option.label))
    };
    mirrors.iter().filter(is_same).cloned().collect()
}

/// Returns the number for a new option: that of the same label in a mirror, else one that is free everywhere.
fn free_value<'a>(own: &'a Options, mirrors: impl Iterator<Item = &'a Options> + Clone, label: &str) -> i64 {
    let begun = mirrors.clone().filter_map(|mirror| mirror.labelled(label));
    let begun = begun.map(|option| option.value).find(|value| {
        own.get(*value).is_none()
            && mirrors.clone().filter_map(|mirror| mirror.get(*value)).all(|there| there.is_labelled(label))
    });
    let all = mirrors.chain([own]).flat_map(|options| &options.options).map(|option| option.value);
    begun.unwrap_or_else(|| all.max().map_or(FIRST_OWN, |last| FIRST_OWN.max(last + 1)))
}

fn label_in(values: &[(ColumnName, Value)]) -> Result<&str, String> {
    let written = values.iter().find(|(column, _)| column.as_str() == LABEL).map(|(_, value)| value);
    match (written, values.len()) {
        (Some(Value::Text(label)), 1) => Ok(label),
        (Some(Value::Text(_)), _) => {
            Err(format!("an option has nothing that can be written but its {LABEL}"))
        }
        _ => Err(format!("an option needs a {LABEL}")),
    }
}

/// What is not known of a mirror is certainly not applied to the column itself: the write is repeated as a whole.
fn not_its_own(outcome: WriteOutcome) -> WriteOutcome {
    match outcome {
        WriteOutcome::InDoubt(error) => WriteOutcome::NotApplied(error),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(of: &[(i64, &str)]) -> Options {
        let option = |(value, label): &(i64, &str)| ChoiceOption {
            value: *value,
            label: (*label).to_owned(),
            language: None,
        };
        Options { global: None, options: of.iter().map(option).collect() }
    }

    #[test]
    fn a_new_option_gets_a_number_that_is_free_everywhere() {
        let own = options(&[(1, "Net 30")]);
        let free = |own: &Options, mirrors: &[Options], label: &str| free_value(own, mirrors.iter(), label);
        assert_eq!(free(&own, &[], "14 DAYS"), FIRST_OWN);
        let mirror = options(&[(FIRST_OWN + 4, "Other")]);
        assert_eq!(free(&own, std::slice::from_ref(&mirror), "14 DAYS"), FIRST_OWN + 5);
        let begun = options(&[(FIRST_OWN + 2, "14 days")]);
        assert_eq!(
            free(&own, &[begun.clone(), options(&[])], "14 DAYS"),
            FIRST_OWN + 2,
            "the one begun is used"
        );
        let taken = options(&[(FIRST_OWN + 2, "Other")]);
        assert_eq!(free(&own, &[begun.clone(), taken.clone()], "14 DAYS"), FIRST_OWN + 3);
        assert_eq!(free(&taken, &[begun], "14 DAYS"), FIRST_OWN + 3);
    }

    #[test]
    fn an_action_names_a_column_or_a_global_choice() {
        let place = Place { table: "account".to_owned(), column: "terms".to_owned() };
        let option = ChoiceOption { value: 5, label: "COD".to_owned(), language: Some(1033) };
        let body = |action: &str, global: Option<&str>| {
            let options = Options { global: global.map(str::to_owned), options: vec![] };
            Json::from(super::body(action, &Column { place: place.clone(), options }, &option))
        };
        let label = json!({"LocalizedLabels": [{"Label": "COD", "LanguageCode": 1033}]});
        let of_column = json!({"EntityLogicalName": "account", "AttributeLogicalName": "terms", "Value": 5, "Label": label});
        assert_eq!(body("InsertOptionValue", None), of_column);
        let of_global =
            json!({"OptionSetName": "all_terms", "Value": 5, "Label": label, "MergeLabels": true});
        assert_eq!(body("UpdateOptionValue", Some("all_terms")), of_global);
        assert_eq!(
            body("DeleteOptionValue", Some("all_terms")),
            json!({"OptionSetName": "all_terms", "Value": 5})
        );
    }

    #[test]
    fn what_was_changed_is_published() {
        assert_eq!(Changed::default().xml(), None);
        let changed = Changed { tables: ["account".to_owned()].into(), choices: ["terms".to_owned()].into() };
        let expected = "<importexportxml><entities><entity>account</entity></entities>\
                        <optionsets><optionset>terms</optionset></optionsets></importexportxml>";
        assert_eq!(changed.xml().as_deref(), Some(expected));
    }

    #[test]
    fn a_label_is_all_that_is_written() {
        let label = |column: &str, value: Value| (ColumnName::new(column), value);
        assert_eq!(label_in(&[label("label", Value::text("x"))]), Ok("x"));
        assert!(label_in(&[label("label", Value::Blank)]).unwrap_err().contains("needs a label"));
        let two = [label("label", Value::text("x")), label("value", Value::text("1"))];
        assert!(label_in(&two).unwrap_err().contains("nothing that can be written"));
    }
}
