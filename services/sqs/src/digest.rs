//! The MD5 sums that SDKs verify (Amazon SQS message metadata in the developer guide), and what tells bodies apart.

use crate::message::Attribute;
use md5::{Digest, Md5};
use sha2::Sha256;
use std::collections::BTreeMap;

pub fn of_text(text: &str) -> String {
    hex(&Md5::digest(text))
}

/// The deduplication id of a body, where its queue deduplicates by content.
pub fn of_content(body: &str) -> String {
    hex(&Sha256::digest(body))
}

/// Over the attributes in the order of their names: name, type and value, each with its length, and a byte for the kind.
pub fn of_attributes(attributes: &BTreeMap<String, Attribute>) -> String {
    let mut sum = Md5::new();
    for (name, it) in attributes {
        part(&mut sum, name.as_bytes());
        part(&mut sum, it.data_type.as_bytes());
        match (&it.text, &it.bytes) {
            (Some(text), _) => {
                sum.update([1]);
                part(&mut sum, text.as_bytes());
            }
            (None, bytes) => {
                sum.update([2]);
                part(&mut sum, bytes.as_deref().unwrap_or_default());
            }
        }
    }
    hex(&sum.finalize())
}

pub fn of_trace_header(value: &str) -> String {
    let attribute = Attribute { data_type: "String".to_owned(), text: Some(value.to_owned()), bytes: None };
    of_attributes(&BTreeMap::from([("AWSTraceHeader".to_owned(), attribute)]))
}

fn part(sum: &mut Md5, bytes: &[u8]) {
    sum.update((bytes.len() as u32).to_be_bytes());
    sum.update(bytes);
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    String::from_utf8(digits.collect()).expect("digits are text")
}
