//! FIFO queues: order in groups, duplicates, attempts.

use crate::check;

const FIFO: &str = r#"sqs create-queue QueueName=jobs.fifo Attributes={"FifoQueue":"true"} => QueueUrl=$jobs"#;

fn check_fifo(script: &str) {
    check(&format!("{FIFO}\n{script}"));
}

#[test]
fn a_group_gives_nothing_while_a_message_of_it_is_in_flight() {
    check_fifo(
        r#"
        sqs send-message QueueUrl=$jobs MessageBody=a1 MessageGroupId=a MessageDeduplicationId="1" => ok
        sqs send-message QueueUrl=$jobs MessageBody=a2 MessageGroupId=a MessageDeduplicationId="2" => ok
        sqs send-message QueueUrl=$jobs MessageBody=b1 MessageGroupId=b MessageDeduplicationId="3" => ok
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=a1 Messages[1]=absent Messages[0].ReceiptHandle=$a1
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=b1 Messages[1]=absent
        sqs receive-message QueueUrl=$jobs => Messages=absent
        wait 1s
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$a1 => ok
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=a2
        wait 30s
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[0].Body=b1 Messages[1].Body=a2 Messages[2]=absent
        "#,
    );
}

#[test]
fn a_receive_takes_as_many_of_one_group_as_it_can() {
    check_fifo(
        r#"
        sqs send-message QueueUrl=$jobs MessageBody=a1 MessageGroupId=a MessageDeduplicationId="1" => ok
        sqs send-message QueueUrl=$jobs MessageBody=b1 MessageGroupId=b MessageDeduplicationId="2" => ok
        sqs send-message QueueUrl=$jobs MessageBody=a2 MessageGroupId=a MessageDeduplicationId="3" => ok
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=3 VisibilityTimeout=0 => Messages[0].Body=a1 Messages[1].Body=a2 Messages[2].Body=b1
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=2 => Messages[0].Body=a1 Messages[1].Body=a2
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.ApproximateNumberOfMessages=1 Attributes.ApproximateNumberOfMessagesNotVisible=2
        crash
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=b1
        sqs receive-message QueueUrl=$jobs => Messages=absent
        "#,
    );
}

#[test]
fn a_group_goes_on_when_all_of_its_messages_in_flight_are_back() {
    check_fifo(
        r#"
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId=a MessageDeduplicationId="1" => ok
        sqs send-message QueueUrl=$jobs MessageBody="2" MessageGroupId=a MessageDeduplicationId="2" => ok
        sqs send-message QueueUrl=$jobs MessageBody="3" MessageGroupId=a MessageDeduplicationId="3" => ok
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=2 => Messages[0].ReceiptHandle=$one Messages[1].ReceiptHandle=$two
        sqs change-message-visibility QueueUrl=$jobs ReceiptHandle=$one VisibilityTimeout=0 => ok
        sqs receive-message QueueUrl=$jobs => Messages=absent
        sqs change-message-visibility QueueUrl=$jobs ReceiptHandle=$one VisibilityTimeout=5 => error MessageNotInflight *
        sqs change-message-visibility QueueUrl=$jobs ReceiptHandle=$two VisibilityTimeout=60 => ok
        wait 59s
        sqs receive-message QueueUrl=$jobs => Messages=absent
        wait 1s
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[0].Body=1 Messages[1].Body=2 Messages[2].Body=3
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$two => error InvalidParameterValue "Value * for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
        "#,
    );
}

#[test]
fn a_receipt_handle_expires_with_the_visibility_timeout() {
    check_fifo(
        r#"
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId=a MessageDeduplicationId="1" => ok
        sqs receive-message QueueUrl=$jobs => Messages[0].ReceiptHandle=$one
        wait 30s
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$one => error InvalidParameterValue *expired.
        sqs receive-message QueueUrl=$jobs => Messages[0].ReceiptHandle=$two
        sqs delete-message-batch QueueUrl=$jobs Entries=[{"Id":"a","ReceiptHandle":"$one"},{"Id":"b","ReceiptHandle":"$two"}] => Failed[0].Id=a Failed[0].Code=InvalidParameterValue Successful[0].Id=b
        # Deleted already.
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$two => ok
        "#,
    );
}

