"""Storage classes, lifecycle rules and archives, on a clock that is moved."""

import json

import pytest
from errors import refused

CLASSES = [
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
]


def received(sqs, url, count):
    """The events of so many messages, as they come."""
    found = []
    while len(found) < count:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        messages = answer.get("Messages", [])
        if not messages:
            break
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
    return found


def told_by(server, bucket, *events):
    """A queue that the bucket tells these events."""
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:*", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": allow})})
    server.client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [{"QueueArn": arn, "Events": list(events)}]}
    )
    [test] = received(sqs, url, 1)
    assert test["Event"] == "s3:TestEvent"
    return url


def put_rules(s3, bucket, *rules):
    rules = [{"Status": "Enabled", "ID": f"rule-{at}", **rule} for at, rule in enumerate(rules)]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


@pytest.mark.parametrize("storage_class", CLASSES)
def test_objects_have_a_storage_class(s3, bucket, storage_class):
    s3.put_object(Bucket=bucket, Key="put", Body=b"x", StorageClass=storage_class)
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x", StorageClass="STANDARD")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/plain", StorageClass=storage_class)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", StorageClass=storage_class)["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    for key in ["put", "copy", "parts"]:
        assert s3.head_object(Bucket=bucket, Key=key)["StorageClass"] == storage_class
    assert "StorageClass" not in s3.head_object(Bucket=bucket, Key="plain")
    listed = {it["Key"]: it["StorageClass"] for it in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert listed == {"put": storage_class, "copy": storage_class, "parts": storage_class, "plain": "STANDARD"}
    with refused("InvalidStorageClass"):
        s3.put_object(Bucket=bucket, Key="put", Body=b"x", StorageClass="WARM")


def test_a_hundred_days_of_lifecycle_and_a_restore(fresh_server, name):
    s3, sqs = fresh_server.client("s3"), fresh_server.client("sqs")
    s3.create_bucket(Bucket=name)
    queue = told_by(fresh_server, name, "s3:LifecycleExpiration:*", "s3:LifecycleTransition", "s3:ObjectRestore:*")
    put_rules(
        s3,
        name,
        {"Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 90}},
        {
            "Filter": {"And": {"Prefix": "archive/", "ObjectSizeGreaterThan": 0}},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}],
        },
        {"Filter": {"Prefix": ""}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    )
    expiration = s3.put_object(Bucket=name, Key="logs/a", Body=b"old")["Expiration"]
    assert 'rule-id="rule%2D0"' in expiration
    assert "expiry-date=" in expiration
    s3.put_object(Bucket=name, Key="archive/a", Body=b"kept")
    s3.create_multipart_upload(Bucket=name, Key="half")
    fresh_server.niebla("clock", "advance", "100d")
    events = received(sqs, queue, 2)
    names = {it["Records"][0]["eventName"]: it["Records"][0] for it in events}
    assert set(names) == {"LifecycleExpiration:Delete", "LifecycleTransition"}
    gone = names["LifecycleExpiration:Delete"]
    assert (gone["eventVersion"], gone["s3"]["object"]["key"]) == ("2.3", "logs/a")
    assert gone["userIdentity"]["principalId"] == "s3.amazonaws.com"
    assert gone["requestParameters"]["sourceIPAddress"] == "s3.amazonaws.com"
    moved = names["LifecycleTransition"]["lifecycleEventData"]["transitionEventData"]
    assert moved == {"destinationStorageClass": "GLACIER"}
    with refused("404"):
        s3.head_object(Bucket=name, Key="logs/a")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=name)
    assert s3.head_object(Bucket=name, Key="archive/a")["StorageClass"] == "GLACIER"

    with refused("InvalidObjectState"):
        s3.get_object(Bucket=name, Key="archive/a")
    request = {"Days": 2, "GlacierJobParameters": {"Tier": "Standard"}}
    answer = s3.restore_object(Bucket=name, Key="archive/a", RestoreRequest=request)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    with refused("RestoreAlreadyInProgress"):
        s3.restore_object(Bucket=name, Key="archive/a", RestoreRequest=request)
    assert s3.head_object(Bucket=name, Key="archive/a")["Restore"] == 'ongoing-request="true"'
    fresh_server.niebla("clock", "advance", "5h")
    assert s3.get_object(Bucket=name, Key="archive/a")["Body"].read() == b"kept"
    assert 'ongoing-request="false", expiry-date="' in s3.head_object(Bucket=name, Key="archive/a")["Restore"]
    told = {it["Records"][0]["eventName"]: it["Records"][0] for it in received(sqs, queue, 2)}
    assert set(told) == {"ObjectRestore:Post", "ObjectRestore:Completed"}
    restored = told["ObjectRestore:Completed"]["glacierEventData"]["restoreEventData"]
    assert restored["lifecycleRestoreStorageClass"] == "GLACIER"
    fresh_server.niebla("clock", "advance", "3d")
    with refused("InvalidObjectState"):
        s3.get_object(Bucket=name, Key="archive/a")
    [gone] = received(sqs, queue, 1)
    assert gone["Records"][0]["eventName"] == "ObjectRestore:Delete"


def test_many_versions_are_tidied_up_in_one_run(fresh_server, name):
    s3 = fresh_server.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    for at in range(600):
        for version in range(2):
            s3.put_object(Bucket=name, Key=f"{at:04}", Body=str(version))
    put_rules(s3, name, {"Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    fresh_server.niebla("clock", "advance", "3d")
    waiting = 100
    while (left := sum(1 for _ in versions(s3, name))) > 600 and waiting:
        waiting -= 1
    assert left == 600
    assert all(it["IsLatest"] for it in versions(s3, name))


def versions(s3, bucket):
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        yield from page.get("Versions", [])


def test_old_clients_put_rules_with_a_prefix(s3, bucket):
    rule = {"ID": "a", "Prefix": "tmp/", "Status": "Enabled", "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [{**rule, "Transition": {"Days": 0, "StorageClass": "GLACIER"}}]},
    )
    [found] = s3.get_bucket_lifecycle(Bucket=bucket)["Rules"]
    assert (found["Prefix"], found["Transition"]) == ("tmp/", {"Days": 0, "StorageClass": "GLACIER"})
    s3.delete_bucket_lifecycle(Bucket=bucket)
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


def test_a_stack_gives_a_bucket_its_lifecycle(server, s3, name):
    rules = [
        {"Id": "logs", "Status": "Enabled", "Prefix": "logs/", "ExpirationInDays": 30},
        {
            "Id": "cold",
            "Status": "Enabled",
            "TagFilters": [{"Key": "kind", "Value": "cold"}],
            "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 10}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 5, "NewerNoncurrentVersions": 3},
        },
    ]
    template = {
        "Resources": {
            "Store": {
                "Type": "AWS::S3::Bucket",
                "Properties": {"BucketName": name, "LifecycleConfiguration": {"Rules": rules}},
            }
        }
    }
    cloudformation = server.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    found = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert found[0] == {
        "ID": "logs",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 30},
    }
    assert found[1]["Filter"] == {"Tag": {"Key": "kind", "Value": "cold"}}
    assert found[1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 5, "NewerNoncurrentVersions": 3}
    del template["Resources"]["Store"]["Properties"]["LifecycleConfiguration"]
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    with refused("NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=name)
