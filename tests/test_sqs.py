"""SQS, as its API reference and developer guide describe it."""

import hashlib
import json
import struct
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ET

import pytest
from errors import message, refused, status
from server import ROOT_ACCOUNT

QUERY = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
JSON = {"Content-Type": "application/x-amz-json-1.0"}
XMLNS = "{http://queue.amazonaws.com/doc/2012-11-05/}"
NO_SUCH_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"


@pytest.fixture(scope="module")
def sqs(server):
    return server.client("sqs")


def bodies(sqs, url, **options):
    return [it["Body"] for it in receive(sqs, url, **options)]


def receive(sqs, url, **options):
    options.setdefault("MaxNumberOfMessages", 10)
    return sqs.receive_message(QueueUrl=url, **options).get("Messages", [])


def attributes(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])["Attributes"]


# --- queues


def test_a_queue_is_created_found_listed_and_deleted(sqs, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url.endswith(f"/{ROOT_ACCOUNT}/{name}")
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url]

    sqs.delete_queue(QueueUrl=url)
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=name)
    with refused(NO_SUCH_QUEUE, match="The specified queue does not exist"):
        sqs.get_queue_url(QueueName=name)


def test_a_new_queue_has_the_documented_defaults(sqs, queue, name):
    found = attributes(sqs, queue)
    assert found["QueueArn"] == f"arn:aws:sqs:us-east-1:{ROOT_ACCOUNT}:{name}"
    assert {it: found[it] for it in ("VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds")} == {
        "VisibilityTimeout": "30",
        "MessageRetentionPeriod": "345600",
        "DelaySeconds": "0",
    }
    assert found["ReceiveMessageWaitTimeSeconds"] == "0"
    assert found["ApproximateNumberOfMessages"] == "0"
    assert abs(int(found["CreatedTimestamp"]) - time.time()) < 60


def test_creating_a_queue_again_returns_it_unless_its_attributes_differ(sqs, queue, name):
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == queue
    with refused("QueueAlreadyExists", match="A queue already exists with the same name and a different value"):
        sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "31"})


def test_attributes_can_be_changed(sqs, queue):
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "7", "DelaySeconds": "1"})
    assert attributes(sqs, queue, "VisibilityTimeout", "DelaySeconds") == {
        "VisibilityTimeout": "7",
        "DelaySeconds": "1",
    }


def test_accounts_and_regions_do_not_see_each_other(server, account, name):
    mine, other = server.client("sqs", key=account), server.client("sqs", key=account, region="eu-west-1")
    url = mine.create_queue(QueueName=name)["QueueUrl"]
    assert f"/{account}/" in url
    assert mine.list_queues()["QueueUrls"] == [url]
    assert "QueueUrls" not in other.list_queues()


# --- messages


def test_a_message_goes_in_and_comes_out(sqs, queue):
    sent = sqs.send_message(QueueUrl=queue, MessageBody="¡hola, niebla! <&>")
    assert sent["MD5OfMessageBody"] == hashlib.md5("¡hola, niebla! <&>".encode()).hexdigest()

    [got] = receive(sqs, queue, AttributeNames=["All"])
    assert got["MessageId"] == sent["MessageId"]
    assert got["Body"] == "¡hola, niebla! <&>"
    assert got["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert got["Attributes"]["ApproximateReceiveCount"] == "1"
    assert abs(int(got["Attributes"]["SentTimestamp"]) / 1000 - time.time()) < 60
    assert int(got["Attributes"]["ApproximateFirstReceiveTimestamp"]) >= int(got["Attributes"]["SentTimestamp"])

    assert attributes(sqs, queue, "ApproximateNumberOfMessagesNotVisible") == {
        "ApproximateNumberOfMessagesNotVisible": "1"
    }
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"])
    assert attributes(sqs, queue, "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible") == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
    }


