//! What can be typed: commands, options and their help.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::mapping::StandardSet;
use crate::sim::{DataverseSwitch, Profile, Setting, SignInDenial};

use super::certificate::CertificateCommand;
use super::connection::arguments::ConnectionCommand;
use super::exit_code;
use super::mapping::arguments::MappingCommand;
use super::project::arguments::ProjectCommand;
use super::rows::arguments::{RowsArguments, TablesArguments};
use super::sign_in::SignInArguments;

/// Keeps rows in Business Central and Dataverse in step.
#[derive(Debug, Parser)]
#[command(
    name = "tandem",
    version,
    about = "Keeps rows in Business Central and Dataverse in step, both ways.",
    after_help = concat!(
        "Examples:\n",
        "  tandem demo                     watch two simulated systems being kept in step\n",
        "  tandem plan                     show what a run would do; nothing is written\n",
        "  tandem sync --yes               agree to the flow of data and run once\n",
        "  tandem run                      keep both systems in step until Ctrl-C\n",
    ),
)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Common {
    /// Keep all files in this folder instead of the places of this system
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) dir: Option<PathBuf>,
    /// Print JSON instead of text, errors included
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Log more; twice: every step. The variable RUST_LOG says it more exactly
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

/// One command.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Watch two simulated systems being kept in step; needs no configuration
    #[command(after_help = "Examples:\n  tandem demo\n  tandem demo --keep --dir demo-files")]
    Demo(DemoArguments),
    /// Play both systems over HTTP on this machine, until Ctrl-C
    ///
    /// Prints one line of JSON with the addresses when ready.
    #[command(
        after_help = "Examples:\n  tandem simulate\n  tandem simulate --rows 10000 --write-config trial\n\
                            \x20 tandem simulate --tls --write-config trial --certificate application.pem\n\
                            \x20 tandem run --dir trial       in another terminal"
    )]
    Simulate(SimulateArguments),
    /// Keep both systems in step until Ctrl-C: the agent
    #[command(after_help = "Examples:\n  tandem run\n  tandem run --dir trial --verbose")]
    Run,
    /// Run once now
    #[command(after_help = "Examples:\n  tandem sync\n  tandem sync --yes       before the first run\n\
                            \x20 tandem sync CUSTOMER    that mapping alone\n\
                            \x20 tandem sync --sweep     compare everything as well")]
    Sync(SyncArguments),
    /// Show what a run would do; nothing is written anywhere
    #[command(
        after_help = "Examples:\n  tandem plan\n  tandem plan --save plan.json     every row, with a hash of what is to be done\n\
                            \x20 tandem plan --diff plan.json     what is different by now"
    )]
    Plan(PlanArguments),
    /// Approve a plan that is over a limit, and run exactly that plan, once
    ///
    /// `tandem status` shows which plans wait and why. Rows that changed since are left out and planned anew.
    #[command(
        after_help = "Examples:\n  tandem approve 3f9a2b7c1d04\n  tandem approve 3f9a2b7c1d04 --as Ida"
    )]
    Approve(ApproveArguments),
    /// Show how things stand
    #[command(after_help = "Examples:\n  tandem status\n  tandem status --dir trial --json")]
    Status,
    /// List, show or answer the conflicts that wait for a person
    #[command(after_help = "Examples:\n  tandem conflicts\n  tandem conflicts show 7\n\
                            \x20 tandem conflicts answer 7 dataverse\n\
                            \x20 tandem conflicts answer 7 phone=dataverse email=x@y.z")]
    Conflicts {
        #[command(subcommand)]
        action: Option<ConflictsCommand>,
    },
    /// List the latest runs, or show what one run did
    #[command(
        after_help = "Examples:\n  tandem history\n  tandem history 12\n  tandem history --limit 100 --json"
    )]
    History(HistoryArguments),
    /// Go on with a system that was restored, copied or exchanged, once you know that it is the right one
    ///
    /// Shows first what is found there; nothing changes until you agree. Then every row is compared as at first contact:
    /// what is equal is in step again, what differs is asked or settled by the mapping's `first_contact`, rows that are
    /// gone are asked about, and rows that are back are matched.
    #[command(after_help = "Examples:\n  tandem rebaseline crm\n  tandem rebaseline crm --yes\n\
                      \x20 tandem rebaseline crm --json")]
    Rebaseline(RebaselineArguments),
    /// Add, list, change, test or remove connections
    #[command(after_help = "Examples:\n  tandem connection list\n  tandem connection test --all\n\
                      \x20 tandem connection edit crm --url https://contoso.crm4.dynamics.com\n\
                      \x20 tandem connection disable crm")]
    Connection {
        #[command(subcommand)]
        command: ConnectionCommand,
    },
    /// List or show mappings, and check whether they fit both systems
    #[command(after_help = "Examples:\n  tandem mapping list\n  tandem mapping check CUSTOMER\n\
                      \x20 tandem mapping show CONTACT > mappings/CONTACT.toml")]
    Mapping {
        #[command(subcommand)]
        command: MappingCommand,
    },
    /// List, make, show or run projects: ordered one-way tasks by business key
    #[command(after_help = "Examples:\n  tandem project list\n\
                      \x20 tandem project new P2C --template prospect-to-cash-sales-to-erp --company USMF\n\
                      \x20 tandem project run P2C")]
    Project {
        #[command(subcommand)]
        command: ProjectCommand,
    },
    /// List the tables of a connection, or the columns of one table
    #[command(after_help = "Examples:\n  tandem tables crm\n  tandem tables crm accounts --json")]
    Tables(TablesArguments),
    /// Read, create, change or delete rows of a table by hand
    #[command(after_help = "Examples:\n  tandem rows crm accounts list --filter \"name eq 'Contoso'\"\n\
                      \x20 tandem rows erp customers get ID --json\n\
                      \x20 tandem rows crm accounts update ID telephone1=030-1")]
    Rows(RowsArguments),
    /// Sign in with a certificate: make one, have it registered, put it to use
    #[command(after_help = "Examples:\n  tandem certificate new --to admin@contoso.com\n\
                            \x20 tandem certificate accept dataverse --tenant contoso.onmicrosoft.com \\\n\
                            \x20   --client-id 00000000-0000-0000-0000-000000000000")]
    Certificate {
        #[command(subcommand)]
        action: CertificateCommand,
    },
    /// Undo what a run did, as far as rows still are as it left them
    ///
    /// Rows that were edited since stay as they are and are listed. What is undone is held: no run touches it until somebody
    /// edits it or `tandem resume` lets it go on. An undo is a run itself and can be undone.
    #[command(after_help = "Examples:\n  tandem undo 12 --dry-run   show what it would do\n\
                            \x20 tandem undo 12 --yes")]
    Undo(UndoArguments),
    /// Let rows go on that an undo left held: all of a mapping, or one
    #[command(
        after_help = "Examples:\n  tandem resume CUSTOMER\n  tandem resume CUSTOMER \"Alfreds Futterkiste\""
    )]
    Resume(ResumeArguments),
    /// Tell the whole story of a row: what was done to it, why, and what it waits for
    #[command(after_help = "Examples:\n  tandem why CUSTOMER 10000\n\
                            \x20 tandem why CUSTOMER \"Alfreds Futterkiste\" --json")]
    Why(WhyArguments),
    /// Sign in as a person, once, for a connection of kind `device-code` or `browser`
    #[command(after_help = "Examples:\n  tandem sign-in dataverse")]
    SignIn(SignInArguments),
    /// Compare both systems in full with each other and with Tandem's books; nothing is changed
    ///
    /// Ends with 1 where rows differ that nothing explains: no change under way, no open conflict, no reason to wait.
    #[command(after_help = "Examples:\n  tandem verify\n  tandem verify CUSTOMER --all\n\
                            \x20 tandem verify --repair     let the next run look at what differs")]
    Verify(VerifyArguments),
    /// Copy the store into a file, also while the agent runs
    #[command(after_help = "Examples:\n  tandem backup monday.redb\n  tandem backup latest.redb --force")]
    Backup(BackupArguments),
    /// Put a backup in place of the store, and have everything compared anew
    #[command(after_help = "Examples:\n  tandem restore monday.redb          show what it is about\n\
                            \x20 tandem restore monday.redb --yes    put it in place")]
    Restore(RestoreArguments),
    /// Look the store over, and save what can be read of a damaged one
    #[command(after_help = "Examples:\n  tandem doctor\n  tandem doctor --salvage saved.redb")]
    Doctor(DoctorArguments),
    /// Give unused room of the store's file back to the disk
    #[command(after_help = "Examples:\n  tandem compact\n  tandem compact --json")]
    Compact,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Compare that mapping alone
    pub(super) mapping: Option<String>,
    /// Let the next run look at what differs; it decides as ever
    #[arg(long)]
    pub(super) repair: bool,
    /// Name every row that differs, not only the first ones
    #[arg(long)]
    pub(super) all: bool,
}

