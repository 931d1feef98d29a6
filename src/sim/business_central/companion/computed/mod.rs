//! Properties that page code works out from other rows.

pub(super) mod availability;
pub(super) mod documents;
pub(super) mod parties;
pub(super) mod prices;
pub(super) mod products;
pub(super) mod statistics;
