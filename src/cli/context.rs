//! What every command gets: where the files are and how to print.

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
            Some(folder) => Places::in_folder(folder),
            None => Places::of_this_system().ok_or_else(|| {
                CommandError::new(ExitCode::Usage, "this system gives you no home folder")
                    .with_remedy("name a folder for Tandem's files with --dir")
            })?,
        };
        Ok(Self { places, output: Output { json: common.json } })
    }
}
