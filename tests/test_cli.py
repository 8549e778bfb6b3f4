"""The binary's own command line."""

import datetime
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from server import START_SECONDS, Server, binary, eventually, spawn
from signing import sign


def niebla(*arguments, env=None):
    return subprocess.run(
        [binary(), *map(str, arguments)], capture_output=True, text=True, timeout=30, env=env, check=False
    )


# --- start and stop


def test_start_prints_one_line_when_it_is_ready(fresh_server):
    assert re.fullmatch(
        rf"Niebla \d+\.\d+\.\d+\S* is ready on {re.escape(fresh_server.url)} \(data in {fresh_server.data_dir}\)\n",
        fresh_server.ready_line,
    )
    assert "\x1b" not in fresh_server.ready_line
    assert fresh_server.http("GET", "/_niebla/health").status == 200
    readable, _, _ = select.select([fresh_server.process.stdout], [], [], 0.3)
    assert not readable


def test_an_interrupt_ends_it_like_a_termination(fresh_server):
    fresh_server.process.send_signal(signal.SIGINT)
    assert fresh_server.process.wait(START_SECONDS) == 0


def test_a_termination_answers_who_waits(fresh_server, name):
    sqs = fresh_server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    connection = fresh_server.connect()
    body = json.dumps({"QueueUrl": url, "WaitTimeSeconds": 20})
    target = {"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": "application/x-amz-json-1.0"}
    host = {"Host": fresh_server.url.removeprefix("http://")}
    headers = sign(
        "POST", "/", body.encode(), {**host, **target}, service="sqs", region="us-east-1", key="test", secret="test"
    )
    connection.request("POST", "/", body, headers)
    time.sleep(0.3)
    started = time.monotonic()
    fresh_server.stop()
    assert time.monotonic() - started < 3
    answer = connection.getresponse()  # with what there is: no message
    assert (answer.status, json.loads(answer.read())) == (200, {})
    connection.close()


def test_an_ephemeral_server_leaves_nothing(tmp_path, name):
    server = Server(tmp_path / "data", "--ephemeral").start()
    server.client("sqs").create_queue(QueueName=name)
    server.stop()
    server.start()
    assert "QueueUrls" not in server.client("sqs").list_queues()
    server.stop()


def test_status_and_stop(fresh_server):
    said = fresh_server.niebla("status").stdout
    assert fresh_server.url in said
    assert re.search(r"\d+\.\d+\.\d+", said)

    fresh_server.niebla("stop")
    assert fresh_server.process.wait(START_SECONDS) == 0
    done = fresh_server.niebla("status", check=False)
    assert done.returncode != 0
    assert "not running" in done.stdout + done.stderr
    assert "niebla start" in done.stdout + done.stderr


def test_reset_empties_everything_and_goes_on(fresh_server, name):
    sqs = fresh_server.client("sqs")
    sqs.create_queue(QueueName=name)
    fresh_server.niebla("reset")
    assert "QueueUrls" not in sqs.list_queues()
    sqs.create_queue(QueueName=name)
    fresh_server.restart()
    assert len(sqs.list_queues()["QueueUrls"]) == 1


# --- the environment for a shell


def test_env_prints_lines_that_a_shell_can_evaluate(fresh_server):
    lines = fresh_server.niebla("env").stdout
    script = f'{lines}\nprintf "%s|" "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" "$AWS_REGION"'
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(["sh", "-euc", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split("|")[:3] == [fresh_server.url, "test", "test"]
    assert done.stdout.split("|")[3]
    assert "AWS_DEFAULT_REGION" in lines


# --- the clock


def test_the_clock_can_be_moved(fresh_server, name):
    sqs = fresh_server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="in two days", DelaySeconds=900)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    fresh_server.niebla("clock", "advance", "2d")
    [got] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, AttributeNames=["All"])["Messages"]
    assert got["Body"] == "in two days"

    queue = sqs.create_queue(QueueName=f"{name}-2")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["CreatedTimestamp"])["Attributes"]
    ahead = int(attributes["CreatedTimestamp"]) - time.time()
    assert abs(ahead - datetime.timedelta(days=2).total_seconds()) < 60
    assert fresh_server.niebla("clock").stdout.strip()


