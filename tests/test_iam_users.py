"""Users with keys of their own: what their policies, groups and boundaries let them do."""

import json
import time

import pytest
from errors import message, refused, status
from functions import allow, deny, policy


@pytest.fixture
def iam(server, account):
    return server.client("iam", key=account)


@pytest.fixture
def user(server, iam, name):
    """Creates a user with the given statements and returns a function that makes clients that sign with its key."""

    def create(*statements, user_name=name):
        iam.create_user(UserName=user_name, Path="/staff/")
        if statements:
            iam.put_user_policy(UserName=user_name, PolicyName="inline", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=user_name)["AccessKey"]

        def client(service):
            return server.client(service, key=key["AccessKeyId"], secret=key["SecretAccessKey"])

        client.key = key["AccessKeyId"]
        return client

    return create


def test_a_user_is_who_its_key_says(user, account, iam, name):
    caller = user()("sts").get_caller_identity()
    assert caller["Arn"] == f"arn:aws:iam::{account}:user/staff/{name}"
    assert caller["UserId"] == iam.get_user(UserName=name)["User"]["UserId"]
    assert caller["UserId"].startswith("AIDA")
    assert caller["Account"] == account


def test_a_user_may_what_its_policies_say_and_no_more(user, account, name):
    sqs = user(allow("sqs:CreateQueue"))("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    with refused("AccessDenied", "AccessDeniedException") as caught:
        sqs.purge_queue(QueueUrl=url)
    assert message(caught) == (
        f"User: arn:aws:iam::{account}:user/staff/{name} is not authorized to perform: sqs:PurgeQueue "
        f"on resource: arn:aws:sqs:us-east-1:{account}:{name} "
        "because no identity-based policy allows the sqs:PurgeQueue action"
    )


def test_a_wrong_secret_is_refused(server, user):
    key = user(allow("*")).key
    with refused("SignatureDoesNotMatch"):
        server.client("sts", key=key, secret="wrong" * 8).get_caller_identity()


def test_an_inactive_and_a_deleted_key_open_nothing(user, iam, name):
    client = user(allow("*"))
    iam.update_access_key(UserName=name, AccessKeyId=client.key, Status="Inactive")
    with refused("InvalidClientTokenId", match="The security token included in the request is invalid") as caught:
        client("sts").get_caller_identity()
    assert status(caught) == 403
    iam.update_access_key(UserName=name, AccessKeyId=client.key, Status="Active")
    client("sts").get_caller_identity()
    iam.delete_access_key(UserName=name, AccessKeyId=client.key)
    with refused("InvalidClientTokenId"):
        client("sts").get_caller_identity()


def test_the_last_use_of_a_key_is_known(user, iam, name):
    client = user(allow("*"))
    assert iam.get_access_key_last_used(AccessKeyId=client.key)["AccessKeyLastUsed"]["ServiceName"] == "N/A"
    client("sqs").list_queues()
    deadline = time.monotonic() + 10
    while True:
        last = iam.get_access_key_last_used(AccessKeyId=client.key)
        if "LastUsedDate" in last["AccessKeyLastUsed"] or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert last["UserName"] == name
    assert last["AccessKeyLastUsed"]["ServiceName"] == "sqs"
    assert last["AccessKeyLastUsed"]["Region"] == "us-east-1"


def test_a_group_gives_and_takes(user, iam, name):
    sqs = user()("sqs")
    with refused("AccessDenied", "AccessDeniedException"):
        sqs.list_queues()
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    iam.attach_group_policy(GroupName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSQSFullAccess")
    sqs.list_queues()
    iam.put_group_policy(GroupName=name, PolicyName="not", PolicyDocument=policy(deny("sqs:ListQueues")))
    with refused("AccessDenied", "AccessDeniedException", match="with an explicit deny in an identity-based policy"):
        sqs.list_queues()
    iam.remove_user_from_group(GroupName=name, UserName=name)
    with refused("AccessDenied", "AccessDeniedException", match="because no identity-based policy allows"):
        sqs.list_queues()


def test_a_boundary_bounds(user, iam, name):
    bound = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("sqs:*")))["Policy"]["Arn"]
    client = user(allow("*"))
    client("logs").describe_log_groups()
    iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=bound)
    client("sqs").list_queues()
    with refused("AccessDenied", "AccessDeniedException", match="because no permissions boundary allows"):
        client("logs").describe_log_groups()
    document = policy(allow("sqs:*"), deny("sqs:ListQueues"))
    iam.create_policy_version(PolicyArn=bound, PolicyDocument=document, SetAsDefault=True)
    with refused("AccessDenied", "AccessDeniedException", match="with an explicit deny in a permissions boundary"):
        client("sqs").list_queues()
    iam.delete_user_permissions_boundary(UserName=name)
    client("sqs").list_queues()


