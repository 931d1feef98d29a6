//! The kinds of misbehaviour both systems know, each with a name for the command line.

/// One kind of fault, or all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// 429 with `Retry-After`.
    Throttling,
    /// 429 without `Retry-After`.
    ThrottlingUnannounced,
    /// 500, 502, 503 and 504; nothing is applied.
    ServerErrors,
    /// Answers that take their time.
    SlowAnswers,
    /// The connection is cut before a request is applied.
    CutBefore,
    /// The connection is cut after a request was applied.
    CutAfter,
    /// Tokens die early.
    ExpiredTokens,
    /// Delta links of Dataverse die early, also between two pages.
    ExpiredDeltaLinks,
    /// People's edits in Business Central show up after newer ones.
    LateRows,
    /// All rows of one minute share a modified stamp.
    EqualStamps,
    /// Rows move while someone pages through them, and pages are shorter than asked.
    PageDrift,
    /// Writes refused because another session holds the row.
    LockConflicts,
    /// Values trimmed, put into upper case and rounded when they are written.
    Rewriting,
    /// Plug-ins that edit a row after it was written, so that its version moves on.
    PlugIns,
    /// Reads in Business Central show rows whose transaction is then rolled back.
    RolledBackRows,
    /// 429 only where the announced limits are exceeded.
    Limits,
    /// Everything but `limits` and `rolled-back-rows` at once, each more rarely.
    All,
}

impl Profile {
    /// Every profile.
    pub const EVERY: [Profile; 17] = [
        Self::Throttling,
        Self::ThrottlingUnannounced,
        Self::ServerErrors,
        Self::SlowAnswers,
        Self::CutBefore,
        Self::CutAfter,
        Self::ExpiredTokens,
        Self::ExpiredDeltaLinks,
        Self::LateRows,
        Self::EqualStamps,
        Self::PageDrift,
        Self::LockConflicts,
        Self::Rewriting,
        Self::PlugIns,
        Self::RolledBackRows,
        Self::Limits,
        Self::All,
    ];

    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        self.described().0
    }

    /// Returns what the servers do, in a few words.
    pub fn description(self) -> &'static str {
        self.described().1
    }

    fn described(self) -> (&'static str, &'static str) {
        match self {
            Self::Throttling => ("throttling", "429 with Retry-After"),
            Self::ThrottlingUnannounced => ("throttling-unannounced", "429 without Retry-After"),
            Self::ServerErrors => ("server-errors", "500, 502, 503 and 504"),
            Self::SlowAnswers => ("slow-answers", "answers that take their time"),
            Self::CutBefore => ("cut-before", "connections cut before a request is applied"),
            Self::CutAfter => ("cut-after", "connections cut after a request was applied"),
            Self::ExpiredTokens => ("expired-tokens", "tokens that die early"),
            Self::ExpiredDeltaLinks => ("expired-delta-links", "delta links that die early"),
            Self::LateRows => ("late-rows", "edits that show up after newer ones"),
            Self::EqualStamps => ("equal-stamps", "all rows of one minute share a modified stamp"),
            Self::PageDrift => ("page-drift", "rows that move while they are paged through, short pages"),
            Self::LockConflicts => ("lock-conflicts", "writes refused because a row is locked"),
            Self::Rewriting => ("rewriting", "values trimmed, upper-cased and rounded when written"),
            Self::PlugIns => ("plug-ins", "rows edited by plug-ins after they were written"),
            Self::RolledBackRows => ("rolled-back-rows", "rows shown whose transaction is then rolled back"),
            Self::Limits => ("limits", "429 only where the announced limits are exceeded"),
            Self::All => ("all", "everything but limits and rolled-back-rows at once, each more rarely"),
        }
    }

    /// Returns how many occasions there are for one fault.
    pub(crate) fn occasions(self) -> usize {
        match self {
            Self::ExpiredDeltaLinks | Self::PageDrift => 2,
            Self::SlowAnswers | Self::LateRows | Self::PlugIns => 3,
            Self::LockConflicts => 20,
            _ => 8,
        }
    }
}
