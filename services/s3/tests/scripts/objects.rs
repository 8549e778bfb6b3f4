use crate::check;

#[test]
fn an_object_comes_back_as_it_was_put() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a/b.txt Body=aGVsbG8= ContentType=text/plain CacheControl=no-store Metadata={"Colour":"red"} => ETag=*5d41402abc4b2a76b9719d911017c592* ChecksumType=FULL_OBJECT ChecksumCRC64NVME=* VersionId=absent
        crash
        s3 get-object Bucket=photos Key=a/b.txt        => Body=aGVsbG8= ContentType=text/plain CacheControl=no-store Metadata.colour=red ContentLength=5 ContentRange=absent ChecksumType=absent AcceptRanges=bytes
        s3 head-object Bucket=photos Key=a/b.txt ChecksumMode=ENABLED => ContentLength=5 ETag=*5d41402abc4b2a76b9719d911017c592* ChecksumType=FULL_OBJECT StorageClass=absent
        s3 put-object Bucket=photos Key=a/b.txt Body=Ynll => ok
        s3 get-object Bucket=photos Key=a/b.txt        => Body=Ynll ContentType=binary/octet-stream Metadata=absent
        s3 delete-object Bucket=photos Key=a/b.txt     => VersionId=absent DeleteMarker=absent
        s3 delete-object Bucket=photos Key=a/b.txt     => ok
        s3 get-object Bucket=photos Key=a/b.txt        => error NoSuchKey The specified key does not exist.
        s3 head-object Bucket=photos Key=a/b.txt       => error NoSuchKey
        "#,
    );
}

#[test]
fn parts_of_an_object_are_read() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Body=MDEyMzQ1Njc4OQ== => ok
        s3 get-object Bucket=photos Key=a Range=bytes=2-4 => Body=MjM0 ContentRange="bytes 2-4/10" ContentLength=3
        s3 get-object Bucket=photos Key=a Range=bytes=-2  => Body=ODk= ContentRange="bytes 8-9/10"
        s3 get-object Bucket=photos Key=a Range=bytes=0-1,3-4 => Body=MDEyMzQ1Njc4OQ== ContentRange=absent
        s3 get-object Bucket=photos Key=a Range=bytes=10-  => error InvalidRange The requested range is not satisfiable
        s3 get-object Bucket=photos Key=a PartNumber=1 => ContentRange="bytes 0-9/10" PartsCount=absent
        s3 get-object Bucket=photos Key=a PartNumber=2 => error InvalidPartNumber
        s3 get-object Bucket=photos Key=a PartNumber=1 Range=bytes=0-1 => error InvalidRequest
        s3 head-object Bucket=photos Key=a Range=bytes=2-4 => ContentLength=3 ContentRange="bytes 2-4/10"
        s3 get-object Bucket=photos Key=a ResponseContentType=text/html ResponseContentDisposition=inline => ContentType=text/html ContentDisposition=inline
        "#,
    );
}

#[test]
fn reads_have_conditions() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= => ETag=$etag
        s3 get-object Bucket=photos Key=a IfMatch=5d41402abc4b2a76b9719d911017c592 => Body=aGVsbG8=
        s3 get-object Bucket=photos Key=a IfMatch="0000" => error PreconditionFailed At least one*
        s3 get-object Bucket=photos Key=a IfNoneMatch=5d41402abc4b2a76b9719d911017c592 => error NotModified
        s3 get-object Bucket=photos Key=a IfNoneMatch=* => error NotModified
        s3 get-object Bucket=photos Key=a IfModifiedSince="2025-09-06T12:00:00Z" => error NotModified
        s3 get-object Bucket=photos Key=a IfModifiedSince="2025-09-06T11:59:59Z" => ok
        s3 get-object Bucket=photos Key=a IfUnmodifiedSince="2025-09-06T11:59:59Z" => error PreconditionFailed
        s3 head-object Bucket=photos Key=a IfUnmodifiedSince="2025-09-06T12:00:00Z" => ok
        # An ETag says more than a date.
        s3 get-object Bucket=photos Key=a IfMatch=5d41402abc4b2a76b9719d911017c592 IfUnmodifiedSince="2020-01-01T00:00:00Z" => ok
        s3 get-object Bucket=photos Key=a IfNoneMatch="0123" IfModifiedSince="2030-01-01T00:00:00Z" => ok
        "#,
    );
}

