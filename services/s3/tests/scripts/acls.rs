use crate::check;

/// Lists are on, and nothing is blocked.
const OPEN: &str = "s3 create-bucket Bucket=photos ObjectOwnership=ObjectWriter => ok
        s3 delete-public-access-block Bucket=photos => ok";
const OTHER: &str = "111122223333";
const ALL: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

#[test]
fn buckets_have_no_lists_unless_they_are_told_to() {
    check(&format!(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 get-bucket-ownership-controls Bucket=photos => OwnershipControls.Rules[0].ObjectOwnership=BucketOwnerEnforced
        s3 get-bucket-acl Bucket=photos                => Owner.ID=$owner Grants[0].Grantee.ID=$owner Grants[0].Grantee.Type=CanonicalUser Grants[0].Permission=FULL_CONTROL Grants[1]=absent
        s3 put-bucket-acl Bucket=photos ACL=public-read => error AccessControlListNotSupported The bucket does not allow ACLs
        s3 put-object Bucket=photos Key=a ACL=public-read => error AccessControlListNotSupported The bucket does not allow ACLs
        s3 create-multipart-upload Bucket=photos Key=a GrantRead=uri={ALL} => error AccessControlListNotSupported
        s3 put-object Bucket=photos Key=a ACL=bucket-owner-full-control => ok
        s3 put-object Bucket=photos Key=a GrantFullControl=id=$owner => ok
        s3 copy-object Bucket=photos Key=b CopySource=photos/a ACL=private => error AccessControlListNotSupported
        s3 put-object-acl Bucket=photos Key=a ACL=public-read => error AccessControlListNotSupported
        s3 get-object-acl Bucket=photos Key=a          => Owner.ID=$owner Grants[0].Permission=FULL_CONTROL Grants[1]=absent
        s3 put-bucket-ownership-controls Bucket=photos OwnershipControls={{"Rules":[{{"ObjectOwnership":"BucketOwnerPreferred"}}]}} => ok
        crash
        s3 get-bucket-ownership-controls Bucket=photos => OwnershipControls.Rules[0].ObjectOwnership=BucketOwnerPreferred
        s3 put-bucket-acl Bucket=photos ACL=authenticated-read => error AccessDenied
        s3 put-bucket-acl Bucket=photos ACL=log-delivery-write => ok
        s3 put-bucket-ownership-controls Bucket=photos OwnershipControls={{"Rules":[{{"ObjectOwnership":"BucketOwnerEnforced"}}]}} => error InvalidBucketAclWithObjectOwnership
        s3 put-bucket-acl Bucket=photos ACL=private    => ok
        s3 put-bucket-ownership-controls Bucket=photos OwnershipControls={{"Rules":[{{"ObjectOwnership":"BucketOwnerEnforced"}}]}} => ok
        s3 put-bucket-ownership-controls Bucket=photos OwnershipControls={{"Rules":[]}} => error MalformedXML
        s3 delete-bucket-ownership-controls Bucket=photos => ok
        s3 get-bucket-ownership-controls Bucket=photos => error OwnershipControlsNotFoundError The bucket ownership controls were not found
        s3 create-bucket Bucket=public ACL=public-read => error InvalidBucketAclWithObjectOwnership
        s3 create-bucket Bucket=public ACL=public-read ObjectOwnership=ObjectWriter => error InvalidBucketAclWithBlockPublicAccessError Bucket cannot have public ACLs set with BlockPublicAccess enabled
        s3 create-bucket Bucket=logs ACL=log-delivery-write ObjectOwnership=ObjectWriter => ok
        s3 get-bucket-acl Bucket=logs                  => Grants[1].Grantee.URI=http://acs.amazonaws.com/groups/s3/LogDelivery Grants[1].Permission=WRITE Grants[2].Permission=READ_ACP
        "#
    ));
}

