"""Who may hand a role to a service: `iam:PassRole` (IAM user guide, "Grant a user permissions to pass a role")."""

import pytest
from errors import message, refused
from functions import RUNTIME, TRUST_LAMBDA, allow, policy, zipped


@pytest.fixture
def given(server, account, name):
    """The ARN of a role for functions, and a function that makes clients for someone with the given statements."""
    iam = server.client("iam", key=account)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)["Role"]["Arn"]

    def someone(*statements):
        trust = policy({"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"})
        arn = iam.create_role(RoleName=f"{name}-who", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=f"{name}-who", PolicyName="inline", PolicyDocument=policy(*statements))
        answer = server.client("sts", key=account).assume_role(RoleArn=arn, RoleSessionName="visit")
        return lambda service: server.client_as(service, answer["Credentials"])

    return role, someone


def create(client, name, role):
    code = {"ZipFile": zipped("def handler(event, context): pass")}
    return client.create_function(FunctionName=name, Role=role, Code=code, Runtime=RUNTIME, Handler="index.handler")


def test_who_may_create_functions_but_pass_no_role_is_refused(given, account, name):
    role, someone = given
    client = someone(allow("lambda:*"))("lambda")
    with refused("AccessDeniedException") as caught:
        create(client, name, role)
    assert message(caught) == (
        f"User: arn:aws:sts::{account}:assumed-role/{name}-who/visit is not authorized to perform: iam:PassRole "
        f"on resource: {role} because no identity-based policy allows the iam:PassRole action"
    )


def test_a_role_may_be_passed_to_the_service_that_the_policy_names(given, name):
    role, someone = given
    passing = allow("iam:PassRole", role)
    passing["Condition"] = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    client = someone(allow("lambda:*"), passing)("lambda")
    assert create(client, name, role)["Role"] == role


def test_a_role_may_not_be_passed_to_another_service_than_the_policy_names(given, name):
    role, someone = given
    passing = allow("iam:PassRole", role)
    passing["Condition"] = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    with refused("AccessDeniedException", match="iam:PassRole"):
        create(someone(allow("lambda:*"), passing)("lambda"), name, role)
