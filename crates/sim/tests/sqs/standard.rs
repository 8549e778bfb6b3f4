//! Standard queues: batches, visibility, attributes of messages, fair queues.

use crate::check;

#[test]
fn batches_change_what_they_can() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"1"},{"Id":"b","MessageBody":"2"}] => Successful[0].MD5OfMessageBody=c4ca4238a0b923820dcc509a6f75849b
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[0].ReceiptHandle=$one Messages[1].ReceiptHandle=$two
        sqs change-message-visibility-batch QueueUrl=$jobs Entries=[{"Id":"a","ReceiptHandle":"$one","VisibilityTimeout":0},{"Id":"b","ReceiptHandle":"$two","VisibilityTimeout":43201},{"Id":"c","ReceiptHandle":"x","VisibilityTimeout":1}] => Successful[0].Id=a Failed[0].Id=b Failed[0].Code=InvalidParameterValue Failed[1].Code=ReceiptHandleIsInvalid Failed[1].SenderFault=true
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[0].Body=1 Messages[1]=absent
        sqs change-message-visibility QueueUrl=$jobs ReceiptHandle=$one VisibilityTimeout=1 => error InvalidParameterValue "*Message does not exist or is not available for visibility timeout change."
        sqs delete-message-batch QueueUrl=$jobs Entries=[{"Id":"a","ReceiptHandle":"$two"},{"Id":"b","ReceiptHandle":"x"}] => Successful[0].Id=a Failed[0].Id=b
        sqs change-message-visibility QueueUrl=$jobs ReceiptHandle=$two VisibilityTimeout=1 => error InvalidParameterValue *
        "#,
    );
}

#[test]
fn a_message_back_in_the_queue_is_not_in_flight() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody="1" => ok
        sqs receive-message QueueUrl=$jobs VisibilityTimeout=10 => Messages[0].ReceiptHandle=$one
        wait 10s
        sqs change-message-visibility QueueUrl=$jobs ReceiptHandle=$one VisibilityTimeout=1 => error MessageNotInflight *
        # But it can still be deleted.
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$one => ok
        sqs receive-message QueueUrl=$jobs => Messages=absent
        "#,
    );
}

#[test]
fn system_attributes_are_given_as_asked() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageSystemAttributes={"AWSTraceHeader":{"DataType":"String","StringValue":"Root=1-5759e988-bd862e3fe1be46a994272793"}} => MD5OfMessageSystemAttributes=*
        sqs receive-message QueueUrl=$jobs VisibilityTimeout=0 AttributeNames=["AWSTraceHeader"] => Messages[0].Attributes.AWSTraceHeader=Root=1-5759e988-bd862e3fe1be46a994272793 Messages[0].Attributes.SenderId=absent
        wait 5s
        sqs receive-message QueueUrl=$jobs MessageSystemAttributeNames=["All"] => Messages[0].Attributes.SentTimestamp=17* Messages[0].Attributes.ApproximateFirstReceiveTimestamp=17* Messages[0].Attributes.ApproximateReceiveCount=2 Messages[0].Attributes.SequenceNumber=absent
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageSystemAttributes={"Other":{"DataType":"String","StringValue":"x"}} => error InvalidParameterValue *Other*
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageSystemAttributes={"AWSTraceHeader":{"DataType":"Number","StringValue":"1"}} => error InvalidParameterValue *
        "#,
    );
}

#[test]
fn a_noisy_tenant_does_not_hold_up_the_others() {
    let noise: String = (0..4)
        .map(|batch| {
            let entries: Vec<String> = (0..10)
                .map(|it| format!(r#"{{"Id":"{it}","MessageBody":"noise{batch}","MessageGroupId":"noisy"}}"#))
                .collect();
            format!("sqs send-message-batch QueueUrl=$jobs Entries=[{}] => ok\n", entries.join(","))
        })
        .collect();
    let receive = "sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[9].Body=noise*\n".repeat(3);
    check(&format!(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        {noise}
        sqs send-message QueueUrl=$jobs MessageBody=quiet MessageGroupId=quiet => ok
        sqs send-message QueueUrl=$jobs MessageBody=alone => ok
        {receive}
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=3 MessageSystemAttributeNames=["MessageGroupId"] => Messages[0].Body=quiet Messages[0].Attributes.MessageGroupId=quiet Messages[1].Body=alone Messages[2].Body=noise3
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId="a b" => error InvalidParameterValue *MessageGroupId*
        "#
    ));
}

#[test]
fn a_million_bytes_go_through_and_one_more_than_a_mebibyte_does_not() {
    let (fits, too_long) = ("x".repeat(1_048_576), "x".repeat(1_048_577));
    check(&format!(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody={fits} => ok
        sqs send-message QueueUrl=$jobs MessageBody={too_long} => error InvalidParameterValue "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
        sqs send-message-batch QueueUrl=$jobs Entries=[{{"Id":"a","MessageBody":"{fits}"}},{{"Id":"b","MessageBody":"y"}}] => error BatchRequestTooLong "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes."
        sqs receive-message QueueUrl=$jobs => Messages[0].MD5OfBody=*
        "#
    ));
}

#[test]
fn a_slow_tenant_does_not_hold_up_the_others() {
    let send = |body: &str, group: &str| {
        format!("sqs send-message QueueUrl=$jobs MessageBody={body} MessageGroupId={group} => ok\n")
    };
    let one = |name: &str, group: &str, seconds: u32| {
        format!(
            "{}sqs receive-message QueueUrl=$jobs => Messages[0].ReceiptHandle=${name} Messages[0].Body={name}
             wait {seconds}s
             sqs delete-message QueueUrl=$jobs ReceiptHandle=${name} => ok\n",
            send(name, group)
        )
    };
    check(&format!(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        {}{}{}{}
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=new
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=late
        "#,
        one("slow", "slow", 20),
        one("quick", "quick", 1),
        send("late", "slow"),
        send("new", "quick")
    ));
}

#[test]
fn an_old_message_expires_behind_many_young_ones() {
    let young: String = (0..60)
        .map(|batch| {
            let entries: Vec<String> =
                (0..10).map(|it| format!(r#"{{"Id":"{it}","MessageBody":"young{batch}"}}"#)).collect();
            format!("sqs send-message-batch QueueUrl=$jobs Entries=[{}] => ok\n", entries.join(","))
        })
        .collect();
    check(&format!(
        r#"
        sqs create-queue QueueName=jobs Attributes={{"MessageRetentionPeriod":"60"}} => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=old => ok
        sqs receive-message QueueUrl=$jobs VisibilityTimeout=43200 => Messages[0].Body=old
        wait 30s
        {young}
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.ApproximateNumberOfMessages=600 Attributes.ApproximateNumberOfMessagesNotVisible=1
        wait 31s
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.ApproximateNumberOfMessages=600 Attributes.ApproximateNumberOfMessagesNotVisible=0
        wait 90s
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.ApproximateNumberOfMessages=0
        "#
    ));
}
