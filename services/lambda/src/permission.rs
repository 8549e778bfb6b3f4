//! Resource policies: who else may use a function, statement by statement.
//!
//! A version and an alias have policies of their own. The door evaluates them: [`of_arn`] finds the policy of what an
//! operation is about.

use crate::function::{self, OTHER_REVISION};
use crate::name::{self, LATEST};
use api::lambda::{
    AddPermission, AddPermissionOutput, GetPolicy, GetPolicyOutput, RemovePermission, RemovePermissionOutput, error,
};
use kernel::{BoundPolicy, Cx, ResourcePolicy, is_account};
use model::{Error, Result};
use policy::Context;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use store::{Span, Table};

/// Every policy. Key: (function's name, qualifier; nothing for the function itself).
static POLICIES: Table<Stored> = Table::regional("lambda.policy");

#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// JSON, in the order in which they were added.
    statements: Vec<BoundPolicy>,
    revision: String,
}

/// Bytes of a policy (Lambda quotas in the developer guide).
const MOST_BYTES: usize = 20_480;

const INVALID_PRINCIPAL: &str = "The provided principal was invalid. Please check the principal and try again.";

pub fn add(cx: &mut Cx, input: AddPermission) -> Result<AddPermissionOutput> {
    let place = Place::of(cx, &input.function_name, input.qualifier.as_deref())?;
    if place.qualifier == LATEST {
        return Err(invalid("We currently do not support adding policies for $LATEST."));
    }
    let mut stored = place.find(cx).unwrap_or_default();
    check_revision(&stored, input.revision_id.as_deref())?;
    if stored.position(&input.statement_id).is_some() {
        return Err(error::RESOURCE_CONFLICT
            .with(format!(
                "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
                input.statement_id
            ))
            .field("Type", "User".to_owned()));
    }
    let statement = statement(&input, &place.arn)?.to_string();
    stored.statements.push(BoundPolicy::new(cx, statement.clone()).map_err(|_| invalid(INVALID_PRINCIPAL))?);
    let length = stored.document(|it| it.given().to_owned()).len();
    if length > MOST_BYTES {
        return Err(error::POLICY_LENGTH_EXCEEDED
            .with(format!("The final policy size ({length}) is bigger than the limit ({MOST_BYTES}).")));
    }
    place.store(cx, stored);
    Ok(AddPermissionOutput { statement: Some(statement) })
}

pub fn remove(cx: &mut Cx, input: RemovePermission) -> Result<RemovePermissionOutput> {
    let place = Place::of(cx, &input.function_name, input.qualifier.as_deref())?;
    let mut stored = place.find(cx).ok_or_else(|| missing("No policy is associated with the given resource."))?;
    check_revision(&stored, input.revision_id.as_deref())?;
    let position = stored
        .position(&input.statement_id)
        .ok_or_else(|| missing(&format!("Statement {} is not found in resource policy.", input.statement_id)))?;
    stored.statements.remove(position);
    place.store(cx, stored);
    Ok(RemovePermissionOutput {})
}

pub fn get(cx: &Cx, input: GetPolicy) -> Result<GetPolicyOutput> {
    let place = Place::of(cx, &input.function_name, input.qualifier.as_deref())?;
    let stored = place.find(cx).ok_or_else(|| missing("The resource you requested does not exist."))?;
    Ok(GetPolicyOutput { policy: Some(stored.document(|it| it.shown(cx))), revision_id: Some(stored.revision) })
}

/// For the door.
pub fn of_arn(cx: &Cx, arn: &str) -> Option<ResourcePolicy> {
    let name = name::parse(arn);
    let stored = cx.get(&POLICIES, &(name.function, name.qualifier.unwrap_or_default()))?;
    Some(ResourcePolicy::new(stored.document(|it| it.evaluated().to_owned())))
}

/// `lambda:Principal` and `lambda:FunctionUrlAuthType`.
pub fn conditions(_: &Cx, input: &AddPermission, context: &mut Context) {
    context.insert("lambda:Principal", input.principal.clone());
    if let Some(it) = &input.function_url_auth_type {
        context.insert("lambda:FunctionUrlAuthType", it.clone());
    }
}

/// The same two, of the statement that is to go.
pub fn conditions_of_remove(cx: &Cx, input: &RemovePermission, context: &mut Context) {
    let Ok(place) = Place::of(cx, &input.function_name, input.qualifier.as_deref()) else { return };
    let Some(statement) = place.find(cx).and_then(|it| it.statement(&input.statement_id)) else { return };
    let principal = &statement["Principal"];
    if let Some(it) = [principal, &principal["AWS"], &principal["Service"]].iter().find_map(|it| it.as_str()) {
        context.insert("lambda:Principal", it.to_owned());
    }
    if let Some(it) = statement["Condition"]["StringEquals"]["lambda:FunctionUrlAuthType"].as_str() {
        context.insert("lambda:FunctionUrlAuthType", it.to_owned());
    }
}