/// Options of `backup`.
#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The file to write
    pub(super) file: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub(super) force: bool,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub(super) struct RestoreArguments {
    /// The backup
    pub(super) file: PathBuf,
    /// Do it; without this it is only shown what the backup is about
    #[arg(long)]
    pub(super) yes: bool,
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    /// Write what can be read into this file, as a store of its own; the damaged one stays as it is
    #[arg(long, value_name = "FILE")]
    pub(super) salvage: Option<PathBuf>,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Go on afterwards, as the agent, until Ctrl-C
    #[arg(long)]
    pub(super) keep: bool,
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub(super) struct SimulateArguments {
    /// The port of the Dataverse Web API; default: a free one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) dataverse_port: u16,
    /// The port of the Business Central API; default: a free one
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub(super) business_central_port: u16,
    /// The rows both systems start with
    #[arg(long, value_enum, default_value_t = Data::Northwind)]
    pub(super) data: Data,
    /// Synthetic customers on top, in Business Central
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) rows: usize,
    /// Install the companion API tandem/sync/v1.0 in Business Central
    #[arg(long)]
    pub(super) companion: bool,
    /// Decides ids and synthetic text; equal seeds give equal rows
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Write a working configuration for both into this folder first
    #[arg(long, value_name = "DIR")]
    pub(super) write_config: Option<PathBuf>,
    /// Which mappings the configuration uses
    #[arg(long, value_enum, requires = "write_config", default_value_t = MappingProfile::Usual)]
    pub(super) profile: MappingProfile,
    /// Speak https; the authority to trust is written into the folder as ca.pem
    #[arg(long, requires = "write_config")]
    pub(super) tls: bool,
    /// Register a certificate (PEM) with which the application may sign in; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Vec<PathBuf>,
    /// How the servers misbehave, decided by the seed; may be repeated. The fixed token of the JSON line is spared
    #[arg(long, value_name = "PROFILE", value_parser = fault_profile())]
    pub(super) faults: Vec<Profile>,
    /// How Business Central is set up where companies differ; may be repeated
    #[arg(long, value_name = "SETTING", value_parser = setting())]
    pub(super) business_central: Vec<Setting>,
    /// How long Business Central gathers changes before it tells subscribers of them
    #[arg(long, value_name = "SECS", default_value_t = 30)]
    pub(super) webhook_delay_secs: u64,
    /// How many requests in a window `--faults limits` allows; default: as announced, 6000
    #[arg(long, value_name = "N")]
    pub(super) limit_requests: Option<usize>,
    /// The window of `--faults limits`; default: as announced, 300
    #[arg(long, value_name = "SECS")]
    pub(super) limit_window_secs: Option<u64>,
    /// How the simulated Dataverse differs from the usual one; may be repeated
    #[arg(long, value_name = "SWITCH", long_help = dataverse_switches())]
    pub(super) dataverse: Vec<DataverseSwitch>,
    #[arg(long, value_name = "AADSTS", help = denials())]
    pub(super) deny_sign_in: Option<SignInDenial>,
}

