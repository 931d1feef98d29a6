//! One customer of the story: a row in each system.

use serde_json::Value;

use crate::cli::report::CommandError;
use crate::cli::table::table;
use crate::model::{Pair, Side};

use super::person::{JsonRow, Person};
use super::stage::surprise;

/// What people call the two systems.
pub(super) const SYSTEMS: Pair<&str> = Pair::new("Business Central", "Dataverse");

/// The columns that the people of the story edit, on each side.
pub(super) const PHONE: Pair<&str> = Pair::new("phoneNumber", "telephone1");
pub(super) const EMAIL: Pair<&str> = Pair::new("email", "emailaddress1");

/// A customer in both systems.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) name: String,
    /// The addresses of both rows below their systems' roots.
    pub(super) rows: Pair<String>,
}

/// Both rows of a customer as their systems have them.
#[derive(Clone, Debug)]
pub(super) struct CustomerRows(Pair<JsonRow>);

impl Customer {
    /// Finds the customer with that number in both systems.
    pub(super) async fn find(person: &Person, number: &str) -> Result<Self, CommandError> {
        let left = person.find(Side::Left, "customers", "number", number).await?;
        let right = person.find(Side::Right, "accounts", "accountnumber", number).await?;
        Ok(Self {
            name: text(&left, "displayName").to_owned(),
            rows: Pair::new(
                format!("customers({})", text(&left, "id")),
                format!("accounts({})", text(&right, "accountid")),
            ),
        })
    }

    /// Edits one column on one side.
    pub(super) async fn edit(
        &self,
        person: &Person,
        side: Side,
        columns: Pair<&str>,
        value: &str,
    ) -> Result<(), CommandError> {
        person.edit(side, &self.rows[side], columns[side], value).await
    }

    /// Reads both rows.
    pub(super) async fn read(&self, person: &Person) -> Result<CustomerRows, CommandError> {
        Ok(CustomerRows(Pair::new(
            person.read_row(Side::Left, &self.rows.left).await?,
            person.read_row(Side::Right, &self.rows.right).await?,
        )))
    }
}

impl CustomerRows {
    /// Writes the values of both systems beside each other.
    pub(super) fn compared(&self, columns: &[(&str, Pair<&str>)]) -> String {
        let row = |(name, columns): &(&str, Pair<&str>)| {
            let value = |side: Side| text(&self.0[side], columns[side]).to_owned();
            vec![(*name).to_owned(), value(Side::Left), value(Side::Right)]
        };
        table(&["", SYSTEMS.left, SYSTEMS.right], columns.iter().map(row))
    }

    /// Makes sure that both systems have that value.
    pub(super) fn expect_both(&self, columns: Pair<&str>, value: &str) -> Result<(), CommandError> {
        let differs = |side: &Side| text(&self.0[*side], columns[*side]) != value;
        match Side::BOTH.into_iter().find(differs) {
            None => Ok(()),
            Some(side) => {
                Err(surprise(format!("{} has another {} than {value}", SYSTEMS[side], columns[side])))
            }
        }
    }
}

fn text<'a>(row: &'a JsonRow, column: &str) -> &'a str {
    row.get(column).and_then(Value::as_str).unwrap_or_default()
}
