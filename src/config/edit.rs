//! Changing `tandem.toml` for people: their comments and layout stay, and the file is exchanged in one step.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::load::read;
use super::{ConfigError, Places, Settings};

/// `tandem.toml` as it stands, open for changes. Nothing is written before [`SettingsFile::save`].
#[derive(Debug)]
pub struct SettingsFile {
    path: PathBuf,
    document: DocumentMut,
}

impl SettingsFile {
    /// Opens the file; where there is none, an empty one is begun.
    pub fn open(places: &Places) -> Result<Self, ConfigError> {
        let path = places.config_file();
        let text = match read(&path) {
            Ok(text) => text,
            Err(ConfigError::Absent(_)) => String::new(),
            Err(error) => return Err(error),
        };
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            // Never the error's own excerpt of the text: it could show a secret.
            wrong(&path, error.message().to_owned())
        })?;
        Ok(Self { path, document })
    }

    /// Returns whether there is a connection of that name.
    #[must_use]
    pub fn has_connection(&self, name: &str) -> bool {
        self.connections().is_some_and(|connections| connections.contains_key(name))
    }

    /// Adds an empty `[connections.NAME]`.
    pub fn add_connection(&mut self, name: &str) -> Result<(), ConfigError> {
        let path = self.path.clone();
        let connections = self.document.entry("connections").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let connections = connections.as_table_like_mut().ok_or_else(|| no_table(&path, "connections"))?;
        connections.insert(name, Item::Table(Table::new()));
        Ok(())
    }

    /// Sets one setting of a connection. `key` may lead into tables: `sign_in.tenant`.
    pub fn set(&mut self, connection: &str, key: &str, value: Value) -> Result<(), ConfigError> {
        let path = self.path.clone();
        let (folders, last) = split(key);
        let mut table = self.connection_mut(connection)?;
        for folder in folders {
            let inner = table.entry(folder).or_insert_with(|| Item::Table(Table::new()));
            table = inner.as_table_like_mut().ok_or_else(|| no_table(&path, folder))?;
        }
        match table.get_mut(last).and_then(Item::as_value_mut) {
            Some(old) => {
                // The blanks and the comment around the old value stay.
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            None => {
                table.insert(last, Item::Value(value));
            }
        }
        Ok(())
    }

    /// Takes a setting of a connection out again. Returns whether it was there.
    pub fn unset(&mut self, connection: &str, key: &str) -> Result<bool, ConfigError> {
        let (folders, last) = split(key);
        let mut table = self.connection_mut(connection)?;
        for folder in folders {
            match table.get_mut(folder).and_then(Item::as_table_like_mut) {
                Some(inner) => table = inner,
                None => return Ok(false),
            }
        }
        Ok(table.remove(last).is_some())
    }

    /// Takes a connection out.
    pub fn remove_connection(&mut self, name: &str) {
        let connections = self.document.get_mut("connections").and_then(Item::as_table_like_mut);
        if let Some(connections) = connections {
            connections.remove(name);
            if connections.is_empty() {
                // The setting itself must be there; without entries it would be neither shown nor kept.
                self.document["connections"] = Item::Table(Table::new());
            }
        }
    }

    /// Sets the mappings in use.
    pub fn set_mappings(&mut self, names: &[String]) {
        self.set_list("mappings", names);
    }

    /// Sets the projects in use.
    pub fn set_projects(&mut self, names: &[String]) {
        self.set_list("projects", names);
    }

    fn set_list(&mut self, key: &str, names: &[String]) {
        let mut list = toml_edit::Array::from_iter(names.iter().map(String::as_str));
        for name in list.iter_mut() {
            name.decor_mut().set_prefix("\n    ");
        }
        list.set_trailing("\n");
        list.set_trailing_comma(true);
        let old = self.document.get(key).and_then(Item::as_value).map(|old| old.decor().clone());
        let mut value = Value::Array(list);
        if let Some(decor) = old {
            *value.decor_mut() = decor;
        }
        self.document[key] = Item::Value(value);
    }

    /// Checks the whole and exchanges the file in one step; who may read it stays. Returns the new settings.
    pub fn save(&self) -> Result<Settings, ConfigError> {
        let text = self.document.to_string();
        let settings = Settings::parse(&self.path, &text)?;
        exchange(&self.path, &text)
            .map_err(|source| ConfigError::Unwritable { path: self.path.clone(), source })?;
        Ok(settings)
    }

    fn connections(&self) -> Option<&dyn TableLike> {
        self.document.get("connections")?.as_table_like()
    }

    fn connection_mut(&mut self, name: &str) -> Result<&mut dyn TableLike, ConfigError> {
        let path = self.path.clone();
        let connections = self.document.get_mut("connections").and_then(Item::as_table_like_mut);
        let connection = connections.and_then(|connections| connections.get_mut(name));
        connection
            .and_then(Item::as_table_like_mut)
            .ok_or_else(|| wrong(&path, format!("there is no [connections.{name}]")))
    }
}

fn split(key: &str) -> (Vec<&str>, &str) {
    let mut words: Vec<&str> = key.split('.').collect();
    let last = words.pop().unwrap_or_default();
    (words, last)
}

fn wrong(path: &Path, problem: String) -> ConfigError {
    ConfigError::Wrong { path: path.to_owned(), problem }
}

fn no_table(path: &Path, name: &str) -> ConfigError {
    wrong(path, format!("`{name}` is no table"))
}

