"""Lambda: who may use a function, versions and aliases, concurrency, asynchronous events; with SDKs and both CLIs."""

import io
import json
import os
import threading
import time
import zipfile

import pytest
from errors import refused
from functions import RUNTIME, allow, create_function, create_role, invoke, policy, zipped
from server import ROOT_ACCOUNT, eventually

ECHO = """
    import time
    def handler(event, context):
        if isinstance(event, dict) and "sleep" in event:
            time.sleep(event["sleep"])
        if isinstance(event, dict) and event.get("fail"):
            raise ValueError("too foggy")
        return {"event": event, "version": context.function_version, "arn": context.invoked_function_arn}
"""


@pytest.fixture
def functions(server):
    return server.client("lambda")


@pytest.fixture
def echo(server, role, name):
    create_function(server, name, role, ECHO)
    return name


def test_a_permission_lets_another_account_in(server, functions, echo, account):
    arn = f"arn:aws:lambda:us-east-1:{ROOT_ACCOUNT}:function:{echo}"
    theirs = server.client("lambda", account)
    with refused("AccessDeniedException"):
        theirs.invoke(FunctionName=arn)
    added = functions.add_permission(
        FunctionName=echo, StatementId="them", Action="lambda:InvokeFunction", Principal=account
    )
    statement = json.loads(added["Statement"])
    assert statement["Principal"] == {"AWS": f"arn:aws:iam::{account}:root"}
    assert theirs.invoke(FunctionName=arn)["StatusCode"] == 200
    found = functions.get_policy(FunctionName=echo)
    assert json.loads(found["Policy"])["Statement"] == [statement]
    with refused("PreconditionFailedException"):
        functions.remove_permission(FunctionName=echo, StatementId="them", RevisionId="another")
    functions.remove_permission(FunctionName=echo, StatementId="them", RevisionId=found["RevisionId"])
    with refused("AccessDeniedException"):
        theirs.invoke(FunctionName=arn)
    with refused("ResourceNotFoundException"):
        functions.get_policy(FunctionName=echo)


def test_a_policy_grows_no_longer_than_its_quota(functions, echo):
    permission = dict(FunctionName=echo, Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
    # Some 300 bytes each, of 20,480.
    for number in range(100):
        granted = dict(permission, StatementId=f"{number:03}" + "x" * 90, SourceArn=f"arn:aws:s3:::bucket-{number}")
        if number < 50:
            functions.add_permission(**granted)
            continue
        try:
            functions.add_permission(**granted)
        except functions.exceptions.PolicyLengthExceededException:
            break
    before = functions.get_policy(FunctionName=echo)["Policy"]
    assert 19_000 < len(before) <= 20_480
    granted["StatementId"] = "y" * 93
    with refused("PolicyLengthExceededException", match="is bigger than the limit \\(20480\\)"):
        functions.add_permission(**granted)
    assert functions.get_policy(FunctionName=echo)["Policy"] == before


def test_a_payload_is_no_larger_than_its_quota(functions, echo):
    most = 6 * 1024 * 1024
    fits = json.dumps("x" * (most - 1000))
    assert functions.invoke(FunctionName=echo, Payload=fits)["StatusCode"] == 200
    with refused("RequestTooLargeException", match="Request must be smaller than 6291456 bytes"):
        functions.invoke(FunctionName=echo, Payload=json.dumps("x" * most))
    with refused("RequestTooLargeException", match="for the InvokeAsync operation"):
        functions.invoke(FunctionName=echo, InvocationType="Event", Payload=json.dumps("x" * 1024 * 1024))


def test_an_alias_moves_from_version_to_version(server, functions, echo):
    assert functions.publish_version(FunctionName=echo)["Version"] == "1"
    live = functions.create_alias(FunctionName=echo, Name="live", FunctionVersion="1")
    answer = invoke(server, echo, Qualifier="live")
    assert (answer["ExecutedVersion"], answer["Json"]["version"]) == ("1", "1")
    assert answer["Json"]["arn"] == live["AliasArn"]
    functions.update_function_code(FunctionName=echo, ZipFile=zipped(ECHO.replace('"event": event', '"new": event')))
    functions.get_waiter("function_updated_v2").wait(FunctionName=echo, WaiterConfig={"Delay": 1})
    assert functions.publish_version(FunctionName=echo)["Version"] == "2"
    assert "event" in invoke(server, echo, Qualifier="live")["Json"]
    functions.update_alias(
        FunctionName=echo, Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}}, FunctionVersion="1"
    )
    used = {invoke(server, echo, Qualifier="live")["ExecutedVersion"] for _ in range(40)}
    assert used == {"1", "2"}
    functions.update_alias(FunctionName=echo, Name="live", FunctionVersion="2", RoutingConfig={})
    assert "new" in invoke(server, echo, Qualifier="live")["Json"]
    listed = functions.list_versions_by_function(FunctionName=echo)["Versions"]
    assert [it["Version"] for it in listed] == ["$LATEST", "1", "2"]
    functions.get_waiter("published_version_active").wait(FunctionName=echo, Qualifier="2")


