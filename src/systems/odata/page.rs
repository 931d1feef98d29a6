//! Pages, decoded row by row: one row that cannot be decoded does not spoil the others.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

/// More entries than any service puts into one page: each costs far more memory than its text.
const MAX_ENTRIES: usize = 200_000;

/// A JSON object as it came.
pub type Object = Map<String, Json>;

/// One page of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next_link: Option<String>,
    pub delta_link: Option<String>,
}

impl<T> Page<T> {
    /// Parses a page and hands over each entry as soon as it is read.
    pub fn parse(body: &[u8], mut decode: impl FnMut(Json) -> T) -> Result<Self, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let page = PageVisitor { decode: &mut decode };
        let page = deserializer.deserialize_map(page)?;
        deserializer.end()?;
        Ok(page)
    }
}

struct PageVisitor<'a, F> {
    decode: &'a mut F,
}

impl<'de, T, F: FnMut(Json) -> T> Visitor<'de> for PageVisitor<'_, F> {
    type Value = Page<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page with a `value` list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page<T>, A::Error> {
        let (mut rows, mut next_link, mut delta_link) = (None, None, None);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "value" => rows = Some(map.next_value_seed(RowsSeed { decode: &mut *self.decode })?),
                "@odata.nextLink" | "@nextLink" => next_link = map.next_value()?,
                "@odata.deltaLink" | "@deltaLink" => delta_link = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let rows = rows.ok_or_else(|| serde::de::Error::missing_field("value"))?;
        Ok(Page { rows, next_link, delta_link })
    }
}

struct RowsSeed<'a, F> {
    decode: &'a mut F,
}

impl<'de, T, F: FnMut(Json) -> T> DeserializeSeed<'de> for RowsSeed<'_, F> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T, F: FnMut(Json) -> T> Visitor<'de> for RowsSeed<'_, F> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        let mut rows = Vec::new();
        while let Some(entry) = list.next_element::<Json>()? {
            if rows.len() == MAX_ENTRIES {
                return Err(serde::de::Error::custom("more entries than a page may hold"));
            }
            rows.push((self.decode)(entry));
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ColumnKind;
    use crate::systems::odata::{RowShape, ShapeColumn};

    #[test]
    fn one_bad_row_does_not_spoil_its_page() {
        let shape = RowShape {
            key: "id".into(),
            modified: None,
            modified_by: None,
            columns: vec![ShapeColumn { name: "n".into(), property: "n".into(), kind: ColumnKind::Number }],
            content: [].into(),
        };
        let body =
            br#"{"@odata.nextLink":"next","value":[{"id":"a","n":1},{"id":"b","n":"many"},{"id":"c"},7,
            {"id":"d","n":123456789012345678.123456789}],"@odata.deltaLink":null}"#;
        let page = Page::parse(body, |entry| entry.as_object().map(|object| shape.decode(object))).unwrap();
        let read: Vec<Option<bool>> = page.rows.iter().map(|row| row.as_ref().map(Result::is_ok)).collect();
        assert_eq!(read, [Some(true), Some(false), Some(false), None, Some(true)]);
        assert_eq!(page.next_link.as_deref(), Some("next"));
        assert_eq!(page.delta_link, None);
    }

    #[test]
    fn a_page_is_bounded() {
        let page = |entries: usize| format!("{{\"value\":[0{}]}}", ",0".repeat(entries - 1));
        assert!(Page::parse(page(MAX_ENTRIES).as_bytes(), |_| ()).is_ok());
        assert!(Page::parse(page(MAX_ENTRIES + 1).as_bytes(), |_| ()).is_err());
        let deep = format!("{{\"value\":[{}", "[".repeat(1_000_000));
        assert!(Page::parse(deep.as_bytes(), |_| ()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_page_can_make_the_reader_fail(text in "[{}\\[\\],:\"a0@.]{0,60}", bytes: Vec<u8>) {
            let _ = Page::parse(text.as_bytes(), |entry| entry);
            let _ = Page::parse(&bytes, |entry| entry);
        }
    }

    #[test]
    fn what_is_no_page_is_an_error() {
        for body in ["", "<html>", "{}", r#"{"value":{}}"#, r#"{"value":[]} trailing"#, r#"{"value":[{"id":"#]
        {
            assert!(Page::parse(body.as_bytes(), |_| ()).is_err(), "{body}");
        }
    }
}
