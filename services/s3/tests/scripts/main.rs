//! What a user sends and what comes back.

mod acls;
mod buckets;
mod encryption;
mod listings;
mod locks;
mod objects;
mod uploads;
mod versions;

fn check(script: &str) {
    sim::check(|| vec![s3::service()], script);
}
