use crate::check_with_roles as check;

const TRUST: &str = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"s3.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}"#;
const MAY: &str =
    r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}"#;

/// A source with versions, two targets, and a role that may do everything in S3.
fn begin() -> String {
    format!(
        r#"
        iam create-role RoleName=copier AssumeRolePolicyDocument="{TRUST}" => Role.Arn=$role
        iam put-role-policy RoleName=copier PolicyName=all PolicyDocument="{MAY}" => ok
        s3 create-bucket Bucket=source                 => ok
        s3 create-bucket Bucket=near                   => ok
        s3 create-bucket Bucket=far CreateBucketConfiguration={{"LocationConstraint":"eu-west-2"}} => ok
        s3 put-bucket-versioning Bucket=source VersioningConfiguration={{"Status":"Enabled"}} => ok
        s3 put-bucket-versioning Bucket=near VersioningConfiguration={{"Status":"Enabled"}} => ok
        s3 put-bucket-versioning Bucket=far VersioningConfiguration={{"Status":"Enabled"}} => ok
        "#
    )
}

fn check_from_there(script: &str) {
    check(&format!("{}{script}", begin()));
}

#[test]
fn new_objects_are_copied_with_their_version_ids() {
    check_from_there(
        r#"
        s3 put-object Bucket=source Key=before Body=MQ== => ok
        s3 get-bucket-replication Bucket=source        => error ReplicationConfigurationNotFoundError
        s3 put-bucket-replication Bucket=source ReplicationConfiguration={"Role":"$role","Rules":[{"ID":"all","Status":"Enabled","Priority":1,"Filter":{},"DeleteMarkerReplication":{"Status":"Enabled"},"Destination":{"Bucket":"arn:aws:s3:::near"}},{"ID":"logs","Status":"Enabled","Priority":2,"Filter":{"Prefix":"logs/"},"DeleteMarkerReplication":{"Status":"Disabled"},"Destination":{"Bucket":"arn:aws:s3:::far","StorageClass":"STANDARD_IA"}}]} => ok
        s3 get-bucket-replication Bucket=source        => ReplicationConfiguration.Rules[1].ID=logs
        s3 put-object Bucket=source Key=logs/a Body=aGVsbG8= Tagging=k=v Metadata={"colour":"red"} => VersionId=$one ETag=$etag
        wait 1s
        s3 head-object Bucket=source Key=logs/a        => ReplicationStatus=COMPLETED
        s3 get-object Bucket=near Key=logs/a           => Body=aGVsbG8= VersionId=$one ETag=$etag ReplicationStatus=REPLICA Metadata.colour=red StorageClass=absent TagCount=1
        s3 get-object Bucket=far Key=logs/a VersionId=$one => Body=aGVsbG8= StorageClass=STANDARD_IA
        s3 head-object Bucket=near Key=before          => error NoSuchKey
        # Tags follow, delete markers where the rule says so, and deleted versions do not.
        s3 put-object-tagging Bucket=source Key=logs/a Tagging={"TagSet":[{"Key":"k","Value":"w"}]} => ok
        s3 put-object Bucket=source Key=logs/a Body=Ynll => VersionId=$two
        s3 delete-object Bucket=source Key=logs/a      => VersionId=$gone
        wait 1s
        s3 get-object-tagging Bucket=near Key=logs/a VersionId=$one => TagSet[0].Value=w
        s3 list-object-versions Bucket=near            => DeleteMarkers[0].VersionId=$gone DeleteMarkers[0].IsLatest=true Versions[0].VersionId=$two Versions[1].VersionId=$one
        s3 head-object Bucket=far Key=logs/a           => VersionId=$two
        s3 delete-object Bucket=source Key=logs/a VersionId=$one => ok
        wait 1s
        s3 get-object Bucket=near Key=logs/a VersionId=$one => Body=aGVsbG8=
        s3 put-bucket-versioning Bucket=source VersioningConfiguration={"Status":"Suspended"} => error InvalidBucketState
        s3 delete-bucket-replication Bucket=source     => ok
        s3 put-object Bucket=source Key=logs/b         => ok
        wait 1s
        s3 head-object Bucket=source Key=logs/b        => ReplicationStatus=absent
        s3 head-object Bucket=near Key=logs/b          => error NoSuchKey
        "#,
    );
}

