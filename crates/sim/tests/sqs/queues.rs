//! Queues themselves: names, lists, tags, attributes, purging, deleting.

use crate::check;

#[test]
fn a_deleted_queues_name_is_free_at_once() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=gone => ok
        sqs delete-queue QueueUrl=$jobs => ok
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs receive-message QueueUrl=$jobs => Messages=absent
        "#,
    );
}

#[test]
fn a_deleted_queues_name_stays_taken_for_a_minute_where_that_is_switched_on() {
    fn strict() -> Vec<kernel::Service> {
        let mut sqs = sqs::service();
        assert!(sqs.switch_on("sqs.queue-deleted-recently"));
        vec![iam::service(), sqs, sts::service()]
    }
    let script = r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs delete-queue QueueUrl=$jobs => ok
        sqs create-queue QueueName=jobs => error QueueDeletedRecently "You must wait 60 seconds after deleting a queue before you can create another with the same name."
        wait 59s
        sqs create-queue QueueName=jobs => error QueueDeletedRecently *
        crash
        wait 1s
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        "#;
    // Always in this process: a server over HTTP is switched by its own command line.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        let mut world = sim::World::new(1, || (strict(), sim::drivers::echoing()));
        sim::check_in(&mut world, script).await;
    });
}

#[test]
fn a_purged_queue_is_empty_and_cannot_be_purged_again_for_a_minute() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message QueueUrl=$jobs MessageBody=gone => ok
        sqs send-message QueueUrl=$jobs MessageBody=gone => ok
        sqs receive-message QueueUrl=$jobs => Messages[0].ReceiptHandle=$handle
        sqs purge-queue QueueUrl=$jobs => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.ApproximateNumberOfMessages=0 Attributes.ApproximateNumberOfMessagesNotVisible=0
        sqs delete-message QueueUrl=$jobs ReceiptHandle=$handle => ok
        sqs purge-queue QueueUrl=$jobs => error PurgeQueueInProgress "Only one PurgeQueue operation on jobs is allowed every 60 seconds."
        wait 60s
        sqs purge-queue QueueUrl=$jobs => ok
        "#,
    );
}

#[test]
fn tags_come_and_go() {
    check(
        r#"
        sqs create-queue QueueName=jobs tags={"team":"fog"} => QueueUrl=$jobs
        sqs tag-queue QueueUrl=$jobs Tags={"stage":"dev"} => ok
        sqs list-queue-tags QueueUrl=$jobs => Tags.team=fog Tags.stage=dev
        sqs untag-queue QueueUrl=$jobs TagKeys=["team","unknown"] => ok
        sqs list-queue-tags QueueUrl=$jobs => Tags.team=absent Tags.stage=dev
        sqs untag-queue QueueUrl=$jobs TagKeys=["stage"] => ok
        sqs list-queue-tags QueueUrl=$jobs => Tags=absent
        sqs tag-queue QueueUrl=$jobs Tags={} => error MissingParameter *
        sqs untag-queue QueueUrl=$jobs TagKeys=[] => error MissingParameter *
        sqs tag-queue QueueUrl=$jobs => error MissingParameter "The request must contain the parameter Tags."
        sqs untag-queue QueueUrl=$jobs => error MissingParameter "The request must contain the parameter TagKeys."
        sqs tag-queue QueueUrl=$jobs Tags={"":"x"} => error InvalidParameterValue *
        sqs list-queue-tags => error MissingParameter "The request must contain the parameter QueueUrl."
        "#,
    );
    let many: Vec<String> = (0..51).map(|it| format!("\"k{it}\":\"v\"")).collect();
    check(&format!(
        "sqs create-queue QueueName=jobs tags={{{}}} => error InvalidParameterValue \"Too many tags added for queue jobs.\"",
        many.join(",")
    ));
}

#[test]
fn encryption_is_what_the_queue_says_of_itself() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.SqsManagedSseEnabled=true Attributes.KmsMasterKeyId=absent
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"KmsMasterKeyId":"alias/mine","KmsDataKeyReusePeriodSeconds":"6000"} => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["All"] => Attributes.SqsManagedSseEnabled=false Attributes.KmsMasterKeyId=alias/mine Attributes.KmsDataKeyReusePeriodSeconds=6000
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"SqsManagedSseEnabled":"true"} => error InvalidAttributeName "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE."
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"KmsMasterKeyId":"","SqsManagedSseEnabled":"true"} => ok
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["SqsManagedSseEnabled","KmsMasterKeyId"] => Attributes.SqsManagedSseEnabled=true Attributes.KmsMasterKeyId=absent
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"KmsDataKeyReusePeriodSeconds":"59"} => error InvalidAttributeValue *
        sqs set-queue-attributes QueueUrl=$jobs Attributes={"SqsManagedSseEnabled":"perhaps"} => error InvalidAttributeValue *
        "#,
    );
}

