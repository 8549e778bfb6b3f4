use crate::check;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

/// The members of a customer's key of 32 times this letter.
fn key(prefix: &str, letter: u8) -> String {
    let key = [letter; 32];
    let (text, md5) = (STANDARD.encode(key), STANDARD.encode(Md5::digest(key)));
    format!("{prefix}SSECustomerAlgorithm=AES256 {prefix}SSECustomerKey={text} {prefix}SSECustomerKeyMD5={md5}")
}

const ALLOW_CUSTOMER_KEYS: &str = r#"s3 put-bucket-encryption Bucket=photos ServerSideEncryptionConfiguration={"Rules":[{"BlockedEncryptionTypes":{"EncryptionType":["NONE"]}}]} => ok"#;
const WRONG_KEY: &str =
    "Requests specifying Server Side Encryption with Customer provided keys must provide the correct secret key.";
const NEEDS_KEY: &str = "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.";

#[test]
fn every_object_is_encrypted_and_says_so() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= => ServerSideEncryption=AES256 SSEKMSKeyId=absent ETag=*5d41402abc4b2a76b9719d911017c592*
        s3 get-object Bucket=photos Key=a              => ServerSideEncryption=AES256 Body=aGVsbG8=
        s3 head-object Bucket=photos Key=a             => ServerSideEncryption=AES256 BucketKeyEnabled=absent
        s3 copy-object Bucket=photos Key=b CopySource=photos/a => ServerSideEncryption=AES256
        s3 put-object Bucket=photos Key=a ServerSideEncryption=AES256 => ServerSideEncryption=AES256
        s3 create-multipart-upload Bucket=photos Key=c => ServerSideEncryption=AES256 UploadId=$upload
        s3 upload-part Bucket=photos Key=c UploadId=$upload PartNumber=1 Body=aGVsbG8= => ServerSideEncryption=AES256 ETag=$etag
        s3 upload-part-copy Bucket=photos Key=c UploadId=$upload PartNumber=2 CopySource=photos/a => ServerSideEncryption=AES256
        s3 complete-multipart-upload Bucket=photos Key=c UploadId=$upload MultipartUpload={"Parts":[{"PartNumber":1,"ETag":$etag}]} => ServerSideEncryption=AES256
        s3 put-object Bucket=photos Key=a ServerSideEncryption=aws:fsx => error InvalidArgument The encryption method specified is not supported
        s3 put-object Bucket=photos Key=a ServerSideEncryption=none => error InvalidArgument The encryption method specified is not supported
        s3 put-object Bucket=photos Key=a ServerSideEncryption=AES256 SSEKMSKeyId=alias/aws/s3 => error InvalidArgument Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms
        "#,
    );
}

#[test]
fn a_bucket_says_how_its_objects_are_encrypted() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 get-bucket-encryption Bucket=photos         => ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm=AES256 ServerSideEncryptionConfiguration.Rules[0].BucketKeyEnabled=false ServerSideEncryptionConfiguration.Rules[0].BlockedEncryptionTypes.EncryptionType=["SSE-C"]
        s3 put-bucket-encryption Bucket=photos ServerSideEncryptionConfiguration={"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms"},"BucketKeyEnabled":true}]} => ok
        s3 get-bucket-encryption Bucket=photos         => ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm=aws:kms ServerSideEncryptionConfiguration.Rules[0].BucketKeyEnabled=true
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= => ServerSideEncryption=aws:kms BucketKeyEnabled=true SSEKMSKeyId=$key
        s3 put-object Bucket=photos Key=b ServerSideEncryption=AES256 => ServerSideEncryption=AES256 BucketKeyEnabled=absent
        s3 create-multipart-upload Bucket=photos Key=c => ServerSideEncryption=aws:kms BucketKeyEnabled=true SSEKMSKeyId=$key
        s3 copy-object Bucket=photos Key=d CopySource=photos/b => ServerSideEncryption=aws:kms SSEKMSKeyId=$key
        crash
        s3 delete-bucket-encryption Bucket=photos      => ok
        s3 delete-bucket-encryption Bucket=photos      => ok
        s3 get-bucket-encryption Bucket=photos         => ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm=AES256
        s3 put-object Bucket=photos Key=e              => ServerSideEncryption=AES256
        s3 get-object Bucket=photos Key=a              => ServerSideEncryption=aws:kms BucketKeyEnabled=true Body=aGVsbG8=
        s3 put-bucket-encryption Bucket=photos ServerSideEncryptionConfiguration={"Rules":[]} => error MalformedXML
        s3 put-bucket-encryption Bucket=photos ServerSideEncryptionConfiguration={"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}},{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]} => error MalformedXML
        s3 put-bucket-encryption Bucket=photos ServerSideEncryptionConfiguration={"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256","KMSMasterKeyID":"x"}}]} => error InvalidArgument a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse
        # The key is looked for when an object comes.
        s3 put-bucket-encryption Bucket=photos ServerSideEncryptionConfiguration={"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"aws/s3"}}]} => ok
        s3 put-object Bucket=photos Key=f              => error KMS.NotFoundException Invalid keyId 'aws/s3'
        "#,
    );
}

