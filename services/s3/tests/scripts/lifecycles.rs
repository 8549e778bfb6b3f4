//! The clock begins on 2025-09-06 at noon, a Saturday.

use crate::check;

#[test]
fn objects_expire_at_the_midnight_behind_their_days() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 get-bucket-lifecycle-configuration Bucket=photos => error NoSuchLifecycleConfiguration The lifecycle configuration does not exist
        s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration={"Rules":[{"ID":"old logs","Status":"Enabled","Filter":{"Prefix":"logs/"},"Expiration":{"Days":3}},{"Status":"Disabled","Filter":{},"Expiration":{"Days":1}}]} => TransitionDefaultMinimumObjectSize=all_storage_classes_128K
        s3 get-bucket-lifecycle-configuration Bucket=photos => Rules[0].ID="old logs" Rules[0].Filter.Prefix=logs/ Rules[0].Expiration.Days=3 Rules[1].ID=* TransitionDefaultMinimumObjectSize=all_storage_classes_128K
        s3 put-object Bucket=photos Key=logs/a         => Expiration="expiry-date=*Wed, 10 Sep 2025 00:00:00 GMT*, rule-id=*old%20logs*"
        s3 put-object Bucket=photos Key=kept           => Expiration=absent
        s3 copy-object Bucket=photos Key=logs/b CopySource=photos/kept => Expiration=*10*Sep*
        s3 head-object Bucket=photos Key=logs/a        => Expiration=*old%20logs*
        s3 get-object Bucket=photos Key=logs/a         => Expiration=*old%20logs*
        wait 83h
        s3 head-object Bucket=photos Key=logs/a        => ok
        crash
        wait 1h
        s3 head-object Bucket=photos Key=logs/a        => error NoSuchKey
        s3 head-object Bucket=photos Key=logs/b        => error NoSuchKey
        s3 head-object Bucket=photos Key=kept          => ok
        # The rules hold for what comes later, and end with the configuration.
        s3 put-object Bucket=photos Key=logs/c         => ok
        wait 4d
        s3 head-object Bucket=photos Key=logs/c        => error NoSuchKey
        s3 put-object Bucket=photos Key=logs/d         => ok
        s3 delete-bucket-lifecycle Bucket=photos       => ok
        wait 100d
        s3 head-object Bucket=photos Key=logs/d        => Expiration=absent
        s3 get-bucket-lifecycle-configuration Bucket=photos => error NoSuchLifecycleConfiguration
        "#,
    );
}

#[test]
fn dates_tags_and_sizes_say_what_expires() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Tagging=k=v&l=w Body=aGVsbG8= => ok
        s3 put-object Bucket=photos Key=b Tagging=k=v  => ok
        s3 put-object Bucket=photos Key=c Body=aGVsbG8= => ok
        s3 put-object Bucket=photos Key=d Body=aGk=    => ok
        s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration={"Rules":[{"ID":"tags","Status":"Enabled","Filter":{"And":{"Tags":[{"Key":"k","Value":"v"},{"Key":"l","Value":"w"}]}},"Expiration":{"Date":"2025-09-08T00:00:00Z"}},{"ID":"size","Status":"Enabled","Filter":{"And":{"Prefix":"d","ObjectSizeGreaterThan":1,"ObjectSizeLessThan":3}},"Expiration":{"Days":1}}]} => ok
        s3 head-object Bucket=photos Key=a             => Expiration=*Mon,*08*Sep*2025*
        s3 head-object Bucket=photos Key=b             => Expiration=absent
        wait 36h
        s3 list-objects-v2 Bucket=photos               => Contents[0].Key=b Contents[1].Key=c Contents[2]=absent
        "#,
    );
}

#[test]
fn a_bucket_with_versions_gets_delete_markers_and_loses_old_versions() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration={"Rules":[{"ID":"a","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":10},"NoncurrentVersionExpiration":{"NoncurrentDays":5,"NewerNoncurrentVersions":1}}]} => ok
        s3 put-object Bucket=photos Key=a Body=MQ==    => VersionId=$one
        s3 put-object Bucket=photos Key=a Body=Mg==    => VersionId=$two
        s3 put-object Bucket=photos Key=a Body=Mw==    => VersionId=$three
        wait 6d
        # One old version is spared, the other has been old for five days.
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=$three Versions[1].VersionId=$two Versions[2]=absent DeleteMarkers=absent
        wait 5d
        s3 head-object Bucket=photos Key=a             => error NoSuchKey
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=$three Versions[1].VersionId=$two Versions[2]=absent DeleteMarkers[0].IsLatest=true
        wait 6d
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=$three Versions[1]=absent
        s3 delete-object Bucket=photos Key=a VersionId=$three => ok
        # Nothing is hidden any more, and the marker is old enough.
        wait 10d
        s3 list-object-versions Bucket=photos          => Versions=absent DeleteMarkers=absent
        "#,
    );
}

