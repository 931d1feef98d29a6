//! `tandem mapping add` and `tandem mapping reset`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;

use crate::config::{ConfigError, Settings, SettingsFile, mapping_source, parse_mapping};
use crate::mapping::{self, OrderError};
use crate::model::MappingName;

use super::super::arguments::MappingProfile;
use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::report::CommandError;

/// What was added.
#[derive(Debug, Serialize)]
struct Added {
    added: Vec<String>,
    /// Added because one of those needs it.
    needed: Vec<String>,
    in_use: Vec<String>,
}

/// Puts mappings into use, with those they need.
pub(super) fn add(
    context: &Context,
    names: &[String],
    profile: Option<MappingProfile>,
) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let of_profile =
        profile.map(|profile| mapping::StandardSet::from(profile).mappings()).unwrap_or_default();
    let wanted = names.iter().cloned().chain(of_profile.into_iter().map(str::to_owned));
    let mut in_use = settings.mappings.clone();
    let mut added = Vec::new();
    for name in wanted {
        if !in_use.contains(&name) {
            in_use.push(name.clone());
            added.push(name);
        }
    }
    let mut needed = Vec::new();
    while let Some(missing) = missing(context, &settings, &in_use)? {
        in_use.push(missing.clone());
        needed.push(missing);
    }
    if !added.is_empty() {
        let mut file = SettingsFile::open(&context.places)?;
        file.set_mappings(&in_use);
        file.save()?;
    }
    context.output.show(&Added { added, needed, in_use }, |done| {
        let needed = match done.needed.is_empty() {
            true => String::new(),
            false => format!(", and {}, which they need", done.needed.join(", ")),
        };
        match done.added.is_empty() {
            true => "all of them are in use already".to_owned(),
            false => format!(
                "{}{needed}: in use from now on; `tandem mapping check` says whether they fit",
                done.added.join(", ")
            ),
        }
    });
    Ok(ExitCode::Success)
}

/// Returns a mapping that those need and that is not among them.
fn missing(context: &Context, settings: &Settings, names: &[String]) -> Result<Option<String>, CommandError> {
    let known: BTreeSet<MappingName> = names.iter().map(|name| MappingName::new(name.as_str())).collect();
    let mut mappings = Vec::new();
    for name in names {
        let source = mapping_source(&context.places, name)?;
        mappings.push(parse_mapping(settings, &source).map_err(ConfigError::from)?.among(&known));
    }
    match mapping::dependency_order(&mappings) {
        Ok(_) => Ok(None),
        Err(OrderError::Missing { missing, .. }) => Ok(Some(missing.to_string())),
        Err(error) => Err(ConfigError::from(error).into()),
    }
}

/// What became of a file.
#[derive(Debug, Serialize)]
struct Reset {
    mapping: String,
    /// Where the file of one's own is kept, if there was one.
    kept: Option<PathBuf>,
}

/// Puts the shipped mapping in the place of one's own file, which is kept beside it.
pub(super) fn reset(context: &Context, name: &str) -> Result<ExitCode, CommandError> {
    if mapping::standard(name).is_none() {
        let known: Vec<_> = super::shipped().collect();
        let problem = format!("{name} is no shipped mapping; shipped are {}", known.join(", "));
        return Err(CommandError::new(ExitCode::Usage, problem)
            .with_remedy("a mapping of your own is reset by restoring its file"));
    }
    let own = context.places.mappings().join(format!("{name}.toml"));
    let kept = match own.exists() {
        false => None,
        true => {
            let free = |number: &u32| !own.with_extension(format!("toml.{number}")).exists();
            let number = (1..).find(free).unwrap_or_default();
            let kept = own.with_extension(format!("toml.{number}"));
            fs::rename(&own, &kept).map_err(|error| {
                CommandError::because(
                    ExitCode::Configuration,
                    format!("cannot rename {}", own.display()),
                    &error,
                )
            })?;
            Some(kept)
        }
    };
    context.output.show(&Reset { mapping: name.to_owned(), kept }, |reset| match &reset.kept {
        Some(kept) => {
            format!("{} is as shipped again; your file is kept as {}", reset.mapping, kept.display())
        }
        None => format!("{} is as shipped already", reset.mapping),
    });
    Ok(ExitCode::Success)
}
