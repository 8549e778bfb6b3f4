//! Model identifiers: which model an input means, and what IAM is asked about.

use api::bedrock_runtime::error;
use foundation::{Model, Throughput};
use kernel::{Cx, Resources};
use model::{Error, Result};

/// What the identifiers of inference profiles across regions put before a model's.
const PROFILES: [&str; 8] = ["us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "ca.", "global."];

const FOUNDATION_MODEL: &str = "foundation-model/";
const INFERENCE_PROFILE: &str = "inference-profile/";

/// What an identifier says, before it is known whether there is such a thing.
#[derive(Debug, PartialEq, Eq)]
enum Said<'a> {
    Model(&'a str),
    /// The profile's id, and the id of its model.
    Profile(&'a str, &'a str),
    /// Something that Niebla lacks.
    Other(&'a str),
}

/// A model without an ARN is a foundation model of the request's region. Whoever calls by way of an inference profile
/// needs to be allowed both (Prerequisites for inference profiles, in the user guide).
pub fn resources(cx: &Cx, identifier: &str) -> Resources {
    named(cx, identifier).into()
}

fn named(cx: &Cx, identifier: &str) -> Result<Vec<String>> {
    let (partition, region) = (cx.partition(), &cx.caller().region);
    let model = |id: &str| format!("arn:{partition}:bedrock:{region}::{FOUNDATION_MODEL}{id}");
    Ok(match parse(region, identifier)? {
        Said::Model(id) => vec![model(id)],
        Said::Profile(profile, id) => {
            vec![format!("arn:{partition}:bedrock:{region}:{}:{INFERENCE_PROFILE}{profile}", cx.account()), model(id)]
        }
        Said::Other(arn) => vec![arn.to_owned()],
    })
}

pub fn find(region: &str, identifier: &str) -> Result<&'static Model> {
    match parse(region, identifier)? {
        Said::Model(id) => {
            let model = foundation::find(id).ok_or_else(invalid)?;
            if model.throughput == Throughput::Profile {
                return Err(error::VALIDATION.with(format!(
                    "Invocation of model ID {id} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
                )));
            }
            Ok(model)
        }
        Said::Profile(_, id) => {
            foundation::find(id).filter(|it| it.throughput != Throughput::OnDemand).ok_or_else(invalid)
        }
        Said::Other(arn) => Err(lacking(&format!("the resource {arn}"))),
    }
}

/// What Niebla lacks is named, not ignored.
pub fn lacking(what: &str) -> Error {
    error::VALIDATION.with(format!("Niebla does not support {what} of Bedrock yet."))
}

fn parse<'a>(region: &str, identifier: &'a str) -> Result<Said<'a>> {
    if !identifier.starts_with("arn:") {
        return Ok(of_id(identifier));
    }
    let parts: Vec<&str> = identifier.splitn(6, ':').collect();
    let [_, _, "bedrock", place, account, resource] = parts[..] else { return Ok(Said::Other(identifier)) };
    if place != region {
        return Err(invalid());
    }
    match (account, resource.strip_prefix(FOUNDATION_MODEL), resource.strip_prefix(INFERENCE_PROFILE)) {
        ("", Some(id), _) => Ok(Said::Model(id)),
        (_, _, Some(profile)) => match of_id(profile) {
            Said::Profile(profile, id) => Ok(Said::Profile(profile, id)),
            Said::Model(_) | Said::Other(_) => Ok(Said::Other(identifier)),
        },
        _ => Ok(Said::Other(identifier)),
    }
}

fn of_id(id: &str) -> Said<'_> {
    let model = PROFILES.iter().find_map(|prefix| id.strip_prefix(prefix));
    model.map_or(Said::Model(id), |model| Said::Profile(id, model))
}

fn invalid() -> Error {
    error::VALIDATION.with("The provided model identifier is invalid.")
}
