//! One request and its answer, from the first byte to the last. The order of its steps stands in [`Exchange::carry_out`].

use crate::answer::{self, Spoken};
use crate::authenticate::{self, Evidence, Who};
use crate::body::Rest;
use crate::chunked::{Chain, Form};
use crate::encoding::encode_percent;
use crate::events::{AnswerBody, Events};
use crate::header;
use crate::refusal::Refusal;
use crate::route::{self, Route};
use crate::server::{Connection, Edge};
use crate::sigv2;
use crate::sigv4::{self, Claim, Head, Malformed};
use crate::upload::{Check, Upload};
use crate::{body, cors, integrity, internal, web};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HOST, HeaderValue, ORIGIN, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, StatusCode, request};
use http_body_util::Full;
use hyper::body::Incoming;
use kernel::panic::caught_async;
use kernel::{Answer, Body, Caller, INTERNAL_FAILURE, Named, Principal};
use model::wire::{self, HttpRequest, HttpResponse};
use model::{ErrorShape, Kind, Operation, Protocol, Service, Value};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Answered before anything else is looked at, for `make bench`: what this HTTP stack costs by itself.
const STATIC_PATH: &str = "/_niebla/static";
const STATIC_ANSWER: &[u8] = b"{\"status\":\"ok\"}";

const HEAD_TOO_LARGE: ErrorShape = ErrorShape::sender("RequestHeaderSectionTooLarge").status(431);

/// Of the time that requests get when the server stops: what is left is for saying that a stream was cut off.
const SHARE_OF_STREAMS: f32 = 0.8;

const WRONG_REGION: ErrorShape = ErrorShape::sender("SignatureDoesNotMatch").status(403);
/// `us-gov-west-1`, `us-isob-east-1`: AWS's own have at most 14 letters.
const LONGEST_REGION: usize = 32;

/// What AWS answers: a whole response, or the head of one whose body is still to come.
pub struct Answered {
    pub response: HttpResponse,
    pub coming: Option<Coming>,
}

pub enum Coming {
    Events(Box<Events>),
    Body(Body),
}

impl From<HttpResponse> for Answered {
    fn from(response: HttpResponse) -> Self {
        Self { response, coming: None }
    }
}

pub async fn answer(connection: &Arc<Connection>, request: Request<Incoming>) -> Response<AnswerBody> {
    if request.uri().path() == STATIC_PATH {
        return static_answer();
    }
    let origins = &connection.edge.options.origins;
    let origin = request.headers().get(ORIGIN).cloned();
    let rules = origin.as_ref().and_then(|_| web::rules(connection, &addressed(&request)));
    let wants_body = request.method() != Method::HEAD;
    if let Some(rules) = rules.as_ref().filter(|_| cors::is_preflight(request.method(), request.headers())) {
        return written(rules.preflight(connection).into(), wants_body);
    }
    let preflight = origin.as_ref().and_then(|it| cors::preflight(request.method(), request.headers(), it, origins));
    let mut answered = match preflight {
        Some(response) => response.into(),
        None if internal::is_path(request.uri().path()) => internal_answer(connection, request).await.into(),
        None => aws_answer(connection, request).await,
    };
    match (rules, origin) {
        (Some(rules), _) => rules.expose(&mut answered.response),
        (None, Some(origin)) => cors::expose(&mut answered.response.headers, &origin, origins),
        (None, None) => {}
    }
    written(answered, wants_body)
}

/// A copy of the head, with the bucket in its path, for who looks at a request before it is carried out.
fn addressed(request: &Request<Incoming>) -> HttpRequest {
    let (parts, ()) = {
        let mut copy = Request::new(());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy.into_parts()
    };
    let mut head = head_of(parts);
    if let Some(path) = bucket_into_path(None, route::host(&head.headers), &head) {
        head.path = path;
    }
    head
}