/// Returns the help of `--deny-sign-in`: every number.
fn denials() -> String {
    let numbers: Vec<_> = SignInDenial::numbers().iter().map(u32::to_string).collect();
    format!("Deny every sign-in with the error of this AADSTS number: {}", numbers.join(", "))
}

/// Returns the help of `--dataverse`: every switch with what it does.
fn dataverse_switches() -> String {
    let switches = DataverseSwitch::described();
    let width = switches.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let lines = switches.iter().map(|(name, meaning)| format!("\n  {name:width$}  {meaning}"));
    format!(
        "How the simulated Dataverse differs from the usual one; may be repeated:{}",
        lines.collect::<String>()
    )
}

/// Reads the name of a setting of Business Central; the help lists them.
fn setting() -> impl TypedValueParser<Value = Setting> {
    let value = |setting: Setting| PossibleValue::new(setting.name()).help(setting.description());
    PossibleValuesParser::new(Setting::EVERY.map(value)).map(|name| {
        let named = Setting::EVERY.into_iter().find(|setting| setting.name() == name);
        named.expect("invariant: the parser takes only names of settings")
    })
}

/// Reads the name of a fault profile; the help lists them.
fn fault_profile() -> impl TypedValueParser<Value = Profile> {
    let value = |profile: Profile| PossibleValue::new(profile.name()).help(profile.description());
    PossibleValuesParser::new(Profile::EVERY.map(value)).map(|name| {
        let named = Profile::EVERY.into_iter().find(|profile| profile.name() == name);
        named.expect("invariant: the parser takes only names of profiles")
    })
}

