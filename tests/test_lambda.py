"""Lambda: Python functions from a zip, what they return and log, how they fail, and SQS as their event source."""

import base64
import hashlib
import io
import json
import re
import time
import urllib.parse
import zipfile

import pytest
from errors import message, refused
from functions import RUNTIME, TRUST_LAMBDA, allow, create_function, create_role, invoke, logged, policy, zipped
from server import ROOT_ACCOUNT, eventually

ECHO = """
    def handler(event, context):
        print("got", event)
        return {"echo": event}
"""

# Returns what it is told to fail as a batch's failures, and logs each record that it gets.
CONSUMER = """
    import json

    def handler(event, context):
        failures = []
        for record in event["Records"]:
            print(json.dumps({"record": record, "batch": len(event["Records"])}))
            if "bad" in record["body"]:
                failures.append({"itemIdentifier": record["messageId"]})
            if "crash" in record["body"]:
                raise RuntimeError("asked to crash")
        return {"batchItemFailures": failures}
"""


@pytest.fixture(scope="module")
def functions(server):
    return server.client("lambda")


@pytest.fixture(scope="module")
def echo(server, role):
    create_function(server, "echo", role, ECHO)
    return "echo"


# --- functions


def test_a_function_is_created_described_and_deleted(server, functions, role, name):
    code = zipped(ECHO)
    created = create_function(server, name, role, ECHO, Timeout=7, MemorySize=256, Description="for a test")
    assert created["FunctionArn"] == f"arn:aws:lambda:us-east-1:{ROOT_ACCOUNT}:function:{name}"
    assert created["State"] in {"Pending", "Active"}
    found = functions.get_function(FunctionName=name)["Configuration"]
    assert (found["Runtime"], found["Handler"], found["Role"]) == (RUNTIME, "index.handler", role)
    assert (found["Timeout"], found["MemorySize"], found["Version"]) == (7, 256, "$LATEST")
    assert found["CodeSize"] == len(code)
    assert len(base64.b64decode(found["CodeSha256"])) == hashlib.sha256().digest_size
    assert found["State"] == "Active"
    assert found["PackageType"] == "Zip"

    functions.delete_function(FunctionName=name)
    with refused("ResourceNotFoundException", match=f"Function not found: .*:function:{name}"):
        functions.get_function(FunctionName=name)


def test_the_defaults_are_those_of_aws(functions, role, name):
    created = functions.create_function(
        FunctionName=name, Role=role, Runtime=RUNTIME, Handler="index.handler", Code={"ZipFile": zipped(ECHO)}
    )
    assert (created["Timeout"], created["MemorySize"]) == (3, 128)
    assert created["Architectures"] == ["x86_64"]
    assert created["TracingConfig"] == {"Mode": "PassThrough"}


def test_a_function_name_can_be_used_once(functions, role, echo):
    with refused("ResourceConflictException", match="Function already exist: echo"):
        functions.create_function(
            FunctionName=echo, Role=role, Runtime=RUNTIME, Handler="index.handler", Code={"ZipFile": zipped(ECHO)}
        )


# --- invocations


def test_an_invocation_returns_what_the_handler_returns(server, echo):
    answer = invoke(server, echo, {"word": "niebla", "ñ": [1, 2.5, None, True]})
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert answer["Json"] == {"echo": {"word": "niebla", "ñ": [1, 2.5, None, True]}}


def test_the_tail_of_the_log_comes_with_the_answer(server, echo):
    answer = invoke(server, echo, {"a": 1}, LogType="Tail")
    request = answer["ResponseMetadata"]["RequestId"]
    lines = [line for line in answer["Log"].splitlines() if line]
    lines = [line for line in lines if not line.startswith("INIT_START")]
    assert lines[0] == f"START RequestId: {request} Version: $LATEST"
    assert lines[1] == "got {'a': 1}"
    assert lines[2] == f"END RequestId: {request}"
    assert re.match(
        rf"REPORT RequestId: {request}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: \d+ MB",
        lines[3],
    )


