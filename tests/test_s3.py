"""Amazon S3 as boto3 uses it: buckets, objects, listings, versions, copies, uploads in parts."""

import base64
import datetime
import hashlib
import io
import urllib.request
import zlib

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from errors import refused, status
from functions import allow, policy

MIB = 1024 * 1024


def body_of(answer):
    return answer["Body"].read()


def test_an_object_goes_round_with_its_headers(s3, bucket):
    expires = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    put = s3.put_object(
        Bucket=bucket,
        Key="a b/ü+c.txt",
        Body=b"hello",
        ContentType="text/plain",
        CacheControl="max-age=60",
        ContentDisposition="inline",
        ContentLanguage="de",
        ContentEncoding="identity",
        Expires=expires,
        Metadata={"Colour": "red"},
        Tagging="k=v",
    )
    assert put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert put["ChecksumCRC32"] == base64.b64encode(zlib.crc32(b"hello").to_bytes(4)).decode()
    got = s3.get_object(Bucket=bucket, Key="a b/ü+c.txt", ChecksumMode="ENABLED")
    assert body_of(got) == b"hello"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert (got["ContentType"], got["CacheControl"], got["ContentLanguage"]) == ("text/plain", "max-age=60", "de")
    assert (got["ContentDisposition"], got["ContentEncoding"]) == ("inline", "identity")
    assert (got["Expires"], got["Metadata"], got["TagCount"]) == (expires, {"colour": "red"}, 1)
    assert (got["ChecksumCRC32"], got["ChecksumType"]) == (put["ChecksumCRC32"], "FULL_OBJECT")
    head = s3.head_object(Bucket=bucket, Key="a b/ü+c.txt")
    assert (head["ContentLength"], head["ETag"], head["Metadata"]) == (5, put["ETag"], {"colour": "red"})
    assert abs(datetime.datetime.now(datetime.UTC) - head["LastModified"]) < datetime.timedelta(minutes=1)
    part = s3.get_object(Bucket=bucket, Key="a b/ü+c.txt", Range="bytes=1-3")
    assert body_of(part) == b"ell"
    assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert (part["ContentRange"], part["ContentLength"]) == ("bytes 1-3/5", 3)


def test_what_is_not_there_is_named(s3, bucket, name):
    with refused("NoSuchKey", match="The specified key does not exist") as caught:
        s3.get_object(Bucket=bucket, Key="none")
    assert status(caught) == 404
    assert caught.value.response["Error"]["Key"] == "none"
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="none")
    with refused("404"):
        s3.head_bucket(Bucket=f"{name}-none")
    with refused("NoSuchBucket") as caught:
        s3.list_objects_v2(Bucket=f"{name}-none")
    assert caught.value.response["Error"]["BucketName"] == f"{name}-none"
    with refused("InvalidRange") as caught:
        s3.put_object(Bucket=bucket, Key="a", Body=b"12345")
        s3.get_object(Bucket=bucket, Key="a", Range="bytes=5-")
    assert status(caught) == 416
    assert caught.value.response["Error"]["ActualObjectSize"] == "5"
    assert caught.value.response["Error"]["RangeRequested"] == "bytes=5-"


def test_conditions(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")["ETag"]
    with refused("PreconditionFailed") as caught:
        s3.put_object(Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*")
    assert (status(caught), caught.value.response["Error"]["Condition"]) == (412, "If-None-Match")
    with refused("304") as caught:
        s3.get_object(Bucket=bucket, Key="a", IfNoneMatch=etag)
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag
    with refused("304"):
        s3.head_object(Bucket=bucket, Key="a", IfModifiedSince=datetime.datetime.now(datetime.UTC))
    with refused("412"):
        s3.head_object(Bucket=bucket, Key="a", IfMatch='"0"')
    s3.put_object(Bucket=bucket, Key="a", Body=b"3", IfMatch=etag)
    assert body_of(s3.get_object(Bucket=bucket, Key="a")) == b"3"


def test_pages_of_keys_in_the_order_of_their_bytes(s3, bucket):
    keys = sorted(
        [f"k{number:03}" for number in range(12)] + ["ü", "Z", "a/1", "a/2", "b//x", "a b", "+"], key=str.encode
    )
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 5})
    assert [it["Key"] for page in pages for it in page["Contents"]] == keys
    pages = s3.get_paginator("list_objects").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 3})
    shown = [
        it.get("Key", it.get("Prefix"))
        for page in pages
        for it in page.get("Contents", []) + page.get("CommonPrefixes", [])
    ]
    assert sorted(shown) == sorted({"a/", "b/"} | {it for it in keys if "/" not in it})
    one = s3.list_objects_v2(Bucket=bucket, Prefix="a", Delimiter="/", FetchOwner=True, StartAfter="a")
    assert [it["Key"] for it in one["Contents"]] == ["a b"]
    assert [it["Prefix"] for it in one["CommonPrefixes"]] == ["a/"]
    assert (one["KeyCount"], one["IsTruncated"], len(one["Contents"][0]["Owner"]["ID"])) == (2, False, 64)
    assert s3.list_objects_v2(Bucket=bucket, Delimiter="//")["CommonPrefixes"] == [{"Prefix": "b//"}]
    none = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)


