//! What every command gets: where the files are and how to print.

use std::path;

use crate::config::Places;

use super::arguments::Common;
use super::exit_code::ExitCode;
use super::output::Output;
use super::report::CommandError;

/// What every command gets.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) places: Places,
    pub(super) output: Output,
}

impl Context {
    /// Finds the places: the folder given, or those of this system.
    pub(super) fn of(common: &Common) -> Result<Self, CommandError> {
        let places = match &common.dir {
            // Absolute, so that what is shown can be opened from anywhere.
            Some(folder) => Places::in_folder(&path::absolute(folder).unwrap_or_else(|_| folder.clone())),
            None => Places::of_this_system().ok_or_else(|| {
                CommandError::new(ExitCode::Usage, "this system gives you no home folder")
                    .with_remedy("name a folder for Tandem's files with --dir")
            })?,
        };
        Ok(Self { places, output: Output { json: common.json } })
    }
}
