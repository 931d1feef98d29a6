//! Batches and pages that are refused in part, or too much for the service.

use super::*;

/// Counts the operations of each batch that comes and lets `script` answer it.
fn serve_batches(
    script: impl Fn(usize, &Asked<'_>) -> Option<String> + Send + 'static,
) -> (String, Arc<Mutex<Vec<usize>>>) {
    let sizes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sizes);
    let (address, _) = serve(move |asked| {
        if !asked.is("POST /api/$batch") {
            return business_central_metadata(asked);
        }
        let operations = asked.text.matches("\"method\"").count();
        seen.lock().unwrap().push(operations);
        script(operations, asked)
    });
    (address, sizes)
}

/// Answers each operation of a batch with its own customer.
fn customers(asked: &Asked<'_>) -> Option<String> {
    let body: Json = serde_json::from_str(asked.text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let answers: Vec<Json> = body["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|request| {
            let url = request["url"].as_str().unwrap();
            let id = url.rsplit_once("customers(").unwrap().1.get(..36).unwrap();
            json!({"id": request["id"], "status": 200, "body": customer(id, "Acme", "2026-11-21T09:00:00Z")})
        })
        .collect();
    ok(&json!({ "responses": answers }))
}

fn id(number: usize) -> RowId {
    RowId::new(format!("aaaaaaaa-0000-4000-8000-{number:012}"))
}

fn updates(count: usize) -> Vec<Write> {
    (0..count).map(|number| update("customers", id(number).as_str(), "displayName", Value::Blank)).collect()
}

async fn read(system: &dyn System, count: usize) -> Result<Vec<KeyedRead>, SystemError> {
    let ids: Vec<RowId> = (0..count).map(id).collect();
    system.rows(&"customers".into(), &columns(&["displayName"]), &ids).await
}

const TOO_MUCH: [&str; 3] = ["408 Request Timeout", "413 Content Too Large", "504 Gateway Timeout"];

#[tokio::test]
async fn a_batch_of_reads_that_is_too_much_is_cut_and_never_repeated_as_it_is() {
    for status in TOO_MUCH {
        let (address, sizes) = serve_batches(move |operations, asked| match operations > 2 {
            true => answer(status, "", "<html>"),
            false => customers(asked),
        });
        let reads = read(&business_central(&address), 8).await.unwrap();
        for (number, read) in reads.iter().enumerate() {
            assert!(matches!(read, KeyedRead::Found(row) if row.id == id(number)), "{read:?}");
        }
        assert_eq!(*sizes.lock().unwrap(), [8, 4, 2, 2, 2, 2], "{status}");
    }
}

#[tokio::test]
async fn a_service_that_is_only_silent_is_left_in_peace_after_a_few_cuts() {
    let (address, sizes) = serve_batches(|_, _| answer("408 Request Timeout", "", "<html>"));
    let system = business_central(&address);
    let error = read(&system, 40).await.unwrap_err();
    assert!(matches!(error, SystemError::Unavailable { status: 408, .. }), "{error:?}");
    assert_eq!(*sizes.lock().unwrap(), [40, 20, 10, 5]);
    read(&system, 40).await.unwrap_err();
    assert_eq!(sizes.lock().unwrap()[4..], [2, 1], "the next read begins where the last ended");
}

/// I3: what was too much may have been applied all the same; only what follows is smaller.
#[tokio::test]
async fn writes_that_took_too_long_are_in_doubt_and_the_next_batches_are_smaller() {
    for (status, is_refused) in [(TOO_MUCH[0], false), (TOO_MUCH[1], true), (TOO_MUCH[2], false)] {
        let (address, sizes) = serve_batches(move |operations, asked| match operations > 4 {
            true => answer(status, "", "<html>"),
            false => customers(asked),
        });
        let system = business_central(&address);
        let outcomes = system.write(&updates(8)).await;
        assert_eq!(outcomes.len(), 8);
        if is_refused {
            assert!(outcomes.iter().all(|outcome| matches!(outcome, WriteOutcome::Written(_))));
            assert_eq!(*sizes.lock().unwrap(), [8, 4, 4], "{status}");
        } else {
            assert!(outcomes.iter().all(|outcome| matches!(outcome, WriteOutcome::InDoubt(_))));
            assert_eq!(*sizes.lock().unwrap(), [8], "{status}");
            let outcomes = system.write(&updates(8)).await;
            assert!(outcomes.iter().all(|outcome| matches!(outcome, WriteOutcome::Written(_))));
            assert_eq!(*sizes.lock().unwrap(), [8, 4, 4], "{status}");
        }
    }
}