/// Writes beside the file and renames over it, so that a reader sees the old text or the new one. A link stays a link.
pub(super) fn exchange(path: &Path, text: &str) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // A new file of this kind is private already.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    if let Some(permissions) = permissions(&target)? {
        file.as_file().set_permissions(permissions)?;
    }
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(())
}

fn permissions(path: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.permissions())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    const TEXT: &str = r#"# Ours since 2026.
poll_secs = 30   # calm

[connections.erp]   # on premises
kind = "business-central"
url = "http://127.0.0.1:7048/x" # the old server
sign_in = { kind = "client-secret", tenant = "t", client_id = "i", client_secret = "env:S" }

[connections.crm]
kind = "dataverse"
url = "http://127.0.0.1:1"
[connections.crm.sign_in]
kind = "client-secret"
tenant = "t"
client_id = "i"
client_secret = "env:S"
"#;

    fn with(text: &str) -> (TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        fs::write(places.config_file(), text).unwrap();
        (folder, places)
    }

    #[test]
    fn an_edit_changes_its_words_and_nothing_else() {
        let (_folder, places) = with(TEXT);
        let mut file = SettingsFile::open(&places).unwrap();
        file.set("erp", "url", "http://127.0.0.1:9/y".into()).unwrap();
        file.set("erp", "sign_in.tenant", "u".into()).unwrap();
        file.set("crm", "enabled", false.into()).unwrap();
        let settings = file.save().unwrap();
        assert!(!settings.connections["crm"].enabled);
        let expected = TEXT
            .replace("7048/x", "9/y")
            .replacen("tenant = \"t\"", "tenant = \"u\"", 1)
            .replace("http://127.0.0.1:1\"\n", "http://127.0.0.1:1\"\nenabled = false\n");
        assert_eq!(fs::read_to_string(places.config_file()).unwrap(), expected);
        assert!(file.unset("crm", "enabled").unwrap() && !file.unset("crm", "sign_out.x").unwrap());
        assert!(file.save().unwrap().connections["crm"].enabled);
    }

    #[test]
    fn connections_come_and_go() {
        let (_folder, places) = with(TEXT);
        let mut file = SettingsFile::open(&places).unwrap();
        file.remove_connection("erp");
        file.remove_connection("crm");
        assert!(file.save().unwrap().connections.is_empty());
        file.add_connection("new").unwrap();
        assert!(file.has_connection("new"));
        for (key, value) in [
            ("kind", "dataverse"),
            ("url", "http://127.0.0.1:1"),
            ("sign_in.kind", "client-secret"),
            ("sign_in.tenant", "t"),
            ("sign_in.client_id", "i"),
            ("sign_in.client_secret", "env:S"),
        ] {
            file.set("new", key, value.into()).unwrap();
        }
        assert_eq!(file.save().unwrap().connections["new"].url, "http://127.0.0.1:1");
        let text = fs::read_to_string(places.config_file()).unwrap();
        assert!(text.starts_with("# Ours since 2026.\npoll_secs = 30   # calm\n"), "{text}");
        assert!(text.contains("[connections.new]\nkind = \"dataverse\""), "{text}");
    }

    #[test]
    fn what_would_not_be_read_is_not_written() {
        let (_folder, places) = with(TEXT);
        let mut file = SettingsFile::open(&places).unwrap();
        file.set("crm", "sign_in.client_secret", "hunter2".into()).unwrap();
        let error = file.save().unwrap_err().to_string();
        assert!(error.contains("never the secret itself") && !error.contains("hunter2"), "{error}");
        assert_eq!(fs::read_to_string(places.config_file()).unwrap(), TEXT);
        let error = file.set("nobody", "url", "x".into()).unwrap_err().to_string();
        assert!(error.contains("no [connections.nobody]"), "{error}");
        let error = file.set("crm", "url.host", "x".into()).unwrap_err().to_string();
        assert!(error.contains("`url` is no table"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn who_may_read_the_file_stays() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, places) = with(TEXT);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let real = folder.path().join("real.toml");
        fs::rename(places.config_file(), &real).unwrap();
        std::os::unix::fs::symlink(&real, places.config_file()).unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o640)).unwrap();
        SettingsFile::open(&places).unwrap().save().unwrap();
        assert_eq!(mode(&real), 0o640);
        assert!(fs::symlink_metadata(places.config_file()).unwrap().is_symlink());
        let empty = Places::in_folder(&folder.path().join("fresh"));
        let mut file = SettingsFile::open(&empty).unwrap();
        file.remove_connection("none");
        file.document["connections"] = Item::Table(Table::new());
        file.save().unwrap();
        assert_eq!(mode(&empty.config_file()), 0o600);
    }

    #[test]
    fn the_mappings_in_use_are_set_and_the_rest_stays() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::in_folder(folder.path());
        fs::write(places.config_file(), format!("mappings = [\"CURRENCY\"] # ours\n{TEXT}")).unwrap();
        let mut file = SettingsFile::open(&places).unwrap();
        file.set_mappings(&["CURRENCY".to_owned(), "UNIT GROUP".to_owned()]);
        assert_eq!(file.save().unwrap().mappings, ["CURRENCY", "UNIT GROUP"]);
        let text = fs::read_to_string(places.config_file()).unwrap();
        assert!(
            text.starts_with("mappings = [\n    \"CURRENCY\",\n    \"UNIT GROUP\",\n] # ours\n"),
            "{text}"
        );
        assert!(text.ends_with(TEXT), "{text}");
        file.set_projects(&["P2C".to_owned()]);
        assert_eq!(file.save().unwrap().projects, ["P2C"]);
        assert!(file.document.to_string().contains("[connections.erp]   # on premises"));
    }
}
