//! What a message may hold: its body, its attributes, and what SQS says to the rest.

use super::Attribute;
use crate::attribute::refused;
use crate::queue::{INVALID_PARAMETER_VALUE, MISSING_PARAMETER};
use api::sqs::{MessageAttributeValue, MessageSystemAttributeValue, error};
use model::{Error, Result};
use std::collections::BTreeMap;

// Amazon SQS message quotas in the developer guide.
const MOST_ATTRIBUTES: usize = 10;
const LONGEST_ATTRIBUTE_NAME: usize = 256;
const LONGEST_TOKEN: usize = 128;

/// Bytes of the body and of each attribute's name, type and value, which must not be more than `most`.
pub fn check_body(most: i64, body: &str, attributes: &BTreeMap<String, Attribute>) -> Result<()> {
    if body.is_empty() {
        return Err(MISSING_PARAMETER.with("The request must contain the parameter MessageBody."));
    }
    if !is_text(body) {
        return Err(error::INVALID_MESSAGE_CONTENTS.with("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF."));
    }
    let of_attributes: usize = attributes
        .iter()
        .map(|(name, it)| {
            let value = it.text.as_ref().map_or(0, String::len) + it.bytes.as_ref().map_or(0, Vec::len);
            name.len() + it.data_type.len() + value
        })
        .sum();
    if (body.len() + of_attributes) as i64 > most {
        return Err(INVALID_PARAMETER_VALUE
            .with(format!("One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.")));
    }
    Ok(())
}

/// MessageGroupId, MessageDeduplicationId and ReceiveRequestAttemptId.
pub fn check_token(parameter: &str, value: &str) -> Result<()> {
    let valid = |it: u8| it.is_ascii_alphanumeric() || it.is_ascii_punctuation();
    if value.is_empty() || value.len() > LONGEST_TOKEN || !value.bytes().all(valid) {
        let reason =
            format!("{parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.");
        return Err(refused(value, parameter, &reason));
    }
    Ok(())
}

/// SendMessage in the SQS API reference: the characters of XML 1.0.
fn is_text(text: &str) -> bool {
    // All of printable ASCII is allowed, and most bodies are nothing else.
    let plain = text.bytes().all(|it| (0x20..0x80).contains(&it));
    plain
        || text.chars().all(
            |it| matches!(it, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..),
        )
}

pub fn attributes(given: BTreeMap<String, MessageAttributeValue>) -> Result<BTreeMap<String, Attribute>> {
    if given.len() > MOST_ATTRIBUTES {
        return Err(INVALID_PARAMETER_VALUE.with(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MOST_ATTRIBUTES}].",
            given.len()
        )));
    }
    given
        .into_iter()
        .map(|(name, it)| {
            let it = attribute(&name, it)?;
            Ok((name, it))
        })
        .collect()
}

fn attribute(name: &str, it: MessageAttributeValue) -> Result<Attribute> {
    if !is_attribute_name(name) {
        return Err(INVALID_PARAMETER_VALUE.with(format!("The message attribute name '{name}' is invalid.")));
    }
    if it.string_list_values.is_some() || it.binary_list_values.is_some() {
        return Err(error::UNSUPPORTED_OPERATION
            .with("Message attribute list values in SendMessage operation are not supported."));
    }
    if it.data_type.len() > LONGEST_ATTRIBUTE_NAME {
        return Err(INVALID_PARAMETER_VALUE
            .with(format!("The length of message attribute type '{}' must be at most 256 bytes.", it.data_type)));
    }
    match it.data_type.split('.').next().unwrap_or_default() {
        "String" => {
            let text = it.string_value.filter(|it| !it.is_empty()).ok_or_else(|| empty(name, "String"))?;
            if !is_text(&text) {
                return Err(INVALID_PARAMETER_VALUE
                    .with(format!("Invalid non-printable characters found in the message attribute '{name}'.")));
            }
            Ok(Attribute { data_type: it.data_type, text: Some(text), bytes: None })
        }
        "Number" => {
            let text = it.string_value.filter(|it| !it.is_empty()).ok_or_else(|| empty(name, "String"))?;
            if text.parse::<f64>().is_err() {
                return Err(INVALID_PARAMETER_VALUE
                    .with(format!("Can't cast the value of message attribute '{name}' to a number.")));
            }
            Ok(Attribute { data_type: it.data_type, text: Some(text), bytes: None })
        }
        "Binary" => {
            let bytes = it.binary_value.filter(|it| !it.is_empty()).ok_or_else(|| empty(name, "Binary"))?;
            Ok(Attribute { data_type: it.data_type, text: None, bytes: Some(bytes.to_vec()) })
        }
        _ => Err(INVALID_PARAMETER_VALUE.with(format!(
            "The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
        ))),
    }
}

/// Amazon SQS message metadata in the developer guide.
fn is_attribute_name(name: &str) -> bool {
    let valid = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.');
    let lower = name.to_ascii_lowercase();
    !name.is_empty()
        && name.len() <= LONGEST_ATTRIBUTE_NAME
        && name.bytes().all(valid)
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.")
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
}

fn empty(name: &str, kind: &str) -> Error {
    INVALID_PARAMETER_VALUE
        .with(format!("The message attribute '{name}' must contain a non-empty value of type '{kind}'."))
}

/// The only system attribute that can be sent (SendMessage in the SQS API reference).
pub fn trace_header(given: BTreeMap<String, MessageSystemAttributeValue>) -> Result<Option<String>> {
    let mut trace = None;
    for (name, it) in given {
        if name != "AWSTraceHeader" {
            return Err(INVALID_PARAMETER_VALUE.with(format!("Message system attribute name '{name}' is invalid.")));
        }
        if it.data_type != "String" {
            return Err(INVALID_PARAMETER_VALUE.with(format!(
                "The message system attribute '{name}' has an invalid message system attribute type, it must be String."
            )));
        }
        let text = it.string_value.filter(|it| !it.is_empty()).ok_or_else(|| {
            INVALID_PARAMETER_VALUE.with(format!(
                "The message system attribute '{name}' must contain a non-empty message system attribute value for message system attribute type 'String'."
            ))
        })?;
        trace = Some(text);
    }
    Ok(trace)
}
