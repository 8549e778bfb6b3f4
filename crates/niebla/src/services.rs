//! The only list of services.

use crate::failure::{Failure, Result};
use kernel::Service;

pub fn all() -> Vec<Service> {
    vec![
        bedrock::service(),
        bedrock_runtime::service(),
        cloudformation::service(),
        dynamodb::service(),
        dynamodbstreams::service(),
        iam::service(),
        lambda::service(),
        logs::service(),
        s3::service(),
        sqs::service(),
        sts::service(),
    ]
}

/// All of them, with what the configuration switches on.
///
/// # Errors
/// A name that no service knows.
pub fn switched(on: &[String]) -> Result<Vec<Service>> {
    let mut services = all();
    for name in on {
        if !services.iter_mut().any(|it| it.switch_on(name)) {
            let known: Vec<&str> = services.iter().flat_map(Service::switches).map(|it| it.name).collect();
            return Err(Failure::new(format!("`{name}` is nothing that can be switched on"))
                .next(format!("--enable takes: {}.", known.join(", "))));
        }
    }
    Ok(services)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_knows_cannot_be_switched_on() {
        assert!(switched(&["sqs.queue-deleted-recently".to_owned()]).is_ok());
        let failure = switched(&["sqs.nonsense".to_owned()]).err().unwrap();
        assert_eq!(failure.what(), "`sqs.nonsense` is nothing that can be switched on");
    }
}
