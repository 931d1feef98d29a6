//! What a run did is undone as far as rows still are as it left them, held, and told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tandem::agent::{Command, Desk, LineAction, Reply, RunReport, RunView, WhyView};
use tandem::sim::{Options, Reaction};

use crate::command_line::tandem;
use crate::world::{At, World, status, sync, text};

/// Every row of both systems with its values: all but what its system says about the writing itself.
type Values = BTreeMap<String, Value>;

async fn values(world: &World) -> Values {
    let mut values = Values::new();
    for (at, set, key) in [
        (At::BusinessCentral, "customers", "id"),
        (At::BusinessCentral, "vendors", "id"),
        (At::BusinessCentral, "items", "id"),
        (At::BusinessCentral, "currencies", "id"),
        (At::Dataverse, "accounts", "accountid"),
        (At::Dataverse, "products", "productid"),
        (At::Dataverse, "transactioncurrencies", "transactioncurrencyid"),
    ] {
        for mut row in world.list(at, set).await {
            let id = format!("{set} {}", text(&row, key));
            let columns = row.as_object_mut().unwrap();
            columns.retain(|column, _| {
                let column = column.to_lowercase();
                !["@odata.etag", "versionnumber", "modifiedon", "lastmodifieddatetime", "modifiedby"]
                    .iter()
                    .any(|stamp| column.contains(stamp))
            });
            values.insert(id, row);
        }
    }
    values
}

/// Lists what differs, in words.
fn differences(before: &Values, after: &Values) -> Vec<String> {
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differs = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    differs.map(|key| format!("{key}: {:?} is {:?}", before.get(key), after.get(key))).collect()
}

async fn undo(desk: &Desk, run: u64) -> RunReport {
    match desk.handle(&Command::Undo { run, dry_run: false }).await {
        Ok(Reply::Report(report)) => report,
        other => panic!("{other:?}"),
    }
}

async fn run_view(desk: &Desk, run: u64) -> RunView {
    match desk.handle(&Command::Run { run }).await {
        Ok(Reply::Run(run)) => run,
        other => panic!("{other:?}"),
    }
}

async fn why(desk: &Desk, mapping: &str, row: &str) -> WhyView {
    let command = Command::Why { mapping: mapping.to_owned(), row: row.to_owned() };
    match desk.handle(&command).await {
        Ok(Reply::Why(story)) => *story,
        other => panic!("{other:?}"),
    }
}

async fn resume(desk: &Desk, mapping: &str) -> u64 {
    match desk.handle(&Command::Resume { mapping: mapping.to_owned(), row: None }).await {
        Ok(Reply::Resumed(rows)) => rows,
        other => panic!("{other:?}"),
    }
}

fn left(report: &RunReport) -> Vec<String> {
    let lines = report.lines.iter().filter(|line| line.action == LineAction::Leave);
    lines.map(|line| format!("{} {}", line.row, line.note.clone().unwrap_or_default())).collect()
}

/// I34: every count of a run is the number of entries in its journal that say so.
async fn counts_are_the_journals(desk: &Desk, report: &RunReport) {
    let view = run_view(desk, report.run.unwrap()).await;
    let entries = |action: &str, done: bool| {
        let is_counted = |entry: &&tandem::agent::EntryView| {
            entry.action == action && entry.outcome.starts_with("done") == done
        };
        view.entries.iter().filter(is_counted).count() as u64
    };
    let shown = [
        view.coupled,
        view.created,
        view.updated,
        view.deleted,
        view.conflicts_raised,
        view.conflicts_settled,
    ];
    let words = ["coupled", "created", "updated", "deleted", "conflict raised", "conflict settled"];
    assert_eq!(shown, words.map(|word| entries(word, true)));
    let refused = view.entries.iter().filter(|entry| entry.outcome.starts_with("refused")).count() as u64;
    assert_eq!(view.refused, refused);
    assert_eq!(view.created, report.total(|mapping| mapping.created.left + mapping.created.right));
    assert_eq!(view.updated, report.total(|mapping| mapping.updated.left + mapping.updated.right));
    assert_eq!(view.deleted, report.total(|mapping| mapping.deleted.left + mapping.deleted.right));
    assert_eq!(view.coupled, report.total(|mapping| mapping.coupled));
    assert_eq!(entries("uncoupled", true), report.total(|mapping| mapping.uncoupled));
}

