//! How this company is set up where companies differ.

/// The switches; the defaults are the most likely form.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Switches {
    /// Whether number series forbid numbers of one's own.
    pub(super) forbids_manual_numbers: bool,
    /// Whether `in` is refused instead of ignored.
    pub(super) refuses_in: bool,
}
