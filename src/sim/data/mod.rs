//! The rows both systems start with, decided by fixed rules and the seed.

mod business_central;
mod companion;
mod dataverse;
mod documents;
mod messages;
mod northwind;
mod other_engine;
mod people;
mod synthetic;
mod world;

#[cfg(test)]
pub(crate) use world::World;
pub(crate) use world::{stable_id, world};
