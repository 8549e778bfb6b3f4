//! What pages of other origins may do with a bucket's objects.
//!
//! Source: "Using cross-origin resource sharing (CORS)" in the S3 User Guide.

use crate::bucket::{self, Bucket};
use crate::config::{Kind, one_of};
use crate::fault;
use api::s3::{
    CORSConfiguration, CORSRule, DeleteBucketCors, DeleteBucketCorsOutput, GetBucketCors, GetBucketCorsOutput,
    PutBucketCors, PutBucketCorsOutput,
};
use kernel::Cx;
use model::wire::HttpRequest;
use model::{ErrorShape, Result};

pub static CORS: Kind<CORSConfiguration> =
    Kind::new("CORSConfiguration", "NoSuchCORSConfiguration", "The CORS configuration does not exist");

const MOST_RULES: usize = 100;
const METHODS: [&str; 5] = ["GET", "PUT", "HEAD", "POST", "DELETE"];
const ACCESS_FORBIDDEN: ErrorShape = ErrorShape::sender("AccessForbidden").status(403);

type Headers = Vec<(&'static str, String)>;

pub fn put(cx: &mut Cx, input: PutBucketCors) -> Result<PutBucketCorsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    let rules = &input.cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > MOST_RULES {
        return Err(fault::malformed_xml());
    }
    rules.iter().try_for_each(check)?;
    CORS.put(cx, &bucket, input.cors_configuration);
    Ok(PutBucketCorsOutput {})
}

pub fn get(cx: &Cx, input: GetBucketCors) -> Result<GetBucketCorsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    Ok(GetBucketCorsOutput { cors_rules: Some(CORS.get(cx, &bucket)?.cors_rules) })
}

pub fn delete(cx: &mut Cx, input: DeleteBucketCors) -> Result<DeleteBucketCorsOutput> {
    let bucket = bucket::of(cx, &input.bucket, input.expected_bucket_owner.as_deref())?;
    CORS.delete(cx, &bucket);
    Ok(DeleteBucketCorsOutput {})
}

/// Of a request that a page of another origin makes, or wants to make.
pub fn rules(cx: &Cx, request: &HttpRequest) -> Option<Result<Headers>> {
    let bucket = bucket::of_path(cx, &request.path)?;
    let header = |name: &str| request.headers.get(name).and_then(|it| it.to_str().ok());
    let origin = header("origin")?;
    let asked = header("access-control-request-method").filter(|_| request.method == "OPTIONS");
    let method = asked.unwrap_or(&request.method);
    let headers: Vec<&str> = header("access-control-request-headers")
        .map(|it| it.split(',').map(str::trim).filter(|it| !it.is_empty()).collect())
        .unwrap_or_default();
    Some(allowed(cx, &bucket, origin, method, &headers, asked.is_some()))
}

fn allowed(
    cx: &Cx,
    bucket: &Bucket,
    origin: &str,
    method: &str,
    headers: &[&str],
    is_preflight: bool,
) -> Result<Headers> {
    let forbidden = |sentence: &str| {
        ACCESS_FORBIDDEN
            .with(format!("CORSResponse: {sentence}"))
            .field("Method", method)
            .field("ResourceType", "OBJECT")
    };
    let Some(configuration) = CORS.of(cx, bucket) else {
        return Err(forbidden("CORS is not enabled for this bucket."));
    };
    let fits = |rule: &&CORSRule| {
        rule.allowed_methods.iter().any(|it| it == method)
            && rule.allowed_origins.iter().any(|it| matches(it, origin))
            && headers.iter().all(|header| may_send(rule, header))
    };
    let Some(rule) = configuration.cors_rules.iter().find(fits) else {
        return Err(forbidden(
            "This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
        ));
    };
    Ok(said(rule, origin, headers, is_preflight))
}

/// Everybody is told so with an asterisk; who is named gets credentials too.
fn said(rule: &CORSRule, origin: &str, headers: &[&str], is_preflight: bool) -> Headers {
    let everybody = rule.allowed_origins.iter().any(|it| it == "*");
    let mut out: Headers = vec![
        ("access-control-allow-origin", if everybody { "*".to_owned() } else { origin.to_owned() }),
        ("access-control-allow-methods", rule.allowed_methods.join(", ")),
        ("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method".to_owned()),
    ];
    if !everybody {
        out.push(("access-control-allow-credentials", "true".to_owned()));
    }
    if is_preflight && !headers.is_empty() {
        out.push(("access-control-allow-headers", headers.join(", ").to_ascii_lowercase()));
    }
    if let Some(exposed) = rule.expose_headers.as_ref().filter(|it| !it.is_empty()) {
        out.push(("access-control-expose-headers", exposed.join(", ")));
    }
    if let Some(seconds) = rule.max_age_seconds {
        out.push(("access-control-max-age", seconds.to_string()));
    }
    out
}

fn check(rule: &CORSRule) -> Result<()> {
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(fault::malformed_xml());
    }
    for method in &rule.allowed_methods {
        one_of(method, &METHODS).map_err(|_| {
            fault::INVALID_REQUEST
                .with(format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}"))
        })?;
    }
    if let Some(origin) = rule.allowed_origins.iter().find(|it| it.matches('*').count() > 1) {
        return Err(
            fault::INVALID_REQUEST.with(format!("AllowedOrigin \"{origin}\" can not have more than one wildcard."))
        );
    }
    let headers = rule.allowed_headers.iter().flatten();
    if let Some(header) = headers.into_iter().find(|it| it.matches('*').count() > 1) {
        return Err(
            fault::INVALID_REQUEST.with(format!("AllowedHeader \"{header}\" can not have more than one wildcard."))
        );
    }
    if let Some(header) = rule.expose_headers.iter().flatten().find(|it| it.contains('*')) {
        return Err(fault::INVALID_REQUEST.with(format!(
            "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
        )));
    }
    Ok(())
}

fn may_send(rule: &CORSRule, header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    rule.allowed_headers.iter().flatten().any(|it| matches(&it.to_ascii_lowercase(), &header))
}

/// At most one asterisk stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((before, after)) => {
            text.len() >= before.len() + after.len() && text.starts_with(before) && text.ends_with(after)
        }
        None => pattern == text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asterisk_stands_for_anything() {
        assert!(matches("http://*.example.com", "http://www.example.com"));
        assert!(matches("*", "null") && matches("x-amz-*", "x-amz-date"));
        assert!(!matches("http://*.example.com", "https://www.example.com") && !matches("aa*aa", "aaa"));
    }
}
