//! Stack policies, termination protection, roles, forced deletion, limits.

use super::check;

const DENY: &str = r#"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"Update:*\",\"Principal\":\"*\",\"Resource\":\"*\"},{\"Effect\":\"Deny\",\"Action\":[\"Update:Replace\",\"Update:Delete\"],\"Principal\":\"*\",\"Resource\":\"LogicalResourceId/Q\"}]}"#;
const ALLOW: &str =
    r#"{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"Update:*\",\"Principal\":\"*\",\"Resource\":\"*\"}]}"#;

#[test]
fn a_stack_policy_fails_the_update_that_it_forbids() {
    check(&format!(
        r#"
        cloudformation create-stack StackName=app StackPolicyBody="{DENY}" TemplateBody="Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{QueueName: one}}}}, R: {{Type: AWS::SQS::Queue}}}}" => ok
        cloudformation get-stack-policy StackName=app => StackPolicyBody="*LogicalResourceId/Q*"
        cloudformation update-stack StackName=app TemplateBody="Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{QueueName: one, DelaySeconds: 1}}}}, R: {{Type: AWS::SQS::Queue}}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_COMPLETE
        cloudformation update-stack StackName=app TemplateBody="Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{QueueName: two}}}}, R: {{Type: AWS::SQS::Queue}}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        cloudformation describe-stack-events StackName=app => StackEvents[4].ResourceStatus=UPDATE_FAILED StackEvents[4].ResourceStatusReason="Action denied by stack policy: Statement [#2] does not allow [Update:Replace] for resource [LogicalResourceId/Q];"
        cloudformation update-stack StackName=app TemplateBody="Resources: {{R: {{Type: AWS::SQS::Queue}}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        cloudformation update-stack StackName=app StackPolicyDuringUpdateBody="{ALLOW}" TemplateBody="Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{QueueName: two}}}}, R: {{Type: AWS::SQS::Queue}}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_COMPLETE
        cloudformation set-stack-policy StackName=app StackPolicyBody="{ALLOW}" => ok
        cloudformation update-stack StackName=app TemplateBody="Resources: {{R: {{Type: AWS::SQS::Queue}}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_COMPLETE
        cloudformation set-stack-policy StackName=app StackPolicyBody="[]" => error ValidationError "Error validating stack policy*"
        cloudformation set-stack-policy StackName=app => error ValidationError *
        cloudformation set-stack-policy StackName=none StackPolicyBody="{ALLOW}" => error ValidationError "Stack [none] does not exist"
        cloudformation get-stack-policy StackName=none => error ValidationError "Stack [none] does not exist"
        "#
    ));
}

#[test]
fn protection_is_turned_on_and_off() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}" => StackId=$id
        cloudformation update-termination-protection StackName=app EnableTerminationProtection=true => StackId=$id
        cloudformation delete-stack StackName=app => error ValidationError "Stack [app] cannot be deleted while TerminationProtection is enabled"
        cloudformation update-termination-protection StackName=app EnableTerminationProtection=false => StackId=$id
        cloudformation delete-stack StackName=app => ok
        cloudformation update-termination-protection StackName=app EnableTerminationProtection=true => error ValidationError "Stack [app] does not exist"
        cloudformation describe-account-limits => AccountLimits[0].Name=StackLimit AccountLimits[0].Value=2000
        "#,
    );
}

#[test]
fn what_cannot_be_deleted_is_left_behind_by_force() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: stuck}}, Q: {Type: AWS::SQS::Queue}}" => StackId=$id
        cloudformation delete-stack StackName=app DeletionMode=FORCE_DELETE_STACK => error ValidationError "*[DELETE_FAILED] state."
        cloudformation delete-stack StackName=app RetainResources=["G"] => error ValidationError "*Retain Resources only works for stacks in [DELETE_FAILED] state."
        cloudformation delete-stack StackName=app => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=DELETE_FAILED
        cloudformation delete-stack StackName=app RetainResources=["X"] => error ValidationError "Resource X does not exist for stack app"
        cloudformation delete-stack StackName=app DeletionMode=FORCE_DELETE_STACK => ok
        cloudformation describe-stacks StackName=$id => Stacks[0].StackStatus=DELETE_COMPLETE
        cloudformation describe-stack-resources StackName=$id => StackResources[0].ResourceStatus=DELETE_SKIPPED StackResources[1].ResourceStatus=DELETE_COMPLETE
        "#,
    );
}

#[test]
fn a_stack_is_worked_on_by_its_role_alone() {
    check(
        r#"
        iam create-role RoleName=deployer AssumeRolePolicyDocument="{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"cloudformation.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}" => Role.Arn=$role
        iam create-role RoleName=other AssumeRolePolicyDocument="{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}" => Role.Arn=$other
        cloudformation create-stack StackName=app RoleARN=$other TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}" => error ValidationError "Role *role/other is invalid or cannot be assumed"
        cloudformation create-stack StackName=app RoleARN=$role TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=ROLLBACK_COMPLETE Stacks[0].RoleARN=$role
        cloudformation describe-stack-events StackName=app => StackEvents[3].ResourceStatus=CREATE_FAILED StackEvents[3].ResourceStatusReason="*AWSCloudFormation is not authorized to perform: sqs:*HandlerErrorCode: AccessDenied)"
        cloudformation delete-stack StackName=app => ok
        iam put-role-policy RoleName=deployer PolicyName=all PolicyDocument="{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sqs:*\",\"Resource\":\"*\"}]}" => ok
        cloudformation create-stack StackName=app RoleARN=$role TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=CREATE_COMPLETE
        cloudformation delete-stack StackName=app => ok
        sqs list-queues => QueueUrls=absent
        "#,
    );
}

#[test]
fn the_token_of_another_request_is_refused() {
    check(
        r#"
        cloudformation create-stack StackName=app ClientRequestToken=t TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}" => StackId=$id
        cloudformation create-stack StackName=app ClientRequestToken=t TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}" => StackId=$id
        cloudformation update-stack StackName=app ClientRequestToken=t TemplateBody="Resources: {R: {Type: AWS::SQS::Queue}}" => error TokenAlreadyExistsException *
        cloudformation update-stack StackName=app ClientRequestToken=u TemplateBody="Resources: {R: {Type: AWS::SQS::Queue}}" => StackId=$id
        cloudformation update-stack StackName=app ClientRequestToken=u TemplateBody="Resources: {R: {Type: AWS::SQS::Queue}}" => StackId=$id
        "#,
    );
}
