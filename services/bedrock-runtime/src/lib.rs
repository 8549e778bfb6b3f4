//! Amazon Bedrock Runtime: the table of contents. Each line reads *who may be asked about what → who answers*.
//!
//! A request is read into a [`chat::Chat`] by the dialect of its model, answered by a [`voice::Voice`] (a server that the
//! configuration names, or the offline model), and written in the dialect again: whole, or piece by piece as it comes.

mod chat;
mod converse;
mod count;
mod dialect;
mod embedding;
mod identifier;
mod invoke;
mod offline;
mod schema;
mod server;
#[cfg(test)]
mod tests;
mod voice;

use kernel::Service;

pub fn service() -> Service {
    Service::new("bedrock-runtime")
        .iam_prefix("bedrock")
        .conversation(|cx, it: &InvokeModel| identifier::resources(cx, &it.model_id), invoke::whole)
        .headers(invoke::headers)
        .stream(|cx, it: &InvokeModelWithResponseStream| identifier::resources(cx, &it.model_id), invoke::streamed)
        // The permissions that Converse asks for (Converse and ConverseStream in the API reference).
        .conversation(|cx, it: &Converse| identifier::resources(cx, &it.model_id), converse::whole)
        .checked_as("bedrock:InvokeModel")
        .stream(|cx, it: &ConverseStream| identifier::resources(cx, &it.model_id), converse::streamed)
        .checked_as("bedrock:InvokeModelWithResponseStream")
        .read(|cx, it: &CountTokens| identifier::resources(cx, &it.model_id), count::count)
}

use api::bedrock_runtime::{Converse, ConverseStream, CountTokens, InvokeModel, InvokeModelWithResponseStream};