#[test]
fn the_keys_of_kms_are_those_that_there_are() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= ServerSideEncryption=aws:kms => ServerSideEncryption=aws:kms SSEKMSKeyId=$key BucketKeyEnabled=absent
        s3 put-object Bucket=photos Key=b ServerSideEncryption=aws:kms SSEKMSKeyId=$key => SSEKMSKeyId=$key
        s3 put-object Bucket=photos Key=b ServerSideEncryption=aws:kms SSEKMSKeyId=alias/aws/s3 => SSEKMSKeyId=$key
        s3 put-object Bucket=photos Key=b ServerSideEncryption=aws:kms SSEKMSKeyId=arn:aws:kms:us-east-1:000000000000:alias/aws/s3 BucketKeyEnabled=true => SSEKMSKeyId=$key BucketKeyEnabled=true
        s3 put-object Bucket=photos Key=b ServerSideEncryption=aws:kms SSEKMSKeyId=fake-key-id => error KMS.NotFoundException Invalid keyId 'fake-key-id'
        s3 put-object Bucket=photos Key=b ServerSideEncryption=aws:kms SSEKMSKeyId=alias/mine => error KMS.NotFoundException Alias arn:aws:kms:us-east-1:000000000000:alias/mine is not found.
        s3 put-object Bucket=photos Key=b ServerSideEncryption=aws:kms SSEKMSKeyId=134f2428-cec1-4b25-a1ae-9048164dba47 => error KMS.NotFoundException Key 'arn:aws:kms:us-east-1:000000000000:key/134f2428-cec1-4b25-a1ae-9048164dba47' does not exist
        s3 put-object Bucket=photos Key=b ServerSideEncryption=aws:kms SSEKMSKeyId=arn:aws:kms:us-west-2:000000000000:key/134f2428-cec1-4b25-a1ae-9048164dba47 => error KMS.NotFoundException Invalid arn us-west-2
        s3 copy-object Bucket=photos Key=b CopySource=photos/a ServerSideEncryption=aws:kms SSEKMSKeyId=x => error KMS.NotFoundException
        s3 create-multipart-upload Bucket=photos Key=b ServerSideEncryption=aws:kms SSEKMSKeyId=x => error KMS.NotFoundException
        # {"team":"a"}
        s3 put-object Bucket=photos Key=c Body=aGVsbG8= ServerSideEncryption=aws:kms SSEKMSEncryptionContext=eyJ0ZWFtIjoiYSJ9 => SSEKMSEncryptionContext=eyJ0ZWFtIjoiYSJ9
        s3 get-object Bucket=photos Key=c              => Body=aGVsbG8= SSEKMSKeyId=$key
        s3 put-object Bucket=photos Key=c ServerSideEncryption=aws:kms SSEKMSEncryptionContext=e30x => error InvalidArgument The header 'x-amz-server-side-encryption-context' shall be*
        s3 put-object Bucket=photos Key=d Body=aGVsbG8= ServerSideEncryption=aws:kms:dsse => ServerSideEncryption=aws:kms:dsse SSEKMSKeyId=$key
        crash
        s3 get-object Bucket=photos Key=d Range=bytes=1-2 => Body=ZWw= ServerSideEncryption=aws:kms:dsse
        s3 copy-object Bucket=photos Key=e CopySource=photos/d => ServerSideEncryption=AES256 CopyObjectResult.ETag=*5d41402abc4b2a76b9719d911017c592*
        s3 get-object Bucket=photos Key=e              => Body=aGVsbG8=
        s3 copy-object Bucket=photos Key=e CopySource=photos/e ServerSideEncryption=aws:kms:dsse => ServerSideEncryption=aws:kms:dsse
        s3 get-object Bucket=photos Key=e              => Body=aGVsbG8=
        s3 put-object Bucket=photos Key=d ServerSideEncryption=aws:kms:dsse BucketKeyEnabled=true => error InvalidArgument
        s3 create-multipart-upload Bucket=photos Key=m ServerSideEncryption=aws:kms:dsse => UploadId=$upload
        s3 upload-part Bucket=photos Key=m UploadId=$upload PartNumber=1 Body=aGVsbG8= => ServerSideEncryption=aws:kms:dsse ETag=$etag
        s3 complete-multipart-upload Bucket=photos Key=m UploadId=$upload MultipartUpload={"Parts":[{"PartNumber":1,"ETag":$etag}]} => ServerSideEncryption=aws:kms:dsse SSEKMSKeyId=$key
        s3 get-object Bucket=photos Key=m              => Body=aGVsbG8=
        # Whose key it is may use it, whatever the bucket's policy says.
        s3 put-public-access-block Bucket=photos PublicAccessBlockConfiguration={} => ok
        s3 put-bucket-policy Bucket=photos Policy="{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::photos/*\"}}" => ok
        as 111122223333
        s3 get-object Bucket=photos Key=c              => error AccessDenied
        s3 head-object Bucket=photos Key=c             => SSEKMSKeyId=$key
        "#,
    );
}

