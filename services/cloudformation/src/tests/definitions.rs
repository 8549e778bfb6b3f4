//! What a request and its template define: exports, rules, the extended language, capabilities, hidden parameters.

use super::{World, check, named, parameter};
use api::cloudformation::{CreateChangeSet, CreateStack, DeleteStack, DescribeStackEvents};
use kernel::Cx;

#[test]
fn exports_and_their_importers_are_listed() {
    check(
        r#"
        cloudformation list-exports => Exports[0]=absent
        cloudformation create-stack StackName=one TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}\nOutputs: {O: {Value: !GetAtt Q.QueueName, Export: {Name: !Sub '${AWS::StackName}-Name'}}}" => StackId=$one
        cloudformation list-exports => Exports[0].Name=one-Name Exports[0].Value=q Exports[0].ExportingStackId=$one Exports[1]=absent
        cloudformation list-imports ExportName=one-Name => error ValidationError "Export 'one-Name' is not imported by any stack."
        cloudformation list-imports ExportName=two => error ValidationError *
        cloudformation create-stack StackName=two TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Join ['-', [!ImportValue one-Name, two]]}}}" => ok
        cloudformation list-imports ExportName=one-Name => Imports[0]=two Imports[1]=absent
        cloudformation update-stack StackName=one TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: p}}}\nOutputs: {O: {Value: !GetAtt Q.QueueName, Export: {Name: one-Name}}}" => ok
        cloudformation describe-stacks StackName=one => Stacks[0].StackStatus=UPDATE_ROLLBACK_COMPLETE
        cloudformation describe-stack-events StackName=one => StackEvents[5].ResourceStatusReason="Export one-Name cannot be updated as it is in use by two. "
        "#,
    );
}

#[test]
fn rules_are_checked_before_anything_is_created() {
    let template = r"Parameters: {Stage: {Type: String}, Kind: {Type: String}}\nRules: {R: {RuleCondition: {'Fn::Equals': [!Ref Stage, prod]}, Assertions: [{Assert: {'Fn::Contains': [[big, bigger], !Ref Kind]}, AssertDescription: too small}]}}\nResources: {Q: {Type: AWS::SQS::Queue}}";
    check(&format!(
        r#"
        cloudformation create-stack StackName=app TemplateBody="{template}" Parameters=[{{"ParameterKey":"Stage","ParameterValue":"prod"}},{{"ParameterKey":"Kind","ParameterValue":"tiny"}}] => error ValidationError "*Rule R*too small"
        cloudformation create-stack StackName=app TemplateBody="{template}" Parameters=[{{"ParameterKey":"Stage","ParameterValue":"test"}},{{"ParameterKey":"Kind","ParameterValue":"tiny"}}] => ok
        cloudformation update-stack StackName=app TemplateBody="{template}" Parameters=[{{"ParameterKey":"Stage","ParameterValue":"prod"}},{{"ParameterKey":"Kind","UsePreviousValue":true}}] => error ValidationError "*Rule R*"
        "#
    ));
}

#[test]
fn the_extended_language_needs_its_capability_and_is_shown_processed() {
    let template = r"Transform: AWS::LanguageExtensions\nResources: {'Fn::ForEach::Qs': [N, [a, b], {'Q${N}': {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub '${AWS::StackName}-${N}', DelaySeconds: !Length [1, 2, 3]}}}]}\nOutputs: {J: {Value: !ToJsonString {a: !GetAtt Qa.QueueName}}}";
    check(&format!(
        r#"
        cloudformation create-stack StackName=app TemplateBody="{template}" => error InsufficientCapabilitiesException "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
        cloudformation create-stack StackName=app TemplateBody="{template}" Capabilities=["CAPABILITY_AUTO_EXPAND"] => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=CREATE_COMPLETE Stacks[0].Outputs[0].OutputValue={{"a":"app-a"}}
        sqs get-queue-attributes QueueUrl=http://niebla.test/000000000000/app-b AttributeNames=["DelaySeconds"] => Attributes.DelaySeconds=3
        cloudformation get-template StackName=app TemplateStage=Original => TemplateBody="*Fn::ForEach::Qs*"
        cloudformation get-template StackName=app => TemplateBody="*Qa*Qb*"
        cloudformation validate-template TemplateBody="{template}" => DeclaredTransforms[0]=AWS::LanguageExtensions Capabilities[0]=CAPABILITY_AUTO_EXPAND
        cloudformation get-template-summary StackName=app => DeclaredTransforms[0]=AWS::LanguageExtensions ResourceTypes[0]=AWS::SQS::Queue
        cloudformation create-change-set StackName=new ChangeSetName=c ChangeSetType=CREATE TemplateBody="{template}" => ok
        cloudformation validate-template TemplateBody="Transform: AWS::Serverless-2016-10-31\nResources: {{Q: {{Type: AWS::SQS::Queue}}}}" => error ValidationError "Niebla does not support the transform AWS::Serverless-2016-10-31 yet."
        "#
    ));
}

