//! Why a caller is not let in, and how each kind of service says so.
//!
//! Sources: "Common error types" of the API References of SQS, IAM and DynamoDB, "Error responses" of S3 and
//! "Error codes" of EC2; the sentences are those that the services answer.

use crate::chunked::ChunkError;
use crate::sigv4::{self, Malformed, Wrong};
use model::{Error, ErrorShape, Protocol, Service};

#[derive(Debug)]
pub enum Refusal {
    /// Nothing is signed, and the operation asks for it.
    Unsigned,
    /// No such key, or one that is inactive, or a token that does not belong to it.
    UnknownKey {
        access_key: String,
    },
    ExpiredToken,
    Malformed(Malformed),
    /// Parts of the signature that are missing, a sentence each.
    Incomplete(String),
    WrongSignature {
        access_key: String,
        signature: String,
        wrong: Wrong,
    },
    /// The date of the scope is another one than the signature's.
    WrongDate {
        scope: String,
        signed_at: String,
    },
    /// The body has another hash than `x-amz-content-sha256` says.
    WrongPayload {
        declared: String,
        computed: String,
    },
    /// The body is signed, but its hash is not said before it.
    NoHash,
    /// Signed too long ago or too far ahead, in seconds since 1970.
    Skewed {
        signed_at: i64,
        now: i64,
    },
    /// A presigned URL that is over, or was signed for later.
    PresignedExpired {
        signed_at: i64,
        expires: i64,
        now: i64,
    },
    PresignedEarly {
        signed_at: i64,
        now: i64,
    },
    /// Signatures of this algorithm cannot be verified here.
    Asymmetric,
    Chunks(ChunkError),
}

/// The families of spellings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    S3,
    Ec2,
    /// Query services, and those with XML over REST.
    Query,
    /// With the status of a refusal: 400, and 403 over REST.
    Json(u16),
}

/// Signatures are good for so long before and after they are made.
pub const SKEW_SECONDS: i64 = 15 * 60;

const INVALID_TOKEN: &str = "The security token included in the request is invalid.";
const WRONG_SIGNATURE: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
const S3_WRONG_SIGNATURE: &str =
    "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
const EC2_FAILURE: &str = "AWS was not able to validate the provided access credentials";

impl Refusal {
    /// In the words of the service.
    pub fn error(&self, service: &Service, protocol: Protocol) -> Error {
        let dialect = Dialect::of(service, protocol);
        match self {
            Refusal::Unsigned => dialect.unsigned(),
            Refusal::UnknownKey { access_key } => dialect.unknown_key(access_key),
            Refusal::ExpiredToken => dialect.expired_token(),
            Refusal::Malformed(malformed) => dialect.malformed(malformed),
            Refusal::Incomplete(sentence) => dialect.incomplete(sentence),
            Refusal::WrongSignature { access_key, signature, wrong } => {
                dialect.wrong_signature(access_key, signature, wrong)
            }
            Refusal::WrongDate { scope, signed_at } => dialect.invalid_signature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{}', from '{signed_at}'.",
                signed_at.get(..8).unwrap_or(signed_at)
            )),
            Refusal::WrongPayload { declared, computed } => dialect.wrong_payload(declared, computed),
            Refusal::NoHash => ErrorShape::sender("InvalidRequest")
                .with("Missing required header for this request: x-amz-content-sha256"),
            Refusal::Skewed { signed_at, now } => dialect.skewed(*signed_at, *now),
            Refusal::PresignedExpired { signed_at, expires, now } => dialect.expired(*signed_at, *expires, *now),
            Refusal::PresignedEarly { signed_at, now } => match dialect {
                Dialect::S3 => denied("Request is not yet valid"),
                Dialect::Ec2 | Dialect::Query | Dialect::Json(_) => dialect.skewed(*signed_at, *now),
            },
            Refusal::Asymmetric => dialect.invalid_signature(
                "Niebla does not verify signatures of AWS4-ECDSA-P256-SHA256; sign with AWS4-HMAC-SHA256.".to_owned(),
            ),
            Refusal::Chunks(error) => dialect.chunks(error),
        }
    }
}