/// I33 and I34: undoing the first sync of more than 500 rows brings both systems back, apart from a row that somebody
/// edited since; no pass does it again; and undoing that brings the sync's rows back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undoing_a_first_sync_of_500_rows_brings_both_systems_back() {
    let world = World::start(Options { rows: 320, ..Options::default() }).await;
    let desk = world.desk();
    let before = values(&world).await;
    let first = sync(&desk).await;
    assert_eq!(first.failures, []);
    counts_are_the_journals(&desk, &first).await;
    let touched_rows = first.total(|mapping| mapping.coupled + mapping.created.left + mapping.created.right);
    assert!(touched_rows >= 500, "{touched_rows}");
    let synced = values(&world).await;

    let mut made = synced.keys().filter(|row| row.starts_with("accounts") && !before.contains_key(*row));
    let edited = made.next().unwrap();
    let id = edited.split_once(' ').unwrap().1;
    world.edit(At::Dataverse, "accounts", id, json!({"telephone1": "edited"})).await;

    let undone = undo(&desk, first.run.unwrap()).await;
    assert_eq!(undone.failures, []);
    counts_are_the_journals(&desk, &undone).await;
    assert_eq!(run_view(&desk, undone.run.unwrap()).await.trigger, "undo");
    let differ = differences(&before, &values(&world).await);
    assert!(differ.len() == 1 && differ[0].starts_with(edited.as_str()), "{differ:#?}");
    let [left] = left(&undone).try_into().unwrap_or_else(|left| panic!("{left:?}"));
    assert!(left.contains("edited in dataverse since"), "{left}");

    let state = world.world_state().await;
    let next = sync(&desk).await;
    assert_eq!(next.total(|mapping| mapping.created.left + mapping.created.right + mapping.coupled), 0);
    assert_eq!(world.world_state().await.len(), state.len());
    let written: Vec<_> = next.lines.iter().filter(|line| line.action != LineAction::Leave).collect();
    assert_eq!(written.len(), 1, "only the edit of before flows, all else is held: {written:?}");
    assert!(
        status(&desk)
            .await
            .mappings
            .iter()
            .any(|mapping| { mapping.left_alone.keys().any(|reason| reason.contains("tandem resume")) })
    );

    let again = undo(&desk, undone.run.unwrap()).await;
    assert_eq!(again.failures, []);
    counts_are_the_journals(&desk, &again).await;
    let names = |values: &Values| {
        let name = |row: &Value| {
            let name =
                ["displayName", "name", "currencyname"].iter().find_map(|column| row[*column].as_str());
            name.unwrap_or_default().to_owned()
        };
        let mut names: Vec<_> = values.values().map(name).collect();
        names.sort();
        names
    };
    assert_eq!(names(&values(&world).await), names(&synced));
    assert_eq!(world.simulation.faults().unguarded_writes(), Vec::<String>::new());
    let state = world.world_state().await;
    let next = sync(&desk).await;
    assert_eq!(world.world_state().await, state, "all is in step: {:?}", next.lines);
}

async fn edited() -> (World, Desk, u64, Value, Value) {
    let world = World::start(Options::default()).await;
    world.configure("mappings/CUSTOMER.toml", "first_contact = \"ask\"", "first_contact = \"left\"");
    let desk = world.desk();
    sync(&desk).await;
    let customer = world.find(At::BusinessCentral, "customers", "number", "BERGS").await;
    let account = world.find(At::Dataverse, "accounts", "name", text(&customer, "displayName")).await;
    let id = text(&customer, "id");
    world.edit(At::BusinessCentral, "customers", id, json!({"phoneNumber": "0921-99"})).await;
    let run = sync(&desk).await.run.unwrap();
    (world, desk, run, customer, account)
}

