//! Writing options: actions of their own, one option at a time, read anew before each.
//!
//! Options of mirrors are written before the column's own, so that what an interruption leaves behind is found by its label and
//! used when the write is repeated.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use tracing::warn;

use super::{Choice, ChoiceOption, LABEL, MIRRORS, Options, Place};
use crate::http::Method;
use crate::model::{ColumnName, Value};
use crate::systems::odata::{BatchPart, Object, Query, ServiceError, of_write, refused_here};
use crate::systems::{Refusal, SystemError, Verb, Write, WriteOutcome};

/// The first number Dataverse gives to options that organisations make themselves.
const FIRST_OWN: i64 = 100_000_000;

/// A choice column and the options it has.
struct Column {
    place: Place,
    options: Options,
}

impl Choice<'_> {
    /// Writes options one after another and publishes them together.
    pub async fn write(&self, writes: &[Write]) -> Vec<WriteOutcome> {
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            outcomes.push(self.write_one(write).await.unwrap_or_else(|outcome| outcome));
        }
        let is_news =
            |outcome: &WriteOutcome| matches!(outcome, WriteOutcome::Written(_) | WriteOutcome::Deleted);
        if outcomes.iter().any(is_news) {
            self.publish().await;
        }
        outcomes
    }

    async fn write_one(&self, write: &Write) -> Result<WriteOutcome, WriteOutcome> {
        let unread = WriteOutcome::NotApplied;
        let own = Column { place: self.place.clone(), options: self.options().await.map_err(unread)? };
        let mirrors = self.mirrors(&own).await.map_err(unread)?;
        match &write.verb {
            Verb::Create { values, .. } => self.insert(own, &mirrors, values, &write.returning).await,
            Verb::Update { id, version, values } => {
                let Some(option) = own.options.options.iter().find(|option| option.id() == *id) else {
                    return Ok(WriteOutcome::Missing);
                };
                if option.version() != *version {
                    return Ok(WriteOutcome::Stale);
                }
                self.relabel(&own, &mirrors, option, values, &write.returning).await
            }
            Verb::Delete { id, version } => {
                let Some(option) = own.options.options.iter().find(|option| option.id() == *id) else {
                    return Ok(WriteOutcome::Missing);
                };
                if option.version() != *version {
                    return Ok(WriteOutcome::Stale);
                }
                for column in same(&mirrors, option) {
                    self.act("DeleteOptionValue", column, option.value, None).await.map_err(not_its_own)?;
                }
                self.act("DeleteOptionValue", &own, option.value, None).await?;
                Ok(WriteOutcome::Deleted)
            }
        }
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

    async fn insert(
        &self,
        own: Column,
        mirrors: &[Column],
        values: &[(ColumnName, Value)],
        returning: &BTreeSet<ColumnName>,
    ) -> Result<WriteOutcome, WriteOutcome> {
        let label = label_in(values).map_err(refused_here)?;
        if let Some(same) = own.options.labelled(label) {
            let message = format!("option {} of {} is called {} already", same.value, self.table, same.label);
            return Ok(WriteOutcome::DuplicateKey(Refusal::ours("DuplicateLabel", message)));
        }
        let value = free_value(&own.options, mirrors.iter().map(|mirror| &mirror.options), label);
        let language = own.options.options.iter().find_map(|option| option.language);
        let language = match language {
            Some(language) => language,
            None => self.base_language().await.map_err(WriteOutcome::NotApplied)?,
        };
        let option = ChoiceOption { value, label: label.to_owned(), language: Some(language) };
        for mirror in mirrors.iter().filter(|mirror| mirror.options.get(value).is_none()) {
            self.act("InsertOptionValue", mirror, value, Some(&option)).await.map_err(not_its_own)?;
        }
        self.act("InsertOptionValue", &own, value, Some(&option)).await?;
        Ok(WriteOutcome::Written(option.row(returning)))
    }

    async fn relabel(
        &self,
        own: &Column,
        mirrors: &[Column],
        option: &ChoiceOption,
        values: &[(ColumnName, Value)],
        returning: &BTreeSet<ColumnName>,
    ) -> Result<WriteOutcome, WriteOutcome> {
        let label = label_in(values).map_err(refused_here)?;
        let language = match option.language {
            Some(language) => language,
            None => self.base_language().await.map_err(WriteOutcome::NotApplied)?,
        };
        let new = ChoiceOption { value: option.value, label: label.to_owned(), language: Some(language) };
        for column in same(mirrors, option) {
            self.act("UpdateOptionValue", column, new.value, Some(&new)).await.map_err(not_its_own)?;
        }
        self.act("UpdateOptionValue", own, new.value, Some(&new)).await?;
        Ok(WriteOutcome::Written(new.row(returning)))
    }

    /// Takes one action on one option.
    async fn act(
        &self,
        action: &str,
        column: &Column,
        value: i64,
        label: Option<&ChoiceOption>,
    ) -> Result<(), WriteOutcome> {
        let mut body = Object::new();
        match &column.options.global {
            Some(name) => {
                body.insert("OptionSetName".to_owned(), Json::from(name.as_str()));
            }
            None => {
                body.insert("EntityLogicalName".to_owned(), Json::from(column.place.table.as_str()));
                body.insert("AttributeLogicalName".to_owned(), Json::from(column.place.column.as_str()));
            }
        }
        body.insert("Value".to_owned(), Json::from(value));
        if let Some(option) = label {
            let label = json!({"Label": option.label, "LanguageCode": option.language});
            body.insert("Label".to_owned(), json!({ "LocalizedLabels": [label] }));
        }
        if action == "UpdateOptionValue" {
            // Labels in other languages stay.
            body.insert("MergeLabels".to_owned(), Json::Bool(true));
        }
        let what = format!("the options of {}", self.table);
        self.post(&what, action, body).await
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
    async fn publish(&self) {
        let places = MIRRORS.iter().flat_map(|(_, places)| *places).map(|(table, _)| *table);
        let tables: BTreeSet<&str> = places.chain([self.place.table.as_str()]).collect();
        let tables: String = tables.into_iter().map(|table| format!("<entity>{table}</entity>")).collect();
        let xml = format!("<importexportxml><entities>{tables}</entities></importexportxml>");
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

/// Returns the mirrors that have that option under the same number and label.
fn same<'a>(mirrors: &'a [Column], option: &'a ChoiceOption) -> impl Iterator<Item = &'a Column> {
    mirrors.iter().filter(|mirror| {
        mirror.options.get(option.value).is_some_and(|there| there.is_labelled(&option.label))
    })
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
    fn a_label_is_all_that_is_written() {
        let label = |column: &str, value: Value| (ColumnName::new(column), value);
        assert_eq!(label_in(&[label("label", Value::text("x"))]), Ok("x"));
        assert!(label_in(&[label("label", Value::Blank)]).unwrap_err().contains("needs a label"));
        let two = [label("label", Value::text("x")), label("value", Value::text("1"))];
        assert!(label_in(&two).unwrap_err().contains("nothing that can be written"));
    }
}
