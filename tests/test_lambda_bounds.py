"""Lambda: a function or a message that misbehaves harms itself alone."""

import json
import time

import pytest
from functions import create_function, create_role, invoke
from server import eventually

NEIGHBOUR = """
    def handler(event, context):
        return "well"
"""

FORKS = """
    import os, time
    def handler(event, context):
        while True:
            try:
                if os.fork() == 0:
                    time.sleep(60)
            except OSError:
                pass
"""

FILLS_TMP = """
    def handler(event, context):
        written = 0
        try:
            with open("/tmp/filled", "wb") as it:
                while True:
                    written += it.write(b"x" * (1 << 20))
                    it.flush()
        except OSError as error:
            return {"error": error.strerror, "megabytes": written >> 20}
"""

FILLS_MEMORY = """
    def handler(event, context):
        kept = []
        while True:
            kept.append(bytearray(1 << 22))
"""

OPENS_SOCKETS = """
    import socket
    def handler(event, context):
        kept = []
        try:
            for _ in range(5000):
                kept.append(socket.socket())
        except OSError as error:
            return {"error": error.strerror, "sockets": len(kept)}
"""

NEVER_STOPS_PRINTING = """
    def handler(event, context):
        while True:
            print("x" * 1000)
"""


@pytest.fixture
def neighbour(server, role, name):
    """A function that answers at once, before and after the test."""
    create_function(server, f"{name}-neighbour", role, NEIGHBOUR)
    assert invoke(server, f"{name}-neighbour")["Json"] == "well"
    yield
    started = time.monotonic()
    assert invoke(server, f"{name}-neighbour")["Json"] == "well"
    assert time.monotonic() - started < 5


def test_endless_forks(server, role, name, neighbour):
    create_function(server, name, role, FORKS, Timeout=3)
    answer = invoke(server, name)
    assert answer["FunctionError"] == "Unhandled"
    # Whichever of its bounds it meets first: the time, or the memory that all its children have together.
    ends = ("Task timed out after 3.00 seconds", "signal: killed")
    assert any(it in answer["Json"]["errorMessage"] for it in ends)


def test_a_full_tmp(server, role, name, neighbour):
    create_function(server, name, role, FILLS_TMP, Timeout=60, MemorySize=1024, EphemeralStorage={"Size": 512})
    answer = invoke(server, name)["Json"]
    assert answer["error"] == "No space left on device"
    assert 500 <= answer["megabytes"] <= 512


def test_too_much_memory(server, role, name, neighbour):
    create_function(server, name, role, FILLS_MEMORY, Timeout=30)
    answer = invoke(server, name, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Json"]["errorType"] == "Runtime.ExitError"
    assert "signal: killed" in answer["Json"]["errorMessage"]
    assert "Memory Size: 128 MB" in answer["Log"]


def test_a_thousand_sockets(server, role, name, neighbour):
    create_function(server, name, role, OPENS_SOCKETS)
    answer = invoke(server, name)["Json"]
    assert answer["error"] == "Too many open files"
    assert answer["sockets"] < 1024


def test_output_without_end(server, role, name, neighbour):
    create_function(server, name, role, NEVER_STOPS_PRINTING, Timeout=2)
    answer = invoke(server, name, LogType="Tail")
    assert "Task timed out after 2.00 seconds" in answer["Json"]["errorMessage"]
    assert len(answer["Log"]) <= 4096


def test_a_poison_message(server, name, neighbour):
    """It comes back until its queue gives it up; what is sent beside it is worked on."""
    source = """
        def handler(event, context):
            for record in event["Records"]:
                if "poison" in record["body"]:
                    raise RuntimeError("poison")
    """
    sqs, functions = server.client("sqs"), server.client("lambda")
    create_function(server, name, create_role(server, name), source, Timeout=1)
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "1", "RedrivePolicy": redrive})["QueueUrl"]
    arn = dead_arn.removesuffix("-dead")
    mapping = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name, BatchSize=1)
    for body in ("poison", *(f"good {number}" for number in range(9))):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    [moved] = eventually(lambda: sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=2).get("Messages"), seconds=30)
    assert moved["Body"] == "poison"
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left():
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(it) for it in found.values())

    eventually(lambda: left() == 0, seconds=30)
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
