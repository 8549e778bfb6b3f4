//! What a request says of a list: a canned one, grants in headers, or a document.

use super::ownership::Ownership;
use super::{Acl, Grant, Grantee, MOST_GRANTS, Permission};
use crate::bucket::Bucket;
use crate::fault;
use crate::owner;
use crate::policy::PUBLIC_ACCESS;
use api::s3::{AccessControlPolicy, Grantee as Named};
use kernel::Cx;
use kernel::caller::Principal;
use model::{Error, ErrorShape, Result};

#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub canned: Option<String>,
    pub full_control: Option<String>,
    pub read: Option<String>,
    pub read_acp: Option<String>,
    pub write: Option<String>,
    pub write_acp: Option<String>,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    Bucket,
    Object,
}

const UNRESOLVABLE: ErrorShape = ErrorShape::sender("UnresolvableGrantByEmailAddress");
const MALFORMED_ACL: ErrorShape = ErrorShape::sender("MalformedACLError");
const ID_DIGITS: usize = 64;
const TO_BUCKET_OWNER: &str = "bucket-owner-full-control";

impl Asked {
    pub fn is_none(&self) -> bool {
        self.canned.is_none() && self.headers().iter().all(|it| it.1.is_none())
    }

    fn headers(&self) -> [(&'static str, &Option<String>, Permission); 5] {
        [
            ("x-amz-grant-full-control", &self.full_control, Permission::FullControl),
            ("x-amz-grant-read", &self.read, Permission::Read),
            ("x-amz-grant-read-acp", &self.read_acp, Permission::ReadAcp),
            ("x-amz-grant-write", &self.write, Permission::Write),
            ("x-amz-grant-write-acp", &self.write_acp, Permission::WriteAcp),
        ]
    }

    /// The list of a new object. None: the bucket's owner has it, and nobody else.
    pub fn settle(&self, cx: &Cx, bucket: &Bucket) -> Result<Option<Box<Acl>>> {
        if self.is_none() && (bucket.ownership.is_enforced() || writer(cx, bucket) == bucket.account) {
            return Ok(None);
        }
        let to_owner = Acl::private(&bucket.account);
        if bucket.ownership.is_enforced() {
            let given = self.acl(Of::Object, &bucket.account, &bucket.account)?;
            let names_owner = self.canned.as_deref().is_none_or(|it| it == TO_BUCKET_OWNER);
            return if names_owner && given.grants == to_owner.grants { Ok(None) } else { Err(not_supported()) };
        }
        let writer = writer(cx, bucket);
        if bucket.ownership == Ownership::Preferred && self.canned.as_deref() == Some(TO_BUCKET_OWNER) {
            return Ok(None);
        }
        let acl = self.acl(Of::Object, writer, &bucket.account)?;
        check_public(cx, bucket, &acl)?;
        Ok(acl.kept(&bucket.account))
    }

    /// As the headers say it; without any, what the owner has.
    pub fn acl(&self, of: Of, owner: &str, bucket_owner: &str) -> Result<Acl> {
        let grants = self.granted()?;
        let Some(canned) = &self.canned else {
            return Ok(if self.is_none() { Acl::private(owner) } else { Acl { owner: owner.to_owned(), grants } });
        };
        if !grants.is_empty() {
            return Err(fault::INVALID_REQUEST.with("Specifying both Canned ACLs and Header Grants is not allowed"));
        }
        let mut acl = Acl::private(owner);
        let to = |grantee: Grantee, permission| Grant { grantee, permission };
        acl.grants.extend(match (canned.as_str(), of) {
            ("private", _) => Vec::new(),
            ("public-read", _) => vec![to(Grantee::AllUsers, Permission::Read)],
            ("public-read-write", _) => {
                vec![to(Grantee::AllUsers, Permission::Read), to(Grantee::AllUsers, Permission::Write)]
            }
            ("authenticated-read", _) => vec![to(Grantee::AuthenticatedUsers, Permission::Read)],
            ("bucket-owner-read", Of::Object) if owner != bucket_owner => {
                vec![to(Grantee::account(bucket_owner), Permission::Read)]
            }
            (TO_BUCKET_OWNER, Of::Object) if owner != bucket_owner => {
                vec![to(Grantee::account(bucket_owner), Permission::FullControl)]
            }
            ("bucket-owner-read" | TO_BUCKET_OWNER, _) => Vec::new(),
            ("log-delivery-write", Of::Bucket) => {
                vec![to(Grantee::LogDelivery, Permission::Write), to(Grantee::LogDelivery, Permission::ReadAcp)]
            }
            ("aws-exec-read", _) => return Err(fault::not_implemented("x-amz-acl: aws-exec-read")),
            (other, _) => return Err(fault::invalid_argument("Invalid x-amz-acl", "x-amz-acl", other)),
        });
        Ok(acl)
    }

    fn granted(&self) -> Result<Vec<Grant>> {
        let mut grants = Vec::new();
        for (header, value, permission) in self.headers() {
            for one in value.iter().flat_map(|it| it.split(',')) {
                let unknown = || fault::invalid_argument("Argument format not recognized", header, one);
                let (kind, name) = one.trim().split_once('=').ok_or_else(unknown)?;
                let name = name.trim().trim_matches('"');
                let grantee = match kind.trim() {
                    "id" => of_id(name)?,
                    "uri" => of_uri(name)?,
                    "emailAddress" => return Err(unresolvable(name)),
                    _ => return Err(unknown()),
                };
                grants.push(Grant { grantee, permission });
            }
        }
        few(grants)
    }
}

/// The list of a document. Its owner cannot be changed.
pub fn of_document(document: AccessControlPolicy, owner: &str) -> Result<Acl> {
    let named = document.owner.and_then(|it| it.id);
    if named.is_some_and(|it| it != owner::canonical_id(owner)) {
        return Err(fault::access_denied());
    }
    let mut grants = Vec::new();
    for it in document.grants.unwrap_or_default() {
        let permission = it.permission.as_deref().and_then(Permission::named).ok_or_else(malformed)?;
        grants.push(Grant { grantee: of_element(it.grantee.ok_or_else(malformed)?)?, permission });
    }
    Ok(Acl { owner: owner.to_owned(), grants: few(grants)? })
}

/// # Errors
/// The bucket blocks lists that let in everybody.
pub fn check_public(cx: &Cx, bucket: &Bucket, acl: &Acl) -> Result<()> {
    let blocks = || PUBLIC_ACCESS.of(cx, bucket).is_some_and(|it| it.block_public_acls == Some(true));
    if acl.is_public() && blocks() { Err(fault::access_denied()) } else { Ok(()) }
}

pub fn not_supported() -> Error {
    fault::ACCESS_CONTROL_LIST_NOT_SUPPORTED.with("The bucket does not allow ACLs")
}

/// Whose a new object is. What nobody signed is the bucket owner's here.
fn writer<'a>(cx: &'a Cx, bucket: &'a Bucket) -> &'a str {
    match &cx.caller().principal {
        Principal::Anonymous => &bucket.account,
        other => other.account(),
    }
}

fn of_element(grantee: Named) -> Result<Grantee> {
    match (grantee.id, grantee.uri, grantee.email_address) {
        (Some(id), None, None) => of_id(&id),
        (None, Some(uri), None) => of_uri(&uri),
        (None, None, Some(address)) => Err(unresolvable(&address)),
        _ => Err(malformed()),
    }
}

/// Every account has a canonical id, and none can be told from its id: any of the right form may be one.
fn of_id(id: &str) -> Result<Grantee> {
    if id.len() == ID_DIGITS && id.bytes().all(|it| it.is_ascii_hexdigit()) {
        return Ok(Grantee::Account(id.to_ascii_lowercase()));
    }
    Err(fault::invalid_argument("Invalid id", "CanonicalUser/ID", id))
}

fn of_uri(uri: &str) -> Result<Grantee> {
    Grantee::of_uri(uri).ok_or_else(|| fault::invalid_argument("Invalid group uri", "uri", uri))
}

/// Since October 2025 S3 finds nobody by an address any more.
fn unresolvable(address: &str) -> Error {
    UNRESOLVABLE
        .with("The email address you provided does not match any account on record.")
        .field("EmailAddress", address)
}

fn few(grants: Vec<Grant>) -> Result<Vec<Grant>> {
    if grants.len() <= MOST_GRANTS { Ok(grants) } else { Err(malformed()) }
}

fn malformed() -> Error {
    MALFORMED_ACL.with("The XML you provided was not well-formed or did not validate against our published schema")
}

/// What the headers of an input say of the list of an object.
macro_rules! asked {
    ($input:expr) => {
        $crate::acl::asked::Asked {
            canned: $input.acl.clone(),
            full_control: $input.grant_full_control.clone(),
            read: $input.grant_read.clone(),
            read_acp: $input.grant_read_acp.clone(),
            write: None,
            write_acp: $input.grant_write_acp.clone(),
        }
    };
}

/// The same for operations that know grants to write.
macro_rules! asked_with_write {
    ($input:expr) => {
        $crate::acl::asked::Asked { write: $input.grant_write.clone(), ..$crate::acl::asked::asked!($input) }
    };
}

pub(crate) use {asked, asked_with_write};
