//! Typed inputs and outputs over [`Value`]: what the generated modules of `api` are made of.
//!
//! Conversion is by name and cannot fail: a value has been checked against its shape before, and what we build
//! ourselves has the right form. A value of another form gives the default.

use crate::value::{Timestamp, Value};
use bytes::Bytes;
use std::collections::BTreeMap;

/// A type that stands for a modelled shape.
pub trait Typed: Default {
    fn from_value(value: Value) -> Self;
    fn into_value(self) -> Value;
}

/// The input of an operation.
pub trait Operation: Typed + Send + 'static {
    /// The service's folder in `models/`.
    const SERVICE: &'static str;
    const NAME: &'static str;
    type Output: Typed + Send + 'static;
}

/// A member of a structure; absent members are left out.
pub trait Member {
    fn set(&mut self, value: Value);
    fn take(self, name: &'static str, out: &mut Vec<(&'static str, Value)>);
}

impl<T: Typed> Member for T {
    fn set(&mut self, value: Value) {
        *self = T::from_value(value);
    }

    fn take(self, name: &'static str, out: &mut Vec<(&'static str, Value)>) {
        out.push((name, self.into_value()));
    }
}

impl<T: Typed> Member for Option<T> {
    fn set(&mut self, value: Value) {
        *self = Some(T::from_value(value));
    }

    fn take(self, name: &'static str, out: &mut Vec<(&'static str, Value)>) {
        if let Some(it) = self {
            out.push((name, it.into_value()));
        }
    }
}

/// Declares structures: the struct, its conversions, and for inputs the operation.
///
/// `structure! { SendMessage => "sqs", SendMessageOutput { queue_url: String = "QueueUrl", } }`
#[macro_export]
macro_rules! structure {
    ($name:ident $(=> $service:literal, $output:ident)? { $($field:ident: $type:ty = $wire:literal,)* }) => {
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $(pub $field: $type,)*
        }

        impl $crate::typed::Typed for $name {
            #[allow(unused_mut)]
            fn from_value(value: $crate::Value) -> Self {
                let mut it = Self::default();
                for (name, value) in value.into_fields() {
                    match name {
                        $($wire => $crate::typed::Member::set(&mut it.$field, value),)*
                        _ => drop(value),
                    }
                }
                it
            }

            #[allow(unused_mut)]
            fn into_value(self) -> $crate::Value {
                let mut fields = ::std::vec::Vec::new();
                $($crate::typed::Member::take(self.$field, $wire, &mut fields);)*
                $crate::Value::Structure(fields)
            }
        }

        $(impl $crate::typed::Operation for $name {
            const SERVICE: &'static str = $service;
            const NAME: &'static str = stringify!($name);
            type Output = $output;
        })?
    };
}

macro_rules! scalar {
    ($type:ty, $variant:ident) => {
        impl Typed for $type {
            fn from_value(value: Value) -> Self {
                match value {
                    Value::$variant(it) => it,
                    _ => Default::default(),
                }
            }

            fn into_value(self) -> Value {
                Value::$variant(self)
            }
        }

        impl From<$type> for Value {
            fn from(it: $type) -> Value {
                Value::$variant(it)
            }
        }
    };
}

scalar!(bool, Bool);
scalar!(i64, Integer);
scalar!(f64, Float);
scalar!(String, String);
scalar!(Bytes, Blob);
scalar!(Timestamp, Timestamp);

impl From<&str> for Value {
    fn from(it: &str) -> Value {
        Value::String(it.to_owned())
    }
}

/// Documents stay as they are.
impl Typed for Value {
    fn from_value(value: Value) -> Self {
        value
    }

    fn into_value(self) -> Value {
        self
    }
}

impl<T: Typed> Typed for Vec<T> {
    fn from_value(value: Value) -> Self {
        match value {
            Value::List(items) => items.into_iter().map(T::from_value).collect(),
            _ => Vec::new(),
        }
    }

    fn into_value(self) -> Value {
        Value::List(self.into_iter().map(T::into_value).collect())
    }
}

impl<T: Typed> Typed for BTreeMap<String, T> {
    fn from_value(value: Value) -> Self {
        match value {
            Value::Map(entries) => entries.into_iter().map(|(key, it)| (key, T::from_value(it))).collect(),
            _ => BTreeMap::new(),
        }
    }

    fn into_value(self) -> Value {
        Value::Map(self.into_iter().map(|(key, it)| (key, it.into_value())).collect())
    }
}

impl<T: Typed> Typed for Box<T> {
    fn from_value(value: Value) -> Self {
        Box::new(T::from_value(value))
    }

    fn into_value(self) -> Value {
        (*self).into_value()
    }
}

impl Value {
    /// The members of a structure; none for anything else.
    pub fn into_fields(self) -> Vec<(&'static str, Value)> {
        match self {
            Value::Structure(fields) => fields,
            _ => Vec::new(),
        }
    }
}

impl Timestamp {
    /// `2015-01-25T08:00:00Z`, with milliseconds where there are any.
    pub fn iso_8601(self) -> String {
        crate::wire::format_timestamp(self, crate::shape::TimestampFormat::Iso8601)
    }
}
