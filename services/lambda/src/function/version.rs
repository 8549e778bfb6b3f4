//! Versions: a function's code and configuration as they were when they were published. They never change.

use super::{FUNCTIONS, Function, Shown, by_name, check_revision, configuration, reshaped, unsupported};
use crate::name::{self, LATEST};
use crate::{alias, package, page};
use api::lambda::{ListVersionsByFunction, ListVersionsByFunctionOutput, PublishVersion, PublishVersionOutput, error};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::Cx;
use model::Result;
use store::{Span, Table};

/// Every published version. Key: (function's name, number).
static VERSIONS: Table<Function> = Table::regional("lambda.version");
/// The number of the last version. It outlives the function: "Lambda doesn't reuse version numbers, even for a function
/// that has been deleted and recreated" (PublishVersion in the API reference). Key: function's name.
static LAST: Table<u64> = Table::regional("lambda.last-version");

/// AWS gives no more versions at once.
const PAGE: usize = 50;

pub fn publish(cx: &mut Cx, input: PublishVersion) -> Result<PublishVersionOutput> {
    if input.publish_to.is_some() {
        return Err(unsupported("PublishTo of versions"));
    }
    let latest = by_name(cx, name::parse(&input.function_name).function, None)?;
    check_revision(&latest, input.revision_id.as_deref())?;
    let current = BASE64.encode(latest.code.sha256);
    if let Some(given) = input.code_sha256.filter(|it| !it.is_empty() && *it != current) {
        return Err(error::INVALID_PARAMETER_VALUE.with(format!(
            "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({current}). Please try again with the CodeSHA256 in $LATEST."
        )));
    }
    let version = publish_now(cx, &latest, input.description)?;
    Ok(reshaped(configuration(&version, Shown::Settled)))
}

/// A new version, unless the last one is the same.
pub fn publish_now(cx: &mut Cx, latest: &Function, description: Option<String>) -> Result<Function> {
    let number = cx.get(&LAST, &latest.name.as_str()).unwrap_or(0);
    if let Some(last) = cx.get(&VERSIONS, &(latest.name.as_str(), number))
        && is_same(&last, latest)
    {
        return Ok(last);
    }
    let mut version = Function { version: (number + 1).to_string(), revision: cx.id(), ..latest.clone() };
    version.description = description.filter(|it| !it.is_empty()).unwrap_or(version.description);
    package::keep_again(cx, version.code)?;
    cx.put(&LAST, &latest.name.as_str(), &(number + 1));
    cx.put(&VERSIONS, &(latest.name.as_str(), number + 1), &version);
    Ok(version)
}

pub fn list(cx: &Cx, input: ListVersionsByFunction) -> Result<ListVersionsByFunctionOutput> {
    let latest = by_name(cx, name::parse(&input.function_name).function, None)?;
    let limit = page::limit(input.max_items, PAGE);
    let after = page::after(input.marker.as_deref())?;
    let mut versions = Vec::new();
    let mut span = Span::prefix(&latest.name.as_str());
    match after.as_deref() {
        None => versions.push(latest.clone()),
        Some(it) => span = span.after(&(latest.name.as_str(), name::version_number(it).unwrap_or(0))),
    }
    versions.extend(cx.range(&VERSIONS, span, limit + 1));
    let next_marker = page::cut(&mut versions, limit, |it| &it.version);
    let shown = |it: &Function| {
        let mut out = configuration(it, Shown::Listed);
        out.function_arn = Some(name::with_qualifier(&it.arn, Some(&it.version)));
        out
    };
    Ok(ListVersionsByFunctionOutput { next_marker, versions: Some(versions.iter().map(shown).collect()) })
}

/// One version of a function.
pub fn of(cx: &Cx, latest: &Function, version: &str) -> Option<Function> {
    if version == LATEST {
        return Some(latest.clone());
    }
    cx.get(&VERSIONS, &(latest.name.as_str(), name::version_number(version)?))
}

/// What stands now where this version was found; None if it was deleted.
pub fn current(cx: &Cx, version: &Function) -> Option<Function> {
    match name::version_number(&version.version) {
        Some(number) => cx.get(&VERSIONS, &(version.name.as_str(), number)),
        None => cx.get(&FUNCTIONS, &version.name.as_str()),
    }
}

/// A function's latest version and the published ones.
pub fn all_of(cx: &Cx, latest: Function) -> Vec<Function> {
    let published = cx.range(&VERSIONS, Span::prefix(&latest.name.as_str()), usize::MAX);
    std::iter::once(latest).chain(published).collect()
}

pub fn delete(cx: &mut Cx, text: &str, qualifier: Option<&str>) -> Result<()> {
    let number = qualifier
        .and_then(name::version_number)
        .ok_or_else(|| error::INVALID_PARAMETER_VALUE.with("Deletion of aliases is not currently supported."))?;
    let version = by_name(cx, text, qualifier)?;
    let aliases = alias::of_version(cx, &version.name, &version.version);
    if !aliases.is_empty() {
        return Err(error::RESOURCE_CONFLICT.with(format!(
            "Unable to delete version because the following aliases reference it: [{}]",
            aliases.join(", ")
        )));
    }
    cx.delete(&VERSIONS, &(version.name.as_str(), number));
    package::release(cx, version.code);
    Ok(())
}

/// The function is deleted, and all of its versions with it.
pub fn forget(cx: &mut Cx, name: &str) {
    for version in cx.range(&VERSIONS, Span::prefix(&name), usize::MAX) {
        let number = name::version_number(&version.version).expect("published versions are numbered");
        cx.delete(&VERSIONS, &(name, number));
        package::release(cx, version.code);
    }
}

/// Whether publishing would change nothing: the same code and configuration.
fn is_same(version: &Function, latest: &Function) -> bool {
    let like = Function {
        version: version.version.clone(),
        description: version.description.clone(),
        revision: version.revision.clone(),
        tags: version.tags.clone(),
        modified_at: version.modified_at,
        code: super::Code { blob: version.code.blob, ..latest.code },
        ..latest.clone()
    };
    like == *version
}
