//! Reading the configuration as a whole, so that what the rest of the program gets is consistent.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::{fs, str};

use url::{Host, Url};

use crate::mapping::{self, Mapping, MappingError, NoName, OrderError, Project, TablesUsed};
use crate::model::{ConnectionName, MappingName, Side, TableName};

use super::in_use::{InUse, read_in_use};
use super::{Places, Settings};

/// The configuration: settings, and mappings in the order in which they run.
#[derive(Clone, Debug)]
pub struct Config {
    pub places: Places,
    pub settings: Settings,
    pub mappings: Vec<Mapping>,
    /// The projects in use. Their mappings are among the others.
    pub projects: Vec<Project>,
    /// Where each mapping's text came from, for pointing at lines.
    pub sources: BTreeMap<MappingName, MappingSource>,
}

/// A mapping's text and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingSource {
    pub file: String,
    pub text: String,
}

impl MappingSource {
    /// Returns file and line of the first place that names the word in quotes, for messages.
    #[must_use]
    pub fn place_of(&self, word: &str) -> String {
        let quoted = format!("\"{word}\"");
        self.place_where(|line| line.contains(&quoted))
    }

    /// Returns file and line where a field begins, for messages.
    #[must_use]
    pub fn place_of_field(&self, id: &str) -> String {
        let quoted = format!("\"{id}\"");
        self.place_where(|line| line.trim_start().starts_with("id") && line.contains(&quoted))
    }

    /// Returns file and line of the first place that names the word, in quotes or as a key, for messages.
    #[must_use]
    pub fn place_of_word(&self, word: &str) -> String {
        self.place_where(|line| !line.trim_start().starts_with('#') && line.contains(word))
    }

    /// Returns file and line of a side's filter, for messages.
    #[must_use]
    pub fn place_of_filter(&self, side: Side) -> String {
        let mut is_there = false;
        self.place_where(|line| {
            let line = line.trim_start();
            if line.starts_with('[') {
                is_there = line.starts_with(&format!("[{side}]"));
            }
            is_there && line.starts_with("filter")
        })
    }

    fn place_where(&self, is_there: impl FnMut(&str) -> bool) -> String {
        match self.text.lines().position(is_there) {
            Some(index) => format!("{}, line {}", self.file, index + 1),
            None => self.file.clone(),
        }
    }
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "there is no {}; write one (README.md shows how), or try `tandem simulate --write-config {}`",
        .0.display(), .0.parent().unwrap_or(Path::new(".")).display()
    )]
    Absent(PathBuf),
    #[error("cannot read {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write {}", path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}: {problem}", path.display())]
    Wrong { path: PathBuf, problem: String },
    #[error(transparent)]
    Mapping(#[from] MappingError),
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error("{place}: {source}")]
    Misordered { place: String, source: OrderError },
    #[error("{place}: {source}")]
    Nameless {
        place: String,
        #[source]
        source: Box<NoName>,
    },
}

impl Config {
    /// Reads `tandem.toml` and all mappings it uses.
    pub fn load(places: &Places) -> Result<Self, ConfigError> {
        let path = places.config_file();
        let settings = Settings::load(places)?;
        let InUse { mappings, sources, projects } = read_in_use(places, &settings)?;
        let order = mapping::dependency_order(&mappings).map_err(|error| misordered(&sources, error))?;
        let mappings = order.into_iter().map(|index| mappings[index].clone()).collect();
        let config = Self { places: places.clone(), settings, mappings, projects, sources };
        config.check().map_err(|problem| ConfigError::Wrong { path, problem })?;
        Ok(config)
    }

