"""Who is calling, roles and their policies, and what a policy refuses."""

import json
import re

import pytest
from errors import message, refused, status
from functions import TRUST_LAMBDA, allow, deny, policy
from server import ROOT_ACCOUNT

BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
WRONG_SECRET = "wrong" * 8

SIGNATURE_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method."
)


@pytest.fixture
def iam(server, account):
    return server.client("iam", key=account)


@pytest.fixture
def assumed(server, account, iam, name):
    """Creates a role with the given statements and returns its temporary credentials."""

    def assume(*statements):
        trust = policy({"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        answer = server.client("sts", key=account).assume_role(RoleArn=arn, RoleSessionName="visit")
        return answer["Credentials"]

    return assume


# --- who is calling


def test_the_test_key_is_root_of_the_zero_account(server):
    caller = server.client("sts").get_caller_identity()
    assert caller["Account"] == caller["UserId"] == ROOT_ACCOUNT
    assert caller["Arn"] == f"arn:aws:iam::{ROOT_ACCOUNT}:root"


def test_a_key_of_12_digits_is_root_of_that_account(server, account):
    caller = server.client("sts", key=account).get_caller_identity()
    assert (caller["Account"], caller["Arn"]) == (account, f"arn:aws:iam::{account}:root")


def test_an_assumed_role_knows_who_it_is(server, account, assumed, name):
    credentials = assumed()
    assert credentials["AccessKeyId"].startswith("ASIA")
    caller = server.client_as("sts", credentials).get_caller_identity()
    assert caller["Account"] == account
    assert caller["Arn"] == f"arn:aws:sts::{account}:assumed-role/{name}/visit"
    assert re.fullmatch(r"AROA[A-Z0-9]+:visit", caller["UserId"])


# --- roles and policies


def test_a_role_is_created_read_listed_and_deleted(iam, account, name):
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA, Description="for a test")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{account}:role/{name}"
    assert role["RoleId"].startswith("AROA")
    assert role["Path"] == "/"
    found = iam.get_role(RoleName=name)["Role"]
    assert found["AssumeRolePolicyDocument"] == json.loads(TRUST_LAMBDA)
    assert found["Description"] == "for a test"
    assert [it["RoleName"] for it in iam.list_roles()["Roles"]] == [name]

    iam.delete_role(RoleName=name)
    with refused("NoSuchEntity", match=f"The role with name {name} cannot be found.") as caught:
        iam.get_role(RoleName=name)
    assert status(caught) == 404


def test_inline_policies_are_put_read_listed_and_deleted(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=policy(allow("sqs:ReceiveMessage")))
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == ["read"]
    found = iam.get_role_policy(RoleName=name, PolicyName="read")
    assert found["PolicyDocument"]["Statement"] == [allow("sqs:ReceiveMessage")]

    with refused("DeleteConflict", match="must delete policies first"):
        iam.delete_role(RoleName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="read")
    with refused("NoSuchEntity"):
        iam.get_role_policy(RoleName=name, PolicyName="read")
    iam.delete_role(RoleName=name)


def test_a_managed_policy_is_attached_and_detached(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)
    iam.attach_role_policy(RoleName=name, PolicyArn=BASIC_EXECUTION)
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == [
        {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": BASIC_EXECUTION}
    ]
    with refused("DeleteConflict", match="must detach all policies first"):
        iam.delete_role(RoleName=name)
    iam.detach_role_policy(RoleName=name, PolicyArn=BASIC_EXECUTION)
    iam.delete_role(RoleName=name)


def test_a_managed_policy_that_does_not_exist(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)
    with refused("NoSuchEntity"):
        iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")


def test_a_role_name_can_be_used_once(iam, name):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)
    with refused("EntityAlreadyExists", match=f"Role with name {name} already exists.") as caught:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)
    assert status(caught) == 409


@pytest.mark.parametrize(
    "document",
    [
        "not JSON",
        "{}",
        policy({"Effect": "Perhaps", "Action": "sqs:*", "Resource": "*"}),
        policy({"Effect": "Allow", "Action": "sqs:*"}),
        policy({"Effect": "Allow", "Resource": "*"}),
    ],
)
def test_a_malformed_policy_is_refused(iam, name, document):
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)
    with refused("MalformedPolicyDocument"):
        iam.put_role_policy(RoleName=name, PolicyName="broken", PolicyDocument=document)
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []


def test_a_role_name_is_validated_by_the_model(iam):
    with refused(
        "ValidationError", match="1 validation error detected: Value .*roleName.*failed to satisfy constraint"
    ):
        iam.create_role(RoleName="no spaces", AssumeRolePolicyDocument=TRUST_LAMBDA)


# --- what a policy allows


def test_temporary_credentials_may_do_what_the_role_may(server, account, assumed, name):
    url = server.client("sqs", key=account).create_queue(QueueName=name)["QueueUrl"]
    credentials = assumed(allow("sqs:SendMessage"))
    server.client_as("sqs", credentials).send_message(QueueUrl=url, MessageBody="hello")


