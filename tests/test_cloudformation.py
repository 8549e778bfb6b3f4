"""CloudFormation through `aws cloudformation deploy`, and what it refuses before anything is created."""

import json
import time

import pytest
from errors import refused
from functions import RUNTIME, TRUST_LAMBDA, invoke
from server import ROOT_ACCOUNT, eventually

QUEUES = """
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name:
    Type: String
  Delay:
    Type: Number
    Default: 0
Conditions:
  Slow: !Not [!Equals [!Ref Delay, 0]]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Ref Name
      DelaySeconds: !Ref Delay
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt Dead.Arn
        maxReceiveCount: 3
  Dead:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Join ["-", [!Ref Name, dlq]]
Outputs:
  Url:
    Description: Where to send
    Value: !Ref Queue
  Arn:
    Value: !GetAtt Queue.Arn
  Place:
    Value: !Sub "${AWS::StackName} in ${AWS::Region} of ${AWS::AccountId}, ${AWS::Partition}, ${Queue.QueueName}"
  Pace:
    Value: !If [Slow, slow, fast]
"""

# Its second resource cannot be created: Lambda may not assume the role.
FAILS_HALFWAY = """
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: NAME
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: NAME
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: "sts:AssumeRole"}
  Function:
    Type: AWS::Lambda::Function
    DependsOn: Queue
    Properties:
      FunctionName: NAME
      Runtime: RUNTIME
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: "def handler(event, context): pass"
"""

INLINE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: TRUST
      ManagedPolicyArns:
        - !Sub "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: NAME
      Runtime: RUNTIME
      Handler: HANDLER
      Role: !GetAtt Role.Arn
      Code:
        ZipFile: |
          def lambda_handler(event, context):
              return "from index.py"
""".replace("TRUST", TRUST_LAMBDA)


# Ten looks a second, where the waiters' own default is one in 30 seconds.
OFTEN = {"Delay": 0.1, "MaxAttempts": 300}


@pytest.fixture(scope="module")
def cfn(server):
    return server.client("cloudformation")


@pytest.fixture
def deploy(cfn, name):
    """Deploys a template as the stack `name`, by the same calls as the CLI but without its waits of 5 and 30 seconds
    between looks, and returns the stack's status. The stack goes with the test."""

    def run(template, **parameters):
        kind = "UPDATE" if exists(cfn, name) else "CREATE"
        change = cfn.create_change_set(
            StackName=name,
            ChangeSetName=f"deploy-{time.time_ns()}",
            ChangeSetType=kind,
            TemplateBody=template,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=change["Id"], WaiterConfig=OFTEN)
        cfn.execute_change_set(ChangeSetName=change["Id"])
        return settled(cfn, name)

    yield run
    delete(cfn, name)


@pytest.fixture
def cli_deploy(server, cfn, name, tmp_path):
    """Deploys a template as the stack `name` with the real command line."""

    def run(template, *parameters, check=True, flags=()):
        file = tmp_path / "stack.yml"
        file.write_text(template)
        command = ["cloudformation", "deploy", "--template-file", file, "--stack-name", name]
        command += ["--capabilities", "CAPABILITY_NAMED_IAM", *flags]
        if parameters:
            command += ["--parameter-overrides", *parameters]
        return server.cli(*command, check=check)

    yield run
    delete(cfn, name)


def exists(cfn, name):
    try:
        return stack(cfn, name)["StackStatus"] != "REVIEW_IN_PROGRESS"
    except cfn.exceptions.ClientError:
        return False


def settled(cfn, name):
    """The stack's status as soon as nothing is in progress any more."""

    def probe():
        status = stack(cfn, name)["StackStatus"]
        return None if status.endswith("_IN_PROGRESS") else status

    return eventually(probe, seconds=30)


def delete(cfn, name):
    cfn.delete_stack(StackName=name)
    cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=OFTEN)


def stack(cfn, name):
    [found] = cfn.describe_stacks(StackName=name)["Stacks"]
    return found


def outputs(cfn, name):
    return {it["OutputKey"]: it["OutputValue"] for it in stack(cfn, name)["Outputs"]}