/// I33: an update is undone and held; a person's next edit lets it go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undone_update_is_held_until_somebody_edits_the_row() {
    let (world, desk, run, customer, account) = edited().await;
    let report = undo(&desk, run).await;
    assert_eq!(left(&report), Vec::<String>::new());
    assert_eq!(report.total(|mapping| mapping.updated.right), 1);
    let phone = async || {
        let row = world.find(At::Dataverse, "accounts", "name", text(&account, "name")).await;
        (text(&row, "telephone1").to_owned(), text(&row, "address1_city").to_owned())
    };
    assert_eq!(phone().await.0, text(&account, "telephone1"));
    for _ in 0..2 {
        assert_eq!(sync(&desk).await.lines, []);
    }
    let story = why(&desk, "CUSTOMER", text(&customer, "id")).await;
    assert!(story.waits.iter().any(|waits| waits.contains("held after an undo")), "{:?}", story.waits);

    world.edit(At::BusinessCentral, "customers", text(&customer, "id"), json!({"city": "Graz"})).await;
    assert_eq!(sync(&desk).await.total(|mapping| mapping.updated.right), 1);
    assert_eq!(phone().await, ("0921-99".to_owned(), "Graz".to_owned()));
    assert_eq!(sync(&desk).await.lines, []);
}

/// I33: held rows are resumed, and an undo can be undone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_is_taken_back_by_undoing_it_or_by_resuming() {
    let (world, desk, run, _, account) = edited().await;
    let phone = async || {
        let row = world.find(At::Dataverse, "accounts", "name", text(&account, "name")).await;
        text(&row, "telephone1").to_owned()
    };
    let undone = undo(&desk, run).await.run.unwrap();
    undo(&desk, undone).await;
    assert_eq!(phone().await, "0921-99");
    assert_eq!(resume(&desk, "CUSTOMER").await, 0, "nothing is held where both are in step");
    undo(&desk, run).await;
    assert_eq!(phone().await, text(&account, "telephone1"));
    assert!(resume(&desk, "customer").await > 0);
    assert_eq!(sync(&desk).await.total(|mapping| mapping.updated.right), 1);
    assert_eq!(phone().await, "0921-99");
}

/// I33 and I1: what somebody edited since stays and is listed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_edited_since_is_not_undone() {
    let (world, desk, run, _, account) = edited().await;
    let id = text(&account, "accountid");
    world.edit(At::Dataverse, "accounts", id, json!({"telephone1": "mine"})).await;
    let before = world.world_state().await;
    let report = undo(&desk, run).await;
    let [left] = left(&report).try_into().unwrap_or_else(|left| panic!("{left:?}"));
    assert!(left.contains("edited in dataverse since"), "{left}");
    assert_eq!(world.world_state().await, before);
    assert_eq!(sync(&desk).await.total(|mapping| mapping.updated.left), 1, "and flows on as ever");
}

