//! UpdateFunctionCode and UpdateFunctionConfiguration.

use super::{FUNCTIONS, Function, Shown, check, configuration, reshaped, role, unqualified, version};
use crate::environment;
use crate::package::{self, Package};
use crate::source::Source;
use api::lambda::{
    UpdateFunctionCode, UpdateFunctionCodeOutput, UpdateFunctionConfiguration, UpdateFunctionConfigurationOutput, error,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::{Cloud, Cx};
use model::Result;

/// Within a transaction: as CloudFormation updates functions.
pub fn update_code(cx: &mut Cx, mut input: UpdateFunctionCode) -> Result<UpdateFunctionCodeOutput> {
    check::code(&input)?;
    let package = Source::of_update(&mut input).fetch_within(cx)?;
    update_from(cx, input, package)
}

/// An upload: unpacked, hashed and written while others use the store.
pub async fn update_code_uploaded(cloud: Cloud, mut input: UpdateFunctionCode) -> Result<UpdateFunctionCodeOutput> {
    check::code(&input)?;
    let package = Source::of_update(&mut input).fetch(&cloud).await?;
    cloud.write(move |cx| update_from(cx, input, package)).await
}

fn update_from(cx: &mut Cx, input: UpdateFunctionCode, package: Package) -> Result<UpdateFunctionCodeOutput> {
    let mut function = unqualified(cx, &input.function_name)?;
    check_revision(&function, input.revision_id.as_deref())?;
    if let Some(given) = input.architectures.as_deref() {
        function.architecture = check::architecture(Some(given))?;
    }
    if input.dry_run == Some(true) {
        let mut shown = configuration(&function, Shown::Settled);
        shown.code_sha256 = Some(BASE64.encode(package.sha256()));
        return Ok(reshaped(shown));
    }
    package::release(cx, function.code);
    function.code = package.keep(cx)?;
    let function = changed(cx, function);
    if input.publish == Some(true) {
        let published = version::publish_now(cx, &function, None)?;
        return Ok(reshaped(configuration(&published, Shown::Updated)));
    }
    Ok(reshaped(configuration(&function, Shown::Updated)))
}

pub fn update_configuration(
    cx: &mut Cx,
    input: UpdateFunctionConfiguration,
) -> Result<UpdateFunctionConfigurationOutput> {
    check::configuration(&input)?;
    let mut function = unqualified(cx, &input.function_name)?;
    check_revision(&function, input.revision_id.as_deref())?;
    if let Some(runtime) = input.runtime {
        check::runtime(&runtime)?;
        function.runtime = runtime;
    }
    if let Some(variables) = input.environment.map(|it| it.variables.unwrap_or_default()) {
        environment::check(&variables)?;
        function.environment = variables;
    }
    if let Some(arn) = input.role {
        role::check(cx, &arn)?;
        function.role = arn;
    }
    if let Some(seconds) = input.timeout {
        function.timeout = check::timeout(seconds)?;
    }
    if let Some(mb) = input.memory_size {
        function.memory = check::memory(mb)?;
    }
    if let Some(given) = &input.ephemeral_storage {
        function.ephemeral_storage = check::ephemeral_storage(given)?;
    }
    if let Some(given) = &input.logging_config {
        function.log_group = check::log_group(Some(given)).unwrap_or(function.log_group);
        function.logging = check::logging(Some(given), &function.logging)?;
    }
    if let Some(given) = &input.dead_letter_config {
        function.dead_letters = check::dead_letters(cx, &function, Some(given))?;
    }
    function.handler = input.handler.unwrap_or(function.handler);
    function.description = input.description.unwrap_or(function.description);
    Ok(reshaped(configuration(&changed(cx, function), Shown::Updated)))
}

pub const OTHER_REVISION: &str = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id";

pub fn check_revision(function: &Function, given: Option<&str>) -> Result<()> {
    if given.is_some_and(|it| it != function.revision) {
        return Err(error::PRECONDITION_FAILED.with(OTHER_REVISION).field("Type", "User".to_owned()));
    }
    Ok(())
}

fn changed(cx: &mut Cx, mut function: Function) -> Function {
    function.revision = cx.id();
    function.modified_at = cx.now().0;
    cx.put(&FUNCTIONS, &function.name.as_str(), &function);
    function
}
