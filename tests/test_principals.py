"""Whom policies mean: unique ids behind ARNs, tags of resources, and roles that belong to services."""

import json

import pytest
from errors import refused
from functions import RUNTIME, TRUST_LAMBDA, allow, policy, zipped
from server import eventually


@pytest.fixture
def iam(server, account):
    return server.client("iam", key=account)


def test_a_queue_does_not_trust_another_role_of_the_same_name(server, iam, account, name):
    sqs, sts = server.client("sqs", key=account), server.client("sts", key=account)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:{account}:{name}"
    trust = policy({"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"})

    def assumed():
        credentials = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="visit")["Credentials"]
        return server.client_as("sqs", credentials)

    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    trusting = policy({**allow("sqs:SendMessage", queue), "Principal": {"AWS": role["Arn"]}})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": trusting})
    first = assumed()
    first.send_message(QueueUrl=url, MessageBody="hello")
    iam.delete_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    with refused("AccessDenied"):
        assumed().send_message(QueueUrl=url, MessageBody="hello")
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert json.loads(shown)["Statement"][0]["Principal"] == {"AWS": role["RoleId"]}
    # It was set for the new one: now the old one's session is a stranger's.
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": trusting})
    assumed().send_message(QueueUrl=url, MessageBody="hello")
    with refused("AccessDenied"):
        first.send_message(QueueUrl=url, MessageBody="hello")


def test_a_function_s_tags_decide_who_may_touch_it(server, iam, account, name):
    functions = server.client("lambda", key=account)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)["Role"]["Arn"]
    for team in ("red", "blue"):
        functions.create_function(
            FunctionName=f"{name}-{team}",
            Role=role,
            Runtime=RUNTIME,
            Handler="index.handler",
            Code={"ZipFile": zipped("def handler(event, context): return 1")},
            Tags={"team": team},
        )
    of_team = {**allow("lambda:GetFunction*"), "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}}
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="team", PolicyDocument=policy(of_team))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    theirs = server.client("lambda", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    theirs.get_function_configuration(FunctionName=f"{name}-red")
    with refused("AccessDeniedException", match="because no identity-based policy allows"):
        theirs.get_function_configuration(FunctionName=f"{name}-blue")
    functions.tag_resource(Resource=f"arn:aws:lambda:us-east-1:{account}:function:{name}-blue", Tags={"team": "red"})
    theirs.get_function_configuration(FunctionName=f"{name}-blue")


def test_a_service_linked_role_comes_and_goes(iam):
    role = iam.create_service_linked_role(AWSServiceName="elasticbeanstalk.amazonaws.com")["Role"]
    assert role["Path"] == "/aws-service-role/elasticbeanstalk.amazonaws.com/"
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
    with refused("UnmodifiableEntity", match="this role is only modifiable by AWS"):
        iam.delete_role(RoleName=role["RoleName"])
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    assert task.startswith("task/aws-service-role/elasticbeanstalk.amazonaws.com/AWSServiceRoleForElasticBeanstalk/")
    eventually(lambda: iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED")
    with refused("NoSuchEntity"):
        iam.get_role(RoleName=role["RoleName"])
