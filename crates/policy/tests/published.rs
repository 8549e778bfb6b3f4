//! Examples that AWS publishes in the IAM user guide, as a table: a policy, a request, what the guide says comes of it.

use policy::{Attached, Context, Kind, Policies, Policy, Principal, Reason, Request, Source, Value, evaluate};
use std::sync::Arc;

const ACCOUNT: &str = "123456789012";

fn attached(text: &str, kind: Kind) -> Attached {
    Attached { name: "p".into(), policy: Arc::new(Policy::parse(text, kind).expect(text)) }
}

fn keys(given: &[(&'static str, Value)]) -> Context {
    let mut context = Context::at(1_600_000_000);
    for (key, value) in given {
        context.insert(*key, value.clone());
    }
    context
}

fn reason(policy: &str, action: &str, resource: &str, given: &[(&'static str, Value)]) -> Reason {
    let identity = [attached(policy, Kind::Identity)];
    let (principal, context) = (Principal::user(ACCOUNT, "JohnDoe", "AIDA"), keys(given));
    let request = Request { principal: &principal, action, resource, resource_account: ACCOUNT, context: &context };
    evaluate(&request, &Policies { identity: &identity, ..Policies::default() }).reason
}

const ALLOWED: Reason = Reason::Allowed;
const NOT_ALLOWED: Reason = Reason::ImplicitDeny(Source::Identity);
const DENIED: Reason = Reason::ExplicitDeny(Source::Identity);

/// "IAM policy elements: Variables and tags".
#[test]
fn a_bucket_has_a_folder_for_each_user() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Action":["s3:ListBucket"],"Effect":"Allow","Resource":["arn:aws:s3:::amzn-s3-demo-bucket"],
         "Condition":{"StringLike":{"s3:prefix":["${aws:username}/*"]}}},
        {"Action":["s3:GetObject","s3:PutObject"],"Effect":"Allow",
         "Resource":["arn:aws:s3:::amzn-s3-demo-bucket/${aws:username}/*"]}]}"#;
    let prefix = |it: &'static str| [("s3:prefix", Value::from(it))];
    let bucket = "arn:aws:s3:::amzn-s3-demo-bucket";
    for (action, resource, given, expected) in [
        ("s3:ListBucket", bucket.to_owned(), &prefix("JohnDoe/a")[..], ALLOWED),
        ("s3:ListBucket", bucket.to_owned(), &prefix("JaneDoe/a"), NOT_ALLOWED),
        ("s3:ListBucket", bucket.to_owned(), &[], NOT_ALLOWED),
        ("s3:GetObject", format!("{bucket}/JohnDoe/a"), &[], ALLOWED),
        ("s3:GetObject", format!("{bucket}/JaneDoe/a"), &[], NOT_ALLOWED),
        ("s3:DeleteObject", format!("{bucket}/JohnDoe/a"), &[], NOT_ALLOWED),
    ] {
        assert_eq!(reason(policy, action, &resource, given), expected, "{action} {resource} {given:?}");
    }
}

/// "IAM JSON policy elements: NotAction".
#[test]
fn not_action_denies_what_is_not_listed() {
    let without_mfa = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAllUsersNotUsingMFA","Effect":"Deny",
        "NotAction":"iam:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;
    let mfa = |it: bool| [("aws:MultiFactorAuthPresent", Value::from(it))];
    assert_eq!(reason(without_mfa, "s3:ListBucket", "*", &mfa(false)), DENIED);
    // With `IfExists`, a request without the key is denied too.
    assert_eq!(reason(without_mfa, "s3:ListBucket", "*", &[]), DENIED);
    assert_eq!(reason(without_mfa, "s3:ListBucket", "*", &mfa(true)), NOT_ALLOWED);
    assert_eq!(reason(without_mfa, "iam:ListUsers", "*", &mfa(false)), NOT_ALLOWED);

    let all_but_iam = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}"#;
    assert_eq!(reason(all_but_iam, "s3:ListBucket", "*", &[]), ALLOWED);
    assert_eq!(reason(all_but_iam, "iam:ListUsers", "*", &[]), NOT_ALLOWED);
}

