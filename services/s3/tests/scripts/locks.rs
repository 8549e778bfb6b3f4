use crate::check;

const LOCKED: &str = "s3 create-bucket Bucket=vault ObjectLockEnabledForBucket=true => ok";
const PROTECTED: &str = "error AccessDenied Access Denied because object protected by object lock.";
/// Of the empty body: what is locked has to come with a digest.
const MD5: &str = "ContentMD5=1B2M2Y8AsgTpgAmY7PhCfg==";
/// The clock of scripts begins on 2025-09-06.
const SOON: &str = r#""2025-10-01T00:00:00Z""#;
const LATER: &str = r#""2025-12-01T00:00:00Z""#;

#[test]
fn a_bucket_keeps_its_lock() {
    check(&format!(
        r#"
        {LOCKED}
        s3 get-bucket-versioning Bucket=vault          => Status=Enabled
        s3 get-object-lock-configuration Bucket=vault  => ObjectLockConfiguration.ObjectLockEnabled=Enabled ObjectLockConfiguration.Rule=absent
        s3 put-bucket-versioning Bucket=vault VersioningConfiguration={{"Status":"Suspended"}} => error InvalidBucketState An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.
        s3 put-bucket-versioning Bucket=vault VersioningConfiguration={{"Status":"Enabled"}} => ok
        s3 put-object-lock-configuration Bucket=vault ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled","Rule":{{"DefaultRetention":{{"Mode":"COMPLIANCE","Years":1}}}}}} => ok
        crash
        s3 get-object-lock-configuration Bucket=vault  => ObjectLockConfiguration.Rule.DefaultRetention.Mode=COMPLIANCE ObjectLockConfiguration.Rule.DefaultRetention.Years=1 ObjectLockConfiguration.Rule.DefaultRetention.Days=absent
        s3 create-bucket Bucket=plain                  => ok
        s3 get-object-lock-configuration Bucket=plain  => error ObjectLockConfigurationNotFoundError Object Lock configuration does not exist for this bucket
        s3 put-object-lock-configuration Bucket=plain ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled"}} => error InvalidBucketState Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration
        s3 put-bucket-versioning Bucket=plain VersioningConfiguration={{"Status":"Enabled"}} => ok
        s3 put-object-lock-configuration Bucket=plain ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled"}} => ok
        s3 get-object-lock-configuration Bucket=plain  => ObjectLockConfiguration.ObjectLockEnabled=Enabled
        s3 put-object-lock-configuration Bucket=vault ObjectLockConfiguration={{}} => error MalformedXML
        s3 put-object-lock-configuration Bucket=vault  => error MalformedXML
        s3 put-object-lock-configuration Bucket=vault ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled","Rule":{{}}}} => error MalformedXML
        s3 put-object-lock-configuration Bucket=vault ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled","Rule":{{"DefaultRetention":{{"Mode":"GOVERNANCE"}}}}}} => error MalformedXML
        s3 put-object-lock-configuration Bucket=vault ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled","Rule":{{"DefaultRetention":{{"Mode":"GOVERNANCE","Days":1,"Years":1}}}}}} => error MalformedXML
        s3 put-object-lock-configuration Bucket=vault ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled","Rule":{{"DefaultRetention":{{"Mode":"GOVERNANCE","Days":0}}}}}} => error InvalidArgument Default retention period must be a positive integer value.
        s3 put-object-lock-configuration Bucket=vault ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled","Rule":{{"DefaultRetention":{{"Mode":"GOVERNANCE","Days":999999}}}}}} => error InvalidArgument Default retention period too large.
        "#
    ));
}