impl Dialect {
    fn of(service: &Service, protocol: Protocol) -> Self {
        match protocol {
            Protocol::RestXml if service.name == "s3" => Dialect::S3,
            Protocol::Ec2Query => Dialect::Ec2,
            Protocol::AwsQuery | Protocol::RestXml => Dialect::Query,
            Protocol::RestJson1 => Dialect::Json(403),
            Protocol::AwsJson10 | Protocol::AwsJson11 | Protocol::RpcV2Cbor => Dialect::Json(400),
        }
    }

    fn unsigned(self) -> Error {
        match self {
            Dialect::S3 => denied("Access Denied"),
            Dialect::Ec2 => ErrorShape::sender("AuthFailure").status(401).with(EC2_FAILURE),
            Dialect::Query => {
                let shape = ErrorShape::sender("MissingAuthenticationToken").status(403);
                shape.with("Request is missing Authentication Token")
            }
            Dialect::Json(status) => {
                let shape = ErrorShape::sender("MissingAuthenticationTokenException").status(status);
                shape.query("MissingAuthenticationToken").with("Missing Authentication Token")
            }
        }
    }

    fn unknown_key(self, access_key: &str) -> Error {
        match self {
            Dialect::S3 => ErrorShape::sender("InvalidAccessKeyId")
                .status(403)
                .with("The AWS Access Key Id you provided does not exist in our records.")
                .field("AWSAccessKeyId", access_key.to_owned()),
            Dialect::Ec2 => ErrorShape::sender("AuthFailure").status(401).with(EC2_FAILURE),
            Dialect::Query => ErrorShape::sender("InvalidClientTokenId").status(403).with(INVALID_TOKEN),
            Dialect::Json(status) => {
                let shape = ErrorShape::sender("UnrecognizedClientException").status(status);
                shape.query("InvalidClientTokenId").with(INVALID_TOKEN)
            }
        }
    }

    fn expired_token(self) -> Error {
        const EXPIRED: &str = "The security token included in the request is expired";
        match self {
            Dialect::S3 => ErrorShape::sender("ExpiredToken").with("The provided token has expired."),
            Dialect::Ec2 => ErrorShape::sender("RequestExpired").with("Request has expired."),
            Dialect::Query => ErrorShape::sender("ExpiredToken").status(403).with(EXPIRED),
            Dialect::Json(status) => {
                ErrorShape::sender("ExpiredTokenException").status(status).query("ExpiredToken").with(EXPIRED)
            }
        }
    }

    fn malformed(self, malformed: &Malformed) -> Error {
        match (self, malformed) {
            (Dialect::S3, Malformed::Expires(sentence)) => {
                ErrorShape::sender("AuthorizationQueryParametersError").with(*sentence)
            }
            (_, Malformed::Expires(sentence)) => self.incomplete(sentence),
            (Dialect::S3, Malformed::Credential(_)) => ErrorShape::sender("AuthorizationHeaderMalformed").with(
                "The authorization header is malformed; the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            ),
            (_, Malformed::Credential(sent)) if sent.is_empty() => {
                self.incomplete("Authorization header requires 'Credential' parameter.")
            }
            (_, Malformed::Credential(sent)) => self.incomplete(&format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{sent}'"
            )),
        }
    }

    fn incomplete(self, sentence: &str) -> Error {
        match self {
            Dialect::S3 => ErrorShape::sender("AuthorizationHeaderMalformed")
                .with(format!("The authorization header is malformed; {sentence}")),
            Dialect::Ec2 | Dialect::Query => ErrorShape::sender("IncompleteSignature").with(sentence),
            Dialect::Json(status) => {
                let shape = ErrorShape::sender("IncompleteSignatureException").status(status);
                shape.query("IncompleteSignature").with(sentence)
            }
        }
    }

    fn wrong_signature(self, access_key: &str, signature: &str, wrong: &Wrong) -> Error {
        match self {
            // S3 says what it computed, so that one can compare.
            Dialect::S3 => ErrorShape::sender("SignatureDoesNotMatch")
                .status(403)
                .with(S3_WRONG_SIGNATURE)
                .field("AWSAccessKeyId", access_key.to_owned())
                .field("StringToSign", wrong.string_to_sign.clone())
                .field("SignatureProvided", signature.to_owned())
                .field("CanonicalRequest", wrong.canonical_request.clone()),
            Dialect::Ec2 => ErrorShape::sender("AuthFailure").status(401).with(EC2_FAILURE),
            Dialect::Query | Dialect::Json(_) => self.invalid_signature(WRONG_SIGNATURE.to_owned()),
        }
    }

