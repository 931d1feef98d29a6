//! The mappings and projects in use, read from their files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::mapping::{self, Mapping, MappingError, Project};
use crate::model::{ConnectionName, MappingName, Pair};

use super::load::{MappingSource, read};
use super::{ConfigError, ConnectionKind, Places, Settings};

/// What is in use.
pub(super) struct InUse {
    pub mappings: Vec<Mapping>,
    pub sources: BTreeMap<MappingName, MappingSource>,
    pub projects: Vec<Project>,
}

/// Reads the files of all that is in use, shipped mappings among them.
pub(super) fn read_in_use(places: &Places, settings: &Settings) -> Result<InUse, ConfigError> {
    let mut mappings = Vec::new();
    let mut sources = BTreeMap::new();
    for name in &settings.mappings {
        let source = mapping_source(places, name)?;
        let mapping = parse_mapping(settings, &source)?;
        if mapping.name.as_str() != name {
            let problem = format!("the mapping is named {}; name it {name} or rename the file", mapping.name);
            return Err(ConfigError::Wrong { path: PathBuf::from(&source.file), problem });
        }
        sources.insert(mapping.name.clone(), source);
        mappings.push(mapping);
    }
    let mut projects = Vec::new();
    for name in &settings.projects {
        let source = project_source(places, name)?;
        let project = parse_project(settings, &source, name)?;
        for mapping in project.mappings() {
            sources.insert(mapping.name.clone(), source.clone());
            mappings.push(mapping.clone());
        }
        projects.push(project);
    }
    let names = mappings.iter().map(|mapping| mapping.name.clone()).collect();
    let has_several_companies = settings.company.several;
    let fitted = |mapping: Mapping| Mapping { has_several_companies, ..mapping.among(&names) };
    let mut mappings: Vec<_> = mappings.into_iter().map(fitted).collect();
    mapping::note_names(&mut mappings).map_err(|source| ConfigError::Nameless {
        place: sources[&source.mapping].place_of_field(source.field.as_str()),
        source: Box::new(source),
    })?;
    Ok(InUse { mappings, sources, projects })
}

/// Returns the text of a project's file.
pub fn project_source(places: &Places, name: &str) -> Result<MappingSource, ConfigError> {
    let path = places.projects().join(format!("{name}.toml"));
    match read(&path) {
        Ok(text) => Ok(MappingSource { file: path.display().to_string(), text }),
        Err(ConfigError::Absent(_)) => {
            let problem = format!(
                "`projects` names {name}, but there is no {}; `tandem project new` writes one",
                path.display()
            );
            Err(ConfigError::Wrong { path: places.config_file(), problem })
        }
        Err(error) => Err(error),
    }
}

/// Reads a project's text, which is to have that name.
pub fn parse_project(
    settings: &Settings,
    source: &MappingSource,
    name: &str,
) -> Result<Project, ConfigError> {
    let has_companies = |connection: &str| {
        settings.connections.get(connection).is_some_and(|found| found.kind == ConnectionKind::Odata)
    };
    let project = mapping::parse_project(&source.file, &source.text, has_companies)?;
    if project.name == name {
        return Ok(project);
    }
    let problem = format!("the project is named {}; name it {name} or rename the file", project.name);
    Err(ConfigError::Wrong { path: PathBuf::from(&source.file), problem })
}

/// Returns the text of a mapping: of your file, else of the shipped one.
pub fn mapping_source(places: &Places, name: &str) -> Result<MappingSource, ConfigError> {
    let path = places.mappings().join(format!("{name}.toml"));
    match read(&path) {
        Ok(text) => Ok(MappingSource { file: path.display().to_string(), text }),
        Err(ConfigError::Absent(_)) => match mapping::standard(name) {
            Some(text) => Ok(MappingSource { file: format!("{name}.toml (shipped)"), text: text.to_owned() }),
            None => {
                let known: Vec<_> = mapping::STANDARD.iter().map(|(name, _)| *name).collect();
                let problem = format!(
                    "`mappings` names {name}, but there is no {} and no shipped mapping of that name; shipped are {}",
                    path.display(),
                    known.join(", ")
                );
                Err(ConfigError::Wrong { path: places.config_file(), problem })
            }
        },
        Err(error) => Err(error),
    }
}

/// Reads a mapping's text alone: what it needs of others is not looked at.
pub fn parse_mapping(settings: &Settings, source: &MappingSource) -> Result<Mapping, MappingError> {
    let connections =
        Pair::new(ConnectionName::new(settings.left.as_str()), ConnectionName::new(settings.right.as_str()));
    mapping::parse(&source.file, &source.text, &connections)
}
