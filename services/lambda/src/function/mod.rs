//! Functions: what is stored of one, found, listed and shown.
//!
//! A function is ready as soon as the transaction that creates or changes it is on disk. Only the answers of these
//! operations say `Pending` and `InProgress`, as AWS does; what is read afterwards is `Active` and `Successful`.

mod check;
mod create;
mod role;
mod update;

pub use check::unsupported;
pub use create::create;
pub use role::{LAMBDA, session_name, session_of};
pub use update::{update_code, update_configuration};

use crate::name::{self, LATEST};
use crate::{page, time};
use api::lambda::{
    DeleteFunction, DeleteFunctionOutput, EnvironmentResponse, EphemeralStorage, FunctionCodeLocation,
    FunctionConfiguration, GetFunction, GetFunctionConfiguration, GetFunctionConfigurationOutput, GetFunctionOutput,
    ListFunctions, ListFunctionsOutput, LoggingConfig, SnapStartResponse, TracingConfigResponse, error,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::Cx;
use model::typed::Typed;
use model::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{BlobId, Span, Table};

/// Every function. Key: name.
pub static FUNCTIONS: Table<Function> = Table::regional("lambda.function");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Function {
    pub name: String,
    pub arn: String,
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
    pub code: Code,
    pub tags: BTreeMap<String, String>,
    /// Changes with the code and the configuration: sandboxes of another one are of no more use.
    pub revision: String,
    /// Milliseconds since 1970.
    pub modified_at: i64,
}

/// A deployment package.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Code {
    pub blob: BlobId,
    /// Of the zip file, in bytes.
    pub size: i64,
    pub sha256: [u8; 32],
}

/// What an answer says of the function's progress.
pub enum Shown {
    Created,
    Updated,
    Settled,
    /// Lists say nothing of it (ListFunctions in the API reference).
    Listed,
}

/// AWS gives no more functions at once.
const PAGE: usize = 50;

pub fn get(cx: &Cx, input: GetFunction) -> Result<GetFunctionOutput> {
    let function = by_name(cx, &input.function_name, input.qualifier.as_deref())?;
    let tags = (!function.tags.is_empty()).then(|| function.tags.clone());
    // No Location: there is no address yet from which the package could be downloaded.
    let code = FunctionCodeLocation { repository_type: Some("S3".to_owned()), ..FunctionCodeLocation::default() };
    Ok(GetFunctionOutput {
        configuration: Some(configuration(&function, Shown::Settled)),
        code: Some(code),
        tags,
        ..GetFunctionOutput::default()
    })
}

pub fn get_configuration(cx: &Cx, input: GetFunctionConfiguration) -> Result<GetFunctionConfigurationOutput> {
    let function = by_name(cx, &input.function_name, input.qualifier.as_deref())?;
    Ok(reshaped(configuration(&function, Shown::Settled)))
}

pub fn list(cx: &Cx, input: ListFunctions) -> Result<ListFunctionsOutput> {
    if let Some(region) = input.master_region.filter(|it| it != "ALL") {
        return Err(unsupported(&format!("MasterRegion {region} of ListFunctions")));
    }
    let limit = page::limit(input.max_items, PAGE);
    let mut span = Span::all();
    if let Some(name) = page::after(input.marker.as_deref())? {
        span = span.after(&name.as_str());
    }
    let mut functions = cx.range(&FUNCTIONS, span, limit + 1);
    let next_marker = page::cut(&mut functions, limit, |it| &it.name);
    let functions = functions.iter().map(|it| configuration(it, Shown::Listed)).collect();
    Ok(ListFunctionsOutput { next_marker, functions: Some(functions) })
}

pub fn delete(cx: &mut Cx, input: DeleteFunction) -> Result<DeleteFunctionOutput> {
    let named = input.qualifier.as_deref().or(name::parse(&input.function_name).qualifier);
    if named == Some(LATEST) {
        return Err(
            error::INVALID_PARAMETER_VALUE.with("$LATEST version cannot be deleted without deleting the function.")
        );
    }
    let function = by_name(cx, &input.function_name, input.qualifier.as_deref())?;
    cx.delete(&FUNCTIONS, &function.name.as_str());
    cx.release_blob(function.code.blob);
    Ok(DeleteFunctionOutput { status_code: Some(204) })
}

/// The function that a caller names.
pub fn by_name(cx: &Cx, text: &str, qualifier: Option<&str>) -> Result<Function> {
    let found = cx.get(&FUNCTIONS, &name::latest(cx, text, qualifier)?);
    found.ok_or_else(|| {
        let arn = name::arn(cx, text);
        let qualifier = qualifier.or(name::parse(text).qualifier);
        name::not_found(&qualifier.map_or(arn.clone(), |it| format!("{arn}:{it}")))
    })
}

/// A function as the API shows it.
pub fn configuration(it: &Function, shown: Shown) -> FunctionConfiguration {
    let text = |it: &str| Some(it.to_owned());
    let mut out = FunctionConfiguration {
        function_name: text(&it.name),
        function_arn: text(&it.arn),
        runtime: text(&it.runtime),
        role: text(&it.role),
        handler: text(&it.handler),
        code_size: Some(it.code.size),
        description: text(&it.description),
        timeout: Some(it.timeout),
        memory_size: Some(it.memory),
        last_modified: Some(time::modified(Timestamp(it.modified_at))),
        code_sha256: Some(BASE64.encode(it.code.sha256)),
        version: text(LATEST),
        environment: (!it.environment.is_empty())
            .then(|| EnvironmentResponse { variables: Some(it.environment.clone()), error: None }),
        tracing_config: Some(TracingConfigResponse { mode: text("PassThrough") }),
        revision_id: text(&it.revision),
        package_type: text("Zip"),
        architectures: Some(vec![it.architecture.clone()]),
        ephemeral_storage: Some(EphemeralStorage { size: it.ephemeral_storage }),
        snap_start: Some(SnapStartResponse { apply_on: text("None"), optimization_status: text("Off") }),
        logging_config: Some(LoggingConfig {
            log_format: text("Text"),
            log_group: text(&it.log_group),
            ..LoggingConfig::default()
        }),
        ..FunctionConfiguration::default()
    };
    match shown {
        Shown::Created => {
            out.state = text("Pending");
            out.state_reason = text("The function is being created.");
            out.state_reason_code = text("Creating");
        }
        Shown::Updated => {
            out.state = text("Active");
            out.last_update_status = text("InProgress");
            out.last_update_status_reason = text("The function is being created.");
            out.last_update_status_reason_code = text("Creating");
        }
        Shown::Settled => {
            out.state = text("Active");
            out.last_update_status = text("Successful");
        }
        Shown::Listed => {}
    }
    out
}

/// One shape as another that has the same members: the model names the same configuration five times.
pub fn reshaped<T: Typed>(it: impl Typed) -> T {
    T::from_value(it.into_value())
}
