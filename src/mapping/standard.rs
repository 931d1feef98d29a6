//! The shipped mappings, embedded as the readable files they are.

/// The shipped mapping files that are used where nothing else is said, by name, in the order in which people meet them. They
/// work with Business Central as it comes.
pub const USUAL: [&str; 4] = ["CURRENCY", "CUSTOMER", "VENDOR", "ITEM-PRODUCT"];

/// The shipped mapping files by name, in the order in which people meet them.
pub const STANDARD: [(&str, &str); 5] = [
    ("CURRENCY", include_str!("standard/CURRENCY.toml")),
    ("CUSTOMER", include_str!("standard/CUSTOMER.toml")),
    ("VENDOR", include_str!("standard/VENDOR.toml")),
    ("CONTACT", include_str!("standard/CONTACT.toml")),
    ("ITEM-PRODUCT", include_str!("standard/ITEM-PRODUCT.toml")),
];

/// Returns the text of a shipped mapping.
#[must_use]
pub fn standard(name: &str) -> Option<&'static str> {
    STANDARD.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::{dependency_order, parse};
    use crate::model::Pair;

    #[test]
    fn every_shipped_mapping_parses_under_its_name() {
        let connections = Pair::new("business-central".into(), "dataverse".into());
        let mappings: Vec<_> = STANDARD
            .iter()
            .map(|(name, text)| {
                let mapping = parse(name, text, &connections).unwrap();
                assert_eq!(mapping.name.as_str(), *name);
                mapping
            })
            .collect();
        assert!(dependency_order(&mappings).is_ok());
    }

    #[test]
    fn the_usual_mappings_are_shipped_and_need_no_others() {
        let connections = Pair::new("business-central".into(), "dataverse".into());
        let names = USUAL.map(Into::into).into_iter().collect();
        let usual =
            USUAL.map(|name| parse(name, standard(name).unwrap(), &connections).unwrap().among(&names));
        assert!(dependency_order(&usual).is_ok());
    }

    #[test]
    fn a_shipped_mapping_is_found_by_its_name_only() {
        for (name, text) in STANDARD {
            assert_eq!(standard(name), Some(text));
        }
        assert_eq!(standard("customer"), None);
    }
}
