//! How Business Central is set up where companies and servers differ, each with a name for the command line.

/// One way in which this Business Central differs from the most likely one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Number series forbid numbers of one's own.
    NoManualNumbers,
    /// The operator `in` answers 501 instead of being ignored.
    RefuseIn,
    /// The API services are off, as they are on premises until someone turns them on: 405 to everything.
    ServicesOff,
}

impl Setting {
    /// Every setting.
    pub const EVERY: [Setting; 3] = [Self::NoManualNumbers, Self::RefuseIn, Self::ServicesOff];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoManualNumbers => "no-manual-numbers",
            Self::RefuseIn => "refuse-in",
            Self::ServicesOff => "services-off",
        }
    }

    /// Returns what follows from it, in a few words.
    pub fn description(self) -> &'static str {
        match self {
            Self::NoManualNumbers => "number series forbid numbers of one's own",
            Self::RefuseIn => "the operator `in` answers 501 instead of being ignored",
            Self::ServicesOff => "the API services answer 405 to everything",
        }
    }
}