def test_a_new_default_version_holds_at_once(user, iam, name):
    sqs = user()("sqs")
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("sqs:*")))["Policy"]["Arn"]
    iam.attach_user_policy(UserName=name, PolicyArn=arn)
    sqs.list_queues()
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(allow("s3:*")), SetAsDefault=True)
    with refused("AccessDenied", "AccessDeniedException"):
        sqs.list_queues()
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    sqs.list_queues()


def test_policy_variables_are_the_users(user, iam, name, account):
    own = f"arn:aws:sqs:*:{account}:${{aws:username}}-${{aws:PrincipalTag/team}}"
    sqs = user(allow("sqs:CreateQueue", own))("sqs")
    iam.tag_user(UserName=name, Tags=[{"Key": "team", "Value": "red"}])
    sqs.create_queue(QueueName=f"{name}-red")
    with refused("AccessDenied", "AccessDeniedException"):
        sqs.create_queue(QueueName=f"{name}-blue")


@pytest.mark.parametrize(
    ("condition", "allowed", "denied"),
    [
        (
            {"StringEquals": {"aws:RequestTag/team": "red"}},
            {"Tags": [{"Key": "team", "Value": "red"}]},
            {"Tags": [{"Key": "team", "Value": "blue"}]},
        ),
        (
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
            {"Tags": [{"Key": "team", "Value": "red"}]},
            {"Tags": [{"Key": "team", "Value": "red"}, {"Key": "more", "Value": ""}]},
        ),
        (
            {"StringEquals": {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}},
            {"PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            {},
        ),
    ],
)
def test_the_condition_keys_of_creating_a_user(user, name, condition, allowed, denied):
    iam = user({**allow("iam:CreateUser"), "Condition": condition})("iam")
    with refused("AccessDenied", match="iam:CreateUser on resource"):
        iam.create_user(UserName=f"{name}-2", **denied)
    iam.create_user(UserName=f"{name}-2", **allowed)


def test_which_policy_may_be_attached_to_whom(user, iam, name):
    iam.create_user(UserName=f"{name}-2", Tags=[{"Key": "team", "Value": "red"}])
    iam.create_user(UserName=f"{name}-3")
    read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    condition = {"ArnEquals": {"iam:PolicyARN": read_only}, "StringEquals": {"aws:ResourceTag/team": "red"}}
    own = user({**allow("iam:AttachUserPolicy"), "Condition": condition})("iam")
    own.attach_user_policy(UserName=f"{name}-2", PolicyArn=read_only)
    with refused("AccessDenied"):
        own.attach_user_policy(UserName=f"{name}-2", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    with refused("AccessDenied"):
        own.attach_user_policy(UserName=f"{name}-3", PolicyArn=read_only)


def test_a_role_in_an_instance_profile_has_to_be_passed(user, iam, name):
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName=name)
    own = user(allow("iam:AddRoleToInstanceProfile"))("iam")
    with refused("AccessDenied", match="iam:PassRole on resource"):
        own.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def test_a_user_works_for_itself_without_its_name(user, name):
    iam = user(allow("iam:*", f"arn:aws:iam::*:user/staff/{name}"))("iam")
    assert iam.get_user()["User"]["UserName"] == name
    assert iam.create_access_key()["AccessKey"]["UserName"] == name
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 2
    with refused("AccessDenied"):
        iam.list_users()


def test_a_deleted_user_of_the_same_name_is_another_one(user, iam, name):
    sqs = user(allow("*"))("sqs")
    sqs.list_queues()
    iam.delete_user_policy(UserName=name, PolicyName="inline")
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)
    with refused("InvalidClientTokenId", "UnrecognizedClientException"):
        sqs.list_queues()
    assert iam.list_user_policies(UserName=name)["PolicyNames"] == []


def test_the_command_line_makes_a_user(server, account, name):
    as_root = {"key": account}
    server.cli("iam", "create-user", "--user-name", name, **as_root)
    made = json.loads(server.cli("iam", "create-access-key", "--user-name", name, **as_root).stdout)["AccessKey"]
    own = {"key": made["AccessKeyId"], "secret": made["SecretAccessKey"]}
    caller = json.loads(server.cli("sts", "get-caller-identity", **own).stdout)
    assert caller["Arn"] == f"arn:aws:iam::{account}:user/{name}"
    refusal = server.cli("iam", "list-users", check=False, **own)
    assert "AccessDenied" in refusal.stderr