def test_a_received_message_is_hidden_until_its_visibility_timeout_passes(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert bodies(sqs, queue, VisibilityTimeout=1) == ["hello"]
    assert bodies(sqs, queue) == []
    time.sleep(1.1)
    [again] = receive(sqs, queue, AttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}


def test_a_visibility_timeout_can_be_shortened_and_lengthened(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    [got] = receive(sqs, queue)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    [again] = receive(sqs, queue, VisibilityTimeout=1)
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=60)
    time.sleep(1.1)
    assert bodies(sqs, queue) == []


def test_a_delayed_message_appears_after_its_delay(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert bodies(sqs, queue) == []
    assert attributes(sqs, queue, "ApproximateNumberOfMessagesDelayed") == {"ApproximateNumberOfMessagesDelayed": "1"}
    assert bodies(sqs, queue, WaitTimeSeconds=3) == ["later"]


def test_message_attributes_travel_with_their_digest(sqs, queue):
    wanted = {
        "fog.density": {"DataType": "String", "StringValue": "thick"},
        "count": {"DataType": "Number", "StringValue": "42"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff"},
    }
    sent = sqs.send_message(QueueUrl=queue, MessageBody="hello", MessageAttributes=wanted)
    assert sent["MD5OfMessageAttributes"] == attributes_digest(wanted)

    [got] = receive(sqs, queue, MessageAttributeNames=["All"], VisibilityTimeout=0)
    assert got["MessageAttributes"] == wanted
    assert got["MD5OfMessageAttributes"] == attributes_digest(wanted)

    [one] = receive(sqs, queue, MessageAttributeNames=["fog.*"])
    assert one["MessageAttributes"] == {"fog.density": wanted["fog.density"]}


def attributes_digest(message_attributes):
    """As "Calculating the MD5 message digest for message attributes" of the developer guide says."""
    encoded = b""
    for key, value in sorted(message_attributes.items()):
        data = value.get("BinaryValue", value.get("StringValue", "").encode())
        for part in (key.encode(), value["DataType"].encode()):
            encoded += struct.pack(">I", len(part)) + part
        encoded += b"\x02" if "BinaryValue" in value else b"\x01"
        encoded += struct.pack(">I", len(data)) + data
    return hashlib.md5(encoded).hexdigest()


def test_a_batch_answers_for_each_entry(sqs, queue):
    entries = [{"Id": "a", "MessageBody": "one"}, {"Id": "b", "MessageBody": "two", "DelaySeconds": 9000}]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert [it["Id"] for it in sent["Successful"]] == ["a"]
    assert [(it["Id"], it["SenderFault"]) for it in sent["Failed"]] == [("b", True)]

    [got] = receive(sqs, queue)
    deleted = sqs.delete_message_batch(QueueUrl=queue, Entries=[{"Id": "x", "ReceiptHandle": got["ReceiptHandle"]}])
    assert [it["Id"] for it in deleted["Successful"]] == ["x"]
    with refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct"):
        sqs.send_message_batch(QueueUrl=queue, Entries=[entries[0], entries[0]])
    with refused("AWS.SimpleQueueService.EmptyBatchRequest"):
        sqs.send_message_batch(QueueUrl=queue, Entries=[])


# --- long polls


def test_a_long_poll_ends_as_soon_as_a_message_is_sent(sqs, queue):
    sent_at = []

    def send():
        time.sleep(0.4)
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
        sent_at.append(time.monotonic())

    sender = threading.Thread(target=send)
    sender.start()
    assert bodies(sqs, queue, WaitTimeSeconds=10) == ["hello"]
    received_at = time.monotonic()
    sender.join()
    assert received_at - sent_at[0] < 0.5


def test_a_long_poll_ends_when_a_hidden_message_returns(sqs, queue):
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    assert bodies(sqs, queue, VisibilityTimeout=1) == ["hello"]
    started = time.monotonic()
    assert bodies(sqs, queue, WaitTimeSeconds=10) == ["hello"]
    assert time.monotonic() - started < 2


def test_a_long_poll_without_a_message_lasts_as_long_as_it_was_told(sqs, queue):
    started = time.monotonic()
    assert bodies(sqs, queue, WaitTimeSeconds=1) == []
    assert 0.95 <= time.monotonic() - started < 2


def test_one_message_wakes_many_long_polls_and_goes_to_one(sqs, queue):
    got = []
    polls = [threading.Thread(target=lambda: got.extend(bodies(sqs, queue, WaitTimeSeconds=2))) for _ in range(5)]
    for poll in polls:
        poll.start()
    time.sleep(0.3)
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    for poll in polls:
        poll.join()
    assert got == ["hello"]


# --- dead letters


def test_a_message_received_too_often_moves_to_the_dead_letter_queue(sqs, queue, name):
    dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
    target = attributes(sqs, dead)["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": target, "maxReceiveCount": 2})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    sent = sqs.send_message(QueueUrl=queue, MessageBody="poison")

    assert bodies(sqs, queue, VisibilityTimeout=0) == ["poison"]
    assert bodies(sqs, queue, VisibilityTimeout=0) == ["poison"]
    assert bodies(sqs, queue) == []
    [moved] = receive(sqs, dead, AttributeNames=["All"], WaitTimeSeconds=2)
    assert moved["MessageId"] == sent["MessageId"]
    assert moved["Attributes"]["DeadLetterQueueSourceArn"] == attributes(sqs, queue)["QueueArn"]


def test_a_redrive_policy_must_name_a_queue_and_a_count(sqs, queue):
    for policy in ("not JSON", "{}", json.dumps({"deadLetterTargetArn": "nonsense", "maxReceiveCount": 2})):
        with refused("InvalidParameterValue", "InvalidAttributeValue", match="RedrivePolicy"):
            sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})


