//! Tandem keeps rows in two business systems in step.
