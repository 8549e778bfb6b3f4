//! Functions: what is stored of one, found, listed and shown.
//!
//! A function is ready as soon as the transaction that creates or changes it is on disk. Only the answers of these
//! operations say `Pending` and `InProgress`, as AWS does; what is read afterwards is `Active` and `Successful`.

mod check;
mod create;
mod role;
mod show;
mod update;
pub mod version;

pub use check::unsupported;
pub use create::{create, create_uploaded};
pub use role::{LAMBDA, session_for, session_name, session_of};
pub use show::{Shown, configuration, reshaped};
pub use update::{OTHER_REVISION, check_revision, update_code, update_code_uploaded, update_configuration};

use crate::name::{self, LATEST};
use crate::{alias, concurrency, event_config, package, page, permission};
use api::lambda::{
    Concurrency, DeleteFunction, DeleteFunctionOutput, FunctionCodeLocation, GetFunction, GetFunctionConfiguration,
    GetFunctionConfigurationOutput, GetFunctionOutput, ListFunctions, ListFunctionsOutput, error,
};
use kernel::Cx;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{BlobId, Span, Table};

/// Every function as it can be changed: its version $LATEST. Key: name.
pub static FUNCTIONS: Table<Function> = Table::regional("lambda.function");

/// One version of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    pub name: String,
    /// Of the function, without the version.
    pub arn: String,
    /// `$LATEST`, or the number of a published version.
    #[serde(default = "latest")]
    pub version: String,
    /// The role's ARN.
    pub role: String,
    pub runtime: String,
    pub handler: String,
    pub description: String,
    /// Seconds.
    pub timeout: i64,
    /// MB.
    pub memory: i64,
    /// Of `/tmp`, in MB.
    pub ephemeral_storage: i64,
    pub architecture: String,
    pub environment: BTreeMap<String, String>,
    pub log_group: String,
    #[serde(default)]
    pub logging: Logging,
    /// The queue that takes asynchronous events which could not be worked on. ARN.
    #[serde(default)]
    pub dead_letters: Option<String>,
    pub code: Code,
    pub tags: BTreeMap<String, String>,
    /// Changes with the code and the configuration: sandboxes of another one are of no more use.
    pub revision: String,
    /// Milliseconds since 1970.
    pub modified_at: i64,
}

fn latest() -> String {
    LATEST.to_owned()
}

/// How the log is written, and from which level on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Logging {
    #[default]
    Text,
    Json {
        application_level: String,
        system_level: String,
    },
}

/// A deployment package.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    pub blob: BlobId,
    /// Of the zip file, in bytes.
    pub size: i64,
    pub sha256: [u8; 32],
}

/// AWS gives no more functions at once.
const PAGE: usize = 50;

/// "A link to download the deployment package that's valid for 10 minutes" (GetFunction in the API reference).
const LOCATION_MS: i64 = 600_000;

pub fn get(cx: &Cx, input: GetFunction) -> Result<GetFunctionOutput> {
    let function = by_name(cx, &input.function_name, input.qualifier.as_deref())?;
    let tags = (!function.tags.is_empty()).then(|| function.tags.clone());
    let location = cx.link(function.code.blob, Timestamp(cx.now().0 + LOCATION_MS));
    let repository_type = Some("S3".to_owned());
    let code = FunctionCodeLocation { repository_type, location: Some(location), ..FunctionCodeLocation::default() };
    let reserved = concurrency::reserved(cx, &function.name);
    Ok(GetFunctionOutput {
        configuration: Some(as_named(cx, &input.function_name, input.qualifier.as_deref(), &function)),
        code: Some(code),
        tags,
        concurrency: reserved.map(|it| Concurrency { reserved_concurrent_executions: Some(it) }),
        ..GetFunctionOutput::default()
    })
}

/// An alias gives its own ARN.
fn as_named(cx: &Cx, text: &str, qualifier: Option<&str>, function: &Function) -> api::lambda::FunctionConfiguration {
    let mut out = configuration(function, Shown::Settled);
    let named = qualifier.or(name::parse(text).qualifier).filter(|it| *it != LATEST);
    out.function_arn = Some(name::with_qualifier(&name::arn(cx, text), named));
    out
}

pub fn get_configuration(cx: &Cx, input: GetFunctionConfiguration) -> Result<GetFunctionConfigurationOutput> {
    let function = by_name(cx, &input.function_name, input.qualifier.as_deref())?;
    Ok(reshaped(as_named(cx, &input.function_name, input.qualifier.as_deref(), &function)))
}

pub fn list(cx: &Cx, input: ListFunctions) -> Result<ListFunctionsOutput> {
    if let Some(region) = input.master_region.filter(|it| it != "ALL") {
        return Err(unsupported(&format!("MasterRegion {region} of ListFunctions")));
    }
    let limit = page::limit(input.max_items, PAGE);
    let after = page::after(input.marker.as_deref())?;
    let span = after.map_or(Span::all(), |it| Span::all().after(&it.as_str()));
    let mut functions = cx.range(&FUNCTIONS, span, limit + 1);
    let next_marker = page::cut(&mut functions, limit, |it| &it.name);
    if input.function_version.is_some() {
        // Its only value is ALL. The marker is a name, so the versions of one function stay on one page.
        functions = functions.into_iter().flat_map(|it| version::all_of(cx, it)).collect();
    }
    let functions = functions.iter().map(|it| configuration(it, Shown::Listed)).collect();
    Ok(ListFunctionsOutput { next_marker, functions: Some(functions) })
}

pub fn delete(cx: &mut Cx, input: DeleteFunction) -> Result<DeleteFunctionOutput> {
    let named = name::qualifier(&input.function_name, input.qualifier.as_deref())?;
    if named == Some(LATEST) {
        return Err(
            error::INVALID_PARAMETER_VALUE.with("$LATEST version cannot be deleted without deleting the function.")
        );
    }
    if named.is_some() {
        version::delete(cx, &input.function_name, named)?;
        return Ok(DeleteFunctionOutput { status_code: Some(204) });
    }
    let function = by_name(cx, &input.function_name, None)?;
    cx.delete(&FUNCTIONS, &function.name.as_str());
    package::release(cx, function.code);
    alias::forget(cx, &function.name);
    version::forget(cx, &function.name);
    permission::forget(cx, &function.name);
    concurrency::forget(cx, &function.name);
    event_config::forget(cx, &function.name);
    Ok(DeleteFunctionOutput { status_code: Some(204) })
}

/// A function for operations that versions and aliases of it do not have.
pub fn unqualified(cx: &Cx, text: &str) -> Result<Function> {
    if name::parse(text).qualifier.is_some_and(|it| it != LATEST) {
        return Err(error::INVALID_PARAMETER_VALUE
            .with("This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.")
            .field("Type", "User".to_owned()));
    }
    by_name(cx, text, None)
}

/// The version of a function that a caller names; an alias stands for its version.
pub fn by_name(cx: &Cx, text: &str, qualifier: Option<&str>) -> Result<Function> {
    let qualifier = name::qualifier(text, qualifier)?;
    let missing = || name::not_found(&name::with_qualifier(&name::arn(cx, text), qualifier));
    let latest: Function = cx.get(&FUNCTIONS, &name::parse(text).function).ok_or_else(missing)?;
    let version = match qualifier {
        None | Some(LATEST) => return Ok(latest),
        Some(it) => match alias::of(cx, &latest.name, it) {
            Some(alias) => alias.version,
            None => it.to_owned(),
        },
    };
    version::of(cx, &latest, &version).ok_or_else(missing)
}
