//! Templates and policies in S3.

use super::check;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

const AT: &str = "https://s3.us-east-1.amazonaws.com/files";

#[test]
fn templates_come_from_s3() {
    let template = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one}}}";
    let other = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one, DelaySeconds: 1}}}";
    // Beyond what a request may hold.
    let large = format!("{template}\n#{}", "x".repeat(60_000));
    let script = r#"
        s3 create-bucket Bucket=files                  => ok
        s3 put-bucket-versioning Bucket=files VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=files Key=app.yaml Body=LARGE => VersionId=$first
        s3 put-object Bucket=files Key=app.yaml Body=OTHER => ok
        s3 put-object Bucket=files Key=huge Body=HUGE  => ok
        cloudformation validate-template TemplateURL=AT/app.yaml => ok
        cloudformation get-template-summary TemplateURL=AT/app.yaml => ResourceTypes[0]=AWS::SQS::Queue
        cloudformation create-stack StackName=app TemplateURL=https://files.s3.amazonaws.com/app.yaml?versionId=$first => ok
        cloudformation describe-stacks StackName=app   => Stacks[0].StackStatus=CREATE_COMPLETE
        cloudformation create-change-set StackName=app ChangeSetName=c TemplateURL=AT/app.yaml => ok
        cloudformation describe-change-set StackName=app ChangeSetName=c => Changes[0].ResourceChange.Action=Modify
        cloudformation update-stack StackName=app TemplateURL=AT/app.yaml => ok
        cloudformation describe-stacks StackName=app   => Stacks[0].StackStatus=UPDATE_COMPLETE
        cloudformation get-template StackName=app      => TemplateBody=*DelaySeconds*
        cloudformation update-stack StackName=app TemplateURL=AT/app.yaml => error ValidationError "No updates are to be performed."
        cloudformation validate-template TemplateURL=AT/none => error ValidationError "S3 error: The specified key does not exist.*For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        cloudformation validate-template TemplateURL=https://nobody.s3.amazonaws.com/a => error ValidationError "S3 error: The specified bucket does not exist*"
        cloudformation validate-template TemplateURL=AT/huge => error ValidationError "Template may not exceed 1000000 bytes in size."
        cloudformation validate-template TemplateURL=https://example.com/files/app.yaml => error ValidationError "TemplateURL must be a supported URL."
        cloudformation validate-template TemplateURL=AT/app.yaml TemplateBody=x => error ValidationError "Only one of Template URL or Template Body may be specified."
        cloudformation validate-template               => error ValidationError "Either Template URL or Template Body must be specified."
    "#;
    let huge = "#".repeat(1_000_001);
    let script = script.replace("LARGE", &BASE64.encode(large)).replace("OTHER", &BASE64.encode(other));
    check(&script.replace("HUGE", &BASE64.encode(huge)).replace("AT/", &format!("{AT}/")));
}

#[test]
fn stack_policies_come_from_s3() {
    let policy = r#"{"Statement":[{"Effect":"Deny","Action":"Update:*","Principal":"*","Resource":"*"}]}"#;
    let template = "\"Resources: {Q: {Type: AWS::SQS::Queue}}\"";
    let script = r#"
        s3 create-bucket Bucket=files                  => ok
        s3 put-object Bucket=files Key=deny.json Body=POLICY => ok
        s3 put-object Bucket=files Key=huge Body=HUGE  => ok
        cloudformation create-stack StackName=app TemplateBody=TEMPLATE StackPolicyURL=AT/deny.json => ok
        cloudformation get-stack-policy StackName=app  => StackPolicyBody=*Deny*
        cloudformation create-stack StackName=two TemplateBody=TEMPLATE => ok
        cloudformation set-stack-policy StackName=two StackPolicyURL=AT/deny.json => ok
        cloudformation get-stack-policy StackName=two  => StackPolicyBody=*Deny*
        cloudformation set-stack-policy StackName=two StackPolicyURL=AT/huge => error ValidationError "Stack policy may not exceed 16384 bytes in size."
        cloudformation set-stack-policy StackName=two StackPolicyURL=AT/none => error ValidationError "S3 error: The specified key does not exist.*"
        cloudformation set-stack-policy StackName=two StackPolicyURL=AT/deny.json StackPolicyBody=x => error ValidationError *
        cloudformation set-stack-policy StackName=two => error ValidationError "Either StackPolicyBody or StackPolicyURL is required."
    "#;
    let script = script.replace("POLICY", &BASE64.encode(policy)).replace("TEMPLATE", template);
    check(&script.replace("HUGE", &BASE64.encode(" ".repeat(16_385))).replace("AT/", &format!("{AT}/")));
}