/// The rows both simulated systems start with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Data {
    /// Customers, suppliers and products of Northwind, about half of them in both systems
    Northwind,
    /// No rows but those a system cannot be without
    Empty,
}

/// Shipped mappings that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MappingProfile {
    /// Currencies, customers, vendors and items: what works with Business Central as it comes
    Usual,
    /// All, with the new sales pricing: price lists, and a unit group for each product
    NewPrices,
    /// All, with the old sales pricing: prices of customer price groups, and a unit group for each unit
    OldPrices,
}

impl From<MappingProfile> for StandardSet {
    fn from(profile: MappingProfile) -> Self {
        match profile {
            MappingProfile::Usual => Self::Usual,
            MappingProfile::NewPrices => Self::NewPrices,
            MappingProfile::OldPrices => Self::OldPrices,
        }
    }
}

/// Options of `sync`.
#[derive(Debug, Args)]
pub(super) struct SyncArguments {
    /// Run only these mappings, whatever their schedules; all where none is named
    #[arg(value_name = "MAPPING")]
    pub(super) mappings: Vec<String>,
    /// Agree, in your name, that data flows and that the first run may write; at a terminal you are asked without it
    #[arg(long)]
    pub(super) yes: bool,
    /// Compare everything, for deleted rows and missed changes, although it is not due
    #[arg(long)]
    pub(super) sweep: bool,
}

/// Options of `rebaseline`.
#[derive(Debug, Args)]
pub(super) struct RebaselineArguments {
    /// The connection whose system was restored, copied or exchanged
    #[arg(value_name = "CONNECTION")]
    pub(super) connection: String,
    /// Agree, in your name, to go on with the system as it is
    #[arg(long)]
    pub(super) yes: bool,
}

/// Options of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArguments {
    /// Write the plan into this file, with every row and a hash of what is to be done to it
    #[arg(long, value_name = "FILE", conflicts_with = "diff")]
    pub(super) save: Option<PathBuf>,
    /// Show what appeared, vanished or changed since this file was saved
    #[arg(long, value_name = "FILE")]
    pub(super) diff: Option<PathBuf>,
}

/// Options of `approve`.
#[derive(Debug, Args)]
pub(super) struct ApproveArguments {
    /// The hash of the plan, as `tandem status` shows it
    #[arg(value_name = "HASH")]
    pub(super) plan: String,
    /// Who approves; default: the name this computer knows you by
    #[arg(long = "as", value_name = "NAME")]
    pub(super) by: Option<String>,
}

