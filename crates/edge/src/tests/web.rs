//! Requests that are no calls, and what pages of other origins are told.

use super::client::{Call, SECRET, Server, check};
use crate::encoding::hex;
use crate::sigv4::{self, SigningKeys};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use kernel::web::{SignedText, Web, WebAnswer, WebRequest};
use kernel::{Body, BoxFuture, Cloud, Cx};
use model::wire::HttpRequest;
use model::{ErrorShape, Result};
use sha1::Sha1;

pub const PART: Web = Web { takes, answer: |cloud, request| answer(cloud, request) };
const FORBIDDEN: ErrorShape = ErrorShape::sender("AccessForbidden").status(403);
const SCOPE: &str = "20151229/us-east-1/s3/aws4_request";

fn takes(_: &HttpRequest, host: &str) -> bool {
    host.starts_with("site.")
}

/// Answers who signed what the body holds: `access key:signature`.
fn answer(cloud: Cloud, request: WebRequest) -> BoxFuture<Result<WebAnswer>> {
    Box::pin(async move {
        let sent = request.body.collect().await?;
        let sent = String::from_utf8_lossy(&sent).into_owned();
        let mut body = format!("{} {} {:?}", request.host, request.head.path, cloud.caller().principal);
        if let Some((key, signature)) = sent.split_once(':') {
            let older = key.strip_prefix("older ");
            let credential = older.map_or_else(|| format!("{key}/{SCOPE}"), str::to_owned);
            let (text, signature) = ("the policy".to_owned(), signature.to_owned());
            let signed = SignedText { text, credential, signature, token: None };
            body = format!("{:?}", request.signatures.caller(&signed)?.principal);
        }
        Ok(WebAnswer { status: 203, headers: HeaderMap::new(), body: Body::whole(Bytes::from(body)) })
    })
}

/// `/ruled/…` may be read by one page.
pub fn rules(_: &Cx, request: &HttpRequest) -> Option<Result<Vec<(&'static str, String)>>> {
    request.path.starts_with("/ruled/").then(|| {
        if request.headers.get("origin").is_some_and(|it| it == "https://good.example") {
            return Ok(vec![("access-control-allow-origin", "https://good.example".to_owned())]);
        }
        Err(FORBIDDEN.with("This CORS request is not allowed."))
    })
}

/// Of version 2.
fn older_signature(text: &[u8]) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).expect("a MAC takes keys of any length");
    BASE64.encode(mac.chain_update(text).finalize().into_bytes())
}

#[tokio::test]
async fn a_part_of_the_web_is_answered_by_its_service() {
    let server = Server::start().await;
    let page = Call::new("GET", "/a%20page").header("host", "site.localhost:80");
    check(&server.send(&page).await, 203, &["site.localhost:80 /a%20page Anonymous"]);
    let form = |body: String| Call::new("POST", "/").header("host", "site.localhost").body(body);
    check(&server.send(&form("test:00".to_owned())).await, 203, &["Root", "000000000000"]);
    let claim = sigv4::claim_of_text("AKIAGOOD/20151229/us-east-1/s3/aws4_request", "", None).expect("well formed");
    let signature = hex(&sigv4::sign(&SigningKeys::default().of(SECRET, &claim), b"the policy"));
    check(&server.send(&form(format!("AKIAGOOD:{signature}"))).await, 203, &["111122223333"]);
    let wrong = signature.replace(|it: char| it.is_ascii_digit(), "0");
    check(&server.send(&form(format!("AKIAGOOD:{wrong}"))).await, 403, &["<Code>SignatureDoesNotMatch"]);
    check(&server.send(&form(format!("AKIANOBODY:{signature}"))).await, 403, &["<Code>InvalidAccessKeyId"]);
    check(
        &server.send(&form(format!("older AKIAGOOD:{}", older_signature(b"the policy")))).await,
        203,
        &["111122223333"],
    );
    check(
        &server.send(&form(format!("older AKIAGOOD:{}", older_signature(b"another")))).await,
        403,
        &["<Code>SignatureDoesNotMatch"],
    );
    // Pages of other sites are nobody's root.
    let foreign = form("test:00".to_owned()).header("origin", "https://evil.example");
    check(&server.send(&foreign).await, 403, &["<Code>InvalidAccessKeyId"]);
    server.stop().await;
}

#[tokio::test]
async fn a_services_rules_for_other_origins_go_before_ours() {
    let server = Server::start().await;
    let ask = |method, origin: &str| Call::new(method, "/ruled/key").by("test", "s3").header("origin", origin);
    let preflight = |origin| ask("OPTIONS", origin).header("access-control-request-method", "GET");
    let answer = server.send(&preflight("https://good.example")).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "https://good.example"));
    let answer = server.send(&preflight("https://other.example")).await;
    check(&answer, 403, &["AccessForbidden"]);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let answer = server.send(&ask("GET", "https://other.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let answer = server.send(&ask("GET", "https://good.example")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://good.example");
    let elsewhere = Call::new("GET", "/other/key").by("test", "s3").header("origin", "https://other.example");
    assert_eq!(server.send(&elsewhere).await.header("access-control-allow-origin"), "https://other.example");
    server.stop().await;
}
