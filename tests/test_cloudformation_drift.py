"""CloudFormation: drift of every resource type that there is."""

import json

import pytest
from functions import RUNTIME, TRUST_LAMBDA, allow, policy
from server import eventually

OFTEN = {"Delay": 0.1, "MaxAttempts": 300}

DOCUMENT = policy(allow("*"))

EVERYTHING = """
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: NAME, DelaySeconds: "3", FifoQueue: false, Tags: [{Key: a, Value: b}]}
  Fifo:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, ContentBasedDeduplication: true, RedriveAllowPolicy: {redrivePermission: denyAll}}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties: {Queues: [!Ref Queue], PolicyDocument: QUEUE_POLICY}
  InlineQueuePolicy:
    Type: AWS::SQS::QueueInlinePolicy
    Properties: {Queue: !Ref Fifo, PolicyDocument: QUEUE_POLICY}
  Group:
    Type: AWS::Logs::LogGroup
    Properties: {LogGroupName: NAME, RetentionInDays: 7, DeletionProtectionEnabled: false, Tags: [{Key: a, Value: b}]}
  Stream:
    Type: AWS::Logs::LogStream
    Properties: {LogGroupName: !Ref Group, LogStreamName: one}
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties: {ManagedPolicyName: NAME, Path: /p/, Description: d, PolicyDocument: DOCUMENT, Users: [!Ref User]}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: NAME
      Description: a role
      MaxSessionDuration: 7200
      AssumeRolePolicyDocument: TRUST
      ManagedPolicyArns: [!Ref Managed]
      Policies: [{PolicyName: all, PolicyDocument: DOCUMENT}]
      PermissionsBoundary: !Ref Managed
      Tags: [{Key: a, Value: b}]
  RolePolicy:
    Type: AWS::IAM::RolePolicy
    Properties: {RoleName: !Ref Other, PolicyName: more, PolicyDocument: DOCUMENT}
  Other:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: TRUST}
  User:
    Type: AWS::IAM::User
    Properties: {UserName: NAME, Path: /u/, Groups: [!Ref Team], Tags: [{Key: a, Value: b}]}
  UserPolicy:
    Type: AWS::IAM::UserPolicy
    Properties: {UserName: !Ref User, PolicyName: more, PolicyDocument: DOCUMENT}
  Team:
    Type: AWS::IAM::Group
    Properties: {GroupName: NAME, Policies: [{PolicyName: all, PolicyDocument: DOCUMENT}]}
  TeamPolicy:
    Type: AWS::IAM::GroupPolicy
    Properties: {GroupName: !Ref Second, PolicyName: more, PolicyDocument: DOCUMENT}
  Second: {Type: AWS::IAM::Group}
  Addition:
    Type: AWS::IAM::UserToGroupAddition
    Properties: {GroupName: !Ref Second, Users: [!Ref User]}
  Policy:
    Type: AWS::IAM::Policy
    Properties: {PolicyName: shared, PolicyDocument: DOCUMENT, Users: [!Ref User], Groups: [!Ref Second]}
  Key:
    Type: AWS::IAM::AccessKey
    Properties: {UserName: !Ref User, Status: Inactive, Serial: 1}
  Profile:
    Type: AWS::IAM::InstanceProfile
    Properties: {InstanceProfileName: NAME, Roles: [!Ref Other]}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: NAME
      Runtime: RUNTIME
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code: {ZipFile: "def handler(event, context): pass"}
      Timeout: 9
      MemorySize: 256
      Environment: {Variables: {MODE: "1"}}
      EphemeralStorage: {Size: 1024}
      LoggingConfig: {LogFormat: JSON}
      TracingConfig: {Mode: PassThrough}
      Architectures: [x86_64]
      DeadLetterConfig: {TargetArn: !GetAtt Queue.Arn}
      ReservedConcurrentExecutions: 5
      Tags: [{Key: a, Value: b}]
  Version:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Function, Description: first}
  Alias:
    Type: AWS::Lambda::Alias
    Properties: {FunctionName: !Ref Function, Name: live, FunctionVersion: !GetAtt Version.Version, Description: d}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Alias
      Action: lambda:InvokeFunction
      Principal: !Ref AWS::AccountId
      SourceArn: arn:aws:s3:::bucket
  Events:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Function
      Qualifier: live
      MaximumRetryAttempts: 1
      DestinationConfig: {OnFailure: {Destination: !GetAtt Queue.Arn}}
    DependsOn: Alias
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Function
      EventSourceArn: !GetAtt Fifo.Arn
      BatchSize: 5
      Enabled: false
      FunctionResponseTypes: [ReportBatchItemFailures]
      FilterCriteria: {Filters: [{Pattern: '{"body": ["x"]}'}]}
      ScalingConfig: {MaximumConcurrency: 3}
      Tags: [{Key: a, Value: b}]
"""


