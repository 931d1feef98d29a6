//! Tandem's command line.

fn main() {}