#[test]
fn a_list_lets_in_whom_it_names() {
    check(&format!(
        r#"
        {OPEN}
        s3 put-object Bucket=photos Key=private Body=YQ== => ok
        s3 put-object Bucket=photos Key=public Body=YQ== ACL=public-read => ok
        s3 put-object Bucket=photos Key=members Body=YQ== ACL=authenticated-read => ok
        s3 create-multipart-upload Bucket=photos Key=parts ACL=public-read => UploadId=$upload
        s3 upload-part Bucket=photos Key=parts UploadId=$upload PartNumber=1 Body=YQ== => ETag=$etag
        s3 complete-multipart-upload Bucket=photos Key=parts UploadId=$upload MultipartUpload={{"Parts":[{{"PartNumber":1,"ETag":$etag}}]}} => ok
        # A copy has no list of its source's.
        s3 copy-object Bucket=photos Key=copy CopySource=photos/public => ok
        s3 get-object-acl Bucket=photos Key=public     => Grants[1].Grantee.URI={ALL} Grants[1].Permission=READ Grants[2]=absent
        s3 get-object-acl Bucket=photos Key=copy       => Grants[1]=absent
        crash
        as {OTHER}
        s3 create-bucket Bucket=mine                   => ok
        s3 get-bucket-acl Bucket=mine                  => Owner.ID=$other
        s3 get-object Bucket=photos Key=private        => error AccessDenied
        s3 get-object Bucket=photos Key=public         => Body=YQ==
        s3 head-object Bucket=photos Key=parts         => ContentLength=1
        s3 get-object Bucket=photos Key=members        => Body=YQ==
        s3 get-object Bucket=photos Key=copy           => error AccessDenied
        s3 get-object-acl Bucket=photos Key=public     => error AccessDenied
        s3 copy-object Bucket=mine Key=a CopySource=photos/public => ok
        s3 put-object Bucket=photos Key=public         => error AccessDenied
        s3 list-objects-v2 Bucket=photos               => error AccessDenied
        as 000000000000
        s3 put-object-acl Bucket=photos Key=private GrantRead=id=$other GrantReadACP=id=$other => ok
        s3 put-bucket-acl Bucket=photos GrantRead=id=$other GrantWrite=id=$other => ok
        as {OTHER}
        s3 get-object Bucket=photos Key=private        => Body=YQ==
        s3 get-object-acl Bucket=photos Key=private    => Grants[0].Grantee.ID=$other
        s3 put-object-acl Bucket=photos Key=private ACL=public-read => error AccessDenied
        s3 list-objects-v2 Bucket=photos               => KeyCount=5
        s3 get-bucket-acl Bucket=photos                => error AccessDenied
        s3 put-object Bucket=photos Key=from-other Body=Yg== => ok
        as 444455556666
        s3 get-object Bucket=photos Key=private        => error AccessDenied
        s3 list-objects-v2 Bucket=photos               => error AccessDenied
        as 000000000000
        # What blocks public access makes lists say less.
        s3 put-public-access-block Bucket=photos PublicAccessBlockConfiguration={{"IgnorePublicAcls":true,"BlockPublicAcls":true}} => ok
        s3 put-object Bucket=photos Key=b ACL=public-read => error AccessDenied
        s3 put-object-acl Bucket=photos Key=private GrantRead=uri={AUTHENTICATED} => error AccessDenied
        as {OTHER}
        s3 get-object Bucket=photos Key=public         => error AccessDenied
        s3 get-object Bucket=photos Key=private        => Body=YQ==
        "#
    ));
}

#[test]
fn whoever_writes_an_object_may_own_it() {
    check(&format!(
        r#"
        {OPEN}
        s3 get-bucket-acl Bucket=photos                => Owner.ID=$owner
        as {OTHER}
        s3 create-bucket Bucket=mine                   => ok
        s3 get-bucket-acl Bucket=mine                  => Owner.ID=$other
        as 000000000000
        s3 put-bucket-acl Bucket=photos GrantWrite=id=$other GrantRead=id=$other => ok
        as {OTHER}
        s3 put-object Bucket=photos Key=theirs Body=YQ== => ok
        s3 put-object Bucket=photos Key=given Body=YQ== ACL=bucket-owner-full-control => ok
        s3 get-object Bucket=photos Key=theirs         => Body=YQ==
        s3 get-object-acl Bucket=photos Key=given      => Owner.ID=$other Grants[1].Grantee.ID=$owner Grants[1].Permission=FULL_CONTROL
        as 000000000000
        s3 get-object Bucket=photos Key=theirs         => error AccessDenied
        s3 get-object-acl Bucket=photos Key=theirs     => error AccessDenied
        s3 get-object Bucket=photos Key=given          => Body=YQ==
        s3 put-bucket-ownership-controls Bucket=photos OwnershipControls={{"Rules":[{{"ObjectOwnership":"BucketOwnerPreferred"}}]}} => ok
        as {OTHER}
        s3 put-object Bucket=photos Key=preferred Body=YQ== ACL=bucket-owner-full-control => ok
        s3 put-object Bucket=photos Key=kept Body=YQ== => ok
        as 000000000000
        s3 get-object-acl Bucket=photos Key=preferred  => Owner.ID=$owner Grants[1]=absent
        s3 get-object Bucket=photos Key=kept           => error AccessDenied
        # The bucket's owner may always delete what lies in it, and take all of it over.
        s3 delete-object Bucket=photos Key=kept        => ok
        s3 put-bucket-acl Bucket=photos ACL=private    => ok
        s3 put-bucket-ownership-controls Bucket=photos OwnershipControls={{"Rules":[{{"ObjectOwnership":"BucketOwnerEnforced"}}]}} => ok
        s3 get-object Bucket=photos Key=theirs         => Body=YQ==
        s3 get-object-acl Bucket=photos Key=theirs     => Owner.ID=$owner
        "#
    ));
}

