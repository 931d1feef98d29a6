//! What a table is: columns, types, keys. The tables an organisation begins with are data in `tables`; more are made through
//! the metadata.

use uuid::Uuid;

/// A table as its metadata describes it.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) logical_name: String,
    pub(crate) schema_name: String,
    pub(crate) label: String,
    pub(crate) set: String,
    pub(crate) primary_id: String,
    pub(crate) primary_name: String,
    pub(crate) object_type_code: u32,
    pub(crate) ownership: &'static str,
    pub(crate) custom: bool,
    pub(crate) change_tracking: bool,
    /// Whether change tracking can be enabled.
    pub(crate) trackable: bool,
    /// Whether it was enabled and is not published yet.
    pub(crate) tracking_unpublished: bool,
    /// Whether conditions on versions are possible.
    pub(crate) versions: bool,
    pub(crate) keys: Vec<AlternateKey>,
    pub(crate) columns: Vec<Column>,
}

/// An alternate key.
#[derive(Clone, Debug)]
pub(crate) struct AlternateKey {
    pub(crate) schema_name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) index: IndexStatus,
}

/// How far the job is that makes a key's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexStatus {
    Pending,
    InProgress,
    Active,
    Failed,
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) schema_name: String,
    pub(crate) label: String,
    /// The property name on the wire: `_x_value` for lookups.
    pub(crate) property: String,
    pub(crate) kind: Kind,
    /// `SystemRequired`: refused when null.
    pub(crate) required: bool,
    pub(crate) create: bool,
    pub(crate) update: bool,
    pub(crate) custom: bool,
    /// The global choice whose options these are.
    pub(crate) global_choice: Option<String>,
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
    Double {
        precision: u32,
    },
    Money {
        /// Where the decimals come from, as `PrecisionSource` numbers it.
        source: PrecisionSource,
    },
    /// The amount of another column in the base currency.
    MoneyBase(String),
    Boolean,
    Choice(Vec<Choice>),
    /// Several options, in text joined by commas.
    Choices(Vec<Choice>),
    State(Vec<StateOption>),
    Status(Vec<StatusOption>),
    DateTime,
    DateOnly,
    Lookup {
        targets: Vec<Target>,
        deletion: Deletion,
    },
    Owner,
}

/// What the deletion of a row does to those that refer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// It is refused.
    Restrict,
    /// Their lookups are emptied.
    RemoveLink,
    /// They are deleted too.
    Cascade,
}

/// Where the decimals of money come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrecisionSource {
    Column(u32),
    Organization,
    Currency,
}

/// An option of a choice column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: i64,
    pub(crate) label: String,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateOption {
    pub(crate) value: i64,
    pub(crate) label: String,
    /// The status a row gets that is brought into this state without one.
    pub(crate) default_status: i64,
    /// Whether a row in this state refuses updates.
    pub(crate) locked: bool,
}

/// A status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatusOption {
    pub(crate) value: i64,
    pub(crate) label: String,
    pub(crate) state: i64,
}

/// A table a lookup may refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The table's logical name.
    pub(crate) table: String,
    /// The navigation property from the row with the lookup.
    pub(crate) navigation: String,
    /// The navigation property back, from the referenced row to those with the lookup; also the relationship's schema name.
    pub(crate) collection: String,
}

/// A relationship of many rows with many, kept in a table of its own.
#[derive(Clone, Debug)]
pub(crate) struct ManyToMany {
    pub(crate) schema_name: &'static str,
    /// The logical name of the table that holds the pairs.
    pub(crate) intersect: &'static str,
    pub(crate) sides: [Side; 2],
}

/// One side of a relationship of many with many.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) table: &'static str,
    /// The column of the intersect table that holds this side's id.
    pub(crate) column: &'static str,
    /// The navigation property to the other side.
    pub(crate) navigation: &'static str,
}

impl IndexStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Active => "Active",
            Self::Failed => "Failed",
        }
    }
}

impl Deletion {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Restrict => "Restrict",
            Self::RemoveLink => "RemoveLink",
            Self::Cascade => "Cascade",
        }
    }
}