fn static_answer() -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::Whole(Full::new(Bytes::from_static(STATIC_ANSWER))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn written(Answered { response, coming }: Answered, wants_body: bool) -> Response<AnswerBody> {
    let mut out = Response::new(match coming.filter(|_| wants_body) {
        Some(Coming::Events(events)) => AnswerBody::Events(Box::new(events.beginning_with(response.body))),
        Some(Coming::Body(body)) => AnswerBody::Pieces(body),
        None if wants_body => AnswerBody::Whole(Full::new(response.body)),
        None => AnswerBody::Whole(Full::default()),
    });
    *out.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *out.headers_mut() = response.headers;
    out
}

async fn internal_answer(connection: &Connection, request: Request<Incoming>) -> HttpResponse {
    let (parts, body) = request.into_parts();
    let mut request = head_of(parts);
    let edge = &connection.edge;
    let rest = Rest::new(body, &request.headers);
    let (body, _held) = match body::read(&rest, &request.headers, &edge.options.limits, &edge.room).await {
        Ok(whole) => whole,
        Err(error) => return internal::error(error.shape().status, error.message()),
    };
    request.body = body;
    internal::answer(connection, request).await
}

async fn aws_answer(connection: &Arc<Connection>, request: Request<Incoming>) -> Answered {
    let mut exchange = Exchange {
        connection,
        edge: &connection.edge,
        request_id: connection.edge.kernel.entropy.uuid(),
        // Until more is known.
        spoken: Spoken { service: None, protocol: Protocol::RestJson1 },
        resource: None,
    };
    let (parts, body) = request.into_parts();
    let request = head_of(parts);
    let rest = Rest::new(body, &request.headers);
    let part = web::find(connection, &request, route::host(&request.headers));
    let outcome = match part {
        Some(part) => {
            let (service, protocol) = web::spoken(part.0);
            exchange.spoken = Spoken { service: Some(service), protocol };
            let (host, anonymous) = (route::host(&request.headers), Who::new(Principal::Anonymous, None));
            let caller = exchange.caller(anonymous, route::region(None, host), host, &request.headers);
            caught_async(web::answer(connection, part, caller, request, &rest)).await
        }
        None => caught_async(exchange.carry_out(request, &rest)).await,
    };
    rest.let_through().await;
    let error = match outcome {
        Ok(Ok(answered)) => return answered,
        Ok(Err(error)) => error,
        Err(panic) => {
            tracing::error!(request = exchange.request_id, "a request ended in a panic: {panic}");
            INTERNAL_FAILURE
                .with("The request processing has failed because of an unknown error, exception or failure.")
        }
    };
    let error = match exchange.resource.take() {
        Some(path) => error.field("Resource", path),
        None => error,
    };
    answer::error(exchange.spoken, &error, &exchange.request_id).into()
}

struct Exchange<'c> {
    connection: &'c Connection,
    edge: &'c Edge,
    request_id: String,
    spoken: Spoken,
    /// The path, for S3's errors.
    resource: Option<String>,
}