# --- refusals


def test_a_queue_that_does_not_exist(sqs, queue):
    with refused(NO_SUCH_QUEUE) as caught:
        sqs.send_message(QueueUrl=f"{queue}-not", MessageBody="hello")
    assert status(caught) == 400


@pytest.mark.parametrize("bad", ["x" * 81, "with space", "", "a/b"])
def test_a_queue_name_is_checked(sqs, bad):
    with refused("InvalidParameterValue", match="Can only include alphanumeric characters, hyphens, or underscores"):
        sqs.create_queue(QueueName=bad)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("VisibilityTimeout", "-1"), ("VisibilityTimeout", "43201"), ("DelaySeconds", "901"), ("DelaySeconds", "soon")],
)
def test_an_attribute_value_out_of_bounds_is_refused(sqs, queue, attribute, value):
    with refused("InvalidAttributeValue", match=f"Invalid value for the parameter {attribute}."):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={attribute: value})


def test_an_unknown_attribute_is_refused_by_name(sqs, queue):
    with refused("InvalidAttributeName", match="Unknown Attribute Colour."):
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Colour": "grey"})


@pytest.mark.parametrize("count", [0, 11])
def test_the_number_of_messages_is_between_1_and_10(sqs, queue, count):
    reason = f"Value {count} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10"
    with refused("InvalidParameterValue", match=reason):
        sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=count)


def test_a_wait_longer_than_20_seconds_is_refused(sqs, queue):
    with refused("InvalidParameterValue", match="Value 21 for parameter WaitTimeSeconds is invalid"):
        sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=21)


def test_a_receipt_handle_that_is_none(sqs, queue):
    with refused("ReceiptHandleIsInvalid", match="The input receipt handle"):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle="nonsense")


def test_a_message_that_is_empty_or_too_long(sqs, queue):
    with refused("MissingParameter", match="MessageBody"):
        sqs.send_message(QueueUrl=queue, MessageBody="")
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"MaximumMessageSize": "1024"})
    with refused("InvalidParameterValue", match="Message must be shorter than 1024 bytes"):
        sqs.send_message(QueueUrl=queue, MessageBody="x" * 1025)
    sqs.send_message(QueueUrl=queue, MessageBody="x" * 1024)


