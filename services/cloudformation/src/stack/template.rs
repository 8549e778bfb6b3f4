//! GetTemplate, GetTemplateSummary and ValidateTemplate.

use super::named;
use super::request::{self, body};
use crate::admission;
use crate::change_set;
use crate::schema;
use crate::template::parameter::Declaration;
use crate::template::{Template, invalid, parse, parse_processed, unsupported};
use api::cloudformation::{
    GetTemplate, GetTemplateOutput, GetTemplateSummary, GetTemplateSummaryOutput, ParameterConstraints,
    ParameterDeclaration, ResourceIdentifierSummary, TemplateParameter, ValidateTemplate, ValidateTemplateOutput,
};
use kernel::Cx;
use model::Result;
use std::collections::BTreeMap;

/// What was sent, or what transforms made of it: the latter where nothing else is asked for.
pub fn get(cx: &Cx, input: GetTemplate) -> Result<GetTemplateOutput> {
    let definition = match (&input.change_set_name, &input.stack_name) {
        (Some(name), stack) => change_set::named(cx, name, stack.as_deref())?.definition,
        (None, Some(name)) => named(cx, name)?.definition,
        (None, None) => return Err(invalid("StackName is required if ChangeSetName is not specified.")),
    };
    let text = match input.template_stage.as_deref() {
        Some("Original") => definition.template,
        _ => definition.processed.unwrap_or(definition.template),
    };
    let stages = vec!["Original".to_owned(), "Processed".to_owned()];
    Ok(GetTemplateOutput { template_body: Some(text), stages_available: Some(stages) })
}

pub fn validate(cx: &mut Cx, input: ValidateTemplate) -> Result<ValidateTemplateOutput> {
    let template = parse(&body(cx, input.template_body, input.template_url.as_deref(), None)?)?;
    let (capabilities, capabilities_reason) = capabilities(&template);
    let declared_transforms = transforms(&template);
    Ok(ValidateTemplateOutput {
        parameters: Some(template.parameters.iter().map(parameter).collect()),
        description: template.description,
        capabilities,
        capabilities_reason,
        declared_transforms,
    })
}

pub fn summarize(cx: &mut Cx, input: GetTemplateSummary) -> Result<GetTemplateSummaryOutput> {
    request::refuse(
        "GetTemplateSummary",
        &[
            ("StackSetName", input.stack_set_name.is_some()),
            ("TemplateSummaryConfig", input.template_summary_config.is_some()),
        ],
    )?;
    if input.call_as.as_deref().is_some_and(|it| it != "SELF") {
        return Err(unsupported("the parameter CallAs of GetTemplateSummary"));
    }
    let template = match &input.stack_name {
        Some(name) => parse_processed(named(cx, name)?.definition.text())?,
        None => parse(&body(cx, input.template_body, input.template_url.as_deref(), None)?)?,
    };
    let (capabilities, capabilities_reason) = capabilities(&template);
    let declared_transforms = transforms(&template);
    Ok(GetTemplateSummaryOutput {
        parameters: Some(template.parameters.iter().map(declaration).collect()),
        capabilities,
        capabilities_reason,
        resource_types: Some(template.resources.values().map(|it| it.type_name.clone()).collect()),
        version: template.version.clone(),
        metadata: template.metadata.as_ref().map(ToString::to_string),
        declared_transforms,
        resource_identifier_summaries: Some(identifiers(&template)),
        warnings: None,
        description: template.description,
    })
}

fn transforms(template: &Template) -> Option<Vec<String>> {
    template.extended.then(|| vec!["AWS::LanguageExtensions".to_owned()])
}

fn capabilities(template: &Template) -> (Option<Vec<String>>, Option<String>) {
    let mut needed = Vec::new();
    let mut reasons = Vec::new();
    if let Some((capability, types)) = admission::capability(template) {
        needed.push(capability.to_owned());
        reasons.push(format!("The following resource(s) require capabilities: [{}]", types.join(", ")));
    }
    if template.extended {
        needed.push("CAPABILITY_AUTO_EXPAND".to_owned());
        reasons.push("The following transform(s) require capabilities: [AWS::LanguageExtensions]".to_owned());
    }
    match needed.is_empty() {
        true => (None, None),
        false => (Some(needed), Some(reasons.join(" "))),
    }
}

fn parameter(it: &Declaration) -> TemplateParameter {
    TemplateParameter {
        parameter_key: Some(it.name.clone()),
        default_value: it.default.clone(),
        no_echo: Some(it.no_echo),
        description: it.description.clone(),
    }
}

fn declaration(it: &Declaration) -> ParameterDeclaration {
    let allowed = (!it.allowed_values.is_empty()).then(|| it.allowed_values.clone());
    ParameterDeclaration {
        parameter_key: Some(it.name.clone()),
        default_value: it.default.clone(),
        parameter_type: Some(it.kind.text().to_owned()),
        no_echo: Some(it.no_echo),
        description: it.description.clone(),
        parameter_constraints: Some(ParameterConstraints { allowed_values: allowed }),
    }
}

/// Type → its resources and what identifies them.
fn identifiers(template: &Template) -> Vec<ResourceIdentifierSummary> {
    let mut by_type: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, declared) in &template.resources {
        by_type.entry(&declared.type_name).or_default().push(name.clone());
    }
    let summary = |(type_name, names): (&str, Vec<String>)| ResourceIdentifierSummary {
        resource_type: Some(type_name.to_owned()),
        logical_resource_ids: Some(names),
        resource_identifiers: schema::of(type_name).map(|it| it.identifiers()),
    };
    by_type.into_iter().map(summary).collect()
}
