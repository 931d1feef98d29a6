//! One OData service on one session: sends, and turns what goes wrong into the port's errors.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value as Json;
use tracing::debug;

use super::batch::BatchForm;
use super::meaning;
use super::page::Object;
use super::{BatchAnswers, BatchPart, Csdl, Page, PartAnswer, ServiceError, resolve};
use crate::http::{HttpError, Repeat, Request, Response, Session};
use crate::model::ConnectionName;
use crate::systems::{SystemError, WriteOutcome};

/// Names the user on whose behalf a request is made.
pub const CALLER: &str = "CallerObjectId";

/// One OData service.
#[derive(Debug)]
pub struct Service {
    pub name: ConnectionName,
    pub session: Session,
    /// Its root address, without a slash at the end.
    pub root: String,
    /// Sent with every request.
    pub headers: Vec<(&'static str, String)>,
    pub batch_form: BatchForm,
    /// Goes with every address, `tenant=…` or `cross-company=true`; escaped, empty if there is none.
    pub parameters: String,
}

impl Service {
    /// Returns the address of a path below the root.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{}", self.root, self.with_parameters(path))
    }

    /// Gets a document of metadata.
    pub async fn csdl(&self, request: &Request) -> Result<Csdl, SystemError> {
        let what = "metadata";
        let response = self.session.send(request).await.map_err(|error| self.unanswered(what, error))?;
        let response = self.success(what, response)?;
        let text = String::from_utf8_lossy(&response.body);
        Csdl::parse(text.trim_start_matches('\u{feff}'))
            .map_err(|error| self.unexpected(what, error.to_string()))
    }

    /// Adds the service's own parameters to a path or address.
    pub fn with_parameters(&self, path: &str) -> String {
        match (self.parameters.as_str(), path.contains('?')) {
            ("", _) => path.to_owned(),
            (parameters, true) => format!("{path}&{parameters}"),
            (parameters, false) => format!("{path}?{parameters}"),
        }
    }

    /// Gets an address and returns the answer, whatever its status.
    pub async fn fetch(&self, what: &str, url: &str, prefer: Option<&str>) -> Result<Response, SystemError> {
        let mut request = self.dressed(Request::get(url));
        if let Some(prefer) = prefer {
            request = request.with_header("Prefer", prefer);
        }
        self.session.send(&request).await.map_err(|error| self.unanswered(what, error))
    }

    /// Gets an address and returns the answer of a success.
    pub async fn get(&self, what: &str, url: &str, prefer: Option<&str>) -> Result<Response, SystemError> {
        let response = self.fetch(what, url, prefer).await?;
        self.success(what, response)
    }

    /// Gets one object.
    pub async fn object(&self, what: &str, path: &str) -> Result<Object, SystemError> {
        let response = self.get(what, &self.url(path), None).await?;
        serde_json::from_slice(&response.body).map_err(|error| self.unexpected(what, error.to_string()))
    }

    /// Gets all pages of a collection.
    pub async fn all<T>(
        &self,
        what: &str,
        path: &str,
        prefer: Option<&str>,
        mut decode: impl FnMut(Json) -> T,
    ) -> Result<Vec<T>, SystemError> {
        self.all_from(what, self.url(path), prefer, &mut decode).await
    }

    /// Gets all pages of a collection, from an address.
    pub async fn all_from<T>(
        &self,
        what: &str,
        mut url: String,
        prefer: Option<&str>,
        mut decode: impl FnMut(Json) -> T,
    ) -> Result<Vec<T>, SystemError> {
        let mut rows = Vec::new();
        let mut seen = BTreeSet::new();
        loop {
            let response = self.get(what, &url, prefer).await?;
            let page = self.page(what, &url, &response, &mut decode)?;
            rows.extend(page.rows);
            let Some(next) = page.next_link else { return Ok(rows) };
            seen.insert(std::mem::replace(&mut url, next));
            if seen.contains(&url) {
                return Err(self.unexpected(what, "pages that go round in a circle"));
            }
        }
    }

    /// Reads a page out of an answer. Its links come back absolute.
    pub fn page<T>(
        &self,
        what: &str,
        url: &str,
        response: &Response,
        decode: impl FnMut(Json) -> T,
    ) -> Result<Page<T>, SystemError> {
        let mut page =
            Page::parse(&response.body, decode).map_err(|error| self.unexpected(what, error.to_string()))?;
        for link in [&mut page.next_link, &mut page.delta_link].into_iter().flatten() {
            *link = resolve(url, link).ok_or_else(|| self.unexpected(what, "a link that is no address"))?;
        }
        if page.next_link.as_deref() == Some(url) {
            return Err(self.unexpected(what, "a page that names itself as the next"));
        }
        Ok(page)
    }

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

    /// Reads in one batch, again for what the server left out; returns one answer for each part, in order.
    async fn read_batch(&self, what: &str, parts: &[BatchPart]) -> Result<Vec<PartAnswer>, SystemError> {
        if self.batch_form == BatchForm::None {
            return self.read_singly(what, parts).await;
        }
        let mut answers: Vec<Option<PartAnswer>> = vec![None; parts.len()];
        loop {
            let open: Vec<usize> = (0..parts.len()).filter(|index| answers[*index].is_none()).collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            let asked: Vec<BatchPart> = open.iter().map(|index| parts[*index].clone()).collect();
            let response = self
                .send_batch(&asked, Repeat::Freely)
                .await
                .map_err(|error| self.unanswered(what, error))?;
            let Some(batch) = self.batch_form.parse(&response, asked.len()) else {
                self.success(what, response)?;
                return Err(self.unexpected(what, "no batch answer"));
            };
            if batch.parts.iter().all(Option::is_none) {
                return Err(self.unexpected(what, "a batch answer without parts"));
            }
            // A server that stops at the first failure is asked again for the rest.
            for (index, answer) in open.into_iter().zip(batch.parts) {
                answers[index] = answer;
            }
        }
    }