def events(cfn, name):
    """(logical id, status) of each event, oldest first."""
    pages = cfn.get_paginator("describe_stack_events").paginate(StackName=name)
    newest_first = [it for page in pages for it in page["StackEvents"]]
    return [(it["LogicalResourceId"], it["ResourceStatus"]) for it in reversed(newest_first)]


def queue_names(server, name):
    urls = server.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    return sorted(url.rsplit("/", 1)[1] for url in urls)


# --- stacks


def test_the_command_line_deploys_and_deletes_and_its_waiters_end(server, cfn, cli_deploy, name):
    started = time.monotonic()
    done = cli_deploy(QUEUES, f"Name={name}")
    # The CLI looks at once and then every 30 seconds: the first look must find the stack complete.
    assert time.monotonic() - started < 20
    assert f"Successfully created/updated stack - {name}" in done.stdout
    found = stack(cfn, name)
    assert found["StackStatus"] == "CREATE_COMPLETE"
    assert found["StackId"].startswith(f"arn:aws:cloudformation:us-east-1:{ROOT_ACCOUNT}:stack/{name}/")
    assert {"ParameterKey": "Delay", "ParameterValue": "0"} in found["Parameters"]
    assert outputs(cfn, name) == {
        "Url": server.client("sqs").get_queue_url(QueueName=name)["QueueUrl"],
        "Arn": f"arn:aws:sqs:us-east-1:{ROOT_ACCOUNT}:{name}",
        "Place": f"{name} in us-east-1 of {ROOT_ACCOUNT}, aws, {name}",
        "Pace": "fast",
    }
    resources = cfn.describe_stack_resources(StackName=name)["StackResources"]
    assert {(it["LogicalResourceId"], it["ResourceStatus"]) for it in resources} == {
        ("Queue", "CREATE_COMPLETE"),
        ("Dead", "CREATE_COMPLETE"),
    }

    server.cli("cloudformation", "delete-stack", "--stack-name", name)
    server.cli("cloudformation", "wait", "stack-delete-complete", "--stack-name", name)
    assert queue_names(server, name) == []
    with refused("ValidationError", match=f"Stack with id {name} does not exist"):
        cfn.describe_stacks(StackName=name)
    # By its id, a deleted stack can still be read.
    assert stack(cfn, found["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_events_come_in_the_order_of_aws(cfn, deploy, name):
    deploy(QUEUES, Name=name)
    seen = events(cfn, name)
    assert seen[0] == (name, "REVIEW_IN_PROGRESS")
    assert seen[1] == (name, "CREATE_IN_PROGRESS")
    # In progress twice: before the resource is created, and once its creation has begun and its id is known.
    assert seen[2:] == [
        ("Dead", "CREATE_IN_PROGRESS"),
        ("Dead", "CREATE_IN_PROGRESS"),
        ("Dead", "CREATE_COMPLETE"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_COMPLETE"),
        (name, "CREATE_COMPLETE"),
    ]


def test_a_stack_is_updated_in_place(server, cfn, deploy, name):
    deploy(QUEUES, Name=name)
    before = outputs(cfn, name)
    assert deploy(QUEUES, Name=name, Delay="5") == "UPDATE_COMPLETE"
    assert outputs(cfn, name) == {**before, "Pace": "slow"}
    found = server.client("sqs").get_queue_attributes(QueueUrl=before["Url"], AttributeNames=["DelaySeconds"])
    assert found["Attributes"] == {"DelaySeconds": "5"}
    seen = events(cfn, name)
    assert seen[-3:] == [
        ("Queue", "UPDATE_COMPLETE"),
        (name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        (name, "UPDATE_COMPLETE"),
    ]


def test_a_change_of_name_replaces_and_a_removed_resource_goes(server, cfn, deploy, name):
    deploy(QUEUES, Name=name)
    deploy(QUEUES, Name=f"{name}-2")
    assert queue_names(server, name) == [f"{name}-2", f"{name}-2-dlq"]
    dead = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-2-dlq"}}
    deploy(json.dumps({"Resources": {"Dead": dead}}))
    assert queue_names(server, name) == [f"{name}-2-dlq"]


def test_a_deployment_without_changes_leaves_the_stack_alone(cfn, deploy, cli_deploy, name):
    deploy(QUEUES, Name=name)
    seen = events(cfn, name)
    done = cli_deploy(QUEUES, f"Name={name}", flags=["--no-fail-on-empty-changeset"])
    assert f"No changes to deploy. Stack {name} is up to date" in done.stdout + done.stderr
    done = cli_deploy(QUEUES, f"Name={name}", check=False, flags=["--fail-on-empty-changeset"])
    assert done.returncode != 0
    assert "No changes to deploy" in done.stdout + done.stderr
    assert events(cfn, name) == seen


def test_a_template_may_be_json(server, cfn, deploy, name):
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Queue", "Arn"]}}},
    }
    deploy(json.dumps(template))
    assert outputs(cfn, name) == {"Arn": f"arn:aws:sqs:us-east-1:{ROOT_ACCOUNT}:{name}"}


def test_deleting_a_stack_that_does_not_exist_is_no_error(cfn, name):
    cfn.delete_stack(StackName=name)


# --- inline code


def test_inline_code_is_index_py(server, deploy, name):
    deploy(INLINE.replace("NAME", name).replace("RUNTIME", RUNTIME).replace("HANDLER", "index.lambda_handler"))
    assert invoke(server, name)["Json"] == "from index.py"


def test_inline_code_with_another_module_in_its_handler_cannot_be_imported(server, deploy, name):
    deploy(INLINE.replace("NAME", name).replace("RUNTIME", RUNTIME).replace("HANDLER", "handler.lambda_handler"))
    answer = invoke(server, name)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Json"]["errorType"] == "Runtime.ImportModuleError"
    assert answer["Json"]["errorMessage"] == "Unable to import module 'handler': No module named 'handler'"


# --- failure and rollback


def test_a_failure_is_rolled_back_and_says_why(server, cfn, cli_deploy, name):
    done = cli_deploy(FAILS_HALFWAY.replace("NAME", name).replace("RUNTIME", RUNTIME), check=False)
    assert done.returncode != 0
    assert "Failed to create/update the stack" in done.stderr
    assert stack(cfn, name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert queue_names(server, name) == []

    pages = cfn.get_paginator("describe_stack_events").paginate(StackName=name)
    reasons = [
        it["ResourceStatusReason"]
        for page in pages
        for it in page["StackEvents"]
        if (it["LogicalResourceId"], it["ResourceStatus"]) == ("Function", "CREATE_FAILED")
    ]
    assert len(reasons) == 1
    assert "cannot be assumed by Lambda" in reasons[0]
    seen = events(cfn, name)
    assert (name, "ROLLBACK_IN_PROGRESS") in seen
    assert seen[-1] == (name, "ROLLBACK_COMPLETE")

    again = cli_deploy(QUEUES, f"Name={name}", check=False)
    assert again.returncode != 0
    assert "ROLLBACK_COMPLETE state and can not be updated" in again.stderr


def test_a_failed_update_returns_to_what_was(server, cfn, deploy, name):
    template = FAILS_HALFWAY.replace("NAME", name).replace("RUNTIME", RUNTIME)
    good = template.split("  Function:")[0]
    deploy(good)
    assert deploy(template) == "UPDATE_ROLLBACK_COMPLETE"
    assert queue_names(server, name) == [name]
    assert deploy(good.replace("ec2.amazonaws.com", "lambda.amazonaws.com")) == "UPDATE_COMPLETE"


# --- refused before anything is created


def change_set(cfn, name, template, **options):
    """Asks for a change set as `deploy` does, and returns every word that is said against it."""
    try:
        cfn.create_change_set(
            StackName=name, ChangeSetName="attempt", ChangeSetType="CREATE", TemplateBody=template, **options
        )
    except cfn.exceptions.ClientError as error:
        return error.response["Error"]["Code"], str(error)
    waiter = cfn.get_waiter("change_set_create_complete")
    with pytest.raises(Exception, match="FAILED"):
        waiter.wait(StackName=name, ChangeSetName="attempt", WaiterConfig=OFTEN)
    found = cfn.describe_change_set(StackName=name, ChangeSetName="attempt")
    cfn.delete_stack(StackName=name)
    return "ValidationError", found["StatusReason"]


def test_an_unknown_resource_type_is_refused_by_name(server, cfn, name):
    template = QUEUES.replace("  Dead:\n    Type: AWS::SQS::Queue", "  Dead:\n    Type: AWS::SQS::Pipe")
    parameters = [{"ParameterKey": "Name", "ParameterValue": name}]
    code, said = change_set(cfn, name, template, Parameters=parameters)
    assert code == "ValidationError"
    assert "AWS::SQS::Pipe" in said
    assert queue_names(server, name) == []


def test_an_unknown_property_is_refused_by_name(server, cfn, name):
    template = QUEUES.replace("      DelaySeconds:", "      Colour: grey\n      DelaySeconds:")
    parameters = [{"ParameterKey": "Name", "ParameterValue": name}]
    _, said = change_set(cfn, name, template, Parameters=parameters)
    assert "Colour" in said
    assert queue_names(server, name) == []


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Resources: [unclosed", "Template format error"),
        ("\t- not: yaml: at: all", "Template format error"),
        ("just words", "Template format error"),
        ("Description: nothing else", "At least one Resources member must be defined"),
        ("Resources: {Queue: {Properties: {}}}", "Type"),
        (
            'Resources: {Queue: {Type: "AWS::SQS::Queue", Properties: {QueueName: !Ref Nope}}}',
            r"Unresolved resource dependencies [Nope] in the Resources block of the template",
        ),
        (
            'Resources: {Queue: {Type: "AWS::SQS::Queue", DependsOn: Other}, '
            'Other: {Type: "AWS::SQS::Queue", DependsOn: Queue}}',
            "Circular dependency between resources",
        ),
        ('Colour: grey\nResources: {Queue: {Type: "AWS::SQS::Queue"}}', "Colour"),
    ],
)
def test_a_template_that_is_none_is_refused(cfn, name, template, text):
    code, said = change_set(cfn, name, template)
    assert code == "ValidationError"
    assert text in said


def test_a_parameter_without_a_value_or_out_of_bounds_is_refused(cfn, name):
    code, said = change_set(cfn, name, QUEUES)
    assert (code, "Parameters: [Name] must have values" in said) == ("ValidationError", True)
    template = QUEUES.replace("    Default: 0", "    Default: 0\n    MaxValue: 10")
    parameters = {"Name": name, "Delay": "11"}
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    code, said = change_set(cfn, name, template, Parameters=given)
    assert code == "ValidationError"
    assert "Delay" in said


def test_iam_needs_its_capability(cfn, name):
    template = FAILS_HALFWAY.replace("NAME", name).replace("RUNTIME", RUNTIME)
    with refused("InsufficientCapabilitiesException", match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        cfn.create_change_set(StackName=name, ChangeSetName="attempt", ChangeSetType="CREATE", TemplateBody=template)


def test_a_stack_survives_a_restart_and_can_still_be_deleted(fresh_server, name):
    cfn = fresh_server.client("cloudformation")
    parameters = [{"ParameterKey": "Name", "ParameterValue": name}]
    cfn.create_change_set(
        StackName=name, ChangeSetName="it", ChangeSetType="CREATE", TemplateBody=QUEUES, Parameters=parameters
    )
    cfn.get_waiter("change_set_create_complete").wait(StackName=name, ChangeSetName="it", WaiterConfig=OFTEN)
    cfn.execute_change_set(StackName=name, ChangeSetName="it")
    fresh_server.kill9()
    fresh_server.start()
    cfn.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=OFTEN)
    assert queue_names(fresh_server, name) == [name, f"{name}-dlq"]
    cfn.delete_stack(StackName=name)
    cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=OFTEN)
    assert queue_names(fresh_server, name) == []
