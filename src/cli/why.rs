//! `tandem why`: a row's whole story.

use std::fmt::Write as _;

use crate::agent::{Command, Reply, RowView, WhyView};
use crate::model::Side;

use super::arguments::WhyArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::history::entry_text;
use super::output::in_one_line;
use super::reach::{ask, unexpected};
use super::report::CommandError;

/// Tells a row's story.
pub(super) async fn why(context: &Context, arguments: &WhyArguments) -> Result<ExitCode, CommandError> {
    let WhyArguments { mapping, row } = arguments;
    match ask(context, &Command::Why { mapping: mapping.clone(), row: row.clone() }).await? {
        Reply::Why(story) => {
            context.output.show(story.as_ref(), text);
            Ok(ExitCode::Success)
        }
        Reply::Rows(rows) => Err(several(row, &rows)),
        _ => Err(unexpected()),
    }
}

/// The error for a word that several rows go by.
pub(super) fn several(word: &str, rows: &[RowView]) -> CommandError {
    let ids = |row: &RowView| {
        let ids: Vec<_> = Side::BOTH.iter().filter_map(|side| row.ids[*side].as_deref()).collect();
        format!("{} ({})", in_one_line(&row.row), ids.join(" and "))
    };
    let rows: Vec<_> = rows.iter().map(ids).collect();
    CommandError::new(ExitCode::Usage, format!("\"{word}\" may be any of these: {}", rows.join("; ")))
        .with_remedy("name the row by its id")
}

fn text(story: &WhyView) -> String {
    let mut text = format!("{} in {}: {}\n", in_one_line(&story.row.row), story.mapping, story.coupling);
    for side in Side::BOTH {
        let id = story.row.ids[side].as_deref().unwrap_or("no row");
        let _ = writeln!(text, "  {:<16} {id}", story.sides[side]);
    }
    for waits in &story.waits {
        let _ = writeln!(text, "  {}", in_one_line(waits));
    }
    if story.entries.is_empty() {
        text.push_str("\nThe journal tells nothing of it.\n");
        return text;
    }
    text.push('\n');
    for entry in &story.entries {
        let _ = writeln!(text, "run {:<4} {}", entry.run, in_one_line(&entry_text(entry)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{EntryView, FieldLine};
    use crate::model::Pair;

    fn story() -> WhyView {
        let entry = EntryView {
            run: 12,
            at: "2026-01-31T10:00:00Z".parse().unwrap(),
            mapping: "CUSTOMER".to_owned(),
            action: "updated".to_owned(),
            on: "dataverse".to_owned(),
            row: "Bólido".to_owned(),
            cause: "changed in business-central".to_owned(),
            fields: vec![FieldLine {
                field: "phone".to_owned(),
                before: Some("\"1\"".to_owned()),
                after: "\"2\"".to_owned(),
            }],
            outcome: "done".to_owned(),
        };
        WhyView {
            mapping: "CUSTOMER".to_owned(),
            sides: Pair::new("business-central".to_owned(), "dataverse".to_owned()),
            row: RowView { row: "Bólido".to_owned(), ids: Pair::new(Some("l".to_owned()), None) },
            coupling: "not coupled".to_owned(),
            waits: vec!["in business-central: differs; the next run looks at it".to_owned()],
            entries: vec![entry],
        }
    }

    #[test]
    fn a_story_says_how_the_row_stands_and_what_was_done_to_it() {
        insta::assert_snapshot!(text(&story()), @r#"
        Bólido in CUSTOMER: not coupled
          business-central l
          dataverse        no row
          in business-central: differs; the next run looks at it

        run 12   2026-01-31 10:00:00 updated  CUSTOMER      Bólido in dataverse: phone "1" -> "2" (changed in business-central; done)
        "#);
        assert!(text(&WhyView { entries: vec![], ..story() }).contains("tells nothing of it"));
    }

    #[test]
    fn a_word_for_several_rows_lists_them() {
        let rows =
            [story().row, RowView { row: "Bólido".to_owned(), ids: Pair::new(None, Some("r".to_owned())) }];
        let error = several("bólido", &rows).text();
        assert!(error.contains("Bólido (l); Bólido (r)"), "{error}");
    }
}
