//! Change sets, as `aws cloudformation deploy` uses them.

use super::{World, check, parameter};
use api::cloudformation::{
    CreateChangeSet, DeleteChangeSet, DescribeChangeSet, DescribeChangeSetOutput, ExecuteChangeSet, Parameter,
};
use model::Result;

const TEMPLATE: &str = r#"
Parameters:
  Name: {Type: String}
  Wait: {Type: Number, Default: 5}
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name, VisibilityTimeout: !Ref Wait}}
  G: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !GetAtt Q.QueueName}}
"#;

async fn change_set(
    world: &World,
    kind: &str,
    name: &str,
    parameters: Vec<Parameter>,
) -> Result<DescribeChangeSetOutput> {
    let input = CreateChangeSet {
        stack_name: "app".to_owned(),
        change_set_name: name.to_owned(),
        change_set_type: Some(kind.to_owned()),
        template_body: Some(TEMPLATE.to_owned()),
        parameters: Some(parameters),
        ..CreateChangeSet::default()
    };
    world.cloud.call(input).await?;
    let input = DescribeChangeSet {
        change_set_name: name.to_owned(),
        stack_name: Some("app".to_owned()),
        ..DescribeChangeSet::default()
    };
    world.cloud.call(input).await
}

async fn execute(world: &World, name: &str) -> Result<()> {
    let input = ExecuteChangeSet {
        change_set_name: name.to_owned(),
        stack_name: Some("app".to_owned()),
        ..ExecuteChangeSet::default()
    };
    world.cloud.call(input).await.map(drop)
}

fn kept(key: &str) -> Parameter {
    Parameter { parameter_key: Some(key.to_owned()), use_previous_value: Some(true), ..Parameter::default() }
}

/// `Action LogicalId Replacement [property recreation evaluation source cause]`.
fn lines(output: DescribeChangeSetOutput) -> Vec<String> {
    let changes = output.changes.unwrap().into_iter().map(|it| it.resource_change.unwrap());
    let line = |it: api::cloudformation::ResourceChange| {
        let details = it.details.unwrap().into_iter().map(|it| {
            let target = it.target.unwrap();
            let cause = it.causing_entity.map(|it| format!(" {it}")).unwrap_or_default();
            let (name, recreation) = (target.name.unwrap_or_default(), target.requires_recreation.unwrap());
            format!(" [{name} {recreation} {} {}{cause}]", it.evaluation.unwrap(), it.change_source.unwrap())
        });
        let replacement = it.replacement.map(|it| format!(" {it}")).unwrap_or_default();
        format!(
            "{} {}{replacement}{}",
            it.action.unwrap(),
            it.logical_resource_id.unwrap(),
            details.collect::<String>()
        )
    };
    changes.map(line).collect()
}

#[tokio::test]
async fn deploying_creates_then_updates_then_finds_nothing_to_do() {
    let world = World::new();
    let first = change_set(&world, "CREATE", "one", vec![parameter("Name", "jobs")]).await.unwrap();
    assert_eq!(
        (first.status.as_deref(), first.execution_status.as_deref()),
        (Some("CREATE_COMPLETE"), Some("AVAILABLE"))
    );
    assert_eq!(lines(first), ["Add G", "Add Q"]);
    assert_eq!(world.stack("app").await.unwrap().stack_status, "REVIEW_IN_PROGRESS");
    execute(&world, "one").await.unwrap();
    assert_eq!(world.settled("app").await.stack_status, "CREATE_COMPLETE");
    assert_eq!(
        world.events("app").await[..2],
        ["app REVIEW_IN_PROGRESS User Initiated", "app CREATE_IN_PROGRESS User Initiated"]
    );

    let again = change_set(&world, "UPDATE", "two", vec![kept("Name"), kept("Wait")]).await.unwrap();
    assert_eq!((again.status.as_deref(), again.execution_status.as_deref()), (Some("FAILED"), Some("UNAVAILABLE")));
    assert_eq!(
        again.status_reason.unwrap(),
        "The submitted information didn't contain changes. Submit different information to create a change set."
    );
    let error = execute(&world, "two").await.unwrap_err();
    assert_eq!(error.code(), "InvalidChangeSetStatus");

    let third = change_set(&world, "UPDATE", "three", vec![kept("Name"), parameter("Wait", "6")]).await.unwrap();
    assert_eq!(
        lines(third),
        [
            "Modify Q False [VisibilityTimeout Never Dynamic DirectModification] [VisibilityTimeout Never Static ParameterReference Wait]"
        ]
    );
    execute(&world, "three").await.unwrap();
    assert_eq!(world.settled("app").await.stack_status, "UPDATE_COMPLETE");

    let fourth = change_set(&world, "UPDATE", "four", vec![parameter("Name", "other"), kept("Wait")]).await.unwrap();
    assert_eq!(
        lines(fourth),
        [
            "Modify G Conditional [LogGroupName Always Dynamic ResourceAttribute Q.QueueName]",
            "Modify Q True [QueueName Always Dynamic DirectModification] [QueueName Always Static ParameterReference Name]",
        ]
    );
    let error = change_set(&world, "CREATE", "five", vec![parameter("Name", "x")]).await.unwrap_err();
    assert_eq!(error.message(), "Stack [app] already exists and cannot be created again with the changeSet [five].");
}