#[test]
fn a_queue_is_the_same_by_whatever_host_its_url_names() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=*/000000000000/jobs
        sqs send-message QueueUrl=https://sqs.us-east-1.amazonaws.com/000000000000/jobs MessageBody="1" => ok
        sqs receive-message QueueUrl=http://host.docker.internal:4566/000000000000/jobs/ => Messages[0].Body=1
        sqs send-message QueueUrl=jobs MessageBody="2" => ok
        sqs receive-message QueueUrl=http://localhost:4566/queue/us-east-1/000000000000/jobs => Messages[0].Body=2
        sqs receive-message QueueUrl=http://localhost/jobs => error InvalidAddress *
        sqs receive-message QueueUrl=http://localhost/000000000000/ => error InvalidAddress *
        "#,
    );
}

#[test]
fn dead_letter_queues_say_who_may_name_them_and_list_who_does() {
    check(
        r#"
        sqs create-queue QueueName=dead Attributes={"RedriveAllowPolicy":"{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"arn:aws:sqs:us-east-1:000000000000:a\"]}"} => QueueUrl=$dead
        sqs create-queue QueueName=a Attributes={"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":\"2\"}"} => QueueUrl=$a
        sqs create-queue QueueName=b Attributes={"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":2}"} => error InvalidParameterValue *RedriveAllowPolicy*
        sqs list-dead-letter-source-queues QueueUrl=$dead => queueUrls[0]=$a queueUrls[1]=absent
        # Forbidden after the fact: the message stays where it is.
        sqs set-queue-attributes QueueUrl=$dead Attributes={"RedriveAllowPolicy":"{\"redrivePermission\":\"denyAll\"}"} => ok
        sqs send-message QueueUrl=$a MessageBody=poison => ok
        sqs receive-message QueueUrl=$a VisibilityTimeout=0 => Messages[0].Body=poison
        sqs receive-message QueueUrl=$a VisibilityTimeout=0 => Messages[0].Body=poison
        sqs receive-message QueueUrl=$a VisibilityTimeout=0 => Messages[0].Body=poison
        sqs set-queue-attributes QueueUrl=$dead Attributes={"RedriveAllowPolicy":"{\"redrivePermission\":\"allowAll\"}"} => ok
        sqs receive-message QueueUrl=$a => Messages=absent
        sqs receive-message QueueUrl=$dead => Messages[0].Body=poison
        sqs set-queue-attributes QueueUrl=$a Attributes={"RedrivePolicy":""} => ok
        sqs list-dead-letter-source-queues QueueUrl=$dead => queueUrls[0]=absent
        sqs set-queue-attributes QueueUrl=$dead Attributes={"RedriveAllowPolicy":"{\"redrivePermission\":\"byQueue\"}"} => error InvalidAttributeValue *RedriveAllowPolicy.
        sqs set-queue-attributes QueueUrl=$dead Attributes={"RedriveAllowPolicy":"nonsense"} => error InvalidAttributeValue *
        sqs set-queue-attributes QueueUrl=$a Attributes={"RedrivePolicy":"{\"deadLetterTargetArn\": \"dummy\", \"maxReceiveCount\": 42}"} => error InvalidParameterValue "Value {*dummy*42} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn."
        sqs set-queue-attributes QueueUrl=$a Attributes={"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:nowhere\",\"maxReceiveCount\":1}"} => error InvalidParameterValue "*Dead letter target does not exist."
        sqs set-queue-attributes QueueUrl=$a Attributes={"RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":0}"} => error InvalidParameterValue *maxReceiveCount.
        sqs set-queue-attributes QueueUrl=$a Attributes={"RedrivePolicy":"nonsense"} => error InvalidParameterValue "*Redrive policy is not a valid JSON map."
        "#,
    );
}

#[test]
fn lists_come_in_pages() {
    check(
        r#"
        sqs create-queue QueueName=a1 => QueueUrl=$a1
        sqs create-queue QueueName=a2 => QueueUrl=$a2
        sqs create-queue QueueName=b1 => ok
        sqs list-queues MaxResults=1 QueueNamePrefix=a => QueueUrls[0]=$a1 QueueUrls[1]=absent NextToken=$next
        sqs list-queues MaxResults=1 QueueNamePrefix=a NextToken=$next => QueueUrls[0]=$a2 NextToken=absent
        sqs list-queues QueueNamePrefix=c => QueueUrls=absent
        sqs list-queues MaxResults=1001 => error InvalidParameterValue *MaxResults*
        sqs list-queues MaxResults=0 => error InvalidParameterValue *MaxResults*
        sqs list-queues NextToken=% => error InvalidParameterValue *
        sqs list-dead-letter-source-queues QueueUrl=$a1 MaxResults=0 => error InvalidParameterValue *MaxResults*
        "#,
    );
}
