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
    let nowhere = "QueueUrl=http://niebla.test/000000000000/nowhere";
    let lines: String = WITH_QUEUE
        .iter()
        .map(|(operation, members)| {
            format!(
                "sqs {operation} {nowhere} {} => error QueueDoesNotExist \"The specified queue does not exist.\"\n",
                members.join(" ")
            )
        })
        .collect();
    check(&lines);
}

#[test]
fn an_address_that_names_no_queue() {
    let lines: String = WITH_QUEUE
        .iter()
        .map(|(operation, members)| {
            format!("sqs {operation} QueueUrl=http://nowhere/x {} => error InvalidAddress *\n", members.join(" "))
        })
        .collect();
    check(&lines);
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
    let mut script = "sqs create-queue QueueName=jobs => QueueUrl=$jobs\n".to_owned();
    for (operation, entry) in [
        ("send-message-batch", r#""MessageBody":"x""#),
        ("delete-message-batch", r#""ReceiptHandle":"x""#),
        ("change-message-visibility-batch", r#""ReceiptHandle":"x""#),
    ] {
        let of = |ids: &[&str]| {
            let all: Vec<String> = ids.iter().map(|id| format!(r#"{{"Id":"{id}",{entry}}}"#)).collect();
            format!("sqs {operation} QueueUrl=$jobs Entries=[{}]", all.join(","))
        };
        let (long, eleven) = ("x".repeat(81), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]);
        for bad in ["", "invalid:id", long.as_str()] {
            script += &format!(
                "{} => error InvalidBatchEntryId \"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.\"\n",
                of(&[bad])
            );
        }
        script += &format!("{} => error EmptyBatchRequest *\n", of(&[]));
        script += &format!("{} => error BatchEntryIdsNotDistinct \"Id a repeated.\"\n", of(&["a", "a"]));
        script += &format!(
            "{} => error TooManyEntriesInBatchRequest \"Maximum number of entries per request are 10. You have sent 11.\"\n",
            of(&eleven)
        );
    }
    check(&script);
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
    script += "sqs receive-message QueueUrl=$jobs AttributeNames=[\"Colour\"] => error InvalidAttributeName \"Unknown Attribute Colour.\"\n";
    script += "sqs get-queue-attributes QueueUrl=$jobs AttributeNames=[\"Colour\"] => error InvalidAttributeName \"Unknown Attribute Colour.\"\n";
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
