//! `tandem connection list`.

use serde::Serialize;

use crate::config::Settings;
use crate::model::Side;

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::report::CommandError;
use super::super::table::table;

/// One connection, without its secrets' places.
#[derive(Debug, Serialize)]
struct Listed {
    connection: String,
    kind: String,
    url: String,
    company: Option<String>,
    sign_in: String,
    enabled: bool,
    /// The mappings that use it.
    mappings: Vec<String>,
}

/// Lists all connections.
pub(super) fn list(context: &Context) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let mappings = settings.read_mappings(&context.places)?;
    let uses = |name: &str| {
        let uses = mappings
            .iter()
            .filter(|mapping| Side::BOTH.into_iter().any(|side| mapping.connections[side].as_str() == name));
        uses.map(|mapping| mapping.name.to_string()).collect()
    };
    let listed: Vec<_> = settings
        .connections
        .iter()
        .map(|(name, connection)| Listed {
            connection: name.clone(),
            kind: word(&serde_json::json!(connection.kind)),
            url: connection.url.clone(),
            company: connection.company.clone(),
            sign_in: word(&serde_json::json!(connection.sign_in)["kind"]),
            enabled: connection.enabled,
            mappings: uses(name),
        })
        .collect();
    context.output.show(&listed, |listed| render(listed));
    Ok(ExitCode::Success)
}

fn word(json: &serde_json::Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

fn render(listed: &[Listed]) -> String {
    if listed.is_empty() {
        return "There is no connection yet; `tandem connection add` makes one.".to_owned();
    }
    let row = |listed: &Listed| {
        let state = if listed.enabled { "enabled" } else { "disabled" };
        vec![
            listed.connection.clone(),
            listed.kind.clone(),
            listed.sign_in.clone(),
            state.to_owned(),
            listed.mappings.len().to_string(),
            listed.url.clone(),
        ]
    };
    table(&["connection", "kind", "sign-in", "state", "mappings#", "address"], listed.iter().map(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_listed_in_at_most_100_columns() {
        let text = render(&[Listed {
            connection: "crm".to_owned(),
            kind: "dataverse".to_owned(),
            url: "https://contoso.crm4.dynamics.com".to_owned(),
            company: None,
            sign_in: "client-secret".to_owned(),
            enabled: false,
            mappings: vec!["CUSTOMER".to_owned()],
        }]);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        insta::assert_snapshot!(text, @r"
        connection  kind       sign-in        state     mappings  address
        ───────────────────────────────────────────────────────────────────────────────────────────
        crm         dataverse  client-secret  disabled         1  https://contoso.crm4.dynamics.com
        ");
    }
}
