//! Who signed a request: from its signature to the caller, or to the refusal.

use crate::chunked::{Chain, Form};
use crate::header;
use crate::refusal::{Refusal, SKEW_SECONDS};
use crate::sigv2;
use crate::sigv4::{self, Algorithm, Claim, Head, Paths, Place, SigningKeys, Wrong};
use kernel::{Credential, Kernel, Principal, Session, is_account};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// The access key that everybody uses who has no other.
const TEST_KEY: &str = "test";
const TEST_ACCOUNT: &str = "000000000000";

/// What authentication is about.
pub struct Evidence<'r> {
    pub claim: Option<&'r Claim<'r>>,
    pub head: Head<'r>,
    /// The path with the bucket, however that was addressed.
    pub resource: &'r str,
    /// None: it is still to come, and is verified as it comes.
    pub body: Option<&'r [u8]>,
    /// The peer is on this machine.
    pub loopback: bool,
    pub service: &'static model::Service,
    pub operation: &'static model::Operation,
}

/// Who it is, and what verifies the chunks of the body.
#[derive(Debug)]
pub struct Who {
    pub principal: Principal,
    pub access_key: Option<String>,
    pub session: Option<Session>,
    pub chain: Option<Chain>,
}

pub fn identify(kernel: &Arc<Kernel>, keys: &SigningKeys, evidence: &Evidence) -> Result<Who, Refusal> {
    let Some(claim) = evidence.claim else { return anonymous(evidence) };
    if let Some(principal) = root_of_key(&claim.access_key).filter(|_| evidence.loopback) {
        return Ok(Who::new(principal, Some(claim.access_key.to_string())));
    }
    let credential = known(kernel, claim)?;
    if claim.algorithm == Algorithm::Version2 {
        verify_older(evidence, claim, &credential.secret, machine_time())?;
        in_force(kernel, &credential, claim)?;
        return Ok(Who::of(credential, claim, None));
    }
    let key = keys.of(&credential.secret, claim);
    verify(evidence, claim, &key, machine_time())?;
    in_force(kernel, &credential, claim)?;
    if !reaches(&credential, evidence) {
        return Err(unknown(claim));
    }
    let chain = content_hash(&evidence.head).and_then(Form::of).filter(|it| it.signed).map(|_| Chain::new(claim, key));
    Ok(Who::of(credential, claim, chain))
}

/// Who signed a text that is no request.
pub fn identify_text(
    kernel: &Arc<Kernel>,
    keys: &SigningKeys,
    claim: &Claim,
    text: &str,
    loopback: bool,
) -> Result<Who, Refusal> {
    if let Some(principal) = root_of_key(&claim.access_key).filter(|_| loopback) {
        return Ok(Who::new(principal, Some(claim.access_key.to_string())));
    }
    let credential = known(kernel, claim)?;
    let right = match claim.algorithm {
        Algorithm::Version2 => sigv2::verify_text(claim, text, &credential.secret),
        Algorithm::Hmac | Algorithm::Ecdsa => sigv4::verify_text(claim, text, &keys.of(&credential.secret, claim)),
    };
    right.map_err(|wrong| wrong_signature(claim, wrong))?;
    in_force(kernel, &credential, claim)?;
    Ok(Who::of(credential, claim, None))
}

fn known(kernel: &Arc<Kernel>, claim: &Claim) -> Result<Credential, Refusal> {
    kernel.credential(&claim.access_key).filter(|it| it.active).ok_or_else(|| unknown(claim))
}

fn unknown(claim: &Claim) -> Refusal {
    Refusal::UnknownKey { access_key: claim.access_key.to_string() }
}

/// Niebla's clock issued the credentials, so its clock ends them.
fn in_force(kernel: &Arc<Kernel>, credential: &Credential, claim: &Claim) -> Result<(), Refusal> {
    if credential.token.as_deref() != claim.token.as_deref() {
        return Err(unknown(claim));
    }
    if credential.expires_at.is_some_and(|it| it <= kernel.clock.now().0) {
        return Err(Refusal::ExpiredToken);
    }
    Ok(())
}

/// The session of a user, or of one for whom a user asked, opens neither IAM nor most of STS (GetSessionToken and
/// GetFederationToken in the STS API reference). IAM does not even know its token.
fn reaches(credential: &Credential, evidence: &Evidence) -> bool {
    let narrow = matches!(
        credential.principal,
        Principal::Root { .. } | Principal::User { .. } | Principal::FederatedUser { .. }
    );
    !(credential.session.is_some() && narrow && evidence.service.name == "iam")
}

/// `test` is root of 000000000000, a key of 12 digits is root of that account. Nobody asks for their secrets, which is
/// why only this machine may use them.
fn root_of_key(access_key: &str) -> Option<Principal> {
    match access_key {
        TEST_KEY => Some(Principal::root(TEST_ACCOUNT)),
        account if is_account(account) => Some(Principal::root(account)),
        _ => None,
    }
}

fn anonymous(evidence: &Evidence) -> Result<Who, Refusal> {
    // S3 lets everybody in; its buckets' policies decide.
    if evidence.operation.anonymous || evidence.service.name == "s3" {
        Ok(Who::new(Principal::Anonymous, None))
    } else {
        Err(Refusal::Unsigned)
    }
}

fn verify(evidence: &Evidence, claim: &Claim, key: &[u8; 32], now: i64) -> Result<(), Refusal> {
    if claim.algorithm == Algorithm::Ecdsa {
        return Err(Refusal::Asymmetric);
    }
    let signed_at = complete(claim)?;
    check_time(evidence, claim, signed_at, now)?;
    let time = sigv4::time(claim);
    if !time.starts_with(&*claim.date) || claim.date.len() != 8 {
        return Err(Refusal::WrongDate { scope: claim.date.to_string(), signed_at: time });
    }
    check_signature(evidence, claim, key)
}

