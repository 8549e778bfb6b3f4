//! What the model forbids, in S3's words.

use crate::fault;
use crate::object;
use model::{Error, Result, Service, Violation, Violations};

/// Canned lists that the model leaves out for buckets or for all ("Canned ACL" in the user guide).
const MORE_LISTS: [&str; 4] = ["aws-exec-read", "bucket-owner-full-control", "bucket-owner-read", "log-delivery-write"];

/// S3 names headers and parameters as they are sent, and tells nothing of what is wrong within an XML body.
pub fn word(service: &'static Service, violations: &Violations) -> Result<()> {
    let is_list = |it: &Violation| it.path == "aCL" && MORE_LISTS.contains(&given(it));
    let Some(first) = violations.0.iter().find(|it| !is_list(it)) else { return Ok(()) };
    let member = first.path.split('.').next().unwrap_or_default();
    let sent = sent_as(service, member);
    Err(match (first.value.as_str(), first.path.as_str()) {
        (_, "createBucketConfiguration.locationConstraint") => fault::INVALID_LOCATION_CONSTRAINT
            .with("The specified location-constraint is not valid")
            .field("LocationConstraint", given(first)),
        (_, path) if path.contains('.') => fault::malformed_xml(),
        ("null", "delete" | "tagging" | "versioningConfiguration") => {
            let element = violations.missing().unwrap_or_default();
            fault::MISSING_REQUEST_BODY.with("Request Body is empty").field("Element", element)
        }
        ("null", _) => fault::INVALID_REQUEST.with(format!("Missing required parameter for this request: {sent}")),
        (_, "storageClass") => object::invalid_class(given(first)),
        (_, "checksumAlgorithm") => fault::INVALID_REQUEST.with(
            "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
        ),
        (_, "serverSideEncryption") => {
            fault::invalid_argument("The encryption method specified is not supported", sent, given(first))
        }
        _ => argument(first, sent),
    })
}

fn argument(violation: &Violation, sent: &str) -> Error {
    let sentence = match sent {
        "encoding-type" => "Invalid Encoding Method specified in Request".to_owned(),
        "x-amz-metadata-directive" => "Unknown metadata directive.".to_owned(),
        "x-amz-object-lock-mode" => "Unknown wormMode directive.".to_owned(),
        "x-amz-object-lock-legal-hold" => "Legal Hold must be either of 'ON' or 'OFF'".to_owned(),
        "max-buckets" => "Argument max-buckets must be an integer between 1 and 10000".to_owned(),
        other => format!("Invalid {other}"),
    };
    fault::invalid_argument(sentence, sent, given(violation))
}

/// Without the quotes.
fn given(violation: &Violation) -> &str {
    violation.value.trim_matches('\'')
}

/// `x-amz-acl` for `aCL`.
fn sent_as<'m>(service: &'static Service, member: &'m str) -> &'m str
where
    'static: 'm,
{
    let inputs = service.operations.values().filter_map(|it| service.structure(it.input?));
    let mut members = inputs.flat_map(|it| &it.members);
    let found = members.find(|it| it.name.eq_ignore_ascii_case(member));
    found.map_or(member, |it| it.wire.name.unwrap_or(it.name))
}