#[test]
fn a_deduplication_id_is_taken_once_in_five_minutes() {
    check_fifo(
        r#"
        sqs send-message QueueUrl=$jobs MessageBody=first MessageGroupId=a MessageDeduplicationId=x => MessageId=$id SequenceNumber=$number
        sqs send-message QueueUrl=$jobs MessageBody=again MessageGroupId=b MessageDeduplicationId=x => MessageId=$id SequenceNumber=$number
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[0].Body=first Messages[1]=absent Messages[0].ReceiptHandle=$handle
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$handle => ok
        wait 299s
        sqs send-message QueueUrl=$jobs MessageBody=again MessageGroupId=a MessageDeduplicationId=x => MessageId=$id
        sqs receive-message QueueUrl=$jobs => Messages=absent
        wait 1s
        sqs send-message QueueUrl=$jobs MessageBody=again MessageGroupId=a MessageDeduplicationId=x => ok
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=again
        "#,
    );
}

#[test]
fn content_deduplicates_where_the_queue_says_so() {
    check(
        r#"
        sqs create-queue QueueName=c.fifo Attributes={"FifoQueue":"true","ContentBasedDeduplication":"true"} => QueueUrl=$c
        sqs send-message QueueUrl=$c MessageBody=hello MessageGroupId=a => MessageId=$id
        sqs send-message QueueUrl=$c MessageBody=hello MessageGroupId=a MessageAttributes={"k":{"DataType":"String","StringValue":"v"}} => MessageId=$id
        sqs send-message QueueUrl=$c MessageBody=hello MessageGroupId=a MessageDeduplicationId=other => ok
        # The SHA-256 of the body, given by hand, is the same id.
        sqs send-message QueueUrl=$c MessageBody=else MessageGroupId=a MessageDeduplicationId=2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 => MessageId=$id
        sqs receive-message QueueUrl=$c MaxNumberOfMessages=10 MessageSystemAttributeNames=["MessageDeduplicationId"] => Messages[0].Attributes.MessageDeduplicationId=2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 Messages[1].Attributes.MessageDeduplicationId=other Messages[2]=absent
        "#,
    );
}

#[test]
fn in_high_throughput_mode_ids_are_told_apart_by_group() {
    check(
        r#"
        sqs create-queue QueueName=fast.fifo Attributes={"FifoQueue":"true","DeduplicationScope":"messageGroup","FifoThroughputLimit":"perMessageGroupId"} => QueueUrl=$fast
        sqs send-message QueueUrl=$fast MessageBody=a MessageGroupId=a MessageDeduplicationId=x => ok
        sqs send-message QueueUrl=$fast MessageBody=b MessageGroupId=b MessageDeduplicationId=x => ok
        sqs send-message QueueUrl=$fast MessageBody=c MessageGroupId=a MessageDeduplicationId=x => ok
        sqs receive-message QueueUrl=$fast MaxNumberOfMessages=10 => Messages[0].Body=a Messages[1].Body=b Messages[2]=absent
        sqs create-queue QueueName=odd.fifo Attributes={"FifoQueue":"true","FifoThroughputLimit":"perMessageGroupId"} => error InvalidAttributeValue "Invalid value for the parameter FifoThroughputLimit."
        sqs create-queue QueueName=odd.fifo Attributes={"FifoQueue":"true","DeduplicationScope":"all"} => error InvalidAttributeValue "Invalid value for the parameter DeduplicationScope."
        "#,
    );
}

