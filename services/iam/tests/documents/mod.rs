//! Scripts with policy documents: `ALLOW` and the like stand for a text in quotes.

pub fn check(script: &str) {
    let named = [
        ("ALLOW", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}"#),
        (
            "CONDITION",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"arn:aws:sqs:*:*:${aws:username}","Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}}]}"#,
        ),
        (
            "DENY",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:PurgeQueue","Resource":"*"}]}"#,
        ),
        (
            "TRUST",
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#,
        ),
    ];
    let mut script = script.to_owned();
    for (name, document) in named {
        script = script.replace(name, &format!("{document:?}"));
    }
    sim::check(|| vec![iam::service(), sts::service()], &script);
}
