"""CloudFormation: what protects a stack, undoes a change, and says beforehand what a change will do."""

import json

import pytest
from errors import refused
from functions import TRUST_LAMBDA, allow, policy
from server import eventually

OFTEN = {"Delay": 0.1, "MaxAttempts": 300}

TWO = """
Parameters:
  Delay: {Type: Number, Default: 0}
  Secret: {Type: String, NoEcho: true, Default: hush}
Resources:
  First:
    Type: AWS::SQS::Queue
    Properties: {QueueName: NAME, DelaySeconds: !Ref Delay, Tags: [{Key: s, Value: !Ref Secret}]}
  Second:
    Type: AWS::SQS::Queue
    DependsOn: First
    Properties: {QueueName: NAME-2}
Outputs:
  Url: {Value: !Ref First, Export: {Name: NAME-url}}
"""

# The last resource cannot be created: there is no such retention.
FAILS = """
Resources:
  First:
    Type: AWS::SQS::Queue
    Properties: {QueueName: NAME, DelaySeconds: 7}
  Second:
    Type: AWS::SQS::Queue
    Properties: {QueueName: NAME-3}
  Wrong:
    Type: AWS::Logs::LogGroup
    DependsOn: [First, Second]
    Properties: {RetentionInDays: 4}
"""

TAGGED = """
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: NAME}}
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: NAME}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: NAME
      AssumeRolePolicyDocument: TRUST
""".replace("TRUST", TRUST_LAMBDA)

TRUST_CLOUDFORMATION = policy(
    {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
)
TRUST_EVERYBODY = policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})


@pytest.fixture(scope="module")
def cfn(server):
    return server.client("cloudformation")


@pytest.fixture
def create(cfn, name):
    """Creates the stack `name`, which goes with the test, and returns its status."""

    def run(template, **options):
        cfn.create_stack(StackName=name, TemplateBody=template.replace("NAME", name), **options)
        return settled(cfn, name)

    yield run
    cfn.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    cfn.delete_stack(StackName=name)
    cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=OFTEN)


def settled(cfn, name):
    def probe():
        [found] = cfn.describe_stacks(StackName=name)["Stacks"]
        return None if found["StackStatus"].endswith("_IN_PROGRESS") else found["StackStatus"]

    return eventually(probe, seconds=30)


def queue_names(server, name):
    urls = server.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    return sorted(url.rsplit("/", 1)[1] for url in urls)


def delay_of(server, name):
    sqs = server.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"]


def test_a_failed_update_that_was_left_alone_is_rolled_back_by_command(server, cfn, create, name):
    assert create(TWO) == "CREATE_COMPLETE"
    cfn.update_stack(StackName=name, TemplateBody=FAILS.replace("NAME", name), DisableRollback=True)
    assert settled(cfn, name) == "UPDATE_FAILED"
    assert queue_names(server, name) == [name, f"{name}-2", f"{name}-3"]
    assert delay_of(server, name) == "7"
    server.cli("cloudformation", "rollback-stack", "--stack-name", name)
    cfn.get_waiter("stack_rollback_complete").wait(StackName=name, WaiterConfig=OFTEN)
    assert queue_names(server, name) == [name, f"{name}-2"]
    assert delay_of(server, name) == "0"


def test_what_cannot_be_cancelled_or_continued_says_so(cfn, create, name):
    create(TWO)
    with refused("ValidationError", match="CancelUpdateStack cannot be called from current stack status"):
        cfn.cancel_update_stack(StackName=name)
    with refused("ValidationError", match="is in CREATE_COMPLETE state"):
        cfn.continue_update_rollback(StackName=name)
    with refused("ValidationError", match="is in CREATE_COMPLETE state"):
        cfn.rollback_stack(StackName=name)


def test_a_stack_policy_holds_until_it_is_overridden(server, cfn, create, name):
    protected = {
        "Statement": [
            {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/First"},
        ]
    }
    create(TWO, StackPolicyBody=json.dumps(protected))
    assert json.loads(cfn.get_stack_policy(StackName=name)["StackPolicyBody"]) == protected
    slow = [{"ParameterKey": "Delay", "ParameterValue": "5"}]
    cfn.update_stack(StackName=name, UsePreviousTemplate=True, Parameters=slow)
    assert settled(cfn, name) == "UPDATE_ROLLBACK_COMPLETE"
    said = [it.get("ResourceStatusReason", "") for it in cfn.describe_stack_events(StackName=name)["StackEvents"]]
    assert any("Action denied by stack policy: Statement [#2] does not allow [Update:Modify]" in it for it in said)
    open_door = json.dumps({"Statement": protected["Statement"][:1]})
    cfn.update_stack(StackName=name, UsePreviousTemplate=True, Parameters=slow, StackPolicyDuringUpdateBody=open_door)
    assert settled(cfn, name) == "UPDATE_COMPLETE"
    assert delay_of(server, name) == "5"
    assert json.loads(cfn.get_stack_policy(StackName=name)["StackPolicyBody"]) == protected


def test_a_protected_stack_is_not_deleted(server, cfn, create, name):
    create(TWO, EnableTerminationProtection=True)
    with refused("ValidationError", match="TerminationProtection is enabled"):
        cfn.delete_stack(StackName=name)
    server.cli(
        "cloudformation", "update-termination-protection", "--stack-name", name, "--no-enable-termination-protection"
    )
    cfn.delete_stack(StackName=name)
    cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=OFTEN)
    create(TWO)


