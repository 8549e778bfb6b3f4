"""What says whether a body is right: Content-MD5, checksums in headers and behind the body."""

import base64
import hashlib

from errors import refused

DELETE = b"<Delete><Object><Key>a</Key></Object></Delete>"


def md5_of(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def test_deleting_many_needs_a_digest_of_the_list(server, s3, bucket):
    def delete(**headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return server.signed("POST", f"/{bucket}?delete=", DELETE, headers, "s3")

    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    missing = delete()
    assert missing.status == 400
    assert "<Code>InvalidRequest</Code>" in missing.text
    assert "Missing required header for this request: Content-MD5 OR x-amz-checksum-*" in missing.text
    for headers, code in [
        ({"content_md5": md5_of(b"something else")}, "BadDigest"),
        ({"content_md5": "nonsense"}, "InvalidDigest"),
        ({"x_amz_checksum_crc32": "AAAAAA=="}, "BadDigest"),
        ({"x_amz_checksum_crc32": "AA"}, "InvalidRequest"),
    ]:
        answer = delete(**headers)
        assert (answer.status, f"<Code>{code}</Code>" in answer.text) == (400, True), headers
    s3.head_object(Bucket=bucket, Key="a")
    assert delete(content_md5=md5_of(DELETE)).status == 200
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="a")


def test_a_configuration_with_another_digest_is_not_kept(server, s3, bucket):
    body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    wrong = server.signed("PUT", f"/{bucket}?versioning=", body, {"content-md5": md5_of(b"")}, "s3")
    assert (wrong.status, "<Code>BadDigest</Code>" in wrong.text) == (400, True)
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    # It takes none at all, too.
    assert server.signed("PUT", f"/{bucket}?versioning=", body, {}, "s3").status == 200


def test_a_checksum_that_only_the_trailer_names_is_kept(server, s3, bucket):
    checksum = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()

    def put(value, **more):
        headers = {
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-trailer": "x-amz-checksum-sha256",
            "x-amz-decoded-content-length": "5",
            "content-encoding": "aws-chunked",
            **more,
        }
        body = f"5\r\nhello\r\n0\r\nx-amz-checksum-sha256:{value}\r\n\r\n".encode()
        return server.signed("PUT", f"/{bucket}/a", body, headers, "s3")

    assert "<Code>BadDigest</Code>" in put(base64.b64encode(bytes(32)).decode()).text
    assert "<Code>InvalidRequest</Code>" in put(checksum, **{"x-amz-checksum-crc32": "NhCmhg=="}).text
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="a")
    assert put(checksum).headers["x-amz-checksum-sha256"] == checksum
    head = s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert (head["ChecksumSHA256"], "ChecksumCRC64NVME" in head) == (checksum, False)
