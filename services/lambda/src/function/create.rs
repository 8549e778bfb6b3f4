//! CreateFunction.

use super::{FUNCTIONS, Function, Shown, check, configuration, reshaped, role, version};
use crate::package::Package;
use crate::source::Source;
use crate::{environment, name, tag};
use api::lambda::{CreateFunction, CreateFunctionOutput, error};
use kernel::{Cloud, Cx};
use model::Result;

const DEFAULT_TIMEOUT: i64 = 3;
const DEFAULT_MEMORY: i64 = 128;
const DEFAULT_EPHEMERAL_STORAGE: i64 = 512;

/// Within a transaction: as CloudFormation creates functions.
pub fn create(cx: &mut Cx, mut input: CreateFunction) -> Result<CreateFunctionOutput> {
    check::creation(&input)?;
    let package = Source::of_creation(&mut input.code).fetch_within(cx)?;
    create_from(cx, input, package)
}

/// An upload: unpacked, hashed and written while others use the store.
pub async fn create_uploaded(cloud: Cloud, mut input: CreateFunction) -> Result<CreateFunctionOutput> {
    check::creation(&input)?;
    let package = Source::of_creation(&mut input.code).fetch(&cloud).await?;
    cloud.write(move |cx| create_from(cx, input, package)).await
}

fn create_from(cx: &mut Cx, input: CreateFunction, package: Package) -> Result<CreateFunctionOutput> {
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
    if cx.has(&FUNCTIONS, &name.as_str()) {
        return Err(error::RESOURCE_CONFLICT
            .with(format!("Function already exist: {name}"))
            .field("Type", "User".to_owned()));
    }
    role::check(cx, &input.role)?;
    let logging = input.logging_config.as_ref();
    let mut function = Function {
        arn: name::arn(cx, &name),
        version: name::LATEST.to_owned(),
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
        log_group: check::log_group(logging).unwrap_or_else(|| default_log_group(&name)),
        logging: check::logging(logging, &super::Logging::Text)?,
        dead_letters: None,
        code: package.keep(cx)?,
        tags,
        revision: cx.id(),
        modified_at: cx.now().0,
        name,
    };
    function.dead_letters = check::dead_letters(cx, &function, input.dead_letter_config.as_ref())?;
    cx.put(&FUNCTIONS, &function.name.as_str(), &function);
    if input.publish == Some(true) {
        let published = version::publish_now(cx, &function, None)?;
        return Ok(reshaped(configuration(&published, Shown::Created)));
    }
    Ok(reshaped(configuration(&function, Shown::Created)))
}

pub fn default_log_group(name: &str) -> String {
    format!("/aws/lambda/{name}")
}
