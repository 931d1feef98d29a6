//! What goes into a `$batch` and what comes out, whichever form it travels in.

use std::borrow::Cow;

use super::links::with_parameters;
use super::{CALLER, JsonBatch, MultipartBatch, Service};
use crate::http::{Method, Response};

use super::page::Object;

/// One operation of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPart {
    pub method: Method,
    /// Path and query, relative to the service's root.
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    /// Keeps the order of its properties.
    pub body: Option<Object>,
}

impl BatchPart {
    /// Makes a read.
    pub fn get(path: String) -> Self {
        Self { method: Method::Get, path, headers: vec![("Accept", "application/json".into())], body: None }
    }
}

/// What all operations of a service's batches have in common.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    pub root: &'a str,
    /// Goes with every address; empty if there is none.
    pub parameters: &'a str,
    /// Whether the outer request's caller counts for its operations is not documented, so each has it.
    pub caller: Option<&'a (&'static str, String)>,
}

impl<'a> Common<'a> {
    /// Returns what a service's operations have in common.
    pub(super) fn of(service: &'a Service) -> Self {
        let caller = service.headers.iter().find(|(name, _)| *name == CALLER);
        Self { root: &service.root, parameters: &service.parameters, caller }
    }

    /// Returns the path of an operation, with the service's own parameters.
    pub(super) fn path(&self, part: &'a BatchPart) -> Cow<'a, str> {
        with_parameters(&part.path, self.parameters)
    }

    /// Returns the headers of an operation.
    pub(super) fn headers(&self, part: &'a BatchPart) -> impl Iterator<Item = (&'static str, &'a str)> {
        part.headers.iter().chain(self.caller).map(|(name, value)| (*name, value.as_str()))
    }
}

/// One operation's own answer.
pub type PartAnswer = Response;

/// The answers to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchAnswers {
    /// One for each operation, in their order; nothing where the answer has none.
    pub parts: Vec<Option<PartAnswer>>,
    /// Whether the answer came to its proper end.
    pub complete: bool,
}

impl BatchAnswers {
    /// Puts answers to their operations: by id where every answer has one, otherwise by position.
    pub(super) fn assign(answers: Vec<(Option<usize>, PartAnswer)>, expected: usize, complete: bool) -> Self {
        let mut parts = vec![None; expected];
        let by_id = answers.iter().all(|(id, _)| id.is_some_and(|id| (1..=expected).contains(&id)));
        for (position, (id, answer)) in answers.into_iter().enumerate() {
            let index = if by_id { id.map_or(position, |id| id - 1) } else { position };
            if let Some(part) = parts.get_mut(index) {
                *part = Some(answer);
            }
        }
        Self { parts, complete }
    }

    /// Returns whether an operation without an answer was not run: the batch properly ended at a failure before it.
    pub fn was_not_run(&self, index: usize) -> bool {
        let last = self.parts.iter().rposition(Option::is_some);
        let failed = |last: usize| self.parts[last].as_ref().is_some_and(|answer| answer.status >= 400);
        self.complete && last.is_some_and(|last| last < index && failed(last))
    }
}

/// The form a product's batches travel in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchForm {
    Multipart,
    Json,
    /// The service takes no batches: operations travel one by one.
    None,
}

impl BatchForm {
    /// Writes a batch, each operation once; returns its content type and body.
    pub(super) fn write(self, common: &Common<'_>, parts: &[&BatchPart]) -> (String, Vec<u8>) {
        match self {
            Self::Multipart => MultipartBatch::write(common, parts),
            Self::Json | Self::None => ("application/json".to_owned(), JsonBatch::write(common, parts)),
        }
    }

    /// Reads the answer to a batch; nothing if it is not one.
    pub(super) fn parse(self, response: &Response, expected: usize) -> Option<BatchAnswers> {
        match self {
            Self::Multipart => MultipartBatch::parse(response, expected),
            Self::Json | Self::None => JsonBatch::parse(response, expected),
        }
    }
}