#[test]
fn writes_have_conditions() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a IfMatch="0123" => error NoSuchKey
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= IfNoneMatch=* => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= IfNoneMatch=* => error PreconditionFailed
        s3 put-object Bucket=photos Key=a IfNoneMatch="0123" => error NotImplemented
        s3 put-object Bucket=photos Key=a Body=Ynll IfMatch="0123" => error PreconditionFailed
        s3 put-object Bucket=photos Key=a Body=Ynll IfMatch=5d41402abc4b2a76b9719d911017c592 => ok
        s3 delete-object Bucket=photos Key=a IfMatch=5d41402abc4b2a76b9719d911017c592 => error PreconditionFailed
        s3 delete-object Bucket=photos Key=a IfMatchSize=3 => error NotImplemented
        s3 delete-object Bucket=photos Key=a IfMatch=*  => ok
        "#,
    );
}

#[test]
fn bodies_are_compared_with_what_is_said_of_them() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= ContentMD5=XUFAKrxLKna5cZ2REBfFkg== => ok
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= ContentMD5=AAAAAAAAAAAAAAAAAAAAAA== => error BadDigest The Content-MD5 you specified did not match what we received.
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= ContentMD5=nonsense => error InvalidDigest
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= ChecksumCRC32=NhCmhg== => ChecksumCRC32=NhCmhg==
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= ChecksumCRC32=AAAAAA== => error BadDigest The CRC32 you specified did not match the calculated checksum.
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= ChecksumCRC32=AA== => error InvalidRequest Value for x-amz-checksum-crc32 header is invalid.
        s3 put-object Bucket=photos Key=a Body=aGVsbG8= ChecksumCRC32=NhCmhg== ChecksumSHA1=qvTGHdzF6KLavt4PO0gs2a6pQ00= => error InvalidRequest Expecting a single*
        s3 put-object Bucket=photos Key=b Body=aGVsbG8= ChecksumAlgorithm=SHA256 => ChecksumSHA256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=
        s3 get-object Bucket=photos Key=b ChecksumMode=ENABLED => ChecksumSHA256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ= ChecksumType=FULL_OBJECT
        s3 get-object Bucket=photos Key=b ChecksumMode=ENABLED Range=bytes=0-1 => ChecksumSHA256=absent
        s3 get-object-attributes Bucket=photos Key=b ObjectAttributes=["ETag","Checksum","ObjectSize","StorageClass"] => ETag=5d41402abc4b2a76b9719d911017c592 Checksum.ChecksumSHA256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ= ObjectSize=5 StorageClass=STANDARD ObjectParts=absent
        "#,
    );
}

#[test]
fn objects_have_tags_and_classes() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a Tagging=team=a%20b&x= => ok
        s3 get-object Bucket=photos Key=a              => TagCount=2
        s3 get-object-tagging Bucket=photos Key=a      => TagSet[0].Key=team TagSet[0].Value="a b" TagSet[1].Value=""
        s3 put-object-tagging Bucket=photos Key=a Tagging={"TagSet":[{"Key":"k","Value":"v"}]} => VersionId=absent
        s3 get-object-tagging Bucket=photos Key=a      => TagSet[0].Key=k TagSet[1]=absent
        s3 delete-object-tagging Bucket=photos Key=a   => ok
        s3 get-object-tagging Bucket=photos Key=a      => TagSet[0]=absent
        s3 put-object Bucket=photos Key=a Tagging=a=1&a=2 => error InvalidArgument
        s3 put-object Bucket=photos Key=a Tagging=a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1&i=1&j=1&k=1 => error BadRequest Object tags cannot be greater than 10
        s3 get-object-tagging Bucket=photos Key=b      => error NoSuchKey
        s3 put-object Bucket=photos Key=i StorageClass=STANDARD_IA => ok
        s3 head-object Bucket=photos Key=i             => StorageClass=STANDARD_IA
        s3 put-object Bucket=photos Key=i StorageClass=OUTPOSTS => error InvalidStorageClass
        s3 put-object Bucket=photos Key=i StorageClass=none => error InvalidStorageClass
        s3 put-object Bucket=photos Key=g StorageClass=GLACIER => ok
        s3 get-object Bucket=photos Key=g              => error InvalidObjectState
        s3 head-object Bucket=photos Key=g             => StorageClass=GLACIER
        s3 copy-object Bucket=photos Key=h CopySource=photos/g => error ObjectNotInActiveTierError
        s3 get-object-attributes Bucket=photos Key=none ObjectAttributes=["ETag"] => error NoSuchKey
        "#,
    );
}

