//! What stands in a model's file, name by name.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

#[derive(Deserialize)]
pub(crate) struct RawModel<'a> {
    #[serde(borrow)]
    pub(crate) metadata: RawMetadata<'a>,
    #[serde(borrow)]
    pub(crate) operations: Pairs<'a, RawOperation<'a>>,
    #[serde(borrow)]
    pub(crate) shapes: Pairs<'a, RawShape<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawMetadata<'a> {
    /// In the index only.
    #[serde(borrow, default)]
    pub(crate) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) api_version: Text<'a>,
    #[serde(rename = "awsQueryCompatible")]
    pub(crate) query_compatible: Option<serde::de::IgnoredAny>,
    #[serde(borrow, default)]
    pub(crate) endpoint_prefix: Text<'a>,
    pub(crate) global_endpoint: Option<serde::de::IgnoredAny>,
    #[serde(borrow, default)]
    pub(crate) json_version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) protocol: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) protocols: Vec<Text<'a>>,
    #[serde(borrow, default, rename = "serviceAbbreviation")]
    pub(crate) abbreviation: Option<Text<'a>>,
    #[serde(borrow, default, rename = "serviceFullName")]
    pub(crate) full_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) service_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) signing_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) target_prefix: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) xml_namespace: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawOperation<'a> {
    #[serde(borrow, default)]
    pub(crate) auth: Vec<Text<'a>>,
    #[serde(borrow, default, rename = "authtype")]
    pub(crate) auth_type: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) endpoint: Option<RawEndpoint<'a>>,
    #[serde(default)]
    pub(crate) deprecated: bool,
    #[serde(default, rename = "httpChecksumRequired")]
    pub(crate) checksum_required: bool,
    #[serde(default)]
    pub(crate) unsigned_payload: bool,
    #[serde(borrow)]
    pub(crate) http: RawHttp<'a>,
    #[serde(borrow, default)]
    pub(crate) input: Option<RawRoot<'a>>,
    #[serde(borrow, default)]
    pub(crate) output: Option<RawRoot<'a>>,
    #[serde(borrow, default)]
    pub(crate) errors: Vec<RawRoot<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawEndpoint<'a> {
    #[serde(borrow)]
    pub(crate) host_prefix: Text<'a>,
}

#[derive(Deserialize)]
pub(crate) struct RawHttp<'a> {
    #[serde(borrow)]
    pub(crate) method: Text<'a>,
    #[serde(borrow, rename = "requestUri")]
    pub(crate) uri: Text<'a>,
    #[serde(rename = "responseCode")]
    pub(crate) status: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawRoot<'a> {
    #[serde(borrow)]
    pub(crate) shape: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) location_name: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) xml_namespace: Option<RawNamespace<'a>>,
    #[serde(borrow, default)]
    pub(crate) result_wrapper: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum RawNamespace<'a> {
    #[serde(borrow)]
    Uri(Text<'a>),
    Full {
        #[serde(borrow)]
        uri: Text<'a>,
        #[serde(borrow, default)]
        prefix: Option<Text<'a>>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(crate) struct RawShape<'a> {
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(rename = "box")]
    pub(crate) boxed: bool,
    pub(crate) document: bool,
    #[serde(borrow, rename = "enum")]
    pub(crate) values: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(crate) error: Option<RawError<'a>>,
    pub(crate) event: bool,
    #[serde(rename = "eventstream")]
    pub(crate) event_stream: bool,
    pub(crate) exception: bool,
    pub(crate) fault: bool,
    pub(crate) flattened: bool,
    #[serde(borrow)]
    pub(crate) location_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) members: Pairs<'a, RawReference<'a>>,
    #[serde(borrow)]
    pub(crate) member: Option<RawReference<'a>>,
    #[serde(borrow)]
    pub(crate) key: Option<RawReference<'a>>,
    #[serde(borrow)]
    pub(crate) value: Option<RawReference<'a>>,
    pub(crate) max: Option<f64>,
    pub(crate) min: Option<f64>,
    #[serde(borrow)]
    pub(crate) pattern: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) payload: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) required: Vec<Text<'a>>,
    pub(crate) sensitive: bool,
    pub(crate) sparse: bool,
    pub(crate) streaming: bool,
    #[serde(borrow)]
    pub(crate) timestamp_format: Option<Text<'a>>,
    pub(crate) union: bool,
    pub(crate) wrapper: bool,
    #[serde(borrow)]
    pub(crate) xml_namespace: Option<RawNamespace<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct RawError<'a> {
    #[serde(borrow, default)]
    pub(crate) code: Option<Text<'a>>,
    #[serde(rename = "httpStatusCode")]
    pub(crate) status: Option<u16>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(crate) struct RawReference<'a> {
    #[serde(borrow)]
    pub(crate) shape: Text<'a>,
    #[serde(rename = "box")]
    pub(crate) boxed: bool,
    pub(crate) deprecated: bool,
    #[serde(rename = "eventheader")]
    pub(crate) event_header: bool,
    #[serde(rename = "eventpayload")]
    pub(crate) event_payload: bool,
    pub(crate) flattened: bool,
    pub(crate) host_label: bool,
    pub(crate) idempotency_token: bool,
    pub(crate) jsonvalue: bool,
    #[serde(borrow)]
    pub(crate) location: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) location_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) query_name: Option<Text<'a>>,
    pub(crate) streaming: bool,
    #[serde(borrow)]
    pub(crate) timestamp_format: Option<Text<'a>>,
    pub(crate) xml_attribute: bool,
    #[serde(borrow)]
    pub(crate) xml_namespace: Option<RawNamespace<'a>>,
}

/// A text of the file itself, copied only where it holds an escape.
#[derive(Default, Clone)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl Text<'static> {
    /// The text of a file that is part of the binary needs no copy.
    pub(crate) fn embedded(&self) -> &'static str {
        match &self.0 {
            Cow::Borrowed(text) => text,
            Cow::Owned(text) => Box::leak(text.clone().into_boxed_str()),
        }
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Borrowing;
        impl<'de> Visitor<'de> for Borrowing {
            type Value = Cow<'de, str>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        from.deserialize_str(Borrowing).map(Text)
    }
}

/// An object whose order matters.
pub(crate) struct Pairs<'a, T>(pub(crate) Vec<(Text<'a>, T)>);

impl<T> Default for Pairs<'_, T> {
    fn default() -> Self {
        Pairs(Vec::new())
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Pairs<'a, T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Entries<'a, T>(PhantomData<(&'a (), T)>);
        impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for Entries<'a, T> {
            type Value = Vec<(Text<'a>, T)>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        from.deserialize_map(Entries(PhantomData)).map(Pairs)
    }
}
