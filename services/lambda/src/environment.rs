//! The variables that a function's owner sets: which names and how much Lambda takes.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use api::lambda::error;
use model::Result;
use std::collections::BTreeMap;

/// Names and values together, as JSON.
const MOST_BYTES: usize = 4096;

/// Set by Lambda, and not to be changed.
const RESERVED: [&str; 18] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
];

pub fn check(variables: &BTreeMap<String, String>) -> Result<()> {
    let reserved: Vec<&str> =
        variables.keys().map(String::as_str).filter(|it| RESERVED.contains(it) || *it == "_X_AMZN_TRACE_ID").collect();
    if !reserved.is_empty() {
        return Err(error::INVALID_PARAMETER_VALUE.with(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    let text = serde_json::to_string(variables).expect("texts are JSON");
    if text.len() > MOST_BYTES {
        return Err(error::INVALID_PARAMETER_VALUE.with(format!(
            "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {text}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_and_more_than_4_kb_are_refused() {
        let of = |pairs: &[(&str, String)]| {
            check(&pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
        };
        assert!(of(&[("COLOUR", "grey".to_owned()), ("PATH", "/x".to_owned())]).is_ok());
        let error = of(&[("AWS_REGION", "x".to_owned()), ("_HANDLER", "y".to_owned())]).unwrap_err();
        assert!(error.message().ends_with("Reserved keys used in this request: AWS_REGION, _HANDLER"), "{error}");
        assert!(of(&[("LONG", "x".repeat(4096 - r#"{"LONG":""}"#.len()))]).is_ok());
        let error = of(&[("LONG", "x".repeat(4096))]).unwrap_err();
        assert!(error.message().contains("exceeded the 4KB limit. String measured: {\"LONG\":"), "{error}");
    }
}
