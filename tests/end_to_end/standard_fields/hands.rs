//! People who edit fields of coupled rows on either side, and what the two rows show.

use serde_json::{Map, Value, json};
use tandem::agent::{Command, Desk, Reply};
use tandem::http::Method;
use tandem::mapping::{End, Field, FieldKind, Mapping};
use tandem::model::{FieldId, Pair, Side};

use super::table::{BY_HAND, FIELDS_BY_HAND, POINTED_TO, ROWS, left_change, on_the_right, right_change};
use crate::world::{At, World, text};

/// Two coupled rows.
pub struct Couple<'a> {
    pub mapping: &'a Mapping,
    pub ids: Pair<String>,
}

/// Who edits.
pub struct Hands<'a> {
    pub world: &'a World,
    pub desk: &'a Desk,
    pub mappings: &'a [Mapping],
}

/// Adds what both systems need for two of everything: a user for the second salesperson, and codes that nothing uses.
pub async fn prepare(world: &World) {
    let user = json!({"fullname": "Andrew Fuller", "internalemailaddress": "andrew@northwind.example",
        "islicensed": true, "isdisabled": false});
    world.create(At::Dataverse, "systemusers", user).await;
    world.create(At::Companion, "shipmentMethods", json!({"code": "FOB"})).await;
    for code in ["CASE", "CRATE"] {
        world.create(At::Companion, "unitsOfMeasure", json!({"code": code, "displayName": code})).await;
    }
}

