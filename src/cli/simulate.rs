//! `tandem simulate`: both systems, played over HTTP on this machine.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::sim::{DataSet, Limits, Options, Simulation};

use super::arguments::{Common, Data, SimulateArguments};
use super::exit_code::ExitCode;
use super::output::Output;
use super::report::CommandError;
use super::shutdown::shutdown;
use super::simulated_config;

/// Serves both systems until someone wants it to stop. Prints one line of JSON when ready.
pub(super) async fn simulate(
    common: &Common,
    arguments: &SimulateArguments,
) -> Result<ExitCode, CommandError> {
    let simulation = start(Options {
        dataverse_port: arguments.dataverse_port,
        business_central_port: arguments.business_central_port,
        data: match arguments.data {
            Data::Northwind => DataSet::Northwind,
            Data::Empty => DataSet::Empty,
        },
        rows: arguments.rows,
        companion: arguments.companion,
        seed: arguments.seed,
        tls: arguments.tls,
        certificates: certificates(&arguments.certificate)?,
        faults: arguments.faults.clone(),
        settings: arguments.business_central.clone(),
        webhook_delay: Duration::from_secs(arguments.webhook_delay_secs),
        limits: limits(arguments),
        dataverse: arguments.dataverse.clone(),
        sign_in_denied: arguments.deny_sign_in,
    })
    .await?;
    if let Some(folder) = &arguments.write_config {
        let authority = simulation.authority_certificate();
        simulated_config::write(
            folder,
            simulation.addresses(),
            authority,
            arguments.profile.into(),
            jiff::Timestamp::now(),
        )?;
    }
    Output { json: common.json }.json_line(simulation.addresses());
    shutdown().await;
    for (profile, times) in simulation.faults().struck() {
        tracing::info!(profile = profile.name(), times, "Faults played");
    }
    simulation.stop().await;
    Ok(ExitCode::Success)
}

fn limits(arguments: &SimulateArguments) -> Limits {
    let announced = Limits::default();
    Limits {
        requests: arguments.limit_requests.unwrap_or(announced.requests),
        window: arguments.limit_window_secs.map_or(announced.window, Duration::from_secs),
        ..announced
    }
}

fn certificates(files: &[PathBuf]) -> Result<Vec<String>, CommandError> {
    let read = |file: &PathBuf| {
        fs::read_to_string(file).map_err(|error| {
            let problem = format!("cannot read the certificate {}", file.display());
            CommandError::because(ExitCode::Configuration, problem, &error)
                .with_remedy("name a PEM file with the application's certificate; its key is not needed")
        })
    };
    files.iter().map(read).collect()
}

/// Starts both systems.
pub(super) async fn start(options: Options) -> Result<Simulation, CommandError> {
    Simulation::start(options).await.map_err(|error| {
        CommandError::because(ExitCode::Failure, "cannot start the simulated systems", &error).with_remedy(
            "choose other ports, or none: then free ones are taken; a certificate must be PEM (X.509 v3)",
        )
    })
}
