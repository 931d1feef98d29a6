//! The shipped mappings, embedded as the readable files they are.

/// The shipped mapping files that are used where nothing else is said, by name, in the order in which people meet them. They
/// work with Business Central as it comes.
pub const USUAL: [&str; 4] = ["CURRENCY", "CUSTOMER", "VENDOR", "ITEM-PRODUCT"];

/// Choices of shipped mappings that go together: some exclude each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StandardSet {
    /// What works with Business Central as it comes.
    #[default]
    Usual,
    /// All of the new sales pricing: price lists, and a unit group for each product; orders both ways.
    NewPrices,
    /// All of the old sales pricing: prices of customer price groups, and a unit group for each unit; orders from Sales.
    OldPrices,
}

impl StandardSet {
    /// Returns the names of its mappings, in the order in which people meet them.
    #[must_use]
    pub fn mappings(self) -> Vec<&'static str> {
        let excluded: &[&str] = match self {
            Self::Usual => return USUAL.to_vec(),
            Self::NewPrices => &[
                "UNIT OF MEASURE",
                "SINGLE UNIT",
                "CUSTPRCGRP-PRICE",
                "SALESPRC-PRODPRICE",
                "SALESORDER-ORDER LEGACY",
            ],
            Self::OldPrices => &[
                "UNIT GROUP",
                "ITEM UOM",
                "RESOURCE UOM",
                "PLHEADER-PRICE",
                "PLLINE-PRODPRICE",
                "SALESORDER-ORDER",
                "SOLINE-ORDERDETAIL",
            ],
        };
        STANDARD.iter().map(|(name, _)| *name).filter(|name| !excluded.contains(name)).collect()
    }
}

/// Shipped mappings whose rows may be made on either side; those of the others belong to one side.
pub const TWO_WAY: [&str; 5] = ["CUSTOMER", "VENDOR", "CONTACT", "ITEM-PRODUCT", "RESOURCE-PRODUCT"];

/// The shipped mapping files by name, in the order in which people meet them.
pub const STANDARD: [(&str, &str); 28] = [
    ("SALESPEOPLE", include_str!("standard/SALESPEOPLE.toml")),
    ("CURRENCY", include_str!("standard/CURRENCY.toml")),
    ("PAYMENT TERMS", include_str!("standard/PAYMENT TERMS.toml")),
    ("SHIPMENT METHOD", include_str!("standard/SHIPMENT METHOD.toml")),
    ("SHIPPING AGENT", include_str!("standard/SHIPPING AGENT.toml")),
    ("CUSTOMER", include_str!("standard/CUSTOMER.toml")),
    ("VENDOR", include_str!("standard/VENDOR.toml")),
    ("CONTACT", include_str!("standard/CONTACT.toml")),
    ("UNIT GROUP", include_str!("standard/UNIT GROUP.toml")),
    ("ITEM UOM", include_str!("standard/ITEM UOM.toml")),
    ("RESOURCE UOM", include_str!("standard/RESOURCE UOM.toml")),
    ("UNIT OF MEASURE", include_str!("standard/UNIT OF MEASURE.toml")),
    ("SINGLE UNIT", include_str!("standard/SINGLE UNIT.toml")),
    ("DEFAULT PRICE LIST", include_str!("standard/DEFAULT PRICE LIST.toml")),
    ("ITEM-PRODUCT", include_str!("standard/ITEM-PRODUCT.toml")),
    ("RESOURCE-PRODUCT", include_str!("standard/RESOURCE-PRODUCT.toml")),
    ("ITEM-DEFAULTPRICE", include_str!("standard/ITEM-DEFAULTPRICE.toml")),
    ("RESOURCE-DEFAULTPRICE", include_str!("standard/RESOURCE-DEFAULTPRICE.toml")),
    ("PLHEADER-PRICE", include_str!("standard/PLHEADER-PRICE.toml")),
    ("PLLINE-PRODPRICE", include_str!("standard/PLLINE-PRODPRICE.toml")),
    ("CUSTPRCGRP-PRICE", include_str!("standard/CUSTPRCGRP-PRICE.toml")),
    ("SALESPRC-PRODPRICE", include_str!("standard/SALESPRC-PRODPRICE.toml")),
    ("OPPORTUNITY", include_str!("standard/OPPORTUNITY.toml")),
    ("POSTEDSALESINV-INV", include_str!("standard/POSTEDSALESINV-INV.toml")),
    ("POSTEDSALESLINE-INV", include_str!("standard/POSTEDSALESLINE-INV.toml")),
    ("SALESORDER-ORDER", include_str!("standard/SALESORDER-ORDER.toml")),
    ("SOLINE-ORDERDETAIL", include_str!("standard/SOLINE-ORDERDETAIL.toml")),
    ("SALESORDER-ORDER LEGACY", include_str!("standard/SALESORDER-ORDER LEGACY.toml")),
];

/// Returns the text of a shipped mapping.
#[must_use]
pub fn standard(name: &str) -> Option<&'static str> {
    STANDARD.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::mapping::{clashes, dependency_order, parse};
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
    fn the_mappings_of_a_profile_are_shipped_need_no_others_and_go_together() {
        let connections = Pair::new("business-central".into(), "dataverse".into());
        for profile in [StandardSet::Usual, StandardSet::NewPrices, StandardSet::OldPrices] {
            let names = profile.mappings().into_iter().map(Into::into).collect();
            let read = |name| parse(name, standard(name).unwrap(), &connections).unwrap().among(&names);
            let mappings: Vec<_> = profile.mappings().into_iter().map(read).collect();
            assert!(dependency_order(&mappings).is_ok(), "{profile:?}");
            assert_eq!(clashes(&mappings), [], "{profile:?}");
        }
        let of_both = StandardSet::NewPrices.mappings().into_iter().chain(StandardSet::OldPrices.mappings());
        let of_both: BTreeSet<_> = of_both.collect();
        assert_eq!(of_both, STANDARD.iter().map(|(name, _)| *name).collect(), "each is in one of them");
    }

    #[test]
    fn a_shipped_mapping_is_found_by_its_name_only() {
        for (name, text) in STANDARD {
            assert_eq!(standard(name), Some(text));
        }
        assert_eq!(standard("customer"), None);
    }
}
