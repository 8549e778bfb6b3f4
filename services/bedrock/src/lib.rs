//! Amazon Bedrock: the table of contents. Each line reads *who may be asked about what → who answers*.

mod foundation_model;

use kernel::Service;

pub fn service() -> Service {
    Service::new("bedrock")
        .read(|_, _: &ListFoundationModels| "*", foundation_model::list)
        .read(|cx, it: &GetFoundationModel| foundation_model::arn(cx, &it.model_identifier), foundation_model::get)
}

use api::bedrock::{GetFoundationModel, ListFoundationModels};