#[test]
fn markers_that_hide_nothing_are_cleared() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=photos Key=a              => VersionId=$one
        s3 delete-object Bucket=photos Key=a           => ok
        s3 delete-object Bucket=photos Key=b           => ok
        s3 delete-object Bucket=photos Key=z           => ok
        s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration={"Rules":[{"ID":"a","Status":"Enabled","Filter":{},"Expiration":{"ExpiredObjectDeleteMarker":true}}]} => ok
        wait 1d
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=$one DeleteMarkers[0].Key=a DeleteMarkers[1]=absent
        "#,
    );
}

#[test]
fn classes_change_with_time_in_order() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= => ETag=$etag
        s3 put-object Bucket=photos Key=cold Body=aGVsbG8= StorageClass=DEEP_ARCHIVE => ok
        s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration={"Rules":[{"ID":"a","Status":"Enabled","Filter":{"ObjectSizeGreaterThan":0},"Transitions":[{"Days":30,"StorageClass":"STANDARD_IA"},{"Days":60,"StorageClass":"GLACIER_IR"},{"Days":90,"StorageClass":"GLACIER"},{"Days":180,"StorageClass":"DEEP_ARCHIVE"}],"Expiration":{"Days":365}}]} => ok
        wait 30d
        s3 head-object Bucket=photos Key=a             => StorageClass=absent
        wait 1d
        s3 head-object Bucket=photos Key=a             => StorageClass=STANDARD_IA ETag=$etag
        s3 list-objects-v2 Bucket=photos               => Contents[0].StorageClass=STANDARD_IA Contents[1].StorageClass=DEEP_ARCHIVE
        wait 30d
        s3 get-object Bucket=photos Key=a              => StorageClass=GLACIER_IR Body=aGVsbG8=
        wait 30d
        s3 head-object Bucket=photos Key=a             => StorageClass=GLACIER
        s3 get-object Bucket=photos Key=a              => error InvalidObjectState
        wait 100d
        s3 get-object-attributes Bucket=photos Key=a ObjectAttributes=["StorageClass"] => StorageClass=DEEP_ARCHIVE
        s3 head-object Bucket=photos Key=cold          => StorageClass=DEEP_ARCHIVE
        wait 200d
        s3 list-objects-v2 Bucket=photos               => KeyCount=0
        "#,
    );
}

#[test]
fn small_objects_keep_their_class_unless_a_rule_says_otherwise() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= => ok
        s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration={"Rules":[{"ID":"a","Status":"Enabled","Filter":{},"Transitions":[{"Days":0,"StorageClass":"INTELLIGENT_TIERING"},{"Days":3,"StorageClass":"GLACIER"}]}]} => ok
        wait 10d
        s3 head-object Bucket=photos Key=a             => StorageClass=absent
        s3 put-bucket-lifecycle-configuration Bucket=photos TransitionDefaultMinimumObjectSize=varies_by_storage_class LifecycleConfiguration={"Rules":[{"ID":"a","Status":"Enabled","Filter":{},"Transitions":[{"Days":0,"StorageClass":"INTELLIGENT_TIERING"},{"Days":30,"StorageClass":"GLACIER"}]}]} => TransitionDefaultMinimumObjectSize=varies_by_storage_class
        wait 10d
        s3 head-object Bucket=photos Key=a             => StorageClass=absent
        wait 20d
        s3 head-object Bucket=photos Key=a             => StorageClass=GLACIER
        "#,
    );
}

#[test]
fn old_versions_change_class() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=photos Key=a Body=MQ==    => VersionId=$one
        s3 put-object Bucket=photos Key=a Body=Mg==    => VersionId=$two
        s3 put-object Bucket=photos Key=a Body=Mw==    => VersionId=$three
        s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration={"Rules":[{"ID":"a","Status":"Enabled","Filter":{"ObjectSizeGreaterThan":0},"NoncurrentVersionTransitions":[{"NoncurrentDays":30,"StorageClass":"ONEZONE_IA","NewerNoncurrentVersions":1}]}]} => ok
        wait 32d
        s3 head-object Bucket=photos Key=a VersionId=$one   => StorageClass=ONEZONE_IA
        s3 head-object Bucket=photos Key=a VersionId=$two   => StorageClass=absent Expiration=absent
        s3 head-object Bucket=photos Key=a VersionId=$three => StorageClass=absent
        "#,
    );
}

