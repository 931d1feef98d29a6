//! What rows that Tandem makes get beside the mapped fields.

use crate::model::{ColumnName, Row, Side, Value};

use super::definition::Mapping;
use super::filter::{Filter, MissingColumn};

/// Values for new rows on one side, made from rows of the other side that the filter takes; from any where there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub when: Option<Filter>,
    pub set: Vec<(ColumnName, Value)>,
}

impl Template {
    fn takes(&self, source: &Row) -> Result<bool, MissingColumn> {
        self.when.as_ref().map_or(Ok(true), |when| when.accepts(source))
    }
}

impl Mapping {
    /// Returns what a row made on that side gets beside the mapped fields: the values of the first template that takes the
    /// row it is made from, and what else `new_row` says. Where that row is not known, no template counts.
    pub fn defaults(
        &self,
        on: Side,
        source: Option<&Row>,
    ) -> Result<Vec<(ColumnName, Value)>, MissingColumn> {
        let mut values = match source {
            Some(source) => self.template(on, source)?.map_or_else(Vec::new, |template| template.set.clone()),
            None => Vec::new(),
        };
        let is_new = |(column, _): &&(ColumnName, Value)| values.iter().all(|(named, _)| named != column);
        let more: Vec<_> = self.new_row[on].iter().filter(is_new).cloned().collect();
        values.extend(more);
        Ok(values)
    }

    /// Returns the first template of that side that takes a row of the other.
    fn template(&self, on: Side, source: &Row) -> Result<Option<&Template>, MissingColumn> {
        for template in &self.templates[on] {
            if template.takes(source)? {
                return Ok(Some(template));
            }
        }
        Ok(None)
    }

    /// Returns all values that rows made on that side may get beside the mapped fields.
    pub fn all_defaults(&self, on: Side) -> impl Iterator<Item = &(ColumnName, Value)> {
        self.new_row[on].iter().chain(self.templates[on].iter().flat_map(|template| &template.set))
    }

    /// Returns whether each row made on that side gets a value in that column, whatever it is made from.
    #[must_use]
    pub fn always_sets(&self, on: Side, column: &ColumnName) -> bool {
        let names = |set: &[(ColumnName, Value)]| set.iter().any(|(named, _)| named == column);
        let templates = &self.templates[on];
        let is_one_sure = templates.iter().any(|template| template.when.is_none());
        names(&self.new_row[on]) || is_one_sure && templates.iter().all(|template| names(&template.set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;
    use crate::model::{Pair, RowId};

    fn mapping(templates: &str) -> Mapping {
        let text = format!(
            "name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\ncreate=true\n\
             new_row={{kind=3, size=1}}\n{templates}\n\
             [[field]]\nid=\"f\"\nleft=\"a\"\nright=\"name\"\ndirection=\"->\"\n"
        );
        parse("M.toml", &text, &Pair::new("l".into(), "r".into())).unwrap()
    }

    fn from(country: &str) -> Row {
        let values = [("country".into(), Value::text(country))].into();
        Row { id: RowId::new("1"), version: None, modified_at: None, modified_by: None, values }
    }

    fn told(values: &[(ColumnName, Value)]) -> String {
        let told =
            values.iter().map(|(column, value)| format!("{column}={}", crate::model::ValueDisplay(value)));
        told.collect::<Vec<_>>().join(" ")
    }

    const GERMAN: &str = "[[right.template]]\nwhen=\"country eq 'DE'\"\nset={kind=7, term=30}";
    const ANY: &str = "[[right.template]]\nset={kind=8, term=14}";

    #[test]
    fn the_first_template_that_takes_the_source_counts_and_new_row_fills_the_rest() {
        let defaults = |templates: &str, source: Option<&Row>| {
            told(&mapping(templates).defaults(Side::Right, source).unwrap())
        };
        let both = &format!("{GERMAN}\n{ANY}");
        let (german, french) = (from("DE"), from("FR"));
        assert_eq!(defaults("", Some(&german)), "kind=3 size=1");
        assert_eq!(defaults(GERMAN, Some(&german)), "kind=7 term=30 size=1");
        assert_eq!(defaults(GERMAN, Some(&french)), "kind=3 size=1");
        assert_eq!(defaults(both, Some(&german)), "kind=7 term=30 size=1");
        assert_eq!(defaults(both, Some(&french)), "kind=8 term=14 size=1");
        assert_eq!(defaults(&format!("{ANY}\n{GERMAN}"), Some(&german)), "kind=8 term=14 size=1");
        assert_eq!(defaults(both, None), "kind=3 size=1");
        assert_eq!(mapping(both).defaults(Side::Left, Some(&german)), Ok(vec![]));
    }

    #[test]
    fn what_a_template_looks_at_is_read_and_has_to_be_there() {
        let mapping = mapping(GERMAN);
        assert!(mapping.columns(Side::Left).contains(&"country".into()));
        assert!(!mapping.columns(Side::Right).contains(&"country".into()));
        let torn = Row { values: [].into(), ..from("") };
        assert_eq!(mapping.defaults(Side::Right, Some(&torn)), Err(MissingColumn("country".into())));
    }

    #[test]
    fn a_column_is_always_set_where_every_template_sets_it_and_one_takes_everything() {
        let sets =
            |templates: &str, column: &str| mapping(templates).always_sets(Side::Right, &column.into());
        assert!(sets("", "kind") && !sets("", "term"));
        assert!(!sets(GERMAN, "term") && sets(&format!("{GERMAN}\n{ANY}"), "term"));
        assert!(!sets(&format!("[[right.template]]\nwhen=\"a eq 1\"\nset={{}}\n{ANY}"), "term"));
    }

    #[test]
    fn mistakes_in_templates_are_told_where_they_stand() {
        let error = |template: &str| {
            let text =
                format!("name=\"M\"\nlabel=\"f\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n{template}\n");
            let text = format!("{text}[[field]]\nid=\"f\"\nleft=\"a\"\nright=\"b\"\ndirection=\"->\"\n");
            parse("M.toml", &text, &Pair::new("l".into(), "r".into())).unwrap_err().to_string()
        };
        assert!(
            error("[[right.template]]\nwhen=\"a is 1\"\nset={}").starts_with("M.toml, line 8, column 6: ")
        );
        let found = error("[[right.template]]\nwen=\"a eq 1\"\nset={}");
        assert!(found.contains("line 8") && found.contains("when"), "{found}");
        assert!(error("[[right.template]]\nset={kind=[[1]]}").contains("template.set.kind"));
    }
}
