//! Websites: a bucket's objects as pages, with index documents, error documents and redirects.
//!
//! Source: "Hosting a static website using Amazon S3" in the S3 User Guide.

use crate::bucket::{self, Bucket};
use crate::config::{Kind, one_of};
use crate::fault;
use api::s3::{
    DeleteBucketWebsite, DeleteBucketWebsiteOutput, GetBucketWebsite, GetBucketWebsiteOutput, GetObject,
    GetObjectOutput, PutBucketWebsite, PutBucketWebsiteOutput, Redirect, RoutingRule, WebsiteConfiguration,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::web::{WebAnswer, WebRequest};
use kernel::{Answer, Body, Cloud, Cx};
use model::typed::Typed;
use model::wire::HttpRequest;
use model::{Error, Result};
use percent_encoding::percent_decode_str;
use std::sync::Arc;

pub static WEBSITE: Kind<WebsiteConfiguration> = Kind::new(
    "WebsiteConfiguration",
    "NoSuchWebsiteConfiguration",
    "The specified bucket does not have a website configuration",
);

/// In hosts.
const LABEL: &[u8] = b".s3-website";
const MOST_RULES: usize = 50;
const PROTOCOLS: [&str; 2] = ["http", "https"];

pub fn put(cx: &mut Cx, input: PutBucketWebsite) -> Result<PutBucketWebsiteOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    check(&input.website_configuration)?;
    WEBSITE.put(cx, &bucket, input.website_configuration);
    Ok(PutBucketWebsiteOutput {})
}

pub fn get(cx: &Cx, input: GetBucketWebsite) -> Result<GetBucketWebsiteOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    Ok(GetBucketWebsiteOutput::from_value(WEBSITE.get(cx, &bucket)?.into_value()))
}

pub fn delete(cx: &mut Cx, input: DeleteBucketWebsite) -> Result<DeleteBucketWebsiteOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    WEBSITE.delete(cx, &bucket);
    Ok(DeleteBucketWebsiteOutput {})
}

fn check(website: &WebsiteConfiguration) -> Result<()> {
    let invalid = |sentence: &str, name: &str, value: &str| Err(fault::invalid_argument(sentence, name, value));
    if let Some(all) = &website.redirect_all_requests_to {
        if website.index_document.is_some() || website.error_document.is_some() || website.routing_rules.is_some() {
            return invalid(
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
                "RedirectAllRequestsTo",
                "not null",
            );
        }
        return all.protocol.iter().try_for_each(|it| one_of(it, &PROTOCOLS));
    }
    let Some(index) = &website.index_document else {
        return invalid(
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
            "IndexDocument",
            "null",
        );
    };
    if index.suffix.is_empty() || index.suffix.contains('/') {
        return invalid("The IndexDocument Suffix is not well formed", "IndexDocument", &index.suffix);
    }
    if website.error_document.as_ref().is_some_and(|it| it.key.is_empty()) {
        return invalid("The ErrorDocument Key is not well formed", "ErrorDocument", "");
    }
    let rules = website.routing_rules.as_deref().unwrap_or_default();
    if rules.len() > MOST_RULES {
        return Err(fault::INVALID_REQUEST.with(format!(
            "{} routing rules provided, the number of routing rules in a website configuration is limited to 50.",
            rules.len()
        )));
    }
    rules.iter().try_for_each(check_rule)
}

