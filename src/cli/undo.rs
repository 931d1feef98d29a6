//! `tandem undo` and `tandem resume`: taking back what a run did, and letting what is held go on.

use serde_json::json;

use crate::agent::{Command, LineAction, Reply, RunReport};

use super::arguments::{ResumeArguments, UndoArguments};
use super::context::Context;
use super::exit_code::ExitCode;
use super::lines;
use super::reach::{ask, unexpected};
use super::report::CommandError;
use super::table::counted;
use super::why::several;

/// Undoes a run, or shows what that would do.
pub(super) async fn undo(context: &Context, arguments: &UndoArguments) -> Result<ExitCode, CommandError> {
    let command = Command::Undo { run: arguments.run, dry_run: !arguments.yes };
    let Reply::Report(report) = ask(context, &command).await? else { return Err(unexpected()) };
    let shown = lines::show(context.output, &report);
    if arguments.yes {
        return Ok(ending(shown, &report));
    }
    if arguments.dry_run {
        return Ok(shown);
    }
    let run = arguments.run;
    context.output.note(&format!("Nothing was undone yet. To do it: tandem undo {run} --yes"));
    Ok(ExitCode::NeedsPerson)
}

/// What was left as it is was not done, although nothing failed.
fn ending(shown: ExitCode, report: &RunReport) -> ExitCode {
    let is_left = report.lines.iter().any(|line| line.action == LineAction::Leave);
    match shown {
        ExitCode::Success if is_left => ExitCode::Failure,
        shown => shown,
    }
}

/// Lets held rows go on.
pub(super) async fn resume(context: &Context, arguments: &ResumeArguments) -> Result<ExitCode, CommandError> {
    let ResumeArguments { mapping, row } = arguments;
    match ask(context, &Command::Resume { mapping: mapping.clone(), row: row.clone() }).await? {
        Reply::Resumed(rows) => {
            context.output.show(&json!({ "resumed": rows }), |_| resumed_text(rows));
            Ok(ExitCode::Success)
        }
        Reply::Rows(rows) => Err(several(row.as_deref().unwrap_or_default(), &rows)),
        _ => Err(unexpected()),
    }
}

fn resumed_text(rows: u64) -> String {
    match rows {
        0 => "Nothing was held.".to_owned(),
        1 => "1 row goes on with the next run.".to_owned(),
        rows => format!("{} go on with the next run.", counted(rows, "row")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Line;

    #[test]
    fn what_is_left_is_told_by_the_exit_code() {
        let line = |action| Line {
            mapping: "CUSTOMER".to_owned(),
            action,
            on: None,
            row: "Bólido".to_owned(),
            fields: vec![],
            note: None,
        };
        let report = |actions: &[LineAction]| RunReport {
            lines: actions.iter().map(|action| line(*action)).collect(),
            ..RunReport::default()
        };
        let end = |shown, actions: &[LineAction]| ending(shown, &report(actions)).number();
        assert_eq!(end(ExitCode::Success, &[LineAction::Update]), 0);
        assert_eq!(end(ExitCode::Success, &[LineAction::Update, LineAction::Leave]), 1);
        assert_eq!(end(ExitCode::System, &[LineAction::Leave]), 6);
    }

    #[test]
    fn how_many_rows_go_on_is_said_in_words() {
        assert_eq!(resumed_text(0), "Nothing was held.");
        assert_eq!(resumed_text(1), "1 row goes on with the next run.");
        assert_eq!(resumed_text(2), "2 rows go on with the next run.");
    }
}
