//! Addresses and queries with everything escaped: a blank is `%20` and never `+`, a quote is doubled.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::model::{RowId, Timestamp, Value};

/// Escaped in a query value: all but what is unreserved or harmless in a query.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'(')
    .remove(b')')
    .remove(b'\'')
    .remove(b',')
    .remove(b'*')
    .remove(b':');

/// Escaped in a key: the same, and the characters that would end the key or its path segment.
pub(super) const IN_KEY: &AsciiSet = &IN_QUERY.add(b'(').add(b')').add(b',').add(b':').add(b'*');

/// A query of one resource.
#[derive(Clone, Debug, Default)]
pub struct Query {
    resource: String,
    options: Vec<(&'static str, String)>,
}

impl Query {
    /// Starts a query of a resource whose path is escaped already.
    pub fn of(resource: impl Into<String>) -> Self {
        Self { resource: resource.into(), options: Vec::new() }
    }

    /// Asks for these columns only.
    pub fn select<T: AsRef<str>>(self, columns: impl IntoIterator<Item = T>) -> Self {
        let columns: Vec<String> = columns.into_iter().map(|column| column.as_ref().to_owned()).collect();
        self.option("$select", columns.join(","))
    }

    /// Asks for rows that meet a condition.
    pub fn filter(self, condition: impl Into<String>) -> Self {
        self.option("$filter", condition.into())
    }

    /// Asks for rows that meet all conditions; for all rows where there is none.
    pub fn filters(self, conditions: impl IntoIterator<Item = String>) -> Self {
        let conditions: Vec<String> = conditions.into_iter().collect();
        if conditions.is_empty() { self } else { self.filter(conditions.join(" and ")) }
    }

    /// Asks for an order.
    pub fn order_by(self, order: impl Into<String>) -> Self {
        self.option("$orderby", order.into())
    }

    /// Returns the path and query, relative to the service's root.
    pub fn path(&self) -> String {
        let mut path = self.resource.clone();
        for (index, (name, value)) in self.options.iter().enumerate() {
            path.push(if index == 0 { '?' } else { '&' });
            path.push_str(name);
            path.push('=');
            path.extend(utf8_percent_encode(value, IN_QUERY));
        }
        path
    }

    fn option(mut self, name: &'static str, value: String) -> Self {
        self.options.push((name, value));
        self
    }
}

/// Returns the path of one row: `accounts(5c1e…)`, or with a quoted key where the key is no GUID.
pub fn keyed(set: &str, id: &RowId) -> String {
    let key = if is_guid(id) { id.as_str().to_owned() } else { quoted(id.as_str()) };
    format!("{set}({})", utf8_percent_encode(&key, IN_KEY))
}

/// Returns a value as it stands in a filter; nothing for a blank, which each product compares its own way.
pub fn literal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Blank | Value::Uncoupled(..) => return None,
        Value::Text(text) => quoted(text),
        Value::Number(number) => number.normalize().to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Instant(instant) => instant_literal(*instant),
        Value::Reference(id) if is_guid(id) => id.as_str().to_owned(),
        Value::Reference(id) => quoted(id.as_str()),
    })
}

/// Returns a moment as both products write it: UTC with `Z`.
pub fn instant_literal(instant: Timestamp) -> String {
    instant.to_string()
}

/// Returns text as it stands in an address or filter.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn is_guid(id: &RowId) -> bool {
    uuid::Uuid::try_parse(id.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_is_never_a_plus_and_a_quote_is_doubled() {
        let filter = format!("name eq {}", literal(&Value::text("O'Brien & Søn + 1 = 100%")).unwrap());
        let path = Query::of("accounts").select(["name", "accountid"]).filter(filter).path();
        assert_eq!(
            path,
            "accounts?$select=name,accountid&$filter=name%20eq%20'O''Brien%20%26%20S%C3%B8n%20%2B%201%20%3D%20100%25'"
        );
    }

    #[test]
    fn conditions_are_joined() {
        let path = |conditions: &[&str]| {
            Query::of("a").filters(conditions.iter().map(|condition| (*condition).to_owned())).path()
        };
        assert_eq!(path(&[]), "a");
        assert_eq!(path(&["b eq 1"]), "a?$filter=b%20eq%201");
        assert_eq!(
            path(&["b eq 1", "(c eq 2 or c eq 3)"]),
            "a?$filter=b%20eq%201%20and%20(c%20eq%202%20or%20c%20eq%203)"
        );
    }

    #[test]
    fn literals_have_their_own_forms() {
        let check = |value: Value, expected: &str| assert_eq!(literal(&value).as_deref(), Some(expected));
        check(Value::Number("10.500".parse().unwrap()), "10.5");
        check(Value::Flag(true), "true");
        check(Value::Date("2026-11-21".parse().unwrap()), "2026-11-21");
        check(Value::Instant("2026-11-21T08:15:30.5Z".parse().unwrap()), "2026-11-21T08:15:30.5Z");
        let guid = "5c1e0000-0000-4000-8000-000000000001";
        check(Value::Reference(RowId::new(guid)), guid);
        assert_eq!(literal(&Value::Blank), None);
    }

    #[test]
    fn a_key_is_a_bare_guid_or_quoted_text() {
        let guid = "5c1e0000-0000-4000-8000-000000000001";
        assert_eq!(keyed("accounts", &RowId::new(guid)), format!("accounts({guid})"));
        assert_eq!(keyed("things", &RowId::new("A/1 (x)'s")), "things('A%2F1%20%28x%29''s')");
    }

    proptest::proptest! {
        #[test]
        fn a_server_reads_back_what_was_asked(text: String) {
            let filter = format!("name eq {}", literal(&Value::Text(text)).unwrap());
            let path = Query::of("accounts").select(["name"]).filter(filter.as_str()).path();
            proptest::prop_assert!(!path.contains(['+', ' ', '#']) && path.is_ascii());
            let url = url::Url::parse(&format!("https://a.example/{path}")).unwrap();
            let read = url.query_pairs().find(|(name, _)| name == "$filter").unwrap().1.into_owned();
            proptest::prop_assert_eq!(read, filter);
        }
    }
}
