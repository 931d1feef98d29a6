//! The entity sets of the simulated company, by theme. Another set is another function there and a line in [`all`].

mod columns;

mod company;
mod documents;
mod items;
mod masters;
mod partners;

use super::schema::Set;

/// Returns every set.
pub(super) fn all() -> Vec<Set> {
    let mut sets = company::all();
    sets.extend(partners::all());
    sets.extend(items::all());
    sets.extend(masters::all());
    sets.extend(documents::all());
    sets
}

#[cfg(test)]
mod tests {
    use super::super::schema::Kind;
    use super::all;

    #[test]
    fn every_set_has_its_key_and_every_reference_leads_somewhere() {
        let sets = all();
        for (position, set) in sets.iter().enumerate() {
            assert!(set.position(set.key).is_some(), "{}", set.name);
            assert!(
                !sets[..position].iter().any(|other| other.name == set.name),
                "{} stands twice",
                set.name
            );
            for column in &set.columns {
                let named = |name: &str| sets.iter().any(|other| other.name == name);
                match &column.kind {
                    Kind::Reference(target) | Kind::CodeIn { set: target, .. } => {
                        assert!(named(target), "{} {}", set.name, column.name);
                    }
                    Kind::CodeOf { reference, .. } => {
                        assert!(set.position(reference).is_some(), "{} {}", set.name, column.name);
                    }
                    Kind::Composed(parts) => {
                        assert!(parts.iter().all(|part| set.position(part).is_some()), "{}", set.name);
                    }
                    _ => {}
                }
            }
        }
    }
}
