//! What a user sends and what comes back.

mod acls;
mod buckets;
mod encryption;
mod lifecycles;
mod listings;
mod locks;
mod objects;
mod payments;
mod replicas;
mod restores;
mod uploads;
mod versions;

fn check(script: &str) {
    sim::check(|| vec![s3::service()], script);
}

/// The same with roles.
fn check_with_roles(script: &str) {
    sim::check(|| vec![s3::service(), iam::service(), sts::service()], script);
}