/// "IAM JSON policy elements: NotResource".
#[test]
fn not_resource_denies_all_other_buckets() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","NotResource":[
        "arn:aws:s3:::HRBucket/Payroll","arn:aws:s3:::HRBucket/Payroll/*"]}]}"#;
    assert_eq!(reason(policy, "s3:GetObject", "arn:aws:s3:::Other/a", &[]), DENIED);
    assert_eq!(reason(policy, "s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/a", &[]), NOT_ALLOWED);
}

/// "Set operators for multi-valued context keys".
#[test]
fn sets_are_compared_for_all_or_for_any() {
    let with = |operator: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"ec2:CreateTags","Resource":"*",
            "Condition":{{"{operator}:StringEquals":{{"aws:TagKeys":["environment","cost-center"]}}}}}}}}"#
        )
    };
    let tags =
        |keys: &[&str]| [("aws:TagKeys", Value::from(keys.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>()))];
    for (operator, given, expected) in [
        ("ForAllValues", &tags(&["environment"])[..], ALLOWED),
        ("ForAllValues", &tags(&["environment", "dept"]), NOT_ALLOWED),
        // "It also returns true if there are no context keys in the request."
        ("ForAllValues", &[], ALLOWED),
        ("ForAnyValue", &tags(&["environment", "dept"]), ALLOWED),
        ("ForAnyValue", &tags(&["dept"]), NOT_ALLOWED),
        ("ForAnyValue", &[], NOT_ALLOWED),
    ] {
        assert_eq!(reason(&with(operator), "ec2:CreateTags", "*", given), expected, "{operator} {given:?}");
    }
}

/// "IAM JSON policy elements: Condition operators".
#[test]
fn conditions_compare_dates_numbers_addresses_and_absence() {
    let with = |condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}}}"#
        )
    };
    let ip = |it: &'static str| [("aws:SourceIp", Value::from(it))];
    for (condition, given, expected) in [
        (r#"{"DateGreaterThan":{"aws:CurrentTime":"2020-04-01T00:00:00Z"}}"#, &[][..], ALLOWED),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2020-06-30T23:59:59Z"}}"#, &[], NOT_ALLOWED),
        (r#"{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#, &ip("203.0.113.9"), ALLOWED),
        (r#"{"NotIpAddress":{"aws:SourceIp":["192.0.2.0/24","203.0.113.0/24"]}}"#, &ip("203.0.113.9"), NOT_ALLOWED),
        (r#"{"NumericLessThanEquals":{"s3:max-keys":"10"}}"#, &[("s3:max-keys", Value::from(10_i64))], ALLOWED),
        (r#"{"NumericLessThanEquals":{"s3:max-keys":"10"}}"#, &[("s3:max-keys", Value::from(11_i64))], NOT_ALLOWED),
        (r#"{"Null":{"aws:TokenIssueTime":"true"}}"#, &[], ALLOWED),
        (r#"{"Null":{"aws:TokenIssueTime":"false"}}"#, &[], NOT_ALLOWED),
        (r#"{"StringLikeIfExists":{"ec2:InstanceType":["t1.*","t2.*"]}}"#, &[], ALLOWED),
        (r#"{"StringNotEquals":{"aws:PrincipalTag/job":"dev"}}"#, &[], ALLOWED),
        (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/John*"}}"#, &[], ALLOWED),
        (r#"{"Bool":{"aws:SecureTransport":"true"}}"#, &[("aws:SecureTransport", Value::from(false))], NOT_ALLOWED),
    ] {
        assert_eq!(reason(&with(condition), "s3:ListBucket", "*", given), expected, "{condition} {given:?}");
    }
}

/// "Permissions boundaries for IAM entities": the boundary of Zhang, and a deny of his own.
#[test]
fn a_boundary_and_a_policy_have_to_allow_both() {
    let boundary = attached(
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","cloudwatch:*","ec2:*"],"Resource":"*"}]}"#,
        Kind::Boundary,
    );
    let identity = [attached(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*"}}"#,
        Kind::Identity,
    )];
    let (principal, context) = (Principal::user(ACCOUNT, "ShirleyRodriguez", "AIDA"), Context::new());
    let request = Request {
        principal: &principal,
        action: "iam:CreateUser",
        resource: "*",
        resource_account: ACCOUNT,
        context: &context,
    };
    let policies = Policies { identity: &identity, boundary: Some(&boundary), ..Policies::default() };
    assert_eq!(evaluate(&request, &policies).reason, Reason::ImplicitDeny(Source::Boundary));
}
