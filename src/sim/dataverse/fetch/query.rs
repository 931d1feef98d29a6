//! A query in FetchXML, read.

use super::xml::{Element, element};
use crate::sim::dataverse::conditions::{Condition, Group};
use crate::sim::dataverse::error::Fault;

/// A query.
#[derive(Debug)]
pub(super) struct Fetch {
    /// The entity as a link that leads from nowhere.
    pub(super) entity: Link,
    pub(super) top: Option<usize>,
    pub(super) count: Option<usize>,
    pub(super) page: usize,
    pub(super) distinct: bool,
    pub(super) aggregate: bool,
    pub(super) count_all: bool,
}

/// A table, and how it is reached.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) name: String,
    /// The column of this table, and of the table it is linked to, that must be equal.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) alias: String,
    pub(super) outer: bool,
    pub(super) all: bool,
    pub(super) attributes: Vec<Attribute>,
    pub(super) filter: Group,
    /// Columns, each with whether it descends.
    pub(super) orders: Vec<(String, bool)>,
    pub(super) links: Vec<Link>,
}

/// A column to show.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) alias: Option<String>,
    pub(super) aggregate: Option<String>,
    pub(super) group: bool,
    pub(super) distinct: bool,
}

impl Attribute {
    pub(super) fn shown_as(&self) -> String {
        self.alias.clone().unwrap_or_else(|| self.name.clone())
    }
}

/// Reads a query.
pub(super) fn parse(text: &str) -> Result<Fetch, Fault> {
    let malformed = || Fault::new(400, "0x80041110", "Invalid XML in the FetchXML query.");
    let root = element(text).filter(|root| root.name == "fetch").ok_or_else(malformed)?;
    let entity = root.all("entity").next().ok_or_else(malformed)?;
    let number = |name: &str| {
        let number = root.get(name).map(str::parse::<usize>).transpose();
        number.map_err(|_| Fault::new(400, "0x80041110", format!("The attribute '{name}' is not a number.")))
    };
    let mut counter = 0;
    Ok(Fetch {
        entity: link(entity, &mut counter)?,
        top: number("top")?,
        count: number("count")?,
        page: number("page")?.unwrap_or(1).max(1),
        distinct: root.is_set("distinct"),
        aggregate: root.is_set("aggregate"),
        count_all: root.is_set("returntotalrecordcount"),
    })
}

fn link(element: &Element, counter: &mut usize) -> Result<Link, Fault> {
    let text = |name: &str| element.get(name).unwrap_or_default().to_owned();
    *counter += 1;
    let alias = element.get("alias").map_or_else(|| format!("{}{counter}", text("name")), str::to_owned);
    let kind = element.get("link-type").unwrap_or("inner");
    if !matches!(kind, "inner" | "outer") {
        return Err(Fault::query(format!("The link type '{kind}' is not known to the simulator.")));
    }
    let filters = element.all("filter").map(group).collect::<Result<_, _>>()?;
    Ok(Link {
        name: text("name"),
        from: text("from"),
        to: text("to"),
        alias,
        outer: kind == "outer",
        all: element.all("all-attributes").next().is_some(),
        attributes: element.all("attribute").map(attribute).collect(),
        filter: Group { groups: filters, ..Group::default() },
        orders: element.all("order").map(order).collect(),
        links: element.all("link-entity").map(|inner| link(inner, counter)).collect::<Result<_, _>>()?,
    })
}

fn attribute(element: &Element) -> Attribute {
    Attribute {
        name: element.get("name").unwrap_or_default().to_owned(),
        alias: element.get("alias").map(str::to_owned),
        aggregate: element.get("aggregate").map(str::to_owned),
        group: element.is_set("groupby"),
        distinct: element.is_set("distinct"),
    }
}

fn order(element: &Element) -> (String, bool) {
    let name = element.get("attribute").unwrap_or_default().to_owned();
    (name, element.is_set("descending"))
}

fn group(element: &Element) -> Result<Group, Fault> {
    Ok(Group {
        any: element.get("type") == Some("or"),
        conditions: element.all("condition").map(condition).collect::<Result<_, _>>()?,
        groups: element.all("filter").map(group).collect::<Result<_, _>>()?,
    })
}

fn condition(element: &Element) -> Result<Condition, Fault> {
    if let Some(alias) = element.get("entityname") {
        let message =
            format!("The simulator does not play conditions on the alias '{alias}' from outside its link.");
        return Err(Fault::new(501, "0x80040219", message));
    }
    let mut values: Vec<_> = element.get("value").map(str::to_owned).into_iter().collect();
    values.extend(element.all("value").map(|value| value.text.clone()));
    Ok(Condition {
        column: element.get("attribute").unwrap_or_default().to_owned(),
        operator: element.get("operator").unwrap_or_default().to_owned(),
        values,
    })
}
