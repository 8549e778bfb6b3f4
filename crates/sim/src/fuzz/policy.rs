//! Policies: parsed as every kind, and asked.

use super::Target;
use policy::{Attached, Context, Kind, Policies, Policy, Principal, Request, evaluate};
use std::sync::Arc;

pub const POLICY: Target = Target {
    name: "policy",
    corpus: &[
        br#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":["sqs:*","s3:Get*"],"Resource":"arn:aws:sqs:*:*:jobs-${aws:username}","Condition":{"StringLike":{"aws:PrincipalTag/team":["a*","?b"]},"ForAnyValue:StringEqualsIfExists":{"aws:TagKeys":"x"},"DateLessThan":{"aws:CurrentTime":"2030-01-01T00:00:00Z"},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"Null":{"aws:TokenIssueTime":"true"}}}]}"#,
        br#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":["arn:aws:iam::000000000000:root","111122223333"],"Service":"lambda.amazonaws.com"},"NotAction":"iam:*","NotResource":"*"}}"#,
        br#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{"NumericGreaterThan":{"a:b":"1.5"},"ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:t"},"Bool":{"aws:SecureTransport":"true"},"BinaryEquals":{"a:c":"aGk="}}}]}"#,
    ],
    words: &[
        "{", "}", "[", "]", ":", ",", "\"", "*", "?", "**", "${aws:username}", "${*}", "${", "${a,'b'}", "arn:aws:", "\"Statement\":", "\"Condition\":{", "\"Effect\":\"Allow\"",
        "ForAllValues:", "IfExists", "StringNotLike", "NumericEquals", "0.0.0.0/0", "::/129", "\\u0000", "null", "true",
    ],
    run,
};

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (principal, context) = (Principal::user("000000000000", "u", "AIDAU"), Context::at(1_757_160_000));
    for kind in [Kind::Identity, Kind::Resource, Kind::Trust, Kind::Boundary, Kind::Session, Kind::ServiceControl] {
        let Ok(policy) = Policy::parse(&text, kind) else { continue };
        let policy = Arc::new(policy);
        let attached = [Attached { name: "p".into(), policy: policy.clone() }];
        for (action, resource) in
            [("sqs:SendMessage", "arn:aws:sqs:us-east-1:000000000000:jobs-u"), ("s3:GetObject", "*")]
        {
            let request = Request {
                principal: &principal,
                action,
                resource,
                resource_account: "000000000000",
                context: &context,
            };
            let policies = Policies { identity: &attached, resource: Some(&policy), ..Policies::default() };
            let decision = evaluate(&request, &policies);
            let _ = decision.sentence(&request);
        }
    }
}
