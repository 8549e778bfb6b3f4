"""CloudWatch Logs: groups, streams, events, and `aws logs tail`."""

import collections
import re
import subprocess
import time

from errors import refused
from server import ROOT_ACCOUNT, eventually, spawn


def put(logs, group, *messages, stream="one", at=None):
    at = at or int(time.time() * 1000)
    events = [{"timestamp": at + index, "message": message} for index, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def filtered(logs, group, **options):
    events = []
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group, **options):
        events += [it["message"] for it in page["events"]]
    return events


def test_groups_and_streams_are_created_described_and_deleted(logs, group):
    [found] = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["logGroupName"] == group
    assert found["arn"] == f"arn:aws:logs:us-east-1:{ROOT_ACCOUNT}:log-group:{group}:*"
    assert "retentionInDays" not in found
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"] == "one"

    logs.delete_log_group(logGroupName=group)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []


def test_a_group_keeps_its_retention_and_tags(logs, name):
    logs.create_log_group(logGroupName=name, tags={"team": "fog"})
    logs.put_retention_policy(logGroupName=name, retentionInDays=14)
    [found] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert found["retentionInDays"] == 14
    arn = found["arn"].removesuffix(":*")
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "fog"}

    logs.delete_retention_policy(logGroupName=name)
    [found] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert "retentionInDays" not in found


def test_events_are_read_in_both_directions_with_tokens_that_hold_still_at_the_end(logs, group):
    put(logs, group, "a", "b", "c")
    stream = {"logGroupName": group, "logStreamName": "one"}
    first = logs.get_log_events(**stream, startFromHead=True, limit=2)
    assert [it["message"] for it in first["events"]] == ["a", "b"]
    second = logs.get_log_events(**stream, startFromHead=True, nextToken=first["nextForwardToken"])
    assert [it["message"] for it in second["events"]] == ["c"]
    end = logs.get_log_events(**stream, startFromHead=True, nextToken=second["nextForwardToken"])
    assert end["events"] == []
    assert end["nextForwardToken"] == second["nextForwardToken"]

    last = logs.get_log_events(**stream, limit=2)
    assert [it["message"] for it in last["events"]] == ["b", "c"]


def test_filtering_mixes_the_streams_by_time_and_selects(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="two")
    now = int(time.time() * 1000)
    put(logs, group, "ERROR first", at=now - 3000)
    put(logs, group, "fine second", stream="two", at=now - 2000)
    put(logs, group, "ERROR third", at=now - 1000)

    assert filtered(logs, group) == ["ERROR first", "fine second", "ERROR third"]
    assert filtered(logs, group, filterPattern="ERROR") == ["ERROR first", "ERROR third"]
    assert filtered(logs, group, filterPattern='-"ERROR"') == ["fine second"]
    assert filtered(logs, group, logStreamNames=["two"]) == ["fine second"]
    assert filtered(logs, group, startTime=now - 2000, endTime=now - 1001) == ["fine second"]
    assert filtered(logs, group, PaginationConfig={"PageSize": 1}) == ["ERROR first", "fine second", "ERROR third"]


def test_filtering_looks_into_json(logs, group):
    put(logs, group, '{"level": "ERROR", "took": 7}', '{"level": "INFO", "took": 3}', "not JSON")
    assert filtered(logs, group, filterPattern='{ $.level = "ERROR" }') == ['{"level": "ERROR", "took": 7}']
    assert filtered(logs, group, filterPattern="{ $.took < 5 }") == ['{"level": "INFO", "took": 3}']


def test_each_event_is_stored_once_and_says_when_it_came(logs, group):
    put(logs, group, "hello")
    [event] = logs.filter_log_events(logGroupName=group)["events"]
    assert event["logStreamName"] == "one"
    assert abs(event["ingestionTime"] / 1000 - time.time()) < 60
    assert event["eventId"]


def test_events_outside_the_accepted_time_are_named(logs, group):
    day = 24 * 60 * 60 * 1000
    now = int(time.time() * 1000)
    events = [{"timestamp": at, "message": "hello"} for at in (now - 15 * day, now, now + day)]
    answer = logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert filtered(logs, group) == ["hello"]


def test_what_does_not_exist(logs, group, name):
    with refused("ResourceNotFoundException", match="The specified log group does not exist."):
        logs.create_log_stream(logGroupName=f"{name}-not", logStreamName="one")
    with refused("ResourceNotFoundException", match="The specified log group does not exist."):
        logs.filter_log_events(logGroupName=f"{name}-not")
    with refused("ResourceNotFoundException", match="The specified log stream does not exist."):
        put(logs, group, "hello", stream="two")


def test_what_exists_already(logs, group):
    with refused("ResourceAlreadyExistsException", match="The specified log group already exists"):
        logs.create_log_group(logGroupName=group)
    with refused("ResourceAlreadyExistsException", match="The specified log stream already exists"):
        logs.create_log_stream(logGroupName=group, logStreamName="one")


def test_what_is_not_valid(logs, group):
    with refused("InvalidParameterException"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=2)
    with refused("InvalidParameterException"):
        logs.create_log_group(logGroupName="no spaces")
    now = int(time.time() * 1000)
    backwards = [{"timestamp": now, "message": "b"}, {"timestamp": now - 1000, "message": "a"}]
    with refused("InvalidParameterException", match="chronological order"):
        logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=backwards)


# --- aws logs tail


def test_tail_prints_each_event_with_its_time_and_stream(server, logs, group, aws2):
    put(logs, group, "hello", "world")
    lines = server.cli("logs", "tail", group, "--since", "1m", aws=aws2).stdout.splitlines()
    assert len(lines) == 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00 one hello", lines[0])


def test_tail_follow_prints_each_line_once(server, logs, group, aws2):
    put(logs, group, "line-0")
    command = [aws2, "--endpoint-url", server.url, "logs", "tail", group, "--follow", "--format", "short"]
    follower = spawn(command, env=server.env(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        for index in range(1, 9):  # across two of the follower's polls, which are 5 seconds apart
            time.sleep(1)
            put(logs, group, f"line-{index}", f"line-{index}-b")
        time.sleep(7)
    finally:
        follower.terminate()
        output, _ = follower.communicate(timeout=10)
    seen = collections.Counter(re.findall(r"line-\S+", output))
    expected = ["line-0"] + [f"line-{index}{half}" for index in range(1, 9) for half in ("", "-b")]
    assert seen == collections.Counter(expected), output


def test_events_survive_a_restart(fresh_server, name):
    logs = fresh_server.client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="one")
    put(logs, name, "hello")
    fresh_server.restart()
    assert eventually(lambda: filtered(logs, name)) == ["hello"]