#[test]
fn rules_choose_by_prefix_tag_and_priority() {
    check_from_there(
        r#"
        s3 put-bucket-replication Bucket=source ReplicationConfiguration={"Role":"$role","Rules":[{"ID":"tags","Status":"Enabled","Priority":1,"Filter":{"And":{"Prefix":"a","Tags":[{"Key":"k","Value":"v"}]}},"DeleteMarkerReplication":{"Status":"Disabled"},"Destination":{"Bucket":"arn:aws:s3:::near"}},{"ID":"first","Status":"Enabled","Priority":5,"Filter":{"Prefix":"ab"},"DeleteMarkerReplication":{"Status":"Disabled"},"Destination":{"Bucket":"arn:aws:s3:::near","StorageClass":"GLACIER_IR"}},{"ID":"off","Status":"Disabled","Priority":9,"Filter":{},"DeleteMarkerReplication":{"Status":"Disabled"},"Destination":{"Bucket":"arn:aws:s3:::far"}}]} => ok
        s3 put-object Bucket=source Key=a1             => ok
        s3 put-object Bucket=source Key=a2 Tagging=k=v => ok
        s3 put-object Bucket=source Key=ab Tagging=k=v => ok
        s3 create-multipart-upload Bucket=source Key=ab/parts => UploadId=$upload
        s3 upload-part Bucket=source Key=ab/parts UploadId=$upload PartNumber=1 Body=aGVsbG8= => ok
        s3 complete-multipart-upload Bucket=source Key=ab/parts UploadId=$upload MultipartUpload={"Parts":[{"PartNumber":1,"ETag":"5d41402abc4b2a76b9719d911017c592"}]} => ETag=$etag
        crash
        wait 1s
        s3 head-object Bucket=source Key=a1            => ReplicationStatus=absent
        s3 head-object Bucket=near Key=a1              => error NoSuchKey
        s3 head-object Bucket=near Key=a2              => StorageClass=absent ReplicationStatus=REPLICA
        s3 head-object Bucket=near Key=ab              => StorageClass=GLACIER_IR
        s3 get-object Bucket=near Key=ab/parts         => ETag=$etag Body=aGVsbG8=
        s3 get-object Bucket=near Key=ab/parts PartNumber=1 => PartsCount=1
        s3 list-objects-v2 Bucket=far                  => KeyCount=0
        "#,
    );
}

#[test]
fn what_the_role_may_not_do_fails() {
    let no_tags = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"s3:ReplicateTags\",\"Resource\":\"*\"}]}"#;
    check_from_there(&format!(
        r#"
        s3 put-bucket-replication Bucket=source ReplicationConfiguration={{"Role":"$role","Rules":[{{"Status":"Enabled","Prefix":"","Destination":{{"Bucket":"arn:aws:s3:::near"}}}}]}} => ok
        iam put-role-policy RoleName=copier PolicyName=less PolicyDocument="{no_tags}" => ok
        s3 put-object Bucket=source Key=a              => ok
        s3 put-object Bucket=source Key=b Tagging=k=v  => ok
        wait 1s
        s3 head-object Bucket=source Key=a             => ReplicationStatus=COMPLETED
        s3 head-object Bucket=source Key=b             => ReplicationStatus=FAILED
        s3 head-object Bucket=near Key=b               => error NoSuchKey
        iam delete-role-policy RoleName=copier PolicyName=less => ok
        iam delete-role-policy RoleName=copier PolicyName=all => ok
        s3 put-object Bucket=source Key=c              => ok
        wait 1s
        s3 head-object Bucket=source Key=c             => ReplicationStatus=FAILED
        "#
    ));
}

#[test]
fn another_account_gets_copies_if_its_bucket_lets_the_role() {
    let let_in = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::000000000000:role/copier\"},\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::theirs/*\"}]}"#;
    check_from_there(&format!(
        r#"
        as 111122223333
        s3 create-bucket Bucket=theirs                 => ok
        s3 put-bucket-versioning Bucket=theirs VersioningConfiguration={{"Status":"Enabled"}} => ok
        as 000000000000
        s3 put-bucket-replication Bucket=source ReplicationConfiguration={{"Role":"$role","Rules":[{{"ID":"a","Status":"Enabled","Priority":1,"Filter":{{}},"DeleteMarkerReplication":{{"Status":"Disabled"}},"Destination":{{"Bucket":"arn:aws:s3:::theirs","Account":"111122223333","AccessControlTranslation":{{"Owner":"Destination"}}}}}}]}} => ok
        s3 put-object Bucket=source Key=a Body=aGVsbG8= => ok
        wait 1s
        s3 head-object Bucket=source Key=a             => ReplicationStatus=FAILED
        as 111122223333
        s3 put-bucket-policy Bucket=theirs Policy="{let_in}" => ok
        as 000000000000
        s3 put-object Bucket=source Key=b Body=aGVsbG8= => ok
        wait 1s
        s3 head-object Bucket=source Key=b             => ReplicationStatus=COMPLETED
        as 111122223333
        s3 get-object Bucket=theirs Key=b              => Body=aGVsbG8= ReplicationStatus=REPLICA
        "#
    ));
}

#[test]
fn configurations_that_make_no_sense_are_refused() {
    let put = r#"s3 put-bucket-replication Bucket=source ReplicationConfiguration={"Role":"$role","Rules":["#;
    let rest = r#""Status":"Enabled","Priority":1,"Filter":{},"DeleteMarkerReplication":{"Status":"Disabled"}"#;
    let near = r#""Destination":{"Bucket":"arn:aws:s3:::near"}"#;
    let rules = [
        (String::new(), "MalformedXML"),
        (
            format!(r#"{{{rest},"Destination":{{"Bucket":"arn:aws:s3:::none"}}}}"#),
            "InvalidRequest Destination bucket must exist.",
        ),
        (
            format!(r#"{{{rest},"Destination":{{"Bucket":"arn:aws:s3:::source"}}}}"#),
            "InvalidRequest Destination bucket cannot be the same*",
        ),
        (
            format!(r#"{{{rest},"Destination":{{"Bucket":"arn:aws:s3:::plain"}}}}"#),
            "InvalidRequest Destination bucket must have versioning enabled.",
        ),
        (
            format!(r#"{{{rest},{near},"ExistingObjectReplication":{{"Status":"Enabled"}}}}"#),
            "NotImplemented *ExistingObjectReplication",
        ),
        (
            format!(r#"{{{rest},"Destination":{{"Bucket":"arn:aws:s3:::near","Metrics":{{"Status":"Enabled"}}}}}}"#),
            "NotImplemented *Metrics",
        ),
        (format!(r#"{{{rest},{near}}},{{{rest},{near}}}"#), "InvalidRequest Found duplicate priority 1"),
        (format!(r#"{{"Status":"Enabled","Filter":{{}},{near}}}"#), "InvalidRequest Priority must be specified*"),
        (
            format!(r#"{{"Status":"Enabled","Priority":1,"Filter":{{}},{near}}}"#),
            "InvalidRequest DeleteMarkerReplication must be specified*",
        ),
        (
            format!(
                r#"{{"Status":"Enabled","Priority":1,"Filter":{{"Tag":{{"Key":"a","Value":"b"}}}},"DeleteMarkerReplication":{{"Status":"Enabled"}},{near}}}"#
            ),
            "InvalidRequest Delete marker replication is not supported*",
        ),
        (format!(r#"{{"Status":"Enabled",{near}}}"#), "MalformedXML"),
    ];
    let lines: String = rules.iter().map(|(rule, error)| format!("{put}{rule}]}} => error {error}\n")).collect();
    check_from_there(&format!(
        r#"
        s3 create-bucket Bucket=plain                  => ok
        s3 put-bucket-replication Bucket=plain ReplicationConfiguration={{"Role":"$role","Rules":[{{"Status":"Enabled","Prefix":"",{near}}}]}} => error InvalidRequest Versioning must be 'Enabled' on the bucket*
        s3 put-bucket-replication Bucket=source ReplicationConfiguration={{"Role":"me","Rules":[{{"Status":"Enabled","Prefix":"",{near}}}]}} => error InvalidArgument
        {lines}"#
    ));
}