def test_versions(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"0")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ids = ["null"] + [s3.put_object(Bucket=bucket, Key="a", Body=b"%d" % it)["VersionId"] for it in (1, 2)]
    marker = s3.delete_object(Bucket=bucket, Key="a")
    assert marker["DeleteMarker"] is True
    with refused("NoSuchKey") as caught:
        s3.get_object(Bucket=bucket, Key="a")
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    with refused("MethodNotAllowed") as caught:
        s3.get_object(Bucket=bucket, Key="a", VersionId=marker["VersionId"])
    assert status(caught) == 405
    for number, version in enumerate(ids):
        assert body_of(s3.get_object(Bucket=bucket, Key="a", VersionId=version)) == b"%d" % number
    listed = s3.list_object_versions(Bucket=bucket)
    assert [it["VersionId"] for it in listed["Versions"]] == ids[::-1]
    assert [(it["VersionId"], it["IsLatest"]) for it in listed["DeleteMarkers"]] == [(marker["VersionId"], True)]
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
    found = [it["VersionId"] for page in pages for it in page.get("Versions", []) + page.get("DeleteMarkers", [])]
    assert found == [marker["VersionId"], *ids[::-1]]
    every = [{"Key": "a", "VersionId": it} for it in found]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": every})["Deleted"]) == 4
    s3.delete_bucket(Bucket=bucket)
    s3.get_waiter("bucket_not_exists").wait(Bucket=bucket, WaiterConfig={"Delay": 1, "MaxAttempts": 3})


def test_a_file_goes_up_in_parts_and_comes_back(s3, bucket, tmp_path):
    content = bytes(range(256)) * (12 * MIB // 256) + b"the end"
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_file(str(source), bucket, "big", Config=config, ExtraArgs={"Metadata": {"m": "1"}})
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    parts = [content[at : at + 5 * MIB] for at in range(0, len(content), 5 * MIB)]
    md5 = hashlib.md5(b"".join(hashlib.md5(it).digest() for it in parts)).hexdigest()
    assert head["ETag"] == f'"{md5}-3"'
    assert (head["ContentLength"], head["Metadata"]) == (len(content), {"m": "1"})
    s3.download_file(bucket, "big", str(target), Config=config)
    assert target.read_bytes() == content
    second = s3.get_object(Bucket=bucket, Key="big", PartNumber=2)
    assert (body_of(second), second["PartsCount"]) == (parts[1], 3)
    assert second["ResponseMetadata"]["HTTPStatusCode"] == 206
    across = f"bytes={5 * MIB - 3}-{5 * MIB + 2}"
    assert body_of(s3.get_object(Bucket=bucket, Key="big", Range=across)) == content[5 * MIB - 3 : 5 * MIB + 3]
    attributes = s3.get_object_attributes(Bucket=bucket, Key="big", ObjectAttributes=["ObjectParts", "Checksum"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3
    assert [it["Size"] for it in attributes["ObjectParts"]["Parts"]] == [len(it) for it in parts]
    # A copy in one piece has the MD5 of the whole.
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "big"})
    assert copied["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    s3.delete_object(Bucket=bucket, Key="big")
    assert body_of(s3.get_object(Bucket=bucket, Key="copy")) == content
    s3.copy({"Bucket": bucket, "Key": "copy"}, bucket, "parts", Config=config)
    assert body_of(s3.get_object(Bucket=bucket, Key="parts")) == content
    assert s3.head_object(Bucket=bucket, Key="parts")["ETag"] == f'"{md5}-3"'


def begin(s3, bucket, key="a", **options):
    return s3.create_multipart_upload(Bucket=bucket, Key=key, **options)["UploadId"]


def part(s3, bucket, upload, number, body, key="a", **options):
    answer = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=body, **options)
    checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
    return {"PartNumber": number, "ETag": answer["ETag"], **checksums}


def complete(s3, bucket, upload, parts, key="a", **options):
    return s3.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **options
    )


