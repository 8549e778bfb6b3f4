use crate::check;

#[test]
fn an_upload_becomes_an_object() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 create-multipart-upload Bucket=photos Key=a ContentType=text/plain Tagging=k=v StorageClass=STANDARD_IA => UploadId=$upload
        s3 upload-part Bucket=photos Key=a UploadId=$upload PartNumber=7 Body=aGVsbG8= => ETag=*5d41402a* ChecksumCRC64NVME=*
        s3 upload-part Bucket=photos Key=a UploadId=$upload PartNumber=9 Body=Ynll => ok
        s3 upload-part Bucket=photos Key=b UploadId=$upload PartNumber=1 Body=Ynll => error NoSuchUpload
        s3 get-object Bucket=photos Key=a              => error NoSuchKey
        s3 list-multipart-uploads Bucket=photos        => Uploads[0].Key=a Uploads[0].UploadId=$upload Uploads[0].StorageClass=STANDARD_IA
        s3 list-parts Bucket=photos Key=a UploadId=$upload => Parts[0].PartNumber=7 Parts[0].Size=5 Parts[1].PartNumber=9 IsTruncated=false
        crash
        s3 complete-multipart-upload Bucket=photos Key=a UploadId=$upload MultipartUpload={"Parts":[{"PartNumber":7,"ETag":"5d41402abc4b2a76b9719d911017c592"}]} => ETag=*-1* ChecksumType=FULL_OBJECT
        s3 get-object Bucket=photos Key=a              => Body=aGVsbG8= ContentType=text/plain TagCount=1 StorageClass=STANDARD_IA PartsCount=absent
        s3 get-object Bucket=photos Key=a PartNumber=1 => Body=aGVsbG8= PartsCount=1
        s3 get-object-attributes Bucket=photos Key=a ObjectAttributes=["ObjectParts"] => ObjectParts.TotalPartsCount=1 ObjectParts.Parts[0].Size=5
        s3 list-multipart-uploads Bucket=photos        => Uploads=absent
        s3 upload-part Bucket=photos Key=a UploadId=$upload PartNumber=1 Body=Ynll => error NoSuchUpload
        "#,
    );
}

#[test]
fn an_upload_is_given_up() {
    check(
        r#"
        s3 create-bucket Bucket=photos                 => ok
        s3 create-multipart-upload Bucket=photos Key=a => UploadId=$upload
        s3 upload-part Bucket=photos Key=a UploadId=$upload PartNumber=1 Body=aGVsbG8= => ok
        s3 upload-part-copy Bucket=photos Key=a UploadId=$upload PartNumber=2 CopySource=photos/none => error NoSuchKey
        s3 abort-multipart-upload Bucket=photos Key=a UploadId=$upload => ok
        s3 abort-multipart-upload Bucket=photos Key=a UploadId=$upload => error NoSuchUpload
        s3 create-multipart-upload Bucket=photos Key=b => UploadId=$other
        # A bucket goes with what is under way in it, and a new one of its name has nothing of that.
        s3 delete-bucket Bucket=photos                 => ok
        s3 create-bucket Bucket=photos                 => ok
        s3 list-multipart-uploads Bucket=photos        => Uploads=absent
        s3 list-parts Bucket=photos Key=b UploadId=$other => error NoSuchUpload
        s3 create-multipart-upload Bucket=photos Key=a ChecksumType=COMPOSITE => error InvalidRequest
        s3 create-multipart-upload Bucket=photos Key=a ChecksumAlgorithm=CRC64NVME ChecksumType=COMPOSITE => error InvalidRequest The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.
        s3 abort-multipart-upload Bucket=photos Key=a UploadId=x IfMatchInitiatedTime="2025-09-06T12:00:00Z" => error NotImplemented
        "#,
    );
}
