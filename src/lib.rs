//! Tandem keeps rows in two business systems in step.

pub mod sim;