    /// Returns the disabled connection that makes a mapping stand still, if there is one.
    #[must_use]
    pub fn standing_still_for<'a>(&self, mapping: &'a Mapping) -> Option<&'a ConnectionName> {
        Side::BOTH.map(|side| &mapping.connections[side]).into_iter().find(|name| {
            self.settings.connections.get(name.as_str()).is_some_and(|connection| !connection.enabled)
        })
    }

    /// Returns the mappings that use a table, each with the side it is on.
    pub fn mappings_of<'a>(
        &'a self,
        connection: &'a ConnectionName,
        table: &'a TableName,
    ) -> impl Iterator<Item = (&'a Mapping, Side)> {
        let sides = self.mappings.iter().flat_map(|mapping| Side::BOTH.map(|side| (mapping, side)));
        sides.filter(move |(mapping, side)| {
            mapping.connections[*side] == *connection && mapping.tables[*side] == *table
        })
    }

    /// Returns what the mappings use of a connection's tables.
    #[must_use]
    pub fn tables_used(&self, connection: &ConnectionName) -> TablesUsed {
        mapping::tables_used(&self.mappings, connection)
    }

    /// Returns the folder of the inbox file.
    #[must_use]
    pub fn inbox_file(&self) -> PathBuf {
        let folder = match &self.settings.inbox {
            Some(folder) => self.places.config.join(folder),
            None => self.places.data.clone(),
        };
        folder.join("resolve-conflicts.toml")
    }

    fn check(&self) -> Result<(), String> {
        if self.mappings.is_empty() {
            return Err("`mappings` is empty, and so is `projects`; name at least one".to_owned());
        }
        for mapping in &self.mappings {
            for side in Side::BOTH {
                let name = mapping.connections[side].as_str();
                if !self.settings.connections.contains_key(name) {
                    return Err(format!(
                        "mapping {} uses the connection {name}, but there is no [connections.{name}]",
                        mapping.name
                    ));
                }
            }
        }
        for (name, connection) in &self.settings.connections {
            connection.limits.check().map_err(|problem| format!("[connections.{name}.limits]: {problem}"))?;
            connection.check().map_err(|problem| format!("[connections.{name}]: {problem}"))?;
        }
        let names: Vec<_> = self.mappings.iter().map(|mapping| mapping.name.to_string()).collect();
        self.settings.brakes.check(&names)?;
        let local = self.settings.connections.values().all(|connection| is_loopback(&connection.url));
        if self.settings.deletion_confirm_secs < 900 && !local {
            return Err(
                "deletion_confirm_secs is below 900: that is allowed only where all connections are on this machine"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

impl Settings {
    /// Reads `tandem.toml` alone.
    pub fn load(places: &Places) -> Result<Self, ConfigError> {
        let path = places.config_file();
        Self::parse(&path, &read(&path)?)
    }

    /// Reads the text of the file at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            // Never the error's own excerpt of the text: it could show a secret.
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            let problem = format!("line {line}: {}", error.message());
            ConfigError::Wrong { path: path.to_owned(), problem }
        })
    }

    /// Returns the mappings in use, in the order of `mappings`, then those of projects, whether or not their connections are
    /// there.
    pub fn read_mappings(&self, places: &Places) -> Result<Vec<Mapping>, ConfigError> {
        read_in_use(places, self).map(|in_use| in_use.mappings)
    }
}

/// Says where a mapping's text names what stands in its way.
fn misordered(sources: &BTreeMap<MappingName, MappingSource>, source: OrderError) -> ConfigError {
    let place = match &source {
        OrderError::Missing { mapping, missing } => sources[mapping].place_of(missing.as_str()),
        OrderError::Circle(mappings) => match mappings.as_slice() {
            [first, second, ..] => sources[first].place_of(second.as_str()),
            _ => String::new(),
        },
    };
    ConfigError::Misordered { place, source }
}

pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source: io::Error| ConfigError::Unreadable { path: path.to_owned(), source };
    match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(text.trim_start_matches('\u{feff}').to_owned()),
            Err(error) => Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, error))),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ConfigError::Absent(path.to_owned())),
        Err(error) => Err(unreadable(error)),
    }
}

