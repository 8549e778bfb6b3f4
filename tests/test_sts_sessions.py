"""Temporary credentials: what narrows them, what they inherit, what they do not open."""

import json

import pytest
from errors import refused
from functions import allow, deny, policy


@pytest.fixture
def iam(server, account):
    return server.client("iam", key=account)


@pytest.fixture
def sts(server, account):
    return server.client("sts", key=account)


@pytest.fixture
def role(iam, account, name):
    """Creates roles that trust the account with everything, and returns their ARNs."""

    def create(*statements, role_name=name, principal=None, condition=None):
        actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
        trust = {"Effect": "Allow", "Principal": {"AWS": principal or account}, "Action": actions}
        if condition:
            trust["Condition"] = condition
        arn = iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName=role_name, PolicyName="inline", PolicyDocument=policy(*statements))
        return arn

    return create


def test_a_session_policy_narrows(server, sts, role):
    arn = role(allow("*"))
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="visit", Policy=policy(allow("sqs:*")))
    assert answer["PackedPolicySize"] > 0
    server.client_as("sqs", answer["Credentials"]).list_queues()
    with refused("AccessDenied", "AccessDeniedException", match="because no session policy allows"):
        server.client_as("logs", answer["Credentials"]).describe_log_groups()

    denying = policy(allow("*"), deny("sqs:ListQueues"))
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="visit", Policy=denying)
    with refused("AccessDenied", "AccessDeniedException", match="with an explicit deny in a session policy"):
        server.client_as("sqs", answer["Credentials"]).list_queues()


def test_a_managed_policy_narrows_too(server, sts, role):
    arns = [{"arn": "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"}]
    answer = sts.assume_role(RoleArn=role(allow("*")), RoleSessionName="visit", PolicyArns=arns)
    sqs = server.client_as("sqs", answer["Credentials"])
    sqs.list_queues()
    with refused("AccessDenied", "AccessDeniedException", match="because no session policy allows"):
        sqs.create_queue(QueueName="no")


def test_an_external_id_is_asked_for(sts, role):
    arn = role(allow("*"), condition={"StringEquals": {"sts:ExternalId": "42"}})
    with refused("AccessDenied", match="is not authorized to perform: sts:AssumeRole on resource"):
        sts.assume_role(RoleArn=arn, RoleSessionName="visit")
    sts.assume_role(RoleArn=arn, RoleSessionName="visit", ExternalId="42")


def test_the_tags_of_a_session_are_its_principals(server, sts, iam, role, account, name):
    own = f"arn:aws:sqs:*:{account}:{name}-${{aws:PrincipalTag/team}}"
    arn = role(allow("sqs:CreateQueue", own))
    iam.tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "red"}])
    tagged = sts.assume_role(RoleArn=arn, RoleSessionName="visit", Tags=[{"Key": "team", "Value": "blue"}])
    server.client_as("sqs", tagged["Credentials"]).create_queue(QueueName=f"{name}-blue")
    plain = sts.assume_role(RoleArn=arn, RoleSessionName="visit")
    server.client_as("sqs", plain["Credentials"]).create_queue(QueueName=f"{name}-red")
    with refused("AccessDenied", "AccessDeniedException"):
        server.client_as("sqs", plain["Credentials"]).create_queue(QueueName=f"{name}-blue")


def test_transitive_tags_and_the_source_identity_go_on_to_the_next_role(server, sts, role, account, name):
    first = role(allow("sts:*"))
    second = role(
        allow("sqs:CreateQueue", f"arn:aws:sqs:*:{account}:{name}-${{aws:PrincipalTag/team}}-${{aws:SourceIdentity}}"),
        role_name=f"{name}-2",
    )
    tags = [{"Key": "team", "Value": "red"}, {"Key": "stays", "Value": "here"}]
    answer = sts.assume_role(
        RoleArn=first, RoleSessionName="one", Tags=tags, TransitiveTagKeys=["team"], SourceIdentity="ana"
    )
    assert answer["SourceIdentity"] == "ana"
    inner = server.client_as("sts", answer["Credentials"])
    with refused("ValidationError", match="1 hour session limit for roles assumed by role chaining"):
        inner.assume_role(RoleArn=second, RoleSessionName="two", DurationSeconds=7200)
    with refused("AccessDenied", match="sts:SetSourceIdentity"):
        inner.assume_role(RoleArn=second, RoleSessionName="two", SourceIdentity="bob")
    with refused("InvalidParameterValue"):
        inner.assume_role(RoleArn=second, RoleSessionName="two", Tags=[{"Key": "team", "Value": "blue"}])
    chained = inner.assume_role(RoleArn=second, RoleSessionName="two")
    server.client_as("sqs", chained["Credentials"]).create_queue(QueueName=f"{name}-red-ana")


