//! The schemas of CloudFormation's resource types.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use super::embedded;

/// The names of all public resource types, in alphabetical order.
pub fn cloudformation_types() -> impl Iterator<Item = &'static str> {
    FILES.keys().map(String::as_str)
}

/// The resource provider schema without its prose, read anew at every call.
pub fn cloudformation_schema(type_name: &str) -> Option<serde_json::Value> {
    let content = super::file(embedded::CLOUDFORMATION, FILES.get(type_name)?)?;
    let json = super::unpack(content);
    let mut reader = serde_json::Deserializer::from_slice(&json);
    One(type_name).deserialize(&mut reader).expect("checked by a test")
}

/// Type name → the file that holds it.
static FILES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let content = super::file(embedded::CLOUDFORMATION, "index").expect("embedded");
    serde_json::from_slice(&super::unpack(content)).expect("checked by a test")
});

/// Takes one entry of an object and skips the others: a file holds all the types of a service.
struct One<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = Option<serde_json::Value>;
    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for One<'_> {
    type Value = Option<serde_json::Value>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == self.0 {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_holds_its_types() {
        assert!(cloudformation_types().count() > 1000);
        for (type_name, file) in FILES.iter() {
            assert!(super::super::file(embedded::CLOUDFORMATION, file).is_some(), "{type_name}");
        }
    }

    #[test]
    fn a_schema_states_properties_and_handlers() {
        let queue = cloudformation_schema("AWS::SQS::Queue").expect("listed");
        assert_eq!(queue["typeName"], "AWS::SQS::Queue");
        assert!(queue["properties"]["QueueName"].is_object());
        assert!(cloudformation_schema("AWS::SQS::Nothing").is_none());
    }
}