impl Hands<'_> {
    fn mapping(&self, name: &str) -> &Mapping {
        self.mappings.iter().find(|mapping| mapping.name.as_str() == name).unwrap()
    }

    /// Returns the couple of a mapping that people edit.
    pub async fn couple<'m>(&self, mapping: &'m Mapping) -> Couple<'m> {
        let (_, keys) = ROWS.iter().find(|(name, _)| mapping.name.as_str() == *name).unwrap();
        let left = self.left_row(mapping, keys).await;
        let right = self.partner(mapping.name.as_str(), Side::Left, &left).await;
        Couple { mapping, ids: Pair::new(left, right) }
    }

    async fn left_row(&self, mapping: &Mapping, keys: &[(&str, &str)]) -> String {
        let table = mapping.tables.left.as_str();
        let rows = self.world.list(place_of(table), table).await;
        let is_it = |row: &&Value| keys.iter().all(|(column, value)| text(row, column) == *value);
        let row = rows.iter().find(is_it);
        text(row.unwrap_or_else(|| panic!("{} {keys:?}", mapping.name)), "id").to_owned()
    }

    /// Returns the id of the left row that has that value in a field; blank if none has.
    async fn row_called(&self, mapping: &Mapping, by: &FieldId, name: &str) -> String {
        let column = mapping.field(by).unwrap().column(Side::Left).unwrap().as_str();
        let rows = self.world.list(At::Companion, mapping.tables.left.as_str()).await;
        let row = rows.iter().find(|row| text(row, column) == name);
        row.map_or_else(String::new, |row| text(row, "id").to_owned())
    }

    /// Returns the id of the row that a row is coupled with; blank if it is with none.
    async fn partner(&self, mapping: &str, side: Side, id: &str) -> String {
        let why = Command::Why { mapping: mapping.to_owned(), row: id.to_owned() };
        let Ok(Reply::Why(told)) = self.desk.handle(&why).await else { return String::new() };
        told.row.ids[side.other()].clone().unwrap_or_default()
    }

    /// Returns what both sides show of some fields.
    pub async fn shown(&self, couple: &Couple<'_>, fields: &[&Field]) -> Vec<Pair<String>> {
        let rows = Pair::new(self.left(couple).await, self.right(couple).await);
        let of_field = |field: &&Field| Pair::from_fn(|side| shown(field, side, &rows[side]));
        fields.iter().map(of_field).collect()
    }

    async fn left(&self, couple: &Couple<'_>) -> Value {
        let table = couple.mapping.tables.left.as_str();
        let mut row = self.world.row(place_of(table), table, &couple.ids.left).await;
        if table == "currencies" {
            let rate = self.rate_of(text(&row, "code")).await;
            let amount = |name: &str| rate[name].as_f64().unwrap();
            row["exchangeRate"] =
                json!(amount("exchangeRateAmount") / amount("relationalExchangeRateAmount"));
        }
        row
    }

    async fn rate_of(&self, currency: &str) -> Value {
        let rates = self.world.list(At::Companion, "currencyExchangeRates").await;
        rates.into_iter().find(|rate| text(rate, "currencyCode") == currency).unwrap()
    }

    async fn right(&self, couple: &Couple<'_>) -> Value {
        let Some((_, column)) = choice(couple.mapping) else {
            return self
                .world
                .row(At::Dataverse, couple.mapping.tables.right.as_str(), &couple.ids.right)
                .await;
        };
        let path = format!(
            "EntityDefinitions(LogicalName='account')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata\
             ?$select=LogicalName&$filter=LogicalName%20eq%20'{column}'&$expand=OptionSet($select=Options)"
        );
        let attribute = self.world.list(At::Dataverse, &path).await.remove(0);
        let options = attribute["OptionSet"]["Options"].as_array().unwrap().clone();
        let option = options
            .into_iter()
            .find(|option| option["Value"].as_i64() == couple.ids.right.parse().ok())
            .unwrap();
        json!({"label": option["Label"]["UserLocalizedLabel"]["Label"]})
    }

    /// Returns what the other side shows of a field once it has what a side shows.
    pub async fn expected(&self, couple: &Couple<'_>, field: &Field, side: Side, given: &str) -> String {
        if let Some(lookup) = field.lookup() {
            for mapping in &lookup.mappings {
                let row = match &lookup.by[side] {
                    Some(by) => self.row_called(self.mapping(mapping.as_str()), by, given).await,
                    None => given.to_owned(),
                };
                let partner = self.partner(mapping.as_str(), side, &row).await;
                if !partner.is_empty() {
                    return partner;
                }
            }
            return format!("the partner of {given}");
        }
        match side {
            Side::Left => on_the_right(couple.mapping.name.as_str(), field.id.as_str(), given),
            Side::Right => given.to_owned(),
        }
    }

    /// Edits some fields of a row. Says what was refused.
    pub async fn edit(&self, couple: &Couple<'_>, side: Side, fields: &[&Field]) -> Result<(), String> {
        match side {
            Side::Left => self.edit_left(couple, fields).await,
            Side::Right => self.edit_right(couple, fields).await,
        }
    }

    async fn edit_left(&self, couple: &Couple<'_>, fields: &[&Field]) -> Result<(), String> {
        let (name, set) = (couple.mapping.name.as_str(), couple.mapping.tables.left.as_str());
        let (mut by_hand, mut sent) = (Map::new(), Map::new());
        for (field, id) in fields.iter().map(|field| (field, field.id.as_str())) {
            match (name, id) {
                ("CURRENCY", "rate") => self.change_rate(couple).await,
                ("ITEM-PRODUCT", "stock") => self.count_stock(couple).await,
                ("SALESORDER-ORDER" | "SALESORDER-ORDER LEGACY", "fulfilled") => {
                    self.ship_a_part(couple).await;
                }
                _ => {
                    let is_by_hand = BY_HAND.contains(&name) || FIELDS_BY_HAND.contains(&(name, id));
                    let change = self.left_change(couple, field).await;
                    if is_by_hand { &mut by_hand } else { &mut sent }.extend(change);
                }
            }
        }
        if !by_hand.is_empty() {
            self.world.edit_by_hand(set, &couple.ids.left, Value::Object(by_hand));
        }
        self.send(At::Companion, set, &couple.ids.left, sent).await
    }

    async fn left_change(&self, couple: &Couple<'_>, field: &Field) -> Map<String, Value> {
        let (name, id) = (couple.mapping.name.as_str(), field.id.as_str());
        let change = match (left_change(name, id), &field.ends.left) {
            (Some(change), _) => change,
            (None, End::FirstOf(_)) => match (name, id) {
                ("PLLINE-PRODPRICE" | "SOLINE-ORDERDETAIL" | "POSTEDSALESLINE-INV", "product") => {
                    let (item, number) = self.pointed_to("ITEM-PRODUCT", 0).await;
                    json!({"itemId": item, "lineObjectNumber": number})
                }
                _ => panic!("{name}.{id}: nobody knows how to edit it"),
            },
            (None, _) if (name, id) == ("PLLINE-PRODPRICE", "product") => {
                let (item, number) = self.pointed_to("ITEM-PRODUCT", 0).await;
                json!({"assetId": item, "assetNumber": number})
            }
            (None, _) if (name, id) == ("ITEM-DEFAULTPRICE", "unit") => {
                let unit = self.world.find(At::Companion, "unitsOfMeasure", "code", "BOX").await;
                json!({"baseUnitOfMeasureId": unit["id"]})
            }
            (None, end) => {
                let value = match field.lookup() {
                    Some(lookup) => {
                        let (row, name) = self.pointed_to(lookup.mappings[0].as_str(), 0).await;
                        if lookup.by.left.is_some() { json!(name) } else { json!(row) }
                    }
                    None => some_value(field, Side::Left),
                };
                json!({end.columns()[0].as_str(): value})
            }
        };
        object(change)
    }

    async fn edit_right(&self, couple: &Couple<'_>, fields: &[&Field]) -> Result<(), String> {
        let mut sent = Map::new();
        for field in fields {
            sent.extend(self.right_change(couple, field).await);
        }
        let Some((_, column)) = choice(couple.mapping) else {
            return self
                .send(At::Dataverse, couple.mapping.tables.right.as_str(), &couple.ids.right, sent)
                .await;
        };
        if sent.is_empty() {
            return Ok(());
        }
        let label = json!({"LocalizedLabels": [{"Label": sent["label"], "LanguageCode": 1033}]});
        let option: i64 = couple.ids.right.parse().unwrap();
        let change = json!({"EntityLogicalName": "account", "AttributeLogicalName": column, "Value": option,
            "Label": label, "MergeLabels": true});
        self.world.create(At::Dataverse, "UpdateOptionValue", change).await;
        Ok(())
    }

    async fn right_change(&self, couple: &Couple<'_>, field: &Field) -> Map<String, Value> {
        if let Some(change) = right_change(couple.mapping.name.as_str(), field.id.as_str()) {
            return object(change);
        }
        let column = field.columns(Side::Right)[0].as_str();
        let Some(lookup) = field.lookup() else {
            return object(json!({column: some_value(field, Side::Right)}));
        };
        let target = self.mapping(lookup.mappings[0].as_str());
        let row = self.pointed_to(target.name.as_str(), 1).await.0;
        let row = self.partner(target.name.as_str(), Side::Left, &row).await;
        object(match choice(target) {
            Some(_) => json!({column: row.parse::<i64>().unwrap()}),
            None => {
                let navigation = match column {
                    "customerid" | "parentcustomerid" => format!("{column}_account"),
                    _ => column.to_owned(),
                };
                json!({format!("{navigation}@odata.bind"): format!("/{}({row})", target.tables.right)})
            }
        })
    }

    /// Returns the first or second left row of a mapping that others point to, and what tells it.
    async fn pointed_to(&self, mapping: &str, which: usize) -> (String, &'static str) {
        let (_, column, values) = POINTED_TO.iter().find(|(name, ..)| *name == mapping).unwrap();
        (self.left_row(self.mapping(mapping), &[(*column, values[which])]).await, values[which])
    }

    async fn send(&self, at: At, set: &str, id: &str, change: Map<String, Value>) -> Result<(), String> {
        if change.is_empty() {
            return Ok(());
        }
        let change = Value::Object(change);
        let (status, body) =
            self.world.send(at, Method::Patch, &format!("{set}({id})"), Some(change.clone())).await;
        if (200..300).contains(&status) { Ok(()) } else { Err(format!("{set} {change}: {status} {body}")) }
    }

    async fn change_rate(&self, couple: &Couple<'_>) {
        let code = text(&self.left(couple).await, "code").to_owned();
        let rate = self.rate_of(&code).await;
        let change = json!({"relationalExchangeRateAmount": 1.25});
        self.world.edit_by_hand("currencyExchangeRates", text(&rate, "id"), change);
    }

    /// A stock that somebody types is booked as a journal, which moves the stock and not the item's stamp.
    async fn count_stock(&self, couple: &Couple<'_>) {
        self.world.edit(At::BusinessCentral, "items", &couple.ids.left, json!({"inventory": 777})).await;
    }

    /// The date of the last shipment comes of shipping a part.
    async fn ship_a_part(&self, couple: &Couple<'_>) {
        let path = format!("salesOrders({})/salesOrderLines", couple.ids.left);
        for line in self.world.list(At::BusinessCentral, &path).await {
            let change = json!({"shipQuantity": 1, "invoiceQuantity": 0});
            self.world.edit(At::BusinessCentral, "salesOrderLines", text(&line, "id"), change).await;
        }
        let action = format!("salesOrders({})/Microsoft.NAV.shipAndInvoice", couple.ids.left);
        self.world.create(At::BusinessCentral, &action, json!({})).await;
    }
}

