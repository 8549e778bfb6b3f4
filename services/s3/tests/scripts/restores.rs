//! The clock begins on 2025-09-06 at noon.

use crate::check;

#[test]
fn an_archived_object_is_restored_for_some_days() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= StorageClass=GLACIER => ok
        s3 get-object Bucket=photos Key=a              => error InvalidObjectState The operation is not valid for the object's storage class
        s3 copy-object Bucket=photos Key=b CopySource=photos/a => error ObjectNotInActiveTierError
        s3 head-object Bucket=photos Key=a             => StorageClass=GLACIER Restore=absent
        s3 restore-object Bucket=photos Key=a RestoreRequest={"Days":3} => ok
        s3 head-object Bucket=photos Key=a             => StorageClass=GLACIER Restore=ongoing-request=*true*
        s3 list-objects-v2 Bucket=photos OptionalObjectAttributes=["RestoreStatus"] => Contents[0].RestoreStatus.IsRestoreInProgress=true
        s3 restore-object Bucket=photos Key=a RestoreRequest={"Days":3} => error RestoreAlreadyInProgress Object restore is already in progress
        wait 4h
        s3 get-object Bucket=photos Key=a              => error InvalidObjectState
        crash
        wait 1h
        s3 get-object Bucket=photos Key=a              => Body=aGVsbG8= StorageClass=GLACIER Restore="ongoing-request=*false*, expiry-date=*Wed, 10 Sep 2025 00:00:00 GMT*"
        s3 list-object-versions Bucket=photos OptionalObjectAttributes=["RestoreStatus"] => Versions[0].RestoreStatus.IsRestoreInProgress=false Versions[0].RestoreStatus.RestoreExpiryDate=1757462400
        s3 copy-object Bucket=photos Key=b CopySource=photos/a StorageClass=STANDARD => ok
        # A copy that is there is kept for longer.
        s3 restore-object Bucket=photos Key=a RestoreRequest={"Days":5} => ok
        s3 head-object Bucket=photos Key=a             => Restore=*12*Sep*2025*
        wait 5d
        s3 get-object Bucket=photos Key=a              => ok
        wait 1d
        s3 get-object Bucket=photos Key=a              => error InvalidObjectState
        s3 head-object Bucket=photos Key=a             => Restore=absent
        s3 get-object Bucket=photos Key=b              => Body=aGVsbG8=
        "#,
    );
}

#[test]
fn tiers_take_their_time() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=deep StorageClass=DEEP_ARCHIVE => ok
        s3 put-object Bucket=photos Key=a StorageClass=GLACIER => ok
        s3 restore-object Bucket=photos Key=deep RestoreRequest={"Days":1,"GlacierJobParameters":{"Tier":"Expedited"}} => error InvalidArgument Retrieval option is not supported by this storage class
        s3 restore-object Bucket=photos Key=deep RestoreRequest={"Days":9,"GlacierJobParameters":{"Tier":"Bulk"}} => ok
        s3 restore-object Bucket=photos Key=a RestoreRequest={"Days":1,"GlacierJobParameters":{"Tier":"Bulk"}} => ok
        # A faster tier speeds it up.
        s3 restore-object Bucket=photos Key=a RestoreRequest={"Days":1,"GlacierJobParameters":{"Tier":"Expedited"}} => ok
        wait 5m
        s3 get-object Bucket=photos Key=a              => ok
        wait 47h
        s3 get-object Bucket=photos Key=deep           => error InvalidObjectState
        wait 1h
        s3 get-object Bucket=photos Key=deep           => ok
        "#,
    );
}

#[test]
fn what_lies_in_no_archive_is_not_restored() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a              => ok
        s3 put-object Bucket=photos Key=t StorageClass=INTELLIGENT_TIERING => ok
        s3 put-object Bucket=photos Key=g StorageClass=GLACIER => ok
        s3 restore-object Bucket=photos Key=a RestoreRequest={"Days":1} => error InvalidObjectState Restore is not allowed for the object's current storage class
        s3 restore-object Bucket=photos Key=t RestoreRequest={} => error ObjectAlreadyInActiveTierError
        s3 restore-object Bucket=photos Key=g          => error MalformedXML
        s3 restore-object Bucket=photos Key=g RestoreRequest={} => error MalformedXML
        s3 restore-object Bucket=photos Key=g RestoreRequest={"Days":0} => error InvalidArgument
        s3 restore-object Bucket=photos Key=g RestoreRequest={"Days":1,"Type":"SELECT"} => error NotImplemented
        s3 restore-object Bucket=photos Key=none RestoreRequest={"Days":1} => error NoSuchKey
        "#,
    );
}
