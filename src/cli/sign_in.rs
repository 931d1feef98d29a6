//! `tandem sign-in`: a person signs in once for a connection; afterwards the agent needs nobody.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::exit_code::ExitCode;
use super::report::CommandError;
use crate::config::{Settings, SignIn};
use crate::systems;

/// Options of `sign-in`.
#[derive(Debug, Args)]
pub(super) struct SignInArguments {
    /// The connection
    #[arg(value_name = "CONNECTION")]
    connection: String,
}

/// Shows the person what to do and waits until it is done.
pub(super) async fn sign_in(
    context: &Context,
    arguments: &SignInArguments,
) -> Result<ExitCode, CommandError> {
    let name = &arguments.connection;
    let settings = Settings::load(&context.places)
        .map_err(|error| CommandError::because(ExitCode::Configuration, "cannot use tandem.toml", &error))?;
    let connection = settings.connections.get(name).ok_or_else(|| {
        CommandError::new(ExitCode::Usage, format!("there is no [connections.{name}] in tandem.toml"))
    })?;
    let in_browser = matches!(connection.sign_in, SignIn::Browser { .. });
    let show = |what: &str| {
        if in_browser {
            context.output.note(&format!("To sign in, open this in a browser on this machine:\n{what}"));
            // Where there is no browser to start, the address above is enough.
            let _ = open::that_detached(what);
        } else {
            context.output.note(&format!("To sign in, {what}"));
        }
    };
    systems::sign_in(&name.as_str().into(), connection, &context.places.config, show).await.map_err(
        |error| {
            CommandError::because(ExitCode::System, format!("nobody is signed in for {name}"), &error).with_remedy(
                "try again; without a keyring, agree to a private file: refresh_token = \"file:PATH\" in its sign_in",
            )
        },
    )?;
    context
        .output
        .show(&json!({ "connection": name }), |_| format!("Signed in; {name} can be used from now on."));
    Ok(ExitCode::Success)
}