def test_reserved_concurrency_bounds_a_function(server, functions, echo):
    functions.put_function_concurrency(FunctionName=echo, ReservedConcurrentExecutions=1)
    functions.invoke(FunctionName=echo, InvocationType="Event", Payload=json.dumps({"sleep": 2}))

    def throttled():
        try:
            invoke(server, echo)
        except functions.exceptions.TooManyRequestsException as error:
            return error.response
        return None

    response = eventually(throttled)
    assert response["Error"]["Message"] == "Rate Exceeded."
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    functions.delete_function_concurrency(FunctionName=echo)
    assert invoke(server, echo)["StatusCode"] == 200


def test_an_asynchronous_failure_reaches_its_destination(server, functions, echo, queue):
    sqs = server.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    functions.put_function_event_invoke_config(
        FunctionName=echo, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    answer = functions.invoke(FunctionName=echo, InvocationType="Event", Payload=json.dumps({"fail": True}))
    assert answer["StatusCode"] == 202
    [message] = eventually(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages"))
    record = json.loads(message["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert record["responsePayload"]["errorMessage"] == "too foggy"


def test_a_success_reaches_another_function(server, functions, echo, name, role, queue):
    source = """
        import boto3, json, os
        def handler(event, context):
            boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(event))
    """
    created = create_function(server, f"{name}-next", role, source, Environment={"Variables": {"QUEUE": queue}})
    functions.put_function_event_invoke_config(
        FunctionName=echo, DestinationConfig={"OnSuccess": {"Destination": created["FunctionArn"]}}
    )
    functions.invoke(FunctionName=echo, InvocationType="Event", Payload=b'{"a": 1}')
    sqs = server.client("sqs")
    [message] = eventually(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages"), seconds=30)
    record = json.loads(message["Body"])
    assert (record["requestContext"]["condition"], record["requestPayload"]) == ("Success", {"a": 1})


def test_only_what_a_filter_takes_reaches_the_function(server, functions, name, role, queue):
    source = """
        import boto3, os
        def handler(event, context):
            for record in event["Records"]:
                boto3.client("sqs").send_message(QueueUrl=os.environ["SEEN"], MessageBody=record["body"])
    """
    sqs = server.client("sqs")
    seen = sqs.create_queue(QueueName=f"{name}-seen")["QueueUrl"]
    create_function(server, name, role, source, Environment={"Variables": {"SEEN": seen}})
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"body": {"size": [{"numeric": [">", 10]}], "kind": [{"anything-but": "test"}]}})
    mapping = functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName=name, FilterCriteria={"Filters": [{"Pattern": pattern}]}
    )
    for body in ({"size": 5, "kind": "x"}, {"size": 50, "kind": "test"}, {"size": 50, "kind": "x"}):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(body))
    sqs.send_message(QueueUrl=queue, MessageBody="no JSON")
    [message] = eventually(lambda: sqs.receive_message(QueueUrl=seen, WaitTimeSeconds=2).get("Messages"), seconds=30)
    assert json.loads(message["Body"]) == {"size": 50, "kind": "x"}
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left():
        found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(it) for it in found.values())

    eventually(lambda: left() == 0)
    assert "Messages" not in sqs.receive_message(QueueUrl=seen)
    functions.delete_event_source_mapping(UUID=mapping["UUID"])


