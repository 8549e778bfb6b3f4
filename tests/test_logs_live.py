"""CloudWatch Logs' live tails, lists and tags, through boto3 and the AWS CLI."""

import json
import subprocess
import time

from errors import refused
from functions import allow, create_role, policy
from server import ROOT_ACCOUNT, eventually, spawn


def arn_of(group):
    return f"arn:aws:logs:us-east-1:{ROOT_ACCOUNT}:log-group:{group}"


def put(logs, group, *messages):
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


def test_a_live_tail_tells_what_comes(logs, group):
    put(logs, group, "before")
    tail = logs.start_live_tail(logGroupIdentifiers=[arn_of(group)], logEventFilterPattern="ERROR")
    stream = iter(tail["responseStream"])
    start = next(stream)["sessionStart"]
    assert start["logGroupIdentifiers"] == [arn_of(group)]
    assert start["sessionId"]
    put(logs, group, "fine", "ERROR one")
    told = []
    for event in stream:
        told += event["sessionUpdate"]["sessionResults"]
        if told:
            break
    assert [(it["logStreamName"], it["message"]) for it in told] == [("one", "ERROR one")]
    tail["responseStream"].close()


def test_a_live_tail_is_refused_as_any_call(logs, group):
    with refused("ResourceNotFoundException", match="The specified log group does not exist"):
        logs.start_live_tail(logGroupIdentifiers=[arn_of("none-such")])


def test_an_account_has_so_many_live_tails_at_once(server, group, account):
    logs = server.client("logs", account)
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:{group}"
    tails = [logs.start_live_tail(logGroupIdentifiers=[arn]) for _ in range(15)]
    try:
        with refused("LimitExceededException"):
            logs.start_live_tail(logGroupIdentifiers=[arn])
    finally:
        for tail in tails:
            tail["responseStream"].close()


def test_who_may_not_is_refused(server, logs, group, name):
    arn = create_role(server, name, allow("sqs:*"))
    everybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    server.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=policy(everybody))
    credentials = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    limited = server.client_as("logs", credentials)
    with refused("AccessDeniedException"):
        limited.start_live_tail(logGroupIdentifiers=[arn_of(group)])
    with refused("AccessDeniedException"):
        limited.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=True)
    stranger = server.client("logs", key="AKIAIOSFODNN7EXAMPLE")
    event = {"timestamp": 0, "message": "x"}
    with refused("UnrecognizedClientException"):
        stranger.put_log_events(logGroupName=group, logStreamName="one", logEvents=[event])


def test_the_server_stops_while_a_live_tail_is_open(fresh_server, name):
    logs = fresh_server.client("logs")
    logs.create_log_group(logGroupName=name)
    stream = iter(logs.start_live_tail(logGroupIdentifiers=[arn_of(name)])["responseStream"])
    next(stream)
    begun = time.monotonic()
    fresh_server.stop()
    assert time.monotonic() - begun < 4
    # The stream came to its end, rather than being cut off.
    assert all("sessionUpdate" in it for it in stream)


def test_the_command_line_tails_live(server, logs, group, tmp_path):
    """Version 1; the version 2 that Debian has is older than the command."""
    command = ["aws", "--endpoint-url", server.url, "logs", "start-live-tail"]
    command += ["--log-group-identifiers", arn_of(group)]
    # Without it the CLI puts a label before the host, which has no such name here.
    env = {**server.env(), "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
    said = tmp_path / "said"
    with said.open("wb") as out:
        tail = spawn(command, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:

        def heard():
            put(logs, group, "a line for the tail")
            assert tail.poll() is None, said.read_text()
            return "a line for the tail" in said.read_text()

        eventually(heard, every=0.5)
    finally:
        tail.kill()
        tail.wait()


def test_groups_are_listed_and_tagged(logs, group):
    logs.tag_log_group(logGroupName=group, tags={"team": "fog"})
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"team": "fog"}
    logs.untag_log_group(logGroupName=group, tags=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn_of(group))["tags"] == {}
    [found] = logs.list_log_groups(logGroupNamePattern=f"^{group[:20]}")["logGroups"]
    assert (found["logGroupName"], found["logGroupArn"]) == (group, arn_of(group))


def test_a_pattern_is_tried(logs):
    answer = logs.test_metric_filter(filterPattern="{ $.n > 1 }", logEventMessages=['{"n": 1}', '{"n": 2}'])
    [match] = answer["matches"]
    assert (match["eventNumber"], match["extractedValues"]) == (2, {"$.n": "2"})


def test_tags_of_a_stack_reach_its_log_groups(server, logs, name):
    cloudformation = server.client("cloudformation")

    def template(retention):
        properties = {"LogGroupName": name, "LogGroupClass": "STANDARD", "RetentionInDays": retention}
        properties["DeletionProtectionEnabled"] = retention == 1
        properties["Tags"] = [{"Key": "own", "Value": "1"}]
        stream = {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "Group"}}}
        group = {"Type": "AWS::Logs::LogGroup", "Properties": properties}
        outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}}, "Stream": {"Value": {"Ref": "Stream"}}}
        return json.dumps({"Resources": {"Group": group, "Stream": stream}, "Outputs": outputs})

    def tags():
        found = logs.list_tags_for_resource(resourceArn=arn_of(name))["tags"]
        return {key: value for key, value in found.items() if not key.startswith("aws:")}

    first = [{"Key": "stage", "Value": "test"}, {"Key": "gone", "Value": "soon"}]
    cloudformation.create_stack(StackName=name, TemplateBody=template(1), Tags=first)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert tags() == {"own": "1", "stage": "test", "gone": "soon"}
    [stack] = cloudformation.describe_stacks(StackName=name)["Stacks"]
    outputs = {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]}
    assert outputs["Arn"] == f"{arn_of(name)}:*"
    [stream] = logs.describe_log_streams(logGroupName=name)["logStreams"]
    assert stream["logStreamName"] == outputs["Stream"]
    with refused("ValidationException", match="Cannot delete log group with deletion protection enabled"):
        logs.delete_log_group(logGroupName=name)

    second = [{"Key": "stage", "Value": "live"}]
    cloudformation.update_stack(StackName=name, TemplateBody=template(3), Tags=second)
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert tags() == {"own": "1", "stage": "live"}
    [found] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert found["retentionInDays"] == 3
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []
