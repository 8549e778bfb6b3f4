//! The policy of a form: until when, and with which fields, somebody may upload.
//!
//! Source: "Creating an HTML form", "POST policy" in the S3 API Reference.

use crate::fault;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::{Error, ErrorShape, Result, Timestamp};
use serde_json::Value as Json;
use std::ops::RangeInclusive;

const INVALID_POLICY_DOCUMENT: ErrorShape = ErrorShape::sender("InvalidPolicyDocument");
/// Fields that need no condition: the policy and what signs it.
const FREE: [&str; 5] = ["policy", "file", "awsaccesskeyid", "signature", "x-amz-signature"];
const FREE_PREFIX: &str = "x-ignore-";

/// A policy that was signed.
#[derive(Debug)]
pub struct Terms {
    expires_at: Timestamp,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    wants: Wants,
    /// As messages show it.
    shown: String,
}

#[derive(Debug)]
enum Wants {
    /// A field, in small letters, has this value.
    Equal(String, String),
    StartsWith(String, String),
    /// The file has so many bytes.
    Length(RangeInclusive<u64>),
}

/// A field by its name in small letters, and its value.
pub type Field = (String, String);

impl Terms {
    /// `policy` as the form has it, in base64.
    pub fn read(policy: &str) -> Result<Self> {
        let json = BASE64.decode(policy.trim()).ok().and_then(|it| serde_json::from_slice::<Json>(&it).ok());
        let json = json.filter(Json::is_object).ok_or_else(|| invalid("Invalid JSON."))?;
        let expiration = json.get("expiration").ok_or_else(|| invalid("Policy missing expiration."))?;
        let conditions = json.get("conditions").ok_or_else(|| invalid("Policy missing conditions."))?;
        let expires_at = expiration.as_str().and_then(model::wire::parse_timestamp);
        let expires_at =
            expires_at.ok_or_else(|| invalid(format!("Invalid 'expiration' value: '{}'", plain(expiration))))?;
        let conditions = conditions.as_array().ok_or_else(|| invalid("Invalid 'conditions' value: must be a List."))?;
        let conditions = conditions.iter().map(Condition::read).collect::<Result<_>>()?;
        Ok(Self { expires_at, conditions })
    }

    /// Whether a form with these fields is within the terms; the file is judged as it comes.
    pub fn check(&self, fields: &[Field], bucket: &str, now: Timestamp) -> Result<()> {
        if self.expires_at <= now {
            return Err(denied("Policy expired."));
        }
        let value = |name: &str| match name {
            "bucket" => Some(bucket),
            _ => fields.iter().find(|it| it.0 == name).map(|it| it.1.as_str()),
        };
        if let Some(broken) = self.conditions.iter().find(|it| !it.holds(value)) {
            return Err(denied(format!("Policy Condition failed: {}", broken.shown)));
        }
        let is_named = |name: &str| self.conditions.iter().any(|it| it.field() == Some(name));
        let extra = fields
            .iter()
            .map(|it| it.0.as_str())
            .find(|it| !FREE.contains(it) && !it.starts_with(FREE_PREFIX) && *it != "bucket" && !is_named(it));
        extra.map_or(Ok(()), |name| Err(denied(format!("Extra input fields: {name}"))))
    }

    /// How long the file may be, in bytes.
    pub fn length(&self) -> RangeInclusive<u64> {
        let ranges = self.conditions.iter().filter_map(|it| match &it.wants {
            Wants::Length(range) => Some(range),
            Wants::Equal(..) | Wants::StartsWith(..) => None,
        });
        ranges.fold(0..=u64::MAX, |all, it| *all.start().max(it.start())..=*all.end().min(it.end()))
    }
}

impl Condition {
    fn read(json: &Json) -> Result<Self> {
        let wants = match json {
            Json::Object(members) => {
                let mut members = members.iter();
                let (Some((name, value)), None) = (members.next(), members.next()) else {
                    return Err(invalid(
                        "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
                    ));
                };
                let value =
                    value.as_str().ok_or_else(|| invalid("Invalid Simple-Condition: value must be a string."))?;
                let shown = serde_json::json!(["eq", format!("${name}"), value]).to_string();
                return Ok(Self { wants: Wants::Equal(name.to_lowercase(), value.to_owned()), shown });
            }
            Json::Array(parts) => of_list(parts)?,
            _ => return Err(invalid("Invalid Condition: must be a List or an Object.")),
        };
        Ok(Self { wants, shown: json.to_string() })
    }

    fn field(&self) -> Option<&str> {
        match &self.wants {
            Wants::Equal(name, _) | Wants::StartsWith(name, _) => Some(name),
            Wants::Length(_) => None,
        }
    }

