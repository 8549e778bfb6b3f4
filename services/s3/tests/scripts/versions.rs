use crate::check;

#[test]
fn versions_are_kept_hidden_and_raised() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 get-bucket-versioning Bucket=photos         => Status=absent
        s3 put-object Bucket=photos Key=a Body=MA==    => VersionId=absent
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 get-bucket-versioning Bucket=photos         => Status=Enabled
        s3 get-object Bucket=photos Key=a              => Body=MA== VersionId=null
        s3 put-object Bucket=photos Key=a Body=MQ==    => VersionId=$one
        s3 put-object Bucket=photos Key=a Body=Mg==    => VersionId=$two
        s3 delete-object Bucket=photos Key=a           => DeleteMarker=true VersionId=$gone
        s3 get-object Bucket=photos Key=a              => error NoSuchKey
        s3 get-object Bucket=photos Key=a VersionId=$gone => error MethodNotAllowed
        s3 get-object Bucket=photos Key=a VersionId=$one  => Body=MQ== VersionId=$one
        s3 get-object Bucket=photos Key=a VersionId=null  => Body=MA== VersionId=null
        s3 list-objects-v2 Bucket=photos               => KeyCount=0
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=$two Versions[0].IsLatest=false Versions[1].VersionId=$one Versions[2].VersionId=null Versions[3]=absent DeleteMarkers[0].VersionId=$gone DeleteMarkers[0].IsLatest=true
        crash
        # Without its mark the newest object is back.
        s3 delete-object Bucket=photos Key=a VersionId=$gone => DeleteMarker=true VersionId=$gone
        s3 get-object Bucket=photos Key=a              => Body=Mg== VersionId=$two
        s3 delete-object Bucket=photos Key=a VersionId=$two  => DeleteMarker=absent VersionId=$two
        s3 get-object Bucket=photos Key=a              => Body=MQ==
        s3 delete-object Bucket=photos Key=a VersionId=null  => VersionId=null
        s3 get-object Bucket=photos Key=a VersionId=null  => error NoSuchVersion
        s3 get-object Bucket=photos Key=b VersionId=$one  => error NoSuchVersion
        s3 get-object Bucket=photos Key=a VersionId=nonsense => error InvalidArgument Invalid version id specified
        s3 delete-bucket Bucket=photos                 => error BucketNotEmpty
        s3 delete-object Bucket=photos Key=a VersionId=$one  => ok
        s3 delete-bucket Bucket=photos                 => ok
        "#,
    );
}

#[test]
fn a_suspended_bucket_has_one_null_version_of_a_key() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=photos Key=a Body=MQ==    => VersionId=$one
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Suspended"} => ok
        s3 put-object Bucket=photos Key=a Body=MA==    => VersionId=null
        s3 put-object Bucket=photos Key=a Body=Mg==    => VersionId=null
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=null Versions[0].IsLatest=true Versions[1].VersionId=$one Versions[2]=absent
        s3 delete-object Bucket=photos Key=a           => DeleteMarker=true VersionId=null
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=$one Versions[1]=absent DeleteMarkers[0].VersionId=null
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=photos Key=a Body=Mw==    => VersionId=$three
        s3 get-object Bucket=photos Key=a VersionId=null  => error MethodNotAllowed
        s3 delete-object Bucket=photos Key=a VersionId=null => DeleteMarker=true
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=$three Versions[1].VersionId=$one Versions[2]=absent DeleteMarkers=absent
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Suspended"} => ok
        s3 put-object Bucket=photos Key=a Body=NA==    => VersionId=null
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=photos Key=a Body=NQ==    => VersionId=$five
        s3 get-object Bucket=photos Key=a VersionId=null  => Body=NA==
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Suspended"} => ok
        # The null version goes, wherever it is in the order.
        s3 delete-object Bucket=photos Key=a           => VersionId=null
        s3 list-object-versions Bucket=photos          => Versions[0].VersionId=$five Versions[1].VersionId=$three Versions[2].VersionId=$one Versions[3]=absent
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled","MFADelete":"Enabled"} => error NotImplemented *MfaDelete
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={} => error IllegalVersioningConfigurationException
        "#,
    );
}

#[test]
fn copies_and_tags_know_versions() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=photos Key=a Body=MQ==    => VersionId=$one
        s3 put-object Bucket=photos Key=a Body=Mg==    => VersionId=$two
        s3 put-object-tagging Bucket=photos Key=a VersionId=$one Tagging={"TagSet":[{"Key":"k","Value":"v"}]} => VersionId=$one
        s3 get-object-tagging Bucket=photos Key=a      => TagSet[0]=absent VersionId=$two
        s3 get-object-tagging Bucket=photos Key=a VersionId=$one => TagSet[0].Key=k
        # An older version becomes the current one by a copy onto itself.
        s3 copy-object Bucket=photos Key=a CopySource=photos/a?versionId=$one => CopySourceVersionId=$one VersionId=$three
        s3 get-object Bucket=photos Key=a              => Body=MQ== VersionId=$three TagCount=1
        s3 delete-objects Bucket=photos Delete={"Objects":[{"Key":"a"},{"Key":"a","VersionId":"$one"}]} => Deleted[0].DeleteMarker=true Deleted[0].DeleteMarkerVersionId=* Deleted[1].VersionId=$one Deleted[1].DeleteMarker=absent
        "#,
    );
}

#[test]
fn versions_are_listed_page_by_page() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-bucket-versioning Bucket=photos VersioningConfiguration={"Status":"Enabled"} => ok
        s3 put-object Bucket=photos Key=a              => VersionId=$a1
        s3 put-object Bucket=photos Key=a              => VersionId=$a2
        s3 delete-object Bucket=photos Key=b           => VersionId=$b1
        s3 put-object Bucket=photos Key=c/d            => ok
        s3 list-object-versions Bucket=photos MaxKeys=1 => IsTruncated=true Versions[0].VersionId=$a2 Versions[1]=absent NextKeyMarker=a NextVersionIdMarker=$a2
        s3 list-object-versions Bucket=photos MaxKeys=1 KeyMarker=a VersionIdMarker=$a2 => Versions[0].VersionId=$a1 Versions[0].IsLatest=false NextVersionIdMarker=$a1
        s3 list-object-versions Bucket=photos MaxKeys=1 KeyMarker=a VersionIdMarker=$a1 => Versions=absent DeleteMarkers[0].VersionId=$b1 DeleteMarkers[0].IsLatest=true
        s3 list-object-versions Bucket=photos KeyMarker=a Delimiter=/ => DeleteMarkers[0].Key=b CommonPrefixes[0].Prefix=c/ Versions=absent IsTruncated=false
        s3 list-object-versions Bucket=photos VersionIdMarker=$a1 => error InvalidArgument A version-id marker cannot be specified without a key marker.
        "#,
    );
}