fn is_loopback(url: &str) -> bool {
    match Url::parse(url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: &str = r#"
deletion_confirm_secs = 1
[connections.business-central]
kind = "business-central"
url = "http://127.0.0.1:7048/v2.0/sim"
company = "c"
sign_in = { kind = "client-secret", tenant = "t", client_id = "i", client_secret = "env:SECRET" }
[connections.dataverse]
kind = "dataverse"
url = "http://127.0.0.1:7049"
sign_in = { kind = "client-secret", tenant = "t", client_id = "i", client_secret = "env:SECRET" }
"#;

    fn load(settings: &str, mapping: Option<(&str, &str)>) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        fs::write(places.config_file(), settings).unwrap();
        if let Some((name, text)) = mapping {
            fs::create_dir(places.mappings()).unwrap();
            fs::write(places.mappings().join(name), text).unwrap();
        }
        Config::load(&places)
    }

    fn error(settings: &str, mapping: Option<(&str, &str)>) -> String {
        load(settings, mapping).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_mappings_are_used_in_the_order_of_their_dependencies() {
        let config = load(SETTINGS, None).unwrap();
        assert_eq!(config.mappings[0].name.as_str(), "CURRENCY");
        assert_eq!(config.mappings.len(), 4);
    }

    #[test]
    fn mistakes_are_named_with_the_way_out() {
        assert!(error("", None).contains("connections"));
        let found = error(&format!("mappings = [\"CUSTMER\"]\n{SETTINGS}"), None);
        assert!(found.contains("CUSTMER") && found.contains("shipped are SALESPEOPLE, CURRENCY"), "{found}");
        let found = error(&format!("mappings = [\"CUSTOMER\"]\n{SETTINGS}"), None);
        assert!(found.contains("mapping CUSTOMER needs CURRENCY"), "{found}");
        let found = error(&SETTINGS.replace("env:SECRET", "hunter2"), None);
        assert!(found.contains("never the secret itself") && !found.contains("hunter2"), "{found}");
        let found = error(&SETTINGS.replace("company = \"c\"", "company = \"c\"\nunguarded = true"), None);
        assert!(
            found.contains("unguarded is a setting of mappings; put it at the top of the file"),
            "{found}"
        );
        let found = error(&SETTINGS.replace("company = \"c\"", "company = \"c\"\nmodified = \"m\""), None);
        assert!(
            found.contains("[connections.business-central]: modified is a setting of kind = \"odata\" only"),
            "{found}"
        );
        let required = "company = \"c\"\napi = \"odata-v4\"\ncompanion = \"required\"";
        let found = error(&SETTINGS.replace("company = \"c\"", required), None);
        assert!(found.contains("\"required\" goes with API v2.0 only"), "{found}");
        let found = error(&SETTINGS.replace("127.0.0.1:7049", "contoso.example"), None);
        assert!(found.contains("below 900"), "{found}");
    }

    /// The place is the field's, the problem what is wrong with the value it points by.
    #[test]
    fn a_lookup_by_a_value_that_rows_do_not_have_is_told() {
        let settings = format!("mappings = [\"CURRENCY\", \"SALESPEOPLE\", \"CUSTOMER\"]\n{SETTINGS}");
        let text = mapping::standard("CUSTOMER").unwrap();
        let wrong = text.replace("left_by = \"code\"", "left_by = \"coed\"");
        let line = 1 + wrong.lines().position(|line| line == "id = \"owner\"").unwrap();
        let found = error(&settings, Some(("CUSTOMER.toml", &wrong)));
        let problem = "field owner points to rows of SALESPEOPLE by coed, which is no field of it in use; did you mean code?";
        assert!(found.ends_with(&format!("CUSTOMER.toml, line {line}: {problem}")), "{found}");
        let config = load(&settings, Some(("CUSTOMER.toml", text))).unwrap();
        let people = config.mappings.iter().find(|mapping| mapping.name.as_str() == "SALESPEOPLE").unwrap();
        assert_eq!(people.names.left.keys().collect::<Vec<_>>(), [&"code".into()]);
    }

    #[test]
    fn the_tasks_of_projects_are_among_the_mappings() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        let erp = SETTINGS.replace("kind = \"business-central\"\n", "kind = \"odata\"\n");
        let erp = erp.replace("business-central", "erp").replace("company = \"c\"\n", "");
        let settings = format!("mappings = []\nprojects = [\"P2C\"]\n{erp}");
        fs::write(places.config_file(), &settings).unwrap();
        let found = Config::load(&places).unwrap_err().to_string();
        assert!(
            found.contains("`projects` names P2C, but there is no ") && found.contains("project new"),
            "{found}"
        );
        let text = mapping::template("prospect-to-cash-erp-to-sales").unwrap().text;
        fs::create_dir(places.projects()).unwrap();
        let write = |text: &str| fs::write(places.projects().join("P2C.toml"), text).unwrap();
        write(text);
        let found = Config::load(&places).unwrap_err().to_string();
        assert!(found.contains("name it P2C or rename the file"), "{found}");
        let text = text.replacen("prospect-to-cash-erp-to-sales", "P2C", 1);
        write(&text);
        let config = Config::load(&places).unwrap();
        assert_eq!(
            config.projects[0].mapping_names(),
            config.mappings.iter().map(|mapping| mapping.name.clone()).collect::<Vec<_>>()
        );
        let place = config.sources[&"P2C/accounts".into()].place_of("CustomersV3");
        assert!(place.ends_with("P2C.toml, line 16"), "{place}");
        write(&text.replacen("\"dataverse\"", "\"crm\"", 1));
        let found = Config::load(&places).unwrap_err().to_string();
        assert!(found.contains("mapping P2C/accounts uses the connection crm"), "{found}");
        fs::write(places.config_file(), format!("mappings = []\n{erp}")).unwrap();
        let found = Config::load(&places).unwrap_err().to_string();
        assert!(found.contains("`mappings` is empty, and so is `projects`"), "{found}");
    }

    #[test]
    fn limits_that_let_nothing_through_are_named() {
        let with = |limits: &str| format!("{SETTINGS}[connections.dataverse.limits]\n{limits}");
        for (limits, words) in [
            ("requests = 0", "requests is 0"),
            ("running = 0", "running is 0"),
            ("per_day = 0", "per_day is 0"),
            ("window_secs = 0", "window_secs is 0; give 1 to 3600"),
            (
                "window_secs = 86400",
                "window_secs is 86400; give 1 to 3600, and a limit for longer as per_day",
            ),
        ] {
            let found = error(&with(limits), None);
            assert!(found.contains(&format!("[connections.dataverse.limits]: {words}")), "{found}");
        }
        let found = error(&with("concurrent = 4"), None);
        assert!(found.contains("concurrent") && found.contains("running"), "{found}");
        let config =
            load(&with("requests = 100\nwindow_secs = 60\nrunning = 2\nper_day = 5000"), None).unwrap();
        let limits = &config.settings.connections["dataverse"].limits;
        assert_eq!((limits.requests, limits.per_day), (Some(100), Some(5000)));
        assert_eq!(config.settings.connections["business-central"].limits, Default::default());
    }

    #[test]
    fn a_file_comes_before_the_shipped_mapping() {
        let text = mapping::standard("CURRENCY").unwrap().replace("create = true", "create = false");
        let config = load(SETTINGS, Some(("CURRENCY.toml", &text))).unwrap();
        assert!(!config.mappings[0].create.right);
    }
}