    fn holds<'f>(&self, value: impl Fn(&str) -> Option<&'f str>) -> bool {
        match &self.wants {
            Wants::Equal(name, wanted) => value(name) == Some(wanted),
            // Of several types, each has to.
            Wants::StartsWith(name, prefix) if name == "content-type" => {
                value(name).is_some_and(|it| it.split(',').all(|it| it.trim().starts_with(prefix.as_str())))
            }
            Wants::StartsWith(name, prefix) => value(name).is_some_and(|it| it.starts_with(prefix.as_str())),
            Wants::Length(_) => true,
        }
    }
}

fn of_list(parts: &[Json]) -> Result<Wants> {
    let operator = parts.first().and_then(Json::as_str).unwrap_or_default().to_lowercase();
    let wrong = |what: &str| invalid(format!("Invalid '{operator}' condition: {what}"));
    let [_, first, second] = parts else { return Err(wrong("wrong number of arguments.")) };
    if operator == "content-length-range" {
        let number = |it: &Json| it.as_u64().or_else(|| it.as_str()?.parse().ok());
        let range = number(first).zip(number(second)).ok_or_else(|| wrong("the bounds must be numbers."))?;
        return Ok(Wants::Length(range.0..=range.1));
    }
    let field = first.as_str().and_then(|it| it.strip_prefix('$')).map(str::to_lowercase);
    let (Some(field), Some(value)) = (field, second.as_str()) else {
        return Err(wrong("the field must be a String that begins with '$', the value a String."));
    };
    match operator.as_str() {
        "eq" => Ok(Wants::Equal(field, value.to_owned())),
        "starts-with" => Ok(Wants::StartsWith(field, value.to_owned())),
        other => Err(invalid(format!("Invalid Condition: unknown operation '{other}'."))),
    }
}

fn plain(json: &Json) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

fn invalid(what: impl std::fmt::Display) -> Error {
    INVALID_POLICY_DOCUMENT.with(format!("Invalid Policy: {what}"))
}

fn denied(what: impl std::fmt::Display) -> Error {
    fault::ACCESS_DENIED.with(format!("Invalid according to Policy: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn terms(conditions: Json) -> Result<Terms> {
        Terms::read(&BASE64.encode(json!({"expiration": "2030-01-01T00:00:00Z", "conditions": conditions}).to_string()))
    }

    fn check(conditions: Json, fields: &[(&str, &str)], now: i64) -> std::result::Result<(), String> {
        let fields: Vec<Field> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let checked = terms(conditions).and_then(|it| it.check(&fields, "photos", Timestamp(now)));
        checked.map_err(|it| it.message().to_owned())
    }

    #[test]
    fn fields_have_to_be_as_the_conditions_say() {
        let conditions =
            || json!([{"bucket": "photos"}, ["starts-with", "$key", "user/"], ["eq", "$Content-Type", "a/b"]]);
        let fields = [("key", "user/a"), ("content-type", "a/b"), ("x-ignore-me", "1"), ("policy", "p")];
        assert_eq!(check(conditions(), &fields, 0), Ok(()));
        let failed = |shown: &str| Err(format!("Invalid according to Policy: {shown}"));
        assert_eq!(check(conditions(), &fields, i64::MAX), failed("Policy expired."));
        let other = [("key", "x"), ("content-type", "a/b")];
        assert_eq!(
            check(conditions(), &other, 0),
            failed("Policy Condition failed: [\"starts-with\",\"$key\",\"user/\"]")
        );
        assert_eq!(
            check(json!([{"acl": "private"}]), &[("acl", "public-read")], 0),
            failed("Policy Condition failed: [\"eq\",\"$acl\",\"private\"]")
        );
        assert_eq!(check(json!([]), &[("acl", "x")], 0), failed("Extra input fields: acl"));
        let types = json!([["starts-with", "$Content-Type", "image/"]]);
        assert_eq!(check(types.clone(), &[("content-type", "image/png,image/gif")], 0), Ok(()));
        assert!(check(types, &[("content-type", "image/png,text/html")], 0).is_err());
    }

    #[test]
    fn lengths_are_what_all_ranges_allow() {
        let range = terms(json!([["content-length-range", 1, 10], ["content-length-range", "3", 20]]));
        assert_eq!(range.expect("it is well formed").length(), 3..=10);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for wrong in
            [json!([{"a": "1", "b": "2"}]), json!([["eq", "key", "x"]]), json!([["like", "$key", "x"]]), json!([7])]
        {
            assert_eq!(terms(wrong.clone()).expect_err("it is wrong").code(), "InvalidPolicyDocument", "{wrong}");
        }
        for wrong in ["", "e30=", "!", "W10="] {
            assert_eq!(Terms::read(wrong).expect_err("it is wrong").code(), "InvalidPolicyDocument", "{wrong}");
        }
    }
}
