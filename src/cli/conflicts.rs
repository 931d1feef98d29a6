//! `tandem conflicts`: list, show and answer what waits for a person.

use std::fmt::Write as _;

use crate::agent::{AnsweredView, Command, ConflictView, Reply, RunReport};
use crate::model::Side;

use super::arguments::ConflictsCommand;
use super::context::Context;
use super::exit_code::ExitCode;
use super::lines;
use super::output::in_one_line;
use super::reach::{ask, unexpected};
use super::report::{CommandError, failures_text};
use super::table::{moment, table};

/// Lists, shows or answers conflicts.
pub(super) async fn conflicts(
    context: &Context,
    action: Option<&ConflictsCommand>,
) -> Result<ExitCode, CommandError> {
    match action {
        None | Some(ConflictsCommand::List) => {
            context.output.show(&open(context).await?, |conflicts| list(conflicts));
            Ok(ExitCode::Success)
        }
        Some(ConflictsCommand::Show { id }) => {
            let conflicts = open(context).await?;
            let conflict = conflicts.iter().find(|conflict| conflict.id == *id).ok_or_else(|| {
                CommandError::new(ExitCode::Usage, format!("no conflict C{id} is open"))
                    .with_remedy("`tandem conflicts` lists the open ones")
            })?;
            context.output.show(conflict, detail);
            Ok(ExitCode::Success)
        }
        Some(ConflictsCommand::Answer { id, words }) => {
            let command = Command::Answer { conflict: *id, words: words.clone() };
            let Reply::Answered(answered) = ask(context, &command).await? else { return Err(unexpected()) };
            context.output.show(&answered, answer_text);
            Ok(answer_code(&answered))
        }
    }
}

async fn open(context: &Context) -> Result<Vec<ConflictView>, CommandError> {
    match ask(context, &Command::Conflicts).await? {
        Reply::Conflicts(conflicts) => Ok(conflicts),
        _ => Err(unexpected()),
    }
}

fn list(conflicts: &[ConflictView]) -> String {
    if conflicts.is_empty() {
        return "No conflict is open.".to_owned();
    }
    let row = |conflict: &ConflictView| {
        vec![
            format!("C{}", conflict.id),
            conflict.mapping.clone(),
            in_one_line(&conflict.row),
            what(conflict),
            conflict.answer.as_deref().map(in_one_line).unwrap_or_default(),
        ]
    };
    let table = table(&["id", "mapping", "row", "about", "answer"], conflicts.iter().map(row));
    format!("{table}\n\nMore about one: tandem conflicts show {}", format_args!("C{}", conflicts[0].id))
}

fn what(conflict: &ConflictView) -> String {
    match &conflict.deleted_in {
        Some(side) => format!("deleted in {side}, edited in the other"),
        None => {
            let fields: Vec<_> = conflict.fields.iter().map(|field| field.field.as_str()).collect();
            fields.join(", ")
        }
    }
}

fn detail(conflict: &ConflictView) -> String {
    let (left, right) = (&conflict.sides.left, &conflict.sides.right);
    let mut text = format!(
        "Conflict C{} in {}: {}\nraised {} UTC\n",
        conflict.id,
        conflict.mapping,
        in_one_line(&conflict.row),
        moment(conflict.raised_at)
    );
    if let Some(side) = &conflict.deleted_in {
        let _ = writeln!(text, "The row was deleted in {side} and edited in the other.");
    }
    for field in &conflict.fields {
        let _ = writeln!(text, "\n{}", field.field);
        let was = field.was.as_ref().map(|was| ("was", was));
        let sides = Side::BOTH.map(|side| (conflict.sides[side].as_str(), &field.values[side]));
        for (name, value) in was.into_iter().chain(sides) {
            let _ = writeln!(text, "  {name:<16} {}", in_one_line(value));
        }
    }
    if let Some(answer) = &conflict.answer {
        let _ = writeln!(text, "\nThe answer that waits to be applied: {}", in_one_line(answer));
    }
    if let Some(suggestion) = &conflict.suggestion {
        let _ = writeln!(text, "\nAn earlier answer, for other values: {}", in_one_line(suggestion));
    }
    let words = match &conflict.deleted_in {
        Some(_) => "restore, delete, later or uncouple".to_owned(),
        None => format!("{left}, {right}, later, uncouple or FIELD={left}"),
    };
    let _ = write!(text, "\nTo answer: tandem conflicts answer C{} WORD\nWORD is {words}.", conflict.id);
    text
}

fn answer_text(answered: &AnsweredView) -> String {
    let id = answered.conflict;
    let outcome = match answered.settled {
        true => format!("C{id} is settled."),
        false => format!("C{id} is still open; your answer is kept."),
    };
    let RunReport { lines: done, failures, .. } = &answered.report;
    let mut text = lines::lines(done);
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&outcome);
    if !failures.is_empty() {
        let _ = write!(text, "\n{}", failures_text(failures));
    }
    text
}

fn answer_code(answered: &AnsweredView) -> ExitCode {
    ExitCode::of_run(&answered.report.failures, !answered.report.brakes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::ConflictFieldView;
    use crate::model::Pair;

    fn conflict() -> ConflictView {
        ConflictView {
            id: 7,
            mapping: "CUSTOMER".to_owned(),
            row: "Alfreds Futterkiste".to_owned(),
            sides: Pair::new("business-central".to_owned(), "dataverse".to_owned()),
            raised_at: "2026-01-31T10:00:00Z".parse().unwrap(),
            deleted_in: None,
            fields: vec![ConflictFieldView {
                field: "phone".to_owned(),
                was: Some("030-0".to_owned()),
                values: Pair::new("030-1".to_owned(), "030-2".to_owned()),
            }],
            answer: None,
            suggestion: Some("phone = \"030-3\"".to_owned()),
        }
    }

    #[test]
    fn conflicts_are_listed_under_the_inboxs_names() {
        insta::assert_snapshot!(list(&[conflict()]), @r#"
        id  mapping   row                  about  answer
        ────────────────────────────────────────────────
        C7  CUSTOMER  Alfreds Futterkiste  phone

        More about one: tandem conflicts show C7
        "#);
        assert_eq!(list(&[]), "No conflict is open.");
    }

    #[test]
    fn one_conflict_shows_all_values_and_how_to_answer() {
        insta::assert_snapshot!(detail(&conflict()), @r#"
        Conflict C7 in CUSTOMER: Alfreds Futterkiste
        raised 2026-01-31 10:00:00 UTC

        phone
          was              030-0
          business-central 030-1
          dataverse        030-2

        An earlier answer, for other values: phone = "030-3"

        To answer: tandem conflicts answer C7 WORD
        WORD is business-central, dataverse, later, uncouple or FIELD=business-central.
        "#);
    }

    #[test]
    fn a_deletion_has_its_own_words() {
        let deleted = ConflictView { deleted_in: Some("dataverse".to_owned()), fields: vec![], ..conflict() };
        assert!(detail(&deleted).contains("restore, delete"));
        assert!(list(&[deleted]).contains("deleted in dataverse"));
    }
}
