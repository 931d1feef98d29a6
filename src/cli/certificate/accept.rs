//! `tandem certificate accept`: the ids that came back, written into connections.

use serde_json::json;

use super::{AcceptArguments, Application, Files};
use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use crate::cli::report::CommandError;
use crate::config::{Settings, SignIn, replace_sign_in};

/// Writes tenant, application and certificate into each connection. All of them are checked before the first is changed.
pub(super) fn accept(context: &Context, arguments: &AcceptArguments) -> Result<ExitCode, CommandError> {
    let files = Files::of(&arguments.name);
    files.check(&context.places.config).map_err(|error| {
        let problem = format!("the certificate {} cannot be used", arguments.name);
        CommandError::because(ExitCode::Configuration, problem, &error)
            .with_remedy("make one with `tandem certificate new`, or give its name with --name")
    })?;
    let configuration =
        |error| CommandError::because(ExitCode::Configuration, "cannot change tandem.toml", &error);
    let settings = Settings::load(&context.places).map_err(configuration)?;
    let mut sign_ins = Vec::new();
    for name in &arguments.connections {
        let Some(connection) = settings.connections.get(name) else {
            let problem = format!("there is no [connections.{name}] in tandem.toml; nothing was written");
            return Err(CommandError::new(ExitCode::Usage, problem)
                .with_remedy("name a connection that is there, or add it first"));
        };
        sign_ins.push((name, files.sign_in(application(arguments, &connection.sign_in))));
    }
    for (name, sign_in) in &sign_ins {
        replace_sign_in(&context.places, name, sign_in).map_err(configuration)?;
    }
    let result = json!({ "connections": arguments.connections, "certificate": arguments.name });
    context.output.show(&result, |_| {
        format!(
            "{} now signs in with the certificate {}.\nTry it: tandem plan",
            arguments.connections.join(", "),
            arguments.name
        )
    });
    Ok(ExitCode::Success)
}

/// Addresses that differ from the usual ones stay.
fn application(arguments: &AcceptArguments, before: &SignIn) -> Application {
    let (token_url, scope) = match before {
        SignIn::ClientSecret { token_url, scope, .. }
        | SignIn::Certificate { token_url, scope, .. }
        | SignIn::DeviceCode { token_url, scope, .. }
        | SignIn::Browser { token_url, scope, .. } => (token_url.clone(), scope.clone()),
        SignIn::Basic { .. } | SignIn::Command { .. } => (None, None),
    };
    Application {
        tenant: arguments.tenant.clone(),
        client_id: arguments.client_id.to_string(),
        token_url,
        scope,
    }
}