/// The function is deleted, and all of its policies with it.
pub fn forget(cx: &mut Cx, function: &str) {
    let keys: Vec<(String, String)> = cx.keys(&POLICIES, Span::prefix(&function), usize::MAX);
    for (function, qualifier) in keys {
        cx.delete(&POLICIES, &(function.as_str(), qualifier.as_str()));
    }
}

/// What a policy belongs to.
struct Place {
    function: String,
    /// Empty for the function itself.
    qualifier: String,
    arn: String,
}

impl Place {
    fn of(cx: &Cx, text: &str, qualifier: Option<&str>) -> Result<Place> {
        let qualifier = name::qualifier(text, qualifier)?;
        let function = function::by_name(cx, text, qualifier)?;
        Ok(Place {
            arn: name::with_qualifier(&function.arn, qualifier),
            function: function.name,
            qualifier: qualifier.unwrap_or_default().to_owned(),
        })
    }

    fn find(&self, cx: &Cx) -> Option<Stored> {
        cx.get(&POLICIES, &(self.function.as_str(), self.qualifier.as_str()))
    }

    fn store(&self, cx: &mut Cx, stored: Stored) {
        let key = (self.function.as_str(), self.qualifier.as_str());
        if stored.statements.is_empty() {
            return cx.delete(&POLICIES, &key);
        }
        let revision = cx.id();
        cx.put(&POLICIES, &key, &Stored { revision, ..stored });
    }
}

impl Stored {
    fn document(&self, text: impl Fn(&BoundPolicy) -> String) -> String {
        let statements: Vec<String> = self.statements.iter().map(text).collect();
        format!(r#"{{"Version":"2012-10-17","Id":"default","Statement":[{}]}}"#, statements.join(","))
    }

    fn statement(&self, id: &str) -> Option<Json> {
        serde_json::from_str(self.statements[self.position(id)?].given()).ok()
    }

    fn position(&self, id: &str) -> Option<usize> {
        let is = |it: &BoundPolicy| serde_json::from_str::<Json>(it.given()).is_ok_and(|it| it["Sid"] == id);
        self.statements.iter().position(is)
    }
}

fn check_revision(stored: &Stored, given: Option<&str>) -> Result<()> {
    if given.is_some_and(|it| it != stored.revision) {
        return Err(error::PRECONDITION_FAILED.with(OTHER_REVISION).field("Type", "User".to_owned()));
    }
    Ok(())
}

fn statement(input: &AddPermission, arn: &str) -> Result<Json> {
    let mut out = json!({
        "Sid": input.statement_id,
        "Effect": "Allow",
        "Principal": principal(&input.principal)?,
        "Action": input.action,
        "Resource": arn,
    });
    let mut conditions = Map::new();
    let mut add = |operator: &str, key: &str, value: Json| {
        let of_operator = conditions.entry(operator).or_insert_with(|| json!({}));
        of_operator[key] = value;
    };
    let texts = [
        ("StringEquals", "AWS:SourceAccount", &input.source_account),
        ("ArnLike", "AWS:SourceArn", &input.source_arn),
        ("StringEquals", "aws:PrincipalOrgID", &input.principal_org_id),
        ("StringEquals", "lambda:EventSourceToken", &input.event_source_token),
        ("StringEquals", "lambda:FunctionUrlAuthType", &input.function_url_auth_type),
    ];
    for (operator, key, value) in texts {
        if let Some(value) = value {
            add(operator, key, json!(value));
        }
    }
    if let Some(it) = input.invoked_via_function_url {
        add("Bool", "lambda:InvokedViaFunctionUrl", json!(it.to_string()));
    }
    if !conditions.is_empty() {
        out["Condition"] = Json::Object(conditions);
    }
    Ok(out)
}

/// A service, an account, a principal's ARN, or everybody.
fn principal(text: &str) -> Result<Json> {
    if text == "*" {
        return Ok(json!("*"));
    }
    if is_account(text) {
        return Ok(json!({ "AWS": format!("arn:aws:iam::{text}:root") }));
    }
    if text.starts_with("arn:") && policy_takes(text) {
        return Ok(json!({ "AWS": text }));
    }
    if text.contains('.') && !text.contains([':', '/', ' ', '*']) {
        return Ok(json!({ "Service": text }));
    }
    Err(invalid(INVALID_PRINCIPAL))
}

/// Whether the policy language knows such a principal.
fn policy_takes(arn: &str) -> bool {
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": arn }, "Action": "lambda:*", "Resource": "*" }
    ]});
    policy::Policy::parse(&document.to_string(), policy::Kind::Resource).is_ok()
}

fn invalid(why: &str) -> Error {
    error::INVALID_PARAMETER_VALUE.with(why).field("Type", "User".to_owned())
}

fn missing(why: &str) -> Error {
    error::RESOURCE_NOT_FOUND.with(why).field("Type", "User".to_owned())
}
