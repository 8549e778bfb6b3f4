//! The only list of services.

use kernel::Service;

pub fn all() -> Vec<Service> {
    vec![iam::service(), lambda::service(), logs::service(), sqs::service(), sts::service()]
}