#[test]
fn many_are_deleted_at_once() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key=a              => ok
        s3 put-object Bucket=photos Key=b              => ok
        s3 delete-objects Bucket=photos Delete={"Objects":[{"Key":"a"},{"Key":"none"},{"Key":"b","ETag":"0123"}]} => Deleted[0].Key=a Deleted[1].Key=none Deleted[2]=absent Errors[0].Key=b Errors[0].Code=PreconditionFailed
        s3 delete-objects Bucket=photos Delete={"Objects":[{"Key":"b"}],"Quiet":true} => Deleted=absent Errors=absent
        s3 list-objects-v2 Bucket=photos               => KeyCount=0
        s3 delete-objects Bucket=photos Delete={"Objects":[]} => error MalformedXML
        s3 delete-objects Bucket=photos                => error MissingRequestBodyError
        "#,
    );
}

#[test]
fn keys_are_bounded() {
    let longest = "k".repeat(1024);
    check(&format!(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 put-object Bucket=photos Key={longest}      => ok
        s3 head-object Bucket=photos Key={longest}     => ok
        s3 put-object Bucket=photos Key={longest}k     => error KeyTooLongError Your key is too long
        s3 put-object Bucket=photos Key=ü/../%2F+x     => ok
        s3 list-objects-v2 Bucket=photos Prefix=ü      => Contents[0].Key=ü/../%2F+x
        s3 list-objects-v2 Bucket=photos Prefix=ü EncodingType=url => Contents[0].Key=%C3%BC/../%252F%2Bx Prefix=%C3%BC
        s3 put-object Bucket=photos Key=m Metadata={{"a":"{}"}} => error MetadataTooLarge
        "#,
        "v".repeat(2048)
    ));
}

#[test]
fn copies_share_or_recompute() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 create-bucket Bucket=other                  => ok
        s3 put-object Bucket=photos Key="a b" Body=aGVsbG8= ContentType=text/plain Tagging=k=v WebsiteRedirectLocation=/x => ok
        s3 copy-object Bucket=other Key=c CopySource=photos/a%20b => CopyObjectResult.ETag=*5d41402abc4b2a76b9719d911017c592* CopyObjectResult.ChecksumCRC64NVME=*
        s3 delete-object Bucket=photos Key="a b"       => ok
        crash
        s3 get-object Bucket=other Key=c               => Body=aGVsbG8= ContentType=text/plain TagCount=1 WebsiteRedirectLocation=absent
        s3 copy-object Bucket=other Key=d CopySource=/other/c ChecksumAlgorithm=SHA256 MetadataDirective=REPLACE ContentType=text/html TaggingDirective=REPLACE => CopyObjectResult.ChecksumSHA256=LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=
        s3 get-object Bucket=other Key=d               => Body=aGVsbG8= ContentType=text/html TagCount=absent
        s3 copy-object Bucket=other Key=d CopySource=other/d => error InvalidRequest This copy request is illegal*
        s3 copy-object Bucket=other Key=d CopySource=other/d StorageClass=STANDARD_IA => ok
        s3 head-object Bucket=other Key=d              => StorageClass=STANDARD_IA
        s3 copy-object Bucket=other Key=e CopySource=other/d CopySourceIfMatch="0123" => error PreconditionFailed
        s3 copy-object Bucket=other Key=e CopySource=other/d CopySourceIfNoneMatch=5d41402abc4b2a76b9719d911017c592 => error PreconditionFailed
        s3 copy-object Bucket=other Key=e CopySource=other/d IfMatch="0123" => error NoSuchKey
        s3 copy-object Bucket=other Key=c CopySource=other/d IfNoneMatch=* => error PreconditionFailed
        s3 copy-object Bucket=other Key=e CopySource=other/none => error NoSuchKey
        s3 copy-object Bucket=other Key=e CopySource=nonsense => error InvalidArgument
        s3 copy-object Bucket=other Key=e CopySource=not-there/a => error NoSuchBucket
        "#,
    );
}
