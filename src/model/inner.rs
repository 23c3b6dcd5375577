//! Parts of an object whose fields stand in the object itself.
//!
//! The API knows one flat struct where the model has a shared or a rare part in it: in JSON the fields of the part stand
//! beside the others, and in Rust they are reached as if they did.

/// A wrapper has the fields of what it holds.
macro_rules! fields_inside {
    ($wrapper:ident: $($bound:ident),+) => {
        impl<T: $($bound +)+> $crate::model::fields::Fields for $wrapper<T> {
            const COUNT: usize = T::COUNT;

            fn index_of(key: &str) -> Option<usize> {
                T::index_of(key)
            }

            fn names() -> Vec<&'static str> {
                T::names()
            }

            fn read<'de, A: serde::de::MapAccess<'de>>(&mut self, index: usize, map: &mut A) -> Result<(), A::Error> {
                T::read(self, index, map)
            }

            fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                T::write(self, map)
            }

            fn audit_fields(
                &self,
                at: &$crate::model::fields::Trail<'_>,
                report: $crate::model::fields::Report<'_>,
            ) {
                T::audit_fields(self, at, report);
            }
        }
    };
}

/// The fields of a part are reached as if they were those of the whole.
macro_rules! reach {
    ($($whole:ty => $part:ident: $type:ty;)*) => {
        $(
            impl std::ops::Deref for $whole {
                type Target = $type;

                fn deref(&self) -> &$type {
                    &self.$part
                }
            }

            impl std::ops::DerefMut for $whole {
                fn deref_mut(&mut self) -> &mut $type {
                    &mut self.$part
                }
            }
        )*
    };
}

pub(crate) use {fields_inside, reach};
