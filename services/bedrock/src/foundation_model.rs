//! Foundation models: what there is to be invoked.

use api::bedrock::{
    FoundationModelDetails, FoundationModelLifecycle, FoundationModelSummary, GetFoundationModel,
    GetFoundationModelOutput, ListFoundationModels, ListFoundationModelsOutput, error,
};
use foundation::{MODELS, Modality, Model};
use kernel::Cx;
use model::Result;

pub fn list(cx: &Cx, input: ListFoundationModels) -> Result<ListFoundationModelsOutput> {
    let is = |wanted: &Option<String>, names: &[&str]| wanted.as_ref().is_none_or(|it| names.contains(&it.as_str()));
    let listed = MODELS.iter().filter(|it| {
        input.by_provider.as_ref().is_none_or(|wanted| it.provider.eq_ignore_ascii_case(wanted))
            && is(&input.by_customization_type, it.customizations)
            && is(&input.by_output_modality, &names(it.output))
            && is(&input.by_inference_type, it.throughput.names())
    });
    Ok(ListFoundationModelsOutput { model_summaries: Some(listed.map(|it| summary(cx, it)).collect()) })
}

pub fn get(cx: &Cx, input: GetFoundationModel) -> Result<GetFoundationModelOutput> {
    let identifier = input.model_identifier.as_str();
    let here = format!("arn:{}:bedrock:{}::foundation-model/", cx.partition(), cx.caller().region);
    let id = identifier.strip_prefix(here.as_str()).unwrap_or(identifier);
    let Some(model) = foundation::find(id) else {
        return Err(error::RESOURCE_NOT_FOUND
            .with("Could not resolve the foundation model from the provided model identifier."));
    };
    Ok(GetFoundationModelOutput { model_details: Some(details(cx, model)) })
}

/// Of the model that an identifier means: an id, or an ARN already.
pub fn arn(cx: &Cx, identifier: &str) -> String {
    if identifier.starts_with("arn:") {
        return identifier.to_owned();
    }
    format!("arn:{}:bedrock:{}::foundation-model/{identifier}", cx.partition(), cx.caller().region)
}

fn summary(cx: &Cx, model: &Model) -> FoundationModelSummary {
    let it = details(cx, model);
    FoundationModelSummary {
        model_arn: it.model_arn,
        model_id: it.model_id,
        model_name: it.model_name,
        provider_name: it.provider_name,
        input_modalities: it.input_modalities,
        output_modalities: it.output_modalities,
        response_streaming_supported: it.response_streaming_supported,
        customizations_supported: it.customizations_supported,
        inference_types_supported: it.inference_types_supported,
        model_lifecycle: it.model_lifecycle,
    }
}

fn details(cx: &Cx, model: &Model) -> FoundationModelDetails {
    let list = |names: &[&str]| Some(names.iter().map(|it| (*it).to_owned()).collect());
    let status = if model.legacy { "LEGACY" } else { "ACTIVE" }.to_owned();
    FoundationModelDetails {
        model_arn: arn(cx, model.id),
        model_id: model.id.to_owned(),
        model_name: Some(model.name.to_owned()),
        provider_name: Some(model.provider.to_owned()),
        input_modalities: list(&names(model.input)),
        output_modalities: list(&names(model.output)),
        response_streaming_supported: model.streaming,
        customizations_supported: list(model.customizations),
        inference_types_supported: list(model.throughput.names()),
        model_lifecycle: Some(FoundationModelLifecycle { status, ..FoundationModelLifecycle::default() }),
    }
}

fn names(modalities: &[Modality]) -> Vec<&'static str> {
    modalities.iter().map(|it| it.name()).collect()
}

#[cfg(test)]
mod tests {
    fn check(script: &str) {
        sim::check(|| vec![crate::service()], script);
    }

    #[test]
    fn every_filter_of_a_list_counts() {
        check(
            r#"
            bedrock list-foundation-models byProvider=AI21* => error ValidationException *byProvider*
            bedrock list-foundation-models byProvider="AI21 Labs" => modelSummaries[1].modelId=ai21.jamba-1-5-mini-v1:0 modelSummaries[2]=absent
            bedrock list-foundation-models byProvider=amazon byOutputModality=EMBEDDING => modelSummaries[0].modelId=amazon.titan-embed-image-v1 modelSummaries[1].modelId=amazon.titan-embed-text-v1 modelSummaries[2].modelId=amazon.titan-embed-text-v2:0 modelSummaries[3]=absent
            bedrock list-foundation-models byCustomizationType=FINE_TUNING => modelSummaries[0].modelId=amazon.titan-image-generator-v2:0 modelSummaries[1]=absent
            bedrock list-foundation-models byProvider=Meta byInferenceType=ON_DEMAND => modelSummaries[0].modelId=meta.llama3-1-405b-instruct-v1:0
            bedrock list-foundation-models byInferenceType=PROVISIONED => modelSummaries=[]
            bedrock list-foundation-models byOutputModality=SMELL => error ValidationException *byOutputModality*
        "#,
        );
    }

    #[test]
    fn one_model_by_its_id_or_its_arn() {
        check(
            r#"
            bedrock get-foundation-model modelIdentifier=amazon.titan-embed-text-v2:0 => modelDetails.modelArn=$arn modelDetails.modelName="Titan Text Embeddings V2" modelDetails.outputModalities=["EMBEDDING"] modelDetails.modelLifecycle.status=ACTIVE modelDetails.responseStreamingSupported=absent
            bedrock get-foundation-model modelIdentifier=$arn => modelDetails.modelId=amazon.titan-embed-text-v2:0
            bedrock get-foundation-model modelIdentifier=anthropic.claude-haiku-4-5-20251001-v1:0 => modelDetails.inferenceTypesSupported=["INFERENCE_PROFILE"] modelDetails.responseStreamingSupported=true
            bedrock get-foundation-model modelIdentifier=amazon.titan-text-lite-v1 => modelDetails.modelLifecycle.status=LEGACY
            bedrock get-foundation-model modelIdentifier=amazon.no-such-model-v1 => error ResourceNotFoundException Could not resolve the foundation model*
            bedrock get-foundation-model modelIdentifier=arn:aws:bedrock:eu-west-1::foundation-model/amazon.titan-text-lite-v1 => error ResourceNotFoundException
            bedrock get-foundation-model modelIdentifier=x => error ValidationException *modelIdentifier*
        "#,
        );
    }
}
