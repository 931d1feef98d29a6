//! A complete, working configuration for the simulated systems.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::{
    BrakeSettings, CompanySettings, ConnectionKind, ConnectionSettings, ConsentSettings, LimitSettings,
    OtherBaseCurrency, Places, SecretRef, Settings, SignIn,
};
use crate::mapping::{self, StandardSet};
use crate::sim::Addresses;

use super::exit_code::ExitCode;
use super::report::CommandError;

const SECRET_FILE: &str = "client-secret";
const AUTHORITY_FILE: &str = "ca.pem";

/// Writes settings, secret, mappings and, for https, the authority's certificate (PEM) into a folder. Nothing that is
/// there already is overwritten.
pub(super) fn write(
    folder: &Path,
    addresses: &Addresses,
    authority: Option<&str>,
    profile: StandardSet,
    now: Timestamp,
) -> Result<(), CommandError> {
    let places = Places::in_folder(folder);
    let settings = settings_text(addresses, authority.is_some(), profile, now).map_err(|error| {
        CommandError::because(ExitCode::Failure, "cannot write the settings as TOML", &error)
    })?;
    let mut files = vec![(folder.join(SECRET_FILE), addresses.client_secret.clone())];
    files.extend(authority.map(|certificate| (folder.join(AUTHORITY_FILE), certificate.to_owned())));
    for name in profile.mappings() {
        let text = mapping::standard(name).unwrap_or_default();
        files.push((places.mappings().join(format!("{name}.toml")), with_creates(name, text)));
    }
    // Last, so that a folder with this file is complete.
    files.push((places.config_file(), settings));
    if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
        let problem = format!("{} is there already; nothing was written", path.display());
        return Err(CommandError::new(ExitCode::Configuration, problem)
            .with_remedy("name a folder without a configuration, or use the one that is there"));
    }
    for (path, text) in &files {
        write_private(path, text).map_err(|error| {
            let problem = format!("cannot write {}", path.display());
            CommandError::because(ExitCode::Configuration, problem, &error)
        })?;
    }
    Ok(())
}

fn settings_text(
    addresses: &Addresses,
    is_secure: bool,
    profile: StandardSet,
    now: Timestamp,
) -> Result<String, toml::ser::Error> {
    let mut settings = toml::Table::try_from(settings(addresses, profile, now))?;
    if let Some(connections) = settings.get_mut("connections").and_then(toml::Value::as_table_mut) {
        for connection in connections.iter_mut().filter_map(|(_, connection)| connection.as_table_mut()) {
            if is_secure {
                connection.insert("ca_file".to_owned(), AUTHORITY_FILE.into());
            }
        }
    }
    toml::to_string(&settings)
}

fn settings(addresses: &Addresses, profile: StandardSet, now: Timestamp) -> Settings {
    let sign_in = SignIn::ClientSecret {
        tenant: addresses.tenant.clone(),
        client_id: addresses.client_id.clone(),
        client_secret: SecretRef::File(PathBuf::from(SECRET_FILE)),
        secret_expires: None,
        token_url: Some(addresses.token_url.clone()),
        scope: None,
    };
    let connection = |kind, url: &str, company: Option<&str>| ConnectionSettings {
        kind,
        enabled: true,
        url: url.to_owned(),
        company: company.map(str::to_owned),
        api: None,
        tenant: None,
        companion: None,
        row_version: None,
        caller: None,
        company_column: None,
        company_row: None,
        modified: None,
        batch: None,
        unguarded: (),
        sign_in: sign_in.clone(),
        ca_file: None,
        allow_http: false,
        page_size: 1000,
        timeout_secs: 30,
        overlap_secs: 10,
        settle_secs: Some(2),
        other_engine: None,
        limits: LimitSettings::default(),
    };
    let business_central =
        connection(ConnectionKind::BusinessCentral, &addresses.business_central, Some(&addresses.company));
    let dataverse = connection(ConnectionKind::Dataverse, &addresses.dataverse, None);
    let consent = ConsentSettings {
        agreed_by: "tandem simulate".to_owned(),
        agreed_at: now,
        first_sync_approved: true,
    };
    Settings {
        left: "business-central".to_owned(),
        right: "dataverse".to_owned(),
        mappings: profile.mappings().into_iter().map(str::to_owned).collect(),
        projects: Vec::new(),
        poll_secs: 1,
        sweep_secs: 2,
        full_sweep_secs: 7 * 24 * 3600,
        deletion_confirm_secs: 1,
        journal_days: 400,
        journal_entries: 1_000_000,
        stall_secs: 3600,
        other_base_currency: OtherBaseCurrency::default(),
        inbox: None,
        consent: Some(consent),
        company: CompanySettings::default(),
        brakes: BrakeSettings::default(),
        connections: BTreeMap::from([
            ("business-central".to_owned(), business_central),
            ("dataverse".to_owned(), dataverse),
        ]),
    }
}

/// Switches `create` on for both sides, where rows may be made on both.
fn with_creates(name: &str, text: &str) -> String {
    match mapping::TWO_WAY.contains(&name) {
        true => text.replace("create = false", "create = true"),
        false => text.to_owned(),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Secret};

    fn addresses() -> Addresses {
        Addresses {
            dataverse: "http://127.0.0.1:7049".to_owned(),
            business_central: "http://127.0.0.1:7048/v2.0/t/Production".to_owned(),
            company: "3f000000-0000-4000-8000-000000000002".to_owned(),
            token_url: "http://127.0.0.1:7050/t/oauth2/v2.0/token".to_owned(),
            tenant: "t".to_owned(),
            client_id: "app".to_owned(),
            client_secret: "sim~secret+/=".to_owned(),
            access_token: "token".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_a_configuration_that_works() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("trial");
        let now = "2026-01-31T10:00:00Z".parse().unwrap();
        write(&folder, &addresses(), None, StandardSet::Usual, now).unwrap();
        let config = Config::load(&Places::in_folder(&folder)).unwrap();
        assert_eq!(config.settings, settings(&addresses(), StandardSet::Usual, now));
        for mapping in &config.mappings {
            assert_eq!(mapping.create.left, mapping.name.as_str() != "CURRENCY");
            assert!(mapping.create.right);
        }
        let SignIn::ClientSecret { client_secret, .. } = &config.settings.connections["dataverse"].sign_in
        else {
            panic!("{:?}", config.settings)
        };
        assert_eq!(client_secret.fetch(&folder).unwrap(), Secret::new("sim~secret+/="));
    }

    #[test]
    fn the_authority_stands_beside_the_settings_that_name_it() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &addresses(), Some("PEM"), StandardSet::Usual, Timestamp::UNIX_EPOCH).unwrap();
        let settings = fs::read_to_string(folder.path().join("tandem.toml")).unwrap();
        let settings: toml::Table = settings.parse().unwrap();
        for name in ["business-central", "dataverse"] {
            let file = settings["connections"][name]["ca_file"].as_str().unwrap();
            assert_eq!(fs::read_to_string(folder.path().join(file)).unwrap(), "PEM", "{name}");
        }
    }

    #[test]
    fn a_configuration_that_is_there_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tandem.toml");
        fs::write(&file, "mine").unwrap();
        let error =
            write(folder.path(), &addresses(), None, StandardSet::Usual, Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(error.exit_code, ExitCode::Configuration);
        assert_eq!(fs::read_to_string(file).unwrap(), "mine");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
