//! Tests of the simulators as a whole.