#[test]
fn uploads_that_nobody_completes_are_given_up() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration={"Rules":[{"ID":"tidy","Status":"Enabled","Filter":{"Prefix":"a"},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":7}}]} => ok
        s3 create-multipart-upload Bucket=photos Key=a => UploadId=$upload AbortDate=1757808000 AbortRuleId=tidy
        s3 create-multipart-upload Bucket=photos Key=b => UploadId=$other AbortDate=absent
        s3 upload-part Bucket=photos Key=a UploadId=$upload PartNumber=1 Body=aGVsbG8= => ok
        s3 list-parts Bucket=photos Key=a UploadId=$upload => AbortRuleId=tidy
        wait 7d
        s3 list-multipart-uploads Bucket=photos        => Uploads[0].Key=a Uploads[1].Key=b
        wait 1d
        s3 list-multipart-uploads Bucket=photos        => Uploads[0].Key=b Uploads[1]=absent
        s3 upload-part Bucket=photos Key=a UploadId=$upload PartNumber=1 Body=aGVsbG8= => error NoSuchUpload
        "#,
    );
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let put = "s3 put-bucket-lifecycle-configuration Bucket=photos LifecycleConfiguration=";
    let rules = [
        (r#"{"Rules":[]}"#, "MalformedXML"),
        (r#"{"Rules":[{"Status":"Enabled","Expiration":{"Days":1}}]}"#, "MalformedXML"),
        (r#"{"Rules":[{"Status":"on","Filter":{},"Expiration":{"Days":1}}]}"#, "MalformedXML"),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Prefix":"","Expiration":{"Days":1}}]}"#,
            "InvalidRequest Base level prefix*",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{}}]}"#,
            "InvalidRequest At least one action needs to be specified in a rule",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{"Prefix":"a","ObjectSizeGreaterThan":1},"Expiration":{"Days":1}}]}"#,
            "MalformedXML",
        ),
        (r#"{"Rules":[{"Status":"Enabled","Filter":{"And":{"Prefix":"a"}},"Expiration":{"Days":1}}]}"#, "MalformedXML"),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Expiration":{"Days":0}}]}"#,
            "InvalidArgument 'Days' for Expiration action must be a positive integer",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Expiration":{"Days":1,"ExpiredObjectDeleteMarker":true}}]}"#,
            "MalformedXML",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Expiration":{"Date":"2025-09-08T01:00:00Z"}}]}"#,
            "InvalidArgument 'Date' must be at midnight GMT",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{"Tag":{"Key":"a","Value":"b"}},"Expiration":{"ExpiredObjectDeleteMarker":true}}]}"#,
            "InvalidRequest ExpiredObjectDeleteMarker cannot be specified with Tags.",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{"ObjectSizeLessThan":5},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}}]}"#,
            "InvalidRequest AbortIncompleteMultipartUpload cannot be specified with Object Size.",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Transitions":[{"Days":29,"StorageClass":"STANDARD_IA"}]}]}"#,
            "InvalidArgument 'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Transitions":[{"Days":30,"StorageClass":"STANDARD_IA"},{"Days":50,"StorageClass":"GLACIER"}]}]}"#,
            "InvalidArgument *must be 30 days more*",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Transitions":[{"Days":30,"StorageClass":"GLACIER"},{"Days":40,"StorageClass":"GLACIER"}]}]}"#,
            "InvalidRequest 'StorageClass' must be different*",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{"Prefix":"x"},"Transitions":[{"Days":30,"StorageClass":"GLACIER"}],"Expiration":{"Days":30}}]}"#,
            "InvalidArgument 'Days' in the Expiration action for filter '(prefix=x)' must be greater than 'Days' in the Transition action",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Transitions":[{"Days":30,"StorageClass":"GLACIER"}],"Expiration":{"Date":"2026-01-01T00:00:00Z"}}]}"#,
            "InvalidRequest Found mixed*",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"Transitions":[{"Days":1,"Date":"2026-01-01T00:00:00Z","StorageClass":"GLACIER"}]}]}"#,
            "MalformedXML",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Prefix":"","NoncurrentVersionExpiration":{"NoncurrentDays":1,"NewerNoncurrentVersions":1}}]}"#,
            "InvalidRequest 'NewerNoncurrentVersions'*",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"NoncurrentVersionExpiration":{"NoncurrentDays":0}}]}"#,
            "InvalidArgument 'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Filter":{},"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":0}}]}"#,
            "InvalidArgument 'DaysAfterInitiation'*",
        ),
        (
            r#"{"Rules":[{"ID":"a","Status":"Enabled","Filter":{"Prefix":"a"},"Expiration":{"Days":1}},{"ID":"a","Status":"Enabled","Filter":{"Prefix":"b"},"Expiration":{"Days":1}}]}"#,
            "InvalidArgument Rule ID must be unique*",
        ),
        (
            r#"{"Rules":[{"Status":"Enabled","Prefix":"a","Expiration":{"Days":1}},{"Status":"Enabled","Prefix":"a","Expiration":{"Days":1}}]}"#,
            "InvalidArgument Found two rules with same prefix 'a'",
        ),
    ];
    let lines: String = rules.iter().map(|(rule, error)| format!("{put}{rule} => error {error}\n")).collect();
    check(&format!("s3 create-bucket Bucket=photos => ok\n{lines}"));
}
