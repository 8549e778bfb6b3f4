//! Creation, failure and deletion.

use super::{World, fake, named, parameter};
use api::cloudformation::{
    CreateStack, DeleteStack, DescribeStackResources, GetTemplate, GetTemplateSummary, ListStacks, ValidateTemplate,
};
use api::sqs::{GetQueueAttributes, ListQueues};
use std::time::Duration;

const JOBS: &str = r#"
Description: A queue and its dead letters
Parameters:
  Seconds: {Type: Number, Default: 30}
  Secret: {Type: String, NoEcho: true, Default: hidden}
Resources:
  Dead: {Type: AWS::SQS::Queue}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub "${AWS::StackName}-jobs"
      VisibilityTimeout: !Ref Seconds
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
Outputs:
  Url: {Value: !Ref Jobs, Description: Where to send}
  Arn: {Value: !GetAtt Jobs.Arn}
"#;

#[tokio::test]
async fn a_stack_is_created_in_the_order_of_its_references() {
    let world = World::new();
    let input = CreateStack {
        template_body: Some(JOBS.to_owned()),
        parameters: Some(vec![parameter("Seconds", "45")]),
        ..named("app")
    };
    let id = world.create_with(input).await.unwrap();
    assert!(id.starts_with("arn:aws:cloudformation:us-east-1:000000000000:stack/app/"), "{id}");
    let stack = world.settled("app").await;
    assert_eq!(stack.stack_status, "CREATE_COMPLETE");
    assert_eq!(
        world.events("app").await,
        [
            "app CREATE_IN_PROGRESS User Initiated",
            "Dead CREATE_IN_PROGRESS",
            "Dead CREATE_IN_PROGRESS Resource creation Initiated",
            "Dead CREATE_COMPLETE",
            "Jobs CREATE_IN_PROGRESS",
            "Jobs CREATE_IN_PROGRESS Resource creation Initiated",
            "Jobs CREATE_COMPLETE",
            "app CREATE_COMPLETE",
        ]
    );
    let outputs: Vec<_> = stack.outputs.unwrap().into_iter().map(|it| it.output_value.unwrap()).collect();
    assert_eq!(outputs, ["http://niebla.test/000000000000/app-jobs", "arn:aws:sqs:us-east-1:000000000000:app-jobs"]);
    let values: Vec<_> = stack.parameters.unwrap().into_iter().map(|it| it.parameter_value.unwrap()).collect();
    assert_eq!(values, ["45", "****"]);

    let input = GetQueueAttributes { queue_url: outputs[0].clone(), attribute_names: Some(vec!["All".to_owned()]) };
    let attributes = world.cloud.call(input).await.unwrap().attributes.unwrap();
    assert_eq!(attributes["VisibilityTimeout"], "45");
    let input = DescribeStackResources { stack_name: Some("app".to_owned()), ..Default::default() };
    let resources = world.cloud.call(input).await.unwrap().stack_resources.unwrap();
    let dead = resources[0].physical_resource_id.as_ref().unwrap();
    let name = dead.rsplit('/').next().unwrap();
    assert!(name.starts_with("app-Dead-") && name.len() == "app-Dead-".len() + 12, "{name}");
    let input = GetTemplate { stack_name: Some("app".to_owned()), ..Default::default() };
    assert_eq!(world.cloud.call(input).await.unwrap().template_body.unwrap(), JOBS);
}

