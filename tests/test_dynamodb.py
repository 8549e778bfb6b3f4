"""DynamoDB, as its API reference and developer guide describe it, through boto3's client and its resource."""

import concurrent.futures
import json
import time
from decimal import Decimal

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from errors import message, refused


@pytest.fixture(scope="module")
def dynamodb(server):
    return server.client("dynamodb")


@pytest.fixture(scope="module")
def resource(server):
    return boto3.resource(
        "dynamodb",
        endpoint_url=server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )


def create(dynamodb, name, *keys, **options):
    """A table with these keys; `n` at the end of a key's name makes it a number."""
    kinds = ["HASH", "RANGE"]
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, kinds, strict=False)],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "N" if key.endswith("_n") else "S"}
            for key in [*keys, *options.pop("others", [])]
        ],
        **options,
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)


@pytest.fixture
def table(dynamodb, resource, name):
    create(dynamodb, name, "pk", "sk_n")
    return resource.Table(name)


def test_waiters_see_tables_come_and_go(dynamodb, name):
    create(dynamodb, name, "pk")
    assert dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name)
    with refused("ResourceNotFoundException"):
        dynamodb.describe_table(TableName=name)


def test_every_type_comes_back(table):
    item = {
        "pk": "a",
        "sk_n": 1,
        "number": Decimal("-12345678901234567890.123456789"),
        "binary": Binary(b"\x00\xff"),
        "null": None,
        "bool": True,
        "list": [1, "two", [Decimal("3.5")]],
        "map": {"nested": {"deep": "value"}, "empty": ""},
        "strings": {"a", "b"},
        "numbers": {1, Decimal("2.5")},
        "binaries": {Binary(b"x")},
    }
    table.put_item(Item=item)
    assert table.get_item(Key={"pk": "a", "sk_n": 1})["Item"] == item
    assert table.get_item(Key={"pk": "a", "sk_n": Decimal("1.0")}, ConsistentRead=True)["Item"] == item
    assert "Item" not in table.get_item(Key={"pk": "a", "sk_n": 2})


def test_the_resource_queries_in_pages(table):
    with table.batch_writer() as batch:
        for at in range(60):
            batch.put_item(Item={"pk": "p", "sk_n": at, "even": at % 2 == 0})
    found, start = [], {}
    while True:
        page = table.query(
            KeyConditionExpression=Key("pk").eq("p") & Key("sk_n").between(10, 49),
            FilterExpression=Attr("even").eq(True),
            Limit=7,
            ScanIndexForward=False,
            **start,
        )
        found += [int(it["sk_n"]) for it in page["Items"]]
        if "LastEvaluatedKey" not in page:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    assert found == list(range(48, 9, -2))
    assert table.scan(Select="COUNT")["Count"] == 60


def test_the_clients_paginators_work(dynamodb, table):
    with table.batch_writer() as batch:
        for at in range(25):
            batch.put_item(Item={"pk": str(at), "sk_n": at})
    pages = dynamodb.get_paginator("scan").paginate(TableName=table.name, PaginationConfig={"PageSize": 10})
    assert sorted(it["pk"]["S"] for page in pages for it in page["Items"]) == sorted(map(str, range(25)))
    names = dynamodb.get_paginator("list_tables").paginate(PaginationConfig={"PageSize": 1})
    assert table.name in [name for page in names for name in page["TableNames"]]


def test_segments_of_a_parallel_scan_are_the_whole(dynamodb, table):
    with table.batch_writer() as batch:
        for at in range(50):
            batch.put_item(Item={"pk": str(at), "sk_n": 0})
    segments = [table.scan(Segment=it, TotalSegments=4)["Items"] for it in range(4)]
    assert sorted(it["pk"] for segment in segments for it in segment) == sorted(map(str, range(50)))


def test_a_failed_condition_gives_the_item_back(dynamodb, table):
    table.put_item(Item={"pk": "a", "sk_n": 1, "v": 5})
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.update_item(
            TableName=table.name,
            Key={"pk": {"S": "a"}, "sk_n": {"N": "1"}},
            UpdateExpression="SET v = v + :one",
            ConditionExpression="v < :five",
            ExpressionAttributeValues={":one": {"N": "1"}, ":five": {"N": "5"}},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert message(caught) == "The conditional request failed"
    assert caught.value.response["Item"]["v"] == {"N": "5"}


def test_counters_count_every_call(dynamodb, table):
    def add(_):
        table.update_item(
            Key={"pk": "counter", "sk_n": 0}, UpdateExpression="ADD hits :one", ExpressionAttributeValues={":one": 1}
        )

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(200)))
    assert table.get_item(Key={"pk": "counter", "sk_n": 0})["Item"]["hits"] == 200


