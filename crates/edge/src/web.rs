//! What is no call of an operation: services' parts of the web, and what they say to pages of other origins.

use crate::answer::{self, Spoken};
use crate::authenticate;
use crate::body::Rest;
use crate::exchange::{Answered, Coming};
use crate::refusal::Refusal;
use crate::route;
use crate::server::Connection;
use crate::sigv2;
use crate::sigv4::{self, Malformed};
use crate::upload::{Check, Upload};
use http::header::{HeaderName, HeaderValue};
use kernel::web::{Signatures, SignedText, Web, WebAnswer, WebRequest};
use kernel::{Body, Caller, Service};
use model::wire::{HttpRequest, HttpResponse};
use model::{Protocol, Result, Timestamp};
use std::sync::Arc;

/// The service whose part of the web a request is for.
pub fn find<'c>(connection: &'c Connection, request: &HttpRequest, host: &str) -> Option<(&'c Service, &'c Web)> {
    let parts = connection.edge.kernel.services.values().filter_map(|it| Some((&**it, it.web.as_ref()?)));
    parts.into_iter().find(|(_, web)| (web.takes)(request, host))
}

pub async fn answer(
    connection: &Arc<Connection>,
    (service, web): (&Service, &Web),
    caller: Caller,
    head: HttpRequest,
    rest: &Rest,
) -> Result<Answered> {
    let (kernel, spoken) = (&connection.edge.kernel, spoken(service));
    let trusted = connection.trusts(&head.headers);
    let signatures = Arc::new(Keys { connection: connection.clone(), caller: caller.clone(), trusted, spoken });
    let patience = connection.edge.options.limits.body_time;
    let body = Body::new(rest.length(), Upload::new(rest.clone(), Check::Nothing, spoken, patience));
    let host = route::host(&head.headers).to_owned();
    let cloud = kernel.cloud(Arc::new(caller));
    let WebAnswer { status, headers, body } = (web.answer)(cloud, WebRequest { head, host, body, signatures }).await?;
    let response = HttpResponse { status, headers, ..HttpResponse::default() };
    Ok(Answered { response, coming: Some(Coming::Body(body)) })
}

/// How the service words errors.
pub fn spoken(service: &Service) -> (&'static model::Service, Protocol) {
    let model = service.model();
    (model, model.metadata.protocol)
}

/// What services say to the page that asks: none, if the request is about nothing of theirs that has rules.
pub fn rules(connection: &Connection, request: &HttpRequest) -> Option<Rules> {
    let kernel = &connection.edge.kernel;
    let cloud = kernel.as_service("niebla");
    kernel.services.values().find_map(|service| {
        let rules = service.cross_origin?;
        let said = cloud.read(|cx| rules(cx, request))?;
        let (model, protocol) = spoken(service);
        Some(Rules { spoken: Spoken { service: Some(model), protocol }, said })
    })
}

/// What a service says to the page that asks.
pub struct Rules {
    spoken: Spoken,
    said: Result<Vec<(&'static str, String)>>,
}

impl Rules {
    /// The answer to a browser's question before a request.
    pub fn preflight(&self, connection: &Connection) -> HttpResponse {
        let mut response = match &self.said {
            Ok(_) => HttpResponse { status: 200, ..HttpResponse::default() },
            Err(error) => answer::error(self.spoken, error, &connection.edge.kernel.entropy.uuid()),
        };
        self.expose(&mut response);
        response
    }

    /// On the answer itself: what is not allowed is not mentioned.
    pub fn expose(&self, response: &mut HttpResponse) {
        for (name, value) in self.said.iter().flatten() {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers.append(HeaderName::from_static(name), value);
            }
        }
    }
}

/// Who may sign forms on this connection.
struct Keys {
    connection: Arc<Connection>,
    /// The anonymous one, of which the signer's differs in who it is.
    caller: Caller,
    trusted: bool,
    spoken: (&'static model::Service, Protocol),
}

impl Signatures for Keys {
    fn caller(&self, signed: &SignedText) -> Result<Arc<Caller>> {
        let refused = |refusal: Refusal| refusal.error(self.spoken.0, self.spoken.1);
        let SignedText { credential, signature, token, .. } = signed;
        let claim = match credential.contains('/') {
            true => sigv4::claim_of_text(credential, signature, token.as_deref()),
            false => Ok(sigv2::claim_of_text(credential, signature, token.as_deref())),
        };
        let claim = claim.map_err(|malformed: Malformed| refused(Refusal::Malformed(malformed)))?;
        let edge = &self.connection.edge;
        let who = authenticate::identify_text(&edge.kernel, &edge.keys, &claim, &signed.text, self.trusted);
        let who = who.map_err(refused)?;
        Ok(Arc::new(Caller {
            principal: who.principal,
            access_key: who.access_key,
            session: who.session.map(Box::new),
            region: claim.region.into_owned(),
            ..self.caller.clone()
        }))
    }

    fn time(&self) -> Timestamp {
        Timestamp(authenticate::machine_time() * 1000)
    }
}
