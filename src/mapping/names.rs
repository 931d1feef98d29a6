//! Lookups by a value: which fields of a mapping name its rows for others, and what they call a row.

use std::collections::BTreeMap;

use crate::model::{FieldId, MappingName, Row, Side, Value};

use super::nearest::or_nearest;
use super::translate::read_back;
use super::{Field, FieldKind, Mapping};

/// Why a lookup cannot point to rows by that value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {field} points to rows of {target} by {by}, {problem}")]
pub struct NoName {
    pub mapping: MappingName,
    pub field: FieldId,
    pub target: MappingName,
    pub by: FieldId,
    pub problem: String,
}

/// Notes with each mapping by which of its fields others point to its rows.
pub fn note_names(mappings: &mut [Mapping]) -> Result<(), NoName> {
    let mut wanted = Vec::new();
    for mapping in mappings.iter() {
        for (field, side) in mapping.fields.iter().flat_map(|field| Side::BOTH.map(|side| (field, side))) {
            let Some(lookup) = field.lookup() else { continue };
            let Some(by) = &lookup.by[side] else { continue };
            for target in &lookup.mappings {
                // That one is not in use at all is told elsewhere.
                let Some(index) = mappings.iter().position(|other| other.name == *target) else { continue };
                if let Some(problem) = is_no_name(&mappings[index], by) {
                    let (mapping, field) = (mapping.name.clone(), field.id.clone());
                    return Err(NoName { mapping, field, target: target.clone(), by: by.clone(), problem });
                }
                wanted.push((index, side, by.clone(), mapping.name.clone()));
            }
        }
    }
    for (index, side, by, mapping) in wanted {
        mappings[index].names[side].entry(by).or_default().insert(mapping);
    }
    Ok(())
}

fn is_no_name(target: &Mapping, by: &FieldId) -> Option<String> {
    match target.field(by).map(|field| &field.kind) {
        Some(FieldKind::Text | FieldKind::Code) => None,
        Some(_) => Some("which holds no text".to_owned()),
        None => {
            let fields = target.fields.iter().map(|field| field.id.as_str());
            Some(or_nearest("which is no field of it in use".to_owned(), by.as_str(), fields))
        }
    }
}

/// Returns what a row is called, by field. A value that cannot be read names nothing.
#[must_use]
pub fn names_of(mapping: &Mapping, side: Side, row: &Row) -> BTreeMap<FieldId, String> {
    let is_name = |field: &&Field| mapping.names[side].contains_key(&field.id);
    let fields = mapping.fields.iter().filter(is_name);
    let name = |field: &Field| match read_back(field, side, row) {
        Ok(Value::Text(name)) => Some((field.id.clone(), name)),
        _ => None,
    };
    fields.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::parse;
    use crate::model::{Pair, RowId};

    fn mapping(name: &str, fields: &str) -> Mapping {
        let text = format!(
            "name=\"{name}\"\nlabel=\"code\"\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n[[field]]\nid=\"code\"\nleft=\"code\"\n\
             right_value=\"\"\ndirection=\"match\"\ntype=\"code\"\n{fields}"
        );
        parse(name, &text, &Pair::new("erp".into(), "crm".into())).unwrap()
    }

    fn pointing(by: &str) -> Mapping {
        let owner = format!(
            "[[field]]\nid=\"owner\"\nleft=\"salesperson\"\nright=\"ownerid\"\ndirection=\"->\"\ntype=\"lookup\"\nlookup=\"PEOPLE\"\n\
             left_by=\"{by}\"\n"
        );
        mapping("CUSTOMER", &owner)
    }

    #[test]
    fn a_row_is_called_by_the_fields_that_others_point_by() {
        let limit =
            "[[field]]\nid=\"limit\"\nleft=\"limit\"\nright=\"limit\"\ndirection=\"->\"\ntype=\"number\"\n";
        let mut mappings = [pointing("code"), mapping("PEOPLE", limit)];
        note_names(&mut mappings).unwrap();
        let names = Pair::new([("code".into(), ["CUSTOMER".into()].into())].into(), [].into());
        assert_eq!((&mappings[1].names, &mappings[0].names), (&names, &Pair::default()));
        let row = |code: Value| Row {
            id: RowId::new("ida"),
            version: None,
            modified_at: None,
            modified_by: None,
            values: [("code".into(), code)].into(),
        };
        let called =
            |code: Value| names_of(&mappings[1], Side::Left, &row(code)).into_iter().collect::<Vec<_>>();
        assert_eq!(called(Value::text("ih")), [("code".into(), "IH".to_owned())]);
        assert_eq!((called(Value::Blank), called(Value::Flag(true))), (vec![], vec![]));
        assert_eq!(names_of(&mappings[1], Side::Right, &row(Value::text("ih"))).len(), 0);
        let problem =
            |by: &str| note_names(&mut [pointing(by), mapping("PEOPLE", limit)]).unwrap_err().to_string();
        assert_eq!(
            problem("coed"),
            "field owner points to rows of PEOPLE by coed, which is no field of it in use; did you mean code?"
        );
        assert_eq!(problem("limit"), "field owner points to rows of PEOPLE by limit, which holds no text");
        assert_eq!(note_names(&mut [pointing("code")]), Ok(()), "what is not in use is told elsewhere");
    }
}