    /// Writes in one batch; returns one answer for each part, or what its absence means for the write.
    pub async fn write_batch(&self, parts: &[BatchPart]) -> Vec<Result<PartAnswer, WriteOutcome>> {
        if self.batch_form == BatchForm::None {
            return self.write_singly(parts).await;
        }
        let response = match self.send_batch(parts, Repeat::IfNotApplied).await {
            Ok(response) => response,
            Err(error) => {
                let in_doubt = !error.is_certainly_not_applied();
                let outcome = outcome(in_doubt, self.unanswered("a batch of writes", error));
                return parts.iter().map(|_| Err(outcome.clone())).collect();
            }
        };
        match self.batch_form.parse(&response, parts.len()) {
            Some(batch) => self.parts_or_doubt(&batch),
            None => {
                let outcome = self.rejected_batch(response);
                parts.iter().map(|_| Err(outcome.clone())).collect()
            }
        }
    }

    /// Returns the answer if its status says success.
    pub fn success(&self, what: &str, response: Response) -> Result<Response, SystemError> {
        if response.is_success() { Ok(response) } else { Err(self.refused(what, &response)) }
    }

    /// Names the failure of a request by its answer.
    pub fn refused(&self, what: &str, response: &Response) -> SystemError {
        let error = ServiceError::parse(response.status, &response.body);
        debug!(connection = %self.name, what, status = error.status, code = error.code, text = error.message, "Refused");
        meaning::of_request(&self.name, what, response)
    }

    /// Names an answer that cannot be used.
    pub fn unexpected(&self, what: &str, detail: impl Into<String>) -> SystemError {
        SystemError::UnexpectedAnswer {
            connection: self.name.clone(),
            what: what.to_owned(),
            detail: detail.into(),
        }
    }

    /// Names the failure of a request that got no answer.
    pub fn unanswered(&self, what: &str, error: HttpError) -> SystemError {
        let connection = self.name.clone();
        match error {
            HttpError::Configuration { detail } => SystemError::Configuration { connection, detail },
            HttpError::SignIn { detail } => SystemError::SignIn { connection, detail },
            HttpError::SignInUnavailable { status, retry_after } => {
                SystemError::Unavailable { connection, status, retry_after }
            }
            error @ (HttpError::NotSent { .. } | HttpError::NoAnswer { .. }) => {
                SystemError::Unreachable { connection, detail: error.to_string() }
            }
            HttpError::Paused { wait } => SystemError::Throttled { connection, retry_after: Some(wait) },
            HttpError::DayUsedUp { wait } => SystemError::DayUsedUp { connection, retry_after: wait },
            error @ (HttpError::TooLarge { .. } | HttpError::ForeignLink { .. }) => {
                self.unexpected(what, error.to_string())
            }
        }
    }

    async fn send_batch(&self, parts: &[BatchPart], repeat: Repeat) -> Result<Response, HttpError> {
        let caller = self.headers.iter().find(|(name, _)| *name == CALLER);
        let complete = |part: &BatchPart| {
            let mut part = BatchPart { path: self.with_parameters(&part.path), ..part.clone() };
            // Whether the outer request's caller counts for its parts is not documented.
            part.headers.extend(caller.cloned());
            part
        };
        let parts: Vec<BatchPart> = parts.iter().map(complete).collect();
        let (content_type, body) = self.batch_form.write(&self.root, &parts);
        let request = Request::post(self.url("$batch"), &content_type, body, repeat)
            .with_header("Prefer", "odata.continue-on-error");
        let operations = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        self.session.send_batch(&self.dressed(request), operations).await
    }

    /// Says of parts without an answer what that means.
    fn parts_or_doubt(&self, batch: &BatchAnswers) -> Vec<Result<PartAnswer, WriteOutcome>> {
        let missing = |index: usize| {
            let not_run = batch.was_not_run(index);
            let detail = if not_run { "the batch stopped before it" } else { "the batch answer lacks it" };
            outcome(!not_run, self.unexpected("a write", detail))
        };
        for part in batch.parts.iter().flatten().filter(|part| part.status >= 400) {
            let error = ServiceError::parse(part.status, &part.body);
            debug!(connection = %self.name, status = error.status, code = error.code, text = error.message, "Write refused");
        }
        let parts = batch.parts.iter().enumerate();
        parts.map(|(index, part)| part.clone().ok_or_else(|| missing(index))).collect()
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

    fn dressed(&self, request: Request) -> Request {
        self.headers.iter().fold(request, |request, (name, value)| request.with_header(name, value.as_str()))
    }
}

fn outcome(in_doubt: bool, error: SystemError) -> WriteOutcome {
    if in_doubt { WriteOutcome::InDoubt(error) } else { WriteOutcome::NotApplied(error) }
}