#[test]
fn the_same_attempt_is_given_the_same_messages() {
    check_fifo(
        r#"
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId=a MessageDeduplicationId="1" => ok
        sqs send-message QueueUrl=$jobs MessageBody="2" MessageGroupId=a MessageDeduplicationId="2" => ok
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=2 ReceiveRequestAttemptId=try => Messages[0].ReceiptHandle=$one Messages[1].ReceiptHandle=$two
        wait 20s
        sqs receive-message QueueUrl=$jobs => Messages=absent
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=2 ReceiveRequestAttemptId=try => Messages[0].ReceiptHandle=$one Messages[1].ReceiptHandle=$two
        # The visibility timeout began anew.
        wait 20s
        sqs receive-message QueueUrl=$jobs => Messages=absent
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$one => ok
        sqs receive-message QueueUrl=$jobs ReceiveRequestAttemptId=try => Messages=absent
        wait 10s
        sqs receive-message QueueUrl=$jobs ReceiveRequestAttemptId=try => Messages[0].Body=2
        sqs receive-message QueueUrl=$jobs ReceiveRequestAttemptId=é => error InvalidParameterValue *ReceiveRequestAttemptId*
        "#,
    );
}

#[test]
fn sequence_numbers_grow_also_after_a_purge() {
    check_fifo(
        r#"
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId=a MessageDeduplicationId="1" => SequenceNumber=188*
        sqs receive-message QueueUrl=$jobs MessageSystemAttributeNames=["All"] => Messages[0].Attributes.SequenceNumber=188* Messages[0].Attributes.MessageGroupId=a Messages[0].Attributes.MessageDeduplicationId="1" Messages[0].Attributes.SenderId=000000000000
        sqs purge-queue QueueUrl=$jobs => ok
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId=a MessageDeduplicationId="1" => SequenceNumber=188*
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=1
        "#,
    );
}

#[test]
fn a_dead_letter_of_a_fifo_queue_lets_its_group_go_on() {
    check(
        r#"
        sqs create-queue QueueName=dead.fifo Attributes={"FifoQueue":"true","MessageRetentionPeriod":"100"} => QueueUrl=$dead
        sqs create-queue QueueName=jobs.fifo Attributes={"FifoQueue":"true","VisibilityTimeout":"1","MessageRetentionPeriod":"100","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead.fifo\",\"maxReceiveCount\":1}"} => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=poison MessageGroupId=a MessageDeduplicationId="1" => MessageId=$id
        sqs send-message QueueUrl=$jobs MessageBody=next MessageGroupId=a MessageDeduplicationId="2" => ok
        wait 50s
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=poison
        wait 1s
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=next
        # Its age began anew, and its id stands for its deduplication id.
        wait 60s
        sqs receive-message QueueUrl=$dead MessageSystemAttributeNames=["All"] => Messages[0].MessageId=$id Messages[0].Attributes.MessageGroupId=a Messages[0].Attributes.MessageDeduplicationId=$id Messages[0].Attributes.DeadLetterQueueSourceArn=arn:aws:sqs:us-east-1:000000000000:jobs.fifo
        "#,
    );
}

#[test]
fn a_fifo_queue_has_one_delay_that_counts_for_what_waits_already() {
    check(
        r#"
        sqs create-queue QueueName=slow.fifo Attributes={"FifoQueue":"true","DelaySeconds":"100"} => QueueUrl=$slow
        sqs send-message QueueUrl=$slow MessageBody="1" MessageGroupId=a MessageDeduplicationId="1" => ok
        sqs send-message QueueUrl=$slow MessageBody="2" MessageGroupId=a MessageDeduplicationId="2" DelaySeconds=1 => error InvalidParameterValue "Value 1 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type."
        sqs get-queue-attributes QueueUrl=$slow AttributeNames=["All"] => Attributes.ApproximateNumberOfMessagesDelayed=1 Attributes.ApproximateNumberOfMessages=0
        wait 20s
        sqs receive-message QueueUrl=$slow => Messages=absent
        sqs set-queue-attributes QueueUrl=$slow Attributes={"DelaySeconds":"20"} => ok
        sqs send-message QueueUrl=$slow MessageBody="2" MessageGroupId=a MessageDeduplicationId="2" => ok
        sqs receive-message QueueUrl=$slow MaxNumberOfMessages=2 => Messages[0].Body=1 Messages[1]=absent Messages[0].ReceiptHandle=$one
        sqs delete-message QueueUrl=$slow ReceiptHandle=$one => ok
        sqs receive-message QueueUrl=$slow MaxNumberOfMessages=2 => Messages=absent
        wait 20s
        sqs receive-message QueueUrl=$slow MaxNumberOfMessages=2 => Messages[0].Body=2
        "#,
    );
}

