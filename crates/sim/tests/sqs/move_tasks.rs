//! Message move tasks.

use crate::check;

/// A dead-letter queue `$dead` with two messages of `$jobs`.
const DEAD: &str = r#"
    sqs create-queue QueueName=dead => QueueUrl=$dead
    sqs create-queue QueueName=jobs Attributes={"VisibilityTimeout":"0","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1}"} => QueueUrl=$jobs
    sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"one"},{"Id":"b","MessageBody":"two"}] => ok
    sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[0].MessageId=$id Messages[1].Body=two
    sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages=absent
"#;

fn check_dead(script: &str) {
    check(&format!("{DEAD}\n{script}"));
}

#[test]
fn dead_letters_go_back_to_where_they_came_from_as_new_messages() {
    check_dead(
        r#"
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => TaskHandle=*
        wait 1ms
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => Results[0].Status=COMPLETED Results[0].ApproximateNumberOfMessagesMoved=2 Results[0].ApproximateNumberOfMessagesToMove=2 Results[0].DestinationArn=absent Results[0].TaskHandle=absent Results[0].SourceArn=*:dead
        sqs get-queue-attributes QueueUrl=$dead AttributeNames=["All"] => Attributes.ApproximateNumberOfMessages=0
        sqs receive-message QueueUrl=$jobs MessageSystemAttributeNames=["All"] => Messages[0].Body=one Messages[0].Attributes.ApproximateReceiveCount=1 Messages[0].Attributes.DeadLetterQueueSourceArn=absent
        "#,
    );
}

#[test]
fn a_task_keeps_to_its_rate_and_can_be_cancelled() {
    check_dead(
        r#"
        sqs create-queue QueueName=other => QueueUrl=$other
        sqs send-message QueueUrl=$jobs MessageBody=three => ok
        sqs receive-message QueueUrl=$jobs => Messages[0].Body=three
        sqs receive-message QueueUrl=$jobs => Messages=absent
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead DestinationArn=arn:aws:sqs:us-east-1:000000000000:other MaxNumberOfMessagesPerSecond=1 => TaskHandle=$task
        wait 1s
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => Results[0].Status=RUNNING Results[0].ApproximateNumberOfMessagesMoved=2 Results[0].TaskHandle=$task Results[0].DestinationArn=*:other Results[0].MaxNumberOfMessagesPerSecond=1
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => error InvalidParameterValue "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        sqs cancel-message-move-task TaskHandle=$task => ApproximateNumberOfMessagesMoved=2
        sqs cancel-message-move-task TaskHandle=$task => error UnsupportedOperation *
        wait 5s
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead MaxResults=10 => Results[0].Status=CANCELLED Results[0].ApproximateNumberOfMessagesMoved=2 Results[1]=absent
        sqs receive-message QueueUrl=$other MaxNumberOfMessages=10 => Messages[0].Body=one Messages[1].Body=two Messages[2]=absent
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead DestinationArn=arn:aws:sqs:us-east-1:000000000000:other MaxNumberOfMessagesPerSecond=1 => ok
        wait 1ms
        crash
        wait 1s
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => Results[0].Status=COMPLETED
        sqs receive-message QueueUrl=$other => Messages[0].Body=three
        "#,
    );
}

#[test]
fn a_task_fails_when_its_destination_is_gone_or_nobody_knows_where_a_message_came_from() {
    check_dead(
        r#"
        sqs delete-queue QueueUrl=$jobs => ok
        sqs create-queue QueueName=more Attributes={"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":1}"} => ok
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => ok
        wait 1ms
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => Results[0].Status=FAILED Results[0].FailureReason=AWS.SimpleQueueService.NonExistentQueue
        sqs purge-queue QueueUrl=$dead => ok
        sqs send-message QueueUrl=$dead MessageBody=direct => ok
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => ok
        wait 1ms
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead MaxResults=2 => Results[0].FailureReason=CouldNotDetermineMessageSource Results[1].FailureReason=AWS*
        "#,
    );
}

