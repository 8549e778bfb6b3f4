//! CreateFunction.

use super::{Code, FUNCTIONS, Function, Shown, check, configuration, reshaped, role};
use crate::{environment, name, package, tag};
use api::lambda::{CreateFunction, CreateFunctionOutput, error};
use kernel::Cx;
use model::Result;
use sha2::{Digest, Sha256};

const DEFAULT_TIMEOUT: i64 = 3;
const DEFAULT_MEMORY: i64 = 128;
const DEFAULT_EPHEMERAL_STORAGE: i64 = 512;

pub fn create(cx: &mut Cx, input: CreateFunction) -> Result<CreateFunctionOutput> {
    check::creation(&input)?;
    let name = name::parse(&input.function_name).function.to_owned();
    check::name(&name)?;
    let (Some(runtime), Some(handler)) = (input.runtime, input.handler) else {
        return Err(error::INVALID_PARAMETER_VALUE
            .with("Runtime and Handler are mandatory parameters for functions created with deployment packages."));
    };
    check::runtime(&runtime)?;
    let variables = input.environment.and_then(|it| it.variables).unwrap_or_default();
    environment::check(&variables)?;
    let tags = input.tags.unwrap_or_default();
    tag::check(&tags)?;
    let zip = input.code.zip_file.ok_or_else(no_source)?;
    package::check(&zip)?;
    if cx.has(&FUNCTIONS, &name.as_str()) {
        return Err(error::RESOURCE_CONFLICT
            .with(format!("Function already exist: {name}"))
            .field("Type", "User".to_owned()));
    }
    role::check(cx, &input.role)?;
    let function = Function {
        arn: name::arn(cx, &name),
        runtime,
        handler,
        role: input.role,
        description: input.description.unwrap_or_default(),
        timeout: check::timeout(input.timeout.unwrap_or(DEFAULT_TIMEOUT))?,
        memory: check::memory(input.memory_size.unwrap_or(DEFAULT_MEMORY))?,
        ephemeral_storage: match &input.ephemeral_storage {
            Some(given) => check::ephemeral_storage(given)?,
            None => DEFAULT_EPHEMERAL_STORAGE,
        },
        architecture: check::architecture(input.architectures.as_deref())?,
        environment: variables,
        log_group: check::log_group(input.logging_config.as_ref())?.unwrap_or_else(|| default_log_group(&name)),
        code: keep(cx, &zip)?,
        tags,
        revision: cx.id(),
        modified_at: cx.now().0,
        name,
    };
    cx.put(&FUNCTIONS, &function.name.as_str(), &function);
    Ok(reshaped(configuration(&function, Shown::Created)))
}

/// Keeps a package for the row that is about to name it.
pub fn keep(cx: &mut Cx, zip: &[u8]) -> Result<Code> {
    Ok(Code { blob: cx.put_blob(zip)?, size: zip.len() as i64, sha256: Sha256::digest(zip).into() })
}

pub fn no_source() -> model::Error {
    error::INVALID_PARAMETER_VALUE.with("Please provide a source for function code.")
}

pub fn default_log_group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}
