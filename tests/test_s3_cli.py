"""What the AWS CLI's `s3` commands do with buckets and folders."""

import pytest

MIB = 1024 * 1024


@pytest.fixture
def folder(tmp_path):
    """Some files, one of them large enough to go up in parts."""
    root = tmp_path / "from"
    for name, content in {"a.txt": b"a", "sub/b c.txt": b"b" * 1000, "sub/deep/ü+.bin": b"c" * 9 * MIB}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def files(root):
    return {str(it.relative_to(root)): it.read_bytes() for it in root.rglob("*") if it.is_file()}


def test_folders_are_copied_synchronised_and_removed(server, folder, tmp_path, name):
    server.cli("s3", "mb", f"s3://{name}")
    server.cli("s3", "cp", "--recursive", folder, f"s3://{name}/copy")
    listed = server.cli("s3", "ls", "--recursive", f"s3://{name}").stdout
    assert [line.split(maxsplit=3)[3] for line in listed.splitlines()] == [
        "copy/a.txt",
        "copy/sub/b c.txt",
        "copy/sub/deep/ü+.bin",
    ]
    assert "PRE copy/" in server.cli("s3", "ls", f"s3://{name}").stdout
    back = tmp_path / "back"
    server.cli("s3", "sync", f"s3://{name}/copy", back)
    assert files(back) == files(folder)
    # Nothing is sent again that is there already.
    assert server.cli("s3", "sync", back, f"s3://{name}/copy").stdout == ""
    (back / "a.txt").unlink()
    gone = server.cli("s3", "sync", "--delete", back, f"s3://{name}/copy").stdout
    assert gone.strip() == f"delete: s3://{name}/copy/a.txt"
    server.cli("s3", "mv", f"s3://{name}/copy/sub/b c.txt", f"s3://{name}/moved")
    assert server.cli("s3", "cp", f"s3://{name}/moved", "-").stdout == "b" * 1000
    server.cli("s3", "cp", "--recursive", f"s3://{name}/copy", f"s3://{name}/again")
    assert "again/sub/deep/ü+.bin" in server.cli("s3", "ls", "--recursive", f"s3://{name}").stdout
    refused = server.cli("s3", "rb", f"s3://{name}", check=False)
    assert "BucketNotEmpty" in refused.stderr
    server.cli("s3", "rb", "--force", f"s3://{name}")
    assert name not in server.cli("s3", "ls").stdout


def test_commands_of_the_api(server, name, tmp_path):
    server.cli("s3api", "create-bucket", "--bucket", name)
    server.cli("s3api", "put-bucket-tagging", "--bucket", name, "--tagging", "TagSet=[{Key=a,Value=b}]")
    assert '"Value": "b"' in server.cli("s3api", "get-bucket-tagging", "--bucket", name).stdout
    (tmp_path / "body").write_bytes(b"hello")
    server.cli("s3api", "put-object", "--bucket", name, "--key", "a", "--body", tmp_path / "body")
    server.cli("s3api", "get-object", "--bucket", name, "--key", "a", "--range", "bytes=1-3", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == b"ell"
    server.cli("s3api", "wait", "object-exists", "--bucket", name, "--key", "a")
    missing = server.cli("s3api", "head-object", "--bucket", name, "--key", "none", check=False)
    assert "404" in missing.stderr
