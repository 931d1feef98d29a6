//! `tandem connection discover` and `companies`: what there is to connect to.

use crate::config::Settings;
use crate::systems::{self, Company, DiscoverError, Environment};

use super::super::context::Context;
use super::super::exit_code::ExitCode;
use super::super::output::in_one_line;
use super::super::report::CommandError;
use super::super::table::table;
use super::arguments::DiscoverArguments;
use super::find;

/// Lists environments.
pub(super) async fn discover(
    context: &Context,
    arguments: &DiscoverArguments,
) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let (name, connection) = find(&settings, &arguments.name)?;
    let service = arguments.service.as_deref();
    let found = systems::environments(&name, connection, &context.places.config, service).await;
    let found = found.map_err(|error| explained(&error))?;
    context.output.show(&found, |found| environments(found));
    Ok(ExitCode::Success)
}

/// Lists companies.
pub(super) async fn companies(context: &Context, name: &str) -> Result<ExitCode, CommandError> {
    let settings = Settings::load(&context.places)?;
    let (name, connection) = find(&settings, name)?;
    let found = systems::companies(&name, connection, &context.places.config)
        .await
        .map_err(|error| explained(&error))?;
    context.output.show(&found, |found| company_list(found));
    Ok(ExitCode::Success)
}

fn explained(error: &DiscoverError) -> CommandError {
    let remedy = match error {
        DiscoverError::System(error) => return error.clone().into(),
        DiscoverError::NoCompanies(_) => "name a connection to Business Central".to_owned(),
        DiscoverError::NoDirectory(name) => format!(
            "type the address yourself: `tandem connection edit {name} --url ROOT`, where ROOT/$metadata shows the \
             service's tables in a browser; `tandem tables {name}` lists them then"
        ),
    };
    CommandError::new(ExitCode::Usage, error.to_string()).with_remedy(remedy)
}

fn environments(found: &[Environment]) -> String {
    if found.is_empty() {
        return "None was listed. These services answer for people; an application may have to be given the \
                address: it stands in the browser when you use the environment."
            .to_owned();
    }
    let shown = |text: &Option<String>| in_one_line(text.as_deref().unwrap_or("-"));
    let row = |environment: &Environment| {
        vec![
            in_one_line(&environment.name),
            shown(&environment.kind),
            shown(&environment.place),
            shown(&environment.state),
            in_one_line(&environment.url),
        ]
    };
    table(&["environment", "kind", "place", "state", "address"], found.iter().map(row))
}

fn company_list(found: &[Company]) -> String {
    if found.is_empty() {
        return "The sign-in sees no company; give it permission sets in the company that is meant."
            .to_owned();
    }
    table(
        &["company", "id"],
        found.iter().map(|company| vec![in_one_line(&company.name), company.id.clone()]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_show_what_to_write_into_a_connection() {
        let environment = Environment {
            name: "Fabrikam".to_owned(),
            url: "https://fabrikam.crm4.dynamics.com".to_owned(),
            kind: Some("Production".to_owned()),
            place: None,
            state: Some("enabled".to_owned()),
        };
        insta::assert_snapshot!(environments(&[environment]), @r"
        environment  kind        place  state    address
        ───────────────────────────────────────────────────────────────────────────
        Fabrikam     Production  -      enabled  https://fabrikam.crm4.dynamics.com
        ");
        assert!(environments(&[]).contains("address"));
    }
}
