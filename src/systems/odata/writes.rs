//! Sending writes in batches, the same in both products.

use super::{PartAnswer, RowShape, Service, row_in};
use crate::model::RowId;
use crate::systems::odata::BatchPart;
use crate::systems::{Refusal, SystemError, Verb, Write, WriteOutcome};

/// Sends prepared writes in batches and judges each answer. A write that could not be prepared keeps its outcome.
pub async fn send_writes(
    service: &Service,
    prepared: Vec<Result<BatchPart, WriteOutcome>>,
    batch_size: usize,
    judge: impl Fn(usize, &PartAnswer) -> WriteOutcome,
) -> Vec<WriteOutcome> {
    let mut outcomes: Vec<Option<WriteOutcome>> = Vec::with_capacity(prepared.len());
    let mut sendable = Vec::new();
    for (index, prepared) in prepared.into_iter().enumerate() {
        match prepared {
            Ok(part) => {
                sendable.push((index, part));
                outcomes.push(None);
            }
            Err(outcome) => outcomes.push(Some(outcome)),
        }
    }
    let mut batches: Vec<&[(usize, BatchPart)]> = sendable.chunks(batch_size).rev().collect();
    while let Some(batch) = batches.pop() {
        let (batch, rest) = batch.split_at(service.portions.batch.of(batch.len()));
        batches.extend(Some(rest).filter(|rest| !rest.is_empty()));
        let parts: Vec<&BatchPart> = batch.iter().map(|(_, part)| part).collect();
        let answers = service.write_batch(&parts).await;
        if batch.len() > 1 && answers.iter().all(is_rejected_unread) {
            // One row that spoils its batch must not hold up the others: it is found in ever smaller ones.
            let (first, second) = batch.split_at(batch.len() / 2);
            batches.extend([second, first]);
            continue;
        }
        for ((index, _), answer) in batch.iter().zip(answers) {
            let outcome = match answer {
                Ok(answer) => judge(*index, &answer),
                Err(outcome) => alone(outcome, batch.len()),
            };
            outcomes[*index] = Some(outcome);
        }
    }
    outcomes.into_iter().map(|outcome| outcome.expect("each write was sent or refused")).collect()
}

/// Returns whether the service refused a batch as a whole for what is in it.
fn is_rejected_unread(answer: &Result<PartAnswer, WriteOutcome>) -> bool {
    matches!(answer, Err(WriteOutcome::NotApplied(SystemError::BadRequest { .. })))
}

/// A batch that was refused for what is in it and holds one row is that row's refusal.
fn alone(outcome: WriteOutcome, size: usize) -> WriteOutcome {
    match outcome {
        WriteOutcome::NotApplied(SystemError::BadRequest { status, code, message, .. }) if size == 1 => {
            WriteOutcome::Refused(Refusal { status: Some(status), code, message })
        }
        outcome => outcome,
    }
}

/// Says what a success means for its write; nothing where the answer is none. `id` is the row's id where it is known.
pub fn landed(
    answer: &PartAnswer,
    shape: &RowShape,
    write: &Write,
    id: Option<&RowId>,
) -> Option<WriteOutcome> {
    answer.is_success().then(|| match write.verb {
        Verb::Delete { .. } => WriteOutcome::Deleted,
        _ => written(answer, shape, id),
    })
}

fn written(answer: &PartAnswer, shape: &RowShape, id: Option<&RowId>) -> WriteOutcome {
    match row_in(answer, shape) {
        Ok(row) if id.is_none_or(|id| row.id == *id) => WriteOutcome::Written(row),
        Ok(_) => WriteOutcome::WrittenUnseen(id.cloned()),
        Err(error) => WriteOutcome::WrittenUnseen(id.cloned().or(error.id).or_else(|| id_in_headers(answer))),
    }
}

/// Makes the outcome of a write that cannot be put on the wire.
pub fn refused_here(message: impl Into<String>) -> WriteOutcome {
    WriteOutcome::Refused(Refusal::ours("NotSent", message))
}

fn id_in_headers(answer: &PartAnswer) -> Option<RowId> {
    ["odata-entityid", "location"].iter().find_map(|name| super::guid_in(answer.header(name)?))
}
