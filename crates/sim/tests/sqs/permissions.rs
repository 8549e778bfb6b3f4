//! AddPermission, RemovePermission, and policies.

use crate::check;

#[test]
fn a_permission_lets_another_account_in_until_it_is_removed() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs add-permission QueueUrl=$jobs Label=friends AWSAccountIds=["111122223333"] Actions=["SendMessage"] => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["Policy"] => Attributes.Policy={"Version":"2008-10-17","Id":"arn:aws:sqs:us-east-1:000000000000:jobs/SQSDefaultPolicy","Statement":[{"Sid":"friends","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"SQS:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:jobs"}]}
        as 111122223333
        sqs send-message QueueUrl=$jobs MessageBody=hi => ok
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"hi"}] => ok
        sqs receive-message QueueUrl=$jobs => error AccessDeniedException *
        as 000000000000
        sqs add-permission QueueUrl=$jobs Label=all AWSAccountIds=["111122223333","444455556666"] Actions=["*"] => ok
        sqs remove-permission QueueUrl=$jobs Label=friends => ok
        as 444455556666
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=hi
        sqs get-queue-url QueueName=jobs QueueOwnerAWSAccountId="000000000000" => QueueUrl=$jobs
        as 000000000000
        sqs remove-permission QueueUrl=$jobs Label=all => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["Policy"] => Attributes=absent
        as 444455556666
        sqs receive-message QueueUrl=$jobs => error AccessDeniedException *
        "#,
    );
}

#[test]
fn what_a_permission_may_not_say() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs add-permission QueueUrl=$jobs Label=one AWSAccountIds=["111122223333"] Actions=["SendMessage"] => ok
        sqs add-permission QueueUrl=$jobs Label=one AWSAccountIds=["111122223333"] Actions=["SendMessage"] => error InvalidParameterValue "Value one for parameter Label is invalid. Reason: Already exists."
        sqs add-permission QueueUrl=$jobs Label=two AWSAccountIds=["111122223333"] Actions=["CreateQueue"] => error InvalidParameterValue "Value SQS:CreateQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action."
        sqs add-permission QueueUrl=$jobs Label=two AWSAccountIds=["11"] Actions=["*"] => error InvalidParameterValue "Value 11 for parameter PrincipalId is invalid. Reason: Unable to verify."
        sqs add-permission QueueUrl=$jobs Label=two AWSAccountIds=[] Actions=["*"] => error MissingParameter *
        sqs add-permission QueueUrl=$jobs Label=two AWSAccountIds=["111122223333"] Actions=[] => error MissingParameter *
        sqs add-permission QueueUrl=$jobs Label=a.b AWSAccountIds=["111122223333"] Actions=["*"] => error InvalidParameterValue *Label*
        sqs add-permission QueueUrl=$jobs Label=two AWSAccountIds=["111122223333"] Actions=["SendMessage","ReceiveMessage","DeleteMessage","PurgeQueue","GetQueueUrl","GetQueueAttributes","ChangeMessageVisibility","ListDeadLetterSourceQueues"] => error OverLimit *
        sqs add-permission QueueUrl=$jobs AWSAccountIds=["111122223333"] Actions=["*"] => error MissingParameter "The request must contain the parameter Label."
        sqs remove-permission QueueUrl=$jobs Label=two => error InvalidParameterValue "Value two for parameter Label is invalid. Reason: can't find label."
        sqs remove-permission QueueUrl=$jobs => error MissingParameter *Label.
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":"{}"} => error InvalidAttributeValue "Invalid value for the parameter Policy."
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":""} => ok
        "#,
    );
}

#[test]
fn a_queue_takes_twenty_permissions() {
    let many: String = (0..20)
        .map(|it| {
            format!(
                "sqs add-permission QueueUrl=$jobs Label=l{it} AWSAccountIds=[\"111122223333\"] Actions=[\"*\"] => ok\n"
            )
        })
        .collect();
    check(&format!(
        "sqs create-queue QueueName=jobs => QueueUrl=$jobs\n{many}sqs add-permission QueueUrl=$jobs Label=more AWSAccountIds=[\"111122223333\"] Actions=[\"*\"] => error OverLimit *\n"
    ));
}

#[test]
fn a_policy_keeps_to_the_quotas() {
    let one = |principal: &str, more: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":"SQS:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:jobs"{more}}}"#
        )
    };
    let policy = |statements: &[String]| {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        format!("{text:?}")
    };
    let accounts = |count: u64| {
        let all: Vec<String> = (0..count).map(|it| format!("\"{}\"", 111_122_223_333 + it)).collect();
        format!("[{}]", all.join(","))
    };
    let script = r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":TWENTY} => ok
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":STATEMENTS} => error OverLimit *
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":FIFTY} => ok
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":PRINCIPALS} => error OverLimit *
    "#;
    let plain = one("\"111122223333\"", "");
    let script = script
        .replace("TWENTY", &policy(&vec![plain.clone(); 20]))
        .replace("STATEMENTS", &policy(&vec![plain; 21]))
        .replace("FIFTY", &policy(&[one(&accounts(50), "")]))
        .replace("PRINCIPALS", &policy(&[one(&accounts(51), "")]));
    check(&script);
}

/// AWS keeps the ids of those whom a policy names, and shows them when they are gone (AWS JSON policy elements: Principal).
#[test]
fn a_policy_means_those_who_were_there_when_it_was_set() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::000000000000:user/ana","111122223333"]},"Action":"SQS:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:jobs"}]}"#;
    let script = r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":POLICY} => error InvalidAttributeValue "Invalid value for the parameter Policy."
        iam create-user UserName=ana => ok
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":POLICY} => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["Policy"] => Attributes.Policy=*"arn:aws:iam::000000000000:user/ana"*
        iam delete-user UserName=ana => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["Policy"] => Attributes.Policy=*["AIDA*","111122223333"]*
        iam create-user UserName=ana => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.Policy=*["AIDA*","111122223333"]*
        as 111122223333
        sqs send-message QueueUrl=$jobs MessageBody=hi => ok
        as 000000000000
        sqs add-permission QueueUrl=$jobs Label=more AWSAccountIds=["444455556666"] Actions=["*"] => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["Policy"] => Attributes.Policy=*["AIDA*","111122223333"]*444455556666*
        sqs remove-permission QueueUrl=$jobs Label=more => ok
    "#;
    check(&script.replace("POLICY", &format!("{policy:?}")));
}