#[tokio::test]
async fn a_failure_undoes_what_was_made() {
    let world = World::new();
    let template = r#"
Resources:
  Group: {Type: AWS::Logs::LogGroup}
  Broken: {Type: AWS::Logs::LogGroup, DependsOn: Group, Properties: {LogGroupName: fails}}
  Later: {Type: AWS::SQS::Queue, DependsOn: Broken}
"#;
    world.create("app", template).await.unwrap();
    assert_eq!(world.settled("app").await.stack_status, "ROLLBACK_COMPLETE");
    assert_eq!(
        world.events("app").await,
        [
            "app CREATE_IN_PROGRESS User Initiated",
            "Group CREATE_IN_PROGRESS",
            "Group CREATE_IN_PROGRESS Resource creation Initiated",
            "Group CREATE_COMPLETE",
            "Broken CREATE_IN_PROGRESS",
            "Broken CREATE_FAILED Resource handler returned message: \"It fails.",
            "app ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Broken]. Rollback requested by user.",
            "Broken DELETE_COMPLETE",
            "Group DELETE_IN_PROGRESS",
            "Group DELETE_COMPLETE",
            "app ROLLBACK_COMPLETE",
        ]
    );
    let error = world.update("app", JOBS).await.unwrap_err();
    assert!(error.message().ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{error}");
}

#[tokio::test]
async fn the_rest_is_cancelled_and_on_failure_decides() {
    let world = World::new();
    let template =
        "Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: fails}}, B: {Type: AWS::SQS::Queue}}";
    let input = CreateStack {
        template_body: Some(template.to_owned()),
        on_failure: Some("DO_NOTHING".to_owned()),
        ..named("kept")
    };
    world.create_with(input).await.unwrap();
    let stack = world.settled("kept").await;
    assert_eq!(stack.stack_status, "CREATE_FAILED");
    assert_eq!(stack.stack_status_reason.unwrap(), "The following resource(s) failed to create: [A, B]. ");
    assert!(world.events("kept").await.contains(&"B CREATE_FAILED Resource creation cancelled".to_owned()));

    let input = CreateStack {
        template_body: Some(template.to_owned()),
        on_failure: Some("DELETE".to_owned()),
        ..named("gone")
    };
    let id = world.create_with(input).await.unwrap();
    assert_eq!(world.settled(&id).await.stack_status, "DELETE_COMPLETE");
    assert_eq!(world.stack("gone").await.unwrap_err().message(), "Stack with id gone does not exist");
}

#[tokio::test]
async fn what_takes_its_time_is_asked_again_then() {
    let world = World::new();
    let template = "Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: slow}}}";
    world.create("app", template).await.unwrap();
    world.sim.settle().await;
    assert_eq!(world.events("app").await.len(), 3);
    assert_eq!(world.stack("app").await.unwrap().stack_status, "CREATE_IN_PROGRESS");
    world.sim.wait(Duration::from_secs(60)).await;
    assert_eq!(world.settled("app").await.stack_status, "CREATE_COMPLETE");
}

#[tokio::test]
async fn a_restart_goes_on_where_the_last_commit_left_off() {
    let mut world = World::new();
    let template = r#"
Resources:
  A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: slow}}
  B: {Type: AWS::SQS::Queue, DependsOn: A}
"#;
    world.create("app", template).await.unwrap();
    world.crash().await;
    world.sim.settle().await;
    world.crash().await;
    assert_eq!(world.stack("app").await.unwrap().stack_status, "CREATE_IN_PROGRESS");
    world.sim.wait(Duration::from_secs(60)).await;
    assert_eq!(world.settled("app").await.stack_status, "CREATE_COMPLETE");
    assert_eq!(world.events("app").await.iter().filter(|it| it.contains("Initiated")).count(), 3);
}

#[tokio::test]
async fn a_deleted_stack_is_found_by_its_arn_alone() {
    let world = World::new();
    let template = r#"
Resources:
  Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}
  First: {Type: AWS::Logs::LogGroup}
  Second: {Type: AWS::Logs::LogGroup, DependsOn: First}