def test_a_role_of_another_account(server, role, name):
    other = "999900001111"
    arn = role(allow("sqs:*"), principal=other)
    away = server.client("iam", key=other)
    away.create_user(UserName=name)
    key = away.create_access_key(UserName=name)["AccessKey"]
    visitor = server.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    # Both sides have to allow it.
    with refused("AccessDenied"):
        visitor.assume_role(RoleArn=arn, RoleSessionName="visit")
    away.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("sts:AssumeRole", arn)))
    answer = visitor.assume_role(RoleArn=arn, RoleSessionName="visit")
    assert answer["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{arn.split(':')[4]}:assumed-role/")
    info = server.client("sts").get_access_key_info(AccessKeyId=answer["Credentials"]["AccessKeyId"])
    assert info["Account"] == arn.split(":")[4]


def test_a_role_that_trusts_one_user_alone(server, iam, role, account, name):
    for user in (f"{name}-a", f"{name}-b"):
        iam.create_user(UserName=user)
    arn = role(allow("*"), principal=f"arn:aws:iam::{account}:user/{name}-a")
    for user, outcome in ((f"{name}-a", None), (f"{name}-b", "AccessDenied")):
        key = iam.create_access_key(UserName=user)["AccessKey"]
        visitor = server.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
        if outcome is None:
            visitor.assume_role(RoleArn=arn, RoleSessionName="visit")
        else:
            with refused(outcome):
                visitor.assume_role(RoleArn=arn, RoleSessionName="visit")


@pytest.fixture
def visitor(server, iam, name):
    """A user that may everything: its client for STS."""
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("*")))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return server.client("sts", key=key["AccessKeyId"], secret=key["SecretAccessKey"])


def test_a_session_token_is_its_users(server, visitor, account, name):
    credentials = visitor.get_session_token()["Credentials"]
    own = server.client_as("sts", credentials)
    assert own.get_caller_identity()["Arn"] == f"arn:aws:iam::{account}:user/{name}"
    server.client_as("sqs", credentials).list_queues()
    # Without a device it opens IAM to nobody, and asks for no further tokens.
    with refused("InvalidClientTokenId"):
        server.client_as("iam", credentials).list_users()
    with refused("AccessDenied", match="Cannot call GetSessionToken with session credentials"):
        own.get_session_token()
    with refused("AccessDenied", match="Cannot call GetFederationToken with session credentials"):
        own.get_federation_token(Name="guest")


def test_a_federation_token_has_what_both_policies_allow(server, visitor, account):
    answer = visitor.get_federation_token(Name="guest", Policy=policy(allow("sqs:*")))
    assert answer["FederatedUser"]["Arn"] == f"arn:aws:sts::{account}:federated-user/guest"
    caller = server.client_as("sts", answer["Credentials"]).get_caller_identity()
    assert (caller["Arn"], caller["UserId"]) == (answer["FederatedUser"]["Arn"], f"{account}:guest")
    server.client_as("sqs", answer["Credentials"]).list_queues()
    with refused("AccessDenied", "AccessDeniedException"):
        server.client_as("logs", answer["Credentials"]).describe_log_groups()
    with refused("InvalidClientTokenId"):
        server.client_as("iam", answer["Credentials"]).list_users()
    # Without a policy a federated user may nothing by itself.
    bare = visitor.get_federation_token(Name="guest")["Credentials"]
    with refused("AccessDenied", "AccessDeniedException"):
        server.client_as("sqs", bare).list_queues()


def test_credentials_end(fresh_server, name):
    sts, iam = fresh_server.client("sts"), fresh_server.client("iam")
    trust = policy({"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName="visit", DurationSeconds=900)["Credentials"]
    fresh_server.niebla("clock", "advance", "901s")
    with refused("ExpiredToken"):
        fresh_server.client_as("sts", credentials).get_caller_identity()


def test_the_command_line_assumes_a_role(server, role, account):
    arn = role(allow("sqs:*"))
    done = server.cli("sts", "assume-role", "--role-arn", arn, "--role-session-name", "visit", key=account)
    assert json.loads(done.stdout)["AssumedRoleUser"]["Arn"].endswith("/visit")