#[test]
fn governance_keeps_a_version_from_those_who_do_not_bypass_it() {
    check(&format!(
        r#"
        {LOCKED}
        s3 put-object Bucket=vault Key=a {MD5} ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate={SOON} => VersionId=$v
        s3 head-object Bucket=vault Key=a              => ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate=*2025-10-01T00:00:00* ObjectLockLegalHoldStatus=absent
        s3 get-object-retention Bucket=vault Key=a     => Retention.Mode=GOVERNANCE Retention.RetainUntilDate=*2025-10-01T00:00:00*
        s3 delete-object Bucket=vault Key=a VersionId=$v => {PROTECTED}
        s3 delete-objects Bucket=vault Delete={{"Objects":[{{"Key":"a","VersionId":"$v"}}]}} => Errors[0].Code=AccessDenied Errors[0].Message="Access Denied because object protected by object lock." Deleted=absent
        # A marker may be put on top of it.
        s3 delete-object Bucket=vault Key=a            => DeleteMarker=true VersionId=$marker
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"GOVERNANCE","RetainUntilDate":{LATER}}} VersionId=$marker => error MethodNotAllowed
        s3 delete-object Bucket=vault Key=a VersionId=$marker => ok
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"GOVERNANCE","RetainUntilDate":{LATER}}} => ok
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"GOVERNANCE","RetainUntilDate":{SOON}}} => {PROTECTED}
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"COMPLIANCE","RetainUntilDate":{LATER}}} => {PROTECTED}
        s3 put-object-retention Bucket=vault Key=a Retention={{}} => {PROTECTED}
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"GOVERNANCE","RetainUntilDate":{SOON}}} BypassGovernanceRetention=true => ok
        crash
        s3 delete-object Bucket=vault Key=a VersionId=$v BypassGovernanceRetention=false => {PROTECTED}
        s3 delete-object Bucket=vault Key=a VersionId=$v BypassGovernanceRetention=true => ok
        s3 get-object-retention Bucket=vault Key=a     => error NoSuchKey
        s3 put-object Bucket=vault Key=b {MD5} ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate={SOON} => VersionId=$w
        s3 put-object-retention Bucket=vault Key=b Retention={{}} BypassGovernanceRetention=true => ok
        s3 get-object-retention Bucket=vault Key=b     => error NoSuchObjectLockConfiguration The specified object does not have a ObjectLock configuration
        s3 delete-object Bucket=vault Key=b VersionId=$w => ok
        "#
    ));
}

#[test]
fn compliance_is_bypassed_by_nobody_until_its_time_has_come() {
    check(&format!(
        r#"
        {LOCKED}
        s3 put-object Bucket=vault Key=a {MD5} ObjectLockMode=COMPLIANCE ObjectLockRetainUntilDate={SOON} => VersionId=$v
        s3 delete-object Bucket=vault Key=a VersionId=$v BypassGovernanceRetention=true => {PROTECTED}
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"GOVERNANCE","RetainUntilDate":{LATER}}} BypassGovernanceRetention=true => {PROTECTED}
        s3 put-object-retention Bucket=vault Key=a Retention={{}} BypassGovernanceRetention=true => {PROTECTED}
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"COMPLIANCE","RetainUntilDate":{LATER}}} => ok
        wait 40d
        s3 delete-object Bucket=vault Key=a VersionId=$v => {PROTECTED}
        wait 60d
        s3 delete-object Bucket=vault Key=a VersionId=$v => ok
        "#
    ));
}

#[test]
fn a_legal_hold_keeps_a_version_until_it_is_taken_off() {
    check(&format!(
        r#"
        {LOCKED}
        s3 put-object Bucket=vault Key=a {MD5} ObjectLockLegalHoldStatus=ON => VersionId=$v
        s3 get-object-legal-hold Bucket=vault Key=a    => LegalHold.Status=ON
        s3 get-object Bucket=vault Key=a               => ObjectLockLegalHoldStatus=ON ObjectLockMode=absent
        s3 delete-object Bucket=vault Key=a VersionId=$v BypassGovernanceRetention=true => {PROTECTED}
        wait 400d
        s3 delete-object Bucket=vault Key=a VersionId=$v => {PROTECTED}
        s3 put-object-legal-hold Bucket=vault Key=a LegalHold={{"Status":"OFF"}} => ok
        s3 get-object-legal-hold Bucket=vault Key=a    => LegalHold.Status=OFF
        s3 delete-object Bucket=vault Key=a VersionId=$v => ok
        s3 put-object Bucket=vault Key=b               => ok
        s3 get-object-legal-hold Bucket=vault Key=b    => error NoSuchObjectLockConfiguration
        s3 put-object-legal-hold Bucket=vault Key=b    => error MalformedXML
        s3 get-object-legal-hold Bucket=vault Key=none => error NoSuchKey
        "#
    ));
}

