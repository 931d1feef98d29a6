//! Any number of synthetic customers for Business Central, with text that finds careless clients.

use serde_json::json;

use super::world::stable_id;
use crate::sim::business_central::Service;
use crate::sim::sequence::Sequence;

/// Milliseconds since 1970 of the first bulk load, and how many rows one stamp covers: ties are the rule in bulk loads.
const FIRST_LOAD_MILLIS: i64 = 1_736_154_000_000;
const ROWS_PER_STAMP: usize = 700;

const FIRST: &[&str] = &[
    "Grün",
    "O'Brien",
    "Smith & Sons",
    "株式会社東京",
    "Łódź",
    "\"Best\"",
    "Ærø",
    "Müller",
    "Żabka",
    "北京商贸",
    "D'Angelo",
    "Straße",
];
const SECOND: &[&str] = &[
    "Trading",
    "Handels",
    "Foods",
    "Feinkost",
    "商店",
    "Import/Export",
    "Logistik",
    "& Partner",
    "Épicerie",
    "100% Bio",
];
const FORMS: &[&str] = &["GmbH", "Ltd.", "S.A.", "AB", "Inc.", "有限公司", "S.p.A.", "Oy"];
const STREETS: &[&str] = &[
    "Hauptstraße",
    "O'Connell Street",
    "Rue de l'Église",
    "中央通り",
    "Calle Mayor",
    "\"Alte\" Gasse",
    "Main St. & 5th",
];
const CITIES: &[(&str, &str)] = &[
    ("Köln", "DE"),
    ("Málaga", "ES"),
    ("東京", "JP"),
    ("Zürich", "CH"),
    ("Tromsø", "NO"),
    ("L'Aquila", "IT"),
    ("Boise", "US"),
    ("Łódź", "PL"),
];

/// Adds the customers.
pub(super) fn fill(service: &mut Service, seed: u64, rows: usize) {
    let mut sequence = Sequence::new(seed);
    for row in 1..=rows {
        let number = format!("S{row:06}");
        let load = i64::try_from(row / ROWS_PER_STAMP).unwrap_or_default();
        let stamp = crate::sim::business_central::stamp(FIRST_LOAD_MILLIS + load * 1_003);
        let (city, country) = sequence.pick(CITIES);
        let name = format!("{} {} {}", sequence.pick(FIRST), sequence.pick(SECOND), sequence.pick(FORMS));
        let values = [
            ("number", json!(number)),
            ("displayName", json!(format!("{name} {row}"))),
            ("type", json!("Company")),
            ("addressLine1", json!(format!("{} {}", sequence.pick(STREETS), sequence.below(300) + 1))),
            ("city", json!(city)),
            ("country", json!(country)),
            ("postalCode", json!(format!("{:05}", sequence.below(100_000)))),
            (
                "phoneNumber",
                json!(format!("+{} {:09}", sequence.below(90) + 10, sequence.below(1_000_000_000))),
            ),
            ("email", json!(format!("info@s{row:06}.example"))),
        ];
        service.insert("customers", stable_id(seed, "customers", &number), &stamp, &values);
    }
}