/// Returns where people find a table of Business Central.
fn place_of(table: &str) -> At {
    if table == "companyInformation" { At::BusinessCentral } else { At::Companion }
}

/// Returns table and column of the choice that a mapping's right side is.
fn choice(mapping: &Mapping) -> Option<(&str, &str)> {
    mapping.tables.right.as_str().split_once('.')
}

fn object(change: Value) -> Map<String, Value> {
    match change {
        Value::Object(change) => change,
        other => panic!("{other}"),
    }
}

/// Returns a value that rows of the simulated systems do not have, another on each side.
fn some_value(field: &Field, side: Side) -> Value {
    let is_left = side == Side::Left;
    match &field.kind {
        FieldKind::Code if field.id.as_str().ends_with("country") => json!(if is_left { "IS" } else { "LU" }),
        FieldKind::Text | FieldKind::Code => {
            let word = format!("{} {}", if is_left { "L" } else { "R" }, field.id).to_uppercase();
            json!(word.chars().take(10).collect::<String>().trim_end())
        }
        FieldKind::Number { .. } => json!(if is_left { 11 } else { 12 }),
        FieldKind::Flag => json!(is_left),
        FieldKind::Date => json!(if is_left { "2027-02-03" } else { "2027-04-05" }),
        FieldKind::Instant => json!("2027-02-03T04:05:06Z"),
        FieldKind::Row | FieldKind::Lookup(_) => panic!("{}: it points to a row", field.id),
    }
}

/// Returns what a row shows of a field; blank for every kind of blank.
fn shown(field: &Field, side: Side, row: &Value) -> String {
    let of_column = |column: &str| {
        let lookup = format!("_{column}_value");
        let value = row.get(&lookup).or_else(|| row.get(column)).unwrap_or(&Value::Null);
        match value {
            Value::Null => String::new(),
            Value::Number(number) => number.as_f64().map(|number| number.to_string()).unwrap_or_default(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    };
    let blanks = ["0001-01-01", "00000000-0000-0000-0000-000000000000"];
    let values = field.columns(side).iter().map(|column| of_column(column.as_str()));
    values
        .into_iter()
        .find(|value| !value.is_empty() && !blanks.contains(&value.as_str()))
        .unwrap_or_default()
}