impl Kind {
    /// Returns `AttributeType` and `AttributeTypeName`.
    pub(crate) fn type_names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Id => ("Uniqueidentifier", "UniqueidentifierType"),
            Self::Text { .. } => ("String", "StringType"),
            Self::Memo { .. } => ("Memo", "MemoType"),
            Self::Integer { .. } => ("Integer", "IntegerType"),
            Self::Version => ("BigInt", "BigIntType"),
            Self::Decimal { .. } => ("Decimal", "DecimalType"),
            Self::Double { .. } => ("Double", "DoubleType"),
            Self::Money { .. } | Self::MoneyBase(_) => ("Money", "MoneyType"),
            Self::Boolean => ("Boolean", "BooleanType"),
            Self::Choice(_) => ("Picklist", "PicklistType"),
            Self::Choices(_) => ("Virtual", "MultiSelectPicklistType"),
            Self::State(_) => ("State", "StateType"),
            Self::Status(_) => ("Status", "StatusType"),
            Self::DateTime | Self::DateOnly => ("DateTime", "DateTimeType"),
            Self::Lookup { targets, .. } if is_customer(targets) => ("Customer", "CustomerType"),
            Self::Lookup { .. } => ("Lookup", "LookupType"),
            Self::Owner => ("Owner", "OwnerType"),
        }
    }

    /// Returns the CSDL type.
    pub(crate) fn edm(&self) -> &'static str {
        match self {
            Self::Id | Self::Lookup { .. } | Self::Owner => "Edm.Guid",
            Self::Text { .. } | Self::Memo { .. } | Self::Choices(_) => "Edm.String",
            Self::Integer { .. } | Self::Choice(_) | Self::State(_) | Self::Status(_) => "Edm.Int32",
            Self::Version => "Edm.Int64",
            Self::Decimal { .. } | Self::Money { .. } | Self::MoneyBase(_) => "Edm.Decimal",
            Self::Double { .. } => "Edm.Double",
            Self::Boolean => "Edm.Boolean",
            Self::DateTime => "Edm.DateTimeOffset",
            Self::DateOnly => "Edm.Date",
        }
    }

    /// Returns whether the column refers to rows.
    pub(crate) fn is_lookup(&self) -> bool {
        matches!(self, Self::Lookup { .. } | Self::Owner)
    }

    /// Returns what the deletion of a row does to those that refer to it by this column.
    pub(crate) fn deletion(&self) -> Deletion {
        match self {
            Self::Lookup { deletion, .. } => *deletion,
            _ => Deletion::Restrict,
        }
    }

    /// Returns whether the column holds an amount of money.
    pub(crate) fn is_money(&self) -> bool {
        matches!(self, Self::Money { .. } | Self::MoneyBase(_))
    }

    /// Returns the label of a choice's value.
    pub(crate) fn label(&self, value: i64) -> Option<&str> {
        match self {
            Self::Choice(options) | Self::Choices(options) => {
                options.iter().find(|option| option.value == value).map(|option| option.label.as_str())
            }
            Self::State(options) => {
                options.iter().find(|option| option.value == value).map(|option| option.label.as_str())
            }
            Self::Status(options) => {
                options.iter().find(|option| option.value == value).map(|option| option.label.as_str())
            }
            _ => None,
        }
    }
}

/// A customer is an account or a contact.
fn is_customer(targets: &[Target]) -> bool {
    let tables: Vec<_> = targets.iter().map(|target| target.table.as_str()).collect();
    tables == ["account", "contact"]
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

    /// Returns the tables a column may refer to.
    pub(crate) fn targets(&self, column: usize) -> Vec<Target> {
        match &self.columns[column].kind {
            Kind::Lookup { targets, .. } => targets.clone(),
            Kind::Owner => [("systemuser", "user"), ("team", "team")]
                .map(|(table, prefix)| Target {
                    table: table.to_owned(),
                    navigation: "ownerid".to_owned(),
                    collection: format!("{prefix}_{}", self.logical_name),
                })
                .to_vec(),
            _ => Vec::new(),
        }
    }

    /// Returns the lookup behind a navigation property, and the tables this property leads to; case counts.
    pub(crate) fn navigation(&self, navigation: &str) -> Option<(usize, Vec<Target>)> {
        (0..self.columns.len()).find_map(|column| {
            let mut targets = self.targets(column);
            targets.retain(|target| target.navigation == navigation);
            (!targets.is_empty()).then_some((column, targets))
        })
    }

    /// Returns the positions of the columns that are an alternate key on their own.
    pub(crate) fn unique_columns(&self) -> Vec<usize> {
        let single = self.keys.iter().filter(|key| key.index == IndexStatus::Active);
        single
            .filter_map(|key| if let [name] = key.columns.as_slice() { self.position(name) } else { None })
            .collect()
    }

    /// Returns the state options, if the table has states.
    pub(crate) fn states(&self) -> Option<(usize, &[StateOption])> {
        let position = self.position("statecode")?;
        if let Kind::State(states) = &self.columns[position].kind { Some((position, states)) } else { None }
    }

    /// Returns the status of a row in its first state.
    pub(crate) fn first_status(&self) -> i64 {
        let first = self.states().and_then(|(_, states)| states.first());
        first.map_or(1, |state| state.default_status)
    }

    pub(crate) fn metadata_id(&self) -> Uuid {
        metadata_id(&self.logical_name)
    }
}

/// Returns the stable metadata id of a table, column or key.
pub(crate) fn metadata_id(path: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, path.as_bytes())
}
