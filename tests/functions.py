"""Lambda functions and their roles, as the tests write them."""

import base64
import io
import json
import sys
import textwrap
import zipfile

# The interpreter that runs the tests is surely on this machine.
RUNTIME = f"python3.{sys.version_info.minor}"

TRUST_LAMBDA = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action, resource="*"):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def deny(action, resource="*"):
    return {"Effect": "Deny", "Action": action, "Resource": resource}


def create_role(server, name, *statements, key="test"):
    """Returns the ARN of a role for Lambda; without statements it may do everything."""
    iam = server.client("iam", key)
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST_LAMBDA)["Role"]
    document = policy(*(statements or [allow("*")]))
    iam.put_role_policy(RoleName=name, PolicyName="what-it-may-do", PolicyDocument=document)
    return role["Arn"]


def zipped(source, file="index.py"):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as it:
        it.writestr(file, textwrap.dedent(source))
    return archive.getvalue()


def create_function(server, name, role, source, *, key="test", **options):
    """Creates the function `name` from Python source in index.py and waits until it can be invoked."""
    functions = server.client("lambda", key)
    wanted = {"Runtime": RUNTIME, "Handler": "index.handler", "Timeout": 15, **options}
    created = functions.create_function(FunctionName=name, Role=role, Code={"ZipFile": zipped(source)}, **wanted)
    functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return created


def invoke(server, name, payload=None, *, key="test", **options):
    """Returns the answer of Invoke, with its payload decoded under `Json` and its log, if asked for, under `Log`."""
    body = json.dumps(payload if payload is not None else {}).encode()
    answer = server.client("lambda", key).invoke(FunctionName=name, Payload=body, **options)
    answer["Json"] = json.loads(answer["Payload"].read())
    if "LogResult" in answer:
        answer["Log"] = base64.b64decode(answer["LogResult"]).decode()
    return answer


def logged(server, name, key="test"):
    """Every message of the function's log so far."""
    logs = server.client("logs", key)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
    try:
        return [event["message"] for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return []