def test_an_identity_policy_may_name_the_function_of_a_mapping(server, functions, name, role, queue):
    create_function(server, name, role, ECHO)
    arn = server.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    arn = arn["QueueArn"]
    uuid = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name, Enabled=False)["UUID"]
    other = f"arn:aws:lambda:us-east-1:{ROOT_ACCOUNT}:function:another"
    only = {"ArnEquals": {"lambda:FunctionArn": other}}
    trust = policy({"Effect": "Allow", "Principal": {"AWS": ROOT_ACCOUNT}, "Action": "sts:AssumeRole"})
    iam = server.client("iam")
    made = iam.create_role(RoleName=f"{name}-user", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    document = policy({**allow("lambda:*EventSourceMapping"), "Condition": only})
    iam.put_role_policy(RoleName=f"{name}-user", PolicyName="may", PolicyDocument=document)
    session = server.client("sts").assume_role(RoleArn=made, RoleSessionName="them")["Credentials"]
    theirs = server.client_as("lambda", session)
    for call in (
        lambda: theirs.update_event_source_mapping(UUID=uuid, BatchSize=1),
        lambda: theirs.delete_event_source_mapping(UUID=uuid),
        lambda: theirs.get_event_source_mapping(UUID=uuid),
    ):
        with refused("AccessDeniedException"):
            call()
    only = {"ArnLike": {"lambda:FunctionArn": f"arn:aws:lambda:*:*:function:{name}"}}
    document = policy({**allow("lambda:*EventSourceMapping"), "Condition": only})
    iam.put_role_policy(RoleName=f"{name}-user", PolicyName="may", PolicyDocument=document)
    assert theirs.update_event_source_mapping(UUID=uuid, BatchSize=1)["BatchSize"] == 1
    assert theirs.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"


def test_an_identity_policy_may_ask_for_tags(server, functions, echo, name):
    iam = server.client("iam")
    trust = policy({"Effect": "Allow", "Principal": {"AWS": ROOT_ACCOUNT}, "Action": "sts:AssumeRole"})
    made = iam.create_role(RoleName=f"{name}-user", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    only = {"StringEquals": {"aws:RequestTag/team": "sea"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    document = policy({**allow("lambda:TagResource"), "Condition": only})
    iam.put_role_policy(RoleName=f"{name}-user", PolicyName="may", PolicyDocument=document)
    theirs = server.client("sts").assume_role(RoleArn=made, RoleSessionName="them")["Credentials"]
    theirs = server.client_as("lambda", theirs)
    arn = functions.get_function(FunctionName=echo)["Configuration"]["FunctionArn"]
    for tags in ({"team": "land"}, {"team": "sea", "other": "x"}):
        with refused("AccessDeniedException"):
            theirs.tag_resource(Resource=arn, Tags=tags)
    theirs.tag_resource(Resource=arn, Tags={"team": "sea"})
    assert functions.list_tags(Resource=arn)["Tags"] == {"team": "sea"}


def test_a_role_that_trusts_lambda_no_longer_runs_nothing(server, functions, name):
    arn = create_role(server, name)
    create_function(server, name, arn, ECHO)
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    server.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    with refused("AccessDeniedException", match="cannot be assumed by Lambda"):
        functions.invoke(FunctionName=name)


def test_the_waiters_of_the_sdk(server, functions, role, name):
    functions.create_function(
        FunctionName=name, Role=role, Runtime=RUNTIME, Handler="index.handler", Code={"ZipFile": zipped(ECHO)}
    )
    quick = {"Delay": 1, "MaxAttempts": 5}
    functions.get_waiter("function_exists").wait(FunctionName=name, WaiterConfig=quick)
    functions.get_waiter("function_active").wait(FunctionName=name, WaiterConfig=quick)
    updated = functions.update_function_configuration(FunctionName=name, Timeout=9)
    assert updated["LastUpdateStatus"] == "InProgress"
    functions.get_waiter("function_updated").wait(FunctionName=name, WaiterConfig=quick)
    found = functions.get_function_configuration(FunctionName=name)
    assert (found["Timeout"], found["LastUpdateStatus"]) == (9, "Successful")
    assert found["RevisionId"] == updated["RevisionId"]


def test_a_large_upload_keeps_nobody_waiting(server, functions, role, name):
    """Forty megabytes are unpacked and hashed while others work."""
    archive = io.BytesIO(zipped(ECHO))
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_STORED) as it:
        it.writestr("large.bin", os.urandom(40 << 20))
    done = threading.Event()

    def upload():
        code = {"ZipFile": archive.getvalue()}
        functions.create_function(FunctionName=name, Role=role, Runtime=RUNTIME, Handler="index.handler", Code=code)
        done.set()

    thread = threading.Thread(target=upload)
    thread.start()
    sqs, slowest = server.client("sqs"), 0.0
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    while not done.is_set():
        started = time.monotonic()
        sqs.send_message(QueueUrl=url, MessageBody="x")
        slowest = max(slowest, time.monotonic() - started)
    thread.join()
    assert functions.get_function(FunctionName=name)["Configuration"]["CodeSize"] > 40 << 20
    assert slowest < 5


@pytest.mark.parametrize("version", [1, 2])
def test_both_versions_of_the_cli(server, role, name, tmp_path, version, request):
    aws = request.getfixturevalue("aws2") if version == 2 else "aws"
    package, answer = tmp_path / "code.zip", tmp_path / "answer.json"
    package.write_bytes(zipped(ECHO))

    def run(*arguments):
        return json.loads(server.cli("lambda", *arguments, aws=aws).stdout or "null")

    run(
        *("create-function", "--function-name", name, "--runtime", RUNTIME, "--role", role),
        *("--handler", "index.handler", "--zip-file", f"fileb://{package}"),
    )
    server.cli("lambda", "wait", "function-active-v2", "--function-name", name, aws=aws)
    published = run("publish-version", "--function-name", name)
    assert published["Version"] == "1"
    run("create-alias", "--function-name", name, "--name", "live", "--function-version", "1")
    payload = ["--payload", '{"a": 1}', *(["--cli-binary-format", "raw-in-base64-out"] if version == 2 else [])]
    told = run("invoke", "--function-name", f"{name}:live", *payload, answer)
    assert told == {"StatusCode": 200, "ExecutedVersion": "1"}
    assert json.loads(answer.read_text())["event"] == {"a": 1}
    permission = ["--statement-id", "s3", "--action", "lambda:InvokeFunction", "--principal", "s3.amazonaws.com"]
    run("add-permission", "--function-name", name, *permission, "--source-arn", "arn:aws:s3:::bucket")
    assert "arn:aws:s3:::bucket" in run("get-policy", "--function-name", name)["Policy"]
    run("put-function-concurrency", "--function-name", name, "--reserved-concurrent-executions", "5")
    assert run("get-function", "--function-name", name)["Concurrency"] == {"ReservedConcurrentExecutions": 5}
    assert run("get-account-settings")["AccountLimit"]["ConcurrentExecutions"] == 1000
    server.cli("lambda", "delete-function", "--function-name", name, aws=aws)
