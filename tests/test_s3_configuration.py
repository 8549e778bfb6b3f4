"""Buckets that are told more: policies, public access, CORS, websites, notifications."""

import json
import socket
import time
import urllib.error
import urllib.request

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from errors import refused


@pytest.fixture
def nobody(server):
    """A client without keys."""
    return boto3.client(
        "s3", endpoint_url=server.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )


def allow_everybody(bucket, action="s3:GetObject", **more):
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": f"arn:aws:s3:::{bucket}/*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def fetch(server, path, host=None, method="GET", **headers):
    """Status, headers and body, of a request as a browser makes it; redirects are not followed."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if host:
        headers["Host"] = host
    request = urllib.request.Request(server.url + path, method=method, headers=headers)

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    try:
        with urllib.request.build_opener(Stay).open(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def test_a_public_policy_needs_the_block_on_public_access_to_go(s3, bucket, nobody):
    s3.put_object(Bucket=bucket, Key="page", Body=b"hello")
    with refused("AccessDenied"):
        nobody.get_object(Bucket=bucket, Key="page")
    with refused("AccessDenied", match="BlockPublicPolicy"):
        s3.put_bucket_policy(Bucket=bucket, Policy=allow_everybody(bucket))
    s3.delete_public_access_block(Bucket=bucket)
    with refused("NoSuchPublicAccessBlockConfiguration"):
        s3.get_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=allow_everybody(bucket))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    assert nobody.get_object(Bucket=bucket, Key="page")["Body"].read() == b"hello"
    with refused("AccessDenied"):
        nobody.put_object(Bucket=bucket, Key="page", Body=b"mine")
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    with refused("AccessDenied"):
        nobody.get_object(Bucket=bucket, Key="page")
    s3.delete_bucket_policy(Bucket=bucket)
    with refused("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("{", "invalid Json"),
        (
            json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}]}),
            "invalid action",
        ),
        (allow_everybody("somebody-elses-bucket"), "invalid resource"),
    ],
)
def test_policies_are_refused_that_are_none_of_this_bucket(s3, bucket, document, sentence):
    with refused("MalformedPolicy", match=sentence):
        s3.put_bucket_policy(Bucket=bucket, Policy=document)


def test_a_policy_lets_another_account_in(server, s3, bucket, account):
    s3.put_object(Bucket=bucket, Key="shared", Body=b"hello")
    other = server.client("s3", account)
    with refused("AccessDenied"):
        other.get_object(Bucket=bucket, Key="shared")
    policy = json.loads(allow_everybody(bucket))
    policy["Statement"][0]["Principal"] = {"AWS": account}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert other.get_object(Bucket=bucket, Key="shared")["Body"].read() == b"hello"


def test_pages_of_other_origins_may_do_what_the_rules_say(server, s3, bucket):
    origin = "https://www.example.com"
    ask = {"Origin": origin, "Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "content-type"}
    status, headers, body = fetch(server, f"/{bucket}/key", method="OPTIONS", **ask)
    assert (status, headers["Access-Control-Allow-Origin"]) == (403, None)
    assert "CORS is not enabled for this bucket" in body
    rule = {
        "AllowedOrigins": ["https://*.example.com"],
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["x-amz-request-id"],
        "MaxAgeSeconds": 3000,
    }
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule]
    status, headers, _ = fetch(server, f"/{bucket}/key", method="OPTIONS", **ask)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, origin)
    assert headers["Access-Control-Allow-Methods"] == "PUT, GET"
    assert headers["Access-Control-Allow-Headers"] == "content-type"
    assert headers["Access-Control-Max-Age"] == "3000"
    _, headers, _ = fetch(server, f"/{bucket}/key", Origin=origin)
    assert headers["Access-Control-Expose-Headers"] == "x-amz-request-id"
    _, headers, _ = fetch(server, f"/{bucket}/key", Origin="https://evil.example")
    assert headers["Access-Control-Allow-Origin"] is None
    status, _, _ = fetch(
        server, f"/{bucket}/key", method="OPTIONS", **{**ask, "Access_Control_Request_Method": "DELETE"}
    )
    assert status == 403
    with refused("InvalidRequest", match="Unsupported method is PATCH"):
        s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{**rule, "AllowedMethods": ["PATCH"]}]})
    s3.delete_bucket_cors(Bucket=bucket)
    with refused("NoSuchCORSConfiguration"):
        s3.get_bucket_cors(Bucket=bucket)


def test_a_website_serves_pages_errors_and_redirects(server, s3, bucket):
    host = f"{bucket}.s3-website-us-east-1.localhost"
    status, _, body = fetch(server, "/", host)
    assert status == 404
    assert "NoSuchWebsiteConfiguration" in body
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=allow_everybody(bucket))
    website = {
        "IndexDocument": {"Suffix": "index.html"},
        "ErrorDocument": {"Key": "error.html"},
        "RoutingRules": [
            {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "documents/"}},
            {
                "Condition": {"KeyPrefixEquals": "gone/", "HttpErrorCodeReturnedEquals": "403"},
                "Redirect": {"HostName": "archive.example.com", "Protocol": "https", "HttpRedirectCode": "307"},
            },
        ],
    }
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=website)
    found = s3.get_bucket_website(Bucket=bucket)
    assert {name: found[name] for name in website} == website
    for key, body in [("index.html", "home"), ("a/index.html", "a's home"), ("error.html", "<b>lost</b>")]:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/html")
    s3.put_object(Bucket=bucket, Key="old", WebsiteRedirectLocation="/a/")
    status, headers, body = fetch(server, "/", host)
    assert (status, headers["Content-Type"], body) == (200, "text/html", "home")
    assert fetch(server, "/a/", host)[2] == "a's home"
    status, headers, _ = fetch(server, "/a", host)
    assert (status, headers["Location"]) == (302, "/a/")
    status, headers, _ = fetch(server, "/old", host)
    assert (status, headers["Location"]) == (301, "/a/")
    status, headers, _ = fetch(server, "/docs/one", host)
    assert (status, headers["Location"]) == (301, f"http://{host}/documents/one")
    # Who may not list is told 403 for what there is not.
    status, headers, _ = fetch(server, "/gone/one", host)
    assert (status, headers["Location"]) == (307, "https://archive.example.com/gone/one")
    assert fetch(server, "/nowhere", host)[::2] == (403, "<b>lost</b>")
    assert fetch(server, "/", host, method="POST")[0] == 405
    s3.put_bucket_website(
        Bucket=bucket,
        WebsiteConfiguration={"RedirectAllRequestsTo": {"HostName": "new.example.com", "Protocol": "https"}},
    )
    status, headers, _ = fetch(server, "/any/page", host)
    assert (status, headers["Location"]) == (301, "https://new.example.com/any/page")
    with refused("InvalidArgument"):
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={"IndexDocument": {"Suffix": "a/b"}})
    s3.delete_bucket_website(Bucket=bucket)
    with refused("NoSuchWebsiteConfiguration"):
        s3.get_bucket_website(Bucket=bucket)


def received(sqs, url, count):
    """That many messages, as JSON."""
    found, deadline = [], time.time() + 20
    while len(found) < count and time.time() < deadline:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_a_queue_is_told_what_happens_to_objects(server, s3, bucket, queue):
    sqs = server.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = {
        "Id": "uploads",
        "QueueArn": arn,
        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".txt"}]}},
    }
    put = lambda *rules: s3.put_bucket_notification_configuration(  # noqa: E731
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": list(rules)}
    )
    with refused("InvalidArgument", match="Unable to validate the following destination configurations"):
        put(rule)
    policy = json.dumps(
        {
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn,
                "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
            }
        }
    )
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    with refused("InvalidArgument", match="ambiguously defined"):
        put(rule, {**rule, "Id": "again"})
    put(rule)
    [test] = received(sqs, queue, 1)
    assert (test["Event"], test["Bucket"]) == ("s3:TestEvent", bucket)
    s3.put_object(Bucket=bucket, Key="in/a ü.txt", Body=b"hello")
    s3.put_object(Bucket=bucket, Key="in/a.jpg", Body=b"hello")
    s3.put_object(Bucket=bucket, Key="out/a.txt", Body=b"hello")
    [told] = received(sqs, queue, 1)
    [record] = told["Records"]
    assert (record["eventSource"], record["eventName"]) == ("aws:s3", "ObjectCreated:Put")
    assert record["s3"]["configurationId"] == "uploads"
    assert record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{bucket}"
    assert record["s3"]["object"]["key"] == "in/a+%C3%BC.txt"
    assert (record["s3"]["object"]["size"], record["s3"]["object"]["eTag"]) == (5, "5d41402abc4b2a76b9719d911017c592")
    s3.copy_object(Bucket=bucket, Key="in/b.txt", CopySource={"Bucket": bucket, "Key": "out/a.txt"})
    s3.delete_object(Bucket=bucket, Key="in/b.txt")
    names = {it["Records"][0]["eventName"] for it in received(sqs, queue, 2)}
    assert names == {"ObjectCreated:Copy", "ObjectRemoved:Delete"}
    assert s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"] == [rule]
    put()
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def test_what_cannot_be_told_is_refused(s3, bucket):
    topic = {"TopicArn": "arn:aws:sns:us-east-1:000000000000:none", "Events": ["s3:ObjectCreated:*"]}
    with refused("InvalidArgument", match="Unable to validate"):
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [topic]}
        )
    with refused("NotImplemented", match="EventBridgeConfiguration"):
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )


def test_virtual_hosts_and_presigned_urls_of_both_versions(server, s3, bucket, monkeypatch):
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: resolve("127.0.0.1" if host.endswith(".localhost") else host, *rest, **more),
    )
    key = "a folder/ü+%2F..txt"
    endpoint = server.url.replace("127.0.0.1", "localhost")
    for style in ["path", "virtual"]:
        for version in ["s3", "s3v4"]:
            client = boto3.client(
                "s3",
                endpoint_url=endpoint,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(signature_version=version, s3={"addressing_style": style}),
            )
            client.put_object(Bucket=bucket, Key=key, Body=f"{style} {version}")
            assert client.get_object(Bucket=bucket, Key=key)["Body"].read().decode() == f"{style} {version}"
            url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})
            with urllib.request.urlopen(url, timeout=10) as answer:
                assert answer.read().decode() == f"{style} {version}"


def test_a_stack_makes_a_bucket_with_its_settings_and_policy(server, s3, name):
    template = {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "MayTell": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {
                    "Queues": [{"Ref": "Queue"}],
                    "PolicyDocument": {
                        "Statement": {
                            "Effect": "Allow",
                            "Principal": {"Service": "s3.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
                            "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{name}"}},
                        }
                    },
                },
            },
            "Site": {
                "Type": "AWS::S3::Bucket",
                "DependsOn": "MayTell",
                "Properties": {
                    "BucketName": name,
                    "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
                    "WebsiteConfiguration": {"IndexDocument": "index.html", "ErrorDocument": "error.html"},
                    "CorsConfiguration": {
                        "CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 60}]
                    },
                    "NotificationConfiguration": {
                        "QueueConfigurations": [
                            {"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}
                        ]
                    },
                },
            },
            "Readers": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {"Bucket": {"Ref": "Site"}, "PolicyDocument": json.loads(allow_everybody(name))},
            },
        }
    }
    cloudformation = server.client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    s3.put_object(Bucket=name, Key="index.html", Body=b"home")
    assert fetch(server, "/", f"{name}.s3-website.localhost")[2] == "home"
    queue = cloudformation.describe_stack_resource(StackName=name, LogicalResourceId="Queue")
    url = queue["StackResourceDetail"]["PhysicalResourceId"]
    told = received(server.client("sqs"), url, 2)
    assert any(it.get("Event") == "s3:TestEvent" for it in told)
    assert any(it["Records"][0]["s3"]["object"]["key"] == "index.html" for it in told if "Records" in it)
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["MaxAgeSeconds"] == 60
    drift = cloudformation.detect_stack_resource_drift(StackName=name, LogicalResourceId="Site")
    assert drift["StackResourceDrift"]["StackResourceDriftStatus"] == "IN_SYNC"
    del template["Resources"]["Site"]["Properties"]["WebsiteConfiguration"]
    del template["Resources"]["Readers"]
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    with refused("NoSuchWebsiteConfiguration"):
        s3.get_bucket_website(Bucket=name)
    with refused("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=name)
    s3.delete_object(Bucket=name, Key="index.html")
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    with refused("NoSuchBucket"):
        s3.list_objects_v2(Bucket=name)