#[test]
fn a_hidden_parameter_is_shown_nowhere() {
    let template = r"Parameters: {Secret: {Type: String, NoEcho: true}, Wait: {Type: Number, Default: 1}}\nResources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, DelaySeconds: !Ref Wait, Tags: [{Key: s, Value: !Ref Secret}]}}}";
    check(&format!(
        r#"
        cloudformation create-stack StackName=app TemplateBody="{template}" Parameters=[{{"ParameterKey":"Secret","ParameterValue":"hush"}}] => ok
        cloudformation describe-stacks StackName=app => Stacks[0].Parameters[0].ParameterValue=****
        sqs list-queue-tags QueueUrl=http://niebla.test/000000000000/q => Tags.s=hush
        cloudformation create-change-set StackName=app ChangeSetName=c UsePreviousTemplate=true Parameters=[{{"ParameterKey":"Secret","UsePreviousValue":true}},{{"ParameterKey":"Wait","ParameterValue":"2"}}] => ok
        cloudformation describe-change-set StackName=app ChangeSetName=c => Changes[0].ResourceChange.AfterContext=absent Changes[0].ResourceChange.Details[0].Target.Path=absent
        cloudformation describe-change-set StackName=app ChangeSetName=c IncludePropertyValues=true => Changes[0].ResourceChange.BeforeContext={{"Properties":{{"QueueName":"q","DelaySeconds":"1","Tags":[{{"Key":"s","Value":"****"}}]}}}} Changes[0].ResourceChange.AfterContext={{"Properties":{{"QueueName":"q","DelaySeconds":"2","Tags":[{{"Key":"s","Value":"****"}}]}}}} Changes[0].ResourceChange.Details[0].Target.Path=/Properties/DelaySeconds Changes[0].ResourceChange.Details[0].Target.BeforeValue=1 Changes[0].ResourceChange.Details[0].Target.AfterValue=2 Changes[0].ResourceChange.Details[0].Target.AttributeChangeType=Modify
        cloudformation describe-change-set-hooks StackName=app ChangeSetName=c => Hooks[0]=absent
        "#
    ));
}

#[tokio::test]
async fn an_event_hides_what_a_parameter_hides() {
    let world = World::new();
    let template = "Parameters: {S: {Type: String, NoEcho: true}}\nResources: {Q: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: s, Value: !Sub 'x-${S}'}]}}}";
    let (template_body, parameters) = (Some(template.to_owned()), Some(vec![parameter("S", "hush")]));
    world.create_with(CreateStack { template_body, parameters, ..named("app") }).await.unwrap();
    world.settled("app").await;
    let input = DescribeStackEvents { stack_name: "app".to_owned(), next_token: None };
    let events = world.cloud.call(input).await.unwrap().stack_events.unwrap();
    assert_eq!(events[1].resource_properties.as_deref(), Some(r#"{"Tags":[{"Key":"s","Value":"x-****"}]}"#));
    assert!(!format!("{events:?}").contains("hush"));
}

#[test]
fn only_named_types_are_taken_where_types_are_named() {
    check(
        r#"
        cloudformation create-stack StackName=app ResourceTypes=["AWS::IAM::*"] TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}}" => error ValidationError "Resource type AWS::SQS::Queue is not allowed by parameter ResourceTypes"
        cloudformation create-stack StackName=app ResourceTypes=["AWS::SQS::*"] TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}, H: {Type: AWS::CloudFormation::WaitConditionHandle}}" => error ValidationError *
        cloudformation create-stack StackName=app ResourceTypes=["AWS::SQS::*","AWS::CloudFormation::*"] TemplateBody="Resources: {Q: {Type: AWS::SQS::Queue}, H: {Type: AWS::CloudFormation::WaitConditionHandle}}\nOutputs: {H: {Value: !Ref H}}" => ok
        cloudformation describe-stacks StackName=app => Stacks[0].StackStatus=CREATE_COMPLETE Stacks[0].Outputs[0].OutputValue=https://*
        "#,
    );
}

