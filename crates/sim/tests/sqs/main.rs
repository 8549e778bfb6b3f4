//! SQS through the door, as users see it.

mod fifo;
mod move_tasks;
mod permissions;
mod queues;
mod refusals;
mod standard;

fn services() -> Vec<kernel::Service> {
    vec![iam::service(), sqs::service(), sts::service()]
}

fn check(script: &str) {
    sim::check(services, script);
}

#[test]
fn a_received_message_is_hidden_until_its_visibility_timeout_passes() {
    check(
        r#"
        sqs create-queue QueueName=jobs Attributes={"VisibilityTimeout":"30"} => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=hello => MD5OfMessageBody=5d41402abc4b2a76b9719d911017c592
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=hello
        sqs receive-message QueueUrl=$jobs => Messages=absent
        wait 30s
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=hello
        "#,
    );
}

#[test]
fn a_deleted_message_does_not_come_back_even_after_a_crash() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=one => ok
        sqs receive-message QueueUrl=$jobs => Messages[0].ReceiptHandle=$receipt
        sqs change-message-visibility QueueUrl=$jobs ReceiptHandle=$receipt VisibilityTimeout=100 => ok
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$receipt => ok
        crash
        wait 200s
        sqs receive-message QueueUrl=$jobs => Messages=absent
        "#,
    );
}

#[test]
fn a_message_received_too_often_moves_to_the_dead_letter_queue() {
    check(
        r#"
        sqs create-queue QueueName=dead => QueueUrl=$dead
        sqs create-queue QueueName=jobs Attributes={"VisibilityTimeout":"1","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":2}"} => QueueUrl=$jobs
        sqs list-dead-letter-source-queues QueueUrl=$dead => queueUrls[0]=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=poison => MessageId=$id
        sqs receive-message QueueUrl=$jobs => Messages[0].MessageId=$id
        wait 1s
        sqs receive-message QueueUrl=$jobs => Messages[0].MessageId=$id
        wait 1s
        sqs receive-message QueueUrl=$jobs => Messages=absent
        sqs receive-message QueueUrl=$dead MessageSystemAttributeNames=["All"] => Messages[0].MessageId=$id Messages[0].Attributes.ApproximateReceiveCount=3 Messages[0].Attributes.DeadLetterQueueSourceArn=arn:aws:sqs:us-east-1:000000000000:jobs
        "#,
    );
}

#[test]
fn messages_expire_after_the_retention_period() {
    check(
        r#"
        sqs create-queue QueueName=jobs Attributes={"MessageRetentionPeriod":"60"} => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=old => ok
        wait 40s
        sqs send-message QueueUrl=$jobs MessageBody=young => ok
        wait 20s
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["ApproximateNumberOfMessages"] => Attributes.ApproximateNumberOfMessages=1
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=young
        "#,
    );
}

#[test]
fn delayed_messages_are_counted_as_delayed() {
    check(
        r#"
        sqs create-queue QueueName=jobs Attributes={"DelaySeconds":"10"} => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=later => ok
        sqs send-message QueueUrl=$jobs MessageBody=now DelaySeconds=0 => ok
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=now
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.ApproximateNumberOfMessagesDelayed=1 Attributes.ApproximateNumberOfMessagesNotVisible=1 Attributes.ApproximateNumberOfMessages=0
        "#,
    );
}

#[test]
fn what_is_wrong_is_refused_in_the_words_of_sqs() {
    check(
        r#"
        sqs create-queue QueueName=a.b => error InvalidParameterValue "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs create-queue QueueName=jobs Attributes={"VisibilityTimeout":"31"} => error QueueNameExists "A queue already exists with the same name and a different value for attribute VisibilityTimeout"
        sqs get-queue-url QueueName=nowhere => error QueueDoesNotExist "The specified queue does not exist."
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=11 => error InvalidParameterValue "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
        sqs send-message QueueUrl=$jobs MessageBody="" => error MissingParameter "The request must contain the parameter MessageBody."
        sqs delete-message QueueUrl=$jobs ReceiptHandle=nonsense => error ReceiptHandleIsInvalid *
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"VisibilityTimeout":"43201"} => error InvalidAttributeValue "Invalid value for the parameter VisibilityTimeout."
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Nonsense":"1"} => error InvalidAttributeName "Unknown Attribute Nonsense."
        "#,
    );
}

#[test]
fn batches_fail_entry_by_entry() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"x"},{"Id":"b","MessageBody":"y","DelaySeconds":901}] => Successful[0].Id=a Failed[0].Id=b Failed[0].SenderFault=true
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"x"},{"Id":"a","MessageBody":"y"}] => error BatchEntryIdsNotDistinct "Id a repeated."
        sqs send-message-batch QueueUrl=$jobs Entries=[] => error EmptyBatchRequest *
        "#,
    );
}

#[test]
fn other_accounts_are_refused_until_the_queues_policy_lets_them_in() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        as 111122223333
        sqs send-message QueueUrl=$jobs MessageBody=hi => error AccessDeniedException "User: arn:aws:iam::111122223333:root is not authorized to perform: sqs:SendMessage on resource: arn:aws:sqs:us-east-1:000000000000:jobs because no resource-based policy allows the sqs:SendMessage action"
        as 000000000000
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"sqs:SendMessage\",\"Resource\":\"arn:aws:sqs:us-east-1:000000000000:jobs\"}]}"} => ok
        as 111122223333
        sqs send-message QueueUrl=$jobs MessageBody=hi => ok
        sqs receive-message QueueUrl=$jobs => error AccessDeniedException *
        "#,
    );
}
