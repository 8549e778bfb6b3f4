//! Everything in `models/`, embedded in the binary and unpacked when it is first asked for.

mod cloudformation;
mod iam;
mod managed_policies;
mod services;

pub use cloudformation::{cloudformation_schema, cloudformation_types};
pub use iam::{iam_prefixes, iam_service};
pub use managed_policies::{ManagedPolicy, managed_policies, managed_policy};
pub use services::{
    ServiceInfo, by_endpoint_prefix, by_signing_name, by_target_prefix, info, service, services, target_prefix_of,
};

/// `SERVICES`, `CLOUDFORMATION`, `IAM`, `MANAGED_POLICIES`: file name without its ending → content; and `INDEX`.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/models.rs"));
}

type Table = &'static [(&'static str, &'static [u8])];

fn file(table: Table, name: &str) -> Option<&'static [u8]> {
    let index = table.binary_search_by(|(it, _)| (*it).cmp(name)).ok()?;
    Some(table[index].1)
}

fn unpack(content: &[u8]) -> Vec<u8> {
    zstd::stream::decode_all(content).expect("the build embeds whole files")
}
