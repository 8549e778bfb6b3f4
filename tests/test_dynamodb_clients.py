"""DynamoDB as libraries use it: the document client for JavaScript, PynamoDB, PyDynamoDB, and PartiQL with boto3."""

import datetime

import boto3
import node
import pydynamodb
import pytest
from errors import message, refused
from pynamodb.attributes import (
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.connection import Connection
from pynamodb.exceptions import DeleteError, PutError, TransactWriteError, UpdateError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, LocalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite


@pytest.fixture(scope="module")
def dynamodb(server):
    return server.client("dynamodb")


@pytest.fixture
def table(dynamodb, name):
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
    )
    return name


def test_the_document_client_of_javascript_does_all_that_an_application_does(server, name, node_home):
    env = {**server.env(), "AWS_REGION": "us-east-1"}
    assert node.run(node_home, "dynamodb.mjs", name, env=env) == "ok\n"


@pytest.fixture
def thread(server, name):
    """A model of PynamoDB, with its table."""

    class Access:
        region = "us-east-1"
        host = server.url
        aws_access_key_id = "test"
        aws_secret_access_key = "test"

    class ByViews(GlobalSecondaryIndex):
        class Meta:
            index_name = "by-views"
            projection = AllProjection()

        forum = UnicodeAttribute(hash_key=True)
        views = NumberAttribute(range_key=True)

    class ByAuthor(LocalSecondaryIndex):
        class Meta:
            index_name = "by-author"
            projection = AllProjection()

        forum = UnicodeAttribute(hash_key=True)
        author = UnicodeAttribute(range_key=True)

    class Place(MapAttribute):
        city = UnicodeAttribute()
        zip = NumberAttribute(null=True)

    class Thread(Model):
        class Meta(Access):
            table_name = name
            billing_mode = "PAY_PER_REQUEST"

        forum = UnicodeAttribute(hash_key=True)
        subject = UnicodeAttribute(range_key=True)
        views = NumberAttribute(default=0)
        author = UnicodeAttribute(null=True)
        tags = UnicodeSetAttribute(null=True)
        notes = ListAttribute(default=list)
        place = Place(null=True)
        raw = JSONAttribute(null=True)
        seen = UTCDateTimeAttribute(null=True)
        expires = TTLAttribute(null=True)
        version = VersionAttribute()
        by_views = ByViews()
        by_author = ByAuthor()

    Thread.Place = Place
    Thread.Access = Access
    Thread.create_table(wait=True)
    return Thread


def test_pynamodb_keeps_what_it_is_given(thread):
    seen = datetime.datetime(2025, 9, 6, 12, tzinfo=datetime.UTC)
    place = thread.Place(city="Madrid", zip=28001)
    item = thread("a", "one", views=3, tags={"x", "y"}, notes=[1, "two"], place=place, raw={"k": [1]}, seen=seen)
    item.save()
    found = thread.get("a", "one", consistent_read=True)
    assert (found.views, found.tags, found.notes, found.raw, found.seen) == (
        3,
        {"x", "y"},
        [1, "two"],
        {"k": [1]},
        seen,
    )
    assert (found.place.city, found.place.zip, found.version) == ("Madrid", 28001, 1)
    with pytest.raises(thread.DoesNotExist):
        thread.get("a", "none")
    assert thread.describe_table()["TableStatus"] == "ACTIVE"


def test_pynamodb_updates_under_conditions(thread):
    item = thread("a", "one")
    item.save()
    stale = thread.get("a", "one")
    item.update(actions=[thread.views.add(5), thread.notes.set(thread.notes.append(["n"])), thread.author.set("ana")])
    assert (item.views, item.notes, item.version) == (5, ["n"], 2)
    # The version has gone on meanwhile.
    with pytest.raises(UpdateError, match="ConditionalCheckFailed"):
        stale.update(actions=[thread.views.set(0)])
    with pytest.raises(PutError, match="ConditionalCheckFailed"):
        thread("a", "one").save(condition=thread.forum.does_not_exist())
    with pytest.raises(DeleteError, match="ConditionalCheckFailed"):
        item.delete(condition=thread.views > 100)
    item.delete(condition=(thread.views == 5) & thread.author.startswith("a"))
    assert thread.count() == 0


def test_pynamodb_queries_scans_and_batches(thread):
    with thread.batch_write() as batch:
        for it in range(60):
            batch.save(thread(f"f{it % 2}", f"s{it:02}", views=it, author=f"author{it % 3}"))
    assert thread.count("f0") == 30
    page = thread.query("f0", thread.subject.between("s10", "s20"), scan_index_forward=False)
    assert [it.subject for it in page] == ["s20", "s18", "s16", "s14", "s12", "s10"]
    assert [it.views for it in thread.by_views.query("f1", thread.views > 50, page_size=2)] == [51, 53, 55, 57, 59]
    of_author = list(thread.by_author.query("f0", thread.author == "author1", filter_condition=thread.views < 20))
    assert sorted(it.views for it in of_author) == [4, 10, 16]
    assert len(list(thread.scan(thread.views.is_in(1, 2, 3), page_size=10))) == 3
    parts = [list(thread.scan(segment=it, total_segments=3)) for it in range(3)]
    assert sum(map(len, parts)) == 60
    keys = [("f0", f"s{it:02}") for it in range(0, 60, 2)]
    assert len(list(thread.batch_get(keys))) == 30


