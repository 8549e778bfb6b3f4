"""kill -9 under transactions: what was acknowledged is there, no transaction is there by halves, and index and stream
say the same as the table.

Each transaction moves an amount between two accounts and writes a receipt, so the sum of all accounts never changes.
`NIEBLA_CRASH_ROUNDS_OF_TABLES` sets the number of rounds.
"""

import os
import random
import threading
import time

from server import eventually

ROUNDS = int(os.environ.get("NIEBLA_CRASH_ROUNDS_OF_TABLES", "8"))
WRITERS = 4
ACCOUNTS = 8
RICH = 1_000


def create(table, name):
    keys = [{"AttributeName": "id", "KeyType": "HASH"}]
    index = {
        "IndexName": "by-kind",
        "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    created = table.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=keys,
        AttributeDefinitions=[{"AttributeName": it, "AttributeType": "S"} for it in ("id", "kind")],
        GlobalSecondaryIndexes=[index],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    for number in range(ACCOUNTS):
        item = {"id": {"S": f"account-{number}"}, "kind": {"S": "account"}, "amount": {"N": str(RICH)}}
        table.put_item(TableName=name, Item=item)
    return created["TableDescription"]["LatestStreamArn"]


def move(table, name, payer, payee, amount, receipt):
    """One transaction; returns whether it was carried out."""

    def change(account, sign, condition=None):
        update = {
            "TableName": name,
            "Key": {"id": {"S": f"account-{account}"}},
            "UpdateExpression": f"SET amount = amount {sign} :a",
            "ExpressionAttributeValues": {":a": {"N": str(amount)}},
        }
        return {"Update": {**update, **({"ConditionExpression": condition} if condition else {})}}

    # The receipt's kind changes later, so that its row in the index moves.
    put = {"TableName": name, "Item": {"id": {"S": receipt}, "kind": {"S": "open"}, "amount": {"N": str(amount)}}}
    try:
        table.transact_write_items(
            TransactItems=[change(payer, "-", "amount >= :a"), change(payee, "+"), {"Put": put}],
            ClientRequestToken=receipt,
        )
    except table.exceptions.TransactionCanceledException:
        return False
    table.update_item(
        TableName=name,
        Key={"id": {"S": receipt}},
        UpdateExpression="SET kind = :k",
        ExpressionAttributeValues={":k": {"S": "closed"}},
    )
    return True


def work(server, name, writer, acknowledged, lock):
    table, chance = server.client("dynamodb"), random.Random(writer)
    for number in range(1_000_000):
        payer, payee = chance.sample(range(ACCOUNTS), 2)
        receipt = f"{writer}-{number}"
        try:
            done = move(table, name, payer, payee, chance.randrange(1, 200), receipt)
        except Exception:  # noqa: BLE001 - the server is gone
            return
        if done:
            with lock:
                acknowledged.add(receipt)


def scanned(table, name):
    pages = table.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
    return {it["id"]["S"]: it for page in pages for it in page["Items"]}


def indexed(table, name):
    found = {}
    for kind in ("account", "open", "closed"):
        pages = table.get_paginator("query").paginate(
            TableName=name,
            IndexName="by-kind",
            KeyConditionExpression="kind = :k",
            ExpressionAttributeValues={":k": {"S": kind}},
        )
        found |= {it["id"]["S"]: it for page in pages for it in page["Items"]}
    return found


def replayed(streams, arn):
    """The table as its stream tells it; each change has to begin with what the one before it left."""
    items = {}
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        iterator = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            for record in answer["Records"]:
                change = record["dynamodb"]
                key = change["Keys"]["id"]["S"]
                assert items.get(key) == change.get("OldImage"), f"the change of {key} follows none"
                items[key] = change.get("NewImage")
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return items


def check(server, name, arn, acknowledged):
    table, streams = server.client("dynamodb"), server.client("dynamodbstreams")
    items = scanned(table, name)
    lost = acknowledged - items.keys()
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged transactions are lost"
    unclosed = {it for it in acknowledged if items[it]["kind"]["S"] != "closed"}
    assert not unclosed, f"{len(unclosed)} acknowledged updates are lost"
    amounts = [int(it["amount"]["N"]) for key, it in items.items() if key.startswith("account-")]
    assert sum(amounts) == ACCOUNTS * RICH and min(amounts) >= 0, "a transaction is there by halves"
    assert indexed(table, name) == items, "index and table differ"
    assert replayed(streams, arn) == items, "stream and table differ"
    described = table.describe_table(TableName=name)["Table"]
    assert described["ItemCount"] == len(items) == described["GlobalSecondaryIndexes"][0]["ItemCount"]


def test_no_transaction_is_lost_or_there_by_halves(fresh_server, name):
    server, acknowledged, lock = fresh_server, set(), threading.Lock()
    arn = create(server.client("dynamodb"), name)
    chance = random.Random()
    for number in range(ROUNDS):
        names = [f"{number}-{it}" for it in range(WRITERS)]
        threads = [threading.Thread(target=work, args=(server, name, it, acknowledged, lock)) for it in names]
        for thread in threads:
            thread.start()
        if number == 0:
            eventually(lambda: len(acknowledged) > 10)
        time.sleep(chance.uniform(0.2, 1.2))
        server.kill9()
        for thread in threads:
            thread.join(15)
            assert not thread.is_alive()
        server.start()
        check(server, name, arn, acknowledged)
    assert len(acknowledged) > ROUNDS * 5