#[tokio::test]
async fn a_page_that_is_too_much_is_asked_for_again_with_fewer_rows() {
    for status in TOO_MUCH {
        let (address, log) = serve(move |asked| {
            if asked.line.contains("EntityDefinitions") {
                return dataverse_metadata(asked);
            }
            if asked.line.contains("modifiedon%20ge") {
                return ok(&json!({"value": []}));
            }
            match asked.text.contains("odata.track-changes,odata.maxpagesize=1\r\n") {
                true if asked.line.contains("$skiptoken") => {
                    ok(&json!({"value": [account(B, "Bos")], "@odata.deltaLink": "accounts?$deltatoken=1"}))
                }
                true => {
                    ok(&json!({"value": [account(A, "Acme")], "@odata.nextLink": "accounts?$skiptoken=x"}))
                }
                false => answer(status, "", "<html>"),
            }
        });
        let (names, ..) = read_all(&dataverse(&address), "accounts", Cursor::Start).await;
        assert_eq!(names, ["Acme", "Bos"].map(Value::text));
        let pages = log.lock().unwrap().iter().filter(|line| line.contains("GET /api/accounts?")).count();
        assert_eq!(pages, 4, "{status}: the page, its half, the next half, and the look behind");
    }
}

#[tokio::test]
async fn what_one_part_of_a_batch_is_refused_for_load_is_sent_again_alone() {
    for (status, header) in
        [(429, json!({})), (429, json!({"Retry-After": "0"})), (503, json!({"retry-after": "0"}))]
    {
        let throttled = std::sync::atomic::AtomicBool::new(false);
        let header = header.clone();
        let (address, sizes) = serve_batches(move |_, asked| {
            if throttled.swap(true, std::sync::atomic::Ordering::SeqCst) {
                return customers(asked);
            }
            let row = |number| customer(id(number).as_str(), "Acme", "2026-11-21T09:00:00Z");
            ok(&json!({"responses": [
                {"id": "1", "status": 200, "body": row(0)},
                {"id": "2", "status": status, "headers": header},
                {"id": "3", "status": 200, "body": row(2)},
            ]}))
        });
        let outcomes = business_central(&address).write(&updates(3)).await;
        for (number, outcome) in outcomes.iter().enumerate() {
            assert!(matches!(outcome, WriteOutcome::Written(row) if row.id == id(number)), "{outcome:?}");
        }
        assert_eq!(*sizes.lock().unwrap(), [3, 1], "{status}");
    }
}

#[tokio::test]
async fn reads_refused_for_load_inside_a_batch_are_asked_again() {
    let asked_before = std::sync::atomic::AtomicBool::new(false);
    let (address, sizes) = serve_batches(move |_, asked| {
        if asked_before.swap(true, std::sync::atomic::Ordering::SeqCst) {
            return customers(asked);
        }
        ok(&json!({"responses": [{"id": "1", "status": 429}, {"id": "2", "status": 404}]}))
    });
    let reads = read(&business_central(&address), 2).await.unwrap();
    assert!(matches!(&reads[0], KeyedRead::Found(row) if row.id == id(0)), "{reads:?}");
    assert!(!matches!(&reads[1], KeyedRead::Found(_)), "what was answered is not asked again");
    assert_eq!(*sizes.lock().unwrap(), [2, 1]);
}

/// The pause that one part asks for holds for all that follows.
#[tokio::test]
async fn a_long_pause_asked_for_inside_a_batch_is_handed_on_and_kept() {
    for status in [429, 503] {
        let (address, sizes) = serve_batches(move |_, _| {
            ok(&json!({"responses": [{"id": "1", "status": status, "headers": {"Retry-After": "120"}}]}))
        });
        let system = business_central(&address);
        let outcomes = system.write(&updates(1)).await;
        let WriteOutcome::NotApplied(error) = &outcomes[0] else { panic!("{outcomes:?}") };
        assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
        let outcomes = system.write(&updates(1)).await;
        assert!(
            matches!(outcomes[0], WriteOutcome::NotApplied(SystemError::Throttled { .. })),
            "{outcomes:?}"
        );
        assert_eq!(sizes.lock().unwrap().len(), 1, "nothing is sent during the pause");
    }
}

/// A bare 503 does not say when to come back: it is an outcome like any other.
#[tokio::test]
async fn a_part_without_a_word_when_to_come_back_is_not_sent_again() {
    for status in [500, 502, 503] {
        let (address, sizes) =
            serve_batches(move |_, _| ok(&json!({"responses": [{"id": "1", "status": status}]})));
        let outcomes = business_central(&address).write(&updates(1)).await;
        assert!(!matches!(outcomes[0], WriteOutcome::Written(_)));
        assert_eq!(sizes.lock().unwrap().len(), 1, "{status}");
    }
}
