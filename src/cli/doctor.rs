//! `tandem doctor`: looks the store over, and saves what can be read of a damaged one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::agent::{Command, Reply};
use crate::config::Settings;
use crate::model::MappingName;
use crate::store::{self, Examination, Pages, Salvaged, StoreError, TableFindings};

use super::arguments::DoctorArguments;
use super::context::Context;
use super::exit_code::ExitCode;
use super::keeping::{Done, absolute, agent_or_here, refuse_beside_agent};
use super::output::in_one_line;
use super::reach::unexpected;
use super::report::CommandError;
use super::table::{counted, table};

/// What was found, and what was saved.
#[derive(Debug, Serialize)]
struct DoctorView {
    store: String,
    sound: bool,
    #[serde(flatten)]
    examination: Examination,
    #[serde(skip_serializing_if = "Option::is_none")]
    salvaged: Option<Salvaged>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salvaged_into: Option<String>,
}

/// Looks the store over; never writes to it.
pub(super) async fn doctor(context: &Context, arguments: &DoctorArguments) -> Result<ExitCode, CommandError> {
    let configured = configured(context);
    let here = |path: &Path| -> Result<Box<Examination>, StoreError> {
        if !path.exists() {
            return Err(StoreError::None { path: path.to_owned() });
        }
        store::examine(path, &configured).map(Box::new)
    };
    if arguments.salvage.is_some() {
        refuse_beside_agent(&context.places).await?;
    }
    let examination = match agent_or_here(context, &Command::Examine, here).await? {
        Done::ByAgent(Reply::Examined(examination)) | Done::Here(examination) => *examination,
        Done::ByAgent(_) => return Err(unexpected()),
    };
    let path = context.places.store();
    let into = arguments.salvage.as_deref().map(absolute);
    let salvaged = into.as_deref().map(|into| store::salvage(&path, into)).transpose()?;
    let sound = examination.is_sound();
    let view = DoctorView {
        store: path.display().to_string(),
        sound,
        examination,
        salvaged,
        salvaged_into: into.map(|into| into.display().to_string()),
    };
    context.output.show(&view, render);
    Ok(if sound { ExitCode::Success } else { ExitCode::Store })
}

/// Returns the mappings in use; none where the configuration cannot be read, which is no matter of the store.
fn configured(context: &Context) -> BTreeSet<MappingName> {
    let Ok(settings) = Settings::load(&context.places) else { return BTreeSet::new() };
    let read = settings.read_mappings(&context.places).into_iter().flatten().map(|mapping| mapping.name);
    settings.mappings.iter().map(|name| MappingName::new(name.as_str())).chain(read).collect()
}

fn render(view: &DoctorView) -> String {
    let Examination { pages, tables, contradictions, contradictions_left_out, notes } = &view.examination;
    let mut text = format!("{}\n{}\n", view.store, file(pages));
    if !tables.is_empty() {
        let rows = tables.iter().map(|found| {
            let unreadable = found.unreadable.len() as u64 + found.unreadable_left_out;
            vec![found.table.clone(), found.rows.to_string(), unreadable.to_string(), cut(found).to_owned()]
        });
        let _ = writeln!(text, "\n{}", table(&["table", "rows#", "unreadable#", ""], rows));
    }
    for found in tables {
        for unreadable in &found.unreadable {
            let line = format!("{} {}: {}", found.table, unreadable.key, unreadable.problem);
            let _ = writeln!(text, "unreadable: {}", in_one_line(&line));
        }
    }
    for contradiction in contradictions {
        let _ = writeln!(text, "contradiction: {}", in_one_line(contradiction));
    }
    if *contradictions_left_out > 0 {
        let _ = writeln!(text, "… and {}", counted(*contradictions_left_out, "more contradiction"));
    }
    for note in notes {
        let _ = writeln!(text, "note: {}", in_one_line(note));
    }
    text.push('\n');
    match (&view.salvaged, &view.salvaged_into) {
        (Some(salvaged), Some(into)) => saved(&mut text, salvaged, into),
        _ => text.push_str(advice(view.sound, pages)),
    }
    text
}

fn file(pages: &Pages) -> String {
    match pages {
        Pages::Sound => "Every page of the file is in order.".to_owned(),
        Pages::InUse => {
            "The agent has the store: what is in it was looked at, the file itself was not.".to_owned()
        }
        Pages::Damaged(problem) => format!("The file is damaged: {}.", in_one_line(problem)),
        Pages::Lost(problem) => format!("The file cannot be opened: {}.", in_one_line(problem)),
    }
}

const fn cut(found: &TableFindings) -> &'static str {
    if found.is_cut { "more may be lost" } else { "" }
}

const fn advice(sound: bool, pages: &Pages) -> &'static str {
    match (sound, pages) {
        (true, _) => "All is well.\n",
        (false, Pages::Lost(_)) => "Nothing can be saved: restore a backup with `tandem restore`.\n",
        (false, _) => {
            "Restore a backup with `tandem restore FILE`. Without one, `tandem doctor --salvage FILE` saves what can be\n\
             read into a file that `tandem restore FILE` then puts in place.\n"
        }
    }
}

fn saved(text: &mut String, salvaged: &Salvaged, into: &str) {
    for lost in &salvaged.lost {
        let _ = writeln!(text, "lost: {}", in_one_line(lost));
    }
    let _ = writeln!(
        text,
        "Saved {} into {into}. The store stays as it is;\n`tandem restore {into}` puts the saved one in its place.",
        counted(salvaged.saved, "row"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Unreadable;

    #[test]
    fn damage_is_named_with_what_to_do() {
        let found = TableFindings {
            table: "couplings".to_owned(),
            rows: 90,
            unreadable: vec![Unreadable {
                key: "(\"CUSTOMER\", 7)".to_owned(),
                problem: "its bytes are garbage".to_owned(),
            }],
            unreadable_left_out: 0,
            is_cut: true,
        };
        let view = DoctorView {
            store: "/tandem.redb".to_owned(),
            sound: false,
            examination: Examination {
                pages: Pages::Damaged("its pages contradict each other".to_owned()),
                tables: vec![found],
                contradictions: vec!["CUSTOMER is said to have 3 couplings and has 4".to_owned()],
                contradictions_left_out: 0,
                notes: vec![],
            },
            salvaged: None,
            salvaged_into: None,
        };
        insta::assert_snapshot!(render(&view), @r#"
        /tandem.redb
        The file is damaged: its pages contradict each other.

        table      rows  unreadable
        ─────────────────────────────────────────────
        couplings    90           1  more may be lost
        unreadable: couplings ("CUSTOMER", 7): its bytes are garbage
        contradiction: CUSTOMER is said to have 3 couplings and has 4

        Restore a backup with `tandem restore FILE`. Without one, `tandem doctor --salvage FILE` saves what can be
        read into a file that `tandem restore FILE` then puts in place.
        "#);
    }
}
