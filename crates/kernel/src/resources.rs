//! What an operation is about.

use crate::identity::ResourcePolicy;
use model::Result;

/// What IAM is asked: ARNs, or `*` where the action knows no resources.
pub struct Resources(pub Result<Vec<Question>>);

/// May they do this to that?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub arn: String,
    /// Where it is not the operation's own: it may follow from the input, and one operation may need several.
    pub action: Option<&'static str>,
    /// Condition keys of this question alone: (name, value).
    pub keys: Vec<(String, String)>,
    /// Where this has an owner and a policy that its ARN does not tell: a version of an object with an ACL.
    pub standing: Option<Standing>,
}

/// Whose something is, and the policy that it has itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub account: String,
    pub policy: Option<ResourcePolicy>,
}

impl Question {
    pub fn new(arn: String, action: &'static str) -> Self {
        Question { arn, action: Some(action), keys: Vec::new(), standing: None }
    }
}

impl From<String> for Question {
    fn from(arn: String) -> Self {
        Question { arn, action: None, keys: Vec::new(), standing: None }
    }
}

impl From<String> for Resources {
    fn from(arn: String) -> Self {
        Resources(Ok(vec![arn.into()]))
    }
}

impl From<&str> for Resources {
    fn from(arn: &str) -> Self {
        arn.to_owned().into()
    }
}

impl From<Vec<String>> for Resources {
    fn from(arns: Vec<String>) -> Self {
        Ok(arns).into()
    }
}

impl From<Result<String>> for Resources {
    fn from(arn: Result<String>) -> Self {
        arn.map(|it| vec![it]).into()
    }
}

impl From<Result<Vec<String>>> for Resources {
    fn from(arns: Result<Vec<String>>) -> Self {
        Resources(arns.map(|them| them.into_iter().map(Question::from).collect()))
    }
}

impl From<Result<Vec<Question>>> for Resources {
    fn from(questions: Result<Vec<Question>>) -> Self {
        Resources(questions)
    }
}
