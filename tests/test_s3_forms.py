"""Uploads by forms of browsers: POST policies, with signatures of both versions."""

import base64
import datetime
import hashlib
import hmac
import html
import http.client
import json
import urllib.parse

import boto3
import pytest
from botocore.config import Config
from errors import refused

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"


def encoded(fields, content, filename="a.txt", behind=()):
    """A form as a browser sends it."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    if content is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        parts.append(head.encode() + b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n")
    parts += [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{it}"\r\n\r\nx\r\n'.encode() for it in behind]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def post(server, path, fields, content, host=None, **form):
    """Status, headers and body."""
    body = encoded(fields.items() if isinstance(fields, dict) else fields, content, **form)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=30)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    if host:
        headers["Host"] = host
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


@pytest.fixture
def signer(server, name):
    """A user's key, whose signatures are verified, and who may put objects into the test's bucket alone."""
    iam = server.client("iam")
    iam.create_user(UserName=name)
    statement = {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectAcl"],
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    iam.put_user_policy(
        UserName=name, PolicyName="put", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement})
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def presigned(server, signer, bucket, key, version="s3v4", **options):
    client = boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=signer[0],
        aws_secret_access_key=signer[1],
        config=Config(signature_version=version),
    )
    return client.generate_presigned_post(bucket, key, **options)["fields"]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_post_uploads_a_file(server, s3, bucket, signer, version):
    fields = presigned(
        server,
        signer,
        bucket,
        "user/${filename}",
        version,
        Fields={"Content-Type": "text/plain", "x-amz-meta-colour": "red", "success_action_status": "201"},
        Conditions=[
            {"Content-Type": "text/plain"},
            ["starts-with", "$x-amz-meta-colour", ""],
            {"success_action_status": "201"},
            ["content-length-range", 1, 100],
        ],
    )
    status, headers, body = post(server, f"/{bucket}", fields, b"hello\r\n--x", filename="C:\\photos\\ü & a.txt")
    assert status == 201
    assert f"<Bucket>{bucket}</Bucket><Key>user/ü &amp; a.txt</Key>" in body
    found = s3.get_object(Bucket=bucket, Key="user/ü & a.txt")
    assert found["Body"].read() == b"hello\r\n--x"
    assert (found["ContentType"], found["Metadata"]) == ("text/plain", {"colour": "red"})
    assert headers["ETag"] == found["ETag"]
    assert headers["Location"].endswith(f"/{bucket}/user/%C3%BC+%26+a.txt")
    # Fields behind the file are nobody's.
    assert post(server, f"/{bucket}", fields, b"again", behind=["more"])[0] == 201


def test_what_the_policy_does_not_say_is_refused(server, s3, bucket, signer):
    fields = presigned(
        server,
        signer,
        bucket,
        "user/a",
        Conditions=[["content-length-range", 3, 10], ["starts-with", "$x-amz-meta-a", "b"]],
    )
    good = {**fields, "x-amz-meta-a": "bc"}
    for changed, content, status, code in [
        ({**good, "key": "other"}, b"hello", 403, 'Policy Condition failed: ["eq","$key"'),
        ({**good, "x-amz-meta-a": "c"}, b"hello", 403, 'Policy Condition failed: ["starts-with"'),
        ({**good, "x-amz-meta-b": "c"}, b"hello", 403, "Extra input fields: x-amz-meta-b"),
        ({**good, "x-amz-signature": "0" * 64}, b"hello", 403, "SignatureDoesNotMatch"),
        ({**good, "policy": base64.b64encode(b"{}").decode()}, b"hello", 403, "SignatureDoesNotMatch"),
        (
            {**good, "x-amz-credential": "AKIANOBODY/20250101/us-east-1/s3/aws4_request"},
            b"hello",
            403,
            "InvalidAccessKeyId",
        ),
        (good, b"hi", 400, "EntityTooSmall"),
        (good, b"hello hello", 400, "EntityTooLarge"),
        (good, None, 400, "POST requires exactly one file upload per request."),
        ({it: good[it] for it in good if it != "key"}, b"hello", 400, "field named 'key'"),
        ({it: good[it] for it in good if it != "x-amz-signature"}, b"hello", 400, "X-Amz-Signature"),
        ({**good, "x-amz-meta-a": "b" * 21000}, b"hello", 400, "MaxPostPreDataLengthExceededError"),
    ]:
        answer = post(server, f"/{bucket}", changed, content)
        assert (answer[0], code in html.unescape(answer[2])) == (status, True), (code, answer)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    assert post(server, f"/{bucket}", good, b"hello")[0] == 204
    assert s3.head_object(Bucket=bucket, Key="user/a")["Metadata"] == {"a": "bc"}


def test_an_expired_policy_is_refused(server, bucket, signer):
    fields = presigned(server, signer, bucket, "a", ExpiresIn=-5)
    status, _, body = post(server, f"/{bucket}", fields, b"hello")
    assert (status, "Policy expired." in body) == (403, True)


def test_the_signer_has_to_be_allowed_what_the_form_does(server, name, signer):
    other = f"{name}-other"
    server.client("s3").create_bucket(Bucket=other)
    status, _, body = post(server, f"/{other}", presigned(server, signer, other, "a"), b"hello")
    assert (status, "<Code>AccessDenied</Code>" in body) == (403, True)
    status, _, body = post(server, f"/{name}-none", presigned(server, signer, f"{name}-none", "a"), b"hello")
    assert (status, "<Code>NoSuchBucket</Code>" in body) == (404, True)


def test_a_form_with_a_signature_of_version_2_redirects(server, s3, bucket, signer):
    expiration = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    conditions = [
        {"bucket": bucket},
        ["starts-with", "$key", "in/"],
        {"acl": "bucket-owner-full-control"},
        {"success_action_redirect": "http://example.com/done?x=1"},
        ["starts-with", "$tagging", ""],
    ]
    policy = {"expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ"), "conditions": conditions}
    policy = base64.b64encode(json.dumps(policy).encode())
    signature = base64.b64encode(hmac.new(signer[1].encode(), policy, hashlib.sha1).digest()).decode()
    fields = {
        "key": "in/a b",
        "AWSAccessKeyId": signer[0],
        "acl": "bucket-owner-full-control",
        "success_action_redirect": "http://example.com/done?x=1",
        "tagging": "<Tagging><TagSet><Tag><Key>k</Key><Value>a b</Value></Tag></TagSet></Tagging>",
        "Policy": policy.decode(),
        "Signature": signature,
    }
    # The bucket may stand in the host.
    host = f"{bucket}.s3.localhost"
    status, headers, _ = post(server, "/", fields, b"hello", host=host)
    assert status == 303
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(headers["Location"]).query)
    etag = s3.head_object(Bucket=bucket, Key="in/a b")["ETag"]
    assert query == {"x": ["1"], "bucket": [bucket], "key": ["in/a b"], "etag": [etag]}
    assert s3.get_object_tagging(Bucket=bucket, Key="in/a b")["TagSet"] == [{"Key": "k", "Value": "a b"}]
    status, _, body = post(server, "/", {**fields, "Signature": "AAAA"}, b"hello", host=host)
    assert (status, "SignatureDoesNotMatch" in body) == (403, True)


def test_everybody_may_send_a_form_to_a_bucket_that_lets_them(server, s3, bucket):
    assert post(server, f"/{bucket}", {"key": "a"}, b"hello")[0] == 403
    s3.delete_public_access_block(Bucket=bucket)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": statement}))
    status, _, body = post(server, f"/{bucket}", {"key": "a", "success_action_status": "200"}, b"hello")
    assert (status, body) == (200, "")
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"hello"


def test_large_files_and_odd_forms(server, s3, bucket):
    fields = {"key": "large", "AWSAccessKeyId": "test", "signature": "x", "policy": policy_for(bucket)}
    content = bytes(range(256)) * 40_000
    assert post(server, f"/{bucket}", fields, content)[0] == 204
    assert s3.get_object(Bucket=bucket, Key="large")["Body"].read() == content
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc, timeout=30)
    for body in [b"", b"nonsense", encoded(fields.items(), b"cut off")[:-20]]:
        connection.request("POST", f"/{bucket}", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
        answer = connection.getresponse()
        assert (answer.status, b"MalformedPOSTRequest" in answer.read()) == (400, True)
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="cut off")


def policy_for(bucket):
    policy = {"expiration": "2099-01-01T00:00:00Z", "conditions": [{"bucket": bucket}, ["starts-with", "$key", ""]]}
    return base64.b64encode(json.dumps(policy).encode()).decode()