#[test]
fn each_version_has_its_list() {
    check(&format!(
        r#"
        {OPEN}
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={{"Status":"Enabled"}} => ok
        s3 put-object Bucket=photos Key=a Body=YQ== ACL=public-read => VersionId=$first
        s3 put-object Bucket=photos Key=a Body=Yg==    => VersionId=$second
        as {OTHER}
        s3 get-object Bucket=photos Key=a VersionId=$first => Body=YQ==
        s3 get-object Bucket=photos Key=a              => error AccessDenied
        s3 get-object Bucket=photos Key=a VersionId=$second => error AccessDenied
        as 000000000000
        s3 put-object-acl Bucket=photos Key=a VersionId=$first ACL=private => ok
        s3 get-object-acl Bucket=photos Key=a VersionId=$first => Grants[1]=absent
        s3 put-bucket-policy Bucket=photos Policy="{{\"Statement\":{{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::photos/*\"}}}}" => ok
        s3 put-object-acl Bucket=photos Key=a ACL=public-read => ok
        as {OTHER}
        s3 get-object Bucket=photos Key=a              => error AccessDenied
        s3 get-object Bucket=photos Key=a VersionId=$second => Body=Yg==
        "#
    ));
}

#[test]
fn what_is_no_list_is_refused() {
    check(&format!(
        r#"
        {OPEN}
        s3 put-object Bucket=photos Key=a              => ok
        s3 get-bucket-acl Bucket=photos                => Owner.ID=$owner
        s3 put-bucket-acl Bucket=photos                => error MissingSecurityHeader
        s3 put-object-acl Bucket=photos Key=a          => error MissingSecurityHeader
        s3 put-object-acl Bucket=photos Key=a ACL=none => error InvalidArgument
        s3 put-object-acl Bucket=photos Key=none ACL=private => error NoSuchKey
        s3 get-object-acl Bucket=photos Key=none       => error NoSuchKey
        s3 put-object-acl Bucket=photos Key=a ACL=private GrantRead=id=$owner => error InvalidRequest Specifying both Canned ACLs and Header Grants is not allowed
        s3 put-object-acl Bucket=photos Key=a GrantRead=nonsense => error InvalidArgument Argument format not recognized
        s3 put-object-acl Bucket=photos Key=a GrantRead=id=abc => error InvalidArgument Invalid id
        s3 put-object-acl Bucket=photos Key=a GrantRead=uri=http://x => error InvalidArgument Invalid group uri
        s3 put-object-acl Bucket=photos Key=a GrantRead=emailAddress=a@b.c => error UnresolvableGrantByEmailAddress
        s3 put-object-acl Bucket=photos Key=a AccessControlPolicy={{"Owner":{{"ID":"$owner"}},"Grants":[{{"Grantee":{{"Type":"Group","URI":"{ALL}"}},"Permission":"READ"}}]}} => ok
        s3 get-object-acl Bucket=photos Key=a          => Grants[0].Grantee.URI={ALL} Grants[1]=absent
        s3 put-object-acl Bucket=photos Key=a AccessControlPolicy={{"Owner":{{"ID":"abc"}},"Grants":[]}} => error AccessDenied
        s3 put-object-acl Bucket=photos Key=a AccessControlPolicy={{"Grants":[{{"Permission":"READ"}}]}} => error MalformedACLError
        s3 put-bucket-acl Bucket=photos AccessControlPolicy={{"Owner":{{"ID":"$owner"}},"Grants":[{{"Grantee":{{"Type":"CanonicalUser","ID":"$owner"}},"Permission":"FULL_CONTROL"}}]}} => ok
        s3 put-object Bucket=photos Key=a ACL=aws-exec-read => error NotImplemented *aws-exec-read*
        "#
    ));
}
