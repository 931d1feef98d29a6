//! Reading rows by key and listing ids, the same in both products.

use super::{BatchPart, PartAnswer, Query, RowKey, RowShape, Service, ServiceError, is_locked};
use crate::model::{PageLink, Row, RowId};
use crate::systems::{IdPage, KeyedRead, RowError, SystemError};

/// The most rows asked for by key in one batch.
const KEYS_PER_BATCH: usize = 50;
/// How many times what met a lock is asked for again.
pub const LOCK_RETRIES: u32 = 3;

/// Reads the row an answer holds. Its version may stand in the body or in a header.
pub fn row_in(answer: &PartAnswer, shape: &RowShape) -> Result<Row, RowError> {
    let object = serde_json::from_slice(&answer.body)
        .map_err(|error| RowError { id: None, message: format!("the answer is no row: {error}") })?;
    let mut row = shape.decode(&object)?;
    if row.version.is_none() {
        row.version = answer.header("etag").map(Into::into);
    }
    Ok(row)
}

/// Reads rows by id, in batches. `is_absence` says whether a 404 means that the row does not exist.
pub async fn keyed_reads(
    service: &Service,
    set: &str,
    shape: &RowShape,
    ids: &[RowId],
    is_absence: impl Fn(&ServiceError) -> bool,
) -> Result<Vec<KeyedRead>, SystemError> {
    let what = format!("rows of {set}");
    let part = |id| BatchPart::get(shape.select(Query::of(shape.key.address(set, id))).path());
    let parts: Vec<BatchPart> = ids.iter().map(part).collect();
    let answers = unlocked(service, &what, &parts).await?;
    let reads = ids.iter().zip(&answers);
    reads.map(|(id, answer)| keyed_read(service, &what, shape, id, answer, &is_absence)).collect()
}

/// Reads in batches, again where a lock was met.
async fn unlocked(
    service: &Service,
    what: &str,
    parts: &[BatchPart],
) -> Result<Vec<PartAnswer>, SystemError> {
    let mut answers = service.read_batches(what, parts, KEYS_PER_BATCH).await?;
    for attempt in 0..LOCK_RETRIES {
        let locked: Vec<usize> = (0..parts.len()).filter(|index| is_locked(&answers[*index])).collect();
        if locked.is_empty() {
            break;
        }
        service.session.back_off(attempt).await;
        let again: Vec<BatchPart> = locked.iter().map(|index| parts[*index].clone()).collect();
        let read = service.read_batches(what, &again, KEYS_PER_BATCH).await?;
        for (index, answer) in locked.into_iter().zip(read) {
            answers[index] = answer;
        }
    }
    Ok(answers)
}

fn keyed_read(
    service: &Service,
    what: &str,
    shape: &RowShape,
    id: &RowId,
    answer: &PartAnswer,
    is_absence: impl Fn(&ServiceError) -> bool,
) -> Result<KeyedRead, SystemError> {
    let unreadable = |message: String| KeyedRead::Unreadable(RowError { id: Some(id.clone()), message });
    if answer.is_success() {
        return Ok(match row_in(answer, shape) {
            Ok(row) if row.id == *id => KeyedRead::Found(row),
            Ok(row) => unreadable(format!("row {} was answered instead", row.id)),
            Err(error) => unreadable(error.message),
        });
    }
    let error = ServiceError::parse(answer.status, &answer.body);
    match answer.status {
        404 | 410 if is_absence(&error) => Ok(KeyedRead::Absent),
        // The batch was answered: what fails with a code of its own inside it fails for this row.
        500 if !error.code.is_empty() => Ok(unreadable(format!("the system fails on it: {}", error.code))),
        401 | 404 | 408 | 429 | 500.. => Err(service.refused(what, answer)),
        status => Ok(unreadable(format!("the system refuses it: HTTP {status} {}", error.code))),
    }
}

/// Lists one page of row ids. `first` is the path of the first page.
pub async fn id_page(
    service: &Service,
    first: &str,
    key: &RowKey,
    prefer: &str,
    page: Option<&PageLink>,
) -> Result<IdPage, SystemError> {
    let what = "a list of row ids";
    let url = page.map_or_else(|| service.url(first), |link| link.as_str().to_owned());
    let response = service.get(what, &url, Some(prefer)).await?;
    let page = service.page(what, &url, &response, |entry| entry.as_object().and_then(|row| key.id(row)))?;
    let ids: Option<Vec<RowId>> = page.rows.into_iter().collect();
    // A sweep that overlooks a row would take it for deleted.
    let ids = ids.ok_or_else(|| service.unexpected(what, format!("a row without {}", key.name())))?;
    Ok(IdPage { ids, next: page.next_link.map(PageLink::new) })
}
