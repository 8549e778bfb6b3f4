"""S3's encryption at rest, as boto3 and the AWS CLI use it: what is on the disk is never what was sent."""

import io
import json

import pytest
from boto3.s3.transfer import TransferConfig
from errors import refused, status

MIB = 1024 * 1024
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
PLAIN = b"nobody shall find this on the disk "


@pytest.fixture
def bucket_for_keys(s3, bucket):
    """A bucket that takes objects under keys of customers."""
    allow_customer_keys(s3, bucket)
    return bucket


def allow_customer_keys(s3, bucket):
    rule = {"BlockedEncryptionTypes": {"EncryptionType": ["NONE"]}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def customer(key, prefix=""):
    return {f"{prefix}SSECustomerAlgorithm": "AES256", f"{prefix}SSECustomerKey": key}


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"ServerSideEncryption": "AES256"},
        {"ServerSideEncryption": "aws:kms"},
        {"ServerSideEncryption": "aws:kms", "BucketKeyEnabled": True},
        {"ServerSideEncryption": "aws:kms:dsse"},
        customer(KEY),
    ],
    ids=["default", "SSE-S3", "SSE-KMS", "bucket-key", "DSSE-KMS", "SSE-C"],
)
def test_the_disk_holds_no_plain_text(fresh_server, kind):
    s3 = fresh_server.client("s3")
    s3.create_bucket(Bucket="photos")
    allow_customer_keys(s3, "photos")
    large = PLAIN * (6 * MIB // len(PLAIN))
    opening = {name: it for name, it in kind.items() if name.startswith("SSECustomer")}
    s3.put_object(Bucket="photos", Key="small", Body=PLAIN, **kind)
    s3.put_object(Bucket="photos", Key="large", Body=large, **kind)
    upload = s3.create_multipart_upload(Bucket="photos", Key="parts", **kind)["UploadId"]
    of_part = {"Bucket": "photos", "Key": "parts", "UploadId": upload, "PartNumber": 1, **opening}
    etag = s3.upload_part(Body=large, **of_part)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(Bucket="photos", Key="parts", UploadId=upload, MultipartUpload=parts)
    for key, body in [("small", PLAIN), ("large", large), ("parts", large)]:
        got = s3.get_object(Bucket="photos", Key=key, **opening)
        assert got["Body"].read() == body
        assert got.get("ServerSideEncryption") == (None if opening else kind.get("ServerSideEncryption", "AES256"))
        part = s3.get_object(Bucket="photos", Key=key, Range="bytes=7-20", **opening)
        assert part["Body"].read() == body[7:21]
    fresh_server.stop()
    files = [it for it in fresh_server.data_dir.rglob("*") if it.is_file()]
    assert sum(it.stat().st_size for it in files) > len(large)
    needles = [PLAIN.strip(), KEY] if opening else [PLAIN.strip()]
    for file in files:
        held = file.read_bytes()
        assert not any(it in held for it in needles), file


def test_keys_of_customers(s3, bucket_for_keys):
    bucket = bucket_for_keys
    body = PLAIN * 500_000
    small_parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "a", ExtraArgs=customer(KEY), Config=small_parts)
    into = io.BytesIO()
    s3.download_fileobj(bucket, "a", into, ExtraArgs=customer(KEY), Config=small_parts)
    assert into.getvalue() == body
    with refused("400") as caught:
        s3.head_object(Bucket=bucket, Key="a")
    assert status(caught) == 400
    with refused("403"):
        s3.head_object(Bucket=bucket, Key="a", **customer(OTHER_KEY))
    with refused("InvalidRequest", match="stored using a form of Server Side Encryption"):
        s3.get_object(Bucket=bucket, Key="a")
    with refused("AccessDenied", match="must provide the correct secret key"):
        s3.get_object(Bucket=bucket, Key="a", **customer(OTHER_KEY))
    with refused("InvalidArgument", match="The secret key was invalid"):
        s3.put_object(Bucket=bucket, Key="b", **customer(b"short"))
    with refused("InvalidArgument", match="The calculated MD5 hash of the key did not match"):
        s3.put_object(Bucket=bucket, Key="b", SSECustomerKeyMD5="Xsqb0+sHwAbNQ65I395/0w==", **customer("AAAA"))
    copied = s3.copy_object(
        Bucket=bucket,
        Key="b",
        CopySource={"Bucket": bucket, "Key": "a"},
        **customer(KEY, "CopySource"),
        **customer(OTHER_KEY),
    )
    assert copied["SSECustomerAlgorithm"] == "AES256"
    assert s3.get_object(Bucket=bucket, Key="b", **customer(OTHER_KEY))["Body"].read() == body


def test_a_new_bucket_takes_no_keys_of_customers(s3, bucket):
    with refused("AccessDenied", match=r"this bucket has blocked upload requests that specify .* \(SSE-C\)") as caught:
        s3.put_object(Bucket=bucket, Key="a", **customer(KEY))
    assert status(caught) == 403


def test_a_policy_may_ask_for_an_encryption(s3, bucket_for_keys):
    bucket = bucket_for_keys
    asked = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/aws/s3"}
    denied = {
        "s3:x-amz-server-side-encryption": "aws:kms",
        "s3:x-amz-server-side-encryption-aws-kms-key-id": "alias/aws/s3",
    }
    for key, value in denied.items():
        statement = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket}/*",
            "Condition": {"StringNotEquals": {key: value}},
        }
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": statement}))
        with refused("AccessDenied"):
            s3.put_object(Bucket=bucket, Key="a")
        s3.put_object(Bucket=bucket, Key="a", **asked)
    statement["Condition"] = {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "true"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Statement": statement}))
    with refused("AccessDenied"):
        s3.put_object(Bucket=bucket, Key="a", **asked)
    s3.put_object(Bucket=bucket, Key="a", **customer(KEY))


def test_the_cli_sets_a_default(server, s3, bucket):
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    server.cli("s3api", "put-bucket-encryption", "--bucket", bucket, "--server-side-encryption-configuration",
               json.dumps({"Rules": [rule]}))  # fmt: skip
    told = json.loads(server.cli("s3api", "get-bucket-encryption", "--bucket", bucket).stdout)
    blocked = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
    assert told["ServerSideEncryptionConfiguration"]["Rules"] == [{**rule, **blocked}]
    head = s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    assert (head["ServerSideEncryption"], head["BucketKeyEnabled"]) == ("aws:kms", True)
    assert head["SSEKMSKeyId"].startswith("arn:aws:kms:us-east-1:000000000000:key/")