#[test]
fn a_bucket_locks_what_comes_without_a_lock() {
    check(&format!(
        r#"
        {LOCKED}
        s3 put-object Bucket=vault Key=before          => ok
        s3 put-object-lock-configuration Bucket=vault ObjectLockConfiguration={{"ObjectLockEnabled":"Enabled","Rule":{{"DefaultRetention":{{"Mode":"GOVERNANCE","Days":10}}}}}} => ok
        s3 put-object Bucket=vault Key=a               => error InvalidRequest Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters
        s3 put-object Bucket=vault Key=a {MD5}         => VersionId=$v
        s3 head-object Bucket=vault Key=a              => ObjectLockMode=GOVERNANCE
        s3 delete-object Bucket=vault Key=a VersionId=$v => {PROTECTED}
        s3 get-object-retention Bucket=vault Key=before => error NoSuchObjectLockConfiguration
        # A copy has the lock of its bucket, and none of its source's.
        s3 copy-object Bucket=vault Key=copy CopySource=vault/before => ok
        s3 get-object-retention Bucket=vault Key=copy  => Retention.Mode=GOVERNANCE
        s3 copy-object Bucket=vault Key=held CopySource=vault/a ObjectLockMode=COMPLIANCE ObjectLockRetainUntilDate={LATER} ObjectLockLegalHoldStatus=ON => ok
        s3 head-object Bucket=vault Key=held           => ObjectLockMode=COMPLIANCE ObjectLockLegalHoldStatus=ON
        s3 create-multipart-upload Bucket=vault Key=m ObjectLockLegalHoldStatus=ON => UploadId=$upload
        s3 upload-part Bucket=vault Key=m UploadId=$upload PartNumber=1 => error InvalidRequest
        s3 upload-part Bucket=vault Key=m UploadId=$upload PartNumber=1 {MD5} => ETag=$etag
        s3 complete-multipart-upload Bucket=vault Key=m UploadId=$upload MultipartUpload={{"Parts":[{{"PartNumber":1,"ETag":$etag}}]}} => ok
        s3 head-object Bucket=vault Key=m              => ObjectLockMode=GOVERNANCE ObjectLockLegalHoldStatus=ON
        wait 11d
        s3 delete-object Bucket=vault Key=a VersionId=$v => ok
        s3 create-bucket Bucket=plain                  => ok
        s3 copy-object Bucket=plain Key=a CopySource=vault/held => ok
        s3 head-object Bucket=plain Key=a              => ObjectLockMode=absent ObjectLockLegalHoldStatus=absent
        "#
    ));
}

#[test]
fn what_is_no_lock_is_refused() {
    check(&format!(
        r#"
        {LOCKED}
        s3 create-bucket Bucket=plain                  => ok
        s3 put-object Bucket=plain Key=a               => ok
        s3 put-object Bucket=plain Key=a ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate={SOON} => error InvalidRequest Bucket is missing Object Lock Configuration
        s3 get-object-retention Bucket=plain Key=a     => error InvalidRequest Bucket is missing Object Lock Configuration
        s3 put-object-legal-hold Bucket=plain Key=a LegalHold={{"Status":"ON"}} => error InvalidRequest Bucket is missing Object Lock Configuration
        s3 delete-object Bucket=plain Key=a BypassGovernanceRetention=true => error InvalidArgument x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.
        s3 delete-objects Bucket=plain Delete={{"Objects":[{{"Key":"a"}}]}} BypassGovernanceRetention=true => error InvalidArgument
        s3 put-object Bucket=vault Key=a {MD5} ObjectLockMode=GOVERNANCE => error InvalidArgument x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied
        s3 create-multipart-upload Bucket=vault Key=a ObjectLockRetainUntilDate={SOON} => error InvalidArgument x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied
        s3 put-object Bucket=vault Key=a {MD5} ObjectLockMode=GOVERNANCE ObjectLockRetainUntilDate="2020-01-01T00:00:00Z" => error InvalidArgument The retain until date must be in the future!
        s3 put-object Bucket=vault Key=a {MD5} ObjectLockMode=BAD ObjectLockRetainUntilDate={SOON} => error InvalidArgument Unknown wormMode directive.
        s3 put-object Bucket=vault Key=a {MD5} ObjectLockLegalHoldStatus=wrong => error InvalidArgument Legal Hold must be either of 'ON' or 'OFF'
        s3 put-object Bucket=vault Key=a               => ok
        s3 put-object-retention Bucket=vault Key=a     => error MalformedXML
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"GOVERNANCE"}} => error MalformedXML
        s3 put-object-retention Bucket=vault Key=a Retention={{"Mode":"GOVERNANCE","RetainUntilDate":"2020-01-01T00:00:00Z"}} => error InvalidArgument The retain until date must be in the future!
        s3 put-object-retention Bucket=vault Key=a Retention={{"EventHold":"ON"}} => error NotImplemented *EventHold*
        "#
    ));
}
