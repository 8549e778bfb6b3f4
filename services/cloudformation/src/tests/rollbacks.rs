//! Updates that are cancelled, that cannot be undone, and that are left as they are.

use super::check;

#[test]
fn a_cancelled_update_is_undone_at_once() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: g}}, Q: {Type: AWS::SQS::Queue, DependsOn: G}}" => ok
        cloudformation cancel-update-stack StackName=app => error ValidationError "CancelUpdateStack cannot be called from current stack status"
        cloudformation cancel-update-stack StackName=none => error ValidationError "Stack [none] does not exist"
        cloudformation update-stack StackName=app TemplateBody="Resources: {G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: g, RetentionInDays: 5}}, Q: {Type: AWS::SQS::Queue, DependsOn: G, Properties: {DelaySeconds: 9}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_IN_PROGRESS
        cloudformation cancel-update-stack StackName=app => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        cloudformation describe-stack-events StackName=app => StackEvents[5].ResourceStatusReason="Resource update cancelled" StackEvents[4].ResourceStatus=UPDATE_ROLLBACK_IN_PROGRESS StackEvents[4].ResourceStatusReason="User Initiated"
        wait 2m
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        "#,
    );
}

#[test]
fn an_undoing_that_failed_goes_on_when_the_cause_is_mended_or_skipped() {
    let ready = r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: g}}, Q: {Type: AWS::SQS::Queue, DependsOn: G, Properties: {QueueName: q}}}" => ok
        cloudformation continue-update-rollback StackName=app => error ValidationError "*is in CREATE_COMPLETE state*"
        cloudformation update-stack StackName=app TemplateBody="Resources: {G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: g, RetentionInDays: 365}}, F: {Type: AWS::Logs::LogGroup, DependsOn: G, Properties: {LogGroupName: fails}}, Q: {Type: AWS::SQS::Queue, DependsOn: G, Properties: {QueueName: q, DelaySeconds: 9}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_FAILED Stacks[0].StackStatusReason="The following resource(s) failed to update: [G]. "
        cloudformation update-stack StackName=app TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}" => error ValidationError "*is in UPDATE_ROLLBACK_FAILED state and can not be updated."
    "#;
    let skipped = r#"
        cloudformation continue-update-rollback StackName=app ResourcesToSkip=["Q"] => error ValidationError "*[Q]"
        cloudformation continue-update-rollback StackName=app => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_FAILED
        crash
        cloudformation continue-update-rollback StackName=app ResourcesToSkip=["G"] => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        cloudformation describe-stack-resource StackName=app LogicalResourceId=G => StackResourceDetail.ResourceStatus=UPDATE_COMPLETE
        cloudformation describe-stack-resource StackName=app LogicalResourceId=F => error ValidationError "Resource F does not exist for stack app"
    "#;
    let mended = r#"
        cloudformation create-stack StackName=remedy TemplateBody="Resources: {M: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: mended}}}" => ok
        cloudformation continue-update-rollback StackName=app ClientRequestToken=t => ok
        cloudformation continue-update-rollback StackName=app ClientRequestToken=t => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        sqs get-queue-url QueueName=q => QueueUrl=$q
        sqs get-queue-attributes QueueUrl=$q AttributeNames=["DelaySeconds"] => Attributes.DelaySeconds=0
    "#;
    check(&format!("{ready}{skipped}"));
    check(&format!("{ready}{mended}"));
}

#[test]
fn what_was_left_as_it_is_can_be_rolled_back_to_the_last_stable_state() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one}}, K: {Type: AWS::SQS::Queue, Properties: {QueueName: kept}}}" => ok
        cloudformation rollback-stack StackName=app => error ValidationError "*is in CREATE_COMPLETE state*"
        cloudformation update-stack StackName=app DisableRollback=true TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: two}}, K: {Type: AWS::SQS::Queue, Properties: {QueueName: kept, DelaySeconds: 5}}, N: {Type: AWS::SQS::Queue, Properties: {QueueName: new}}, F: {Type: AWS::Logs::LogGroup, DependsOn: [Q, K, N], Properties: {LogGroupName: fails}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_FAILED
        sqs list-queues => QueueUrls[0]=*/kept QueueUrls[1]=*/new QueueUrls[2]=*/one QueueUrls[3]=*/two
        cloudformation update-stack StackName=app DisableRollback=true TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: three}}, K: {Type: AWS::SQS::Queue, Properties: {QueueName: kept, DelaySeconds: 6}}, N: {Type: AWS::SQS::Queue, Properties: {QueueName: new}}, F: {Type: AWS::Logs::LogGroup, DependsOn: [Q, K, N], Properties: {LogGroupName: fails}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_FAILED
        crash
        cloudformation rollback-stack StackName=app => StackId=*
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        sqs list-queues => QueueUrls[0]=*/kept QueueUrls[1]=*/one QueueUrls[2]=absent
        sqs get-queue-url QueueName=kept => QueueUrl=$kept
        sqs get-queue-attributes QueueUrl=$kept AttributeNames=["DelaySeconds"] => Attributes.DelaySeconds=0
        cloudformation describe-stack-resource StackName=app LogicalResourceId=Q => StackResourceDetail.PhysicalResourceId=*/one
        "#,
    );
}

