//! The sets of the contract, group by group.

mod control;
mod documents;
mod figures;
mod masters;
mod opportunities;
mod parties;
mod prices;
mod products;

use super::declare::Declaration;

/// Returns every set, in the order of the contract.
pub(super) fn all() -> Vec<Declaration> {
    let groups = [
        control::sets(),
        parties::sets(),
        masters::sets(),
        products::sets(),
        prices::sets(),
        documents::sets(),
        opportunities::sets(),
        figures::sets(),
    ];
    groups.into_iter().flatten().collect()
}
