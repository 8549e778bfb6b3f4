//! Amazon Bedrock Runtime: the table of contents. Each line reads *who may be asked about what → who answers*.

mod identifier;
mod invoke;
mod offline;
mod schema;
#[cfg(test)]
mod tests;
mod titan;

use kernel::Service;

pub fn service() -> Service {
    Service::new("bedrock-runtime")
        .iam_prefix("bedrock")
        .read(|cx, it: &InvokeModel| identifier::arn(cx, &it.model_id), invoke::invoke)
        .headers(invoke::headers)
}

use api::bedrock_runtime::InvokeModel;
