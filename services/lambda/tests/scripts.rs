//! What a user of Lambda sends and what comes back: operations that only the store answers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::io::{Cursor, Write};

fn services() -> Vec<kernel::Service> {
    vec![iam::service(), lambda::service(), logs::service(), s3::service(), sqs::service(), sts::service()]
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// The script after a role `worker` and a function `f`. `ZIP` stands for a package, `OTHER` for another one.
fn check(script: &str) {
    let quoted = |it: &str| serde_json::Value::from(it).to_string();
    let before = format!(
        "iam create-role RoleName=worker AssumeRolePolicyDocument={} => Role.Arn=$role
         iam put-role-policy RoleName=worker PolicyName=all PolicyDocument={} => ok
         lambda create-function FunctionName=f Runtime=python3.13 Handler=index.echo Role=$role Code={{\"ZipFile\":\"ZIP\"}} => RevisionId=$first\n",
        quoted(TRUST),
        quoted(EVERYTHING)
    );
    let script = (before + script).replace("ZIP", &zipped("x = 1")).replace("OTHER", &zipped("x = 2"));
    sim::check(services, &script.replace("ARN:", "arn:aws:lambda:us-east-1:000000000000:function:"));
}

fn zipped(text: &str) -> String {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().last_modified_time(zip::DateTime::default());
    writer.start_file("index.py", options).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    BASE64.encode(writer.finish().unwrap().into_inner())
}

#[test]
fn versions_keep_what_was_published() {
    check(
        r#"
        lambda publish-version FunctionName=f Description=one => Version=1 FunctionArn=ARN:f:1 Description=one CodeSha256=$sha
        lambda publish-version FunctionName=f => Version=1
        lambda update-function-code FunctionName=f ZipFile=OTHER => LastUpdateStatus=InProgress RevisionId=$second
        lambda publish-version FunctionName=f CodeSha256=$sha => error InvalidParameterValueException "CodeSHA256 (*) is different from current CodeSHA256 in $LATEST (*). Please try again with the CodeSHA256 in $LATEST."
        lambda publish-version FunctionName=f RevisionId=$first => error PreconditionFailedException "The Revision Id provided does not match the latest Revision Id.*"
        lambda publish-version FunctionName=f RevisionId=$second => Version=2
        lambda update-function-code FunctionName=f ZipFile=ZIP Publish=true => Version=3 FunctionArn=ARN:f:3
        lambda get-function FunctionName=f Qualifier="1" => Configuration.CodeSha256=$sha Configuration.FunctionArn=ARN:f:1
        lambda get-function-configuration FunctionName=f:2 => Version=2 State=Active
        lambda list-versions-by-function FunctionName=f => Versions[0].FunctionArn=ARN:f:$LATEST Versions[1].Version=1 Versions[3].Version=3 Versions[4]=absent
        lambda list-versions-by-function FunctionName=f MaxItems=2 => Versions[1].Version=1 NextMarker=$next
        lambda list-versions-by-function FunctionName=f Marker=$next => Versions[0].Version=2 Versions[1].Version=3
        lambda list-functions FunctionVersion=ALL => Functions[0].Version=$LATEST Functions[3].FunctionArn=ARN:f:3
        lambda delete-function FunctionName=f Qualifier="2" => ok
        lambda get-function FunctionName=f Qualifier="2" => error ResourceNotFoundException "Function not found: ARN:f:2"
        lambda delete-function FunctionName=f Qualifier=$LATEST => error InvalidParameterValueException "$LATEST version cannot be deleted without deleting the function."
        lambda delete-function FunctionName=f => ok
        lambda create-function FunctionName=f Runtime=python3.13 Handler=index.echo Role=$role Code={"ZipFile":"ZIP"} Publish=true => Version=4
        crash
        lambda get-function FunctionName=f Qualifier="4" => Configuration.Version=4
        lambda get-function FunctionName=f Qualifier="1" => error ResourceNotFoundException
        "#,
    );
}

#[test]
fn an_alias_stands_for_a_version() {
    check(
        r#"
        lambda publish-version FunctionName=f => Version=1
        lambda update-function-code FunctionName=f ZipFile=OTHER Publish=true => Version=2
        lambda create-alias FunctionName=f Name=live FunctionVersion="1" Description=d => AliasArn=ARN:f:live FunctionVersion=1 RevisionId=$alias
        lambda create-alias FunctionName=f Name=live FunctionVersion="1" => error ResourceConflictException "Alias already exists: ARN:f:live"
        lambda create-alias FunctionName=f Name=none FunctionVersion="9" => error ResourceNotFoundException "Function not found: ARN:f:9"
        lambda create-alias FunctionName=g Name=live FunctionVersion="1" => error ResourceNotFoundException "Function not found: ARN:g"
        lambda get-alias FunctionName=f Name=live => Description=d FunctionVersion=1
        lambda get-alias FunctionName=f Name=none => error ResourceNotFoundException "Cannot find alias arn: ARN:f:none"
        lambda invoke FunctionName=f Qualifier=live Payload=e30= => ExecutedVersion=1
        lambda invoke FunctionName=f:live Payload=e30= => ExecutedVersion=1
        lambda invoke FunctionName=f Qualifier="2" Payload=e30= => ExecutedVersion=2
        lambda invoke FunctionName=f Qualifier=none Payload=e30= => error ResourceNotFoundException "Function not found: ARN:f:none"
        lambda invoke FunctionName=f:live Qualifier="2" => error InvalidParameterValueException "The derived qualifier from the function name does not match the specified qualifier."
        lambda update-alias FunctionName=f Name=live RevisionId=other FunctionVersion="2" => error PreconditionFailedException
        lambda update-alias FunctionName=f Name=live RevisionId=$alias FunctionVersion="2" RoutingConfig={"AdditionalVersionWeights":{"1":1.0}} => FunctionVersion=2 RoutingConfig.AdditionalVersionWeights.1=1.0
        lambda invoke FunctionName=f Qualifier=live Payload=e30= => ExecutedVersion=1
        lambda update-alias FunctionName=f Name=live RoutingConfig={"AdditionalVersionWeights":{"1":0.0}} => Description=d
        lambda update-alias FunctionName=f Name=live RoutingConfig={"AdditionalVersionWeights":{"2":0.5}} => error InvalidParameterValueException "Invalid function version 2.*"
        lambda update-alias FunctionName=f Name=live FunctionVersion=$LATEST => error InvalidParameterValueException "$LATEST is not supported for an alias pointing to more than 1 version"
        lambda update-alias FunctionName=f Name=live RoutingConfig={"AdditionalVersionWeights":{"1":0.5,"3":0.5}} => error InvalidParameterValueException "Number of items in AdditionalVersionWeights cannot be greater than 1"
        lambda delete-function FunctionName=f Qualifier="1" => error ResourceConflictException "Unable to delete version because the following aliases reference it: [live]"
        lambda update-alias FunctionName=f Name=live RoutingConfig={} => RoutingConfig=absent
        lambda create-alias FunctionName=f Name=new FunctionVersion=$LATEST => FunctionVersion=$LATEST
        lambda list-aliases FunctionName=f => Aliases[0].Name=live Aliases[1].Name=new
        lambda list-aliases FunctionName=f FunctionVersion="2" => Aliases[0].Name=live Aliases[1]=absent
        lambda delete-function FunctionName=f Qualifier="1" => ok
        lambda delete-alias FunctionName=f Name=live => ok
        lambda delete-alias FunctionName=f Name=live => ok
        lambda get-alias FunctionName=f Name=live => error ResourceNotFoundException
        "#,
    );
}

#[test]
fn permissions_let_others_in() {
    check(
        r#"
        as 111122223333
        lambda invoke FunctionName=ARN:f Payload=e30= => error AccessDeniedException
        as 000000000000
        lambda get-policy FunctionName=f => error ResourceNotFoundException "The resource you requested does not exist."
        lambda remove-permission FunctionName=f StatementId=s => error ResourceNotFoundException "No policy is associated with the given resource."
        lambda add-permission FunctionName=f StatementId=them Action=lambda:InvokeFunction Principal="111122223333" => Statement="{"Sid":"them","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"lambda:InvokeFunction","Resource":"ARN:f"}"
        lambda add-permission FunctionName=f StatementId=them Action=lambda:InvokeFunction Principal="111122223333" => error ResourceConflictException "The statement id (them) provided already exists. Please provide a new statement id, or remove the existing statement."
        lambda add-permission FunctionName=f StatementId=s3 Action=lambda:InvokeFunction Principal=s3.amazonaws.com SourceArn=arn:aws:s3:::b SourceAccount="000000000000" => Statement=*"Condition":{"StringEquals":{"AWS:SourceAccount":"000000000000"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}*
        lambda add-permission FunctionName=f StatementId=x Action=lambda:InvokeFunction Principal=nonsense => error InvalidParameterValueException "The provided principal was invalid. Please check the principal and try again."
        lambda add-permission FunctionName=f StatementId=x Action=lambda:InvokeFunction Principal=* RevisionId=old => error PreconditionFailedException
        lambda add-permission FunctionName=f StatementId=x Action=lambda:InvokeFunction Principal=* Qualifier=$LATEST => error InvalidParameterValueException "We currently do not support adding policies for $LATEST."
        lambda add-permission FunctionName=g StatementId=x Action=lambda:InvokeFunction Principal=* => error ResourceNotFoundException "Function not found: ARN:g"
        lambda get-policy FunctionName=f => Policy=*"Sid":"them"* RevisionId=$revision
        as 111122223333
        lambda get-function FunctionName=ARN:f => error AccessDeniedException
        lambda invoke FunctionName=ARN:f Payload=e30= => StatusCode=200
        as 000000000000
        lambda remove-permission FunctionName=f StatementId=nobody => error ResourceNotFoundException "Statement nobody is not found in resource policy."
        lambda remove-permission FunctionName=f StatementId=them RevisionId=$revision => ok
        as 111122223333
        lambda invoke FunctionName=ARN:f Payload=e30= => error AccessDeniedException
        as 000000000000
        lambda publish-version FunctionName=f => Version=1
        lambda add-permission FunctionName=f StatementId=one Action=lambda:InvokeFunction Principal="111122223333" Qualifier="1" => Statement=*"Resource":"ARN:f:1"*
        as 111122223333
        lambda invoke FunctionName=ARN:f:1 Payload=e30= => ExecutedVersion=1
        lambda invoke FunctionName=ARN:f Payload=e30= => error AccessDeniedException
        as 000000000000
        lambda delete-function FunctionName=f => ok
        lambda get-policy FunctionName=f => error ResourceNotFoundException
        "#,
    );
}

#[test]
fn concurrency_is_reserved_within_the_accounts() {
    check(
        r#"
        lambda get-account-settings => AccountLimit.ConcurrentExecutions=1000 AccountLimit.UnreservedConcurrentExecutions=1000 AccountUsage.FunctionCount=1
        lambda get-function-concurrency FunctionName=f => ReservedConcurrentExecutions=absent
        lambda put-function-concurrency FunctionName=f ReservedConcurrentExecutions=901 => error InvalidParameterValueException "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]."
        lambda put-function-concurrency FunctionName=f ReservedConcurrentExecutions=0 => ReservedConcurrentExecutions=0
        lambda invoke FunctionName=f Payload=e30= => error TooManyRequestsException "Rate Exceeded."
        lambda put-function-concurrency FunctionName=f ReservedConcurrentExecutions=900 => ReservedConcurrentExecutions=900
        lambda get-function FunctionName=f => Concurrency.ReservedConcurrentExecutions=900
        lambda invoke FunctionName=f Payload=e30= => StatusCode=200
        lambda get-account-settings => AccountLimit.UnreservedConcurrentExecutions=100
        lambda get-function-concurrency FunctionName=f => ReservedConcurrentExecutions=900
        lambda delete-function-concurrency FunctionName=f => ok
        lambda get-function FunctionName=f => Concurrency=absent
        lambda put-function-concurrency FunctionName=g ReservedConcurrentExecutions=1 => error ResourceNotFoundException "Function not found: ARN:g"
        "#,
    );
}

#[test]
fn asynchronous_events_are_configured() {
    check(
        r#"
        sqs create-queue QueueName=told => QueueUrl=$told
        lambda get-function-event-invoke-config FunctionName=f => error ResourceNotFoundException "The function ARN:f:$LATEST doesn't have an EventInvokeConfig"
        lambda put-function-event-invoke-config FunctionName=f => error InvalidParameterValueException "You must specify at least one of error handling or destination setting."
        lambda put-function-event-invoke-config FunctionName=f MaximumRetryAttempts=3 => error ValidationException "*Member must have value less than or equal to 2"
        lambda put-function-event-invoke-config FunctionName=f MaximumRetryAttempts=0 DestinationConfig={"OnSuccess":{"Destination":"arn:aws:sqs:us-east-1:000000000000:told"}} => FunctionArn=ARN:f:$LATEST MaximumRetryAttempts=0 DestinationConfig.OnSuccess.Destination=*told
        lambda update-function-event-invoke-config FunctionName=f MaximumEventAgeInSeconds=60 => MaximumRetryAttempts=0 MaximumEventAgeInSeconds=60 DestinationConfig.OnSuccess.Destination=*told
        lambda list-function-event-invoke-configs FunctionName=f => FunctionEventInvokeConfigs[0].MaximumEventAgeInSeconds=60
        lambda put-function-event-invoke-config FunctionName=f DestinationConfig={"OnFailure":{"Destination":"ARN:f"}} => error InvalidParameterValueException "You can't specify the function as a destination for itself."
        lambda put-function-event-invoke-config FunctionName=f DestinationConfig={"OnFailure":{"Destination":"arn:aws:sns:us-east-1:000000000000:t"}} => error InvalidParameterValueException "Niebla does not support the destination arn:aws:sns:us-east-1:000000000000:t yet."
        lambda invoke FunctionName=f X-Amz-Invocation-Type=Event Payload=eyJhIjoxfQ== => StatusCode=202
        sqs receive-message QueueUrl=$told WaitTimeSeconds=5 => Messages[0].Body=*"condition":"Success"*"requestPayload":{"a":1}*"responsePayload":{"a":1}*
        lambda invoke-async FunctionName=f InvokeArgs=eyJiIjoyfQ== => Status=202
        sqs receive-message QueueUrl=$told WaitTimeSeconds=5 => Messages[0].Body=*"requestPayload":{"b":2}*
        lambda delete-function-event-invoke-config FunctionName=f => ok
        lambda delete-function-event-invoke-config FunctionName=f => error ResourceNotFoundException
        "#,
    );
}

#[test]
fn the_log_is_configured_as_text_or_json() {
    check(
        r#"
        lambda get-function-configuration FunctionName=f => LoggingConfig.LogFormat=Text LoggingConfig.ApplicationLogLevel=absent
        lambda update-function-configuration FunctionName=f LoggingConfig={"ApplicationLogLevel":"DEBUG"} => error InvalidParameterValueException "ApplicationLogLevel or SystemLogLevel cannot be set for Text log format"
        lambda update-function-configuration FunctionName=f LoggingConfig={"LogFormat":"JSON","SystemLogLevel":"WARN"} => LoggingConfig.LogFormat=JSON LoggingConfig.ApplicationLogLevel=INFO LoggingConfig.SystemLogLevel=WARN
        lambda update-function-configuration FunctionName=f LoggingConfig={"ApplicationLogLevel":"ERROR"} => LoggingConfig.ApplicationLogLevel=ERROR LoggingConfig.SystemLogLevel=WARN
        lambda update-function-configuration FunctionName=f LoggingConfig={"LogFormat":"Text"} => LoggingConfig.LogFormat=Text LoggingConfig.SystemLogLevel=absent
        "#,
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    check(
        r#"
        lambda invoke FunctionName=f X-Amz-Invocation-Type=DryRun => StatusCode=204
        lambda get-function-configuration FunctionName=f => CodeSha256=$sha
        lambda update-function-code FunctionName=f ZipFile=OTHER DryRun=true => ok
        lambda get-function-configuration FunctionName=f => CodeSha256=$sha RevisionId=$first
        lambda update-function-code FunctionName=f ZipFile=OTHER RevisionId=other => error PreconditionFailedException
        lambda update-function-code FunctionName=f ZipFile=OTHER S3ObjectStorageMode=COPY => error InvalidParameterValueException "Niebla does not support S3ObjectStorageMode of functions yet."
        "#,
    );
}

#[test]
fn code_comes_from_s3() {
    let role = "arn:aws:iam::000000000000:role/worker";
    let create = format!("lambda create-function FunctionName=g Runtime=python3.13 Handler=index.echo Role={role}");
    check(
        &r#"
        lambda get-function-configuration FunctionName=f => CodeSha256=$sha
        s3 create-bucket Bucket=code                   => ok
        s3 put-bucket-versioning Bucket=code VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=code Key=a.zip Body=ZIP   => VersionId=$one
        s3 put-object Bucket=code Key=a.zip Body=OTHER => VersionId=$two
        s3 put-object Bucket=code Key=text Body=aGVsbG8= => ok
        s3 put-object Bucket=code Key=cold Body=ZIP StorageClass=GLACIER => ok
        CREATE Code={"S3Bucket":"code","S3Key":"none"} => error InvalidParameterValueException "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist."
        CREATE Code={"S3Bucket":"nobody","S3Key":"none"} => error InvalidParameterValueException "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist"
        CREATE Code={"S3Bucket":"code","S3Key":"cold"} => error InvalidParameterValueException "Error occurred while GetObject. S3 Error Code: InvalidObjectState.*"
        CREATE Code={"S3Bucket":"code","S3Key":"text"} => error InvalidParameterValueException "Could not unzip uploaded file. Please check your file, then try to upload again."
        CREATE Code={"S3Bucket":"code"} => error InvalidParameterValueException "Please provide a source for function code."
        CREATE Code={"S3Bucket":"code","S3Key":"a.zip","ZipFile":"ZIP"} => error InvalidParameterValueException "Please do not provide other FunctionCode parameters when providing a ZipFile."
        CREATE Code={"S3Bucket":"code","S3Key":"a.zip"} => CodeSha256=$other
        lambda update-function-code FunctionName=g S3Bucket=code S3Key=a.zip S3ObjectVersion=$one => CodeSha256=$sha
        lambda update-function-code FunctionName=g S3Bucket=code S3Key=a.zip S3ObjectVersion=$two => CodeSha256=$other
        # The function has a copy: what becomes of the object is of no matter.
        s3 delete-object Bucket=code Key=a.zip VersionId=$two => ok
        lambda get-function-configuration FunctionName=g => CodeSha256=$other
        lambda update-function-code FunctionName=g S3Bucket=code S3Key=none => error InvalidParameterValueException "Error occurred while GetObject. S3 Error Code: NoSuchKey.*"
        "#
        .replace("CREATE", &create),
    );
}

#[test]
fn filters_are_checked_and_shown() {
    check(
        r#"
        sqs create-queue QueueName=jobs => QueueUrl=$jobs
        lambda create-event-source-mapping FunctionName=f EventSourceArn=arn:aws:sqs:us-east-1:000000000000:jobs FilterCriteria={"Filters":[{"Pattern":"{\"body\":{\"a\":[{\"like\":1}]}}"}]} => error InvalidParameterValueException "Invalid filter pattern definition."
        lambda create-event-source-mapping FunctionName=f EventSourceArn=arn:aws:sqs:us-east-1:000000000000:jobs FilterCriteria={"Filters":[{"Pattern":"{\"body\":{\"a\":[1]}}"}]} => UUID=$mapping FilterCriteria.Filters[0].Pattern={"body":{"a":[1]}}
        lambda update-event-source-mapping UUID=$mapping FilterCriteria={} => FilterCriteria=absent State=Updating
        lambda delete-event-source-mapping UUID=$mapping => State=Deleting
        "#,
    );
}

#[test]
fn tags_are_kept_and_counted() {
    let many: String = (0..51).map(|it| format!(r#""k{it}":"v","#)).collect();
    check(
        &r#"
        lambda tag-resource Resource=ARN:f Tags={"team":"sea"} => ok
        lambda list-tags Resource=ARN:f => Tags.team=sea
        lambda get-function FunctionName=f => Tags.team=sea Configuration.RevisionId=$first
        lambda tag-resource Resource=ARN:f Tags={MANY} => error InvalidParameterValueException "Number of tags exceeds resource tag limit of 50."
        lambda untag-resource Resource=ARN:f tagKeys=["team"] => ok
        lambda list-tags Resource=ARN:f => Tags.team=absent
        lambda tag-resource Resource=ARN:g Tags={"team":"sea"} => error ResourceNotFoundException "Function not found: ARN:g"
        "#
        .replace("MANY", many.trim_end_matches(',')),
    );
}

/// AWS keeps the ids of those whom a policy names, and shows them when they are gone (AWS JSON policy elements: Principal).
#[test]
fn a_permission_means_who_was_there_when_it_was_added() {
    check(
        r#"
        lambda add-permission FunctionName=f StatementId=ana Action=lambda:InvokeFunction Principal=arn:aws:iam::000000000000:user/ana => error InvalidParameterValueException "The provided principal was invalid. Please check the principal and try again."
        iam create-user UserName=ana => ok
        lambda add-permission FunctionName=f StatementId=ana Action=lambda:InvokeFunction Principal=arn:aws:iam::000000000000:user/ana => Statement=*"arn:aws:iam::000000000000:user/ana"*
        iam delete-user UserName=ana => ok
        lambda get-policy FunctionName=f => Policy=*{"AWS":"AIDA*
        iam create-user UserName=ana => ok
        lambda add-permission FunctionName=f StatementId=new Action=lambda:InvokeFunction Principal=arn:aws:iam::000000000000:user/ana => ok
        lambda get-policy FunctionName=f => Policy=*{"AWS":"AIDA*{"AWS":"arn:aws:iam::000000000000:user/ana"}*
        lambda remove-permission FunctionName=f StatementId=ana => ok
        lambda remove-permission FunctionName=f StatementId=new => ok
        "#,
    );
}

/// The errors that the API reference documents for each operation, where no other script meets them.
#[test]
fn every_operation_says_what_is_wrong_with_it() {
    check(
        r#"
        sqs create-queue QueueName=q => ok
        lambda publish-version FunctionName=f => Version=1
        lambda create-event-source-mapping FunctionName=f EventSourceArn=arn:aws:sqs:us-east-1:000000000000:q => UUID=$uuid
        lambda create-event-source-mapping FunctionName=f EventSourceArn=arn:aws:sqs:us-east-1:000000000000:q => error ResourceConflictException *
        lambda create-event-source-mapping FunctionName=no EventSourceArn=arn:aws:sqs:us-east-1:000000000000:q => error ResourceNotFoundException *
        lambda update-event-source-mapping UUID=$uuid BatchSize=100 => error InvalidParameterValueException *
        lambda update-event-source-mapping UUID=00000000-0000-0000-0000-000000000000 BatchSize=1 => error ResourceNotFoundException *
        lambda get-event-source-mapping UUID=00000000-0000-0000-0000-000000000000 => error ResourceNotFoundException *
        lambda delete-event-source-mapping UUID=00000000-0000-0000-0000-000000000000 => error ResourceNotFoundException *
        lambda list-event-source-mappings Marker=x => error InvalidParameterValueException *
        lambda create-alias FunctionName=f:1 Name=live FunctionVersion="1" => error InvalidParameterValueException "This operation is permitted on Lambda functions only.*"
        lambda get-alias FunctionName=f:1 Name=live => error InvalidParameterValueException *
        lambda update-alias FunctionName=f Name=no => error ResourceNotFoundException *
        lambda delete-alias FunctionName=f:1 Name=live => error InvalidParameterValueException *
        lambda delete-alias FunctionName=no Name=live => error ResourceNotFoundException *
        lambda list-aliases FunctionName=no => error ResourceNotFoundException *
        lambda list-aliases FunctionName=f Marker=x => error InvalidParameterValueException *
        lambda put-function-concurrency FunctionName=f:1 ReservedConcurrentExecutions=1 => error InvalidParameterValueException *
        lambda get-function-concurrency FunctionName=f:1 => error InvalidParameterValueException *
        lambda get-function-concurrency FunctionName=no => error ResourceNotFoundException *
        lambda delete-function-concurrency FunctionName=f:1 => error InvalidParameterValueException *
        lambda delete-function-concurrency FunctionName=no => error ResourceNotFoundException *
        lambda put-function-event-invoke-config FunctionName=no MaximumRetryAttempts=1 => error ResourceNotFoundException *
        lambda update-function-event-invoke-config FunctionName=no MaximumRetryAttempts=1 => error ResourceNotFoundException *
        lambda update-function-event-invoke-config FunctionName=f:1 Qualifier="2" => error InvalidParameterValueException *
        lambda get-function-event-invoke-config FunctionName=f:1 Qualifier="2" => error InvalidParameterValueException *
        lambda delete-function-event-invoke-config FunctionName=f:1 Qualifier="2" => error InvalidParameterValueException *
        lambda list-function-event-invoke-configs FunctionName=no => error ResourceNotFoundException *
        lambda list-function-event-invoke-configs FunctionName=f Marker=x => error InvalidParameterValueException *
        lambda get-function FunctionName=f:1 Qualifier="2" => error InvalidParameterValueException *
        lambda get-function-configuration FunctionName=f:1 Qualifier="2" => error InvalidParameterValueException *
        lambda get-function-configuration FunctionName=no => error ResourceNotFoundException *
        lambda list-functions Marker=x => error InvalidParameterValueException *
        lambda list-versions-by-function FunctionName=no => error ResourceNotFoundException *
        lambda list-versions-by-function FunctionName=f Marker=x => error InvalidParameterValueException *
        lambda publish-version FunctionName=no => error ResourceNotFoundException *
        lambda update-function-code FunctionName=no ZipFile=ZIP => error ResourceNotFoundException *
        lambda update-function-code FunctionName=f:1 ZipFile=OTHER => error InvalidParameterValueException *
        lambda update-function-configuration FunctionName=no Timeout=4 => error ResourceNotFoundException *
        lambda update-function-configuration FunctionName=f:1 Timeout=4 => error InvalidParameterValueException *
        lambda update-function-configuration FunctionName=f Timeout=4 RevisionId=x => error PreconditionFailedException *
        lambda delete-function FunctionName=no => error ResourceNotFoundException *
        lambda invoke-async FunctionName=no InvokeArgs=e30= => error ResourceNotFoundException *
        lambda invoke-async FunctionName=f InvokeArgs=ewo= => error InvalidRequestContentException *
        lambda get-policy FunctionName=f:1 Qualifier="2" => error InvalidParameterValueException *
        lambda remove-permission FunctionName=f:1 Qualifier="2" StatementId=s => error InvalidParameterValueException *
        lambda list-tags Resource=ARN:no => error ResourceNotFoundException *
        lambda list-tags Resource=ARN:f:1 => error InvalidParameterValueException *
        lambda untag-resource Resource=ARN:no TagKeys=["a"] => error ResourceNotFoundException *
        lambda untag-resource Resource=ARN:f:1 TagKeys=["a"] => error InvalidParameterValueException *
        lambda get-function FunctionName=f => Configuration.Version=$LATEST Configuration.Timeout=3
        "#,
    );
}
