//! `AWS::Lambda::EventInvokeConfig`.

use super::{identity, number, text};
use api::lambda::{
    DeleteFunctionEventInvokeConfig, DestinationConfig, GetFunctionEventInvokeConfig, OnFailure, OnSuccess,
    PutFunctionEventInvokeConfig,
};
use kernel::Cx;
use kernel::resource::{Change, Existing, New, Progress, Properties, ResourceType, properties_of};
use model::Result;

pub static EVENT_INVOKE_CONFIG: ResourceType = ResourceType {
    name: "AWS::Lambda::EventInvokeConfig",
    properties: &["DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier"],
    create,
    update,
    delete,
    attributes: |_, _| Ok(Properties::new()),
    read: Some(read),
};

fn create(cx: &mut Cx, new: &New) -> Result<Progress> {
    put(cx, &new.properties)?;
    Ok(Progress::Done { physical_id: new.generated_name.clone() })
}

fn update(cx: &mut Cx, change: &Change) -> Result<Progress> {
    put(cx, &change.after)?;
    Ok(Progress::Done { physical_id: change.physical_id.clone() })
}

fn read(cx: &mut Cx, existing: &Existing) -> Result<Properties> {
    let it = &existing.properties;
    let (function_name, qualifier) = (text(it, "FunctionName").unwrap_or_default(), text(it, "Qualifier"));
    let output = cx.call(GetFunctionEventInvokeConfig { function_name, qualifier })?;
    let names = ["DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"];
    let mut properties = properties_of(output, &names);
    properties.extend(identity(existing, &["FunctionName", "Qualifier"]));
    Ok(properties)
}

fn put(cx: &mut Cx, it: &Properties) -> Result<()> {
    let destination = |name: &str| {
        let given = it.get("DestinationConfig")?.get(name)?.get("Destination")?;
        given.as_str().map(str::to_owned)
    };
    cx.call(PutFunctionEventInvokeConfig {
        function_name: text(it, "FunctionName").unwrap_or_default(),
        qualifier: text(it, "Qualifier"),
        maximum_retry_attempts: number(it, "MaximumRetryAttempts"),
        maximum_event_age_in_seconds: number(it, "MaximumEventAgeInSeconds"),
        destination_config: it.contains_key("DestinationConfig").then(|| DestinationConfig {
            on_success: Some(OnSuccess { destination: destination("OnSuccess") }),
            on_failure: Some(OnFailure { destination: destination("OnFailure") }),
        }),
    })?;
    Ok(())
}

fn delete(cx: &mut Cx, existing: &Existing) -> Result<Progress> {
    let it = &existing.properties;
    let (function_name, qualifier) = (text(it, "FunctionName").unwrap_or_default(), text(it, "Qualifier"));
    cx.call(DeleteFunctionEventInvokeConfig { function_name, qualifier })?;
    Ok(Progress::Done { physical_id: existing.physical_id.clone() })
}
