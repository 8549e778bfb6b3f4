//! What every operation refuses: missing members, queues that are not there, values out of bounds.

use crate::check;

/// Each operation with all that it requires, a queue's URL first.
const WITH_QUEUE: [(&str, &[&str]); 18] = [
    ("add-permission", &["Label=l", r#"AWSAccountIds=["111122223333"]"#, r#"Actions=["*"]"#]),
    ("change-message-visibility", &["ReceiptHandle=x", "VisibilityTimeout=1"]),
    ("change-message-visibility-batch", &[r#"Entries=[{"Id":"a","ReceiptHandle":"x"}]"#]),
    ("delete-message", &["ReceiptHandle=x"]),
    ("delete-message-batch", &[r#"Entries=[{"Id":"a","ReceiptHandle":"x"}]"#]),
    ("delete-queue", &[]),
    ("get-queue-attributes", &[]),
    ("list-dead-letter-source-queues", &[]),
    ("list-queue-tags", &[]),
    ("purge-queue", &[]),
    ("receive-message", &[]),
    ("remove-permission", &["Label=l"]),
    ("send-message", &["MessageBody=b"]),
    ("send-message-batch", &[r#"Entries=[{"Id":"a","MessageBody":"x"}]"#]),
    ("set-queue-attributes", &[r#"Attributes={"DelaySeconds":"1"}"#]),
    ("tag-queue", &[r#"Tags={"k":"v"}"#]),
    ("untag-queue", &[r#"TagKeys=["k"]"#]),
    ("receive-message", &["WaitTimeSeconds=1"]),
];

#[test]
fn a_queue_that_is_not_there() {
    check(
        r#"
        sqs add-permission QueueUrl=http://niebla.test/000000000000/nowhere Label=l AWSAccountIds=["111122223333"] Actions=["*"] => error QueueDoesNotExist "The specified queue does not exist."
        sqs change-message-visibility QueueUrl=http://niebla.test/000000000000/nowhere ReceiptHandle=x VisibilityTimeout=1 => error QueueDoesNotExist "The specified queue does not exist."
        sqs change-message-visibility-batch QueueUrl=http://niebla.test/000000000000/nowhere Entries=[{"Id":"a","ReceiptHandle":"x"}] => error QueueDoesNotExist "The specified queue does not exist."
        sqs delete-message QueueUrl=http://niebla.test/000000000000/nowhere ReceiptHandle=x => error QueueDoesNotExist "The specified queue does not exist."
        sqs delete-message-batch QueueUrl=http://niebla.test/000000000000/nowhere Entries=[{"Id":"a","ReceiptHandle":"x"}] => error QueueDoesNotExist "The specified queue does not exist."
        sqs delete-queue QueueUrl=http://niebla.test/000000000000/nowhere => error QueueDoesNotExist "The specified queue does not exist."
        sqs get-queue-attributes QueueUrl=http://niebla.test/000000000000/nowhere => error QueueDoesNotExist "The specified queue does not exist."
        sqs list-dead-letter-source-queues QueueUrl=http://niebla.test/000000000000/nowhere => error QueueDoesNotExist "The specified queue does not exist."
        sqs list-queue-tags QueueUrl=http://niebla.test/000000000000/nowhere => error QueueDoesNotExist "The specified queue does not exist."
        sqs purge-queue QueueUrl=http://niebla.test/000000000000/nowhere => error QueueDoesNotExist "The specified queue does not exist."
        sqs receive-message QueueUrl=http://niebla.test/000000000000/nowhere => error QueueDoesNotExist "The specified queue does not exist."
        sqs receive-message QueueUrl=http://niebla.test/000000000000/nowhere WaitTimeSeconds=1 => error QueueDoesNotExist "The specified queue does not exist."
        sqs remove-permission QueueUrl=http://niebla.test/000000000000/nowhere Label=l => error QueueDoesNotExist "The specified queue does not exist."
        sqs send-message QueueUrl=http://niebla.test/000000000000/nowhere MessageBody=b => error QueueDoesNotExist "The specified queue does not exist."
        sqs send-message-batch QueueUrl=http://niebla.test/000000000000/nowhere Entries=[{"Id":"a","MessageBody":"x"}] => error QueueDoesNotExist "The specified queue does not exist."
        sqs set-queue-attributes QueueUrl=http://niebla.test/000000000000/nowhere Attributes={"DelaySeconds":"1"} => error QueueDoesNotExist "The specified queue does not exist."
        sqs tag-queue QueueUrl=http://niebla.test/000000000000/nowhere Tags={"k":"v"} => error QueueDoesNotExist "The specified queue does not exist."
        sqs untag-queue QueueUrl=http://niebla.test/000000000000/nowhere TagKeys=["k"] => error QueueDoesNotExist "The specified queue does not exist."
        "#,
    );
}

#[test]
fn an_address_that_names_no_queue() {
    check(
        r#"
        sqs add-permission QueueUrl=http://nowhere/x Label=l AWSAccountIds=["111122223333"] Actions=["*"] => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs change-message-visibility QueueUrl=http://nowhere/x ReceiptHandle=x VisibilityTimeout=1 => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs change-message-visibility-batch QueueUrl=http://nowhere/x Entries=[{"Id":"a","ReceiptHandle":"x"}] => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs delete-message QueueUrl=http://nowhere/x ReceiptHandle=x => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs delete-message-batch QueueUrl=http://nowhere/x Entries=[{"Id":"a","ReceiptHandle":"x"}] => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs delete-queue QueueUrl=http://nowhere/x => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs get-queue-attributes QueueUrl=http://nowhere/x => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs list-dead-letter-source-queues QueueUrl=http://nowhere/x => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs list-queue-tags QueueUrl=http://nowhere/x => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs purge-queue QueueUrl=http://nowhere/x => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs receive-message QueueUrl=http://nowhere/x => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs receive-message QueueUrl=http://nowhere/x WaitTimeSeconds=1 => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs remove-permission QueueUrl=http://nowhere/x Label=l => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs send-message QueueUrl=http://nowhere/x MessageBody=b => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs send-message-batch QueueUrl=http://nowhere/x Entries=[{"Id":"a","MessageBody":"x"}] => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs set-queue-attributes QueueUrl=http://nowhere/x Attributes={"DelaySeconds":"1"} => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs tag-queue QueueUrl=http://nowhere/x Tags={"k":"v"} => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        sqs untag-queue QueueUrl=http://nowhere/x TagKeys=["k"] => error InvalidAddress "The address http://nowhere/x is not valid for this endpoint."
        "#,
    );
}

#[test]
fn each_required_member_is_named_when_it_is_missing() {
    let mut script = "sqs create-queue QueueName=jobs => QueueUrl=$jobs\n".to_owned();
    for (operation, members) in WITH_QUEUE {
        let all: Vec<&str> = std::iter::once("QueueUrl=$jobs").chain(members.iter().copied()).collect();
        // What is optional is not asked for.
        for missing in all.iter().filter(|it| !it.starts_with("WaitTime")) {
            let rest: Vec<&str> = all.iter().copied().filter(|it| it != missing).collect();
            let name = missing.split('=').next().unwrap_or_default();
            script += &format!(
                "sqs {operation} {} => error MissingParameter \"The request must contain the parameter {name}.\"\n",
                rest.join(" ")
            );
        }
    }
    script += "sqs create-queue => error MissingParameter \"The request must contain the parameter QueueName.\"\n";
    script += "sqs get-queue-url => error MissingParameter \"The request must contain the parameter QueueName.\"\n";
    check(&script);
}

#[test]
fn batches_check_the_ids_of_their_entries() {
    let script = r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"","MessageBody":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"invalid:id","MessageBody":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"LONG","MessageBody":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs send-message-batch QueueUrl=$jobs Entries=[] => error EmptyBatchRequest *
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"a","MessageBody":"x"},{"Id":"a","MessageBody":"x"}] => error BatchEntryIdsNotDistinct "Id a repeated."
        sqs send-message-batch QueueUrl=$jobs Entries=[{"Id":"1","MessageBody":"x"},{"Id":"2","MessageBody":"x"},{"Id":"3","MessageBody":"x"},{"Id":"4","MessageBody":"x"},{"Id":"5","MessageBody":"x"},{"Id":"6","MessageBody":"x"},{"Id":"7","MessageBody":"x"},{"Id":"8","MessageBody":"x"},{"Id":"9","MessageBody":"x"},{"Id":"10","MessageBody":"x"},{"Id":"11","MessageBody":"x"}] => error TooManyEntriesInBatchRequest "Maximum number of entries per request are 10. You have sent 11."
        sqs delete-message-batch QueueUrl=$jobs Entries=[{"Id":"","ReceiptHandle":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs delete-message-batch QueueUrl=$jobs Entries=[{"Id":"invalid:id","ReceiptHandle":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs delete-message-batch QueueUrl=$jobs Entries=[{"Id":"LONG","ReceiptHandle":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs delete-message-batch QueueUrl=$jobs Entries=[] => error EmptyBatchRequest *
        sqs delete-message-batch QueueUrl=$jobs Entries=[{"Id":"a","ReceiptHandle":"x"},{"Id":"a","ReceiptHandle":"x"}] => error BatchEntryIdsNotDistinct "Id a repeated."
        sqs delete-message-batch QueueUrl=$jobs Entries=[{"Id":"1","ReceiptHandle":"x"},{"Id":"2","ReceiptHandle":"x"},{"Id":"3","ReceiptHandle":"x"},{"Id":"4","ReceiptHandle":"x"},{"Id":"5","ReceiptHandle":"x"},{"Id":"6","ReceiptHandle":"x"},{"Id":"7","ReceiptHandle":"x"},{"Id":"8","ReceiptHandle":"x"},{"Id":"9","ReceiptHandle":"x"},{"Id":"10","ReceiptHandle":"x"},{"Id":"11","ReceiptHandle":"x"}] => error TooManyEntriesInBatchRequest "Maximum number of entries per request are 10. You have sent 11."
        sqs change-message-visibility-batch QueueUrl=$jobs Entries=[{"Id":"","ReceiptHandle":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs change-message-visibility-batch QueueUrl=$jobs Entries=[{"Id":"invalid:id","ReceiptHandle":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs change-message-visibility-batch QueueUrl=$jobs Entries=[{"Id":"LONG","ReceiptHandle":"x"}] => error InvalidBatchEntryId "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
        sqs change-message-visibility-batch QueueUrl=$jobs Entries=[] => error EmptyBatchRequest *
        sqs change-message-visibility-batch QueueUrl=$jobs Entries=[{"Id":"a","ReceiptHandle":"x"},{"Id":"a","ReceiptHandle":"x"}] => error BatchEntryIdsNotDistinct "Id a repeated."
        sqs change-message-visibility-batch QueueUrl=$jobs Entries=[{"Id":"1","ReceiptHandle":"x"},{"Id":"2","ReceiptHandle":"x"},{"Id":"3","ReceiptHandle":"x"},{"Id":"4","ReceiptHandle":"x"},{"Id":"5","ReceiptHandle":"x"},{"Id":"6","ReceiptHandle":"x"},{"Id":"7","ReceiptHandle":"x"},{"Id":"8","ReceiptHandle":"x"},{"Id":"9","ReceiptHandle":"x"},{"Id":"10","ReceiptHandle":"x"},{"Id":"11","ReceiptHandle":"x"}] => error TooManyEntriesInBatchRequest "Maximum number of entries per request are 10. You have sent 11."
    "#;
    check(&script.replace("LONG", &"x".repeat(81)));
}

#[test]
fn receipts_that_were_never_given() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        sqs delete-message QueueUrl=$jobs ReceiptHandle=x => error ReceiptHandleIsInvalid *
        sqs change-message-visibility QueueUrl=$jobs ReceiptHandle=x VisibilityTimeout=1 => error ReceiptHandleIsInvalid *
        sqs receive-message QueueUrl=$jobs AttributeNames=["Colour"] => error InvalidAttributeName "Unknown Attribute Colour."
        sqs get-queue-attributes QueueUrl=$jobs AttributeNames=["Colour"] => error InvalidAttributeName "Unknown Attribute Colour."
        "#,
    );
}

#[test]
fn values_out_of_bounds() {
    let mut script = "sqs create-queue QueueName=jobs => QueueUrl=$jobs\n".to_owned();
    for (attribute, below, above) in [
        ("DelaySeconds", "-1", "901"),
        ("MaximumMessageSize", "1023", "1048577"),
        ("MessageRetentionPeriod", "59", "1209601"),
        ("ReceiveMessageWaitTimeSeconds", "-1", "21"),
        ("VisibilityTimeout", "-1", "43201"),
        ("KmsDataKeyReusePeriodSeconds", "59", "86401"),
    ] {
        for value in [below, above, "many", ""] {
            script += &format!(
                "sqs set-queue-attributes QueueUrl=$jobs Attributes={{\"{attribute}\":\"{value}\"}} => error InvalidAttributeValue \"Invalid value for the parameter {attribute}.\"\n"
            );
        }
    }
    for (line, parameter) in [
        ("receive-message QueueUrl=$jobs MaxNumberOfMessages=0", "MaxNumberOfMessages"),
        ("receive-message QueueUrl=$jobs VisibilityTimeout=43201", "VisibilityTimeout"),
        ("receive-message QueueUrl=$jobs WaitTimeSeconds=21", "WaitTimeSeconds"),
        ("receive-message QueueUrl=$jobs WaitTimeSeconds=-1", "WaitTimeSeconds"),
        ("send-message QueueUrl=$jobs MessageBody=x DelaySeconds=901", "DelaySeconds"),
        ("send-message QueueUrl=$jobs MessageBody=x DelaySeconds=-1", "DelaySeconds"),
    ] {
        script += &format!(
            "sqs {line} => error InvalidParameterValue \"Value * for parameter {parameter} is invalid. Reason: *\"\n"
        );
    }
    check(&script);
}

#[test]
fn attributes_of_messages_are_checked() {
    let mut script = "sqs create-queue QueueName=jobs => QueueUrl=$jobs\n".to_owned();
    let long = "n".repeat(257);
    for name in ["aws.x", "Amazon.x", ".x", "x.", "a..b", "a b", long.as_str()] {
        script += &format!(
            "sqs send-message QueueUrl=$jobs MessageBody=x MessageAttributes={{\"{name}\":{{\"DataType\":\"String\",\"StringValue\":\"v\"}}}} => error InvalidParameterValue \"The message attribute name '{name}' is invalid.\"\n"
        );
    }
    for (value, code, sentence) in [
        (r#"{"DataType":"String"}"#, "InvalidParameterValue", "*must contain a non-empty value of type 'String'."),
        (r#"{"DataType":"Binary"}"#, "InvalidParameterValue", "*must contain a non-empty value of type 'Binary'."),
        (r#"{"DataType":"Number","StringValue":"many"}"#, "InvalidParameterValue", "Can't cast the value*"),
        (r#"{"DataType":"Colour","StringValue":"grey"}"#, "InvalidParameterValue", "*Binary, Number, and String."),
        (r#"{"DataType":"String","StringListValues":["a"]}"#, "UnsupportedOperation", "*list values*"),
    ] {
        script += &format!(
            "sqs send-message QueueUrl=$jobs MessageBody=x MessageAttributes={{\"k\":{value}}} => error {code} \"{sentence}\"\n"
        );
    }
    let eleven: Vec<String> =
        (0..11).map(|it| format!(r#""k{it}":{{"DataType":"String","StringValue":"v"}}"#)).collect();
    script += &format!(
        "sqs send-message QueueUrl=$jobs MessageBody=x MessageAttributes={{{}}} => error InvalidParameterValue \"Number of message attributes [11] exceeds the allowed maximum [10].\"\n",
        eleven.join(",")
    );
    script += "sqs send-message QueueUrl=$jobs MessageBody=\"\\u0007\" => error InvalidMessageContents *\n";
    check(&script);
}
