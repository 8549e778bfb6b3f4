//! restJson1 and restXml: members in the path, the query, headers, the status and the body.

mod read;
mod write;

pub(super) use read::{decode_request, decode_response, read_error_members};
pub(super) use write::{encode_request, encode_response, error_headers};

use crate::shape::{Location, Member, Operation, Structure, TimestampFormat};
use crate::value::Value;
use crate::wire::Part;

/// The name that a member has outside of the body.
fn name_of(member: &Member) -> &'static str {
    member.wire.name.unwrap_or(member.name)
}

fn format_in(location: Location, member: &Member) -> TimestampFormat {
    member.wire.timestamp_format.unwrap_or(match location {
        Location::Header | Location::Headers => TimestampFormat::Rfc822,
        Location::Body | Location::Uri | Location::QueryString | Location::StatusCode => TimestampFormat::Iso8601,
    })
}

fn has_body_members(structure: &Structure, part: Part) -> bool {
    structure.members.iter().any(|member| part.holds(member.location))
}

/// S3's `<LocationConstraint>eu-west-1</LocationConstraint>`: the only member is the root itself.
fn unwrapped<'a>(operation: &Operation, structure: &'a Structure) -> Option<&'a Member> {
    match &structure.members[..] {
        [only] if operation.output_wire.name == Some(name_of(only)) => Some(only),
        _ => None,
    }
}

fn member_value<'a>(value: &'a Value, member: &Member) -> Option<&'a Value> {
    let Value::Structure(members) = value else { return None };
    members.iter().find(|(name, _)| *name == member.name).map(|(_, value)| value).filter(|value| **value != Value::Null)
}
