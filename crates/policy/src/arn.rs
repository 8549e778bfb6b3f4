//! Amazon Resource Names: `arn:partition:service:region:account:resource`.
//! Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)" and "Resource".

use crate::wildcard::{MANY, ONE, ONE_WITHIN, Pattern, WITHIN};

/// How many parts an ARN has; the last may itself contain colons.
pub const PARTS: usize = 6;

/// The six parts, or `None` when there are fewer.
pub fn split(arn: &str) -> Option<[&str; PARTS]> {
    let mut parts = arn.splitn(PARTS, ':');
    let mut next = || parts.next();
    Some([next()?, next()?, next()?, next()?, next()?, next()?])
}

/// An ARN of the `ArnLike` operators: each part is matched by itself.
pub fn component_patterns(encoded: &[u8]) -> Option<[Pattern; PARTS]> {
    let parts: Vec<Pattern> =
        encoded.splitn(PARTS, |byte| *byte == b':').map(|part| Pattern::from_encoded(part.to_vec())).collect();
    parts.try_into().ok()
}

/// An ARN of the `Resource` element. "If you use the * wildcard as the last character of a resource ARN segment, it can
/// expand to match beyond the colon boundaries"; any other star before the resource part stays within its segment.
/// Missing parts at the end are any.
pub fn resource_pattern(mut encoded: Vec<u8>) -> Pattern {
    if encoded == [MANY] {
        return Pattern::from_encoded(encoded);
    }
    let mut colons = 0;
    for at in 0..encoded.len() {
        let ends_segment = matches!(encoded.get(at + 1), None | Some(b':'));
        match encoded[at] {
            b':' => colons += 1,
            MANY if colons < PARTS - 1 && !ends_segment => encoded[at] = WITHIN,
            ONE if colons < PARTS - 1 => encoded[at] = ONE_WITHIN,
            _ => {}
        }
    }
    for _ in colons..PARTS - 1 {
        encoded.extend([b':', MANY]);
    }
    Pattern::from_encoded(encoded)
}
