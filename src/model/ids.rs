//! Newtypes for every id, name, token and version, so that none can stand in for another.

use std::fmt;

use uuid::Uuid;

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
    };
}

macro_rules! number_newtype {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;

            /// Reads the number with or without its prefix letter.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let digits = text.trim().trim_start_matches(|c: char| !c.is_ascii_digit());
                digits.parse().map(Self)
            }
        }
    };
}

text_newtype!(
    /// A connection's name in `tandem.toml`.
    ConnectionName
);
text_newtype!(
    /// A mapping's name, for example `CUSTOMER`.
    MappingName
);
text_newtype!(
    /// A table as its system names it in addresses: `accounts`, `customers`.
    TableName
);
text_newtype!(
    /// A column as mapping files name it: a property name or, in Dataverse, a logical name.
    ColumnName
);
text_newtype!(
    /// A field pair's stable id within its mapping. Bases are keyed by it.
    FieldId
);
text_newtype!(
    /// A row's version as its system gave it (an `ETag`), or a digest of what the row holds. Opaque: compared for equality
    /// only.
    Version
);
text_newtype!(
    /// How far a feed has been read. Opaque: only the dialect that issued it can read it.
    Watermark
);
text_newtype!(
    /// Where the next page of a listing starts. Opaque: only the dialect that issued it can read it.
    PageLink
);
text_newtype!(
    /// A short digest of the values a person was shown, so that an answer cannot settle other ones.
    Stamp
);
text_newtype!(
    /// A short digest of a plan, by which a person approves exactly that plan.
    PlanHash
);

number_newtype!(
    /// A coupling's number in the store.
    CouplingId,
    ""
);
number_newtype!(
    /// A conflict's number, shown as `C7`.
    ConflictId,
    "C"
);
number_newtype!(
    /// An intent's number in the store.
    IntentId,
    ""
);
number_newtype!(
    /// A run's number, shown as `R12`.
    RunId,
    "R"
);

/// How versions begin that are digests. An `ETag` begins with a quotation mark or `W/`.
const CONTENT: &str = "content:";

impl Version {
    /// Makes the version of a row that has none: a digest of what it holds.
    #[must_use]
    pub fn of_content(digest: &str) -> Self {
        Self(format!("{CONTENT}{digest}"))
    }

    /// Returns whether this is a digest. No server compares it: whoever writes by it has to read and compare.
    #[must_use]
    pub fn is_content(&self) -> bool {
        self.0.starts_with(CONTENT)
    }
}

/// A row's id within its table: a GUID in lower case without braces, or the key of a table that has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(String);

impl RowId {
    /// Wraps a row id, folding the case of GUIDs so that one row has one spelling.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        match Uuid::try_parse(&text) {
            Ok(guid) => Self(guid.hyphenated().to_string()),
            Err(_) => Self(text),
        }
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns 16 bytes that stand for this id: the GUID itself, or a digest of another kind of key.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 16] {
        let guid = Uuid::try_parse(&self.0)
            .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, self.0.as_bytes()));
        guid.into_bytes()
    }

    /// Returns whether this is the zero GUID, which both products use for "no row".
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == "00000000-0000-0000-0000-000000000000"
    }
}

impl From<Uuid> for RowId {
    fn from(guid: Uuid) -> Self {
        Self(guid.hyphenated().to_string())
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_guid_has_one_spelling() {
        let upper = RowId::new("{5C1E0000-0000-4000-8000-000000000001}");
        assert_eq!(upper, RowId::new("5c1e0000-0000-4000-8000-000000000001"));
        assert_eq!(RowId::new("A/1").as_str(), "A/1");
    }

    #[test]
    fn a_digest_is_told_from_the_version_of_a_system() {
        assert!(Version::of_content("5c1e").is_content());
        assert_ne!(Version::of_content("5c1e"), Version::of_content("5c1f"));
        for version in ["W/\"content:5c1e\"", "\"content:5c1e\"", ""] {
            assert!(!Version::new(version).is_content(), "{version}");
        }
    }

    #[test]
    fn a_number_is_read_with_or_without_its_letter() {
        assert_eq!("C7".parse::<ConflictId>(), Ok(ConflictId(7)));
        assert_eq!("7".parse::<ConflictId>(), Ok(ConflictId(7)));
        assert!("C".parse::<ConflictId>().is_err());
    }
}
