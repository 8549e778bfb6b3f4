//! What a stack may be made of, checked before anything is created: types, properties, attributes, capabilities.

use crate::schema;
use crate::template::reference::references;
use crate::template::{Declared, Template, invalid, unsupported};
use api::cloudformation::error;
use kernel::Cx;
use kernel::resource::ResourceType;
use model::Result;
use std::collections::BTreeSet;

pub fn check(cx: &Cx, template: &Template, capabilities: &[String]) -> Result<()> {
    if let Some((needed, _)) = capability(template)
        && !capabilities.iter().any(|it| it == needed || it == NAMED)
    {
        return Err(error::INSUFFICIENT_CAPABILITIES.with(format!("Requires capabilities : [{needed}]")));
    }
    for (name, declared) in &template.resources {
        let Some(kind) = resource_type(cx, &declared.type_name) else {
            return Err(unsupported(format!("the resource type {} (resource {name})", declared.type_name)));
        };
        check_properties(name, declared, kind)?;
    }
    check_attributes(template)
}

/// The service that has a type, and the type.
pub fn resource_type(cx: &Cx, name: &str) -> Option<&'static ResourceType> {
    cx.kernel().services.values().flat_map(|it| &it.resource_types).find(|it| it.name == name).copied()
}

const IAM: &str = "CAPABILITY_IAM";
const NAMED: &str = "CAPABILITY_NAMED_IAM";

/// What a user has to acknowledge (CreateStack, in the API reference).
const ACKNOWLEDGED: [&str; 8] = [
    "AWS::IAM::AccessKey",
    "AWS::IAM::Group",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::IAM::UserToGroupAddition",
];

/// The capability that a template needs, and the types that need it.
pub fn capability(template: &Template) -> Option<(&'static str, Vec<&str>)> {
    let of_iam = |it: &&Declared| ACKNOWLEDGED.contains(&it.type_name.as_str());
    let types: BTreeSet<&str> = template.resources.values().filter(of_iam).map(|it| it.type_name.as_str()).collect();
    if types.is_empty() {
        return None;
    }
    let named = template.resources.values().filter(of_iam).any(has_own_name);
    Some((if named { NAMED } else { IAM }, types.into_iter().collect()))
}

/// `RoleName` of `AWS::IAM::Role`. The name of a `Policy` is required and no name of its own: it can be changed in place.
fn has_own_name(declared: &Declared) -> bool {
    let noun = declared.type_name.rsplit(':').next().unwrap_or_default();
    let property = format!("{noun}Name");
    let fixed = schema::of(&declared.type_name).is_some_and(|it| it.creates_only(&property));
    fixed && declared.properties.contains_key(&property)
}

fn check_properties(name: &str, declared: &Declared, kind: &ResourceType) -> Result<()> {
    let type_name = &declared.type_name;
    let schema = schema::of(type_name).ok_or_else(|| unsupported(format!("the resource type {type_name}")))?;
    let violations = schema.violations(&declared.properties);
    if !violations.is_empty() {
        return Err(invalid(format!(
            "Properties validation failed for resource {name} of type {type_name} with message: [{}]",
            violations.join(", ")
        )));
    }
    match declared.properties.keys().find(|it| !kind.properties.contains(&it.as_str())) {
        Some(property) => Err(unsupported(format!("the property {property} of {type_name} (resource {name})"))),
        None => Ok(()),
    }
}

/// The attributes that `Fn::GetAtt` asks for.
fn check_attributes(template: &Template) -> Result<()> {
    let properties = template.resources.values().flat_map(|it| it.properties.values());
    let values = template.outputs.iter().map(|it| &it.value);
    for reference in properties.chain(values).flat_map(|it| references(it, None)) {
        let (name, Some(attribute)) = (reference.name, reference.attribute) else { continue };
        let schema = template.resources.get(&name).and_then(|it| schema::of(&it.type_name));
        if schema.is_some_and(|it| !it.has_attribute(&attribute)) {
            return Err(invalid(format!(
                "Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )));
        }
    }
    Ok(())
}
