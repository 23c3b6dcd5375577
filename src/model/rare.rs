//! What few objects have.
//!
//! A part of the API that is blank in nearly every object takes one word here instead of its size, and every version of
//! the object that is written is smaller by as much.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};

use triomphe::Arc;

use crate::model::fields::Fields;
use crate::model::inner::fields_inside;

/// A struct of the API with a value of it that is blank, which all share.
pub trait Blank: Default + 'static {
    /// The blank value.
    fn blank() -> &'static Self;
}

/// A value that is blank in most objects, shared by versions of an object as a [`Shared`](crate::Shared) one is: reading
/// goes through [`Deref`]; changing goes through [`DerefMut`], which first copies what another owner shares.
pub struct Rare<T>(Option<Arc<T>>);

impl<T: Clone> Rare<T> {
    /// The value, where it was ever set, for a change that leaves one that is blank as it is.
    pub(crate) fn set_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut().map(Arc::make_mut)
    }

    /// Whether it was ever set.
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// The value, where it was ever set.
    pub(crate) fn into_inner(self) -> Option<T> {
        self.0.map(Arc::unwrap_or_clone)
    }
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Clone for Rare<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Blank> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Some(value) => value,
            None => T::blank(),
        }
    }
}

impl<T: Blank + Clone> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl<T> From<T> for Rare<T> {
    fn from(value: T) -> Self {
        Self(Some(Arc::new(value)))
    }
}

/// One that is blank is equal to one that was never set.
impl<T: Blank + PartialEq> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(one), Some(other)) if Arc::ptr_eq(one, other) => true,
            _ => **self == **other,
        }
    }
}

impl<T: Blank + Eq> Eq for Rare<T> {}

impl<T: Blank + Hash> Hash for Rare<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: Blank + fmt::Debug> fmt::Debug for Rare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

fields_inside!(Rare: Fields, Blank, Clone);

/// Gives structs their blank values.
macro_rules! blank {
    ($($name:ty),*) => {
        $(
            impl $crate::model::rare::Blank for $name {
                fn blank() -> &'static Self {
                    static BLANK: std::sync::LazyLock<$name> = std::sync::LazyLock::new(<$name>::default);
                    &BLANK
                }
            }
        )*
    };
}

pub(crate) use blank;

#[cfg(test)]
mod tests {
    use crate::model::metadata::RareMetadata;
    use crate::model::rare::Rare;

    #[test]
    fn what_was_set_and_taken_back_is_as_if_it_had_never_been_set() {
        let never = Rare::<RareMetadata>::default();
        let mut set = never.clone();
        set.generate_name = "web-".into();
        assert_ne!(set, never);
        assert_eq!(never.generate_name, "");
        let shared = set.clone();
        set.generate_name = "".into();
        assert_eq!(set, never);
        assert_eq!(shared.generate_name, "web-");
    }
}
