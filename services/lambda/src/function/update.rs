//! UpdateFunctionCode and UpdateFunctionConfiguration.

use super::{FUNCTIONS, Function, Shown, by_name, check, configuration, create, reshaped, role};
use crate::{environment, package};
use api::lambda::{
    UpdateFunctionCode, UpdateFunctionCodeOutput, UpdateFunctionConfiguration, UpdateFunctionConfigurationOutput, error,
};
use kernel::Cx;
use model::Result;

pub fn update_code(cx: &mut Cx, input: UpdateFunctionCode) -> Result<UpdateFunctionCodeOutput> {
    check::code(&input)?;
    let mut function = by_name(cx, &input.function_name, None)?;
    check_revision(&function, input.revision_id.as_deref())?;
    let zip = input.zip_file.ok_or_else(create::no_source)?;
    package::check(&zip)?;
    if let Some(given) = input.architectures.as_deref() {
        function.architecture = check::architecture(Some(given))?;
    }
    if input.dry_run == Some(true) {
        return Ok(reshaped(configuration(&function, Shown::Settled)));
    }
    cx.release_blob(function.code.blob);
    function.code = create::keep(cx, &zip)?;
    Ok(reshaped(configuration(&changed(cx, function), Shown::Updated)))
}

pub fn update_configuration(
    cx: &mut Cx,
    input: UpdateFunctionConfiguration,
) -> Result<UpdateFunctionConfigurationOutput> {
    check::configuration(&input)?;
    let mut function = by_name(cx, &input.function_name, None)?;
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
    if let Some(group) = check::log_group(input.logging_config.as_ref())? {
        function.log_group = group;
    }
    function.handler = input.handler.unwrap_or(function.handler);
    function.description = input.description.unwrap_or(function.description);
    Ok(reshaped(configuration(&changed(cx, function), Shown::Updated)))
}

fn check_revision(function: &Function, given: Option<&str>) -> Result<()> {
    if given.is_some_and(|it| it != function.revision) {
        return Err(error::PRECONDITION_FAILED.with(
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        ));
    }
    Ok(())
}

fn changed(cx: &mut Cx, mut function: Function) -> Function {
    function.revision = cx.id();
    function.modified_at = cx.now().0;
    cx.put(&FUNCTIONS, &function.name.as_str(), &function);
    function
}