impl Exchange<'_> {
    async fn carry_out(&mut self, mut request: HttpRequest, rest: &Rest) -> model::Result<Answered> {
        let kernel = &self.edge.kernel;
        self.check_head(&request)?;
        let limits = &self.edge.options.limits;
        // A form names its operation in its body. Everybody else is refused before it is read.
        let is_form = route::is_form(&request.headers);
        let mut sent = if is_form { Some(self.read_form(rest, &mut request).await?) } else { None };

        let host = route::host(&request.headers);
        let claim = claim_of(&request.headers, &request.query);
        let claimed = claim.as_ref().ok().and_then(Option::as_ref);
        // The signature covers the path as it was sent.
        let path = bucket_into_path(claimed, host, &request).map(|it| std::mem::replace(&mut request.path, it));
        let Route { service, operation, protocol } = self.route(claimed, host, &request)?;
        let refused = |refusal: Refusal| refusal.error(service, protocol);
        // Before the signature and the body, so that nobody corrects a request that we cannot answer anyhow.
        let named = kernel.entry(service.name, operation.name)?;
        let takes_body = named.entry.takes_body();
        if !is_form && !takes_body {
            let whole = body::read(rest, &request.headers, limits, &self.edge.room).await?;
            request.body = whole.0.clone();
            sent = Some(whole);
        }

        let head = Head {
            method: &request.method,
            path: path.as_deref().unwrap_or(&request.path),
            query: &request.query,
            headers: &request.headers,
        };
        let claim = claim.map_err(|malformed| refused(Refusal::Malformed(malformed)))?;
        let region = route::region(claim.as_ref(), host);
        if !is_region_name(region) {
            return Err(WRONG_REGION.with("Credential should be scoped to a valid region."));
        }
        let loopback = self.connection.trusts(&request.headers);
        // The signature covers the body as it was sent.
        let body = sent.as_ref().map(|it| &*it.0);
        let resource = &request.path;
        let evidence = Evidence { claim: claim.as_ref(), head, resource, body, loopback, service, operation };
        let mut who = authenticate::identify(kernel, &self.edge.keys, &evidence).map_err(refused)?;
        let chunks = authenticate::content_hash(&head).and_then(Form::of).map(|form| (form, who.chain.take()));
        let caller = Arc::new(self.caller(who, region, host, &request.headers));
        drop(claim);

        let body = if takes_body {
            Some(self.upload(rest, chunks, &mut request.headers, (service, protocol)))
        } else {
            if let Some((form, chain)) = chunks {
                let body = std::mem::take(&mut request.body);
                request.body = body::unchunk(form, chain, &mut request.headers, body).map_err(refused)?;
            }
            if body::is_zipped(&request.headers) && !is_form && is_read_by_us(service, operation) {
                request.body = body::unzip(&request.body, limits)?;
            }
            integrity::check(operation, named.entry.needs_digest(), &request)?;
            None
        };
        if protocol == Protocol::AwsQuery && service.name == "sqs" {
            add_queue_url(&mut request, &caller.endpoint);
        }
        let input = wire::decode_request(service, operation, protocol, &request).map_err(answer::undecoded)?;
        drop(request);
        let headers = named.entry.headers().map(|of| (of, input.clone()));
        let answer = kernel.answer(caller, &named, input, body).await?;
        drop(sent);
        let more = |output: &Value| headers.map_or_else(Vec::new, |(of, input)| of(&input, output));
        self.answered((service, operation, protocol), &named, answer, more)
    }

    /// A body that is handed on as it comes. In the head, it looks as if it came without chunks.
    fn upload(
        &self,
        rest: &Rest,
        chunks: Option<(Form, Option<Chain>)>,
        headers: &mut HeaderMap,
        spoken: (&'static Service, Protocol),
    ) -> Body {
        let declared = header::text(headers, header::CONTENT_SHA256).filter(|it| authenticate::is_hash(it));
        let announced = chunks.as_ref().and_then(|_| body::announced(headers));
        let (check, length) = match (chunks, declared) {
            (Some((form, chain)), _) => {
                // Who takes a body computes its checksum, and compares it.
                let decoder = body::decoder(form, chain, headers).without_checksum();
                let length = body::decoded_length(headers);
                body::look_unchunked(headers, length);
                (Check::Chunks { decoder: Box::new(decoder), input: BytesMut::new() }, length)
            }
            (None, Some(declared)) => {
                (Check::Hash { declared: declared.to_owned(), hasher: Sha256::new() }, rest.length())
            }
            (None, None) => (Check::Nothing, rest.length()),
        };
        let pieces = Upload::new(rest.clone(), check, spoken, self.edge.options.limits.body_time);
        Body::new(length, pieces).announcing(announced)
    }

    /// An answer in the caller's protocol, with headers that the model does not state.
    fn answered(
        &self,
        (service, operation, protocol): (&'static Service, &'static Operation, Protocol),
        named: &Named,
        answer: Answer,
        headers: impl FnOnce(&Value) -> Vec<(&'static str, String)>,
    ) -> model::Result<Answered> {
        let output = match &answer {
            Answer::Whole(output) => output,
            Answer::Stream(stream) => &stream.output,
            Answer::Download { output, .. } => output,
        };
        let mut response = wire::encode_response(service, operation, protocol, output, &self.request_id);
        for (name, value) in headers(output) {
            let value =
                HeaderValue::try_from(value).map_err(|_| INTERNAL_FAILURE.with(format!("{name} is no header")))?;
            response.headers.insert(name, value);
        }
        if let Some(status) = named.entry.status() {
            response.status = status(output);
        }
        let coming = match answer {
            Answer::Whole(_) => return Ok(response.into()),
            Answer::Download { body, .. } => Coming::Body(body),
            Answer::Stream(stream) => {
                let patience = self.edge.options.limits.drain_time.mul_f32(SHARE_OF_STREAMS);
                let events = Events::new(&self.edge.kernel, (service, operation, protocol), stream, patience);
                Coming::Events(Box::new(events))
            }
        };
        Ok(Answered { response, coming: Some(coming) })
    }

    /// The body as it came. A form that is zipped is unzipped in the request, for it names the operation.
    async fn read_form(&mut self, rest: &Rest, request: &mut HttpRequest) -> model::Result<(Bytes, body::Held)> {
        let limits = &self.edge.options.limits;
        let whole = body::read(rest, &request.headers, limits, &self.edge.room).await;
        let (sent, held) = self.or_learn_to_speak(whole, request)?;
        request.body = sent.clone();
        if body::is_zipped(&request.headers) {
            request.body = self.or_learn_to_speak(body::unzip(&sent, limits), request)?;
        }
        Ok((sent, held))
    }

    fn route(&mut self, claim: Option<&Claim>, host: &str, request: &HttpRequest) -> model::Result<Route> {
        match route::find(&self.edge.kernel, claim, host, request) {
            Ok(route) => {
                self.spoken = Spoken { service: Some(route.service), protocol: route.protocol };
                self.resource = (route.service.name == "s3").then(|| request.path.clone());
                Ok(route)
            }
            Err(unrouted) => {
                let (spoken, error) = answer::unrouted(&unrouted);
                self.spoken = spoken;
                Err(error)
            }
        }
    }

    /// The protocol, as far as the head tells it, for an answer to a request that is not read to its end.
    fn learn_to_speak(&mut self, request: &HttpRequest) {
        let claim = claim_of(&request.headers, &request.query).ok().flatten();
        // Whether there is an operation matters no more.
        let _ = self.route(claim.as_ref(), route::host(&request.headers), request);
    }

    fn or_learn_to_speak<T>(&mut self, outcome: model::Result<T>, request: &HttpRequest) -> model::Result<T> {
        if outcome.is_err() {
            self.learn_to_speak(request);
        }
        outcome
    }

    fn check_head(&mut self, request: &HttpRequest) -> model::Result<()> {
        // Each header has a colon, a space and a line break.
        let headers: usize = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        let limit = self.edge.options.limits.header_bytes;
        if headers + request.path.len() + request.query.len() <= limit {
            return Ok(());
        }
        let error = HEAD_TOO_LARGE.with(format!("The headers of the request are larger than {limit} bytes."));
        self.or_learn_to_speak(Err(error), request)
    }

    fn caller(&self, who: Who, region: &str, host: &str, headers: &HeaderMap) -> Caller {
        let scheme = if self.connection.secure { "https://" } else { "http://" };
        let endpoint =
            if host.is_empty() { self.edge.kernel.settings.endpoint.clone() } else { [scheme, host].concat() };
        Caller {
            principal: who.principal,
            region: region.to_owned(),
            access_key: who.access_key,
            source_ip: self.connection.source_ip.clone(),
            user_agent: text_of(headers, USER_AGENT).to_owned(),
            secure: self.connection.secure,
            session: who.session.map(Box::new),
            request_id: self.request_id.clone(),
            endpoint,
            via: None,
        }
    }
}

/// What a request says of its signature, whichever version it is of.
fn claim_of<'r>(headers: &'r HeaderMap, query: &'r str) -> Result<Option<Claim<'r>>, Malformed> {
    Ok(sigv4::claim(headers, query)?.or_else(|| sigv2::claim(headers, query)))
}

fn head_of(parts: request::Parts) -> HttpRequest {
    let mut headers = parts.headers;
    // HTTP/2 has the host in the request line's stead.
    if let Some(authority) = parts.uri.authority().filter(|_| !headers.contains_key(HOST))
        && let Ok(value) = HeaderValue::from_str(authority.as_str())
    {
        headers.insert(HOST, value);
    }
    HttpRequest {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: Bytes::new(),
    }
}

/// Regions become parts of ARNs, so nothing that could mean something there may stand in one.
fn is_region_name(text: &str) -> bool {
    let fits = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    (1..=LONGEST_REGION).contains(&text.len()) && text.bytes().all(fits)
}

fn text_of(headers: &HeaderMap, name: http::HeaderName) -> &str {
    header::text(headers, name).unwrap_or_default()
}

/// The path with the bucket that stands in the host, where a request is for S3.
fn bucket_into_path(claim: Option<&Claim>, host: &str, request: &HttpRequest) -> Option<String> {
    let bucket = match claim {
        // SDKs put the bucket before whatever endpoint they are given: `photos.localhost`.
        Some(claim) if is_s3(claim) => route::bucket(host).or_else(|| route::bucket_of_endpoint(host)),
        Some(_) => None,
        None => route::bucket(host).filter(|_| !request.headers.contains_key(header::TARGET)),
    };
    bucket.map(|it| format!("/{it}{}", request.path))
}

fn is_s3(claim: &Claim) -> bool {
    matches!(&*claim.service, "s3" | "s3express")
}

/// What the codecs read; the bytes of objects and payloads belong to their owner, also when they are gzip.
fn is_read_by_us(service: &Service, operation: &Operation) -> bool {
    let input = operation.input.and_then(|it| service.structure(it));
    let payload = input.and_then(model::Structure::payload_member).map(|it| &service.shape(it.shape).kind);
    !matches!(payload, Some(Kind::Blob | Kind::String))
}

/// The older protocol may be sent to a queue's URL instead of naming it.
fn add_queue_url(request: &mut HttpRequest, endpoint: &str) {
    let names_it = |text: &[u8]| text.split(|it| *it == b'&').any(|it| it.starts_with(b"QueueUrl="));
    if !route::is_queue_path(&request.path) || names_it(&request.body) || names_it(request.query.as_bytes()) {
        return;
    }
    if !request.query.is_empty() {
        request.query.push('&');
    }
    request.query.push_str("QueueUrl=");
    encode_percent(endpoint.as_bytes(), b"", &mut request.query);
    encode_percent(request.path.as_bytes(), b"", &mut request.query);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_named_by_the_url_that_was_called() {
        let mut request = HttpRequest { path: "/000000000000/jobs".to_owned(), ..HttpRequest::default() };
        request.body = Bytes::from_static(b"Action=SendMessage");
        add_queue_url(&mut request, "http://localhost:4566");
        let expected = "QueueUrl=http%3A%2F%2Flocalhost%3A4566%2F000000000000%2Fjobs";
        assert_eq!(request.query, expected);
        add_queue_url(&mut request, "http://localhost:4566");
        assert_eq!(request.query, expected);
    }
}
