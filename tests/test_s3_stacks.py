"""Stacks make buckets that encrypt, lock and say who owns what."""

import json

from errors import refused


def test_a_stack_sets_encryption_locks_and_ownership(server, s3, name):
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}
    encryption = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    properties = {
        "AccessControl": "LogDeliveryWrite",
        "BucketName": name,
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [encryption]},
        "VersioningConfiguration": {"Status": "Enabled"},
        "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": rule},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]},
    }
    template = {"Resources": {"Vault": {"Type": "AWS::S3::Bucket", "Properties": properties}}}
    cloudformation = server.client("cloudformation")

    def wait(what):
        cloudformation.get_waiter(f"stack_{what}_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    wait("create")
    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]["Rule"] == rule
    told = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert told["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"}
    assert told["BucketKeyEnabled"]
    controls = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]
    assert controls == properties["OwnershipControls"]
    drift = cloudformation.detect_stack_resource_drift(StackName=name, LogicalResourceId="Vault")
    assert drift["StackResourceDrift"]["StackResourceDriftStatus"] == "IN_SYNC", drift

    assert s3.get_bucket_acl(Bucket=name)["Grants"][1]["Grantee"]["URI"].endswith("/s3/LogDelivery")
    for gone in ["AccessControl", "BucketEncryption", "OwnershipControls"]:
        del properties[gone]
    del properties["ObjectLockConfiguration"]
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template))
    wait("update")
    told = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert told["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    with refused("OwnershipControlsNotFoundError"):
        s3.get_bucket_ownership_controls(Bucket=name)
    assert "Rule" not in s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    cloudformation.delete_stack(StackName=name)
    wait("delete")
