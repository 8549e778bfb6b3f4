//! A version of a function as the API shows it.

use super::{Function, Logging};
use crate::name::{self, LATEST};
use crate::time;
use api::lambda::{
    DeadLetterConfig, EnvironmentResponse, EphemeralStorage, FunctionConfiguration, LoggingConfig, SnapStartResponse,
    TracingConfigResponse,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::Timestamp;
use model::typed::Typed;

/// What an answer says of the function's progress.
pub enum Shown {
    Created,
    Updated,
    Settled,
    /// Lists say nothing of it (ListFunctions in the API reference).
    Listed,
}

pub fn configuration(it: &Function, shown: Shown) -> FunctionConfiguration {
    let text = |it: &str| Some(it.to_owned());
    let mut out = FunctionConfiguration {
        function_name: text(&it.name),
        function_arn: Some(it.qualified_arn()),
        runtime: text(&it.runtime),
        role: text(&it.role),
        handler: text(&it.handler),
        code_size: Some(it.code.size),
        description: text(&it.description),
        timeout: Some(it.timeout),
        memory_size: Some(it.memory),
        last_modified: Some(time::modified(Timestamp(it.modified_at))),
        code_sha256: Some(BASE64.encode(it.code.sha256)),
        version: text(&it.version),
        environment: (!it.environment.is_empty())
            .then(|| EnvironmentResponse { variables: Some(it.environment.clone()), error: None }),
        tracing_config: Some(TracingConfigResponse { mode: text("PassThrough") }),
        revision_id: text(&it.revision),
        package_type: text("Zip"),
        architectures: Some(vec![it.architecture.clone()]),
        ephemeral_storage: Some(EphemeralStorage { size: it.ephemeral_storage }),
        snap_start: Some(SnapStartResponse { apply_on: text("None"), optimization_status: text("Off") }),
        logging_config: Some(logging(it)),
        dead_letter_config: it.dead_letters.as_ref().map(|it| DeadLetterConfig { target_arn: Some(it.clone()) }),
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

fn logging(it: &Function) -> LoggingConfig {
    let log_group = Some(it.log_group.clone());
    match &it.logging {
        Logging::Text => LoggingConfig { log_format: Some("Text".to_owned()), log_group, ..LoggingConfig::default() },
        Logging::Json { application_level, system_level } => LoggingConfig {
            log_format: Some("JSON".to_owned()),
            application_log_level: Some(application_level.clone()),
            system_log_level: Some(system_level.clone()),
            log_group,
        },
    }
}

impl Function {
    /// With the number of a published version; the version that can be changed goes without.
    pub fn qualified_arn(&self) -> String {
        name::with_qualifier(&self.arn, Some(self.version.as_str()).filter(|it| *it != LATEST))
    }
}

/// One shape as another that has the same members: the model names the same configuration five times.
pub fn reshaped<T: Typed>(it: impl Typed) -> T {
    T::from_value(it.into_value())
}
