//! Sending operations one by one, to services that take no batches.

use bytes::Bytes;

use super::{BatchPart, PartAnswer, Service};
use crate::http::{HttpError, Method, Repeat, Request};
use crate::systems::{SystemError, WriteOutcome};

impl Service {
    /// Reads one by one; returns one answer for each part, in order.
    pub(super) async fn read_singly(
        &self,
        what: &str,
        parts: &[BatchPart],
    ) -> Result<Vec<PartAnswer>, SystemError> {
        let mut answers = Vec::with_capacity(parts.len());
        for part in parts {
            answers.push(self.send_part(part).await.map_err(|error| self.unanswered(what, error))?);
        }
        Ok(answers)
    }

    /// Writes one by one; returns one answer for each part, or what its absence means for the write.
    pub(super) async fn write_singly(&self, parts: &[&BatchPart]) -> Vec<Result<PartAnswer, WriteOutcome>> {
        let mut answers = Vec::with_capacity(parts.len());
        let mut failed: Option<SystemError> = None;
        for part in parts {
            if let Some(error) = &failed {
                answers.push(Err(WriteOutcome::NotApplied(error.clone())));
                continue;
            }
            answers.push(match self.send_part(part).await {
                // Outside a batch, a bare 503 may be a gateway's: the service behind it may have applied the write.
                Ok(answer) if answer.status == 503 && answer.retry_after().is_none() => {
                    Err(WriteOutcome::InDoubt(self.refused("a write", &answer)))
                }
                Ok(answer) => Ok(answer),
                Err(error) => {
                    let is_unsent = error.is_certainly_not_applied();
                    let error = self.unanswered("a write", error);
                    // The rest would only wait for the same silence: it is not sent.
                    failed = Some(error.clone());
                    Err(if is_unsent {
                        WriteOutcome::NotApplied(error)
                    } else {
                        WriteOutcome::InDoubt(error)
                    })
                }
            });
        }
        answers
    }

    async fn send_part(&self, part: &BatchPart) -> Result<PartAnswer, HttpError> {
        let repeat = if part.method == Method::Get { Repeat::Freely } else { Repeat::IfNotApplied };
        let mut request = Request {
            method: part.method,
            url: self.url(&part.path),
            headers: Vec::new(),
            body: Bytes::new(),
            repeat,
        };
        for (name, value) in &self.headers {
            if !part.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                request = request.with_header(name, value.as_str());
            }
        }
        for (name, value) in &part.headers {
            request = request.with_header(name, value.as_str());
        }
        if let Some(body) = &part.body {
            request.body = serde_json::to_vec(body).expect("an object with text keys is JSON").into();
            request = request.with_header("Content-Type", "application/json");
        }
        self.session.send(&request).await
    }
}
