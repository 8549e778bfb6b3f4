"""The resource types of IAM in a stack: created, changed in place, taken away."""

import json

import pytest
from errors import refused

TEMPLATE = """
Parameters:
  Path: {Type: String, Default: /}
  Actions: {Type: String, Default: "sqs:*"}
  Boundary: {Type: String, Default: "arn:aws:iam::aws:policy/ReadOnlyAccess"}
  Status: {Type: String, Default: Active}
Resources:
  Group:
    Type: AWS::IAM::Group
    Properties:
      GroupName: NAME
      Path: !Ref Path
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"]
      Policies:
        - PolicyName: of-group
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: !Ref Actions, Resource: "*"}]
  User:
    Type: AWS::IAM::User
    Properties:
      UserName: NAME
      Path: !Ref Path
      PermissionsBoundary: !Ref Boundary
      Tags: [{Key: own, Value: !Ref Path}]
  Addition:
    Type: AWS::IAM::UserToGroupAddition
    Properties:
      GroupName: !Ref Group
      Users: [!Ref User]
  Key:
    Type: AWS::IAM::AccessKey
    Properties:
      UserName: !Ref User
      Status: !Ref Status
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: NAME
      PermissionsBoundary: !Ref Boundary
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: !GetAtt User.Arn}, Action: "sts:AssumeRole"}]
  Profile:
    Type: AWS::IAM::InstanceProfile
    Properties:
      InstanceProfileName: NAME
      Roles: [!Ref Role]
  Managed:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: NAME
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: !Ref Actions, Resource: "*"}]
      Users: [!Ref User]
      Groups: [!Ref Group]
      Roles: [!Ref Role]
  Inline:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: inline
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: !Ref Actions, Resource: "*"}]
      Users: [!Ref User]
      Roles: [!Ref Role]
  OfUser:
    Type: AWS::IAM::UserPolicy
    Properties:
      UserName: !Ref User
      PolicyName: of-user
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: !Ref Actions, Resource: "*"}]
  OfGroup:
    Type: AWS::IAM::GroupPolicy
    Properties:
      GroupName: !Ref Group
      PolicyName: of-group-too
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: !Ref Actions, Resource: "*"}]
  OfRole:
    Type: AWS::IAM::RolePolicy
    Properties:
      RoleName: !Ref Role
      PolicyName: of-role
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Action: !Ref Actions, Resource: "*"}]
Outputs:
  KeyId: {Value: !Ref Key}
  Secret: {Value: !GetAtt Key.SecretAccessKey}
  PolicyArn: {Value: !Ref Managed}
  Versions: {Value: !GetAtt Managed.DefaultVersionId}
"""


@pytest.fixture
def iam(server, account):
    return server.client("iam", key=account)


@pytest.fixture
def stack(server, account, name):
    cfn = server.client("cloudformation", key=account)

    class Stack:
        def send(self, tags=(), **parameters):
            known = [it["StackName"] for it in cfn.describe_stacks()["Stacks"]]
            call, waiter = (
                (cfn.update_stack, "stack_update_complete")
                if name in known
                else (cfn.create_stack, "stack_create_complete")
            )
            call(
                StackName=name,
                TemplateBody=TEMPLATE.replace("NAME", name),
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Tags=[{"Key": key, "Value": value} for key, value in tags],
            )
            cfn.get_waiter(waiter).wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
            outputs = cfn.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
            return {it["OutputKey"]: it["OutputValue"] for it in outputs}

        def delete(self):
            cfn.delete_stack(StackName=name)
            cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    return Stack()


def test_every_type_is_created_changed_and_deleted(server, iam, stack, name):
    made = stack.send(tags=[("team", "red")])
    own = server.client("sts", key=made["KeyId"], secret=made["Secret"])
    assert own.get_caller_identity()["Arn"].endswith(f":user/{name}")
    assert [it["UserName"] for it in iam.get_group(GroupName=name)["Users"]] == [name]
    assert iam.list_group_policies(GroupName=name)["PolicyNames"] == ["of-group", "of-group-too"]
    assert iam.list_user_policies(UserName=name)["PolicyNames"] == ["inline", "of-user"]
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["inline", "of-role"]
    assert iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"][0]["RoleName"] == name
    holders = iam.list_entities_for_policy(PolicyArn=made["PolicyArn"])
    assert [len(holders[it]) for it in ("PolicyUsers", "PolicyGroups", "PolicyRoles")] == [1, 1, 1]
    user = iam.get_user(UserName=name)["User"]
    assert {it["Key"]: it["Value"] for it in user["Tags"]} == {"own": "/", "team": "red"}

    other = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
    changed = stack.send(
        tags=[("team", "blue"), ("more", "1")], Path="/new/", Actions="s3:*", Boundary=other, Status="Inactive"
    )
    assert changed["PolicyArn"] == made["PolicyArn"]
    assert changed["Versions"] == "v2"
    document = iam.get_policy_version(PolicyArn=made["PolicyArn"], VersionId="v2")["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == "s3:*"
    user = iam.get_user(UserName=name)["User"]
    assert user["Path"] == "/new/"
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == other
    assert {it["Key"]: it["Value"] for it in user["Tags"]} == {"own": "/new/", "team": "blue", "more": "1"}
    role = iam.get_role(RoleName=name)["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == other
    assert {it["Key"]: it["Value"] for it in role["Tags"]} == {"team": "blue", "more": "1"}
    for policy in ("inline", "of-user"):
        found = iam.get_user_policy(UserName=name, PolicyName=policy)["PolicyDocument"]
        assert found["Statement"][0]["Action"] == "s3:*", policy
    with refused("InvalidClientTokenId"):
        own.get_caller_identity()

    stack.delete()
    for list_all, answer in (
        (iam.list_users, "Users"),
        (iam.list_groups, "Groups"),
        (iam.list_roles, "Roles"),
        (iam.list_instance_profiles, "InstanceProfiles"),
    ):
        assert list_all()[answer] == [], answer
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_a_managed_policy_is_changed_more_often_than_it_has_versions(iam, stack):
    for number in range(7):
        made = stack.send(Actions=f"sqs:Get{number}*")
    versions = [it["VersionId"] for it in iam.list_policy_versions(PolicyArn=made["PolicyArn"])["Versions"]]
    assert versions == ["v7", "v6", "v5", "v4", "v3"]
    document = iam.get_policy_version(PolicyArn=made["PolicyArn"], VersionId="v7")["PolicyVersion"]["Document"]
    assert json.dumps(document).count("sqs:Get6*") == 1
