"""CloudFormation: what a large stack costs. 500 resources are the most that AWS takes (CloudFormation quotas)."""

import json
import os
import pathlib

MOST = 500
OFTEN = {"Delay": 0.1, "MaxAttempts": 600}


def template(count):
    """Half queues, half log groups, none of which waits for another."""
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Ref": "N"}}}
    group = {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "N"}}}
    resources = {f"R{it}": group if it % 2 else queue for it in range(count)}
    return json.dumps({"Parameters": {"N": {"Type": "Number"}}, "Resources": resources}, separators=(",", ":"))


def processor_seconds(server):
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def costs(server, name, count):
    """The processor time of a stack's creation, update and deletion, in seconds for each resource."""
    cfn = server.client("cloudformation")
    body = template(count)

    def changed_to(value):
        return {"TemplateBody": body, "Parameters": [{"ParameterKey": "N", "ParameterValue": value}]}

    steps = [
        ("stack_create_complete", lambda: cfn.create_stack(StackName=name, **changed_to("5"))),
        ("stack_update_complete", lambda: cfn.update_stack(StackName=name, **changed_to("7"))),
        ("stack_delete_complete", lambda: cfn.delete_stack(StackName=name)),
    ]
    spent = []
    for waiter, step in steps:
        before = processor_seconds(server)
        step()
        cfn.get_waiter(waiter).wait(StackName=name, WaiterConfig=OFTEN)
        spent.append((processor_seconds(server) - before) / count)
    return spent


def test_each_resource_of_a_large_stack_costs_what_it_costs_in_a_small_one(fresh_server, name):
    costs(fresh_server, name, 2)  # reads the schemas
    small = costs(fresh_server, name, MOST // 5)
    large = costs(fresh_server, name, MOST)
    # When a step went over the whole stack, the large one's were more than three times as dear.
    assert all(many < 1.75 * few for few, many in zip(small, large, strict=True)), (small, large)


def test_more_resources_than_aws_takes_are_refused(server, name):
    answer = server.cli("cloudformation", "validate-template", "--template-body", template(MOST + 1), check=False)
    assert "Number of resources, 501, is greater than maximum allowed, 500" in answer.stderr