    fn invalid_signature(self, sentence: String) -> Error {
        match self {
            Dialect::S3 | Dialect::Query => ErrorShape::sender("SignatureDoesNotMatch").status(403).with(sentence),
            Dialect::Ec2 => ErrorShape::sender("AuthFailure").status(401).with(sentence),
            Dialect::Json(status) => {
                let shape = ErrorShape::sender("InvalidSignatureException").status(status);
                shape.query("SignatureDoesNotMatch").with(sentence)
            }
        }
    }

    fn wrong_payload(self, declared: &str, computed: &str) -> Error {
        match self {
            Dialect::S3 => ErrorShape::sender("XAmzContentSHA256Mismatch")
                .with("The provided 'x-amz-content-sha256' header does not match what was computed.")
                .field("ClientComputedContentSHA256", declared.to_owned())
                .field("S3ComputedContentSHA256", computed.to_owned()),
            Dialect::Ec2 | Dialect::Query | Dialect::Json(_) => self.invalid_signature(WRONG_SIGNATURE.to_owned()),
        }
    }

    fn skewed(self, signed_at: i64, now: i64) -> Error {
        let (signed, server) = (sigv4::basic_text(signed_at), sigv4::basic_text(now));
        if self == Dialect::S3 {
            return ErrorShape::sender("RequestTimeTooSkewed")
                .status(403)
                .with("The difference between the request time and the current time is too large.")
                .field("RequestTime", signed)
                .field("ServerTime", server)
                .field("MaxAllowedSkewMilliseconds", (SKEW_SECONDS * 1000).to_string());
        }
        let minutes = SKEW_SECONDS / 60;
        self.invalid_signature(if signed_at < now {
            let limit = sigv4::basic_text(now - SKEW_SECONDS);
            format!("Signature expired: {signed} is now earlier than {limit} ({server} - {minutes} min.)")
        } else {
            let limit = sigv4::basic_text(now + SKEW_SECONDS);
            format!("Signature not yet current: {signed} is still later than {limit} ({server} + {minutes} min.)")
        })
    }

    fn expired(self, signed_at: i64, expires: i64, now: i64) -> Error {
        if self == Dialect::S3 {
            return denied("Request has expired")
                .field("X-Amz-Expires", expires.to_string())
                .field("Expires", sigv4::basic_text(signed_at + expires))
                .field("ServerTime", sigv4::basic_text(now));
        }
        let (signed, limit, server) =
            (sigv4::basic_text(signed_at), sigv4::basic_text(now - expires), sigv4::basic_text(now));
        self.invalid_signature(format!(
            "Signature expired: {signed} is now earlier than {limit} ({server} - {expires} s.)"
        ))
    }

    fn chunks(self, error: &ChunkError) -> Error {
        match error {
            ChunkError::WrongSignature => match self {
                Dialect::S3 => ErrorShape::sender("SignatureDoesNotMatch").status(403).with(S3_WRONG_SIGNATURE),
                Dialect::Ec2 | Dialect::Query | Dialect::Json(_) => self.invalid_signature(WRONG_SIGNATURE.to_owned()),
            },
            ChunkError::WrongChecksum(algorithm) => checksum::wrong(*algorithm),
            ChunkError::WrongLength { declared, received } => ErrorShape::sender("IncompleteBody")
                .with("The request body terminated unexpectedly")
                .field("NumberBytesExpected", declared.to_string())
                .field("NumberBytesProvided", received.to_string()),
            ChunkError::Malformed(sentence) => ErrorShape::sender("InvalidRequest")
                .with(format!("The body is not in the aws-chunked form: {sentence}.")),
        }
    }
}

fn denied(sentence: &str) -> Error {
    ErrorShape::sender("AccessDenied").status(403).with(sentence)
}
