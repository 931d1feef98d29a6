//! `tandem connection add`, `edit`, `enable`, `disable`, `remove`: changes of `tandem.toml` and of nothing else.

use std::fs;
use std::path::Path;

use serde::Serialize;
use toml_edit::Value;

use crate::agent::Command;
use crate::config::{ReadConnectionString, Settings, SettingsFile, read_connection_string};
use crate::model::Side;
use crate::web;

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::report::CommandError;
use super::arguments::{AddArguments, EditArguments, Fields, RemoveArguments};
use super::find;

/// What was done to a connection.
#[derive(Serialize)]
struct Changed<'a> {
    connection: &'a str,
    done: &'a str,
    file: String,
    /// What stays as it was, or what to do next.
    note: String,
}

/// Adds a connection.
pub(super) async fn add(context: &Context, arguments: &AddArguments) -> Result<ExitCode, CommandError> {
    let name = arguments.name.as_str();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        let problem = format!("`{name}` is no name for a connection");
        return Err(CommandError::new(ExitCode::Usage, problem).with_remedy("use letters, digits, - and _"));
    }
    let mut file = SettingsFile::open(&context.places)?;
    if file.has_connection(name) {
        let problem = format!("there is a connection {name} already; nothing was written");
        return Err(CommandError::new(ExitCode::Usage, problem)
            .with_remedy(format!("change it with `tandem connection edit {name}`, or choose another name")));
    }
    file.add_connection(name)?;
    file.set(name, "kind", arguments.kind.word().into())?;
    let mut notes = Vec::new();
    match &arguments.connection_string {
        Some(path) => {
            let read = connection_string(path, arguments.fields.tenant.as_deref())?;
            take_over(context, &mut file, name, &read)?;
            notes = read.notes;
        }
        None if arguments.fields.sign_in.is_none() => {
            file.set(name, "sign_in.kind", "client-secret".into())?;
        }
        None => {}
    }
    apply(&mut file, name, &arguments.fields)?;
    save(&file)?;
    notes.push(format!("next: tandem connection test {name}"));
    show(context, name, "added", &notes.join("\n")).await;
    Ok(ExitCode::Success)
}

/// Reads a connection string from a file: on the command line its secret would be seen by others.
fn connection_string(path: &Path, tenant: Option<&str>) -> Result<ReadConnectionString, CommandError> {
    let file = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        CommandError::because(ExitCode::Usage, format!("cannot read the connection string in {file}"), &error)
    })?;
    read_connection_string(text.trim(), tenant).map_err(|error| {
        CommandError::because(ExitCode::Usage, format!("cannot use the connection string in {file}"), &error)
    })
}

/// Puts what a connection string says into a new connection, and its secret where the connection refers to.
fn take_over(
    context: &Context,
    file: &mut SettingsFile,
    name: &str,
    read: &ReadConnectionString,
) -> Result<(), CommandError> {
    if let Some(keep) = &read.secret {
        keep.reference.keep(&context.places.config, &keep.secret).map_err(|error| {
            CommandError::because(ExitCode::Configuration, "cannot keep the secret of the string", &error)
        })?;
    }
    file.set(name, "url", read.url.as_str().into())?;
    let sign_in = toml_edit::ser::to_document(&read.sign_in).map_err(|error| {
        CommandError::because(ExitCode::Configuration, "the sign-in of the string cannot be written", &error)
    })?;
    for (key, value) in sign_in.iter() {
        if let Some(value) = value.as_value() {
            file.set(name, &format!("sign_in.{key}"), value.clone())?;
        }
    }
    Ok(())
}

/// Changes settings of a connection.
pub(super) async fn edit(context: &Context, arguments: &EditArguments) -> Result<ExitCode, CommandError> {
    let name = arguments.name.as_str();
    find(&Settings::load(&context.places)?, name)?;
    let mut file = SettingsFile::open(&context.places)?;
    apply(&mut file, name, &arguments.fields)?;
    for key in &arguments.unset {
        if !file.unset(name, key)? {
            let problem = format!("connection {name} has no setting {key}; nothing was written");
            return Err(CommandError::new(ExitCode::Usage, problem)
                .with_remedy("name settings as they stand in tandem.toml, such as sign_in.scope"));
        }
    }
    save(&file)?;
    show(context, name, "changed", "couplings and watermarks stay as they are").await;
    Ok(ExitCode::Success)
}