def test_the_log_is_in_cloudwatch(server, echo):
    answer = invoke(server, echo, {"to": "the log"})
    request = answer["ResponseMetadata"]["RequestId"]
    eventually(lambda: any(it.startswith(f"REPORT RequestId: {request}") for it in logged(server, echo)))
    assert any("to': 'the log'" in it for it in logged(server, echo))
    streams = server.client("logs").describe_log_streams(logGroupName=f"/aws/lambda/{echo}")["logStreams"]
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", streams[0]["logStreamName"])


def test_the_context_and_the_environment_are_those_of_lambda(server, role, name):
    source = """
        import os
        def handler(event, context):
            return {
                "request": context.aws_request_id,
                "arn": context.invoked_function_arn,
                "memory": context.memory_limit_in_mb,
                "left": context.get_remaining_time_in_millis(),
                "group": context.log_group_name,
                "env": dict(os.environ),
                "cwd": os.getcwd(),
            }
    """
    create_function(server, name, role, source, Timeout=20, Environment={"Variables": {"COLOUR": "grey"}})
    answer = invoke(server, name)
    seen = answer["Json"]
    assert seen["request"] == answer["ResponseMetadata"]["RequestId"]
    assert seen["arn"] == f"arn:aws:lambda:us-east-1:{ROOT_ACCOUNT}:function:{name}"
    assert int(seen["memory"]) == 128
    assert 0 < seen["left"] <= 20_000
    assert seen["group"] == f"/aws/lambda/{name}"
    assert seen["cwd"] == "/var/task"
    env = seen["env"]
    assert env["COLOUR"] == "grey"
    assert env["AWS_REGION"] == "us-east-1"
    assert env["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert env["LAMBDA_TASK_ROOT"] == "/var/task"
    assert env["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert env["_HANDLER"] == "index.handler"


def test_a_function_is_the_role_that_it_was_given(server, name):
    source = """
        import boto3
        def handler(event, context):
            return boto3.client("sts").get_caller_identity()["Arn"]
    """
    arn = create_role(server, name, allow("logs:*"))
    create_function(server, name, arn, source)
    assert invoke(server, name)["Json"] == f"arn:aws:sts::{ROOT_ACCOUNT}:assumed-role/{name}/{name}"


def test_a_queue_url_keeps_working_inside_a_function(server, role, name, queue):
    source = """
        import boto3
        def handler(event, context):
            boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody="from inside")
    """
    create_function(server, name, role, source)
    answer = invoke(server, name, {"queue": queue})
    assert "FunctionError" not in answer, answer["Json"]
    [got] = server.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]
    assert got["Body"] == "from inside"


# --- failures


def test_an_exception_is_an_unhandled_error_with_its_type_and_trace(server, role, name):
    source = """
        def handler(event, context):
            raise ValueError("too foggy")
    """
    create_function(server, name, role, source)
    answer = invoke(server, name)
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Json"]["errorType"] == "ValueError"
    assert answer["Json"]["errorMessage"] == "too foggy"
    assert answer["Json"]["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert 'raise ValueError("too foggy")' in "".join(answer["Json"]["stackTrace"])


def test_a_handler_that_never_returns_is_ended_at_its_timeout(server, role, name):
    source = """
        import time
        def handler(event, context):
            if event.get("sleep"):
                time.sleep(60)
            return "awake"
    """
    create_function(server, name, role, source, Timeout=1)
    started = time.monotonic()
    answer = invoke(server, name, {"sleep": True}, LogType="Tail")
    assert 1 <= time.monotonic() - started < 5
    assert answer["FunctionError"] == "Unhandled"
    assert "Task timed out after 1.00 seconds" in answer["Json"]["errorMessage"]
    assert "Task timed out after 1.00 seconds" in answer["Log"] or "Status: timeout" in answer["Log"]
    assert invoke(server, name)["Json"] == "awake"


@pytest.mark.parametrize(
    ("handler", "error", "text"),
    [
        (
            "handler.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'handler': No module named 'handler'",
        ),
        ("index.nope", "Runtime.HandlerNotFound", "Handler 'nope' missing on module 'index'"),
        ("index", "Runtime.MalformedHandlerName", "Bad handler 'index'"),
    ],
)
def test_a_handler_that_does_not_exist(server, role, name, handler, error, text):
    create_function(server, name, role, ECHO, Handler=handler)
    answer = invoke(server, name)
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Json"]["errorType"] == error
    assert text in answer["Json"]["errorMessage"]


def test_source_that_is_not_python(server, role, name):
    create_function(server, name, role, "this is no Python!")
    answer = invoke(server, name)
    assert answer["Json"]["errorType"] == "Runtime.UserCodeSyntaxError"
    assert "Syntax error in module 'index'" in answer["Json"]["errorMessage"]


def test_a_process_that_exits(server, role, name):
    source = """
        import os
        def handler(event, context):
            if event.get("exit"):
                os._exit(3)
            return "here"
    """
    create_function(server, name, role, source)
    answer = invoke(server, name, {"exit": True})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Json"]["errorType"] == "Runtime.ExitError"
    assert "Runtime exited with error: exit status 3" in answer["Json"]["errorMessage"]
    assert invoke(server, name)["Json"] == "here"


def test_an_answer_that_json_cannot_say(server, role, name):
    source = """
        def handler(event, context):
            return {1, 2}
    """
    create_function(server, name, role, source)
    answer = invoke(server, name)
    assert answer["Json"]["errorType"] == "Runtime.MarshalError"
    assert "not JSON serializable" in answer["Json"]["errorMessage"]


def test_a_function_that_does_not_exist(functions, name):
    with refused("ResourceNotFoundException", match=f"Function not found: .*:function:{name}"):
        functions.invoke(FunctionName=name)


def test_a_payload_that_is_not_json(functions, echo):
    with refused("InvalidRequestContentException", match="Could not parse request body into json"):
        functions.invoke(FunctionName=echo, Payload=b"not JSON")


def test_a_package_is_downloaded_for_ten_minutes_by_whoever_has_the_link(fresh_server, name):
    functions = fresh_server.client("lambda")
    create_function(fresh_server, name, create_role(fresh_server, name), ECHO)
    code = functions.get_function(FunctionName=name)["Code"]
    assert code["RepositoryType"] == "S3"
    path = urllib.parse.urlsplit(code["Location"]).path
    got = fresh_server.http("GET", path)
    assert (got.status, got.body) == (200, zipped(ECHO))
    assert fresh_server.http("GET", path[:-1] + ("A" if path[-1] != "A" else "B")).status == 403
    assert fresh_server.http("POST", path).status == 403

    fresh_server.niebla("clock", "advance", "590s")
    assert fresh_server.http("GET", path).status == 200
    fresh_server.niebla("clock", "advance", "10s")
    assert (fresh_server.http("GET", path).status, "expired" in fresh_server.http("GET", path).text) == (403, True)

    path = urllib.parse.urlsplit(functions.get_function(FunctionName=name)["Code"]["Location"]).path
    fresh_server.restart()
    assert fresh_server.http("GET", path).body == zipped(ECHO)
    functions.delete_function(FunctionName=name)
    assert fresh_server.http("GET", path).status == 404


def test_an_account_is_told_what_its_packages_take(server, account):
    functions = server.client("lambda", key=account)
    role = server.client("iam", key=account).create_role(RoleName="r", AssumeRolePolicyDocument=TRUST_LAMBDA)
    size = len(zipped(ECHO))

    def usage():
        settings = functions.get_account_settings()
        assert settings["AccountLimit"]["TotalCodeSize"] == 75 << 30
        return tuple(settings["AccountUsage"][it] for it in ("TotalCodeSize", "FunctionCount"))

    assert usage() == (0, 0)
    create_function(server, "f", role["Role"]["Arn"], ECHO, key=account)
    functions.publish_version(FunctionName="f")
    assert usage() == (2 * size, 1)
    functions.update_function_code(FunctionName="f", ZipFile=zipped(CONSUMER))
    assert usage() == (size + len(zipped(CONSUMER)), 1)
    functions.delete_function(FunctionName="f", Qualifier="1")
    assert usage() == (len(zipped(CONSUMER)), 1)
    functions.delete_function(FunctionName="f")
    assert usage() == (0, 0)


def test_a_zip_that_is_not_a_zip(functions, role, name):
    wanted = {"FunctionName": name, "Role": role, "Runtime": RUNTIME, "Handler": "index.handler"}
    with refused("InvalidParameterValueException", match="Could not unzip uploaded file"):
        functions.create_function(**wanted, Code={"ZipFile": b"not a zip"})
    with refused("InvalidParameterValueException", match="Uploaded file must be a non-empty zip"):
        functions.create_function(**wanted, Code={"ZipFile": empty_zip()})
    with refused("ResourceNotFoundException"):
        functions.get_function(FunctionName=name)


def test_a_zip_that_reaches_outside_its_folder(server, role, name, tmp_path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as it:
        it.writestr("index.py", "def handler(event, context): pass")
        it.writestr("../../../../../../../../tmp/escaped-" + name, "out")
    with refused("InvalidParameterValueException"):
        server.client("lambda").create_function(
            FunctionName=name,
            Role=role,
            Runtime=RUNTIME,
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
        )


def empty_zip():
    archive = io.BytesIO()
    zipfile.ZipFile(archive, "w").close()
    return archive.getvalue()


@pytest.mark.parametrize("runtime", ["ruby3.3", "dotnet8"])
def test_an_interpreter_that_is_not_installed_is_named(server, functions, role, name, runtime):
    """On creation or at the latest on the first invocation, in words that say what to install."""
    wanted = {"FunctionName": name, "Role": role, "Runtime": runtime, "Handler": "index.handler"}
    try:
        functions.create_function(**wanted, Code={"ZipFile": zipped("", "index.rb")})
        functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        answer = invoke(server, name)
        assert answer["FunctionError"] == "Unhandled"
        said = answer["Json"]["errorMessage"]
    except functions.exceptions.ClientError as error:
        said = error.response["Error"]["Message"]
    assert runtime in said
    assert re.search(r"not (installed|found|available)", said)


def test_a_runtime_that_lambda_does_not_have(functions, role, name):
    with refused("InvalidParameterValueException", "ValidationException", match="cobol60"):
        functions.create_function(
            FunctionName=name, Role=role, Runtime="cobol60", Handler="index.handler", Code={"ZipFile": zipped(ECHO)}
        )


def test_a_role_that_lambda_may_not_assume(server, functions, name):
    trust = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    arn = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    with refused("InvalidParameterValueException", match="role defined for the function cannot be assumed by Lambda"):
        functions.create_function(
            FunctionName=name, Role=arn, Runtime=RUNTIME, Handler="index.handler", Code={"ZipFile": zipped(ECHO)}
        )


# --- SQS as an event source


@pytest.fixture
def pipe(server, functions, role, name):
    """Connects a queue to CONSUMER; returns the queue's and the dead-letter queue's URLs."""
    mappings = []

    def connect(**options):
        sqs = server.client("sqs")
        dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        redrive = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 2})
        settings = {"VisibilityTimeout": "2", "RedrivePolicy": redrive}
        url = sqs.create_queue(QueueName=name, Attributes=settings)["QueueUrl"]
        create_function(server, name, role, CONSUMER, Timeout=2)
        created = functions.create_event_source_mapping(EventSourceArn=arn_of(sqs, url), FunctionName=name, **options)
        mappings.append(created["UUID"])
        return url, dead

    yield connect
    for mapping in mappings:
        functions.delete_event_source_mapping(UUID=mapping)


def arn_of(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def records(server, name):
    """Each record that CONSUMER has logged, oldest first."""
    lines = (line for line in logged(server, name) if line.startswith('{"record"'))
    return [json.loads(line)["record"] for line in lines]


def count(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(it) for it in found.values())


def test_a_message_reaches_the_function_and_leaves_the_queue(server, pipe, name):
    url, _ = pipe()
    sqs = server.client("sqs")
    attributes = {"colour": {"DataType": "String", "StringValue": "grey"}}
    sent = sqs.send_message(QueueUrl=url, MessageBody="hello", MessageAttributes=attributes)

    [record] = eventually(lambda: records(server, name))
    assert record["messageId"] == sent["MessageId"]
    assert record["body"] == "hello"
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == arn_of(sqs, url)
    assert record["awsRegion"] == "us-east-1"
    assert record["receiptHandle"]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(record["attributes"])
    assert record["messageAttributes"]["colour"]["stringValue"] == "grey"
    assert record["messageAttributes"]["colour"]["dataType"] == "String"
    eventually(lambda: count(sqs, url) == 0)


def test_only_the_failures_of_a_batch_return(server, pipe, name):
    url, dead = pipe(FunctionResponseTypes=["ReportBatchItemFailures"], BatchSize=10, MaximumBatchingWindowInSeconds=1)
    sqs = server.client("sqs")
    for body in ("good one", "bad", "good two"):
        sqs.send_message(QueueUrl=url, MessageBody=body)

    [moved] = eventually(lambda: sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=2).get("Messages"), seconds=30)
    assert moved["Body"] == "bad"
    times = [record["body"] for record in records(server, name)]
    assert (times.count("good one"), times.count("bad"), times.count("good two")) == (1, 2, 1)
    assert count(sqs, url) == 0


def test_a_function_that_fails_sends_its_messages_to_the_dead_letter_queue(server, pipe, name):
    url, dead = pipe(BatchSize=1)
    sqs = server.client("sqs")
    sent = sqs.send_message(QueueUrl=url, MessageBody="crash")
    [moved] = eventually(lambda: sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=2).get("Messages"), seconds=30)
    assert moved["MessageId"] == sent["MessageId"]
    assert len(records(server, name)) == 2