#[test]
fn an_update_after_a_failed_one_leaves_nothing_behind() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one}}}" => ok
        cloudformation update-stack StackName=app DisableRollback=true TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: two}}, F: {Type: AWS::Logs::LogGroup, DependsOn: Q, Properties: {LogGroupName: fails}}}" => ok
        cloudformation update-stack StackName=app TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: two}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_COMPLETE
        sqs list-queues => QueueUrls[0]=*/two QueueUrls[1]=absent
        cloudformation update-stack StackName=app DisableRollback=true TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: three}}, F: {Type: AWS::Logs::LogGroup, DependsOn: Q, Properties: {LogGroupName: fails}}}" => ok
        cloudformation delete-stack StackName=app => ok
        sqs list-queues => QueueUrls=absent
        "#,
    );
}

#[test]
fn what_was_before_a_failed_update_is_forgotten_once_another_succeeds() {
    check(
        r#"
        cloudformation create-stack StackName=app TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one}}}" => ok
        cloudformation update-stack StackName=app DisableRollback=true TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one, DelaySeconds: 1}}, F: {Type: AWS::Logs::LogGroup, DependsOn: Q, Properties: {LogGroupName: fails}}}" => ok
        cloudformation update-stack StackName=app TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: two}}}" => ok
        cloudformation update-stack StackName=app TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: two}}, F: {Type: AWS::Logs::LogGroup, DependsOn: Q, Properties: {LogGroupName: fails}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        sqs list-queues => QueueUrls[0]=*/two QueueUrls[1]=absent
        "#,
    );
}

#[test]
fn a_creation_that_never_was_stable_is_deleted_by_its_rollback() {
    check(
        r#"
        cloudformation create-stack StackName=app DisableRollback=true TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}, F: {Type: AWS::Logs::LogGroup, DependsOn: Q, Properties: {LogGroupName: fails}}}" => StackId=$id
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=CREATE_FAILED
        cloudformation rollback-stack StackName=app RetainExceptOnCreate=true => ok
        cloudformation describe-stacks StackName=$id => Stacks[0].StackStatus=DELETE_COMPLETE
        sqs list-queues => QueueUrls=absent
        "#,
    );
}

#[test]
fn new_resources_go_though_they_are_to_be_kept_otherwise() {
    check(
        r#"
        cloudformation create-stack StackName=app RetainExceptOnCreate=true TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}, F: {Type: AWS::Logs::LogGroup, DependsOn: Q, Properties: {LogGroupName: fails}}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=ROLLBACK_COMPLETE Stacks[0].RetainExceptOnCreate=true
        sqs list-queues => QueueUrls=absent
        "#,
    );
}

#[test]
fn a_creation_that_takes_too_long_is_undone() {
    check(
        r#"
        cloudformation create-stack StackName=app TimeoutInMinutes=1 TemplateBody="Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: slow-a}}, B: {Type: AWS::Logs::LogGroup, DependsOn: A, Properties: {LogGroupName: slow-b}}}" => ok
        wait 59s
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=CREATE_IN_PROGRESS Stacks[0].TimeoutInMinutes=1
        wait 1s
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=ROLLBACK_COMPLETE
        cloudformation describe-stack-events StackName=app => StackEvents[3].ResourceStatus=ROLLBACK_IN_PROGRESS StackEvents[3].ResourceStatusReason="Stack creation time exceeded the specified timeout. The following resource(s) failed to create: [A]. Rollback requested by user."
        "#,
    );
}