def test_a_message_with_characters_that_xml_forbids(sqs, queue):
    with refused("InvalidMessageContents"):
        sqs.send_message(QueueUrl=queue, MessageBody="bell \u0007")


# --- the two protocols, by hand


def query(server, **parameters):
    body = urllib.parse.urlencode({"Version": "2012-11-05", **parameters}).encode()
    return server.signed("POST", "/", body, QUERY, "sqs")


def test_the_query_protocol_sends_and_receives(server, queue):
    answer = query(server, Action="SendMessage", QueueUrl=queue, MessageBody="hello <&>")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/xml")
    root = ET.fromstring(answer.body)
    assert root.tag == f"{XMLNS}SendMessageResponse"
    sent = root.findtext(f"{XMLNS}SendMessageResult/{XMLNS}MessageId")
    assert root.findtext(f"{XMLNS}ResponseMetadata/{XMLNS}RequestId") == answer.headers["x-amzn-requestid"]

    answer = query(server, Action="ReceiveMessage", QueueUrl=queue, **{"AttributeName.1": "All"})
    message_element = ET.fromstring(answer.body).find(f"{XMLNS}ReceiveMessageResult/{XMLNS}Message")
    assert message_element.findtext(f"{XMLNS}MessageId") == sent
    assert message_element.findtext(f"{XMLNS}Body") == "hello <&>"
    named = {it.findtext(f"{XMLNS}Name"): it.findtext(f"{XMLNS}Value") for it in message_element}
    assert named["ApproximateReceiveCount"] == "1"


def test_the_query_protocol_refuses_in_xml(server, queue):
    answer = query(server, Action="SendMessage", QueueUrl=f"{queue}-not", MessageBody="hello")
    assert answer.status == 400
    error = ET.fromstring(answer.body).find(f"{XMLNS}Error")
    assert error.findtext(f"{XMLNS}Type") == "Sender"
    assert error.findtext(f"{XMLNS}Code") == NO_SUCH_QUEUE


def test_the_json_protocol_refuses_with_the_codes_of_both(server, queue):
    body = json.dumps({"QueueUrl": f"{queue}-not", "MessageBody": "hello"}).encode()
    answer = server.signed("POST", "/", body, {**JSON, "X-Amz-Target": "AmazonSQS.SendMessage"}, "sqs")
    assert answer.status == 400
    assert json.loads(answer.body)["__type"] == "com.amazonaws.sqs#QueueDoesNotExist"
    assert answer.headers["x-amzn-query-error"] == f"{NO_SUCH_QUEUE};Sender"
    assert answer.headers["content-type"] == "application/x-amz-json-1.0"
    assert answer.headers["x-amzn-requestid"]


def test_the_command_line_of_both_versions(server, queue, aws2):
    server.cli("sqs", "send-message", "--queue-url", queue, "--message-body", "one")
    server.cli("sqs", "send-message", "--queue-url", queue, "--message-body", "two", aws=aws2)
    seen = []
    for aws in ("aws", aws2):
        got = server.cli("sqs", "receive-message", "--queue-url", queue, "--output", "json", aws=aws)
        seen += [it["Body"] for it in json.loads(got.stdout)["Messages"]]
    assert sorted(seen) == ["one", "two"]


def test_queues_and_messages_survive_a_restart(fresh_server, name):
    sqs = fresh_server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sent = [sqs.send_message(QueueUrl=url, MessageBody=f"{index}")["MessageId"] for index in range(5)]
    fresh_server.restart()
    assert sorted(it["MessageId"] for it in receive(sqs, url, WaitTimeSeconds=1)) == sorted(sent)


def test_an_error_says_what_was_wrong_with_the_input(sqs):
    with refused("MissingParameter", "InvalidAddress", NO_SUCH_QUEUE) as caught:
        sqs.send_message(QueueUrl="not-a-url", MessageBody="hello")
    assert message(caught)
