//! Aliases: names for versions, one of which may share its events with a second version.

use crate::function::{self, Function, version};
use crate::name::{self, LATEST};
use crate::page;
use api::lambda::{
    AliasConfiguration, AliasRoutingConfiguration, CreateAlias, CreateAliasOutput, DeleteAlias, DeleteAliasOutput,
    GetAlias, GetAliasOutput, ListAliases, ListAliasesOutput, UpdateAlias, UpdateAliasOutput, error,
};
use kernel::Cx;
use model::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Span, Table};

/// Every alias. Key: (function's name, alias).
static ALIASES: Table<Alias> = Table::regional("lambda.alias");

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alias {
    pub name: String,
    pub version: String,
    pub description: String,
    pub routing: Option<Routing>,
    pub revision: String,
}

/// A part of the events goes to a second version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Routing {
    pub version: String,
    /// From 0 to 1.
    pub weight: f64,
}

/// AWS gives no more aliases at once.
const PAGE: usize = 50;

pub fn create(cx: &mut Cx, input: CreateAlias) -> Result<CreateAliasOutput> {
    let function = latest(cx, &input.function_name)?;
    if of(cx, &function.name, &input.name).is_some() {
        return Err(error::RESOURCE_CONFLICT
            .with(format!("Alias already exists: {}:{}", function.arn, input.name))
            .field("Type", "User".to_owned()));
    }
    let alias = Alias {
        name: input.name,
        routing: routing(cx, &function, &input.function_version, input.routing_config)?,
        version: input.function_version,
        description: input.description.unwrap_or_default(),
        revision: cx.id(),
    };
    cx.put(&ALIASES, &(function.name.as_str(), alias.name.as_str()), &alias);
    Ok(function::reshaped(shown(&function, &alias)))
}

pub fn get(cx: &Cx, input: GetAlias) -> Result<GetAliasOutput> {
    let (function, alias) = by_name(cx, &input.function_name, &input.name)?;
    Ok(function::reshaped(shown(&function, &alias)))
}

pub fn update(cx: &mut Cx, input: UpdateAlias) -> Result<UpdateAliasOutput> {
    let (function, mut alias) = by_name(cx, &input.function_name, &input.name)?;
    if input.revision_id.is_some_and(|it| it != alias.revision) {
        return Err(error::PRECONDITION_FAILED.with(function::OTHER_REVISION));
    }
    alias.version = input.function_version.unwrap_or(alias.version);
    alias.description = input.description.unwrap_or(alias.description);
    let given = input.routing_config.or_else(|| alias.routing.as_ref().map(weights));
    alias.routing = routing(cx, &function, &alias.version, given)?;
    alias.revision = cx.id();
    cx.put(&ALIASES, &(function.name.as_str(), alias.name.as_str()), &alias);
    Ok(function::reshaped(shown(&function, &alias)))
}

/// Deleting what is not there succeeds, as on AWS.
pub fn delete(cx: &mut Cx, input: DeleteAlias) -> Result<DeleteAliasOutput> {
    let function = latest(cx, &input.function_name)?;
    cx.delete(&ALIASES, &(function.name.as_str(), input.name.as_str()));
    Ok(DeleteAliasOutput {})
}

pub fn list(cx: &Cx, input: ListAliases) -> Result<ListAliasesOutput> {
    let function = latest(cx, &input.function_name)?;
    let limit = page::limit(input.max_items, PAGE);
    let name = function.name.as_str();
    let mut span = Span::prefix(&name);
    if let Some(after) = page::after(input.marker.as_deref())? {
        span = span.after(&(name, after.as_str()));
    }
    let mut found: Vec<Alias> = cx.range(&ALIASES, span, usize::MAX);
    if let Some(version) = input.function_version {
        found.retain(|it| it.uses(&version));
    }
    let next_marker = page::cut(&mut found, limit, |it| &it.name);
    let aliases = found.iter().map(|it| shown(&function, it)).collect();
    Ok(ListAliasesOutput { next_marker, aliases: Some(aliases) })
}

pub fn of(cx: &Cx, function: &str, alias: &str) -> Option<Alias> {
    cx.get(&ALIASES, &(function, alias))
}

/// The names of the aliases that a version stands behind.
pub fn of_version(cx: &Cx, function: &str, version: &str) -> Vec<String> {
    let all: Vec<Alias> = cx.range(&ALIASES, Span::prefix(&function), usize::MAX);
    all.into_iter().filter(|it| it.uses(version)).map(|it| it.name).collect()
}

/// The function is deleted, and all of its aliases with it.
pub fn forget(cx: &mut Cx, function: &str) {
    for alias in cx.range(&ALIASES, Span::prefix(&function), usize::MAX) {
        cx.delete(&ALIASES, &(function, alias.name.as_str()));
    }
}

impl Alias {
    fn uses(&self, version: &str) -> bool {
        self.version == version || self.routing.as_ref().is_some_and(|it| it.version == version)
    }

    /// The version for one event; `chance` is from 0 to 1.
    pub fn pick(&self, chance: f64) -> &str {
        match &self.routing {
            Some(second) if chance < second.weight => &second.version,
            _ => &self.version,
        }
    }
}

fn latest(cx: &Cx, text: &str) -> Result<Function> {
    function::unqualified(cx, text)
}

fn by_name(cx: &Cx, function: &str, alias: &str) -> Result<(Function, Alias)> {
    let function = latest(cx, function)?;
    let found = of(cx, &function.name, alias).ok_or_else(|| {
        error::RESOURCE_NOT_FOUND
            .with(format!("Cannot find alias arn: {}:{alias}", function.arn))
            .field("Type", "User".to_owned())
    })?;
    Ok((function, found))
}

/// Checks both versions of an alias.
fn routing(
    cx: &Cx,
    function: &Function,
    version: &str,
    given: Option<AliasRoutingConfiguration>,
) -> Result<Option<Routing>> {
    let exists = |it: &str| match version::of(cx, function, it) {
        Some(_) => Ok(()),
        None => Err(name::not_found(&format!("{}:{it}", function.arn))),
    };
    exists(version)?;
    let refused = |why: String| Err(error::INVALID_PARAMETER_VALUE.with(why));
    let weights = given.and_then(|it| it.additional_version_weights).unwrap_or_default();
    if weights.len() > 1 {
        return refused("Number of items in AdditionalVersionWeights cannot be greater than 1".to_owned());
    }
    let Some((second, weight)) = weights.into_iter().next() else { return Ok(None) };
    if version == LATEST {
        return refused("$LATEST is not supported for an alias pointing to more than 1 version".to_owned());
    }
    if second == version {
        return refused(format!(
            "Invalid function version {version}. Function version {version} is already included in routing configuration."
        ));
    }
    exists(&second)?;
    Ok(Some(Routing { version: second, weight }))
}

fn weights(it: &Routing) -> AliasRoutingConfiguration {
    let weights = BTreeMap::from([(it.version.clone(), it.weight)]);
    AliasRoutingConfiguration { additional_version_weights: Some(weights) }
}

fn shown(function: &Function, it: &Alias) -> AliasConfiguration {
    AliasConfiguration {
        alias_arn: Some(format!("{}:{}", function.arn, it.name)),
        name: Some(it.name.clone()),
        function_version: Some(it.version.clone()),
        description: Some(it.description.clone()),
        routing_config: it.routing.as_ref().map(weights),
        revision_id: Some(it.revision.clone()),
    }
}
