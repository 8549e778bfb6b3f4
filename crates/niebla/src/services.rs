//! The only list of services.

use kernel::Service;

pub fn all() -> Vec<Service> {
    vec![iam::service(), sqs::service(), sts::service()]
}