def test_uploads_are_listed_and_aborted(s3, bucket):
    uploads = [begin(s3, bucket, key) for key in ("a/1", "a/2", "b")]
    listed = s3.list_multipart_uploads(Bucket=bucket)
    assert [(it["Key"], it["UploadId"]) for it in listed["Uploads"]] == list(
        zip(("a/1", "a/2", "b"), uploads, strict=True)
    )
    rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", MaxUploads=1)
    assert (rolled["CommonPrefixes"], rolled["IsTruncated"]) == ([{"Prefix": "a/"}], True)
    rest = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", KeyMarker=rolled["NextKeyMarker"])
    assert [it["Key"] for it in rest["Uploads"]] == ["b"]
    made = [part(s3, bucket, uploads[2], number, b"x" * number, "b") for number in (3, 1)]
    parts = s3.list_parts(Bucket=bucket, Key="b", UploadId=uploads[2], MaxParts=1)
    assert [(it["PartNumber"], it["Size"], it["ETag"]) for it in parts["Parts"]] == [(1, 1, made[1]["ETag"])]
    assert (parts["IsTruncated"], parts["NextPartNumberMarker"]) == (True, 1)
    s3.abort_multipart_upload(Bucket=bucket, Key="b", UploadId=uploads[2])
    with refused("NoSuchUpload") as caught:
        s3.list_parts(Bucket=bucket, Key="b", UploadId=uploads[2])
    assert status(caught) == 404
    with refused("NoSuchUpload"):
        part(s3, bucket, uploads[2], 1, b"x", "b")
    with refused("NoSuchUpload"):
        s3.abort_multipart_upload(Bucket=bucket, Key="b", UploadId="nonsense")
    # A bucket goes with what is under way in it.
    s3.delete_bucket(Bucket=bucket)


def test_completing_checks_the_parts(s3, bucket):
    upload = begin(s3, bucket)
    small, last = part(s3, bucket, upload, 1, b"1"), part(s3, bucket, upload, 2, b"2")
    with refused("EntityTooSmall") as caught:
        complete(s3, bucket, upload, [small, last])
    assert caught.value.response["Error"]["MinSizeAllowed"] == str(5 * MIB)
    with refused("InvalidPartOrder"):
        complete(s3, bucket, upload, [last, small])
    with refused("InvalidPart"):
        complete(s3, bucket, upload, [{**last, "ETag": small["ETag"]}])
    with refused("InvalidPart"):
        complete(s3, bucket, upload, [{**last, "PartNumber": 3}])
    with refused("MalformedXML"):
        complete(s3, bucket, upload, [])
    with refused("InvalidArgument", match="between 1 and 10000"):
        part(s3, bucket, upload, 10_001, b"x")
    with refused("InvalidRequest"):
        complete(s3, bucket, upload, [last], MpuObjectSize=7)
    done = complete(s3, bucket, upload, [last], MpuObjectSize=1)
    assert done["ETag"] == f'"{hashlib.md5(hashlib.md5(b"2").digest()).hexdigest()}-1"'
    assert done["Location"].endswith(f"/{bucket}/a")
    # Who did not hear the answer asks again.
    assert complete(s3, bucket, upload, [last])["ETag"] == done["ETag"]
    assert body_of(s3.get_object(Bucket=bucket, Key="a")) == b"2"
    second = begin(s3, bucket)
    one = part(s3, bucket, second, 1, b"new")
    with refused("PreconditionFailed"):
        complete(s3, bucket, second, [one], IfNoneMatch="*")
    complete(s3, bucket, second, [one], IfMatch=done["ETag"])


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256", "SHA512"])
def test_composite_checksums(s3, bucket, algorithm):
    upload = begin(s3, bucket, ChecksumAlgorithm=algorithm)
    parts = [
        part(s3, bucket, upload, 1, b"a" * 5 * MIB, ChecksumAlgorithm=algorithm),
        part(s3, bucket, upload, 2, b"b", ChecksumAlgorithm=algorithm),
    ]
    with refused("InvalidRequest", match="must include the checksum for each part"):
        complete(s3, bucket, upload, [{"PartNumber": it["PartNumber"], "ETag": it["ETag"]} for it in parts])
    done = complete(s3, bucket, upload, parts)
    assert done["ChecksumType"] == "COMPOSITE"
    assert done[f"Checksum{algorithm}"].endswith("-2")
    if algorithm == "SHA256":
        whole = hashlib.sha256(hashlib.sha256(b"a" * 5 * MIB).digest() + hashlib.sha256(b"b").digest()).digest()
        assert done["ChecksumSHA256"] == f"{base64.b64encode(whole).decode()}-2"


