//! Names and ARNs: what IAM is asked about, and which group an input means.
//!
//! AWS checks operations on a group against `log-group:NAME:log-stream:` with an empty stream, as its refusals say; so a
//! policy has to name the group with a trailing `:*`, except for the three operations on tags of a resource
//! (`LogGroup` in the CloudWatch Logs API reference, members `arn` and `logGroupArn`).

use api::logs::error;
use kernel::{Cx, Resources};
use model::{Error, Result};

/// A whole group; all groups of the account for the empty name.
pub fn group(cx: &Cx, name: &str) -> String {
    stream(cx, name, "")
}

pub fn stream(cx: &Cx, group: &str, stream: &str) -> String {
    cx.arn("logs", &format!("log-group:{group}:log-stream:{stream}"))
}

/// The same for operations that take a name, or an identifier: a name or an ARN.
pub fn either(cx: &Cx, name: &Option<String>, identifier: &Option<String>, of: &str) -> Result<String> {
    match (name, identifier) {
        (Some(name), None) => Ok(stream(cx, name, of)),
        (None, Some(it)) if it.starts_with("arn:") => {
            let (place, name) = parse(cx, it)?;
            Ok(format!("{place}:log-group:{name}:log-stream:{of}"))
        }
        (None, Some(name)) => Ok(stream(cx, name, of)),
        (None, None) | (Some(_), Some(_)) => Err(exactly_one()),
    }
}

/// The group's name in such an input.
pub fn name_of<'a>(cx: &Cx, name: &'a Option<String>, identifier: &'a Option<String>) -> Result<&'a str> {
    match (name, identifier) {
        (Some(name), None) => Ok(name),
        (None, Some(it)) if it.starts_with("arn:") => Ok(parse(cx, it)?.1),
        (None, Some(name)) => Ok(name),
        (None, None) | (Some(_), Some(_)) => Err(exactly_one()),
    }
}

/// A group as TagResource names it: its ARN without `:*`.
pub fn tagged(cx: &Cx, arn: &str) -> Result<String> {
    let (place, name) = parse(cx, arn)?;
    if arn.ends_with(":*") {
        return Err(invalid_arn(arn));
    }
    Ok(format!("{place}:log-group:{name}"))
}

/// The name of the group that a tagged ARN means.
pub fn tagged_name<'a>(cx: &Cx, arn: &'a str) -> Result<&'a str> {
    Ok(parse(cx, arn)?.1)
}

/// A group that a live tail follows: its ARN, without an asterisk at its end (StartLiveTail in the API reference).
pub fn followed<'a>(cx: &Cx, identifier: &'a str) -> Result<(String, &'a str)> {
    if identifier.ends_with('*') {
        return Err(invalid_arn(identifier));
    }
    let (place, name) = parse(cx, identifier)?;
    Ok((format!("{place}:log-group:{name}:log-stream:"), name))
}

pub fn all_followed(cx: &Cx, identifiers: &[String]) -> Resources {
    identifiers.iter().map(|it| followed(cx, it).map(|(arn, _)| arn)).collect::<Result<Vec<String>>>().into()
}

/// `arn:aws:logs:us-east-1:000000000000`, and the name of the group. Only groups of the request's region can be reached.
fn parse<'a>(cx: &Cx, arn: &'a str) -> Result<(&'a str, &'a str)> {
    let (place, name) = arn.split_once(":log-group:").ok_or_else(|| invalid_arn(arn))?;
    let here = format!("arn:{}:logs:{}:", cx.partition(), cx.caller().region);
    let name = name.strip_suffix(":*").unwrap_or(name);
    if !place.strip_prefix(here.as_str()).is_some_and(kernel::is_account) || name.is_empty() || name.contains(':') {
        return Err(invalid_arn(arn));
    }
    Ok((place, name))
}

fn invalid_arn(arn: &str) -> Error {
    error::INVALID_PARAMETER.with(format!("The specified ARN is not a valid log group ARN in this region: {arn}"))
}

fn exactly_one() -> Error {
    error::INVALID_PARAMETER.with("Specify either logGroupName or logGroupIdentifier, and not both.")
}
