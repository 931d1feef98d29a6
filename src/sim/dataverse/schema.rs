//! What a table is: columns, types, keys. The tables themselves are data in `tables`.

use uuid::Uuid;

/// A table as its metadata describes it.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) logical_name: &'static str,
    pub(crate) schema_name: &'static str,
    pub(crate) set: &'static str,
    pub(crate) primary_id: &'static str,
    pub(crate) primary_name: &'static str,
    pub(crate) object_type_code: u32,
    pub(crate) ownership: &'static str,
    pub(crate) change_tracking: bool,
    pub(crate) keys: Vec<AlternateKey>,
    pub(crate) columns: Vec<Column>,
}

/// An alternate key over one column.
#[derive(Debug)]
pub(crate) struct AlternateKey {
    pub(crate) schema_name: &'static str,
    pub(crate) column: &'static str,
}

/// A column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// The property name on the wire: `_x_value` for lookups.
    pub(crate) property: String,
    pub(crate) kind: Kind,
    /// `SystemRequired`: refused when null.
    pub(crate) required: bool,
    pub(crate) create: bool,
    pub(crate) update: bool,
}

/// A column's type with its facets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Id,
    Text {
        max: usize,
    },
    Memo {
        max: usize,
    },
    Integer {
        min: i64,
        max: i64,
    },
    Version,
    Decimal {
        precision: u32,
    },
    Money,
    /// The amount of another column in the base currency.
    MoneyBase(&'static str),
    Boolean,
    Choice(&'static [Choice]),
    State(&'static [StateOption]),
    Status(&'static [StatusOption]),
    DateTime,
    Lookup {
        navigation: &'static str,
        targets: &'static [&'static str],
        restrict: bool,
    },
    Owner,
}

/// An option of a choice column.
pub(crate) type Choice = (i64, &'static str);
/// Value, label and default status of a state.
pub(crate) type StateOption = (i64, &'static str, i64);
/// Value, label and state of a status.
pub(crate) type StatusOption = (i64, &'static str, i64);

impl Kind {
    /// Returns the navigation property through which a lookup is written.
    pub(crate) fn navigation(&self) -> Option<&'static str> {
        match self {
            Self::Lookup { navigation, .. } => Some(navigation),
            Self::Owner => Some("ownerid"),
            _ => None,
        }
    }

    /// Returns the tables a lookup may refer to.
    pub(crate) fn targets(&self) -> &'static [&'static str] {
        match self {
            Self::Lookup { targets, .. } => targets,
            Self::Owner => &["systemuser", "team"],
            _ => &[],
        }
    }

    /// Returns `AttributeType` and `AttributeTypeName`.
    pub(crate) fn type_names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Id => ("Uniqueidentifier", "UniqueidentifierType"),
            Self::Text { .. } => ("String", "StringType"),
            Self::Memo { .. } => ("Memo", "MemoType"),
            Self::Integer { .. } => ("Integer", "IntegerType"),
            Self::Version => ("BigInt", "BigIntType"),
            Self::Decimal { .. } => ("Decimal", "DecimalType"),
            Self::Money | Self::MoneyBase(_) => ("Money", "MoneyType"),
            Self::Boolean => ("Boolean", "BooleanType"),
            Self::Choice(_) => ("Picklist", "PicklistType"),
            Self::State(_) => ("State", "StateType"),
            Self::Status(_) => ("Status", "StatusType"),
            Self::DateTime => ("DateTime", "DateTimeType"),
            Self::Lookup { .. } => ("Lookup", "LookupType"),
            Self::Owner => ("Owner", "OwnerType"),
        }
    }

    /// Returns the CSDL type.
    pub(crate) fn edm(&self) -> &'static str {
        match self {
            Self::Id | Self::Lookup { .. } | Self::Owner => "Edm.Guid",
            Self::Text { .. } | Self::Memo { .. } => "Edm.String",
            Self::Integer { .. } | Self::Choice(_) | Self::State(_) | Self::Status(_) => "Edm.Int32",
            Self::Version => "Edm.Int64",
            Self::Decimal { .. } | Self::Money | Self::MoneyBase(_) => "Edm.Decimal",
            Self::Boolean => "Edm.Boolean",
            Self::DateTime => "Edm.DateTimeOffset",
        }
    }

    /// Returns the label of a choice's value.
    pub(crate) fn label(&self, value: i64) -> Option<&'static str> {
        match self {
            Self::Choice(options) => options.iter().find(|option| option.0 == value).map(|option| option.1),
            Self::State(options) | Self::Status(options) => {
                options.iter().find(|option| option.0 == value).map(|option| option.1)
            }
            _ => None,
        }
    }
}

impl Table {
    /// Returns the position of a column by logical name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Returns the position of a column by its property name on the wire.
    pub(crate) fn property(&self, property: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.property == property)
    }

    /// Returns the position of a lookup by its navigation property; case counts.
    pub(crate) fn navigation(&self, navigation: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.kind.navigation() == Some(navigation))
    }

    /// Returns the positions of the alternate keys' columns.
    pub(crate) fn key_columns(&self) -> Vec<usize> {
        self.keys.iter().filter_map(|key| self.position(key.column)).collect()
    }

    pub(crate) fn metadata_id(&self) -> Uuid {
        metadata_id(self.logical_name)
    }
}

/// Returns the stable metadata id of a table, column or key.
pub(crate) fn metadata_id(path: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, path.as_bytes())
}
