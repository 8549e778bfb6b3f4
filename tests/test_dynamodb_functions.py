"""A table's stream as the event source of real functions: what they see, and that a crash skips nothing."""

import json
import os
import random
import threading
import time

import pytest
from errors import refused
from functions import allow, create_function, create_role, logged
from server import eventually

ROUNDS = int(os.environ.get("NIEBLA_CRASH_ROUNDS_OF_STREAMS", "4"))
WRITERS = 3

# What AWSLambdaDynamoDBExecutionRole permits.
READS = allow(["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"])
LOGS = allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])

SHOW = """
    import json

    def handler(event, context):
        for record in event["Records"]:
            print(json.dumps({"record": record}))
"""

# Keeps every item that it hears of.
KEEP = """
    import os
    import boto3

    table = boto3.client("dynamodb")

    def handler(event, context):
        images = [record["dynamodb"]["NewImage"] for record in event["Records"]]
        puts = [{"PutRequest": {"Item": image}} for image in images]
        table.batch_write_item(RequestItems={os.environ["SEEN"]: puts})
"""


def create_table(server, name, sort=None, view="NEW_AND_OLD_IMAGES"):
    """Returns the ARN of the new table's stream."""
    keys = {"id": "S", **({sort: "N"} if sort else {})}
    created = server.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ["HASH", "RANGE"], strict=False)],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )
    return created["TableDescription"]["LatestStreamArn"]


def records(server, name):
    lines = [json.loads(line) for line in logged(server, name) if line.startswith('{"record"')]
    return [line["record"] for line in lines]


def test_changes_of_a_table_reach_a_function_in_their_order(server, name):
    stream = create_table(server, name)
    create_function(server, name, create_role(server, name, READS, LOGS), SHOW)
    lambda_, table = server.client("lambda"), server.client("dynamodb")
    mapping = lambda_.create_event_source_mapping(
        FunctionName=name, EventSourceArn=stream, StartingPosition="TRIM_HORIZON", BatchSize=10
    )
    assert mapping["StateTransitionReason"] == "User action"
    binary, numbers = b"\x00\xff", {"NS": ["1", "2.5"]}
    table.put_item(TableName=name, Item={"id": {"S": "a"}, "b": {"B": binary}, "l": {"L": [{"NULL": True}, numbers]}})
    table.update_item(
        TableName=name,
        Key={"id": {"S": "a"}},
        UpdateExpression="SET n = :n REMOVE l, b",
        ExpressionAttributeValues={":n": {"N": "1e2"}},
    )
    table.delete_item(TableName=name, Key={"id": {"S": "a"}})
    seen = eventually(lambda: (found := records(server, name)) and len(found) == 3 and found)
    assert [it["eventName"] for it in seen] == ["INSERT", "MODIFY", "REMOVE"]
    assert seen[0]["dynamodb"]["NewImage"] == {
        "id": {"S": "a"},
        "b": {"B": "AP8="},
        "l": {"L": [{"NULL": True}, {"NS": ["1", "2.5"]}]},
    }
    assert seen[1]["dynamodb"]["NewImage"] == {"id": {"S": "a"}, "n": {"N": "100"}}
    assert seen[2]["dynamodb"]["OldImage"] == {"id": {"S": "a"}, "n": {"N": "100"}}
    assert {it["eventSourceARN"] for it in seen} == {stream}
    found = eventually(
        lambda: (it := lambda_.get_event_source_mapping(UUID=mapping["UUID"]))["LastProcessingResult"] == "OK" and it
    )
    assert found["State"] == "Enabled"


def test_a_mapping_needs_a_role_that_reads_the_stream(server, name):
    stream = create_table(server, name)
    create_function(server, name, create_role(server, name, LOGS), SHOW)
    with refused("InvalidParameterValueException", match="Cannot access stream"):
        server.client("lambda").create_event_source_mapping(
            FunctionName=name, EventSourceArn=stream, StartingPosition="LATEST"
        )
    with refused("InvalidParameterValueException", match="Unsupported starting position"):
        server.client("lambda").create_event_source_mapping(
            FunctionName=name, EventSourceArn=stream, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=0
        )


@pytest.mark.parametrize("lanes", [1, 4])
def test_no_change_is_skipped_when_the_server_is_killed(fresh_server, name, lanes):
    server, chance = fresh_server, random.Random()
    stream = create_table(server, name, sort="n", view="NEW_IMAGE")
    create_table(server, f"{name}-seen", sort="n")
    role = create_role(server, name, READS, LOGS, allow("dynamodb:BatchWriteItem"))
    create_function(server, name, role, KEEP, Environment={"Variables": {"SEEN": f"{name}-seen"}})
    server.client("lambda").create_event_source_mapping(
        FunctionName=name, EventSourceArn=stream, StartingPosition="LATEST", BatchSize=25, ParallelizationFactor=lanes
    )
    acknowledged, lock = set(), threading.Lock()

    def write(writer):
        table = server.client("dynamodb")
        for number in range(1_000_000):
            try:
                table.put_item(TableName=name, Item={"id": {"S": writer}, "n": {"N": str(number)}})
            except Exception:  # noqa: BLE001 - the server is gone
                return
            with lock:
                acknowledged.add((writer, number))
            time.sleep(0.05)

    def kept():
        return server.client("dynamodb").describe_table(TableName=f"{name}-seen")["Table"]["ItemCount"]

    for number in range(ROUNDS):
        threads = [threading.Thread(target=write, args=(f"{number}-{it}",)) for it in range(WRITERS)]
        for thread in threads:
            thread.start()
        # The function is at work when the server dies.
        before = kept()
        eventually(lambda before=before: kept() > before, seconds=60)
        time.sleep(chance.uniform(0, 0.5))
        server.kill9()
        for thread in threads:
            thread.join(15)
        server.start()

    pages = server.client("dynamodb").get_paginator("scan")

    def missing():
        found = set()
        for page in pages.paginate(TableName=f"{name}-seen"):
            found |= {(it["id"]["S"], int(it["n"]["N"])) for it in page["Items"]}
        return acknowledged - found

    eventually(lambda: not missing(), seconds=90, every=1)
