"""Lambda: runtimes other than Python, the environment, and the SDKs that AWS preinstalls."""

import io
import json
import re
import shutil
import zipfile

import pytest
from functions import create_function, invoke, zipped

NODE = "nodejs22.x"

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
needs_npm = pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")


def packed(files):
    """A zip of files by name; (source, mode) where the mode matters."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as it:
        for name, content in files.items():
            source, mode = content if isinstance(content, tuple) else (content, 0o644)
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100000 | mode) << 16
            it.writestr(entry, source)
    return archive.getvalue()


def create(server, name, role, code, **options):
    functions = server.client("lambda")
    wanted = {"Timeout": 15, **options}
    functions.create_function(FunctionName=name, Role=role, Code={"ZipFile": code}, **wanted)
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})


# --- Node.js


@needs_node
def test_node_functions_return_and_log(server, role, name):
    source = """
exports.handler = async (event, context) => {
  console.log("got", event);
  return { echo: event, request: context.awsRequestId, version: context.functionVersion };
};
"""
    create(server, name, role, packed({"index.js": source}), Runtime=NODE, Handler="index.handler")
    answer = invoke(server, name, {"word": "niebla"}, LogType="Tail")
    request = answer["ResponseMetadata"]["RequestId"]
    assert answer["Json"] == {"echo": {"word": "niebla"}, "request": request, "version": "$LATEST"}
    assert re.search(rf"\t{request}\tINFO\tgot {{ word: 'niebla' }}", answer["Log"])


@needs_node
def test_node_modules_and_callbacks(server, role, name):
    source = """
import { answer } from "./lib/answer.mjs";
export const handler = (event, context, callback) => setTimeout(() => callback(null, answer(event)), 10);
"""
    files = {"app.mjs": source, "lib/answer.mjs": "export const answer = (it) => it.n * 2;"}
    create(server, name, role, packed(files), Runtime=NODE, Handler="app.handler")
    assert invoke(server, name, {"n": 21})["Json"] == 42


@needs_node
def test_node_errors(server, role, name):
    source = 'exports.handler = async () => { throw new RangeError("too foggy"); };'
    create(server, name, role, packed({"index.js": source}), Runtime=NODE, Handler="index.handler")
    answer = invoke(server, name)
    assert answer["FunctionError"] == "Unhandled"
    assert (answer["Json"]["errorType"], answer["Json"]["errorMessage"]) == ("RangeError", "too foggy")
    assert answer["Json"]["trace"][0] == "RangeError: too foggy"


@needs_npm
@pytest.mark.parametrize("kind", ["js", "mjs"])
def test_the_sdk_for_javascript_need_not_be_packaged(server, role, name, queue, kind):
    load = {
        "js": 'const { SQSClient, SendMessageCommand } = require("@aws-sdk/client-sqs");',
        "mjs": 'import { SQSClient, SendMessageCommand } from "@aws-sdk/client-sqs";',
    }[kind]
    export = {"js": "exports.handler =", "mjs": "export const handler ="}[kind]
    source = f"""{load}
{export} async (event) => {{
  const input = {{ QueueUrl: event.queue, MessageBody: "from Node.js" }};
  return (await new SQSClient({{}}).send(new SendMessageCommand(input))).MessageId;
}};
"""
    create(server, name, role, packed({f"index.{kind}": source}), Runtime=NODE, Handler="index.handler", Timeout=60)
    answer = invoke(server, name, {"queue": queue}, LogType="Tail")
    if "could not be installed" in answer["Log"]:
        assert answer["Json"]["errorType"] == "Runtime.ImportModuleError"
        pytest.skip("npm reaches no registry here")
    assert "FunctionError" not in answer, answer["Json"]
    [got] = server.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=2)["Messages"]
    assert (got["Body"], got["MessageId"]) == ("from Node.js", answer["Json"])


# --- runtimes that a function brings

BOOTSTRAP = """#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
head=$(mktemp)
while true; do
  event=$(curl -sS -D "$head" "$api/invocation/next")
  id=$(tr -d '\\r' < "$head" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  echo "working on $event" >&2
  case "$event" in
    *fail*) curl -sS -d '{"errorType":"Foggy","errorMessage":"too foggy"}' \\
      -H 'Lambda-Runtime-Function-Error-Type: Foggy' "$api/invocation/$id/error" ;;
    *) curl -sS -d "{\\"handler\\":\\"$_HANDLER\\",\\"event\\":$event}" "$api/invocation/$id/response" ;;
  esac
