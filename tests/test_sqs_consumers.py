"""SQS as its consumers use it: the AWS SDK for JavaScript, Celery, a Lambda function on a FIFO queue."""

import subprocess
import sys
import textwrap

import node
from functions import create_function, logged
from server import eventually, spawn


def test_the_sdk_for_javascript_sends_and_receives(server, name, node_home):
    env = {**server.env(), "AWS_REGION": "us-east-1"}
    assert node.run(node_home, "sqs.mjs", name, env=env) == "ok\n"


TASKS = """
    import os, pathlib
    from celery import Celery

    app = Celery("tasks", broker="sqs://test:test@")
    app.conf.update(
        task_default_queue=os.environ["QUEUE"],
        broker_transport_options={"region": "us-east-1", "visibility_timeout": 60, "wait_time_seconds": 1},
        broker_connection_retry_on_startup=True,
        worker_enable_remote_control=False,
        task_ignore_result=True,
    )


    @app.task
    def write(path, text):
        pathlib.Path(path).write_text(text)
"""


def test_a_celery_worker_carries_out_a_task(server, name, tmp_path):
    (tmp_path / "tasks.py").write_text(textwrap.dedent(TASKS))
    env = {**server.env(), "QUEUE": name, "PYTHONPATH": str(tmp_path), "AWS_ENDPOINT_URL_SQS": server.url}
    result = tmp_path / "result"
    send = f"import tasks; tasks.write.delay({str(result)!r}, 'done')"
    subprocess.run([sys.executable, "-c", send], env=env, check=True, timeout=60, cwd=tmp_path)

    worker = [sys.executable, "-m", "celery", "-A", "tasks", "worker", "--pool", "solo", "--without-gossip"]
    with (tmp_path / "log").open("wb") as log:
        process = spawn(worker, env=env, cwd=tmp_path, stdout=log, stderr=log)
    try:
        eventually(lambda: result.exists() and result.read_text() == "done", seconds=45)
    except AssertionError as error:
        raise AssertionError((tmp_path / "log").read_text()[-3000:]) from error
    finally:
        process.terminate()
        process.wait(20)
    sqs = server.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    eventually(lambda: _is_empty(sqs, url))


def _is_empty(sqs, url):
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {found[f"ApproximateNumberOfMessages{it}"] for it in ("", "NotVisible")} == {"0"}


ORDER = """
    def handler(event, context):
        for it in event["Records"]:
            attributes = it["attributes"]
            print("GOT", it["body"], attributes["MessageGroupId"], len(attributes["SequenceNumber"]),
                  attributes["MessageDeduplicationId"], it["eventSourceARN"].rsplit(":", 1)[1])
"""


def test_a_function_sees_the_messages_of_a_group_in_order(server, name, role):
    sqs, functions = server.client("sqs"), server.client("lambda")
    url = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    create_function(server, name, role, ORDER)
    mapping = functions.create_event_source_mapping(EventSourceArn=arn, FunctionName=name, BatchSize=2)["UUID"]
    bodies = {group: [f"{group}{number}" for number in range(6)] for group in "ab"}
    for body in sum(bodies.values(), []):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=body[0], MessageDeduplicationId=body)

    def all_lines():
        lines = [it.split() for it in logged(server, name) if it.startswith("GOT")]
        return lines if len(lines) == 12 else []

    lines = eventually(all_lines, seconds=45)
    for group, expected in bodies.items():
        assert [it[1] for it in lines if it[2] == group] == expected
    assert {(it[3], it[5]) for it in lines} == {("20", f"{name}.fifo")}
    assert all(it[1] == it[4] for it in lines)
    functions.delete_event_source_mapping(UUID=mapping)