def test_full_object_checksums(s3, bucket):
    upload = begin(s3, bucket, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    parts = [part(s3, bucket, upload, 1, b"a" * 5 * MIB), part(s3, bucket, upload, 2, b"bc")]
    expected = base64.b64encode(zlib.crc32(b"a" * 5 * MIB + b"bc").to_bytes(4)).decode()
    with refused("BadDigest"):
        complete(s3, bucket, upload, parts, ChecksumCRC32="AAAAAA==")
    done = complete(s3, bucket, upload, parts, ChecksumCRC32=expected, ChecksumType="FULL_OBJECT")
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (expected, "FULL_OBJECT")
    with refused("InvalidRequest", match="FULL_OBJECT checksum type cannot be used with the sha256"):
        begin(s3, bucket, ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")
    mixed = begin(s3, bucket, ChecksumAlgorithm="SHA256")
    with refused("InvalidRequest", match="Checksum Type mismatch"):
        part(s3, bucket, mixed, 1, b"x", ChecksumAlgorithm="CRC32")


def test_parts_are_copied(s3, bucket):
    s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
    upload, source = begin(s3, bucket), {"Bucket": bucket, "Key": "source"}
    options = {"Bucket": bucket, "Key": "a", "UploadId": upload, "PartNumber": 1, "CopySource": source}
    with refused("InvalidArgument", match="not valid for source object of size: 10"):
        s3.upload_part_copy(**options, CopySourceRange="bytes=0-10")
    with refused("InvalidArgument", match="must be of the form"):
        s3.upload_part_copy(**options, CopySourceRange="bytes=5-")
    with refused("PreconditionFailed"):
        s3.upload_part_copy(**options, CopySourceIfMatch='"0"')
    copied = s3.upload_part_copy(**options, CopySourceRange="bytes=2-4")["CopyPartResult"]
    assert copied["ETag"] == f'"{hashlib.md5(b"234").hexdigest()}"'
    checksums = {name: value for name, value in copied.items() if name.startswith("Checksum")}
    complete(s3, bucket, upload, [{"PartNumber": 1, "ETag": copied["ETag"], **checksums}])
    assert body_of(s3.get_object(Bucket=bucket, Key="a")) == b"234"


def test_a_client_of_another_region_finds_the_bucket(server, name):
    home, away = server.client("s3"), server.client("s3", region="eu-west-1")
    away.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert home.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    # boto3 signs again for the region that it is told.
    home.put_object(Bucket=name, Key="a", Body=b"x")
    assert home.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"
    assert body_of(server.client("s3", region="us-west-2").get_object(Bucket=name, Key="a")) == b"x"
    # A copy comes from anywhere.
    home.create_bucket(Bucket=f"{name}-home")
    home.copy_object(Bucket=f"{name}-home", Key="b", CopySource=f"{name}/a")
    with refused("BucketAlreadyOwnedByYou"):
        away.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with refused("IllegalLocationConstraintException", match="unspecified"):
        away.create_bucket(Bucket=f"{name}-2")
    with refused("IllegalLocationConstraintException", match="us-west-2"):
        away.create_bucket(Bucket=f"{name}-2", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})


def test_presigned_urls_read_and_override(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b", Body=b"hello")
    parameters = {"Bucket": bucket, "Key": "a b", "ResponseContentType": "text/html"}
    with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params=parameters)) as answer:
        assert (answer.read(), answer.headers["content-type"]) == (b"hello", "text/html")