#[test]
fn keys_of_customers_have_to_be_brought() {
    let (a, b, wrong) = (key("", b'a'), key("", b'b'), key("", b'x'));
    let (of_source, of_other) = (key("CopySource", b'a'), key("CopySource", b'b'));
    check(&format!(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a {a}          => error AccessDenied User: arn:aws:iam::000000000000:root is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::photos/a" because this bucket has blocked upload requests that specify Server Side Encryption with Customer provided keys (SSE-C). Please specify a different server-side encryption type
        {ALLOW_CUSTOMER_KEYS}
        s3 get-bucket-encryption Bucket=photos         => ServerSideEncryptionConfiguration.Rules[0].BlockedEncryptionTypes.EncryptionType=["NONE"]
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= {a} => SSECustomerAlgorithm=AES256 SSECustomerKeyMD5=Xsqb0+sHwAbNQ65I395/0w== ServerSideEncryption=absent SSECustomerKey=absent
        crash
        s3 get-object Bucket=photos Key=a {a}          => Body=aGVsbG8= SSECustomerAlgorithm=AES256 SSECustomerKeyMD5=Xsqb0+sHwAbNQ65I395/0w==
        s3 get-object Bucket=photos Key=a              => error InvalidRequest {NEEDS_KEY}
        s3 get-object Bucket=photos Key=a {wrong}      => error AccessDenied {WRONG_KEY}
        s3 head-object Bucket=photos Key=a {a}         => ContentLength=5 SSECustomerAlgorithm=AES256
        s3 head-object Bucket=photos Key=a             => error InvalidRequest {NEEDS_KEY}
        s3 head-object Bucket=photos Key=a {wrong}     => error AccessDenied
        s3 get-object-attributes Bucket=photos Key=a ObjectAttributes=["ObjectSize"] => error InvalidRequest
        s3 get-object-attributes Bucket=photos Key=a ObjectAttributes=["ObjectSize"] {a} => ObjectSize=5
        s3 put-object Bucket=photos Key=empty {a}      => ok
        s3 get-object Bucket=photos Key=empty {wrong}  => error AccessDenied
        s3 put-object Bucket=photos Key=p Body=aGVsbG8= => ok
        s3 get-object Bucket=photos Key=p {a}          => error InvalidRequest The encryption parameters are not applicable to this object.
        s3 put-object Bucket=photos Key=a {a} ServerSideEncryption=AES256 => error InvalidArgument Server Side Encryption with Customer provided key is incompatible with the encryption method specified
        s3 put-object Bucket=photos Key=a SSECustomerAlgorithm=AES128 => error InvalidEncryptionAlgorithmError
        s3 put-object Bucket=photos Key=a SSECustomerAlgorithm=AES256 => error InvalidArgument Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.

        s3 copy-object Bucket=photos Key=b CopySource=photos/a => error InvalidRequest {NEEDS_KEY}
        s3 copy-object Bucket=photos Key=b CopySource=photos/a {of_other} => error AccessDenied
        s3 copy-object Bucket=photos Key=b CopySource=photos/a {of_source} => ServerSideEncryption=AES256 CopyObjectResult.ETag=*5d41402abc4b2a76b9719d911017c592*
        s3 get-object Bucket=photos Key=b              => Body=aGVsbG8=
        s3 copy-object Bucket=photos Key=b CopySource=photos/a {of_source} {b} => SSECustomerAlgorithm=AES256
        s3 get-object Bucket=photos Key=b {b}          => Body=aGVsbG8=
        s3 get-object Bucket=photos Key=b {a}          => error AccessDenied
        s3 copy-object Bucket=photos Key=a CopySource=photos/a {of_source} {b} => ok
        s3 get-object Bucket=photos Key=a {b}          => Body=aGVsbG8=
        s3 copy-object Bucket=photos Key=c CopySource=photos/p {b} => ok
        s3 get-object Bucket=photos Key=c {b}          => Body=aGVsbG8=
        s3 copy-object Bucket=photos Key=c CopySource=photos/p {of_source} => error InvalidRequest The encryption parameters are not applicable to this object.
        s3 delete-object Bucket=photos Key=c           => ok
        "#
    ));
}

