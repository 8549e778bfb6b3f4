//! Errors that S3's model does not list, in the words of "Error responses" in its API Reference.

use model::{Error, ErrorShape};

pub use api::s3::error::*;

pub const ACCESS_CONTROL_LIST_NOT_SUPPORTED: ErrorShape = ErrorShape::sender("AccessControlListNotSupported");
pub const ACCESS_DENIED: ErrorShape = ErrorShape::sender("AccessDenied").status(403);
pub const AUTHORIZATION_HEADER_MALFORMED: ErrorShape = ErrorShape::sender("AuthorizationHeaderMalformed");
pub const BAD_REQUEST: ErrorShape = ErrorShape::sender("BadRequest");
pub const BUCKET_NOT_EMPTY: ErrorShape = ErrorShape::sender("BucketNotEmpty").status(409);
pub const ENTITY_TOO_LARGE: ErrorShape = ErrorShape::sender("EntityTooLarge");
pub const ENTITY_TOO_SMALL: ErrorShape = ErrorShape::sender("EntityTooSmall");
pub const ILLEGAL_LOCATION_CONSTRAINT: ErrorShape = ErrorShape::sender("IllegalLocationConstraintException");
pub const ILLEGAL_VERSIONING: ErrorShape = ErrorShape::sender("IllegalVersioningConfigurationException");
pub const INVALID_ARGUMENT: ErrorShape = ErrorShape::sender("InvalidArgument");
pub const INVALID_BUCKET_ACL: ErrorShape = ErrorShape::sender("InvalidBucketAclWithObjectOwnership");
pub const INVALID_BUCKET_STATE: ErrorShape = ErrorShape::sender("InvalidBucketState").status(409);
pub const INVALID_BUCKET_NAME: ErrorShape = ErrorShape::sender("InvalidBucketName");
pub const INVALID_ENCRYPTION: ErrorShape = ErrorShape::sender("InvalidEncryptionAlgorithmError");
pub const INVALID_LOCATION_CONSTRAINT: ErrorShape = ErrorShape::sender("InvalidLocationConstraint");
pub const INVALID_PART: ErrorShape = ErrorShape::sender("InvalidPart");
pub const INVALID_PART_NUMBER: ErrorShape = ErrorShape::sender("InvalidPartNumber").status(416);
pub const INVALID_PART_ORDER: ErrorShape = ErrorShape::sender("InvalidPartOrder");
pub const INVALID_RANGE: ErrorShape = ErrorShape::sender("InvalidRange").status(416);
pub const INVALID_REDIRECT_LOCATION: ErrorShape = ErrorShape::sender("InvalidRedirectLocation");
pub const INVALID_STORAGE_CLASS: ErrorShape = ErrorShape::sender("InvalidStorageClass");
pub const INVALID_TAG: ErrorShape = ErrorShape::sender("InvalidTag");
pub const KEY_TOO_LONG: ErrorShape = ErrorShape::sender("KeyTooLongError");
pub const LOCK_CONFIGURATION_NOT_FOUND: ErrorShape =
    ErrorShape::sender("ObjectLockConfigurationNotFoundError").status(404);
pub const MALFORMED_XML: ErrorShape = ErrorShape::sender("MalformedXML");
pub const METADATA_TOO_LARGE: ErrorShape = ErrorShape::sender("MetadataTooLarge");
pub const METHOD_NOT_ALLOWED: ErrorShape = ErrorShape::sender("MethodNotAllowed").status(405);
pub const MISSING_REQUEST_BODY: ErrorShape = ErrorShape::sender("MissingRequestBodyError");
pub const NO_SUCH_LOCK: ErrorShape = ErrorShape::sender("NoSuchObjectLockConfiguration").status(404);
pub const NO_SUCH_TAG_SET: ErrorShape = ErrorShape::sender("NoSuchTagSet").status(404);
pub const NO_SUCH_VERSION: ErrorShape = ErrorShape::sender("NoSuchVersion").status(404);
pub const NOT_MODIFIED: ErrorShape = ErrorShape::sender("NotModified").status(304);
pub const PRECONDITION_FAILED: ErrorShape = ErrorShape::sender("PreconditionFailed").status(412);
pub const TOO_MANY_BUCKETS: ErrorShape = ErrorShape::sender("TooManyBuckets");

const NOT_IMPLEMENTED: ErrorShape = ErrorShape::sender("NotImplemented").status(501);

pub fn invalid_argument(message: impl Into<String>, name: &str, value: impl Into<String>) -> Error {
    INVALID_ARGUMENT.with(message).field("ArgumentName", name).field("ArgumentValue", value.into())
}

pub fn malformed_xml() -> Error {
    MALFORMED_XML.with("The XML you provided was not well-formed or did not validate against our published schema")
}

pub fn access_denied() -> Error {
    ACCESS_DENIED.with("Access Denied")
}

/// What general purpose buckets of AWS refuse, and what Niebla does not honour.
pub fn not_implemented(header: &str) -> Error {
    NOT_IMPLEMENTED
        .with(format!("A header you provided implies functionality that is not implemented: {header}"))
        .field("Header", header)
}

/// Refuses a parameter that was given.
pub fn refuse<T>(header: &str, given: Option<&T>) -> model::Result<()> {
    given.map_or(Ok(()), |_| Err(not_implemented(header)))
}