def test_a_mapping_is_described_and_ends_with_its_deletion(server, functions, role, name, queue):
    create_function(server, name, role, CONSUMER, Timeout=5)
    sqs = server.client("sqs")
    created = functions.create_event_source_mapping(EventSourceArn=arn_of(sqs, queue), FunctionName=name)
    assert created["BatchSize"] == 10
    assert created["FunctionArn"].endswith(f":function:{name}")
    state = eventually(
        lambda: functions.get_event_source_mapping(UUID=created["UUID"])["State"] not in {"Creating", "Enabling"}
    )
    assert state
    [listed] = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert (listed["UUID"], listed["State"]) == (created["UUID"], "Enabled")

    functions.delete_event_source_mapping(UUID=created["UUID"])
    eventually(lambda: not functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"])
    sqs.send_message(QueueUrl=queue, MessageBody="nobody listens")
    time.sleep(1)
    assert records(server, name) == []
    assert count(sqs, queue) == 1


def test_a_mapping_that_cannot_work_is_refused(server, functions, role, name, queue):
    sqs = server.client("sqs")
    create_function(server, name, role, CONSUMER, Timeout=5)
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "4"})
    with refused("InvalidParameterValueException", match="Queue visibility timeout: 4 seconds is less than"):
        functions.create_event_source_mapping(EventSourceArn=arn_of(sqs, queue), FunctionName=name)
    with refused("ResourceNotFoundException", "InvalidParameterValueException"):
        functions.create_event_source_mapping(EventSourceArn=arn_of(sqs, queue), FunctionName=f"{name}-not")


def test_a_mapping_needs_a_role_that_may_receive(server, functions, name, queue):
    arn = create_role(server, name, allow("logs:*"))
    create_function(server, name, arn, CONSUMER, Timeout=5)
    with refused("InvalidParameterValueException") as caught:
        functions.create_event_source_mapping(EventSourceArn=arn_of(server.client("sqs"), queue), FunctionName=name)
    assert message(caught) == ("The provided execution role does not have permissions to call ReceiveMessage on SQS")


def test_a_function_and_its_mapping_work_after_a_restart(fresh_server, name):
    sqs, functions = fresh_server.client("sqs"), fresh_server.client("lambda")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = create_role(fresh_server, name)
    create_function(fresh_server, name, arn, CONSUMER, Timeout=10)
    functions.create_event_source_mapping(EventSourceArn=arn_of(sqs, url), FunctionName=name)
    fresh_server.restart()
    sqs.send_message(QueueUrl=url, MessageBody="still there")
    [record] = eventually(lambda: records(fresh_server, name))
    assert record["body"] == "still there"