/// I33 and I8: a deletion that Tandem passed on is undone; the row stays alone and is deleted again by undoing that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_row_is_made_again() {
    let world = World::start(Options::default()).await;
    world.configure("mappings/VENDOR.toml", "deletion = \"ignore\"", "deletion = \"delete\"");
    let desk = world.desk();
    sync(&desk).await;
    let account = world.find(At::Dataverse, "accounts", "accountnumber", "V0001").await;
    let name = text(&account, "name").to_owned();
    let vendors = async || {
        let rows = world.list(At::BusinessCentral, "vendors").await;
        rows.into_iter().filter(|row| text(row, "displayName") == name).collect::<Vec<_>>()
    };
    let [vendor] = vendors().await.try_into().unwrap();
    world.delete(At::Dataverse, "accounts", text(&account, "accountid")).await;
    let deleted = sync(&desk).await;
    assert_eq!(deleted.total(|mapping| mapping.deleted.left), 1, "{:?}", deleted.lines);
    assert_eq!(vendors().await, Vec::<Value>::new());

    let run = deleted.run.unwrap();
    let undone = undo(&desk, run).await;
    assert_eq!((left(&undone), undone.failures.as_slice()), (vec![], [].as_slice()));
    let [again] = vendors().await.try_into().unwrap();
    for column in ["displayName", "addressLine1", "city", "phoneNumber", "email"] {
        assert_eq!(again[column], vendor[column], "{column}");
    }
    assert_eq!(
        undo(&desk, run).await.total(|mapping| mapping.created.left),
        0,
        "undoing twice is undoing once"
    );
    assert_eq!(sync(&desk).await.lines, [], "it is held");
    let story = why(&desk, "VENDOR", text(&again, "id")).await;
    let told: Vec<_> = story.entries.iter().map(|entry| entry.action.as_str()).collect();
    assert!(
        told.ends_with(&["deleted", "created"]),
        "the story goes on with the row that stands in: {told:?}"
    );

    undo(&desk, undone.run.unwrap()).await;
    assert_eq!(vendors().await, Vec::<Value>::new());
}

/// I20 and I3: an undo whose answers are lost goes on when it is repeated, and doubles nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_cut_short_goes_on_when_it_is_repeated() {
    let world = World::start(Options::default()).await;
    let before = values(&world).await;
    let run = sync(&world.desk()).await.run.unwrap();
    let faults = world.simulation.faults();
    let count = AtomicU64::new(0);
    faults.on_request(move |request| {
        let is_batch = request.path_and_query.contains("$batch");
        let number = count.fetch_add(u64::from(is_batch), Ordering::SeqCst);
        match (is_batch && number < 12, number % 3) {
            (true, 0) => Reaction::DropAfter,
            (true, 1) => Reaction::DropBefore,
            _ => Reaction::Proceed,
        }
    });
    for _ in 0..20 {
        // Each time another process.
        if undo(&world.desk(), run).await.failures.is_empty() {
            break;
        }
    }
    faults.clear();
    let desk = world.desk();
    let last = undo(&desk, run).await;
    assert_eq!((left(&last), last.failures.as_slice()), (vec![], [].as_slice()));
    assert_eq!(differences(&before, &values(&world).await), Vec::<String>::new());
    let state = world.world_state().await;
    sync(&desk).await;
    assert_eq!(world.world_state().await, state, "what is held is left alone");
}

/// A row's story names causes and values, by number as well as by name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_story_tells_what_was_done_and_why() {
    let (world, desk, run, customer, account) = edited().await;
    for word in [text(&customer, "displayName"), "BERGS", text(&account, "accountid")] {
        let story = why(&desk, "CUSTOMER", word).await;
        assert_eq!(story.coupling, "coupled");
        assert_eq!(story.row.ids.left.as_deref(), Some(text(&customer, "id")));
        let last = story.entries.last().unwrap();
        assert_eq!(
            (last.run, last.action.as_str(), last.cause.as_str()),
            (run, "updated", "changed in business-central")
        );
        assert_eq!((last.fields[0].field.as_str(), last.fields[0].after.as_str()), ("phone", "\"0921-99\""));
        assert_eq!(story.entries[0].action, "coupled");
    }
    drop(desk);
    let (code, out, err) = tandem(&world, &["why", "CUSTOMER", "nobody"]);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    let (code, out, _) = tandem(&world, &["undo", &run.to_string()]);
    assert_eq!(code, 5, "nothing is undone before somebody says so");
    assert!(out.contains("update   CUSTOMER"), "{out}");
    let row = world.find(At::Dataverse, "accounts", "name", text(&account, "name")).await;
    assert_eq!(text(&row, "telephone1"), "0921-99");
    let (code, out, err) = tandem(&world, &["undo", &run.to_string(), "--yes"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, out, _) = tandem(&world, &["resume", "CUSTOMER", "BERGS"]);
    assert_eq!((code, out.as_str()), (0, "1 row goes on with the next run.\n"));
}
