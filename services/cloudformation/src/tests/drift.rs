//! Drift, on queues and roles.

use super::check;

const TEMPLATE: &str = r"Resources: {D: {Type: AWS::SQS::Queue, Properties: {QueueName: d}}, Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, DelaySeconds: 20, RedrivePolicy: {deadLetterTargetArn: !GetAtt D.Arn, maxReceiveCount: 10}, Tags: [{Key: a, Value: '1'}]}}}";
const URL: &str = "http://niebla.test/000000000000";

/// The example of "Detect drift on an entire CloudFormation stack", in the user guide.
#[test]
fn what_was_changed_behind_a_stack_is_found() {
    check(&format!(
        r#"
        cloudformation create-stack StackName=app TemplateBody="{TEMPLATE}" Tags=[{{"Key":"team","Value":"x"}}] => ok
        cloudformation describe-stacks StackName=app => Stacks[0].DriftInformation.StackDriftStatus=NOT_CHECKED
        cloudformation detect-stack-drift StackName=app => StackDriftDetectionId=$one
        cloudformation describe-stack-drift-detection-status StackDriftDetectionId=$one => DetectionStatus=DETECTION_COMPLETE StackDriftStatus=IN_SYNC DriftedStackResourceCount=0
        cloudformation describe-stack-resource-drifts StackName=app => StackResourceDrifts[1].LogicalResourceId=Q StackResourceDrifts[1].StackResourceDriftStatus=IN_SYNC StackResourceDrifts[1].PropertyDifferences[0]=absent StackResourceDrifts[2]=absent
        sqs set-queue-attributes QueueUrl={URL}/q Attributes={{"DelaySeconds":"120","VisibilityTimeout":"77","RedrivePolicy":"{{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:d\",\"maxReceiveCount\":12}}"}} => ok
        sqs tag-queue QueueUrl={URL}/q Tags={{"new":"2"}} => ok
        cloudformation detect-stack-drift StackName=app => StackDriftDetectionId=$two
        cloudformation describe-stack-drift-detection-status StackDriftDetectionId=$two => StackDriftStatus=DRIFTED DriftedStackResourceCount=1
        cloudformation describe-stack-resource-drifts StackName=app StackResourceDriftStatusFilters=["MODIFIED"] => StackResourceDrifts[1]=absent StackResourceDrifts[0].PropertyDifferences[0]={{"PropertyPath":"/DelaySeconds","ExpectedValue":"20","ActualValue":"120","DifferenceType":"NOT_EQUAL"}} StackResourceDrifts[0].PropertyDifferences[1].PropertyPath=/RedrivePolicy/maxReceiveCount StackResourceDrifts[0].PropertyDifferences[2]={{"PropertyPath":"/Tags/1","ExpectedValue":"null","ActualValue":"{{\"Key\":\"new\",\"Value\":\"2\"}}","DifferenceType":"ADD"}} StackResourceDrifts[0].PropertyDifferences[3]=absent
        cloudformation describe-stacks StackName=app => Stacks[0].DriftInformation.StackDriftStatus=DRIFTED
        cloudformation describe-stack-resource StackName=app LogicalResourceId=Q => StackResourceDetail.DriftInformation.StackResourceDriftStatus=MODIFIED
        cloudformation list-stack-resources StackName=app => StackResourceSummaries[0].DriftInformation.StackResourceDriftStatus=IN_SYNC
        sqs delete-queue QueueUrl={URL}/d => ok
        cloudformation detect-stack-resource-drift StackName=app LogicalResourceId=D => StackResourceDrift.StackResourceDriftStatus=DELETED StackResourceDrift.ExpectedProperties=absent
        cloudformation detect-stack-drift StackName=app LogicalResourceIds=["D"] => ok
        cloudformation describe-stack-resource-drifts StackName=app MaxResults=1 => StackResourceDrifts[0].LogicalResourceId=D StackResourceDrifts[1]=absent NextToken=$next
        cloudformation describe-stack-resource-drifts StackName=app NextToken=$next => StackResourceDrifts[0].LogicalResourceId=Q NextToken=absent
        "#
    ));
}

#[test]
fn what_cannot_be_looked_at_is_refused_or_unknown() {
    check(&format!(
        r#"
        cloudformation create-stack StackName=app TemplateBody="{TEMPLATE}" => ok
        cloudformation detect-stack-drift StackName=other => error ValidationError "Stack [other] does not exist"
        cloudformation detect-stack-drift StackName=app LogicalResourceIds=["No"] => error ValidationError *
        cloudformation detect-stack-resource-drift StackName=app LogicalResourceId=No => error ValidationError *
        cloudformation describe-stack-drift-detection-status StackDriftDetectionId=no => error ValidationError *
        cloudformation create-stack StackName=handle TemplateBody="Resources: {{H: {{Type: AWS::CloudFormation::WaitConditionHandle}}}}" => ok
        cloudformation detect-stack-resource-drift StackName=handle LogicalResourceId=H => error ValidationError "Niebla does not support drift detection of AWS::CloudFormation::WaitConditionHandle yet."
        cloudformation detect-stack-drift StackName=handle => StackDriftDetectionId=$it
        cloudformation describe-stack-drift-detection-status StackDriftDetectionId=$it => StackDriftStatus=IN_SYNC
        cloudformation describe-stack-resource-drifts StackName=handle => StackResourceDrifts[0]=absent
        "#
    ));
}

/// A secret in a template stays one.
#[test]
fn drift_tells_no_secret() {
    let template = r"Parameters: {S: {Type: String, NoEcho: true, Default: hush}}\nResources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, Tags: [{Key: s, Value: !Ref S}]}}}";
    check(&format!(
        r#"
        cloudformation create-stack StackName=app TemplateBody="{template}" => ok
        cloudformation detect-stack-resource-drift StackName=app LogicalResourceId=Q => StackResourceDrift.StackResourceDriftStatus=IN_SYNC StackResourceDrift.ActualProperties={{"QueueName":"q","Tags":[{{"Key":"s","Value":"****"}}]}} StackResourceDrift.ExpectedProperties={{"QueueName":"q","Tags":[{{"Key":"s","Value":"****"}}]}}
        sqs tag-queue QueueUrl={URL}/q Tags={{"s":"found"}} => ok
        cloudformation detect-stack-resource-drift StackName=app LogicalResourceId=Q => StackResourceDrift.StackResourceDriftStatus=MODIFIED StackResourceDrift.PropertyDifferences[0].ExpectedValue=**** StackResourceDrift.PropertyDifferences[0].ActualValue=****
        "#
    ));
}