def test_moving_the_clock_wakes_a_long_poll(fresh_server, name):
    sqs = fresh_server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=600)
    command = ["aws", "--endpoint-url", fresh_server.url, "sqs", "receive-message", "--queue-url", url]
    poll = spawn([*command, "--wait-time-seconds", "20"], env=fresh_server.env(), stdout=subprocess.PIPE, text=True)
    time.sleep(2)
    fresh_server.niebla("clock", "advance", "11m")
    output, _ = poll.communicate(timeout=10)
    assert json.loads(output)["Messages"][0]["Body"] == "later"


# --- snapshots


def test_a_snapshot_is_saved_and_loaded(fresh_server, name, tmp_path):
    sqs = fresh_server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    file = tmp_path / "state.niebla"
    fresh_server.niebla("snapshot", "save", file)
    assert file.stat().st_size > 0

    sqs.delete_queue(QueueUrl=url)
    sqs.create_queue(QueueName=f"{name}-new")
    fresh_server.niebla("snapshot", "load", file)
    assert [it.rsplit("/", 1)[1] for it in sqs.list_queues()["QueueUrls"]] == [name]
    [got] = eventually(lambda: sqs.receive_message(QueueUrl=url).get("Messages"))
    assert got["Body"] == "kept"


def test_a_snapshot_that_is_none_is_refused_and_changes_nothing(fresh_server, name, tmp_path):
    sqs = fresh_server.client("sqs")
    sqs.create_queue(QueueName=name)
    file = tmp_path / "state.niebla"
    file.write_bytes(b"not a snapshot")
    done = fresh_server.niebla("snapshot", "load", file, check=False)
    assert done.returncode != 0
    assert str(file) in done.stderr
    done = fresh_server.niebla("snapshot", "load", tmp_path / "missing", check=False)
    assert done.returncode != 0
    assert "missing" in done.stderr
    assert len(sqs.list_queues()["QueueUrls"]) == 1


# --- the rest


def test_version_and_help():
    assert re.fullmatch(r"niebla \d+\.\d+\.\d+\S*\n", niebla("version").stdout.lower())
    said = niebla("--help").stdout
    for command in ("start", "status", "stop", "reset", "env", "clock", "snapshot", "version", "completions"):
        assert command in said
    said = niebla("start", "--help").stdout
    for flag in ("--listen", "--data-dir", "--ephemeral", "NIEBLA_LISTEN", "NIEBLA_DATA_DIR"):
        assert flag in said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions(shell):
    done = niebla("completions", shell)
    assert done.returncode == 0
    assert "snapshot" in done.stdout


def test_an_unknown_command_says_what_to_do():
    done = niebla("strat")
    assert done.returncode == 2
    assert "strat" in done.stderr
    assert "--help" in done.stderr


def test_flags_go_before_variables(tmp_path):
    server = Server(tmp_path / "flag", env={"NIEBLA_DATA_DIR": str(tmp_path / "variable")}).start()
    server.stop()
    assert (tmp_path / "flag").exists()
    assert not (tmp_path / "variable").exists()


def test_colour_is_for_terminals_only():
    assert "\x1b[" not in niebla("strat").stderr
    assert b"\x1b[" in on_a_terminal(binary(), "strat")


def on_a_terminal(*command):
    """What the command writes when its error output is a terminal."""
    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment["TERM"] = "xterm-256color"
    subprocess.run(command, stdout=theirs, stderr=theirs, env=environment, timeout=30, check=False)
    os.close(theirs)
    output = b""
    try:
        while chunk := os.read(ours, 4096):
            output += chunk
    except OSError:
        pass  # the terminal's other end is closed
    os.close(ours)
    return output
