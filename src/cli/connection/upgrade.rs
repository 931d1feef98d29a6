//! `tandem connection upgrade`: from a secret to a certificate without a gap. The certificate signs in and the system
//! answers before anything changes; until then, and if it fails, the secret stays in use.

use clap::Args;
use serde_json::json;

use crate::cli::certificate::{Application, Files};
use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use crate::cli::report::CommandError;
use crate::config::{ConnectionSettings, Settings, SignIn, replace_sign_in};
use crate::mapping::TablesUsed;
use crate::systems;

/// Options of `connection upgrade`.
#[derive(Debug, Args)]
pub(in crate::cli) struct UpgradeArguments {
    /// The connection
    #[arg(value_name = "CONNECTION")]
    pub(super) name: String,
    /// Sign in with the certificate of this name from now on
    #[arg(long, value_name = "NAME", required = true, num_args = 0..=1, default_missing_value = "tandem")]
    pub(super) certificate: String,
}

/// Proves that the certificate signs in, then makes it the connection's sign-in.
pub(super) async fn upgrade(
    context: &Context,
    arguments: &UpgradeArguments,
) -> Result<ExitCode, CommandError> {
    let name = &arguments.name;
    let configuration =
        |error| CommandError::because(ExitCode::Configuration, "cannot use tandem.toml", &error);
    let settings = Settings::load(&context.places).map_err(configuration)?;
    let before = settings.connections.get(name).ok_or_else(|| {
        CommandError::new(ExitCode::Usage, format!("there is no [connections.{name}] in tandem.toml"))
    })?;
    let sign_in = Files::of(&arguments.certificate).sign_in(application(name, before)?);
    let after = ConnectionSettings { sign_in, ..before.clone() };
    prove(context, arguments, &after).await?;
    replace_sign_in(&context.places, name, &after.sign_in).map_err(configuration)?;
    context.output.show(&json!({ "connection": name, "certificate": arguments.certificate }), |_| {
        format!(
            "{name} signs in with the certificate {} from now on; a running agent does after its next start.\n\
             Then delete the secret: in Entra (Certificates & secrets), and where it was kept here.",
            arguments.certificate
        )
    });
    Ok(ExitCode::Success)
}

fn application(name: &str, before: &ConnectionSettings) -> Result<Application, CommandError> {
    match &before.sign_in {
        SignIn::ClientSecret { tenant, client_id, token_url, scope, .. }
        | SignIn::Certificate { tenant, client_id, token_url, scope, .. } => Ok(Application {
            tenant: tenant.clone(),
            client_id: client_id.clone(),
            token_url: token_url.clone(),
            scope: scope.clone(),
        }),
        _ => Err(CommandError::new(ExitCode::Usage, format!("{name} does not sign in as an application"))
            .with_remedy(format!("use `tandem certificate accept {name} --tenant TENANT --client-id ID`"))),
    }
}

/// Signs in with the certificate and asks the system who it is.
async fn prove(
    context: &Context,
    arguments: &UpgradeArguments,
    after: &ConnectionSettings,
) -> Result<(), CommandError> {
    let used = TablesUsed::new();
    let connected = systems::open(&arguments.name.as_str().into(), after, &context.places.config, used);
    let answer = match connected {
        Ok(system) => system.facts().await.map(|_| ()),
        Err(error) => Err(error),
    };
    answer.map_err(|error| {
        let problem = format!(
            "the certificate {} does not sign in yet; nothing was changed, {} goes on with what it has",
            arguments.certificate, arguments.name
        );
        CommandError::because(ExitCode::System, problem, &error).with_remedy(
            "have the certificate registered (`tandem certificate new` wrote the letter), then try again",
        )
    })
}
