"""Object Lock, as boto3 uses it: on Niebla's clock, with the permissions of those who ask."""

import datetime
import json

import pytest
from errors import refused, status
from functions import allow, policy

DAY = datetime.timedelta(days=1)
PROTECTED = "Access Denied because object protected by object lock"


@pytest.fixture
def user(server, name):
    """Makes a client of a user who may do what the statements say."""
    iam = server.client("iam")

    def make(*statements):
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return server.client("s3", key["AccessKeyId"], key["SecretAccessKey"])

    return make


@pytest.fixture
def vault(s3, name):
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def now():
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def test_a_version_is_kept_until_its_time_has_come(fresh_server):
    s3 = fresh_server.client("s3")
    s3.create_bucket(Bucket="vault", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}
    s3.put_object_lock_configuration(
        Bucket="vault", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    assert s3.get_object_lock_configuration(Bucket="vault")["ObjectLockConfiguration"]["Rule"] == rule
    version = s3.put_object(Bucket="vault", Key="a", Body=b"a")["VersionId"]
    head = s3.head_object(Bucket="vault", Key="a")
    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert abs(head["ObjectLockRetainUntilDate"] - now() - 30 * DAY) < datetime.timedelta(minutes=2)
    for options in [{}, {"BypassGovernanceRetention": True}]:
        with refused("AccessDenied", match=PROTECTED) as caught:
            s3.delete_object(Bucket="vault", Key="a", VersionId=version, **options)
        assert status(caught) == 403
    fresh_server.niebla("clock", "advance", "29d")
    with refused("AccessDenied", match=PROTECTED):
        s3.delete_object(Bucket="vault", Key="a", VersionId=version)
    fresh_server.niebla("clock", "advance", "2d")
    s3.delete_object(Bucket="vault", Key="a", VersionId=version)
    assert "Versions" not in s3.list_object_versions(Bucket="vault")


def test_governance_is_bypassed_by_those_who_may(s3, vault, user):
    until = now() + 30 * DAY
    version = s3.put_object(
        Bucket=vault, Key="a", Body=b"a", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until
    )["VersionId"]
    assert s3.get_object_retention(Bucket=vault, Key="a")["Retention"] == {
        "Mode": "GOVERNANCE",
        "RetainUntilDate": until,
    }
    deleting = user(allow("s3:DeleteObjectVersion"), allow("s3:PutObjectRetention"), allow("s3:GetObject"))
    of_version = {"Bucket": vault, "Key": "a", "VersionId": version}
    with refused("AccessDenied", match="s3:BypassGovernanceRetention"):
        deleting.delete_object(**of_version, BypassGovernanceRetention=True)
    longer = {"Mode": "GOVERNANCE", "RetainUntilDate": until + DAY}
    deleting.put_object_retention(Bucket=vault, Key="a", Retention=longer)
    # Who may not ask for the lock is not told of it along with the object.
    assert "ObjectLockMode" not in deleting.head_object(Bucket=vault, Key="a")
    s3.delete_object(**of_version, BypassGovernanceRetention=True)


def test_a_legal_hold_goes_round(s3, vault):
    version = s3.put_object(Bucket=vault, Key="a", Body=b"a")["VersionId"]
    s3.put_object_legal_hold(Bucket=vault, Key="a", LegalHold={"Status": "ON"})
    assert s3.get_object_legal_hold(Bucket=vault, Key="a")["LegalHold"]["Status"] == "ON"
    listed = s3.delete_objects(Bucket=vault, Delete={"Objects": [{"Key": "a", "VersionId": version}]})
    assert listed["Errors"][0]["Code"] == "AccessDenied"
    s3.put_object_legal_hold(Bucket=vault, Key="a", LegalHold={"Status": "OFF"})
    s3.delete_object(Bucket=vault, Key="a", VersionId=version)


def test_policies_bound_retention(s3, vault):
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:PutObject", "s3:PutObjectRetention"],
        "Resource": f"arn:aws:s3:::{vault}/*",
        "Condition": {"NumericGreaterThan": {"s3:object-lock-remaining-retention-days": "10"}},
    }
    s3.put_bucket_policy(Bucket=vault, Policy=json.dumps({"Statement": statement}))
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": now() + 5 * DAY}
    s3.put_object(Bucket=vault, Key="a", **lock)
    with refused("AccessDenied"):
        s3.put_object(Bucket=vault, Key="a", **{**lock, "ObjectLockRetainUntilDate": now() + 20 * DAY})
    with refused("AccessDenied"):
        s3.put_object_retention(
            Bucket=vault, Key="a", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": now() + 20 * DAY}
        )
