use crate::check;

#[test]
fn other_accounts_have_to_say_that_they_pay() {
    let policy = r#"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111122223333\"},\"Action\":\"s3:*\",\"Resource\":[\"arn:aws:s3:::photos\",\"arn:aws:s3:::photos/*\"]}]}"#;
    check(&format!(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 get-bucket-request-payment Bucket=photos    => Payer=BucketOwner
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= => ok
        s3 put-bucket-policy Bucket=photos Policy="{policy}" => ok
        as 111122223333
        s3 get-object Bucket=photos Key=a              => Body=aGVsbG8= RequestCharged=absent
        as 000000000000
        s3 put-bucket-request-payment Bucket=photos RequestPaymentConfiguration={{"Payer":"Requester"}} => ok
        s3 get-bucket-request-payment Bucket=photos    => Payer=Requester
        s3 get-object Bucket=photos Key=a              => Body=aGVsbG8= RequestCharged=absent
        as 111122223333
        s3 get-object Bucket=photos Key=a              => error AccessDenied
        s3 head-object Bucket=photos Key=a             => error AccessDenied
        s3 list-objects-v2 Bucket=photos               => error AccessDenied
        s3 put-object Bucket=photos Key=b              => error AccessDenied
        s3 delete-object Bucket=photos Key=a           => error AccessDenied
        s3 get-object Bucket=photos Key=a RequestPayer=requester => Body=aGVsbG8= RequestCharged=requester
        s3 head-object Bucket=photos Key=a RequestPayer=requester => RequestCharged=requester
        s3 list-objects-v2 Bucket=photos RequestPayer=requester => KeyCount=1 RequestCharged=requester
        s3 put-object Bucket=photos Key=b RequestPayer=requester => RequestCharged=requester
        s3 create-bucket Bucket=mine                   => ok
        s3 copy-object Bucket=mine Key=a CopySource=photos/a => error AccessDenied
        s3 copy-object Bucket=mine Key=a CopySource=photos/a RequestPayer=requester => ok
        s3 delete-object Bucket=photos Key=b RequestPayer=requester => RequestCharged=requester
        as 000000000000
        s3 put-bucket-request-payment Bucket=photos RequestPaymentConfiguration={{"Payer":"Nobody"}} => error MalformedXML
        s3 put-bucket-request-payment Bucket=photos RequestPaymentConfiguration={{"Payer":"BucketOwner"}} => ok
        as 111122223333
        s3 get-object Bucket=photos Key=a              => ok
        "#
    ));
}

#[test]
fn transfers_are_accelerated_if_the_bucket_says_so() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 get-bucket-accelerate-configuration Bucket=photos => Status=absent
        s3 put-bucket-accelerate-configuration Bucket=photos AccelerateConfiguration={"Status":"Enabled"} => ok
        s3 get-bucket-accelerate-configuration Bucket=photos => Status=Enabled
        s3 put-bucket-accelerate-configuration Bucket=photos AccelerateConfiguration={"Status":"Suspended"} => ok
        s3 get-bucket-accelerate-configuration Bucket=photos => Status=Suspended
        s3 put-bucket-accelerate-configuration Bucket=photos AccelerateConfiguration={} => error MalformedXML
        s3 put-bucket-accelerate-configuration Bucket=photos AccelerateConfiguration={"Status":"On"} => error MalformedXML
        s3 create-bucket Bucket=my.photos              => ok
        s3 put-bucket-accelerate-configuration Bucket=my.photos AccelerateConfiguration={"Status":"Enabled"} => error InvalidRequest S3 Transfer Acceleration is not supported for buckets with periods*
        "#,
    );
}
