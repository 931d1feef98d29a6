//! One OData service on one session: sends, and turns what goes wrong into the port's errors.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;
use tracing::debug;

use super::batch::BatchForm;
use super::batches::MAX_CUTS;
use super::links::with_parameters;
use super::meaning;
use super::page::Object;
use super::portion::{Portions, Preference, is_too_much};
use super::{Csdl, Page, ServiceError, resolve};
use crate::http::{HttpError, Repeat, Request, Response, Session};
use crate::model::ConnectionName;
use crate::systems::{Line, SystemError};

/// Names the user on whose behalf a request is made.
pub const CALLER: &str = "CallerObjectId";

/// One OData service.
#[derive(Debug)]
pub struct Service {
    pub name: ConnectionName,
    /// Shared with services of other addresses on the same server: one sign-in, one throttle.
    pub session: Arc<Session>,
    /// Its root address, without a slash at the end.
    pub root: String,
    /// Sent with every request.
    pub headers: Vec<(&'static str, String)>,
    pub batch_form: BatchForm,
    /// Goes with every address, `tenant=…` or `cross-company=true`; escaped, empty if there is none.
    pub parameters: String,
    /// How much is asked for at once at present.
    pub portions: Portions,
}

impl Service {
    /// Returns how the line to it stands.
    pub fn line(&self) -> Line {
        Line { usage: self.session.usage(), credential_end: self.session.credential_end() }
    }

    /// Returns a service at another address of the same server.
    pub fn beside(&self, root: String) -> Self {
        Self {
            name: self.name.clone(),
            session: Arc::clone(&self.session),
            root,
            headers: self.headers.clone(),
            batch_form: self.batch_form,
            parameters: self.parameters.clone(),
            portions: Portions::default(),
        }
    }

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
        with_parameters(path, &self.parameters).into_owned()
    }

    /// Gets an address and returns the answer, whatever its status. A page that took too long is asked for again with
    /// fewer rows.
    pub async fn fetch(&self, what: &str, url: &str, prefer: Option<&str>) -> Result<Response, SystemError> {
        let prefer = prefer.map(Preference::of);
        let mut rows = prefer.and_then(|prefer| prefer.rows).map(|rows| self.portions.pages.at(url, rows));
        let mut cuts = 0;
        loop {
            let may_cut = cuts < MAX_CUTS && rows.is_some_and(|rows| rows > 1);
            let mut request = self.dressed(Request::get(url));
            if let Some(prefer) = prefer {
                request = request.with_header("Prefer", prefer.with_rows(rows));
            }
            request.repeat = if may_cut { Repeat::UnlessTooLong } else { Repeat::Freely };
            let answer = self.session.send(&request).await;
            let too_much = rows.filter(|_| is_too_much(answer.as_ref()));
            if let Some(asked) = too_much {
                debug!(connection = %self.name, what, asked, "A page was too much; smaller ones follow");
                rows = Some(self.portions.pages.were_too_much(url, asked));
            }
            if too_much.is_none() || !may_cut {
                return answer.map_err(|error| self.unanswered(what, error));
            }
            cuts += 1;
        }
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
            error @ (HttpError::NotSent { .. } | HttpError::NoAnswer { .. } | HttpError::TimedOut) => {
                SystemError::Unreachable { connection, detail: error.to_string() }
            }
            HttpError::Paused { wait } => SystemError::Throttled { connection, retry_after: Some(wait) },
            HttpError::DayUsedUp { wait } => SystemError::DayUsedUp { connection, retry_after: wait },
            error @ (HttpError::TooLarge { .. } | HttpError::ForeignLink { .. }) => {
                self.unexpected(what, error.to_string())
            }
        }
    }

    pub(super) fn dressed(&self, request: Request) -> Request {
        self.headers.iter().fold(request, |request, (name, value)| request.with_header(name, value.as_str()))
    }
}