def test_what_no_policy_allows_is_refused_in_the_words_of_aws(server, account, assumed, name):
    url = server.client("sqs", key=account).create_queue(QueueName=name)["QueueUrl"]
    credentials = assumed(allow("sqs:ReceiveMessage"))
    with refused("AccessDenied", "AccessDeniedException") as caught:
        server.client_as("sqs", credentials).send_message(QueueUrl=url, MessageBody="hello")
    assert message(caught) == (
        f"User: arn:aws:sts::{account}:assumed-role/{name}/visit is not authorized to perform: sqs:SendMessage "
        f"on resource: arn:aws:sqs:us-east-1:{account}:{name} "
        "because no identity-based policy allows the sqs:SendMessage action"
    )


def test_an_explicit_deny_wins_and_is_named(server, account, assumed, name):
    url = server.client("sqs", key=account).create_queue(QueueName=name)["QueueUrl"]
    credentials = assumed(allow("sqs:*"), deny("sqs:SendMessage"))
    with refused("AccessDenied", "AccessDeniedException", match="with an explicit deny in an identity-based policy"):
        server.client_as("sqs", credentials).send_message(QueueUrl=url, MessageBody="hello")


def test_a_policy_for_one_resource_says_nothing_about_another(server, account, assumed, name):
    sqs = server.client("sqs", key=account)
    mine, other = (sqs.create_queue(QueueName=f"{name}-{it}")["QueueUrl"] for it in ("mine", "other"))
    visitor = server.client_as("sqs", assumed(allow("sqs:SendMessage", f"arn:aws:sqs:*:{account}:{name}-mine")))
    visitor.send_message(QueueUrl=mine, MessageBody="hello")
    with refused("AccessDenied", "AccessDeniedException"):
        visitor.send_message(QueueUrl=other, MessageBody="hello")


def test_a_change_of_policy_holds_at_once(server, iam, account, assumed, name):
    url = server.client("sqs", key=account).create_queue(QueueName=name)["QueueUrl"]
    visitor = server.client_as("sqs", assumed(allow("sqs:SendMessage")))
    visitor.send_message(QueueUrl=url, MessageBody="hello")
    iam.delete_role_policy(RoleName=name, PolicyName="inline")
    with refused("AccessDenied", "AccessDeniedException"):
        visitor.send_message(QueueUrl=url, MessageBody="hello")


def test_a_role_can_be_assumed_only_by_whom_it_trusts(server, account, iam, assumed, name):
    visitor = server.client_as("sts", assumed(allow("sts:AssumeRole")))
    lambdas_own = iam.create_role(RoleName=f"{name}-2", AssumeRolePolicyDocument=TRUST_LAMBDA)["Role"]["Arn"]
    with refused("AccessDenied", match="is not authorized to perform: sts:AssumeRole on resource"):
        visitor.assume_role(RoleArn=lambdas_own, RoleSessionName="again")


# --- signatures


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("sts", lambda it: it.get_caller_identity(), "SignatureDoesNotMatch"),
        ("iam", lambda it: it.list_roles(), "SignatureDoesNotMatch"),
        ("logs", lambda it: it.describe_log_groups(), "InvalidSignatureException"),
        ("lambda", lambda it: it.list_functions(), "InvalidSignatureException"),
    ],
)
def test_a_wrong_signature_is_refused_as_the_service_spells_it(server, assumed, service, call, code):
    credentials = {**assumed(allow("*")), "SecretAccessKey": WRONG_SECRET}
    with refused(code, match=re.escape(SIGNATURE_MISMATCH)) as caught:
        call(server.client_as(service, credentials))
    assert status(caught) == (400 if service == "logs" else 403)


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("sts", lambda it: it.get_caller_identity(), "InvalidClientTokenId"),
        ("iam", lambda it: it.list_roles(), "InvalidClientTokenId"),
        ("logs", lambda it: it.describe_log_groups(), "UnrecognizedClientException"),
        ("lambda", lambda it: it.list_functions(), "UnrecognizedClientException"),
    ],
)
def test_a_key_that_was_never_issued_is_refused(server, service, call, code):
    with refused(code, match="The security token included in the request is invalid") as caught:
        call(server.client(service, key="AKIAIOSFODNN7EXAMPLE", secret=WRONG_SECRET))
    assert status(caught) == (400 if service == "logs" else 403)


def test_temporary_credentials_need_their_token(server, assumed):
    credentials = {**assumed(allow("*")), "SessionToken": "nonsense"}
    with refused("InvalidClientTokenId"):
        server.client_as("sts", credentials).get_caller_identity()


def test_credentials_survive_a_restart(fresh_server, name):
    iam, sts = fresh_server.client("iam"), fresh_server.client("sts")
    trust = policy({"Effect": "Allow", "Principal": {"AWS": ROOT_ACCOUNT}, "Action": "sts:AssumeRole"})
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName="visit")["Credentials"]
    fresh_server.restart()
    caller = fresh_server.client_as("sts", credentials).get_caller_identity()
    assert caller["Arn"].endswith(f"assumed-role/{name}/visit")
