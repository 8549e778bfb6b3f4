"""Replication, request payment and transfer acceleration."""

import json
import socket
import time

import boto3
import pytest
from botocore.config import Config
from errors import refused

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


@pytest.fixture
def copier(server, name):
    """The ARN of a role that S3 may assume, with the permissions that the user guide lists."""
    iam = server.client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    statements = [
        {
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": f"arn:aws:s3:::{name}",
        },
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": f"arn:aws:s3:::{name}/*",
        },
        {
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": f"arn:aws:s3:::{name}-copy/*",
        },
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="copy", PolicyDocument=document)
    return arn


def with_versions(s3, name, region=None):
    where = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region else {}
    s3.create_bucket(Bucket=name, **where)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def status_of(s3, bucket, key):
    """Once it is no longer pending."""
    for _ in range(100):
        status = s3.head_object(Bucket=bucket, Key=key).get("ReplicationStatus")
        if status != "PENDING":
            return status
        time.sleep(0.05)
    return status


def test_locks_follow_only_to_a_bucket_with_locks(s3, name, copier):
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    with_versions(s3, f"{name}-copy")
    rule = {
        "ID": "all",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{name}-copy"},
    }
    s3.put_bucket_replication(Bucket=name, ReplicationConfiguration={"Role": copier, "Rules": [rule]})
    put = s3.put_object(Bucket=name, Key="held", Body=b"it", ObjectLockLegalHoldStatus="ON")
    assert status_of(s3, name, "held") == "COMPLETED"
    with refused("AccessDenied"):
        s3.delete_object(Bucket=name, Key="held", VersionId=put["VersionId"])
    assert "ObjectLockLegalHoldStatus" not in s3.head_object(Bucket=f"{name}-copy", Key="held")
    s3.delete_object(Bucket=f"{name}-copy", Key="held", VersionId=put["VersionId"])


def test_objects_are_copied_to_another_region(server, s3, name, copier):
    with_versions(s3, name)
    with_versions(s3, f"{name}-copy", "eu-west-2")
    rule = {
        "ID": "all",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": "in/"},
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{name}-copy", "StorageClass": "STANDARD_IA"},
    }
    configuration = {"Role": copier, "Rules": [rule]}
    s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=configuration)
    assert s3.get_bucket_replication(Bucket=name)["ReplicationConfiguration"] == configuration
    put = s3.put_object(Bucket=name, Key="in/a", Body=b"hello" * 100_000, Tagging="k=v", Metadata={"colour": "red"})
    assert status_of(s3, name, "in/a") == "COMPLETED"
    far = server.client("s3", region="eu-west-2")
    copy = far.get_object(Bucket=f"{name}-copy", Key="in/a")
    assert copy["Body"].read() == b"hello" * 100_000
    assert (copy["VersionId"], copy["ETag"]) == (put["VersionId"], put["ETag"])
    assert (copy["ReplicationStatus"], copy["StorageClass"]) == ("REPLICA", "STANDARD_IA")
    assert copy["Metadata"] == {"colour": "red"}
    s3.put_object(Bucket=name, Key="out/a", Body=b"hello")
    assert status_of(s3, name, "out/a") is None
    # The source may go: the copy has the bytes for itself.
    s3.delete_object(Bucket=name, Key="in/a", VersionId=put["VersionId"])
    assert far.get_object(Bucket=f"{name}-copy", Key="in/a")["Body"].read(5) == b"hello"
    server.client("iam").delete_role_policy(RoleName=name, PolicyName="copy")
    s3.put_object(Bucket=name, Key="in/b", Body=b"hello")
    assert status_of(s3, name, "in/b") == "FAILED"
    s3.delete_bucket_replication(Bucket=name)
    with refused("ReplicationConfigurationNotFoundError"):
        s3.get_bucket_replication(Bucket=name)


def test_a_stack_replicates_and_accelerates(server, s3, name, copier):
    with_versions(s3, f"{name}-copy")
    rule = {
        "Id": "all",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"And": {"Prefix": "in/", "TagFilters": [{"Key": "k", "Value": "v"}]}},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{name}-copy"},
    }
    properties = {
        "BucketName": name,
        "VersioningConfiguration": {"Status": "Enabled"},
        "AccelerateConfiguration": {"AccelerationStatus": "Enabled"},
        "ReplicationConfiguration": {"Role": copier, "Rules": [rule]},
    }
    template = {"Resources": {"Source": {"Type": "AWS::S3::Bucket", "Properties": properties}}}
    cloudformation = server.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    s3.put_object(Bucket=name, Key="in/a", Body=b"hello", Tagging="k=v")
    assert status_of(s3, name, "in/a") == "COMPLETED"
    assert s3.get_bucket_accelerate_configuration(Bucket=name)["Status"] == "Enabled"
    del properties["ReplicationConfiguration"], properties["AccelerateConfiguration"]
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    assert s3.get_bucket_accelerate_configuration(Bucket=name)["Status"] == "Suspended"
    with refused("ReplicationConfigurationNotFoundError"):
        s3.get_bucket_replication(Bucket=name)


def test_accelerated_hosts_are_refused_to_buckets_that_have_none(server, s3, bucket, monkeypatch):
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: resolve("127.0.0.1" if host.endswith(".localhost") else host, *rest, **more),
    )
    quick = boto3.client(
        "s3",
        endpoint_url=server.url.replace("127.0.0.1", "s3-accelerate.localhost"),
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "virtual"}),
    )
    with refused("InvalidRequest", match="not configured on this bucket"):
        quick.put_object(Bucket=bucket, Key="a", Body=b"hello")
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Enabled"})
    quick.put_object(Bucket=bucket, Key="a", Body=b"hello")
    assert quick.get_object(Bucket=bucket, Key="a")["Body"].read() == b"hello"
    s3.put_bucket_accelerate_configuration(Bucket=bucket, AccelerateConfiguration={"Status": "Suspended"})
    with refused("InvalidRequest", match="disabled on this bucket"):
        quick.get_object(Bucket=bucket, Key="a")


def test_requesters_pay(server, s3, bucket, account):
    s3.put_object(Bucket=bucket, Key="a", Body=b"hello")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statement}))
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "Requester"
    other = server.client("s3", account)
    with refused("AccessDenied"):
        other.get_object(Bucket=bucket, Key="a")
    with refused("403"):
        other.head_object(Bucket=bucket, Key="a")
    found = other.get_object(Bucket=bucket, Key="a", RequestPayer="requester")
    assert (found["Body"].read(), found["RequestCharged"]) == (b"hello", "requester")
    listed = other.list_objects_v2(Bucket=bucket, RequestPayer="requester")
    assert listed["RequestCharged"] == "requester"