done
"""


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("runtime", ["provided.al2023", "provided.al2"])
def test_a_bootstrap_speaks_the_runtime_api_itself(server, role, name, runtime):
    code = packed({"bootstrap": (BOOTSTRAP, 0o755)})
    create(server, name, role, code, Runtime=runtime, Handler="any.thing")
    answer = invoke(server, name, {"n": 1}, LogType="Tail")
    assert answer["Json"] == {"handler": "any.thing", "event": {"n": 1}}
    assert 'working on {"n": 1}' in answer["Log"]
    failed = invoke(server, name, "fail")
    assert failed["FunctionError"] == "Unhandled"
    assert failed["Json"] == {"errorType": "Foggy", "errorMessage": "too foggy"}
    assert invoke(server, name, 2)["Json"]["event"] == 2


def test_a_bootstrap_that_tells_that_it_cannot_start(server, role, name):
    source = """#!/bin/sh
curl -sS -d '{"errorType":"Extension.Foggy","errorMessage":"no start"}' \\
  -H 'Lambda-Runtime-Function-Error-Type: Extension.Foggy' \\
  "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error"
exit 1
"""
    create(server, name, role, packed({"bootstrap": (source, 0o755)}), Runtime="provided.al2023", Handler="x")
    answer = invoke(server, name, LogType="Tail")
    assert answer["Json"]["errorMessage"] == "no start"
    assert "INIT_REPORT" in answer["Log"] or "Status: error" in answer["Log"]


def test_a_package_without_a_bootstrap(server, role, name):
    create(server, name, role, zipped("x = 1"), Runtime="provided.al2023", Handler="x")
    answer = invoke(server, name)
    assert answer["FunctionError"] == "Unhandled"


# --- the environment

ENVIRONMENT = """
    import os
    def handler(event, context):
        return dict(os.environ)
"""


def test_the_environment_is_that_of_aws(server, role, name):
    create_function(server, name, role, ENVIRONMENT, MemorySize=256)
    env = invoke(server, name)["Json"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", env["_X_AMZN_TRACE_ID"])
    assert env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert env["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert env["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert env["AWS_LAMBDA_LOG_GROUP_NAME"] == f"/aws/lambda/{name}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", env["AWS_LAMBDA_LOG_STREAM_NAME"])
    assert re.fullmatch(r"AWS_Lambda_python3\.\d+", env["AWS_EXECUTION_ENV"])
    assert (env["TZ"], env["LANG"]) == (":UTC", "en_US.UTF-8")
    assert (env["LAMBDA_TASK_ROOT"], env["LAMBDA_RUNTIME_DIR"]) == ("/var/task", "/var/runtime")
    assert env["AWS_XRAY_CONTEXT_MISSING"] == "LOG_ERROR"
    assert re.fullmatch(r"[\d.]+:\d+", env["AWS_LAMBDA_RUNTIME_API"])
    again = invoke(server, name)["Json"]
    assert again["_X_AMZN_TRACE_ID"] != env["_X_AMZN_TRACE_ID"]
    assert again["AWS_LAMBDA_LOG_STREAM_NAME"] == env["AWS_LAMBDA_LOG_STREAM_NAME"]


def test_an_old_runtime_is_served_by_the_nearest_interpreter(server, role, name):
    """Nothing older than Python 3.8 is used, also where it is installed."""
    create_function(server, name, role, ENVIRONMENT, Runtime="python3.6")
    answer = invoke(server, name, LogType="Tail")
    assert "FunctionError" not in answer, answer["Json"]
    assert "The runtime python3.6 is not installed; Python 3." in answer["Log"]


def test_logs_in_json(server, role, name):
    source = """
        import logging
        def handler(event, context):
            logging.getLogger().warning("foggy")
            logging.getLogger().info("not told")
            print("plain")
    """
    logging_config = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "DEBUG"}
    create_function(server, name, role, source, LoggingConfig=logging_config)
    answer = invoke(server, name, LogType="Tail")
    lines = [json.loads(line) for line in answer["Log"].splitlines() if line.startswith("{")]
    kinds = [line["type"] for line in lines if "type" in line]
    assert kinds == ["platform.start", "platform.runtimeDone", "platform.report"]
    [told] = [line for line in lines if line.get("message") == "foggy"]
    assert (told["level"], told["requestId"]) == ("WARNING", answer["ResponseMetadata"]["RequestId"])
    assert not [line for line in lines if line.get("message") == "not told"]
    assert "plain" in answer["Log"]
