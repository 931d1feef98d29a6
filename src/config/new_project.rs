//! Writing the file of a new project from a template: its comments and layout stay.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

use toml_edit::{DocumentMut, Value};

use super::{ConfigError, MappingSource, Places};

/// What a new project has instead of what its template says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewProject {
    pub name: String,
    pub source: Option<String>,
    pub dataverse: Option<String>,
    pub destination: Option<String>,
    /// Without it the project is about all companies.
    pub company: Option<String>,
    pub every: Option<String>,
}

impl NewProject {
    /// Returns the text and the place of the project's file.
    #[must_use]
    pub fn source_of(&self, places: &Places, template: &str) -> MappingSource {
        let file = self.path(places).display().to_string();
        let mut document: DocumentMut =
            template.parse().expect("invariant: a shipped template is TOML, as its test shows");
        if self.company.is_none() {
            document.remove("company");
        }
        for (key, value) in [
            ("name", Some(&self.name)),
            ("source", self.source.as_ref()),
            ("dataverse", self.dataverse.as_ref()),
            ("destination", self.destination.as_ref()),
            ("company", self.company.as_ref()),
            ("every", self.every.as_ref()),
        ] {
            if let (Some(value), Some(old)) =
                (value, document.get_mut(key).and_then(|item| item.as_value_mut()))
            {
                let decor = old.decor().clone();
                *old = Value::from(value.as_str());
                *old.decor_mut() = decor;
            }
        }
        MappingSource { file, text: document.to_string() }
    }

    /// Writes the file. One that is there is left as it is.
    pub fn write(&self, places: &Places, source: &MappingSource) -> Result<PathBuf, ConfigError> {
        let path = self.path(places);
        let written = fs::create_dir_all(places.projects())
            .and_then(|()| OpenOptions::new().write(true).create_new(true).open(&path))
            .and_then(|mut file| file.write_all(source.text.as_bytes()));
        match written {
            Ok(()) => Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let problem =
                    "this project is there already; give the new one another name, or remove the file"
                        .to_owned();
                Err(ConfigError::Wrong { path, problem })
            }
            Err(source) => Err(ConfigError::Unwritable { path, source }),
        }
    }

    fn path(&self, places: &Places) -> PathBuf {
        places.projects().join(format!("{}.toml", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{TEMPLATES, parse_project};

    #[test]
    fn a_template_gets_the_values_and_keeps_its_comments() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        let new = NewProject {
            name: "P2C".to_owned(),
            source: Some("fo".to_owned()),
            dataverse: Some("crm".to_owned()),
            destination: Some("fo".to_owned()),
            company: Some("DEMF".to_owned()),
            every: Some("30 min".to_owned()),
        };
        let source = new.source_of(&places, TEMPLATES[0].text);
        assert!(source.file.ends_with("P2C.toml"), "{}", source.file);
        let project = parse_project(&source.file, &source.text, |_| true).unwrap();
        assert_eq!((project.name.as_str(), project.schedule.to_string()), ("P2C", "every 30m".to_owned()));
        let lines = |text: &str| text.lines().filter(|line| line.contains('#')).count();
        assert_eq!(lines(&source.text), lines(TEMPLATES[0].text));
        assert!(
            source.text.contains("company = \"DEMF\"            # rows of other companies"),
            "{}",
            source.text
        );
        let path = new.write(&places, &source).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), source.text);
        let found = new.write(&places, &source).unwrap_err().to_string();
        assert!(found.contains("is there already"), "{found}");
    }

    #[test]
    fn a_project_without_a_company_is_about_all() {
        let places = Places::in_folder(std::path::Path::new("x"));
        let new = NewProject { name: "P2C".to_owned(), ..NewProject::default() };
        for template in TEMPLATES {
            let source = new.source_of(&places, template.text);
            assert!(!source.text.contains("USMF"), "{}", source.text);
            assert!(parse_project("p", &source.text, |_| true).is_ok());
        }
    }
}