#[tokio::test]
async fn a_change_set_that_is_not_there_says_so() {
    let world = World::new();
    change_set(&world, "CREATE", "one", vec![parameter("Name", "jobs")]).await.unwrap();
    let error = change_set(&world, "CREATE", "one", vec![parameter("Name", "jobs")]).await.unwrap_err();
    assert_eq!(error.code(), "AlreadyExistsException");
    let input = DeleteChangeSet { change_set_name: "one".to_owned(), stack_name: Some("app".to_owned()) };
    world.cloud.call(input).await.unwrap();
    let error = execute(&world, "one").await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("ChangeSetNotFound", "ChangeSet [one] does not exist"));
    let error = change_set(&world, "IMPORT", "two", Vec::new()).await.unwrap_err();
    assert_eq!(error.message(), "Niebla does not support the ChangeSetType IMPORT yet.");
}

/// The shape is that of "View a change set" and "Example change sets" in the user guide.
#[test]
fn details_name_the_path_of_each_value_that_changes() {
    let template = |count: &str, tags: &str, rest: &str| {
        format!(
            r"Parameters: {{N: {{Type: Number}}}}\nResources: {{D: {{Type: AWS::SQS::Queue, Properties: {{QueueName: d}}}}, Q: {{Type: AWS::SQS::Queue{rest}, Properties: {{QueueName: q, DelaySeconds: !Ref N, RedrivePolicy: {{deadLetterTargetArn: !GetAtt D.Arn, maxReceiveCount: {count}}}, Tags: {tags}}}}}}}"
        )
    };
    let before = template("3", "[{Key: a, Value: b}]", "");
    let after = template("4", "[{Key: a, Value: c}, {Key: n, Value: !Ref N}]", ", DeletionPolicy: Retain");
    let of = "Changes[0].ResourceChange";
    let given = |it: &str| format!(r#"Parameters=[{{"ParameterKey":"N","ParameterValue":"{it}"}}]"#);
    check(&format!(
        r#"
        cloudformation create-stack StackName=app TemplateBody="{before}" {one} => ok
        cloudformation create-change-set StackName=app ChangeSetName=c TemplateBody="{after}" {two} => ok
        cloudformation describe-change-set StackName=app ChangeSetName=c IncludePropertyValues=true => {of}.Replacement=False {of}.Scope=["DeletionPolicy","Properties","Tags"] {of}.Details[6]=absent {of}.Details[0].Evaluation=Dynamic {of}.Details[0].ChangeSource=DirectModification {of}.Details[0].Target={{"Attribute":"Properties","Name":"DelaySeconds","RequiresRecreation":"Never","Path":"/Properties/DelaySeconds","BeforeValue":"1","AfterValue":"2","AttributeChangeType":"Modify"}}
        cloudformation describe-change-set StackName=app ChangeSetName=c IncludePropertyValues=true => {of}.Details[1].Target={{"Attribute":"Properties","Name":"RedrivePolicy","RequiresRecreation":"Never","Path":"/Properties/RedrivePolicy/maxReceiveCount","BeforeValue":"3","AfterValue":"4","AttributeChangeType":"Modify"}} {of}.Details[2].Target={{"Attribute":"Tags","RequiresRecreation":"Never","Path":"/Properties/Tags/0/Value","BeforeValue":"b","AfterValue":"c","AttributeChangeType":"Modify"}}
        cloudformation describe-change-set StackName=app ChangeSetName=c IncludePropertyValues=true => {of}.Details[3].Target.Path=/Properties/Tags/1 {of}.Details[3].Target.AfterValue={{"Key":"n","Value":"2"}} {of}.Details[3].Target.AttributeChangeType=Add {of}.Details[3].ChangeSource=DirectModification {of}.Details[3].Evaluation=Static {of}.Details[4].CausingEntity=N {of}.Details[4].Evaluation=Static {of}.Details[4].Target.Path=/Properties/DelaySeconds {of}.Details[5].Target={{"Attribute":"DeletionPolicy","RequiresRecreation":"Never"}}
        cloudformation describe-change-set StackName=app ChangeSetName=c => {of}.Details[5]=absent {of}.Details[2].Target={{"Attribute":"Tags","RequiresRecreation":"Never"}} {of}.BeforeContext=absent
        "#,
        one = given("1"),
        two = given("2"),
    ));
}