def test_transactions_tell_their_reasons_in_order(dynamodb, table):
    table.put_item(Item={"pk": "a", "sk_n": 1})
    key = {"pk": {"S": "a"}, "sk_n": {"N": "1"}}
    fresh = {"pk": {"S": "b"}, "sk_n": {"N": "1"}}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as caught:
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table.name, "Item": fresh}},
                {
                    "Delete": {
                        "TableName": table.name,
                        "Key": key,
                        "ConditionExpression": "attribute_not_exists(pk)",
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                },
            ]
        )
    reasons = caught.value.response["CancellationReasons"]
    assert [it["Code"] for it in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"] == key
    assert reasons[1]["Message"] == "The conditional request failed"
    assert table.scan(Select="COUNT")["Count"] == 1


def test_an_index_is_queried_and_built_later(dynamodb, resource, name):
    create(
        dynamodb,
        name,
        "pk",
        others=["g"],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-g",
                "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    table = resource.Table(name)
    table.put_item(Item={"pk": "1", "g": "x", "h_n": 3, "v": "more"})
    found = table.query(IndexName="by-g", KeyConditionExpression=Key("g").eq("x"))["Items"]
    assert found == [{"pk": "1", "g": "x"}]
    with refused("ValidationException") as caught:
        table.query(IndexName="by-g", KeyConditionExpression=Key("g").eq("x"), ConsistentRead=True)
    assert message(caught) == "Consistent reads are not supported on global secondary indexes"
    dynamodb.update_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "h_n", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-h",
                    "KeySchema": [{"AttributeName": "h_n", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    found = table.query(IndexName="by-h", KeyConditionExpression=Key("h_n").eq(3))["Items"]
    assert found == [{"pk": "1", "g": "x", "h_n": 3, "v": "more"}]


def test_a_table_that_builds_an_index_is_in_use(dynamodb, table):
    with table.batch_writer() as batch:
        for at in range(3000):
            batch.put_item(Item={"pk": str(at), "sk_n": 0, "g": "x"})
    dynamodb.update_table(
        TableName=table.name,
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-g",
                    "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            }
        ],
    )
    with refused("ResourceInUseException"):
        dynamodb.delete_table(TableName=table.name)
    with refused("ResourceInUseException"):
        dynamodb.update_table(TableName=table.name, DeletionProtectionEnabled=True)
    with refused("ValidationException", match="backfilling"):
        table.query(IndexName="by-g", KeyConditionExpression=Key("g").eq("x"))
    dynamodb.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1})
    assert dynamodb.describe_table(TableName=table.name)["Table"]["GlobalSecondaryIndexes"][0]["ItemCount"] == 3000


def test_batches_leave_nothing_unprocessed(dynamodb, resource, table):
    puts = [{"PutRequest": {"Item": {"pk": "b", "sk_n": at}}} for at in range(25)]
    assert resource.batch_write_item(RequestItems={table.name: puts})["UnprocessedItems"] == {}
    keys = [{"pk": "b", "sk_n": at} for at in range(30)]
    found = resource.batch_get_item(RequestItems={table.name: {"Keys": keys}})
    assert len(found["Responses"][table.name]) == 25
    assert found["UnprocessedKeys"] == {}


def test_policies_decide_what_may_be_done_with_a_table(server, dynamodb, table):
    iam = server.client("iam")
    user = f"reader-{table.name}"
    iam.create_user(UserName=user)
    arn = dynamodb.describe_table(TableName=table.name)["Table"]["TableArn"]
    statement = {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="read", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    reader = server.client("dynamodb", key["AccessKeyId"], key["SecretAccessKey"])
    wanted = {"pk": {"S": "a"}, "sk_n": {"N": "1"}}
    reader.get_item(TableName=table.name, Key=wanted)
    reader.transact_get_items(TransactItems=[{"Get": {"TableName": table.name, "Key": wanted}}])
    for call in (
        lambda: reader.put_item(TableName=table.name, Item=wanted),
        lambda: reader.scan(TableName=table.name),
        lambda: reader.transact_write_items(TransactItems=[{"Put": {"TableName": table.name, "Item": wanted}}]),
    ):
        with refused("AccessDeniedException"):
            call()


def test_tables_survive_a_kill(fresh_server, name):
    dynamodb = fresh_server.client("dynamodb")
    create(dynamodb, name, "pk")
    for at in range(20):
        dynamodb.put_item(TableName=name, Item={"pk": {"S": str(at)}})
    fresh_server.kill9()
    fresh_server.start()
    assert fresh_server.client("dynamodb").scan(TableName=name, Select="COUNT")["Count"] == 20


# --- streams


def test_a_stream_tells_what_happened(server, dynamodb, resource, name):
    create(
        dynamodb,
        name,
        "pk",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    table = resource.Table(name)
    streams = server.client("dynamodbstreams")
    listed = streams.list_streams(TableName=name)["Streams"]
    assert [it["StreamArn"] for it in listed] == [table.latest_stream_arn]
    shard = streams.describe_stream(StreamArn=table.latest_stream_arn)["StreamDescription"]["Shards"][0]
    iterator = streams.get_shard_iterator(
        StreamArn=table.latest_stream_arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    table.put_item(Item={"pk": "a", "n": 1})
    table.delete_item(Key={"pk": "a"})
    page = streams.get_records(ShardIterator=iterator)
    assert [it["eventName"] for it in page["Records"]] == ["INSERT", "REMOVE"]
    assert page["Records"][0]["dynamodb"]["NewImage"] == {"pk": {"S": "a"}, "n": {"N": "1"}}
    assert streams.get_records(ShardIterator=page["NextShardIterator"])["Records"] == []


def test_a_stream_is_opened_to_another_account_by_its_policy(server, dynamodb, name):
    create(dynamodb, name, "pk", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    arn = dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"]
    other = server.client("dynamodbstreams", key="111122223333")
    with refused("AccessDeniedException"):
        other.describe_stream(StreamArn=arn)
    allowed = {
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": "dynamodb:DescribeStream",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    revision = dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy)["RevisionId"]
    assert dynamodb.put_resource_policy(ResourceArn=arn, Policy=policy)["RevisionId"] == revision
    assert other.describe_stream(StreamArn=arn)["StreamDescription"]["TableName"] == name
    with refused("AccessDeniedException"):
        other.get_shard_iterator(
            StreamArn=arn, ShardId="shardId-00000000000000000000-00000000", ShardIteratorType="LATEST"
        )
    with refused("AccessDeniedException"):
        server.client("dynamodb", key="111122223333").describe_table(TableName=arn.split("/stream/")[0])


# --- stacks

TABLE = """
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: %(billing)s
      AttributeDefinitions:
        - {AttributeName: id, AttributeType: S}
%(definitions)s
      KeySchema: [{AttributeName: id, KeyType: HASH}]
%(more)s
Outputs:
  Name: {Value: !Ref Orders}
  Arn: {Value: !GetAtt Orders.Arn}
"""
INDEX = """
        - IndexName: by-%(key)s
          KeySchema: [{AttributeName: %(key)s, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
"""


def template(*indexes, billing="PAY_PER_REQUEST", more=""):
    definitions = "\n".join(f"        - {{AttributeName: {it}, AttributeType: S}}" for it in indexes)
    listed = "".join(INDEX % {"key": it} for it in indexes)
    more += f"      GlobalSecondaryIndexes:{listed}" if indexes else ""
    return TABLE % {"billing": billing, "definitions": definitions, "more": more}


def deploy(cfn, name, body):
    try:
        cfn.describe_stacks(StackName=name)
    except cfn.exceptions.ClientError:
        cfn.create_stack(StackName=name, TemplateBody=body, Tags=[{"Key": "stack", "Value": name}])
        cfn.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    else:
        cfn.update_stack(StackName=name, TemplateBody=body, Tags=[{"Key": "stack", "Value": name}])
        cfn.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    outputs = cfn.describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    return {it["OutputKey"]: it["OutputValue"] for it in outputs}


def drift(cfn, name):
    found = cfn.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    while True:
        status = cfn.describe_stack_drift_detection_status(StackDriftDetectionId=found)
        if status["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            return status["StackDriftStatus"]
        time.sleep(0.05)


def recovery_days(dynamodb, table):
    told = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    return told["PointInTimeRecoveryDescription"].get("RecoveryPeriodInDays")


def test_a_stack_makes_changes_and_deletes_a_table(server, dynamodb, name):
    cfn = server.client("cloudformation")
    ttl = "      TimeToLiveSpecification: {AttributeName: expires, Enabled: 'true'}\n"
    recovery = "      PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 9}\n"
    outputs = deploy(cfn, name, template("a", more=ttl + recovery))
    table = outputs["Name"]
    assert outputs["Arn"].endswith(f":table/{table}")
    dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}, "a": {"S": "x"}, "b": {"S": "y"}, "c": {"S": "z"}})
    assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["AttributeName"] == "expires"
    assert recovery_days(dynamodb, table) == 9
    tags = dynamodb.list_tags_of_resource(ResourceArn=outputs["Arn"])["Tags"]
    assert {"Key": "stack", "Value": name} in tags

    # One index goes and two come, one after the other; the item stays.
    more = (
        "      TableClass: STANDARD_INFREQUENT_ACCESS\n"
        "      DeletionProtectionEnabled: 'false'\n"
        "      StreamSpecification: {StreamViewType: NEW_IMAGE}\n"
    )
    assert deploy(cfn, name, template("b", "c", more=more))["Name"] == table
    described = dynamodb.describe_table(TableName=table)["Table"]
    assert described["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert sorted(it["IndexName"] for it in described["GlobalSecondaryIndexes"]) == ["by-b", "by-c"]
    assert described["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert dynamodb.scan(TableName=table, IndexName="by-c")["Count"] == 1
    assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    assert recovery_days(dynamodb, table) is None

    # As the template says it; a change beside the stack is drift.
    assert drift(cfn, name) == "IN_SYNC"
    dynamodb.update_table(TableName=table, TableClass="STANDARD")
    assert drift(cfn, name) == "DRIFTED"

    cfn.delete_stack(StackName=name)
    cfn.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    with refused("ResourceNotFoundException"):
        dynamodb.describe_table(TableName=table)


def test_what_a_table_of_a_stack_cannot_be_is_named(server, name):
    cfn = server.client("cloudformation")
    policy = "      ContributorInsightsSpecification: {Enabled: true}\n"
    with refused("ValidationError", match="ContributorInsightsSpecification"):
        cfn.create_stack(StackName=name, TemplateBody=template(more=policy))