def test_a_change_set_shows_values_and_hides_secrets(server, cfn, create, name):
    create(TWO)
    change = cfn.create_change_set(
        StackName=name,
        ChangeSetName="slower",
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": "Delay", "ParameterValue": "9"},
            {"ParameterKey": "Secret", "ParameterValue": "hush-hush"},
        ],
    )
    cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=change["Id"], WaiterConfig=OFTEN)
    shown = server.cli(
        "cloudformation", "describe-change-set", "--change-set-name", change["Id"], "--include-property-values"
    )
    assert "hush" not in shown.stdout
    [it] = [it["ResourceChange"] for it in json.loads(shown.stdout)["Changes"]]
    assert (it["Action"], it["LogicalResourceId"], it["Replacement"]) == ("Modify", "First", "False")
    template, delay = [detail for detail in it["Details"] if detail["Target"].get("Name") == "DelaySeconds"]
    assert (template["ChangeSource"], template["Evaluation"]) == ("DirectModification", "Dynamic")
    assert (delay["ChangeSource"], delay["CausingEntity"]) == ("ParameterReference", "Delay")
    target = delay["Target"]
    assert (target["Path"], target["BeforeValue"], target["AfterValue"]) == ("/Properties/DelaySeconds", "0", "9")
    assert json.loads(it["AfterContext"])["Properties"]["DelaySeconds"] == "9"


def test_exports_and_imports_are_listed(server, cfn, create, name):
    create(TWO)
    pages = cfn.get_paginator("list_exports").paginate()
    exports = {it["Name"]: it["Value"] for page in pages for it in page["Exports"]}
    assert exports[f"{name}-url"].endswith(f"/{name}")
    with refused("ValidationError", match=f"Export '{name}-url' is not imported by any stack."):
        cfn.list_imports(ExportName=f"{name}-url")


def test_the_tags_of_a_stack_reach_its_resources_when_made_and_when_changed(server, cfn, create, name):
    def tags():
        sqs, iam, logs = (server.client(it) for it in ("sqs", "iam", "logs"))
        queue = sqs.list_queue_tags(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"]).get("Tags", {})
        role = {it["Key"]: it["Value"] for it in iam.list_role_tags(RoleName=name)["Tags"]}
        [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        group = logs.list_tags_for_resource(resourceArn=group["arn"].removesuffix(":*"))["tags"]
        return [{key: value for key, value in it.items() if not key.startswith("aws:")} for it in (queue, role, group)]

    capability = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
    create(TAGGED, Tags=[{"Key": "team", "Value": "a"}, {"Key": "old", "Value": "x"}], **capability)
    assert tags() == [{"team": "a", "old": "x"}] * 3
    cfn.update_stack(StackName=name, UsePreviousTemplate=True, Tags=[{"Key": "team", "Value": "b"}], **capability)
    assert settled(cfn, name) == "UPDATE_COMPLETE"
    assert tags() == [{"team": "b"}] * 3


def test_a_role_does_what_its_caller_may_not(server, cfn, create, name):
    iam = server.client("iam")
    deployer = iam.create_role(RoleName=f"{name}-d", AssumeRolePolicyDocument=TRUST_CLOUDFORMATION)["Role"]["Arn"]
    iam.put_role_policy(RoleName=f"{name}-d", PolicyName="p", PolicyDocument=policy(allow("sqs:*")))
    person = iam.create_role(RoleName=f"{name}-p", AssumeRolePolicyDocument=TRUST_EVERYBODY)["Role"]["Arn"]
    iam.put_role_policy(RoleName=f"{name}-p", PolicyName="p", PolicyDocument=policy(allow("cloudformation:*")))
    session = server.client("sts").assume_role(RoleArn=person, RoleSessionName="person")["Credentials"]
    theirs = server.client_as("cloudformation", session)
    request = {"StackName": name, "TemplateBody": TWO.replace("NAME", name), "RoleARN": deployer}
    with refused("AccessDenied", match="is not authorized to perform: iam:PassRole"):
        theirs.create_stack(**request)
    iam.put_role_policy(RoleName=f"{name}-p", PolicyName="q", PolicyDocument=policy(allow("iam:PassRole", deployer)))
    theirs.create_stack(**request)
    assert settled(cfn, name) == "CREATE_COMPLETE"
    cfn.delete_stack(StackName=name)
    cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=OFTEN)
    create(TWO)


def test_a_loop_is_deployed(server, cfn, create, name):
    template = """
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Queues:
    - Letter
    - [a, b]
    - Queue${Letter}:
        Type: AWS::SQS::Queue
        Properties: {QueueName: !Sub "NAME-${Letter}", DelaySeconds: !Length [1, 2]}
"""
    with refused("InsufficientCapabilitiesException", match="CAPABILITY_AUTO_EXPAND"):
        create(template)
    assert create(template, Capabilities=["CAPABILITY_AUTO_EXPAND"]) == "CREATE_COMPLETE"
    assert queue_names(server, name) == [f"{name}-a", f"{name}-b"]
    assert "Fn::ForEach" not in json.dumps(cfn.get_template(StackName=name)["TemplateBody"])
    original = cfn.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    assert "Fn::ForEach" in json.dumps(original)
