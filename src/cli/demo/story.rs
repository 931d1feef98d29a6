//! The story, told with real counts. Each act checks what it tells; a surprise ends the demo with an error.

use std::fs;
use std::path::Path;

use crate::agent::{ConflictFieldView, ConflictView, RunReport};
use crate::cli::arguments::{Common, DemoArguments};
use crate::cli::exit_code::ExitCode;
use crate::cli::lines;
use crate::cli::output::Output;
use crate::cli::report::CommandError;
use crate::cli::run::be_the_agent;
use crate::cli::table::counted;
use crate::config::Places;
use crate::model::{Pair, Side};

use super::census::{Census, census};
use super::customer::{Customer, EMAIL, PHONE, SYSTEMS};
use super::inbox_text::{block_of, with_answer};
use super::stage::{Stage, indented, surprise};
use super::verify::{Verdict, verify};

/// The customer edited on both sides, in different fields.
const MERGED: &str = "ALFKI";
/// The customer whose phone is edited on both sides.
const COLLIDED: &str = "BERGS";
/// What people type as that phone in Business Central and in Dataverse.
const PHONES: Pair<&str> = Pair::new("0921-12 34 77", "0921-99 88 77");

/// What each system calls the tables that are counted at the start.
const TABLES: Pair<&[&str]> = Pair::new(
    &["currencies", "customers", "vendors", "items"],
    &["transactioncurrencies", "accounts", "products"],
);

/// Tells the story. With `--keep`, goes on as the agent afterwards.
pub(in crate::cli) async fn demo(common: &Common, options: &DemoArguments) -> Result<ExitCode, CommandError> {
    let output = Output { json: common.json };
    let stage = Stage::set_up(common.dir.as_deref(), output).await?;
    let verdict = tell(&stage, common.dir.as_deref()).await?;
    if common.json {
        output.json_line(&verdict);
    }
    if options.keep {
        keep(&stage).await?;
    } else if verdict.is_good() {
        stage.say("Next: README.md tells how to go on. `tandem demo --keep` lets you edit rows and watch.");
    }
    stage.take_down().await;
    Ok(if verdict.is_good() { ExitCode::Success } else { ExitCode::Failure })
}

async fn tell(stage: &Stage, folder: Option<&Path>) -> Result<Verdict, CommandError> {
    introduce(stage, folder);
    let before = count(stage).await?;
    first_sync(stage).await?;
    merge(stage, &Customer::find(&stage.person, MERGED).await?).await?;
    let collided = Customer::find(&stage.person, COLLIDED).await?;
    let conflict = collide(stage, &collided).await?;
    settle(stage, &collided, &conflict).await?;
    compare(stage, &before).await
}

fn introduce(stage: &Stage, folder: Option<&Path>) {
    let addresses = stage.simulation.addresses();
    let removed = if folder.is_some() { "" } else { " (removed at the end; --dir DIR keeps them)" };
    stage.say(&format!(
        "Tandem keeps two business systems in step. Here both are simulated, on this machine:\n  \
         Business Central  {}\n  Dataverse         {}\n  Tandem's files    {}{removed}",
        addresses.business_central,
        addresses.dataverse,
        stage.folder.display(),
    ));
}

/// 1: what is there.
async fn count(stage: &Stage) -> Result<Census, CommandError> {
    stage.say("\n1. What the two systems hold");
    for side in Side::BOTH {
        let mut counts = Vec::new();
        for name in TABLES[side] {
            counts.push(format!("{} {name}", stage.person.read(side, name).await?.len()));
        }
        stage.say(&format!("   {:<17} {}", SYSTEMS[side], counts.join(", ")));
    }
    census(&stage.desk).await
}

/// 2: couple what belongs together, create the rest.
async fn first_sync(stage: &Stage) -> Result<(), CommandError> {
    stage.say(
        "\n2. The first sync couples rows that belong together and creates the others on the other side\n",
    );
    let report = stage.sync().await?;
    stage.say(&indented(&lines::summary(&report.mappings)));
    stage.say(&indented(&first_sync_text(&report)));
    let conflicts = stage.conflicts().await?;
    for conflict in conflicts.iter().take(3) {
        let fields: Vec<_> = conflict.fields.iter().map(difference).collect();
        stage.say(&format!("   - {}: {}", conflict.row, fields.join("; ")));
    }
    if conflicts.len() > 3 {
        stage.say(&format!("   - and {} more", conflicts.len() - 3));
    }
    Ok(())
}

fn difference(field: &ConflictFieldView) -> String {
    format!("{} {} or {}", field.field, field.values.left, field.values.right)
}

fn first_sync_text(report: &RunReport) -> String {
    let coupled = report.total(|mapping| mapping.coupled);
    let created_left = report.total(|mapping| mapping.created.left);
    let created_right = report.total(|mapping| mapping.created.right);
    let left_alone = report.total(|mapping| mapping.left_alone.values().sum());
    let conflicts = report.total(|mapping| mapping.conflicts_raised);
    let mut text = format!(
        "\nRead {}. Coupled {coupled} that were in both systems.\n\
         Created {created_left} in Business Central and {created_right} in Dataverse.\n",
        counted(report.rows_read, "row"),
    );
    if left_alone > 0 {
        text = format!("{text}Left alone {}, for the reasons above.\n", counted(left_alone, "row"));
    }
    if conflicts > 0 {
        let were = if conflicts == 1 { "pair of rows differs" } else { "pairs of rows differ" };
        text = format!(
            "{text}{conflicts} {were} since before Tandem came; people are asked which side is right:\n"
        );
    }
    text
}