/// What to do with conflicts.
#[derive(Debug, Subcommand)]
pub(super) enum ConflictsCommand {
    /// List all open conflicts
    List,
    /// Show one conflict with all its fields
    Show {
        /// The number of the conflict, with or without the C
        #[arg(value_parser = conflict_number)]
        id: u64,
    },
    /// Answer one conflict, as in the inbox file
    Answer {
        /// The number of the conflict, with or without the C
        #[arg(value_parser = conflict_number)]
        id: u64,
        /// A system's name for all fields, FIELD=WORD for one, or later, uncouple, restore, delete
        #[arg(required = true, value_name = "WORDS")]
        words: Vec<String>,
    },
}

/// Options of `history`.
#[derive(Debug, Args)]
pub(super) struct HistoryArguments {
    /// The number of one run
    pub(super) run: Option<u64>,
    /// How many runs to list
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) limit: usize,
}

/// Options of `undo`.
#[derive(Debug, Args)]
pub(super) struct UndoArguments {
    /// The number of the run; `tandem history` lists them
    pub(super) run: u64,
    /// Only show what it would do
    #[arg(long, conflicts_with = "yes")]
    pub(super) dry_run: bool,
    /// Do it
    #[arg(long)]
    pub(super) yes: bool,
}

/// Options of `resume`.
#[derive(Debug, Args)]
pub(super) struct ResumeArguments {
    pub(super) mapping: String,
    /// One row, by its id, its number or as people call it; its partner goes on with it
    pub(super) row: Option<String>,
}

/// Options of `why`.
#[derive(Debug, Args)]
pub(super) struct WhyArguments {
    pub(super) mapping: String,
    /// The row, by its id in either system, its number or as people call it
    pub(super) row: String,
}

/// Reads `7` and `C7`, as the inbox writes it.
fn conflict_number(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix(['C', 'c']).unwrap_or(text);
    digits.parse().map_err(|_| "write the number of a conflict, such as C7".to_owned())
}

/// Reads a command line. An error is clap's own text, or its help.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(words)?;
    Arguments::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn command() -> clap::Command {
    let command = Arguments::command();
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    command.after_help(format!("{examples}\n{}", exit_code::help()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, clap::Error> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn the_command_line_is_consistent_in_itself() {
        command().debug_assert();
    }

    #[test]
    fn common_options_stand_before_or_after_the_command() {
        for line in ["tandem --dir d --json status", "tandem status --json --dir d"] {
            let arguments = read(line).unwrap();
            assert!(arguments.common.json);
            assert_eq!(arguments.common.dir, Some(PathBuf::from("d")));
            assert!(matches!(arguments.command, Command::Status));
        }
    }

    #[test]
    fn a_conflict_is_named_as_the_inbox_names_it() {
        for line in
            ["tandem conflicts answer C7 phone=dataverse", "tandem conflicts answer 7 phone=dataverse"]
        {
            let Command::Conflicts { action: Some(ConflictsCommand::Answer { id, words }) } =
                read(line).unwrap().command
            else {
                panic!("{line}")
            };
            assert_eq!((id, words), (7, vec!["phone=dataverse".to_owned()]));
        }
        assert!(read("tandem conflicts show seven").unwrap_err().to_string().contains("such as C7"));
        assert!(matches!(read("tandem conflicts").unwrap().command, Command::Conflicts { action: None }));
    }

    #[test]
    fn every_command_has_examples_and_the_exit_codes_are_told() {
        let command = command();
        for subcommand in command.get_subcommands() {
            let help = subcommand.get_after_help().unwrap().to_string();
            assert!(help.starts_with("Examples:"), "{}", subcommand.get_name());
        }
        assert!(command.get_after_help().unwrap().to_string().contains("Exit codes:"));
    }

    #[test]
    fn lines_that_cannot_be_meant_are_refused() {
        for line in [
            "tandem simulate --rows many",
            "tandem simulate --tls",
            "tandem history --limit -1",
            "tandem",
            "tandem dance",
        ] {
            assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}
