//! Sending batches: smaller ones after one took too long, and once more what the service refused for load inside one.
//!
//! A batch is written and read as a whole: its operations are limited in number and its answer in size, so that memory
//! stays bounded without streaming.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tracing::debug;

use super::portion::is_too_much;
use super::{BatchAnswers, BatchForm, BatchPart, Common, PartAnswer, Service, ServiceError};
use crate::http::{Departure, HttpError, Repeat, Request, Response};
use crate::systems::{SystemError, WriteOutcome};

/// How many times one read asks for less after it asked for too much.
pub(super) const MAX_CUTS: usize = 3;

type Answered = Result<PartAnswer, WriteOutcome>;

impl Service {
    /// Reads in batches of that size, as many at once as the throttle grants; returns one answer for each part, in order.
    pub async fn read_batches(
        &self,
        what: &str,
        parts: &[BatchPart],
        batch_size: usize,
    ) -> Result<Vec<PartAnswer>, SystemError> {
        let batches: Vec<_> = parts.chunks(batch_size).map(|batch| self.read_batch(what, batch)).collect();
        let parallelism = self.session.parallelism().max(1);
        let answers: Vec<_> = stream::iter(batches).buffered(parallelism).try_collect().await?;
        Ok(answers.concat())
    }

    /// Reads in one batch, again for what the server left out or refused for load, in smaller ones where it took too
    /// long; returns one answer for each part, in order.
    async fn read_batch(&self, what: &str, parts: &[BatchPart]) -> Result<Vec<PartAnswer>, SystemError> {
        if self.batch_form == BatchForm::None {
            return self.read_singly(what, parts).await;
        }
        let mut answers: Vec<Option<PartAnswer>> = vec![None; parts.len()];
        let (mut attempt, mut cuts) = (0, 0);
        loop {
            let mut open: Vec<usize> = (0..parts.len()).filter(|index| answers[*index].is_none()).collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            open.truncate(self.portions.batch.of(open.len()));
            let asked: Vec<&BatchPart> = open.iter().map(|index| &parts[*index]).collect();
            let may_cut = asked.len() > 1 && cuts < MAX_CUTS;
            let repeat = if may_cut { Repeat::UnlessTooLong } else { Repeat::Freely };
            let sent = self.send_batch(&asked, repeat).await;
            if self.was_too_much(&sent, asked.len()) && may_cut {
                cuts += 1;
                continue;
            }
            let (response, departure) = sent.map_err(|error| self.unanswered(what, error))?;
            let Some(batch) = self.batch_form.parse(&response, asked.len()) else {
                self.success(what, response)?;
                return Err(self.unexpected(what, "no batch answer"));
            };
            if batch.parts.iter().all(Option::is_none) {
                return Err(self.unexpected(what, "a batch answer without parts"));
            }
            self.portions.batch.went_well(asked.len());
            let refused: Vec<_> =
                batch.parts.iter().flatten().filter(|part| is_refused_for_load(part)).collect();
            let again = self.session.refused_inside(attempt, departure, &refused).await;
            attempt += 1;
            // A server that stops at the first failure is asked again for the rest.
            for (index, answer) in open.into_iter().zip(batch.parts) {
                answers[index] = answer.filter(|answer| !(again && is_refused_for_load(answer)));
            }
        }
    }

    /// Writes in one batch, and once more what it proves to have left undone; returns one answer for each part, or what
    /// its absence means for the write.
    pub async fn write_batch(&self, parts: &[&BatchPart]) -> Vec<Answered> {
        if self.batch_form == BatchForm::None {
            return self.write_singly(parts).await;
        }
        let (mut answers, mut departure) = self.write_once(parts).await;
        for attempt in 0.. {
            let Some(left_at) = departure else { break };
            let refused: Vec<_> = answers.iter().flatten().filter(|part| is_refused_for_load(part)).collect();
            if !self.session.refused_inside(attempt, left_at, &refused).await {
                break;
            }
            let open: Vec<usize> = (0..parts.len()).filter(|index| is_undone(&answers[*index])).collect();
            let asked: Vec<&BatchPart> = open.iter().map(|index| parts[*index]).collect();
            let sent;
            (sent, departure) = self.write_once(&asked).await;
            for (index, answer) in open.into_iter().zip(sent) {
                answers[index] = answer;
            }
        }
        answers
    }

