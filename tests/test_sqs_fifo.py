"""FIFO queues, move tasks and permissions, with boto3, on time that passes."""

import json

import pytest
from conftest import running
from errors import refused
from server import eventually


@pytest.fixture(scope="module")
def sqs(server):
    return server.client("sqs")


@pytest.fixture
def fifo(sqs, name):
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    return sqs.create_queue(QueueName=f"{name}.fifo", Attributes=attributes)["QueueUrl"]


def receive(sqs, url, **options):
    options.setdefault("MaxNumberOfMessages", 10)
    return sqs.receive_message(QueueUrl=url, **options).get("Messages", [])


def arn_of(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def test_a_group_is_given_in_order_and_one_receiver_at_a_time(sqs, fifo):
    for body in ("1", "2", "3"):
        sqs.send_message(QueueUrl=fifo, MessageBody=body, MessageGroupId="g")
    sqs.send_message(QueueUrl=fifo, MessageBody="1", MessageGroupId="g")

    got = receive(sqs, fifo, MaxNumberOfMessages=2, VisibilityTimeout=1)
    assert [it["Body"] for it in got] == ["1", "2"]
    assert receive(sqs, fifo) == []
    # A long poll is woken when the group is free again.
    again = receive(sqs, fifo, WaitTimeSeconds=5)
    assert [it["Body"] for it in again] == ["1", "2", "3"]
    with refused("InvalidParameterValue", match="The receipt handle has expired"):
        sqs.delete_message(QueueUrl=fifo, ReceiptHandle=got[0]["ReceiptHandle"])


def test_deleting_a_message_wakes_who_waits_for_its_group(sqs, fifo):
    for body in ("1", "2"):
        sqs.send_message(QueueUrl=fifo, MessageBody=body, MessageGroupId="g")
    [one] = receive(sqs, fifo, MaxNumberOfMessages=1)
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=one["ReceiptHandle"])
    assert [it["Body"] for it in receive(sqs, fifo, WaitTimeSeconds=5)] == ["2"]


def test_sequence_numbers_grow(sqs, fifo):
    numbers = [
        int(sqs.send_message(QueueUrl=fifo, MessageBody=f"{it}", MessageGroupId="g")["SequenceNumber"])
        for it in range(3)
    ]
    assert numbers == sorted(set(numbers))
    [got] = receive(sqs, fifo, MaxNumberOfMessages=1, AttributeNames=["SequenceNumber"])
    assert got["Attributes"] == {"SequenceNumber": f"{numbers[0]}"}


def test_dead_letters_go_back(sqs, name):
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    policy = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    receive(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []

    handle = sqs.start_message_move_task(SourceArn=arn_of(sqs, dead))["TaskHandle"]
    [back] = receive(sqs, url, WaitTimeSeconds=5)
    assert back["Body"] == "poison"

    def ended():
        [task] = sqs.list_message_move_tasks(SourceArn=arn_of(sqs, dead))["Results"]
        return task if task["Status"] != "RUNNING" else None

    task = eventually(ended)
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)
    with refused("AWS.SimpleQueueService.UnsupportedOperation"):
        sqs.cancel_message_move_task(TaskHandle=handle)


def test_a_permission_is_for_those_whom_it_names(server, sqs, queue, account):
    other = server.client("sqs", key=account)
    with refused("AccessDenied", "AccessDeniedException"):
        other.send_message(QueueUrl=queue, MessageBody="hi")
    sqs.add_permission(QueueUrl=queue, Label="friend", AWSAccountIds=[account], Actions=["SendMessage"])
    other.send_message(QueueUrl=queue, MessageBody="hi")
    sqs.remove_permission(QueueUrl=queue, Label="friend")
    with refused("AccessDenied", "AccessDeniedException"):
        other.send_message(QueueUrl=queue, MessageBody="hi")


def test_a_deleted_queues_name_stays_taken_only_where_that_is_enabled(sqs, queue, name):
    sqs.delete_queue(QueueUrl=queue)
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == queue
    with running("--enable", "sqs.queue-deleted-recently") as strict:
        client = strict.client("sqs")
        client.delete_queue(QueueUrl=client.create_queue(QueueName=name)["QueueUrl"])
        with refused("AWS.SimpleQueueService.QueueDeletedRecently", match="You must wait 60 seconds"):
            client.create_queue(QueueName=name)


TEMPLATE = """
Parameters:
  Who: {Type: String}
Resources:
  Dead:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, RedriveAllowPolicy: {redrivePermission: allowAll}}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      ContentBasedDeduplication: true
      DeduplicationScope: messageGroup
      FifoThroughputLimit: perMessageGroupId
      KmsMasterKeyId: alias/aws/sqs
      KmsDataKeyReusePeriodSeconds: 600
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Plain:
    Type: AWS::SQS::Queue
    Properties: {SqsManagedSseEnabled: false}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Jobs, !Ref Dead]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: !Ref Who}, Action: "sqs:SendMessage", Resource: "*"}]
  Inline:
    Type: AWS::SQS::QueueInlinePolicy
    Properties:
      Queue: !Ref Plain
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: !Ref Who}, Action: "sqs:SendMessage", Resource: "*"}]
Outputs:
  Jobs: {Value: !Ref Jobs}
  Plain: {Value: !Ref Plain}
  Inline: {Value: !Ref Inline}
"""


def test_a_stack_makes_queues_and_their_policies(server, sqs, name, account):
    stacks, other = server.client("cloudformation"), server.client("sqs", key=account)
    parameters = [{"ParameterKey": "Who", "ParameterValue": account}]
    stacks.create_stack(StackName=name, TemplateBody=TEMPLATE, Parameters=parameters)
    stacks.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    [stack] = stacks.describe_stacks(StackName=name)["Stacks"]
    outputs = {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]}
    assert outputs["Jobs"].endswith(".fifo")
    assert outputs["Inline"] == outputs["Plain"]
    found = sqs.get_queue_attributes(QueueUrl=outputs["Jobs"], AttributeNames=["All"])["Attributes"]
    assert {it: found[it] for it in ("FifoThroughputLimit", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds")} == {
        "FifoThroughputLimit": "perMessageGroupId",
        "KmsMasterKeyId": "alias/aws/sqs",
        "KmsDataKeyReusePeriodSeconds": "600",
    }
    other.send_message(QueueUrl=outputs["Jobs"], MessageBody="hi", MessageGroupId="g")
    other.send_message(QueueUrl=outputs["Plain"], MessageBody="hi")

    without = TEMPLATE[: TEMPLATE.index("  Policy:")] + TEMPLATE[TEMPLATE.index("Outputs:") :]
    without = without.replace("  Inline: {Value: !Ref Inline}\n", "")
    stacks.update_stack(StackName=name, TemplateBody=without, Parameters=parameters)
    stacks.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    for url in (outputs["Jobs"], outputs["Plain"]):
        with refused("AccessDenied", "AccessDeniedException"):
            other.send_message(QueueUrl=url, MessageBody="hi", MessageGroupId="g")
    stacks.delete_stack(StackName=name)
    stacks.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=name)
