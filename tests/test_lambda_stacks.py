"""Lambda's resource types in CloudFormation."""

import json

import pytest
from functions import RUNTIME, TRUST_LAMBDA, invoke

STACK = """
Parameters:
  Retries: {Type: Number, Default: 1}
  Answer: {Type: String, Default: one}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: TRUST
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: "*", Resource: "*"}]
  Told: {Type: AWS::SQS::Queue}
  Jobs: {Type: AWS::SQS::Queue}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: NAME
      Runtime: RUNTIME
      Handler: index.handler
      Role: !GetAtt Role.Arn
      ReservedConcurrentExecutions: 7
      DeadLetterConfig: {TargetArn: !GetAtt Told.Arn}
      LoggingConfig: {LogFormat: JSON, SystemLogLevel: WARN}
      Code:
        ZipFile: !Sub |
          def handler(event, context):
              return "${Answer}"
  VERSION:
    Type: AWS::Lambda::Version
    DeletionPolicy: Retain
    Properties: {FunctionName: !Ref Function, Description: !Ref Answer}
  Live:
    Type: AWS::Lambda::Alias
    Properties:
      FunctionName: !Ref Function
      Name: live
      FunctionVersion: !GetAtt VERSION.Version
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: !Ref Live
      Action: lambda:InvokeFunction
      Principal: sns.amazonaws.com
      SourceAccount: !Ref AWS::AccountId
  Events:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Function
      Qualifier: $LATEST
      MaximumRetryAttempts: !Ref Retries
      DestinationConfig: {OnFailure: {Destination: !GetAtt Told.Arn}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Live
      EventSourceArn: !GetAtt Jobs.Arn
      Enabled: false
      FilterCriteria: {Filters: [{Pattern: '{"body":{"kind":["order"]}}'}]}
Outputs:
  Version: {Value: !Ref VERSION}
  Number: {Value: !GetAtt VERSION.Version}
  Alias: {Value: !Ref Live}
  Mapping: {Value: !Ref Mapping}
""".replace("TRUST", TRUST_LAMBDA)

OFTEN = {"Delay": 0.1, "MaxAttempts": 300}


@pytest.fixture
def cfn(server):
    return server.client("cloudformation")


def template(name, version="V1"):
    return STACK.replace("NAME", name).replace("RUNTIME", RUNTIME).replace("VERSION", version)


def outputs(cfn, name):
    [stack] = cfn.describe_stacks(StackName=name)["Stacks"]
    return {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]}


def test_every_type_is_created_updated_and_deleted(server, cfn, name):
    functions = server.client("lambda")
    may = {"Capabilities": ["CAPABILITY_IAM"]}
    cfn.create_stack(StackName=name, TemplateBody=template(name), **may)
    cfn.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=OFTEN)
    out = outputs(cfn, name)
    assert (out["Version"], out["Number"]) == (out["Version"].rsplit(":", 1)[0] + ":1", "1")
    assert out["Alias"].endswith(f":function:{name}:live")
    found = functions.get_function(FunctionName=name)
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 7}
    assert found["Configuration"]["DeadLetterConfig"]["TargetArn"].startswith("arn:aws:sqs:")
    assert found["Configuration"]["LoggingConfig"]["SystemLogLevel"] == "WARN"
    assert invoke(server, name, Qualifier="live")["Json"] == "one"
    [statement] = json.loads(functions.get_policy(FunctionName=name, Qualifier="live")["Policy"])["Statement"]
    assert statement["Resource"] == out["Alias"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    config = functions.get_function_event_invoke_config(FunctionName=name)
    assert config["MaximumRetryAttempts"] == 1
    mapping = functions.get_event_source_mapping(UUID=out["Mapping"])
    assert mapping["FunctionArn"] == out["Alias"]
    assert json.loads(mapping["FilterCriteria"]["Filters"][0]["Pattern"]) == {"body": {"kind": ["order"]}}

    # As SAM does it: a new version is a resource of another name.
    values = [{"ParameterKey": key, "ParameterValue": value} for key, value in (("Answer", "two"), ("Retries", "0"))]
    cfn.update_stack(StackName=name, TemplateBody=template(name, "V2"), Parameters=values, **may)
    cfn.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig=OFTEN)
    assert outputs(cfn, name)["Number"] == "2"
    assert invoke(server, name, Qualifier="live")["Json"] == "two"
    assert invoke(server, name, Qualifier="1")["Json"] == "one"
    assert functions.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 0

    cfn.delete_stack(StackName=name)
    cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=OFTEN)
    assert not functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function(FunctionName=name)


def test_a_property_that_is_not_honoured_is_refused_by_its_name(cfn, name):
    body = template(name).replace(
        "FunctionVersion: !GetAtt V1.Version",
        "FunctionVersion: !GetAtt V1.Version\n      ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}",
    )
    with pytest.raises(cfn.exceptions.ClientError, match="ProvisionedConcurrencyConfig"):
        cfn.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
