//! `tandem restore`: puts a backup in place of the store.

use std::fmt::Write as _;

use serde::Serialize;

use crate::store::{Present, Restorable};

use super::arguments::RestoreArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::keeping::{absolute, refuse_beside_agent};
use super::report::CommandError;
use super::table::{counted, moment};

/// What is shown of a backup, and what became of it.
#[derive(Debug, Serialize)]
struct RestoreView {
    file: String,
    couplings: u64,
    open_conflicts: u64,
    last_run: Option<jiff::Timestamp>,
    connections: Vec<ConnectionView>,
    restored: bool,
    /// Where the store that was there is kept.
    kept: Option<String>,
}

#[derive(Debug, Serialize)]
struct ConnectionView {
    connection: String,
    identity: String,
}

/// Shows what the backup is about, and puts it in place where a person said yes.
pub(super) async fn restore(
    context: &Context,
    arguments: &RestoreArguments,
) -> Result<ExitCode, CommandError> {
    refuse_beside_agent(&context.places).await?;
    let file = absolute(&arguments.file);
    let present = Present::hold(&context.places.store())?;
    let restorable = Restorable::read(&file, &present)?;
    let facts = restorable.facts.clone();
    let kept = if arguments.yes { restorable.put(&present)? } else { None };
    let identities = facts.identities.into_iter();
    let view = RestoreView {
        file: file.display().to_string(),
        couplings: facts.couplings,
        open_conflicts: facts.open_conflicts,
        last_run: facts.last_run,
        connections: identities
            .map(|(connection, identity)| ConnectionView { connection, identity })
            .collect(),
        restored: arguments.yes,
        kept: kept.map(|kept| kept.display().to_string()),
    };
    context.output.show(&view, render);
    Ok(if arguments.yes { ExitCode::Success } else { ExitCode::NeedsPerson })
}

fn render(view: &RestoreView) -> String {
    let last = view.last_run.map_or_else(|| "no run".to_owned(), |at| format!("a run at {} UTC", moment(at)));
    let mut text = format!(
        "The backup {} knows {} and {}; the last it saw was {last}.\n",
        view.file,
        counted(view.couplings, "coupling"),
        counted(view.open_conflicts, "open conflict"),
    );
    for ConnectionView { connection, identity } in &view.connections {
        let _ = writeln!(text, "It is about {identity} as {connection}.");
    }
    if !view.restored {
        text.push_str(
            "Nothing was changed. With --yes it takes the store's place, and the present store is kept beside it.\n\
             What happened since the backup is then read and compared anew; what cannot be told is asked.\n",
        );
        return text;
    }
    match &view.kept {
        Some(kept) => {
            let _ =
                writeln!(text, "It has taken the store's place. The store that was there is kept as {kept}.");
        }
        None => text.push_str("It has taken the store's place.\n"),
    }
    text.push_str("The next run reads and compares everything; `tandem plan` shows what it would do.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_says_what_it_is_about_before_it_changes_anything() {
        let mut view = RestoreView {
            file: "/backup.redb".to_owned(),
            couplings: 91,
            open_conflicts: 1,
            last_run: Some("2026-01-31T10:00:00Z".parse().unwrap()),
            connections: vec![ConnectionView { connection: "erp".to_owned(), identity: "CRONUS".to_owned() }],
            restored: false,
            kept: None,
        };
        insta::assert_snapshot!(render(&view), @r"
        The backup /backup.redb knows 91 couplings and 1 open conflict; the last it saw was a run at 2026-01-31 10:00:00 UTC.
        It is about CRONUS as erp.
        Nothing was changed. With --yes it takes the store's place, and the present store is kept beside it.
        What happened since the backup is then read and compared anew; what cannot be told is asked.
        ");
        view.restored = true;
        view.kept = Some("/tandem.redb.before-restore-1".to_owned());
        insta::assert_snapshot!(render(&view), @r"
        The backup /backup.redb knows 91 couplings and 1 open conflict; the last it saw was a run at 2026-01-31 10:00:00 UTC.
        It is about CRONUS as erp.
        It has taken the store's place. The store that was there is kept as /tandem.redb.before-restore-1.
        The next run reads and compares everything; `tandem plan` shows what it would do.
        ");
    }
}