#[test]
fn each_part_brings_the_customers_key() {
    let (a, b, of_source) = (key("", b'a'), key("", b'b'), key("CopySource", b'b'));
    check(&format!(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        {ALLOW_CUSTOMER_KEYS}
        s3 put-object Bucket=photos Key=source Body=Ynll {b} => ok
        s3 create-multipart-upload Bucket=photos Key=m {a} => SSECustomerAlgorithm=AES256 ServerSideEncryption=absent UploadId=$upload
        s3 upload-part Bucket=photos Key=m UploadId=$upload PartNumber=1 Body=aGVsbG8= {a} => SSECustomerAlgorithm=AES256
        s3 upload-part Bucket=photos Key=m UploadId=$upload PartNumber=1 Body=aGVsbG8= => error InvalidRequest The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.
        s3 upload-part Bucket=photos Key=m UploadId=$upload PartNumber=1 Body=aGVsbG8= {b} => error InvalidRequest The provided encryption parameters did not match the ones used originally.
        s3 upload-part-copy Bucket=photos Key=m UploadId=$upload PartNumber=2 CopySource=photos/source {a} => error InvalidRequest {NEEDS_KEY}
        s3 upload-part-copy Bucket=photos Key=m UploadId=$upload PartNumber=2 CopySource=photos/source {a} {of_source} => SSECustomerAlgorithm=AES256 CopyPartResult.ETag=$etag
        crash
        s3 list-parts Bucket=photos Key=m UploadId=$upload => Parts[1].Size=3
        s3 complete-multipart-upload Bucket=photos Key=m UploadId=$upload MultipartUpload={{"Parts":[{{"PartNumber":2,"ETag":$etag}}]}} {b} => error InvalidRequest
        s3 complete-multipart-upload Bucket=photos Key=m UploadId=$upload MultipartUpload={{"Parts":[{{"PartNumber":2,"ETag":$etag}}]}} => ServerSideEncryption=absent
        s3 get-object Bucket=photos Key=m {a}          => Body=Ynll
        s3 get-object Bucket=photos Key=m              => error InvalidRequest
        s3 create-multipart-upload Bucket=photos Key=n => UploadId=$other
        s3 upload-part Bucket=photos Key=n UploadId=$other PartNumber=1 {a} => error InvalidRequest The multipart upload initiate requested encryption*
        "#
    ));
}