/// 3: different fields of one row.
async fn merge(stage: &Stage, customer: &Customer) -> Result<(), CommandError> {
    let (phone, email) = ("030-0074399", "orders@alfki.example");
    stage.say(&format!(
        "\n3. Two people edit different fields of {}\n   \
         in Business Central  phone   {phone}\n   in Dataverse         e-mail  {email}",
        customer.name
    ));
    customer.edit(&stage.person, Side::Left, PHONE, phone).await?;
    customer.edit(&stage.person, Side::Right, EMAIL, email).await?;
    sync_aloud(stage).await?;
    let after = customer.read(&stage.person).await?;
    stage.say(&indented(&after.compared(&[("phone", PHONE), ("e-mail", EMAIL)])));
    after.expect_both(PHONE, phone)?;
    after.expect_both(EMAIL, email)
}

/// 4: the same field of one row.
async fn collide(stage: &Stage, customer: &Customer) -> Result<ConflictView, CommandError> {
    stage.say(&format!("\n4. Two people edit the same field of {}", customer.name));
    for side in Side::BOTH {
        stage.say(&format!("   in {:<17} phone   {}", SYSTEMS[side], PHONES[side]));
        customer.edit(&stage.person, side, PHONE, PHONES[side]).await?;
    }
    let known: Vec<_> = stage.conflicts().await?.iter().map(|conflict| conflict.id).collect();
    sync_aloud(stage).await?;
    let mut conflicts = stage.conflicts().await?;
    conflicts.retain(|conflict| !known.contains(&conflict.id));
    let [conflict] = <[ConflictView; 1]>::try_from(conflicts)
        .map_err(|found| surprise(format!("{} conflicts were raised instead of one", found.len())))?;
    let inbox = stage.status().await?.inbox;
    stage.say(&format!("   Neither value is overwritten. A person is asked in {inbox}:\n"));
    let text = read_inbox(&inbox)?;
    let id = format!("C{}", conflict.id);
    let block = block_of(&text, &id).ok_or_else(|| surprise(format!("the inbox has no block for {id}")))?;
    stage.say(
        &block.lines().map(|line| format!("   | {line}").trim_end().to_owned() + "\n").collect::<String>(),
    );
    Ok(conflict)
}

/// 5: a person decides.
async fn settle(stage: &Stage, customer: &Customer, conflict: &ConflictView) -> Result<(), CommandError> {
    let inbox = stage.status().await?.inbox;
    let id = format!("C{}", conflict.id);
    stage.say(&format!("\n5. A person writes into the block of {id}: answer = \"dataverse\""));
    let answered = with_answer(&read_inbox(&inbox)?, &id, "dataverse")
        .ok_or_else(|| surprise(format!("the block of {id} has no place for an answer")))?;
    fs::write(&inbox, answered)
        .map_err(|error| CommandError::because(ExitCode::Failure, format!("cannot write {inbox}"), &error))?;
    sync_aloud(stage).await?;
    if stage.conflicts().await?.iter().any(|open| open.id == conflict.id) {
        return Err(surprise(format!("{id} is still open")));
    }
    let after = customer.read(&stage.person).await?;
    stage.say(&indented(&after.compared(&[("phone", PHONE)])));
    after.expect_both(PHONE, PHONES.right)?;
    stage.say(&format!("   {id} is settled."));
    Ok(())
}

/// 6: trust nothing.
async fn compare(stage: &Stage, before: &Census) -> Result<Verdict, CommandError> {
    stage.say("\n6. Both systems are read afresh, and every coupled row is compared");
    let after = census(&stage.desk).await?;
    let verdict = verify(&stage.desk, before, &after)?;
    let (differ, doubled) = (verdict.differ.len(), verdict.doubled.len());
    stage.say(&format!("   {} coupled rows compared, {differ} differ, {doubled} doubled", verdict.compared));
    if verdict.waiting_for_people > 0 {
        stage.say(&format!(
            "   (waiting for people: {}, the open conflicts of the first sync)",
            counted(verdict.waiting_for_people, "row")
        ));
    }
    for problem in verdict.differ.iter().chain(&verdict.doubled) {
        stage.say(&format!("   ! {problem}"));
    }
    stage.say("");
    Ok(verdict)
}

/// Goes on as the agent, so that a person can edit rows and watch.
async fn keep(stage: &Stage) -> Result<(), CommandError> {
    let customer = Customer::find(&stage.person, MERGED).await?;
    let curl = |side: Side, value: &str| stage.person.curl(side, &customer.rows[side], PHONE[side], value);
    let inbox = stage.status().await?.inbox;
    stage.say(&format!(
        "Tandem goes on as the agent and looks every second. Edit {} from another terminal and watch:\n\n\
         {}\n\n{}\n\n\
         The inbox:         {inbox}\nHow things stand:  tandem status --dir {}\nTo stop:           Ctrl-C\n",
        customer.name,
        curl(Side::Left, "030-1"),
        curl(Side::Right, "030-2"),
        stage.folder.display(),
    ));
    be_the_agent(stage.desk.clone(), &Places::in_folder(&stage.folder)).await
}

/// Runs once and shows what was done, line for line.
async fn sync_aloud(stage: &Stage) -> Result<(), CommandError> {
    let report = stage.sync().await?;
    stage.say("   tandem sync");
    stage.say(&lines::lines(&report.lines).lines().map(|line| format!("   > {line}\n")).collect::<String>());
    Ok(())
}

fn read_inbox(path: &str) -> Result<String, CommandError> {
    fs::read_to_string(path)
        .map_err(|error| CommandError::because(ExitCode::Failure, format!("cannot read {path}"), &error))
}