@pytest.fixture(scope="module")
def cfn(server):
    return server.client("cloudformation")


@pytest.fixture
def stack(server, cfn, name):
    """A stack with one resource of every type."""
    queue_policy = policy({"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"})
    template = EVERYTHING.replace("NAME", name).replace("RUNTIME", RUNTIME).replace("TRUST", TRUST_LAMBDA)
    template = template.replace("QUEUE_POLICY", queue_policy).replace("DOCUMENT", DOCUMENT)
    tags = [{"Key": "team", "Value": "x"}]
    cfn.create_stack(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"], Tags=tags)
    cfn.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=OFTEN)
    yield name
    cfn.delete_stack(StackName=name)
    cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=OFTEN)


def drift_of(cfn, stack):
    """What a detection finds: its status, and what is not in sync by logical id."""
    id = cfn.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]

    def ended():
        status = cfn.describe_stack_drift_detection_status(StackDriftDetectionId=id)
        return status if status["DetectionStatus"] != "DETECTION_IN_PROGRESS" else None

    status = eventually(ended)
    drifts = cfn.describe_stack_resource_drifts(StackName=stack)["StackResourceDrifts"]
    return status, {it["LogicalResourceId"]: it for it in drifts}


def changes(found):
    return {
        key: [
            (each["PropertyPath"], each["ExpectedValue"], each["ActualValue"], each["DifferenceType"])
            for each in it["PropertyDifferences"]
        ]
        for key, it in found.items()
        if it["StackResourceDriftStatus"] != "IN_SYNC"
    }


def test_every_type_is_in_sync_until_somebody_changes_it(server, cfn, stack):
    status, found = drift_of(cfn, stack)
    assert changes(found) == {}
    assert (status["DetectionStatus"], status["StackDriftStatus"]) == ("DETECTION_COMPLETE", "IN_SYNC")
    resources = cfn.list_stack_resources(StackName=stack)["StackResourceSummaries"]
    assert {it["LogicalResourceId"] for it in resources} == set(found)

    lambda_, iam, logs, sqs = (server.client(it) for it in ("lambda", "iam", "logs", "sqs"))
    lambda_.update_function_configuration(FunctionName=stack, MemorySize=128, Environment={"Variables": {"MODE": "2"}})
    lambda_.delete_alias(FunctionName=stack, Name="live")
    iam.put_role_policy(RoleName=stack, PolicyName="all", PolicyDocument=policy(allow("sqs:*")))
    iam.update_role(RoleName=stack, Description="a role", MaxSessionDuration=3600)
    iam.delete_user_policy(UserName=stack, PolicyName="shared")
    logs.put_retention_policy(logGroupName=stack, retentionInDays=30)
    sqs.untag_queue(QueueUrl=sqs.get_queue_url(QueueName=stack)["QueueUrl"], TagKeys=["a"])
    status, found = drift_of(cfn, stack)
    tag = '{"Key":"a","Value":"b"}'
    assert changes(found) == {
        "Alias": [],
        "Events": [],
        "Function": [
            ("/MemorySize", "256", "128", "NOT_EQUAL"),
            ("/Environment/Variables/MODE", "1", "2", "NOT_EQUAL"),
        ],
        "Group": [("/RetentionInDays", "7", "30", "NOT_EQUAL")],
        "Permission": [],
        "Policy": [("/Users/0", stack, "null", "REMOVE")],
        "Queue": [("/Tags/0", tag, "null", "REMOVE")],
        "Role": [
            ("/MaxSessionDuration", "7200", "3600", "NOT_EQUAL"),
            ("/Policies/0/PolicyDocument/Statement/0/Action", "*", "sqs:*", "NOT_EQUAL"),
        ],
    }
    assert status["DriftedStackResourceCount"] == 8
    assert {key for key, it in found.items() if it["StackResourceDriftStatus"] == "DELETED"} == {
        "Alias",
        "Events",
        "Permission",
    }
    [role] = [it for it in found.values() if it["LogicalResourceId"] == "Role"]
    assert json.loads(role["ActualProperties"])["MaxSessionDuration"] == 3600