"#;
    let id = world.create("app", template).await.unwrap();
    world.settled("app").await;
    let before = world.events("app").await.len();
    world.cloud.call(DeleteStack { stack_name: "app".to_owned(), ..Default::default() }).await.unwrap();
    assert_eq!(world.settled(&id).await.stack_status, "DELETE_COMPLETE");
    assert_eq!(
        world.events(&id).await[before..],
        [
            "app DELETE_IN_PROGRESS User Initiated",
            "Kept DELETE_SKIPPED",
            "Second DELETE_IN_PROGRESS",
            "Second DELETE_COMPLETE",
            "First DELETE_IN_PROGRESS",
            "First DELETE_COMPLETE",
            "app DELETE_COMPLETE",
        ]
    );
    let queues = world.cloud.call(ListQueues::default()).await.unwrap().queue_urls.unwrap();
    assert_eq!(queues.len(), 1);
    assert_eq!(world.stack("app").await.unwrap_err().message(), "Stack with id app does not exist");
    let listed = world.cloud.call(ListStacks::default()).await.unwrap().stack_summaries.unwrap();
    assert_eq!(listed[0].stack_status, "DELETE_COMPLETE");
    world.cloud.call(DeleteStack { stack_name: "never".to_owned(), ..Default::default() }).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_deleted_says_why() {
    let world = World::new();
    let template =
        "Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: stuck}}, B: {Type: AWS::SQS::Queue}}";
    world.create("app", template).await.unwrap();
    world.settled("app").await;
    world.cloud.call(DeleteStack { stack_name: "app".to_owned(), ..Default::default() }).await.unwrap();
    let stack = world.settled("app").await;
    assert_eq!(stack.stack_status, "DELETE_FAILED");
    assert_eq!(stack.stack_status_reason.unwrap(), "The following resource(s) failed to delete: [A]. ");
    let id = stack.stack_id.unwrap();
    let input = DeleteStack {
        stack_name: "app".to_owned(),
        retain_resources: Some(vec!["A".to_owned()]),
        ..Default::default()
    };
    world.cloud.call(input).await.unwrap();
    assert_eq!(world.settled(&id).await.stack_status, "DELETE_COMPLETE");
    assert!(world.cloud.read(|cx| cx.has(&fake::GROUPS, &"stuck")));
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_made() {
    let world = World::new();
    let cases = [
        (
            "Resources: {A: {Type: AWS::SNS::Topic}}",
            "Niebla does not support the resource type AWS::SNS::Topic (resource A) yet.",
        ),
        (
            "Resources: {A: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x}}}",
            "Niebla does not support the resource type AWS::CloudFormation::Stack (resource A) yet.",
        ),
        (
            "Resources: {A: {Type: Custom::Thing, Properties: {ServiceToken: x}}}",
            "Niebla does not support the resource type Custom::Thing (resource A) yet.",
        ),
        (
            "Resources: {A: {Type: AWS::SQS::Queue, Properties: {Nope: 1}}}",
            "Properties validation failed for resource A of type AWS::SQS::Queue with message: [#: extraneous key [Nope] is not permitted]",
        ),
        (
            "Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {KmsKeyId: x}}}",
            "Niebla does not support the property KmsKeyId of AWS::Logs::LogGroup (resource A) yet.",
        ),
        (
            "Resources: {A: {Type: AWS::SQS::Queue}}\nOutputs: {O: {Value: !GetAtt A.Nope}}",
            "Template error: resource A does not support attribute type Nope in Fn::GetAtt",
        ),
        (
            "Parameters: {P: {Type: String}}\nResources: {A: {Type: AWS::SQS::Queue}}",
            "Parameters: [P] must have values",
        ),
        (
            "Resources: {A: {Type: AWS::IAM::Role, Properties: {RoleName: r}}}",
            "Requires capabilities : [CAPABILITY_NAMED_IAM]",
        ),
        ("Resources: {A: {Type: AWS::IAM::Role}}", "Requires capabilities : [CAPABILITY_IAM]"),
    ];
    for (template, expected) in cases {
        assert_eq!(world.create("app", template).await.unwrap_err().message(), expected, "{template}");
    }
    let error = world.create_with(named("app")).await.unwrap_err();
    assert_eq!(error.message(), "Either Template URL or Template Body must be specified.");
    let topics = Some(vec!["arn:aws:sns:us-east-1:000000000000:t".to_owned()]);
    let error = world.create_with(CreateStack { notification_arns: topics, ..named("app") }).await.unwrap_err();
    assert_eq!(error.message(), "Niebla does not support the parameter NotificationARNs of CreateStack yet.");
    assert!(world.stack("app").await.is_err());
}

#[tokio::test]
async fn a_name_is_taken_once_and_a_token_makes_a_retry() {
    let world = World::new();
    let input = CreateStack {
        template_body: Some(JOBS.to_owned()),
        client_request_token: Some("t".to_owned()),
        enable_termination_protection: Some(true),
        ..named("app")
    };
    let id = world.create_with(input.clone()).await.unwrap();
    assert_eq!(world.create_with(input).await.unwrap(), id);
    let error = world.create("app", JOBS).await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("AlreadyExistsException", "Stack [app] already exists"));
    world.settled("app").await;
    let error = world.cloud.call(DeleteStack { stack_name: "app".to_owned(), ..Default::default() }).await.unwrap_err();
    assert_eq!(error.message(), "Stack [app] cannot be deleted while TerminationProtection is enabled");
}

