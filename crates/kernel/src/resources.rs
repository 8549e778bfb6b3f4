//! What an operation is about.

use model::Result;

/// What IAM is asked about: ARNs, or `*` where the action knows no resources.
pub struct Resources(pub Result<Vec<String>>);

impl From<String> for Resources {
    fn from(arn: String) -> Self {
        Resources(Ok(vec![arn]))
    }
}

impl From<&str> for Resources {
    fn from(arn: &str) -> Self {
        Resources(Ok(vec![arn.to_owned()]))
    }
}

impl From<Vec<String>> for Resources {
    fn from(arns: Vec<String>) -> Self {
        Resources(Ok(arns))
    }
}

impl From<Result<String>> for Resources {
    fn from(arn: Result<String>) -> Self {
        Resources(arn.map(|it| vec![it]))
    }
}
