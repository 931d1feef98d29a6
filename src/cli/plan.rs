//! `tandem plan`: what a run would do; kept in a file, or held against one.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::agent::{Command, DiffRow, PlanDiff, PlanFile, Reply};

use super::arguments::PlanArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::lines;
use super::output::in_one_line;
use super::reach::{ask, unexpected};
use super::report::CommandError;
use super::table::{counted, moment};

/// Shows what a run would do.
pub(super) async fn plan(context: &Context, arguments: &PlanArguments) -> Result<ExitCode, CommandError> {
    match (&arguments.save, &arguments.diff) {
        (Some(path), _) => save(context, path).await,
        (None, Some(path)) => diff(context, path).await,
        (None, None) => {
            let Reply::Report(report) = ask(context, &Command::Plan).await? else { return Err(unexpected()) };
            Ok(lines::show_plan(context.output, &report))
        }
    }
}

/// Writes the plan into a file. What stood in it is replaced as a whole or not at all.
async fn save(context: &Context, path: &Path) -> Result<ExitCode, CommandError> {
    let (plan, exit_code) = in_full(context).await?;
    let text = serde_json::to_string_pretty(&plan).expect("a plan has text keys only, so it is JSON");
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|file| {
        fs::write(file.path(), text + "\n")?;
        file.persist(path).map_err(|error| error.error)
    });
    written.map_err(|error| {
        let problem = format!("cannot write {}", path.display());
        CommandError::because(ExitCode::Failure, problem, &error).with_remedy("name another file")
    })?;
    context.output.show(&plan, |plan| saved_text(plan, path));
    Ok(exit_code)
}

fn saved_text(plan: &PlanFile, path: &Path) -> String {
    let mut text = String::new();
    for mapping in &plan.mappings {
        let rows = counted(mapping.rows.len() as u64, "row");
        let waits = mapping.waits_as.as_ref().map_or_else(String::new, |hash| {
            format!("; over a limit, would wait for: tandem approve {hash}")
        });
        let _ = writeln!(text, "{:<13} {} {rows}{waits}", mapping.mapping, mapping.hash);
    }
    let _ = writeln!(text, "written to {}; later: tandem plan --diff {0}", path.display());
    text
}

async fn diff(context: &Context, path: &Path) -> Result<ExitCode, CommandError> {
    let unusable = |error: &dyn std::error::Error| {
        let problem = format!("{} is no plan that can be compared", path.display());
        CommandError::because(ExitCode::Usage, problem, error)
            .with_remedy("name a file that `tandem plan --save FILE` wrote")
    };
    let text = fs::read_to_string(path).map_err(|error| unusable(&error))?;
    let was: PlanFile = serde_json::from_str(&text).map_err(|error| unusable(&error))?;
    if !was.is_known() {
        let problem = format!("{} was written by another version of Tandem", path.display());
        return Err(CommandError::new(ExitCode::Usage, problem).with_remedy("write it anew with --save"));
    }
    let (now, exit_code) = in_full(context).await?;
    context.output.show(&was.diff(&now), |diff| diff_text(diff, &was));
    Ok(exit_code)
}

async fn in_full(context: &Context) -> Result<(PlanFile, ExitCode), CommandError> {
    let Reply::Plan { plan, report } = ask(context, &Command::PlanInFull).await? else {
        return Err(unexpected());
    };
    Ok((plan, lines::notes(context.output, &report)))
}

fn diff_text(diff: &PlanDiff, was: &PlanFile) -> String {
    let mut text = String::new();
    for (word, rows) in
        [("appeared", &diff.appeared), ("vanished", &diff.vanished), ("changed", &diff.changed)]
    {
        for row in rows {
            let _ = writeln!(text, "{word:<8} {}", in_one_line(&row_text(row)));
        }
    }
    let since = moment(was.made_at);
    match text.is_empty() {
        true => format!("The plan is the one of {since} UTC."),
        false => text,
    }
}

fn row_text(DiffRow { mapping, row }: &DiffRow) -> String {
    let mut text = format!("{} {mapping} {} in {}", row.action, row.row, row.on);
    for (index, field) in row.fields.iter().enumerate() {
        text.push_str(if index == 0 { ": " } else { ", " });
        let before = field.before.as_ref().map_or_else(String::new, |before| format!("{before} -> "));
        let _ = write!(text, "{} {before}{}", field.field, field.after);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{FieldPlan, MappingPlan, RowPlan};

    fn file() -> PlanFile {
        let row = RowPlan {
            action: "update".to_owned(),
            on: "dataverse".to_owned(),
            row: "Bólido".to_owned(),
            id: "a".to_owned(),
            hash: "1".to_owned(),
            fields: vec![FieldPlan {
                field: "phone".to_owned(),
                before: Some("\"030\"".to_owned()),
                after: "\"031\"".to_owned(),
            }],
        };
        let mapping = MappingPlan {
            mapping: "CUSTOMER".to_owned(),
            hash: "3f9a2b7c1d04".to_owned(),
            waits_as: Some("3f9a2b7c1d04".to_owned()),
            rows: vec![row],
        };
        PlanFile { tandem_plan: 1, made_at: "2026-01-31T10:00:00Z".parse().unwrap(), mappings: vec![mapping] }
    }

    #[test]
    fn a_saved_plan_says_its_hashes_and_a_diff_what_is_different() {
        insta::assert_snapshot!(saved_text(&file(), Path::new("plan.json")), @r"
        CUSTOMER      3f9a2b7c1d04 1 row; over a limit, would wait for: tandem approve 3f9a2b7c1d04
        written to plan.json; later: tandem plan --diff plan.json
        ");
        let empty = PlanFile { mappings: vec![], ..file() };
        insta::assert_snapshot!(diff_text(&empty.diff(&file()), &empty), @r#"appeared update CUSTOMER Bólido in dataverse: phone "030" -> "031""#);
        assert_eq!(
            diff_text(&file().diff(&file()), &file()),
            "The plan is the one of 2026-01-31 10:00:00 UTC."
        );
    }
}
