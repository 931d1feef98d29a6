//! `tandem certificate new`: a key, a certificate, and the letter that has it registered.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::letter::{self, Letter};
use super::{Files, NewArguments};
use crate::cli::context::Context;
use crate::cli::exit_code::ExitCode;
use crate::cli::report::CommandError;
use crate::config::{Config, write_private};
use crate::http::new_certificate;

/// Makes the pair and the letter. A key that is there is never overwritten.
pub(super) fn new(
    context: &Context,
    arguments: &NewArguments,
    now: Timestamp,
) -> Result<ExitCode, CommandError> {
    let folder = &context.places.config;
    let files = Files::of(&arguments.name);
    for path in [&files.key, &files.certificate] {
        let path = folder.join(path);
        if path.exists() {
            let problem = format!("{} is there already; nothing was written", path.display());
            return Err(CommandError::new(ExitCode::Usage, problem)
                .with_remedy("choose another name with --name, or move the files away"));
        }
    }
    let made = new_certificate(&arguments.name, now, arguments.days).map_err(|error| {
        CommandError::because(ExitCode::Failure, "cannot make a key and a certificate", &error)
    })?;
    let letter = Letter {
        name: &arguments.name,
        made: &made,
        certificate_file: &files.certificate.display().to_string(),
        // Without a configuration, or with a wrong one, the letter says it in general.
        services: Config::load(&context.places)
            .map_or_else(|_| letter::services_in_general(), |config| letter::services(&config)),
    };
    let mail = letter.mail(arguments.to.as_deref());
    write(folder, &files.key, made.key_pem.reveal())?;
    write(folder, &files.certificate, &made.certificate_pem)?;
    write(folder, &files.letter, &letter.text())?;
    write(folder, &files.mail, &mail)?;
    let path = |name: &Path| folder.join(name).display().to_string();
    let result = json!({
        "certificate": path(&files.certificate),
        "private_key": path(&files.key),
        "letter": path(&files.letter),
        "mail": path(&files.mail),
        "thumbprint": made.thumbprint,
        "valid_until": made.not_after.to_string(),
    });
    context.output.show(&result, |_| {
        format!(
            "The key is in {}; it stays on this machine.\nSend the letter to your administrator: {}\n(or open {} in a \
             mail program)\nWith the ids that come back: tandem certificate accept CONNECTION --tenant TENANT --client-id ID",
            path(&files.key), path(&files.letter), path(&files.mail)
        )
    });
    Ok(ExitCode::Success)
}

/// All files are private: the certificate and the letter are no secrets, but nobody else's business either.
fn write(folder: &Path, name: &Path, text: &str) -> Result<(), CommandError> {
    let path = folder.join(name);
    fs::create_dir_all(folder).and_then(|()| write_private(&path, text.as_bytes())).map_err(|error| {
        let problem = format!("cannot write {}", path.display());
        CommandError::because(ExitCode::Configuration, problem, &error)
    })
}
