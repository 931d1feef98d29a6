//! The order in which mappings run: those that others depend on first.

use std::collections::BTreeSet;

use crate::model::MappingName;

use super::{Field, Mapping, Unresolved};

/// Why mappings cannot be ordered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    #[error(
        "mapping {mapping} needs {missing}, which is not among the mappings in use; add {missing} to `mappings` in tandem.toml"
    )]
    Missing { mapping: MappingName, missing: MappingName },
    #[error("these mappings depend on each other in a circle: {}; remove one of the dependencies, or let a field wait alone with `unresolved = \"field\"`", .0.iter().map(MappingName::as_str).collect::<Vec<_>>().join(", "))]
    Circle(Vec<MappingName>),
}

/// Returns the mappings' indexes so that each comes after all it depends on, and where that can be also after those that its
/// rows may point to without waiting for them. By name where free.
pub fn dependency_order(mappings: &[Mapping]) -> Result<Vec<usize>, OrderError> {
    let names: BTreeSet<_> = mappings.iter().map(|mapping| &mapping.name).collect();
    for mapping in mappings {
        if let Some(missing) = needs(mapping).into_iter().find(|name| !names.contains(name)) {
            let (mapping, missing) = (mapping.name.clone(), missing.clone());
            return Err(OrderError::Missing { mapping, missing });
        }
    }
    let mut waiting: Vec<usize> = (0..mappings.len()).collect();
    waiting.sort_by_key(|index| &mappings[*index].name);
    let mut done: BTreeSet<&MappingName> = BTreeSet::new();
    let mut order = Vec::with_capacity(mappings.len());
    while !waiting.is_empty() {
        let is_ready = |index: &usize| needs(&mappings[*index]).is_subset(&done);
        let has_all = |index: &usize| {
            let targets = targets(&mappings[*index]).filter(|target| names.contains(target));
            is_ready(index) && targets.collect::<BTreeSet<_>>().is_subset(&done)
        };
        let at = waiting.iter().position(has_all).or_else(|| waiting.iter().position(is_ready));
        let Some(at) = at else {
            let circle = waiting.iter().map(|index| mappings[*index].name.clone()).collect();
            return Err(OrderError::Circle(circle));
        };
        let index = waiting.remove(at);
        done.insert(&mappings[index].name);
        order.push(index);
    }
    Ok(order)
}

/// Returns the mappings of all rows that a mapping's rows may point to.
fn targets(mapping: &Mapping) -> impl Iterator<Item = &MappingName> {
    let lookups = mapping.fields.iter().filter_map(Field::lookup);
    lookups.flat_map(|lookup| &lookup.mappings).filter(|target| *target != &mapping.name)
}

fn needs(mapping: &Mapping) -> BTreeSet<&MappingName> {
    // What waits alone, or counts as blank, waits for no order.
    let lookups = mapping.fields.iter().filter_map(Field::lookup);
    let lookups = lookups.filter(|lookup| lookup.unresolved == Unresolved::Row);
    let lookups = lookups.flat_map(|lookup| &lookup.mappings).filter(|target| *target != &mapping.name);
    mapping.depends_on.iter().chain(lookups).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{FieldKind, Lookup, parse};
    use crate::model::Pair;

    fn mapping(name: &str, depends_on: &str) -> Mapping {
        let text = format!(
            "name = \"{name}\"\nlabel = \"a\"\ndepends_on = [{depends_on}]\n[left]\ntable=\"l\"\n[right]\ntable=\"r\"\n\
             [[field]]\nid=\"a\"\nleft=\"a\"\nright=\"a\"\ndirection=\"->\"\n"
        );
        parse(name, &text, &Pair::new("l".into(), "r".into())).unwrap()
    }

    #[test]
    fn what_others_need_comes_first() {
        let mappings = [mapping("A", "\"C\""), mapping("B", ""), mapping("C", "\"B\"")];
        assert_eq!(dependency_order(&mappings), Ok(vec![1, 2, 0]));
    }

    #[test]
    fn a_missing_mapping_and_a_circle_are_named() {
        let error = dependency_order(&[mapping("A", "\"Z\"")]).unwrap_err();
        assert!(error.to_string().contains("mapping A needs Z"));
        let error = dependency_order(&[mapping("A", "\"B\""), mapping("B", "\"A\"")]).unwrap_err();
        assert!(error.to_string().contains("circle: A, B"));
    }

    #[test]
    fn what_a_field_points_to_comes_first_and_a_row_may_point_to_its_own_table() {
        let pointing = |name: &str, target: &str| {
            let mut pointing = mapping(name, "");
            let target = target.into();
            pointing.fields[0].kind = FieldKind::Lookup(Lookup {
                by: Pair::default(),
                mappings: vec![target],
                blank_is_base_currency: false,
                unresolved: Unresolved::Row,
            });
            pointing
        };
        let mappings = [pointing("A", "B"), pointing("B", "B"), mapping("C", "")];
        assert_eq!(dependency_order(&mappings), Ok(vec![1, 0, 2]));
        let waits_alone = |mut mapping: Mapping| {
            if let FieldKind::Lookup(lookup) = &mut mapping.fields[0].kind {
                lookup.unresolved = Unresolved::Field;
            }
            mapping
        };
        let mappings = [waits_alone(pointing("A", "B")), pointing("B", "B")];
        assert_eq!(dependency_order(&mappings), Ok(vec![1, 0]), "what may wait comes later all the same");
        let circle = [waits_alone(pointing("A", "B")), pointing("B", "A")];
        assert_eq!(dependency_order(&circle), Ok(vec![0, 1]));
        assert_eq!(dependency_order(&[waits_alone(pointing("A", "Z"))]), Ok(vec![0]));
        let error = dependency_order(&[pointing("A", "B")]).unwrap_err();
        assert_eq!(error, OrderError::Missing { mapping: "A".into(), missing: "B".into() });
    }
}
