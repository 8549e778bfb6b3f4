//! Access control lists: who is let in beside policies, where a bucket has them at all.
//!
//! Sources: "Access control list (ACL) overview" and "Controlling ownership of objects and disabling ACLs" in the S3 User
//! Guide. A list takes part in authorization as the statements of a policy that it stands for.

pub mod asked;
pub mod bucket;
pub mod object;
pub mod ownership;
mod statement;

pub use statement::{policy_of_bucket, standing_of_object};

use crate::owner;
use api::s3::{Grant as Entry, Grantee as Named, Owner};
use serde::{Deserialize, Serialize};

/// A list that says more than that the owner of the bucket owns this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acl {
    /// The owner's account.
    pub owner: String,
    pub grants: Vec<Grant>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub grantee: Grantee,
    pub permission: Permission,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grantee {
    /// The canonical id of an account.
    Account(String),
    AllUsers,
    AuthenticatedUsers,
    LogDelivery,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Permission {
    Read,
    Write,
    ReadAcp,
    WriteAcp,
    FullControl,
}

const PERMISSIONS: [Permission; 5] =
    [Permission::Read, Permission::Write, Permission::ReadAcp, Permission::WriteAcp, Permission::FullControl];

/// "Each ACL can have up to 100 grants."
const MOST_GRANTS: usize = 100;

impl Permission {
    fn name(self) -> &'static str {
        match self {
            Permission::Read => "READ",
            Permission::Write => "WRITE",
            Permission::ReadAcp => "READ_ACP",
            Permission::WriteAcp => "WRITE_ACP",
            Permission::FullControl => "FULL_CONTROL",
        }
    }

    fn named(name: &str) -> Option<Self> {
        PERMISSIONS.into_iter().find(|it| it.name() == name)
    }
}

impl Grantee {
    fn account(account: &str) -> Self {
        Grantee::Account(owner::canonical_id(account))
    }

    fn uri(&self) -> Option<&'static str> {
        match self {
            Grantee::Account(_) => None,
            Grantee::AllUsers => Some("http://acs.amazonaws.com/groups/global/AllUsers"),
            Grantee::AuthenticatedUsers => Some("http://acs.amazonaws.com/groups/global/AuthenticatedUsers"),
            Grantee::LogDelivery => Some("http://acs.amazonaws.com/groups/s3/LogDelivery"),
        }
    }

    fn of_uri(uri: &str) -> Option<Self> {
        [Grantee::AllUsers, Grantee::AuthenticatedUsers, Grantee::LogDelivery]
            .into_iter()
            .find(|it| it.uri() == Some(uri))
    }

    /// Whether it stands for people whom nobody knows.
    fn is_public(&self) -> bool {
        matches!(self, Grantee::AllUsers | Grantee::AuthenticatedUsers)
    }
}

impl Acl {
    /// What there is without a list.
    pub fn private(owner: &str) -> Self {
        let all = Grant { grantee: Grantee::account(owner), permission: Permission::FullControl };
        Self { owner: owner.to_owned(), grants: vec![all] }
    }

    fn is_public(&self) -> bool {
        self.grants.iter().any(|it| it.grantee.is_public())
    }

    /// Nothing is kept where it says no more than the owner of the bucket has.
    fn kept(self, bucket_owner: &str) -> Option<Box<Self>> {
        (self != Self::private(bucket_owner)).then(|| Box::new(self))
    }

    // As answers tell it.

    fn owner_told(&self) -> Owner {
        owner::of(&self.owner)
    }

    fn grants_told(&self) -> Vec<Entry> {
        let told =
            |it: &Grant| Entry { grantee: Some(named(&it.grantee)), permission: Some(it.permission.name().into()) };
        self.grants.iter().map(told).collect()
    }
}

fn named(grantee: &Grantee) -> Named {
    match grantee {
        Grantee::Account(id) => Named { type_: "CanonicalUser".to_owned(), id: Some(id.clone()), ..Named::default() },
        group => Named { type_: "Group".to_owned(), uri: group.uri().map(str::to_owned), ..Named::default() },
    }
}