def test_pynamodb_transactions(thread):
    connection = Connection(
        region="us-east-1", host=thread.Meta.host, aws_access_key_id="test", aws_secret_access_key="test"
    )
    with TransactWrite(connection=connection) as transaction:
        transaction.save(thread("a", "one", views=1))
        transaction.save(thread("a", "two", views=2))
    with TransactGet(connection=connection) as transaction:
        one, two = (transaction.get(thread, "a", it) for it in ("one", "two"))
    assert (one.get().views, two.get().views) == (1, 2)
    with pytest.raises(TransactWriteError) as error, TransactWrite(connection=connection) as transaction:
        transaction.delete(thread("a", "one"), condition=thread.views == 9, add_version_condition=False)
        transaction.save(thread("a", "three"))
    assert [it and it.code for it in error.value.cancellation_reasons] == ["ConditionalCheckFailed", None]
    assert thread.count("a") == 2


@pytest.fixture
def cursor(server, table):
    """PyDynamoDB speaks PartiQL behind Python's interface of databases."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    connection = pydynamodb.connect(session=session, region_name="us-east-1", endpoint_url=server.url)
    return connection.cursor()


# It sends as many statements in a batch as it is given, and DynamoDB takes 25.
def test_pydynamodb_inserts_selects_updates_and_deletes(cursor, table):
    insert = f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': ?, 'name': ?, 'tags': ?}}"
    cursor.execute(insert, ["p", 1, "one", ["x"]])
    cursor.executemany(insert, [["p", it, f"n{it}", []] for it in range(2, 22)])
    cursor.execute(f'SELECT pk, sk, "name" FROM "{table}" WHERE pk = ? AND sk < ?', ["p", 4])
    assert sorted(row[1] for row in cursor.fetchall()) == [1, 2, 3]
    cursor.execute(f'SELECT sk FROM "{table}" WHERE pk = ? LIMIT 5', ["p"])
    assert len(cursor.fetchall()) == 5
    cursor.execute(f'UPDATE "{table}" SET "name" = ? WHERE pk = ? AND sk = ?', ["new", "p", 1])
    cursor.execute(f'SELECT "name", tags FROM "{table}" WHERE pk = ? AND sk = ?', ["p", 1])
    assert cursor.fetchone() == ("new", ["x"])
    cursor.execute(f'DELETE FROM "{table}" WHERE pk = ? AND sk = ?', ["p", 1])
    cursor.execute(f'SELECT sk FROM "{table}" WHERE pk = ?', ["p"])
    assert len(cursor.fetchall()) == 20


def test_pydynamodb_transactions(cursor, table):
    insert = f"INSERT INTO \"{table}\" VALUE {{'pk': ?, 'sk': ?}}"
    connection = cursor.connection
    connection.begin()
    cursor.execute(insert, ["t", 1])
    cursor.execute(insert, ["t", 2])
    connection.commit()
    connection.begin()
    cursor.execute(insert, ["t", 3])
    cursor.execute(insert, ["t", 1])
    with pytest.raises(Exception, match="DuplicateItem"):
        connection.commit()
    other = connection.cursor()
    other.execute(f'SELECT sk FROM "{table}" WHERE pk = ?', ["t"])
    assert sorted(row[0] for row in other.fetchall()) == [1, 2]


def test_boto3_pages_through_statements(dynamodb, table):
    insert = f"INSERT INTO \"{table}\" VALUE {{'pk': 'p', 'sk': ?, 'set': <<'a', 'b'>>, 'bytes': ?}}"
    for it in range(7):
        dynamodb.execute_statement(Statement=insert, Parameters=[{"N": str(it)}, {"B": b"\x00\xff"}])
    select, seen, token = f"SELECT sk, bytes FROM \"{table}\" WHERE pk = 'p' ORDER BY sk DESC", [], {}
    while True:
        page = dynamodb.execute_statement(Statement=select, Limit=3, **token)
        seen += [int(it["sk"]["N"]) for it in page["Items"]]
        assert all(it["bytes"]["B"] == b"\x00\xff" for it in page["Items"])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [6, 5, 4, 3, 2, 1, 0]
    with refused("ConditionalCheckFailedException") as error:
        dynamodb.execute_statement(
            Statement=f'DELETE FROM "{table}" WHERE pk = \'p\' AND sk = 1 AND size("set") > 2',
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert error.value.response["Item"]["set"] == {"SS": ["a", "b"]}
    with refused("ValidationException") as error:
        dynamodb.execute_statement(Statement=f'SELECT * FROM "{table}" WHERE')
    assert message(error) == "Statement wasn't well formed, can't be processed: Unexpected term"


def test_boto3_backs_up_and_restores(dynamodb, table, name):
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"N": "1"}})
    backup = dynamodb.create_backup(TableName=table, BackupName="first")["BackupDetails"]["BackupArn"]
    dynamodb.delete_item(TableName=table, Key={"pk": {"S": "a"}, "sk": {"N": "1"}})
    while (
        dynamodb.describe_backup(BackupArn=backup)["BackupDescription"]["BackupDetails"]["BackupStatus"] == "CREATING"
    ):
        pass
    dynamodb.restore_table_from_backup(TargetTableName=f"{name}-back", BackupArn=backup)
    dynamodb.get_waiter("table_exists").wait(TableName=f"{name}-back", WaiterConfig={"Delay": 1})
    assert dynamodb.scan(TableName=f"{name}-back")["Count"] == 1
    pages = dynamodb.get_paginator("list_backups").paginate(TableName=table)
    assert [it["BackupName"] for page in pages for it in page["BackupSummaries"]] == ["first"]

    recovery = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}
    dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
    told = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    assert told["PointInTimeRecoveryDescription"]["RecoveryPeriodInDays"] == 7
    latest = {"SourceTableName": table, "UseLatestRestorableTime": True}
    dynamodb.restore_table_to_point_in_time(TargetTableName=f"{name}-now", **latest)
    dynamodb.get_waiter("table_exists").wait(TableName=f"{name}-now", WaiterConfig={"Delay": 1})
    assert dynamodb.scan(TableName=f"{name}-now")["Count"] == 0
