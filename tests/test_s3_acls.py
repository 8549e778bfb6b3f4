"""Access control lists, as boto3 uses them: with other accounts, and with nobody."""

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from errors import refused, status


@pytest.fixture
def nobody(server):
    """A client without keys."""
    return boto3.client(
        "s3", endpoint_url=server.url, region_name="us-east-1", config=Config(signature_version=UNSIGNED)
    )


@pytest.fixture
def listed(s3, name):
    """A bucket with lists, in which nothing is blocked."""
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=name)
    return name


def test_everybody_reads_what_a_list_makes_public(s3, listed, nobody):
    s3.put_object(Bucket=listed, Key="page", Body=b"hello", ACL="public-read")
    s3.put_object(Bucket=listed, Key="secret", Body=b"hello")
    assert nobody.get_object(Bucket=listed, Key="page")["Body"].read() == b"hello"
    with refused("AccessDenied"):
        nobody.get_object(Bucket=listed, Key="secret")
    s3.put_object_acl(Bucket=listed, Key="secret", ACL="public-read")
    assert nobody.get_object(Bucket=listed, Key="secret")["Body"].read() == b"hello"
    s3.put_bucket_acl(Bucket=listed, ACL="public-read")
    assert nobody.list_objects_v2(Bucket=listed)["KeyCount"] == 2
    s3.put_public_access_block(Bucket=listed, PublicAccessBlockConfiguration={"IgnorePublicAcls": True})
    with refused("AccessDenied"):
        nobody.get_object(Bucket=listed, Key="page")
    with refused("AccessDenied"):
        nobody.list_objects_v2(Bucket=listed)


def test_a_list_goes_round_as_a_document(server, s3, listed, account):
    other = server.client("s3", account)
    other.create_bucket(Bucket=f"{listed}-other")
    grantee = {"Type": "CanonicalUser", "ID": other.get_bucket_acl(Bucket=f"{listed}-other")["Owner"]["ID"]}
    acl = s3.get_bucket_acl(Bucket=listed)
    grants = [*acl["Grants"], {"Grantee": grantee, "Permission": "WRITE"}, {"Grantee": grantee, "Permission": "READ"}]
    s3.put_bucket_acl(Bucket=listed, AccessControlPolicy={"Owner": acl["Owner"], "Grants": grants})
    assert s3.get_bucket_acl(Bucket=listed)["Grants"] == grants
    other.put_object(Bucket=listed, Key="theirs", Body=b"a")
    with refused("AccessDenied") as caught:
        s3.get_object(Bucket=listed, Key="theirs")
    assert status(caught) == 403
    other.put_object(Bucket=listed, Key="theirs", Body=b"a", ACL="bucket-owner-full-control")
    assert s3.get_object(Bucket=listed, Key="theirs")["Body"].read() == b"a"
    controls = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    s3.put_bucket_ownership_controls(Bucket=listed, OwnershipControls=controls)
    assert s3.get_bucket_ownership_controls(Bucket=listed)["OwnershipControls"] == controls


def test_a_new_bucket_has_no_lists(s3, bucket):
    with refused("AccessControlListNotSupported") as caught:
        s3.put_object(Bucket=bucket, Key="a", ACL="public-read")
    assert status(caught) == 400
    s3.put_object(Bucket=bucket, Key="a", ACL="bucket-owner-full-control")