fn check_rule(rule: &RoutingRule) -> Result<()> {
    let redirect = &rule.redirect;
    redirect.protocol.iter().try_for_each(|it| one_of(it, &PROTOCOLS))?;
    if redirect.replace_key_prefix_with.is_some() && redirect.replace_key_with.is_some() {
        return Err(fault::INVALID_REQUEST.with("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
    }
    let is_redirect = |it: &&String| it.parse().is_ok_and(|it: u16| (301..400).contains(&it));
    if let Some(code) = redirect.http_redirect_code.as_ref().filter(|it| !is_redirect(it)) {
        return Err(fault::INVALID_REQUEST
            .with(format!("The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300.")));
    }
    let code = rule.condition.as_ref().and_then(|it| it.http_error_code_returned_equals.as_ref());
    let is_error = |it: &&String| it.parse().is_ok_and(|it: u16| (400..600).contains(&it));
    if let Some(code) = code.filter(|it| !is_error(it)) {
        return Err(fault::INVALID_REQUEST
            .with(format!("The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX.")));
    }
    Ok(())
}

/// `photos.s3-website-us-east-1.amazonaws.com`, `photos.s3-website.localhost:4566` → `photos`
fn bucket_of(host: &str) -> Option<&str> {
    let name = host.split(':').next().unwrap_or_default();
    let at = name.as_bytes().windows(LABEL.len()).position(|it| it == LABEL)?;
    let label = name[at + 1..].split('.').next().unwrap_or_default();
    (label == "s3-website" || label.starts_with("s3-website-")).then_some(&name[..at])
}

/// A page, or what stands in its place.
struct Page {
    status: u16,
    headers: HeaderMap,
    body: Body,
}

/// Where a rule sends the browser.
struct Location {
    status: u16,
    url: String,
}

/// Whether a host is a website's.
pub fn takes(host: &str) -> bool {
    bucket_of(host).is_some()
}

pub async fn answer(cloud: Cloud, request: WebRequest) -> Result<WebAnswer> {
    let Page { status, headers, body } = match serve(&cloud, &request.host, &request.head).await {
        Ok(page) => page,
        Err(error) => plain(&error, cloud.caller().request_id.as_str()),
    };
    Ok(WebAnswer { status, headers, body })
}

async fn serve(cloud: &Cloud, host: &str, head: &HttpRequest) -> Result<Page> {
    let name = bucket_of(host).unwrap_or_default();
    if !matches!(head.method.as_str(), "GET" | "HEAD") {
        return Err(fault::METHOD_NOT_ALLOWED
            .with("The specified method is not allowed against this resource.")
            .field("Method", head.method.as_str()));
    }
    let (bucket, website) = cloud.read(|cx| -> Result<(Arc<Bucket>, WebsiteConfiguration)> {
        let bucket = bucket::named(cx, name)?;
        let website = WEBSITE.get(cx, &bucket)?;
        Ok((bucket, website))
    })?;
    let cloud = cloud.in_region(&bucket.region);
    let path = percent_decode_str(&head.path).decode_utf8_lossy().into_owned();
    let key = path.strip_prefix('/').unwrap_or(&path);
    if let Some(all) = &website.redirect_all_requests_to {
        let protocol = all.protocol.as_deref().unwrap_or("http");
        let url = format!("{protocol}://{}/{key}", all.host_name);
        return redirected(&Location { status: 301, url });
    }
    if let Some(location) = routed(&website, host, key, None) {
        return redirected(&location);
    }
    let suffix = website.index_document.as_ref().map(|it| it.suffix.as_str()).unwrap_or_default();
    let wanted = if key.is_empty() || key.ends_with('/') { format!("{key}{suffix}") } else { key.to_owned() };
    let failed = match object(&cloud, &bucket, &wanted, head).await {
        Ok(page) => return Ok(page),
        Err(error) => error,
    };
    // A folder is asked for without its slash.
    if wanted == key && failed.shape().status != 304 {
        let index = format!("{key}/{suffix}");
        if object(&cloud, &bucket, &index, &HttpRequest::default()).await.is_ok() {
            return redirected(&Location { status: 302, url: format!("/{key}/") });
        }
    }
    if let Some(location) = routed(&website, host, key, Some(failed.shape().status)) {
        return redirected(&location);
    }
    let document = website.error_document.as_ref().filter(|_| failed.shape().status >= 400);
    if let Some(document) = document
        && let Ok(page) = object(&cloud, &bucket, &document.key, &HttpRequest::default()).await
    {
        return Ok(Page { status: failed.shape().status, ..page });
    }
    Err(failed)
}

/// An object as the anonymous may read it.
async fn object(cloud: &Cloud, bucket: &Bucket, key: &str, head: &HttpRequest) -> Result<Page> {
    let header = |name: &str| head.headers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned);
    let time = |name: &str| header(name).and_then(|it| model::wire::parse_timestamp(&it));
    let input = GetObject {
        bucket: bucket.name.clone(),
        key: key.to_owned(),
        range: header("range"),
        if_match: header("if-match"),
        if_none_match: header("if-none-match"),
        if_modified_since: time("if-modified-since"),
        if_unmodified_since: time("if-unmodified-since"),
        ..GetObject::default()
    };
    let named = cloud.kernel().entry("s3", "GetObject")?;
    let answer = cloud.kernel().answer(cloud.caller().clone(), &named, input.into_value(), None).await?;
    let Answer::Download { output, body } = answer else { unreachable!("GetObject answers with a body") };
    let output = GetObjectOutput::from_value(output);
    if let Some(url) = output.website_redirect_location {
        return redirected(&Location { status: 301, url });
    }
    let mut headers = HeaderMap::new();
    let status = if output.content_range.is_some() { 206 } else { 200 };
    let modified = output.last_modified.map(http_date);
    for (name, value) in [
        ("content-type", output.content_type),
        ("cache-control", output.cache_control),
        ("content-disposition", output.content_disposition),
        ("content-encoding", output.content_encoding),
        ("content-language", output.content_language),
        ("content-range", output.content_range),
        ("etag", output.e_tag),
        ("last-modified", modified),
    ] {
        add(&mut headers, name, value);
    }
    Ok(Page { status, headers, body })
}

/// The first rule that fits: before the object is looked for, or after that failed with a status.
fn routed(website: &WebsiteConfiguration, host: &str, key: &str, failed: Option<u16>) -> Option<Location> {
    let rules = website.routing_rules.as_deref().unwrap_or_default();
    let rule = rules.iter().find(|rule| {
        let condition = rule.condition.clone().unwrap_or_default();
        let prefix = condition.key_prefix_equals.as_deref().unwrap_or_default();
        let code = condition.http_error_code_returned_equals.and_then(|it| it.parse().ok());
        key.starts_with(prefix) && code == failed
    })?;
    let prefix = rule.condition.as_ref().and_then(|it| it.key_prefix_equals.as_deref()).unwrap_or_default();
    Some(location(&rule.redirect, host, key, prefix))
}

fn location(redirect: &Redirect, host: &str, key: &str, prefix: &str) -> Location {
    let target = match (&redirect.replace_key_with, &redirect.replace_key_prefix_with) {
        (Some(whole), _) => whole.clone(),
        (None, Some(beginning)) => format!("{beginning}{}", key.strip_prefix(prefix).unwrap_or(key)),
        (None, None) => key.to_owned(),
    };
    let protocol = redirect.protocol.as_deref().unwrap_or("http");
    let host = redirect.host_name.as_deref().unwrap_or(host);
    let status = redirect.http_redirect_code.as_ref().and_then(|it| it.parse().ok()).unwrap_or(301);
    Location { status, url: format!("{protocol}://{host}/{target}") }
}

fn redirected(location: &Location) -> Result<Page> {
    let mut headers = HeaderMap::new();
    add(&mut headers, "location", Some(location.url.clone()));
    Ok(Page { status: location.status, headers, body: Body::whole(Bytes::new()) })
}

/// Errors of a website are pages too.
fn plain(error: &Error, request_id: &str) -> Page {
    let (status, code) = (error.shape().status, error.code());
    let reason = http::StatusCode::from_u16(status).ok().and_then(|it| it.canonical_reason()).unwrap_or_default();
    let mut items = vec![("Code", code.to_owned()), ("Message", error.message().to_owned())];
    items.extend(error.fields().iter().filter_map(|(name, value)| match value {
        model::Value::String(text) => Some((*name, text.clone())),
        _ => None,
    }));
    items.push(("RequestId", request_id.to_owned()));
    let items: String = items.iter().map(|(name, value)| format!("<li>{name}: {}</li>\n", escaped(value))).collect();
    let page = format!(
        "<html>\n<head><title>{status} {reason}</title></head>\n<body>\n<h1>{status} {reason}</h1>\n<ul>\n{items}</ul>\n<hr/>\n</body>\n</html>\n"
    );
    let mut headers = HeaderMap::new();
    let body = if status == 304 { String::new() } else { page };
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8".to_owned()),
        ("x-amz-error-code", code.to_owned()),
        ("x-amz-error-message", error.message().to_owned()),
    ] {
        add(&mut headers, name, Some(value));
    }
    Page { status, headers, body: Body::whole(Bytes::from(body)) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn http_date(time: model::Timestamp) -> String {
    model::wire::format_timestamp(time, model::TimestampFormat::Rfc822)
}

fn add(headers: &mut HeaderMap, name: &'static str, value: Option<String>) {
    if let Some(value) = value.and_then(|it| HeaderValue::try_from(it).ok()) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_website_has_a_host_of_its_own() {
        assert_eq!(bucket_of("my.photos.s3-website-us-east-1.amazonaws.com"), Some("my.photos"));
        assert_eq!(bucket_of("photos.s3-website.localhost:4566"), Some("photos"));
        assert_eq!(bucket_of("photos.s3.localhost:4566"), None);
        assert_eq!(bucket_of("localhost"), None);
    }
}