/// Signature version 2, which S3 alone takes.
fn verify_older(evidence: &Evidence, claim: &Claim, secret: &str, now: i64) -> Result<(), Refusal> {
    match claim.place {
        Place::Header => {
            let signed_at = sigv4::signed_at(&claim.signed_at).unwrap_or_default();
            if (signed_at - now).abs() > SKEW_SECONDS {
                return Err(Refusal::Skewed { signed_at, now });
            }
        }
        Place::Query { .. } => {
            let signed_at = sigv2::expires(claim).unwrap_or_default();
            if now > signed_at {
                return Err(Refusal::PresignedExpired { signed_at, expires: 0, now });
            }
        }
    }
    sigv2::verify(claim, &evidence.head, evidence.resource, secret).map_err(|wrong| wrong_signature(claim, wrong))
}

fn wrong_signature(claim: &Claim, wrong: Wrong) -> Refusal {
    let (access_key, signature) = (claim.access_key.to_string(), claim.signature.to_string());
    Refusal::WrongSignature { access_key, signature, wrong }
}

/// All parts are there; seconds since 1970 of the signature's making.
fn complete(claim: &Claim) -> Result<i64, Refusal> {
    let mut missing = Vec::new();
    if claim.signature.is_empty() {
        missing.push("Authorization header requires 'Signature' parameter.");
    }
    if claim.signed_headers.is_empty() {
        missing.push("Authorization header requires 'SignedHeaders' parameter.");
    }
    let signed_at = sigv4::signed_at(&claim.signed_at);
    if signed_at.is_none() {
        missing.push("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.");
    }
    signed_at.filter(|_| missing.is_empty()).ok_or_else(|| Refusal::Incomplete(missing.join(" ")))
}

/// Against the machine's time and not Niebla's clock: SDKs sign with the machine's time, also when Niebla's clock has
/// been moved.
fn check_time(evidence: &Evidence, claim: &Claim, signed_at: i64, now: i64) -> Result<(), Refusal> {
    match claim.place {
        Place::Header if (signed_at - now).abs() > SKEW_SECONDS => Err(Refusal::Skewed { signed_at, now }),
        Place::Header => Ok(()),
        Place::Query { .. } if signed_at - now > SKEW_SECONDS => Err(Refusal::PresignedEarly { signed_at, now }),
        Place::Query { expires: None } if evidence.service.name == "s3" => Err(Refusal::Incomplete(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.".to_owned(),
        )),
        Place::Query { expires } => {
            let expires = expires.unwrap_or(SKEW_SECONDS);
            if now > signed_at + expires { Err(Refusal::PresignedExpired { signed_at, expires, now }) } else { Ok(()) }
        }
    }
}

fn check_signature(evidence: &Evidence, claim: &Claim, key: &[u8; 32]) -> Result<(), Refusal> {
    let is_s3 = matches!(evidence.service.metadata.signing_name, "s3" | "s3-outposts");
    let paths = if is_s3 { Paths::Once } else { Paths::Twice };
    let attempt = |payload: &str| sigv4::verify(claim, &evidence.head, payload, paths, key);
    let declared = content_hash(&evidence.head);
    let payload = match declared {
        Some(declared) => declared.to_owned(),
        None if is_s3 && claim.place != Place::Header => sigv4::UNSIGNED_PAYLOAD.to_owned(),
        None => sigv4::hash(evidence.body.ok_or(Refusal::NoHash)?),
    };
    let mut outcome = attempt(&payload);
    // SDKs leave out the header when they leave the body unsigned, which some operations allow.
    if outcome.is_err() && declared.is_none() && evidence.operation.unsigned_payload {
        outcome = attempt(sigv4::UNSIGNED_PAYLOAD);
    }
    outcome.map_err(|wrong| wrong_signature(claim, wrong))?;
    match declared.zip(evidence.body) {
        Some((declared, body)) if is_hash(declared) => check_payload(declared, body),
        Some(_) | None => Ok(()),
    }
}

fn check_payload(declared: &str, body: &[u8]) -> Result<(), Refusal> {
    let computed = sigv4::hash(body);
    if declared.eq_ignore_ascii_case(&computed) {
        return Ok(());
    }
    Err(Refusal::WrongPayload { declared: declared.to_owned(), computed })
}

/// `x-amz-content-sha256`: a hash, `UNSIGNED-PAYLOAD`, or the form of a stream.
pub fn content_hash<'r>(head: &Head<'r>) -> Option<&'r str> {
    header::text(head.headers, header::CONTENT_SHA256)
}

/// Everything else names a form whose bytes are verified elsewhere or not at all.
pub fn is_hash(declared: &str) -> bool {
    declared != sigv4::UNSIGNED_PAYLOAD && !declared.starts_with("STREAMING-")
}

impl Who {
    pub fn new(principal: Principal, access_key: Option<String>) -> Self {
        Self { principal, access_key, session: None, chain: None }
    }

    fn of(credential: Credential, claim: &Claim, chain: Option<Chain>) -> Self {
        Self {
            principal: credential.principal,
            access_key: Some(claim.access_key.to_string()),
            session: credential.session,
            chain,
        }
    }
}

/// Seconds since 1970.
#[allow(clippy::disallowed_methods, reason = "signatures are made with the machine's time")]
pub fn machine_time() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs() as i64)
}
