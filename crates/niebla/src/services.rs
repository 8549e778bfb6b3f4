//! The only list of services.

use kernel::Service;

pub fn all() -> Vec<Service> {
    vec![
        bedrock::service(),
        bedrock_runtime::service(),
        cloudformation::service(),
        iam::service(),
        lambda::service(),
        logs::service(),
        sqs::service(),
        sts::service(),
    ]
}
