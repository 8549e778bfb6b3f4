"""The example `eda-bedrock`, deployed with the real AWS CLI."""

import json
import pathlib
import subprocess
import time

import pytest
import yaml
from functions import RUNTIME, invoke, logged
from server import eventually

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent / "examples" / "eda-bedrock"
TEMPLATE = EXAMPLE / "cloudformation" / "stack.yml"
HANDLER = EXAMPLE / "terraform" / "lambda_src" / "handler.py"
CONSUMER = "eda-bedrock-consumer"


def timed(server, *command):
    started = time.monotonic()
    done = subprocess.run(command, env=server.env(), capture_output=True, text=True, timeout=300, check=False)
    return done, time.monotonic() - started


@pytest.fixture(scope="module")
def run(server):
    """What `make run` runs, twice, with how long each took."""
    return [timed(server, EXAMPLE / "run") for _ in range(2)]


def test_one_command_deploys_sends_and_shows_the_answers(run):
    done, _ = run[0]
    assert done.returncode == 0, done.stdout + done.stderr
    answers = [json.loads(line[line.index("{") :]) for line in done.stdout.splitlines() if '"enriched"' in line]
    assert {it["id"] for it in answers} == {"order-1", "order-2"}
    assert all(it["answer"] and it["tokens"] > 0 for it in answers)


def test_it_may_be_repeated_and_the_second_time_takes_seconds(server, run):
    done, took = run[1]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No changes to deploy" in done.stdout + done.stderr
    assert done.stdout.count('"enriched"') == 2
    # Most of it is the start of the AWS CLI, half a dozen times, and that is as slow as the machine is busy. One of the
    # CLI's waits, of 30 seconds, would be seen on a quiet one.
    _, one_start = timed(server, "aws", "--version")
    assert took < max(20, 20 * one_start)


def test_it_fails_with_a_sentence_when_nothing_listens(server):
    environment = {**server.env(), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = subprocess.run([EXAMPLE / "run"], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1] == "error: The stack could not be deployed."


def test_tail_shows_the_answers(server, run, aws2):
    lines = server.cli("logs", "tail", f"/aws/lambda/{CONSUMER}", "--since", "10m", aws=aws2).stdout
    assert lines.count('"message": "enriched"') == 4


def test_the_template_carries_the_handler_as_it_is():
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's own tags as plain values."""

    Loader.add_multi_constructor("!", lambda loader, tag, node: node.value)
    template = yaml.load(TEMPLATE.read_text(), Loader)
    assert template["Resources"]["Function"]["Properties"]["Code"]["ZipFile"] == HANDLER.read_text()
    subprocess.run([EXAMPLE / "embed", "--check"], check=True)


def test_its_role_may_do_what_it_needs_and_nothing_else(server, run):
    iam = server.client("iam")
    role = f"{CONSUMER}-us-east-1"
    actions = set()
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]:
            assert statement["Resource"] != "*"
            actions |= set([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    assert actions == {
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "bedrock:InvokeModel",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []


@pytest.fixture(scope="module")
def short(server):
    """The example under another name, with timeouts that let a message fail three times in seconds; its outputs. Its
    function has been started, which may take longer than that on a busy machine."""
    stack = "eda-bedrock-short"
    parameters = [f"FunctionName={stack}", f"Runtime={RUNTIME}", "FunctionTimeout=10", "VisibilityTimeout=10"]
    command = ["cloudformation", "deploy", "--template-file", TEMPLATE, "--stack-name", stack]
    server.cli(*command, "--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides", *parameters)
    [found] = server.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {it["OutputKey"]: it["OutputValue"] for it in found["Outputs"]}
    eventually(lambda: "FunctionError" not in invoke(server, outputs["FunctionName"], {"Records": []}), seconds=120)
    return outputs


def dead_letter(sqs, outputs):
    """Waits for a message in the dead-letter queue and takes it out."""
    url = outputs["DeadLetterQueueUrl"]
    [got] = eventually(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages"), seconds=120)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    return got


def test_a_poisoned_message_reaches_the_dead_letter_queue_and_its_neighbour_is_answered(server, short):
    sqs = server.client("sqs")
    poison = sqs.send_message(QueueUrl=short["QueueUrl"], MessageBody="not JSON")
    good = sqs.send_message(QueueUrl=short["QueueUrl"], MessageBody='{"id": "good", "text": "hello"}')
    assert dead_letter(sqs, short)["MessageId"] == poison["MessageId"]
    lines = [json.loads(line) for line in logged(server, short["FunctionName"]) if line.startswith("{")]
    assert [it["message"] for it in lines if it.get("messageId") == good["MessageId"]] == ["enriched"]
    assert [it["message"] for it in lines if it.get("messageId") == poison["MessageId"]] == ["failed"] * 3


def test_without_leave_to_invoke_the_model_the_message_reaches_the_dead_letter_queue(server, short):
    iam, sqs = server.client("iam"), server.client("sqs")
    role = f"{short['FunctionName']}-us-east-1"
    policy = iam.get_role_policy(RoleName=role, PolicyName="invoke-model")["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName="invoke-model")
    try:
        sent = sqs.send_message(QueueUrl=short["QueueUrl"], MessageBody='{"id": "refused", "text": "hello"}')
        assert dead_letter(sqs, short)["MessageId"] == sent["MessageId"]
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="invoke-model", PolicyDocument=json.dumps(policy))

    lines = [json.loads(line) for line in logged(server, short["FunctionName"]) if line.startswith("{")]
    said = [it["error"] for it in lines if it.get("messageId") == sent["MessageId"]]
    assert len(said) == 3
    for error in said:
        assert "AccessDeniedException" in error
        assert f"assumed-role/{role}/{short['FunctionName']} is not authorized to perform: bedrock:InvokeModel" in error
        assert "foundation-model/amazon.titan-text-express-v1" in error
        assert "because no identity-based policy allows the bedrock:InvokeModel action" in error


def test_deleting_the_stack_leaves_nothing(server, short):
    server.cli("cloudformation", "delete-stack", "--stack-name", "eda-bedrock-short")
    server.cli("cloudformation", "wait", "stack-delete-complete", "--stack-name", "eda-bedrock-short")
    name = short["FunctionName"]
    assert "QueueUrls" not in server.client("sqs").list_queues(QueueNamePrefix=name)
    assert server.client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"] == []
    functions = [it["FunctionName"] for it in server.client("lambda").list_functions()["Functions"]]
    assert name not in functions
    roles = [it["RoleName"] for it in server.client("iam").list_roles()["Roles"]]
    assert not [it for it in roles if it.startswith(name)]
