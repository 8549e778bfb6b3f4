use crate::check;

#[test]
fn a_bucket_is_made_found_and_deleted() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => Location=/photos BucketArn=arn:aws:s3:::photos
        s3 head-bucket Bucket=photos                   => BucketRegion=us-east-1 BucketArn=arn:aws:s3:::photos
        s3 get-bucket-location Bucket=photos           => LocationConstraint=absent
        s3 list-buckets                                => Buckets[0].Name=photos Buckets[0].BucketRegion=absent Buckets[1]=absent
        crash
        s3 put-object Bucket=photos Key=a Body=YQ==    => ok
        s3 delete-bucket Bucket=photos                 => error BucketNotEmpty The bucket you tried to delete is not empty
        s3 delete-object Bucket=photos Key=a           => ok
        s3 delete-bucket Bucket=photos                 => ok
        s3 head-bucket Bucket=photos                   => error NoSuchBucket The specified bucket does not exist
        s3 get-object Bucket=photos Key=a              => error NoSuchBucket
        s3 list-objects Bucket=photos                  => error NoSuchBucket
        s3 list-buckets                                => Buckets[0]=absent
        "#,
    );
}

#[test]
fn names_are_shared_by_all_accounts() {
    check(
        r#"
        s3 create-bucket Bucket=Photos                 => error InvalidBucketName The specified bucket is not valid.
        s3 head-bucket Bucket=Photos                   => error InvalidBucketName
        s3 create-bucket Bucket=photos                 => ok
        # North Virginia takes it for a new one.
        s3 create-bucket Bucket=photos                 => Location=/photos
        s3 create-bucket Bucket=elsewhere CreateBucketConfiguration={"LocationConstraint":"eu-west-2"} => ok
        s3 create-bucket Bucket=elsewhere CreateBucketConfiguration={"LocationConstraint":"eu-west-2"} => error BucketAlreadyOwnedByYou
        s3 get-bucket-location Bucket=elsewhere        => LocationConstraint=eu-west-2
        s3 create-bucket Bucket=old CreateBucketConfiguration={"LocationConstraint":"EU"} => ok
        s3 get-bucket-location Bucket=old              => LocationConstraint=EU
        s3 head-bucket Bucket=old                      => BucketRegion=eu-west-1
        s3 create-bucket Bucket=nowhere CreateBucketConfiguration={"LocationConstraint":"mars-1"} => error InvalidLocationConstraint
        as 111122223333
        s3 create-bucket Bucket=photos                 => error BucketAlreadyExists
        s3 list-buckets                                => Buckets[0]=absent
        s3 head-bucket Bucket=photos                   => error AccessDenied
        s3 put-object Bucket=photos Key=a Body=YQ==    => error AccessDenied
        s3 delete-bucket Bucket=photos                 => error AccessDenied
        "#,
    );
}

#[test]
fn buckets_are_listed_page_by_page() {
    check(
        r#"
        s3 create-bucket Bucket=a-1                    => ok
        s3 create-bucket Bucket=a-2 CreateBucketConfiguration={"LocationConstraint":"eu-west-2"} => ok
        s3 create-bucket Bucket=b-1                    => ok
        s3 list-buckets MaxBuckets=2                   => Buckets[1].Name=a-2 Buckets[2]=absent ContinuationToken=$next
        s3 list-buckets MaxBuckets=2 ContinuationToken=$next => Buckets[0].Name=b-1 ContinuationToken=absent
        s3 list-buckets Prefix=a                       => Prefix=a Buckets[0].BucketRegion=us-east-1 Buckets[1].Name=a-2 Buckets[2]=absent
        s3 list-buckets BucketRegion=eu-west-2         => Buckets[0].Name=a-2 Buckets[1]=absent
        s3 list-buckets ContinuationToken=nonsense!    => error InvalidArgument The continuation token provided is incorrect
        s3 list-buckets MaxBuckets=0                   => error InvalidArgument
        "#,
    );
}

#[test]
fn what_buckets_do_not_have_is_refused() {
    check(
        r#"
        s3 create-bucket Bucket=photos ACL=public-read => error InvalidBucketAclWithObjectOwnership
        s3 create-bucket Bucket=photos ACL=private     => ok
        s3 create-bucket Bucket=other BucketNamespace=account-regional => error NotImplemented *namespace*
        s3 put-object Bucket=photos Key=a ACL=public-read => error AccessControlListNotSupported The bucket does not allow ACLs
        s3 put-object Bucket=photos Key=a ACL=bucket-owner-full-control => ok
        s3 put-object Bucket=photos Key=a WriteOffsetBytes=0 => error NotImplemented
        s3 rename-object Bucket=photos Key=b RenameSource=photos/a => error MethodNotAllowed
        s3 head-bucket Bucket=photos ExpectedBucketOwner="111122223333" => error AccessDenied
        "#,
    );
}

#[test]
fn buckets_have_tags() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 get-bucket-tagging Bucket=photos            => error NoSuchTagSet The TagSet does not exist
        s3 put-bucket-tagging Bucket=photos Tagging={"TagSet":[{"Key":"team","Value":"a b"}]} => ok
        s3 get-bucket-tagging Bucket=photos            => TagSet[0].Key=team TagSet[0].Value="a b" TagSet[1]=absent
        s3 put-bucket-tagging Bucket=photos Tagging={"TagSet":[{"Key":"aws:x","Value":"y"}]} => error InvalidTag System tags*
        s3 put-bucket-tagging Bucket=photos Tagging={"TagSet":[{"Key":"a","Value":"1"},{"Key":"a","Value":"2"}]} => error InvalidTag Cannot provide*
        s3 delete-bucket-tagging Bucket=photos         => ok
        s3 get-bucket-tagging Bucket=photos            => error NoSuchTagSet
        "#,
    );
}
