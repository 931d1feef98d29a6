//! A person with access to both systems: reads tables and edits rows over HTTP, as curl would.

use std::time::Duration;

use serde_json::Value;

use crate::cli::exit_code::ExitCode;
use crate::cli::report::CommandError;
use crate::http::{Loopback, Method, Repeat, Request};
use crate::model::{Pair, Side};
use crate::sim::Addresses;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A person with access to both systems: Business Central on the left, Dataverse on the right.
#[derive(Debug)]
pub(super) struct Person {
    lines: Pair<Loopback>,
    roots: Pair<String>,
    token: String,
}

/// A row as its system writes it.
pub(super) type JsonRow = serde_json::Map<String, Value>;

impl Person {
    /// Gives the person the addresses and the token.
    pub(super) fn new(addresses: &Addresses) -> Result<Self, CommandError> {
        let line = |address: &str| Loopback::new(address, &addresses.access_token, TIMEOUT);
        let Addresses { business_central, company, dataverse, .. } = addresses;
        Ok(Self {
            lines: Pair::new(line(business_central)?, line(dataverse)?),
            roots: Pair::new(
                format!("{business_central}/api/v2.0/companies({company})"),
                format!("{dataverse}/api/data/v9.2"),
            ),
            token: addresses.access_token.clone(),
        })
    }

    /// Reads a whole table, page by page.
    pub(super) async fn read(&self, side: Side, table: &str) -> Result<Vec<JsonRow>, CommandError> {
        let mut rows = Vec::new();
        let mut next = Some(format!("{}/{table}", self.roots[side]));
        while let Some(url) = next {
            let page = self.send(side, &Request::get(url)).await?;
            rows.extend(page["value"].as_array().into_iter().flatten().filter_map(Value::as_object).cloned());
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
        }
        Ok(rows)
    }

    /// Finds the one row of a table with that value.
    pub(super) async fn find(
        &self,
        side: Side,
        table: &str,
        column: &str,
        value: &str,
    ) -> Result<JsonRow, CommandError> {
        let rows = self.read(side, table).await?;
        rows.into_iter()
            .find(|row| row.get(column).and_then(Value::as_str) == Some(value))
            .ok_or_else(|| unusable(format!("no row of {table} has {column} = {value}")))
    }

    /// Reads one row.
    pub(super) async fn read_row(&self, side: Side, row: &str) -> Result<JsonRow, CommandError> {
        match self.send(side, &Request::get(format!("{}/{row}", self.roots[side]))).await? {
            Value::Object(row) => Ok(row),
            _ => Err(unusable(format!("{row} is no row"))),
        }
    }

    /// Writes one column of a row.
    pub(super) async fn edit(
        &self,
        side: Side,
        row: &str,
        column: &str,
        value: &str,
    ) -> Result<(), CommandError> {
        let body = serde_json::json!({ column: value }).to_string();
        let request = Request {
            method: Method::Patch,
            url: format!("{}/{row}", self.roots[side]),
            headers: vec![
                ("Content-Type".to_owned(), "application/json".to_owned()),
                ("If-Match".to_owned(), "*".to_owned()),
            ],
            body: body.into_bytes().into(),
            repeat: Repeat::IfNotApplied,
        };
        self.send(side, &request).await.map(|_| ())
    }

    /// Writes the curl command that edits a row.
    pub(super) fn curl(&self, side: Side, row: &str, column: &str, value: &str) -> String {
        format!(
            "curl -X PATCH '{}/{row}' \\\n  -H 'Authorization: Bearer {}' -H 'If-Match: *' \\\n  \
             -H 'Content-Type: application/json' -d '{{\"{column}\": \"{value}\"}}'",
            self.roots[side], self.token
        )
    }

    async fn send(&self, side: Side, request: &Request) -> Result<Value, CommandError> {
        let response = self.lines[side].send(request).await?;
        if !response.is_success() {
            let body = String::from_utf8_lossy(&response.body).into_owned();
            return Err(unusable(format!(
                "{} {}: HTTP {} {body}",
                request.method, request.url, response.status
            )));
        }
        if response.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&response.body)
            .map_err(|error| unusable(format!("{} {}: {error}", request.method, request.url)))
    }
}

fn unusable(problem: String) -> CommandError {
    CommandError::new(ExitCode::System, problem)
}