@pytest.fixture
def someone(server, account, name):
    """A function that makes an S3 client for somebody with the given statements in the account of the bucket."""
    iam = server.client("iam", key=account)

    def make(*statements):
        trust = policy({"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy(*statements))
        answer = server.client("sts", key=account).assume_role(RoleArn=arn, RoleSessionName="visit")
        return server.client_as("s3", answer["Credentials"])

    return make


def test_who_may_not_list_does_not_learn_what_is_missing(server, account, name, someone):
    server.client("s3", key=account).create_bucket(Bucket=name)
    blind = someone(allow("s3:GetObject", f"arn:aws:s3:::{name}/*"))
    with refused("AccessDenied"):
        blind.get_object(Bucket=name, Key="none")
    with refused("AccessDenied"):
        blind.list_objects_v2(Bucket=name)


def test_actions_follow_what_is_asked(server, account, name, someone):
    owner = server.client("s3", key=account)
    owner.create_bucket(Bucket=name)
    owner.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    first = owner.put_object(Bucket=name, Key="in/a", Body=b"1", Tagging="team=x")["VersionId"]
    owner.put_object(Bucket=name, Key="in/b", Body=b"2")
    objects = f"arn:aws:s3:::{name}"
    tagged = allow("s3:GetObject", f"{objects}/in/a")
    tagged["Condition"] = {"StringEquals": {"s3:ExistingObjectTag/team": "x"}}
    listing = allow("s3:ListBucket", objects)
    listing["Condition"] = {"StringLike": {"s3:prefix": "in/*"}}
    guest = someone(
        tagged, listing, allow("s3:PutObject", f"{objects}/out/*"), allow("s3:DeleteObject", f"{objects}/out/*")
    )
    assert body_of(guest.get_object(Bucket=name, Key="in/a")) == b"1"
    with refused("AccessDenied", match="s3:GetObjectVersion"):
        guest.get_object(Bucket=name, Key="in/a", VersionId=first)
    with refused("AccessDenied"):
        guest.get_object(Bucket=name, Key="in/b")
    assert guest.list_objects_v2(Bucket=name, Prefix="in/")["KeyCount"] == 2
    with refused("AccessDenied", match="s3:ListBucket"):
        guest.list_objects_v2(Bucket=name)
    guest.put_object(Bucket=name, Key="out/a", Body=io.BytesIO(b"x"))
    with refused("AccessDenied", match="s3:PutObjectTagging"):
        guest.put_object(Bucket=name, Key="out/a", Tagging="k=v")
    with refused("AccessDenied", match="s3:GetObjectTagging"):
        guest.copy_object(Bucket=name, Key="out/b", CopySource=f"{name}/in/a")
    guest.copy_object(Bucket=name, Key="out/b", CopySource=f"{name}/in/a", TaggingDirective="REPLACE")
    with refused("AccessDenied"):
        guest.copy_object(Bucket=name, Key="in/c", CopySource=f"{name}/in/a", TaggingDirective="REPLACE")
    done = guest.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "out/a"}, {"Key": "in/a"}]})
    assert [it["Key"] for it in done["Deleted"]] == ["out/a"]
    assert [(it["Key"], it["Code"]) for it in done["Errors"]] == [("in/a", "AccessDenied")]


def test_conditional_writes_can_be_enforced(server, account, name, someone):
    owner = server.client("s3", key=account)
    owner.create_bucket(Bucket=name)
    never_over = allow("s3:PutObject", f"arn:aws:s3:::{name}/*")
    never_over["Condition"] = {"Null": {"s3:if-none-match": "false"}}
    parts = allow("s3:PutObject", f"arn:aws:s3:::{name}/*")
    parts["Condition"] = {"Bool": {"s3:ObjectCreationOperation": "false"}}
    guest = someone(never_over, parts)
    with refused("AccessDenied"):
        guest.put_object(Bucket=name, Key="a", Body=b"1")
    guest.put_object(Bucket=name, Key="a", Body=b"1", IfNoneMatch="*")
    upload = begin(guest, name, "b")
    one = part(guest, name, upload, 1, b"x", "b")
    with refused("AccessDenied"):
        complete(guest, name, upload, [one], "b")
    complete(guest, name, upload, [one], "b", IfNoneMatch="*")


def test_other_accounts_stay_out(server, account, bucket):
    stranger = server.client("s3", key=account)
    for call in (
        lambda: stranger.get_object(Bucket=bucket, Key="a"),
        lambda: stranger.put_object(Bucket=bucket, Key="a"),
        lambda: stranger.list_objects_v2(Bucket=bucket),
        lambda: stranger.delete_bucket(Bucket=bucket),
    ):
        with refused("AccessDenied"):
            call()
    with pytest.raises(ClientError) as caught:
        stranger.head_bucket(Bucket=bucket)
    assert status(caught) == 403
    with refused("BucketAlreadyExists"):
        stranger.create_bucket(Bucket=bucket)


def test_objects_survive_the_end_of_the_server(fresh_server, name):
    s3 = fresh_server.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="small", Body=b"1")
    s3.put_object(Bucket=name, Key="large", Body=b"2" * MIB)
    fresh_server.kill9()
    fresh_server.start()
    s3 = fresh_server.client("s3")
    assert body_of(s3.get_object(Bucket=name, Key="small")) == b"1"
    assert body_of(s3.get_object(Bucket=name, Key="large")) == b"2" * MIB
