//! XML ↔ values, by the shape: shared by restXml, awsQuery and ec2Query.

mod read;
mod write;

pub(crate) use read::{Reader, scalar};
pub(crate) use write::{Writer, scalar_text};

use super::Names;
use crate::shape::{Kind, Member, Service};

/// The element of each item of a flattened list or map: what the reference states. Old models flatten the list's shape
/// instead of the reference; there the items' name counts too (SQS's `Message`).
pub(crate) fn flattened_name(service: &Service, names: Names, member: &Member) -> &'static str {
    let shape = service.shape(member.shape);
    let of_items = match &shape.kind {
        Kind::List { member } if shape.wire.flattened => names.of(&member.wire),
        _ => None,
    };
    names.of(&member.wire).or(of_items).unwrap_or(member.name)
}

pub(crate) fn element_name(service: &Service, names: Names, member: &Member) -> &'static str {
    if member.wire.flattened {
        return flattened_name(service, names, member);
    }
    names.of(&member.wire).unwrap_or(member.name)
}