    /// Writes in one batch. When it left is known where its answer was a batch answer.
    async fn write_once(&self, parts: &[&BatchPart]) -> (Vec<Answered>, Option<Departure>) {
        let sent = self.send_batch(parts, Repeat::IfNotApplied).await;
        self.was_too_much(&sent, parts.len());
        let (response, departure) = match sent {
            Ok(sent) => sent,
            Err(error) => {
                let in_doubt = !error.is_certainly_not_applied();
                let outcome = outcome(in_doubt, self.unanswered("a batch of writes", error));
                return (parts.iter().map(|_| Err(outcome.clone())).collect(), None);
            }
        };
        match self.batch_form.parse(&response, parts.len()) {
            Some(batch) => {
                self.portions.batch.went_well(parts.len());
                (self.parts_or_doubt(batch), Some(departure))
            }
            None => {
                let outcome = self.rejected_batch(response);
                (parts.iter().map(|_| Err(outcome.clone())).collect(), None)
            }
        }
    }

    /// Returns whether a batch was too much; then further ones are smaller.
    fn was_too_much(&self, sent: &Result<(Response, Departure), HttpError>, operations: usize) -> bool {
        let is_too_much = is_too_much(sent.as_ref().map(|(response, _)| response));
        if is_too_much {
            debug!(connection = %self.name, operations, "A batch was too much; smaller ones follow");
            self.portions.batch.was_too_much(operations);
        }
        is_too_much
    }

    async fn send_batch(
        &self,
        parts: &[&BatchPart],
        repeat: Repeat,
    ) -> Result<(Response, Departure), HttpError> {
        let (content_type, body) = self.batch_form.write(&Common::of(self), parts);
        let request = Request::post(self.url("$batch"), &content_type, body, repeat)
            .with_header("Prefer", "odata.continue-on-error");
        let operations = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        self.session.send_batch(&self.dressed(request), operations).await
    }

    /// Says of parts without an answer what that means.
    fn parts_or_doubt(&self, batch: BatchAnswers) -> Vec<Answered> {
        for part in batch.parts.iter().flatten().filter(|part| part.status >= 400) {
            let error = ServiceError::parse(part.status, &part.body);
            let request_id = part.request_id().unwrap_or("-");
            debug!(connection = %self.name, status = error.status, code = error.code, text = error.message, request_id, "Write refused");
        }
        let missing = |not_run: bool| {
            let detail = if not_run { "the batch stopped before it" } else { "the batch answer lacks it" };
            outcome(!not_run, self.unexpected("a write", detail))
        };
        let not_run: Vec<bool> = (0..batch.parts.len()).map(|index| batch.was_not_run(index)).collect();
        let parts = batch.parts.into_iter().zip(not_run);
        parts.map(|(part, not_run)| part.ok_or_else(|| missing(not_run))).collect()
    }

    /// Says what an answer that is no batch answer means for each of its writes.
    fn rejected_batch(&self, response: Response) -> WriteOutcome {
        let status = response.status;
        let refused_first = matches!(status, 400..=407 | 409..=499);
        let refused_busy = status == 503 && response.retry_after().is_some();
        let error = match self.success("a batch of writes", response) {
            Ok(_) => self.unexpected("a batch of writes", "no batch answer"),
            Err(error) => error,
        };
        outcome(!(refused_first || refused_busy), error)
    }
}

/// Returns whether the service put an operation off: it was not run, and is welcome later.
fn is_refused_for_load(part: &PartAnswer) -> bool {
    part.status == 429 || part.status == 503 && part.retry_after().is_some()
}

/// Returns whether an answered batch certainly left a write undone, through no fault of the write.
fn is_undone(answer: &Answered) -> bool {
    match answer {
        Ok(part) => is_refused_for_load(part),
        Err(outcome) => matches!(outcome, WriteOutcome::NotApplied(_)),
    }
}

fn outcome(in_doubt: bool, error: SystemError) -> WriteOutcome {
    if in_doubt { WriteOutcome::InDoubt(error) } else { WriteOutcome::NotApplied(error) }
}