/// Lets mappings use a connection, or stand still.
pub(super) async fn set_enabled(
    context: &Context,
    name: &str,
    enabled: bool,
) -> Result<ExitCode, CommandError> {
    find(&Settings::load(&context.places)?, name)?;
    let mut file = SettingsFile::open(&context.places)?;
    file.set(name, "enabled", enabled.into())?;
    save(&file)?;
    let note = match enabled {
        true => "the next run catches up with what changed meanwhile",
        false => "its mappings stand still; couplings and watermarks stay as they are",
    };
    show(context, name, if enabled { "enabled" } else { "disabled" }, note).await;
    Ok(ExitCode::Success)
}

/// Takes a connection out.
pub(super) async fn remove(context: &Context, arguments: &RemoveArguments) -> Result<ExitCode, CommandError> {
    let name = arguments.name.as_str();
    let settings = Settings::load(&context.places)?;
    find(&settings, name)?;
    let users = if arguments.force { Vec::new() } else { users(context, &settings, name)? };
    if !users.is_empty() {
        let problem = format!("the connection {name} is in use by {}; nothing was written", users.join(", "));
        return Err(CommandError::new(ExitCode::Configuration, problem).with_remedy(format!(
            "take those out of `mappings` in tandem.toml first, or let them stand still with \
             `tandem connection disable {name}`; --force removes it all the same"
        )));
    }
    let mut file = SettingsFile::open(&context.places)?;
    file.remove_connection(name);
    save(&file)?;
    let note = "what Tandem learned of it stays in the store, and so do mapping files and secrets:\n\
                a connection of this name to the same system goes on where this one ended";
    show(context, name, "removed", note).await;
    Ok(ExitCode::Success)
}

fn users(context: &Context, settings: &Settings, name: &str) -> Result<Vec<String>, CommandError> {
    let mappings = settings.read_mappings(&context.places)?;
    let uses = mappings
        .iter()
        .filter(|mapping| Side::BOTH.into_iter().any(|side| mapping.connections[side].as_str() == name));
    Ok(uses.map(|mapping| mapping.name.to_string()).collect())
}

fn apply(file: &mut SettingsFile, name: &str, fields: &Fields) -> Result<(), CommandError> {
    let named = [
        ("url", &fields.url),
        ("company", &fields.company),
        ("companion", &fields.companion),
        ("sign_in.kind", &fields.sign_in),
        ("sign_in.tenant", &fields.tenant),
        ("sign_in.client_id", &fields.client_id),
        ("sign_in.client_secret", &fields.client_secret),
    ];
    for (key, text) in named {
        if let Some(text) = text {
            file.set(name, key, text.as_str().into())?;
        }
    }
    for (key, text) in &fields.set {
        file.set(name, key, typed(text))?;
    }
    Ok(())
}

/// Reads a number, `true` or `false`; anything else is text.
fn typed(text: &str) -> Value {
    match (text.parse::<i64>(), text.parse::<bool>()) {
        (Ok(number), _) => number.into(),
        (_, Ok(flag)) => flag.into(),
        _ => text.into(),
    }
}

fn save(file: &SettingsFile) -> Result<(), CommandError> {
    match file.save() {
        Ok(_) => Ok(()),
        Err(error) => Err(CommandError::from(error).with_remedy("nothing was written; see --help")),
    }
}

async fn show(context: &Context, connection: &str, done: &str, note: &str) {
    let file = context.places.config_file().display().to_string();
    let changed = Changed { connection, done, file, note: note.to_owned() };
    context.output.show(&changed, |changed| {
        format!("{} {} in {}\n{}", changed.connection, changed.done, changed.file, changed.note)
    });
    if let Ok(Some(_)) = web::ask(&context.places, &Command::Status).await {
        context.output.note("the running agent keeps its old settings until it is started again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_number_a_flag_or_text() {
        assert!(typed("500").is_integer() && typed("true").is_bool());
        for text in ["file:secret", "1.5", "2026-01-01", "", "[1]"] {
            assert_eq!(typed(text).as_str(), Some(text));
        }
    }
}