#[test]
fn fifo_messages_are_moved_in_order() {
    check(
        r#"
        sqs create-queue QueueName=dead.fifo Attributes={"FifoQueue":"true"} => QueueUrl=$dead
        sqs create-queue QueueName=jobs.fifo Attributes={"FifoQueue":"true","VisibilityTimeout":"0","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead.fifo\",\"maxReceiveCount\":1}"} => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=one MessageGroupId=a MessageDeduplicationId="1" => ok
        sqs send-message QueueUrl=$jobs MessageBody=two MessageGroupId=a MessageDeduplicationId="2" => ok
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[1].Body=two
        sqs receive-message QueueUrl=$jobs => Messages=absent
        sqs receive-message QueueUrl=$jobs => Messages=absent
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead.fifo => ok
        wait 1ms
        sqs receive-message QueueUrl=$jobs MaxNumberOfMessages=10 => Messages[0].Body=one Messages[1].Body=two
        "#,
    );
}

#[test]
fn what_a_move_task_refuses() {
    check_dead(
        r#"
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:jobs => error InvalidParameterValue "Source queue must be configured as a Dead Letter Queue."
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:nowhere => error ResourceNotFoundException "The resource that you specified for the SourceArn parameter doesn't exist."
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead DestinationArn=arn:aws:sqs:us-east-1:000000000000:nowhere => error ResourceNotFoundException "The resource that you specified for the DestinationArn parameter doesn't exist."
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead DestinationArn=arn:aws:sqs:us-east-1:000000000000:dead => error InvalidParameterValue *
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead MaxNumberOfMessagesPerSecond=501 => error InvalidParameterValue *MaxNumberOfMessagesPerSecond*
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead MaxNumberOfMessagesPerSecond=0 => error InvalidParameterValue *MaxNumberOfMessagesPerSecond*
        sqs start-message-move-task => error MissingParameter "The request must contain the parameter SourceArn."
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:nowhere => error ResourceNotFoundException *
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead MaxResults=11 => error InvalidParameterValue *
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => Results=absent
        sqs list-message-move-tasks => error MissingParameter *SourceArn.
        sqs cancel-message-move-task TaskHandle=nonsense => error InvalidParameterValue "Value for parameter TaskHandle is invalid."
        sqs cancel-message-move-task TaskHandle=eyJ0YXNrSWQiOiJub25lIiwic291cmNlQXJuIjoiYXJuOmF3czpzcXM6dXMtZWFzdC0xOjAwMDAwMDAwMDAwMDpkZWFkIn0= => error ResourceNotFoundException "Task does not exist."
        sqs cancel-message-move-task => error MissingParameter *TaskHandle.
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => TaskHandle=$task
        wait 1ms
        as 111122223333
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => error AccessDeniedException *
        sqs cancel-message-move-task TaskHandle=$task => error AccessDeniedException *
        "#,
    );
}

/// Both limits: Learn how to configure a dead-letter queue redrive, in the developer guide.
#[test]
fn a_task_runs_for_36_hours_and_a_hundred_run_at_a_time() {
    check_dead(
        r#"
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead MaxNumberOfMessagesPerSecond=1 => ok
        wait 37h
        sqs list-message-move-tasks SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => Results[0].Status=FAILED Results[0].ApproximateNumberOfMessagesMoved=1 Results[0].FailureReason=*36*
        "#,
    );
    let messages: Vec<String> = (0..10).map(|it| format!(r#"{{"Id":"{it}","MessageBody":"x"}}"#)).collect();
    let messages = messages.join(",");
    let many: String = (0..100)
        .map(|it| {
            format!(
                r#"
                sqs create-queue QueueName=dead{it} => ok
                sqs create-queue QueueName=jobs{it} Attributes={{"RedrivePolicy":"{{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead{it}\",\"maxReceiveCount\":1}}"}} => ok
                sqs send-message-batch QueueUrl=http://niebla.test/000000000000/dead{it} Entries=[{messages}] => ok
                sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead{it} DestinationArn=arn:aws:sqs:us-east-1:000000000000:jobs MaxNumberOfMessagesPerSecond=1 => ok
                "#
            )
        })
        .collect();
    check_dead(&format!(
        r#"{many}
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => error InvalidParameterValue *100*
        wait 10s
        wait 1s
        sqs start-message-move-task SourceArn=arn:aws:sqs:us-east-1:000000000000:dead => ok
        "#
    ));
}