#[tokio::test]
async fn an_account_has_room_for_two_thousand_stacks() {
    let world = World::new();
    let others = |cx: &mut Cx| {
        for number in 0..1_999_i64 {
            cx.put(&crate::stack::LIVE, &(number, "another"), &"another".to_owned());
        }
        Ok(())
    };
    world.cloud.write(others).await.unwrap();
    let handle = "Resources: {H: {Type: AWS::CloudFormation::WaitConditionHandle}}";
    world.create("last", handle).await.unwrap();
    world.settled("last").await;
    assert_eq!(world.create("more", handle).await.unwrap_err().code(), "LimitExceededException");
    let input = CreateChangeSet {
        stack_name: "more".to_owned(),
        change_set_name: "c".to_owned(),
        change_set_type: Some("CREATE".to_owned()),
        template_body: Some(handle.to_owned()),
        ..CreateChangeSet::default()
    };
    assert_eq!(world.cloud.call(input).await.unwrap_err().code(), "LimitExceededException");
    let input = DeleteStack { stack_name: "last".to_owned(), ..DeleteStack::default() };
    world.cloud.call(input).await.unwrap();
    world.sim.settle().await;
    world.create("more", handle).await.unwrap();
}

#[test]
fn a_template_beyond_its_limits_is_refused() {
    let many = |count: usize, section: &str, member: &str| {
        let members: Vec<String> = (0..count).map(|it| format!("M{it}: {member}")).collect();
        let rest = "Resources: {H: {Type: AWS::CloudFormation::WaitConditionHandle}}";
        let rest = if section == "Resources" { "" } else { rest };
        format!("{section}: {{{}}}\n{rest}", members.join(", "))
    };
    let handle = "{Type: 'AWS::CloudFormation::WaitConditionHandle'}";
    let long = format!("Resources: {{{}: {handle}}}", "A".repeat(256));
    let big = format!("Resources: {{A: {handle}}}\n#{}", "x".repeat(1_000_000));
    let cases = [
        (many(501, "Resources", handle), "Number of resources, 501, is greater than maximum allowed, 500"),
        (many(201, "Parameters", "{Type: String}"), "Number of parameters, 201, is greater than maximum allowed, 200"),
        (many(201, "Outputs", "{Value: a}"), "Number of outputs, 201, is greater than maximum allowed, 200"),
        (long, "is longer than 255 characters"),
        (big, "Template may not exceed 1000000 bytes in size."),
        (format!("Resources: {}1{}", "[".repeat(150), "]".repeat(150)), "nested more than 100 levels deep"),
        (format!("{{\"Resources\":{}", "[".repeat(20_000)), "JSON not well-formed"),
    ];
    for (template, expected) in cases {
        let error = crate::template::parse(&template).unwrap_err();
        assert!(error.message().contains(expected), "{expected}: {}", error.message());
    }
}

/// The errors that the API reference documents for each operation, where no other script meets them.
#[test]
fn every_operation_says_what_is_wrong_with_it() {
    let queue = |delay| {
        format!("\"Resources: {{Q: {{Type: AWS::SQS::Queue, Properties: {{QueueName: q, DelaySeconds: {delay}}}}}}}\"")
    };
    let (one, two, group) = (queue(1), queue(2), "\"Resources: {G: {Type: AWS::IAM::Group}}\"");
    check(&format!(
        r#"
        cloudformation create-change-set StackName=app ChangeSetName=done ChangeSetType=CREATE TemplateBody={one} => ok
        cloudformation execute-change-set StackName=app ChangeSetName=done ClientRequestToken=u => ok
        cloudformation update-stack StackName=app TemplateBody={two} ClientRequestToken=t => ok
        cloudformation create-change-set StackName=app ChangeSetName=c TemplateBody={one} => ok
        cloudformation list-change-sets StackName=app => Summaries[0].ChangeSetName=c
        cloudformation create-change-set StackName=app ChangeSetName=c TemplateBody={one} => error AlreadyExistsException *
        cloudformation create-stack StackName=app TemplateBody={one} => error AlreadyExistsException *
        cloudformation cancel-update-stack StackName=app ClientRequestToken=t => error TokenAlreadyExistsException *
        cloudformation continue-update-rollback StackName=app ClientRequestToken=t => error TokenAlreadyExistsException *
        cloudformation rollback-stack StackName=app ClientRequestToken=t => error TokenAlreadyExistsException *
        cloudformation execute-change-set StackName=app ChangeSetName=c ClientRequestToken=t => error TokenAlreadyExistsException *
        cloudformation delete-stack StackName=app ClientRequestToken=t => error TokenAlreadyExistsException *
        cloudformation delete-change-set StackName=app ChangeSetName=done => error InvalidChangeSetStatus *
        cloudformation execute-change-set StackName=app ChangeSetName=done => error InvalidChangeSetStatus *
        cloudformation execute-change-set StackName=app ChangeSetName=no => error ChangeSetNotFound *
        cloudformation describe-change-set StackName=app ChangeSetName=no => error ChangeSetNotFound *
        cloudformation describe-change-set-hooks StackName=app ChangeSetName=no => error ChangeSetNotFound *
        cloudformation get-template StackName=app ChangeSetName=no => error ChangeSetNotFound *
        cloudformation update-stack StackName=app TemplateBody={group} => error InsufficientCapabilitiesException *
        "#
    ));
}