#[test]
fn messages_of_fifo_queues_expire() {
    check(
        r#"
        sqs create-queue QueueName=short.fifo Attributes={"FifoQueue":"true","MessageRetentionPeriod":"60"} => QueueUrl=$short
        sqs send-message QueueUrl=$short MessageBody=old MessageGroupId=a MessageDeduplicationId="1" => ok
        wait 40s
        sqs send-message QueueUrl=$short MessageBody=young MessageGroupId=a MessageDeduplicationId="2" => ok
        wait 20s
        sqs get-queue-attributes QueueUrl=$short AttributeNames=["ApproximateNumberOfMessages"] => Attributes.ApproximateNumberOfMessages=1
        sqs receive-message QueueUrl=$short => Messages[0].Body=young
        "#,
    );
}

#[test]
fn what_a_fifo_queue_refuses() {
    check_fifo(
        r#"
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageDeduplicationId="1" => error MissingParameter "The request must contain the parameter MessageGroupId."
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId=a => error InvalidParameterValue "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId="a b" MessageDeduplicationId="1" => error InvalidParameterValue *MessageGroupId*
        sqs send-message QueueUrl=$jobs MessageBody="1" MessageGroupId=a MessageDeduplicationId="" => error InvalidParameterValue *MessageDeduplicationId*
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"x","MessageDeduplicationId":"1"}] => error InvalidParameterValue "The request must contain the parameter MessageGroupId."
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"x","MessageGroupId":"1"}] => error InvalidParameterValue "The queue should either*"
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"x","MessageGroupId":"g","MessageDeduplicationId":"1"},{"Id":"b","MessageBody":"x","MessageGroupId":"g","MessageDeduplicationId":"1"}] => Successful[0].MessageId=$id Successful[1].MessageId=$id Successful[0].SequenceNumber=188*
        sqs create-queue QueueName=jobs Attributes={"FifoQueue":"true"} => error InvalidParameterValue "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length"
        sqs create-queue QueueName=jobs.fifo => error InvalidParameterValue "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        sqs create-queue QueueName=jobs Attributes={"FifoQueue":"false"} => error InvalidAttributeName "Unknown Attribute FifoQueue."
        sqs create-queue QueueName=jobs Attributes={"ContentBasedDeduplication":"true"} => error InvalidAttributeName "Unknown Attribute ContentBasedDeduplication."
        sqs create-queue QueueName=jobs Attributes={"DeduplicationScope":"queue"} => error InvalidAttributeName "You can specify the DeduplicationScope only when FifoQueue is set to true."
        sqs create-queue QueueName=jobs => QueueUrl=$standard
        sqs send-message QueueUrl=$standard MessageBody="1" MessageDeduplicationId="1" => error InvalidParameterValue "Value 1 for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type."
        sqs receive-message QueueUrl=$standard ReceiveRequestAttemptId="1" => error InvalidParameterValue "Value 1 for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is not valid for this queue type."
        sqs set-queue-attributes QueueUrl=$standard Attributes={"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:jobs.fifo\",\"maxReceiveCount\":1}"} => error InvalidParameterValue "*Dead-letter queue must be same type of queue as the source."
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.FifoQueue=true Attributes.ContentBasedDeduplication=false Attributes.DeduplicationScope=queue Attributes.FifoThroughputLimit=perQueue
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"FifoQueue":"false"} => error InvalidAttributeValue *
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"FifoQueue":"true","ContentBasedDeduplication":"true"} => ok
        "#,
    );
}
