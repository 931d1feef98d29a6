//! How a stored type and its model type turn into each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::Pair;

/// A stored form of the model type `M`.
pub(in crate::store) trait Stored<M>: Sized {
    /// The format of its bytes, written before them.
    const FORMAT: u8 = 1;

    /// Makes the stored form.
    fn of(model: &M) -> Self;

    /// Makes the model value, unless the stored one is not possible.
    fn restore(self) -> Result<M, Malformed>;
}

/// A stored value that decodes but is none the model can hold.
#[derive(Debug, thiserror::Error)]
#[error("it holds {0}")]
pub struct Malformed(pub &'static str);

/// Declares stored structs and enums with the translation to and from their model types, member by member.
///
/// A member the model gains or loses does not compile until it is decided here what old files say about it.
macro_rules! stored {
    (
        $(#[$doc:meta])* struct $name:ident for $model:ident $(, format $format:literal)? {
            $($field:ident: $type:ty),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        pub(in crate::store) struct $name {
            $($field: $type,)*
        }

        impl $crate::store::stored::Stored<$model> for $name {
            $(const FORMAT: u8 = $format;)?

            fn of(model: &$model) -> Self {
                let $model { $($field),* } = model;
                Self { $($field: $crate::store::stored::Stored::of($field),)* }
            }

            fn restore(self) -> Result<$model, $crate::store::stored::Malformed> {
                Ok($model { $($field: $crate::store::stored::Stored::restore(self.$field)?,)* })
            }
        }
    };
    (
        $(#[$doc:meta])* enum $name:ident for $model:ident {
            $($variant:ident $({ $($field:ident: $type:ty),* $(,)? })? $(( $($part:ident: $part_type:ty),* ))?,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        pub(in crate::store) enum $name {
            $($variant $({ $($field: $type),* })? $(( $($part_type),* ))?,)*
        }

        impl $crate::store::stored::Stored<$model> for $name {
            fn of(model: &$model) -> Self {
                match model {
                    $($model::$variant $({ $($field),* })? $(( $($part),* ))? => Self::$variant
                        $({ $($field: $crate::store::stored::Stored::of($field)),* })?
                        $(( $($crate::store::stored::Stored::of($part)),* ))?,)*
                }
            }

            fn restore(self) -> Result<$model, $crate::store::stored::Malformed> {
                Ok(match self {
                    $(Self::$variant $({ $($field),* })? $(( $($part),* ))? => $model::$variant
                        $({ $($field: $crate::store::stored::Stored::restore($field)?),* })?
                        $(( $($crate::store::stored::Stored::restore($part)?),* ))?,)*
                })
            }
        }
    };
}

pub(super) use stored;

/// One stored value for each side.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::store) struct StoredPair<T> {
    left: T,
    right: T,
}

impl<T: Stored<M>, M> Stored<Pair<M>> for StoredPair<T> {
    fn of(model: &Pair<M>) -> Self {
        Self { left: T::of(&model.left), right: T::of(&model.right) }
    }

    fn restore(self) -> Result<Pair<M>, Malformed> {
        Ok(Pair::new(self.left.restore()?, self.right.restore()?))
    }
}

impl<T: Stored<M>, M> Stored<Option<M>> for Option<T> {
    fn of(model: &Option<M>) -> Self {
        model.as_ref().map(T::of)
    }

    fn restore(self) -> Result<Option<M>, Malformed> {
        self.map(T::restore).transpose()
    }
}

impl<T: Stored<M>, M> Stored<Vec<M>> for Vec<T> {
    fn of(model: &Vec<M>) -> Self {
        model.iter().map(T::of).collect()
    }

    fn restore(self) -> Result<Vec<M>, Malformed> {
        self.into_iter().map(T::restore).collect()
    }
}

impl<T: Stored<M> + Ord, M: Ord> Stored<BTreeSet<M>> for BTreeSet<T> {
    fn of(model: &BTreeSet<M>) -> Self {
        model.iter().map(T::of).collect()
    }

    fn restore(self) -> Result<BTreeSet<M>, Malformed> {
        self.into_iter().map(T::restore).collect()
    }
}

impl<K: Stored<L> + Ord, L: Ord, T: Stored<M>, M> Stored<BTreeMap<L, M>> for BTreeMap<K, T> {
    fn of(model: &BTreeMap<L, M>) -> Self {
        model.iter().map(|(key, value)| (K::of(key), T::of(value))).collect()
    }

    fn restore(self) -> Result<BTreeMap<L, M>, Malformed> {
        self.into_iter().map(|(key, value)| Ok((key.restore()?, value.restore()?))).collect()
    }
}