#[tokio::test]
async fn exports_are_imported_and_kept_while_in_use() {
    let world = World::new();
    let exporter = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: shared}}}\nOutputs: {O: {Value: !GetAtt Q.QueueName, Export: {Name: Shared}}}";
    let importer =
        "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Join ['-', [!ImportValue Shared, two]]}}}";
    world.create("early", importer).await.unwrap();
    let stack = world.settled("early").await;
    assert_eq!(stack.stack_status, "ROLLBACK_COMPLETE");
    assert!(
        world
            .events("early")
            .await
            .iter()
            .any(|it| it.ends_with("No export named Shared found. Rollback requested by user."))
    );

    world.create("exporter", exporter).await.unwrap();
    assert_eq!(world.settled("exporter").await.stack_status, "CREATE_COMPLETE");
    world.create("importer", importer).await.unwrap();
    assert_eq!(world.settled("importer").await.stack_status, "CREATE_COMPLETE");
    let urls = world.cloud.call(ListQueues::default()).await.unwrap().queue_urls.unwrap();
    assert!(urls[1].ends_with("/shared-two"), "{urls:?}");
    world.cloud.call(DeleteStack { stack_name: "exporter".to_owned(), ..Default::default() }).await.unwrap();
    let stack = world.settled("exporter").await;
    assert_eq!(stack.stack_status, "DELETE_FAILED");
    assert_eq!(
        stack.stack_status_reason.unwrap(),
        "Delete canceled. Cannot delete export Shared as it is in use by importer."
    );
}

#[tokio::test]
async fn templates_are_summed_up() {
    let world = World::new();
    let template = "Parameters: {P: {Type: String, Default: x, NoEcho: true}}\nResources: {R: {Type: AWS::IAM::Role}}";
    let input = ValidateTemplate { template_body: Some(template.to_owned()), template_url: None };
    let output = world.cloud.call(input).await.unwrap();
    assert_eq!(output.capabilities.unwrap(), ["CAPABILITY_IAM"]);
    assert_eq!(output.capabilities_reason.unwrap(), "The following resource(s) require capabilities: [AWS::IAM::Role]");
    assert_eq!(output.parameters.unwrap()[0].no_echo, Some(true));
    let input = GetTemplateSummary { template_body: Some(template.to_owned()), ..Default::default() };
    let output = world.cloud.call(input).await.unwrap();
    assert_eq!(output.resource_types.unwrap(), ["AWS::IAM::Role"]);
    assert_eq!(output.resource_identifier_summaries.unwrap()[0].resource_identifiers.as_deref().unwrap(), ["RoleName"]);
}
