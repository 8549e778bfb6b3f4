"""kill -9 under load: what was acknowledged is there afterwards, and no process is left behind.

Each round starts the server on the same data folder, lets writers, a reader and an invoker loose, and kills it at a
random moment. `NIEBLA_CRASH_ROUNDS` sets the number of rounds, `NIEBLA_CRASH_SEED` repeats their moments.
"""

import http.client
import json
import os
import random
import threading
import time
import urllib.parse

from functions import create_function, create_role
from server import REGION, descendants, eventually, exchange
from signing import sign

ROUNDS = int(os.environ.get("NIEBLA_CRASH_ROUNDS", "50"))
SEED = int(os.environ.get("NIEBLA_CRASH_SEED", str(random.randrange(1_000_000))))

WRITERS = 4
# A pause after each message keeps the final count small enough to read within seconds.
PAUSE_SECONDS = 0.002
# How long a reader hides what it takes: a crash between receive and delete gives the message back after this.
HIDDEN_SECONDS = 1

# What a client sees of a server that dies in the middle of an exchange.
DEAD = (OSError, http.client.HTTPException)

BUSY = """
    import time
    def handler(event, context):
        time.sleep(0.05)
        return "done"
"""


class Caller:
    """One connection to the server, for calls as fast as Python makes them."""

    def __init__(self, server):
        self.connection = server.connect(timeout=10)
        self.host = urllib.parse.urlsplit(server.url).netloc

    def sqs(self, operation, **parameters):
        """Returns SQS's answer; a call that was not acknowledged raises one of DEAD."""
        target = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"AmazonSQS.{operation}"}
        return json.loads(self.call("sqs", "/", json.dumps(parameters).encode(), target))

    def invoke(self, function):
        return self.call("lambda", f"/2015-03-31/functions/{function}/invocations", b"{}", {})

    def call(self, service, path, body, headers):
        headers = sign(
            "POST",
            path,
            body,
            {"Host": self.host, **headers},
            service=service,
            region=REGION,
            key="test",
            secret="test",
        )
        answer = exchange(self.connection, "POST", path, body, headers)
        if answer.status != 200:
            raise http.client.HTTPException(f"{answer.status}: {answer.text}")
        return answer.body


class Ledger:
    """What the server has acknowledged, as its callers remember it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.sent = {}  # id → body
        self.deletion_asked = set()
        self.deleted = set()
        self.unexpected = []


def write(caller, url, ledger, writer):
    for index in range(1_000_000):
        body = f"{writer}-{index}"
        sent = caller.sqs("SendMessage", QueueUrl=url, MessageBody=body)
        with ledger.lock:
            ledger.sent[sent["MessageId"]] = body
        time.sleep(PAUSE_SECONDS)


def read(caller, url, ledger):
    while True:
        received = caller.sqs("ReceiveMessage", QueueUrl=url, VisibilityTimeout=HIDDEN_SECONDS)
        for message in received.get("Messages", []):
            with ledger.lock:  # before the call: nobody knows whether an unanswered deletion happened
                ledger.deletion_asked.add(message["MessageId"])
            caller.sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            with ledger.lock:
                ledger.deleted.add(message["MessageId"])
        time.sleep(0.02)


def invoke(caller, function):
    while True:
        caller.invoke(function)


def until_death(server, ledger, work, *arguments):
    """Runs `work` with a connection of its own until the server is gone."""

    def run():
        try:
            work(Caller(server), *arguments)
        except Exception as error:
            if not (server.dying and isinstance(error, DEAD)):
                ledger.unexpected.append(f"{work.__name__}: {error!r}")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_nothing_acknowledged_is_lost_and_no_process_is_left(fresh_server, name):
    server, ledger, chance = fresh_server, Ledger(), random.Random(SEED)
    print(f"NIEBLA_CRASH_SEED={SEED} NIEBLA_CRASH_ROUNDS={ROUNDS}")
    url = server.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    create_function(server, name, create_role(server, name), BUSY)

    for number in range(ROUNDS):
        server.dying = False
        threads = [until_death(server, ledger, write, url, ledger, f"{number}-{it}") for it in range(WRITERS)]
        threads.append(until_death(server, ledger, read, url, ledger))
        threads.append(until_death(server, ledger, invoke, name))
        if number == 0:  # make sure that there is a child that could be left behind
            eventually(lambda: descendants(server.process.pid))
        time.sleep(chance.uniform(0.1, 0.8))
        server.dying = True
        server.kill9()  # fails when a child of it lives on
        for thread in threads:
            thread.join(15)
            assert not thread.is_alive()
        server.start()

    assert not ledger.unexpected
    assert len(ledger.sent) > ROUNDS * 10
    found = drain(server, url)
    lost = {it for it in ledger.sent if it not in found and it not in ledger.deletion_asked}
    assert not lost, f"{len(lost)} of {len(ledger.sent)} acknowledged messages are lost (seed {SEED})"
    risen = ledger.deleted & found.keys()
    assert not risen, f"{len(risen)} of {len(ledger.deleted)} deleted messages came back (seed {SEED})"
    changed = {it for it, body in found.items() if ledger.sent.get(it, body) != body}
    assert not changed


def drain(server, url):
    """Every message in the queue, by id, once those that a reader took have come back."""
    time.sleep(HIDDEN_SECONDS + 0.1)
    found, lock = {}, threading.Lock()

    def work():
        caller = Caller(server)
        while True:
            received = caller.sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
            if not received.get("Messages"):
                return
            with lock:
                found.update({it["MessageId"]: it["Body"] for it in received["Messages"]})

    threads = [threading.Thread(target=work) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found
